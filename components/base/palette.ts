// What the tokens are right now, for canvases: resolved from the element's own style, with the patterns that stand in
// for colour under high contrast, forced colours, print, and where `--pf-patterns: on` asks for them.
import type { Paint } from '../chart/scene.ts';
import { TOKENS, type Token } from './series-tokens.ts';

type Pattern = 'plain' | 'horizontal' | 'diagonal' | 'dots' | 'vertical' | 'grid';

/** Reads every token through a probe that must lie in the element's shadow root. */
export function readPaint(probe: HTMLElement, narrow: boolean): Paint {
  const style = getComputedStyle(probe);
  const colours = new Map<Token, string>();
  for (const token of TOKENS) {
    probe.style.color = `var(--_${token})`;
    colours.set(token, style.color);
  }
  const isForced = matchMedia('(forced-colors: active)').matches;
  // The system has no colour for what shall be seen less than text: GrayText is green for many.
  const [text, surface] = [colours.get('text'), colours.get('surface')];
  if (isForced) colours.set('grid', `color-mix(in srgb, ${text} 30%, ${surface})`);
  const colour = (token: Token): string => colours.get(token) ?? 'CanvasText';
  const tiles = new Map<string, CanvasPattern | undefined>();
  const tile = (pattern: Pattern, ground: string, ink: string): CanvasPattern | undefined => {
    const key = `${pattern} ${ground} ${ink}`;
    if (!tiles.has(key)) tiles.set(key, newTile(pattern, ground, ink));
    return tiles.get(key);
  };
  const patterned =
    matchMedia('(prefers-contrast: more), (forced-colors: active), print').matches ||
    style.getPropertyValue('--pf-patterns').trim() === 'on';
  const fill = (token: Token): string | CanvasPattern => {
    const pattern = PATTERNS[token];
    if (!patterned || pattern === undefined) return colour(token);
    return tile(pattern, colour(token), colour('surface')) ?? colour(token);
  };
  return {
    colour,
    fill,
    hatch: (token) => tile('diagonal', colour('surface'), colour(token)) ?? colour(token),
    font: `${style.fontSize} ${style.fontFamily}`,
    narrow,
  };
}

function newTile(pattern: Pattern, ground: string, ink: string): CanvasPattern | undefined {
  const canvas = document.createElement('canvas');
  canvas.width = TILE_PX;
  canvas.height = TILE_PX;
  const g = canvas.getContext('2d');
  if (g === null) return undefined;
  g.fillStyle = ground;
  g.fillRect(0, 0, TILE_PX, TILE_PX);
  g.strokeStyle = ink;
  g.fillStyle = ink;
  g.lineWidth = 1.4;
  g.beginPath();
  for (const [x0, y0, x1, y1] of STROKES[pattern]) {
    g.moveTo(x0, y0);
    g.lineTo(x1, y1);
  }
  g.stroke();
  if (pattern === 'dots') {
    g.fillRect(1, 1, 2, 2);
    g.fillRect(5, 5, 2, 2);
  }
  return g.createPattern(canvas, 'repeat') ?? undefined;
}

const TILE_PX = 8;

type Stroke = readonly [number, number, number, number];
const ACROSS: readonly Stroke[] = [[0, 4, 8, 4]];
const UPRIGHT: readonly Stroke[] = [
  [2, 0, 2, 8],
  [6, 0, 6, 8],
];
const STROKES: Record<Pattern, readonly Stroke[]> = {
  plain: [],
  horizontal: ACROSS,
  diagonal: [-8, -4, 0, 4].map((o): Stroke => [o, 8, o + 8, 0]),
  dots: [],
  vertical: UPRIGHT,
  grid: [...ACROSS, [4, 0, 4, 8]],
};

const PATTERNS: Partial<Record<Token, Pattern>> = {
  capture: 'plain',
  submit: 'horizontal',
  encode: 'diagonal',
  packetize: 'dots',
  send: 'vertical',
  other: 'grid',
};
