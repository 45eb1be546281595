// What a page in real Chromium does while somebody looks at a recording, told by the page itself: layout shifts, tasks of
// its thread, drawings of each lane, when frames came and when they were seen. Functions that run in the page use nothing
// from outside of themselves.
import type { Page } from 'playwright-core';

export interface Speed {
  /** Sum of all layout shifts, those after input included. */
  shift: number;
  /** Elements that moved. */
  readonly moved: string[];
  /** Tasks of the page's own thread over 50 ms, ms; in order. */
  readonly longTasks: { readonly atMs: number; readonly ms: number }[];
  /** How often each canvas was cleared, by its id. */
  readonly draws: Record<string, number>;
  /** Workers that were started. */
  workers: number;
  /** When the first picture out of frames was drawn, ms of performance.now(). */
  drawnMs: number | undefined;
  /** When anything was painted first. */
  paintMs: number | undefined;
}

declare global {
  interface Window {
    pfSpeed: Speed;
  }
}

/** Before the page is visited. */
export async function watchSpeed(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const speed: Speed = {
      ...{ shift: 0, moved: [], longTasks: [], draws: {}, workers: 0 },
      ...{ drawnMs: undefined, paintMs: undefined },
    };
    window.pfSpeed = speed;
    const observe = (type: string, take: (entry: PerformanceEntry) => void): void =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
        ...{ type, buffered: true },
      });
    observe('layout-shift', (entry) => {
      const { value, sources } = entry as PerformanceEntry & {
        readonly value: number;
        readonly sources: readonly { readonly node?: Node }[];
      };
      speed.shift += value;
      for (const { node } of sources) {
        if (!(node instanceof Element)) continue;
        const root = node.getRootNode();
        const host = root instanceof ShadowRoot ? root.host.localName : '';
        speed.moved.push(`${host} ${node.localName}.${node.className}`);
      }
    });
    observe('longtask', ({ startTime, duration }) => {
      speed.longTasks.push({ atMs: startTime, ms: duration });
    });
    observe('paint', ({ startTime }) => {
      speed.paintMs ??= startTime;
    });
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      speed.draws[this.canvas.id] = (speed.draws[this.canvas.id] ?? 0) + 1;
      clearRect.apply(this, box);
    };
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        speed.workers += 1;
      }
    };
    const look = (): void => {
      const chart = document
        .querySelector('pf-dashboard')
        ?.shadowRoot?.querySelector('pf-recording-detail')
        ?.shadowRoot?.querySelector('pf-latency-chart');
      if (chart?.worst === undefined) requestAnimationFrame(look);
      // What was drawn in this frame is on the screen with the next.
      else requestAnimationFrame(() => (speed.drawnMs = performance.now()));
    };
    requestAnimationFrame(look);
  });
}

export const speedOf = (page: Page): Promise<Speed> => page.evaluate(() => window.pfSpeed);
