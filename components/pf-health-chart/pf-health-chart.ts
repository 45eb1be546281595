// <pf-health-chart>: the counters of what went wrong, a row each. A counter that a path cannot know says so in its row:
// it is not zero.
import { html, type TemplateResult } from 'lit';
import { ChartElement, type Scope } from '../base/chart-element.ts';
import { chartWords } from '../base/chart-strings.ts';
import { chartStyles } from '../base/chart-styles.ts';
import { define } from '../base/element.ts';
import { fieldStyles } from '../base/field-styles.ts';
import { lengthOf } from '../base/format-dates.ts';
import { LaneCanvas } from '../base/lane-canvas.ts';
import { type ReadoutRow, readout } from '../base/readout.ts';
import { seriesTokens } from '../base/series-tokens.ts';
import { aloud, figure } from '../base/states.ts';
import { counterNames } from '../base/strings.ts';
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { type HealthModel, healthModel } from '../chart/counts.ts';
import { healthDatasets, sceneOf } from '../chart/options.ts';
import type { Paint } from '../chart/scene.ts';
import { words } from './strings.ts';

/**
 * @summary Dropped, lost, refused and rebuilt, of the live capture or of one recording.
 * @event {PfCursor} pf-cursor - The cursor was moved by pointer or key.
 * @csspart card - The frame around head and chart.
 * @csspart chart - The focusable group of lanes.
 * @csspart table - The table twin.
 */
export class PfHealthChart extends ChartElement {
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, chartStyles];

  readonly #lane = new LaneCanvas(this);
  #model: HealthModel | undefined;

  /** What is drawn, after reduction. */
  get model(): HealthModel | undefined {
    const grid = this.scope?.grid;
    if (grid === undefined) return undefined;
    if (this.#model?.grid !== grid) this.#model = healthModel(grid);
    return this.#model;
  }

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override drawLanes(scope: Scope | undefined, paint: Paint): void {
    const model = this.model;
    if (scope === undefined || model === undefined) {
      this.#lane.draw(undefined, undefined);
      return;
    }
    const unknown = model.rows.filter((r) => r.total === undefined && scope.samples.length > 0);
    const t = words[this.language];
    const names = counterNames[this.language];
    this.#lane.draw(this.canvas('health'), {
      datasets: healthDatasets(model, paint),
      range: scope.grid.range,
      timeTicks: this.timeTicks(scope.grid),
      scale: model.scale,
      scene: sceneOf(scope.grid, {
        words: unknown.map((r) => ({
          value: r.base + 0.45,
          text: this.narrow ? t.rowNotMeasured(names[r.counter]) : t.onThisPath,
        })),
      }),
      paint,
    });
  }

  protected override renderLanes(scope: Scope | undefined): TemplateResult {
    const t = words[this.language];
    return this.renderLane(
      {
        name: t.heading,
        unit: t.unit,
        size: 'health',
        label: t.label,
        readout: readout(this.#rows(scope), this.format, 4),
        place: 'only',
      },
      this.lane ? undefined : this.plotWords(scope),
    );
  }

  #rows(scope: Scope | undefined): ReadoutRow[] {
    const at = scope?.at ?? -1;
    return (this.model?.rows ?? []).map((row) => ({
      key: undefined,
      name: counterNames[this.language][row.counter],
      text: this.format.count(row.values[at]),
    }));
  }

  protected override summary(scope: Scope): string {
    const t = words[this.language];
    const f = this.format;
    const names = counterNames[this.language];
    const rows = (this.model?.rows ?? []).map((r) =>
      r.total === undefined
        ? `${t.rowNotMeasured(names[r.counter])}.`
        : t.total(names[r.counter], f.count(r.total)),
    );
    return [t.summary(lengthOf(f, scope.grid.range.toMs)), ...rows].join(' ');
  }

  protected override speak(scope: Scope): string {
    const rows = this.#rows(scope).map((r) => `${r.name} ${aloud(r.text, this.format)}`);
    return `${this.format.clock(scope.cursor?.toMs)}: ${rows.join(', ')}`;
  }

  protected override renderTable(scope: Scope): TemplateResult {
    const f = this.format;
    const rows = this.model?.rows ?? [];
    return html`<table>
      <caption>${words[this.language].caption}</caption>
      <thead><tr><th scope="col">${chartWords[this.language].time}</th>
        ${rows.map((r) => html`<th scope="col">${counterNames[this.language][r.counter]}</th>`)}</tr></thead>
      <tbody>${scope.grid.buckets.map(
        (b, i) => html`<tr><th scope="row">${f.clock(b.toMs)}</th>
          ${rows.map((r) => html`<td>${figure(f.count(r.values[i]), f)}</td>`)}</tr>`,
      )}</tbody>
    </table>`;
  }
}

define('pf-health-chart', PfHealthChart);

declare global {
  interface HTMLElementTagNameMap {
    'pf-health-chart': PfHealthChart;
  }
}
