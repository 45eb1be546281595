// The palette keeps its promises: contrast of text and graphics, and stages that stay apart under every kind of colour
// vision. Simulation after Machado, Oliveira, Fernandes 2009 at full severity; difference by CIEDE2000.
import { describe, expect, test } from 'bun:test';
import { COLOURS, type Token } from '../../components/base/series-tokens.ts';
import type { Colour } from '../../components/base/tokens.ts';
import { contrast, difference, VISIONS } from '../support/colour-science.ts';

const THEMES = [
  'light',
  'dark',
  'contrastLight',
  'contrastDark',
] as const satisfies readonly (keyof Colour)[];
const STAGES = ['capture', 'submit', 'encode', 'packetize', 'send', 'other'] as const;
const TEXT = ['text', 'text2', 'text3', 'accent', 'ok', 'warn', 'bad'] as const;
const GRAPHICS = [...STAGES, 'total', 'budget', 'new', 'repeat', 'control'] as const;
const NEIGHBOURS: readonly (readonly [Token, Token])[] = [
  ['capture', 'submit'],
  ['submit', 'encode'],
  ['capture', 'encode'],
  ['encode', 'packetize'],
  ['encode', 'send'],
  ['packetize', 'send'],
  ['send', 'other'],
];

describe.each([...THEMES])('%s', (theme) => {
  const of = (token: Token): string => COLOURS[token][theme];
  const high = theme.startsWith('contrast');

  test('text stands out from surface and ground', () => {
    for (const token of TEXT) {
      for (const under of ['surface', 'ground'] as const) {
        expect([token, contrast(of(token), of(under)) >= (high ? 7 : 4.5)]).toEqual([token, true]);
      }
    }
  });

  test('graphics stand out from the surface', () => {
    for (const token of GRAPHICS) {
      expect([token, contrast(of(token), of('surface')) >= (high ? 4.5 : 3)]).toEqual([
        token,
        true,
      ]);
    }
  });

  test.each([...VISIONS])('stages stay apart: %s', (vision) => {
    const apart = (a: Token, b: Token): number => difference(of(a), of(b), vision);
    for (const [a, b] of NEIGHBOURS) expect([a, b, apart(a, b) >= 16]).toEqual([a, b, true]);
    for (const [i, a] of STAGES.entries()) {
      for (const b of STAGES.slice(i + 1)) expect([a, b, apart(a, b) >= 11]).toEqual([a, b, true]);
    }
    expect(apart('new', 'repeat')).toBeGreaterThanOrEqual(15);
  });
});
