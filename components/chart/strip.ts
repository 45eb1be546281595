// Single frames side by side, one slot each: what each is made of, where it leaves the scale, how it ended. Every frame
// keeps a slot of its own, so that no reduction can hide one. No DOM.
import { ABSENT, frameFlags } from '../../recording/src/frames.ts';
import type { PartName } from '../../recording/src/review/frame-table.ts';
import type { Strip } from '../../recording/src/review/review.ts';
import { isDropped } from '../../recording/src/windows.ts';
import type { Token } from '../base/series-tokens.ts';
import { fixedScale, niceScale, type Scale } from './scale.ts';

export interface StripFrame {
  readonly row: number;
  readonly atMs: number;
  /** Undefined: it never got to the last packet. */
  readonly totalMs: number | undefined;
  /** From the bottom up, without holes; the last ends at the total. */
  readonly bands: readonly Band[];
  /** Longer than the scale. */
  readonly isCut: boolean;
  readonly isOver: boolean;
  readonly isDropped: boolean;
  readonly isKey: boolean;
  readonly isRepeat: boolean;
  readonly isInvalidated: boolean;
}

export interface Band {
  readonly fromMs: number;
  readonly toMs: number;
  readonly token: Token;
}

export interface StripModel {
  readonly frames: readonly StripFrame[];
  readonly budgetMs: number | undefined;
  readonly scale: Scale;
  /** Width of a slot, px. */
  readonly pitchPx: number;
  /** Time without any frame before a frame, by its place in `frames`. */
  readonly holes: readonly { readonly before: number; readonly ms: number }[];
}

/** `budgetUs`: Infinity when the mode is not known. */
export function stripModel(
  strip: Strip,
  parts: readonly PartName[],
  budgetUs: number,
  pitchPx: number,
): StripModel {
  const budgetMs = Number.isFinite(budgetUs) ? budgetUs / 1000 : undefined;
  const longest = strip.totalUs.reduce((most, us) => Math.max(most, us), 0) / 1000;
  const scale =
    budgetMs === undefined ? niceScale(longest * 1.1, 4) : fixedScale(BUDGETS_SHOWN * budgetMs, 4);
  const isStacked = pitchPx >= STACKED_FROM_PX;
  const frames = Array.from(strip.totalUs, (us, i): StripFrame => {
    const flags = strip.flags[i] ?? 0;
    const totalMs = us === ABSENT ? undefined : us / 1000;
    const isOver = us > budgetUs;
    const worst = parts[strip.worstPart[i] ?? ABSENT] ?? 'other';
    return {
      row: strip.firstRow + i,
      atMs: strip.atMs[i] ?? 0,
      totalMs,
      bands: isStacked ? stackOf(strip, parts, i) : plainBand(totalMs, isOver ? worst : 'new'),
      isCut: totalMs !== undefined && totalMs > scale.max,
      isOver,
      isDropped: isDropped(strip.outcome[i] ?? ABSENT),
      isKey: (flags & frameFlags.key) !== 0,
      isRepeat: (flags & frameFlags.repeat) !== 0,
      isInvalidated: (flags & frameFlags.afterInvalidation) !== 0,
    };
  });
  return { frames, budgetMs, scale, pitchPx, holes: holesOf(frames, budgetMs) };
}

/** Frames that fit into a width. */
export function slotsIn(widthPx: number, pitchPx: number): number {
  return Math.max(1, Math.floor(widthPx / pitchPx));
}

/** Places in `frames` that carry a time, a round number of frames apart and no closer than `minPx`. */
export function timedPlaces({ frames, pitchPx }: StripModel, minPx: number): number[] {
  const every = ROUND_FRAMES.find((n) => n * pitchPx >= minPx) ?? frames.length + 1;
  return frames.flatMap(({ row }, place) => (row % every === 0 ? [place] : []));
}

/** Values over the bars that left the scale: the longest first, none touching another. */
export function valueLabels(
  { frames, pitchPx }: StripModel,
  widthOf: (ms: number) => number,
): { readonly place: number; readonly ms: number }[] {
  const cut = frames.flatMap(({ isCut, totalMs = 0 }, place) =>
    isCut ? [{ place, ms: totalMs }] : [],
  );
  const placed: { readonly place: number; readonly ms: number; readonly half: number }[] = [];
  for (const one of cut.toSorted((a, b) => b.ms - a.ms || a.place - b.place)) {
    const half = widthOf(one.ms) / 2 + LABEL_ROOM_PX;
    const isFree = placed.every(
      (other) => Math.abs(other.place - one.place) * pitchPx >= half + other.half,
    );
    if (isFree) placed.push({ ...one, half });
  }
  return placed.map(({ place, ms }) => ({ place, ms }));
}

/** The place whose frame was grabbed nearest to a time; undefined in an empty strip. */
export function nearestPlace(atMs: ArrayLike<number>, ms: number): number | undefined {
  let best: number | undefined;
  for (let place = 0; place < atMs.length; place += 1) {
    const apart = Math.abs((atMs[place] ?? 0) - ms);
    if (best === undefined || apart < Math.abs((atMs[best] ?? 0) - ms)) best = place;
  }
  return best;
}

function plainBand(totalMs: number | undefined, token: Token): Band[] {
  return totalMs === undefined || totalMs === 0 ? [] : [{ fromMs: 0, toMs: totalMs, token }];
}

/** What of the total no part accounts for belongs to none of them. */
function stackOf(strip: Strip, parts: readonly PartName[], place: number): Band[] {
  const bands: Band[] = [];
  const totalMs = Math.max(0, strip.totalUs[place] ?? 0) / 1000;
  let at = 0;
  for (const [part, token] of parts.entries()) {
    const ms = Math.max(0, strip.partUs[part]?.[place] ?? 0) / 1000;
    const toMs = Math.min(totalMs, at + ms);
    if (toMs > at) bands.push({ fromMs: at, toMs, token });
    at = Math.max(at, toMs);
  }
  // Thousandths of ms added up may miss the total by a hair.
  if (totalMs - at > HAIR_MS) bands.push({ fromMs: at, toMs: totalMs, token: 'other' });
  return bands;
}

function holesOf(
  frames: readonly StripFrame[],
  budgetMs = Number.POSITIVE_INFINITY,
): StripModel['holes'] {
  const least = Math.max(LEAST_HOLE_MS, BUDGETS_SHOWN * budgetMs);
  return frames.flatMap(({ atMs }, place) => {
    const before = frames[place - 1];
    if (before === undefined) return [];
    const ms = atMs - before.atMs;
    // A slow frame holds up the next one: its bar says so already.
    return ms - (before.totalMs ?? 0) >= least ? [{ before: place, ms }] : [];
  });
}

/** The budget at a quarter of the height: a frame that is three times too slow is still drawn whole. */
const BUDGETS_SHOWN = 4;
/** Narrower slots cannot show what a frame is made of. */
const STACKED_FROM_PX = 4;
const LEAST_HOLE_MS = 50;
const LABEL_ROOM_PX = 3;
const HAIR_MS = 1e-6;
const ROUND_FRAMES = [5, 10, 20, 30, 60, 120, 240, 480, 960];
