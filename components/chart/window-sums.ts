// What windows say together about a stretch of time: sums and extremes, which are exact whatever the windows are. Never a
// quantile of quantiles: of those only the lowest and the highest are told. Grows a window at a time. No DOM.
import type { StatsSample } from '../../contract/stats.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import { COUNTERS, type Counter } from './counts.ts';
import type { Range } from './grid.ts';

/** The slowest frame that a window told of. */
export interface SlowestFrame {
  readonly ms: number;
  /** End of its window. */
  readonly atMs: number;
  readonly part: PartName | undefined;
}

/** Of the windows' own quantiles, ms. */
export interface Extremes {
  lowestP50: number;
  highestP50: number;
  highestP99: number;
}

export class WindowSums {
  windows = 0;
  lengthMs = 0;
  frames = 0;
  repeats = 0;
  bytes = 0;
  /** Frames over the budget; undefined while no window counted them. */
  late: number | undefined;
  /** Of how many. */
  judged = 0;
  /** Windows whose 99th percentile lies over the budget, for hosts that count no late frames. */
  windowsOver = 0;
  slowest: SlowestFrame | undefined;
  /** Of the whole frame; undefined while no window has it. */
  total: Extremes | undefined;
  readonly stages = new Map<PartName, Extremes>();
  readonly counters = new Map<Counter, number>();

  add(sample: StatsSample, budgetMs: number): void {
    const lengthMs = sample.window_ms ?? DEFAULT_WINDOW_MS;
    const seconds = lengthMs / 1000;
    this.windows += 1;
    this.lengthMs += lengthMs;
    this.frames += sample.frames ?? Math.round((sample.fps + sample.repeat_fps) * seconds);
    this.repeats += Math.round(sample.repeat_fps * seconds);
    this.bytes += (sample.mbps * 1e6 * seconds) / 8;
    for (const counter of COUNTERS) {
      const n = sample[counter];
      if (n !== undefined) this.counters.set(counter, (this.counters.get(counter) ?? 0) + n);
    }
    for (const { name, p50_us, p99_us } of sample.stages) {
      this.stages.set(name, widened(this.stages.get(name), p50_us, p99_us));
    }
    this.#addTotal(sample, budgetMs);
  }

  #addTotal(sample: StatsSample, budgetMs: number): void {
    const { total_p50_us, total_p99_us, total_max_us, frames_late } = sample;
    if (total_p50_us !== undefined && total_p99_us !== undefined) {
      this.total = widened(this.total, total_p50_us, total_p99_us);
      if (total_p99_us / 1000 > budgetMs) this.windowsOver += 1;
    }
    if (frames_late !== undefined) {
      this.late = (this.late ?? 0) + frames_late;
      this.judged += (sample.frames ?? 0) - (sample.frames_dropped ?? 0);
    }
    if (total_max_us === undefined || total_max_us / 1000 <= (this.slowest?.ms ?? -1)) return;
    this.slowest = { ms: total_max_us / 1000, atMs: sample.t_ms, part: sample.total_max_stage };
  }
}

/** The windows that touch a range, in order of time: from the first to before the last of these places. */
export function windowsIn(
  samples: readonly StatsSample[],
  range: Range,
): [from: number, to: number] {
  const from = firstEndingAfter(samples, range.fromMs);
  let to = firstEndingAfter(samples, range.toMs);
  const next = samples[to];
  if (next !== undefined && startOf(next) < range.toMs) to += 1;
  return [from, Math.max(from, to)];
}

export function sumsIn(
  samples: readonly StatsSample[],
  range: Range,
  budgetMs: number,
): WindowSums {
  const sums = new WindowSums();
  const [from, to] = windowsIn(samples, range);
  for (let i = from; i < to; i += 1) {
    const sample = samples[i];
    if (sample !== undefined) sums.add(sample, budgetMs);
  }
  return sums;
}

export const startOf = ({ t_ms, window_ms }: StatsSample): number =>
  Math.max(0, t_ms - (window_ms ?? DEFAULT_WINDOW_MS));

function firstEndingAfter(samples: readonly StatsSample[], ms: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((samples[middle]?.t_ms ?? 0) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function widened(known: Extremes | undefined, p50Us: number, p99Us: number): Extremes {
  const [p50, p99] = [p50Us / 1000, p99Us / 1000];
  if (known === undefined) return { lowestP50: p50, highestP50: p50, highestP99: p99 };
  known.lowestP50 = Math.min(known.lowestP50, p50);
  known.highestP50 = Math.max(known.highestP50, p50);
  known.highestP99 = Math.max(known.highestP99, p99);
  return known;
}

const DEFAULT_WINDOW_MS = 1000;
