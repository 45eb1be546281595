// Worker: polls the engine's frame records and owns the recording files, so that neither a large save nor a slow disk
// stops the API. Here is only the wiring of messages; what they ask for is loaded when the first of them comes, or when
// an earlier run left something to finish: an idle host has neither its code nor its memory.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
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

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
  if (data.kind === 'open-worker') serve(data.start);
};

function serve(start: RecordingsStart): void {
  let loading: Promise<OpenedRecordings> | undefined;
  let watched = false;
  let stopWatching: (() => void) | undefined;
  const watch = ({ recorder }: OpenedRecordings): void => {
    stopWatching?.();
    stopWatching = watched
      ? recorder.onDeltas((deltas) => reply({ kind: 'deltas', deltas }))
      : undefined;
  };
  /** What is asked first is answered first, while it is loaded too. */
  const opened = (): Promise<OpenedRecordings> => {
    loading ??= load(start).then((loaded) => {
      watch(loaded);
      return loaded;
    });
    return loading;
  };
  self.onmessage = ({ data }: MessageEvent<RecordingsRequest>) => {
    // Answered by a message; a failure is a message too.
    if (data.kind === 'call') void answer(opened, data);
    else if (data.kind === 'watch') {
      // Nothing changes before something is loaded.
      watched = data.on;
      void loading?.then(watch, () => undefined);
    }
  };
  reply({ kind: 'hello' });
  const begin = (): void => {
    // What fails is told by `load`.
    void opened().catch(() => undefined);
  };
  if (start.metrics || namesIn(start.configDir).some(isLeftover)) begin();
  // What is kept too long goes, on a host that nobody asks anything too.
  setTimeout(() => {
    if (namesIn(start.configDir).length > 0) begin();
  }, TIDY_MS).unref();
}

async function load(start: RecordingsStart): Promise<OpenedRecordings> {
  try {
    const { openForWorker } = await import('./worker-recordings.ts');
    return openForWorker(start, mainThreadLog());
  } catch (error) {
    reply({ kind: 'failed', reason: reasonOf(error) });
    throw error;
  }
}

/** Of captures/. */
function namesIn(configDir: string | undefined): string[] {
  try {
    return configDir === undefined ? [] : readdirSync(join(configDir, 'captures'));
  } catch {
    return [];
  }
}

/** An earlier run left a journal, its black box or half a file. */
function isLeftover(name: string): boolean {
  return name.startsWith('.') && name !== '.trash';
}

async function answer(
  opened: () => Promise<OpenedRecordings>,
  request: CallRequest,
): Promise<void> {
  try {
    const { recordings } = await opened();
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

const TIDY_MS = 3_600_000;
