// The operator’s API on virtual time, in this process, over whatever recorder and engine a test has: without any, over
// a recorder that a test drives by hand.
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestStreamState } from '../../contract/test-streams.ts';
import { type ApiHost, createApi } from '../../host/src/api/api.ts';
import { briefStatus } from '../../host/src/api/brief-status.ts';
import type { Connection } from '../../host/src/api/caller.ts';
import { EventHub } from '../../host/src/api/event-hub.ts';
import { Guard } from '../../host/src/api/guard.ts';
import { apiAddress, ownNames } from '../../host/src/api/listen.ts';
import { LiveFeed } from '../../host/src/api/live-feed.ts';
import { StreamReaders } from '../../host/src/api/stream-readers.ts';
import { Assets } from '../../host/src/assets/assets.ts';
import type { EmbeddedAsset } from '../../host/src/assets/embedded.ts';
import { Tokens } from '../../host/src/identity/tokens.ts';
import { Logger } from '../../host/src/log.ts';
import { FakeClients, FakePairing, FakeSessions } from './fake-collaborators.ts';
import { FakeRecordings } from './fake-recordings.ts';

export const TOKEN = 'test-token-0123456789';
export const BOOT = 'boot1';
export const ORIGIN = 'https://steamloopback.host';

export interface FakeApiOptions {
  readonly configDir?: string;
  readonly assets?: readonly EmbeddedAsset[];
  /** Beyond loopback: the scheme is https, and bare addresses are ours. */
  readonly beyondLoopback?: boolean;
  /** Where a real listener listens; 47990 otherwise. */
  readonly port?: () => number;
}

/** What stands behind the API. */
export interface FakeParts {
  readonly recordings: ApiHost['recordings'];
  readonly testStreams: ApiHost['testStreams'];
  readonly sessions: FakeSessions;
  readonly unixMs: () => number;
  /** Lets virtual time pass. */
  readonly tick: (ms: number) => void;
  readonly log: Logger;
  readonly lines: string[];
}

/** The API over a recorder that a test drives by hand. */
export function fakeApi(options: FakeApiOptions = {}) {
  let now = START_UNIX_MS;
  const recordings = new FakeRecordings(() => now);
  const idle: TestStreamState = { state: 'idle' };
  const api = fakeApiOver(options, {
    recordings,
    testStreams: {
      start: () => idle,
      state: () => idle,
      stop: async () => idle,
      truthPath: () => '/dev/null',
    },
    sessions: new FakeSessions({ list: () => [], stop: async () => undefined }),
    unixMs: () => now,
    tick: (ms) => {
      now += ms;
    },
    ...fakeLog(),
  });
  return { ...api, recordings };
}

export function fakeLog(): Pick<FakeParts, 'log' | 'lines'> {
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
  return { log, lines };
}

export function fakeApiOver(options: FakeApiOptions, parts: FakeParts) {
  const { recordings, testStreams, sessions: streams, unixMs, tick, log, lines } = parts;
  const configDir = options.configDir ?? temporaryFolder();
  const tokens = new Tokens({
    builtin: { value: TOKEN, path: undefined, note: undefined },
    configDir,
    log,
    nowUnixMs: unixMs,
    randomBytes,
  });
  const clients = new FakeClients();
  const pairing = new FakePairing(unixMs);
  const ticks = new Set<() => void>();
  const readers = new StreamReaders({
    nowMs: unixMs,
    every: (_ms, onTick) => {
      ticks.add(onTick);
      return () => ticks.delete(onTick);
    },
  });
  const events = new EventHub({
    sources: {
      sessions: () => ({ topic: 'sessions', sessions: streams.list() }),
      clients: () => ({ topic: 'clients', clients: clients.list() }),
      pairing: () => ({ topic: 'pairing', pairing: pairing.state() }),
      captures: async () => ({ topic: 'captures', status: briefStatus(await recordings.status()) }),
    },
    boot: BOOT,
    readers,
    log,
  });
  const live = new LiveFeed({
    onDelta: (listener) => recordings.onDelta(listener),
    readers,
    boot: BOOT,
    nowMs: unixMs,
  });
  const address = apiAddress(options.beyondLoopback === true ? '0.0.0.0' : '127.0.0.1');
  const api = createApi({
    log,
    assets: new Assets(options.assets ?? []),
    guard: new Guard({
      tokens,
      scheme: address.scheme,
      hostNames: ownNames(address, 'living-room', ['tv.example', 'relay.example:8443']),
      anyAddress: address.scheme === 'https',
      port: options.port ?? (() => 47990),
      origins: [ORIGIN],
      nowMs: unixMs,
      log,
    }),
    host: {
      version: '1.2.3',
      recordings,
      testStreams,
      sessions: streams,
      clients,
      pairing,
      tokens,
      readers,
      events,
      live,
      status: async () => ({
        state: streams.appRuns ? 'busy' : 'free',
        sessions: streams.list().length,
        max_sessions: 4,
        measuring: (await recordings.status()).armed,
        waiting_for_pin: pairing.state().attempts.length,
      }),
      info: () => ({
        name: 'living-room',
        version: '1.2.3',
        started_unix_ms: 1,
        now_unix_ms: unixMs(),
        gamestream_port: 47989,
        engine: { abi: 1, version: '0.0.0-fake' },
        sessions: streams.list(),
      }),
    },
  });

  return {
    api,
    tokens,
    clients,
    pairing,
    streams,
    readers,
    events,
    live,
    ticks,
    configDir,
    lines,
    /** Sends a request without a token. */
    raw(path: string, init: RequestInit = {}, connection?: Connection): Promise<Response> {
      return api.fetch(new Request(`${address.scheme}://127.0.0.1:47990${path}`, init), connection);
    },
    /** Sends a request with the token. */
    ask(
      method: string,
      path: string,
      init: RequestInit = {},
      token: string = TOKEN,
    ): Promise<Response> {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${token}`);
      return this.raw(path, { ...init, method, headers });
    },
    /** The second has passed that the event stream waits for. */
    async second(): Promise<void> {
      tick(1000);
      for (const onTick of ticks) onTick();
      await settled();
    },
  };
}

/** Lets promises that are ready run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'punktfunk-test-'));
}

const START_UNIX_MS = Date.UTC(2026, 5, 26, 20, 14, 3);
