// One recording at a glance, out of its windows alone: the line of a row, where its source starved, and what it can be
// said to have been. Windows tell their worst frame, and how many were late: a review of all frames finds the same.
// Older ones tell their 99th percentile at most: what lies above that stays unseen, and is not claimed away. Pure;
// fetched with the first row that is seen.
import type { Capture, SessionEntry, StageName, StatsSample } from '../../contract/stats.ts';
import { type Finding, findingsOf } from '../../recording/src/review/findings.ts';
import { type RowVerdict, verdictOfFinding } from './row-verdict.ts';

export interface Glance {
  /** The largest p99 of the total in a column, in intervals of its session's mode; NaN: nothing was measured there. */
  readonly line: Float32Array;
  /** The worst frame in a column, the same way; NaN where windows do not tell it. */
  readonly worst: Float32Array;
  /** Parts of its length, 0 to 1, in which the source brought too little. */
  readonly starved: readonly (readonly [from: number, to: number])[];
  readonly verdict: RowVerdict;
  readonly apps: readonly string[];
}

type Session = Pick<SessionEntry, 'session_id' | 'fps'>;

export function glanceOf(capture: Capture, columns = COLUMNS): Glance {
  const lengthMs = Math.max(1, capture.meta.duration_ms);
  const line = new Float32Array(columns).fill(Number.NaN);
  const worst = new Float32Array(columns).fill(Number.NaN);
  const starved: [number, number][] = [];
  const found: Finding[] = [];
  let [judged, isClean] = [0, true];
  for (const session of sessionsOf(capture)) {
    const own = capture.samples.filter((sample) => sample.session_id === session.session_id);
    const budgetUs = session.fps > 0 ? 1e6 / session.fps : Number.POSITIVE_INFINITY;
    const totals = own.filter((sample) => sample.total_p99_us !== undefined);
    judged += totals.length;
    isClean &&= own.every((one) => isWholeSeen(one) || isProvenClean(one, budgetUs));
    for (const sample of totals) {
      draw(line, sample, sample.total_p99_us, budgetUs, lengthMs);
      draw(worst, sample, sample.total_max_us, budgetUs, lengthMs);
    }
    const { findings } = findingsOf({
      ...{ table: undefined, samples: own, events: capture.events ?? [] },
      ...{ sessionId: session.session_id, fps: session.fps },
    });
    for (const one of findings) {
      if (one.kind === 'starved') starved.push([one.fromMs / lengthMs, one.toMs / lengthMs]);
    }
    found.push(...findings, ...lateFindings(own, session, budgetUs));
  }
  const [first] = found.sort((a, b) => b.harmUs - a.harmUs);
  const kind = judged === 0 ? 'unmeasured' : isClean ? 'clean' : 'steady';
  const apps = new Set((capture.sessions ?? []).flatMap(({ app }) => app ?? []));
  return {
    ...{ line, worst, starved, apps: [...apps] },
    verdict: first === undefined ? { kind } : verdictOfFinding(first),
  };
}

/** Sessions that a first format did not list are known by their windows. */
function sessionsOf({ meta, sessions, samples }: Capture): readonly Session[] {
  if (sessions !== undefined && sessions.length > 0) return sessions;
  const ids = new Set(samples.map(({ session_id }) => session_id));
  return [...ids].map((session_id) => ({ session_id, fps: meta.fps }));
}

/** Nothing of it can hide: what was late in it is counted, and was no finding when there is none. */
function isWholeSeen({ frames, frames_late, total_max_us }: StatsSample): boolean {
  return frames === 0 || (frames_late !== undefined && total_max_us !== undefined);
}

/** With so few frames the 99th percentile is the largest of them. */
function isProvenClean(sample: StatsSample, budgetUs: number): boolean {
  const { frames = Number.POSITIVE_INFINITY, frames_dropped, total_p99_us } = sample;
  if (total_p99_us === undefined) return false;
  return frames <= 100 && frames_dropped === 0 && total_p99_us <= budgetUs;
}

function draw(
  line: Float32Array,
  sample: StatsSample,
  us: number | undefined,
  budgetUs: number,
  lengthMs: number,
): void {
  if (us === undefined || !Number.isFinite(budgetUs)) return;
  const column = (ms: number): number =>
    Math.min(line.length - 1, Math.max(0, Math.floor((ms / lengthMs) * line.length)));
  const value = us / budgetUs;
  const last = column(sample.t_ms - 1);
  for (let at = column(sample.t_ms - (sample.window_ms ?? 1000)); at <= last; at += 1) {
    const there = line[at] ?? Number.NaN;
    line[at] = Number.isNaN(there) ? value : Math.max(there, value);
  }
}

/** What is usual in a session: the middle of its windows, µs. */
interface Usual {
  readonly totalP50: number;
  readonly totalP99: number;
  readonly stages: ReadonlyMap<StageName, { readonly p50: number; readonly p99: number }>;
}

/** The slowest frame of a window, as far as it tells. */
function slowestUs({ total_max_us, total_p99_us = 0 }: StatsSample): number {
  return total_max_us ?? total_p99_us;
}

/** Stretches of windows whose slowest frames were over the budget, and windows that gave frames up. */
function lateFindings(own: readonly StatsSample[], session: Session, budgetUs: number): Finding[] {
  const usual = usualOf(own);
  const found: Finding[] = [];
  const isBad = (sample: StatsSample): boolean =>
    slowestUs(sample) > budgetUs || (sample.frames_dropped ?? 0) > 0;
  let stretch: StatsSample[] = [];
  const close = (): void => {
    const made = stretchFinding(stretch, session, budgetUs, usual);
    if (made !== undefined) found.push(made);
    stretch = [];
  };
  for (const sample of own) {
    if (!isBad(sample)) continue;
    const last = stretch.at(-1);
    const from = sample.t_ms - (sample.window_ms ?? 1000);
    if (last !== undefined && from - last.t_ms > CLOSE_MS) close();
    stretch.push(sample);
  }
  close();
  return found;
}

function stretchFinding(
  stretch: readonly StatsSample[],
  session: Session,
  budgetUs: number,
  usual: Usual,
): Finding | undefined {
  const [first, last] = [stretch.at(0), stretch.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const late = stretch.filter((one) => slowestUs(one) > budgetUs);
  const lateFrames = late.reduce((all, { frames_late = 1 }) => all + frames_late, 0);
  const dropped = stretch.reduce((all, one) => all + (one.frames_dropped ?? 0), 0);
  const worstUs = late.reduce((most, one) => Math.max(most, slowestUs(one)), 0);
  const isWorthIt = lateFrames >= FEWEST_LATE || worstUs >= FAR_BUDGETS * budgetUs || dropped > 0;
  if (!isWorthIt) return undefined;
  const dropHarmUs = Number.isFinite(budgetUs) ? DROP_HARM_BUDGETS * dropped * budgetUs : 0;
  const where = {
    sessionId: session.session_id,
    fromMs: Math.max(0, first.t_ms - (first.window_ms ?? 1000)),
    toMs: last.t_ms,
    late: lateFrames,
    harmUs: late.reduce((all, one) => all + harmOf(one, session, budgetUs, usual), dropHarmUs),
  };
  if (late.length === 0) {
    return { ...where, kind: 'dropped', certainty: 'certain', dropped, firstRow: -1 };
  }
  const { part, share } = mostExcess(late, usual, budgetUs);
  const isTold = share !== undefined && share >= MOST_OF_IT;
  return {
    ...where,
    ...{ kind: 'slow', certainty: isTold ? 'likely' : 'undecided', part, share, dropped },
    ...{ partWorstUs: undefined, partUsualUs: undefined, worstUs, worstRow: -1 },
  };
}

/**
 * To rank by. Few late frames: the worst by what it took, the others by half of that. Else a window whose median rose had
 * many late frames, any other one only those that its p99 stands for.
 */
function harmOf(
  sample: StatsSample,
  { fps }: Session,
  budgetUs: number,
  { totalP50 }: Usual,
): number {
  const { total_p50_us: p50 = 0, total_p99_us: p99 = 0, window_ms = 1000 } = sample;
  const frames = sample.frames ?? (fps * window_ms) / 1000;
  const { frames_late: late, total_max_us: most } = sample;
  if (late !== undefined && most !== undefined && late <= frames * 0.01 + 1) {
    return ((most - budgetUs) * (late + 1)) / 2;
  }
  const overUs = p99 - budgetUs;
  if (p50 <= BROADLY * totalP50) return Math.max(1, frames * 0.01) * overUs;
  // Between the two quantiles as if on a straight line.
  const under = p50 >= budgetUs ? 0 : (0.49 * (budgetUs - p50)) / (p99 - p50);
  return (frames * (0.5 - under) * overUs) / 2;
}

/** Which stage rose furthest above its usual, over the late windows, and its share of what the total rose. */
function mostExcess(
  late: readonly StatsSample[],
  usual: Usual,
  budgetUs: number,
): { readonly part: StageName | undefined; readonly share: number | undefined } {
  const isExact = late.every(({ total_max_us }) => total_max_us !== undefined);
  const usualTotal = isExact ? usual.totalP50 : usual.totalP99;
  // A session that is late all along has no usual that a stage could rise above.
  if (usualTotal > budgetUs) return { part: undefined, share: undefined };
  const rises = new Map<StageName, number>();
  for (const { name, p99_us, max_us } of late.flatMap(({ stages }) => stages)) {
    const slowest = isExact ? (max_us ?? p99_us) : p99_us;
    const own = usual.stages.get(name);
    const rise = Math.max(0, slowest - ((isExact ? own?.p50 : own?.p99) ?? slowest));
    rises.set(name, (rises.get(name) ?? 0) + rise);
  }
  const ofStages = [...rises.values()].reduce((sum, rise) => sum + rise, 0);
  const slowest = (one: StatsSample): number =>
    isExact ? slowestUs(one) : (one.total_p99_us ?? 0);
  const ofTotal = late.reduce((sum, one) => sum + slowest(one) - usualTotal, 0);
  const all = Math.max(ofStages, ofTotal);
  const [most] = [...rises].sort(([, a], [, b]) => b - a);
  if (most === undefined || all <= 0) return { part: undefined, share: undefined };
  return { part: most[0], share: most[1] / all };
}

function usualOf(own: readonly StatsSample[]): Usual {
  const values = new Map<StageName, { readonly p50: number[]; readonly p99: number[] }>();
  for (const { name, p50_us, p99_us } of own.flatMap(({ stages }) => stages)) {
    const lists = values.get(name) ?? { p50: [], p99: [] };
    lists.p50.push(p50_us);
    lists.p99.push(p99_us);
    values.set(name, lists);
  }
  return {
    totalP50: middle(own.flatMap(({ total_p50_us }) => total_p50_us ?? [])),
    totalP99: middle(own.flatMap(({ total_p99_us }) => total_p99_us ?? [])),
    stages: new Map(
      [...values].map(([name, { p50, p99 }]) => [name, { p50: middle(p50), p99: middle(p99) }]),
    ),
  };
}

function middle(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor((list.length - 1) / 2)] ?? 0;
}

/** As wide as the line is drawn, 1.5 px each. */
const COLUMNS = 48;
const CLOSE_MS = 3000;
const FEWEST_LATE = 3;
const FAR_BUDGETS = 4;
const DROP_HARM_BUDGETS = 2;
const MOST_OF_IT = 0.5;
const BROADLY = 1.25;
