// Drawing for who can see it: an element out of view is not drawn until it comes near, the page is printed, or nothing has
// changed for a while. What is drawn then is what it shows at that moment.

export class InSight {
  readonly #element: Element;
  readonly #act: () => void;
  #observer: IntersectionObserver | undefined;
  /** Until the browser has said otherwise. */
  #isNear = true;
  #isStale = false;
  #rest: ReturnType<typeof setTimeout> | undefined;

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
  }

  disconnect(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
    clearTimeout(this.#rest);
    removeEventListener('beforeprint', this.#catchUp);
  }

  /** Draws now, or when the element comes into view. */
  draw(): void {
    clearTimeout(this.#rest);
    this.#isStale = !this.#isNear;
    if (this.#isNear) this.#act();
    else this.#rest = setTimeout(this.#catchUp, REST_MS);
  }

  #look(entries: readonly IntersectionObserverEntry[]): void {
    this.#isNear = entries.at(-1)?.isIntersecting ?? true;
    if (this.#isNear) this.#catchUp();
  }

  readonly #catchUp = (): void => {
    if (!this.#isStale) return;
    this.#isStale = false;
    this.#act();
  };
}

/** Longer than from one window of a running capture to the next. */
const REST_MS = 1500;
/** What comes next when it is scrolled is there already. */
const MARGIN = '120px 0px';
