// The recorder on virtual time over a simulated engine: one flow of inputs, captures on a real folder.
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveDelta, MarkerRequest } from '../../contract/stats.ts';
import { AppError } from '../../host/src/errors.ts';
import type { BlackBox } from '../../host/src/recordings/parts.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import type { CaptureInput } from '../../recording/src/inputs.ts';
import { asId, recorderWorld, STARTED_UNIX_MS, sessionOf } from '../support/recorder.ts';
import { refusalNow } from '../support/refusal.ts';

describe('a capture', () => {
  test('becomes JSON, frames and a compressed copy, and leaves nothing else', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    expect(world.recorder.start()).toMatchObject({ armed: true, sample_count: 0 });
    world.pass(5000);
    const meta = world.recorder.stop();
    await world.recordings.shutdown();
    expect(meta).toMatchObject({
      id: '2026-06-26T20-14-03Z_1920x1080',
      started_unix_ms: STARTED_UNIX_MS,
      duration_ms: 5000,
      sample_count: 5,
      session_count: 1,
      frame_count: 300,
    });
    expect(readdirSync(world.folder).sort()).toEqual([
      '2026-06-26T20-14-03Z_1920x1080.frames.parquet',
      '2026-06-26T20-14-03Z_1920x1080.json',
      '2026-06-26T20-14-03Z_1920x1080.json.gz',
    ]);
    for (const name of readdirSync(world.folder)) {
      expect(statSync(join(world.folder, name)).mode & 0o777).toBe(0o600);
    }
    const capture = await world.saved(meta?.id ?? '');
    expect(capture.samples.map(({ frames }) => frames)).toEqual([60, 60, 60, 60, 60]);
    expect(capture.recorder).toMatchObject({ frames: 300, shed_frames: 0 });
    expect((await framesOf(world.store.framesPath(asId(capture.meta.id)))).rows).toBe(300);
  });

  test('closes a group of frames a minute', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(150_000);
    const id = world.recorder.stop()?.id ?? '';
    const file = await framesOf(world.store.framesPath(asId(id)));
    // A group closes with the first commit after its minute.
    expect(file.groups.map(({ rows }) => Math.floor(rows / 60 / 10))).toEqual([6, 6, 2]);
    expect(file.rows).toBe(9000);
    expect(file.about).toEqual({ recordingId: id, startedUnixMs: STARTED_UNIX_MS });
  });

  test('without a session is saved too', () => {
    const world = recorderWorld();
    world.recorder.start();
    world.pass(30_000);
    expect(world.recorder.stop()).toMatchObject({ kind: '', sample_count: 0, duration_ms: 30_000 });
    expect(readdirSync(world.folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('opens the gate as long as it needs records', () => {
    const active: boolean[] = [];
    const world = recorderWorld({ onActive: (on) => active.push(on) });
    world.stream(1, 60);
    expect(world.engine.measuring).toBe(false);
    world.recorder.start();
    expect(world.engine.measuring).toBe(true);
    world.recorder.observe(1, 'gamestream');
    world.recorder.stop();
    expect(world.engine.measuring).toBe(true);
    world.pass(1000);
    expect(world.recorder.observed(1)?.framesSent).toBe(60);
    expect([world.engine.measuring, active]).toEqual([false, [true, false]]);
  });

  test('keeps the name that it was given', async () => {
    const world = recorderWorld();
    world.recorder.start({ name: 'before the driver' });
    world.recorder.stop();
    const { metas } = await world.recordings.list();
    expect(metas.map(({ name }) => name)).toEqual(['before the driver']);
  });

  test('says which records were lost, and what the machine slept', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(2000);
    world.clock.asleepMs = 90_000;
    world.pass(2000);
    world.engine.lost = 7;
    world.pass(2000);
    // Two clocks that drift apart are no sleep.
    world.clock.asleepMs += 500;
    world.pass(2000);
    const capture = await world.saved(world.recorder.stop()?.id ?? '');
    expect(capture.records_lost).toBe(7);
    const kinds = capture.events?.filter(({ kind }) => kind !== 'session_start') ?? [];
    expect(kinds.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['suspended', { ms: 90_000 }],
      ['records_lost', { count: 7 }],
    ]);
  });

  test('has an id of its own, however the clock is set', () => {
    const world = recorderWorld();
    const ids = Array.from({ length: 4 }, () => {
      world.recorder.start();
      world.pass(1000);
      const meta = world.recorder.stop();
      world.clock.unixMs -= 1000;
      expect(meta?.duration_ms).toBe(1000);
      return meta?.id;
    });
    expect(ids).toEqual([
      '2026-06-26T20-14-03Z_idle',
      '2026-06-26T20-14-03Z-2_idle',
      '2026-06-26T20-14-03Z-3_idle',
      '2026-06-26T20-14-03Z-4_idle',
    ]);
  });

  test('tells of every change while it runs, and no more once nobody listens', () => {
    const world = recorderWorld();
    const heard: LiveDelta[] = [];
    const stop = world.recordings.onDelta((delta) => heard.push(delta));
    world.stream(1, 60);
    world.recorder.start();
    world.pass(2600);
    expect(heard.map(({ kind }) => kind)).toEqual([
      'started',
      'session',
      'event',
      'sample',
      'sample',
    ]);
    stop();
    world.pass(2000);
    world.recorder.stop();
    expect(heard.length).toBe(5);
  });

  test('ends with what was still open, and then with its id', () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(1500);
    const heard: LiveDelta[] = [];
    world.recordings.onDelta((delta) => heard.push(delta));
    const id = world.recorder.stop()?.id ?? '';
    expect(heard.map(({ kind }) => kind)).toEqual(['sample', 'stopped']);
    expect(heard.at(-1)).toEqual({ kind: 'stopped', id });
  });

  test('measures what it costs', () => {
    const world = recorderWorld();
    world.stream(1, 240);
    world.recorder.start();
    world.pass(10_000);
    const { recorder } = world.recorder.status();
    expect(recorder).toMatchObject({ frames: 2400, shed_frames: 0 });
    expect(recorder?.ns_per_frame).toBeGreaterThan(0);
    expect(recorder?.bytes_written).toBeGreaterThan(2000 * 64);
    expect(recorder?.write_ms).toBeGreaterThan(0);
    expect(recorder?.write_max_ms).toBeLessThanOrEqual(recorder?.write_ms ?? 0);
  });
});

describe('a marker', () => {
  test('stands where it was set, at the earliest where the capture begins', async () => {
    const world = recorderWorld();
    world.recorder.start();
    world.pass(5000);
    expect(world.recorder.mark({ text: 'now' })).toEqual({
      t_ms: 5000,
      kind: 'marker',
      detail: { text: 'now' },
    });
    const before = world.recorder.mark({ text: 'then', unix_ms: STARTED_UNIX_MS + 2000 });
    expect(before.t_ms).toBe(2000);
    expect(world.recorder.mark({ text: 'early', unix_ms: 1 }).t_ms).toBe(0);
    const capture = await world.saved(world.recorder.stop()?.id ?? '');
    expect(capture.events?.map(({ t_ms, detail }) => [t_ms, detail?.['text']])).toEqual([
      [0, 'early'],
      [2000, 'then'],
      [5000, 'now'],
    ]);
  });

  test('stands where it was so long ago, and nowhere before the capture', async () => {
    const world = recorderWorld();
    const refused = (request: MarkerRequest): string => {
      try {
        return JSON.stringify(world.recorder.mark(request));
      } catch (error) {
        return error instanceof AppError ? `${error.code}: ${error.message}` : String(error);
      }
    };
    world.pass(90_000);
    world.recorder.start();
    world.pass(12_500);
    expect(world.recorder.mark({ text: 'then', ago_ms: 2400 }).t_ms).toBe(10_100);
    expect(world.recorder.mark({ text: 'begin', ago_ms: 12_500 }).t_ms).toBe(0);
    expect(world.recorder.mark({ text: 'now', ago_ms: 0 }).t_ms).toBe(12_500);
    expect(refused({ text: 'x', ago_ms: 12_501 })).toBe(
      'marker_invalid: A marker cannot lie before the recording: ago_ms is 12501, it began 12500 ms ago.',
    );
    expect(refused({ text: 'x', ago_ms: 5, unix_ms: STARTED_UNIX_MS + 3 })).toBe(
      `marker_invalid: A marker has one moment: unix_ms ${STARTED_UNIX_MS + 3} and ago_ms 5 were both given.`,
    );
    const capture = await world.saved(world.recorder.stop()?.id ?? '');
    expect(capture.events?.map(({ t_ms, detail }) => [t_ms, detail?.['text']])).toEqual([
      [0, 'begin'],
      [10_100, 'then'],
      [12_500, 'now'],
    ]);
  });

  test('is refused in the future, and where nothing takes it', () => {
    const world = recorderWorld();
    expect(refusalNow(() => world.recorder.mark({ text: 'x' }))).toBe('409 not_recording');
    world.recorder.start();
    const future = { text: 'x', unix_ms: STARTED_UNIX_MS + 60_000 };
    expect(refusalNow(() => world.recorder.mark(future))).toBe('400 marker_invalid');
  });

  test('goes to the black box when no capture is armed', () => {
    const box = new FakeBlackBox();
    const world = recorderWorld({ blackBox: () => box });
    world.stream(1, 60);
    world.pass(3000);
    expect(world.recorder.mark({ text: 'here' }).t_ms).toBe(3000);
    expect(box.taken.at(-1)).toMatchObject({ kind: 'event', event: { detail: { text: 'here' } } });
  });
});

describe('with a black box', () => {
  test('records are measured while a session lives, and every input reaches it', () => {
    const box = new FakeBlackBox();
    const world = recorderWorld({ blackBox: () => box });
    expect(world.engine.measuring).toBe(false);
    world.stream(1, 60);
    expect(world.engine.measuring).toBe(true);
    world.pass(1000);
    world.endStream(1);
    expect(world.engine.measuring).toBe(false);
    const kinds: string[] = box.taken.map(({ kind }) => kind);
    expect(kinds).toEqual([
      'session',
      ...Array.from({ length: 5 }, () => 'records'),
      'session_ended',
    ]);
    expect(box.ticks).toBe(6);
  });

  test('a capture takes the past along that it asks for', async () => {
    const box = new FakeBlackBox();
    const world = recorderWorld({ blackBox: () => box });
    world.stream(1, 60);
    world.pass(10_000);
    world.recorder.start({ pre_roll_s: 4 });
    world.pass(2000);
    const meta = world.recorder.stop();
    expect(meta).toMatchObject({
      started_unix_ms: STARTED_UNIX_MS + 6000,
      duration_ms: 6000,
      frame_count: 360,
    });
    const capture = await world.saved(meta?.id ?? '');
    expect(capture.pre_roll_ms).toBe(4000);
    expect(capture.samples.reduce((sum, { frames = 0 }) => sum + frames, 0)).toBe(360);
    expect(capture.samples.length).toBe(6);
    expect((await framesOf(world.store.framesPath(asId(capture.meta.id)))).rows).toBe(360);
  });

  test('a past that is shorter than asked for is taken as it is', () => {
    const box = new FakeBlackBox();
    const world = recorderWorld({ blackBox: () => box });
    world.recorder.start({ pre_roll_s: 60 });
    expect(world.recorder.stop()).toMatchObject({ started_unix_ms: STARTED_UNIX_MS });
    world.stream(1, 60);
    world.pass(3000);
    world.recorder.start({ pre_roll_s: 60 });
    expect(world.recorder.stop()).toMatchObject({ started_unix_ms: STARTED_UNIX_MS });
  });

  test('is closed at a clean end, and asked for what it made', () => {
    const box = new FakeBlackBox();
    const world = recorderWorld({ blackBox: () => box });
    expect(world.recorder.status().black_box).toEqual(box.status());
    world.recorder.shutdown();
    expect(box.closed).toBe(true);
  });
});

describe('several sessions', () => {
  test('sixteen at once each have their own figures', async () => {
    const world = recorderWorld();
    for (let id = 1; id <= 16; id += 1) world.stream(id, 60, { client: `c${id}` });
    world.recorder.start();
    world.pass(3000);
    const capture = await world.saved(world.recorder.stop()?.id ?? '');
    expect(capture.sessions?.map(({ client }) => client).sort()).toEqual(
      Array.from({ length: 16 }, (_, i) => `c${i + 1}`).sort(),
    );
    expect(capture.samples.length).toBe(48);
    expect(capture.meta).toMatchObject({ session_count: 16, frame_count: 16 * 180 });
  });

  test('one that comes back is another one', async () => {
    const world = recorderWorld();
    world.recorder.start();
    world.stream(1, 60);
    world.pass(2000);
    world.endStream(1);
    world.stream(2, 120, { width: 1280, height: 720 });
    world.pass(2000);
    const capture = await world.saved(world.recorder.stop()?.id ?? '');
    expect(capture.meta).toMatchObject({ width: 1920, fps: 60 });
    expect(capture.sessions).toMatchObject([
      { session_id: 1, end_reason: 'client_left' },
      { session_id: 2, width: 1280, fps: 120 },
    ]);
  });

  test('frames that come before their session is announced are not lost', async () => {
    const world = recorderWorld();
    world.recorder.start();
    world.engine.stream(5, 60);
    world.pass(1000);
    world.recorder.session(sessionOf(5));
    world.pass(1000);
    const meta = world.recorder.stop();
    expect(meta?.frame_count).toBe(120);
    expect(existsSync(join(world.folder, `${meta?.id}.frames.parquet`))).toBe(true);
  });
});

async function framesOf(path: string | undefined): Promise<FramesFile> {
  const bytes = await Bun.file(path ?? '').bytes();
  return FramesFile.open({
    byteLength: bytes.byteLength,
    read: (from, to) => bytes.subarray(from, to),
  });
}

/** Keeps everything that it was given. */
class FakeBlackBox implements BlackBox {
  readonly taken: CaptureInput[] = [];
  readonly living = new Set<number>();
  ticks = 0;
  closed = false;
  beginsNs: bigint | undefined;

  get wanted(): boolean {
    return this.living.size > 0;
  }

  take(input: CaptureInput): void {
    this.taken.push(input.kind === 'records' ? { ...input, bytes: input.bytes.slice() } : input);
    if (input.kind === 'session') {
      this.living.add(input.session.sessionId);
      this.beginsNs ??= input.atNs;
    } else if (input.kind === 'session_ended') this.living.delete(input.sessionId);
  }

  tick(): void {
    this.ticks += 1;
  }

  since(): Iterable<CaptureInput> {
    return this.taken;
  }

  status() {
    return {
      on: true,
      seconds: 1,
      frames: 2,
      bytes: 3,
      limit_bytes: 4,
      limit_s: 5,
      saved: 6,
      held_back: 7,
    };
  }

  save(): never {
    throw new Error('not asked for here');
  }

  lastRun(): undefined {
    return undefined;
  }

  saveLastRun(): undefined {
    return undefined;
  }

  dismissLastRun(): void {
    this.beginsNs = undefined;
  }

  close(): void {
    this.closed = true;
  }
}
