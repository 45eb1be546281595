// Several recordings on one axis: what is added to the times of each so that their streams begin together, a marker of
// all lies at one time, or a hand has put them there. The axis is the own clock of the first one. Pure.
import type { Capture } from '../../contract/stats.ts';
import type { Range } from '../chart/grid.ts';

/** What has to be known of a run to lay it beside others; times on its own clock. */
export interface Placed {
  readonly startMs: number;
  readonly endMs: number;
  /** Where each text was put down first. */
  readonly markers: ReadonlyMap<string, number>;
}

export type Alignment =
  | { readonly kind: 'start' }
  | { readonly kind: 'marker'; readonly text: string }
  /** How far each lies behind where its start would be. */
  | { readonly kind: 'hand'; readonly shiftsMs: readonly number[] };

/** Where a session lies in its recording. `firstMs`: its first frame, where frames are known. */
export function placeOf(
  capture: Capture,
  session: number | undefined,
  firstMs: number | undefined,
): Placed {
  const { meta, sessions = [], samples } = capture;
  const entry = sessions.find(({ session_id }) => session_id === session);
  const own = samples.filter(({ session_id }) => session_id === session);
  const window = own[0] === undefined ? 0 : own[0].t_ms - (own[0].window_ms ?? 1000);
  const startMs = firstMs ?? entry?.started_t_ms ?? Math.max(0, window);
  const end = Math.max(entry?.ended_t_ms ?? meta.duration_ms, own.at(-1)?.t_ms ?? 0);
  return { startMs, endMs: Math.max(startMs + 1, end), markers: markersOf(capture) };
}

/** In order of time; the first of those with the same text. */
export function markersOf({ events = [] }: Capture): Map<string, number> {
  const found = new Map<string, number>();
  for (const { kind, t_ms, detail } of events) {
    const text = String(detail?.['text'] ?? '');
    if (kind === 'marker' && text !== '' && !found.has(text)) found.set(text, t_ms);
  }
  return found;
}

/** Texts of the markers that all of them have. */
export function commonMarkers(runs: readonly (Placed | undefined)[]): string[] {
  const [first, ...rest] = runs.filter((run) => run !== undefined);
  if (first === undefined || rest.length === 0) return [];
  return [...first.markers.keys()].filter((text) => rest.every(({ markers }) => markers.has(text)));
}

/** What is added to the times of each; 0 for the first one that is there, and for those that are not. */
export function offsetsOf(runs: readonly (Placed | undefined)[], alignment: Alignment): number[] {
  const first = runs.find((run) => run !== undefined);
  if (first === undefined) return runs.map(() => 0);
  const byStart = (run: Placed): number => first.startMs - run.startMs;
  const offsetOf = (run: Placed, i: number): number => {
    if (alignment.kind === 'hand') return byStart(run) + (alignment.shiftsMs[i] ?? 0);
    if (alignment.kind === 'start') return byStart(run);
    const [there, here] = [first, run].map(({ markers }) => markers.get(alignment.text));
    return there === undefined || here === undefined ? byStart(run) : there - here;
  };
  return runs.map((run, i) => (run === undefined || run === first ? 0 : whole(offsetOf(run, i))));
}

/** How far each lies behind where its start would be: what a hand changes. */
export function shiftsOf(
  runs: readonly (Placed | undefined)[],
  offsets: readonly number[],
): number[] {
  const byStart = offsetsOf(runs, { kind: 'start' });
  return offsets.map((offset, i) => whole(offset - (byStart[i] ?? 0)));
}

/** From the first start to the last end; a second where nothing is there yet. */
export function axisOf(runs: readonly (Placed | undefined)[], offsets: readonly number[]): Range {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, run] of runs.entries()) {
    if (run === undefined) continue;
    fromMs = Math.min(fromMs, run.startMs + (offsets[i] ?? 0));
    toMs = Math.max(toMs, run.endMs + (offsets[i] ?? 0));
  }
  return fromMs < toMs ? { fromMs: whole(fromMs), toMs: whole(toMs) } : { fromMs: 0, toMs: 1000 };
}

/** "+1.234": seconds with their sign. */
export function shiftText(shiftMs: number, point: '.' | ','): string {
  const ms = Math.round(shiftMs);
  const sign = ms < 0 ? '−' : '+';
  return `${sign}${(Math.abs(ms) / 1000).toFixed(3).replace('.', point)}`;
}

/** What was typed, in ms; undefined for what is no time. */
export function shiftIn(text: string): number | undefined {
  const [, sign = '', digits] =
    /^\s*([+\-−]?)\s*(\d{0,6}(?:[.,]\d{0,6})?)\s*s?\s*$/.exec(text) ?? [];
  const seconds = Number(digits?.replace(',', '.'));
  if (digits === undefined || !/\d/.test(digits) || !Number.isFinite(seconds)) return undefined;
  return whole((sign === '' || sign === '+' ? seconds : -seconds) * 1000);
}

/** To the µs that frames have: sums of fractions grow digits that nobody measured. */
function whole(ms: number): number {
  const rounded = Math.round(ms * 1000) / 1000;
  return rounded === 0 ? 0 : rounded;
}
