// Lanes as chart.js configurations: data in, plain objects out. chart.js keeps canvas, size and areas; the grid is drawn
// here, series by series-draw.ts, ticks written by scene.ts, so that none is ever clipped and another view of the same lane
// is a drawing and no update. No animation, no legend, no tooltip. Built and tested without a DOM.
import type { ChartConfiguration, ChartDataset, Plugin } from 'chart.js';
import type { Token } from '../base/series-tokens.ts';
import type { BitrateModel, FramesModel, HealthModel } from './counts.ts';
import type { Grid, Point, Range } from './grid.ts';
import type { LatencyModel } from './latency.ts';
import type { Scale } from './scale.ts';
import {
  type Area,
  type Context,
  drawBehind,
  drawOver,
  type Paint,
  type Placing,
  type Scene,
} from './scene.ts';
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

/** The configuration a Chart is made from; later views are drawn by the plugin alone. */
export function laneConfig(view: LaneView, plugin: Plugin<'line'>): LaneConfig {
  return {
    type: 'line',
    data: { datasets: [] },
    options: laneOptions(view.paint),
    plugins: [plugin],
  };
}

/** What of a lane does not depend on what it shows. */
export function laneOptions({ narrow }: Paint): NonNullable<LaneConfig['options']> {
  const axis = {
    type: 'linear',
    ...{ min: 0, max: 1 },
    ...{ border: { display: false }, grid: { display: false }, ticks: { display: false } },
    afterBuildTicks: (scale: { ticks: unknown[] }): void => {
      scale.ticks = [];
    },
  } as const;
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
        ...axis,
        afterFit: (scale) => {
          scale.height = 0;
        },
      },
      y: {
        ...axis,
        afterFit: (scale) => {
          scale.width = narrow ? 0 : TICK_COLUMN_PX;
        },
      },
    },
  };
}

/** Draws grid, series and scene of whatever view is current. */
export function scenePlugin(current: () => LaneView | undefined): Plugin<'line'> {
  return {
    id: 'pfScene',
    beforeDatasetsDraw: (chart) => {
      const view = current();
      const at = view && placing(chart, view);
      if (!view || !at) return;
      drawGrid(chart.ctx, at.area, view, chart.currentDevicePixelRatio);
      drawBehind(chart.ctx, at, view.scene, view.paint);
      drawSeries(chart.ctx, at, view.datasets);
    },
    afterDatasetsDraw: (chart) => {
      const view = current();
      const at = view && placing(chart, view);
      if (view && at) drawOver(chart.ctx, at, view.scene, view.paint);
    },
  };
}

/** Undefined before the lane has been laid out. */
function placing(
  { scales, chartArea: area }: Parameters<NonNullable<Plugin<'line'>['afterDraw']>>[0],
  { range, scale }: LaneView,
): Placing | undefined {
  if (scales['x'] === undefined) return undefined;
  return {
    area,
    x: along(range.fromMs, endOf(range), area.left, area.right),
    y: along(0, scale.max, area.bottom, area.top),
  };
}

const endOf = ({ fromMs, toMs }: Range): number => Math.max(fromMs + 1, toMs);

/** Hairlines at the ticks, each on whole pixels of the screen. */
function drawGrid(
  g: Context,
  area: Area,
  { range, timeTicks, scale, paint }: LaneView,
  dpr: number,
): void {
  const { left, right, top, bottom } = area;
  const whole = (px: number): number => Math.round((px - 0.5) * dpr) / dpr + 0.5;
  g.save();
  g.strokeStyle = paint.colour('grid');
  g.lineWidth = 1;
  for (const ms of timeTicks) {
    const x = whole(left + ((ms - range.fromMs) / (endOf(range) - range.fromMs)) * (right - left));
    hairline(g, x, top, x, bottom);
  }
  for (const value of scale.ticks) {
    const y = whole(top + (1 - value / scale.max) * (bottom - top));
    hairline(g, left, y, right, y);
  }
  g.restore();
}

function hairline(g: Context, x0: number, y0: number, x1: number, y1: number): void {
  g.beginPath();
  g.moveTo(x0, y0);
  g.lineTo(x1, y1);
  g.stroke();
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
