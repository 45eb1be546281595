// <pf-latency-chart>: where a frame's time goes, and the worst frame of every pixel. With a review at hand the stages are
// those of the frames at the quantile, and add up. Out of windows alone medians are stacked; at p99 there is a line a
// stage, because those do not add up.
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Overview } from '../../recording/src/review/overview.ts';
import type { SessionFacts } from '../../recording/src/review/review.ts';
import { ChartElement, type Scope } from '../base/chart-element.ts';
import { chartWords } from '../base/chart-strings.ts';
import { chartStyles } from '../base/chart-styles.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { kindName } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { LaneCanvas } from '../base/lane-canvas.ts';
import { type ReadoutRow, readout } from '../base/readout.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { aloud, figure } from '../base/states.ts';
import { stageNames } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { bucketAt } from '../chart/grid.ts';
import {
  type LatencyModel,
  latencyModel,
  overflows,
  type Quantile,
  summarize,
} from '../chart/latency.ts';
import { latencyDatasets, sceneOf } from '../chart/options.ts';
import {
  gridOf,
  latencyOf,
  tokenOf,
  type WorstBar,
  type WorstModel,
  worstHeight,
  worstOf,
} from '../chart/overview.ts';
import type { Paint, Scene } from '../chart/scene.ts';
import { knowsWorst, worstOfWindows } from '../chart/worst-windows.ts';
import { Asked, type Wish } from '../review/asked.ts';
import { words } from './strings.ts';

/**
 * @summary Latency by stage of the live capture or of one recording.
 * @event {PfCursor} pf-cursor - The cursor was moved by pointer or key.
 * @csspart card - The frame around head and chart.
 * @csspart chart - The focusable group of lanes.
 * @csspart table - The table twin.
 * @cssproperty --pf-encode - Colour of the encode stage; likewise every token of the design.
 */
export class PfLatencyChart extends ChartElement {
  static override properties: PropertyDeclarations = {
    ...ChartElement.properties,
    quantile: { type: String, reflect: true },
  };
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, chartStyles];

  /** `p50` (stacked) or `p99` (lines). */
  declare quantile: Quantile;

  readonly #lane = new LaneCanvas(this);
  readonly #worstLane = new LaneCanvas(this);
  readonly #overview = new Asked(this, 'overview', () => this.#question());
  #made: { readonly key: readonly unknown[]; readonly model: LatencyModel } | undefined;
  #worst: { readonly key: readonly unknown[]; readonly model: WorstModel } | undefined;

  constructor() {
    super();
    this.quantile = 'p50';
  }

  /** What is drawn, after reduction. */
  get model(): LatencyModel | undefined {
    const scope = this.scope;
    if (scope === undefined) return undefined;
    const { grid, fps } = scope;
    const key = [grid, this.quantile, this.#columns];
    if (this.#made === undefined || key.some((own, i) => own !== this.#made?.key[i])) {
      const quantile = this.quantile === 'p99' ? 'p99' : 'p50';
      const columns = this.#columns;
      const model =
        columns === undefined
          ? latencyModel(grid, quantile, fps)
          : latencyOf(columns, this.#parts, gridOf(columns, grid.range), quantile, fps);
      this.#made = { key, model };
    }
    return this.#made.model;
  }

  /** The worst frame of each column; undefined where nobody knows it. */
  get worst(): WorstModel | undefined {
    const model = this.model;
    const columns = this.#columns;
    if (model === undefined || !this.#hasWorst) return undefined;
    if (columns === undefined && this.#hasFrames) return undefined;
    const key = [model.grid, columns];
    if (this.#worst === undefined || key.some((own, i) => own !== this.#worst?.key[i])) {
      const fps = this.scope?.fps;
      const made =
        columns === undefined
          ? worstOfWindows(model.grid, fps)
          : worstOf(columns, this.#parts, model.grid, fps);
      this.#worst = { key, model: made };
    }
    return this.#worst.model;
  }

  get #columns(): Overview | undefined {
    return this.frames === undefined ? undefined : this.#overview.answer;
  }

  /** What of a frame is told apart, in pipeline order. */
  get #parts(): readonly PartName[] {
    return this.#facts?.parts ?? [];
  }

  get #facts(): SessionFacts | undefined {
    const session = this.scope?.session;
    return this.frames?.sessions.find(({ sessionId }) => sessionId === session);
  }

  /** Frames of the session that is shown, not windows alone. */
  get #hasFrames(): boolean {
    return (this.#facts?.rows ?? 0) > 0;
  }

  /**
   * Windows tell the slowest of theirs too. The lane keeps its place until it is known that there are none, and what grows
   * has it before it has a window: nothing below it moves then.
   */
  get #hasWorst(): boolean {
    const samples = this.scope?.samples ?? [];
    if (this.#hasFrames || knowsWorst(samples)) return true;
    if (this.frames !== undefined) return false;
    if (this.follow || this.source.live) return samples.length === 0;
    const meta = this.source.capture?.meta;
    const isOnItsWay = meta === undefined ? this.recordingId !== undefined : meta.id === '';
    return isOnItsWay || (meta?.frame_count ?? 0) > 0;
  }

  /** A column for every two pixels: finer would cost time and show nothing more. */
  #question(): Wish<'overview'> | undefined {
    const scope = this.scope;
    const client = this.frames;
    if (scope === undefined || client === undefined || this.plotWidth <= 0) return undefined;
    if (scope.session === undefined || !this.#hasFrames) return undefined;
    const { fromMs, toMs } = scope.grid.range;
    const most = Math.max(60, Math.round(this.plotWidth / 2));
    return { client, args: [{ session: scope.session, fromMs, toMs, frames: 'all' }, most] };
  }

  protected override get tableKey(): string {
    return `${this.quantile} ${this.#columns?.fromUs} ${this.#columns?.widthUs}`;
  }

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override drawLanes(scope: Scope | undefined, paint: Paint): void {
    const canvas = this.canvas('latency');
    const model = this.model;
    if (scope === undefined || model === undefined) {
      this.#lane.draw(canvas, undefined);
      this.#worstLane.draw(undefined, undefined);
      return;
    }
    const axis = { range: scope.grid.range, timeTicks: this.timeTicks(scope.grid), paint };
    this.#lane.draw(canvas, {
      ...axis,
      datasets: latencyDatasets(model, paint),
      scale: model.scale,
      scene: this.#scene(model),
    });
    const worst = this.worst;
    this.#worstLane.draw(
      worst === undefined ? undefined : this.canvas('worst'),
      worst === undefined
        ? undefined
        : { ...axis, datasets: [], scale: worst.scale, scene: this.#worstScene(worst) },
    );
  }

  #worstScene(worst: WorstModel): Scene {
    const f = this.format;
    const bars = worst.bars.filter(({ ms }) => ms > worst.scale.baseMs);
    const most = bars.reduce<WorstBar | undefined>(
      (a, b) => (a !== undefined && a.ms >= b.ms ? a : b),
      undefined,
    );
    return sceneOf(worst.grid, {
      ticks: worst.scale.ticks.map((value) => ({
        value,
        text: f.count(Math.round(worst.scale.baseMs * 10 ** value)),
      })),
      rules: [{ value: 0, token: 'budget', dash: [5, 4] }],
      bars: bars.map((bar) => ({
        ...{ fromMs: bar.fromMs, toMs: bar.toMs },
        ...{ value: worstHeight(worst, bar.ms), token: tokenOf(bar.part) },
      })),
      marks: most === undefined ? [] : [{ x: most.fromMs, text: f.unit(f.ms(most.ms), 'ms') }],
    });
  }

  /** So far from each other, marks have room for their words. */
  get #apartMs(): number {
    const { fromMs, toMs } = this.scope?.grid.range ?? { fromMs: 0, toMs: 1 };
    return ((toMs - fromMs) * MARK_PX) / Math.max(MARK_PX, this.plotWidth);
  }

  #scene(model: LatencyModel): Scene {
    const t = words[this.language];
    const f = this.format;
    const budget = model.budgetMs;
    const leaving = overflows(model.totalP99Points, model.scale.max, this.#apartMs);
    return sceneOf(model.grid, {
      ticks: model.scale.ticks.map((value) => ({ value, text: f.count(value) })),
      rules:
        budget === undefined
          ? []
          : [
              {
                value: budget,
                token: 'budget',
                dash: [5, 4],
                label: t.budgetLine(f.unit(f.ms(budget), 'ms')),
              },
            ],
      marks: leaving.map(({ x, value }) => ({ x, text: t.mark(f.unit(f.ms(value), 'ms')) })),
    });
  }

  protected override renderLanes(scope: Scope | undefined): TemplateResult {
    const t = words[this.language];
    return html`${this.renderLane(
      {
        name: t.lane,
        unit: t.unit,
        size: 'latency',
        label: this.heading,
        readout: readout(this.#rows(scope), this.format, 7),
        place: this.#hasWorst ? 'first' : 'only',
      },
      // Frames were streamed, whether a window of them was kept or not.
      this.#hasFrames ? undefined : this.plotWords(scope),
    )}${this.#hasWorst ? this.#renderWorst() : nothing}`;
  }

  #renderWorst(): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const bar = this.worst?.bars[this.#at];
    const rows: ReadoutRow[] = [
      {
        key: { shape: 'fill', token: tokenOf(bar?.part) },
        name: t.worstHere,
        text: f.ms(bar?.ms),
        over: bar !== undefined && bar.ms > (this.worst?.budgetMs ?? Number.POSITIVE_INFINITY),
      },
      { key: undefined, name: t.overBudget, text: f.count(bar?.late) },
    ];
    return this.renderLane({
      ...{ name: t.worst, unit: t.worstUnit, size: 'worst', label: t.worstLabel },
      ...{ readout: readout(rows, f, 2), place: 'last' },
    });
  }

  /** The bucket of the drawn grid under the cursor; -1 without one. */
  get #at(): number {
    const grid = this.model?.grid;
    const ms = this.cursorAtMs;
    return grid === undefined || ms === undefined ? -1 : bucketAt(grid, ms);
  }

  /** Drawn order: what lies highest comes first. */
  #rows(scope: Scope | undefined): ReadoutRow[] {
    const model = this.model;
    if (scope === undefined || model === undefined) return [];
    const t = words[this.language];
    const f = this.format;
    const at = this.#at;
    const budget = model.budgetMs;
    const p99 = model.totalP99[at];
    const rows: ReadoutRow[] = [
      {
        key: { shape: 'line', token: 'total' },
        name: t.totalP99,
        text: f.ms(p99),
        over: budget !== undefined && p99 !== undefined && p99 > budget,
      },
    ];
    if (model.quantile === 'p50') {
      rows.push({
        key: { shape: 'thin', token: 'text2' },
        name: t.totalP50,
        text: f.ms(model.total[at]),
      });
    }
    const shape = model.stacked ? 'fill' : 'line';
    for (const s of [...model.stages].reverse()) {
      const name = stageNames[this.language][s.stage];
      rows.push({ key: { shape, token: s.stage }, name, text: f.ms(s.values[at]) });
    }
    if (budget !== undefined) {
      rows.push({ key: { shape: 'dash', token: 'budget' }, name: t.budget, text: f.ms(budget) });
    }
    return rows;
  }

  protected override renderControls(): TemplateResult {
    const t = words[this.language];
    const button = (quantile: Quantile): TemplateResult =>
      html`<button aria-pressed=${this.quantile === quantile} @click=${() => this.#choose(quantile)}>${quantile}</button>`;
    return html`<span class="seg" role="group" aria-label=${t.quantile}>${button('p50')}${button('p99')}</span
      ><span class="t3 s">${this.#columns === undefined ? t[this.quantile] : t.composed(this.quantile)}</span>`;
  }

  #choose(quantile: Quantile): void {
    this.quantile = quantile;
  }

  protected override key(event: KeyboardEvent): boolean {
    if (event.key !== 'q' || event.ctrlKey) return false;
    this.#choose(this.quantile === 'p50' ? 'p99' : 'p50');
    return true;
  }

  protected override summary(scope: Scope): string {
    const t = words[this.language];
    const f = this.format;
    const { meta } = scope.capture;
    const sum = summarize(scope.samples, scope.fps, scope.grid.gaps.length);
    const budget = this.model?.budgetMs;
    const parts = [
      t.summary(
        lengthOf(f, scope.grid.range.toMs),
        meta.kind === '' ? '' : `, ${kindName(meta.kind)}`,
      ),
    ];
    if (budget !== undefined) {
      parts.push(t.summaryBudget(f.ms(budget), f.count(sum.overBudget), f.count(sum.judged)));
    }
    if (sum.worst !== undefined) {
      parts.push(t.summaryWorst(f.ms(sum.worst.ms), f.clock(sum.worst.atMs)));
      const slowest = sum.worst.slowest;
      if (slowest !== undefined)
        parts.push(t.summaryStage(stageNames[this.language][slowest.stage]));
    }
    if (sum.gaps > 0) parts.push(chartWords[this.language].gaps(f.count(sum.gaps)));
    return parts.join(' ');
  }

  protected override speak(scope: Scope): string {
    const t = words[this.language];
    const figures = this.#rows(scope).map(
      (r) => `${r.name} ${aloud(r.text, this.format)}${r.over === true ? ` ${t.over}` : ''}`,
    );
    return t.spoken(this.format.clock(scope.cursor?.toMs), figures.join(', '));
  }

  protected override renderTable(scope: Scope): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const model = this.model;
    const budget = model?.budgetMs ?? Number.POSITIVE_INFINITY;
    const stages = model?.stages ?? [];
    const quantile = this.quantile === 'p99' ? 'p99' : 'p50';
    return html`<table>
      <caption>${this.#columns !== undefined ? t.tableComposed(quantile) : quantile === 'p50' ? t.tableP50 : t.tableP99}</caption>
      <thead><tr><th scope="col">${chartWords[this.language].time}</th>
        ${stages.map((s) => html`<th scope="col">${stageNames[this.language][s.stage]}</th>`)}
        <th scope="col">${t.totalP50}</th><th scope="col">${t.totalP99}</th></tr></thead>
      <tbody>${(model?.grid ?? scope.grid).buckets.map((b, i) => {
        const p99 = model?.totalP99[i];
        return html`<tr><th scope="row">${f.clock(b.toMs)}</th>
          ${stages.map((s) => html`<td>${figure(f.ms(s.values[i]), f)}</td>`)}
          <td>${figure(f.ms(model?.total[i]), f)}</td>
          <td class=${p99 !== undefined && p99 > budget ? 'over' : ''}>${figure(f.ms(p99), f)}</td></tr>`;
      })}</tbody>
    </table>`;
  }
}

define('pf-latency-chart', PfLatencyChart);

declare global {
  interface HTMLElementTagNameMap {
    'pf-latency-chart': PfLatencyChart;
  }
}

const MARK_PX = 96;
