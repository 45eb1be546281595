// Worker: polls the engine's frame records and owns the recording files, so that neither a large save nor a slow disk
// stops the API. Here is only the wiring of messages.
import { AppError, assertNever, reasonOf } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import type { OpenedRecordings } from './assembly.ts';
import type {
  CallRequest,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
} from './protocol.ts';
import type { RecordingsService } from './service.ts';
import { openForWorker } from './worker-recordings.ts';

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
  if (data.kind === 'open-worker') serve(data.start);
};

function serve(start: RecordingsStart): void {
  let opened: OpenedRecordings;
  try {
    opened = openForWorker(start, mainThreadLog());
  } catch (error) {
    reply({ kind: 'failed', reason: reasonOf(error) });
    return;
  }
  let stopWatching: (() => void) | undefined;
  self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
    // Answered by a message; a failure is a message too.
    if (data.kind === 'call') void answer(opened.recordings, data);
    else if (data.kind === 'watch') {
      stopWatching?.();
      stopWatching = data.on
        ? opened.recorder.onDeltas((deltas) => reply({ kind: 'deltas', deltas }))
        : undefined;
    }
  };
}

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
