// Notices that this machine slept, or that its network came or went: a connection from before says nothing of that for
// most of a minute. Knows nothing of what is connected.
import type { Timers } from './poller.ts';

export interface WakeOptions {
  readonly timers: Timers;
  /** By the clock on the wall: a monotonic one may stand still in sleep. */
  readonly nowUnixMs?: () => number;
  /** Where `online` and `offline` are heard; undefined: nowhere. */
  readonly network?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'> | undefined;
  /** What is connected from before is not to be trusted. */
  readonly onWake: (slept: Slept | undefined) => void;
}

/** Between the last beat before and the first after. */
export interface Slept {
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
}

export class Wake {
  readonly #options: WakeOptions;
  readonly #now: () => number;
  #beat: unknown;
  #lastMs = 0;
  #watching = false;

  constructor(options: WakeOptions) {
    this.#options = options;
    this.#now = options.nowUnixMs ?? Date.now;
  }

  /** Watching twice changes nothing. */
  start(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.#lastMs = this.#now();
    for (const type of CHANGES) this.#options.network?.addEventListener(type, this.#onChange);
    this.#arm();
  }

  stop(): void {
    this.#watching = false;
    for (const type of CHANGES) this.#options.network?.removeEventListener(type, this.#onChange);
    this.#options.timers.clear(this.#beat);
  }

  #arm(): void {
    this.#beat = this.#options.timers.set(() => {
      const slept = { fromUnixMs: this.#lastMs, toUnixMs: this.#now() };
      this.#lastMs = slept.toUnixMs;
      this.#arm();
      if (slept.toUnixMs - slept.fromUnixMs >= SLEPT_MS) this.#options.onWake(slept);
    }, BEAT_MS);
  }

  readonly #onChange = (): void => this.#options.onWake(undefined);
}

const CHANGES = ['online', 'offline'] as const;
const BEAT_MS = 1000;
/** A page that is busy misses beats too, but not so many. */
const SLEPT_MS = 15_000;
