// What a recording says for certain about where it stuttered: stretches of late frames with the stage that had their
// time, pictures that the source did not bring, packets lost on the way or in this machine, holes in the recording. Only
// records and events speak here; what caused them elsewhere is no finding. Words are the page's business.
import type { CaptureEvent, StatsSample } from '../../../contract/stats.ts';
import { ABSENT } from '../frames.ts';
import { isDropped } from '../windows.ts';
import { excessUs, type FrameTable, type PartName } from './frame-table.ts';

/** How far the evidence goes: all of it says so, most of it does, or it does not tell. */
export type Certainty = 'certain' | 'likely' | 'undecided';

interface Where {
  readonly sessionId: number | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** Late frames in it. */
  readonly late: number;
  /** By how much it disturbed, to rank by: µs over the budget and what stands for frames that never came. */
  readonly harmUs: number;
  readonly certainty: Certainty;
}

/** Frames took longer than the budget, and this part of the host had the time. */
export interface SlowFinding extends Where {
  readonly kind: 'slow';
  /** Whose excess is the largest; undefined when stage times are missing. */
  readonly part: PartName | undefined;
  /** Of the excess of all parts, 0 to 1. */
  readonly share: number | undefined;
  readonly partWorstUs: number | undefined;
  readonly partUsualUs: number | undefined;
  readonly worstUs: number;
  readonly worstRow: number;
  readonly dropped: number;
}

/** Frames were given up before sending, and none was late. */
export interface DroppedFinding extends Where {
  readonly kind: 'dropped';
  readonly dropped: number;
  readonly firstRow: number;
}

/** The source brought fewer pictures than the mode has. */
export interface StarvedFinding extends Where {
  readonly kind: 'starved';
  readonly repeated: number;
  readonly newFps: number;
  readonly targetFps: number;
}

/** Packets that the client missed. */
export interface LossFinding extends Where {
  readonly kind: 'loss';
  readonly packetsLost: number;
  /** That this machine itself refused in the same time; undefined when nobody counted. */
  readonly sendRefused: number | undefined;
}

/** The recording has a hole there. */
export interface HoleFinding extends Where {
  readonly kind: 'suspended' | 'records_lost' | 'freeze';
  readonly lengthMs: number | undefined;
  readonly records: number | undefined;
}

export type Finding = SlowFinding | DroppedFinding | StarvedFinding | LossFinding | HoleFinding;

export interface Findings {
  /** The worst first. */
  readonly findings: readonly Finding[];
  readonly frames: number;
  readonly late: number;
  /** Late frames that no finding holds. */
  readonly lateOutside: number;
  /** Of all totals; undefined without one. */
  readonly medianUs: number | undefined;
  readonly budgetUs: number;
}

export interface Evidence {
  /** Undefined for a recording without frames: late frames are then not looked for. */
  readonly table: FrameTable | undefined;
  readonly samples: readonly StatsSample[];
  readonly events: readonly CaptureEvent[];
  readonly sessionId: number;
  readonly fps: number;
}

/** Findings of one session. */
export function findingsOf(evidence: Evidence): Findings {
  const { table } = evidence;
  const slow = table === undefined ? [] : slowFindings(table);
  const findings = [
    ...slow,
    ...starvedFindings(evidence),
    ...lossFindings(evidence),
    ...holeFindings(evidence, slow),
  ].sort((a, b) => b.harmUs - a.harmUs || a.fromMs - b.fromMs);
  const [frames, late] = table === undefined ? [0, 0] : countLate(table);
  const held = slow.reduce((sum, one) => sum + one.late, 0);
  const medianUs =
    table === undefined || table.totalMedianUs === ABSENT ? undefined : table.totalMedianUs;
  const budgetUs = evidence.fps > 0 ? 1e6 / evidence.fps : Number.POSITIVE_INFINITY;
  return { findings, frames, late, lateOutside: late - held, medianUs, budgetUs };
}

function countLate(table: FrameTable): [frames: number, late: number] {
  let [frames, late] = [0, 0];
  for (const us of table.totalUs) {
    if (us === ABSENT) continue;
    frames += 1;
    if (us > table.budgetUs) late += 1;
  }
  return [frames, late];
}

interface Episode {
  readonly first: number;
  last: number;
  late: number;
  dropped: number;
  worst: number;
  harmUs: number;
}

/** Late and dropped frames that lie close together, where they are many or far over the budget. */
function slowFindings(table: FrameTable): (SlowFinding | DroppedFinding)[] {
  const found: Episode[] = [];
  const { totalUs, outcome, grabbedUs, budgetUs } = table;
  for (let row = 0; row < table.rows; row += 1) {
    const us = totalUs[row] ?? ABSENT;
    const isDrop = us === ABSENT && isDropped(outcome[row] ?? ABSENT);
    if (us <= budgetUs && !isDrop) continue;
    let episode = found.at(-1);
    const lastUs = episode === undefined ? 0 : (grabbedUs[episode.last] ?? 0);
    if (episode === undefined || (grabbedUs[row] ?? 0) - lastUs > CLOSE_US) {
      episode = { first: row, last: row, late: 0, dropped: 0, worst: ABSENT, harmUs: 0 };
      found.push(episode);
    }
    episode.last = row;
    if (isDrop) {
      episode.dropped += 1;
      episode.harmUs += DROP_HARM_BUDGETS * budgetUs;
      continue;
    }
    episode.late += 1;
    episode.harmUs += us - budgetUs;
    if (episode.worst === ABSENT || us > (totalUs[episode.worst] ?? 0)) episode.worst = row;
  }
  return found.filter((one) => isWorthIt(one, table)).map((one) => findingOf(one, table));
}

function isWorthIt({ late, dropped, worst }: Episode, { totalUs, budgetUs }: FrameTable): boolean {
  return late >= FEWEST_LATE || dropped > 0 || (totalUs[worst] ?? 0) >= FAR_BUDGETS * budgetUs;
}

function findingOf(episode: Episode, table: FrameTable): SlowFinding | DroppedFinding {
  const { first, last, late, dropped, worst, harmUs } = episode;
  const { sessionId } = table.session;
  const where = {
    sessionId,
    fromMs: (table.grabbedUs[first] ?? 0) / 1000,
    // Behind the last frame, so that a range of it holds that frame too.
    toMs: ((table.grabbedUs[last] ?? 0) + 1) / 1000,
    late,
    harmUs,
  };
  if (worst === ABSENT) {
    return { ...where, kind: 'dropped', certainty: 'certain', dropped, firstRow: first };
  }
  const [part, share] = mostExcess(episode, table);
  const column = part === undefined ? undefined : table.partUs[part];
  return {
    ...where,
    kind: 'slow',
    certainty: certaintyOf(share),
    part: part === undefined ? undefined : table.parts[part],
    share,
    partWorstUs: column === undefined ? undefined : largestIn(column, first, last),
    partUsualUs: part === undefined ? undefined : table.partMedianUs[part],
    worstUs: table.totalUs[worst] ?? 0,
    worstRow: worst,
    dropped,
  };
}

function certaintyOf(share: number | undefined): Certainty {
  if (share === undefined || share < 0.5) return 'undecided';
  return share >= 0.8 ? 'certain' : 'likely';
}

/** Over the late frames of an episode: which part lies furthest above its own median, and its share of that. */
function mostExcess(
  { first, last }: Episode,
  table: FrameTable,
): [part: number | undefined, share: number | undefined] {
  const sums = table.parts.map(() => 0);
  for (let row = first; row <= last; row += 1) {
    if ((table.totalUs[row] ?? ABSENT) <= table.budgetUs) continue;
    for (const [part, column] of table.partUs.entries()) {
      const excess = excessUs(column[row] ?? ABSENT, table.partMedianUs[part] ?? ABSENT);
      sums[part] = (sums[part] ?? 0) + excess;
    }
  }
  const all = sums.reduce((sum, own) => sum + own, 0);
  if (all <= 0) return [undefined, undefined];
  const most = Math.max(...sums);
  return [sums.indexOf(most), most / all];
}

function largestIn(column: Int32Array, first: number, last: number): number {
  return column.subarray(first, last + 1).reduce((most, us) => Math.max(most, us), 0);
}

/** Windows in a row in which a part of the frames were repeats. A still screen repeats everything, and nobody minds. */
function starvedFindings({ samples, sessionId, fps }: Evidence): StarvedFinding[] {
  if (!(fps > 0)) return [];
  const own = samples.filter((sample) => sample.session_id === sessionId);
  const isStarved = ({ fps: fresh, repeat_fps: repeat }: StatsSample): boolean =>
    fresh >= fps * 0.1 && fresh < fps * 0.85 && repeat >= fps * 0.1;
  return runsOf(own, isStarved, STARVED_GAP_MS).flatMap((run): StarvedFinding[] => {
    const lengthMs = run.toMs - run.fromMs;
    if (lengthMs < FEWEST_STARVED_MS) return [];
    const repeated = sum(run.samples, (s) => (s.repeat_fps * (s.window_ms ?? 1000)) / 1000);
    const fresh = sum(run.samples, (s) => (s.fps * (s.window_ms ?? 1000)) / 1000);
    const seconds = sum(run.samples, (s) => (s.window_ms ?? 1000) / 1000);
    return [
      {
        ...{ kind: 'starved', sessionId, fromMs: run.fromMs, toMs: run.toMs, late: 0 },
        harmUs: (repeated * 1e6) / fps / 4,
        certainty: 'certain',
        repeated: Math.round(repeated),
        newFps: fresh / seconds,
        targetFps: fps,
      },
    ];
  });
}

/** Windows in which the client missed packets. */
function lossFindings({ samples, sessionId, fps }: Evidence): LossFinding[] {
  const own = samples.filter((sample) => sample.session_id === sessionId);
  const runs = runsOf(own, (sample) => (sample.packets_dropped ?? 0) > 0, LOSS_GAP_MS);
  return runs.map((run): LossFinding => {
    const packetsLost = sum(run.samples, (s) => s.packets_dropped ?? 0);
    const refused = run.samples.flatMap((s) => s.send_dropped ?? []);
    const gone = sum(run.samples, (s) => s.frames_not_shown ?? 0);
    const intervalUs = fps > 0 ? 1e6 / fps : 0;
    return {
      ...{ kind: 'loss', sessionId, fromMs: run.fromMs, toMs: run.toMs, late: 0 },
      harmUs: packetsLost * LOST_PACKET_HARM_US + gone * intervalUs * DROP_HARM_BUDGETS,
      certainty: 'certain',
      packetsLost,
      sendRefused: refused.length === 0 ? undefined : refused.reduce((all, n) => all + n, 0),
    };
  });
}

function holeFindings(
  { events, sessionId }: Evidence,
  slow: readonly (SlowFinding | DroppedFinding)[],
): HoleFinding[] {
  return events.flatMap((event): HoleFinding[] => {
    const { kind, t_ms, detail } = event;
    if (event.session_id !== undefined && event.session_id !== sessionId) return [];
    if (kind !== 'suspended' && kind !== 'records_lost' && kind !== 'freeze') return [];
    const lengthMs = numberOf(detail?.['ms']);
    const records = numberOf(detail?.['count']);
    const isFreeze = kind === 'freeze';
    // It stands where it began; a sleep takes no time of this axis.
    const toMs = t_ms + Math.max(1, isFreeze ? (lengthMs ?? 0) : 0);
    // A freeze whose late frame is told already is the same thing seen twice.
    if (isFreeze && slow.some((one) => one.fromMs <= toMs && endMs(one) >= t_ms)) return [];
    const harmUs = isFreeze ? (lengthMs ?? 0) * 1000 : 0;
    return [
      {
        ...{ kind, sessionId: event.session_id, fromMs: t_ms, toMs, late: 0 },
        ...{ harmUs, certainty: 'certain', lengthMs, records },
      },
    ];
  });
}

/** When the last of its frames was on its way, at the latest. */
function endMs(finding: SlowFinding | DroppedFinding): number {
  return finding.toMs + (finding.kind === 'slow' ? finding.worstUs / 1000 : 0);
}

interface Run {
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: readonly StatsSample[];
}

/** Windows that are so, one after the other; a short pause between them is bridged but does not count. */
function runsOf(
  samples: readonly StatsSample[],
  is: (sample: StatsSample) => boolean,
  gapMs: number,
): Run[] {
  const runs: { fromMs: number; toMs: number; samples: StatsSample[] }[] = [];
  for (const sample of samples) {
    if (!is(sample)) continue;
    const fromMs = Math.max(0, sample.t_ms - (sample.window_ms ?? 1000));
    const last = runs.at(-1);
    if (last !== undefined && fromMs - last.toMs <= gapMs) {
      last.toMs = sample.t_ms;
      last.samples.push(sample);
    } else runs.push({ fromMs, toMs: sample.t_ms, samples: [sample] });
  }
  return runs;
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((all, one) => all + of(one), 0);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Late frames that lie so close belong together. */
const CLOSE_US = 3_000_000;
/** Fewer late frames make a finding only when one is far over the budget. */
const FEWEST_LATE = 3;
const FAR_BUDGETS = 4;
/** A frame that never came is as bad as one that is so many intervals late. */
const DROP_HARM_BUDGETS = 2;
const FEWEST_STARVED_MS = 2500;
const STARVED_GAP_MS = 1500;
const LOSS_GAP_MS = 5000;
const LOST_PACKET_HARM_US = 100;
