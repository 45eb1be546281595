// Models, scales and chart.js configurations, without a DOM.
import { describe, expect, test } from 'bun:test';
import type { Token } from '../../components/base/series-tokens.ts';
import { bitrateModel, framesModel, healthModel } from '../../components/chart/counts.ts';
import { buildGrid } from '../../components/chart/grid.ts';
import { latencyModel, overflows, summarize, worstBucket } from '../../components/chart/latency.ts';
import {
  bitrateDatasets,
  framesDatasets,
  healthDatasets,
  type LaneView,
  laneConfig,
  latencyDatasets,
  sceneOf,
  scenePlugin,
} from '../../components/chart/options.ts';
import { fixedScale, latencyScale, niceScale, timeTicks } from '../../components/chart/scale.ts';
import { drawBehind, drawOver, type Paint } from '../../components/chart/scene.ts';
import { sessionFps, sessionIds, startCursorMs } from '../../components/chart/sessions.ts';
import { verdictOf } from '../../components/chart/verdict.ts';
import type { Capture, StatsSample } from '../../contract/stats.ts';
import { FORMAT_VERSION } from '../../recording/src/format-version.ts';
import { longRecording, twoSessions } from '../support/seeded-recordings.ts';

const paint: Paint = {
  colour: (token: Token) => token,
  fill: (token: Token) => `fill ${token}`,
  hatch: (token: Token) => `hatch ${token}`,
  font: '11px sans-serif',
  narrow: false,
};

const window = (t_ms: number, more: Partial<StatsSample> = {}): StatsSample => ({
  t_ms,
  session_id: 1,
  stages: [
    { name: 'capture', p50_us: 1000, p99_us: 2000 },
    { name: 'encode', p50_us: 4000, p99_us: 9000 },
    { name: 'send', p50_us: 500, p99_us: 700 },
  ],
  fps: 60,
  repeat_fps: 0,
  mbps: 10,
  bitrate_kbps: 12_000,
  window_ms: 1000,
  ...more,
});
const gridOf = (samples: readonly StatsSample[]) =>
  buildGrid(samples, { fromMs: 0, toMs: samples.at(-1)?.t_ms ?? 1000 });

describe('latency', () => {
  test('stacks the medians in pipeline order', () => {
    const model = latencyModel(gridOf([window(1000)]), 'p50', 60);
    expect(model.stages.map((s) => [s.stage, s.values[0], s.drawn[1]?.y])).toEqual([
      ['capture', 1, 1],
      ['encode', 4, 5],
      ['send', 0.5, 5.5],
    ]);
  });

  test('draws a line a stage at p99, because those do not add up', () => {
    const model = latencyModel(gridOf([window(1000)]), 'p99', 60);
    expect(model.stages.map((s) => s.drawn[1]?.y)).toEqual([2, 9, 0.7]);
  });

  test('adapts to the stages that a recording has', () => {
    const native = twoSessions();
    const grid = gridOf(native.samples.filter((s) => s.session_id === 3));
    const model = latencyModel(grid, 'p50', 120);
    expect(model.stages.map((s) => s.stage)).toEqual(['capture', 'submit', 'encode', 'send']);
  });

  test('a stage that a window lacks has no band there, and the ones above close up', () => {
    const lacking = window(2000, {
      stages: [window(0).stages[0], window(0).stages[2]].flatMap((s) => s ?? []),
    });
    const model = latencyModel(gridOf([window(1000), lacking]), 'p50', 60);
    expect(model.stages[1]?.values[1]).toBeNaN();
    expect(model.stages[2]?.drawn.at(-1)?.y).toBe(1.5);
  });

  test('takes the mean of medians and the largest p99 in a bucket', () => {
    const slow = window(2000, { stages: [{ name: 'encode', p50_us: 8000, p99_us: 50_000 }] });
    const grid = buildGrid([window(1000), slow, window(3000)], { fromMs: 0, toMs: 30_000 }, 1);
    expect(latencyModel(grid, 'p50', 60).stages[1]?.values[0]).toBeCloseTo(16 / 3, 10);
    expect(latencyModel(grid, 'p99', 60).stages[1]?.values[0]).toBe(50);
  });

  test('a total that was not measured is absent and not zero', () => {
    const model = latencyModel(gridOf([window(1000)]), 'p50', 60);
    expect(model.totalP99[0]).toBeNaN();
    expect(latencyDatasets(model, paint).map((d) => d.label)).toEqual([
      'capture',
      'encode',
      'send',
    ]);
  });

  test('has no budget without a frame rate', () => {
    const grid = gridOf([window(1000)]);
    expect(latencyModel(grid, 'p50', undefined).budgetMs).toBeUndefined();
    expect(latencyModel(grid, 'p50', 0).budgetMs).toBeUndefined();
    expect(latencyModel(grid, 'p50', 120).budgetMs).toBeCloseTo(8.333, 3);
  });

  test('the first place to look is the worst window', () => {
    const samples = longRecording().samples;
    const worst = samples.reduce((a, b) => ((b.total_p99_us ?? 0) > (a.total_p99_us ?? 0) ? b : a));
    expect(startCursorMs(samples)).toBe(worst.t_ms);
    const grid = buildGrid(samples, { fromMs: 0, toMs: 1_200_000 });
    const bucket = grid.buckets[worstBucket(latencyModel(grid, 'p50', 60))];
    expect(bucket?.samples.includes(worst)).toBe(true);
  });

  test('what leaves at the top is marked once a cluster, with its largest value', () => {
    const drawn = [1, 30, 40, 35, 1, 1, 1, 1, 50].map((y, i) => ({ x: i * 1000, y }));
    expect(overflows(drawn, 25, 2000)).toEqual([
      { x: 2000, value: 40 },
      { x: 8000, value: 50 },
    ]);
  });
});

describe('verdict', () => {
  test('counts windows over the budget and names the worst', () => {
    const late = window(2000, { total_p50_us: 6000, total_p99_us: 17_000 });
    const fine = window(1000, { total_p50_us: 6000, total_p99_us: 16_000 });
    const sum = summarize([fine, late, window(3000)], 60, 0);
    expect(sum).toMatchObject({ windows: 3, judged: 2, overBudget: 1 });
    expect(sum.worst).toEqual({ ms: 17, atMs: 2000, slowest: { stage: 'encode', ms: 9 } });
  });

  test('sums what was counted and names what was not', () => {
    const samples = [
      window(1000, { frames_dropped: 2, send_dropped: 0 }),
      window(2000, { frames_dropped: 3 }),
    ];
    const capture: Capture = { ...longRecording(), samples, version: 9 };
    const verdict = verdictOf(capture, samples, 60, 0);
    expect(verdict.losses).toEqual([{ counter: 'frames_dropped', total: 5 }]);
    expect(verdict.unknown).toEqual(['packets_dropped', 'fec_recovered']);
    expect(verdict.newerVersion).toBe(9);
    const today = { ...capture, version: FORMAT_VERSION };
    expect(verdictOf(today, samples, 60, 0).newerVersion).toBeUndefined();
  });
});

describe('frames, bitrate, health', () => {
  test('repeats lie on the new frames; a bucket keeps its fewest new and its most repeats', () => {
    const starving = window(2000, { fps: 20, repeat_fps: 40 });
    const grid = buildGrid([window(1000), starving, window(3000)], { fromMs: 0, toMs: 30_000 }, 1);
    const model = framesModel(grid, 60);
    expect([model.fresh[0], model.repeat[0]]).toEqual([20, 40]);
    expect(model.allPoints[1]?.y).toBe(60);
  });

  test('the target is a tick of the frames lane', () => {
    expect(framesModel(gridOf([window(1000)]), 60).scale.ticks).toEqual([0, 30, 60]);
  });

  test('bitrate keeps its extremes beside the mean, and a target of nothing is none', () => {
    const grid = buildGrid(
      [window(1000, { mbps: 4 }), window(2000, { mbps: 16, bitrate_kbps: 0 })],
      { fromMs: 0, toMs: 30_000 },
      1,
    );
    const model = bitrateModel(grid);
    expect([model.mean[0], model.minPoints[1]?.y, model.maxPoints[1]?.y]).toEqual([10, 4, 16]);
    expect(model.target[0]).toBe(12);
  });

  test('a counter that was never measured has a row, no bars and no total', () => {
    const model = healthModel(gridOf([window(1000, { frames_dropped: 0 })]));
    expect(model.rows.map((r) => [r.counter, r.total])).toEqual([
      ['frames_dropped', 0],
      ['packets_dropped', undefined],
      ['send_dropped', undefined],
      ['fec_recovered', undefined],
    ]);
    expect(model.rows[1]?.baseline.every((p) => Number.isNaN(p.y))).toBe(true);
  });

  test('a measured zero draws its base and no bar', () => {
    const [row] = healthModel(gridOf([window(1000, { frames_dropped: 0 })])).rows;
    expect(row?.baseline.map((p) => p.y)).toEqual([3, 3]);
    expect(row?.drawn.every((p) => Number.isNaN(p.y))).toBe(true);
  });

  test('skipped pictures get a row only where the source counts them', () => {
    const model = healthModel(gridOf([window(1000, { source_skipped: 3 })]));
    expect(model.rows.map((r) => r.counter)).toContain('source_skipped');
    expect(model.rows.at(-1)?.total).toBe(3);
  });

  test('bars stand at square-root height of their own row', () => {
    const model = healthModel(
      gridOf([window(1000, { frames_dropped: 4 }), window(2000, { frames_dropped: 16 })]),
    );
    const heights = model.rows[0]?.drawn.map((p) => p.y - 3) ?? [];
    expect((heights[2] ?? 0) / (heights[0] ?? 1)).toBeCloseTo(2, 6);
  });
});

describe('configurations', () => {
  const grid = gridOf([window(1000), window(2000), window(5000)]);
  const view = (datasets: LaneView['datasets']): LaneView => ({
    datasets,
    range: grid.range,
    timeTicks: [0, 2000],
    scale: { max: 25, ticks: [0, 10, 20] },
    scene: sceneOf(grid, {}),
    paint,
  });

  test('every series of every lane lies on one x grid', () => {
    const sets = [
      latencyDatasets(latencyModel(grid, 'p50', 60), paint),
      latencyDatasets(latencyModel(grid, 'p99', 60), paint),
      framesDatasets(framesModel(grid, 60), paint),
      bitrateDatasets(bitrateModel(grid), paint),
    ];
    for (const datasets of sets) {
      const xs = datasets.map((d) => d.data.map((p) => p.x));
      for (const x of xs) expect(x).toEqual(xs[0] ?? []);
    }
  });

  test('lower bands come first, so that they cover the ones reaching higher', () => {
    const datasets = latencyDatasets(latencyModel(grid, 'p50', 60), paint);
    expect(datasets.map((d) => d.label)).toEqual(['capture', 'encode', 'send']);
    expect(datasets.every((d) => d.fill === 'origin' && d.spanGaps === false)).toBe(true);
  });

  test('nothing is animated, decimated, parsed or smoothed', () => {
    const datasets = latencyDatasets(latencyModel(grid, 'p50', 60), paint);
    const config = laneConfig(
      view(datasets),
      scenePlugin(() => undefined),
    );
    expect(config.options).toMatchObject({
      animation: false,
      parsing: false,
      normalized: true,
      events: [],
    });
    expect(JSON.stringify(config.options)).not.toContain('decimation');
    expect(datasets.every((d) => d.tension === 0)).toBe(true);
  });

  test('there is one y axis', () => {
    const config = laneConfig(
      view([]),
      scenePlugin(() => undefined),
    );
    expect(Object.keys(config.options?.scales ?? {})).toEqual(['x', 'y']);
  });

  test('health rows fill down to their own base', () => {
    const datasets = healthDatasets(
      healthModel(gridOf([window(1000, { send_dropped: 1 })])),
      paint,
    );
    expect(datasets.map((d) => d.fill)).toEqual([
      { value: 3 },
      false,
      { value: 2 },
      false,
      { value: 1 },
      false,
      { value: 0 },
      false,
    ]);
  });
});

describe('scales', () => {
  test('ticks are round and reach the top', () => {
    expect(niceScale(43, 4)).toEqual({ max: 60, ticks: [0, 20, 40, 60] });
    expect(niceScale(0.7, 2)).toEqual({ max: 1, ticks: [0, 0.5, 1] });
    expect(niceScale(0, 2)).toEqual({ max: 1, ticks: [0, 1] });
    expect(niceScale(Number.POSITIVE_INFINITY, 2)).toEqual({ max: 1, ticks: [0, 1] });
    expect(fixedScale(25, 4).ticks).toEqual([0, 10, 20]);
  });

  test('latency stands at one and a half budgets and widens when a tenth would leave', () => {
    const of = (...values: number[]): number => latencyScale(10, Float64Array.from(values)).max;
    expect(of(...Array<number>(99).fill(5), 80)).toBe(15);
    expect(of(...Array<number>(50).fill(5), ...Array<number>(50).fill(20))).toBe(30);
    expect(of(50, 50, 50)).toBe(60);
    expect(of(500, 500)).toBeGreaterThan(500);
    expect(latencyScale(undefined, Float64Array.from([4])).max).toBeGreaterThanOrEqual(4);
    expect(latencyScale(10, new Float64Array()).max).toBe(15);
  });

  test('time steps are those of a clock, and labels keep their distance', () => {
    expect(timeTicks({ fromMs: 0, toMs: 20_000 }, 800, 72)).toEqual([
      0, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000,
    ]);
    expect(timeTicks({ fromMs: 90_000, toMs: 210_000 }, 300, 72)).toEqual([
      90_000, 120_000, 150_000, 180_000, 210_000,
    ]);
    for (const span of [1, 999, 61_000, 3_600_000, 86_400_000, 1e12]) {
      expect(timeTicks({ fromMs: 0, toMs: span }, 720, 72).length).toBeLessThanOrEqual(11);
    }
    expect(timeTicks({ fromMs: 0, toMs: 0 }, 720, 72)).toEqual([]);
  });
});

describe('sessions', () => {
  test('are listed in order of their first window, with their own frame rate', () => {
    const capture = twoSessions();
    expect(sessionIds(capture)).toEqual([3, 4]);
    expect([sessionFps(capture, 3), sessionFps(capture, 4), sessionFps(capture, 99)]).toEqual([
      120, 60, 120,
    ]);
  });
});

describe('scene', () => {
  const at = {
    area: { left: 44, right: 444, top: 0, bottom: 100 },
    x: (ms: number) => 44 + ms / 10,
    y: (value: number) => 100 - value,
  };

  test('labels are never cut off at the edges of the plot', () => {
    const g = recorder();
    const ticks = [0, 50, 100].map((value) => ({ value, text: String(value) }));
    drawOver(g.context, at, sceneOf(gridOf([]), { ticks }), paint);
    expect(g.texts.map(([text, , y]) => [text, y])).toEqual([
      ['0', 94],
      ['50', 50],
      ['100', 6],
    ]);
  });

  test('the budget carries its name, below the line when there is no room above', () => {
    const label = (value: number): number | undefined => {
      const g = recorder();
      const rule = { value, token: 'budget', dash: [5, 4], label: 'Budget' } as const;
      drawOver(g.context, at, sceneOf(gridOf([]), { rules: [rule] }), paint);
      return g.texts[0]?.[2];
    };
    expect(label(50)).toBeLessThan(50);
    expect(label(97)).toBeGreaterThan(3);
  });

  test('a mark whose words would touch the one before keeps its sign and drops its words', () => {
    const g = recorder();
    const marks = [100, 200, 2000].map((x) => ({ x, text: 'p99 40.0 ms' }));
    drawOver(g.context, at, sceneOf(gridOf([]), { marks }), paint);
    expect(g.texts.length).toBe(2);
    expect(g.fills).toBe(3);
  });

  test('both ends of a gap are drawn', () => {
    const g = recorder();
    drawBehind(
      g.context,
      at,
      { ...sceneOf(gridOf([]), {}), gaps: [{ fromMs: 100, toMs: 300 }] },
      paint,
    );
    expect(g.rects).toEqual([
      [54, 0, 1, 100],
      [74, 0, 1, 100],
    ]);
  });
});

/** A 2D context that writes down what it is asked to draw. */
function recorder() {
  const texts: [string, number, number][] = [];
  const rects: number[][] = [];
  const seen = { texts, rects, fills: 0 };
  const own = {
    fillText: (text: string, x: number, y: number) => texts.push([text, x, y]),
    fillRect: (...rect: number[]) => rects.push(rect),
    measureText: (text: string) => ({ width: text.length * 6 }),
    fill: () => {
      seen.fills++;
    },
  };
  const context = new Proxy<Record<string, unknown>>(own, {
    get: (target, name) =>
      typeof name === 'string' && name in target ? target[name] : () => undefined,
    set: () => true,
  });
  // Only the members above are looked at; every other call does nothing.
  return Object.assign(seen, { context: context as unknown as CanvasRenderingContext2D });
}
