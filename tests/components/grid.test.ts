// One x grid for every series, and nothing lost on the way into it.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { bucketAt, buildGrid, column, largest, points } from '../../components/chart/grid.ts';
import type { StatsSample } from '../../contract/stats.ts';

const sample = (t_ms: number, mbps: number, window_ms: number | undefined = 1000): StatsSample => ({
  t_ms,
  session_id: 1,
  stages: [],
  fps: 60,
  repeat_fps: 0,
  mbps,
  bitrate_kbps: 20_000,
  ...(window_ms === undefined ? {} : { window_ms }),
});

/** A run of 1 s windows with holes wherever a value is absent. */
const run = (values: readonly (number | undefined)[]): StatsSample[] =>
  values.flatMap((v, i) => (v === undefined ? [] : [sample((i + 1) * 1000, v)]));

const mbps = (s: StatsSample): number => s.mbps;
const runs = fc.array(fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }), {
  minLength: 1,
  maxLength: 3000,
});

describe('buckets', () => {
  test('keep the largest and the smallest value of a run, however far it is reduced', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 700 }), (values, most) => {
        const samples = run(values);
        const grid = buildGrid(samples, { fromMs: 0, toMs: values.length * 1000 }, most);
        const all = samples.map(mbps);
        expect(largest(column(grid, mbps, 'max'))).toBe(
          all.length === 0 ? undefined : Math.max(...all),
        );
        const mins = column(grid, mbps, 'min');
        expect(mins.length === 0 ? undefined : Math.min(...mins)).toBe(
          all.length === 0 ? undefined : Math.min(...all),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('hold every window exactly once and stay within their bound', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 700 }), (values, most) => {
        const samples = run(values);
        const grid = buildGrid(samples, { fromMs: 0, toMs: values.length * 1000 }, most);
        expect(grid.buckets.flatMap((b) => b.samples)).toEqual(samples);
        expect(grid.buckets.length).toBeLessThanOrEqual(
          samples.length <= most ? samples.length : 3 * most + 2,
        );
      }),
      { numRuns: 100 },
    );
  });

  test('are one a window while there are few', () => {
    const grid = buildGrid(run([1, 2, 3]), { fromMs: 0, toMs: 3000 });
    expect(grid.buckets.map((b) => [b.fromMs, b.toMs])).toEqual([
      [0, 1000],
      [1000, 2000],
      [2000, 3000],
    ]);
  });

  test('reduce 3 h of 1 s windows to 500 without a gap', () => {
    const grid = buildGrid(run(Array(10_800).fill(1)), { fromMs: 0, toMs: 10_800_000 });
    expect(grid.buckets.length).toBe(501);
    expect(grid.gaps).toEqual([]);
  });

  test('average over the windows that have a value', () => {
    const grid = buildGrid(run([1, 3, 5, 7]), { fromMs: 0, toMs: 4000 }, 2);
    const pick = (s: StatsSample): number | undefined => (s.mbps === 3 ? undefined : s.mbps);
    expect([...column(grid, pick, 'mean')]).toEqual([1, 5, 7]);
    expect([...column(grid, mbps, 'sum')]).toEqual([1, 8, 7]);
  });

  test('leave out what lies outside the range', () => {
    const grid = buildGrid(run([1, 2, 3, 4, 5]), { fromMs: 1500, toMs: 3500 });
    expect(grid.buckets.flatMap((b) => b.samples.map(mbps))).toEqual([2, 3, 4]);
  });

  test('sort windows that came in the wrong order', () => {
    const grid = buildGrid(run([1, 2, 3]).reverse(), { fromMs: 0, toMs: 3000 });
    expect(grid.buckets.flatMap((b) => b.samples.map(mbps))).toEqual([1, 2, 3]);
  });
});

describe('gaps', () => {
  test('one missing window is a gap', () => {
    const grid = buildGrid(run([1, 2, undefined, 4]), { fromMs: 0, toMs: 4000 });
    expect(grid.gaps).toEqual([{ fromMs: 2000, toMs: 3000 }]);
  });

  test('jitter of half a window is none', () => {
    const jittered = [sample(1000, 1), sample(2400, 1), sample(3000, 1)];
    expect(buildGrid(jittered, { fromMs: 0, toMs: 3000 }).gaps).toEqual([]);
  });

  test('a file without window lengths is judged by its usual step', () => {
    const old = [2000, 4000, 6000, 12_000, 14_000].map((t) => sample(t, 1, undefined));
    const bare = old.map(({ window_ms, ...rest }) => rest);
    const grid = buildGrid(bare, { fromMs: 0, toMs: 14_000 });
    expect(grid.windowMs).toBe(2000);
    expect(grid.gaps).toEqual([{ fromMs: 6000, toMs: 10_000 }]);
  });

  test('survive reduction when they are wider than a bucket', () => {
    const values = Array.from({ length: 4000 }, (_, i) => (i > 2000 && i < 2100 ? undefined : 1));
    const grid = buildGrid(run(values), { fromMs: 0, toMs: 4_000_000 }, 100);
    expect(grid.gaps).toEqual([{ fromMs: 2_001_000, toMs: 2_100_000 }]);
  });

  test('break the line: one point without a value in the middle, none inside a run', () => {
    const grid = buildGrid(run([1, 2, undefined, 4]), { fromMs: 0, toMs: 4000 });
    const drawn = points(grid, column(grid, mbps, 'mean'));
    expect(drawn.filter((p) => Number.isNaN(p.y)).map((p) => p.x)).toEqual([2500]);
  });
});

describe('points', () => {
  test('share their x between series', () => {
    const grid = buildGrid(run([1, 2, undefined, 4]), { fromMs: 0, toMs: 4000 });
    const absent = column(grid, () => undefined, 'mean');
    const xs = points(grid, column(grid, mbps, 'mean')).map((p) => p.x);
    expect(points(grid, absent).map((p) => p.x)).toEqual(xs);
    expect([...xs].sort((a, b) => a - b)).toEqual(xs);
  });

  test('draw a single window as wide as it was', () => {
    const grid = buildGrid([sample(5000, 7)], { fromMs: 0, toMs: 10_000 });
    expect(points(grid, column(grid, mbps, 'mean'))).toEqual([
      { x: 4000, y: 7 },
      { x: 4500, y: 7 },
      { x: 5000, y: 7 },
    ]);
  });

  test('an empty capture has none', () => {
    const grid = buildGrid([], { fromMs: 0, toMs: 1000 });
    expect(grid.slots).toEqual([]);
    expect(bucketAt(grid, 500)).toBe(-1);
  });
});

test('the cursor finds the bucket it is in, and the nearest one inside a gap', () => {
  const grid = buildGrid(run([1, 2, undefined, undefined, undefined, 6]), {
    fromMs: 0,
    toMs: 6000,
  });
  expect(bucketAt(grid, 1500)).toBe(1);
  expect(bucketAt(grid, 2600)).toBe(1);
  expect(bucketAt(grid, 4600)).toBe(2);
});
