// Latency by stage as data: which stages a recording has, their stack at p50, their lines at p99, the figures at one
// bucket and the sentence about the run. Stage quantiles at p99 do not add up, so they are never stacked.
import type { StageName, StatsSample } from '../../contract/stats.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import { column, type Grid, largest, type Pick, type Point, points } from './grid.ts';
import { latencyScale, type Scale } from './scale.ts';

export type Quantile = 'p50' | 'p99';

export interface StageSeries {
  readonly stage: PartName;
  /** The stage's own value a bucket, ms. */
  readonly values: Float64Array;
  /** What is drawn: at p50 the top of its band in the stack, at p99 the value. */
  readonly drawn: readonly Point[];
}

export interface LatencyModel {
  readonly grid: Grid;
  readonly quantile: Quantile;
  /** The stages are those of the same frames and add up; lines that do not otherwise. */
  readonly stacked: boolean;
  /** In pipeline order: the first lies at the bottom. */
  readonly stages: readonly StageSeries[];
  readonly total: Float64Array;
  readonly totalP99: Float64Array;
  readonly totalPoints: readonly Point[];
  readonly totalP99Points: readonly Point[];
  readonly budgetMs: number | undefined;
  readonly scale: Scale;
}

export function latencyModel(
  grid: Grid,
  quantile: Quantile,
  fps: number | undefined,
): LatencyModel {
  const budget = budgetMs(fps);
  const names = stagesOf(grid);
  const values = names.map((name) =>
    quantile === 'p50'
      ? column(grid, stage(name, 'p50_us'), 'mean')
      : column(grid, stage(name, 'p99_us'), 'max'),
  );
  const drawn = quantile === 'p50' ? stacked(values) : values;
  const total = column(grid, (s) => milli(s.total_p50_us), 'mean');
  const totalP99 = column(grid, (s) => milli(s.total_p99_us), 'max');
  const judged = quantile === 'p50' ? (drawn.length > 0 ? highest(drawn) : total) : totalP99;
  const fit = judged.some((v) => Number.isFinite(v)) ? judged : highest(drawn);
  return {
    ...{ grid, quantile, stacked: quantile === 'p50' },
    stages: names.map((name, i) => ({
      stage: name,
      values: values[i] ?? new Float64Array(),
      drawn: points(grid, drawn[i] ?? new Float64Array()),
    })),
    total,
    totalP99,
    totalPoints: points(grid, total),
    totalP99Points: points(grid, totalP99),
    budgetMs: budget,
    scale: latencyScale(budget, fit),
  };
}

export function budgetMs(fps: number | undefined): number | undefined {
  return fps === undefined || !(fps > 0) ? undefined : 1000 / fps;
}

/** How the windows of a run stood against the budget. Counts windows, never takes quantiles of quantiles. */
export interface LatencySummary {
  readonly windows: number;
  /** Windows whose frame total was measured. */
  readonly judged: number;
  readonly overBudget: number;
  readonly worst:
    | { readonly ms: number; readonly atMs: number; readonly slowest?: StagePeak }
    | undefined;
  readonly gaps: number;
}

export interface StagePeak {
  readonly stage: StageName;
  readonly ms: number;
}

export function summarize(
  samples: readonly StatsSample[],
  fps: number | undefined,
  gaps: number,
): LatencySummary {
  const budget = budgetMs(fps) ?? Number.POSITIVE_INFINITY;
  let judged = 0;
  let overBudget = 0;
  let worst: { sample: StatsSample; ms: number } | undefined;
  for (const sample of samples) {
    const ms = milli(sample.total_p99_us);
    if (ms === undefined) continue;
    judged++;
    if (ms > budget) overBudget++;
    if (worst === undefined || ms > worst.ms) worst = { sample, ms };
  }
  return { windows: samples.length, judged, overBudget, gaps, worst: worst && peak(worst) };
}

function peak(worst: { sample: StatsSample; ms: number }): LatencySummary['worst'] {
  const at = { ms: worst.ms, atMs: worst.sample.t_ms };
  const [first, ...rest] = worst.sample.stages;
  if (first === undefined) return at;
  const slowest = rest.reduce((a, b) => (b.p99_us > a.p99_us ? b : a), first);
  return { ...at, slowest: { stage: slowest.name, ms: slowest.p99_us / 1000 } };
}

/** The bucket that a reader should look at first: the largest total, else the highest stack; -1 when empty. */
export function worstBucket(model: LatencyModel): number {
  const total = largest(model.totalP99) === undefined ? highestValues(model) : model.totalP99;
  const top = largest(total);
  return top === undefined ? model.grid.buckets.length - 1 : total.indexOf(top);
}

/** Where a line leaves the picture at the top: the largest of every cluster. */
export interface Overflow {
  readonly x: number;
  readonly value: number;
}

export function overflows(drawn: readonly Point[], max: number, apartMs: number): Overflow[] {
  const out: Overflow[] = [];
  for (const { x, y } of drawn) {
    if (!(y > max)) continue;
    const last = out.at(-1);
    if (last === undefined || x - last.x > apartMs) out.push({ x, value: y });
    else if (y > last.value) out[out.length - 1] = { x, value: y };
  }
  return out;
}

function stagesOf(grid: Grid): StageName[] {
  const present = new Set(
    grid.buckets.flatMap((b) => b.samples.flatMap((s) => s.stages.map((t) => t.name))),
  );
  return ORDER.filter((name) => present.has(name));
}

const stage =
  (name: StageName, figure: 'p50_us' | 'p99_us'): Pick =>
  (sample) =>
    milli(sample.stages.find((s) => s.name === name)?.[figure]);

/** Tops of the bands, bottom first. A stage that a window lacks has no band there; the ones above it close up. */
export function stacked(values: readonly Float64Array[]): Float64Array[] {
  const base = new Float64Array(values[0]?.length ?? 0);
  return values.map((own) =>
    own.map((v, i) => {
      if (!Number.isFinite(v)) return Number.NaN;
      const top = (base[i] ?? 0) + v;
      base[i] = top;
      return top;
    }),
  );
}

function highest(columns: readonly Float64Array[]): Float64Array {
  const n = columns[0]?.length ?? 0;
  return new Float64Array(n).map((_, i) => {
    const finite = columns.map((c) => c[i] ?? Number.NaN).filter((v) => Number.isFinite(v));
    return finite.length === 0 ? Number.NaN : Math.max(...finite);
  });
}

const highestValues = (model: LatencyModel): Float64Array =>
  highest(model.stages.map((s) => s.values));

const milli = (us: number | undefined): number | undefined =>
  us === undefined ? undefined : us / 1000;

const ORDER: readonly StageName[] = ['capture', 'submit', 'encode', 'packetize', 'send'];
