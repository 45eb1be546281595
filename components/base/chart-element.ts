// What the chart elements share: one capture, one session of it, one x grid, one cursor, a table twin and the words for
// loading, empty and failed. What is drawn is the subclass' business.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  svg,
  type TemplateResult,
} from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { Capture, StatsSample } from '../../contract/stats.ts';
import {
  type Bucket,
  bucketAt,
  type Grid,
  MAX_BUCKETS,
  type Range,
  sharedGrid,
} from '../chart/grid.ts';
import { TICK_COLUMN_PX } from '../chart/options.ts';
import { timeTicks } from '../chart/scale.ts';
import type { Paint } from '../chart/scene.ts';
import { samplesOf, sessionFps, sessionIds, startCursorMs } from '../chart/sessions.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { ReviewSource } from '../review/review-source.ts';
import { workerUrl } from '../review/worker-url.ts';
import { CaptureSource } from './capture-source.ts';
import { chartWords } from './chart-strings.ts';
import { PfBrush, PfCursor, PfZoom } from './events.ts';
import { InSight } from './in-sight.ts';
import { readPaint } from './palette.ts';
import { recordingIdProperty } from './recording-id.ts';
import { failureNote } from './states.ts';
import { StatsElement } from './stats-element.ts';
import { type GestureHost, TimelineGestures } from './timeline-gestures.ts';

/** What a subclass draws from. */
export interface Scope {
  readonly capture: Capture;
  readonly samples: readonly StatsSample[];
  readonly fps: number | undefined;
  readonly grid: Grid;
  /** Bucket under the cursor; undefined in an empty grid. */
  readonly at: number | undefined;
  readonly cursor: Bucket | undefined;
  /** Of the whole recording, whatever part is shown. */
  readonly full: Range;
  readonly session: number | undefined;
}

export interface LaneParts {
  readonly name: string;
  readonly unit: string;
  readonly size: 'events' | 'latency' | 'worst' | 'frames' | 'bitrate' | 'health';
  readonly label: string;
  readonly readout: unknown;
  readonly place: 'only' | 'first' | 'last';
}

/**
 * @event {PfCursor} pf-cursor - The cursor was moved.
 * @event {PfBrush} pf-brush - A range was chosen; without one: none any more.
 * @event {PfZoom} pf-zoom - Another part of the recording is to be shown.
 */
export abstract class ChartElement extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recording: { attribute: false },
    recordingId: recordingIdProperty,
    session: { type: Number },
    cursorMs: { attribute: false },
    range: { attribute: false },
    brush: { attribute: false },
    review: { attribute: false },
    follow: { type: Boolean },
    lane: { type: Boolean, reflect: true },
    noAxis: { type: Boolean, attribute: 'no-axis' },
    table: { type: Boolean, reflect: true },
    narrow: { state: true },
    spoken: { state: true },
  };

  /** A capture handed in; nothing is asked for then. */
  declare recording: Capture | undefined;
  /** A recording to read; without it the live capture is shown. */
  declare recordingId: string | undefined;
  /** Which session of the capture; the first by default. */
  declare session: number | undefined;
  /** Time under the cursor; undefined: the worst window, or the latest of a live capture. */
  declare cursorMs: number | undefined;
  /** Part of the recording's clock to show; undefined: all of it. */
  declare range: Range | undefined;
  /** The part that is chosen; undefined: none. */
  declare brush: Range | undefined;
  /** Every frame of the recording, where a page has them; else windows are drawn. */
  declare review: ReviewClient | undefined;
  /** The data are still growing: the cursor rests on the latest window. */
  declare follow: boolean;
  /** Drawn as lanes of a larger timeline: no card, no head. */
  declare lane: boolean;
  /** Leaves out the time axis: a lane below has it. */
  declare noAxis: boolean;
  /** Shows the table twin. */
  declare table: boolean;
  declare protected narrow: boolean;
  declare protected spoken: string;

  protected readonly source = new CaptureSource(this, () => ({
    api: this.client,
    given: this.recording,
    id: this.recordingId,
  }));
  readonly #frames = new ReviewSource(this, () => ({
    api: this.client,
    // Who is given a recording is given its review too, when the page around has it.
    capture:
      this.recordingId === undefined || this.review !== undefined ? undefined : this.source.capture,
    frames: undefined,
    workerUrl,
  }));
  #paint: Paint | undefined;
  #scope: { readonly key: readonly unknown[]; readonly scope: Scope | undefined } | undefined;
  #resize: ResizeObserver | undefined;
  /** The plot whose width is watched. */
  #measured: Element | undefined;
  readonly #placed: Record<'cursor' | 'brush', readonly unknown[]> = { cursor: [], brush: [] };
  readonly #sight = new InSight(this, () => this.#drawNow());
  #media: readonly MediaQueryList[] = [];
  #plotWidth = 0;
  #speak: ReturnType<typeof setTimeout> | undefined;
  readonly #gestures = new TimelineGestures(this.#gestureHost());

  constructor() {
    super();
    this.follow = false;
    this.lane = false;
    this.noAxis = false;
    this.table = false;
    this.narrow = false;
    this.spoken = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize = new ResizeObserver(() => this.#measure());
    this.#resize.observe(this);
    this.#measured = undefined;
    this.#sight.connect();
    this.#media = THEME_QUERIES.map((query) => matchMedia(query));
    for (const query of this.#media) query.addEventListener('change', this.#onMedia);
    addEventListener('beforeprint', this.#onPrint);
    this.addEventListener('wheel', this.#onWheel, { passive: false });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize?.disconnect();
    this.#sight.disconnect();
    for (const query of this.#media) query.removeEventListener('change', this.#onMedia);
    removeEventListener('beforeprint', this.#onPrint);
    clearTimeout(this.#speak);
    this.removeEventListener('wheel', this.#onWheel);
    this.#paint = undefined;
  }

  /** Draws the lanes of this scope into their canvases. */
  protected abstract drawLanes(scope: Scope | undefined, paint: Paint): void;
  protected abstract renderLanes(scope: Scope | undefined): unknown;
  protected abstract renderTable(scope: Scope): TemplateResult;
  protected abstract get heading(): string;
  /** The chart in one or two sentences, for who cannot see it. */
  protected abstract summary(scope: Scope): string;
  /** The figures under the cursor, for who cannot see them. */
  protected abstract speak(scope: Scope): string;
  /** Controls of the head besides the table switch. */
  protected renderControls(): unknown {
    return nothing;
  }
  /** What the table shows besides the grid: a moved cursor must not compare 500 rows. */
  protected get tableKey(): string {
    return '';
  }
  /** A key of the subclass' own; true when it was taken. */
  protected key(_event: KeyboardEvent): boolean {
    return false;
  }

  protected override surroundingsChanged(): void {
    this.#paint = undefined;
    this.#scope = undefined;
    super.surroundingsChanged();
  }

  protected get scope(): Scope | undefined {
    const capture = this.source.capture;
    const key = [capture, this.session, this.cursorMs, this.range, this.follow, this.#plotWidth];
    if (this.#scope === undefined || key.some((k, i) => k !== this.#scope?.key[i])) {
      this.#scope = { key, scope: capture === undefined ? undefined : this.#scopeOf(capture) };
    }
    return this.#scope.scope;
  }

  #scopeOf(capture: Capture): Scope | undefined {
    const growing = this.follow || this.source.live;
    // Growing data show the session that came last; a finished recording starts with its first.
    const ids = sessionIds(capture);
    const session = this.session ?? (growing ? ids.at(-1) : ids[0]);
    const samples = samplesOf(capture, session);
    const end = Math.max(capture.meta.duration_ms, samples.at(-1)?.t_ms ?? 0, 1000);
    const full = { fromMs: 0, toMs: end };
    const grid = sharedGrid(samples, this.range ?? full, this.#buckets);
    const wanted = this.cursorMs ?? (growing ? end : startCursorMs(samples));
    const found = grid.buckets.length === 0 ? undefined : bucketAt(grid, wanted ?? 0);
    return {
      capture,
      samples,
      fps: sessionFps(capture, session),
      grid,
      at: found,
      cursor: found === undefined ? undefined : grid.buckets[found],
      ...{ full, session },
    };
  }

  /** Every frame: handed in, or of its own when the element reads a recording by itself. */
  protected get frames(): ReviewClient | undefined {
    return this.review ?? this.#frames.client;
  }

  /** Width of the plot, px. */
  protected get plotWidth(): number {
    return this.#plotWidth;
  }

  /** Where the cursor stands: undefined without data. */
  protected get cursorAtMs(): number | undefined {
    const cursor = this.scope?.cursor;
    return this.cursorMs ?? (cursor === undefined ? undefined : (cursor.fromMs + cursor.toMs) / 2);
  }

  /** No more points than pixels: a narrow plot stays calm, and its peaks stay its peaks. */
  get #buckets(): number {
    if (this.#plotWidth === 0) return MAX_BUCKETS;
    return Math.min(MAX_BUCKETS, Math.max(FEWEST_BUCKETS, Math.round(this.#plotWidth)));
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#watchPlot();
    const probe = this.renderRoot.querySelector<HTMLElement>('.probe');
    if (probe === null) return;
    if (this.#paint?.narrow !== this.narrow || changed.has('theme')) this.#paint = undefined;
    this.#paint ??= readPaint(probe, this.narrow);
    // A moved cursor changes the readout and the line over the plot, never the plot.
    if (changed.has('recording')) this.#sight.drawSoon();
    else if (!onlyCursor(changed)) this.#sight.draw();
    this.#placeCursor();
  }

  readonly #drawNow = (): void => {
    if (this.#paint !== undefined) this.drawLanes(this.scope, this.#paint);
  };

  protected canvas(name: string): HTMLCanvasElement | null {
    return this.renderRoot.querySelector<HTMLCanvasElement>(`#c-${name}`);
  }

  protected timeTicks(grid: Grid): number[] {
    return timeTicks(grid.range, this.#plotWidth, this.narrow ? 64 : 72);
  }

  protected override render(): TemplateResult {
    const scope = this.scope;
    const body = html`<div
        class="group"
        part="chart"
        role="group"
        tabindex="0"
        aria-label=${this.heading}
        aria-describedby="summary"
        @keydown=${this.#onKey}
        @pointermove=${this.#gestures.move}
        @pointerdown=${this.#onDown}
        @pointerup=${this.#gestures.up}
        @pointercancel=${this.#gestures.up}
        @dblclick=${this.#gestures.doubleClick}
      >
        ${this.noAxis ? nothing : this.#renderAxis(scope)}${this.renderLanes(scope)}
      </div>
      <p id="summary" class="vh">${scope === undefined ? this.#emptyText() : this.summary(scope)}</p>
      <p class="vh" aria-live="polite">${this.spoken}</p>
      ${this.#renderState()}${this.table && scope !== undefined ? this.#renderTwin(scope) : nothing}
      <i class="probe" hidden></i>`;
    if (this.lane) return html`<div class="frame">${body}</div>`;
    return html`<div class="frame"><section class="card" part="card" aria-label=${this.heading}>
      <div class="head"><h2>${this.heading}</h2>${this.#renderSessions()}${this.renderControls()}<span class="grow"></span
        ><button class="btn" aria-pressed=${this.table} @click=${this.#onTable}>
          ${chartWords[this.language].asTable}
        </button></div>
      ${body}
    </section></div>`;
  }

  /** One lane: label, plot, readout. */
  protected renderLane(parts: LaneParts, words?: string): TemplateResult {
    const place = parts.place === 'only' ? 'first last' : parts.place;
    return html`<div class="lane ${place}">
      <div class="label"><b>${parts.name}</b><span>${parts.unit}</span></div>
      <div class="plot h-${parts.size}">
        <div class="canvas"><canvas id="c-${parts.size}" role="img" aria-label=${parts.label}></canvas></div>
        ${BRUSH}<div class="cursor" hidden></div>
        ${words === undefined ? nothing : html`<div class="over-plot">${words}</div>`}
      </div>
      <div class="read">${parts.readout}</div>
    </div>`;
  }

  /** What stands in the plot while there is nothing to draw. */
  protected plotWords(scope: Scope | undefined): string | undefined {
    if (scope !== undefined && scope.samples.length > 0) return undefined;
    if (scope === undefined && this.source.failure !== undefined) return undefined;
    return this.#emptyText();
  }

  #emptyText(): string {
    const t = chartWords[this.language];
    if (this.source.loading) return t.reading;
    if (this.scope !== undefined) return this.follow || this.source.live ? t.waiting : t.noSamples;
    return this.source.failure === undefined ? t.notRecording : '';
  }

  #renderState(): unknown {
    const note = failureNote(this.source.failure, this.format);
    return note === nothing ? nothing : html`<div class="state">${note}</div>`;
  }

  #renderSessions(): unknown {
    const capture = this.source.capture;
    const ids = capture === undefined ? [] : sessionIds(capture);
    if (ids.length < 2) return nothing;
    const t = chartWords[this.language];
    return html`<select class="pick" aria-label=${t.session} @change=${this.#onSession}>
      ${ids.map((id) => html`<option value=${id} ?selected=${id === (this.session ?? ids[0])}>${t.sessionNo(id)}</option>`)}
    </select>`;
  }

  #renderTwin(scope: Scope): TemplateResult {
    return html`<div class="twin" part="table" tabindex="0" role="region" aria-label=${chartWords[this.language].tableOf(this.heading)}>
      ${guard([scope.grid, this.language, this.tableKey], () => this.renderTable(scope))}
    </div>`;
  }

  #renderAxis(scope: Scope | undefined): TemplateResult {
    const range = scope?.grid.range ?? { fromMs: 0, toMs: 1 };
    const left = this.narrow ? 0 : TICK_COLUMN_PX;
    const width = Math.max(0, this.#plotWidth);
    const ticks = scope === undefined ? [] : this.timeTicks(scope.grid);
    const x = (ms: number): number =>
      left + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * width;
    const edge = (px: number): string =>
      px < left + 16 ? 'start' : px > left + width - 16 ? 'end' : 'middle';
    return html`<div class="lane axis" aria-hidden="true"><div class="label"></div><div class="plot h-axis">
      <svg>${ticks.map((ms) => {
        const px = Math.round(x(ms));
        return svg`<rect x=${Math.min(px, left + width - 1)} y="21" width="1" height="5"></rect><text x=${px} y="13" text-anchor=${edge(px)}>${this.format.clock(ms)}</text>`;
      })}</svg>
      ${BRUSH}<div class="cursor" hidden></div><div class="badge" hidden>${this.format.clock(this.cursorMs ?? scope?.cursor?.toMs)}</div>
    </div><div class="read"></div></div>`;
  }

  /** Cursor and badge are placed through CSSOM: a strict policy forbids style attributes. */
  #placeCursor(): void {
    const scope = this.scope;
    const left = this.narrow ? 0 : TICK_COLUMN_PX;
    const { fromMs, toMs } = scope?.grid.range ?? { fromMs: 0, toMs: 1 };
    const atMs = this.cursorAtMs;
    const share = atMs === undefined ? -1 : (atMs - fromMs) / (toMs - fromMs);
    this.#placeBrush(left, fromMs, toMs);
    const shown = share >= 0 && share <= 1 && this.#plotWidth > 0;
    const px = left + share * this.#plotWidth;
    const cursors = this.renderRoot.querySelectorAll<HTMLElement>('.cursor');
    // In a view that is followed it stands where it stood.
    const isPlaced = this.#isSame('cursor', [
      ...cursors,
      shown,
      px.toFixed(1),
      left,
      this.#plotWidth,
    ]);
    if (isPlaced) return;
    for (const cursor of cursors) {
      cursor.hidden = !shown;
      cursor.style.transform = `translateX(${px.toFixed(1)}px)`;
    }
    const badge = this.renderRoot.querySelector<HTMLElement>('.badge');
    if (badge === null) return;
    badge.hidden = !shown;
    const right = left + this.#plotWidth;
    // In the middle over the cursor, inside of the plot: without asking how wide it is.
    badge.style.transform = `translateX(clamp(${left}px, calc(${px.toFixed(1)}px - 50%), calc(${right}px - 100%)))`;
  }

  /** Elements and places as they were when it was asked last: nothing is to be written then. */
  #isSame(what: 'cursor' | 'brush', places: readonly unknown[]): boolean {
    const before = this.#placed[what];
    this.#placed[what] = places;
    return before.length === places.length && before.every((one, i) => one === places[i]);
  }

  #placeBrush(left: number, fromMs: number, toMs: number): void {
    const { brush } = this;
    const at = (ms: number): number =>
      left + Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs))) * this.#plotWidth;
    const [from, to] = brush === undefined ? [0, 0] : [at(brush.fromMs), at(brush.toMs)];
    const isSeen = brush !== undefined && brush.toMs > fromMs && brush.fromMs < toMs;
    const boxes = this.renderRoot.querySelectorAll<HTMLElement>('.brush');
    if (this.#isSame('brush', [...boxes, isSeen && this.#plotWidth > 0, from, to])) return;
    for (const box of boxes) {
      box.hidden = !isSeen || this.#plotWidth <= 0;
      box.style.transform = `translateX(${from.toFixed(1)}px)`;
      box.style.width = `${Math.max(1, to - from).toFixed(1)}px`;
    }
  }

  /** Asked for its size at once only when it is new: later the browser tells, and nothing is laid out before its time. */
  #watchPlot(): void {
    const plot = this.renderRoot.querySelector('.plot') ?? undefined;
    if (plot === this.#measured) return;
    if (this.#measured !== undefined) this.#resize?.unobserve(this.#measured);
    this.#measured = plot;
    if (plot !== undefined) this.#resize?.observe(plot);
    this.#measure();
  }

  #measure(): void {
    const width = this.clientWidth;
    const narrow = width > 0 && width < NARROW_PX;
    const plot = this.renderRoot.querySelector<HTMLElement>('.plot')?.clientWidth ?? 0;
    const plotWidth = Math.max(0, plot - (narrow ? 0 : TICK_COLUMN_PX));
    if (narrow === this.narrow && plotWidth === this.#plotWidth) return;
    this.narrow = narrow;
    this.#plotWidth = plotWidth;
    this.#paint = undefined;
    this.requestUpdate();
  }

  /** The pages are made at once: nothing that waits for a size, for a frame or to be seen is asked again before. */
  readonly #onPrint = (): void => {
    this.#measure();
    this.surroundingsChanged();
    void this.updateComplete.then(this.#drawNow);
  };

  readonly #onMedia = (): void => this.surroundingsChanged();

  readonly #onDown = (event: PointerEvent): void => {
    const handle = event
      .composedPath()
      .find((t) => t instanceof HTMLElement && t.dataset['end'] !== undefined);
    const end = handle instanceof HTMLElement ? handle.dataset['end'] : undefined;
    this.#gestures.down(event, end === 'from' || end === 'to' ? end : undefined);
  };

  /** Not passive: a zoom must keep the page from scrolling. */
  readonly #onWheel = (event: WheelEvent): void => this.#gestures.wheel(event);

  #gestureHost(): GestureHost {
    const element = this;
    return {
      plot: (event) => element.#plotUnder(event),
      get shown() {
        return element.scope?.grid.range ?? NOTHING;
      },
      get full() {
        return element.scope?.full ?? NOTHING;
      },
      get brush() {
        return element.brush;
      },
      get cursorMs() {
        return element.cursorAtMs;
      },
      get still() {
        return element.follow || element.source.live;
      },
      toCursor: (ms) => element.moveTo(ms),
      toBrush: (range, done) => {
        element.brush = range;
        element.dispatchEvent(new PfBrush(range, done));
      },
      toView: (range) => {
        element.range = range;
        element.dispatchEvent(new PfZoom(range));
      },
    };
  }

  /** All plots of an element stand over each other: any of them tells where. */
  #plotUnder(event: Event): { readonly left: number; readonly width: number } | undefined {
    const over = event
      .composedPath()
      .find((t) => t instanceof HTMLElement && t.classList.contains('plot'));
    const captured = event instanceof PointerEvent && event.buttons !== 0;
    const plot =
      over ?? (captured ? this.renderRoot.querySelector<HTMLElement>('.plot') : undefined);
    if (!(plot instanceof HTMLElement) || this.#plotWidth <= 0) return undefined;
    const left = plot.getBoundingClientRect().left + (this.narrow ? 0 : TICK_COLUMN_PX);
    return { left, width: this.#plotWidth };
  }

  /** Moves the cursor and tells the page. */
  protected moveTo(ms: number | undefined): void {
    this.cursorMs = ms;
    this.dispatchEvent(new PfCursor(ms));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const taken = this.#gestures.key(event) || this.#ownKey(event);
    if (taken) event.preventDefault();
  };

  #ownKey(event: KeyboardEvent): boolean {
    if (event.altKey || event.metaKey || event.shiftKey) return false;
    return this.#cursorKey(event) || this.#switchKey(event) || this.key(event);
  }

  #switchKey(event: KeyboardEvent): boolean {
    if (event.key !== 't' || event.ctrlKey) return false;
    this.table = !this.table;
    return true;
  }

  #cursorKey(event: KeyboardEvent): boolean {
    const scope = this.scope;
    const last = (scope?.grid.buckets.length ?? 0) - 1;
    if (scope?.at === undefined || last < 0) return false;
    const step = event.ctrlKey ? 10 : 1;
    let to: number;
    if (event.key === 'ArrowLeft') to = Math.max(0, scope.at - step);
    else if (event.key === 'ArrowRight') to = Math.min(last, scope.at + step);
    else if (event.key === 'Home') to = 0;
    else if (event.key === 'End') to = last;
    else if (event.key === 'Escape' && this.cursorMs !== undefined) {
      this.moveTo(undefined);
      return true;
    } else return false;
    const bucket = scope.grid.buckets[to];
    if (bucket !== undefined) this.moveTo((bucket.fromMs + bucket.toMs) / 2);
    this.say();
    return true;
  }

  /** At most one message in half a second, and only for moves by key: the pointer's hand needs no commentary. */
  protected say(): void {
    clearTimeout(this.#speak);
    this.#speak = setTimeout(() => {
      const scope = this.scope;
      if (scope !== undefined) this.spoken = this.speak(scope);
    }, SPEAK_MS);
  }

  readonly #onTable = (): void => {
    this.table = !this.table;
  };

  readonly #onSession = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) this.session = Number(event.target.value);
  };
}

function onlyCursor(changed: PropertyValues): boolean {
  const names = [...changed.keys()];
  return names.length > 0 && names.every((name) => typeof name === 'string' && LIGHT.has(name));
}

/** What moves over the plots and changes nothing in them. */
const LIGHT: ReadonlySet<string> = new Set(['cursorMs', 'brush', 'spoken', 'table']);
const NOTHING: Range = { fromMs: 0, toMs: 1 };
/** The chosen range, over every lane; its ends can be taken hold of. */
export const BRUSH: TemplateResult = html`<div class="brush" hidden><i data-end="from"></i><i data-end="to"></i></div>`;

const THEME_QUERIES = [
  '(prefers-color-scheme: dark)',
  '(prefers-contrast: more)',
  '(forced-colors: active)',
  'print',
];
const NARROW_PX = 720;
const FEWEST_BUCKETS = 120;
const SPEAK_MS = 500;
