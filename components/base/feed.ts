// Lists of the host, followed: over its event stream while that holds, asked on a beat where an API has none. Reconnects
// with back-off behind the last event, is silent while the page is hidden, and does not ask again for what the token may
// not see. Knows no DOM and no element.
import type { EventTopic, HostEvent } from '../../contract/events.ts';
import type { Watching } from './host-api.ts';
import { type PageVisibility, Poller, realTimers, type Timers } from './poller.ts';
import { isForbidden, isLacking, lacking } from './rights.ts';
import { type ApiFailure, asFailure, type StatsApi } from './stats-api.ts';

export interface FeedOptions {
  readonly api: () => StatsApi;
  readonly topics: readonly EventTopic[];
  readonly onEvent: (event: HostEvent) => void;
  /** What stands between the viewer and a topic; undefined: nothing any more. */
  readonly onFailure: (topic: EventTopic, failure: ApiFailure | undefined) => void;
  readonly timers?: Timers;
  readonly page?: PageVisibility;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly #poller: Poller;
  /** Topics that this API or this token does not have. */
  readonly #closed = new Set<EventTopic>();
  /** How many answers came for a topic: an older one must not overwrite a newer one. */
  readonly #news = new Map<EventTopic, number>();
  /** Beats to go until the stream is tried again. */
  #streamless = 0;
  #lastId: string | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    // How long a connection lived says nothing about how much the host has to do: the beat does not stretch with it.
    const { timers = realTimers } = options;
    this.#poller = new Poller({
      ask: (signal) => this.#ask(signal),
      timers: {
        set: (callback, ms) => timers.set(callback, ms),
        clear: (handle) => timers.clear(handle),
        now: () => 0,
      },
      ...(options.page === undefined ? {} : { page: options.page }),
    });
  }

  start(): void {
    this.#poller.start();
  }

  stop(): void {
    this.#poller.stop();
  }

  /** Another API or token: everything that was learned about the old one is forgotten. */
  reset(): void {
    this.stop();
    this.#closed.clear();
    this.#news.clear();
    this.#streamless = 0;
    this.#lastId = undefined;
  }

  /** The user changed something: asked at once, without giving up a stream that holds. */
  async refresh(): Promise<void> {
    // Trouble shows at the next beat, with a sentence; the stream may well tell the news before that.
    await this.#snapshot(this.#options.api(), new AbortController().signal).catch(() => undefined);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const api = this.#options.api();
    if (api.watch === undefined || this.#streamless > 0) {
      this.#streamless = Math.max(0, this.#streamless - 1);
      return this.#snapshot(api, signal);
    }
    if (this.#open.length === 0) return;
    try {
      await api.watch(this.#watching(), signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const failure = asFailure(thrown);
      if (failure.kind === 'refused' || isLacking(failure)) {
        return this.#withoutStream(failure, api, signal);
      }
      for (const topic of this.#open) this.#options.onFailure(topic, failure);
      throw failure;
    }
  }

  #watching(): Watching {
    return {
      topics: this.#open,
      after: this.#lastId,
      onEvent: (event, id) => {
        if (id !== undefined) this.#lastId = id;
        this.#tell(event);
      },
    };
  }

  /** The stream was refused as a whole. Asked one by one, the topics say whether it was because of one of them. */
  async #withoutStream(failure: ApiFailure, api: StatsApi, signal: AbortSignal): Promise<void> {
    const before = this.#open.length;
    await this.#snapshot(api, signal);
    if (this.#open.length < before) this.#lastId = undefined;
    else this.#streamless = isLacking(failure) ? Number.POSITIVE_INFINITY : BEATS_WITHOUT_STREAM;
  }

  async #snapshot(api: StatsApi, signal: AbortSignal): Promise<void> {
    const asked = this.#open.map((topic) => this.#askOne(topic, api, signal));
    const failures = (await Promise.all(asked)).filter((failure) => failure !== undefined);
    if (failures[0] !== undefined && !signal.aborted) throw failures[0];
  }

  /** The failure that may be over at the next beat, if there was one. */
  async #askOne(
    topic: EventTopic,
    api: StatsApi,
    signal: AbortSignal,
  ): Promise<ApiFailure | undefined> {
    const before = this.#news.get(topic);
    try {
      const event = await question(topic, api, signal);
      // The stream was faster: this answer is older than what is shown.
      if (!signal.aborted && this.#news.get(topic) === before) this.#tell(event);
      return undefined;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const failure = asFailure(thrown);
      this.#options.onFailure(topic, failure);
      if (!isForbidden(failure) && !isLacking(failure)) return failure;
      this.#closed.add(topic);
      return undefined;
    }
  }

  #tell(event: HostEvent): void {
    const { topic } = event;
    if (!this.#options.topics.includes(topic)) return;
    this.#news.set(topic, (this.#news.get(topic) ?? 0) + 1);
    this.#options.onFailure(topic, undefined);
    this.#options.onEvent(event);
  }

  get #open(): readonly EventTopic[] {
    return this.#options.topics.filter((topic) => !this.#closed.has(topic));
  }
}

async function question(topic: EventTopic, api: StatsApi, signal: AbortSignal): Promise<HostEvent> {
  switch (topic) {
    case 'sessions':
      if (api.sessions === undefined) throw lacking();
      return { topic, sessions: [...(await api.sessions(signal))] };
    case 'clients':
      if (api.clients === undefined) throw lacking();
      return { topic, clients: [...(await api.clients(signal))] };
    case 'pairing':
      if (api.pairing === undefined) throw lacking();
      return { topic, pairing: await api.pairing(signal) };
    case 'captures':
      return { topic, status: await api.status(signal) };
  }
}

/** A host with too many readers may have room again after half a minute. */
const BEATS_WITHOUT_STREAM = 15;
