// One session of one capture as the page around it needs it, and which part of it is shown. Pure.
import type { Capture, SessionEntry, StatsSample } from '../../contract/stats.ts';
import { isRemoved } from '../base/removed.ts';
import { buildGrid, type Range } from '../chart/grid.ts';
import { sessionFps, sessionIds } from '../chart/sessions.ts';
import { type Verdict, verdictOf } from '../chart/verdict.ts';

/** One session of one capture, with what is said about it. */
export interface View {
  readonly capture: Capture;
  readonly ids: readonly number[];
  readonly session: number | undefined;
  readonly samples: readonly StatsSample[];
  readonly verdict: Verdict;
}

/** `wanted` undefined: the first session. */
export function viewOf(capture: Capture, wanted: number | undefined): View {
  const ids = sessionIds(capture);
  const session = wanted ?? ids[0];
  const samples = capture.samples.filter((s) => s.session_id === session);
  const fps = sessionFps(capture, session);
  const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const gaps = buildGrid(samples, all, samples.length + 1).gaps.length;
  const verdict = verdictOf(capture, samples, fps, gaps);
  return { capture, ids, session, samples, verdict };
}

/** What the recording says of the session; files of the first format say nothing. */
export function entryOf({ capture, session }: View): SessionEntry | undefined {
  return capture.sessions?.find(({ session_id }) => session_id === session);
}

export function isSame(a: Range | undefined, b: Range): boolean {
  return a?.fromMs === b.fromMs && a.toMs === b.toMs;
}

export function holds(range: Range | undefined, ms: number): boolean {
  return range === undefined || (ms >= range.fromMs && ms <= range.toMs);
}

/** The same length, around a time. */
export function around({ fromMs, toMs }: Range, ms: number): Range {
  const half = (toMs - fromMs) / 2;
  return { fromMs: Math.max(0, ms - half), toMs: Math.max(2 * half, ms + half) };
}

export interface Marker {
  readonly atMs: number;
  readonly text: string;
  /** Somebody wrote something here that is not shown. */
  readonly isRemoved?: boolean;
}

/** In order of time. */
export function markersOf(capture: Capture | undefined): readonly Marker[] {
  return (capture?.events ?? [])
    .filter(({ kind }) => kind === 'marker')
    .map((event) => ({
      atMs: event.t_ms,
      text: String(event.detail?.['text'] ?? ''),
      isRemoved: isRemoved(event, 'text'),
    }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

/** The one after or before a time; undefined when there is none. */
export function nextMarker(
  markers: readonly Marker[],
  ms: number,
  direction: 1 | -1,
): Marker | undefined {
  return direction > 0
    ? markers.find(({ atMs }) => atMs > ms)
    : markers.findLast(({ atMs }) => atMs < ms);
}
