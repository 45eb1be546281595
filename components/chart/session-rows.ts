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
    rowOf(id, entries.get(id), samples.get(id) ?? [], events.get(id) ?? [], full),
  );
  return rows.sort((a, b) => a.fromMs - b.fromMs || a.id - b.id);
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
  const cuts = new Set([row.fromMs, row.toMs]);
  for (const { fromMs, toMs } of row.gaps) cuts.add(fromMs).add(toMs);
  for (const { atMs } of row.rates) cuts.add(atMs);
  const times = [...cuts]
    .filter((ms) => ms >= row.fromMs && ms <= row.toMs)
    .map((ms) => Math.min(shown.toMs, Math.max(shown.fromMs, ms)))
    .sort((a, b) => a - b);
  const share = (ms: number): number => (ms - shown.fromMs) / span;
  const steps: BarStep[] = [];
  times.forEach((fromMs, i) => {
    const toMs = times[i + 1];
    if (toMs === undefined || toMs <= fromMs) return;
    const middle = (fromMs + toMs) / 2;
    if (row.gaps.some((gap) => middle > gap.fromMs && middle < gap.toMs)) return;
    const kbps = rateAt(row, middle);
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

function rowOf(
  id: number,
  entry: SessionEntry | undefined,
  samples: readonly StatsSample[],
  events: readonly CaptureEvent[],
  full: Range,
): SessionRow {
  const first = samples[0];
  const last = samples.at(-1);
  const opened = first === undefined ? 0 : first.t_ms - (first.window_ms ?? 0);
  const fromMs = Math.max(full.fromMs, Math.min(full.toMs, entry?.started_t_ms ?? opened));
  const ended = entry?.ended_t_ms;
  // A session without an end was still there at the end of the recording, unless its windows stopped long before.
  const wantedMs = ended ?? (entry === undefined ? (last?.t_ms ?? full.toMs) : full.toMs);
  const toMs = Math.max(fromMs, Math.min(full.toMs, wantedMs));
  return {
    ...{ id, entry, fromMs, toMs, isOpen: ended === undefined },
    rates: ratesOf(entry, samples, events, fromMs),
    modes: events.flatMap(({ kind, t_ms, detail }) =>
      kind === 'mode' && detail?.['to'] !== undefined
        ? { atMs: t_ms, to: String(detail['to']) }
        : [],
    ),
    gaps: buildGrid(samples, full, samples.length + 1).gaps,
    worstWindow: worstOf(samples),
  };
}

/** Windows say every second what the target was; without them the events say when it changed. */
function ratesOf(
  entry: SessionEntry | undefined,
  samples: readonly StatsSample[],
  events: readonly CaptureEvent[],
  fromMs: number,
): RateStep[] {
  const initial = entry?.bitrate_kbps;
  const changes = events.flatMap(({ kind, t_ms, detail }) => {
    const kbps = numberIn(detail, 'to_kbps');
    return kind === 'bitrate' && kbps !== undefined ? { atMs: t_ms, kbps } : [];
  });
  const told = samples
    .filter(({ bitrate_kbps }) => Number.isFinite(bitrate_kbps) && bitrate_kbps > 0)
    .map(({ t_ms, window_ms, bitrate_kbps }) => ({
      atMs: Math.max(fromMs, t_ms - (window_ms ?? 0)),
      kbps: bitrate_kbps,
    }));
  const begun = initial === undefined ? [] : [{ atMs: fromMs, kbps: initial }];
  const all = changes.length > 0 && begun.length > 0 ? [...begun, ...changes] : told;
  const steps = all.length > 0 ? all : [...begun, ...changes];
  return steps.filter(({ kbps }, i) => i === 0 || kbps !== steps[i - 1]?.kbps);
}

function worstOf(samples: readonly StatsSample[]): Moment | undefined {
  let worst: Moment | undefined;
  for (const { t_ms, total_p99_us } of samples) {
    if (total_p99_us === undefined || total_p99_us / 1000 <= (worst?.ms ?? -1)) continue;
    worst = { atMs: t_ms, ms: total_p99_us / 1000 };
  }
  return worst;
}

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
