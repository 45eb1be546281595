// The lanes of a comparison as a table: a row a column of time, of every run what is drawn there and its worst frame.
import { html, type TemplateResult } from 'lit';
import { chartWords } from '../base/chart-strings.ts';
import type { Format } from '../base/format.ts';
import { figure } from '../base/states.ts';
import type { Range } from '../chart/grid.ts';
import { valueAt, worstIn } from './columns.ts';
import type { DrawnRun } from './draw.ts';
import { words } from './strings.ts';
import { axisClock, axisFineClock } from './telling.ts';

/** As wide as the widest column, so that every one of them is in a row. */
export function twinTimes(runs: readonly DrawnRun[], { fromMs, toMs }: Range): readonly number[] {
  const widths = runs.flatMap(({ columns }) => columns?.widthMs ?? []);
  const stepMs = Math.max((toMs - fromMs) / MOST_ROWS, ...widths);
  if (widths.length === 0 || !(stepMs > 0)) return [];
  return Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, i) => fromMs + i * stepMs);
}

export function renderTwin(
  runs: readonly DrawnRun[],
  range: Range,
  what: string,
  format: Format,
): TemplateResult {
  const t = words[format.language];
  const times = twinTimes(runs, range);
  const stepMs = (times[1] ?? range.toMs) - (times[0] ?? range.fromMs);
  return html`<table>
    <caption>${what}</caption>
    <thead><tr><th scope="col">${chartWords[format.language].time}</th>${runs.map(
      ({ look }) =>
        html`<th scope="col">${look.letter}</th><th scope="col">${t.worstAt(look.letter)}</th>`,
    )}</tr></thead>
    <tbody>${times.map(
      (ms) =>
        html`<tr><th scope="row">${stepMs < 1000 ? axisFineClock(ms, format) : axisClock(ms, format)}</th>${runs.map(
          ({ columns, offsetMs, budgetMs = Number.POSITIVE_INFINITY }) => {
            const own = ms - offsetMs;
            const worst = worstIn(columns, own, own + stepMs);
            return html`<td>${figure(format.ms(valueAt(columns, own + stepMs / 2)), format)}</td>
            <td class=${worst !== undefined && worst > budgetMs ? 'over' : ''}>${figure(format.ms(worst), format)}</td>`;
          },
        )}</tr>`,
    )}</tbody>
  </table>`;
}

const MOST_ROWS = 600;
