// The sessions of a recording as rows on its axis: from when to when, what was negotiated, how its target bitrate and mode
// went, where nothing was measured, and its worst moment. Plain values, no words, no DOM.
import type { Capture, CaptureEvent, SessionEntry, StatsSample } from '../../contract/stats.ts';
import { numberIn } from './events.ts';
import { buildGrid, type Range } from './grid.ts';
import { sessionIds } from './sessions.ts';

/** A target from some time on. */
export interface RateStep {
  readonly atMs: number;
  readonly kbps: number;
}

export interface ModeStep {
  readonly atMs: number;
  /** As the host wrote it. */
  readonly to: string;
}

export interface Moment {
  readonly atMs: number;
  readonly ms: number;
}

export interface SessionRow {
  readonly id: number;
  readonly entry: SessionEntry | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** Nobody recorded its end: it went on, or the end was lost. */
  readonly isOpen: boolean;
  readonly rates: readonly RateStep[];
  readonly modes: readonly ModeStep[];
  readonly gaps: readonly Range[];
  /** The window with the largest p99 of its totals; undefined where totals were not measured. */
  readonly worstWindow: Moment | undefined;
}

/** In order of their first sign of life. */
export function sessionRows(capture: Capture, full: Range): SessionRow[] {
  const samples = grouped(capture.samples, ({ session_id }) => session_id);
  const events = grouped(capture.events ?? [], ({ session_id }) => session_id);
  const entries = new Map((capture.sessions ?? []).map((one) => [one.session_id, one]));
  const rows = sessionIds(capture).map((id) =>
    rowOf(id, entries.get(id), windowsOf(samples.get(id) ?? [], full), events.get(id) ?? [], full),
  );
  return inOrder(rows);
}

/** The target at a time; undefined outside of the session and where nobody said. */
export function rateAt(row: SessionRow, ms: number): number | undefined {
  if (!isIn(row, ms)) return undefined;
  return row.rates.findLast(({ atMs }) => atMs <= ms)?.kbps ?? row.rates[0]?.kbps;
}

/** What the mode was changed to before a time; undefined: it is as negotiated. */
export function modeAt(row: SessionRow, ms: number): string | undefined {
  return row.modes.findLast(({ atMs }) => atMs <= ms)?.to;
}

export function isIn({ fromMs, toMs }: Range, ms: number): boolean {
  return ms >= fromMs && ms <= toMs;
}

/** A stretch of a row's bar, 0 to 1 wide and high within the plot. */
export interface BarStep {
  readonly from: number;
  readonly to: number;
  /** Share of the largest target of all sessions; undefined: unknown. */
  readonly height: number | undefined;
}

/** The part of a row that is shown, cut at its gaps and steps. At most `most` pieces: of those in between the lowest. */
export function barOf(
  row: SessionRow,
  shown: Range,
  mostKbps: number,
  most: number,
): readonly BarStep[] {
  const span = Math.max(1e-9, shown.toMs - shown.fromMs);
  const fromMs = Math.max(row.fromMs, shown.fromMs);
  const lastMs = Math.min(row.toMs, shown.toMs);
  const cuts = new Set([fromMs, lastMs]);
  const cut = (ms: number): void => {
    if (ms > fromMs && ms < lastMs) cuts.add(ms);
  };
  for (const gap of row.gaps) {
    cut(gap.fromMs);
    cut(gap.toMs);
  }
  for (const { atMs } of row.rates) cut(atMs);
  const times = lastMs > fromMs ? [...cuts].sort((a, b) => a - b) : [];
  const share = (ms: number): number => (ms - shown.fromMs) / span;
  const steps: BarStep[] = [];
  // Both are in order of time: as the pieces go on, so do they. Behind the last there is none, not even at no end of time.
  let [rate, gap] = [0, 0];
  times.forEach((fromMs, i) => {
    const toMs = times[i + 1];
    if (toMs === undefined) return;
    const middle = (fromMs + toMs) / 2;
    while ((row.gaps[gap]?.toMs ?? Number.NaN) <= middle) gap += 1;
    if (middle > (row.gaps[gap]?.fromMs ?? Number.POSITIVE_INFINITY)) return;
    while ((row.rates[rate + 1]?.atMs ?? Number.NaN) <= middle) rate += 1;
    const kbps = row.rates[rate]?.kbps;
    const height = kbps === undefined || mostKbps <= 0 ? undefined : kbps / mostKbps;
    const step = { from: share(fromMs), to: share(toMs), height };
    const last = steps.at(-1);
    // What is thinner than a piece may be goes into the one before it.
    if (last !== undefined && last.to === step.from && step.to - last.from < 1 / most) {
      const lowest = Math.min(last.height ?? 1, step.height ?? 1);
      steps[steps.length - 1] = { ...last, to: step.to, height: lowest };
    } else steps.push(step);
  });
  return steps;
}

/** What the windows of a session tell its row. */
export interface RowWindows {
  /** When its first window began, and its last ended; undefined without one. */
  readonly openedMs: number | undefined;
  readonly closedMs: number | undefined;
  /** Targets that they say, one for each change. */
  readonly told: readonly RateStep[];
  readonly gaps: readonly Range[];
  readonly worst: Moment | undefined;
}

/** `events`: those of the session. */
export function rowOf(
  id: number,
  entry: SessionEntry | undefined,
  windows: RowWindows,
  events: readonly CaptureEvent[],
  full: Range,
): SessionRow {
  const opened = windows.openedMs ?? 0;
  const fromMs = Math.max(full.fromMs, Math.min(full.toMs, entry?.started_t_ms ?? opened));
  const ended = entry?.ended_t_ms;
  // A session without an end was still there at the end of the recording, unless its windows stopped long before.
  const wantedMs = ended ?? (entry === undefined ? (windows.closedMs ?? full.toMs) : full.toMs);
  const toMs = Math.max(fromMs, Math.min(full.toMs, wantedMs));
  return {
    ...{ id, entry, fromMs, toMs, isOpen: ended === undefined },
    rates: ratesOf(entry, windows.told, events, fromMs),
    modes: events.flatMap(({ kind, t_ms, detail }) =>
      kind === 'mode' && detail?.['to'] !== undefined
        ? { atMs: t_ms, to: String(detail['to']) }
        : [],
    ),
    ...{ gaps: windows.gaps, worstWindow: windows.worst },
  };
}

/** In order of their first sign of life. */
export function inOrder(rows: readonly SessionRow[]): SessionRow[] {
  return rows.toSorted((a, b) => a.fromMs - b.fromMs || a.id - b.id);
}

/** The target that a window says; undefined where it says none. */
export function toldBy({ bitrate_kbps, t_ms, window_ms }: StatsSample): RateStep | undefined {
  if (!Number.isFinite(bitrate_kbps) || bitrate_kbps <= 0) return undefined;
  return { atMs: t_ms - (window_ms ?? 0), kbps: bitrate_kbps };
}

/** The worse of a moment and a window, by the p99 of its totals. */
export function worseOf(
  worst: Moment | undefined,
  { t_ms, total_p99_us }: StatsSample,
): Moment | undefined {
  if (total_p99_us === undefined || total_p99_us / 1000 <= (worst?.ms ?? -1)) return worst;
  return { atMs: t_ms, ms: total_p99_us / 1000 };
}

function windowsOf(samples: readonly StatsSample[], full: Range): RowWindows {
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    openedMs: first === undefined ? undefined : first.t_ms - (first.window_ms ?? 0),
    closedMs: last?.t_ms,
    told: changesOf(samples.flatMap((one) => toldBy(one) ?? [])),
    gaps: buildGrid(samples, full, samples.length + 1).gaps,
    worst: samples.reduce<Moment | undefined>(worseOf, undefined),
  };
}

/** Windows say every second what the target was; without them the events say when it changed. */
function ratesOf(
  entry: SessionEntry | undefined,
  told: readonly RateStep[],
  events: readonly CaptureEvent[],
  fromMs: number,
): RateStep[] {
  const initial = entry?.bitrate_kbps;
  const changes = events.flatMap(({ kind, t_ms, detail }) => {
    const kbps = numberIn(detail, 'to_kbps');
    return kind === 'bitrate' && kbps !== undefined ? { atMs: t_ms, kbps } : [];
  });
  const begun = initial === undefined ? [] : [{ atMs: fromMs, kbps: initial }];
  if (changes.length > 0 && begun.length > 0) return changesOf([...begun, ...changes]);
  if (told.length === 0) return changesOf([...begun, ...changes]);
  return told.map(({ atMs, kbps }) => ({ atMs: Math.max(fromMs, atMs), kbps }));
}

const changesOf = (steps: readonly RateStep[]): RateStep[] =>
  steps.filter(({ kbps }, i) => i === 0 || kbps !== steps[i - 1]?.kbps);

function grouped<T>(
  all: readonly T[],
  keyOf: (one: T) => number | undefined,
): ReadonlyMap<number, readonly T[]> {
  const groups = new Map<number, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
