// The black box put together, on virtual time over a real folder: what a trigger saves, what the last run left without
// names, and what happens when nobody polls any more.
import { describe, expect, test } from 'bun:test';
import { readdirSync, statSync } from 'node:fs';
import { AppError } from '../../host/src/errors.ts';
import { LiveBlackBox } from '../../host/src/recordings/live-black-box.ts';
import type { FinishedRecording } from '../../host/src/recordings/parts.ts';
import { redacted } from '../../host/src/recordings/redact.ts';
import { BLOCKS_AT } from '../../host/src/recordings/run-file.ts';
import { parseCapture } from '../../recording/src/format.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import type { CaptureInput } from '../../recording/src/inputs.ts';
import { parseRecordingId, recordingStem } from '../../recording/src/recording-id.ts';
import {
  announced,
  ended,
  happened,
  lossReport,
  records,
  SECOND,
  START_NS,
  stream,
} from '../support/black-box.ts';
import { processesOf, RunFolder, UNIX_MS } from '../support/run-folder.ts';
import { VirtualClock } from '../support/streams.ts';

describe('a freeze', () => {
  test('becomes a recording of what was before it and two seconds after it, by itself', () => {
    using world = new World();
    world.announce();
    world.stream(30);
    world.pass(0.8);
    world.stream(5, { firstIndex: 1801 });
    expect(world.saved).toHaveLength(1);
    const { meta, capture, frames } = world.only();
    expect(meta).toMatchObject({
      ...{ trigger: 'freeze', kind: 'gamestream', client: 'ann', width: 1280, height: 720 },
      started_unix_ms: UNIX_MS,
    });
    expect(parseRecordingId(meta.id)).toBeDefined();
    expect(capture.events?.find(({ kind }) => kind === 'freeze')).toMatchObject({
      session_id: 1,
      detail: { ms: expect.any(Number) },
    });
    expect(meta.frame_count).toBe(frames?.rows);
    // It was seen at most a poll and a grace after the half second, and saved two seconds after that.
    const seconds = meta.duration_ms / 1000;
    expect(seconds).toBeGreaterThan(32.5);
    expect(seconds).toBeLessThan(33.5);
    expect(world.box.status()).toMatchObject({
      saved: 1,
      last_trigger: 'freeze',
      last_id: meta.id,
    });
  });

  test('while a capture is armed is an event in there and saves nothing, and neither does its start or end', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.armed = true;
    world.stream(5, { firstIndex: 301 });
    world.pass(2);
    world.stream(5, { firstIndex: 601 });
    world.armed = false;
    world.stream(10, { firstIndex: 901 });
    expect(world.saved).toEqual([]);
    world.pass(2);
    world.stream(5, { firstIndex: 1501 });
    expect(world.saved.map(({ meta }) => meta.trigger)).toEqual(['freeze']);
  });

  test('is not what a session’s end looks like, nor one that has no frame yet', () => {
    using world = new World();
    world.announce();
    world.pass(10);
    world.stream(5);
    world.take(ended(1, world.nowNs));
    world.pass(200);
    expect(world.saved).toEqual([]);
  });
});

describe('other triggers', () => {
  test('are a burst of loss and five drops in a row', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.take(lossReport(1, world.nowNs, 3));
    world.stream(1, { firstIndex: 301 });
    world.take(lossReport(1, world.nowNs, 30));
    world.stream(5, { firstIndex: 361 });
    expect(world.saved.map(({ meta }) => meta.trigger)).toEqual(['loss_burst']);
    world.stream(320, { firstIndex: 661 });
    const dropped = Array.from({ length: 5 }, (_, i) => ({
      ...{ grabbedNs: world.nowNs + BigInt(i) * 16_000_000n, frameIndex: 20_000 + i, outcome: 1 },
    }));
    world.take(records(...dropped));
    world.pass(0.1);
    world.stream(5, { firstIndex: 20_010 });
    expect(world.saved.map(({ meta }) => meta.trigger)).toEqual(['loss_burst', 'drops']);
    expect(world.saved.at(-1)?.meta.duration_ms).toBeLessThanOrEqual(120_500);
  });
});

describe('a recording of it', () => {
  test('is what the inputs were: samples, events and every frame, also with several sessions', () => {
    using world = new World();
    world.announce({ sessionId: 1 });
    world.announce({ sessionId: 2, client: 'ben', fps: 30 });
    world.stream(10);
    // Its silence from here on would be a freeze, and saved by itself.
    world.take(ended(1, world.nowNs));
    world.stream(10, { session: 2, fps: 30 });
    world.take(happened('key_frame', world.nowNs, 2));
    const meta = world.box.save();
    const { capture, frames } = world.only();
    expect(meta.frame_count).toBe(900);
    expect(frames?.rows).toBe(900);
    expect(capture.sessions?.map(({ client }) => client)).toEqual(['ann', 'ben']);
    expect(capture.events?.map(({ kind }) => kind)).toContain('key_frame');
    const counted = capture.samples.reduce((sum, { frames = 0 }) => sum + frames, 0);
    expect(counted).toBe(900);
    expect(capture.host).toMatchObject({ version: '1.2.3' });
  });

  test('begins at its oldest frame, by the wall clock of now', () => {
    using world = new World();
    world.announce();
    world.stream(200);
    const meta = world.box.save();
    expect(meta.started_unix_ms).toBe(UNIX_MS + 80_000);
    expect(meta.duration_ms).toBe(120_000);
  });

  test('cannot be made of nothing, when it is off, or twice at once', () => {
    using world = new World();
    expect(codeOf(() => world.box.save())).toBe('409 black_box_empty');
    world.announce();
    world.stream(1);
    world.box.save();
    expect(codeOf(() => world.box.save())).toBe('409 black_box_too_soon');
    using off = new World({ mode: 'off' });
    off.announce();
    off.stream(1);
    expect(codeOf(() => off.box.save())).toBe('409 black_box_off');
    expect(off.box).toMatchObject({ wanted: false, beginsNs: undefined });
    expect(off.box.status()).toMatchObject({ on: false, frames: 0, bytes: 0, seconds: 0 });
  });

  test('that cannot be saved leaves everything as it was', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.saveFails = true;
    expect(() => world.box.save()).toThrow('disk full');
    world.pass(1);
    world.stream(5, { firstIndex: 301 });
    world.saveFails = false;
    expect(world.box.save().frame_count).toBe(600);
  });
});

describe('a past for a capture', () => {
  test('is the sessions and what came since', () => {
    using world = new World();
    world.announce();
    world.stream(10);
    const inputs = [...world.box.since(world.nowNs - 2n * SECOND)];
    expect(inputs[0]).toMatchObject({ kind: 'session' });
    expect(inputs.slice(1).every(({ kind }) => kind === 'records')).toBe(true);
    expect(world.box.beginsNs).toBe(START_NS);
    expect(world.box.status()).toMatchObject({ on: true, seconds: 10, frames: 600, limit_s: 120 });
  });
});

describe('after the last session', () => {
  test('what is due is saved, the last second written and all forgotten, though nobody polls', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.take(ended(1, world.nowNs));
    // The recorder polls no more: only timers run.
    world.passUnpolled(3);
    expect(statSync(world.runs.pathOf(100)).size).toBeGreaterThan(BLOCKS_AT);
    expect(world.box.status().frames).toBe(300);
    world.passUnpolled(125);
    expect(world.box.status()).toMatchObject({ frames: 0, bytes: 0 });
    expect(statSync(world.runs.pathOf(100)).size).toBe(BLOCKS_AT);
    expect(world.clock.waiting).toBe(0);
  });

  test('a trigger of its last moment is still saved', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.pass(0.9);
    expect(world.saved).toEqual([]);
    world.take(ended(1, world.nowNs));
    world.passUnpolled(3);
    expect(world.saved.map(({ meta }) => meta.trigger)).toEqual(['freeze']);
  });

  test('a full disk makes no timer run for ever', () => {
    using world = new World();
    world.announce();
    world.stream(2);
    world.runs.diskFails = true;
    world.stream(2, { firstIndex: 121 });
    expect(world.box.status()).toMatchObject({ frames: 240, fault: 'no space left' });
    world.take(ended(1, world.nowNs));
    world.passUnpolled(300);
    expect(world.clock.waiting).toBe(0);
  });

  test('a clean end leaves no file and no timer', () => {
    using world = new World();
    world.announce();
    world.stream(5);
    world.take(ended(1, world.nowNs));
    world.box.close();
    expect(readdirSync(world.runs.path)).toEqual([]);
    expect(world.clock.waiting).toBe(0);
    // What a session that ends late still says must not look like a bad end to the next start.
    world.stream(2, { firstIndex: 301 });
    world.take(ended(1, world.nowNs));
    world.pass(2);
    expect(readdirSync(world.runs.path)).toEqual([]);
    expect(world.clock.waiting).toBe(0);
  });
});

describe('the last run’s', () => {
  test('black box becomes a recording of trigger bad_end, and is then gone', () => {
    using world = new World();
    world.announce();
    world.stream(20);
    using next = world.afterKill();
    expect(next.box.lastRun()?.seconds).toBeGreaterThan(18);
    const meta = next.box.saveLastRun();
    expect(meta).toMatchObject({ trigger: 'bad_end', started_unix_ms: UNIX_MS });
    expect(next.only().frames?.rows).toBe(meta?.frame_count);
    expect(next.only().capture.host).toMatchObject({ version: '1.2.3' });
    expect(next.box.lastRun()).toMatchObject({ saved_id: meta?.id });
    expect(next.box.saveLastRun()).toBeUndefined();
    next.box.dismissLastRun();
    expect(next.box.lastRun()).toBeUndefined();
  });

  test('recording names nobody and nothing that was played', () => {
    using world = new World();
    const why = 'Required for 192.168.7.20 by /home/anna/rules';
    const secrets = ['Anna’s television', 'Ben', 'steam', '192.168.7.20', '/home/anna', 'XTEST-1'];
    world.announce({
      ...{ client: 'Anna’s television', app: 'steam' },
      negotiated: {
        source_refused: [{ name: 'x11', reason: '/home/anna/.Xauthority of XTEST-1' }],
        encoder_refused: [{ name: 'nvenc', reason: 'Ben’s card' }],
        encoder_detail: 'XTEST-1',
        encryption: { control: true, video: true, audio: false, why },
        packet_size: 1392,
      },
    });
    world.announce({ sessionId: 2, client: 'Ben' });
    world.announce({ sessionId: 3, client: 'Anna’s television' });
    world.stream(2);
    for (const session of [2, 3]) world.stream(1, { session });
    for (const [kind, detail] of [
      ['control_connected', { address: '192.168.7.20:47999' }],
      ['client_moved', { medium: 'video', from: '192.168.7.20:1', to: '192.168.7.20:2' }],
      ['marker', { text: 'Ben says it stutters' }],
      ['key_frame', { why: 'steam' }],
      ['bitrate_advice', { why: 'loss', from_kbps: 5000, applied: true }],
    ] as const) {
      world.take({ kind: 'event', atNs: world.nowNs, sessionId: 1, event: { kind, detail } });
    }
    world.stream(1, { firstIndex: 200 });
    world.take({ kind: 'session_ended', atNs: world.nowNs, sessionId: 1, reason: 'Ben went home' });
    world.pass(2);
    using next = world.afterKill();
    next.box.saveLastRun();
    const { text } = next.saved[0] ?? { text: '' };
    for (const secret of secrets) expect(text).not.toContain(secret);
    const { capture } = next.only();
    expect(capture.sessions?.map(({ client }) => client)).toEqual([
      'client 1',
      'client 2',
      'client 1',
    ]);
    expect(capture.meta.client).toBe('client 1');
    // Figures and words of ours stay: they are why it is sent at all.
    const advice = capture.events?.find(({ kind }) => kind === 'bitrate_advice');
    expect(advice?.detail).toEqual({ why: 'loss', from_kbps: 5000, applied: true });
    expect(capture.sessions?.[0]?.negotiated).toMatchObject({
      ...{ packet_size: 1392, encoder_refused: [{ name: 'nvenc', reason: '' }] },
    });
    expect(capture.sessions?.[0]?.redacted).toContain('encoder_refused');
    const marker = capture.events?.find(({ kind }) => kind === 'marker');
    expect([marker?.detail, marker?.redacted]).toEqual([undefined, ['text']]);
  });

  test('frames are the very same, name or no name', () => {
    const inputs = [announced(), records({ bytes: 77 }), lossReport(1, START_NS, 3)];
    const clean = redacted(inputs);
    expect(clean[1]).toBe(inputs[1] as CaptureInput);
    expect(clean[2]).toEqual(inputs[2] as CaptureInput);
  });
});

interface Saved {
  readonly meta: FinishedRecording['meta'];
  readonly text: string;
  readonly frames: Uint8Array | undefined;
}

/** A recorder's life around a black box: it polls every 200 ms while it is told to. */
class World implements Disposable {
  readonly clock = new VirtualClock();
  readonly runs: FailingRunFolder;
  readonly box: LiveBlackBox;
  readonly saved: Saved[] = [];
  armed = false;
  saveFails = false;
  readonly #owned: boolean;

  constructor(options: { mode?: 'on' | 'off'; runs?: FailingRunFolder; pid?: number } = {}) {
    this.#owned = options.runs === undefined;
    this.runs = options.runs ?? new FailingRunFolder();
    const { pid = 100 } = options;
    const lastRuns = this.runs.lastRuns(processesOf({ self: pid }));
    this.box = new LiveBlackBox({
      mode: options.mode ?? 'on',
      saver: {
        freshStem: (startedUnixMs) => recordingStem(startedUnixMs, () => false),
        save: (recording) => this.#save(recording),
      },
      recordings: { list: () => [], remove: () => undefined },
      runWriter: this.runs.writer({ pid, disk: this.runs.disk }),
      lastRuns,
      host: { version: '1.2.3' },
      nowNs: () => this.nowNs,
      nowUnixMs: () => this.#unixMs(),
      after: (ms, run) => this.clock.after(ms, run),
      log: this.runs.log,
    });
  }

  get nowNs(): bigint {
    return START_NS + BigInt(Math.round(this.clock.nowMs() * 1e6));
  }

  [Symbol.dispose](): void {
    if (this.#owned) this.runs[Symbol.dispose]();
  }

  /** The next run, after this one was killed. */
  afterKill(): World {
    return new World({ runs: this.runs, pid: 200 });
  }

  announce(session: Parameters<typeof announced>[0] = {}): void {
    this.take(announced(session, this.nowNs));
  }

  take(input: CaptureInput): void {
    this.box.take(input);
  }

  stream(seconds: number, options: Parameters<typeof stream>[2] = {}): void {
    for (const { nowNs, input } of stream(this.nowNs, seconds, options)) {
      this.take(input);
      this.#passTo(nowNs);
      this.box.tick(this.nowNs, this.armed);
    }
  }

  /** Without frames, polled. */
  pass(seconds: number): void {
    const untilNs = this.nowNs + BigInt(Math.round(seconds * 1e9));
    while (this.nowNs < untilNs) {
      const next = this.nowNs + SECOND / 5n;
      this.#passTo(next < untilNs ? next : untilNs);
      this.box.tick(this.nowNs, this.armed);
    }
  }

  /** Without frames and without a poll. */
  passUnpolled(seconds: number): void {
    for (let i = 0; i < seconds * 10; i += 1) this.#passTo(this.nowNs + SECOND / 10n);
  }

  only() {
    const [saved, ...more] = this.saved;
    if (saved === undefined || more.length > 0) throw new Error(`${this.saved.length} were saved`);
    const { meta, text, frames } = saved;
    const file =
      frames === undefined
        ? undefined
        : FramesFile.open({
            byteLength: frames.byteLength,
            read: (from, to) => frames.subarray(from, to),
          });
    return { meta, capture: parseCapture(text), frames: file };
  }

  #passTo(nowNs: bigint): void {
    this.clock.pass(Number(nowNs - this.nowNs) / 1e6);
    this.runs.unixMs = this.#unixMs();
  }

  #unixMs(): number {
    return UNIX_MS + Math.round(this.clock.nowMs());
  }

  #save(recording: FinishedRecording): void {
    if (this.saveFails) throw new AppError(507, 'save_failed', 'disk full');
    this.saved.push(recording);
  }
}

class FailingRunFolder extends RunFolder {
  diskFails = false;
  readonly disk = this.failing(() => this.diskFails);
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'none';
}
