// One canvas of one element: makes the chart when there is something to draw, draws what is new afterwards, destroys it
// when the element leaves the page. The only file that runs chart.js.
import { Chart, LinearScale } from 'chart.js';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Point } from '../chart/grid.ts';
import { type LaneView, laneConfig, laneOptions, scenePlugin } from '../chart/options.ts';

Chart.register(LinearScale);

export class LaneCanvas implements ReactiveController {
  #chart: Chart<'line', Point[]> | undefined;
  #view: LaneView | undefined;

  constructor(host: ReactiveControllerHost) {
    host.addController(this);
  }

  draw(canvas: HTMLCanvasElement | null | undefined, view: LaneView | undefined): void {
    this.#view = view;
    if (!canvas || view === undefined) {
      this.hostDisconnected();
      return;
    }
    if (this.#chart !== undefined && this.#chart.canvas !== canvas) this.hostDisconnected();
    if (this.#chart === undefined) {
      this.#chart = new Chart(
        canvas,
        laneConfig(
          view,
          scenePlugin(() => this.#view),
        ),
      );
      return;
    }
    this.#chart.options = laneOptions(view);
    this.#chart.update('none');
  }

  hostDisconnected(): void {
    this.#chart?.destroy();
    this.#chart = undefined;
  }
}

/** How many charts are alive on this page: what a leak test counts. */
export const liveCharts = (): number => Object.keys(Chart.instances).length;
