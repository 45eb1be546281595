// Figures of a chosen part of a live capture, out of its windows: sums and the slowest frame, which are exact, and the
// lowest and highest of the windows' own quantiles, said to be just that.
import { html, type TemplateResult } from 'lit';
import type { Format } from '../base/format.ts';
import { lengthOf } from '../base/format-dates.ts';
import { spanOf } from '../base/format-shares.ts';
import { figure } from '../base/states.ts';
import { counterNames, stageNames } from '../base/strings.ts';
import { type Key, swatch } from '../base/swatch.ts';
import type { Range } from '../chart/grid.ts';
import type { Extremes, WindowSums } from '../chart/window-sums.ts';
import { words } from './strings.ts';

export function rangeView(
  range: Range,
  sums: WindowSums,
  budgetMs: number,
  f: Format,
): TemplateResult {
  const t = words[f.language];
  const { windows } = sums;
  const facts = t.rangeFacts(
    lengthOf(f, Math.max(1000, range.toMs - range.fromMs)),
    f.count(windows),
    windows === 1,
  );
  return html`<section class="card range" part="range" aria-label=${t.chosen}>
    <div class="head"><h2>${t.rangeOf(spanOf(f, range.fromMs, range.toMs))}</h2><span class="t3 s">${facts}</span></div>
    ${windows === 0 ? html`<p class="sight">${t.rangeEmpty}</p>` : [factsOf(sums, f), tableOf(sums, budgetMs, f)]}
    <p class="sight">${t.rangeNote}</p>
  </section>`;
}

function factsOf(sums: WindowSums, f: Format): TemplateResult {
  const t = words[f.language];
  const worst = f.unit(f.ms(sums.slowest?.ms), 'ms');
  const at = sums.slowest === undefined ? '' : ` · ${f.clock(sums.slowest.atMs)}`;
  const rows: (readonly [string, string])[] = [
    [t.frames, f.count(sums.frames)],
    [t.fresh, f.count(sums.frames - sums.repeats)],
    [t.repeats, f.count(sums.repeats)],
    [t.late, f.count(sums.late)],
    [t.worstFrame, `${worst}${at}`],
    [t.sent, f.unit(f.tenth(sums.bytes / 1e6), 'MB')],
    ...[...sums.counters].map(
      ([counter, n]) => [counterNames[f.language][counter], f.count(n)] as const,
    ),
  ];
  return html`<dl class="facts">${rows.map(
    ([name, text]) => html`<div><dt>${name}</dt><dd>${figure(text, f)}</dd></div>`,
  )}</dl>`;
}

function tableOf(sums: WindowSums, budgetMs: number, f: Format): TemplateResult {
  const t = words[f.language];
  const row = (
    name: string,
    key: Key,
    own: Extremes | undefined,
    total: boolean,
  ): TemplateResult => {
    const isOver = total && (own?.highestP99 ?? 0) > budgetMs;
    return html`<tr class=${total ? 'total' : ''}><th scope="row">${swatch(key)}${name}</th>
      <td>${figure(f.ms(own?.lowestP50), f)}</td><td>${figure(f.ms(own?.highestP50), f)}</td>
      <td class=${isOver ? 'over' : ''}>${figure(f.ms(own?.highestP99), f)}</td></tr>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${t.tableOf}><table>
    <thead><tr><th scope="col">ms</th><th scope="col">${t.lowestP50}</th><th scope="col">${t.highestP50}</th><th scope="col">${t.highestP99}</th></tr></thead>
    <tbody>${row(t.total, { shape: 'line', token: 'total' }, sums.total, true)}${[
      ...sums.stages,
    ].map(([stage, own]) =>
      row(stageNames[f.language][stage], { shape: 'fill', token: stage }, own, false),
    )}</tbody>
  </table></div>`;
}
