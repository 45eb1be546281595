// What a page in real Chromium does while somebody looks at a recording, told by the page itself: layout shifts, tasks of
// its thread, drawings of each lane, when frames came and when they were seen. Functions that run in the page use nothing
// from outside of themselves.
import type { Page } from 'playwright-core';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import type { Renderer } from './browser-process.ts';

export interface Speed {
  /** Sum of all layout shifts, those after input included. */
  shift: number;
  /** What stands where something moved to, and by how much it moved. */
  readonly moved: string[];
  /** Tasks of the page's own thread over 50 ms, ms; in order. */
  readonly longTasks: { readonly atMs: number; readonly ms: number }[];
  /** How often each canvas was cleared, by its id. */
  readonly draws: Record<string, number>;
  /** Workers that were started, and bytes that were given away to them. */
  workers: number;
  movedBytes: number;
  /** When a picture out of frames, in both lanes of latency, was on the screen, ms of performance.now(). */
  drawnMs: number | undefined;
  /** When anything was painted first. */
  paintMs: number | undefined;
  /** When the page's own element ran. */
  runsMs: number | undefined;
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
      ...{ shift: 0, moved: [], longTasks: [], draws: {}, workers: 0, movedBytes: 0 },
      ...{ drawnMs: undefined, paintMs: undefined, runsMs: undefined },
    };
    window.pfSpeed = speed;
    const observe = (type: string, take: (entry: PerformanceEntry) => void): void =>
      new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({
        ...{ type, buffered: true },
      });
    /** A shift tells no elements inside of shadow roots: what stands now where something came to is named. */
    const nameAt = (x: number, y: number): string => {
      const path: string[] = [];
      let root: Document | ShadowRoot = document;
      for (;;) {
        const found: Element | null = root.elementFromPoint(x, y);
        if (found === null) break;
        path.push(`${found.localName}${found.className === '' ? '' : `.${found.className}`}`);
        if (found.shadowRoot === null || found.shadowRoot === root) break;
        root = found.shadowRoot;
      }
      return path.slice(-2).join(' ');
    };
    observe('layout-shift', (entry) => {
      const { value, sources } = entry as PerformanceEntry & {
        readonly value: number;
        readonly sources: readonly {
          readonly previousRect: DOMRectReadOnly;
          readonly currentRect: DOMRectReadOnly;
        }[];
      };
      speed.shift += value;
      for (const { previousRect: from, currentRect: to } of sources) {
        const name = nameAt(to.x + to.width / 2, to.y + Math.min(8, to.height / 2));
        const by = [to.x - from.x, to.y - from.y].map(Math.round).join(' and ');
        speed.moved.push(`${name} by ${by} px`);
      }
    });
    observe('longtask', ({ startTime, duration }) => {
      speed.longTasks.push({ atMs: startTime, ms: duration });
    });
    observe('paint', ({ startTime }) => {
      speed.paintMs ??= startTime;
    });
    void customElements.whenDefined('pf-dashboard').then(() => (speed.runsMs = performance.now()));
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...box) {
      speed.draws[this.canvas.id] = (speed.draws[this.canvas.id] ?? 0) + 1;
      clearRect.apply(this, box);
      seeFrames(this.canvas);
    };
    /** Windows are drawn first, and know worst frames too: only a review's columns name the row of each. */
    const outOfFrames = new Set<string>();
    const seeFrames = (canvas: HTMLCanvasElement): void => {
      if (speed.drawnMs !== undefined) return;
      const root = canvas.getRootNode();
      const chart = root instanceof ShadowRoot ? root.host : undefined;
      if (chart?.localName !== 'pf-latency-chart') return;
      const bars = (chart as PfLatencyChart).worst?.bars ?? [];
      if (bars.length === 0 || bars.some(({ row }) => row < 0)) return;
      outOfFrames.add(canvas.id);
      if (!outOfFrames.has('c-latency') || !outOfFrames.has('c-worst')) return;
      // What is drawn now is painted with the next frame, and on the screen with the one behind it.
      const seen = (): void => {
        // A lane may be drawn before it is shown.
        if (chart.checkVisibility({ visibilityProperty: true }))
          speed.drawnMs ??= performance.now();
        else requestAnimationFrame(seen);
      };
      requestAnimationFrame(() => requestAnimationFrame(seen));
    };
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        speed.workers += 1;
      }

      override postMessage(message: unknown, more?: Transferable[] | StructuredSerializeOptions) {
        const moved = Array.isArray(more) ? more : (more?.transfer ?? []);
        for (const one of moved) if (one instanceof ArrayBuffer) speed.movedBytes += one.byteLength;
        super.postMessage(message, Array.isArray(more) ? { transfer: more } : more);
      }
    };
  });
}

export const speedOf = (page: Page): Promise<Speed> => page.evaluate(() => window.pfSpeed);

/** Addresses of what a page that shows no recording loads until it runs: itself, and all script that it needs at once. */
export async function firstFiles(page: Page): Promise<string[]> {
  await page.waitForFunction(() => window.pfSpeed.runsMs !== undefined);
  return page.evaluate(() => [
    `${location.origin}${location.pathname}`,
    ...performance
      .getEntriesByType('resource')
      .filter(({ startTime }) => startTime < (window.pfSpeed.runsMs ?? 0))
      .map(({ name }) => name)
      .filter((name) => !name.includes('/api/')),
  ]);
}

export interface Drawn {
  /** When the last byte of the frames had come, and when a picture out of them was on the screen; the page's clock. */
  readonly arrivedMs: number;
  readonly drawnMs: number;
  /** The longest worst frame of that picture, ms. */
  readonly worstMs: number;
}

/** Waits for the picture out of frames; throws when what the page tells of it cannot be. `bytes`: of the frames file. */
export async function framesDrawn(page: Page, bytes: number): Promise<Drawn> {
  await page.waitForFunction(() => window.pfSpeed.drawnMs !== undefined);
  const drawnMs = (await speedOf(page)).drawnMs ?? Number.NaN;
  const files = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => entry instanceof PerformanceResourceTiming)
      .filter(({ name }) => name.endsWith('/frames'))
      .map(({ responseEnd, decodedBodySize }) => ({ responseEnd, decodedBodySize })),
  );
  const [file] = files;
  if (file === undefined || files.length > 1) throw new Error(`${files.length} files of frames`);
  if (file.decodedBodySize !== bytes) {
    throw new Error(`${file.decodedBodySize} bytes of frames came, not ${bytes}`);
  }
  const arrivedMs = file.responseEnd;
  if (!(arrivedMs > 0 && drawnMs > arrivedMs)) {
    throw new Error(`drawn at ${drawnMs} ms out of frames that came at ${arrivedMs} ms`);
  }
  const chart = await page.evaluateHandle(latencyLane);
  const bars = await chart.evaluate((lane) => lane?.worst?.bars.map(({ ms }) => ms) ?? []);
  await chart.dispose();
  return { arrivedMs, drawnMs, worstMs: Math.max(...bars.filter((ms) => !Number.isNaN(ms))) };
}

/** Verdict and figures stand there too. */
export async function settled(page: Page): Promise<void> {
  await page.locator('pf-quantile-table').waitFor();
  await page.waitForFunction(() => {
    const root = document
      .querySelector('pf-dashboard')
      ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
    const isKnown = root?.querySelector('pf-quantile-table')?.figures !== undefined;
    return isKnown && root?.querySelector('.verdict .loading') === null;
  });
}

/** Chooses a range; how long it took until its figures stood there, ms. */
export const brushed = (page: Page, fromMs: number, toMs: number): Promise<number> =>
  page.evaluate(
    async (brush) => {
      const detail = document
        .querySelector('pf-dashboard')
        ?.shadowRoot?.querySelector('pf-recording-detail');
      const table = detail?.shadowRoot?.querySelector('pf-quantile-table');
      if (!detail || !table) throw new Error('no figures here');
      const began = performance.now();
      detail.brush = brush;
      // An answer asks for an update: what every update shows is looked at, and nothing turns meanwhile.
      for (;;) {
        const told = table.figures?.quantiles;
        if (told?.from_ms === brush.fromMs && told.to_ms === brush.toMs && !table.isUpdatePending)
          break;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return performance.now() - began;
    },
    { fromMs, toMs },
  );

export interface Moved {
  /** Frames a second, less what the page's thread waited for a core; by the clock alone. */
  readonly fps: number;
  readonly clockFps: number;
  /** CPU of the page's thread a frame. */
  readonly workMs: number;
  /** Drawings of the latency lane a frame. */
  readonly draws: number;
  /** Of every lane. */
  readonly drawn: Readonly<Record<string, number>>;
}

export interface Movement {
  readonly fromMs: number;
  readonly toMs: number;
  readonly forMs: number;
}

/** Finds the latency lane in the whole page; runs in it. */
export const latencyLane = (): PfLatencyChart | undefined =>
  document
    .querySelector('pf-dashboard')
    ?.shadowRoot?.querySelector('pf-recording-detail')
    ?.shadowRoot?.querySelector('pf-latency-chart') ?? undefined;

/** Shows a part, then turns the wheel over it with every frame: to and fro, in and out. */
export async function movedView(
  page: Page,
  find: () => PfLatencyChart | undefined,
  { fromMs, toMs, forMs }: Movement,
  renderer: Renderer,
): Promise<Moved> {
  const chart = await page.evaluateHandle(find);
  await chart.evaluate(
    (element, range) => {
      if (element === undefined) throw new Error('no lane here');
      const root = element.getRootNode();
      const around = root instanceof ShadowRoot ? root.host : element;
      Object.assign(around, { [around === element ? 'range' : 'zoom']: range });
    },
    { fromMs, toMs },
  );
  await page.waitForTimeout(SETTLES_MS);
  const before = renderer.thread();
  const { frames, ms, drawn } = await chart.evaluate(async (element, lastsMs) => {
    const plot = element?.shadowRoot?.querySelector('.plot');
    if (!plot) throw new Error('no plot here');
    const { left, top, width } = plot.getBoundingClientRect();
    const before = { ...window.pfSpeed.draws };
    const began = performance.now();
    let count = 0;
    while (performance.now() - began < lastsMs) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      count += 1;
      // A second to the right, one to the left, one in, one out.
      const phase = Math.floor(count / 30) % 4;
      const isZoom = phase > 1;
      plot.dispatchEvent(
        new WheelEvent('wheel', {
          ...{ bubbles: true, composed: true, cancelable: true, ctrlKey: isZoom },
          ...{ clientX: left + width / 2, clientY: top + 20 },
          ...(isZoom ? { deltaY: phase === 2 ? -12 : 12 } : { deltaX: phase === 0 ? 24 : -24 }),
        }),
      );
    }
    const after = Object.entries(window.pfSpeed.draws);
    return {
      ...{ frames: count, ms: performance.now() - began },
      drawn: Object.fromEntries(after.map(([id, n]) => [id, n - (before[id] ?? 0)])),
    };
  }, forMs);
  const after = renderer.thread();
  const waitedMs = after.waitedMs - before.waitedMs;
  await chart.dispose();
  const seconds = (ms - Math.min(waitedMs, ms * MOST_WAITED)) / 1000;
  return {
    ...{ fps: frames / seconds, clockFps: frames / (ms / 1000) },
    workMs: (after.ranMs - before.ranMs) / frames,
    ...{ draws: (drawn['c-latency'] ?? 0) / frames, drawn },
  };
}

const SETTLES_MS = 400;
/** Of a measurement; one that hardly ever had a core says nothing. */
const MOST_WAITED = 0.8;
