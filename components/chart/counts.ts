// Throughput and health as data: new and repeated frames against the mode, goodput against the target, and the
// counters, each of which may be unknown to a path.
import type { StatsSample } from '../../contract/stats.ts';
import { column, type Grid, largest, type Pick, type Point, points } from './grid.ts';
import { fixedScale, niceScale, type Scale } from './scale.ts';

export interface FramesModel {
  readonly grid: Grid;
  readonly fresh: Float64Array;
  readonly repeat: Float64Array;
  readonly freshPoints: readonly Point[];
  /** Top of the repeats, which lie on the new frames. */
  readonly allPoints: readonly Point[];
  readonly target: number | undefined;
  readonly scale: Scale;
}

export function framesModel(grid: Grid, fps: number | undefined): FramesModel {
  const fresh = column(grid, (s) => s.fps, 'min');
  const repeat = column(grid, (s) => s.repeat_fps, 'max');
  const all = fresh.map((v, i) => v + (Number.isFinite(repeat[i]) ? (repeat[i] ?? 0) : 0));
  const target = fps !== undefined && fps > 0 ? fps : undefined;
  const top = Math.max(largest(all) ?? 0, target ?? 0);
  // Half and whole of the target are what a reader compares with; other ticks would only crowd a 60 px lane.
  const scale: Scale =
    target !== undefined && top <= target * 1.2
      ? { max: target * 1.08, ticks: [0, target / 2, target] }
      : niceScale(top, 2);
  return {
    grid,
    fresh,
    repeat,
    freshPoints: points(grid, fresh),
    allPoints: points(grid, all),
    target,
    scale,
  };
}

export interface BitrateModel {
  readonly grid: Grid;
  readonly mean: Float64Array;
  readonly target: Float64Array;
  readonly meanPoints: readonly Point[];
  readonly minPoints: readonly Point[];
  readonly maxPoints: readonly Point[];
  readonly targetPoints: readonly Point[];
  readonly scale: Scale;
}

export function bitrateModel(grid: Grid): BitrateModel {
  const mbps: Pick = (s) => s.mbps;
  const mean = column(grid, mbps, 'mean');
  const max = column(grid, mbps, 'max');
  // 0 says that nobody set a target: the schema wants the field, and a target of nothing is none.
  const target = column(
    grid,
    (s) => (s.bitrate_kbps > 0 ? s.bitrate_kbps / 1000 : undefined),
    'mean',
  );
  return {
    grid,
    mean,
    target,
    meanPoints: points(grid, mean),
    minPoints: points(grid, column(grid, mbps, 'min')),
    maxPoints: points(grid, max),
    targetPoints: points(grid, target),
    scale: bitrateScale(Math.max(largest(max) ?? 0, largest(target) ?? 0)),
  };
}

/** Head room above the target, so that a stream that meets it does not draw along the edge. */
const bitrateScale = (top: number): Scale =>
  top > 0 ? fixedScale(top * 1.15, 2.5) : niceScale(0, 2);

export const COUNTERS = [
  'frames_dropped',
  'packets_dropped',
  'send_dropped',
  'fec_recovered',
  'source_skipped',
] as const satisfies readonly (keyof StatsSample)[];
export type Counter = (typeof COUNTERS)[number];

export interface HealthRow {
  readonly counter: Counter;
  /** Largest window of a bucket; NaN where not measured. */
  readonly values: Float64Array;
  /** Sum over the range; undefined when no window of it was measured. */
  readonly total: number | undefined;
  /** Where the row stands: 0 is the lowest. */
  readonly base: number;
  /** Bars over `base`; nothing where the counter stood still. */
  readonly drawn: readonly Point[];
  /** `base` wherever the counter was measured: a zero that is known, unlike a gap. */
  readonly baseline: readonly Point[];
}

export interface HealthModel {
  readonly grid: Grid;
  /** Top row first. */
  readonly rows: readonly HealthRow[];
  readonly scale: Scale;
}

/** Rows share no scale: each has its own maximum, at square-root height so that single losses stay visible. */
export function healthModel(grid: Grid): HealthModel {
  const counters = COUNTERS.filter(
    (c) =>
      c !== 'source_skipped' || grid.buckets.some((b) => b.samples.some((s) => s[c] !== undefined)),
  );
  const rows = counters.map((counter, i): HealthRow => {
    const values = column(grid, (s) => s[counter], 'max');
    const sums = column(grid, (s) => s[counter], 'sum').filter((v) => Number.isFinite(v));
    const top = largest(values) ?? 0;
    const base = counters.length - 1 - i;
    const height = values.map((v) => (v > 0 ? base + Math.sqrt(v / top) * ROW_FILL : Number.NaN));
    const still = values.map((v) => (Number.isFinite(v) ? base : Number.NaN));
    return {
      counter,
      values,
      total: sums.length === 0 ? undefined : sums.reduce((a, b) => a + b, 0),
      base,
      drawn: steps(grid, height),
      baseline: steps(grid, still),
    };
  });
  return { grid, rows, scale: fixedScale(counters.length, counters.length) };
}

/** A counter belongs to its whole window: flat over the bucket, upright edges. */
function steps(grid: Grid, values: Float64Array): Point[] {
  const broken = new Set(grid.gaps.map((g) => g.toMs));
  return grid.buckets.flatMap((b, i) => {
    const y = values[i] ?? Number.NaN;
    const flat = [
      { x: b.fromMs, y },
      { x: b.toMs, y },
    ];
    return broken.has(b.fromMs) ? [{ x: b.fromMs, y: Number.NaN }, ...flat] : flat;
  });
}

const ROW_FILL = 0.78;
