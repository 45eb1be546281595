// The API over a fake engine on virtual time, in this process: the fast half of the API tests.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../host/src/api/api.ts';
import { Guard } from '../../host/src/api/guard.ts';
import { Assets } from '../../host/src/assets/assets.ts';
import type { EmbeddedAsset } from '../../host/src/assets/embedded.ts';
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine, type FakeEngineOptions } from '../../host/src/engine/fake-engine.ts';
import { Logger } from '../../host/src/log.ts';
import { Recorder } from '../../host/src/recordings/recorder.ts';
import { LocalRecordings } from '../../host/src/recordings/recordings.ts';
import { RecordingStore } from '../../host/src/recordings/store.ts';
import { Sessions } from '../../host/src/sessions/sessions.ts';
import { TestStreams } from '../../host/src/sessions/test-streams.ts';

export const TOKEN = 'test-token-0123456789';
export const ORIGIN = 'https://steamloopback.host';

export interface FakeHostOptions extends FakeEngineOptions {
  readonly configDir?: string;
  readonly assets?: readonly EmbeddedAsset[];
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
  const api = createApi({
    log,
    assets: new Assets(options.assets ?? []),
    guard: new Guard({
      token: TOKEN,
      hostNames: ['127.0.0.1', 'localhost', '[::1]'],
      port: () => 47990,
      origins: [ORIGIN],
    }),
    host: {
      version: '1.2.3',
      recordings,
      testStreams,
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
    fake,
    engine,
    recorder,
    sessions,
    testStreams,
    configDir,
    lines,
    /** Sends a request without a token. */
    raw(path: string, init: RequestInit = {}): Promise<Response> {
      return api.fetch(new Request(`http://127.0.0.1:47990${path}`, init));
    },
    /** Sends a request with the token. */
    ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${TOKEN}`);
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
  };
}

/** Lets promises that are ready run. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'punktfunk-test-'));
}
