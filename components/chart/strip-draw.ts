// Draws single frames side by side on a 2D context. Knows no DOM.
import { type Context, label, type Paint } from './scene.ts';
import { type StripFrame, type StripModel, timedPlaces, valueLabels } from './strip.ts';

export interface StripWords {
  /** "Budget 8.33 ms"; undefined without one. */
  readonly budget: string | undefined;
  readonly tick: (ms: number) => string;
  readonly value: (ms: number) => string;
  readonly time: (ms: number) => string;
  readonly hole: (ms: number) => string;
}

/** Height without the axis below. */
export function stripHeight(isNarrow: boolean): number {
  return isNarrow ? 120 : 148;
}

/** Where the slots begin. */
export function stripLeft(isNarrow: boolean): number {
  return isNarrow ? 0 : 34;
}

export function drawStrip(
  g: Context,
  width: number,
  model: StripModel,
  selected: number | undefined,
  paint: Paint,
  words: StripWords,
): void {
  const place = placing(model, paint);
  g.font = paint.font;
  g.textBaseline = 'middle';
  for (const { value, y } of ticksOf(model, place)) {
    g.fillStyle = paint.colour('grid');
    g.fillRect(place.left, Math.round(y), width - place.left, 1);
    if (paint.narrow) continue;
    g.fillStyle = paint.colour('text3');
    g.textAlign = 'right';
    g.fillText(words.tick(value), place.left - 6, clamp(y, 6, place.bottom - 5));
  }
  const chosen = model.frames.findIndex(({ row }) => row === selected);
  if (chosen >= 0) drawChosen(g, chosen, model, paint, place);
  for (const [i, frame] of model.frames.entries()) drawFrame(g, i, frame, model, paint, place);
  drawHoles(g, model, paint, place, words);
  drawBudget(g, width, model, paint, place, words);
  drawValues(g, width, model, paint, place, words);
  if (paint.narrow) drawInnerTicks(g, model, paint, place, words);
  drawTimes(g, width, model, paint, place, words);
}

interface Place {
  readonly left: number;
  readonly bottom: number;
  readonly x: (place: number) => number;
  readonly y: (ms: number) => number;
}

function placing({ scale, pitchPx }: StripModel, paint: Paint): Place {
  const left = stripLeft(paint.narrow);
  const bottom = stripHeight(paint.narrow);
  return {
    ...{ left, bottom },
    x: (place) => left + place * pitchPx,
    y: (ms) => bottom - (Math.min(ms, scale.max) / scale.max) * (bottom - HEADROOM_PX),
  };
}

function ticksOf({ scale }: StripModel, { y }: Place) {
  return scale.ticks.map((value) => ({ value, y: y(value) }));
}

function drawChosen(
  g: Context,
  place: number,
  { pitchPx, scale }: StripModel,
  paint: Paint,
  { x, y, bottom }: Place,
): void {
  const top = y(scale.max);
  g.fillStyle = paint.colour('raised');
  g.fillRect(x(place) - 1.5, top, pitchPx + 2, bottom - top);
  g.strokeStyle = paint.colour('accent');
  g.lineWidth = 1.5;
  g.strokeRect(x(place) - 1.75, top - 0.75, pitchPx + 2.5, bottom - top + 1.5);
}

function drawFrame(
  g: Context,
  place: number,
  frame: StripFrame,
  { pitchPx, scale }: StripModel,
  paint: Paint,
  { x, y, bottom }: Place,
): void {
  const from = x(place);
  const width = pitchPx >= 3 ? pitchPx - 1 : pitchPx;
  for (const { fromMs, toMs, token } of frame.bands) {
    if (fromMs >= scale.max) break;
    const [low, high] = [Math.round(y(fromMs)), Math.round(y(toMs))];
    // A band is a pixel high at least, where it lies lowest; the next covers what is too much.
    const top = Math.min(low - 1, high);
    g.fillStyle = paint.fill(token);
    g.fillRect(from, top, width, low - top);
    if (fromMs > 0 && low - top >= EDGED_FROM_PX) {
      g.fillStyle = paint.colour('surface');
      g.fillRect(from, low - 1, width, 1);
    }
  }
  if (frame.isCut) drawBreak(g, from, pitchPx, y(scale.max), paint);
  if (frame.isDropped) drawCross(g, from, pitchPx, bottom, paint);
  drawGlyphs(g, from, pitchPx, frame, bottom, paint);
}

/** The bar goes on: two strokes of the ground through it. */
function drawBreak(g: Context, x: number, pitchPx: number, top: number, paint: Paint): void {
  g.strokeStyle = paint.colour('surface');
  g.lineWidth = 1.5;
  g.beginPath();
  for (const y of [top + 6, top + 10]) {
    g.moveTo(x - 1, y + 2);
    g.lineTo(x + pitchPx, y - 2);
  }
  g.stroke();
}

function drawCross(g: Context, x: number, pitchPx: number, bottom: number, paint: Paint): void {
  const size = Math.min(4, Math.max(1.5, pitchPx - 2));
  const from = x + (pitchPx - 1 - size) / 2;
  g.strokeStyle = paint.colour('bad');
  g.lineWidth = 1.4;
  g.beginPath();
  g.moveTo(from, bottom - 2 - size);
  g.lineTo(from + size, bottom - 2);
  g.moveTo(from + size, bottom - 2 - size);
  g.lineTo(from, bottom - 2);
  g.stroke();
}

/** Below the axis: what kind of frame it was. */
function drawGlyphs(
  g: Context,
  x: number,
  pitchPx: number,
  frame: StripFrame,
  bottom: number,
  paint: Paint,
): void {
  const middle = x + (pitchPx - 1) / 2;
  const y = bottom + 8;
  if (frame.isRepeat) {
    const size = Math.min(5, Math.max(1, pitchPx - 1));
    g.fillStyle = paint.hatch('repeat');
    g.fillRect(middle - size / 2, y - 2.5, size, 5);
    g.strokeStyle = paint.colour('repeat');
    g.lineWidth = 1;
    if (size >= 3) g.strokeRect(middle - size / 2 + 0.5, y - 2, size - 1, 4);
    else {
      g.fillStyle = paint.colour('repeat');
      g.fillRect(middle - size / 2, y - 2.5, size, 5);
    }
  }
  if (frame.isKey) {
    g.fillStyle = paint.colour('text');
    polygon(g, [middle, y - 4], [middle + 4, y], [middle, y + 4], [middle - 4, y]);
    g.fill();
  } else if (frame.isInvalidated) {
    g.strokeStyle = paint.colour('text');
    g.lineWidth = 1.25;
    polygon(g, [middle, y - 3.5], [middle + 3.5, y + 3], [middle - 3.5, y + 3]);
    g.stroke();
  }
}

function polygon(g: Context, ...points: readonly (readonly [number, number])[]): void {
  g.beginPath();
  for (const [i, [x, y]] of points.entries()) i === 0 ? g.moveTo(x, y) : g.lineTo(x, y);
  g.closePath();
}

/** Time passed without a frame: a hairline, and how much unless it would touch the one before. */
function drawHoles(
  g: Context,
  { holes, scale }: StripModel,
  paint: Paint,
  { x, y, bottom }: Place,
  words: StripWords,
): void {
  let free = 0;
  for (const { before, ms } of holes) {
    const at = Math.round(x(before)) - 1;
    g.fillStyle = paint.colour('control');
    g.fillRect(at, y(scale.max), 1, bottom - y(scale.max));
    if (at < free) continue;
    label(g, paint, words.hole(ms), at + 4, y(scale.max / 2), 'text3', 'left');
    free = at + g.measureText(words.hole(ms)).width + 8;
  }
}

function drawBudget(
  g: Context,
  width: number,
  { budgetMs }: StripModel,
  paint: Paint,
  { left, y }: Place,
  words: StripWords,
): void {
  if (budgetMs === undefined || words.budget === undefined) return;
  const at = Math.round(y(budgetMs)) + 0.5;
  g.save();
  g.strokeStyle = paint.colour('budget');
  g.lineWidth = 1.25;
  g.setLineDash([5, 4]);
  g.beginPath();
  g.moveTo(left, at);
  g.lineTo(width, at);
  g.stroke();
  g.restore();
  label(g, paint, words.budget, width - 4, at - 9, 'budget', 'right');
}

function drawValues(
  g: Context,
  width: number,
  model: StripModel,
  paint: Paint,
  { left, x }: Place,
  words: StripWords,
): void {
  const widthOf = (ms: number): number => g.measureText(words.value(ms)).width;
  for (const { place, ms } of valueLabels(model, widthOf)) {
    const half = widthOf(ms) / 2;
    const middle = clamp(x(place) + model.pitchPx / 2, left + half, width - half);
    label(g, paint, words.value(ms), middle, HEADROOM_PX / 2, 'text', 'center');
  }
}

/** Without a column of their own they stand in the plot. */
function drawInnerTicks(
  g: Context,
  model: StripModel,
  paint: Paint,
  place: Place,
  words: StripWords,
): void {
  for (const { value, y } of ticksOf(model, place)) {
    if (value > 0) label(g, paint, words.tick(value), place.left + 2, y - 7, 'text3', 'left');
  }
}

function drawTimes(
  g: Context,
  width: number,
  model: StripModel,
  paint: Paint,
  { left, bottom, x }: Place,
  words: StripWords,
): void {
  g.fillStyle = paint.colour('control');
  g.fillRect(left, bottom, width - left, 1);
  for (const place of timedPlaces(model, LEAST_TICK_PX)) {
    const frame = model.frames[place];
    if (frame === undefined) continue;
    const text = words.time(frame.atMs);
    const half = g.measureText(text).width / 2;
    const middle = x(place) + (model.pitchPx - 1) / 2;
    g.fillStyle = paint.colour('control');
    g.fillRect(Math.round(middle), bottom, 1, 4);
    if (middle - half < left || middle + half > width) continue;
    g.fillStyle = paint.colour('text3');
    g.textAlign = 'center';
    g.fillText(text, middle, bottom + 20);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

/** Above the scale: room for the values of what left it. */
const HEADROOM_PX = 18;
const LEAST_TICK_PX = 110;
/** Lower bands would vanish behind a line between them. */
const EDGED_FROM_PX = 10;
