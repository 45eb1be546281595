// Nothing moves under the reader's eye. What lies below the answer is shown once the answer has its height; where that
// takes long it is shown at a usual height, and of the answer only what fits in is unfolded. While another recording
// comes, the place of the one before is kept. Knows no words.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

export interface StandingWish {
  /** What is shown; another one begins anew. Undefined: none yet. */
  readonly shown: unknown;
  /** It is there, and its answer is not: how high that will be nobody knows. */
  readonly isReading: boolean;
  /** Known beforehand: its answer takes so long that what lies below shall not wait for it. */
  readonly isLong: boolean;
  /** Nothing more is to come: what stands there now is all. */
  readonly isDone: boolean;
  /** What was answered; another one after it is of another session, which somebody chose. */
  readonly answer: unknown;
  /** How many parts of the answer may be folded away. */
  readonly parts: number;
}

type StandingHost = ReactiveControllerHost &
  HTMLElement & { readonly renderRoot: HTMLElement | DocumentFragment };

export class Standing implements ReactiveController {
  readonly #host: StandingHost;
  readonly #wish: () => StandingWish;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown: unknown;
  #answer: unknown;
  #isLate = false;
  /** Of the answer while it is read, and from then on at least; px. */
  #heldPx: number | undefined;
  #folded = 0;
  #isToFit = false;

  constructor(host: StandingHost, wish: () => StandingWish) {
    this.#host = host;
    this.#wish = wish;
    host.addController(this);
  }

  /** What lies below has no place yet. */
  get waits(): boolean {
    const { isReading, isLong } = this.#wish();
    return isReading && !isLong && !this.#isLate;
  }

  /** How many parts of the answer, the last ones, have no room without moving what lies below. */
  get folded(): number {
    return Math.min(this.#folded, this.#wish().parts);
  }

  /** The reader wants to see them: then things may move. */
  unfold(): void {
    this.#folded = 0;
    this.#isToFit = false;
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const { shown, answer, isReading, isLong } = this.#wish();
    if (shown !== this.#shown) {
      this.#shown = shown;
      this.#begin();
    }
    if (answer !== undefined && answer !== this.#answer) {
      if (this.#answer !== undefined) this.#letGo();
      this.#answer = answer;
    }
    if (!isReading) this.#stop();
    else if (isLong) this.#isLate = true;
    else if (this.#timer === undefined && !this.#isLate) {
      this.#timer = setTimeout(() => {
        this.#isLate = true;
        this.#host.requestUpdate();
      }, PATIENCE_MS);
    }
  }

  hostUpdated(): void {
    const { isReading, isDone, parts } = this.#wish();
    const answer = this.#part('.verdict');
    if (isReading && this.#isLate && this.#heldPx === undefined && answer !== null) {
      this.#heldPx = answer.offsetHeight;
      this.#isToFit = true;
    }
    answer?.style.setProperty('min-height', this.#heldPx === undefined ? '' : `${this.#heldPx}px`);
    if (isDone) {
      this.#part('.stack')?.style.removeProperty('min-height');
      this.#host.toggleAttribute('stands', true);
    }
    if (!this.#isToFit || isReading || answer === null || this.#heldPx === undefined) return;
    if (answer.offsetHeight > this.#heldPx && this.#folded < parts) {
      this.#folded += 1;
      this.#host.requestUpdate();
    } else this.#isToFit = false;
  }

  hostDisconnected(): void {
    this.#stop();
  }

  /** What stands there goes, and its place stays until the next one has its own. */
  #begin(): void {
    this.#stop();
    this.#letGo();
    this.#isLate = false;
    this.#answer = undefined;
    const stack = this.#part('.stack');
    if (stack !== null) stack.style.setProperty('min-height', `${stack.offsetHeight}px`);
  }

  #letGo(): void {
    this.#heldPx = undefined;
    this.#folded = 0;
    this.#isToFit = false;
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #part(selector: string): HTMLElement | null {
    return this.#host.renderRoot?.querySelector<HTMLElement>(selector) ?? null;
  }
}

/** So long a reader looks at a sentence that says how much is read; the time after it should not be lost to them. */
const PATIENCE_MS = 1500;
