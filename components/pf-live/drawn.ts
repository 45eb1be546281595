// What the lanes of a capture that grows draw: the windows of one session, taken anew when something of it came that fills
// a place of its own, and in a held view not before a hand moves it.
import type { Capture } from '../../contract/stats.ts';
import type { SessionSoFar } from './so-far.ts';

/** What the lanes draw of one session. */
export interface Drawn {
  readonly capture: Capture;
  readonly session: SessionSoFar;
  readonly samples: number;
  readonly events: number;
  /** Where the axis ends. */
  readonly endMs: number;
}

export interface Pace {
  /** A hand waits for it. */
  readonly touched: boolean;
  readonly isHeld: boolean;
  /** What a window takes on the axis: none is drawn before it fills a place of its own. */
  readonly restMs: number;
}

export class DrawnSoFar {
  #drawn: Drawn | undefined;
  #atMs = Number.NEGATIVE_INFINITY;

  /** Undefined before the first data. */
  get now(): Drawn | undefined {
    return this.#drawn;
  }

  clear(): void {
    this.#drawn = undefined;
  }

  /** Takes what is new of the session; in a held view nothing unless a hand moves it. */
  advance(capture: Capture, session: SessionSoFar, pace: Pace): void {
    const now = {
      ...{ session, samples: session.samples.length, events: capture.events?.length ?? 0 },
      endMs: endOf(capture, session),
    };
    const known = this.#drawn;
    const nowMs = performance.now();
    if (known?.session === session && !pace.touched) {
      const isSame =
        known.samples === now.samples && known.events === now.events && known.endMs === now.endMs;
      if (isSame || pace.isHeld || nowMs - this.#atMs < pace.restMs) return;
    }
    this.#atMs = nowMs;
    this.#drawn = { capture: { ...capture, samples: session.samples }, ...now };
  }
}

/** The newest window, or the host's clock where none comes for long: an axis that runs on without data tells that. */
export function endOf({ meta }: Capture, session: SessionSoFar | undefined): number {
  const newest = session?.endMs ?? 0;
  const { duration_ms } = meta;
  return duration_ms - newest < QUIET_MS ? newest : Math.floor(duration_ms / 1000) * 1000;
}

/** Without a window for so long the axis follows the clock. */
const QUIET_MS = 5000;
