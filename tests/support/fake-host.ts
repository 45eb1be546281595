// The API over a fake engine and the real recorder on virtual time, in this process: the fast half of the API tests.
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine, type FakeEngineOptions } from '../../host/src/engine/fake-engine.ts';
import { openRecordings } from '../../host/src/recordings/assembly.ts';
import { Sessions } from '../../host/src/sessions/sessions.ts';
import { TestStreams } from '../../host/src/sessions/test-streams.ts';
import { type FakeApiOptions, fakeApiOver, fakeLog, settled, temporaryFolder } from './fake-api.ts';
import { FakeSessions } from './fake-collaborators.ts';

export { BOOT, ORIGIN, settled, TOKEN, temporaryFolder } from './fake-api.ts';

export interface FakeHostOptions extends FakeEngineOptions, FakeApiOptions {}

export function fakeHost(options: FakeHostOptions = {}) {
  const configDir = options.configDir ?? temporaryFolder();
  const { log, lines } = fakeLog();
  const fake = new FakeEngine(options);
  const engine = new Engine(fake, log);
  const unixMs = () =>
    fake.opened.clock.unix_ms +
    Number((fake.nowNs() - BigInt(fake.opened.clock.monotonic_ns)) / 1_000_000n);
  const { recorder, recordings, store, files } = openRecordings({
    engine: {
      nowNs: () => engine.nowNs(),
      measure: (on) => {
        engine.call('measure', { on, perf: false });
      },
      drainRecords: (into) => engine.drainRecords(into),
      recordsLost: () => engine.call('snapshot', {}).lanes.records.lost,
    },
    configDir,
    log,
    nowUnixMs: unixMs,
    bootMs: () => Number(fake.nowNs() / 1_000_000n),
    clockMs: () => performance.now(),
    onActive: () => undefined,
  });
  const sessions = new Sessions(engine, recordings, log);
  const timers = new Set<{ readonly due: number; readonly call: () => void }>();
  const testStreams = new TestStreams({
    engine,
    sessions,
    recordings,
    log,
    config: { fecPct: 20, videoDropPct: 0, dscp: false, linkMbps: undefined },
    env: {},
    nowMs: unixMs,
    // Virtual time has no timers: whatever is due by it happens with the next `pass`.
    after: (ms, call) => {
      const due = unixMs() + ms;
      const waiting = { due, call };
      timers.add(waiting);
      return () => timers.delete(waiting);
    },
  });
  const parts = {
    recordings,
    testStreams,
    sessions: new FakeSessions(sessions),
    unixMs,
    log,
    lines,
  };
  const tick = (ms: number) => fake.tick(ms);

  return {
    ...fakeApiOver({ ...options, configDir }, { ...parts, tick }),
    fake,
    engine,
    recorder,
    recordings,
    store,
    files,
    sessions,
    testStreams,
    /** Lets time pass in steps, with the recorder polling as it would. */
    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 200) {
        fake.tick(Math.min(200, left));
        for (const timer of timers) if (timer.due <= unixMs()) timer.call();
        recorder.poll();
        await settled();
      }
    },
  };
}
