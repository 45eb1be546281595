// What a run's windows say for certain, in order of weight. Counts and sums only: nothing is estimated, and what was
// not measured is named, never taken for zero.
import type { Capture, StatsSample } from '../../contract/stats.ts';
import { FORMAT_VERSION } from '../../recording/src/format-version.ts';
import { COUNTERS, type Counter } from './counts.ts';
import { budgetMs, type LatencySummary, summarize } from './latency.ts';

export interface Verdict {
  readonly budgetMs: number | undefined;
  readonly latency: LatencySummary;
  /** Windows in which the source had nothing new. */
  readonly repeatWindows: number;
  /** Sums of the counters that were measured and are not zero. */
  readonly losses: readonly { readonly counter: Counter; readonly total: number }[];
  /** Counters that this path cannot know. */
  readonly unknown: readonly Counter[];
  readonly truncated: boolean;
  readonly recordsLost: number;
  /** Format of the file when it is newer than what this version knows. */
  readonly newerVersion: number | undefined;
}

export function verdictOf(
  capture: Capture,
  samples: readonly StatsSample[],
  fps: number | undefined,
  gaps: number,
): Verdict {
  const sums = COUNTERS.map((counter) => ({ counter, total: sum(samples, counter) }));
  return {
    budgetMs: budgetMs(fps),
    latency: summarize(samples, fps, gaps),
    repeatWindows: samples.filter((s) => s.repeat_fps > 0).length,
    losses: sums.flatMap(({ counter, total }) =>
      total === undefined || total === 0 ? [] : [{ counter, total }],
    ),
    // source_skipped is an extra of sources that count; its absence is nothing to mention.
    unknown: sums
      .filter(({ counter, total }) => total === undefined && counter !== 'source_skipped')
      .map(({ counter }) => counter),
    truncated: capture.truncated === true,
    recordsLost: capture.records_lost ?? 0,
    newerVersion:
      capture.version !== undefined && capture.version > FORMAT_VERSION
        ? capture.version
        : undefined,
  };
}

function sum(samples: readonly StatsSample[], counter: Counter): number | undefined {
  const measured = samples.flatMap((s) => s[counter] ?? []);
  return measured.length === 0 ? undefined : measured.reduce((a, b) => a + b, 0);
}
