// Which question to a review comes first: what a moving view waits for, before what takes long and nobody looks at yet.
// One at a time, with a look at what came meanwhile between any two. No DOM, no Worker.
import type { Method } from './protocol.ts';

export interface Question {
  readonly id: number;
  readonly method: Method;
  readonly args: unknown;
}

export interface TurnsHost {
  readonly answer: (question: Question) => void;
  /** Makes a piece of what long answers need; false when nothing is left to make. */
  readonly prepare: () => boolean;
  /** Calls back in so many ms, after what came until then. */
  readonly later?: (act: () => void, ms: number) => void;
  readonly nowMs?: () => number;
}

export class Turns {
  readonly #host: TurnsHost;
  readonly #later: (act: () => void, ms: number) => void;
  readonly #nowMs: () => number;
  readonly #waiting: Question[] = [];
  #isPrepared = false;
  #isRunning = false;
  /** When what a view draws was last answered, or waited for; undefined before the first question. */
  #drawnMs: number | undefined;

  constructor(host: TurnsHost) {
    this.#host = host;
    this.#later = host.later ?? ((act, ms) => setTimeout(act, ms));
    this.#nowMs = host.nowMs ?? (() => performance.now());
  }

  ask(question: Question): void {
    // However long the frames were on their way, the first picture is asked for a moment after the first question.
    this.#drawnMs ??= this.#nowMs();
    this.#waiting.push(question);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#later(this.#turn, 0);
  }

  readonly #turn = (): void => {
    const question = this.#next();
    this.#isRunning = question !== undefined;
    if (question === undefined) return;
    const rank = this.#rankOf(question);
    const quietMs = this.#nowMs() - (this.#drawnMs ?? 0);
    if (rank > QUICK && quietMs < QUIET_MS) {
      this.#later(this.#turn, QUIET_MS - quietMs);
      return;
    }
    if (rank === UNPREPARED) this.#isPrepared = !this.#host.prepare();
    else {
      this.#waiting.splice(this.#waiting.indexOf(question), 1);
      this.#host.answer(question);
      if (rank === QUICK) this.#drawnMs = this.#nowMs();
    }
    this.#later(this.#turn, 0);
  };

  /** Of equal rank, the oldest. */
  #next(): Question | undefined {
    return this.#waiting.reduce<Question | undefined>((best, one) => {
      return best === undefined || this.#rankOf(one) < this.#rankOf(best) ? one : best;
    }, undefined);
  }

  #rankOf({ method }: Question): number {
    if (method === 'figures') return this.#isPrepared ? QUICK : UNPREPARED;
    return DRAWN.has(method) ? QUICK : LONG;
  }
}

/** What a view draws as it moves; answered within a few ms. */
const DRAWN: ReadonlySet<Method> = new Set(['overview', 'strip', 'extent', 'frame']);
const QUICK = 0;
const LONG = 1;
/** Figures, until every frame was counted once. */
const UNPREPARED = 2;
const QUIET_MS = 30;
