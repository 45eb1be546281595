// Draws the series of a lane on any 2D context: straight lines from point to point, areas down to what they stand on, and
// nothing across a break. What chart.js would do with the same data, at a tenth of the time: it measures and interpolates
// for pointers, animations and curves, which lanes do not have.
import type { LaneDataset } from './options.ts';
import type { Context, Placing } from './scene.ts';

/** From the last to the first: the first lies on top. */
export function drawSeries(g: Context, at: Placing, datasets: readonly LaneDataset[]): void {
  const { left, right, top, bottom } = at.area;
  g.save();
  g.beginPath();
  g.rect(left, top - EDGE_PX, right - left, bottom - top + 2 * EDGE_PX);
  g.clip();
  g.lineJoin = 'bevel';
  const scale = scaleOf(at);
  for (let i = datasets.length - 1; i >= 0; i -= 1) {
    const dataset = datasets[i];
    if (dataset === undefined) continue;
    const ground = dataset.backgroundColor;
    const isPlain = typeof ground === 'string' || ground instanceof CanvasPattern;
    if (isPlain && hasArea(dataset)) {
      g.fillStyle = ground;
      drawArea(g, scale, dataset, datasets[i + 1]);
    }
    drawLine(g, scale, dataset);
  }
  g.restore();
}

/** Both axes are linear. */
interface Scale {
  readonly x0: number;
  readonly perMs: number;
  readonly y0: number;
  readonly perValue: number;
}

function scaleOf(at: Placing): Scale {
  const [x0, y0] = [at.x(0), at.y(0)];
  return { x0, perMs: (at.x(SPAN_MS) - x0) / SPAN_MS, y0, perValue: at.y(1) - y0 };
}

function hasArea({ fill }: LaneDataset): boolean {
  return fill !== undefined && fill !== false;
}

/** Each unbroken run is one shape, closed along its base: a value, or the series below. */
function drawArea(
  g: Context,
  scale: Scale,
  { data, fill }: LaneDataset,
  below?: LaneDataset,
): void {
  const lower = fill === '+1' ? below?.data : undefined;
  const base = typeof fill === 'object' && 'value' in fill ? (fill.value ?? 0) : 0;
  for (const [from, to] of runsOf(data)) {
    g.beginPath();
    trace(g, scale, data, from, to);
    for (let i = to - 1; i >= from; i -= 1) {
      const x = scale.x0 + (data[i]?.x ?? 0) * scale.perMs;
      const y = lower?.[i]?.y ?? base;
      // A straight base needs its two ends alone.
      if (lower !== undefined || i === from || i === to - 1) {
        g.lineTo(x, scale.y0 + y * scale.perValue);
      }
    }
    g.fill();
  }
}

function drawLine(g: Context, scale: Scale, dataset: LaneDataset): void {
  const { data, borderColor, borderWidth, borderDash } = dataset;
  if (typeof borderColor !== 'string' || typeof borderWidth !== 'number') return;
  if (borderWidth <= 0 || borderColor === 'transparent') return;
  g.strokeStyle = borderColor;
  g.lineWidth = borderWidth;
  g.setLineDash(Array.isArray(borderDash) ? borderDash.map(Number) : []);
  g.beginPath();
  for (const [from, to] of runsOf(data)) trace(g, scale, data, from, to);
  g.stroke();
}

function trace(g: Context, scale: Scale, data: LaneDataset['data'], from: number, to: number) {
  for (let i = from; i < to; i += 1) {
    const point = data[i];
    if (point === undefined) continue;
    const x = scale.x0 + point.x * scale.perMs;
    const y = scale.y0 + point.y * scale.perValue;
    if (i === from) g.moveTo(x, y);
    else g.lineTo(x, y);
  }
}

/** Stretches without a break. */
function runsOf(data: LaneDataset['data']): (readonly [from: number, to: number])[] {
  const runs: (readonly [number, number])[] = [];
  let from = -1;
  for (let i = 0; i <= data.length; i += 1) {
    const isThere = i < data.length && Number.isFinite(data[i]?.y);
    if (isThere && from < 0) from = i;
    if (isThere || from < 0) continue;
    runs.push([from, i]);
    from = -1;
  }
  return runs;
}

/** A line along the edge of the plot is not cut in half. */
const EDGE_PX = 1;
/** Long enough for the difference of two pixels to be exact. */
const SPAN_MS = 1e6;
