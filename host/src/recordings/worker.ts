// Worker: polls the engine's frame records and owns the recording files, so that neither a large save nor a slow disk
// stops the API. Its logic is recorder.ts, recovery.ts and store.ts; here is only the wiring.

import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import type { HostFigures } from '../../../recording/src/metrics.ts';
import { loadLibrary, monotonicClock } from '../engine/ffi.ts';
import { Snapshot } from '../engine/messages.ts';
import { AppError, assertNever, reasonOf } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import { type BlackBoxParts, type OpenedRecordings, openRecordings } from './assembly.ts';
import { LastRuns, systemProcesses } from './last-run.ts';
import { LiveBlackBox } from './live-black-box.ts';
import { HostMetrics } from './metrics.ts';
import type { BlackBox, MeasuredEngine } from './parts.ts';
import type {
  CallRequest,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
} from './protocol.ts';
import { RunWriter } from './run-writer.ts';
import type { RecordingsService } from './service.ts';

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
  if (data.kind !== 'open-worker') return;
  try {
    const opened = open(data.start);
    const watch = watcher(opened);
    self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
      if (data.kind === 'watch') watch(data.on);
      // Answered by a message; a failure is a message too.
      else if (data.kind === 'call') void answer(opened.recordings, data);
    };
    reply({ kind: 'hello' });
  } catch (error) {
    reply({ kind: 'failed', reason: reasonOf(error) });
  }
};

async function answer(recordings: RecordingsService, request: CallRequest): Promise<void> {
  try {
    reply(await run(recordings, request));
  } catch (error) {
    const known = error instanceof AppError ? error : undefined;
    reply({
      kind: 'error',
      id: request.id,
      status: known?.status ?? 500,
      code: known?.code ?? 'internal',
      message: reasonOf(error),
    });
  }
}

async function run(service: RecordingsService, request: CallRequest): Promise<RecordingsReply> {
  const { id, method } = request;
  switch (method) {
    case 'start':
      return { kind: 'value', id, method, value: await service.start(...request.args) };
    case 'stop':
      return { kind: 'value', id, method, value: await service.stop() };
    case 'status':
      return { kind: 'value', id, method, value: await service.status() };
    case 'live':
      return { kind: 'value', id, method, value: await service.live() };
    case 'mark':
      return { kind: 'value', id, method, value: await service.mark(...request.args) };
    case 'list':
      return { kind: 'value', id, method, value: await service.list(...request.args) };
    case 'open':
      return { kind: 'value', id, method, value: await service.open(...request.args) };
    case 'change':
      return { kind: 'value', id, method, value: await service.change(...request.args) };
    case 'remove':
      return { kind: 'value', id, method, value: await service.remove(...request.args) };
    case 'trash':
      return { kind: 'value', id, method, value: await service.trash() };
    case 'restore':
      return { kind: 'value', id, method, value: await service.restore(...request.args) };
    case 'import':
      return { kind: 'value', id, method, value: await service.import(...request.args) };
    case 'quantiles':
      return { kind: 'value', id, method, value: await service.quantiles(...request.args) };
    case 'events':
      return { kind: 'value', id, method, value: await service.events(...request.args) };
    case 'openFrames':
      return { kind: 'value', id, method, value: await service.openFrames(...request.args) };
    case 'nextFrames':
      return { kind: 'value', id, method, value: await service.nextFrames(...request.args) };
    case 'closeFrames':
      return { kind: 'value', id, method, value: await service.closeFrames(...request.args) };
    case 'saveBlackBox':
      return { kind: 'value', id, method, value: await service.saveBlackBox() };
    case 'saveLastRun':
      return { kind: 'value', id, method, value: await service.saveLastRun() };
    case 'dismissLastRun':
      return { kind: 'value', id, method, value: await service.dismissLastRun() };
    case 'blackBox':
      return { kind: 'value', id, method, value: await service.blackBox() };
    case 'metrics':
      return { kind: 'value', id, method, value: await service.metrics() };
    case 'session':
      return { kind: 'value', id, method, value: service.session(...request.args) };
    case 'sessionEnded':
      return { kind: 'value', id, method, value: service.sessionEnded(...request.args) };
    case 'receiver':
      return { kind: 'value', id, method, value: service.receiver(...request.args) };
    case 'event':
      return { kind: 'value', id, method, value: service.event(...request.args) };
    case 'observe':
      return { kind: 'value', id, method, value: await service.observe(...request.args) };
    case 'observed':
      return { kind: 'value', id, method, value: await service.observed(...request.args) };
    case 'shutdown':
      return { kind: 'value', id, method, value: await service.shutdown() };
    default:
      return assertNever(method);
  }
}

function open(start: RecordingsStart): OpenedRecordings {
  const log = mainThreadLog();
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
    ...(start.metrics ? { metrics: new HostMetrics(figures) } : {}),
    metrics: start.metrics,
    recovers: true,
    onActive: (active) => {
      clearInterval(timer);
      timer = active ? setInterval(poll, POLL_MS) : undefined;
    },
  });
  const { recorder, store, recovered } = opened;
  function figures(): HostFigures {
    const { armed, recorder: own, black_box: blackBox } = recorder.status();
    return {
      ...{ version: host.version, armed },
      ...(own === undefined ? {} : { recorder: own }),
      ...(blackBox === undefined ? {} : { blackBox }),
    };
  }
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
  const lastRuns = new LastRuns({ folder, disk, processes, log });
  if (!start.blackBox) return new LiveBlackBox({ ...common, lastRuns });
  const { pid, startTicks, bootId } = processes.self;
  const runWriter = new RunWriter({
    path: join(folder, `.black-box.${pid}`),
    header: {
      pid,
      ...(startTicks === undefined ? {} : { start_ticks: startTicks }),
      ...(bootId === undefined ? {} : { boot_id: bootId }),
      version: host.version,
      started_unix_ms: nowUnixMs(),
      nonce: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    },
    ...{ disk, nowUnixMs, log },
  });
  return new LiveBlackBox({ ...common, lastRuns, runWriter });
}

/** Tells the main thread what changes, as long as somebody there listens. */
function watcher({ recorder }: OpenedRecordings): (on: boolean) => void {
  let stop: (() => void) | undefined;
  return (on) => {
    stop?.();
    stop = on ? recorder.onDeltas((deltas) => reply({ kind: 'deltas', deltas })) : undefined;
  };
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

function mainThreadLog(): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}) =>
      reply({ kind: 'log', level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function reply(message: RecordingsReply): void {
  self.postMessage(message);
}

/** The rings hold ten seconds. */
const POLL_MS = 200;
const TIDY_MS = 3_600_000;
