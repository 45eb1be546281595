// What an element that paints by hand must know: how wide it is, which colours hold now, and that either has changed.
// Reads tokens through the `.probe` of the element's own root.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Paint } from '../chart/scene.ts';
import { readPaint } from './palette.ts';

type SurfaceHost = HTMLElement &
  ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

export class Surface implements ReactiveController {
  readonly #host: SurfaceHost;
  #resize: ResizeObserver | undefined;
  #media: readonly MediaQueryList[] = [];
  #paint: Paint | undefined;
  #width = 0;

  constructor(host: SurfaceHost) {
    this.#host = host;
    host.addController(this);
  }

  /** Of the element, px; 0 while it is hidden. */
  get width(): number {
    return this.#width;
  }

  get narrow(): boolean {
    return this.#width > 0 && this.#width < NARROW_PX;
  }

  get panel(): boolean {
    return this.#width > 0 && this.#width <= PANEL_PX;
  }

  /** Undefined before the first rendering. */
  get paint(): Paint | undefined {
    const probe = this.#host.renderRoot.querySelector<HTMLElement>('.probe');
    if (probe === null) return undefined;
    if (this.#paint?.narrow !== this.narrow) this.#paint = undefined;
    this.#paint ??= readPaint(probe, this.narrow);
    return this.#paint;
  }

  /** The colours may be others now. */
  forget(): void {
    this.#paint = undefined;
  }

  hostConnected(): void {
    this.#resize = new ResizeObserver(() => this.#measure());
    this.#resize.observe(this.#host);
    this.#media = THEME_QUERIES.map((query) => matchMedia(query));
    for (const query of this.#media) query.addEventListener('change', this.#onMedia);
    addEventListener('beforeprint', this.#onPrint);
  }

  hostDisconnected(): void {
    this.#resize?.disconnect();
    for (const query of this.#media) query.removeEventListener('change', this.#onMedia);
    removeEventListener('beforeprint', this.#onPrint);
    this.#paint = undefined;
  }

  #measure(): void {
    const width = this.#host.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.#paint = undefined;
    this.#host.requestUpdate();
  }

  /** What observes sizes is not asked again before the pages are made. */
  readonly #onPrint = (): void => {
    this.#measure();
    this.#onMedia();
  };

  readonly #onMedia = (): void => {
    this.#paint = undefined;
    this.#host.requestUpdate();
  };
}

/** Makes a canvas as sharp as the screen and draws on it in CSS px; nothing happens while it has no size. */
export function drawOn(
  canvas: HTMLCanvasElement | null,
  draw: (g: CanvasRenderingContext2D, width: number, height: number) => void,
): void {
  const g = canvas?.getContext('2d');
  if (!canvas || !g) return;
  const { clientWidth, clientHeight } = canvas;
  if (clientWidth === 0 || clientHeight === 0) return;
  const scale = devicePixelRatio;
  canvas.width = Math.round(clientWidth * scale);
  canvas.height = Math.round(clientHeight * scale);
  g.setTransform(scale, 0, 0, scale, 0, 0);
  draw(g, clientWidth, clientHeight);
}

const THEME_QUERIES = [
  '(prefers-color-scheme: dark)',
  '(prefers-contrast: more)',
  '(forced-colors: active)',
  'print',
];
const NARROW_PX = 720;
const PANEL_PX = 340;
