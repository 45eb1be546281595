// A stretch of frames as columns of equal time, at most one a pixel: quantiles of the total, what the frames at a
// quantile are made of, the worst frame and how many were late, repeated or dropped. Exact counts of whole µs; nothing
// is ever lost by reduction: the worst frame of a column is in it by its own row.
import { ABSENT, frameFlags } from '../frames.ts';
import { isDropped, SENT } from '../windows.ts';
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

/** The columns that a stretch touches, whole. `known`: of the same table; what a view that moves has seen already. */
export function overviewOf(
  table: FrameTable,
  query: OverviewQuery,
  known: KnownColumns = new KnownColumns(table),
): Overview {
  const most = Math.max(1, query.most - 1);
  const widthUs = widthFor(query.toUs - query.fromUs, most, table.session.fps);
  const first = Math.max(0, Math.floor(query.fromUs / widthUs));
  const count = Math.max(1, Math.ceil(query.toUs / widthUs) - first);
  const overview = emptyOverview(first * widthUs, widthUs, count, table.parts.length);
  for (let at = first; at < first + count; ) {
    const chunk = known.chunk(Math.floor(at / CHUNK), widthUs, query.frames);
    const from = at % CHUNK;
    const to = Math.min(CHUNK, from + first + count - at);
    copyColumns(chunk, from, to, overview, at - first);
    at += to - from;
  }
  return overview;
}

/** Columns of one table that were asked for lately, a few dozen at a time: a view that moves needs few new ones. */
export class KnownColumns {
  readonly #table: FrameTable;
  /** By width and place; what was asked for last is last. */
  readonly #chunks = new Map<string, Overview>();
  readonly #ranks = new Ranks();

  constructor(table: FrameTable) {
    this.#table = table;
  }

  /** Columns from `index` · CHUNK on. */
  chunk(index: number, widthUs: number, frames: 'all' | 'new'): Overview {
    const key = `${frames} ${widthUs} ${index}`;
    const chunk = this.#chunks.get(key) ?? this.#made(index * CHUNK * widthUs, widthUs, frames);
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    if (this.#chunks.size > MOST_CHUNKS) {
      const [oldest = ''] = this.#chunks.keys();
      this.#chunks.delete(oldest);
    }
    return chunk;
  }

  #made(fromUs: number, widthUs: number, frames: 'all' | 'new'): Overview {
    const table = this.#table;
    const overview = emptyOverview(fromUs, widthUs, CHUNK, table.parts.length);
    let from = table.rowAt(fromUs);
    for (let column = 0; column < CHUNK; column += 1) {
      const to = table.rowAt(fromUs + (column + 1) * widthUs);
      fill(overview, column, { table, from, to, frames, ranks: this.#ranks });
      from = to;
    }
    return overview;
  }
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
  const { totalUs, flags, outcome } = table;
  const budgetUs = Math.min(MOST_INT32, Math.floor(table.budgetUs));
  const passedOver = frames === 'new' ? frameFlags.repeat : 0;
  let repeated = 0;
  let dropped = 0;
  let late = 0;
  let worst = ABSENT;
  let most = ABSENT;
  for (let row = from; row < end; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    const bits = flags[row] ?? 0;
    if ((bits & frameFlags.repeat) !== 0) repeated += 1;
    if (us > budgetUs) late += 1;
    if (outcome[row] !== SENT && isDropped(outcome[row] ?? ABSENT)) dropped += 1;
    if (us === ABSENT || (bits & passedOver) !== 0) continue;
    ranks.add(us);
    if (us <= most) continue;
    most = us;
    worst = row;
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
  means(to.atP99, column, rows, p99, MOST_US);
}

/** Means of the parts over the frames whose total lies between two values. */
function means(
  into: readonly Int32Array[],
  column: number,
  rows: Rows,
  least: number,
  most: number,
): void {
  const { table, ranks } = rows;
  const chosen = ranks.rowsBetween(rows, least, most);
  for (const [part, means] of into.entries()) {
    const own = table.partUs[part];
    if (own === undefined) continue;
    let sum = 0;
    let n = 0;
    for (let i = 0; i < chosen.length; i += 1) {
      const us = own[chosen[i] ?? 0] ?? ABSENT;
      if (us === ABSENT) continue;
      sum += us;
      n += 1;
    }
    if (n > 0) means[column] = Math.round(sum / n);
  }
}

function typedIn({ fromUs, widthUs, count, atP50, atP99, ...columns }: Overview) {
  return [...Object.values(columns), ...atP50, ...atP99];
}

function copyColumns(from: Overview, first: number, end: number, to: Overview, at: number): void {
  const into = typedIn(to);
  for (const [i, column] of typedIn(from).entries()) into[i]?.set(column.subarray(first, end), at);
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
  #rows = new Uint32Array(0);
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

  /** Rows whose total lies between two values; valid until the next call. */
  rowsBetween({ table, from, to, frames }: Rows, least: number, most: number): Uint32Array {
    const { totalUs, flags } = table;
    const passedOver = frames === 'new' ? frameFlags.repeat : 0;
    if (this.#rows.length < to - from) this.#rows = new Uint32Array(to - from);
    const rows = this.#rows;
    // A total that no engine measures counts as the longest there is.
    const last = most >= MOST_US ? MOST_INT32 : most;
    let count = 0;
    for (let row = from; row < to; row += 1) {
      const us = totalUs[row] ?? ABSENT;
      if (us < least || us > last || us < 0 || ((flags[row] ?? 0) & passedOver) !== 0) continue;
      rows[count] = row;
      count += 1;
    }
    return rows.subarray(0, count);
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

/** Columns that are made and kept together. */
const CHUNK = 32;
/** 13 kB each at most: some views of a wide screen. */
const MOST_CHUNKS = 256;
const MOST_INT32 = 2 ** 31 - 1;
const BLOCK_BITS = 7;
const BLOCK = 1 << BLOCK_BITS;
/** A frame's boundaries end at 2^32 ns. */
const MOST_US = 4_294_968;
