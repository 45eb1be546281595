// A disk that fills up at any moment of a recording: the stream goes on, the status says why, a stop says that it could not
// save, and once there is room the same stop saves all of it. In the list there is never half of anything.
import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RECORDINGS, START } from '../support/api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { Ballast, Mounts, missingMounts } from '../support/mounts.ts';
import { seeded } from '../support/seeded-recordings.ts';
import {
  beginStream,
  disturbances,
  endStream,
  loaded,
  status,
  stop,
  unsound,
  until,
} from '../support/stream-faults.ts';

const missing = missingExecutable || missingMounts;
const DISK_BYTES = 8 * 1024 * 1024;
/** Bytes that are left when it fills up while recording: from nothing to more than a second's journal. */
const LEFT_WHILE_RECORDING = [0, 0, 4096, 16_384, 40_960, 81_920];
const LEFT_AT_A_STOP = [0, 4096, 8192, 16_384, 24_576, 32_768, 49_152];
const RACES = 6;

describe.skipIf(missing !== '')(`a disk that fills up${missing}`, () => {
  test('while recording: nothing is lost, and the stop after there is room saves it', async () => {
    await onSmallDisk(async ({ host, ballast, random }) => {
      for (const left of LEFT_WHILE_RECORDING) {
        await host.json('POST', START);
        await Bun.sleep(200 + random() * 500);
        ballast.fill(left);
        const told = await until('the status tells of it', async () => (await status(host)).fault);
        expect(told).toContain('The disk is full');
        expect(await status(host)).toMatchObject({ armed: true });
        expect(await stop(host)).toEqual({ status: 507, code: 'save_failed' });
        expect(await status(host)).toMatchObject({ armed: false, unsaved: true });
        expect(await unsound(host)).toEqual([]);
        ballast.empty();
        await expectWhole(host, await stop(host));
      }
    });
  }, 60_000);

  test('and has room again while it still records: what waited is written, and no fault stays', async () => {
    await onSmallDisk(async ({ host, ballast, random }) => {
      for (const left of [0, 20_480]) {
        await host.json('POST', START);
        await Bun.sleep(300);
        ballast.fill(left);
        await until('a fault', async () => (await status(host)).fault);
        await Bun.sleep(random() * 600);
        ballast.empty();
        await until('the fault is over', async () =>
          (await status(host)).fault === undefined ? true : undefined,
        );
        await expectWhole(host, await stop(host));
      }
    });
  }, 60_000);

  test('at the stop or during it: saved whole, or not at all until there is room', async () => {
    const answers: string[] = [];
    await onSmallDisk(async ({ host, ballast, random }) => {
      const races = Array.from({ length: RACES }, () => undefined);
      for (const left of [...LEFT_AT_A_STOP, ...races]) {
        await host.json('POST', START);
        await Bun.sleep(250);
        if (left !== undefined) ballast.fill(left);
        const stopping = stop(host);
        if (left === undefined) {
          await Bun.sleep(random() * 12);
          ballast.fill(0);
        }
        let stopped = await stopping;
        answers.push('meta' in stopped ? 'saved' : stopped.code);
        expect(await unsound(host)).toEqual([]);
        ballast.empty();
        if (!('meta' in stopped)) stopped = await stop(host);
        await expectWhole(host, stopped);
      }
    });
    expect(answers).toContain('save_failed');
    expect(answers).toContain('saved');
  }, 60_000);
});

interface OnSmallDisk {
  readonly host: Host;
  readonly ballast: Ballast;
  readonly random: () => number;
}

/** A host that streams all the while, and whose captures/ lies on a disk of its own. */
async function onSmallDisk(play: (on: OnSmallDisk) => Promise<void>): Promise<void> {
  const configDir = temporaryFolder();
  const captures = join(configDir, 'captures');
  mkdirSync(captures, { mode: 0o700 });
  await using mounts = await new Mounts().ready();
  mounts.small(captures, DISK_BYTES);
  const host = await startHost({ configDir, wrapper: mounts.wrapper });
  try {
    await beginStream(host);
    const ballast = new Ballast(mounts.outside(captures));
    await play({ host, ballast, random: seeded(configDir.length) });
    expect(disturbances(await endStream(host))).toEqual([]);
    expect(await host.end()).toBe(0);
  } finally {
    await host.end('SIGKILL');
    rmSync(configDir, { recursive: true, force: true });
  }
}

/** All frames of all of its windows are there. Deletes it: the disk is small. */
async function expectWhole(host: Host, stopped: Awaited<ReturnType<typeof stop>>): Promise<void> {
  if (!('meta' in stopped)) throw new Error(`not saved: ${stopped.status} ${stopped.code}`);
  const { id } = stopped.meta;
  const { frames, counted, shed } = await loaded(host, id);
  expect({ frames, shed }).toEqual({ frames: counted, shed: 0 });
  expect(frames).toBeGreaterThan(5);
  expect((await status(host)).fault).toBeUndefined();
  expect((await host.ask('DELETE', `${RECORDINGS}/${id}?forever=true`)).status).toBe(204);
}
