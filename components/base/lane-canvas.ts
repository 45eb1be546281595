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
    const before = this.#view;
    this.#view = view;
    if (!canvas || view === undefined) {
      this.#end();
      return;
    }
    if (this.#chart !== undefined && this.#chart.canvas !== canvas) this.#end();
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
    if (before?.paint.narrow === view.paint.narrow) {
      this.#chart.draw();
      return;
    }
    this.#chart.options = laneOptions(view.paint);
    this.#chart.update('none');
  }

  hostConnected(): void {
    addEventListener('beforeprint', this.#onPrint);
  }

  hostDisconnected(): void {
    removeEventListener('beforeprint', this.#onPrint);
    this.#end();
  }

  #end(): void {
    this.#chart?.destroy();
    this.#chart = undefined;
  }

  /** What watches its size is not asked before the pages are made. */
  readonly #onPrint = (): void => this.#chart?.resize();
}

/** How many charts are alive on this page: what a leak test counts. */
export const liveCharts = (): number => Object.keys(Chart.instances).length;
