// One x grid for every series of a chart: windows are grouped into at most `maxBuckets` equal stretches of time, so
// that stacked series share their x (chart.js' decimation gives each its own and draws a wrong stack). Gaps stay gaps,
// and the largest and smallest value of a bucket can always be asked for: reduction never hides a spike. No DOM.
import type { StatsSample } from '../../contract/stats.ts';

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Consecutive windows of one session, drawn as one point. */
export interface Bucket extends Range {
  readonly samples: readonly StatsSample[];
}

export interface Grid {
  readonly range: Range;
  readonly buckets: readonly Bucket[];
  /** Stretches of time without a window, between two buckets. */
  readonly gaps: readonly Range[];
  /** The usual length of a window, ms. */
  readonly windowMs: number;
  /** Points on x: bucket centres, the ends of every unbroken run, and one break in every gap. */
  readonly slots: readonly Slot[];
}

export interface Slot {
  readonly x: number;
  /** Index into `buckets`; -1 breaks the line. */
  readonly bucket: number;
}

export type Pick = (sample: StatsSample) => number | undefined;
export type Reduce = 'mean' | 'max' | 'min' | 'sum';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The same grid again for lanes that show the same windows: a view that moves makes one for all of them. */
export function sharedGrid(
  samples: readonly StatsSample[],
  range: Range,
  maxBuckets: number = MAX_BUCKETS,
): Grid {
  const known = shared.get(samples);
  const isSame =
    known?.maxBuckets === maxBuckets &&
    known.grid.range.fromMs === range.fromMs &&
    known.grid.range.toMs === range.toMs;
  if (isSame) return known.grid;
  const grid = buildGrid(samples, range, maxBuckets);
  shared.set(samples, { maxBuckets, grid });
  return grid;
}

const shared = new WeakMap<
  readonly StatsSample[],
  { readonly maxBuckets: number; readonly grid: Grid }
>();

export function buildGrid(
  samples: readonly StatsSample[],
  range: Range,
  maxBuckets: number = MAX_BUCKETS,
): Grid {
  const { windowMs, longestMs, sorted } = orderOf(samples);
  const start = (s: StatsSample): number => Math.max(0, s.t_ms - (s.window_ms ?? windowMs));
  const seen = sorted
    .slice(firstAfter(sorted, range.fromMs), firstAfter(sorted, range.toMs + longestMs))
    .filter((s) => start(s) < range.toMs);
  const span = Math.max(1, range.toMs - range.fromMs);
  const bucketMs = seen.length <= maxBuckets ? 0 : span / maxBuckets;
  const gapMs = Math.max(GAP_SHARE * windowMs, bucketMs / 2);

  const buckets: Bucket[] = [];
  const gaps: Range[] = [];
  let open: StatsSample[] = [];
  let fromMs = 0;
  let index = -1;
  const close = (): void => {
    const toMs = open.at(-1)?.t_ms;
    if (toMs !== undefined) buckets.push({ fromMs, toMs, samples: open });
    open = [];
  };
  for (const sample of seen) {
    const previousEnd = open.at(-1)?.t_ms ?? buckets.at(-1)?.toMs;
    const at = start(sample);
    const own = bucketMs === 0 ? index + 1 : Math.floor((sample.t_ms - range.fromMs) / bucketMs);
    const gap = previousEnd !== undefined && at - previousEnd > gapMs;
    if (gap || own !== index) close();
    if (gap) gaps.push({ fromMs: previousEnd, toMs: at });
    if (open.length === 0) fromMs = gap || previousEnd === undefined ? at : previousEnd;
    open.push(sample);
    index = own;
  }
  close();
  return { range, buckets, gaps, windowMs, slots: slotsOf(buckets, gaps) };
}

/** One number a bucket; NaN where no window of it was measured. */
export function column(grid: Grid, pick: Pick, reduce: Reduce): Float64Array {
  const out = new Float64Array(grid.buckets.length).fill(Number.NaN);
  for (const [i, bucket] of grid.buckets.entries()) {
    let n = 0;
    let value = Number.NaN;
    for (const sample of bucket.samples) {
      const v = pick(sample);
      if (v === undefined || !Number.isFinite(v)) continue;
      value = n === 0 ? v : combine(value, v, reduce);
      n++;
    }
    out[i] = reduce === 'mean' && n > 1 ? value / n : value;
  }
  return out;
}

/** A column spread over the grid's slots: every series drawn from one grid has the same x at the same index. */
export function points(grid: Grid, values: Float64Array): Point[] {
  return grid.slots.map(({ x, bucket }) => ({ x, y: values[bucket] ?? Number.NaN }));
}

/** The bucket at a time, else the nearest one; -1 in an empty grid. */
export function bucketAt({ buckets }: Grid, ms: number): number {
  let [low, high] = [0, buckets.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((buckets[middle]?.toMs ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  // The first that ends at the time or after it; the one before may be nearer.
  const [before, next] = [buckets[low - 1], buckets[low]];
  if (before === undefined || next === undefined) return next === undefined ? low - 1 : low;
  return ms - before.toMs <= next.fromMs - ms ? low - 1 : low;
}

/** Largest finite number of a column; undefined when nothing was measured. */
export function largest(values: Float64Array): number | undefined {
  let out: number | undefined;
  for (const v of values) if (Number.isFinite(v) && (out === undefined || v > out)) out = v;
  return out;
}

function combine(a: number, b: number, reduce: Reduce): number {
  if (reduce === 'max') return Math.max(a, b);
  if (reduce === 'min') return Math.min(a, b);
  return a + b;
}

function byTime(samples: readonly StatsSample[]): readonly StatsSample[] {
  const sorted = samples.every((s, i) => i === 0 || s.t_ms >= (samples[i - 1]?.t_ms ?? 0));
  return sorted ? samples : [...samples].sort((a, b) => a.t_ms - b.t_ms);
}

/** What of a list of windows does not depend on the part that is shown. */
interface Order {
  readonly windowMs: number;
  readonly longestMs: number;
  readonly sorted: readonly StatsSample[];
}

const orders = new WeakMap<readonly StatsSample[], Order>();

function orderOf(samples: readonly StatsSample[]): Order {
  const known = orders.get(samples);
  if (known !== undefined) return known;
  const windowMs = usualWindowMs(samples);
  const longestMs = samples.reduce((most, s) => Math.max(most, s.window_ms ?? windowMs), 0);
  const order = { windowMs, longestMs, sorted: byTime(samples) };
  orders.set(samples, order);
  return order;
}

/** Index of the first window that ends after a time. */
function firstAfter(sorted: readonly StatsSample[], ms: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.t_ms ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function usualWindowMs(samples: readonly StatsSample[]): number {
  const said = lengthsSaid(samples);
  const from = said.length > 0 ? said : stepsOf(samples);
  return Float64Array.from(from).sort()[Math.floor(from.length / 2)] ?? DEFAULT_WINDOW_MS;
}

function lengthsSaid(samples: readonly StatsSample[]): number[] {
  const said: number[] = [];
  for (const { window_ms } of samples) if (window_ms !== undefined) said.push(window_ms);
  return said;
}

function stepsOf(samples: readonly StatsSample[]): number[] {
  return byTime(samples).flatMap((s, i, all) => {
    const before = all[i - 1];
    return before === undefined || s.t_ms <= before.t_ms ? [] : [s.t_ms - before.t_ms];
  });
}

/** Points on x for drawing: centres, the ends of unbroken runs, breaks in gaps. */
export function slotsOf(buckets: readonly Bucket[], gaps: readonly Range[]): Slot[] {
  const opens = new Set(gaps.map((g) => g.toMs));
  const closes = new Set(gaps.map((g) => g.fromMs));
  const slots: Slot[] = [];
  for (const [i, b] of buckets.entries()) {
    if (i > 0 && opens.has(b.fromMs)) {
      const end = buckets[i - 1]?.toMs ?? b.fromMs;
      slots.push({ x: (end + b.fromMs) / 2, bucket: -1 });
    }
    if (i === 0 || opens.has(b.fromMs)) slots.push({ x: b.fromMs, bucket: i });
    slots.push({ x: (b.fromMs + b.toMs) / 2, bucket: i });
    if (i === buckets.length - 1 || closes.has(b.toMs)) slots.push({ x: b.toMs, bucket: i });
  }
  return slots;
}

/** Above this, chart.js costs more than it shows: 500 buckets draw in 7 ms, 5,400 points in 180 ms (software raster). */
export const MAX_BUCKETS = 500;
/** A hole of three quarters of a window is a window that is missing, not jitter. */
const GAP_SHARE = 0.75;
const DEFAULT_WINDOW_MS = 1000;
