import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { MicroBins } from '../../recording/src/quantiles.ts';

/** Durations as they come: most short, some beyond every dense bin. */
const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 0, max: 20_000 }),
    fc.integer({ min: 131_000, max: 131_100 }),
    fc.integer({ min: 0, max: 0x7fff_ffff }),
  ),
  { minLength: 1, maxLength: 300 },
);
const percents = fc.uniqueArray(fc.integer({ min: 0, max: 100_000 }), { maxLength: 8 });

function binsOf(values: readonly number[]): MicroBins {
  const bins = new MicroBins();
  for (const value of values) bins.add(value);
  return bins;
}

/** The definition, by sorting: in whole thousandths of a percent, without fractions. */
function naive(values: readonly number[], thousandths: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Number((BigInt(thousandths) * BigInt(values.length) + 99_999n) / 100_000n);
  return sorted[Math.max(1, rank) - 1] ?? Number.NaN;
}

describe('quantiles', () => {
  test('equal the nearest rank of a sort', () => {
    fc.assert(
      fc.property(durations, percents, (values, thousandths) => {
        const rising = thousandths.toSorted((a, b) => a - b);
        const found = binsOf(values).nearestRanks(rising.map((t) => t / 1000));
        expect(found).toEqual(rising.map((t) => naive(values, t)));
      }),
    );
  });

  test('do not err where a binary fraction would', () => {
    const bins = binsOf(Array.from({ length: 3000 }, (_, i) => i + 1));
    expect(bins.nearestRanks([50, 99, 99.9, 100])).toEqual([1500, 2970, 2997, 3000]);
  });

  test('know count, sum, least and most, and forget them', () => {
    fc.assert(
      fc.property(durations, durations, (before, values) => {
        const bins = binsOf(before);
        bins.clear();
        for (const value of values) bins.add(value);
        expect([bins.count, bins.sum, bins.min, bins.max]).toEqual([
          values.length,
          values.reduce((sum, value) => sum + value, 0),
          Math.min(...values),
          Math.max(...values),
        ]);
        const entries = [...bins.entries()];
        expect(entries.flatMap(([us, times]) => Array(times).fill(us))).toEqual(
          values.toSorted((a, b) => a - b),
        );
      }),
    );
  });

  test('are absent without a value', () => {
    const bins = new MicroBins();
    expect([bins.nearestRanks([50]), bins.nearestRank(50), bins.min, bins.max]).toEqual([
      [],
      undefined,
      undefined,
      undefined,
    ]);
    expect([...bins.entries()]).toEqual([]);
  });
});
