// The engine as the host sees it: typed commands, operations as promises, events, state after an overflow, questions.
// Knows no FFI; everything from the other side is parsed by a schema before anybody sees it.
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  type CommandFields,
  type CommandName,
  type CommandReply,
  commands,
  EngineEvent,
  type EngineEventOf,
  type OpenReply,
  type Snapshot,
} from './messages.ts';
import { EngineError, type EngineTransport, engineStatus } from './transport.ts';

export type EventListener = (event: EngineEvent) => void;
/** Answers a question of the engine; undefined = refused. */
export type AskHandler = (event: EngineEventOf<'ask'>) => Promise<unknown>;

/** What an operation is about: if that is gone after an overflow, its `op.done` was lost. */
export interface OpSubject {
  readonly session?: number;
  readonly probe?: number;
}

interface PendingOp {
  readonly subject: OpSubject;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Engine {
  readonly #transport: EngineTransport;
  readonly #log: Log;
  readonly #listeners = new Set<EventListener>();
  readonly #resync = new Set<(snapshot: Snapshot) => void>();
  readonly #ops = new Map<number, PendingOp>();
  /** Operations that completed before anybody asked for them. */
  readonly #early = new Map<number, EngineEventOf<'op.done'>>();
  readonly #checks = new Map<TSchema, ReturnType<typeof Compile>>();
  #ask: AskHandler | undefined;
  #closed = false;

  constructor(transport: EngineTransport, log: Log) {
    this.#transport = transport;
    this.#log = log;
    transport.listen((batch) => {
      for (const event of batch) this.#receive(event);
    });
  }

  get opened(): OpenReply {
    return this.#transport.opened;
  }

  /** The engine's clock, ns. */
  nowNs(): bigint {
    return this.#transport.nowNs();
  }

  drainRecords(into: Uint8Array): number {
    return this.#transport.drainRecords(into);
  }

  /** Sends one command. Throws AppError with the engine's code when it is refused. */
  call<C extends CommandName>(cmd: C, fields: CommandFields<C>): CommandReply<C> {
    const request = JSON.stringify({ cmd, ...fields });
    let text: string;
    try {
      text = this.#transport.call(request);
    } catch (error) {
      throw asAppError(error, cmd);
    }
    return this.#parse<CommandReply<C>>(commands[cmd].reply, JSON.parse(text), `reply to ${cmd}`);
  }

  /** Waits for an operation's end: its result, or an AppError with the engine's code. */
  done(op: number, subject: OpSubject = {}): Promise<unknown> {
    const early = this.#early.get(op);
    if (early !== undefined) {
      this.#early.delete(op);
      return early.ok ? Promise.resolve(early.result) : Promise.reject(opError(early));
    }
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#ops.set(op, { subject, resolve, reject });
    });
  }

  /** Checks what an operation answered. */
  parse<T>(schema: TSchema, value: unknown, what: string): T {
    return this.#parse<T>(schema, value, what);
  }

  /** Hears every event; answers how to stop. */
  on(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hears a snapshot whenever events were lost: what it does not hold is gone. */
  onResync(listener: (snapshot: Snapshot) => void): () => void {
    this.#resync.add(listener);
    return () => this.#resync.delete(listener);
  }

  /** Who answers the engine's questions; without one they are refused. */
  answerWith(handler: AskHandler): void {
    this.#ask = handler;
  }

  /** Closes the engine and fails what still waits. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#transport.close();
    for (const { reject } of this.#ops.values()) reject(closedError());
    this.#ops.clear();
  }

  #receive(data: unknown): void {
    let event: EngineEvent;
    try {
      event = this.#parse<EngineEvent>(EngineEvent, data, 'event');
    } catch (error) {
      // One unreadable event must not stop the others.
      this.#log.error('the engine sent an event that this host does not understand', {
        event: JSON.stringify(data).slice(0, 300),
        reason: error instanceof Error ? error.message : String(error),
      });
      return;
    }
    if (event.ev === 'op.done') this.#complete(event);
    else if (event.ev === 'overflow') this.#overflowed(event.lost);
    else if (event.ev === 'ask') this.#answer(event);
    for (const listener of [...this.#listeners]) listener(event);
  }

  #complete(event: EngineEventOf<'op.done'>): void {
    const pending = this.#ops.get(event.op);
    if (pending === undefined) {
      this.#early.set(event.op, event);
      const oldest = this.#early.keys().next().value;
      if (this.#early.size > MAX_EARLY && oldest !== undefined) this.#early.delete(oldest);
      return;
    }
    this.#ops.delete(event.op);
    if (event.ok) pending.resolve(event.result);
    else pending.reject(opError(event));
  }

  #overflowed(lost: number): void {
    this.#log.warn('events of the engine were lost; reading its state again', { lost });
    const snapshot = this.call('snapshot', {});
    const sessions = new Set(snapshot.sessions.map(({ session }) => session));
    const probes = new Set(snapshot.probes.map(({ probe }) => probe));
    for (const [op, { subject, reject }] of this.#ops) {
      const gone =
        (subject.session !== undefined && !sessions.has(subject.session)) ||
        (subject.probe !== undefined && !probes.has(subject.probe));
      if (!gone) continue;
      this.#ops.delete(op);
      reject(
        new AppError(500, 'event_lost', 'The end of the operation was lost: too many events.'),
      );
    }
    for (const listener of [...this.#resync]) listener(snapshot);
  }

  #answer(event: EngineEventOf<'ask'>): void {
    const answer = this.#ask?.(event) ?? Promise.resolve(undefined);
    // Fire and forget: the engine has its own deadline, and unanswered means refused.
    void answer
      .catch(() => undefined)
      .then((value) => {
        if (this.#closed) return;
        this.call('answer', { id: event.id, value: value ?? { refused: true } });
      })
      .catch((error: unknown) => {
        this.#log.warn('the engine did not take an answer', {
          id: event.id,
          reason: String(error),
        });
      });
  }

  #parse<T>(schema: TSchema, value: unknown, what: string): T {
    let check = this.#checks.get(schema);
    if (check === undefined) {
      check = Compile(schema);
      this.#checks.set(schema, check);
    }
    if (isOf<T>(check, value)) return value;
    const first = [...check.Errors(value)][0];
    throw new AppError(
      500,
      'engine_protocol',
      `The engine's ${what} is malformed: ${first?.instancePath ?? ''} ${first?.message ?? ''}.`,
    );
  }
}

function isOf<T>(check: { Check(value: unknown): boolean }, value: unknown): value is T {
  return check.Check(value);
}

function asAppError(error: unknown, cmd: string): Error {
  if (!(error instanceof EngineError)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  if (error.status === engineStatus.refused) {
    // What was asked for is wrong (422), or right and not possible now (409).
    const status = /_invalid$|_unsupported$|^unknown_/.test(error.code) ? 422 : 409;
    return new AppError(status, error.code, error.message, { cause: error });
  }
  return new AppError(500, error.code, `The engine failed at ${cmd}: ${error.message}`, {
    cause: error,
  });
}

function opError(event: EngineEventOf<'op.done'>): AppError {
  const { code, message } = event.error ?? {
    code: 'engine_failed',
    message: 'The engine failed without a reason.',
  };
  return new AppError(500, code, message);
}

function closedError(): AppError {
  return new AppError(503, 'engine_closed', 'The engine was closed.');
}

/** Completions kept for a caller that asks after the fact; a caller asks in the same turn. */
const MAX_EARLY = 64;
