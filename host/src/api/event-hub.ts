// The event stream’s middle: keeps the newest state of each topic once, tells readers what changed, and ends them. A
// reader holds a place in the count of changes and nothing else, so a slow one costs no memory: it gets the newest state
// when it comes to read. Whoever changes something calls `changed`; a look once a second finds what nobody announced.
import type { EventTopic, HostEvent } from '../../../contract/events.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** Reads the state of a topic as it is now. */
export type EventSources = {
  readonly [T in EventTopic]: () => HostEvent | Promise<HostEvent>;
};

export interface EventHubOptions {
  readonly sources: EventSources;
  /** Random, for this run of the host alone: letters and digits. */
  readonly boot: string;
  readonly nowMs: () => number;
  /** Calls back every `ms`, until the answer is called. */
  readonly every: (ms: number, tick: () => void) => () => void;
  readonly log: Log;
}

export interface Subscription {
  readonly topics: ReadonlySet<EventTopic>;
  /** The stream ends with this token. */
  readonly tokenId: string;
  /** Of the last event that the reader got; undefined = everything, please. */
  readonly lastEventId: string | undefined;
}

interface Topic {
  readonly name: EventTopic;
  /** The change that made it as it is; 0 = never read. */
  change: number;
  data: string;
  /** `data` without what passes by itself. */
  essence: string;
  reading: Promise<void> | undefined;
  readAgain: boolean;
}

interface Reader {
  readonly topics: readonly Topic[];
  readonly tokenId: string;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Every change up to here has been sent. */
  seen: number;
  sentMs: number;
  /** Its topics have been looked at since it came. */
  looked: Promise<unknown>;
  /** The peer takes more; when it does not, nothing is made for it. */
  taking: boolean;
  wake: () => void;
  ended: boolean;
}

export class EventHub {
  readonly #options: EventHubOptions;
  readonly #topics: readonly Topic[];
  readonly #readers = new Set<Reader>();
  #changes = 0;
  #stopTicks: (() => void) | undefined;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#topics = EVENT_TOPICS.map((name) => ({
      name,
      change: 0,
      data: '',
      essence: '',
      reading: undefined,
      readAgain: false,
    }));
  }

  /** Something about a topic is different now. */
  changed(name: EventTopic): void {
    for (const topic of this.#topics) {
      // Nobody reads: the next reader looks for itself.
      if (topic.name === name && this.#isRead(topic)) void this.#refresh(topic);
    }
  }

  /** A stream of server-sent events. Throws AppError 503 when there are too many. */
  subscribe(subscription: Subscription): ReadableStream<Uint8Array> {
    if (this.#readers.size >= MOST_READERS) {
      throw new AppError(
        503,
        'too_many_readers',
        `${MOST_READERS} event streams are open, which is the most; close one.`,
      );
    }
    let reader: Reader | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader = this.#add(subscription, controller);
        },
        pull: async () => {
          if (reader !== undefined) await this.#feed(reader);
        },
        cancel: () => {
          if (reader !== undefined) this.#remove(reader);
        },
      },
      // Nothing is made before somebody takes it: what waits is the newest state, not a queue.
      { highWaterMark: 0 },
    );
  }

  /** Ends the streams of a token. */
  endOf(tokenId: string): void {
    for (const reader of [...this.#readers]) if (reader.tokenId === tokenId) this.#end(reader);
  }

  /** Ends every stream. */
  close(): void {
    for (const reader of [...this.#readers]) this.#end(reader);
  }

  get readers(): number {
    return this.#readers.size;
  }

  #add(
    { topics, tokenId, lastEventId }: Subscription,
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Reader {
    const followed = this.#topics.filter(({ name }) => topics.has(name));
    const reader: Reader = {
      topics: followed,
      tokenId,
      controller,
      seen: this.#changeOf(lastEventId),
      sentMs: this.#options.nowMs(),
      // Nobody may have looked since the last reader left.
      looked: Promise.all(followed.map((topic) => this.#refresh(topic))),
      taking: false,
      wake: () => undefined,
      ended: false,
    };
    this.#readers.add(reader);
    this.#stopTicks ??= this.#options.every(TICK_MS, () => this.#tick());
    // At once, so that a reader knows that it is connected even when there is nothing new.
    controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
    return reader;
  }

  /** Another run’s ids say nothing. */
  #changeOf(eventId: string | undefined): number {
    const [, boot, change] = /^([A-Za-z0-9]+)-(\d{1,15})$/.exec(eventId ?? '') ?? [];
    return boot === this.#options.boot && Number(change) <= this.#changes ? Number(change) : 0;
  }

  /** Sends the oldest change that the reader has not seen, as it is now; waits for one when there is none. */
  async #feed(reader: Reader): Promise<void> {
    reader.taking = true;
    await reader.looked;
    while (!reader.ended) {
      const next = nextOf(reader);
      const late = this.#options.nowMs() - reader.sentMs >= HEARTBEAT_MS;
      if (next !== undefined || late) {
        reader.taking = false;
        reader.sentMs = this.#options.nowMs();
        reader.seen = next?.change ?? reader.seen;
        reader.controller.enqueue(encoder.encode(this.#text(next)));
        return;
      }
      const waiting = Promise.withResolvers<void>();
      reader.wake = waiting.resolve;
      await waiting.promise;
    }
  }

  /** An event, or a comment that keeps the connection alive. */
  #text(topic: Topic | undefined): string {
    if (topic === undefined) return ':\n\n';
    const id = `${this.#options.boot}-${topic.change}`;
    return `id: ${id}\nevent: ${topic.name}\ndata: ${topic.data}\n\n`;
  }

  /** One look at a time a topic: an older answer must not overtake a newer one. */
  #refresh(topic: Topic): Promise<void> {
    topic.readAgain = true;
    topic.reading ??= this.#read(topic);
    return topic.reading;
  }

  async #read(topic: Topic): Promise<void> {
    while (topic.readAgain) {
      topic.readAgain = false;
      try {
        const event = await this.#options.sources[topic.name]();
        this.#take(topic, event);
      } catch (error) {
        this.#options.log.warn('a topic of the event stream could not be read', {
          topic: topic.name,
          reason: reasonOf(error),
        });
      }
    }
    // In the same turn as the last look at `readAgain`: nothing announced in between is missed.
    topic.reading = undefined;
  }

  #take(topic: Topic, event: HostEvent): void {
    const essence = JSON.stringify(event, (key, value: unknown) =>
      key === PASSES_BY_ITSELF ? undefined : value,
    );
    topic.data = JSON.stringify(event);
    if (essence === topic.essence) return;
    topic.essence = essence;
    this.#changes += 1;
    topic.change = this.#changes;
    for (const reader of this.#readers) if (reader.topics.includes(topic)) reader.wake();
  }

  #tick(): void {
    const now = this.#options.nowMs();
    for (const topic of this.#topics) if (this.#isRead(topic)) void this.#refresh(topic);
    for (const reader of [...this.#readers]) {
      const silentMs = now - reader.sentMs;
      // A peer that is gone takes nothing more, and its place is somebody else’s.
      if (!reader.taking && silentMs >= STALLED_MS) this.#end(reader);
      else if (silentMs >= HEARTBEAT_MS) reader.wake();
    }
  }

  #isRead(topic: Topic): boolean {
    return [...this.#readers].some(({ topics }) => topics.includes(topic));
  }

  #end(reader: Reader): void {
    this.#remove(reader);
    // One that does not read would never see an orderly end.
    if (reader.taking) reader.controller.close();
    else reader.controller.error(new Error('the event stream was ended'));
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    reader.ended = true;
    reader.wake();
    if (this.#readers.size > 0) return;
    this.#stopTicks?.();
    this.#stopTicks = undefined;
  }
}

function nextOf(reader: Reader): Topic | undefined {
  return reader.topics
    .filter(({ change }) => change > reader.seen)
    .toSorted((left, right) => left.change - right.change)[0];
}

/** Every topic there is. */
export const EVENT_TOPICS: readonly EventTopic[] = ['sessions', 'clients', 'pairing', 'captures'];
const PASSES_BY_ITSELF = 'now_unix_ms';
const encoder = new TextEncoder();
/** A page, a few widgets, a script or two; each costs a socket. */
const MOST_READERS = 32;
const TICK_MS = 1000;
const HEARTBEAT_MS = 10_000;
/** Six heartbeats that found no room. */
const STALLED_MS = 60_000;
/** How long a browser waits before it comes back. */
const RETRY_MS = 2000;
