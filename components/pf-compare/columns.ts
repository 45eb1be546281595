// What a lane draws of one run: a value a column of equal time, with the worst frame of each column, out of the frames or,
// where there are none, out of the windows. Every column keeps its worst frame: no reduction hides it. Own clock. Pure.
import type { StatsSample } from '../../contract/stats.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Overview } from '../../recording/src/review/overview.ts';
import { buildGrid, column, type Range } from '../chart/grid.ts';
import type { Quantile } from '../chart/latency.ts';
import { latencyScale, type Scale } from '../chart/scale.ts';

/** Which time of the frames is told: all of it, or one part. */
export type Part = 'total' | PartName;

/** Index `i` is the column [fromMs, toMs); only those with frames. NaN: not measured. */
export interface Columns {
  readonly fromMs: Float64Array;
  readonly toMs: Float64Array;
  readonly ms: Float64Array;
  /** The largest total: NaN where neither frames nor a window tell it. */
  readonly worstMs: Float64Array;
  readonly widthMs: number;
}

/** `parts`: what the overview tells apart, in its order. */
export function ofOverview(
  overview: Overview,
  parts: readonly PartName[],
  part: Part,
  quantile: Quantile,
): Columns {
  const found: number[] = [];
  for (let i = 0; i < overview.count; i += 1) if ((overview.frames[i] ?? 0) > 0) found.push(i);
  const widthMs = overview.widthUs / 1000;
  const total = quantile === 'p50' ? overview.p50Us : overview.p99Us;
  const composed = quantile === 'p50' ? overview.atP50 : overview.atP99;
  const values = part === 'total' ? total : composed[parts.indexOf(part)];
  const fromMs = Float64Array.from(found, (i) => overview.fromUs / 1000 + i * widthMs);
  return {
    fromMs,
    toMs: fromMs.map((ms) => ms + widthMs),
    ms: Float64Array.from(found, (i) => milli(values?.[i])),
    worstMs: Float64Array.from(found, (i) => milli(overview.maxUs[i])),
    widthMs,
  };
}

export function ofWindows(
  samples: readonly StatsSample[],
  range: Range,
  most: number,
  part: Part,
  quantile: Quantile,
): Columns {
  const grid = buildGrid(samples, range, most);
  const pick = (sample: StatsSample): number | undefined => {
    const us =
      part === 'total'
        ? quantile === 'p50'
          ? sample.total_p50_us
          : sample.total_p99_us
        : sample.stages.find(({ name }) => name === part)?.[`${quantile}_us`];
    return us === undefined ? undefined : us / 1000;
  };
  return {
    fromMs: Float64Array.from(grid.buckets, ({ fromMs }) => fromMs),
    toMs: Float64Array.from(grid.buckets, ({ toMs }) => toMs),
    ms: column(grid, pick, quantile === 'p50' ? 'mean' : 'max'),
    worstMs: column(
      grid,
      ({ total_max_us: us }) => (us === undefined ? undefined : us / 1000),
      'max',
    ),
    widthMs: grid.windowMs,
  };
}

/** The column that holds a time; -1 where there is none. */
export function columnAt({ fromMs, toMs }: Columns, ms: number): number {
  let [low, high] = [0, fromMs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((toMs[middle] ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return ms >= (fromMs[low] ?? Number.POSITIVE_INFINITY) ? low : -1;
}

export function valueAt(columns: Columns | undefined, ms: number): number | undefined {
  return columns === undefined ? undefined : known(columns.ms[columnAt(columns, ms)]);
}

/** The worst frame of the columns that a stretch touches. */
export function worstIn(columns: Columns | undefined, fromMs: number, toMs: number) {
  if (columns === undefined) return undefined;
  let most: number | undefined;
  for (let i = 0; i < columns.fromMs.length; i += 1) {
    if ((columns.toMs[i] ?? 0) <= fromMs) continue;
    if ((columns.fromMs[i] ?? 0) >= toMs) break;
    const own = known(columns.worstMs[i]);
    if (own !== undefined && (most === undefined || own > most)) most = own;
  }
  return most;
}

/** Where a run is worst, by its frames, else by what is drawn of it. */
export function peakOf(
  columns: Columns,
): { readonly atMs: number; readonly ms: number } | undefined {
  let found: { readonly atMs: number; readonly ms: number } | undefined;
  for (const [i, from] of columns.fromMs.entries()) {
    const ms = known(columns.worstMs[i]) ?? known(columns.ms[i]);
    if (ms === undefined || (found !== undefined && ms <= found.ms)) continue;
    found = { atMs: (from + (columns.toMs[i] ?? from)) / 2, ms };
  }
  return found;
}

/** One scale for all of them: the largest budget has its place, whose outliers leave at the top. */
export function scaleFor(
  runs: readonly Columns[],
  budgetsMs: readonly (number | undefined)[],
  part: Part,
): Scale {
  const all = Float64Array.from(runs.flatMap(({ ms }) => [...ms]));
  const budgets = budgetsMs.flatMap((ms) => ms ?? []);
  // A single stage takes a part of the budget: its own values make its scale.
  const budget = part !== 'total' || budgets.length === 0 ? undefined : Math.max(...budgets);
  return latencyScale(budget, all);
}

/** From the smallest budget to 100 ms or the largest, as log10 over that budget. */
export interface WorstScale {
  readonly baseMs: number;
  readonly max: number;
}

export function worstScaleFor(
  runs: readonly Columns[],
  budgetsMs: readonly (number | undefined)[],
): WorstScale {
  const budgets = budgetsMs.flatMap((ms) => ms ?? []);
  const baseMs = budgets.length === 0 ? 1 : Math.min(...budgets);
  let top = 0;
  for (const { worstMs } of runs) for (const ms of worstMs) if (ms > top) top = ms;
  return { baseMs, max: Math.log10(Math.max(100, top * 1.05, baseMs * 3) / baseMs) };
}

/** 0 at the base and below, 1 at the top. */
export function worstShare({ baseMs, max }: WorstScale, ms: number): number {
  return ms > baseMs ? Math.log10(ms / baseMs) / max : 0;
}

function milli(us: number | undefined): number {
  return us === undefined || us < 0 ? Number.NaN : us / 1000;
}

function known(ms: number | undefined): number | undefined {
  return ms === undefined || Number.isNaN(ms) ? undefined : ms;
}

/**
 * What can be compared of runs that are told apart into these. The two paths give two of their stages the same name for
 * other spans (docs/recording-format.md): across them only what is measured alike remains.
 */
export function commonParts(runs: readonly (readonly PartName[])[]): readonly PartName[] {
  const [first = [], ...rest] = runs;
  const isOnePath = rest.every((parts) => parts.join() === first.join());
  return isOnePath ? first : ALIKE;
}

const ALIKE: readonly PartName[] = ['capture', 'other'];
