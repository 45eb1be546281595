// Scales and their ticks, without a chart: round steps for values, clock steps for time.
import type { Range } from './grid.ts';

export interface Scale {
  readonly max: number;
  readonly ticks: readonly number[];
}

/** 0 to a round number ≥ `max`, in `count` steps or fewer. */
export function niceScale(max: number, count: number): Scale {
  if (!(max > 0) || !Number.isFinite(max)) return { max: 1, ticks: [0, 1] };
  const step = niceStep(max / count);
  return upTo(step * Math.ceil(max / step - 1e-9), step);
}

/** A fixed top with round ticks below it. */
export function fixedScale(max: number, count: number): Scale {
  return upTo(max, niceStep(max / count));
}

/**
 * Latency: a multiple of the frame budget, so that the budget line always has its place. It widens when a tenth of the
 * values would leave at the top; what still leaves is marked there with its value.
 */
export function latencyScale(budgetMs: number | undefined, values: Float64Array): Scale {
  const sorted = values.filter((v) => Number.isFinite(v)).sort();
  const usual = sorted[Math.floor((sorted.length - 1) * USUAL_SHARE)] ?? 0;
  if (budgetMs === undefined) return niceScale((sorted.at(-1) ?? 0) * 1.1, 4);
  const factor = BUDGET_FACTORS.find((f) => usual <= f * budgetMs * 0.97);
  if (factor === undefined) return niceScale(usual * 1.15, 4);
  return fixedScale(factor * budgetMs, 4);
}

/** Steps of 1 2 5 10 15 30 s and min, then hours; labels at least `minPx` apart. */
export function timeTicks(range: Range, widthPx: number, minPx: number): number[] {
  const span = range.toMs - range.fromMs;
  if (!(span > 0) || !(widthPx > 0)) return [];
  const fits = Math.max(1, Math.floor(widthPx / minPx));
  const step = TIME_STEPS_MS.find((s) => span / s <= fits) ?? Math.ceil(span / fits / HOUR) * HOUR;
  const ticks: number[] = [];
  for (let t = Math.ceil(range.fromMs / step) * step; t <= range.toMs; t += step) ticks.push(t);
  return ticks;
}

function upTo(max: number, step: number): Scale {
  const ticks: number[] = [];
  for (let i = 0; i * step <= max * (1 + 1e-9); i++) ticks.push(Number((i * step).toPrecision(12)));
  return { max, ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => s * power >= rough * (1 - 1e-9)) ?? 10;
  return step * power;
}

const BUDGET_FACTORS = [1.5, 3, 6];
const USUAL_SHARE = 0.9;
const HOUR = 3_600_000;
const TIME_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((s) => s * 1000),
  ...[1, 2, 5, 10, 15, 30].map((min) => min * 60_000),
  HOUR,
];
