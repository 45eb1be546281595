// One frame that the encoder held for 80 ms in three hours at 120 fps, with frames given up right after it: seen in the
// overview and in the list's row where it was, and gone to with one key that names it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { Format } from '../../components/base/format.ts';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { StripModel } from '../../components/chart/strip.ts';
import type { Capture } from '../../contract/stats.ts';
import { parseCapture } from '../../recording/src/format.ts';
import { ABSENT, boundaryColumns, type FrameBatch } from '../../recording/src/frames.ts';
import { eventually, type Watched } from '../support/browser.ts';
import { ARMED_NS, announced, builder } from '../support/captures.ts';
import { frameBytes } from '../support/frames-files.ts';
import { PageBench, TIMEOUT_MS } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { SyntheticStream } from '../support/synthetic-frames.ts';

const [FPS, HOURS] = [120, 3];
const MINUTES = HOURS * 60;
const LENGTH_MS = MINUTES * 60_000;
const SPIKE_ROW = 772_345;
const SPIKE_US = 80_000;
const SPIKE_MS = (SPIKE_ROW / FPS) * 1000;
/** The queue of two was full while the encoder slept. */
const DROPPED = [1, 2, 3, 5];

type StripFrame = StripModel['frames'][number];

let bench: PageBench;
let host: PageHost;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  const { capture, bytes } = threeHours();
  bench = await PageBench.open();
  host = bench.host([capture]);
  host.frames.set(capture.meta.id, bytes);
  const hash = `#token=${host.token}&r=${capture.meta.id}`;
  watched = await bench.visit(host, { viewport: { width: 1600, height: 1400 } }, hash);
  page = watched.page;
  await page.waitForFunction(
    () => {
      const detail = document
        .querySelector('pf-dashboard')
        ?.shadowRoot?.querySelector('pf-recording-detail');
      const bars = detail?.shadowRoot?.querySelector('pf-latency-chart')?.worst?.bars;
      // Windows tell their worst frame before the frames are there.
      return bars?.some(({ row }) => row >= 0) === true;
    },
    undefined,
    { timeout: 120_000 },
  );
}, 240_000);

afterAll(async () => {
  host[Symbol.dispose]();
  await bench[Symbol.asyncDispose]();
});

describe('one spike of 80 ms in three hours', () => {
  test(
    'is drawn in the overview where it was, in the colour of the encoder',
    async () => {
      const worst = await page.locator('pf-latency-chart').evaluate((el) => {
        const bars = Reflect.get(el, 'worst')?.bars ?? [];
        return bars.filter(({ ms }: { ms: number }) => ms > 50);
      });
      expect(worst).toMatchObject([{ part: 'encode', row: SPIKE_ROW }]);
      const canvas = page.locator('canvas#c-worst');
      const columns = await eventually(
        () => canvas.evaluate(columnsOf, COLOURS.encode.dark),
        ({ found }) => found.length > 0,
      );
      // One bar, a few pixels wide, and where the pointer says that the spike was.
      const [x = 0] = columns.found.map(([first]) => first);
      expect(columns.found.length).toBeLessThan(6);
      const box = await canvas.boundingBox();
      if (box === null) throw new Error('no lane');
      const scale = box.width / columns.width;
      await page.mouse.move(box.x + (x + columns.found.length / 2) * scale, box.y + box.height / 2);
      const cursorMs = (): Promise<number> =>
        page.locator('pf-recording-detail').evaluate((el) => Reflect.get(el, 'cursorMs') ?? -1);
      const pixelMs = LENGTH_MS / (columns.width * scale);
      await eventually(cursorMs, (ms) => Math.abs(ms - SPIKE_MS) < 3 * pixelMs);
      expect(Math.max(...columns.found.map(([, height]) => height))).toBeGreaterThan(15);
    },
    TIMEOUT_MS,
  );

  test(
    'stands in its row of the list where it was',
    async () => {
      const row = page.locator('pf-recordings-list .spark').first();
      await row.locator('path.worst[d^="M"]').waitFor({ state: 'attached' });
      const path = await row.locator('path.worst').getAttribute('d');
      const column = Math.floor((SPIKE_MS / LENGTH_MS) * 48);
      expect(path).toBe(`M${column + 0.5} 13V1`);
      expect(await row.getAttribute('aria-label')).toMatch(/the worst frame 10\.\d times/);
      await page.locator('pf-recordings-list').getByText('Encoder slow').waitFor();
    },
    TIMEOUT_MS,
  );

  test(
    'is where the key n goes first, and the frame is named',
    async () => {
      await page
        .locator('pf-recording-detail')
        .evaluate((el) => Object.assign(el, { cursorMs: 0 }));
      await page.locator('pf-latency-chart .group').first().focus();
      await page.keyboard.press('n');
      const strip = page.locator('pf-frame-strip');
      await strip
        .getByText(`Frame ${new Format('en').count(SPIKE_ROW)}`)
        .first()
        .waitFor();
      // To the second, not to the column.
      const badge = page.locator('pf-event-lanes .badge').getByText('1:47:16', { exact: true });
      await badge.waitFor();
      await strip
        .locator('.path')
        .getByText(/8\d\.\d\sms/)
        .first()
        .waitFor();
      // The frames around it come with an answer of their own.
      await eventually(
        () => strip.evaluate(droppedRows),
        (rows) =>
          Bun.deepEquals(
            rows,
            DROPPED.map((i) => SPIKE_ROW + i),
          ),
      );
      // The next one is what was given up for it.
      await page.keyboard.press('n');
      await strip
        .getByText(`Frame ${new Format('en').count(SPIKE_ROW + 1)}`)
        .first()
        .waitFor();
      expect(watched.trouble).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

/** Of the frames that the strip draws, those that were given up. */
function droppedRows(strip: Element): number[] {
  const frames: StripFrame[] = Reflect.get(strip, 'model')?.frames ?? [];
  return frames.filter(({ isDropped }) => isDropped).map(({ row }) => row);
}

/** x of every column of pixels that holds this `#rrggbb`, and how many of them. */
function columnsOf(canvas: HTMLCanvasElement, hex: string) {
  const copy = document.createElement('canvas');
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const g = copy.getContext('2d', { willReadFrequently: true });
  g?.drawImage(canvas, 0, 0);
  const { data = new Uint8ClampedArray() } =
    g?.getImageData(0, 0, canvas.width, canvas.height) ?? {};
  const wanted = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  const heights = new Map<number, number>();
  for (let i = 0; i < data.length; i += 4) {
    if (!wanted.every((c, k) => Math.abs((data[i + k] ?? 0) - c) <= 2)) continue;
    const x = (i / 4) % canvas.width;
    heights.set(x, (heights.get(x) ?? 0) + 1);
  }
  return { width: canvas.width, found: [...heights] };
}

function threeHours(): { readonly capture: Capture; readonly bytes: Uint8Array<ArrayBuffer> } {
  const stream = new SyntheticStream({ session: 1, fps: FPS, seed: 77 });
  const making = builder();
  making.take(announced({ sessionId: 1, kind: 'gamestream', fps: FPS }));
  const groups = Array.from({ length: MINUTES }, (_, minute) => {
    const batch = stream.next(FPS * 60);
    const row = SPIKE_ROW - minute * FPS * 60;
    if (row >= 0 && row < batch.length - 10) spoil(batch, row);
    making.frames(batch);
    making.advance(ARMED_NS + BigInt(minute + 1) * 60_000_000_000n);
    return batch;
  });
  const { text } = making.finish(ARMED_NS + BigInt(LENGTH_MS) * 1_000_000n);
  const capture = parseCapture(text);
  const frame_count = MINUTES * 60 * FPS;
  return {
    capture: { ...capture, meta: { ...capture.meta, frame_count } },
    bytes: frameBytes(...groups),
  };
}

function spoil({ columns }: FrameBatch, row: number): void {
  for (const name of boundaryColumns.slice(2))
    columns[name][row] = (columns[name][row] ?? 0) + SPIKE_US;
  for (const i of DROPPED) {
    for (const name of boundaryColumns.slice(4)) columns[name][row + i] = ABSENT;
    columns.outcome[row + i] = 1;
  }
}
