// A disk under captures/ that hangs: no call into it returns. The host serves, streams and stops as one that nobody
// records, and who asks the recorder is told in time.
import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';
import { HostStatus } from '../../contract/host.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import { LIVE, RECORDINGS, START, STOP, TEST_STREAMS } from '../support/api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { Mounts, missingServers } from '../support/mounts.ts';
import {
  beginStream,
  disturbances,
  endStream,
  list,
  status,
  until,
} from '../support/stream-faults.ts';

const missing = missingExecutable || missingServers;
describe.skipIf(missing !== '')(`captures/ on a disk that hangs${missing}`, () => {
  test('while recording: the stream runs, every question is answered in time, the stop that was given up is done', async () => {
    await using mounts = await new Mounts().ready();
    await using place = new Place();
    const host = await place.host(mounts);
    await beginStream(host);
    await host.json('POST', START);
    await until('a sample', async () => (await status(host)).sample_count || undefined);
    const answers = await mounts.coverHung(place.captures);
    const silent = await until('the silence', async () => silenceIn(await status(host)));
    expect(silent).toContain('has not answered since');
    expect(await status(host)).toMatchObject({ armed: true });
    expect(await took(() => status(host))).toBeLessThan(IN_TIME_MS);
    expect(Value.Parse(HostStatus, await host.json('GET', '/api/v1/status')).measuring).toBe(true);
    const asked = [LIVE, '/metrics', RECORDINGS].map((path) => refusal(host, 'GET', path));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['503 recorder_busy']));
    expect(await host.json('GET', '/api/v1/sessions')).toMatchObject([{ state: 'streaming' }]);
    // Nobody waits for the minute that a save may take: given up by the client, done all the same.
    const stopping = host.ask('POST', STOP, { signal: AbortSignal.timeout(500) });
    await stopping.catch(() => undefined);
    const report = await endStream(host);
    expect(disturbances(report)).toEqual([
      'The sender’s figures are missing: the recorder has none, or does not answer.',
    ]);
    expect(report.frames_received).toBeGreaterThan(100);
    await answers();
    const [saved] = await until('the recording', async () => {
      const metas = await list(host).catch(() => []);
      return metas.length > 0 ? metas : undefined;
    });
    expect(saved?.damaged).toBeUndefined();
    const after = await status(host);
    expect(after).toMatchObject({ armed: false });
    expect(after.fault).toBeUndefined();
    expect(await host.end()).toBe(0);
  }, 60_000);

  test('from the start on: the host serves, streams, and ends within five seconds, saying so', async () => {
    await using mounts = await new Mounts().ready();
    await using place = new Place();
    await mounts.coverHung(place.captures);
    const host = await place.host(mounts);
    const first = await status(host);
    expect(first).toMatchObject({ armed: false, sample_count: 0 });
    expect(first.fault).toContain('has not answered since');
    expect(Value.Parse(HostStatus, await host.json('GET', '/api/v1/status')).measuring).toBe(false);
    await host.json('POST', TEST_STREAMS, { source: 'synthetic', seconds: 2 });
    const { report } = await until('the report', async () => {
      const state = Value.Parse(TestStreamState, await host.json('GET', TEST_STREAMS));
      return state.report === undefined ? undefined : state;
    });
    expect(report?.frames_received).toBeGreaterThan(50);
    const stopped = performance.now();
    expect(await host.end()).toBe(1);
    expect(performance.now() - stopped).toBeLessThan(5000);
    expect(host.stderr()).toContain('"what":"saved"');
  }, 60_000);

  test('while a stop waits for it: the host ends within five seconds', async () => {
    await using mounts = await new Mounts().ready();
    await using place = new Place();
    const host = await place.host(mounts);
    await beginStream(host);
    await host.json('POST', START);
    await mounts.coverHung(place.captures);
    const stopping = host.ask('POST', STOP).catch(() => undefined);
    await until('the silence', async () => silenceIn(await status(host)));
    const began = performance.now();
    expect(await host.end()).toBe(1);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(host.stderr()).toContain('not stopped cleanly');
    await stopping;
  }, 60_000);
});

/** Where a host keeps its files. */
class Place implements AsyncDisposable {
  readonly configDir = temporaryFolder();
  readonly captures = join(this.configDir, 'captures');
  #host: Host | undefined;

  constructor() {
    mkdirSync(this.captures);
  }

  async host(mounts: Mounts): Promise<Host> {
    const { configDir } = this;
    this.#host = await startHost({ wrapper: mounts.wrapper, args: ['--metrics', 'on'], configDir });
    return this.#host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host?.end('SIGKILL');
    rmSync(this.configDir, { recursive: true, force: true });
  }
}

function silenceIn({ fault }: { readonly fault?: string }): string | undefined {
  return fault?.includes('has not answered') === true ? fault : undefined;
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function refusal(host: Host, method: string, path: string): Promise<string> {
  const answer = await host.ask(method, path);
  return `${answer.status} ${Value.Parse(ApiError, await answer.json()).code}`;
}

/** Two seconds, and what a busy machine adds. */
const IN_TIME_MS = 3000;
