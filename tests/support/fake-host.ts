// The API over a fake engine on virtual time, in this process: the fast half of the API tests.
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../host/src/api/api.ts';
import type { Connection } from '../../host/src/api/caller.ts';
import { EventHub } from '../../host/src/api/event-hub.ts';
import { Guard } from '../../host/src/api/guard.ts';
import { apiAddress, ownNames } from '../../host/src/api/listen.ts';
import { Assets } from '../../host/src/assets/assets.ts';
import type { EmbeddedAsset } from '../../host/src/assets/embedded.ts';
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine, type FakeEngineOptions } from '../../host/src/engine/fake-engine.ts';
import { Tokens } from '../../host/src/identity/tokens.ts';
import { Logger } from '../../host/src/log.ts';
import { Recorder } from '../../host/src/recordings/recorder.ts';
import { LocalRecordings } from '../../host/src/recordings/recordings.ts';
import { RecordingStore } from '../../host/src/recordings/store.ts';
import { Sessions } from '../../host/src/sessions/sessions.ts';
import { TestStreams } from '../../host/src/sessions/test-streams.ts';
import { FakeClients, FakePairing, FakeSessions } from './fake-collaborators.ts';

export const TOKEN = 'test-token-0123456789';
export const BOOT = 'boot1';
export const ORIGIN = 'https://steamloopback.host';

export interface FakeHostOptions extends FakeEngineOptions {
  readonly configDir?: string;
  readonly assets?: readonly EmbeddedAsset[];
  /** Beyond loopback: the scheme is https, and bare addresses are ours. */
  readonly beyondLoopback?: boolean;
  /** Where a real listener listens; 47990 otherwise. */
  readonly port?: () => number;
}

export function fakeHost(options: FakeHostOptions = {}) {
  const configDir = options.configDir ?? temporaryFolder();
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
  const fake = new FakeEngine(options);
  const engine = new Engine(fake, log);
  const unixMs = () =>
    fake.opened.clock.unix_ms +
    Number((fake.nowNs() - BigInt(fake.opened.clock.monotonic_ns)) / 1_000_000n);
  const recorder = new Recorder({
    engine: {
      nowNs: () => engine.nowNs(),
      measure: (on) => {
        engine.call('measure', { on, perf: false });
      },
      drainRecords: (into) => engine.drainRecords(into),
      recordsLost: () => engine.call('snapshot', {}).lanes.records.lost,
    },
    store: new RecordingStore(configDir, log),
    log,
    nowUnixMs: unixMs,
    onActive: () => undefined,
  });
  const recordings = new LocalRecordings(recorder);
  const sessions = new Sessions(engine, recordings, log);
  const testStreams = new TestStreams({
    engine,
    sessions,
    recordings,
    log,
    config: { fecPct: 20, videoDropPct: 0, dscp: false, linkMbps: undefined },
    env: {},
    nowMs: unixMs,
  });
  const tokens = new Tokens({
    builtin: { value: TOKEN, path: undefined, note: undefined },
    configDir,
    log,
    nowUnixMs: unixMs,
    randomBytes,
  });
  const clients = new FakeClients();
  const pairing = new FakePairing(unixMs);
  const streams = new FakeSessions(sessions);
  const ticks = new Set<() => void>();
  const events = new EventHub({
    sources: {
      sessions: () => ({ topic: 'sessions', sessions: streams.list() }),
      clients: () => ({ topic: 'clients', clients: clients.list() }),
      pairing: () => ({ topic: 'pairing', pairing: pairing.state() }),
      captures: async () => ({ topic: 'captures', status: await recordings.status() }),
    },
    boot: BOOT,
    nowMs: unixMs,
    every: (_ms, tick) => {
      ticks.add(tick);
      return () => ticks.delete(tick);
    },
    log,
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
      events,
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
        sessions: sessions.list(),
      }),
    },
  });

  return {
    api,
    fake,
    engine,
    recorder,
    recordings,
    tokens,
    clients,
    pairing,
    streams,
    events,
    ticks,
    sessions,
    testStreams,
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
    /** Lets time pass in steps, with the recorder polling as it would. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 200) {
        fake.tick(Math.min(200, left));
        recorder.poll();
        await settled();
      }
    },
    /** The second has passed that the event stream waits for. */
    async second(): Promise<void> {
      fake.tick(1000);
      for (const tick of ticks) tick();
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
