// A capture while the disk refuses: it goes on in memory within a bound, says so, and is saved once it can be.
import { describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../host/src/errors.ts';
import type { Disk } from '../../host/src/recordings/disk.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { faultyDisk, noRoom } from '../support/faulty-disk.ts';
import { asId, recorderWorld, runFolder, type World } from '../support/recorder.ts';
import { refusalNow } from '../support/refusal.ts';
import { seeded } from '../support/seeded-recordings.ts';

describe('a disk that is full', () => {
  test('is told, does not stop the capture, and costs nothing once there is room', async () => {
    let full = false;
    const disk = faultyDisk(() => {
      if (full) throw noRoom();
    });
    const world = recorderWorld({ disk });
    world.stream(1, 60);
    world.recorder.start();
    world.pass(10_000);
    full = true;
    world.pass(200_000);
    expect(world.recorder.status()).toMatchObject({
      armed: true,
      fault: 'The disk is full (ENOSPC: no space left on device, write).',
      recorder: { shed_frames: 0, frames: 12_600 },
    });
    expect(refusalNow(() => world.recorder.stop())).toBe('507 save_failed');
    expect(world.recorder.status()).toMatchObject({ armed: false, unsaved: true });
    expect(world.recorder.status().fault).toContain('no space left');
    full = false;
    const meta = world.recorder.stop();
    expect(meta).toMatchObject({ frame_count: 12_600, sample_count: 210 });
    expect(world.recorder.status().fault).toBeUndefined();
    await expectWhole(world, meta?.id ?? '', 12_600);
  });

  test('in between is caught up with while the capture runs, also for a crash', async () => {
    let full = false;
    const disk = faultyDisk(() => {
      if (full) throw noRoom();
    });
    const world = recorderWorld({ disk });
    world.stream(1, 60);
    world.recorder.start();
    world.pass(30_000);
    full = true;
    world.pass(30_000);
    full = false;
    world.pass(1200);
    expect(world.recorder.status().fault).toBeUndefined();
    const heard = world.lines.filter((line) => line.includes('recordings can'));
    expect(heard.map((line) => JSON.parse(line).level)).toEqual(['error', 'info']);
    const survivor = recorderWorld({ configDir: copyOf(world), recovers: true });
    await survivor.recovered;
    const { metas } = await survivor.recordings.list();
    expect(metas[0]?.frame_count).toBeGreaterThan(61 * 60);
    expect(world.recorder.stop()).toMatchObject({ frame_count: 61.2 * 60 });
  });

  test('for long sheds the newest frames and keeps every window', async () => {
    let full = false;
    const disk = faultyDisk(() => {
      if (full) throw noRoom();
    });
    const world = recorderWorld({ disk, memoryBytes: 64 * 1024 });
    world.stream(1, 60);
    world.recorder.start();
    world.pass(5000);
    full = true;
    world.pass(120_000);
    const { recorder } = world.recorder.status();
    expect(recorder?.shed_frames).toBeGreaterThan(0);
    full = false;
    const meta = world.recorder.stop();
    const kept = 125 * 60 - (recorder?.shed_frames ?? 0);
    expect(meta).toMatchObject({ frame_count: kept, sample_count: 125 });
    const capture = await expectWhole(world, meta?.id ?? '', kept);
    expect(capture.samples.every(({ frames }) => frames === 60)).toBe(true);
    expect(capture.recorder?.shed_frames).toBe(recorder?.shed_frames ?? 0);
  });

  test('before the capture began does not stop the next one either', async () => {
    let full = true;
    const disk = faultyDisk(() => {
      if (full) throw noRoom();
    });
    const world = recorderWorld({ disk });
    world.stream(1, 60);
    world.recorder.start();
    world.pass(70_000);
    expect(world.recorder.status().fault).toContain('full');
    full = false;
    world.pass(1000);
    expect(world.recorder.status().fault).toBeUndefined();
    const meta = world.recorder.stop();
    await expectWhole(world, meta?.id ?? '', 71 * 60);
  });

  test('at any call, at random, loses no frame of what is saved in the end', async () => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const random = seeded(seed);
      let share = 0.3;
      const disk = faultyDisk((_call: keyof Disk) => {
        if (random() < share) throw noRoom();
      });
      const world = recorderWorld({ disk });
      world.stream(1, 25);
      world.recorder.start();
      world.pass(70_000);
      let meta: ReturnType<World['recorder']['stop']>;
      for (let tries = 0; meta === undefined; tries += 1) {
        expect(tries).toBeLessThan(200);
        if (tries > 20) share = 0;
        try {
          meta = world.recorder.stop();
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }
      share = 0;
      expect([seed, meta.frame_count]).toEqual([seed, 70 * 25]);
      await expectWhole(world, meta.id, 70 * 25);
      expect(hidden(world)).toEqual([]);
    }
  }, 60_000);

  const mounted = mountSmall();
  test.skipIf(mounted === undefined)(
    `of two megabytes keeps the capture in memory until there is room${mounted === undefined ? ' (skipped: no tmpfs can be mounted here)' : ''}`,
    async () => {
      const configDir = mounted ?? '';
      try {
        const world = recorderWorld({ configDir });
        world.stream(1, 240);
        world.recorder.start();
        world.pass(5000);
        fill(join(configDir, 'ballast'));
        world.pass(65_000);
        expect(world.recorder.status().fault).toContain('full');
        expect(refusalNow(() => world.recorder.stop())).toBe('507 save_failed');
        expect(readdirSync(world.folder).filter((name) => name.endsWith('.json'))).toEqual([]);
        rmSync(join(configDir, 'ballast'));
        const meta = world.recorder.stop();
        await expectWhole(world, meta?.id ?? '', 70 * 240);
        expect(hidden(world)).toEqual([]);
      } finally {
        Bun.spawnSync(['umount', '--lazy', configDir]);
      }
    },
    30_000,
  );
});

describe('a folder', () => {
  test('that is removed while recording is made again, with everything in it', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(90_000);
    rmSync(world.folder, { recursive: true });
    world.pass(5000);
    expect(world.recorder.status().fault).toBeUndefined();
    const survivor = recorderWorld({ configDir: copyOf(world), recovers: true });
    await survivor.recovered;
    expect((await survivor.recordings.list()).metas[0]?.frame_count).toBeGreaterThan(94 * 60);
    rmSync(world.folder, { recursive: true });
    const meta = world.recorder.stop();
    await expectWhole(world, meta?.id ?? '', 95 * 60);
    expect(hidden(world)).toEqual([]);
  });

  test('whose place is taken by a file is told, and is used once the place is free', async () => {
    const world = recorderWorld();
    world.stream(1, 60);
    world.recorder.start();
    world.pass(70_000);
    renameSync(world.folder, `${world.folder}.moved`);
    writeFileSync(world.folder, 'in the way');
    world.pass(70_000);
    expect(world.recorder.status().fault).toContain('Nothing can be written now');
    expect(refusalNow(() => world.recorder.stop())).toBe('500 save_failed');
    rmSync(world.folder);
    const meta = world.recorder.stop();
    await expectWhole(world, meta?.id ?? '', 140 * 60);
  });

  test('that nobody named keeps a capture in memory and says what to do', () => {
    const world = recorderWorld();
    const nowhere = recorderWorld({ configDir: undefined });
    nowhere.stream(1, 60);
    nowhere.recorder.start();
    nowhere.pass(2000);
    expect(nowhere.recorder.status().fault).toContain('PUNKTFUNK_CONFIG_DIR');
    expect(refusalNow(() => nowhere.recorder.stop())).toBe('500 save_failed');
    expect(existsSync(world.folder)).toBe(false);
  });
});

async function expectWhole(world: World, id: string, frames: number) {
  const path = world.store.framesPath(asId(id)) ?? '';
  const bytes = await Bun.file(path).bytes();
  const file = FramesFile.open({
    byteLength: bytes.byteLength,
    read: (from, to) => bytes.subarray(from, to),
  });
  expect(file.groups.reduce((sum, _, i) => sum + file.read(i).length, 0)).toBe(frames);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await world.files.compressed;
  return world.saved(id);
}

function hidden(world: World): string[] {
  return readdirSync(world.folder).filter((name) => name.startsWith('.') && !name.endsWith('.tmp'));
}

function copyOf(world: World): string {
  const copy = runFolder();
  Bun.spawnSync(['cp', '-r', world.folder, join(copy, 'captures')]);
  return copy;
}

function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, new Uint8Array(4096));
  } catch {
    // Full now, which is what is wanted.
  }
}

/** Undefined where nothing can be mounted. */
function mountSmall(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'punktfunk-small-'));
  const options = ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder];
  return Bun.spawnSync(['mount', ...options], { stderr: 'ignore' }).exitCode === 0
    ? folder
    : undefined;
}
