// Paints findings and events on any 2D context: numbered boxes with their bars, glyphs of one shape a kind, words. Where
// everything stands was decided in event-layout.ts.
import type { Axis, Box, EventRow } from './event-layout.ts';
import type { Shape } from './events.ts';
import type { FindingGlyph } from './finding-layout.ts';
import type { Paint } from './scene.ts';

type Context = CanvasRenderingContext2D;

export interface PaintedFinding extends FindingGlyph {
  readonly fill: string | CanvasPattern;
  readonly edge: string;
}

export interface EventScene {
  readonly axis: Axis;
  readonly findings: readonly PaintedFinding[];
  readonly selected: number | undefined;
  readonly events: EventRow;
  readonly timeTicks: readonly number[];
}

export function paintEvents(g: Context, scene: EventScene, paint: Paint): void {
  g.save();
  g.textBaseline = 'middle';
  g.textAlign = 'left';
  g.font = paint.font;
  paintGrid(g, scene, paint);
  for (const finding of scene.findings) paintBar(g, finding);
  for (const finding of scene.findings) {
    paintNumber(g, finding, finding.index === scene.selected, paint);
  }
  for (const { box, token } of scene.events.extents) {
    g.fillStyle = paint.colour(token);
    g.fillRect(box.from, EXTENT_TOP, box.to - box.from, EXTENT_HEIGHT);
  }
  for (const glyph of scene.events.glyphs) {
    const colour = paint.colour(glyph.token);
    const { from, to } = glyph.box;
    if (glyph.shape === undefined) {
      g.strokeStyle = paint.colour('control');
      g.lineWidth = 1;
      g.strokeRect(from + 0.5, EVENT_Y - 7.5, to - from - 1, 15);
      write(g, glyph.count, from + 3, EVENT_Y, paint.colour('text2'));
    } else {
      paintShape(g, glyph.shape, Math.round(from), EVENT_Y - 6, colour);
      write(g, glyph.count, Math.round(from) + 13, EVENT_Y, paint.colour('text2'));
    }
    if (glyph.label !== undefined) {
      write(g, glyph.label.text, glyph.label.box.from, EVENT_Y, paint.colour('text2'));
    }
  }
  g.restore();
}

function paintGrid(g: Context, { axis, timeTicks }: EventScene, paint: Paint): void {
  const { range, left, width } = axis;
  g.fillStyle = paint.colour('grid');
  for (const ms of timeTicks) {
    const x = Math.round(left + ((ms - range.fromMs) / (range.toMs - range.fromMs)) * width);
    g.fillRect(Math.min(x, left + width - 1), 0, 1, LANE_HEIGHT);
  }
}

function paintBar(g: Context, { bar, lane, lanes, fill, edge }: PaintedFinding): void {
  const height = BAR_HEIGHT / lanes;
  const top = FINDING_Y - BAR_HEIGHT / 2 + lane * height;
  const { from, width } = whole(bar);
  const inner = Math.max(1, height - (lanes > 1 ? 1 : 0));
  g.fillStyle = fill;
  g.fillRect(from, top, width, inner);
  // A hatch or a pattern needs its edge to be told from the ground.
  if (typeof fill === 'string' || width < 4) return;
  g.strokeStyle = edge;
  g.lineWidth = 1;
  g.strokeRect(from + 0.5, top + 0.5, width - 1, inner - 1);
}

/** The selected one is filled: no colour has to say so. */
function paintNumber(g: Context, finding: PaintedFinding, isSelected: boolean, paint: Paint): void {
  const { box, index, label } = finding;
  if (box !== undefined) {
    const { from, width } = whole(box);
    const top = FINDING_Y - NUMBER_HEIGHT / 2;
    g.beginPath();
    g.roundRect(from + 0.75, top + 0.75, width - 1.5, NUMBER_HEIGHT - 1.5, 3);
    g.fillStyle = paint.colour(isSelected ? 'text' : 'surface');
    g.fill();
    g.strokeStyle = paint.colour(isSelected ? 'text' : 'text2');
    g.lineWidth = 1.5;
    g.stroke();
    g.save();
    g.font = `600 ${paint.font}`;
    g.textAlign = 'center';
    write(
      g,
      String(index + 1),
      from + width / 2,
      FINDING_Y + 0.5,
      paint.colour(isSelected ? 'surface' : 'text'),
    );
    g.restore();
  }
  if (label !== undefined) write(g, label.text, label.box.from, FINDING_Y, paint.colour('text2'));
}

function write(g: Context, text: string, x: number, y: number, colour: string): void {
  if (text === '') return;
  g.fillStyle = colour;
  g.fillText(text, x, y);
}

function whole({ from, to }: Box): { readonly from: number; readonly width: number } {
  const left = Math.round(from);
  return { from: left, width: Math.max(1, Math.round(to) - left) };
}

/** A shape in a square of 12 px. */
function paintShape(g: Context, shape: Shape, x: number, y: number, colour: string): void {
  const { path, filled } = SHAPES[shape];
  g.save();
  g.translate(x, y);
  g.strokeStyle = colour;
  g.fillStyle = colour;
  g.lineWidth = 1.5;
  g.lineJoin = 'miter';
  const drawn = new Path2D(path);
  if (filled === true) g.fill(drawn);
  else g.stroke(drawn);
  g.restore();
}

interface Drawn {
  readonly path: string;
  readonly filled?: true;
}

const SHAPES: Readonly<Record<Shape, Drawn>> = {
  join: { path: 'M9 1.25H5.25V10.75H9' },
  leave: { path: 'M3 1.25H6.75V10.75H3' },
  flag: { path: 'M2.5 12V1H10.5L8 3.75L10.5 6.5H4V12Z', filled: true },
  diamond: { path: 'M6 1L11 6L6 11L1 6Z', filled: true },
  'diamond-open': { path: 'M6 1.75L10.25 6L6 10.25L1.75 6Z' },
  triangle: { path: 'M6 1.75L10.75 10.25H1.25Z' },
  'triangle-down': { path: 'M6 10.25L10.75 1.75H1.25Z' },
  'step-up': { path: 'M0.75 9.75H6V2.25H11.25' },
  'step-down': { path: 'M0.75 2.25H6V9.75H11.25' },
  'chevron-up': { path: 'M1.5 8L6 3.5L10.5 8' },
  'chevron-down': { path: 'M1.5 4L6 8.5L10.5 4' },
  bar: { path: 'M0.5 3H11.5V9H0.5Z', filled: true },
  'bar-open': { path: 'M1.25 3.25H10.75V8.75H1.25Z' },
  'bar-broken': { path: 'M0.5 3H4.5V9H0.5ZM7.5 3H11.5V9H7.5Z', filled: true },
  dots: {
    path: 'M0.5 4.75H3V7.25H0.5ZM4.75 4.75H7.25V7.25H4.75ZM9 4.75H11.5V7.25H9Z',
    filled: true,
  },
  cross: { path: 'M2 2L10 10M10 2L2 10' },
  frame: { path: 'M1.25 2.75H10.75V9.25H1.25Z' },
  'frame-dashed': { path: 'M1.25 5V2.75H4M8 2.75H10.75V5M10.75 7V9.25H8M4 9.25H1.25V7' },
  ring: { path: 'M6 2.5A3.5 3.5 0 1 1 5.99 2.5Z' },
  'ring-crossed': { path: 'M6 1.75A4.25 4.25 0 1 1 5.99 1.75ZM3 9L9 3' },
  disc: { path: 'M6 2A4 4 0 1 1 5.99 2Z', filled: true },
  clock: { path: 'M6 1.25A4.75 4.75 0 1 1 5.99 1.25ZM6 3.25V6H8.25' },
  arrow: { path: 'M1 6H10.5M7 2.5L10.5 6L7 9.5' },
  strokes: { path: 'M3 1.5V10.5M6 1.5V10.5M9 1.5V10.5' },
  square: { path: 'M2.5 2.5H9.5V9.5H2.5Z' },
};

export const LANE_HEIGHT = 44;
const FINDING_Y = 11;
const EVENT_Y = 31;
/** Between the rows, where a click means the lower one. */
export const ROW_EDGE = 22;
const BAR_HEIGHT = 10;
const NUMBER_HEIGHT = 18;
const EXTENT_TOP = 40;
const EXTENT_HEIGHT = 3;
