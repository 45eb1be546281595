// The main thread's end of the recordings Worker: every call becomes a message and its answer a promise. The Worker begins
// with the first call, or at once when an earlier run left something to finish: an idle host has neither its thread nor
// its memory. Nothing in this thread waits for a disk: the Worker may, and who asks it is told after a while (patience.ts).
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveDelta, StatsStatus } from '../../../contract/stats.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { startRecordingsWorker } from '../workers.ts';
import { INDEX_NAME } from './folder.ts';
import { busy, isBusy, PATIENCE, type Patience, silenceFault } from './patience.ts';
import { systemProcesses } from './processes.ts';
import type {
  Method,
  RecordingsReply,
  RecordingsRequest,
  RecordingsStart,
  ValueReply,
} from './protocol.ts';
import { RunMark, runFileName, runIdentity } from './run-mark.ts';
import type { RecordingsService } from './service.ts';

/** What the main thread knows of the Worker’s start; the nonce is the client’s own. */
export type RecordingsOptions = Omit<RecordingsStart, 'runNonce'>;

/** A Worker, or what a test puts in its place. */
export interface RecordingsThread {
  onmessage: ((event: MessageEvent<RecordingsReply>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: unknown, moved: ArrayBuffer[]): void;
  terminate(): void;
}

export interface ThreadOptions {
  readonly startThread?: () => RecordingsThread;
  readonly patience?: Patience;
}

type Arguments = { readonly [M in Method]: Parameters<RecordingsService[M]> };
type Values = { readonly [M in Method]: Awaited<ReturnType<RecordingsService[M]>> };
type Answer<M extends Method> = Promise<Values[M]>;
type Settled = Extract<RecordingsReply, { kind: 'value' | 'error' }>;

interface Pending {
  readonly method: Method;
  readonly settle: (reply: Settled) => void;
  /** Whoever asked was told that it takes too long. */
  overdue: boolean;
}

export class RecordingsWorker implements RecordingsService {
  readonly #start: RecordingsStart;
  readonly #log: Log;
  readonly #startThread: () => RecordingsThread;
  readonly #patience: Patience;
  readonly #tidying: ReturnType<typeof setTimeout>;
  readonly #mark: RunMark | undefined;
  #worker: RecordingsThread | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(delta: LiveDelta) => void>();
  #calls = 0;
  #failure: string | undefined;
  #ended = false;
  /** What the Worker said last of its state, and when. */
  #said: { readonly status: StatsStatus; readonly unixMs: number };
  #isDropping = false;

  constructor(options: RecordingsOptions, log: Log, thread: ThreadOptions = {}) {
    const { configDir, blackBox, host } = options;
    const runNonce = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    this.#start = { ...options, runNonce };
    this.#log = log;
    this.#startThread = thread.startThread ?? startRecordingsWorker;
    this.#patience = thread.patience ?? PATIENCE;
    this.#said = { status: NOTHING_YET, unixMs: Date.now() };
    if (configDir !== undefined && blackBox) {
      const identity = runIdentity(systemProcesses(), host.version, Date.now(), runNonce);
      this.#mark = new RunMark(join(configDir, CAPTURES), identity);
    }
    // What is kept too long goes, on a host that nobody asks anything too.
    this.#tidying = setTimeout(() => void this.#tidy(), TIDY_MS);
    this.#tidying.unref();
  }

  /**
   * Leaves the sign by which the next start knows that this run ended badly, and begins the Worker when there is something
   * to do that nobody asks for. Never throws; a disk that hangs lets it wait for ever.
   */
  async attend(): Promise<void> {
    try {
      const names = await namesIn(this.#start.configDir);
      // Of a dead process that had our number: the Worker puts it aside first.
      const isFirst = !names.includes(runFileName(process.pid));
      if (isFirst) await this.#mark?.write(Date.now(), () => !this.#ended && !this.#worker);
      if (names.some(isLeftover)) this.#beginByItself();
    } catch (error) {
      this.#log.warn('captures/ cannot be written; a bad end of this run would not be told', {
        reason: reasonOf(error),
      });
    }
    if (this.#start.metrics) this.#beginByItself();
  }

  onDelta(listener: (delta: LiveDelta) => void): () => void {
    if (this.#listeners.size === 0) this.#send({ kind: 'watch', on: true });
    // Wrapped: the same function may listen twice, and stops once each time.
    const entry = (delta: LiveDelta): void => listener(delta);
    this.#listeners.add(entry);
    return () => {
      if (!this.#listeners.delete(entry) || this.#listeners.size > 0) return;
      this.#send({ kind: 'watch', on: false });
    };
  }

  start(...args: Arguments['start']): Answer<'start'> {
    return this.#ask('start', args);
  }

  stop(): Answer<'stop'> {
    return this.#ask('stop', []);
  }

  /** What it said last, with a fault, while it does not answer. */
  async status(): Answer<'status'> {
    try {
      const status = await this.#ask('status', []);
      this.#said = { status, unixMs: Date.now() };
      return status;
    } catch (error) {
      if (!isBusy(error)) throw error;
      const { status, unixMs } = this.#said;
      return { ...status, now_unix_ms: Date.now(), fault: silenceFault(unixMs) };
    }
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

  async shutdown(): Answer<'shutdown'> {
    this.#ended = true;
    if (this.#worker !== undefined) return await this.#ask('shutdown', []);
    // Nothing was ever asked: there is nothing to save.
    await this.#mark?.remove();
    return undefined;
  }

  /** Ends the Worker; call `shutdown` first. */
  terminate(): void {
    clearTimeout(this.#tidying);
    this.#worker?.terminate();
  }

  async #tidy(): Promise<void> {
    try {
      const own = runFileName(process.pid);
      const names = await namesIn(this.#start.configDir);
      if (names.some((name) => name !== own)) this.#beginByItself();
    } catch (error) {
      this.#log.warn('captures/ cannot be read', { reason: reasonOf(error) });
    }
  }

  #beginByItself(): void {
    if (!this.#ended) this.#begun();
  }

  #begun(): RecordingsThread {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#startThread();
    this.#worker = worker;
    worker.onerror = (event) => this.#fail(event.message);
    worker.onmessage = ({ data }: MessageEvent<RecordingsReply>) => {
      if (data.kind === 'failed') this.#fail(data.reason);
      else if (data.kind === 'log') this.#log[data.level](data.message, data.fields);
      else if (data.kind === 'deltas') this.#fanOut(data.deltas);
      else this.#settle(data);
    };
    this.#send({ kind: 'open-worker', start: this.#start });
    if (this.#listeners.size > 0) this.#send({ kind: 'watch', on: true });
    return worker;
  }

  #ask<M extends Method>(
    method: M,
    args: Arguments[M],
    moved: readonly ArrayBuffer[] = [],
  ): Answer<M> {
    const limitMs = this.#patience[method];
    // One of its kind waits already, for longer than anybody should: another would only wait behind it.
    if (CHANGE_NOTHING.has(method) && this.#isOverdue(method)) return Promise.reject(busy(limitMs));
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const pending = this.#pending.get(id);
      if (pending !== undefined) pending.overdue = true;
      late.reject(busy(limitMs));
    }, limitMs);
    const { id, answer } = this.#post(method, args, moved);
    return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
  }

  /** For announcements: nobody waits, and a fault is a line in the log. */
  #tell<M extends Method>(method: M, args: Arguments[M]): void {
    if (DISPENSABLE.has(method) && this.#pending.size >= MOST_WAITING) {
      if (!this.#isDropping) this.#log.warn('the recorder does not answer; events are left out');
      this.#isDropping = true;
      return;
    }
    void this.#post(method, args).answer.catch((error: unknown) => {
      this.#log.error('the recorder did not take a message', { method, reason: String(error) });
    });
  }

  #post<M extends Method>(
    method: M,
    args: Arguments[M],
    moved: readonly ArrayBuffer[] = [],
  ): { readonly id: number; readonly answer: Answer<M> } {
    this.#calls += 1;
    const id = this.#calls;
    if (this.#failure !== undefined) {
      return { id, answer: Promise.reject(unavailable(this.#failure)) };
    }
    const { promise, resolve, reject } = Promise.withResolvers<Values[M]>();
    const settle = (reply: Settled): void => {
      if (reply.kind === 'error') reject(new AppError(reply.status, reply.code, reply.message));
      else if (isAnswerTo(method, reply)) resolve(reply.value);
      else reject(unavailable(`it answered ${reply.method} to ${method}`));
    };
    this.#pending.set(id, { method, settle, overdue: false });
    this.#begun().postMessage({ kind: 'call', id, method, args }, [...moved]);
    return { id, answer: promise };
  }

  #isOverdue(method: Method): boolean {
    for (const pending of this.#pending.values()) {
      if (pending.overdue && pending.method === method) return true;
    }
    return false;
  }

  #settle(reply: Settled): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#isDropping = false;
    pending?.settle(reply);
    if (pending?.overdue === true) this.#dropLate(pending.method, reply);
  }

  /** Nobody waits for it any more. */
  #dropLate(method: Method, reply: Settled): void {
    this.#log.info('the recorder answers again; too late for whoever asked', { method });
    if (reply.kind !== 'value' || reply.method !== 'openFrames') return;
    if (reply.value !== undefined) this.#tell('closeFrames', [reply.value.handle]);
  }

  #fanOut(deltas: readonly LiveDelta[]): void {
    for (const listener of [...this.#listeners]) {
      for (const delta of deltas) listener(delta);
    }
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#log.error('the recorder failed; streams go on, captures are not possible', { reason });
    for (const [id, { settle }] of this.#pending) {
      settle({ kind: 'error', id, status: 503, code: 'recorder_unavailable', message: reason });
    }
    this.#pending.clear();
  }

  /** A Worker that is not there has nothing to be told. */
  #send(request: RecordingsRequest): void {
    this.#worker?.postMessage(request, []);
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

/** Of captures/; none when it is not there. Throws system errors. */
async function namesIn(configDir: string | undefined): Promise<string[]> {
  if (configDir === undefined) return [];
  try {
    return await readdir(join(configDir, CAPTURES));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** An earlier run left a journal, its black box or half a file. */
function isLeftover(name: string): boolean {
  return name.startsWith('.') && name !== '.trash' && name !== INDEX_NAME;
}

const TIDY_MS = 3_600_000;
const CAPTURES = 'captures';
/** Before the Worker has said anything, nothing is armed. */
const NOTHING_YET: StatsStatus = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };
const CHANGE_NOTHING: ReadonlySet<Method> = new Set([
  ...(['status', 'live', 'blackBox', 'metrics', 'list', 'trash'] as const),
  ...(['open', 'quantiles', 'events', 'openFrames'] as const),
]);
/** Of what is told unasked, a recording is whole without these; with sixteen sessions that is some minutes of them. */
const DISPENSABLE: ReadonlySet<Method> = new Set(['receiver', 'event']);
const MOST_WAITING = 50_000;
