// What can happen to captures/ while a host records into it: taken away, replaced by a file, read-only, dead. The stream
// goes on as one that nobody records, and what was recorded is saved once there is somewhere to save it.
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';
import type { Capture } from '../../contract/stats.ts';
import { START, STOP } from '../support/api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { Mounts, missingMounts, missingServers } from '../support/mounts.ts';
import {
  beginStream,
  disturbances,
  endStream,
  list,
  loaded,
  status,
  stop,
  unsound,
  until,
} from '../support/stream-faults.ts';

/** What a recorder does within it: two commits, and a block of the black box. */
const SOME_MS = 1200;

describe.skipIf(missingExecutable !== '')(`captures/${missingExecutable}`, () => {
  test('that is removed while recording is there again, with everything in it', async () => {
    await streaming({}, async (host, captures) => {
      await host.json('POST', START);
      await Bun.sleep(SOME_MS);
      rmSync(captures, { recursive: true });
      await until('captures/ is there again', async () => existsSync(captures) || undefined);
      await Bun.sleep(SOME_MS);
      expect((await status(host)).fault).toBeUndefined();
      rmSync(captures, { recursive: true });
      await expectWhole(host, await stop(host));
    });
  }, 30_000);

  test('that becomes a file is told, also by the stop, and saved once it is gone', async () => {
    await streaming({}, async (host, captures) => {
      await host.json('POST', START);
      await Bun.sleep(300);
      rmSync(captures, { recursive: true });
      writeFileSync(captures, 'a file');
      await until('a fault', async () => (await status(host)).fault);
      await expectRefused(host);
      rmSync(captures);
      await expectWhole(host, await stop(host));
    });
  }, 30_000);
});

const missing = missingExecutable || missingMounts;
describe.skipIf(missing !== '')(`captures/${missing}`, () => {
  test('that is read-only from some moment on is told, and written again when it can be', async () => {
    await using mounts = await new Mounts().ready();
    await streaming({ wrapper: mounts.wrapper }, async (host, captures) => {
      for (const when of ['until the stop', 'for a while'] as const) {
        await host.json('POST', START);
        await Bun.sleep(300);
        mounts.coverReadOnly(captures);
        await until('a fault', async () => (await status(host)).fault);
        if (when === 'until the stop') await expectRefused(host);
        mounts.uncover(captures);
        if (when === 'for a while') {
          await until(
            'no fault',
            async () => (await status(host)).fault === undefined || undefined,
          );
        }
        await expectWhole(host, await stop(host));
      }
    });
  }, 30_000);
});

const missingServer = missingExecutable || missingServers;
describe.skipIf(missingServer !== '')(`captures/${missingServer}`, () => {
  test('on a server that is gone disturbs no stream: recorded, with black box and metrics', async () => {
    await using mounts = await new Mounts().ready();
    const args = ['--metrics', 'on', '--black-box', 'on'];
    await streaming({ wrapper: mounts.wrapper, args }, async (host, captures) => {
      mounts.coverDead(captures);
      await host.json('POST', START);
      await Bun.sleep(2 * SOME_MS);
      const told = await status(host);
      expect(told.fault).toContain('Nothing can be written now');
      expect(told.black_box?.fault).toBeDefined();
      expect(told.sample_count).toBeGreaterThan(0);
      expect((await host.ask('GET', '/metrics')).status).toBe(200);
      await expectRefused(host);
      expect((await host.ask('GET', '/api/v1/stats/capture/live')).status).toBe(200);
      mounts.uncover(captures);
      await expectWhole(host, await stop(host));
    });
  }, 30_000);

  test('on a server that does not answer for a while stops no stream, and no frame is missing then', async () => {
    await using mounts = await new Mounts().ready();
    await streaming({ wrapper: mounts.wrapper }, async (host, captures) => {
      await host.json('POST', START);
      await Bun.sleep(300);
      const answers = await mounts.coverHung(captures);
      await Bun.sleep(2 * SOME_MS);
      expect(await host.json('GET', '/api/v1/sessions')).toMatchObject([{ state: 'streaming' }]);
      await answers();
      const { records_lost: lost, ...capture } = await expectWhole(host, await stop(host));
      expect(lost).toBeUndefined();
      expect(capture.events?.map(({ kind }) => kind)).not.toContain('freeze');
    });
  }, 30_000);

  test('on a server that is gone from the start on: the host serves, streams, and says why it cannot save', async () => {
    await using mounts = await new Mounts().ready();
    const configDir = temporaryFolder();
    const captures = join(configDir, 'captures');
    mkdirSync(captures);
    mounts.coverDead(captures);
    const args = ['--metrics', 'on'];
    await streaming({ wrapper: mounts.wrapper, args, configDir }, async (host) => {
      await host.json('POST', START);
      await Bun.sleep(SOME_MS);
      expect((await status(host)).fault).toContain('Nothing can be written now');
      const answer = await host.ask('GET', '/api/v1/stats/recordings');
      expect(Value.Parse(ApiError, await answer.json()).code).toBe('recordings_unreadable');
      await expectRefused(host);
      mounts.uncover(captures);
      await expectWhole(host, await stop(host));
    });
  }, 30_000);
});

/** Streams all the while, and holds the stream against one that nobody disturbs. */
async function streaming(
  options: NonNullable<Parameters<typeof startHost>[0]>,
  play: (host: Host, captures: string) => Promise<void>,
): Promise<void> {
  const configDir = options.configDir ?? temporaryFolder();
  const captures = join(configDir, 'captures');
  mkdirSync(captures, { recursive: true });
  const host = await startHost({ ...options, configDir });
  try {
    await beginStream(host);
    await play(host, captures);
    expect(disturbances(await endStream(host))).toEqual([]);
    expect(await host.end()).toBe(0);
  } finally {
    await host.end('SIGKILL');
    rmSync(configDir, { recursive: true, force: true });
  }
}

/** Nothing is saved, and that is said; the capture waits. */
async function expectRefused(host: Host): Promise<void> {
  const answer = await host.ask('POST', STOP);
  expect(Value.Parse(ApiError, await answer.json()).code).toBe('save_failed');
  expect([500, 507]).toContain(answer.status);
  expect(await status(host)).toMatchObject({ armed: false, unsaved: true });
}

async function expectWhole(
  host: Host,
  stopped: Awaited<ReturnType<typeof stop>>,
): Promise<Capture> {
  if (!('meta' in stopped)) throw new Error(`not saved: ${stopped.status} ${stopped.code}`);
  const { capture, frames, counted, shed } = await loaded(host, stopped.meta.id);
  expect({ frames, shed }).toEqual({ frames: counted, shed: 0 });
  expect(frames).toBeGreaterThan(20);
  expect(await unsound(host)).toEqual([]);
  expect((await list(host)).map(({ id }) => id)).toContain(stopped.meta.id);
  return capture;
}
