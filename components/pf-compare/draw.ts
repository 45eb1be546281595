// The lanes of a comparison on any 2D context: lines that keep apart without colour, rows of worst frames, and where each
// run lies on the axis. No DOM, no words of its own.

import type { Range } from '../chart/grid.ts';
import { TICK_COLUMN_PX } from '../chart/options.ts';
import type { Scale } from '../chart/scale.ts';
import {
  type Context,
  drawBehind,
  drawOver,
  label,
  type Paint,
  type Placing,
} from '../chart/scene.ts';
import type { Placed } from './alignment.ts';
import { type Columns, type WorstScale, worstShare } from './columns.ts';

/** How one run looks, everywhere. */
export interface Look {
  readonly letter: string;
  readonly colour: string;
  /** Lengths of strokes and gaps, px; empty: solid. */
  readonly dash: readonly number[];
}

export interface DrawnRun {
  readonly look: Look;
  readonly offsetMs: number;
  readonly place: Placed | undefined;
  readonly columns: Columns | undefined;
  readonly budgetMs: number | undefined;
  /** A handle with its letter stands where it begins. */
  readonly isHeld: boolean;
}

/** What stands in a row of worst frames. */
export interface RowText {
  readonly words?: string;
  readonly peak?: { readonly atMs: number; readonly text: string };
}

export interface Axis {
  readonly range: Range;
  readonly ticks: readonly number[];
  readonly paint: Paint;
}

export interface Lines {
  readonly scale: Scale;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly budgets: readonly { readonly ms: number; readonly text: string }[];
  /** Of what leaves at the top. */
  readonly marks: readonly { readonly x: number; readonly text: string }[];
}

export function drawLines(
  g: Context,
  [width, height]: readonly [number, number],
  axis: Axis,
  runs: readonly DrawnRun[],
  lines: Lines,
): void {
  const { paint } = axis;
  const at = placing(axis, width, height, lines.scale.max);
  drawGrid(g, at, axis, lines.scale.ticks);
  const scene = { gaps: [], words: [], ticks: lines.ticks, marks: lines.marks, rules: [] };
  drawBehind(g, at, scene, paint);
  g.save();
  clipTo(g, at);
  // The first one comes last: nothing lies over it.
  for (const run of runs.toReversed()) if (run.columns !== undefined) drawLine(g, at, run, paint);
  g.restore();
  const rules = lines.budgets.map(({ ms, text }) => ({
    ...{ value: ms, token: 'budget' as const, dash: [5, 4] as const, label: text },
  }));
  drawOver(g, at, { ...scene, rules }, paint);
}

/** The path of a run's line in px, piece by piece; gaps end a piece. For drawing and for tests. */
export function pathsOf({ columns, offsetMs }: DrawnRun, at: Placing): [number, number][][] {
  const paths: [number, number][][] = [];
  if (columns === undefined) return paths;
  let path: [number, number][] = [];
  let before: number | undefined;
  for (let i = 0; i < columns.ms.length; i += 1) {
    const [from = 0, to = 0, ms = Number.NaN] = [columns.fromMs[i], columns.toMs[i], columns.ms[i]];
    const isApart = before !== undefined && from - before > columns.widthMs / 2;
    if ((isApart || Number.isNaN(ms)) && path.length > 0) {
      paths.push(path);
      path = [];
    }
    before = to;
    if (Number.isNaN(ms)) continue;
    path.push([at.x((from + to) / 2 + offsetMs), at.y(ms)]);
  }
  if (path.length > 0) paths.push(path);
  return paths;
}

function drawLine(g: Context, at: Placing, run: DrawnRun, paint: Paint): void {
  const { look } = run;
  const paths = pathsOf(run, at);
  g.lineJoin = 'round';
  g.lineCap = 'butt';
  for (const [colour, width, dash] of [
    [paint.colour('surface'), 3.5, []],
    [look.colour, 1.5, look.dash],
  ] as const) {
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.setLineDash([...dash]);
    g.beginPath();
    for (const path of paths) {
      const [first] = path;
      if (first === undefined) continue;
      g.moveTo(first[0] - (path.length === 1 ? 1 : 0), first[1]);
      for (const [x, y] of path) g.lineTo(x, y);
      if (path.length === 1) g.lineTo(first[0] + 1, first[1]);
    }
    g.stroke();
  }
  g.setLineDash([]);
}

/** A row a run, the first on top: bars from its own budget up, on one scale. */
export function drawWorst(
  g: Context,
  [width, height]: readonly [number, number],
  axis: Axis,
  runs: readonly DrawnRun[],
  scale: WorstScale,
  texts: readonly RowText[],
): void {
  const { paint } = axis;
  const whole = placing(axis, width, height, 1);
  drawGrid(g, whole, axis, []);
  const rowHeight = height / Math.max(1, runs.length);
  g.save();
  g.font = paint.font;
  g.textBaseline = 'middle';
  for (const [i, run] of runs.entries()) {
    const bottom = Math.round((i + 1) * rowHeight) - 4;
    const most = rowHeight - 8;
    const { left, right } = whole.area;
    g.fillStyle = paint.colour('grid');
    g.fillRect(left, bottom, right - left, 1);
    g.fillStyle = run.look.colour;
    for (const [from, to, ms] of barsOf(run, whole)) {
      const high = Math.max(1, Math.round(worstShare(scale, ms) * most));
      g.fillRect(from, bottom - high, to - from, high);
    }
    const text = texts[i];
    drawLetter(g, run.look, paint, left, bottom - most / 2);
    if (text?.words !== undefined) {
      label(
        g,
        paint,
        text.words,
        left + (paint.narrow ? 18 : 6),
        bottom - most / 2,
        'text3',
        'left',
      );
    }
    if (text?.peak !== undefined) {
      const x = Math.max(left + (paint.narrow ? 10 : 0), whole.x(text.peak.atMs));
      const isRight = x + 8 + g.measureText(text.peak.text).width > right;
      if (x >= left && x <= right) {
        label(
          g,
          paint,
          text.peak.text,
          x + (isRight ? -6 : 6),
          bottom - most + 5,
          'text',
          isRight ? 'right' : 'left',
        );
      }
    }
  }
  g.restore();
}

/** What lies over the budget, in px: a pixel wide at least, so that one bad frame of hours stays visible. */
export function barsOf(
  { columns, offsetMs, budgetMs = 1 }: DrawnRun,
  { x, area }: Placing,
): (readonly [from: number, to: number, ms: number])[] {
  const bars: (readonly [number, number, number])[] = [];
  if (columns === undefined) return bars;
  for (let i = 0; i < columns.worstMs.length; i += 1) {
    const ms = columns.worstMs[i] ?? Number.NaN;
    if (!(ms > budgetMs)) continue;
    const from = Math.max(area.left, Math.round(x((columns.fromMs[i] ?? 0) + offsetMs)));
    const to = Math.min(
      area.right,
      Math.max(from + 1, Math.round(x((columns.toMs[i] ?? 0) + offsetMs))),
    );
    if (to > from) bars.push([from, to, ms]);
  }
  return bars;
}

/** A row a run: from its start to its end, as its line looks, with its markers. */
export function drawPlaces(
  g: Context,
  [width, height]: readonly [number, number],
  axis: Axis,
  runs: readonly DrawnRun[],
): void {
  const { paint } = axis;
  const at = placing(axis, width, height, 1);
  drawGrid(g, at, axis, []);
  const rowHeight = height / Math.max(1, runs.length);
  const { left, right } = at.area;
  g.save();
  g.font = paint.font;
  g.textBaseline = 'middle';
  for (const [i, { look, place, offsetMs, isHeld }] of runs.entries()) {
    const y = Math.round((i + 0.5) * rowHeight) + 0.5;
    if (!isHeld || !paint.narrow) drawLetter(g, look, paint, left, y);
    if (place === undefined) continue;
    const from = Math.max(left, at.x(place.startMs + offsetMs));
    const to = Math.min(right, at.x(place.endMs + offsetMs));
    if (to > from) {
      g.strokeStyle = look.colour;
      g.lineWidth = 2;
      g.setLineDash([...look.dash]);
      g.beginPath();
      g.moveTo(from, y);
      g.lineTo(to, y);
      g.stroke();
      g.setLineDash([]);
    }
    drawFlags(g, at, place, offsetMs, y, paint);
  }
  g.restore();
}

/** A flag with its text; a text that would touch the one before it is dropped, its flag stays. */
function drawFlags(
  g: Context,
  at: Placing,
  place: Placed,
  offsetMs: number,
  y: number,
  paint: Paint,
): void {
  const { left, right } = at.area;
  let free = left;
  for (const [text, ms] of place.markers) {
    const x = Math.round(at.x(ms + offsetMs)) + 0.5;
    if (x < left || x > right) continue;
    g.fillStyle = paint.colour('accent');
    g.fillRect(x - 0.5, y - 8, 1, 16);
    g.beginPath();
    g.moveTo(x, y - 8);
    g.lineTo(x + 6, y - 5);
    g.lineTo(x, y - 2);
    g.fill();
    const width = g.measureText(text).width;
    if (x + 9 < free || x + 9 + width > right) continue;
    label(g, paint, text, x + 9, y - 5, 'accent', 'left');
    free = x + 15 + width;
  }
}

/** Beside the plot, where there is room; else in it. */
function drawLetter(g: Context, { letter }: Look, paint: Paint, left: number, y: number): void {
  if (paint.narrow) label(g, paint, letter, left + 2, y, 'text2', 'left');
  else {
    g.textAlign = 'right';
    g.fillStyle = paint.colour('text2');
    g.fillText(letter, left - 8, y);
  }
}

function drawGrid(g: Context, at: Placing, axis: Axis, values: readonly number[]): void {
  const { left, right, top, bottom } = at.area;
  g.save();
  g.fillStyle = axis.paint.colour('grid');
  for (const ms of axis.ticks)
    g.fillRect(Math.min(right - 1, Math.round(at.x(ms))), top, 1, bottom - top);
  for (const value of values) {
    g.fillRect(left, Math.min(bottom - 1, Math.round(at.y(value))), right - left, 1);
  }
  g.restore();
}

function clipTo(g: Context, { area }: Placing): void {
  g.beginPath();
  g.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
  g.clip();
}

/** Where a time and a value lie on a canvas of this size. */
export function placing(
  { range, paint }: Axis,
  width: number,
  height: number,
  max: number,
): Placing {
  const left = paint.narrow ? 0 : TICK_COLUMN_PX;
  const span = Math.max(1e-9, range.toMs - range.fromMs);
  return {
    area: { left, right: width, top: 0, bottom: height },
    x: (ms) => left + ((ms - range.fromMs) / span) * (width - left),
    y: (value) => height - 1 - (value / Math.max(1e-9, max)) * (height - 1),
  };
}
