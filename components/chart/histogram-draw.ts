// Draws a histogram with its share of frames and its budget on a 2D context. Knows no DOM.
import { acrossOf, type HistogramModel, heightOf } from './histogram.ts';
import { type Context, label, type Paint } from './scene.ts';

export interface HistogramWords {
  readonly budget: string;
  readonly ecdf: string;
  /** Of a tick on the time axis. */
  readonly time: (us: number, isLast: boolean) => string;
  readonly count: (count: number) => string;
}

export function drawHistogram(
  g: Context,
  width: number,
  height: number,
  model: HistogramModel,
  paint: Paint,
  words: HistogramWords,
): void {
  const area = { left: LEFT_PX, right: width, top: TOP_PX, bottom: height - BOTTOM_PX };
  const x = (us: number): number => area.left + acrossOf(model, us) * (area.right - area.left);
  const y = (count: number): number =>
    area.bottom - heightOf(model, count) * (area.bottom - area.top);
  g.font = paint.font;
  g.textBaseline = 'middle';
  drawCounts(g, model, paint, words, area, y);
  for (const bar of model.bars) {
    const from = Math.round(x(bar.fromUs));
    const to = Math.round(x(bar.toUs));
    const top = Math.min(area.bottom - 1, Math.round(y(bar.count)));
    g.fillStyle = paint.colour(bar.isOver ? 'bad' : 'new');
    g.fillRect(from, top, Math.max(1, to - from - 1), area.bottom - top);
  }
  drawSteps(g, model, paint, area, x);
  drawBudget(g, model, paint, words, area, x);
  drawTimes(g, model, paint, words, area, x);
  label(g, paint, words.ecdf, area.right - 4, area.top + 11, 'text', 'right');
}

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function drawCounts(
  g: Context,
  { countTicks }: HistogramModel,
  paint: Paint,
  words: HistogramWords,
  { left, right, top, bottom }: Area,
  y: (count: number) => number,
): void {
  for (const tick of countTicks) {
    const at = Math.round(y(tick));
    g.fillStyle = paint.colour('grid');
    g.fillRect(left, at, right - left, 1);
    g.fillStyle = paint.colour('text3');
    g.textAlign = 'right';
    g.fillText(words.count(tick), left - 6, Math.min(bottom - 5, Math.max(top + 5, at)));
  }
}

/** Level up to the edge, then up: between two edges nothing is known. */
function drawSteps(
  g: Context,
  { steps }: HistogramModel,
  paint: Paint,
  { left, right, top, bottom }: Area,
  x: (us: number) => number,
): void {
  const y = (share: number): number => bottom - share * (bottom - top);
  const path = (): void => {
    g.beginPath();
    g.moveTo(left, y(0));
    let before = 0;
    for (const { us, share } of steps) {
      g.lineTo(x(us), y(before));
      g.lineTo(x(us), y(share));
      before = share;
    }
    g.lineTo(right, y(before));
    g.stroke();
  };
  g.strokeStyle = paint.colour('surface');
  g.lineWidth = 3;
  path();
  g.strokeStyle = paint.colour('text');
  g.lineWidth = 1.25;
  path();
}

function drawBudget(
  g: Context,
  { budgetUs }: HistogramModel,
  paint: Paint,
  words: HistogramWords,
  { right, top, bottom }: Area,
  x: (us: number) => number,
): void {
  if (budgetUs === undefined) return;
  const at = Math.round(x(budgetUs)) + 0.5;
  g.save();
  g.strokeStyle = paint.colour('budget');
  g.lineWidth = 1.25;
  g.setLineDash([5, 4]);
  g.beginPath();
  g.moveTo(at, top);
  g.lineTo(at, bottom);
  g.stroke();
  g.restore();
  const isRoom = at + 5 + g.measureText(words.budget).width < right;
  const middle = top + (bottom - top) * 0.4;
  label(
    g,
    paint,
    words.budget,
    at + (isRoom ? 5 : -5),
    middle,
    'budget',
    isRoom ? 'left' : 'right',
  );
}

/** A label that would touch the one before it is dropped. */
function drawTimes(
  g: Context,
  { ticksUs }: HistogramModel,
  paint: Paint,
  words: HistogramWords,
  { left, right, bottom }: Area,
  x: (us: number) => number,
): void {
  g.fillStyle = paint.colour('control');
  g.fillRect(left, bottom, right - left, 1);
  let free = left - 8;
  g.textAlign = 'left';
  ticksUs.forEach((us, i) => {
    const at = x(us);
    const text = words.time(us, i === ticksUs.length - 1);
    const { width } = g.measureText(text);
    g.fillStyle = paint.colour('control');
    g.fillRect(Math.min(right - 1, Math.round(at)), bottom, 1, 4);
    const from = Math.min(right - width, at - width / 2);
    if (from < free) return;
    g.fillStyle = paint.colour('text3');
    g.fillText(text, from, bottom + 12);
    free = from + width + 6;
  });
}

const LEFT_PX = 34;
const TOP_PX = 4;
const BOTTOM_PX = 20;
