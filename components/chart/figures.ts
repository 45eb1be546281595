// The figures of a range as the rows of a table: the total first, then the parts in pipeline order. Nothing is computed
// here that would change a digit. No DOM.
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Figures } from '../../recording/src/review/review.ts';

/** The quantiles that are shown, with the percentile behind each. */
export const QUANTILES = [
  ['p50', 50],
  ['p90', 90],
  ['p99', 99],
  ['p99.9', 99.9],
] as const;
export type QuantileName = (typeof QUANTILES)[number][0];

export interface FigureRow {
  readonly name: 'total' | PartName;
  /** Frames whose time in this part is known. */
  readonly count: number;
  /** In the order of QUANTILES; undefined: not measured. */
  readonly quantilesMs: readonly (number | undefined)[];
  readonly maxMs: number | undefined;
  /** Of the time that the slowest frames spent above the medians, 0 to 1; of the total all of it. */
  readonly share: number | undefined;
}

export function figureRows(
  { quantiles, detail }: Figures,
  parts: readonly PartName[],
): FigureRow[] {
  const names: readonly FigureRow['name'][] = ['total', ...parts];
  const shares = detail.excess?.parts;
  return names.map((name) => {
    const stage = quantiles.stages.find((one) => one.name === name);
    const part = shares?.find((one) => one.name === name);
    const isAny = shares?.some(({ share }) => share !== undefined) ?? false;
    return {
      name,
      count: stage?.count ?? 0,
      quantilesMs: QUANTILES.map(([quantile]) => milli(stage?.quantiles_us[quantile])),
      maxMs: milli(stage?.max_us),
      share: name === 'total' ? (isAny ? 1 : undefined) : part?.share,
    };
  });
}

/** Nearest rank then is the largest value, whatever the quantile says. */
export function isTooFew(count: number, percent: number): boolean {
  return count > 0 && count * (100 - percent) < 100 - 1e-9;
}

function milli(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000;
}
