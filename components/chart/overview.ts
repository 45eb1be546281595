// The columns of a review as the lanes draw them: latency as what the frames at a quantile are made of, and the worst
// frame of every column. Every column keeps its worst frame by itself, so that no reduction can hide it. No DOM.

import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Overview } from '../../recording/src/review/overview.ts';
import type { Token } from '../base/series-tokens.ts';
import { type Bucket, type Grid, largest, points, type Range, slotsOf } from './grid.ts';
import { budgetMs, type LatencyModel, type Quantile, stacked } from './latency.ts';
import { latencyScale, type Scale } from './scale.ts';

/** Columns with frames as buckets; a stretch without any is a gap. */
export function gridOf(overview: Overview, range: Range): Grid {
  const buckets: Bucket[] = [];
  const gaps: Range[] = [];
  const widthMs = overview.widthUs / 1000;
  for (const column of columnsOf(overview)) {
    const fromMs = overview.fromUs / 1000 + column * widthMs;
    const before = buckets.at(-1);
    if (before !== undefined && fromMs - before.toMs > widthMs / 2) {
      gaps.push({ fromMs: before.toMs, toMs: fromMs });
    }
    buckets.push({ fromMs, toMs: fromMs + widthMs, samples: [] });
  }
  return { range, buckets, gaps, windowMs: widthMs, slots: slotsOf(buckets, gaps) };
}

/** Means of the parts over the frames at the quantile, stacked, with the exact quantiles of the total. */
export function latencyOf(
  overview: Overview,
  parts: readonly PartName[],
  grid: Grid,
  quantile: Quantile,
  fps: number | undefined,
): LatencyModel {
  const columns = columnsOf(overview);
  const msOf = (values: Int32Array): Float64Array =>
    Float64Array.from(columns, (column) => milli(values[column] ?? -1));
  const values = (quantile === 'p50' ? overview.atP50 : overview.atP99).map(msOf);
  const drawn = stacked(values);
  const total = msOf(overview.p50Us);
  const totalP99 = msOf(overview.p99Us);
  const budget = budgetMs(fps);
  return {
    ...{ grid, quantile, stacked: true },
    stages: parts.map((stage, i) => ({
      stage,
      values: values[i] ?? new Float64Array(),
      drawn: points(grid, drawn[i] ?? new Float64Array()),
    })),
    ...{
      total,
      totalP99,
      totalPoints: points(grid, total),
      totalP99Points: points(grid, totalP99),
    },
    budgetMs: budget,
    scale: latencyScale(budget, quantile === 'p50' ? total : totalP99),
  };
}

/** The worst frame of a column, drawn from the budget up. */
export interface WorstBar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
  /** The part that lies furthest above its own median. */
  readonly part: PartName | undefined;
  /** -1 where only windows are known. */
  readonly row: number;
  /** Frames of the column over the budget; NaN where nobody counted. */
  readonly late: number;
  readonly dropped: number;
}

export interface WorstModel {
  readonly grid: Grid;
  /** One a bucket of the grid. */
  readonly bars: readonly WorstBar[];
  readonly budgetMs: number | undefined;
  /** Of log10 of ms over the budget's: the baseline is 0. */
  readonly scale: Scale & { readonly baseMs: number };
}

export function worstOf(
  overview: Overview,
  parts: readonly PartName[],
  grid: Grid,
  fps: number | undefined,
): WorstModel {
  const budget = budgetMs(fps);
  const bars = columnsOf(overview).map((column, i): WorstBar => {
    const bucket = grid.buckets[i];
    return {
      fromMs: bucket?.fromMs ?? 0,
      toMs: bucket?.toMs ?? 0,
      ms: milli(overview.maxUs[column] ?? -1),
      part: parts[overview.worstPart[column] ?? -1],
      row: overview.worstRow[column] ?? -1,
      late: overview.late[column] ?? 0,
      dropped: overview.dropped[column] ?? 0,
    };
  });
  const top = largest(Float64Array.from(bars, ({ ms }) => ms)) ?? 0;
  return { grid, bars, budgetMs: budget, scale: worstScale(budget, top) };
}

/** Where a value lies in the worst lane: logarithmic, 0 at the budget and below. */
export function worstHeight({ scale }: WorstModel, ms: number): number {
  return ms > scale.baseMs ? Math.log10(ms / scale.baseMs) : 0;
}

export function tokenOf(part: PartName | undefined): Token {
  return part ?? 'other';
}

/** From the budget to 100 ms or the largest, in steps of about three. */
export function worstScale(budget: number | undefined, topMs: number): WorstModel['scale'] {
  const baseMs = budget ?? 1;
  const most = Math.max(100, topMs * 1.05, baseMs * 3);
  const ticks = LOG_STEPS_MS.filter((ms) => ms > baseMs * 1.1 && ms <= most);
  return {
    baseMs,
    max: Math.log10(most / baseMs),
    ticks: ticks.map((ms) => Math.log10(ms / baseMs)),
  };
}

function columnsOf({ count, frames }: Overview): number[] {
  const columns: number[] = [];
  for (let column = 0; column < count; column += 1) {
    if ((frames[column] ?? 0) > 0) columns.push(column);
  }
  return columns;
}

function milli(us: number): number {
  return us < 0 ? Number.NaN : us / 1000;
}

const LOG_STEPS_MS = [1, 3, 10, 30, 100, 300, 1000, 3000];
