// The legend that is also the readout: key, name and the value under the cursor, in the drawn order.
import { html, nothing, type TemplateResult } from 'lit';
import type { Format } from './format.ts';
import { figure } from './states.ts';
import { type Key, swatch } from './swatch.ts';

export interface ReadoutRow {
  readonly key: Key | undefined;
  readonly name: string;
  readonly text: string;
  /** Over the budget: bold besides the colour. */
  readonly over?: boolean;
}

/** `rows` lines are kept free before data arrive, so that nothing moves when they do. */
export function readout(
  rows: readonly ReadoutRow[],
  format: Format,
  lines: number,
): TemplateResult {
  const blanks = Array.from({ length: Math.max(0, lines - rows.length) });
  return html`<dl>${rows.map(
    (row) =>
      html`<div class=${rowClass(row)}>${
        row.key === undefined ? nothing : swatch(row.key)
      }<dt>${row.name}</dt><dd>${figure(row.text, format)}</dd></div>`,
  )}${blanks.map(() => html`<div class="blank" aria-hidden="true"></div>`)}</dl>`;
}

function rowClass(row: ReadoutRow): string {
  return row.key === undefined ? 'bare' : row.over === true ? 'over' : '';
}
