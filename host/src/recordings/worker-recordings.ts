// The recordings of the Worker put together: engine, black box, timers.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { loadLibrary, monotonicClock } from '../engine/ffi.ts';
import { Snapshot } from '../engine/messages.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { type BlackBoxParts, type OpenedRecordings, openRecordings } from './assembly.ts';
import { LastRuns } from './last-run.ts';
import { LiveBlackBox } from './live-black-box.ts';
import type { BlackBox, MeasuredEngine } from './parts.ts';
import { systemProcesses } from './processes.ts';
import type { RecordingsStart } from './protocol.ts';
import { runFileName, runIdentity } from './run-mark.ts';
import { RunWriter } from './run-writer.ts';

/** Throws when the engine cannot be reached from this thread. */
export function openForWorker(start: RecordingsStart, log: Log): OpenedRecordings {
  const engine = measuredEngine(start);
  let timer: ReturnType<typeof setInterval> | undefined;
  const { configDir, keep, host } = start;
  const opened = openRecordings({
    ...{ engine, configDir, log, host },
    keep: { count: keep.count, days: keep.days, bytes: keep.bytes },
    nowUnixMs: Date.now,
    bootMs,
    clockMs: () => performance.now(),
    blackBox: (parts) => blackBoxOf(start, engine, log, parts),
    metrics: start.metrics,
    recovers: true,
    onActive: (active) => {
      clearInterval(timer);
      timer = active ? setInterval(poll, POLL_MS) : undefined;
    },
  });
  const { recorder, store, recovered } = opened;
  function poll(): void {
    try {
      recorder.poll();
    } catch (error) {
      // No statistics fault may stop a stream: told, and the next poll tries again.
      log.error('the frame records could not be read', { reason: reasonOf(error) });
    }
  }
  const tidy = (): void => store.tidy(Date.now());
  void recovered.then(tidy);
  setInterval(tidy, TIDY_MS).unref();
  return opened;
}

function blackBoxOf(
  start: RecordingsStart,
  { nowNs }: MeasuredEngine,
  log: Log,
  { saver, recordings, disk, folder }: BlackBoxParts,
): BlackBox {
  const { host } = start;
  const processes = systemProcesses();
  const nowUnixMs = Date.now;
  const common = {
    mode: start.blackBox ? 'on' : 'off',
    ...{ saver, recordings, host, nowNs, nowUnixMs, log },
    after: (ms: number, run: () => void) => {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  } as const;
  if (folder === undefined) return new LiveBlackBox(common);
  const { runNonce } = start;
  const lastRuns = new LastRuns({ folder, disk, processes, ownNonce: runNonce, log });
  if (!start.blackBox) return new LiveBlackBox({ ...common, lastRuns });
  const header = runIdentity(processes, host.version, nowUnixMs(), runNonce);
  const path = join(folder, runFileName(header.pid));
  const runWriter = new RunWriter({ path, header, disk, nowUnixMs, log });
  return new LiveBlackBox({ ...common, lastRuns, runWriter });
}

/** The engine as this thread reaches it: the same library and handle as the main thread's. */
function measuredEngine({ libraryPath, engine, perf }: RecordingsStart): MeasuredEngine {
  const library = loadLibrary(libraryPath);
  return {
    nowNs: monotonicClock(),
    measure: (on) => {
      library.call(engine, JSON.stringify({ cmd: 'measure', on, perf }));
    },
    drainRecords: (into) => library.drain(engine, 1, into, 0) ?? 0,
    recordsLost: () => {
      const snapshot: unknown = JSON.parse(library.call(engine, '{"cmd":"snapshot"}'));
      return Value.Check(Snapshot, snapshot) ? snapshot.lanes.records.lost : 0;
    },
  };
}

/** CLOCK_BOOTTIME in hundredths of a second; whole seconds where there is no /proc. */
function bootMs(): number {
  try {
    return Number.parseFloat(readFileSync('/proc/uptime', 'latin1')) * 1000;
  } catch {
    return uptime() * 1000;
  }
}

/** The rings hold ten seconds. */
const POLL_MS = 200;
const TIDY_MS = 3_600_000;
