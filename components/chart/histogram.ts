// How the totals of a range are spread: bars over a logarithmic time axis, split at the budget, and the share of frames
// up to each edge. Every count that is not zero has a bar. No DOM.
import type { Histogram } from '../../recording/src/review/range-detail.ts';

export interface HistogramBar {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
  /** Every frame of it took longer than the budget. */
  readonly isOver: boolean;
}

export interface HistogramModel {
  readonly count: number;
  readonly bars: readonly HistogramBar[];
  /** Share of the frames that took `us` or less; rises at the upper edge of each bar. */
  readonly steps: readonly { readonly us: number; readonly share: number }[];
  readonly budgetUs: number | undefined;
  /** Ends of the axis, both above 0. */
  readonly minUs: number;
  readonly maxUs: number;
  readonly ticksUs: readonly number[];
  /** Top of the axis of counts, and its ticks: 1 10 100 … */
  readonly most: number;
  readonly countTicks: readonly number[];
}

/** `late`: how many of the frames took longer than the budget. Undefined without a frame. */
export function histogramModel(
  { edgesUs, counts }: Histogram,
  late: number,
  budgetUs: number,
): HistogramModel | undefined {
  const budget = Number.isFinite(budgetUs) ? budgetUs : undefined;
  const bars = barsOf(edgesUs, counts, late, budget ?? Number.POSITIVE_INFINITY);
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const count = bars.reduce((sum, bar) => sum + bar.count, 0);
  let seen = 0;
  const steps = bars.map((bar) => {
    seen += bar.count;
    return { us: bar.toUs, share: seen / count };
  });
  const least = Math.max(LEAST_US, first.fromUs);
  const minUs = budget === undefined ? least : Math.min(least, budget / ROOM);
  const maxUs = budget === undefined ? last.toUs : Math.max(last.toUs, budget * ROOM);
  const highest = bars.reduce((most, bar) => Math.max(most, bar.count), 0);
  const most = Math.max(10, highest * 1.2);
  return {
    ...{ count, bars, steps, minUs, maxUs, most },
    budgetUs: budget,
    ticksUs: timeTicks(minUs, maxUs),
    countTicks: multiples(1, most, [1]),
  };
}

/** Where a time lies on the axis, 0 to 1. */
export function acrossOf({ minUs, maxUs }: HistogramModel, us: number): number {
  return clamp(Math.log(Math.max(LEAST_US, us) / minUs) / Math.log(maxUs / minUs));
}

/** How high a count stands, 0 to 1: a single frame is well above the ground. */
export function heightOf({ most }: HistogramModel, count: number): number {
  return count <= 0 ? 0 : clamp(Math.log(count / GROUND) / Math.log(most / GROUND));
}

function barsOf(
  edgesUs: readonly number[],
  counts: readonly number[],
  late: number,
  budgetUs: number,
): HistogramBar[] {
  const above = counts.reduce(
    (sum, count, bin) => ((edgesUs[bin] ?? 0) >= budgetUs ? sum + count : sum),
    0,
  );
  return counts.flatMap((count, bin): HistogramBar[] => {
    const [fromUs = 0, toUs = 0] = [edgesUs[bin], edgesUs[bin + 1]];
    if (fromUs >= budgetUs || toUs <= budgetUs) {
      return barOf(fromUs, toUs, count, fromUs >= budgetUs);
    }
    // The budget lies inside of this bin: what is late beyond all later bins is late in it.
    const over = Math.min(count, Math.max(0, late - above));
    return [...barOf(fromUs, budgetUs, count - over, false), ...barOf(budgetUs, toUs, over, true)];
  });
}

function barOf(fromUs: number, toUs: number, count: number, isOver: boolean): HistogramBar[] {
  return count > 0 ? [{ fromUs, toUs, count, isOver }] : [];
}

/** Powers of ten where three of them fit, else what lies between them too. */
function timeTicks(minUs: number, maxUs: number): number[] {
  const sets = TICK_STEPS.map((steps) => multiples(minUs, maxUs, steps));
  return sets.find((ticks) => ticks.length >= FEWEST_TICKS) ?? sets.at(-1) ?? [];
}

function multiples(min: number, max: number, steps: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let power = 10 ** Math.floor(Math.log10(min)); power <= max; power *= 10) {
    for (const step of steps) {
      const tick = Number((step * power).toPrecision(6));
      if (tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** Durations are whole µs; 0 stands at the left edge. */
const LEAST_US = 0.9;
/** The budget keeps this factor to both ends. */
const ROOM = 2;
const GROUND = 0.5;
const FEWEST_TICKS = 3;
const TICK_STEPS = [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]];
