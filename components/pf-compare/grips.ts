// Handles that put a run elsewhere on the axis: by pointer or touch, and by keys. Knows neither runs nor axis: how far a
// hand moved it, in ms, is told to its host.

export interface GripHost {
  /** How far this one is shifted now. */
  shiftMs(run: number): number;
  /** ms a px, at the moment. */
  msPerPx(): number;
  /** `isDone`: the hand has let go. */
  toShift(run: number, shiftMs: number, isDone: boolean): void;
}

interface Drag {
  readonly run: number;
  readonly pointer: number;
  readonly startX: number;
  readonly startMs: number;
  /** As it was when the hand took hold: the axis may grow under it. */
  readonly msPerPx: number;
}

export class Grips {
  readonly #host: GripHost;
  #drag: Drag | undefined;

  constructor(host: GripHost) {
    this.#host = host;
  }

  /** The one that a hand holds. */
  get held(): number | undefined {
    return this.#drag?.run;
  }

  readonly down = (event: PointerEvent): void => {
    const run = runOf(event);
    if (run === undefined || event.button !== 0) return;
    // Below the handle lies a plot, where a pointer would choose a range.
    event.stopPropagation();
    if (event.currentTarget instanceof Element) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    this.#drag = {
      ...{ run, pointer: event.pointerId, startX: event.clientX },
      ...{ startMs: this.#host.shiftMs(run), msPerPx: this.#host.msPerPx() },
    };
  };

  readonly move = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (drag?.pointer !== event.pointerId) return;
    event.stopPropagation();
    this.#host.toShift(drag.run, this.#shiftAt(event, drag), false);
  };

  readonly up = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (drag?.pointer !== event.pointerId) return;
    event.stopPropagation();
    this.#drag = undefined;
    this.#host.toShift(drag.run, this.#shiftAt(event, drag), true);
  };

  readonly key = (event: KeyboardEvent): void => {
    const run = runOf(event);
    if (run === undefined || event.altKey || event.metaKey) return;
    const step = STEPS_MS[event.key];
    if (step === undefined && event.key !== 'Home') return;
    event.preventDefault();
    event.stopPropagation();
    const by = (step ?? 0) * (event.ctrlKey || event.shiftKey ? FAST : 1);
    this.#host.toShift(run, event.key === 'Home' ? 0 : this.#host.shiftMs(run) + by, true);
  };

  #shiftAt({ clientX }: PointerEvent, { startX, startMs, msPerPx }: Drag): number {
    return Math.round(startMs + (clientX - startX) * msPerPx);
  }
}

function runOf({ currentTarget }: Event): number | undefined {
  const run = currentTarget instanceof HTMLElement ? currentTarget.dataset['run'] : undefined;
  return run === undefined ? undefined : Number(run);
}

/** About a frame, and a second. */
const STEPS_MS: Readonly<Record<string, number>> = {
  ...{ ArrowLeft: -10, ArrowRight: 10, ArrowDown: -10, ArrowUp: 10 },
  ...{ PageDown: -1000, PageUp: 1000 },
};
const FAST = 10;
