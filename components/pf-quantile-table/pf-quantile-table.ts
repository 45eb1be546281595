// <pf-quantile-table>: what a chosen range of frames was like: exact quantiles of every stage, how the totals are spread,
// and where the slowest frames spent their time. Every figure is the review's; none is made here.
import {
  html,
  nothing,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from 'lit';
import type { Figures } from '../../recording/src/review/review.ts';
import { chartWords } from '../base/chart-strings.ts';
import { define } from '../base/element.ts';
import { PfFrames } from '../base/events.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { DASH, type Format } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { percentOf } from '../base/format-shares.ts';
import { ReviewElement } from '../base/review-element.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { aloud, figure } from '../base/states.ts';
import { stageNames } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { drawOn } from '../base/surface.ts';
import { swatch, swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { type FigureRow, figureRows, isTooFew, QUANTILES } from '../chart/figures.ts';
import { type HistogramModel, histogramModel } from '../chart/histogram.ts';
import { drawHistogram } from '../chart/histogram-draw.ts';
import { Asked, type Wish } from '../review/asked.ts';
import { words } from './strings.ts';
import { tableStyles } from './styles.ts';

/**
 * @summary Exact figures of a range: quantiles of every stage, histogram, share of the excess, counters.
 * @event {PfFrames} pf-frames - All frames or the new ones alone were chosen.
 * @csspart card - The frame around everything.
 * @csspart table - The quantiles.
 * @csspart histogram - The focusable group around the histogram.
 * @csspart counters - Counts of the range.
 * @cssproperty --pf-new - Colour of frames within the budget; likewise every token of the design.
 */
export class PfQuantileTable extends ReviewElement {
  static override properties: PropertyDeclarations = {
    ...ReviewElement.properties,
    frames: { type: String, reflect: true },
    table: { type: Boolean, reflect: true },
  };
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, tableStyles];

  /** `all`, or `new`: without what the source gave twice. */
  declare frames: 'all' | 'new';
  /** Shows the histogram's table twin. */
  declare table: boolean;

  readonly #figures = new Asked(this, 'figures', () => this.#question());

  constructor() {
    super();
    this.frames = 'all';
    this.table = false;
  }

  /** What is told; undefined until it is known. */
  get figures(): Figures | undefined {
    return this.facts === undefined ? undefined : this.#figures.answer;
  }

  /** What is drawn. */
  get histogram(): HistogramModel | undefined {
    const { figures, facts } = this;
    if (figures === undefined || facts === undefined) return undefined;
    const { histogram, late } = figures.detail;
    return histogramModel(histogram, late, facts.budgetUs);
  }

  #question(): Wish<'figures'> | undefined {
    const range = this.asked(this.frames === 'new' ? 'new' : 'all');
    const client = this.reviewed;
    return range === undefined || client === undefined ? undefined : { client, args: [range] };
  }

  get #rows(): readonly FigureRow[] {
    const { figures } = this;
    if (figures !== undefined) return figureRows(figures, this.parts);
    const empty = { count: 0, quantilesMs: [], maxMs: undefined, share: undefined };
    return (['total', ...this.parts] as const).map((name) => ({ name, ...empty }));
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const { paint } = this.surface;
    if (paint === undefined) return;
    const { histogram: model } = this;
    const t = words[this.language];
    const f = this.format;
    drawOn(this.renderRoot.querySelector<HTMLCanvasElement>('#c-histogram'), (g, width, height) => {
      if (model === undefined) return;
      drawHistogram(g, width, height, model, paint, {
        budget: t.budget,
        ecdf: t.ecdf,
        count: (n) => (n >= 1000 ? `${f.count(n / 1000)}k` : f.count(n)),
        time: (us, isLast) => (isLast ? f.unit(tickOf(us, f), 'ms') : tickOf(us, f)),
      });
    });
    drawOn(this.renderRoot.querySelector<HTMLCanvasElement>('#c-share'), (g, width, height) => {
      let from = 0;
      for (const { name, share = 0 } of this.#rows.slice(1)) {
        const to = from + share * width;
        g.fillStyle = paint.fill(name);
        if (to > from) g.fillRect(from, 0, Math.max(1, to - from - 1), height);
        from = to;
      }
    });
  }

  protected override render(): TemplateResult {
    const t = words[this.language];
    return html`<div class="frame"><section class="card" part="card" aria-label=${t.heading}>
      <div class="head"><h2>${this.#title()}</h2><span class="t2 s">${this.#facts()}</span><span class="grow"></span>
        ${this.isBare ? nothing : this.#renderSwitch()}</div>
      ${this.renderState()}${this.isBare ? nothing : this.#renderBody()}
      <i class="probe" hidden></i>
    </section></div>`;
  }

  #title(): string {
    const t = words[this.language];
    const f = this.format;
    const { range } = this;
    if (range === undefined) return t.whole;
    return `${t.heading} ${f.clock(range.fromMs)}–${f.clock(range.toMs)}`;
  }

  /** "36.0 s · 4,264 frames · 93 over budget · 56 dropped" */
  #facts(): string {
    const t = words[this.language];
    const f = this.format;
    const { figures } = this;
    if (figures === undefined) return this.reading;
    const { quantiles, detail } = figures;
    const ms = quantiles.to_ms - quantiles.from_ms;
    const budgetUs = this.facts?.budgetUs ?? Number.POSITIVE_INFINITY;
    return [
      ms < EXACT_BELOW_MS ? f.unit(f.tenth(ms / 1000), 's') : lengthOf(f, ms),
      quantiles.count === 1 ? t.oneFrame : t.frames(f.count(quantiles.count)),
      ...(Number.isFinite(budgetUs) ? [t.over(f.count(detail.late))] : []),
      t.dropped(f.count(quantiles.dropped)),
    ].join(' · ');
  }

  #renderSwitch(): TemplateResult {
    const t = words[this.language];
    const one = (frames: 'all' | 'new'): TemplateResult =>
      html`<button aria-pressed=${this.frames === frames} @click=${() => this.#choose(frames)}>${t[frames]}</button>`;
    return html`<span class="seg" role="group" aria-label=${t.which}>${one('all')}${one('new')}</span>`;
  }

  #choose(frames: 'all' | 'new'): void {
    if (this.frames === frames) return;
    this.frames = frames;
    this.dispatchEvent(new PfFrames(frames));
  }

  #renderBody(): TemplateResult {
    const t = words[this.language];
    const failure = this.#figures.failure;
    return html`<div class="four">${this.#renderFour()}</div>
      <div class="body">
        <div class="quantiles" part="table">${this.#renderTable()}</div>
        <div class="spread">${this.#renderHistogram()}</div>
      </div>
      ${this.table ? this.#renderTwin() : nothing}
      <div class="excess">
        <p class="s t2">${failure === undefined ? this.#excessText() : t.failed(failure)}</p>
        <div class="only-narrow"><div class="share"><canvas id="c-share" aria-hidden="true"></canvas></div>${this.#renderShares()}</div>
      </div>
      ${this.#renderCounters()}`;
  }

  #excessText(): unknown {
    const t = words[this.language];
    const { figures } = this;
    if (figures === undefined) return NBSP;
    const { excess } = figures.detail;
    if (figures.quantiles.count === 0) return t.noFrames;
    if (excess === undefined) return t.noTotals;
    return t.slow(this.format.count(excess.frames), excess.frames === 1);
  }

  #renderTable(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const rows = this.#rows;
    const all = rows[0]?.count ?? 0;
    return html`<table>
      <caption class="vh">${t.caption}</caption>
      <thead><tr><th scope="col">ms</th>${QUANTILES.map(
        ([name, percent]) =>
          html`<th scope="col" class=${optional(name)}>${name.replace('.', f.language === 'de' ? ',' : '.')}${this.#few(all, percent)}</th>`,
      )}<th scope="col">${t.max}</th><th scope="col" class="not-narrow">${t.excess}</th></tr></thead>
      <tbody>${rows.map((row) => this.#renderRow(row, all))}</tbody>
    </table>`;
  }

  #renderRow(row: FigureRow, all: number): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const isTotal = row.name === 'total';
    const budgetMs = (this.facts?.budgetUs ?? Number.POSITIVE_INFINITY) / 1000;
    const known = this.figures !== undefined;
    const cell = (ms: number | undefined, kind: string, few: unknown): TemplateResult => {
      const isOver = isTotal && ms !== undefined && ms > budgetMs;
      return html`<td class="${kind} ${isOver ? 'over' : ''}">${known ? figure(f.ms(ms), f) : due(f.ms(1))}${
        isOver ? html`<span class="vh"> ${t.overBudget}</span>` : nothing
      }${few}</td>`;
    };
    const name = this.#nameOf(row);
    return html`<tr class=${isTotal ? 'total' : ''}>
      <th scope="row">${swatch(isTotal ? { shape: 'line', token: 'total' } : { shape: 'fill', token: row.name })}${name}</th>
      ${QUANTILES.map(([quantile, percent], i) =>
        cell(
          row.quantilesMs[i],
          optional(quantile),
          // What holds for every row stands in the head once.
          row.count === all ? nothing : this.#few(row.count, percent),
        ),
      )}${cell(row.maxMs, '', nothing)}
      <td class="not-narrow">${known ? this.#renderShare(row) : nothing}</td></tr>`;
  }

  #nameOf({ name }: Pick<FigureRow, 'name'>): string {
    return name === 'total' ? words[this.language].total : stageNames[this.language][name];
  }

  /** "n = 42" where the quantile says no more than the largest value does. */
  #few(count: number, percent: number): unknown {
    if (!isTooFew(count, percent)) return nothing;
    const t = words[this.language];
    const n = this.format.count(count);
    return html` <span class="few" aria-hidden="true">${t.few(n)}</span><span class="vh">, ${t.fewAloud(n)}</span>`;
  }

  #renderShare({ name, share }: FigureRow): unknown {
    const f = this.format;
    const text = percentOf(f, share);
    if (name === 'total') return html`<span class="t3 plain">${figure(text, f)}</span>`;
    return html`<svg class="bar k-${name}" aria-hidden="true"><rect class="ground" width="100%" height="100%"></rect><rect
      class="full" width="${((share ?? 0) * 100).toFixed(1)}%" height="100%"></rect></svg><span class="percent">${figure(text, f)}</span>`;
  }

  /** The same as one bar, for who has no room for a column: the largest first. */
  #renderShares(): TemplateResult {
    const f = this.format;
    const parts = this.#rows.slice(1).toSorted((a, b) => (b.share ?? 0) - (a.share ?? 0));
    const known = this.figures !== undefined;
    return html`<ul class="keys ${known ? '' : 'due'}">${parts.map(
      ({ name, share }) =>
        html`<li>${swatch({ shape: 'fill', token: name })}${this.#nameOf({ name })} ${
          known ? figure(percentOf(f, share), f) : percentOf(f, 0.5)
        }</li>`,
    )}</ul>`;
  }

  #renderHistogram(): TemplateResult {
    const t = words[this.language];
    return html`<div class="caption"><b>${t.totals}</b><span class="t3 s">${t.axes}</span><span class="grow"></span>
        <button class="btn" aria-pressed=${this.table} @click=${this.#onTable}>${chartWords[this.language].asTable}</button></div>
      <div class="group" part="histogram" role="group" tabindex="0" aria-label=${t.histogram} aria-describedby="summary" @keydown=${this.#onKey}>
        <div class="canvas"><canvas id="c-histogram" role="img" aria-label=${t.histogram}></canvas></div></div>
      <p id="summary" class="vh">${this.#summary()}</p>`;
  }

  #summary(): string {
    const t = words[this.language];
    const f = this.format;
    const { figures, facts } = this;
    const total = this.#rows[0];
    if (figures === undefined || facts === undefined || total === undefined) return '';
    if (total.count === 0) return t.noTotals;
    const [p50, , p99] = total.quantilesMs.map((ms) => aloud(f.ms(ms), f));
    const said = t.summary(f.count(total.count), p50 ?? '', p99 ?? '', aloud(f.ms(total.maxMs), f));
    if (!Number.isFinite(facts.budgetUs)) return said;
    const late = t.summaryBudget(f.count(figures.detail.late), f.ms(facts.budgetUs / 1000));
    return `${said} ${late}`;
  }

  #renderTwin(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const model = this.histogram;
    return html`<div class="twin" tabindex="0" role="region" aria-label=${t.table}><table>
      <thead><tr><th scope="col">${t.from}</th><th scope="col">${t.to}</th><th scope="col">${t.count}</th><th scope="col">${t.upTo}</th></tr></thead>
      <tbody>${(model?.bars ?? []).map(
        (
          bar,
          i,
        ) => html`<tr><th scope="row">${f.ms(bar.fromUs / 1000)}</th><td>${f.ms(bar.toUs / 1000)}</td>
          <td class=${bar.isOver ? 'over' : ''}>${f.count(bar.count)}</td><td>${percentOf(f, model?.steps[i]?.share)}</td></tr>`,
      )}</tbody></table></div>`;
  }

  #renderCounters(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const q = this.figures?.quantiles;
    const counters: readonly (readonly [string, string])[] = [
      [t.countNew, f.count(q?.new)],
      [t.repeated, f.count(q?.repeated)],
      [t.skipped, f.count(q?.skipped)],
      [t.late, f.count(q?.late)],
      [t.droppedName, f.count(q?.dropped)],
      [t.keys, f.count(q?.key_frames)],
      [t.sent, f.unit(q === undefined ? DASH : f.tenth(q.bytes / 1e6), 'MB')],
    ];
    return html`<dl class="counters" part="counters" aria-label=${t.counters}>${counters.map(
      ([name, text]) =>
        html`<div><dt>${name}</dt><dd>${q === undefined ? NBSP : figure(text, f)}</dd></div>`,
    )}</dl>`;
  }

  /** A panel has room for four figures. */
  #renderFour(): unknown {
    const t = words[this.language];
    const f = this.format;
    const { figures, facts } = this;
    const total = this.#rows[0];
    const budgetMs = (facts?.budgetUs ?? Number.POSITIVE_INFINITY) / 1000;
    const one = (name: string, ms: number | undefined): TemplateResult =>
      html`<div class=${(ms ?? 0) > budgetMs ? 'over' : ''}><dt>${name}</dt><dd>${figures === undefined ? NBSP : figure(f.unit(f.ms(ms), 'ms'), f)}</dd></div>`;
    const late = Number.isFinite(budgetMs) ? figures?.detail.late : undefined;
    return html`<dl>${one('p50', total?.quantilesMs[0])}${one('p99', total?.quantilesMs[2])}${one(t.worst, total?.maxMs)}
      <div><dt>${t.overName}</dt><dd>${figures === undefined ? NBSP : figure(f.count(late), f)}</dd></div></dl>`;
  }

  readonly #onTable = (): void => {
    this.table = !this.table;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 't' || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.table = !this.table;
  };
}

/** A tick of the logarithmic axis in ms: no more digits than it has. */
function tickOf(us: number, f: Format): string {
  const ms = us / 1000;
  if (Number.isInteger(ms)) return f.count(ms);
  return Number.isInteger(us / 100) ? f.tenth(ms) : f.ms(ms);
}

/** Columns that a narrow table goes without. */
function optional(quantile: string): string {
  return quantile === 'p90' || quantile === 'p99.9' ? 'not-narrow' : '';
}

const NBSP = '\u00a0';
/** Longer ranges are told in minutes. */
const EXACT_BELOW_MS = 600_000;

// Elements that stand in the page already are made at this line: what they need lies above.
/** The room of a figure that is on its way. */
const due = (text: string): TemplateResult =>
  html`<span class="due" aria-hidden="true">${text}</span>`;

define('pf-quantile-table', PfQuantileTable);

declare global {
  interface HTMLElementTagNameMap {
    'pf-quantile-table': PfQuantileTable;
  }
}
