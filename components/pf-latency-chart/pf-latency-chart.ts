// <pf-latency-chart>: where a frame's time goes. Medians of the stages stacked; at p99 a line a stage, because those do
// not add up. Totals and budget come from the frames themselves. Draws windows, never single frames.
import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
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
import {
  type LatencyModel,
  latencyModel,
  overflows,
  type Quantile,
  summarize,
} from '../chart/latency.ts';
import { latencyDatasets, sceneOf } from '../chart/options.ts';
import type { Paint, Scene } from '../chart/scene.ts';
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
  #model:
    | { readonly scope: Scope; readonly quantile: Quantile; readonly model: LatencyModel }
    | undefined;

  constructor() {
    super();
    this.quantile = 'p50';
  }

  /** What is drawn, after reduction. */
  get model(): LatencyModel | undefined {
    const scope = this.scope;
    if (scope === undefined) return undefined;
    const quantile = this.quantile === 'p99' ? 'p99' : 'p50';
    if (this.#model?.scope.grid !== scope.grid || this.#model.quantile !== quantile) {
      this.#model = { scope, quantile, model: latencyModel(scope.grid, quantile, scope.fps) };
    }
    return this.#model.model;
  }

  protected override get tableKey(): string {
    return this.quantile;
  }

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override drawLanes(scope: Scope | undefined, paint: Paint): void {
    const canvas = this.canvas('latency');
    const model = this.model;
    if (scope === undefined || model === undefined) {
      this.#lane.draw(canvas, undefined);
      return;
    }
    this.#lane.draw(canvas, {
      datasets: latencyDatasets(model, paint),
      range: scope.grid.range,
      timeTicks: this.timeTicks(scope.grid),
      scale: model.scale,
      scene: this.#scene(model),
      paint,
    });
  }

  #scene(model: LatencyModel): Scene {
    const t = words[this.language];
    const f = this.format;
    const { fromMs, toMs } = model.grid.range;
    const budget = model.budgetMs;
    const leaving = overflows(model.totalP99Points, model.scale.max, (toMs - fromMs) / 12);
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
    return this.renderLane(
      {
        name: t.lane,
        unit: t.unit,
        size: 'latency',
        label: this.heading,
        readout: readout(this.#rows(scope), this.format, 7),
        place: 'only',
      },
      this.plotWords(scope),
    );
  }

  /** Drawn order: what lies highest comes first. */
  #rows(scope: Scope | undefined): ReadoutRow[] {
    const model = this.model;
    if (scope === undefined || model === undefined) return [];
    const t = words[this.language];
    const f = this.format;
    const at = scope.at ?? -1;
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
    const shape = model.quantile === 'p50' ? 'fill' : 'line';
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
      ><span class="t3 s">${t[this.quantile]}</span>`;
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
      <caption>${quantile === 'p50' ? t.tableP50 : t.tableP99}</caption>
      <thead><tr><th scope="col">${chartWords[this.language].time}</th>
        ${stages.map((s) => html`<th scope="col">${stageNames[this.language][s.stage]}</th>`)}
        <th scope="col">${t.totalP50}</th><th scope="col">${t.totalP99}</th></tr></thead>
      <tbody>${scope.grid.buckets.map((b, i) => {
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
