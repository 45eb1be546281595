// The main thread's end of the recordings Worker: every call becomes a message and its answer a promise.
import type { CaptureMeta, StatsStatus, StreamKind } from '../../../contract/stats.ts';
import type { CapturedSession } from '../../../recording/src/capture.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import type { RunTotals } from '../../../recording/src/run.ts';
import type { ReceiverTotals } from '../../../recording/src/windows.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { startRecordingsWorker } from '../workers.ts';
import type {
  CallRequest,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
  ValueReply,
} from './protocol.ts';
import type { Recordings } from './recordings.ts';
import type { OpenedRecording } from './store.ts';

type Values = { readonly [M in keyof Recordings]: Awaited<ReturnType<Recordings[M]>> };
type Settled = Extract<RecordingsReply, { kind: 'value' | 'error' }>;

/** Starts the Worker and waits until it is ready. */
export async function openRecordingsWorker(
  start: RecordingsStart,
  log: Log,
): Promise<RecordingsWorker> {
  const worker = new RecordingsWorker(start, log);
  await worker.ready;
  return worker;
}

export class RecordingsWorker implements Recordings {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #pending = new Map<number, (reply: Settled) => void>();
  #calls = 0;
  #failure: string | undefined;

  constructor(start: RecordingsStart, log: Log) {
    this.#log = log;
    this.#worker = startRecordingsWorker();
    const hello = Promise.withResolvers<void>();
    this.ready = hello.promise;
    const fail = (reason: string): void => {
      hello.reject(new AppError(500, 'recorder_unavailable', `The recorder failed: ${reason}`));
      this.#fail(reason);
    };
    this.#worker.onerror = (event) => fail(event.message);
    this.#worker.onmessage = ({ data }: MessageEvent<RecordingsReply>) => {
      if (data.kind === 'hello') hello.resolve();
      else if (data.kind === 'failed') fail(data.reason);
      else if (data.kind === 'log') this.#log[data.level](data.message, data.fields);
      else this.#settle(data);
    };
    this.#post({ kind: 'open-worker', start });
  }

  start(): Promise<StatsStatus> {
    return this.#ask('start', (id) => ({ kind: 'call', id, method: 'start', args: [] }));
  }

  stop(): Promise<CaptureMeta | undefined> {
    return this.#ask('stop', (id) => ({ kind: 'call', id, method: 'stop', args: [] }));
  }

  status(): Promise<StatsStatus> {
    return this.#ask('status', (id) => ({ kind: 'call', id, method: 'status', args: [] }));
  }

  live(): Promise<string | undefined> {
    return this.#ask('live', (id) => ({ kind: 'call', id, method: 'live', args: [] }));
  }

  list(): Promise<CaptureMeta[]> {
    return this.#ask('list', (id) => ({ kind: 'call', id, method: 'list', args: [] }));
  }

  open(recording: RecordingId): Promise<OpenedRecording | undefined> {
    return this.#ask('open', (id) => ({ kind: 'call', id, method: 'open', args: [recording] }));
  }

  remove(recording: RecordingId): Promise<boolean> {
    return this.#ask('remove', (id) => ({
      kind: 'call',
      id,
      method: 'remove',
      args: [recording],
    }));
  }

  session(session: CapturedSession): void {
    this.#tell('session', (id) => ({ kind: 'call', id, method: 'session', args: [session] }));
  }

  sessionEnded(...args: Parameters<Recordings['sessionEnded']>): void {
    this.#tell('sessionEnded', (id) => ({ kind: 'call', id, method: 'sessionEnded', args }));
  }

  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void {
    this.#tell('receiver', (id) => ({
      kind: 'call',
      id,
      method: 'receiver',
      args: [sessionId, atNs, totals],
    }));
  }

  event(...args: Parameters<Recordings['event']>): void {
    this.#tell('event', (id) => ({ kind: 'call', id, method: 'event', args }));
  }

  observe(sessionId: number, kind: StreamKind): Promise<void> {
    return this.#ask('observe', (id) => ({
      kind: 'call',
      id,
      method: 'observe',
      args: [sessionId, kind],
    }));
  }

  observed(sessionId: number): Promise<RunTotals | undefined> {
    return this.#ask('observed', (id) => ({
      kind: 'call',
      id,
      method: 'observed',
      args: [sessionId],
    }));
  }

  shutdown(): Promise<CaptureMeta | undefined> {
    return this.#ask('shutdown', (id) => ({ kind: 'call', id, method: 'shutdown', args: [] }));
  }

  /** Ends the Worker; call `shutdown` first. */
  terminate(): void {
    this.#worker.terminate();
  }

  #ask<M extends ValueReply['method']>(
    method: M,
    request: (id: number) => CallRequest,
  ): Promise<Values[M]> {
    if (this.#failure !== undefined) return Promise.reject(unavailable(this.#failure));
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, (reply) => {
        if (reply.kind === 'error') reject(new AppError(reply.status, reply.code, reply.message));
        else if (isAnswerTo(method, reply)) resolve(reply.value);
        else reject(unavailable(`it answered ${reply.method} to ${method}`));
      });
      this.#post(request(id));
    });
  }

  /** For announcements: nobody waits, and a fault is a line in the log. */
  #tell(method: ValueReply['method'], request: (id: number) => CallRequest): void {
    void this.#ask(method, request).catch((error: unknown) => {
      this.#log.error('the recorder did not take a message', { method, reason: String(error) });
    });
  }

  #settle(reply: Settled): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    pending?.(reply);
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#log.error('the recorder failed; streams go on, captures are not possible', { reason });
    for (const [id, settle] of this.#pending) {
      settle({ kind: 'error', id, status: 503, code: 'recorder_unavailable', message: reason });
    }
    this.#pending.clear();
  }

  #post(request: RecordingsRequest): void {
    this.#worker.postMessage(request);
  }
}

function isAnswerTo<M extends ValueReply['method']>(
  method: M,
  reply: ValueReply,
): reply is ValueReply & { readonly value: Values[M] } {
  return reply.method === method;
}

function unavailable(reason: string): AppError {
  return new AppError(503, 'recorder_unavailable', `The recorder failed: ${reason}`);
}
