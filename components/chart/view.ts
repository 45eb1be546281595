// Which part of a recording is shown and which is chosen, as plain arithmetic: zooming about a point, panning, moving an
// end. No DOM.
import type { Range } from './grid.ts';

/** `factor` below 1 zooms in; the time `atMs` stays where it is on the screen. */
export function zoomed(shown: Range, full: Range, factor: number, atMs: number): Range | undefined {
  const span = (shown.toMs - shown.fromMs) * factor;
  if (span >= full.toMs - full.fromMs) return undefined;
  const width = Math.max(LEAST_SPAN_MS, span);
  const share = (atMs - shown.fromMs) / Math.max(1e-9, shown.toMs - shown.fromMs);
  return within({ fromMs: atMs - share * width, toMs: atMs + (1 - share) * width }, full);
}

/** Moved by a share of what is shown. */
export function panned(shown: Range, full: Range, share: number): Range {
  const by = share * (shown.toMs - shown.fromMs);
  return within({ fromMs: shown.fromMs + by, toMs: shown.toMs + by }, full);
}

/** A chosen range, with some of its surroundings. */
export function zoomTo({ fromMs, toMs }: Range, full: Range): Range | undefined {
  const around = (toMs - fromMs) * 0.05;
  const span = Math.max(LEAST_SPAN_MS, toMs - fromMs + 2 * around);
  if (span >= full.toMs - full.fromMs) return undefined;
  const middle = (fromMs + toMs) / 2;
  return within({ fromMs: middle - span / 2, toMs: middle + span / 2 }, full);
}

/** In order, inside of the recording, in whole tenths of ms: what an address can say. */
export function brushOf(a: number, b: number, full: Range): Range {
  const clamp = (ms: number): number =>
    Math.round(Math.min(full.toMs, Math.max(full.fromMs, ms)) * 10) / 10;
  return { fromMs: clamp(Math.min(a, b)), toMs: clamp(Math.max(a, b)) };
}

/** The same length, moved to lie inside. */
function within(range: Range, full: Range): Range {
  const span = Math.min(range.toMs - range.fromMs, full.toMs - full.fromMs);
  const fromMs = Math.min(full.toMs - span, Math.max(full.fromMs, range.fromMs));
  return { fromMs, toMs: fromMs + span };
}

/** A dozen frames at 240 fps. */
const LEAST_SPAN_MS = 50;
