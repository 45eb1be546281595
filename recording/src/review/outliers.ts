// Where to look next: the frames that stand out of a session, each neighbourhood by its worst. What stands out is over
// the budget and twice the session's own median, or was dropped before it was sent. A frame that was late is never hidden
// by one that was dropped, nor the other way round: the late one is mostly why the others were given up.
import { ABSENT } from '../frames.ts';
import { isDropped } from '../windows.ts';
import type { FrameTable } from './frame-table.ts';

export interface Outlier {
  readonly row: number;
  readonly atUs: number;
  /** ABSENT for a dropped frame. */
  readonly totalUs: number;
}

/**
 * In order of time. Within NEIGHBOURS_US of every frame that stands out there is an outlier of its kind that is at least
 * as bad; of very many the worst.
 */
export function outliersOf(table: FrameTable): Outlier[] {
  const { totalUs, outcome, budgetUs, totalMedianUs } = table;
  const limitUs = Math.max(budgetUs, 2 * totalMedianUs);
  const late: number[] = [];
  const dropped: number[] = [];
  for (let row = 0; row < table.rows; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    if (us > limitUs) late.push(row);
    else if (us === ABSENT && isDropped(outcome[row] ?? ABSENT)) dropped.push(row);
  }
  const worst = [...worstOf(late, table), ...worstOf(dropped, table)];
  const outliers = worst.map((row) => ({
    row,
    atUs: table.grabbedUs[row] ?? 0,
    totalUs: totalUs[row] ?? ABSENT,
  }));
  return outliers.sort((a, b) => a.atUs - b.atUs || a.row - b.row);
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

/** Of rows of one kind, the worst first: each that no chosen one is near to. Of equal ones the earliest. */
function worstOf(rows: readonly number[], { totalUs, grabbedUs }: FrameTable): number[] {
  const chosen = new Chosen();
  const found: number[] = [];
  for (const row of worstFirst(rows, totalUs)) {
    if (found.length === MOST_OF_A_KIND) break;
    if (chosen.take(grabbedUs[row] ?? 0)) found.push(row);
  }
  return found;
}

/** Sorted as plain numbers, total and row in one: there may be a million. */
function* worstFirst(rows: readonly number[], totalUs: Int32Array): Generator<number> {
  const keys = Float64Array.from(
    rows,
    (row) => -Math.min(MOST_US, Math.max(0, totalUs[row] ?? 0)) * ROW_SPAN + row,
  ).sort();
  for (const key of keys) yield ((key % ROW_SPAN) + ROW_SPAN) % ROW_SPAN;
}

/** Times of which no two are neighbours. */
class Chosen {
  /** By the stretch that a time lies in: neighbours lie in the same or the next one. */
  readonly #times = new Map<number, number>();

  /** False when a neighbour was taken before. */
  take(us: number): boolean {
    const at = Math.floor(us / NEIGHBOURS_US);
    for (const stretch of [at - 1, at, at + 1]) {
      const other = this.#times.get(stretch);
      if (other !== undefined && Math.abs(other - us) <= NEIGHBOURS_US) return false;
    }
    this.#times.set(at, us);
    return true;
  }
}

/** What one sees as the same stutter. */
const NEIGHBOURS_US = 100_000;
const MOST_OF_A_KIND = 2500;
/** More than a frame's boundaries can tell (2^32 ns), and more rows than a file holds: both in one number exactly. */
const MOST_US = 2 ** 23 - 1;
const ROW_SPAN = 2 ** 30;
