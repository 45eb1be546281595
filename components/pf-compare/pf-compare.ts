// <pf-compare>: two to six recordings on one axis, and their figures side by side. Each is read and reviewed by itself;
// what is told of one never waits for another. The axis is the clock of the first one that is there.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { chartWords } from '../base/chart-strings.ts';
import { chartStyles } from '../base/chart-styles.ts';
import { define } from '../base/element.ts';
import { PfBrush, PfCursor, PfFrames, PfRecordingsCompare, PfZoom } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { aloud } from '../base/states.ts';
import { StatsElement } from '../base/stats-element.ts';
import { controls } from '../base/styles.ts';
import { drawOn, Surface } from '../base/surface.ts';
import { type GestureHost, TimelineGestures } from '../base/timeline-gestures.ts';
import { tokens } from '../base/tokens.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { TICK_COLUMN_PX } from '../chart/options.ts';
import { timeTicks } from '../chart/scale.ts';
import type { ReviewClient } from '../review/review-client.ts';
import type { Alignment } from './alignment.ts';
import type { Part } from './columns.ts';
import { COMPARED, type RunFigures, traitsOf } from './differences.ts';
import { type Axis, type DrawnRun, drawLines, drawPlaces, drawWorst } from './draw.ts';
import { Grips } from './grips.ts';
import { letterOf, readLooks, runTokens } from './look.ts';
import { placeOver } from './over-plots.ts';
import { linesOf, worstOf } from './picture.ts';
import { RunSet } from './run-set.ts';
import { nameOf, type RunLine, renderRun } from './runs-view.ts';
import { words } from './strings.ts';
import { compareStyles } from './styles.ts';
import { renderFigures } from './table-view.ts';
import { alikeText, axisClock, differenceText, partName } from './telling.ts';
import { renderAxis, renderGrips, renderReadout, renderSwitches } from './timeline-view.ts';
import { renderTwin } from './twin-view.ts';

/**
 * @summary Two to six recordings laid over each other on one axis, with their exact figures side by side.
 * @event {PfCursor} pf-cursor - The cursor was moved; times are those of the first recording.
 * @event {PfBrush} pf-brush - A range was chosen; without one: none any more.
 * @event {PfZoom} pf-zoom - Another part of the axis is shown.
 * @event {PfFrames} pf-frames - All frames or the new ones alone were chosen.
 * @event {PfRecordingsCompare} pf-recordings-compare - Without ids: the comparison was closed.
 * @csspart run - One recording in the list.
 * @csspart chart - The focusable group of lanes.
 * @csspart table - The figures.
 * @csspart twin - The table twin of the lanes.
 * @cssproperty --pf-run2 - Colour of the second recording; run1 to run6 likewise, and every token of the design.
 */
export class PfCompare extends StatsElement {
  static override properties: PropertyDeclarations = {
    ...StatsElement.properties,
    recordings: { attribute: false },
    reviews: { attribute: false },
    recordingIds: {
      attribute: 'recording-ids',
      converter: (text: string | null) => text?.split(/[\s,]+/).filter((id) => id !== ''),
    },
    entries: { attribute: false },
    sessions: { attribute: false },
    base: { type: Number },
    align: { type: String },
    marker: { type: String },
    shiftsMs: { attribute: false },
    quantile: { type: String },
    stage: { type: String },
    frames: { type: String },
    range: { attribute: false },
    brush: { attribute: false },
    cursorMs: { attribute: false },
    table: { type: Boolean, reflect: true },
    closable: { type: Boolean },
    spoken: { state: true },
  };
  static override styles = [
    ...[tokens, seriesTokens, controls, fieldStyles, chartStyles, runTokens, compareStyles],
  ];

  /** Captures handed in; nothing is asked for then. */
  declare recordings: readonly Capture[] | undefined;
  /** Every frame of those handed in, at the same places; where there are none, windows are drawn. */
  declare reviews: readonly (ReviewClient | undefined)[] | undefined;
  /** Recordings to read, with their frames: an attribute of ids with commas or spaces between. */
  declare recordingIds: readonly string[] | undefined;
  /** What a list says of recordings, in any order: their names. */
  declare entries: readonly CaptureMeta[] | undefined;
  /** Which session of each; the first by default. */
  declare sessions: readonly (number | undefined)[] | undefined;
  /** Place of the one that the others are compared with. */
  declare base: number;
  /** `start`, `marker` or `hand`. */
  declare align: Alignment['kind'];
  /** The text of the marker to align by. */
  declare marker: string | undefined;
  /** By hand: how far each lies behind where its start would be. */
  declare shiftsMs: readonly number[] | undefined;
  /** `p50` or `p99`. */
  declare quantile: Quantile;
  /** `total`, or the stage whose time is told, where the runs can be compared in it. */
  declare stage: Part;
  /** `all`, or `new`: without what the source gave twice. */
  declare frames: 'all' | 'new';
  /** Part of the axis to show; undefined: all of it. */
  declare range: Range | undefined;
  /** The part that is chosen, whose figures are told; undefined: whole recordings. */
  declare brush: Range | undefined;
  /** Time under the cursor; undefined: where the worst frame is. */
  declare cursorMs: number | undefined;
  /** Shows the table twin. */
  declare table: boolean;
  /** Offers to close the comparison: what then is the page's business. */
  declare closable: boolean;
  declare protected spoken: string;

  readonly #surface = new Surface(this);
  readonly #runs = new RunSet(this, this, {
    api: () => this.client,
    most: () => (this.#plotWidth <= 0 ? 0 : Math.max(60, Math.round(this.#plotWidth / 2))),
  });
  readonly #gestures = new TimelineGestures(this.#gestureHost());
  readonly #grips = new Grips({
    shiftMs: (run) => this.shifts[run] ?? 0,
    msPerPx: () => (this.shown.toMs - this.shown.fromMs) / Math.max(1, this.#plotWidth),
    toShift: (run, shiftMs, isDone) => {
      // While a hand holds it, the axis stands still under it.
      this.#still = isDone ? undefined : (this.#still ?? this.shown);
      this.#shift(run, shiftMs);
    },
  });
  #plotWidth = 0;
  #still: Range | undefined;
  #speak: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.base = 0;
    this.align = 'start';
    this.quantile = 'p50';
    this.stage = 'total';
    this.frames = 'all';
    this.table = false;
    this.closable = false;
    this.spoken = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Not passive: a zoom must keep the page from scrolling.
    this.addEventListener('wheel', this.#onWheel, { passive: false });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#speak);
    this.removeEventListener('wheel', this.#onWheel);
  }

  protected override surroundingsChanged(): void {
    this.#surface.forget();
    super.surroundingsChanged();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('recordings') && !changed.has('recordingIds')) return;
    if (!this.hasUpdated) return;
    // What was chosen about others says nothing about these, unless it came with them.
    for (const name of ['sessions', 'shiftsMs', 'range', 'brush', 'cursorMs'] as const) {
      if (!changed.has(name)) this[name] = undefined;
    }
    if (!changed.has('base')) this.base = 0;
    if (!changed.has('align')) this.align = 'start';
  }

  /** What is drawn, a run each, in order. */
  get model(): readonly DrawnRun[] {
    const probe = this.renderRoot.querySelector<HTMLElement>('.probe');
    return this.#runs.drawn(probe === null ? [] : readLooks(probe));
  }

  /** The figures of each over the range; undefined until they are known. */
  get figures(): readonly (RunFigures | undefined)[] {
    return this.#runs.figures;
  }

  /** How far each lies behind where its start would be, ms. */
  get shifts(): readonly number[] {
    return this.#runs.shifts;
  }

  /** The part of the axis that is shown. */
  get shown(): Range {
    return this.#still ?? this.range ?? this.#runs.full;
  }

  /** Where the cursor stands: by itself where the worst frame of all is. */
  get cursorAtMs(): number | undefined {
    return this.cursorMs ?? this.#runs.peakMs;
  }

  get #base(): number {
    return Math.min(Math.max(0, this.#runs.count - 1), Math.max(0, Math.round(this.base) || 0));
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#measure();
    const { paint } = this.#surface;
    if (paint === undefined) return;
    if (!onlyCursor(changed)) this.#draw({ range: this.shown, ticks: this.#ticks, paint });
    const { offsets } = this.#runs;
    placeOver(this.renderRoot, {
      ...{ shown: this.shown, width: this.#plotWidth, left: this.#left },
      ...{ cursorMs: this.cursorAtMs, brush: this.brush },
      startsMs: this.#runs.places.map((place, run) => (place?.startMs ?? 0) + (offsets[run] ?? 0)),
    });
  }

  #draw(axis: Axis): void {
    const runs = this.model;
    const canvas = (name: string): HTMLCanvasElement | null =>
      this.renderRoot.querySelector<HTMLCanvasElement>(`#c-${name}`);
    drawOn(canvas('places'), (g, width, height) => drawPlaces(g, [width, height], axis, runs));
    drawOn(canvas('latency'), (g, width, height) =>
      drawLines(
        g,
        [width, height],
        axis,
        runs,
        linesOf(runs, axis.range, this.#runs.part, this.format),
      ),
    );
    drawOn(canvas('worst'), (g, width, height) => {
      const windows = this.#runs.used.map(
        (run) => !run.isReading && run.capture !== undefined && !run.hasFrames,
      );
      const { scale, texts } = worstOf(runs, windows, this.format);
      drawWorst(g, [width, height], axis, runs, scale, texts);
    });
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const count = this.#runs.count;
    return html`<div class="frame"><div class="stack n${count}">
      <div class="headrow"><h1>${count === 0 ? t.runs : t.heading(this.format.count(count))}</h1>${
        this.closable
          ? html`<button class="btn" @click=${this.#onClose}>${t.close}</button>`
          : nothing
      }</div>
      ${count === 0 ? html`<section class="card"><p class="empty note">${t.few}</p></section>` : this.#renderAll()}
      <i class="probe" hidden></i>
    </div></div>`;
  }

  #renderAll(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const { figures } = this;
    return html`<section class="card" aria-label=${t.compared}><ol class="runs">${this.#lines.map((line) => renderRun(line, f))}</ol></section>
      ${this.#renderTimeline()}
      <section class="card figures" aria-label=${this.#title()}>
        <div class="head"><h2>${this.#title()}</h2><span class="t2 s">${this.#what()}</span><span class="grow"></span>
          <span class="seg" role="group" aria-label=${t.which}>${(['all', 'new'] as const).map(
            (one) =>
              html`<button aria-pressed=${this.frames === one} @click=${() => this.#chooseFrames(one)}>${t[one]}</button>`,
          )}</span></div>
        <p class="say s t2">${this.#differences() || '\u00a0'}<br />${alikeText(figures, this.#base, f) || '\u00a0'}</p>
        ${renderFigures(
          this.#runs.used.map(({ budgetMs, failure, trouble }, run) => ({
            ...{ run, name: this.#nameOf(run), budgetMs, failure, trouble },
            figures: figures[run],
          })),
          this.#base,
          this.#runs.part === 'total',
          f,
        )}
        <p class="foot note">${t.exact}${this.#runs.isMixed ? ` ${t.mixed}` : ''}</p>
      </section>`;
  }

  get #lines(): readonly RunLine[] {
    const { shifts } = this;
    const base = this.#base;
    return this.#runs.used.map((run, i) => ({
      ...{ run: i, id: this.recordingIds?.[i], capture: run.capture, entry: this.#entryOf(i) },
      ...{ session: run.session, failure: run.failure, isReading: run.isReading, share: run.share },
      ...{ hasFrames: run.hasFrames, isBase: i === base },
      shiftMs: this.#runs.isShifted(i) ? shifts[i] : undefined,
      onSession: (session) => {
        this.sessions = this.#runs.used.map((one, at) => (at === i ? session : one.session));
      },
      onShift: (shiftMs) => this.#shift(i, shiftMs),
      onBase: () => {
        this.base = i;
      },
    }));
  }

  #entryOf(run: number): CaptureMeta | undefined {
    const id = this.recordings?.[run]?.meta.id ?? this.recordingIds?.[run];
    return this.entries?.find((entry) => entry.id === id);
  }

  #nameOf(run: number): string {
    const { capture } = this.#runs.used[run] ?? {};
    return nameOf(
      { capture, entry: this.#entryOf(run), id: this.recordingIds?.[run] },
      this.format,
    );
  }

  #differences(): string {
    const runs = this.#runs.used.map(({ capture, session }) =>
      capture === undefined || session === undefined ? undefined : traitsOf(capture, session),
    );
    return differenceText(runs, this.format);
  }

  #title(): string {
    const t = words[this.language];
    const { brush } = this;
    if (brush === undefined) return t.whole;
    return t.range(axisClock(brush.fromMs, this.format), axisClock(brush.toMs, this.format));
  }

  #what(): string {
    return partName(this.#runs.part, this.format);
  }

  #renderTimeline(): TemplateResult {
    const t = words[this.language];
    const { shown } = this;
    const shifts = this.shifts.map((ms, run) => (this.#runs.isShifted(run) ? ms : undefined));
    const name = { places: t.place, latency: t.lane, worst: t.worst };
    const unit = { places: t.placeUnit, latency: t.unit, worst: t.worstUnit };
    const label = { places: t.places, latency: t.lines, worst: t.bars };
    const height = { places: 'h-places', latency: 'h-latency', worst: 'h-rows' };
    const lane = (which: keyof typeof name, over: unknown, readout: unknown): TemplateResult =>
      html`<div class="lane ${which === 'worst' ? 'last rows' : ''}">
        <div class="label"><b>${name[which]}</b><span>${unit[which]}</span></div>
        <div class="plot ${height[which]}"><canvas id="c-${which}" role="img" aria-label=${label[which]}></canvas>${OVER}${over}</div>
        <div class="read">${readout}</div></div>`;
    return html`<section class="card" aria-label=${t.timeline}>
      <div class="head"><h2>${t.timeline}</h2>${this.#renderSwitches()}</div>
      <div class="group" part="chart" role="group" tabindex="0" aria-label=${t.chart} aria-describedby="summary" aria-description=${t.keys}
        @keydown=${this.#onKey} @pointermove=${this.#gestures.move} @pointerdown=${this.#onDown} @pointerup=${this.#gestures.up} @pointercancel=${this.#gestures.up}
        @dblclick=${this.#gestures.doubleClick}>
        ${renderAxis(
          {
            ...{ shown, ticks: this.#ticks, left: this.#left, width: this.#plotWidth },
            cursorMs: this.cursorAtMs,
          },
          OVER,
          this.format,
        )}${lane('places', renderGrips(shifts, this.#grips, this.format), nothing)}
        ${lane('latency', nothing, this.#renderReadout(false))}${lane('worst', nothing, this.#renderReadout(true))}
      </div>
      <p id="summary" class="vh">${this.#summary()}</p><p class="vh" aria-live="polite">${this.spoken}</p>
      ${this.table ? this.#renderTwin() : nothing}
    </section>`;
  }

  #renderSwitches(): TemplateResult {
    const { alignment, markers, parts, part } = this.#runs;
    return renderSwitches(
      {
        ...{ quantile: this.quantile, part, alignment, markers, hasTable: this.table },
        parts,
        onQuantile: (quantile) => this.#chooseQuantile(quantile),
        ...{ onPart: this.#onPart, onAlign: this.#onAlign, onTable: this.#onTable },
      },
      this.format,
    );
  }

  #renderReadout(isWorst: boolean): TemplateResult {
    const at = this.cursorAtMs;
    const runs = this.#runs;
    const valueAt = (run: number, ms: number): number | undefined =>
      isWorst ? runs.worstAt(run, ms) : runs.valueAt(run, ms);
    const lines = runs.used.map(({ budgetMs }, run) => ({
      name: this.#nameOf(run),
      ms: at === undefined ? undefined : valueAt(run, at),
      // A stage has no budget of its own.
      budgetMs: isWorst || this.#runs.part === 'total' ? budgetMs : undefined,
    }));
    return renderReadout(lines, this.format);
  }

  #summary(): string {
    const t = words[this.language];
    const f = this.format;
    const told = this.figures.map((own, run) => {
      const ms = (at: number): string => aloud(f.ms(own?.ms[at]), f);
      const name = `${letterOf(run)} ${this.#nameOf(run)}`;
      return t.summaryRun(name, ms(0), ms(COMPARED.indexOf('p99')), ms(COMPARED.length));
    });
    return [t.summary(f.count(this.#runs.count), this.#what()), ...told].join(' ');
  }

  #renderTwin(): TemplateResult {
    const t = words[this.language];
    const { shown } = this;
    const runs = this.model;
    const columns = runs.map((run) => run.columns);
    const key = [...columns, ...this.#runs.offsets, shown.fromMs, shown.toMs, this.language];
    return html`<div class="twin" part="twin" tabindex="0" role="region" aria-label=${chartWords[this.language].tableOf(t.timeline)}>${guard(
      key,
      () => renderTwin(runs, shown, this.#what(), this.format),
    )}</div>`;
  }

  get #left(): number {
    return this.#surface.narrow ? 0 : TICK_COLUMN_PX;
  }

  get #ticks(): readonly number[] {
    return timeTicks(this.shown, this.#plotWidth, this.#surface.narrow ? 64 : 72);
  }

  #measure(): void {
    const plot = this.renderRoot.querySelector<HTMLElement>('.plot')?.clientWidth ?? 0;
    const width = Math.max(0, plot - this.#left);
    if (width === this.#plotWidth) return;
    this.#plotWidth = width;
    this.requestUpdate();
  }

  #gestureHost(): GestureHost {
    const element = this;
    return {
      plot: (event) => element.#plotUnder(event),
      still: false,
      get shown() {
        return element.shown;
      },
      get full() {
        return element.#runs.full;
      },
      get brush() {
        return element.brush;
      },
      get cursorMs() {
        return element.cursorAtMs;
      },
      toCursor: (ms) => element.#moveTo(ms),
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

  /** All plots stand over each other: any of them tells where. */
  #plotUnder(event: Event): { readonly left: number; readonly width: number } | undefined {
    const over = event
      .composedPath()
      .find((t) => t instanceof HTMLElement && t.classList.contains('plot'));
    const isHeld = event instanceof PointerEvent && event.buttons !== 0;
    const plot = over ?? (isHeld ? this.renderRoot.querySelector('.plot') : undefined);
    if (!(plot instanceof HTMLElement) || this.#plotWidth <= 0) return undefined;
    return { left: plot.getBoundingClientRect().left + this.#left, width: this.#plotWidth };
  }

  #moveTo(ms: number | undefined): void {
    this.cursorMs = ms;
    this.dispatchEvent(new PfCursor(ms));
  }

  /** What a hand did to one run: the others stay where they are. */
  #shift(run: number, shiftMs: number): void {
    const shifts = this.shifts.map((own, i) => (i === run ? shiftMs : own));
    this.align = 'hand';
    this.shiftsMs = shifts;
  }

  readonly #onWheel = (event: WheelEvent): void => this.#gestures.wheel(event);

  readonly #onDown = (event: PointerEvent): void => {
    const [target] = event.composedPath();
    const end = target instanceof HTMLElement ? target.dataset['end'] : undefined;
    this.#gestures.down(event, end === 'from' || end === 'to' ? end : undefined);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (this.#gestures.key(event) || this.#ownKey(event)) event.preventDefault();
  };

  #ownKey(event: KeyboardEvent): boolean {
    if (event.altKey || event.metaKey || event.shiftKey) return false;
    if (event.key === 't' && !event.ctrlKey) this.table = !this.table;
    else if (event.key === 'q' && !event.ctrlKey) {
      this.#chooseQuantile(this.quantile === 'p50' ? 'p99' : 'p50');
    } else return this.#cursorKey(event);
    return true;
  }

  #cursorKey({ key, ctrlKey }: KeyboardEvent): boolean {
    const { fromMs, toMs } = this.shown;
    const step = ((toMs - fromMs) / Math.max(1, this.#plotWidth)) * (ctrlKey ? 10 : 1);
    const at = this.cursorAtMs ?? (fromMs + toMs) / 2;
    if (key === 'Escape' && this.cursorMs !== undefined) {
      this.#moveTo(undefined);
      return true;
    }
    const to = { ArrowLeft: at - step, ArrowRight: at + step, Home: fromMs, End: toMs }[key];
    if (to === undefined) return false;
    this.#moveTo(Math.min(toMs, Math.max(fromMs, to)));
    this.#say();
    return true;
  }

  /** At most one message in half a second, and only for moves by key. */
  #say(): void {
    clearTimeout(this.#speak);
    this.#speak = setTimeout(() => {
      const f = this.format;
      const figures = this.#runs.used.map(
        (_, run) =>
          `${letterOf(run)} ${aloud(f.ms(this.#runs.valueAt(run, this.cursorAtMs ?? 0)), f)}`,
      );
      this.spoken = words[this.language].spoken(axisClock(this.cursorAtMs, f), figures.join(', '));
    }, SPEAK_MS);
  }

  readonly #onTable = (): void => {
    this.table = !this.table;
  };

  #chooseQuantile(quantile: Quantile): void {
    this.quantile = quantile;
  }

  #chooseFrames(frames: 'all' | 'new'): void {
    if (this.frames === frames) return;
    this.frames = frames;
    this.dispatchEvent(new PfFrames(frames));
  }

  readonly #onPart = ({ target }: Event): void => {
    const value = target instanceof HTMLSelectElement ? target.value : 'total';
    this.stage = this.#runs.parts.find((part) => part === value) ?? 'total';
  };

  readonly #onAlign = ({ target }: Event): void => {
    if (!(target instanceof HTMLSelectElement)) return;
    const [, marker] = /^marker(\d+)$/.exec(target.value) ?? [];
    if (target.value === 'hand') this.shiftsMs = this.shifts;
    else if (marker !== undefined) this.marker = this.#runs.markers[Number(marker)];
    this.align = marker !== undefined ? 'marker' : target.value === 'hand' ? 'hand' : 'start';
  };

  readonly #onClose = (): void => {
    this.dispatchEvent(new PfRecordingsCompare([]));
  };
}

define('pf-compare', PfCompare);

declare global {
  interface HTMLElementTagNameMap {
    'pf-compare': PfCompare;
  }
}

/** What moves over the plots and changes nothing in them. */
function onlyCursor(changed: PropertyValues): boolean {
  const names = [...changed.keys()];
  return names.length > 0 && names.every((name) => name === 'cursorMs' || name === 'spoken');
}

/** The chosen range, whose ends can be taken hold of, and the cursor: over every lane. */
const OVER = html`<div class="brush" hidden><i data-end="from"></i><i data-end="to"></i></div><div class="cursor" hidden></div>`;
const SPEAK_MS = 500;
