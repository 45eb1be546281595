// One recording at a glance, out of its windows alone: the line of a row, where its source starved, and what it can be
// said to have been. A window tells the 99th percentile of its frames: what lies above that stays unseen, and is not
// claimed away. Pure; fetched with the first row that is seen.
import type { Capture, SessionEntry, StageName, StatsSample } from '../../contract/stats.ts';
import { type Finding, findingsOf } from '../../recording/src/review/findings.ts';
import { type RowVerdict, verdictOfFinding } from './row-verdict.ts';

export interface Glance {
  /** The largest p99 of the total in a column, in intervals of its session's mode; NaN: nothing was measured there. */
  readonly line: Float32Array;
  /** Parts of its length, 0 to 1, in which the source brought too little. */
  readonly starved: readonly (readonly [from: number, to: number])[];
  readonly verdict: RowVerdict;
  readonly apps: readonly string[];
}

type Session = Pick<SessionEntry, 'session_id' | 'fps'>;

export function glanceOf(capture: Capture, columns = COLUMNS): Glance {
  const lengthMs = Math.max(1, capture.meta.duration_ms);
  const line = new Float32Array(columns).fill(Number.NaN);
  const starved: [number, number][] = [];
  const found: Finding[] = [];
  let [judged, isClean] = [0, true];
  for (const session of sessionsOf(capture)) {
    const own = capture.samples.filter((sample) => sample.session_id === session.session_id);
    const budgetUs = session.fps > 0 ? 1e6 / session.fps : Number.POSITIVE_INFINITY;
    const totals = own.filter((sample) => sample.total_p99_us !== undefined);
    judged += totals.length;
    isClean &&= totals.length === own.length && totals.every((one) => isProvenClean(one, budgetUs));
    for (const sample of totals) draw(line, sample, budgetUs, lengthMs);
    const { findings } = findingsOf({
      ...{ table: undefined, samples: own, events: capture.events ?? [] },
      ...{ sessionId: session.session_id, fps: session.fps },
    });
    for (const one of findings) {
      if (one.kind === 'starved') starved.push([one.fromMs / lengthMs, one.toMs / lengthMs]);
    }
    found.push(...findings, ...lateFindings(own, session, budgetUs));
  }
  const [worst] = found.sort((a, b) => b.harmUs - a.harmUs);
  const kind = judged === 0 ? 'unmeasured' : isClean ? 'clean' : 'steady';
  const apps = new Set((capture.sessions ?? []).flatMap(({ app }) => app ?? []));
  return {
    ...{ line, starved, apps: [...apps] },
    verdict: worst === undefined ? { kind } : verdictOfFinding(worst),
  };
}

/** Sessions that a first format did not list are known by their windows. */
function sessionsOf({ meta, sessions, samples }: Capture): readonly Session[] {
  if (sessions !== undefined && sessions.length > 0) return sessions;
  const ids = new Set(samples.map(({ session_id }) => session_id));
  return [...ids].map((session_id) => ({ session_id, fps: meta.fps }));
}

/** With so few frames the 99th percentile is the largest of them. */
function isProvenClean(sample: StatsSample, budgetUs: number): boolean {
  const { frames = Number.POSITIVE_INFINITY, frames_dropped, total_p99_us = 0 } = sample;
  return frames <= 100 && frames_dropped === 0 && total_p99_us <= budgetUs;
}

function draw(line: Float32Array, sample: StatsSample, budgetUs: number, lengthMs: number): void {
  if (!Number.isFinite(budgetUs)) return;
  const column = (ms: number): number =>
    Math.min(line.length - 1, Math.max(0, Math.floor((ms / lengthMs) * line.length)));
  const value = (sample.total_p99_us ?? 0) / budgetUs;
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
  readonly stages: ReadonlyMap<StageName, number>;
}

/** Stretches of windows whose slowest frames were over the budget, and windows that gave frames up. */
function lateFindings(own: readonly StatsSample[], session: Session, budgetUs: number): Finding[] {
  const usual = usualOf(own);
  const found: Finding[] = [];
  const isBad = (sample: StatsSample): boolean =>
    (sample.total_p99_us ?? 0) > budgetUs || (sample.frames_dropped ?? 0) > 0;
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
  const late = stretch.filter(({ total_p99_us = 0 }) => total_p99_us > budgetUs);
  const dropped = stretch.reduce((all, one) => all + (one.frames_dropped ?? 0), 0);
  const worstUs = late.reduce((most, { total_p99_us = 0 }) => Math.max(most, total_p99_us), 0);
  const isWorthIt = late.length >= FEWEST_LATE || worstUs >= FAR_BUDGETS * budgetUs || dropped > 0;
  if (!isWorthIt) return undefined;
  const dropHarmUs = Number.isFinite(budgetUs) ? DROP_HARM_BUDGETS * dropped * budgetUs : 0;
  const where = {
    sessionId: session.session_id,
    fromMs: Math.max(0, first.t_ms - (first.window_ms ?? 1000)),
    toMs: last.t_ms,
    late: late.length,
    harmUs: late.reduce((all, one) => all + harmOf(one, session, budgetUs, usual), dropHarmUs),
  };
  if (late.length === 0) {
    return { ...where, kind: 'dropped', certainty: 'certain', dropped, firstRow: -1 };
  }
  // A session that is late all along has no usual that a stage could rise above.
  const { part, share } =
    usual.totalP99 > budgetUs ? { part: undefined, share: undefined } : mostExcess(late, usual);
  const isTold = share !== undefined && share >= MOST_OF_IT;
  return {
    ...where,
    ...{ kind: 'slow', certainty: isTold ? 'likely' : 'undecided', part, share, dropped },
    ...{ partWorstUs: undefined, partUsualUs: undefined, worstUs, worstRow: -1 },
  };
}

/** To rank by: a window whose median rose had many late frames, any other one only those that its p99 stands for. */
function harmOf(
  sample: StatsSample,
  { fps }: Session,
  budgetUs: number,
  { totalP50 }: Usual,
): number {
  const { total_p50_us: p50 = 0, total_p99_us: p99 = 0, window_ms = 1000 } = sample;
  const frames = sample.frames ?? (fps * window_ms) / 1000;
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
): { readonly part: StageName | undefined; readonly share: number | undefined } {
  const rises = new Map<StageName, number>();
  for (const { name, p99_us } of late.flatMap(({ stages }) => stages)) {
    const rise = Math.max(0, p99_us - (usual.stages.get(name) ?? p99_us));
    rises.set(name, (rises.get(name) ?? 0) + rise);
  }
  const ofStages = [...rises.values()].reduce((sum, rise) => sum + rise, 0);
  const ofTotal = late.reduce((sum, one) => sum + (one.total_p99_us ?? 0) - usual.totalP99, 0);
  const all = Math.max(ofStages, ofTotal);
  const [most] = [...rises].sort(([, a], [, b]) => b - a);
  if (most === undefined || all <= 0) return { part: undefined, share: undefined };
  return { part: most[0], share: most[1] / all };
}

function usualOf(own: readonly StatsSample[]): Usual {
  const values = new Map<StageName, number[]>();
  for (const { name, p99_us } of own.flatMap(({ stages }) => stages)) {
    const list = values.get(name) ?? [];
    list.push(p99_us);
    values.set(name, list);
  }
  return {
    totalP50: middle(own.flatMap(({ total_p50_us }) => total_p50_us ?? [])),
    totalP99: middle(own.flatMap(({ total_p99_us }) => total_p99_us ?? [])),
    stages: new Map([...values].map(([name, list]) => [name, middle(list)])),
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
