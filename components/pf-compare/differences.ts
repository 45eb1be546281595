// What two runs have that differs: how they were made, and their figures. Nothing is estimated: a figure that is absent
// makes no difference. Pure.
import type { Capture, RangeQuantiles, StatsSample } from '../../contract/stats.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Overview } from '../../recording/src/review/overview.ts';
import type { Range } from '../chart/grid.ts';

/** How a run was made, as far as its recording says so. */
export interface Traits {
  readonly path: string | undefined;
  readonly mode: string | undefined;
  readonly codec: string | undefined;
  readonly encoder: string | undefined;
  readonly driver: string | undefined;
  readonly source: string | undefined;
  readonly bitrateKbps: number | undefined;
  readonly client: string | undefined;
  readonly app: string | undefined;
  readonly version: string | undefined;
  readonly kernel: string | undefined;
}
export type TraitName = keyof Traits;

export function traitsOf(capture: Capture, session: number | undefined): Traits {
  const { meta, sessions = [], samples, host } = capture;
  const entry = sessions.find(({ session_id }) => session_id === session);
  const { width, height, fps } = entry ?? meta;
  const first = samples.find(({ session_id }) => session_id === session);
  return {
    path: filled(entry?.kind ?? meta.kind),
    mode: width > 0 && height > 0 ? `${width}x${height}@${fps}` : undefined,
    codec: filled(entry?.codec ?? meta.codec),
    encoder: filled(entry?.encoder),
    driver: filled(entry?.negotiated?.encoder_detail),
    source: filled(entry?.source),
    bitrateKbps: entry?.bitrate_kbps ?? first?.bitrate_kbps,
    client: filled(entry?.client ?? meta.client),
    app: filled(entry?.app),
    version: filled(host?.version),
    kernel: filled(host?.kernel),
  };
}

/** In the order of TRAITS; what nobody knows of one of them is not said to differ. */
export function differing(runs: readonly Traits[]): TraitName[] {
  return TRAITS.filter((name) => {
    const known = runs.flatMap((run) => run[name] ?? []);
    return new Set(known).size > 1;
  });
}

/** The quantiles that are told, in their order; the largest comes after them. */
export const COMPARED = ['p50', 'p90', 'p95', 'p99', 'p99.9'] as const;

/** What a quantile of the total was in stretches of one run: from the least to the most, ms. */
export type Spread = Readonly<Record<'p50' | 'p99', readonly [least: number, most: number]>>;

/** One run over one range. */
export interface RunFigures {
  /** Frames whose time is known. */
  readonly count: number | undefined;
  /** In the order of COMPARED, then the largest; ms. */
  readonly ms: readonly (number | undefined)[];
  /** New frames a second. */
  readonly fps: number | undefined;
  readonly mbps: number | undefined;
  readonly dropped: number | undefined;
  /** Packets, of the windows that the range touches. */
  readonly lost: number | undefined;
  /** Of totals; undefined where a run is too short to have stretches. */
  readonly spread: Spread | undefined;
}

export interface FiguresOf {
  /** Undefined for a run without frames: then its windows tell what they can. */
  readonly quantiles: RangeQuantiles | undefined;
  /** Windows of the session. */
  readonly samples: readonly StatsSample[];
  readonly part: 'total' | PartName;
  /** What its frames are told apart into: a finer span may have the name of another path's stage. */
  readonly parts: readonly PartName[];
  readonly spread: Spread | undefined;
  /** The part of the session that the range holds, on its own clock; undefined: none of it. */
  readonly within: Range | undefined;
}

export function runFigures({
  quantiles,
  samples,
  part,
  parts,
  spread,
  within,
}: FiguresOf): RunFigures {
  const windows = within === undefined ? [] : samples.filter((one) => touches(one, within));
  const seconds = within === undefined ? 0 : (within.toMs - within.fromMs) / 1000;
  const lost = sumOf(windows, ({ packets_dropped }) => packets_dropped);
  if (quantiles === undefined) {
    return {
      ...{ count: undefined, ms: COMPARED.map(() => undefined).concat(undefined) },
      ...{ fps: meanOf(windows, ({ fps }) => fps), mbps: meanOf(windows, ({ mbps }) => mbps) },
      ...{ dropped: sumOf(windows, ({ frames_dropped }) => frames_dropped), lost },
      spread: undefined,
    };
  }
  const isOwn = part === 'total' || parts.includes(part);
  const stage = isOwn ? quantiles.stages.find(({ name }) => name === part) : undefined;
  const isThere = stage !== undefined && stage.count > 0;
  const own = COMPARED.map((name) => (isThere ? milli(stage.quantiles_us[name]) : undefined));
  const rate = (n: number): number | undefined => (seconds > 0 ? n / seconds : undefined);
  return {
    count: stage?.count ?? 0,
    ms: [...own, isThere ? milli(stage.max_us) : undefined],
    fps: rate(quantiles.new),
    mbps: rate((quantiles.bytes * 8) / 1e6),
    ...{ dropped: quantiles.dropped, lost, spread: part === 'total' ? spread : undefined },
  };
}

/** Of columns that are full: those at the edges may hold a few frames. */
export function spreadOf({ count, frames, p50Us, p99Us }: Overview): Spread | undefined {
  const most = Math.max(0, ...frames);
  const full = Array.from({ length: count }, (_, i) => i).filter(
    (i) => (frames[i] ?? 0) >= Math.max(FEWEST_FRAMES, most / 2) && (p50Us[i] ?? -1) >= 0,
  );
  if (full.length < FEWEST_STRETCHES) return undefined;
  const ends = (values: Int32Array): readonly [number, number] => {
    const own = full.map((i) => (values[i] ?? 0) / 1000);
    return [Math.min(...own), Math.max(...own)];
  };
  return { p50: ends(p50Us), p99: ends(p99Us) };
}

/** Each of the two lies within what stretches of the other were: no difference beyond their own spread. */
export function isAlike(name: 'p50' | 'p99', a: RunFigures, b: RunFigures): boolean {
  const lies = (own: RunFigures, other: RunFigures): boolean => {
    const ms = own.ms[COMPARED.indexOf(name)];
    const spread = other.spread?.[name];
    return ms !== undefined && spread !== undefined && ms >= spread[0] && ms <= spread[1];
  };
  return lies(a, b) && lies(b, a);
}

export interface Change {
  readonly by: number;
  /** Of the base; undefined where that is nothing. */
  readonly share: number | undefined;
}

/** Undefined where one of the two is absent. */
export function changeOf(base: number | undefined, own: number | undefined): Change | undefined {
  if (base === undefined || own === undefined) return undefined;
  const by = own - base;
  return { by, share: base === 0 ? undefined : by / base };
}

/** What of a session lies in a range of the axis, on its own clock; undefined: nothing does. */
export function withinOf(
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  offsetMs: number,
  range: Range | undefined,
): Range | undefined {
  if (range === undefined) return { fromMs: startMs, toMs: endMs };
  const fromMs = Math.max(startMs, range.fromMs - offsetMs);
  const toMs = Math.min(endMs, range.toMs - offsetMs);
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

function touches({ t_ms, window_ms = 1000 }: StatsSample, { fromMs, toMs }: Range): boolean {
  return t_ms > fromMs && t_ms - window_ms < toMs;
}

type Pick = (sample: StatsSample) => number | undefined;

/** Undefined when no window measured it: absent is not zero. */
function sumOf(samples: readonly StatsSample[], pick: Pick): number | undefined {
  const known = samples.flatMap((one) => pick(one) ?? []);
  return known.length === 0 ? undefined : known.reduce((sum, n) => sum + n, 0);
}

/** By the length of the windows. */
function meanOf(samples: readonly StatsSample[], pick: Pick): number | undefined {
  let [sum, length] = [0, 0];
  for (const one of samples) {
    const value = pick(one);
    if (value === undefined) continue;
    sum += value * (one.window_ms ?? 1000);
    length += one.window_ms ?? 1000;
  }
  return length === 0 ? undefined : sum / length;
}

function milli(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / 1000;
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

/** A 99th percentile of fewer is its largest value. */
const FEWEST_FRAMES = 100;
const FEWEST_STRETCHES = 4;

const TRAITS: readonly TraitName[] = [
  ...(['path', 'mode', 'codec', 'encoder', 'driver', 'source', 'bitrateKbps'] as const),
  ...(['client', 'app', 'version', 'kernel'] as const),
];
