// The event stream’s middle: keeps the newest state of each topic once and tells readers what changed. A reader holds a
// place in the count of changes and nothing else, so a slow one costs no memory: it gets the newest state when it comes
// to read. Whoever changes something calls `changed`; a look once a second finds what nobody announced.
import type { EventTopic, HostEvent } from '../../../contract/events.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { placeOf, type StreamReaders } from './stream-readers.ts';

/** Reads the state of a topic as it is now. */
export type EventSources = {
  readonly [T in EventTopic]: () => HostEvent | Promise<HostEvent>;
};

export interface EventHubOptions {
  readonly sources: EventSources;
  /** Random, for this run of the host alone: letters and digits. */
  readonly boot: string;
  readonly readers: StreamReaders;
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
  /** Every change up to here has been sent. */
  seen: number;
  wake: () => void;
}

export class EventHub {
  readonly #options: EventHubOptions;
  readonly #topics: readonly Topic[];
  readonly #readers = new Set<Reader>();
  #changes = 0;

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
    options.readers.onTick(() => this.#look());
  }

  /** Something about a topic is different now. */
  changed(name: EventTopic): void {
    for (const topic of this.#topics) {
      // Nobody reads: the next reader looks for itself.
      if (topic.name === name && this.#isRead(topic)) void this.#refresh(topic);
    }
  }

  /** A stream of server-sent events. Throws AppError 503 when there are too many. */
  subscribe({ topics, tokenId, lastEventId }: Subscription): ReadableStream<Uint8Array> {
    this.#options.readers.requireRoom();
    const followed = this.#topics.filter(({ name }) => topics.has(name));
    const reader: Reader = {
      topics: followed,
      seen: this.#changeOf(lastEventId),
      wake: () => undefined,
    };
    this.#readers.add(reader);
    const opened = this.#options.readers.open({
      tokenId,
      // Nobody may have looked since the last reader left.
      ready: Promise.all(followed.map((topic) => this.#refresh(topic))),
      next: () => this.#next(reader),
      left: () => this.#readers.delete(reader),
    });
    reader.wake = () => opened.wake();
    return opened.stream;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** Another run’s ids say nothing. */
  #changeOf(eventId: string | undefined): number {
    const change = placeOf(eventId, this.#options.boot) ?? 0;
    return change <= this.#changes ? change : 0;
  }

  /** The oldest change that the reader has not seen, as it is now. */
  #next(reader: Reader): string | undefined {
    const topic = nextOf(reader);
    if (topic === undefined) return undefined;
    reader.seen = topic.change;
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
    const essence = JSON.stringify(event, essential);
    topic.data = JSON.stringify(event);
    if (essence === topic.essence) return;
    topic.essence = essence;
    this.#changes += 1;
    topic.change = this.#changes;
    for (const reader of this.#readers) if (reader.topics.includes(topic)) reader.wake();
  }

  #look(): void {
    for (const topic of this.#topics) if (this.#isRead(topic)) void this.#refresh(topic);
  }

  #isRead(topic: Topic): boolean {
    return [...this.#readers].some(({ topics }) => topics.includes(topic));
  }
}

/** What a state is without what passes by itself: that alone is worth no event. */
function essential(key: string, value: unknown): unknown {
  if (PASSES_BY_ITSELF.includes(key)) return undefined;
  return key === 'seconds' && typeof value === 'number' ? Math.floor(value / SECONDS_STEP) : value;
}

function nextOf(reader: Reader): Topic | undefined {
  return reader.topics
    .filter(({ change }) => change > reader.seen)
    .toSorted((left, right) => left.change - right.change)[0];
}

/** Every topic there is. */
export const EVENT_TOPICS: readonly EventTopic[] = ['sessions', 'clients', 'pairing', 'captures'];
/** The clock, and what filling a black box and writing change with every second. */
const PASSES_BY_ITSELF: readonly string[] = [
  'now_unix_ms',
  'frames',
  'bytes',
  'ns_per_frame',
  'bytes_written',
  'write_ms',
  'write_max_ms',
];
/** How far a black box reaches back is told in steps of this. */
const SECONDS_STEP = 10;
