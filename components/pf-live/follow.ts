// Which part of a capture that grows is shown: its newest stretch, moving in whole pixels, or a part that was held when a
// hand touched it. Plain arithmetic.
import type { Range } from '../chart/grid.ts';

export type Span = number | 'all';

export type View =
  | { readonly kind: 'follow' }
  /** `seenMs`: where the capture ended when it was held, or moved last. */
  | { readonly kind: 'hold'; readonly range: Range; readonly seenMs: number };

/** The newest stretch; begins at 0 while there is less of it. */
export function followed(span: Span, endMs: number, widthPx: number): Range {
  const lengthMs = span === 'all' ? Math.max(LEAST_MS, endMs) : span;
  const stepMs = span === 'all' ? stepOf(lengthMs) : Math.max(1, lengthMs / Math.max(1, widthPx));
  const toMs = Math.max(lengthMs, Math.ceil(endMs / stepMs) * stepMs);
  return { fromMs: span === 'all' ? 0 : Math.max(0, toMs - lengthMs), toMs };
}

/** How far what is shown lies behind what has come. */
export function behindMs({ range, seenMs }: View & { kind: 'hold' }, endMs: number): number {
  return Math.max(0, endMs - Math.min(range.toMs, seenMs));
}

/** All of it grows in steps: an axis that never stands still cannot be read. */
function stepOf(lengthMs: number): number {
  return 2 ** Math.ceil(Math.log2(lengthMs / ALL_STEPS));
}

export const SPANS: readonly Span[] = [60_000, 120_000, 300_000, 'all'];
/** As the design has it. */
export const FIRST_SPAN: Span = 120_000;
const LEAST_MS = 60_000;
const ALL_STEPS = 200;
