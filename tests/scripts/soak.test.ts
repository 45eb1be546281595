// When a soak passes: noise is allowed, growth is not.
import { expect, test } from 'bun:test';
import type { Footprint } from '../../scripts/lib/footprint.ts';
import { judge } from '../../scripts/run-soak.ts';

const sample = (change: Partial<Footprint>): Footprint => ({
  ...{ rss_kb: 70_000, threads: 9, handles: 20 },
  ...change,
});
const run = (change: (index: number) => Partial<Footprint>): Footprint[] =>
  Array.from({ length: 40 }, (_, index) => sample(change(index)));

test('a flat run passes', () => {
  expect(judge(run(() => ({})))).toMatchObject({ ok: true });
});

test('growth during the warm-up and noise afterwards pass', () => {
  const noisy = run((index) => ({ rss_kb: index < 10 ? 50_000 : 70_000 + (index % 5) * 900 }));
  expect(judge(noisy).ok).toBe(true);
});

test('one handle a stream more fails', () => {
  const verdict = judge(run((index) => ({ handles: 20 + index })));
  expect(verdict.ok).toBe(false);
  expect(verdict.lines.find((line) => line.startsWith('✗'))).toContain('handles');
});

test('a thread left behind fails', () => {
  expect(judge(run((index) => ({ threads: index < 25 ? 9 : 10 }))).ok).toBe(false);
});

test('memory that keeps growing fails', () => {
  expect(judge(run((index) => ({ rss_kb: 70_000 + index * 700 }))).ok).toBe(false);
});

test('fewer threads at the end pass', () => {
  expect(judge(run((index) => ({ threads: index < 25 ? 10 : 9 }))).ok).toBe(true);
});

test('too few streams are no verdict', () => {
  expect(judge([sample({}), sample({})]).ok).toBe(false);
});
