// A stretch of frames as columns of equal time, at most one a pixel: quantiles of the total, what the frames at a
// quantile are made of, the worst frame and how many were late, repeated or dropped. Exact counts of whole µs; nothing
// is ever lost by reduction: the worst frame of a column is in it by its own row.
import { ABSENT, frameFlags } from '../frames.ts';
import { isDropped } from '../windows.ts';
import type { FrameTable } from './frame-table.ts';

export interface OverviewQuery {
  readonly fromUs: number;
  readonly toUs: number;
  /** Columns at most. */
  readonly most: number;
  /** Whose durations are told; the counters are of all frames. */
  readonly frames: 'all' | 'new';
}

/** Column `i` holds frames grabbed in [fromUs + i·widthUs, fromUs + (i+1)·widthUs). ABSENT where there was nothing. */
export interface Overview {
  readonly fromUs: number;
  readonly widthUs: number;
  readonly count: number;
  readonly frames: Int32Array;
  readonly repeated: Int32Array;
  readonly dropped: Int32Array;
  /** Over the budget. */
  readonly late: Int32Array;
  readonly p50Us: Int32Array;
  readonly p99Us: Int32Array;
  readonly maxUs: Int32Array;
  /** The row of the worst frame. */
  readonly worstRow: Int32Array;
  /** Which part of it lies furthest above its own median; index into the table's parts. */
  readonly worstPart: Int8Array;
  /** Mean of each part over the frames of ranks 40 to 60 %, and over the slowest 1 %. */
  readonly atP50: readonly Int32Array[];
  readonly atP99: readonly Int32Array[];
}

/**
 * The width of a column for a view: a power of two of ms, so that columns of one width begin at the same times in every
 * view and a view that moves keeps them. Never so narrow that frames of a steady stream leave holes.
 */
export function widthFor(spanUs: number, most: number, fps: number): number {
  const least = fps > 0 ? 1.5e6 / fps : 1000;
  let widthUs = 1000;
  while (widthUs * most < spanUs || widthUs < least) widthUs *= 2;
  return widthUs;
}

/** The columns that a stretch touches, whole. */
export function overviewOf(table: FrameTable, query: OverviewQuery): Overview {
  const widthUs = widthFor(
    query.toUs - query.fromUs,
    Math.max(1, query.most - 1),
    table.session.fps,
  );
  const first = Math.max(0, Math.floor(query.fromUs / widthUs));
  const count = Math.max(1, Math.ceil(query.toUs / widthUs) - first);
  const overview = emptyOverview(first * widthUs, widthUs, count, table.parts.length);
  const ranks = new Ranks();
  let row = table.rowAt(overview.fromUs);
  for (let column = 0; column < count; column += 1) {
    const end = table.rowAt(overview.fromUs + (column + 1) * widthUs);
    fill(overview, column, { table, from: row, to: end, frames: query.frames, ranks });
    row = end;
  }
  return overview;
}

interface Rows {
  readonly table: FrameTable;
  readonly from: number;
  readonly to: number;
  readonly frames: 'all' | 'new';
  readonly ranks: Ranks;
}

function fill(to: Overview, column: number, rows: Rows): void {
  const { table, from, to: end, frames, ranks } = rows;
  const { totalUs, flags, outcome, budgetUs } = table;
  let [repeated, dropped, late, worst] = [0, 0, 0, ABSENT];
  for (let row = from; row < end; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    const isRepeat = ((flags[row] ?? 0) & frameFlags.repeat) !== 0;
    if (isRepeat) repeated += 1;
    if (isDropped(outcome[row] ?? ABSENT)) dropped += 1;
    if (us > budgetUs) late += 1;
    if (us === ABSENT || (isRepeat && frames === 'new')) continue;
    ranks.add(us);
    if (worst === ABSENT || us > (totalUs[worst] ?? ABSENT)) worst = row;
  }
  to.frames[column] = end - from;
  to.repeated[column] = repeated;
  to.dropped[column] = dropped;
  to.late[column] = late;
  if (worst === ABSENT) return;
  to.maxUs[column] = totalUs[worst] ?? ABSENT;
  to.worstRow[column] = worst;
  to.worstPart[column] = table.worstPart(worst) ?? ABSENT;
  const [p40 = 0, p50 = 0, p60 = 0, p99 = 0] = ranks.take([0.4, 0.5, 0.6, 0.99]);
  to.p50Us[column] = p50;
  to.p99Us[column] = p99;
  means(to.atP50, column, rows, p40, p60);
  means(to.atP99, column, rows, p99, Number.POSITIVE_INFINITY);
}

/** Means of the parts over the frames whose total lies between two values. */
function means(
  into: readonly Int32Array[],
  column: number,
  rows: Rows,
  least: number,
  most: number,
): void {
  const { table, from, to, frames } = rows;
  const { totalUs, flags, partUs } = table;
  const sums = new Float64Array(into.length);
  const counts = new Float64Array(into.length);
  for (let row = from; row < to; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    if (us < least || us > most || us === ABSENT) continue;
    if (frames === 'new' && ((flags[row] ?? 0) & frameFlags.repeat) !== 0) continue;
    for (let part = 0; part < into.length; part += 1) {
      const own = partUs[part]?.[row] ?? ABSENT;
      if (own === ABSENT) continue;
      sums[part] = (sums[part] ?? 0) + own;
      counts[part] = (counts[part] ?? 0) + 1;
    }
  }
  for (const [part, means] of into.entries()) {
    const n = counts[part] ?? 0;
    if (n > 0) means[column] = Math.round((sums[part] ?? 0) / n);
  }
}

function emptyOverview(fromUs: number, widthUs: number, count: number, parts: number): Overview {
  const zeros = (): Int32Array => new Int32Array(count);
  const absent = (): Int32Array => new Int32Array(count).fill(ABSENT);
  return {
    ...{ fromUs, widthUs, count },
    ...{ frames: zeros(), repeated: zeros(), dropped: zeros(), late: zeros() },
    ...{ p50Us: absent(), p99Us: absent(), maxUs: absent(), worstRow: absent() },
    worstPart: new Int8Array(count).fill(ABSENT),
    atP50: Array.from({ length: parts }, absent),
    atP99: Array.from({ length: parts }, absent),
  };
}

/** Nearest ranks of a few thousand durations, again and again in the same memory. */
class Ranks {
  #bins = new Uint32Array(1 << 14);
  /** How many lie in each block of bins: ranks are found in two steps. */
  #blocks = new Uint32Array((1 << 14) / BLOCK);
  #count = 0;
  #most = 0;

  add(us: number): void {
    const bin = Math.min(us, MOST_US);
    if (bin >= this.#bins.length) this.#grow(bin);
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    const block = bin >>> BLOCK_BITS;
    this.#blocks[block] = (this.#blocks[block] ?? 0) + 1;
    this.#count += 1;
    if (bin > this.#most) this.#most = bin;
  }

  /** The values at rising shares of the count; forgets them all. */
  take(shares: readonly number[]): number[] {
    const found = shares.map((share) =>
      this.#at(Math.max(1, Math.ceil(share * this.#count - 1e-9))),
    );
    const blocks = (this.#most >>> BLOCK_BITS) + 1;
    for (let block = 0; block < blocks; block += 1) {
      if (this.#blocks[block] === 0) continue;
      this.#blocks[block] = 0;
      this.#bins.fill(0, block << BLOCK_BITS, (block + 1) << BLOCK_BITS);
    }
    this.#count = 0;
    this.#most = 0;
    return found;
  }

  #at(rank: number): number {
    let [left, block] = [rank, 0];
    for (; left > (this.#blocks[block] ?? 0); block += 1) left -= this.#blocks[block] ?? 0;
    let us = block << BLOCK_BITS;
    for (; left > (this.#bins[us] ?? 0); us += 1) left -= this.#bins[us] ?? 0;
    return us;
  }

  #grow(bin: number): void {
    let length = this.#bins.length;
    while (length <= bin) length *= 2;
    const bins = new Uint32Array(length);
    bins.set(this.#bins);
    const blocks = new Uint32Array(length >>> BLOCK_BITS);
    blocks.set(this.#blocks);
    this.#bins = bins;
    this.#blocks = blocks;
  }
}

const BLOCK_BITS = 7;
const BLOCK = 1 << BLOCK_BITS;
/** A frame's boundaries end at 2^32 ns. */
const MOST_US = 4_294_968;
