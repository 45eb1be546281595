// A save that the disk refuses at one of its calls: of the recording nothing is named, so that no list shows half of it.
import { expect, test } from 'bun:test';
import { readdirSync, rmSync } from 'node:fs';
import { AppError } from '../../host/src/errors.ts';
import { faultyDisk, noRoom } from '../support/faulty-disk.ts';
import { recorderWorld } from '../support/recorder.ts';

/** Calls that have nothing to do with room come after the first name: a disk that dies there is told at the next start. */
const NAMING = new Set(['rename', 'syncFolder']);

test('a save that finds no room at any of its calls leaves no name in the folder, and the next one saves', () => {
  let refused = 0;
  for (let nth = 0; ; nth += 1) {
    let left = Number.POSITIVE_INFINITY;
    const disk = faultyDisk((call) => {
      if (NAMING.has(call)) return;
      left -= 1;
      if (left === -1) throw noRoom();
    });
    const world = recorderWorld({ disk });
    world.stream(1, 60);
    world.recorder.start({ name: 'Boss' });
    world.pass(3000);
    left = nth;
    let failed = false;
    try {
      world.recorder.stop();
    } catch (error) {
      failed = true;
      expect(error).toBeInstanceOf(AppError);
      expect([nth, readdirSync(world.folder).filter((name) => !name.startsWith('.'))]).toEqual([
        nth,
        [],
      ]);
      expect(world.recorder.stop()).toMatchObject({ frame_count: 180, name: 'Boss' });
    }
    const reached = left < 0;
    rmSync(world.configDir, { recursive: true, force: true });
    if (failed) refused += 1;
    if (!reached) break;
  }
  expect(refused).toBeGreaterThan(3);
});
