// What a test stream’s receiver saw and what its records say, as one report; of several sessions their sum.
import type { TestSessionReport, TestStreamReport } from '../../../contract/test-streams.ts';
import type { RunTotals } from '../../../recording/src/run.ts';
import type { ProbeReport } from '../engine/messages.ts';
import type { SessionPlan } from './test-plan.ts';

/** The report of one session that streamed for `seconds`. */
export function sessionReport(
  plan: SessionPlan,
  seconds: number,
  seen: ProbeReport,
  sent: RunTotals | undefined,
): TestStreamReport {
  const problems = problemsOf(
    { dropPct: plan.dropPct, fps: plan.fps, scripted: (plan.script?.actions.length ?? 0) > 0 },
    seconds,
    seen,
    sent,
  );
  return {
    source: plan.source,
    mode: `${plan.width}x${plan.height}@${plan.fps}`,
    codec: 'h264',
    seconds: Math.round(seconds * 1000) / 1000,
    frames_sent: sent?.framesSent ?? 0,
    frames_received: seen.frames_received,
    frames_recovered: seen.frames_recovered,
    frames_lost: seen.frames_lost,
    packets_sent: sent?.packetsSent ?? 0,
    packets_lost: seen.packets_lost,
    packets_recovered: seen.packets_recovered,
    bytes: seen.bytes,
    stages: { ...sent?.stages },
    ok: problems.length === 0,
    ...(problems.length === 0 ? {} : { problems }),
    ...optional('frames_new', sent?.framesNew),
    ...optional('frames_repeated', sent?.framesRepeated),
    ...optional('source_pictures', sent?.sourcePictures),
    ...optional('source_skipped', sent?.sourceSkipped),
    key_frames: seen.key_frames,
    invalidations_answered: seen.invalidations_answered,
  };
}

/** What is wrong with a run, one sentence each; none means it is ok. What a script does on purpose is not wrong. */
export function problemsOf(
  plan: { readonly dropPct: number; readonly fps: number; readonly scripted?: boolean },
  streamedSeconds: number,
  seen: ProbeReport,
  sent: RunTotals | undefined,
): string[] {
  const disturbed = plan.scripted === true;
  const problems = [...seen.problems];
  if (seen.frames_received === 0) problems.push('No frame arrived.');
  if (seen.frames_lost > 0 && plan.dropPct === 0 && !disturbed) {
    problems.push(`${seen.frames_lost} frames were lost, though none were dropped on purpose.`);
  }
  if (sent === undefined) {
    problems.push('The sender’s figures are missing: the recorder has none, or does not answer.');
  } else if (sent.framesSent === 0) {
    problems.push('The sender’s figures are missing: no frame records came.');
  } else if (sent.framesDropped > 0 && !disturbed) {
    problems.push(`${sent.framesDropped} frames were dropped before they were sent.`);
  }
  const rate = seen.frames_received / Math.max(streamedSeconds, 0.001);
  if (seen.frames_received > 0 && plan.dropPct === 0 && !disturbed && rate < plan.fps / 2) {
    problems.push(`Only ${rate.toFixed(1)} of ${plan.fps} frames a second arrived.`);
  }
  return problems;
}

/** The report of a script: what its sessions add up to, and each. */
export function scriptReport(sessions: readonly TestSessionReport[]): TestStreamReport {
  const [first, ...others] = sessions;
  if (first === undefined) throw new Error('a script has at least one session');
  const { session_id: _id, start_ms: _start, ...only } = first;
  if (others.length === 0) return { ...only, sessions: [...sessions] };
  const sum = (of: (report: TestSessionReport) => number): number =>
    sessions.reduce((total, report) => total + of(report), 0);
  const problems = sessions.flatMap((report, index) =>
    (report.problems ?? []).map((problem) => `Session ${index}: ${problem}`),
  );
  const same = (of: (report: TestSessionReport) => string): string =>
    [...new Set(sessions.map(of))].join(', ');
  return {
    source: same(({ source }) => source),
    mode: same(({ mode }) => mode),
    codec: same(({ codec }) => codec),
    seconds: Math.max(...sessions.map(({ start_ms, seconds }) => start_ms / 1000 + seconds)),
    frames_sent: sum((report) => report.frames_sent),
    frames_received: sum((report) => report.frames_received),
    frames_recovered: sum((report) => report.frames_recovered),
    frames_lost: sum((report) => report.frames_lost),
    packets_sent: sum((report) => report.packets_sent),
    packets_lost: sum((report) => report.packets_lost),
    packets_recovered: sum((report) => report.packets_recovered),
    bytes: sum((report) => report.bytes),
    // Percentiles of several sessions are not made of their percentiles: each has its own.
    stages: {},
    ok: problems.length === 0,
    ...(problems.length === 0 ? {} : { problems }),
    ...sumKnown(sessions),
    sessions: [...sessions],
  };
}

const KNOWN = [
  'frames_new',
  'frames_repeated',
  'source_pictures',
  'source_skipped',
  'key_frames',
  'invalidations_answered',
] as const;

/** Sums of figures that every session knows; of the others there is none. */
function sumKnown(
  sessions: readonly TestSessionReport[],
): Partial<Record<(typeof KNOWN)[number], number>> {
  const sums: Partial<Record<(typeof KNOWN)[number], number>> = {};
  for (const name of KNOWN) {
    const values = sessions.flatMap((report) => report[name] ?? []);
    if (values.length === sessions.length) sums[name] = values.reduce((a, b) => a + b, 0);
  }
  return sums;
}

function optional<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  const object: { [P in K]?: number } = {};
  if (value !== undefined) object[key] = value;
  return object;
}
