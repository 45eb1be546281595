// Where to look next: the frames that stand out of a session, each neighbourhood by its worst. What stands out is over
// the budget and twice the session's own median, or was dropped before it was sent.
import { ABSENT } from '../frames.ts';
import { isDropped } from '../windows.ts';
import type { FrameTable } from './frame-table.ts';

export interface Outlier {
  readonly row: number;
  readonly atUs: number;
  /** ABSENT for a dropped frame. */
  readonly totalUs: number;
}

/** In order of time; of very many the worst. */
export function outliersOf(table: FrameTable): Outlier[] {
  const { totalUs, outcome, grabbedUs } = table;
  const limitUs = Math.max(table.budgetUs, 2 * table.totalMedianUs);
  const found: Outlier[] = [];
  let nearUs = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < table.rows; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    if (us <= limitUs && !(us === ABSENT && isDropped(outcome[row] ?? ABSENT))) continue;
    const atUs = grabbedUs[row] ?? 0;
    const outlier = { row, atUs, totalUs: us };
    const last = found.at(-1);
    if (last === undefined || atUs - nearUs > NEIGHBOURS_US) found.push(outlier);
    else if (harmOf(outlier) > harmOf(last)) found[found.length - 1] = outlier;
    nearUs = atUs;
  }
  if (found.length <= MOST_OUTLIERS) return found;
  const worst = found.toSorted((a, b) => harmOf(b) - harmOf(a)).slice(0, MOST_OUTLIERS);
  return worst.sort((a, b) => a.atUs - b.atUs);
}

/** The one after or before a time; undefined when there is none. */
export function nextOutlier(
  outliers: readonly Outlier[],
  us: number,
  direction: 1 | -1,
): Outlier | undefined {
  return direction > 0
    ? outliers.find(({ atUs }) => atUs > us)
    : outliers.findLast(({ atUs }) => atUs < us);
}

/** A frame that was never sent is worse than a late one of up to half a second. */
function harmOf({ totalUs }: Outlier): number {
  return totalUs === ABSENT ? DROP_HARM_US : totalUs;
}

const NEIGHBOURS_US = 100_000;
const MOST_OUTLIERS = 5000;
const DROP_HARM_US = 500_000;
