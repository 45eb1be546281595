// Parts of a comparison's timeline: its switches, its axis, the handles and the readout that is its legend. Templates only.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import { chartWords } from '../base/chart-strings.ts';
import type { Format } from '../base/format.ts';
import { figure } from '../base/states.ts';
import type { Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { type Alignment, shiftText } from './alignment.ts';
import type { Part } from './columns.ts';
import type { Grips } from './grips.ts';
import { letterOf, runSwatch } from './look.ts';
import { pointOf } from './runs-view.ts';
import { words } from './strings.ts';
import { axisClock, partName } from './telling.ts';

export interface Switches {
  readonly quantile: Quantile;
  readonly part: Part;
  readonly parts: readonly PartName[];
  readonly alignment: Alignment;
  readonly markers: readonly string[];
  readonly hasTable: boolean;
  readonly onQuantile: (quantile: Quantile) => void;
  readonly onPart: (event: Event) => void;
  readonly onAlign: (event: Event) => void;
  readonly onTable: () => void;
}

export function renderSwitches(view: Switches, format: Format): TemplateResult {
  const t = words[format.language];
  const { quantile, part, alignment } = view;
  const name = partName(part, format);
  const quantiles = (['p50', 'p99'] as const).map(
    (one) =>
      html`<button aria-pressed=${quantile === one} @click=${() => view.onQuantile(one)}>${one}</button>`,
  );
  const parts = (['total', ...view.parts] as const).map(
    (one) => html`<option value=${one} ?selected=${one === part}>${partName(one, format)}</option>`,
  );
  const markers = view.markers.map((text, i) => {
    const isOn = alignment.kind === 'marker' && alignment.text === text;
    return html`<option value=${`marker${i}`} ?selected=${isOn}>${t.byMarker(text)}</option>`;
  });
  return html`<span class="seg" role="group" aria-label=${t.quantile}>${quantiles}</span
    ><select class="pick" aria-label=${t.part} @change=${view.onPart}>${parts}</select
    ><span class="t3 s">${part === 'total' ? t.ofTotal(quantile) : t.ofPart(name, quantile)}</span
    ><span class="grow"></span><label>${t.align}<select class="pick" @change=${view.onAlign}>
      <option value="start" ?selected=${alignment.kind === 'start'}>${t.byStart}</option>${markers}<option
        value="hand" ?selected=${alignment.kind === 'hand'}>${t.byHand}</option></select></label
    ><button class="btn" aria-pressed=${view.hasTable} @click=${view.onTable}>${chartWords[format.language].asTable}</button>`;
}

export interface AxisView {
  readonly shown: Range;
  readonly ticks: readonly number[];
  readonly left: number;
  readonly width: number;
  readonly cursorMs: number | undefined;
}

/** What stands on the axis; cursor and range are over it. */
export function renderAxis(view: AxisView, over: TemplateResult, format: Format): TemplateResult {
  const { left, width, ticks } = view;
  const { fromMs, toMs } = view.shown;
  const edge = (px: number): string =>
    px < left + 16 ? 'start' : px > left + width - 16 ? 'end' : 'middle';
  const marks = ticks.map((ms) => {
    const px = Math.round(left + ((ms - fromMs) / (toMs - fromMs)) * width);
    return svg`<rect x=${Math.min(px, left + width - 1)} y="21" width="1" height="5"></rect><text x=${px} y="13" text-anchor=${edge(px)}>${axisClock(ms, format)}</text>`;
  });
  return html`<div class="lane axis" aria-hidden="true"><div class="label"></div><div class="plot h-axis"><svg>${marks}</svg>${over}<div
    class="badge" hidden>${axisClock(view.cursorMs, format)}</div></div><div class="read"></div></div>`;
}

/** `shiftsMs`: undefined for one that has no handle. */
export function renderGrips(
  shiftsMs: readonly (number | undefined)[],
  grips: Grips,
  format: Format,
): TemplateResult {
  const t = words[format.language];
  return html`<div class="grips">${shiftsMs.map((ms, run) => {
    if (ms === undefined) return nothing;
    const text = shiftText(ms, pointOf(format));
    return html`<div class="grip at${run}" role="slider" tabindex="0" data-run=${run} aria-label=${t.shiftOf(letterOf(run))} aria-valuenow=${ms}
      aria-valuemin=${-FURTHEST_MS} aria-valuemax=${FURTHEST_MS} aria-valuetext=${t.seconds(text)} title=${`${text} s`}
      @pointerdown=${grips.down} @pointermove=${grips.move} @pointerup=${grips.up} @pointercancel=${grips.up} @keydown=${grips.key}>${letterOf(run)}</div>`;
  })}</div>`;
}

export interface ReadLine {
  readonly name: string;
  readonly ms: number | undefined;
  readonly budgetMs: number | undefined;
}

/** A recording a line. */
export function renderReadout(lines: readonly ReadLine[], format: Format): TemplateResult {
  return html`<dl>${lines.map(({ name, ms, budgetMs = Number.POSITIVE_INFINITY }, run) => {
    const isOver = ms !== undefined && ms > budgetMs;
    return html`<div class="run ${isOver ? 'over' : ''}"><dt>${runSwatch(run)}${letterOf(run)}<span class="name">${name}</span></dt><dd>${figure(format.ms(ms), format)}</dd></div>`;
  })}</dl>`;
}

/** A day: as far as a handle goes, for who asks how far. */
const FURTHEST_MS = 86_400_000;
