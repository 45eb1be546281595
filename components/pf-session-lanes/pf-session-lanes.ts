// <pf-session-lanes>: every session of a recording as a row on its axis, so that it is seen who streamed when and where
// each was worst. One of them is looked at; the rows choose it. Draws few shapes a row and no canvas.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  svg,
  type TemplateResult,
} from 'lit';
import { guard } from 'lit/directives/guard.js';
import { BRUSH, ChartElement, type Scope } from '../base/chart-element.ts';
import { chartStyles } from '../base/chart-styles.ts';
import { define } from '../base/element.ts';
import { PfSessionSelect } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { codecName, DASH, mode } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { figure } from '../base/states.ts';
import { controls } from '../base/styles.ts';
import { tokens } from '../base/tokens.ts';
import type { Range } from '../chart/grid.ts';
import { budgetMs } from '../chart/latency.ts';
import { TICK_COLUMN_PX } from '../chart/options.ts';
import {
  barOf,
  isIn,
  type Moment,
  modeAt,
  rateAt,
  type SessionRow,
  sessionRows,
} from '../chart/session-rows.ts';
import type { ReviewClient } from '../review/review-client.ts';
import { words } from './strings.ts';
import { sessionStyles } from './styles.ts';

/** A session's worst moment, and out of what it is known. */
interface Worst extends Moment {
  /** A frame; else the p99 of a window. */
  readonly isFrame: boolean;
}

/**
 * @summary The sessions of the live capture or of one recording as rows on its axis.
 * @event {PfSessionSelect} pf-session-select - A session was chosen.
 * @event {PfCursor} pf-cursor - The cursor was moved by pointer or key.
 * @event {PfBrush} pf-brush - A range was chosen; without one: none any more.
 * @event {PfZoom} pf-zoom - Another part of the recording is to be shown.
 * @csspart card - The frame around head and chart.
 * @csspart chart - The focusable group of rows.
 * @csspart row - One session.
 * @csspart table - The table twin.
 * @cssproperty --pf-sessions-height - The most that the rows take; beyond it they scroll.
 */
export class PfSessionLanes extends ChartElement {
  static override properties: PropertyDeclarations = {
    ...ChartElement.properties,
    growing: { attribute: false },
  };
  static override styles = [
    tokens,
    seriesTokens,
    controls,
    fieldStyles,
    chartStyles,
    sessionStyles,
  ];

  /** Rows of a capture that grows, from who keeps them in step; without them they are worked out of the recording. */
  declare growing: readonly SessionRow[] | undefined;

  #rows: readonly SessionRow[] = [];
  #rowsKey: readonly unknown[] | undefined;
  /** How often they were others. */
  #rowsCount = 0;
  /** The highest target of all sessions: bars are told against it. */
  #mostKbps = 0;
  #frameWorst = new Map<number, Moment>();
  #asked: ReviewClient | undefined;
  #pressed: { readonly x: number; readonly y: number } | undefined;

  constructor() {
    super();
    this.addEventListener('pointerdown', this.#onPress, { capture: true });
    this.addEventListener('click', this.#onClick);
  }

  /** What is drawn, in order of time; empty before the first data. */
  get rows(): readonly SessionRow[] {
    const scope = this.scope;
    if (scope === undefined) return [];
    const { capture, full } = scope;
    const { growing } = this;
    const key = growing === undefined ? [capture, full.toMs] : [growing];
    if (key.some((own, i) => own !== this.#rowsKey?.[i])) {
      this.#rowsKey = key;
      this.#rows = growing ?? sessionRows(capture, full);
      this.#rowsCount += 1;
      const rates = this.#rows.flatMap((row) => row.rates);
      this.#mostKbps = rates.reduce((most, { kbps }) => Math.max(most, kbps), 0);
    }
    return this.#rows;
  }

  /** A session's worst frame, else its worst window; undefined where neither was measured. */
  worst(row: SessionRow): Worst | undefined {
    const frame = this.#frameWorst.get(row.id);
    if (frame !== undefined) return { ...frame, isFrame: true };
    return row.worstWindow === undefined ? undefined : { ...row.worstWindow, isFrame: false };
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const { frames, scope } = this;
    if (frames === this.#asked || scope === undefined) return;
    this.#asked = frames;
    this.#frameWorst = new Map();
    if (frames !== undefined) void this.#askWorst(frames, scope.full);
  }

  /** One session after the other: the first rows are told while the last are asked for. */
  async #askWorst(client: ReviewClient, { fromMs, toMs }: Range): Promise<void> {
    for (const { sessionId, rows } of client.sessions) {
      if (rows === 0) continue;
      try {
        const wish = { session: sessionId, fromMs, toMs: toMs + 1, frames: 'all' } as const;
        const row = (await client.ask('extent', wish))?.worst?.row;
        const frame = row === undefined ? undefined : await client.ask('frame', sessionId, row);
        if (this.#asked !== client || !this.isConnected) return;
        if (frame?.totalUs === undefined) continue;
        this.#frameWorst.set(sessionId, { atMs: frame.atMs, ms: frame.totalUs / 1000 });
        this.requestUpdate();
      } catch {
        // Closed with its recording, or a file that breaks: the windows' worst stays, and says that it is of windows.
        return;
      }
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#asked = undefined;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    // One that grows is another with every tick: where its rows were scrolled to, they stay.
    const isAnother = changed.has('recording') && this.growing === undefined;
    if (!changed.has('session') && !isAnother) return;
    const row = this.renderRoot.querySelector('.row.on');
    const box = this.renderRoot.querySelector('.rows');
    if (row === null || box === null || box.scrollHeight <= box.clientHeight) return;
    // The box moves, and never the page around it.
    const [at, frame] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
    if (at.top < frame.top) box.scrollTop -= frame.top - at.top;
    else if (at.bottom > frame.bottom) box.scrollTop += at.bottom - frame.bottom;
  }

  protected override drawLanes(): void {}

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override get tableKey(): string {
    const { length } = this.rows;
    return `${this.#frameWorst.size} ${length} ${this.#rowsCount}`;
  }

  protected override renderLanes(scope: Scope | undefined): unknown {
    const t = words[this.language];
    const rows = this.rows;
    if (scope === undefined) {
      return html`<div class="sessions"><p class="intro">${this.plotWords(scope)}</p></div>`;
    }
    const said = this.format.count(rows.length);
    return html`<div class="sessions"><p class="intro"><b>${t.heading}</b>${t.unit(said)}</p>
      <div class="rows" role="group" aria-label=${t.list}>${rows.map((row) => this.#renderRow(row, scope))}</div>
      <div class="veil"><div class="plot">${BRUSH}<div class="cursor" hidden></div></div></div>
    </div>`;
  }

  #renderRow(row: SessionRow, scope: Scope): TemplateResult {
    const t = words[this.language];
    const isOn = row.id === scope.session;
    return html`<div class="row ${isOn ? 'on' : ''}" part="row" data-id=${row.id}>
      <div class="label" @pointerdown=${beside}><button class="pickrow" aria-current=${isOn ? 'true' : nothing} aria-label=${this.#spoken(row)} tabindex=${isOn ? 0 : -1}
        @keydown=${this.#onRowKey} @click=${this.#onPick}>${t.session(row.id)}</button></div>
      <div class="plot">${guard(
        [row, scope.grid.range, this.plotWidth, this.language, this.worst(row)?.atMs, this.narrow],
        () => this.#renderBar(row, scope.grid.range),
      )}</div>
      <div class="read" @pointerdown=${beside}>${this.#renderRead(row)}</div>
    </div>`;
  }

  #renderBar(row: SessionRow, shown: Range): TemplateResult {
    const left = this.narrow ? 0 : TICK_COLUMN_PX;
    const width = this.plotWidth;
    const x = (share: number): number => left + share * width;
    const at = (ms: number): number => x((ms - shown.fromMs) / (shown.toMs - shown.fromMs));
    const steps = barOf(row, shown, this.#mostKbps, Math.max(1, width / 2));
    const [from, to] = [Math.max(left, at(row.fromMs)), Math.min(left + width, at(row.toMs))];
    const isSeen = to >= left && from <= left + width && width > 0;
    if (!isSeen) return html`<svg aria-hidden="true"></svg>`;
    const what = this.#what(row);
    // A name that has no room to the right of its beginning ends at the edge.
    const isLate = from + what.length * GLYPH_PX > left + width;
    const worst = this.worst(row);
    // One glyph where several would lie on each other.
    const seen = row.modes.filter(({ atMs }) => isIn(shown, atMs) && isIn(row, atMs));
    const modes = new Set(seen.map(({ atMs }) => Math.round(at(atMs) / 4) * 4));
    return html`<svg aria-hidden="true"><text x=${isLate ? left + width : from} y="12" text-anchor=${isLate ? 'end' : 'start'}>${what}</text>
      ${steps.map(({ from: a, to: b, height = 1 }) => {
        const high = Math.max(2, Math.round(height * BAR_PX));
        const wide = Math.max(1, (b - a) * width).toFixed(1);
        return svg`<rect class="bar" x=${x(a).toFixed(1)} y=${BAR_BOTTOM - high} width=${wide} height=${high}></rect><rect class="base" x=${x(a).toFixed(1)} y=${BAR_BOTTOM} width=${wide} height="1"></rect>`;
      })}
      ${at(row.fromMs) < left ? nothing : svg`<rect class="edge" x=${from} y="16" width="1" height="17"></rect>`}
      ${row.isOpen || at(row.toMs) > left + width ? nothing : svg`<rect class="edge" x=${to - 1} y="16" width="1" height="17"></rect>`}
      ${[...modes].map((px) => svg`<rect class="mode" x=${px - 3} y="19.5" width="6" height="6"></rect>`)}
      ${
        worst === undefined || !isIn(shown, worst.atMs)
          ? nothing
          : svg`<path class="peak ${this.#isOver(row, worst) ? 'over' : ''}" d="M${at(worst.atMs).toFixed(1)} 14l4 7h-8z"></path>`
      }</svg>`;
  }

  /** "Deck OLED · 1920 × 1080, 120 Hz · HEVC" */
  #what({ entry }: SessionRow): string {
    const t = words[this.language];
    if (entry === undefined) return t.unknown;
    const size = mode(this.format, entry.width, entry.height, entry.fps);
    const who = entry.client === '' ? t.unknown : entry.client;
    return [who, size, codecName(entry.codec)].filter((x) => x !== DASH).join(' · ');
  }

  /** At the cursor what it was streaming; below, its worst moment. */
  #renderRead(row: SessionRow): TemplateResult {
    const t = words[this.language];
    const ms = this.cursorAtMs;
    const worst = this.worst(row);
    const over = worst !== undefined && this.#isOver(row, worst);
    return html`<p class=${over ? 'over' : 't2'}>${worst === undefined ? figure(DASH, this.format) : this.#worstText(worst)}</p>
      <p class="t3">${ms === undefined ? nothing : isIn(row, ms) ? this.#nowText(row, ms) : t.away}</p>`;
  }

  #worstText({ ms, atMs, isFrame }: Worst): string {
    const t = words[this.language];
    const f = this.format;
    const text = f.unit(f.ms(ms), 'ms');
    return isFrame ? t.worstFrame(text, f.clock(atMs)) : t.worstWindow(text, f.clock(atMs));
  }

  #nowText(row: SessionRow, ms: number): string {
    const f = this.format;
    const rate = rateAt(row, ms);
    const { entry } = row;
    const asBegun = entry === undefined ? '' : `${entry.height}p${entry.fps}`;
    const text = rate === undefined ? '' : f.unit(f.tenth(rate / 1000), 'Mb/s');
    return words[this.language].now(text, modeAt(row, ms) ?? asBegun);
  }

  #isOver({ entry }: SessionRow, { ms }: Moment): boolean {
    const budget = budgetMs(entry?.fps);
    return budget !== undefined && ms > budget;
  }

  #spoken(row: SessionRow): string {
    const t = words[this.language];
    const f = this.format;
    const worst = this.worst(row);
    const who = `${t.session(row.id)}, ${this.#what(row)}`;
    const said = worst === undefined ? t.noWorst : this.#worstText(worst);
    // Without a time that moves: a name that is another every second would be read again and again.
    if (this.growing !== undefined && row.isOpen)
      return t.spokenSince(who, f.clock(row.fromMs), said);
    return t.spokenRow(who, f.clock(row.fromMs), f.clock(row.toMs), said);
  }

  protected override summary(scope: Scope): string {
    const f = this.format;
    const { rows } = this;
    const length = lengthOf(f, scope.full.toMs);
    const said = rows.slice(0, MOST_SPOKEN).map((row) => `${this.#spoken(row)}.`);
    return [
      words[this.language].summary(length, f.count(rows.length), rows.length === 1),
      ...said,
    ].join(' ');
  }

  protected override speak(): string {
    const t = words[this.language];
    const ms = this.cursorAtMs ?? 0;
    const here = this.rows.filter((row) => isIn(row, ms));
    const said = here
      .slice(0, MOST_SPOKEN)
      .map((row) => `${t.session(row.id)} ${this.#nowText(row, ms)}`);
    return t.spokenAt(this.format.clock(ms), said.length === 0 ? t.nobody : said.join(', '));
  }

  protected override renderTable(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const heads = [
      ...[t.id, t.client, t.mode, t.codec, t.encoder, t.from, t.to],
      ...[t.bitrate, t.changes, t.gaps, t.worst, t.at],
    ];
    const row = (one: SessionRow): TemplateResult => {
      const { entry, rates, modes, gaps } = one;
      const worst = this.worst(one);
      const changes = t.changed(f.count(Math.max(0, rates.length - 1)), f.count(modes.length));
      const rate = rates[0]?.kbps;
      const to = f.clock(one.toMs);
      const size = entry === undefined ? DASH : mode(f, entry.width, entry.height, entry.fps);
      return html`<tr><th scope="row">${one.id}</th><td class="who">${figure(entry?.client || DASH, f)}</td><td>${figure(size, f)}</td>
        <td>${figure(entry === undefined ? DASH : codecName(entry.codec), f)}</td><td>${figure(entry?.encoder || DASH, f)}</td>
        <td>${f.clock(one.fromMs)}</td><td>${one.isOpen ? t.open(to) : to}</td>
        <td>${figure(rate === undefined ? DASH : f.unit(f.tenth(rate / 1000), 'Mb/s'), f)}</td><td>${changes}</td><td>${f.count(gaps.length)}</td>
        <td>${worst === undefined ? figure(DASH, f) : t.worstCell(f.unit(f.ms(worst.ms), 'ms'), worst.isFrame)}</td><td>${figure(f.clock(worst?.atMs), f)}</td></tr>`;
    };
    return html`<table><caption>${t.caption}</caption>
      <thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
      <tbody>${this.rows.map(row)}</tbody></table>`;
  }

  readonly #onPick = (event: Event): void => {
    if (!(event.currentTarget instanceof HTMLElement)) return;
    event.stopPropagation();
    this.#choose(rowIdOf(event.currentTarget));
  };

  /** The rows are one stop: arrows go from one to the next, Enter looks at it. */
  readonly #onRowKey = (event: KeyboardEvent): void => {
    const { key, currentTarget } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    // Presses the button, and nothing of the lanes.
    if (key === 'Enter' || key === ' ') event.stopPropagation();
    const buttons = [...this.renderRoot.querySelectorAll<HTMLElement>('.pickrow')];
    const at = currentTarget instanceof HTMLElement ? buttons.indexOf(currentTarget) : -1;
    const step = STEPS[key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
  };

  readonly #onPress = (event: PointerEvent): void => {
    this.#pressed = { x: event.clientX, y: event.clientY };
  };

  /** A click on a row, not the end of a drag over it. The plot holds on to the pointer: where it was tells the row. */
  readonly #onClick = ({ clientX, clientY }: MouseEvent): void => {
    const pressed = this.#pressed;
    const far = Math.hypot(clientX - (pressed?.x ?? 0), clientY - (pressed?.y ?? 0));
    if (pressed === undefined || far >= DRAG_FROM_PX) return;
    const rows = [...this.renderRoot.querySelectorAll<HTMLElement>('.row')];
    const box = this.renderRoot.querySelector('.rows')?.getBoundingClientRect();
    if (box === undefined || clientY < box.top || clientY > box.bottom) return;
    const row = rows.find((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return clientY >= top && clientY < bottom;
    });
    if (row !== undefined) this.#choose(Number(row.dataset['id']));
  };

  #choose(id: number): void {
    if (!Number.isFinite(id) || id === this.scope?.session) return;
    this.session = id;
    this.dispatchEvent(new PfSessionSelect(id));
  }
}

const rowIdOf = (inside: HTMLElement): number =>
  Number(inside.closest<HTMLElement>('.row')?.dataset['id'] ?? Number.NaN);

/** Name and figures are no place on the axis: who presses them moves no cursor. */
function beside(event: PointerEvent): void {
  event.stopPropagation();
}

/** About what a character of the smallest type takes. */
const GLYPH_PX = 6.4;
const BAR_PX = 12;
const BAR_BOTTOM = 32;
const DRAG_FROM_PX = 3;
/** Who listens wants no hundred of them. */
const MOST_SPOKEN = 8;
const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: -1,
  ArrowDown: 1,
  PageUp: -5,
  PageDown: 5,
};

define('pf-session-lanes', PfSessionLanes);

declare global {
  interface HTMLElementTagNameMap {
    'pf-session-lanes': PfSessionLanes;
  }
}
