// What a lane draws besides its series: tick labels, the budget, gap edges, marks of values that left at the top, words
// in place of data. Draws on any 2D context; knows neither chart.js nor the DOM.
import type { Token } from '../base/series-tokens.ts';
import type { Range } from './grid.ts';

export interface Paint {
  readonly colour: (token: Token) => string;
  /** The stage's colour, or its pattern where colour alone would not do. */
  readonly fill: (token: Token) => string | CanvasPattern;
  /** Diagonal hatch on the surface: repeats, in every theme. */
  readonly hatch: (token: Token) => string | CanvasPattern;
  readonly font: string;
  readonly narrow: boolean;
}

export interface Rule {
  readonly value: number;
  readonly token: Token;
  readonly dash: readonly [number, number];
  readonly label?: string;
}

export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly value: number;
  readonly token: Token;
}

export interface Scene {
  readonly gaps: readonly Range[];
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
  readonly rules: readonly Rule[];
  /** Values above the top, each with its text, at a time. */
  readonly marks: readonly { readonly x: number; readonly text: string }[];
  /** Upright bars from the bottom to a height, each in its colour; behind the rules. */
  readonly bars?: readonly Bar[];
  /** Words standing where a row has no data, at a height. */
  readonly words: readonly { readonly value: number; readonly text: string }[];
}

export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Placing {
  readonly area: Area;
  readonly x: (ms: number) => number;
  readonly y: (value: number) => number;
}

export type Context = CanvasRenderingContext2D;

/** Behind the series: a hairline at both ends of every gap. */
export function drawBehind(g: Context, at: Placing, scene: Scene, paint: Paint): void {
  g.save();
  g.fillStyle = paint.colour('hairline');
  const { left, right, top, bottom } = at.area;
  for (const gap of scene.gaps) {
    for (const edge of [gap.fromMs, gap.toMs]) {
      const x = Math.round(at.x(edge));
      if (x >= left && x < right) g.fillRect(x, top, 1, bottom - top);
    }
  }
  g.restore();
}

/** Over the series. */
export function drawOver(g: Context, at: Placing, scene: Scene, paint: Paint): void {
  g.save();
  g.font = paint.font;
  g.textBaseline = 'middle';
  drawBars(g, at, scene.bars ?? [], paint);
  for (const rule of scene.rules) drawRule(g, at, rule, paint);
  drawMarks(g, at, scene, paint);
  drawTicks(g, at, scene, paint);
  for (const words of scene.words) {
    label(g, paint, words.text, at.area.left + 6, at.y(words.value), 'text3', 'left');
  }
  g.restore();
}

/** A bar is a pixel wide at least: a single bad frame of hours stays visible. */
function drawBars(g: Context, at: Placing, bars: readonly Bar[], paint: Paint): void {
  const { left, right, bottom, top } = at.area;
  for (const { fromMs, toMs, value, token } of bars) {
    const from = Math.max(left, Math.round(at.x(fromMs)));
    const to = Math.min(right, Math.max(from + 1, Math.round(at.x(toMs))));
    const y = Math.max(top, Math.round(at.y(value)));
    if (to <= from || y >= bottom) continue;
    g.fillStyle = paint.fill(token);
    g.fillRect(from, y, to - from, bottom - y);
  }
}

function drawRule(g: Context, at: Placing, rule: Rule, paint: Paint): void {
  const { left, right, top, bottom } = at.area;
  const y = Math.round(at.y(rule.value)) + 0.5;
  if (y < top || y > bottom) return;
  g.save();
  g.strokeStyle = paint.colour(rule.token);
  g.lineWidth = 1.25;
  g.setLineDash([...rule.dash]);
  g.beginPath();
  g.moveTo(left, y);
  g.lineTo(right, y);
  g.stroke();
  g.restore();
  if (rule.label === undefined) return;
  const above = y - LABEL_RISE_PX;
  label(
    g,
    paint,
    rule.label,
    right - 4,
    above < top + 6 ? y + LABEL_RISE_PX : above,
    rule.token,
    'right',
  );
}

/** A label that would touch the one before it is dropped; its mark stays. */
function drawMarks(g: Context, at: Placing, scene: Scene, paint: Paint): void {
  const { left, right, top } = at.area;
  let free = left;
  for (const mark of scene.marks) {
    const x = Math.min(right - 4, Math.max(left + 4, at.x(mark.x)));
    g.fillStyle = paint.colour('text');
    g.beginPath();
    g.moveTo(x, top + 1);
    g.lineTo(x + 4, top + 8);
    g.lineTo(x - 4, top + 8);
    g.closePath();
    g.fill();
    const width = g.measureText(mark.text).width;
    const from = x + 8 + width <= right ? x + 8 : x - 8 - width;
    if (from < free) continue;
    label(g, paint, mark.text, from, top + 6, 'text', 'left');
    free = from + width + 8;
  }
}

function drawTicks(g: Context, at: Placing, scene: Scene, paint: Paint): void {
  const { left, top, bottom } = at.area;
  for (const tick of scene.ticks) {
    const y = at.y(tick.value);
    if (y < top - 1 || y > bottom + 1) continue;
    const inside = Math.max(top + 6, Math.min(bottom - 6, y));
    if (!paint.narrow) {
      g.fillStyle = paint.colour('text3');
      g.textAlign = 'right';
      g.fillText(tick.text, left - 8, inside);
    } else if (tick.value !== 0) {
      label(g, paint, tick.text, left + 2, inside, 'text3', 'left');
    }
  }
}

/** Text on a piece of the surface, so that it is read over lines and bars, which show through a little. */
export function label(
  g: Context,
  paint: Paint,
  text: string,
  x: number,
  y: number,
  token: Token,
  align: CanvasTextAlign,
): void {
  g.textAlign = align;
  const width = g.measureText(text).width;
  const from = align === 'right' ? x - width : align === 'center' ? x - width / 2 : x;
  g.fillStyle = paint.colour('surface');
  g.globalAlpha = GROUND_ALPHA;
  g.fillRect(from - 2, y - GROUND_PX / 2, width + 4, GROUND_PX);
  g.globalAlpha = 1;
  g.fillStyle = paint.colour(token);
  g.fillText(text, x, y);
}

const LABEL_RISE_PX = 9;
/** Height of what lies under a label: its letters, not its line, or it would hide data. */
const GROUND_PX = 13;
const GROUND_ALPHA = 0.8;
