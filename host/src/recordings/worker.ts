// Worker: polls the engine's frame records and owns the recording files, so that neither a large save nor a slow disk
// stops the API. Its logic is recorder.ts; here is only the wiring.

import { Value } from 'typebox/value';
import { loadLibrary, monotonicClock } from '../engine/ffi.ts';
import { Snapshot } from '../engine/messages.ts';
import { AppError, assertNever, reasonOf } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import type {
  CallRequest,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
} from './protocol.ts';
import { type MeasuredEngine, Recorder } from './recorder.ts';
import { LocalRecordings } from './recordings.ts';
import { RecordingStore } from './store.ts';

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
  if (data.kind !== 'open-worker') return;
  try {
    const recordings = open(data.start);
    self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
      // Answered by a message; a failure is a message too.
      if (data.kind === 'call') void answer(recordings, data);
    };
    reply({ kind: 'hello' });
  } catch (error) {
    reply({ kind: 'failed', reason: reasonOf(error) });
  }
};

async function answer(recordings: LocalRecordings, request: CallRequest): Promise<void> {
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

async function run(recorder: LocalRecordings, request: CallRequest): Promise<RecordingsReply> {
  const { id, method } = request;
  switch (method) {
    case 'start':
      return { kind: 'value', id, method, value: await recorder.start() };
    case 'stop':
      return { kind: 'value', id, method, value: await recorder.stop() };
    case 'status':
      return { kind: 'value', id, method, value: await recorder.status() };
    case 'live':
      return { kind: 'value', id, method, value: await recorder.live() };
    case 'list':
      return { kind: 'value', id, method, value: await recorder.list() };
    case 'open':
      return { kind: 'value', id, method, value: await recorder.open(...request.args) };
    case 'remove':
      return { kind: 'value', id, method, value: await recorder.remove(...request.args) };
    case 'session':
      return { kind: 'value', id, method, value: recorder.session(...request.args) };
    case 'sessionEnded':
      return { kind: 'value', id, method, value: recorder.sessionEnded(...request.args) };
    case 'receiver':
      return { kind: 'value', id, method, value: recorder.receiver(...request.args) };
    case 'event':
      return { kind: 'value', id, method, value: recorder.event(...request.args) };
    case 'observe':
      return { kind: 'value', id, method, value: await recorder.observe(...request.args) };
    case 'observed':
      return { kind: 'value', id, method, value: await recorder.observed(...request.args) };
    case 'shutdown':
      return { kind: 'value', id, method, value: await recorder.shutdown() };
    default:
      return assertNever(method);
  }
}

function open(start: RecordingsStart): LocalRecordings {
  const log = mainThreadLog();
  let timer: ReturnType<typeof setInterval> | undefined;
  const recorder = new Recorder({
    engine: measuredEngine(start),
    store: new RecordingStore(start.configDir, log),
    log,
    nowUnixMs: Date.now,
    onActive: (active) => {
      if (active) {
        timer ??= setInterval(() => {
          try {
            recorder.poll();
          } catch (error) {
            // No statistics fault may stop a stream: told, and the next poll tries again.
            log.error('the frame records could not be read', { reason: reasonOf(error) });
          }
        }, POLL_MS);
      } else {
        clearInterval(timer);
        timer = undefined;
      }
    },
  });
  return new LocalRecordings(recorder);
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
