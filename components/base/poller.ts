// Asks again and again while somebody can see the answer: a fixed beat, back-off after failures, silent while the page
// is hidden. Knows nothing of what it asks.

export interface PollerOptions {
  /** One question. Rejects when the host did not answer. */
  readonly ask: (signal: AbortSignal) => Promise<void>;
  readonly everyMs?: number;
  readonly timers?: Timers;
  readonly page?: PageVisibility;
}

export interface Timers {
  set(callback: () => void, ms: number): unknown;
  clear(handle: unknown): void;
  now(): number;
}

/** The part of `document` that the poller needs. */
export interface PageVisibility {
  readonly hidden: boolean;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

export class Poller {
  readonly #ask: PollerOptions['ask'];
  readonly #everyMs: number;
  readonly #timers: Timers;
  readonly #page: PageVisibility | undefined;
  #handle: unknown;
  #abort: AbortController | undefined;
  #failures = 0;
  #running = false;

  constructor(options: PollerOptions) {
    this.#ask = options.ask;
    this.#everyMs = options.everyMs ?? EVERY_MS;
    this.#timers = options.timers ?? realTimers;
    this.#page = options.page ?? (typeof document === 'undefined' ? undefined : document);
  }

  /** Asks at once, then on the beat. Starting twice changes nothing. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#page?.addEventListener('visibilitychange', this.#onVisibility);
    this.now();
  }

  stop(): void {
    this.#running = false;
    this.#page?.removeEventListener('visibilitychange', this.#onVisibility);
    this.#cancel();
  }

  /** Asks now instead of at the next beat; a question under way is dropped. */
  now(): void {
    if (!this.#running) return;
    this.#cancel();
    if (this.#page?.hidden === true) return;
    void this.#tick();
  }

  readonly #onVisibility = (): void => {
    if (this.#page?.hidden === true) this.#cancel();
    else this.now();
  };

  async #tick(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const asked = this.#timers.now();
    try {
      await this.#ask(abort.signal);
      this.#failures = 0;
    } catch {
      // Who asks shows the failure; here it only stretches the beat.
      this.#failures++;
    }
    if (abort.signal.aborted || this.#abort !== abort) return;
    const tookMs = this.#timers.now() - asked;
    this.#handle = this.#timers.set(() => void this.#tick(), this.#waitMs(tookMs));
  }

  /** Doubles with every failure; an answer that took long is not asked for more often than a tenth of the time. */
  #waitMs(tookMs: number): number {
    const backOff = this.#everyMs * 2 ** Math.min(this.#failures, 10);
    return Math.min(MAX_WAIT_MS, Math.max(backOff, tookMs * BUSY_SHARE));
  }

  #cancel(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    if (this.#handle !== undefined) this.#timers.clear(this.#handle);
    this.#handle = undefined;
  }
}

export const realTimers: Timers = {
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(Number(handle)),
  now: () => performance.now(),
};

const EVERY_MS = 2000;
const MAX_WAIT_MS = 30_000;
const BUSY_SHARE = 10;
