// Lanes as chart.js configurations: data in, plain objects out. chart.js keeps canvas, scales and grid; its series are
// drawn by series-draw.ts, its ticks written by scene.ts, so that none is ever clipped. No animation, no legend, no
// tooltip. Built and tested without a DOM.
import type { ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import type { Token } from '../base/series-tokens.ts';
import type { BitrateModel, FramesModel, HealthModel } from './counts.ts';
import type { Grid, Point, Range } from './grid.ts';
import type { LatencyModel } from './latency.ts';
import type { Scale } from './scale.ts';
import { drawBehind, drawOver, type Paint, type Placing, type Scene } from './scene.ts';
import { drawSeries } from './series-draw.ts';

export type LaneDataset = ChartDataset<'line', Point[]>;
export type LaneConfig = ChartConfiguration<'line', Point[]>;

/** Everything a lane needs to be drawn once. */
export interface LaneView {
  readonly datasets: readonly LaneDataset[];
  readonly range: Range;
  readonly timeTicks: readonly number[];
  readonly scale: Scale;
  readonly scene: Scene;
  readonly paint: Paint;
}

/** First dataset on top: chart.js draws from the last to the first, so lower bands cover the ones that reach higher. */
export function latencyDatasets(model: LatencyModel, paint: Paint): LaneDataset[] {
  const total = line('Total p99', model.totalP99Points, paint.colour('total'), 1.5);
  const halo = line('Total p99 halo', model.totalP99Points, paint.colour('surface'), 3.5);
  const stages = model.stages.map((s) => {
    if (!model.stacked) return line(s.stage, s.drawn, paint.colour(s.stage), 1.75);
    return area(s.stage, s.drawn, paint.fill(s.stage), paint.colour('surface'));
  });
  const median =
    model.quantile === 'p50'
      ? [line('Total p50', model.totalPoints, paint.colour('text2'), 1)]
      : [];
  return [total, halo, ...median, ...stages].filter((d) =>
    d.data.some((p) => Number.isFinite(p.y)),
  );
}

export function framesDatasets(model: FramesModel, paint: Paint): LaneDataset[] {
  return [
    area('New', model.freshPoints, paint.fill('new'), paint.colour('text2')),
    area('Repeat', model.allPoints, paint.hatch('repeat'), paint.colour('repeat')),
  ];
}

export function bitrateDatasets(model: BitrateModel, paint: Paint): LaneDataset[] {
  const target = line('Target', model.targetPoints, paint.colour('text3'), 1.25);
  const upper = line('Largest', model.maxPoints, 'transparent', 0);
  return [
    line('Sent', model.meanPoints, paint.colour('text2'), 1.5),
    { ...target, borderDash: [2, 3] },
    { ...upper, backgroundColor: paint.colour('new'), fill: '+1' },
    line('Smallest', model.minPoints, 'transparent', 0),
  ];
}

export function healthDatasets(model: HealthModel, paint: Paint): LaneDataset[] {
  return model.rows.flatMap((row) => {
    const colour = paint.colour(HEALTH_TOKEN[row.counter]);
    // The edge keeps a single lost packet visible where its window is thinner than a pixel.
    const bars = area(row.counter, row.drawn, colour, colour);
    const measured = line(`${row.counter} measured`, row.baseline, paint.colour('control'), 1);
    return [{ ...bars, fill: { value: row.base } }, measured];
  });
}

/** The configuration a Chart is made from; later views only replace `options`. */
export function laneConfig(view: LaneView, plugin: Plugin<'line'>): LaneConfig {
  return {
    type: 'line',
    data: { datasets: [] },
    options: laneOptions(view),
    plugins: [plugin],
  };
}

export function laneOptions(view: LaneView): NonNullable<LaneConfig['options']> {
  const { paint, scale, range } = view;
  const grid = { color: paint.colour('grid'), drawTicks: false };
  return {
    animation: false,
    parsing: false,
    normalized: true,
    responsive: true,
    maintainAspectRatio: false,
    events: [],
    layout: { padding: 0, autoPadding: false },
    scales: {
      x: {
        type: 'linear',
        min: range.fromMs,
        max: Math.max(range.fromMs + 1, range.toMs),
        border: { display: false },
        grid,
        ticks: { display: false },
        afterBuildTicks: (axis) => {
          axis.ticks = view.timeTicks.map((value) => ({ value }));
        },
        afterFit: (axis) => {
          axis.height = 0;
        },
      },
      y: {
        type: 'linear',
        min: 0,
        max: scale.max,
        border: { display: false },
        grid,
        ticks: { display: false },
        afterBuildTicks: (axis) => {
          axis.ticks = scale.ticks.map((value) => ({ value }));
        },
        afterFit: (axis) => {
          axis.width = paint.narrow ? 0 : TICK_COLUMN_PX;
        },
      },
    },
  };
}

/** Draws series and scene of whatever view is current. */
export function scenePlugin(current: () => LaneView | undefined): Plugin<'line'> {
  return {
    id: 'pfScene',
    beforeDatasetsDraw: (chart) => {
      const view = current();
      const at = placing(chart);
      if (!view || !at) return;
      drawBehind(chart.ctx, at, view.scene, view.paint);
      drawSeries(chart.ctx, at, view.datasets);
    },
    afterDatasetsDraw: (chart) => {
      const view = current();
      const at = placing(chart);
      if (view && at) drawOver(chart.ctx, at, view.scene, view.paint);
    },
  };
}

function placing(
  chart: Parameters<NonNullable<Plugin<'line'>['afterDraw']>>[0],
): Placing | undefined {
  const { x, y } = chart.scales;
  if (x === undefined || y === undefined) return undefined;
  return {
    area: chart.chartArea,
    x: along(x.min, x.max, x.left, x.right),
    y: along(y.min, y.max, y.bottom, y.top),
  };
}

/** Not the scale's own: that one stops at 32,767 pixels, which zero and far ends lie beyond as soon as a view is near. */
function along(min: number, max: number, start: number, end: number): (value: number) => number {
  const each = (end - start) / (max - min || 1);
  return (value) => start + (value - min) * each;
}

export function sceneOf(grid: Grid, parts: Partial<Scene>): Scene {
  return { gaps: grid.gaps, ticks: [], rules: [], marks: [], words: [], ...parts };
}

function line(label: string, data: readonly Point[], colour: string, width: number): LaneDataset {
  return {
    label,
    data: [...data],
    borderColor: colour,
    borderWidth: width,
    borderJoinStyle: 'round',
    pointRadius: 0,
    pointHitRadius: 0,
    tension: 0,
    spanGaps: false,
    fill: false,
  };
}

function area(
  label: string,
  data: readonly Point[],
  fill: string | CanvasPattern,
  edge: string,
): LaneDataset {
  return { ...line(label, data, edge, 1), backgroundColor: fill, fill: 'origin' };
}

const HEALTH_TOKEN = {
  frames_dropped: 'bad',
  packets_dropped: 'bad',
  send_dropped: 'bad',
  fec_recovered: 'new',
  source_skipped: 'text2',
} as const satisfies Record<string, Token>;

/** Left of the plot, inside the canvas; the lane's label column ends before it. */
export const TICK_COLUMN_PX = 44;
