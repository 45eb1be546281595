// What the next start makes of a host that was killed: at any moment of a capture, at any step of a save, with a journal
// that was cut, with files that cannot be read.
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Capture } from '../../contract/stats.ts';
import { LiveBlackBox } from '../../host/src/recordings/live-black-box.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { mortalDisk } from '../support/faulty-disk.ts';
import {
  asId,
  recorderWorld,
  runFolder,
  type World,
  type WorldOptions,
} from '../support/recorder.ts';

describe('a host that was killed', () => {
  test('leaves a capture that the next start finishes, to the last commit', async () => {
    const world = busyWorld(155_000);
    const survivor = await nextStart(copyOf(world));
    world.recorder.stop();
    const [whole] = await everyRecording(world);
    const [recovered] = await everyRecording(survivor);
    expect(recovered?.meta).toMatchObject({ id: whole?.meta.id, recovered: true });
    expectSame(recovered, whole);
    expect(survivor.recorder.status().last_run).toMatchObject({
      recovered_ids: [whole?.meta.id],
      started_unix_ms: whole?.meta.started_unix_ms,
    });
    expect(hiddenNames(survivor.folder)).toEqual([]);
  });

  test('at any moment leaves a capture that lacks half a second at most', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    for (let i = 0; i < 12; i += 1) {
      world.pass(1400 + 200 * (i % 5));
      const survivor = await nextStart(copyOf(world));
      const [recovered] = await everyRecording(survivor);
      const { frames = 0 } = world.recorder.status().recorder ?? {};
      expect(frames - (await rowsOf(survivor, recovered))).toBeLessThanOrEqual(60 * 0.6);
    }
    world.recorder.stop();
  });

  test('that recorded without a stream leaves how long it did', async () => {
    const world = recorderWorld();
    world.recorder.start({ name: 'nobody came' });
    world.pass(65_000);
    const survivor = await nextStart(copyOf(world));
    const { metas } = await survivor.recordings.list();
    expect(metas).toMatchObject([{ kind: '', recovered: true, name: 'nobody came' }]);
    expect(metas[0]?.duration_ms).toBeGreaterThan(54_000);
  });

  test('that took the past along leaves it in its place', async () => {
    const world = recorderWorld({
      blackBox: ({ saver, recordings }) =>
        new LiveBlackBox({
          ...{ mode: 'on', saver, recordings, log: silent },
          nowNs: () => world.engine.nowNs(),
          nowUnixMs: () => 0,
          after: () => () => undefined,
        }),
    });
    world.stream(1, 60);
    for (let i = 0; i < 10; i += 1) {
      world.pass(4000);
      world.recorder.receiver(1, world.engine.nowNs(), { packetsLost: i, packetsRecovered: i });
    }
    world.recorder.start({ pre_roll_s: 30 });
    world.pass(20_000);
    const survivor = await nextStart(copyOf(world));
    world.recorder.stop();
    const [whole] = await everyRecording(world);
    const [recovered] = await everyRecording(survivor);
    expect([whole?.pre_roll_ms, recovered?.pre_roll_ms]).toEqual([30_000, 30_000]);
    expectSame(recovered, whole);
  });

  test('in the moment of Start leaves nothing', async () => {
    const disk = mortalDisk();
    const world = recorderWorld({ disk });
    disk.dieAfter(2);
    world.recorder.start();
    const survivor = await nextStart(copyOf(world));
    expect((await survivor.recordings.list()).metas).toEqual([]);
    expect(readdirSync(survivor.folder)).toEqual([]);
  });

  test('a second time, while the first capture was finished, leaves both', async () => {
    const first = busyWorld(70_000);
    const copy = copyOf(first);
    first.recorder.stop();
    const [whole] = await everyRecording(first);
    for (let steps = 0; ; steps += 1) {
      const disk = mortalDisk();
      disk.dieAfter(steps);
      const again = runFolder();
      cpSync(copy, again, { recursive: true });
      await nextStart(again, { disk });
      const survivor = await nextStart(again);
      const [recovered, ...more] = await everyRecording(survivor);
      expect(more).toEqual([]);
      expectSame(recovered, whole);
      expect(hiddenNames(survivor.folder)).toEqual([]);
      if (disk.calls.length < steps) break;
      expect(steps).toBeLessThan(60);
    }
  }, 60_000);
});

describe('a save that is cut', () => {
  test('after any step is one whole recording at the next start', async () => {
    let lastStep = 0;
    /** What was recorded when the save was cut before its first step is what was recorded at all. */
    let frames: number | undefined;
    for (let steps = 0; ; steps += 1) {
      const disk = mortalDisk();
      const world = busyWorld(63_000, { disk });
      const before = disk.calls.length;
      disk.dieAfter(steps);
      const died = diesIn(() => world.recorder.stop());
      lastStep = disk.calls.length - before;
      const survivor = await nextStart(copyOf(world));
      const [saved, ...more] = await everyRecording(survivor);
      expect([steps, more]).toEqual([steps, []]);
      expect([steps, saved?.meta.sample_count]).toEqual([steps, 63 + 31]);
      frames ??= saved?.meta.frame_count;
      expect([steps, saved?.meta.frame_count]).toEqual([steps, frames]);
      expect([steps, await rowsOf(survivor, saved)]).toEqual([steps, frames ?? 0]);
      expect([steps, hiddenNames(survivor.folder)]).toEqual([steps, []]);
      if (!died) break;
      expect(steps).toBeLessThan(60);
    }
    expect(frames).toBeGreaterThan(63 * 30 + 61 * 15);
    expect(lastStep).toBeGreaterThan(12);
  }, 120_000);
});

describe('a journal', () => {
  test('cut at any of its frames lacks no more than came after that frame', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(8000);
    const copy = copyOf(world);
    world.recorder.stop();
    const [whole] = await everyRecording(world);
    const wal = readdirSync(join(copy, 'captures')).find((name) => name.endsWith('-wal')) ?? '';
    const { size } = statSync(join(copy, 'captures', wal));
    const cuts = Math.floor((size - WAL_HEADER_BYTES) / WAL_FRAME_BYTES);
    expect(cuts).toBeGreaterThan(30);
    let most = 0;
    let records = 0;
    for (let cut = 0; cut <= cuts; cut += 1) {
      const again = runFolder();
      cpSync(copy, again, { recursive: true });
      truncateSync(join(again, 'captures', wal), WAL_HEADER_BYTES + cut * WAL_FRAME_BYTES);
      const survivor = await nextStart(again);
      const [recovered] = await everyRecording(survivor);
      rmSync(again, { recursive: true });
      if (recovered === undefined) {
        // Only what was not even begun is nothing.
        expect([cut, records]).toEqual([cut, 0]);
        continue;
      }
      const frames = recovered.meta.frame_count ?? 0;
      // One commit is half a second of frames.
      expect(frames).toBeGreaterThanOrEqual(records);
      expect(frames - records).toBeLessThanOrEqual(60);
      records = frames;
      most = Math.max(most, recovered.samples.length);
      const same = whole?.samples.slice(0, Math.max(0, recovered.samples.length - 1));
      expect(recovered.samples.slice(0, same?.length)).toEqual(same ?? []);
    }
    expect([Math.ceil(records / 30), most]).toEqual([8 * 2, 8]);
  }, 120_000);

  test('of a process that lives is left alone', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(2000);
    const other = await nextStart(world.configDir);
    expect((await other.recordings.list()).metas).toEqual([]);
    world.pass(2000);
    expect(world.recorder.stop()).toMatchObject({ sample_count: 4 });
    expect((await other.recordings.list()).metas.length).toBe(1);
  });

  test('of a newer host is left to it, and told', async () => {
    const world = busyWorld(20_000);
    const copy = copyOf(world);
    world.recorder.stop();
    const folder = join(copy, 'captures');
    const before = readdirSync(folder).sort();
    const name = before.find((entry) => entry.endsWith('.journal')) ?? '';
    const database = new Database(join(folder, name));
    database.run("UPDATE header SET value = '2' WHERE key = 'version'");
    database.close();
    const survivor = await nextStart(copy);
    const { metas } = await survivor.recordings.list();
    expect(metas.map(({ damaged }) => damaged?.file)).toEqual([name]);
    expect(metas[0]?.damaged?.reason).toContain('version 2');
    expect(existsSync(join(folder, name))).toBe(true);
  });

  test('that is damaged is set aside and told, at this start and the next', async () => {
    for (const damage of [
      (path: string) =>
        writeFileSync(path, 'no database at all, but long enough to be one'.repeat(200)),
      (path: string) => writeFileSync(path, readFileSync(path).fill(0x5a, 100)),
    ]) {
      const world = busyWorld(130_000);
      const copy = copyOf(world);
      world.recorder.stop();
      const folder = join(copy, 'captures');
      const name = readdirSync(folder).find((entry) => entry.endsWith('.journal')) ?? '';
      rmSync(join(folder, `${name}-wal`), { force: true });
      damage(join(folder, name));
      for (let start = 0; start < 2; start += 1) {
        const survivor = await nextStart(copy);
        const { metas } = await survivor.recordings.list();
        expect(metas.map(({ damaged }) => damaged?.file)).toContain(name);
        expect(metas.every(({ damaged }) => (damaged?.reason ?? '').length > 0)).toBe(true);
        expect(existsSync(join(folder, `${name}.damaged`))).toBe(true);
        expect(survivor.recorder.start().armed).toBe(true);
        survivor.recorder.stop();
        for (const { id, damaged } of (await survivor.recordings.list()).metas) {
          if (damaged === undefined) await survivor.recordings.remove(asId(id), 'forever');
        }
      }
    }
  });

  test('whose frames are damaged still gives what it holds itself', async () => {
    for (const damage of [
      (path: string) => truncateSync(path, 1000),
      (path: string) => rmSync(path),
      (path: string) => writeFileSync(path, readFileSync(path).fill(0xff, 100, 4000)),
    ]) {
      const world = busyWorld(90_000);
      const copy = copyOf(world);
      world.recorder.stop();
      const folder = join(copy, 'captures');
      const name = readdirSync(folder).find((entry) => entry.endsWith('.frames')) ?? '';
      damage(join(folder, name));
      const survivor = await nextStart(copy);
      const { metas } = await survivor.recordings.list();
      expect(metas.at(-1)?.damaged?.file).toBe(name);
      expect(metas[0]).toMatchObject({ recovered: true, session_count: 2 });
      // The open half minute, of both sessions.
      expect(metas[0]?.frame_count).toBeGreaterThan(25 * 45);
      expect(metas[0]?.frame_count).toBeLessThan(35 * 45);
    }
  });
});

/** Two sessions, one that leaves and comes, markers, events and what clients report; recorded so long. */
function busyWorld(ms: number, options: WorldOptions = {}): World {
  const world = recorderWorld(options);
  world.recorder.start();
  world.stream(1, 30);
  world.pass(1000);
  world.stream(2, 15, { kind: 'native', codec: 'hevc' });
  for (let left = ms - 1000; left > 0; left -= 2000) {
    world.pass(Math.min(2000, left));
    const nowNs = world.engine.nowNs();
    world.recorder.receiver(1, nowNs, {
      packetsLost: left / 1000,
      packetsRecovered: 1,
      rttUs: 900,
    });
    if (left % 5000 === 0) world.recorder.mark({ text: `at ${left}` });
    if (left % 7000 === 0) {
      world.recorder.event(1, nowNs, { kind: 'key_frame', frame: left, detail: { why: 'asked' } });
    }
  }
  return world;
}

/** The files of a host as they are now, for one that comes after it was killed. */
function copyOf(world: World): string {
  const copy = runFolder();
  if (existsSync(world.folder)) cpSync(world.folder, join(copy, 'captures'), { recursive: true });
  return copy;
}

async function nextStart(configDir: string, options: WorldOptions = {}): Promise<World> {
  const world = recorderWorld({ configDir, recovers: true, ...options });
  await world.recovered;
  await world.files.compressed;
  return world;
}

/** The recorder takes its own end for a fault of the disk. */
function diesIn(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch (error) {
    expect(String(error)).toContain('the process is gone');
    return true;
  }
}

async function everyRecording(world: World): Promise<Capture[]> {
  const { metas } = await world.recordings.list();
  expect(metas.filter(({ damaged }) => damaged !== undefined)).toEqual([]);
  return Promise.all(metas.map(({ id }) => world.saved(id)));
}

async function rowsOf(world: World, capture: Capture | undefined): Promise<number> {
  const path = world.store.framesPath(asId(capture?.meta.id ?? ''));
  const bytes = await Bun.file(path ?? '').bytes();
  const file = FramesFile.open({
    byteLength: bytes.byteLength,
    read: (from, to) => bytes.subarray(from, to),
  });
  return file.groups.reduce((sum, _, i) => sum + file.read(i).length, 0);
}

/** But for the windows that were open at the end. */
function expectSame(recovered: Capture | undefined, whole: Capture | undefined): void {
  const closed = (capture: Capture | undefined) => {
    const until = (whole?.meta.duration_ms ?? 0) - OPEN_MS;
    return {
      samples: capture?.samples.filter(({ t_ms }) => t_ms <= until),
      events: capture?.events?.filter(({ t_ms }) => t_ms <= until),
      sessions: capture?.sessions,
    };
  };
  expect(closed(recovered)).toEqual(closed(whole));
  expect(closed(recovered).samples?.length).toBeGreaterThan(10);
  const { frame_count: had = 0 } = whole?.meta ?? {};
  const { frame_count: has = 0 } = recovered?.meta ?? {};
  expect(had - has).toBeLessThanOrEqual(45 * 0.6);
}

/** But for temporary files of this process, which a dead one's successor sweeps away. */
function hiddenNames(folder: string): string[] {
  return readdirSync(folder).filter(
    (name) => name.startsWith('.') && !name.endsWith(`.${process.pid}.tmp`),
  );
}

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const WAL_HEADER_BYTES = 32;
const WAL_FRAME_BYTES = 24 + 4096;
/** The longer window, its grace, and a commit. */
const OPEN_MS = 3000;
