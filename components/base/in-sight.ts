// Drawing for who can see it: once a frame at most, and an element out of view not until it comes near, the page is
// printed, or nothing has changed for a while. What is drawn then is what it shows at that moment.

export class InSight {
  readonly #element: Element;
  readonly #act: () => void;
  #observer: IntersectionObserver | undefined;
  /** Until the browser has said otherwise. */
  #isNear = true;
  #isStale = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** Set while the next frame has to draw. */
  #frame: number | undefined;
  /** The frame that was drawn in last, by its time. */
  #drawnIn: unknown;

  /** `act` draws. */
  constructor(element: Element, act: () => void) {
    this.#element = element;
    this.#act = act;
  }

  connect(): void {
    this.#isNear = true;
    this.#observer = new IntersectionObserver((entries) => this.#look(entries), {
      rootMargin: MARGIN,
    });
    this.#observer.observe(this.#element);
    addEventListener('beforeprint', this.#catchUp);
    // It is made in this task, and drawn in another.
    this.#frame ??= requestAnimationFrame(this.#onFrame);
  }

  disconnect(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    clearTimeout(this.#rest);
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
    removeEventListener('beforeprint', this.#catchUp);
  }

  /**
   * Draws when all elements that are another now have been written, with the next frame when this one has its drawing, or
   * when the element comes into view. Text on a canvas asks for the style of its element: between two that are written it
   * would lay the page out for each.
   */
  draw(): void {
    clearTimeout(this.#rest);
    this.#isStale = true;
    if (!this.#isNear) this.#rest = setTimeout(this.#catchUp, REST_MS);
    // The next frame draws.
    else if (this.#frame !== undefined) return;
    else if (this.#drawnIn !== document.timeline.currentTime) queueMicrotask(this.#catchUp);
    // Asked for only when there is something to draw: a frame that draws nothing costs the page one too.
    else this.#frame = requestAnimationFrame(this.#onFrame);
  }

  /** Draws with the next frame: what made it stale has taken its time already. */
  drawSoon(): void {
    this.#isStale = true;
    if (this.#isNear) this.#frame ??= requestAnimationFrame(this.#onFrame);
    else this.draw();
  }

  #look(entries: readonly IntersectionObserverEntry[]): void {
    this.#isNear = entries.at(-1)?.isIntersecting ?? true;
    if (this.#isNear) this.#catchUp();
  }

  readonly #catchUp = (): void => {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#drawnIn = document.timeline.currentTime;
    this.#act();
  };

  readonly #onFrame = (): void => {
    this.#frame = undefined;
    if (this.#isStale) this.draw();
  };
}

/** Longer than from one window of a running capture to the next. */
const REST_MS = 1500;
/** What comes next when it is scrolled is there already. */
const MARGIN = '120px 0px';
