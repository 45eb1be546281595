// What the executable carries of others is listed, may be carried, and the list is the one that the lock files give.
import { expect, test } from 'bun:test';
import { notices, shippedComponents } from '../../scripts/notices.ts';
import { read } from './repo.ts';

/** Licences that ask for a notice at most. Anything else is a decision, not an update. */
const ALLOWED = [
  ...['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSL-1.0', 'CC0-1.0', 'ISC', 'MIT'],
  ...['Unicode-3.0', 'Unlicense', 'Zlib'],
];

const components = await shippedComponents();

test('THIRD-PARTY-NOTICES.md is what scripts/notices.ts writes', () => {
  expect(read('THIRD-PARTY-NOTICES.md') === notices(components)).toBe(true);
});

test('every component offers a licence that may be shipped', () => {
  const wrong = components.filter(({ licence }) => !mayShip(licence));
  expect(wrong.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
  expect(components.length).toBeGreaterThan(30);
});

test('every component comes with a licence text', () => {
  expect(components.filter(({ texts }) => texts.length === 0).map(({ name }) => name)).toEqual([]);
});

test('a licence that must be taken along with another is not a choice', () => {
  expect(mayShip('MIT AND GPL-3.0-only')).toBe(false);
  expect(mayShip('GPL-2.0-only OR MIT')).toBe(true);
  expect(mayShip('(MIT OR Apache-2.0) AND Unicode-3.0')).toBe(true);
  expect(mayShip('AGPL-3.0-only')).toBe(false);
});

/** Reads an SPDX expression: all parts of AND, any part of OR (also the old `A/B`). */
function mayShip(expression: string): boolean {
  return expression.split(' AND ').every((part) =>
    part
      .replace(/[()]/g, '')
      .split(/ OR |\//)
      .some((name) => ALLOWED.includes(name.replace(/ WITH LLVM-exception$/, '').trim())),
  );
}
