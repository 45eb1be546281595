// <pf-frame-strip>: single frames side by side, and one frame's path. Shows the frames as they were recorded; nothing is
// averaged or left out.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  svg,
  type TemplateResult,
} from 'lit';
import { guard } from 'lit/directives/guard.js';
import { nextOutlier, type Outlier } from '../../recording/src/review/outliers.ts';
import type { Extent, FrameFacts, Strip } from '../../recording/src/review/review.ts';
import { chartWords } from '../base/chart-strings.ts';
import { define } from '../base/element.ts';
import { PfFrame } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { fineClock } from '../base/format-dates.ts';
import { ReviewElement } from '../base/review-element.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { aloud, figure } from '../base/states.ts';
import { stageNames } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { drawOn } from '../base/surface.ts';
import { swatch, swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import {
  nearestPlace,
  type StripFrame,
  type StripModel,
  slotsIn,
  stripModel,
} from '../chart/strip.ts';
import { drawStrip, stripLeft } from '../chart/strip-draw.ts';
import { Asked, type Wish } from '../review/asked.ts';
import { endingOf, factsOf, kindOf } from './frame-words.ts';
import { words } from './strings.ts';
import { stripStyles } from './styles.ts';

/**
 * @summary Single frames of a recording side by side, and the path of the selected one.
 * @event {PfFrame} pf-frame - A frame was selected by pointer, key or button.
 * @csspart card - The frame around everything.
 * @csspart chart - The focusable group of the strip.
 * @csspart path - What is known of the selected frame.
 * @csspart table - The table twin.
 * @cssproperty --pf-encode - Colour of the encode stage; likewise every token of the design.
 */
export class PfFrameStrip extends ReviewElement {
  static override properties: PropertyDeclarations = {
    ...ReviewElement.properties,
    atMs: { type: Number, attribute: 'at-ms' },
    row: { type: Number },
    table: { type: Boolean, reflect: true },
    pitchPx: { state: true },
    spoken: { state: true },
  };
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, stripStyles];

  /** The time to show, on the recording's clock; undefined: that of the worst frame of the range. */
  declare atMs: number | undefined;
  /** The selected frame: the session's, counted from 0 in order of time; undefined: the one at `atMs`. */
  declare row: number | undefined;
  /** Shows the table twin. */
  declare table: boolean;
  /** Width of a frame. */
  declare protected pitchPx: number;
  declare protected spoken: string;

  readonly #extent = new Asked(this, 'extent', () => this.#aboutRange());
  readonly #outliers = new Asked(this, 'outliers', () => this.#aboutSession());
  readonly #strip = new Asked(this, 'strip', () => this.#aboutFrames());
  readonly #path = new Asked(this, 'frame', () => this.#aboutFrame());
  #made: { readonly key: readonly unknown[]; readonly model: StripModel } | undefined;
  /** The middle of the strip. It stays while the selected frame is in sight. */
  #centreMs: number | undefined;
  #plotWidth = 0;
  /** A frame that was selected, whose time is not known yet. */
  #untold: number | undefined;
  #jumped: Outlier | undefined;
  /** A jump that was asked for before it was known where to. */
  #jumpDue: 1 | -1 | undefined;
  #speak: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.table = false;
    this.pitchPx = USUAL_PITCH_PX;
    this.spoken = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#speak);
  }

  /** What is drawn. */
  get model(): StripModel | undefined {
    const { facts } = this;
    const strip = this.#shown;
    if (facts === undefined || strip === undefined) return undefined;
    const key = [strip, facts, this.pitchPx];
    if (this.#made === undefined || key.some((own, i) => own !== this.#made?.key[i])) {
      const model = stripModel(strip, this.parts, facts.budgetUs, this.pitchPx);
      this.#made = { key, model };
    }
    return this.#made.model;
  }

  /** The frame that is outlined; undefined until it is known. */
  get selected(): number | undefined {
    const { facts } = this;
    if (facts === undefined) return undefined;
    if (this.row !== undefined) return clamp(Math.round(this.row), facts.rows);
    const strip = this.#shown;
    if (this.atMs !== undefined) {
      const place = strip === undefined ? undefined : nearestPlace(strip.atMs, this.atMs);
      return strip === undefined || place === undefined ? undefined : strip.firstRow + place;
    }
    const extent = this.#known;
    if (extent === undefined) return undefined;
    return extent.worst?.row ?? clamp(extent.firstRow, facts.rows);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (!this.hasUpdated) return;
    const isOther = ABOUT.some((name) => changed.has(name));
    if (isOther) this.#jumped = undefined;
    if (isOther || changed.has('atMs')) this.#jumpDue = undefined;
    if (isOther && changed.has('range') === false) this.#centreMs = undefined;
    // What was selected belongs to what was chosen then, unless both were handed in together.
    if ((isOther || changed.has('atMs')) && !changed.has('row')) this.row = undefined;
    if (this.#jumpDue !== undefined) this.#jump(this.#jumpDue);
  }

  #aboutRange(): Wish<'extent'> | undefined {
    const range = this.asked('all');
    const client = this.reviewed;
    return range === undefined || client === undefined ? undefined : { client, args: [range] };
  }

  #aboutSession(): Wish<'outliers'> | undefined {
    const { facts, reviewed: client } = this;
    return facts === undefined || client === undefined
      ? undefined
      : { client, args: [facts.sessionId] };
  }

  #aboutFrames(): Wish<'strip'> | undefined {
    const { facts, reviewed: client } = this;
    const centre = this.#centre();
    if (facts === undefined || client === undefined || centre === undefined) return undefined;
    if (this.#plotWidth <= 0) return undefined;
    return { client, args: [facts.sessionId, centre, slotsIn(this.#plotWidth, this.pitchPx)] };
  }

  #aboutFrame(): Wish<'frame'> | undefined {
    const { facts, reviewed: client, selected } = this;
    if (facts === undefined || client === undefined || selected === undefined) return undefined;
    return { client, args: [facts.sessionId, selected] };
  }

  /** Moves the middle when the selected frame is out of sight. */
  #centre(): number | undefined {
    const strip = this.#shown;
    if (this.row !== undefined) {
      const row = this.selected;
      const known = this.#path.answer;
      if (!holds(strip, row) && known?.row === row) this.#centreMs = known?.atMs;
    } else if (this.atMs !== undefined) {
      if (!covers(strip, this.atMs)) this.#centreMs = this.atMs;
    } else {
      const extent = this.#known;
      const { worst } = extent ?? {};
      if (worst !== undefined && !holds(strip, worst.row)) this.#centreMs = worst.atMs;
      else if (extent !== undefined) this.#centreMs ??= this.asked('all')?.fromMs;
    }
    return this.#centreMs;
  }

  /** Of the session that is shown. */
  get #shown(): Strip | undefined {
    const isOwn = this.#strip.answeredArgs?.[0] === this.facts?.sessionId;
    return isOwn ? this.#strip.answer : undefined;
  }

  get #known(): Extent | undefined {
    const isOwn = this.#extent.answeredArgs?.[0].session === this.facts?.sessionId;
    return isOwn ? this.#extent.answer : undefined;
  }

  get #chosen(): FrameFacts | undefined {
    const isOwn = this.#path.answeredArgs?.[0] === this.facts?.sessionId;
    return isOwn ? this.#path.answer : undefined;
  }

  get #selectedFrame(): StripFrame | undefined {
    const { model, selected } = this;
    const first = model?.frames[0]?.row ?? 0;
    return selected === undefined ? undefined : model?.frames[selected - first];
  }

  #select(row: number, atMs?: number): void {
    const { facts } = this;
    if (facts === undefined) return;
    const to = clamp(row, facts.rows);
    this.row = to;
    const first = this.#shown?.firstRow ?? 0;
    const known = atMs ?? this.#shown?.atMs[to - first];
    this.#untold = known === undefined ? to : undefined;
    if (known !== undefined) this.dispatchEvent(new PfFrame(to, known));
    this.#say();
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    this.#measure();
    const path = this.#chosen;
    if (path !== undefined && path.row === this.#untold) {
      this.#untold = undefined;
      this.dispatchEvent(new PfFrame(path.row, path.atMs));
    }
    this.#draw();
  }

  #measure(): void {
    const plot = this.renderRoot.querySelector<HTMLElement>('.plot')?.clientWidth ?? 0;
    const width = Math.max(0, plot - stripLeft(this.surface.narrow));
    if (width === this.#plotWidth) return;
    this.#plotWidth = width;
    this.requestUpdate();
  }

  #draw(): void {
    const { paint } = this.surface;
    if (paint === undefined) return;
    const { model, selected } = this;
    const t = words[this.language];
    const f = this.format;
    drawOn(this.renderRoot.querySelector<HTMLCanvasElement>('#c-strip'), (g, width) => {
      if (model === undefined) return;
      const budget = model.budgetMs;
      drawStrip(g, width, model, selected, paint, {
        budget: budget === undefined ? undefined : t.budget(f.unit(f.ms(budget), 'ms')),
        tick: (ms) => (Number.isInteger(ms) ? f.count(ms) : f.tenth(ms)),
        value: (ms) => f.ms(ms),
        time: (ms) => fineClock(f, ms, 2),
        hole: (ms) => f.unit(f.count(ms), 'ms'),
      });
    });
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    const outliers = this.#outliers.answer ?? [];
    const at = this.#selectedUs;
    const button = (name: string, key: string, direction: 1 | -1): TemplateResult =>
      html`<button class="btn" aria-keyshortcuts=${key} aria-disabled=${at === undefined || nextOutlier(outliers, at, direction) === undefined}
        @click=${() => this.#jump(direction)}>${name} <kbd aria-hidden="true">${key}</kbd></button>`;
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading} @keydown=${this.#onKey}>
      <div class="head"><h2>${t.heading}</h2><span class="t2 s">${this.#headline()}</span><span class="grow"></span>
        ${
          this.isBare
            ? nothing
            : html`${button(t.previous, 'p', -1)}${button(t.next, 'n', 1)}<button class="btn" aria-pressed=${this.table} aria-keyshortcuts="t" @click=${this.#onTable}>${chartWords[this.language].asTable}</button>`
        }</div>
      ${this.renderState()}${this.isBare ? nothing : this.#renderBody()}
      <p class="vh" aria-live="polite">${this.spoken}</p>
      <i class="probe" hidden></i>
    </section></div>`;
  }

  /** "09:46.19–09:47.26 · 128 of 4,264 frames of the range" */
  #headline(): string {
    const t = words[this.language];
    const f = this.format;
    const frames = this.model?.frames ?? [];
    const [first, last] = [frames[0], frames.at(-1)];
    const extent = this.#known;
    if (extent !== undefined && extent.count === 0 && this.range !== undefined) return t.noFrames;
    if (first === undefined || last === undefined || extent === undefined) return this.reading;
    const from = Math.max(first.row, extent.firstRow);
    const inside = Math.max(0, Math.min(last.row + 1, extent.firstRow + extent.count) - from);
    const said =
      inside === 0
        ? t.outside(f.count(frames.length), frames.length === 1)
        : t.ofRange(f.count(inside), f.count(extent.count));
    return `${fineClock(f, first.atMs, 2)}–${fineClock(f, last.atMs, 2)} · ${said}`;
  }

  #renderBody(): TemplateResult {
    const t = words[this.language];
    const failure = this.#strip.failure ?? this.#path.failure ?? this.#extent.failure;
    return html`<div class="body">
        <div class="strip">
          <div class="group" part="chart" role="group" tabindex="0" aria-label=${t.heading} aria-describedby="summary how">
            <div class="plot" @pointerdown=${this.#onPointer}><canvas id="c-strip" role="img" aria-label=${t.label}></canvas></div>
          </div>
          ${this.#renderLegend()}
          <p id="summary" class="vh">${this.#summary()}</p><p id="how" class="vh">${t.howTo}</p>
          ${failure === undefined ? nothing : html`<p class="note bad" role="status">${t.failed(failure)}</p>`}
        </div>
        <div class="path" part="path" role="group" aria-label=${t.path}>${this.#renderPath()}</div>
      </div>
      ${this.table && this.model !== undefined ? this.#renderTwin(this.model) : nothing}`;
  }

  #renderLegend(): TemplateResult {
    const t = words[this.language];
    const one = (shape: TemplateResult, name: string): TemplateResult =>
      html`<li><svg class="glyph" viewBox="0 0 10 10" aria-hidden="true">${shape}</svg>${name}</li>`;
    return html`<ul class="legend">
      ${one(svg`<path class="solid" d="M5 .5L9.5 5 5 9.5.5 5z"></path>`, t.isKey)}
      ${one(svg`<path class="line" d="M5 1l4 8H1z"></path>`, t.invalidated)}
      ${one(svg`<path class="again" d="M1.5 1.5h7v7h-7zM1.5 5L5 1.5M1.5 8.5L8.5 1.5M5 8.5L8.5 5"></path>`, t.repeat)}
      ${one(svg`<path class="cross" d="M1 1l8 8M9 1L1 9"></path>`, t.dropped)}
    </ul>`;
  }

  #renderPath(): unknown {
    const t = words[this.language];
    const f = this.format;
    const frame = this.#chosen;
    if (frame === undefined) return nothing;
    const totalMs = frame.totalUs === undefined ? undefined : frame.totalUs / 1000;
    const budgetMs = (this.facts?.budgetUs ?? Number.POSITIVE_INFINITY) / 1000;
    const ending = endingOf(frame, f);
    const isOver = (totalMs ?? 0) > budgetMs;
    return html`<p class="which"><b>${t.frame(f.count(frame.row))}</b><span class="t3">${fineClock(f, frame.atMs, 3)}</span></p>
      <p class="total ${isOver ? 'over' : ''}">${
        totalMs === undefined
          ? t.notSent
          : html`${f.unit(f.ms(totalMs), 'ms')} ${
              Number.isFinite(budgetMs)
                ? html`<span>${t.ofBudget(f.tenth(totalMs / budgetMs))}</span>`
                : nothing
            }`
      }</p>
      <ul class="steps">${this.#renderSteps(frame)}</ul>
      ${ending === undefined ? nothing : html`<p class="ending">${ending}</p>`}
      <p class="s t3">${factsOf(frame, f).join(' · ')}</p>`;
  }

  /** One after the other on one track: where a part begins is where the one before it ended. */
  #renderSteps({ parts, totalUs }: FrameFacts): TemplateResult[] {
    const f = this.format;
    const known = parts.reduce((sum, { us = 0 }) => sum + us, 0);
    const whole = Math.max(1, totalUs ?? known);
    let before = 0;
    return parts.map(({ name, us }) => {
      const from = Math.min(99, (before / whole) * 100);
      const width = Math.min(100 - from, ((us ?? 0) / whole) * 100);
      before += us ?? 0;
      return html`<li>${swatch({ shape: 'fill', token: name })}<span class="t2">${stageNames[this.language][name]}</span
        ><svg class="track k-${name}" aria-hidden="true"><rect class="ground" width="100%" height="100%"></rect>${
          us === undefined || us === 0
            ? nothing
            : svg`<rect class="full" x="${from.toFixed(2)}%" width="${Math.max(1, width).toFixed(2)}%" height="100%"></rect>`
        }</svg><span class="num">${figure(f.ms(us === undefined ? undefined : us / 1000), f)}</span></li>`;
    });
  }

  #renderTwin(model: StripModel): TemplateResult {
    const t = words[this.language];
    return html`<div class="twin" part="table" tabindex="0" role="region" aria-label=${t.table}>
      ${guard([model, this.selected, this.language], () => this.#renderTable(model))}
    </div>`;
  }

  #renderTable({ frames }: StripModel): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const strip = this.#shown;
    const { parts, selected } = this;
    const cell = (us: number | undefined): unknown =>
      figure(f.ms(us === undefined || us < 0 ? undefined : us / 1000), f);
    return html`<table><caption class="vh">${t.caption}</caption>
      <thead><tr><th scope="col">${t.frameColumn}</th><th scope="col">${t.time}</th><th scope="col">${t.totalColumn}</th>
        ${parts.map((name) => html`<th scope="col">${stageNames[this.language][name]}</th>`)}<th scope="col" class="kind">${t.kind}</th></tr></thead>
      <tbody>${frames.map(
        (frame, i) => html`<tr aria-current=${frame.row === selected ? 'true' : nothing}>
          <th scope="row">${f.count(frame.row)}</th><td>${fineClock(f, frame.atMs, 3)}</td>
          <td class=${frame.isOver ? 'over' : ''}>${figure(f.ms(frame.totalMs), f)}</td>
          ${parts.map((_, part) => html`<td>${cell(strip?.partUs[part]?.[i])}</td>`)}
          <td class="kind">${this.#kindsOf(frame, strip?.flags[i] ?? 0)}</td></tr>`,
      )}</tbody></table>`;
  }

  #kindsOf(frame: StripFrame, flags: number): string {
    const t = words[this.language];
    return [
      kindOf(flags, this.format),
      ...(frame.isInvalidated ? [t.invalidated] : []),
      ...(frame.isDropped ? [t.dropped] : []),
    ].join(', ');
  }

  #summary(): string {
    const t = words[this.language];
    const f = this.format;
    const frames = this.model?.frames ?? [];
    const [first, last] = [frames[0], frames.at(-1)];
    if (first === undefined || last === undefined) return '';
    const n = (is: (frame: StripFrame) => boolean): string => f.count(frames.filter(is).length);
    const from = fineClock(f, first.atMs, 2);
    const late = t.summaryLate(
      n(({ isOver }) => isOver),
      n(({ isDropped }) => isDropped),
    );
    return `${t.summary(f.count(frames.length), from, fineClock(f, last.atMs, 2))} ${late}`;
  }

  /** The selected frame, for who cannot see it. */
  #spokenFrame(): string {
    const t = words[this.language];
    const f = this.format;
    const frame = this.#chosen;
    if (frame === undefined) return '';
    const ms = (us: number | undefined): string =>
      aloud(f.ms(us === undefined ? undefined : us / 1000), f);
    const isOver = (frame.totalUs ?? 0) > (this.facts?.budgetUs ?? Number.POSITIVE_INFINITY);
    return [
      `${t.frame(f.count(frame.row))}, ${fineClock(f, frame.atMs, 3)}`,
      `${t.total} ${ms(frame.totalUs)}`,
      ...(isOver ? [t.overBudget] : []),
      ...frame.parts.map(({ name, us }) => `${stageNames[this.language][name]} ${ms(us)}`),
      endingOf(frame, f) ?? kindOf(frame.flags, f),
    ].join(', ');
  }

  /** At most one message in half a second. */
  #say(): void {
    clearTimeout(this.#speak);
    this.#speak = setTimeout(() => {
      this.spoken = this.#spokenFrame();
    }, SPEAK_MS);
  }

  get #selectedUs(): number | undefined {
    // An outlier tells its time before its frame is read: keys pressed fast go on from there.
    if (this.#jumped?.row === this.selected) return this.#jumped?.atUs;
    const ms = this.#selectedFrame?.atMs ?? this.#chosen?.atMs;
    // Times are whole µs; as ms they lie a hair beside them.
    return ms === undefined ? undefined : Math.round(ms * 1000);
  }

  #jump(direction: 1 | -1): void {
    const at = this.#selectedUs;
    const outliers = this.#outliers.current;
    this.#jumpDue = at === undefined || outliers === undefined ? direction : undefined;
    if (at === undefined || outliers === undefined) return;
    const next = nextOutlier(outliers, at, direction);
    if (next === undefined) return;
    this.#jumped = next;
    this.#select(next.row, next.atUs / 1000);
  }

  readonly #onPointer = (event: PointerEvent): void => {
    const { model } = this;
    const plot = event.currentTarget;
    if (model === undefined || !(plot instanceof HTMLElement) || event.button !== 0) return;
    const left = plot.getBoundingClientRect().left + stripLeft(this.surface.narrow);
    const place = Math.floor((event.clientX - left) / model.pitchPx);
    const frame = model.frames[place];
    if (frame !== undefined) this.#select(frame.row);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.altKey || event.metaKey || event.shiftKey) return;
    const inStrip = event
      .composedPath()
      .some((at) => at instanceof HTMLElement && at.classList.contains('group'));
    const isTaken =
      (!event.ctrlKey && this.#wordKey(event.key)) || (inStrip && this.#stepKey(event));
    if (!isTaken) return;
    event.preventDefault();
    // The page around may have the same keys for its lanes.
    event.stopPropagation();
  };

  /** Keys that hold anywhere in the element. */
  #wordKey(key: string): boolean {
    if (key === 'n' || key === 'p') this.#jump(key === 'n' ? 1 : -1);
    else if (key === 't') this.table = !this.table;
    else return false;
    return true;
  }

  #stepKey({ key, ctrlKey }: KeyboardEvent): boolean {
    const { selected, facts } = this;
    if (selected === undefined || facts === undefined) return false;
    const extent = this.#known;
    const step = ctrlKey ? 10 : 1;
    const screen = slotsIn(this.#plotWidth, this.pitchPx);
    switch (key) {
      case 'ArrowLeft':
        this.#select(selected - step);
        return true;
      case 'ArrowRight':
        this.#select(selected + step);
        return true;
      case 'PageUp':
        this.#select(selected - screen);
        return true;
      case 'PageDown':
        this.#select(selected + screen);
        return true;
      case 'Home':
        this.#select(extent?.firstRow ?? 0);
        return true;
      case 'End':
        this.#select((extent === undefined ? facts.rows : extent.firstRow + extent.count) - 1);
        return true;
      case '+':
      case '=':
        this.#widen(1);
        return true;
      case '-':
      case '−':
        this.#widen(-1);
        return true;
      default:
        return false;
    }
  }

  /** The selected frame stays in the middle. */
  #widen(direction: 1 | -1): void {
    const at = PITCHES_PX.indexOf(this.pitchPx) + direction;
    const pitch = PITCHES_PX[at];
    if (pitch === undefined) return;
    const us = this.#selectedUs;
    this.pitchPx = pitch;
    if (us !== undefined) this.#centreMs = us / 1000;
  }

  readonly #onTable = (): void => {
    this.table = !this.table;
  };
}

function clamp(row: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, row));
}

function holds(strip: Strip | undefined, row: number | undefined): boolean {
  if (strip === undefined || row === undefined) return false;
  return row >= strip.firstRow && row < strip.firstRow + strip.totalUs.length;
}

function covers(strip: Strip | undefined, ms: number): boolean {
  const { atMs } = strip ?? NO_FRAMES;
  return ms >= (atMs[0] ?? Number.POSITIVE_INFINITY) && ms <= (atMs.at(-1) ?? 0);
}

const NO_FRAMES = { atMs: new Float64Array() };
/** Another of these, and what was selected is of no use. */
const ABOUT = ['recording', 'recordingId', 'session', 'range'] as const;
const USUAL_PITCH_PX = 6;
const PITCHES_PX = [1, 2, 3, 4, 6, 9, 14];
const SPEAK_MS = 500;

// Elements that stand in the page already are made at this line: what they need lies above.
define('pf-frame-strip', PfFrameStrip);

declare global {
  interface HTMLElementTagNameMap {
    'pf-frame-strip': PfFrameStrip;
  }
}
