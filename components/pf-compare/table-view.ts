// The figures of the runs side by side, with what is different from the base. Templates only: every figure is handed in.
import { html, nothing, type TemplateResult } from 'lit';
import { DASH, type Format } from '../base/format.ts';
import { percentOf } from '../base/format-shares.ts';
import { failureNote, figure } from '../base/states.ts';
import type { ApiFailure } from '../base/stats-api.ts';
import { isTooFew } from '../chart/figures.ts';
import { type Change, COMPARED, changeOf, isAlike, type RunFigures } from './differences.ts';
import { letterOf, runSwatch } from './look.ts';
import { words } from './strings.ts';

export interface FigureColumn {
  readonly run: number;
  readonly name: string;
  readonly budgetMs: number | undefined;
  /** Undefined until they are known. */
  readonly figures: RunFigures | undefined;
  /** Why there is nothing in this column. */
  readonly failure: ApiFailure | undefined;
  readonly trouble: string | undefined;
}

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly pick: (figures: RunFigures) => number | undefined;
  readonly text: (value: number | undefined) => string;
  /** A time of frames: over the budget it is told so. */
  readonly isTime?: true;
  readonly quantile?: (typeof COMPARED)[number];
  /** How much it differs says something; of a count the number alone. */
  readonly compared: 'share' | 'number' | undefined;
  readonly isFirst?: true;
}

export function renderFigures(
  columns: readonly FigureColumn[],
  base: number,
  isTotal: boolean,
  format: Format,
): TemplateResult {
  const t = words[format.language];
  const rows = rowsOf(format);
  const baseFigures = columns.find(({ run }) => run === base)?.figures;
  return html`<div class="wide" part="table" tabindex="0" role="region" aria-label=${t.figures}><table>
    <caption class="vh">${t.figures}</caption>
    <thead><tr><th scope="col"><span class="vh">${t.figure}</span></th>${columns.map(
      ({ run, name }) =>
        html`<th scope="col"><span class="key">${runSwatch(run)}${letterOf(run)}</span><span class="t2">${name}</span></th>${
          run === base
            ? nothing
            : html`<th scope="col" class="change">${t.minus(letterOf(run), letterOf(base))}</th>`
        }`,
    )}</tr></thead>
    <tbody>${rows.map(
      (row, at) => html`<tr class=${row.isFirst === true ? 'first' : ''}>
        <th scope="row">${row.name}${row.unit === '' ? nothing : html`<span class="t3">${row.unit}</span>`}</th>${columns.map(
          (column) =>
            column.failure !== undefined || column.trouble !== undefined
              ? at === 0
                ? renderWhy(column, rows.length, column.run === base, format)
                : nothing
              : renderCells(row, column, { base, baseFigures, isTotal }, format),
        )}</tr>`,
    )}</tbody>
  </table></div>`;
}

function renderWhy(
  { failure, trouble = '' }: FigureColumn,
  rows: number,
  isBase: boolean,
  format: Format,
): TemplateResult {
  const said =
    failure === undefined
      ? html`<p class="note bad">${words[format.language].failed(trouble)}</p>`
      : failureNote(failure, format);
  return html`<td class="why" rowspan=${rows} colspan=${isBase ? 1 : 2}>${said}</td>`;
}

function renderCells(
  row: Row,
  { run, figures, budgetMs = Number.POSITIVE_INFINITY }: FigureColumn,
  against: {
    readonly base: number;
    readonly baseFigures: RunFigures | undefined;
    readonly isTotal: boolean;
  },
  format: Format,
): TemplateResult {
  const t = words[format.language];
  const isBase = run === against.base;
  const value = figures === undefined ? undefined : row.pick(figures);
  const isOver = row.isTime === true && against.isTotal && value !== undefined && value > budgetMs;
  const few =
    row.quantile !== undefined &&
    figures?.count !== undefined &&
    isTooFew(figures.count, Number(row.quantile.slice(1)))
      ? html` <span class="few">n = ${format.count(figures.count)}</span>`
      : nothing;
  const change =
    isBase ||
    row.compared === undefined ||
    figures === undefined ||
    against.baseFigures === undefined
      ? nothing
      : changeText(changeOf(row.pick(against.baseFigures), value), row, format);
  const isSame =
    !isBase &&
    (row.quantile === 'p50' || row.quantile === 'p99') &&
    figures !== undefined &&
    against.baseFigures !== undefined &&
    isAlike(row.quantile, against.baseFigures, figures);
  const alike = isSame ? html`<span class="vh">, ${t.alikeCell}</span>` : nothing;
  return html`<td class=${isOver ? 'over' : ''}>${figures === undefined ? nothing : figure(row.text(value), format)}${few}${
    isOver ? html`<span class="vh"> ${t.overBudget}</span>` : nothing
  }${isBase ? nothing : html`<span class="under ${isSame ? 'alike' : ''}">${change}${alike}</span>`}</td>${
    isBase ? nothing : html`<td class="change ${isSame ? 'alike' : ''}">${change}${alike}</td>`
  }`;
}

/** "+1.23 +12%": the sign always. */
function changeText(change: Change | undefined, { text, compared }: Row, format: Format): unknown {
  if (change === undefined) return figure(DASH, format);
  const share = compared === 'share' ? signed(change.share, (size) => percentOf(format, size)) : '';
  return html`${signed(change.by, text)}${share === '' ? nothing : html` <span class="percent">${share}</span>`}`;
}

/** What rounds to nothing has no sign. */
export function signed(
  value: number | undefined,
  text: (size: number | undefined) => string,
): string {
  if (value === undefined) return '';
  const size = text(Math.abs(value));
  if (!/[1-9]/.test(size)) return size;
  return `${value < 0 ? '−' : '+'}${size}`;
}

function rowsOf(f: Format): readonly Row[] {
  const t = words[f.language];
  const ms = (value: number | undefined): string => f.ms(value);
  const times = COMPARED.map(
    (name, i): Row => ({
      ...{ name: f.language === 'de' ? name.replace('.', ',') : name, unit: 'ms', text: ms },
      ...{ isTime: true, compared: 'share', quantile: name },
      pick: (figures) => figures.ms[i],
    }),
  );
  return [
    ...times,
    {
      ...{ name: t.max, unit: 'ms', text: ms, isTime: true, compared: 'share' },
      pick: (figures) => figures.ms[COMPARED.length],
    },
    {
      ...{ name: t.count, unit: t.frames, text: (n) => f.count(n), compared: undefined },
      pick: ({ count }) => count,
    },
    {
      ...{ name: t.fps, unit: t.perSecond, text: (n) => f.tenth(n), compared: 'share' },
      ...{ pick: ({ fps }: RunFigures) => fps, isFirst: true },
    },
    {
      ...{ name: t.mbps, unit: 'Mb/s', text: (n) => f.tenth(n), compared: 'share' },
      pick: ({ mbps }) => mbps,
    },
    {
      ...{ name: t.dropped, unit: '', text: (n) => f.count(n), compared: 'number' },
      pick: ({ dropped }) => dropped,
    },
    {
      ...{ name: t.lost, unit: '', text: (n) => f.count(n), compared: 'number' },
      pick: ({ lost }) => lost,
    },
  ];
}
