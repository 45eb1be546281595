// Only the rows that are seen are in the page: which they are, from the box they scroll in and from how high rows turned
// out to be. Measures after every update, and asks for another when that changes what is seen.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { placeOf, type Slice, sliceOf } from './visible-slice.ts';

export interface WindowItem {
  readonly id: string;
  /** Rows of the same shape are about equally high. */
  readonly shape: string;
}

export interface RowWindowOptions {
  readonly box: () => HTMLElement | undefined;
  readonly items: () => readonly WindowItem[];
  /** Other rows are seen than before, by id. */
  readonly onSeen: (ids: ReadonlySet<string>) => void;
  /** The list is so wide now, px. */
  readonly onWidth: (px: number) => void;
}

export class RowWindow implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #options: RowWindowOptions;
  readonly #high = new Map<string, number>();
  readonly #highOfShape = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #resize = new ResizeObserver(() => this.#measureBox());
  #sight: IntersectionObserver | undefined;
  #box: HTMLElement | undefined;
  #columns = 1;
  #height = FIRST_HEIGHT;
  #shown: Slice = { first: 0, last: 0, before: 0, after: 0 };

  constructor(host: ReactiveControllerHost, options: RowWindowOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  get columns(): number {
    return this.#columns;
  }

  /** What is to be in the page. */
  slice(): Slice {
    this.#shown = this.#sliceNow();
    return this.#shown;
  }

  /** Brings an item into the box; the page itself stays where it is. */
  reveal(index: number): void {
    const box = this.#box;
    if (box === undefined || index < 0) return;
    const [top, bottom] = placeOf(index, { heights: this.#heights(), columns: this.#columns });
    if (top - SPARE_EDGE < box.scrollTop) box.scrollTop = Math.max(0, top - SPARE_EDGE);
    else if (bottom + SPARE_EDGE > box.scrollTop + this.#height) {
      box.scrollTop = bottom + SPARE_EDGE - this.#height;
    }
    this.#host.requestUpdate();
  }

  hostConnected(): void {
    this.#sight = new IntersectionObserver((entries) => this.#look(entries));
  }

  hostDisconnected(): void {
    this.#sight?.disconnect();
    this.#resize.disconnect();
    this.#box?.removeEventListener('scroll', this.#onScroll);
    this.#box = undefined;
    this.#seen.clear();
  }

  hostUpdated(): void {
    this.#follow(this.#options.box());
    const box = this.#box;
    if (box === undefined) return;
    box.style.setProperty('--_before', `${this.#shown.before}px`);
    box.style.setProperty('--_after', `${this.#shown.after}px`);
    const shapes = new Map(this.#options.items().map(({ id, shape }) => [id, shape]));
    for (const row of box.children) {
      if (!(row instanceof HTMLElement)) continue;
      const { id = '' } = row.dataset;
      const high = row.offsetHeight;
      // Hidden rows have no height, and that says nothing.
      if (high === 0) continue;
      this.#high.set(id, high);
      const shape = shapes.get(id);
      if (shape !== undefined && !row.classList.contains('opened')) {
        this.#highOfShape.set(shape, high);
      }
      this.#sight?.observe(row);
    }
    this.#again();
  }

  #follow(box: HTMLElement | undefined): void {
    if (box === this.#box) return;
    this.#resize.disconnect();
    this.#box?.removeEventListener('scroll', this.#onScroll);
    this.#box = box;
    this.#seen.clear();
    if (box === undefined) return;
    box.addEventListener('scroll', this.#onScroll, { passive: true });
    this.#resize.observe(box);
    this.#measureBox();
  }

  #measureBox(): void {
    const box = this.#box;
    if (box === undefined || box.clientHeight === 0) return;
    this.#height = Math.max(box.clientHeight, FIRST_HEIGHT);
    this.#columns = getComputedStyle(box).gridTemplateColumns.split(' ').length;
    this.#options.onWidth(box.clientWidth);
    this.#again();
  }

  readonly #onScroll = (): void => this.#again();

  /** Another update only when it would show other rows. */
  #again(): void {
    const { first, last } = this.#sliceNow();
    if (first !== this.#shown.first || last !== this.#shown.last) this.#host.requestUpdate();
  }

  #sliceNow(): Slice {
    return sliceOf({
      heights: this.#heights(),
      columns: this.#columns,
      top: this.#box?.scrollTop ?? 0,
      height: this.#height,
      spare: SPARE,
    });
  }

  #heights(): Float64Array {
    const items = this.#options.items();
    const heights = new Float64Array(items.length);
    for (const [i, { id, shape }] of items.entries()) {
      heights[i] = this.#high.get(id) ?? this.#highOfShape.get(shape) ?? USUAL_HEIGHT;
    }
    return heights;
  }

  #look(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      const id = target instanceof HTMLElement ? (target.dataset['id'] ?? '') : '';
      if (isIntersecting) this.#seen.add(id);
      else {
        this.#seen.delete(id);
        if (!target.isConnected) this.#sight?.unobserve(target);
      }
    }
    this.#options.onSeen(this.#seen);
  }
}

/** Before the first row was measured: three lines and what is around them. */
const USUAL_HEIGHT = 72;
/** Before the box was measured, and at least. */
const FIRST_HEIGHT = 480;
const SPARE = 300;
/** A focused row shows what comes next. */
const SPARE_EDGE = 48;
