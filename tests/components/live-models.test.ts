// The live view's models without a browser: sums of windows, a capture in step with what arrives, what of it is shown,
// the worst frame of a bucket, and a machine that slept.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Wake } from '../../components/base/wake.ts';
import { buildGrid } from '../../components/chart/grid.ts';
import { sumsIn, windowsIn } from '../../components/chart/window-sums.ts';
import { worstOfWindows } from '../../components/chart/worst-windows.ts';
import { behindMs, followed } from '../../components/pf-live/follow.ts';
import { newestSession, SoFar } from '../../components/pf-live/so-far.ts';
import type { Capture, StatsSample } from '../../contract/stats.ts';
import { capture, sample, session } from '../support/page-news.ts';
import { VirtualTime } from '../support/page-time.ts';

const told = (t_ms: number, more: Partial<StatsSample> = {}): StatsSample => ({
  ...sample(t_ms),
  ...{ window_ms: 1000, frames: 60, frames_dropped: 0, frames_late: 0 },
  ...{ total_p50_us: 5000, total_p99_us: 8000, total_max_us: 9000 },
  stages: [{ name: 'encode', p50_us: 3000, p99_us: 5000 }],
  ...more,
});
const slow = (t_ms: number, ms: number, late: number): StatsSample =>
  told(t_ms, { total_max_us: ms * 1000, total_max_stage: 'encode', frames_late: late });
const of = (samples: StatsSample[]): Capture => ({
  ...capture([], { sessions: [session()] }),
  samples,
});
interface Window {
  readonly gap: number;
  readonly late: number;
  readonly max: number;
  readonly lost: number | undefined;
}
const anyWindow: fc.Arbitrary<Window> = fc.record({
  gap: fc.constantFrom(0, 0, 0, 5000),
  late: fc.integer({ min: 0, max: 5 }),
  max: fc.integer({ min: 1000, max: 300_000 }),
  lost: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
});

function run(windows: readonly Window[]): StatsSample[] {
  let t = 0;
  return windows.map(({ gap, late, max, lost }) => {
    t += 1000 + gap;
    return told(t, {
      ...{ frames_late: late, total_max_us: max },
      ...(lost === undefined ? {} : { packets_dropped: lost }),
    });
  });
}

describe('sums of windows', () => {
  test('are of the windows that touch a range, counted exactly; of quantiles only the extremes', () => {
    const samples = [told(1000), slow(2000, 80, 3), told(3000, { total_p50_us: 6000 })];
    expect(windowsIn(samples, { fromMs: 1500, toMs: 2000 })).toEqual([1, 2]);
    expect(windowsIn(samples, { fromMs: 1000, toMs: 2001 })).toEqual([1, 3]);
    expect(windowsIn(samples, { fromMs: 9000, toMs: 9500 })).toEqual([3, 3]);
    const sums = sumsIn(samples, { fromMs: 0, toMs: 3000 }, 16.7);
    expect([sums.windows, sums.frames, sums.late, sums.judged]).toEqual([3, 180, 3, 180]);
    expect(sums.slowest).toEqual({ ms: 80, atMs: 2000, part: 'encode' });
    expect(sums.total).toEqual({ lowestP50: 5, highestP50: 6, highestP99: 8 });
    expect([...sums.stages.keys()]).toEqual(['encode']);
    // Nobody counted lost packets: that is not none.
    expect(sums.counters.has('packets_dropped')).toBe(false);
  });

  test('of any range are those of its windows one by one', () => {
    fc.assert(
      fc.property(
        fc.array(anyWindow, { maxLength: 40 }),
        fc.tuple(fc.nat(100_000), fc.nat(100_000)),
        (windows, [a, b]) => {
          const samples = run(windows);
          const range = { fromMs: Math.min(a, b), toMs: Math.max(a, b) + 1 };
          const own = samples.filter((s) => s.t_ms > range.fromMs && s.t_ms - 1000 < range.toMs);
          const sums = sumsIn(samples, range, 16.7);
          expect(sums.windows).toBe(own.length);
          expect(sums.late ?? 0).toBe(own.reduce((n, s) => n + (s.frames_late ?? 0), 0));
          const worst = Math.max(-1, ...own.map((s) => (s.total_max_us ?? 0) / 1000));
          expect(sums.slowest?.ms ?? -1).toBe(worst);
        },
      ),
    );
  });
});

describe('a capture so far', () => {
  test('grows by what is new, to the same as if it had come at once', () => {
    fc.assert(
      fc.property(fc.array(anyWindow, { maxLength: 30 }), fc.nat(30), (windows, at) => {
        const all = run(windows);
        const growing: StatsSample[] = all.slice(0, at);
        const step = new SoFar();
        step.take(of(growing));
        growing.push(...all.slice(at));
        step.take(of(growing));
        const whole = new SoFar();
        whole.take(of(all));
        const [a, b] = [step.session(1), whole.session(1)];
        expect(a?.samples).toEqual(b?.samples ?? []);
        expect(a?.sums).toEqual(b?.sums);
        expect(a?.gaps).toBe(b?.gaps ?? 0);
        expect(a?.findings([])).toEqual(b?.findings([]));
      }),
    );
  });

  test('tells late frames that lie close together as one finding, and one late frame only when it is far over', () => {
    const samples = [told(1000), slow(2000, 80, 3), slow(4000, 70, 2), told(5000)];
    const soFar = new SoFar();
    soFar.take(of([...samples, slow(20_000, 20, 1), slow(40_000, 300, 1)]));
    const found = soFar.session(1)?.findings([]);
    expect(found?.findings.map((one) => [one.kind, one.fromMs, one.toMs, one.late])).toEqual([
      ['slow', 39_000, 40_000, 1],
      ['slow', 1000, 4000, 5],
    ]);
    expect(found?.late).toBe(7);
    expect(found?.lateOutside).toBe(1);
  });

  test('another capture begins anew; the session shown is the newest that still streams', () => {
    const soFar = new SoFar();
    soFar.take(of([told(1000)]));
    soFar.take({ ...of([]), sessions: [session({ session_id: 7 })] });
    expect(soFar.ids).toEqual([7]);
    const entries = [session(), session({ session_id: 2, ended_t_ms: 5 })];
    expect(newestSession([1, 2], entries)).toBe(1);
    expect(newestSession([2], entries)).toBe(2);
    expect(newestSession([])).toBeUndefined();
  });
});

describe('what is shown', () => {
  test('is the newest stretch, moves in whole pixels and begins at 0', () => {
    expect(followed(120_000, 30_000, 900)).toEqual({ fromMs: 0, toMs: 120_000 });
    const moved = [0, 40, 80].map((ms) => followed(120_000, 600_000 + ms, 900).toMs);
    expect(new Set(moved).size).toBeLessThanOrEqual(2);
    for (const toMs of moved) expect((toMs / (120_000 / 900)) % 1).toBeCloseTo(0, 6);
    expect(followed('all', 10_000, 900)).toEqual({ fromMs: 0, toMs: 60_000 });
  });

  test('all of it holds all, grows in steps and never wastes a fiftieth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 10_800_000 }), (endMs) => {
        const { fromMs, toMs } = followed('all', endMs, 900);
        expect(fromMs).toBe(0);
        expect(toMs).toBeGreaterThanOrEqual(endMs);
        expect(toMs - endMs).toBeLessThan(endMs / 50);
      }),
    );
  });

  test('held, it says how far it lies behind what has come', () => {
    const range = { fromMs: 0, toMs: 120_000 };
    expect(behindMs({ kind: 'hold', range, seenMs: 30_000 }, 67_000)).toBe(37_000);
    expect(behindMs({ kind: 'hold', range, seenMs: 300_000 }, 301_000)).toBe(181_000);
    expect(behindMs({ kind: 'hold', range, seenMs: 30_000 }, 29_000)).toBe(0);
  });
});

test('the worst frame of a bucket is the largest of its windows, however many share it', () => {
  const samples = Array.from({ length: 2000 }, (_, i) => told((i + 1) * 1000));
  samples[1234] = slow(1_235_000, 452, 2);
  const grid = buildGrid(samples, { fromMs: 0, toMs: 2_000_000 }, 100);
  const { bars } = worstOfWindows(grid, 60);
  expect(bars.length).toBeLessThanOrEqual(101);
  const most = bars.reduce((a, b) => (b.ms > a.ms ? b : a));
  expect([most.ms, most.part, most.late]).toEqual([452, 'encode', 2]);
  expect(most.fromMs).toBeLessThan(1_235_000);
  expect(most.toMs).toBeGreaterThanOrEqual(1_235_000);
  const old = buildGrid([sample(1000)], { fromMs: 0, toMs: 1000 });
  const [unknown] = worstOfWindows(old, 60).bars;
  expect(unknown?.ms).toBeNaN();
  expect(unknown?.late).toBeNaN();
});

test('a machine that slept is noticed by its clock, a network that changed by its word, and neither after the end', async () => {
  const timers = new VirtualTime();
  const network = new EventTarget();
  const woken: unknown[] = [];
  let sleptMs = 0;
  const nowUnixMs = (): number => 1000 + timers.now() + sleptMs;
  const wake = new Wake({ timers, network, nowUnixMs, onWake: (slept) => woken.push(slept) });
  wake.start();
  await timers.run(60_000);
  expect(woken).toEqual([]);
  sleptMs = 1_800_000;
  await timers.run(1000);
  expect(woken).toEqual([{ fromUnixMs: 61_000, toUnixMs: 1_862_000 }]);
  network.dispatchEvent(new Event('offline'));
  network.dispatchEvent(new Event('online'));
  expect(woken.slice(1)).toEqual([undefined, undefined]);
  wake.stop();
  sleptMs = 9_000_000;
  network.dispatchEvent(new Event('online'));
  await timers.run(5000);
  expect(woken).toHaveLength(3);
});
