// The live capture, followed: loaded once, then told what is added over one connection while that holds; asked for on a
// beat where an API has no such stream, or no place in it. Comes back behind the last news, is silent while the page is
// hidden, keeps what it had through failures. Knows no DOM and no element.
import type { Capture } from '../../contract/stats.ts';
import { GrowingCapture } from './growing-capture.ts';
import { impatient } from './impatient.ts';
import { type PageVisibility, Poller, realTimers, type Timers } from './poller.ts';
import { isLacking } from './rights.ts';
import {
  ApiFailure,
  asFailure,
  type CaptureNews,
  type Following,
  type StatsApi,
} from './stats-api.ts';
import { type Slept, Wake, type WakeOptions } from './wake.ts';

export interface CaptureFeedOptions {
  readonly api: () => StatsApi;
  /** Undefined: nothing is recorded. */
  readonly onCapture: (capture: Capture | undefined) => void;
  /** What stands between the viewer and the capture; undefined: nothing any more. */
  readonly onFailure: (failure: ApiFailure | undefined) => void;
  /** The capture is over; not said where the host does not tell, as one that ended badly cannot. */
  readonly onStopped?: (id: string | undefined) => void;
  /** This machine slept, and listens again. */
  readonly onSlept?: (slept: Slept) => void;
  readonly timers?: Timers;
  readonly page?: PageVisibility;
  readonly places?: Places;
  readonly wake?: Pick<WakeOptions, 'nowUnixMs' | 'network'>;
}

/** Connections that may stay open at once. */
export interface Places {
  readonly most: number;
  taken: number;
}

export class CaptureFeed {
  readonly #options: CaptureFeedOptions;
  readonly #timers: Timers;
  readonly #poller: Poller;
  readonly #wake: Wake;
  /** What the news add to; undefined: nothing is recorded. */
  #growing: GrowingCapture | undefined;
  /** What is held is what the host had when it said `#lastId`. */
  #inStep = false;
  #lastId: string | undefined;
  #isOpen = false;
  /** The last thing known of the host is that it did not answer. */
  #isOffline = false;
  /** Beats to go until the stream is tried again. */
  #streamless = 0;
  /** How long connections have lived. */
  #listenedMs = 0;
  #shownMs = Number.NEGATIVE_INFINITY;
  /** Something was told since. */
  #isStale = false;
  #showing: unknown;

  constructor(options: CaptureFeedOptions) {
    this.#options = options;
    const { timers = realTimers, page } = options;
    this.#timers = timers;
    this.#poller = new Poller({
      ask: (signal) => this.#ask(signal),
      // To listen is no work of the host's: only what a beat took stretches the beat.
      timers: {
        ...impatient(timers, () => this.#isOffline),
        now: () => timers.now() - this.#listenedMs,
      },
      ...(page === undefined ? {} : { page }),
    });
    this.#wake = new Wake({
      timers,
      network: typeof window === 'undefined' ? undefined : window,
      ...options.wake,
      onWake: (slept) => this.#reconnect(slept),
    });
  }

  start(): void {
    this.#poller.start();
    this.#wake.start();
  }

  stop(): void {
    this.#poller.stop();
    this.#wake.stop();
    this.#isOpen = false;
  }

  /** Another API or token: everything that was learned about the old one is forgotten. */
  reset(): void {
    this.stop();
    this.#forget();
    this.#streamless = 0;
  }

  /** The user did something that the capture will show: asked at once where no stream tells it. */
  again(): void {
    if (!this.#isOpen) this.#poller.now();
  }

  /** Behind the last word, where the host still has the next. */
  #reconnect(slept: Slept | undefined): void {
    this.#poller.now();
    if (slept !== undefined) this.#options.onSlept?.(slept);
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const api = this.#options.api();
    const { places = PLACES } = this.#options;
    if (api.followCapture === undefined || this.#streamless > 0) {
      this.#streamless = Math.max(0, this.#streamless - 1);
      return this.#beat(api, signal);
    }
    if (places.taken >= places.most) return this.#beat(api, signal);
    places.taken++;
    const beganMs = this.#timers.now();
    let beats: number | undefined;
    try {
      beats = await this.#follow(api, signal);
    } finally {
      this.#listenedMs += this.#timers.now() - beganMs;
      places.taken--;
    }
    if (beats === undefined) return;
    this.#streamless = beats;
    return this.#beat(api, signal);
  }

  /** One connection from its beginning to its end. Answers for how many beats to do without; undefined: it was well. */
  async #follow(api: StatsApi, signal: AbortSignal): Promise<number | undefined> {
    const end = new AbortController();
    const both = AbortSignal.any([signal, end.signal]);
    const inbox = new Inbox(
      (news, id) => this.#take(news, id, api, both),
      () => end.abort(),
    );
    const wasInStep = this.#inStep;
    let patience: unknown;
    const rest = (): void => {
      this.#timers.clear(patience);
      this.#timers.clear(this.#showing);
    };
    signal.addEventListener('abort', rest);
    this.#isOpen = false;
    const following: Following = {
      after: wasInStep ? this.#lastId : undefined,
      onOpen: () => {
        if (both.aborted) return;
        this.#isOpen = true;
        this.#isOffline = false;
        // Somebody in between may hold back what is told: then a beat tells more.
        if (wasInStep) this.#show();
        else patience = this.#timers.set(() => inbox.isUnused && end.abort(), FIRST_WORD_MS);
      },
      onNews: (news, id) => inbox.put(news, id),
    };
    let broke: ApiFailure | undefined;
    try {
      await api.followCapture?.(following, both);
    } catch (thrown) {
      broke = asFailure(thrown);
    }
    await inbox.done;
    if (signal.aborted) return undefined;
    const opened = this.#isOpen;
    this.#isOpen = false;
    if (this.#isStale) this.#show();
    rest();
    if (inbox.trouble !== undefined) this.#fail(inbox.trouble);
    return this.#ended(broke, opened);
  }

  #ended(broke: ApiFailure | undefined, opened: boolean): number | undefined {
    if (broke !== undefined && isLacking(broke)) return Number.POSITIVE_INFINITY;
    if (broke === undefined || (broke.kind === 'offline' && opened)) {
      // A connection that broke is made again; only if that fails is it told.
      return this.#inStep ? undefined : BEATS_WITHOUT_STREAM;
    }
    if (broke.kind === 'refused' || broke.kind === 'unreadable') return BEATS_WITHOUT_STREAM;
    return this.#fail(broke);
  }

  async #beat(api: StatsApi, signal: AbortSignal): Promise<void> {
    this.#forget();
    try {
      const capture = await live(api, signal);
      if (signal.aborted) return;
      this.#isOffline = false;
      this.#options.onFailure(undefined);
      this.#options.onCapture(capture);
    } catch (thrown) {
      if (!signal.aborted) this.#fail(thrown);
    }
  }

  /** A promise when it takes longer: what comes meanwhile waits. */
  #take(
    news: CaptureNews,
    id: string | undefined,
    api: StatsApi,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    if (signal.aborted) return undefined;
    if (!this.#inStep || this.#isAnother(news)) return this.#load(news, id, api, signal);
    this.#lastId = id;
    if (news.kind === 'stopped') {
      this.#growing = undefined;
      this.#options.onStopped?.(news.id);
      this.#show();
    } else if (this.#growing?.take(news, this.#timers.now()) === true) this.#showSoon();
    return undefined;
  }

  #isAnother(news: CaptureNews): boolean {
    if (news.kind !== 'started') return news.kind === 'reset';
    return this.#growing?.startedUnixMs !== news.started_unix_ms;
  }

  async #load(
    news: CaptureNews,
    id: string | undefined,
    api: StatsApi,
    signal: AbortSignal,
  ): Promise<void> {
    this.#forget();
    // A capture that has just been started needs no question whether there is one.
    const whole = await (news.kind === 'started' ? api.live(signal) : live(api, signal));
    if (signal.aborted) return;
    this.#growing = whole && new GrowingCapture(whole, this.#timers.now());
    this.#inStep = true;
    this.#lastId = id;
    this.#show();
  }

  /** What is shown stays; the next news begin with all of it. */
  #forget(): void {
    this.#timers.clear(this.#showing);
    this.#growing = undefined;
    this.#inStep = false;
    this.#lastId = undefined;
    this.#isStale = false;
  }

  /** However much is told, it is drawn so often and no more. */
  #showSoon(): void {
    if (this.#isStale) return;
    this.#isStale = true;
    const restMs = LEAST_BETWEEN_MS + (this.#growing?.size ?? 0) / SAMPLES_A_MS;
    const waitMs = this.#shownMs + restMs - this.#timers.now();
    if (waitMs <= 0) this.#show();
    else this.#showIn(waitMs);
  }

  #show(): void {
    const nowMs = this.#timers.now();
    this.#shownMs = nowMs;
    this.#isStale = false;
    this.#timers.clear(this.#showing);
    // Time passes in a capture to which nothing is added.
    if (this.#growing !== undefined) this.#showIn(CLOCK_MS);
    this.#options.onFailure(undefined);
    this.#options.onCapture(this.#growing?.at(nowMs));
  }

  #showIn(ms: number): void {
    this.#timers.clear(this.#showing);
    this.#showing = this.#timers.set(() => this.#show(), ms);
  }

  #fail(thrown: unknown): never {
    const failure = asFailure(thrown);
    this.#isOffline = failure.kind === 'offline';
    this.#options.onFailure(failure);
    throw failure;
  }
}

/** News in their order, however long one of them takes. */
class Inbox {
  /** All that was put in is taken. */
  done: Promise<void> = Promise.resolve();
  isUnused = true;
  trouble: unknown;
  readonly #waiting: (readonly [CaptureNews, string | undefined])[] = [];
  readonly #take: (news: CaptureNews, id: string | undefined) => Promise<void> | undefined;
  readonly #giveUp: () => void;
  #isBusy = false;

  constructor(
    take: (news: CaptureNews, id: string | undefined) => Promise<void> | undefined,
    giveUp: () => void,
  ) {
    this.#take = take;
    this.#giveUp = giveUp;
  }

  put(news: CaptureNews, id: string | undefined): void {
    this.isUnused = false;
    this.#waiting.push([news, id]);
    if (this.#waiting.length > MOST_WAITING) this.#fail(tooFast());
    if (!this.#isBusy) this.done = this.#empty();
  }

  async #empty(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.trouble === undefined) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        const slow = this.#take(...next);
        if (slow !== undefined) await slow;
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#isBusy = false;
  }

  #fail(thrown: unknown): void {
    this.trouble ??= thrown;
    this.#giveUp();
  }
}

/** Asking an idle host for its live capture would be a 404 in every console, so its state is asked first. */
async function live(api: StatsApi, signal: AbortSignal): Promise<Capture | undefined> {
  const { armed } = await api.status(signal);
  return armed ? api.live(signal) : undefined;
}

const tooFast = (): ApiFailure =>
  new ApiFailure('unreadable', 'More of the capture came than could be loaded.');

/** A browser has six connections for a host, and the page's questions need some. */
const PLACES: Places = { most: 3, taken: 0 };
/** A host with too many readers may have room again after half a minute. */
const BEATS_WITHOUT_STREAM = 15;
/** The host's first word comes with its answer. */
const FIRST_WORD_MS = 5000;
/** A minute of sixteen sessions and their events. */
const MOST_WAITING = 5000;
const LEAST_BETWEEN_MS = 250;
/**
 * And the larger it is, the less often: three hours draw in 40 ms, of sixteen sessions, which tell something all the time,
 * in 120 ms (software raster, two busy cores).
 */
const SAMPLES_A_MS = 100;
/** As a beat would have it. */
const CLOCK_MS = 2000;
