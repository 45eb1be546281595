// The main thread's end of the recordings Worker: every call becomes a message and its answer a promise. The Worker begins
// with the first call, or at once when an earlier run left something to finish: an idle host has neither its thread nor
// its memory.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LiveDelta } from '../../../contract/stats.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { startRecordingsWorker } from '../workers.ts';
import type {
  Method,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
  ValueReply,
} from './protocol.ts';
import type { RecordingsService } from './service.ts';

type Arguments = { readonly [M in Method]: Parameters<RecordingsService[M]> };
type Values = { readonly [M in Method]: Awaited<ReturnType<RecordingsService[M]>> };
type Answer<M extends Method> = Promise<Values[M]>;
type Settled = Extract<RecordingsReply, { kind: 'value' | 'error' }>;

export class RecordingsWorker implements RecordingsService {
  readonly #start: RecordingsStart;
  readonly #log: Log;
  readonly #tidying: ReturnType<typeof setTimeout>;
  #worker: Worker | undefined;
  readonly #pending = new Map<number, (reply: Settled) => void>();
  readonly #listeners = new Set<(delta: LiveDelta) => void>();
  #calls = 0;
  #failure: string | undefined;

  constructor(start: RecordingsStart, log: Log) {
    this.#start = start;
    this.#log = log;
    if (start.metrics || namesIn(start.configDir).some(isLeftover)) this.#begun();
    // What is kept too long goes, on a host that nobody asks anything too.
    this.#tidying = setTimeout(() => {
      if (namesIn(start.configDir).length > 0) this.#begun();
    }, TIDY_MS);
    this.#tidying.unref();
  }

  onDelta(listener: (delta: LiveDelta) => void): () => void {
    if (this.#listeners.size === 0) this.#post({ kind: 'watch', on: true });
    // Wrapped: the same function may listen twice, and stops once each time.
    const entry = (delta: LiveDelta): void => listener(delta);
    this.#listeners.add(entry);
    return () => {
      if (!this.#listeners.delete(entry) || this.#listeners.size > 0) return;
      this.#post({ kind: 'watch', on: false });
    };
  }

  start(...args: Arguments['start']): Answer<'start'> {
    return this.#ask('start', args);
  }

  stop(): Answer<'stop'> {
    return this.#ask('stop', []);
  }

  status(): Answer<'status'> {
    return this.#ask('status', []);
  }

  live(): Answer<'live'> {
    return this.#ask('live', []);
  }

  mark(...args: Arguments['mark']): Answer<'mark'> {
    return this.#ask('mark', args);
  }

  list(...args: Arguments['list']): Answer<'list'> {
    return this.#ask('list', args);
  }

  open(...args: Arguments['open']): Answer<'open'> {
    return this.#ask('open', args);
  }

  change(...args: Arguments['change']): Answer<'change'> {
    return this.#ask('change', args);
  }

  remove(...args: Arguments['remove']): Answer<'remove'> {
    return this.#ask('remove', args);
  }

  trash(): Answer<'trash'> {
    return this.#ask('trash', []);
  }

  restore(...args: Arguments['restore']): Answer<'restore'> {
    return this.#ask('restore', args);
  }

  import(bytes: Uint8Array): Answer<'import'> {
    // Moved over where it lies alone in its memory: a copy of 50 MB stops the host for 190 ms.
    const { buffer } = bytes;
    const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length;
    return this.#ask('import', [bytes], isAlone ? [buffer] : []);
  }

  quantiles(...args: Arguments['quantiles']): Answer<'quantiles'> {
    return this.#ask('quantiles', args);
  }

  events(...args: Arguments['events']): Answer<'events'> {
    return this.#ask('events', args);
  }

  openFrames(...args: Arguments['openFrames']): Answer<'openFrames'> {
    return this.#ask('openFrames', args);
  }

  nextFrames(...args: Arguments['nextFrames']): Answer<'nextFrames'> {
    return this.#ask('nextFrames', args);
  }

  closeFrames(...args: Arguments['closeFrames']): Answer<'closeFrames'> {
    return this.#ask('closeFrames', args);
  }

  saveBlackBox(): Answer<'saveBlackBox'> {
    return this.#ask('saveBlackBox', []);
  }

  saveLastRun(): Answer<'saveLastRun'> {
    return this.#ask('saveLastRun', []);
  }

  dismissLastRun(): Answer<'dismissLastRun'> {
    return this.#ask('dismissLastRun', []);
  }

  blackBox(): Answer<'blackBox'> {
    return this.#ask('blackBox', []);
  }

  metrics(): Answer<'metrics'> {
    return this.#ask('metrics', []);
  }

  session(...args: Arguments['session']): void {
    this.#tell('session', args);
  }

  sessionEnded(...args: Arguments['sessionEnded']): void {
    this.#tell('sessionEnded', args);
  }

  receiver(...args: Arguments['receiver']): void {
    this.#tell('receiver', args);
  }

  event(...args: Arguments['event']): void {
    this.#tell('event', args);
  }

  observe(...args: Arguments['observe']): Answer<'observe'> {
    return this.#ask('observe', args);
  }

  observed(...args: Arguments['observed']): Answer<'observed'> {
    return this.#ask('observed', args);
  }

  shutdown(): Answer<'shutdown'> {
    // Nothing was ever asked: there is nothing to save.
    return this.#worker === undefined ? Promise.resolve(undefined) : this.#ask('shutdown', []);
  }

  /** Ends the Worker; call `shutdown` first. */
  terminate(): void {
    clearTimeout(this.#tidying);
    this.#worker?.terminate();
  }

  #begun(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = startRecordingsWorker();
    this.#worker = worker;
    worker.onerror = (event) => this.#fail(event.message);
    worker.onmessage = ({ data }: MessageEvent<RecordingsReply>) => {
      if (data.kind === 'failed') this.#fail(data.reason);
      else if (data.kind === 'log') this.#log[data.level](data.message, data.fields);
      else if (data.kind === 'deltas') this.#fanOut(data.deltas);
      else this.#settle(data);
    };
    this.#post({ kind: 'open-worker', start: this.#start });
    if (this.#listeners.size > 0) this.#post({ kind: 'watch', on: true });
    return worker;
  }

  #ask<M extends Method>(
    method: M,
    args: Arguments[M],
    moved: readonly ArrayBuffer[] = [],
  ): Answer<M> {
    if (this.#failure !== undefined) return Promise.reject(unavailable(this.#failure));
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, (reply) => {
        if (reply.kind === 'error') reject(new AppError(reply.status, reply.code, reply.message));
        else if (isAnswerTo(method, reply)) resolve(reply.value);
        else reject(unavailable(`it answered ${reply.method} to ${method}`));
      });
      this.#begun().postMessage({ kind: 'call', id, method, args }, [...moved]);
    });
  }

  /** For announcements: nobody waits, and a fault is a line in the log. */
  #tell<M extends Method>(method: M, args: Arguments[M]): void {
    void this.#ask(method, args).catch((error: unknown) => {
      this.#log.error('the recorder did not take a message', { method, reason: String(error) });
    });
  }

  #settle(reply: Settled): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    pending?.(reply);
  }

  #fanOut(deltas: readonly LiveDelta[]): void {
    for (const listener of [...this.#listeners]) {
      for (const delta of deltas) listener(delta);
    }
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#log.error('the recorder failed; streams go on, captures are not possible', { reason });
    for (const [id, settle] of this.#pending) {
      settle({ kind: 'error', id, status: 503, code: 'recorder_unavailable', message: reason });
    }
    this.#pending.clear();
  }

  /** A Worker that is not there has nothing to be told. */
  #post(request: RecordingsRequest): void {
    this.#worker?.postMessage(request);
  }
}

function isAnswerTo<M extends Method>(
  method: M,
  reply: ValueReply,
): reply is ValueReply & { readonly value: Values[M] } {
  return reply.method === method;
}

function unavailable(reason: string): AppError {
  return new AppError(503, 'recorder_unavailable', `The recorder failed: ${reason}`);
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

const TIDY_MS = 3_600_000;
