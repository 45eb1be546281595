// <pf-throughput-chart>: new and repeated frames a second over the bitrate sent. Two lanes with one axis each, never
// one lane with two.
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
import { controls } from '../base/styles.ts';
import { swatchStyles } from '../base/swatch.ts';
import { tokens } from '../base/tokens.ts';
import { type BitrateModel, bitrateModel, type FramesModel, framesModel } from '../chart/counts.ts';
import type { Grid } from '../chart/grid.ts';
import { bitrateDatasets, framesDatasets, sceneOf } from '../chart/options.ts';
import type { Scale } from '../chart/scale.ts';
import type { Paint, Rule, Scene } from '../chart/scene.ts';
import { words } from './strings.ts';

interface Models {
  readonly grid: Grid;
  readonly frames: FramesModel;
  readonly bitrate: BitrateModel;
}

/**
 * @summary Frames and bitrate of the live capture or of one recording.
 * @event {PfCursor} pf-cursor - The cursor was moved by pointer or key.
 * @csspart card - The frame around head and chart.
 * @csspart chart - The focusable group of lanes.
 * @csspart table - The table twin.
 */
export class PfThroughputChart extends ChartElement {
  static override styles = [tokens, seriesTokens, controls, fieldStyles, swatchStyles, chartStyles];

  readonly #frames = new LaneCanvas(this);
  readonly #bitrate = new LaneCanvas(this);
  #models: Models | undefined;

  /** What is drawn, after reduction. */
  get model(): Models | undefined {
    const scope = this.scope;
    if (scope === undefined) return undefined;
    const { grid, fps } = scope;
    if (this.#models?.grid !== grid) {
      this.#models = { grid, frames: framesModel(grid, fps), bitrate: bitrateModel(grid) };
    }
    return this.#models;
  }

  protected override get heading(): string {
    return words[this.language].heading;
  }

  protected override drawLanes(scope: Scope | undefined, paint: Paint): void {
    const model = this.model;
    if (scope === undefined || model === undefined) {
      this.#frames.draw(undefined, undefined);
      this.#bitrate.draw(undefined, undefined);
      return;
    }
    const { frames, bitrate, grid } = model;
    const common = { range: grid.range, timeTicks: this.timeTicks(grid), paint };
    const rules: Rule[] =
      frames.target === undefined ? [] : [{ value: frames.target, token: 'text3', dash: [2, 3] }];
    this.#frames.draw(this.canvas('frames'), {
      ...common,
      datasets: framesDatasets(frames, paint),
      scale: frames.scale,
      scene: this.#scene(grid, frames.scale, rules),
    });
    this.#bitrate.draw(this.canvas('bitrate'), {
      ...common,
      datasets: bitrateDatasets(bitrate, paint),
      scale: bitrate.scale,
      scene: this.#scene(grid, bitrate.scale, []),
    });
  }

  #scene(grid: Grid, scale: Scale, rules: readonly Rule[]): Scene {
    const f = this.format;
    const text = (value: number): string =>
      Number.isInteger(value) ? f.count(value) : f.tenth(value);
    return sceneOf(grid, {
      ticks: scale.ticks.map((value) => ({ value, text: text(value) })),
      rules,
    });
  }

  protected override renderLanes(scope: Scope | undefined): TemplateResult {
    const t = words[this.language];
    return html`${this.renderLane(
      {
        name: t.frames,
        unit: t.perSecond,
        size: 'frames',
        label: t.framesLabel,
        readout: readout(this.#frameRows(scope), this.format, 3),
        place: 'first',
      },
      this.lane ? undefined : this.plotWords(scope),
    )}${this.renderLane({
      name: t.bitrate,
      unit: 'Mb/s',
      size: 'bitrate',
      label: t.bitrateLabel,
      readout: readout(this.#bitrateRows(scope), this.format, 2),
      place: 'last',
    })}`;
  }

  #frameRows(scope: Scope | undefined): ReadoutRow[] {
    const model = this.model?.frames;
    if (scope === undefined || model === undefined) return [];
    const t = words[this.language];
    const f = this.format;
    const at = scope.at ?? -1;
    const rows: ReadoutRow[] = [
      { key: { shape: 'fill', token: 'new' }, name: t.fresh, text: f.count(model.fresh[at]) },
      { key: { shape: 'hatch', token: 'repeat' }, name: t.repeat, text: f.count(model.repeat[at]) },
    ];
    if (model.target !== undefined) {
      rows.push({
        key: { shape: 'dots', token: 'text3' },
        name: t.target,
        text: f.count(model.target),
      });
    }
    return rows;
  }

  #bitrateRows(scope: Scope | undefined): ReadoutRow[] {
    const model = this.model?.bitrate;
    if (scope === undefined || model === undefined) return [];
    const t = words[this.language];
    const f = this.format;
    const at = scope.at ?? -1;
    return [
      { key: { shape: 'line', token: 'text2' }, name: t.sent, text: f.tenth(model.mean[at]) },
      { key: { shape: 'dots', token: 'text3' }, name: t.target, text: f.tenth(model.target[at]) },
    ];
  }

  protected override summary(scope: Scope): string {
    const repeats = scope.samples.filter((s) => s.repeat_fps > 0).length;
    const f = this.format;
    return words[this.language].summary(lengthOf(f, scope.grid.range.toMs), f.count(repeats));
  }

  protected override speak(scope: Scope): string {
    const rows = [...this.#frameRows(scope), ...this.#bitrateRows(scope)];
    const at = this.format.clock(scope.cursor?.toMs);
    return `${at}: ${rows.map((r) => `${r.name} ${aloud(r.text, this.format)}`).join(', ')}`;
  }

  protected override renderTable(scope: Scope): TemplateResult {
    const t = words[this.language];
    const f = this.format;
    const model = this.model;
    return html`<table>
      <thead><tr><th scope="col">${chartWords[this.language].time}</th>
        <th scope="col">${t.fresh}, ${t.perSecond}</th><th scope="col">${t.repeat}, ${t.perSecond}</th>
        <th scope="col">${t.sent}, Mb/s</th><th scope="col">${t.target}, Mb/s</th></tr></thead>
      <tbody>${scope.grid.buckets.map(
        (b, i) => html`<tr><th scope="row">${f.clock(b.toMs)}</th>
          <td>${figure(f.count(model?.frames.fresh[i]), f)}</td>
          <td>${figure(f.count(model?.frames.repeat[i]), f)}</td>
          <td>${figure(f.tenth(model?.bitrate.mean[i]), f)}</td>
          <td>${figure(f.tenth(model?.bitrate.target[i]), f)}</td></tr>`,
      )}</tbody>
    </table>`;
  }
}

define('pf-throughput-chart', PfThroughputChart);

declare global {
  interface HTMLElementTagNameMap {
    'pf-throughput-chart': PfThroughputChart;
  }
}
