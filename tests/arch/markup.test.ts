// Words of files, hosts and clients are never read as markup: what browsers offer for that is not used at all, but for
// one parser whose document is never shown.
import { describe, expect, test } from 'bun:test';
import { files, read, withoutComments } from './repo.ts';

const MARKUP =
  /\b(?:inner|outer)HTML\b|insertAdjacentHTML|setHTML|unsafe(?:HTML|SVG|MathML|Static)|document\.write|createContextualFragment|srcdoc|parseHTMLUnsafe|\beval\(|new Function\(|javascript:/;
const PARSER = /\bDOMParser\b/;
const sources = files('{components,recording,contract}/**/*.ts', 'examples/**/*.{ts,js,tsx,html}');

describe('what runs in a page', () => {
  test('turns no text into markup', () => {
    expect(sources.length).toBeGreaterThan(150);
    expect(offending(MARKUP)).toEqual([]);
  });

  test('parses foreign pages in one place, where nothing of them is shown', () => {
    expect(offending(PARSER)).toEqual(['components/pf-viewer/dropped.ts']);
  });
});

test('styles are made of constants of ours, in two places', () => {
  expect(offending(/\bunsafeCSS\b/)).toEqual([
    'components/base/swatch.ts',
    'components/base/tokens.ts',
  ]);
});

function offending(pattern: RegExp): string[] {
  return sources.filter((path) => pattern.test(withoutComments(read(path))));
}
