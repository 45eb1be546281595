// The golden figures of a recording: their shape, how they are told out of what each implementation answers, and how they
// lie in their files. Computes nothing but sums.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capture, RangeQuantiles, StatsSample } from '../../contract/stats.ts';
import type { Outlier } from '../../recording/src/review/outliers.ts';
import type { RangeDetail } from '../../recording/src/review/range-detail.ts';
import { type GoldenRange, sessionsOf } from '../support/golden-recordings.ts';

/** µs; null: no frame of the range has it. */
type Us = number | null;

export interface GoldenStage {
  readonly count: number;
  readonly min: number;
  readonly p50: Us;
  readonly p90: Us;
  readonly p95: Us;
  readonly p99: Us;
  readonly 'p99.9': Us;
  readonly max: number;
  readonly sum: number;
}

export interface GoldenQuantiles {
  /** `skipped` and `late` are left out where the source neither counts nor stamps. */
  readonly counters: Readonly<Record<string, number>>;
  /** Only stages that a frame of the range has. */
  readonly stages: Readonly<Record<string, GoldenStage>>;
}

export interface GoldenDetail {
  readonly count: number;
  /** Over the budget. */
  readonly late: number;
  /** By the number of their bin: 0 holds 0 µs, the others rise by the eighth root of two from 1 µs on. */
  readonly histogram: Readonly<Record<string, number>>;
  /** Slowest 1 %: how many, the least of them, and each part's share of their excess in millionths. */
  readonly excess: {
    readonly frames: number;
    readonly from_us: number;
    readonly shares: Readonly<Record<string, Us>>;
  } | null;
}

/** Of one session's windows: how many, what they sum up to, the largest 99th percentile of each stage. */
export interface GoldenWindows {
  readonly session: number;
  readonly windows: number;
  readonly dropped: Us;
  readonly worst_p99: Readonly<Record<string, number>>;
  readonly total_p99: Us;
  readonly total_max: Us;
  readonly late: Us;
}

export interface GoldenFigures {
  readonly windows: readonly GoldenWindows[];
  readonly ranges: readonly (GoldenRange & GoldenQuantiles & { readonly detail: GoldenDetail })[];
  /** Of each session: when each was grabbed, µs, and its total; null: it was dropped. */
  readonly outliers: readonly {
    readonly session: number;
    readonly found: readonly (readonly [atUs: number, totalUs: Us])[];
  }[];
}

export const PERCENTS = [50, 90, 95, 99, 99.9] as const;

export function quantilesTold(told: RangeQuantiles): GoldenQuantiles {
  const { count, repeated, dropped, key_frames, bytes, skipped, late } = told;
  const counters = { count, new: told.new, repeated, dropped, key_frames, bytes };
  return {
    counters: {
      ...counters,
      ...(skipped === undefined ? {} : { skipped }),
      ...(late === undefined ? {} : { late }),
    },
    stages: Object.fromEntries(
      told.stages
        .filter((stage) => stage.count > 0)
        .map(({ name, count: n, min_us: min, max_us: max, mean_us, quantiles_us: of }) => {
          const [p50, p90, p95, p99] = [50, 90, 95, 99].map((p) => of[`p${p}`] ?? null);
          const sum = Math.round(mean_us * n);
          return [name, { count: n, min, p50, p90, p95, p99, 'p99.9': of['p99.9'], max, sum }];
        })
        .sort(byName),
    ),
  };
}

export function detailTold({ count, late, histogram, excess }: RangeDetail): GoldenDetail {
  const bins = histogram.counts.map((n, i) => [binAt(histogram.edgesUs[i] ?? 0), n] as const);
  return {
    count,
    late,
    histogram: Object.fromEntries(bins.filter(([, n]) => n > 0)),
    excess:
      excess === undefined
        ? null
        : {
            frames: excess.frames,
            from_us: excess.fromUs,
            shares: Object.fromEntries(
              excess.parts
                .map(({ name, share }) => [name, share === undefined ? null : millionths(share)])
                .sort(byName),
            ),
          },
  };
}

export function outliersTold(session: number, outliers: readonly Outlier[]) {
  const found = outliers.map(({ atUs, totalUs }): [number, Us] => [
    atUs,
    totalUs < 0 ? null : totalUs,
  ]);
  return { session, found };
}

export function windowsTold(capture: Capture): GoldenWindows[] {
  return sessionsOf(capture).map(({ session_id: session }) => {
    const own = capture.samples.filter((sample) => sample.session_id === session);
    const worst: Record<string, number> = {};
    for (const { name, p99_us } of own.flatMap(({ stages }) => stages)) {
      worst[name] = Math.max(worst[name] ?? 0, p99_us);
    }
    return {
      ...{ session, windows: own.length },
      dropped: summed(own, 'frames_dropped'),
      worst_p99: Object.fromEntries(Object.entries(worst).sort(byName)),
      total_p99: largest(own, 'total_p99_us'),
      total_max: largest(own, 'total_max_us'),
      late: summed(own, 'frames_late'),
    };
  });
}

/** What lies in `<name>.json`; with UPDATE_EXPECT=1 it is written first. */
export function goldenOf(name: string, made: () => GoldenFigures): GoldenFigures {
  const path = join(import.meta.dir, `${name}.json`);
  if (process.env['UPDATE_EXPECT'] === '1') writeFileSync(path, textOf(made()));
  if (!existsSync(path)) throw new Error(`${path} is made with UPDATE_EXPECT=1`);
  // Written by the function above; what it says is what the tests compare.
  return JSON.parse(readFileSync(path, 'utf8')) as GoldenFigures;
}

/** One range a paragraph, one stage a line. */
function textOf({ windows, ranges, outliers }: GoldenFigures): string {
  const list = (items: readonly string[]): string =>
    items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n]`;
  const paragraphs = ranges.map(({ session, fromMs, toMs, frames, counters, stages, detail }) => {
    const head = JSON.stringify({ session, fromMs, toMs, frames, counters });
    const lines = Object.entries(stages).map(
      ([name, stage]) => `  "${name}": ${JSON.stringify(stage)}`,
    );
    const told = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n }`;
    return `${head.slice(0, -1)},\n "stages": ${told},\n "detail": ${JSON.stringify(detail)}}`;
  });
  return `{\n"windows": ${list(windows.map((one) => JSON.stringify(one)))},
"ranges": ${list(paragraphs)},
"outliers": ${list(outliers.map((one) => JSON.stringify(one)))}\n}\n`;
}

function binAt(edgeUs: number): number {
  return edgeUs === 0 ? 0 : 1 + Math.round(Math.log2(edgeUs) * 8);
}

function millionths(share: number): number {
  return Math.round(share * 1e6);
}

type Figure = 'frames_dropped' | 'frames_late' | 'total_p99_us' | 'total_max_us';

function summed(samples: readonly StatsSample[], name: Figure): Us {
  const known = samples.flatMap((sample) => sample[name] ?? []);
  return known.length === 0 ? null : known.reduce((sum, n) => sum + n, 0);
}

function largest(samples: readonly StatsSample[], name: Figure): Us {
  const known = samples.flatMap((sample) => sample[name] ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
