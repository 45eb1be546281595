// The worst frame of every bucket as windows tell it: while a recording grows its frames lie on the host alone, and a
// window’s 99th percentile would hide the one frame that mattered. No DOM.
import type { StatsSample } from '../../contract/stats.ts';
import { type Grid, largest } from './grid.ts';
import { budgetMs } from './latency.ts';
import { type WorstBar, type WorstModel, worstScale } from './overview.ts';

/** Some window says how long its slowest frame took. */
export function knowsWorst(samples: readonly StatsSample[]): boolean {
  return samples.some(({ total_max_us }) => total_max_us !== undefined);
}

export function worstOfWindows(grid: Grid, fps: number | undefined): WorstModel {
  const budget = budgetMs(fps);
  const bars = grid.buckets.map(({ fromMs, toMs, samples }): WorstBar => {
    let slowest: StatsSample | undefined;
    let [late, dropped] = [Number.NaN, 0];
    for (const sample of samples) {
      dropped += sample.frames_dropped ?? 0;
      const { total_max_us: us, frames_late } = sample;
      if (frames_late !== undefined) late = (Number.isNaN(late) ? 0 : late) + frames_late;
      if (us !== undefined && us > (slowest?.total_max_us ?? -1)) slowest = sample;
    }
    const ms = slowest?.total_max_us === undefined ? Number.NaN : slowest.total_max_us / 1000;
    return { fromMs, toMs, ms, part: slowest?.total_max_stage, row: -1, late, dropped };
  });
  const top = largest(Float64Array.from(bars, ({ ms }) => ms)) ?? 0;
  return { grid, bars, budgetMs: budget, scale: worstScale(budget, top) };
}
