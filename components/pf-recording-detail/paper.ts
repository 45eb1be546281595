// Whether the element is being printed. A browser tells it before it makes the pages: then there is time to draw at the
// width of the paper, in light colours and with patterns, and to unfold what cannot be unfolded there.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

export class Paper implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  /** Media may be switched to print without a page being made: developer tools do that. */
  #media: MediaQueryList | undefined;
  #isOn = false;

  constructor(host: ReactiveControllerHost & HTMLElement) {
    this.#host = host;
    host.addController(this);
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  hostConnected(): void {
    this.#media = matchMedia('print');
    this.#media.addEventListener('change', this.#onMedia);
    addEventListener('beforeprint', this.#onBefore);
    addEventListener('afterprint', this.#onAfter);
  }

  hostDisconnected(): void {
    this.#media?.removeEventListener('change', this.#onMedia);
    removeEventListener('beforeprint', this.#onBefore);
    removeEventListener('afterprint', this.#onAfter);
    this.#turn(false);
  }

  readonly #onMedia = ({ matches }: MediaQueryListEvent): void => this.#turn(matches);
  readonly #onBefore = (): void => this.#turn(true);
  readonly #onAfter = (): void => this.#turn(false);

  #turn(isOn: boolean): void {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    // At once: what is measured while the page is made must find the paper's width.
    this.#host.toggleAttribute('printing', isOn);
    this.#host.requestUpdate();
  }
}
