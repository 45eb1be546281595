// What a chosen range of frames was like beyond its quantiles: how its totals are spread, and where the slow ones spent
// their time. Exact counts over whole µs.
import type { RangeQuantiles } from '../../../contract/stats.ts';
import { ABSENT, frameFlags } from '../frames.ts';
import { excessUs, type FrameTable, type PartName } from './frame-table.ts';

export interface RangeQuery {
  readonly fromUs: number;
  readonly toUs: number;
  readonly frames: 'all' | 'new';
}

export interface RangeDetail {
  /** Frames whose total is known. */
  readonly count: number;
  /** Of them over the budget. */
  readonly late: number;
  readonly histogram: Histogram;
  readonly excess: Excess | undefined;
}

/** Bins of equal width on a logarithmic scale, eight an octave. */
export interface Histogram {
  /** Lower edge of each bin, µs, and behind the last its upper one; empty without a frame. */
  readonly edgesUs: readonly number[];
  readonly counts: readonly number[];
}

/** Time of the slowest frames above each part's own median in the range. */
export interface Excess {
  /** How many frames the slowest 1 % are; one at least. */
  readonly frames: number;
  /** Their least total, µs. */
  readonly fromUs: number;
  readonly parts: readonly {
    readonly name: PartName;
    /** Mean of a frame, µs. */
    readonly meanUs: number;
    /** Of all parts together, 0 to 1; undefined when none lies above its median. */
    readonly share: number | undefined;
  }[];
}

/** What the range's quantiles say already, so that nothing is ranked twice. */
export interface RangeRanks {
  /** 99th percentile of the totals, µs; undefined without a frame. */
  readonly totalP99Us: number | undefined;
  /** A part each, ABSENT without one. */
  readonly partMedianUs: readonly number[];
}

/** Picks the ranks out of quantiles that hold p50 and p99 of the same range and frames. */
export function ranksOf(parts: readonly PartName[], { stages }: RangeQuantiles): RangeRanks {
  const rank = (name: string, quantile: string): number | undefined =>
    stages.find((stage) => stage.name === name)?.quantiles_us[quantile];
  return {
    totalP99Us: rank('total', 'p99'),
    partMedianUs: parts.map((name) => rank(name, 'p50') ?? ABSENT),
  };
}

/** Takes how often each total came in the range: what its figures were told from. */
export class TotalCounts {
  readonly #budgetUs: number;
  readonly #bins = new Uint32Array(BIN_COUNT);
  #count = 0;
  #late = 0;

  constructor({ budgetUs }: FrameTable) {
    this.#budgetUs = budgetUs;
  }

  readonly take = (us: number, times: number): void => {
    this.#count += times;
    if (us > this.#budgetUs) this.#late += times;
    const bin = BIN_OF[us] ?? binOf(us);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + times;
  };

  get told(): Pick<RangeDetail, 'count' | 'late' | 'histogram'> {
    return { count: this.#count, late: this.#late, histogram: trimmed(this.#bins) };
  }
}

export function rangeDetail(
  table: FrameTable,
  query: RangeQuery,
  ranks: RangeRanks,
  totals: TotalCounts,
): RangeDetail {
  const slow = slowRows(table, query, ranks.totalP99Us);
  return { ...totals.told, excess: excessOf(table, slow, ranks) };
}

/** Rows of the range whose total is not below a limit. */
function slowRows(table: FrameTable, query: RangeQuery, leastUs = MOST_INT32): readonly number[] {
  const { totalUs, flags } = table;
  const passedOver = query.frames === 'new' ? frameFlags.repeat : 0;
  const to = table.rowAt(query.toUs);
  const slow: number[] = [];
  for (let row = table.rowAt(query.fromUs); row < to; row += 1) {
    // Of a hundred frames one is looked at further.
    if ((totalUs[row] ?? ABSENT) < leastUs) continue;
    if (((flags[row] ?? 0) & passedOver) === 0) slow.push(row);
  }
  return slow;
}

function excessOf(
  table: FrameTable,
  slow: readonly number[],
  { totalP99Us, partMedianUs }: RangeRanks,
): Excess | undefined {
  if (totalP99Us === undefined || slow.length === 0) return undefined;
  const sums = table.partUs.map((column, part) => {
    const median = partMedianUs[part] ?? ABSENT;
    let sum = 0;
    for (const row of slow) sum += excessUs(column[row] ?? ABSENT, median);
    return sum;
  });
  const all = sums.reduce((sum, own) => sum + own, 0);
  const parts = table.parts.map((name, part) => ({
    name,
    meanUs: (sums[part] ?? 0) / slow.length,
    share: all > 0 ? (sums[part] ?? 0) / all : undefined,
  }));
  return { frames: slow.length, fromUs: totalP99Us, parts };
}

/** Without the empty bins at both ends. */
function trimmed(counts: Uint32Array): Histogram {
  const first = counts.findIndex((n) => n > 0);
  if (first < 0) return { edgesUs: [], counts: [] };
  const last = counts.findLastIndex((n) => n > 0);
  return {
    edgesUs: Array.from({ length: last - first + 2 }, (_, i) => edgeUs(first + i)),
    counts: [...counts.subarray(first, last + 1)],
  };
}

/** Bin 0 holds 0 µs; the others rise by the eighth root of two, from 1 µs on. */
function binOf(us: number): number {
  return us < 1 ? 0 : Math.min(BIN_COUNT - 1, 1 + Math.floor(Math.log2(us) * PER_OCTAVE + 1e-9));
}

function edgeUs(bin: number): number {
  return bin === 0 ? 0 : 2 ** ((bin - 1) / PER_OCTAVE);
}

const MOST_INT32 = 2 ** 31 - 1;
const PER_OCTAVE = 8;
/** 2^22 µs is 4.2 s. */
const BIN_COUNT = 1 + 22 * PER_OCTAVE + 1;
/** Of durations as frames have them. */
const BIN_OF = Uint8Array.from({ length: 1 << 16 }, (_, us) => binOf(us));
