// Whoever reads an answer that does not end, whatever it tells: counted together, ended with their token, kept alive by
// comments, and cut off when they take nothing. What they read is asked of a feed when they come to take it, so a
// reader costs no memory.
import { AppError } from '../errors.ts';

export interface StreamReadersOptions {
  readonly nowMs: () => number;
  /** Calls back every `ms`, until the answer is called. */
  readonly every: (ms: number, tick: () => void) => () => void;
}

/** Where one reader’s text comes from. */
export interface Feed {
  /** The stream ends with this token. */
  readonly tokenId: string;
  /** Waited for before the first text. */
  readonly ready?: Promise<unknown>;
  /** What comes next, whole events; undefined when there is nothing yet. */
  next(): string | Uint8Array | undefined;
  /** The reader is gone; called once. */
  left(): void;
}

export interface StreamReader {
  readonly stream: ReadableStream<Uint8Array>;
  /** There may be something for it now. */
  wake(): void;
  /** Says one last thing and ends it, whether it reads that or not. */
  dismiss(lastWords: string): void;
}

export class StreamReaders {
  readonly #options: StreamReadersOptions;
  readonly #readers = new Set<Reader>();
  readonly #onTick = new Set<() => void>();
  #stopTicks: (() => void) | undefined;

  constructor(options: StreamReadersOptions) {
    this.#options = options;
  }

  /** A reader of server-sent events. Throws AppError 503 when there are too many; look before you build a feed. */
  open(feed: Feed): StreamReader {
    this.requireRoom();
    const reader = new Reader(feed, this.#options.nowMs, () => this.#remove(reader));
    this.#readers.add(reader);
    this.#stopTicks ??= this.#options.every(TICK_MS, () => this.#tick());
    return reader;
  }

  /** Throws AppError 503 when no further reader has room. */
  requireRoom(): void {
    if (this.#readers.size < MOST_READERS) return;
    throw new AppError(
      503,
      'too_many_readers',
      `${MOST_READERS} event streams are open, which is the most; close one.`,
    );
  }

  /** Calls back once a second while anybody reads. */
  onTick(listener: () => void): void {
    this.#onTick.add(listener);
  }

  /** Ends the streams of a token. */
  endOf(tokenId: string): void {
    for (const reader of [...this.#readers]) if (reader.tokenId === tokenId) reader.end();
  }

  /** Ends every stream. */
  close(): void {
    for (const reader of [...this.#readers]) reader.end();
  }

  get size(): number {
    return this.#readers.size;
  }

  #tick(): void {
    for (const listener of this.#onTick) listener();
    for (const reader of [...this.#readers]) reader.tick();
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#stopTicks?.();
    this.#stopTicks = undefined;
  }
}

/** The number in `<boot>-<number>`; undefined when the id is of another run or of nowhere. */
export function placeOf(eventId: string | undefined, boot: string): number | undefined {
  const [, run, place] = /^([A-Za-z0-9]+)-(\d{1,15})$/.exec(eventId ?? '') ?? [];
  return run === boot ? Number(place) : undefined;
}

class Reader implements StreamReader {
  readonly stream: ReadableStream<Uint8Array>;
  readonly tokenId: string;
  readonly #feed: Feed;
  readonly #nowMs: () => number;
  readonly #leave: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #sentMs: number;
  /** The peer takes more; when it does not, nothing is made for it. */
  #taking = false;
  #resolveWait: () => void = () => undefined;
  #ended = false;
  /** Its last words are out since then, and not taken. */
  #dismissedMs: number | undefined;

  constructor(feed: Feed, nowMs: () => number, leave: () => void) {
    this.#feed = feed;
    this.tokenId = feed.tokenId;
    this.#nowMs = nowMs;
    this.#leave = leave;
    this.#sentMs = nowMs();
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
          // At once, so that a reader knows that it is connected even when there is nothing new.
          controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
        },
        pull: () => this.#give(),
        cancel: () => this.#gone(),
      },
      // Nothing is made before somebody takes it: what waits is what the feed has, not a queue.
      { highWaterMark: 0 },
    );
  }

  wake(): void {
    this.#resolveWait();
  }

  dismiss(lastWords: string): void {
    if (this.#ended || this.#dismissedMs !== undefined) return;
    this.#dismissedMs = this.#nowMs();
    this.#controller?.enqueue(encoder.encode(lastWords));
    if (this.#taking) this.end();
  }

  end(): void {
    if (this.#ended) return;
    const { taking, controller } = { taking: this.#taking, controller: this.#controller };
    this.#gone();
    // One that does not read would never see an orderly end.
    if (taking) controller?.close();
    else controller?.error(new Error('the event stream was ended'));
  }

  tick(): void {
    const now = this.#nowMs();
    const silentMs = now - this.#sentMs;
    // A peer that is gone takes nothing more, and its place is somebody else’s.
    if (this.#dismissedMs !== undefined && now - this.#dismissedMs >= LAST_WORDS_MS) this.end();
    else if (!this.#taking && silentMs >= STALLED_MS) this.end();
    else if (silentMs >= HEARTBEAT_MS) this.wake();
  }

  /** Gives what is next; waits for it when there is nothing. */
  async #give(): Promise<void> {
    this.#taking = true;
    if (this.#dismissedMs !== undefined) return this.end();
    await this.#feed.ready;
    while (!this.#ended) {
      const next = this.#feed.next();
      const late = this.#nowMs() - this.#sentMs >= HEARTBEAT_MS;
      if (next !== undefined || late) {
        this.#taking = false;
        this.#sentMs = this.#nowMs();
        const text = next ?? ':\n\n';
        this.#controller?.enqueue(typeof text === 'string' ? encoder.encode(text) : text);
        return;
      }
      const waiting = Promise.withResolvers<void>();
      this.#resolveWait = waiting.resolve;
      await waiting.promise;
    }
  }

  #gone(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#feed.left();
    this.#leave();
    this.wake();
  }
}

const encoder = new TextEncoder();
/** A page, a few widgets, a script or two; each costs a socket. */
const MOST_READERS = 32;
const TICK_MS = 1000;
const HEARTBEAT_MS = 10_000;
/** Six heartbeats that found no room. */
const STALLED_MS = 60_000;
/** How long the reason of an end waits to be read. */
const LAST_WORDS_MS = 10_000;
/** How long a browser waits before it comes back. */
const RETRY_MS = 2000;
