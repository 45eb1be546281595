// Pointer, wheel and keys over a time axis: cursor, brush, zoom and pan. Knows where the plot lies and what is shown;
// what becomes of a gesture is its host's business.

import type { Range } from '../chart/grid.ts';
import { brushOf, panned, zoomed, zoomTo } from '../chart/view.ts';

export interface GestureHost {
  /** Left edge and width of the plot in the window, px; undefined while there is none. */
  plot(event: Event): { readonly left: number; readonly width: number } | undefined;
  readonly shown: Range;
  readonly full: Range;
  readonly brush: Range | undefined;
  readonly cursorMs: number | undefined;
  /** The data grow: only the cursor moves. */
  readonly still: boolean;
  toCursor(ms: number): void;
  toBrush(range: Range | undefined, done: boolean): void;
  toView(range: Range | undefined): void;
}

type Drag =
  | { readonly kind: 'press'; readonly startX: number; readonly startMs: number }
  | { readonly kind: 'brush'; readonly anchorMs: number }
  | { readonly kind: 'move'; readonly startMs: number; readonly brush: Range }
  | { readonly kind: 'pan'; readonly startX: number; readonly shown: Range }
  | {
      readonly kind: 'pinch';
      readonly apart: number;
      readonly shown: Range;
      readonly atMs: number;
    };

export class TimelineGestures {
  readonly #host: GestureHost;
  #drag: Drag | undefined;
  readonly #touches = new Map<number, number>();

  constructor(host: GestureHost) {
    this.#host = host;
  }

  /** `handle`: which end of the brush was taken hold of. */
  readonly down = (event: PointerEvent, handle?: 'from' | 'to'): void => {
    const ms = this.#msAt(event);
    if (ms === undefined || event.button !== 0) return;
    const { brush, shown, still } = this.#host;
    if (event.pointerType === 'touch') this.#touches.set(event.pointerId, event.clientX);
    if (still) {
      this.#host.toCursor(ms);
      return;
    }
    if (this.#touches.size === 2) this.#drag = this.#pinchFrom(event);
    else if (handle !== undefined && brush !== undefined) {
      this.#drag = { kind: 'brush', anchorMs: handle === 'from' ? brush.toMs : brush.fromMs };
    } else if (event.altKey) this.#drag = { kind: 'pan', startX: event.clientX, shown };
    else if (event.pointerType !== 'touch')
      this.#drag = { kind: 'press', startX: event.clientX, startMs: ms };
    if (this.#drag !== undefined && event.currentTarget instanceof Element) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    this.#host.toCursor(ms);
  };

  readonly move = (event: PointerEvent): void => {
    const ms = this.#msAt(event);
    if (ms === undefined) return;
    if (this.#touches.has(event.pointerId)) this.#touches.set(event.pointerId, event.clientX);
    this.#startBrush(event);
    const drag = this.#drag;
    const { full } = this.#host;
    if (drag?.kind === 'brush') this.#host.toBrush(brushOf(drag.anchorMs, ms, full), false);
    else if (drag?.kind === 'move')
      this.#host.toBrush(movedBy(drag.brush, ms - drag.startMs, full), false);
    else if (drag?.kind === 'pan') this.#pan(event, drag);
    else if (drag?.kind === 'pinch') this.#pinch(event, drag);
    this.#host.toCursor(ms);
  };

  readonly up = (event: PointerEvent): void => {
    this.#touches.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = undefined;
    const { brush } = this.#host;
    if (drag?.kind === 'brush' || drag?.kind === 'move') this.#host.toBrush(brush, true);
    // A click beside the brush lets it go.
    const ms = this.#msAt(event);
    if (drag?.kind === 'press' && brush !== undefined && ms !== undefined && !holds(brush, ms)) {
      this.#host.toBrush(undefined, true);
    }
  };

  readonly wheel = (event: WheelEvent): void => {
    const { shown, full, still } = this.#host;
    const plot = this.#host.plot(event);
    const ms = this.#msAt(event);
    if (plot === undefined || ms === undefined || still) return;
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#host.toView(zoomed(shown, full, 1.0015 ** (event.deltaY * lines), ms));
      return;
    }
    const isWhole = shown.toMs - shown.fromMs >= full.toMs - full.fromMs;
    const delta = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    // Where there is nothing to pan to, the page scrolls.
    if (isWhole) return;
    event.preventDefault();
    this.#host.toView(panned(shown, full, (delta * lines) / plot.width));
  };

  readonly doubleClick = (event: MouseEvent): void => {
    const { brush, full } = this.#host;
    const ms = this.#msAt(event);
    if (brush !== undefined && ms !== undefined && holds(brush, ms)) {
      this.#host.toView(zoomTo(brush, full));
    }
  };

  /** True when the key was taken. */
  key(event: KeyboardEvent): boolean {
    const { shown, full, brush, cursorMs, still } = this.#host;
    if (still || event.metaKey) return false;
    if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      this.#moveEnd(event.key === 'ArrowLeft' ? -1 : 1, event.altKey, event.ctrlKey);
      return true;
    }
    if (event.ctrlKey || event.altKey) return false;
    const at = cursorMs ?? (shown.fromMs + shown.toMs) / 2;
    switch (event.key) {
      case '+':
      case '=':
        this.#host.toView(zoomed(shown, full, 0.5, at));
        return true;
      case '-':
      case '−':
        this.#host.toView(zoomed(shown, full, 2, at));
        return true;
      case '0':
        this.#host.toView(undefined);
        return true;
      case 'Enter':
        if (brush === undefined) return false;
        this.#host.toView(zoomTo(brush, full));
        return true;
      case 'Escape':
        return this.#letGo();
      default:
        return false;
    }
  }

  /** First the range, then the zoom. */
  #letGo(): boolean {
    const { brush, shown, full } = this.#host;
    if (brush !== undefined) this.#host.toBrush(undefined, true);
    else if (shown.toMs - shown.fromMs < full.toMs - full.fromMs) this.#host.toView(undefined);
    else return false;
    return true;
  }

  #moveEnd(direction: 1 | -1, start: boolean, fast: boolean): void {
    const { brush, shown, full, cursorMs } = this.#host;
    const step = ((shown.toMs - shown.fromMs) / KEY_STEPS) * direction * (fast ? 10 : 1);
    const at = cursorMs ?? (shown.fromMs + shown.toMs) / 2;
    const { fromMs, toMs } = brush ?? { fromMs: at, toMs: at };
    this.#host.toBrush(
      start ? brushOf(fromMs + step, toMs, full) : brushOf(fromMs, toMs + step, full),
      true,
    );
  }

  #startBrush(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag?.kind !== 'press' || Math.abs(event.clientX - drag.startX) < DRAG_FROM_PX) return;
    const { brush } = this.#host;
    this.#drag =
      brush !== undefined && holds(brush, drag.startMs)
        ? { kind: 'move', startMs: drag.startMs, brush }
        : { kind: 'brush', anchorMs: drag.startMs };
  }

  #pan(event: PointerEvent, { startX, shown }: Drag & { readonly kind: 'pan' }): void {
    const plot = this.#host.plot(event);
    if (plot === undefined) return;
    this.#host.toView(panned(shown, this.#host.full, (startX - event.clientX) / plot.width));
  }

  #pinchFrom(event: PointerEvent): Drag | undefined {
    const [a = 0, b = 0] = [...this.#touches.values()];
    const plot = this.#host.plot(event);
    if (plot === undefined) return undefined;
    const { shown } = this.#host;
    const share = ((a + b) / 2 - plot.left) / plot.width;
    const atMs = shown.fromMs + share * (shown.toMs - shown.fromMs);
    return { kind: 'pinch', apart: Math.max(1, Math.abs(a - b)), shown, atMs };
  }

  /** Fingers hold on to the time under them. */
  #pinch(event: PointerEvent, drag: Drag & { readonly kind: 'pinch' }): void {
    const [a = 0, b = 0] = [...this.#touches.values()];
    const plot = this.#host.plot(event);
    const { full } = this.#host;
    if (plot === undefined) return;
    const factor = drag.apart / Math.max(1, Math.abs(a - b));
    const nearer = zoomed(drag.shown, full, factor, drag.atMs);
    if (nearer === undefined) {
      this.#host.toView(undefined);
      return;
    }
    const span = nearer.toMs - nearer.fromMs;
    const share = ((a + b) / 2 - plot.left) / plot.width;
    const offMs = drag.atMs - share * span - nearer.fromMs;
    this.#host.toView(panned(nearer, full, offMs / span));
  }

  #msAt(event: MouseEvent): number | undefined {
    const plot = this.#host.plot(event);
    if (plot === undefined || plot.width <= 0) return undefined;
    const share = Math.min(1, Math.max(0, (event.clientX - plot.left) / plot.width));
    const { fromMs, toMs } = this.#host.shown;
    return fromMs + share * (toMs - fromMs);
  }
}

function holds({ fromMs, toMs }: Range, ms: number): boolean {
  return ms >= fromMs && ms <= toMs;
}

/** The same length, moved within the recording. */
function movedBy({ fromMs, toMs }: Range, byMs: number, full: Range): Range {
  const by = Math.min(full.toMs - toMs, Math.max(full.fromMs - fromMs, byMs));
  return brushOf(fromMs + by, toMs + by, full);
}

const DRAG_FROM_PX = 3;
const LINE_PX = 16;
/** One press of a key moves an end by so much of what is shown. */
const KEY_STEPS = 500;
