// A series is drawn where its windows are, however near the view is: the pixels of its first and last window lie where
// the pointer says their times are.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { Capture } from '../../contract/stats.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { TIMEOUT_MS } from '../support/page.ts';
import { longRecording } from '../support/seeded-recordings.ts';

let bench: BrowserBench;
let site: Bun.Server<undefined>;
let page: Page;

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname.endsWith('.js')) {
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      }
      const html =
        '<!doctype html><html lang="en"><title>Mine</title><script type="module" src="/punktfunk.js"></script><body>';
      return new Response(html, { headers: { 'content-type': 'text/html' } });
    },
  });
  ({ page } = await bench.page());
  await page.goto(`http://127.0.0.1:${site.port}/`);
  await page.waitForFunction(() => customElements.get('pf-throughput-chart') !== undefined);
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const SECOND = 1000;
const HOUR = 3600 * SECOND;

test.each([
  ['seventeen seconds', 0, 17 * SECOND],
  ['twenty minutes', 0, 1200 * SECOND],
  ['three hours', 0, 3 * HOUR],
  ['ten seconds at the end of three hours', 3 * HOUR - 20 * SECOND, 3 * HOUR - 10 * SECOND],
  ['two seconds after an hour', HOUR, HOUR + 2 * SECOND],
])(
  'the lane of frames in %s',
  async (_name, fromMs, toMs) => {
    // A tenth of the view is left empty at either end, and a window is a twentieth of it.
    const windowMs = (toMs - fromMs) / 20;
    const [firstMs, lastMs] = [fromMs + 2 * windowMs, toMs - 2 * windowMs];
    await page.evaluate(
      ([recording, range]) => {
        const one = Object.assign(document.createElement('pf-throughput-chart'), {
          recording,
          range,
        });
        document.body.replaceChildren(one);
      },
      [windows(firstMs, windowMs, toMs), { fromMs, toMs }] as const,
    );
    const canvas = page.locator('pf-throughput-chart canvas').first();
    const { width, first, last } = await eventually(
      () => canvas.evaluate(extentOf, COLOURS.new.light),
      (found) => found.first >= 0,
    );
    const box = await canvas.boundingBox();
    if (box === null) throw new Error('no lane');
    for (const [x, ms] of [
      [first, firstMs],
      [last, lastMs],
    ] as const) {
      await page.mouse.move(box.x + ((x + 0.5) * box.width) / width, box.y + box.height - 8);
      const pixelMs = (toMs - fromMs) / width;
      const told = await page
        .locator('pf-throughput-chart')
        .evaluate((el) => Reflect.get(el, 'cursorMs') ?? Number.NaN);
      expect(Math.abs(told - ms)).toBeLessThan(4 * pixelMs);
    }
  },
  TIMEOUT_MS,
);

/** Windows side by side from a time on, until a tenth before the end. */
function windows(firstMs: number, windowMs: number, toMs: number): Capture {
  const made = longRecording();
  const [usual] = made.samples;
  if (usual === undefined) throw new Error('no window');
  const samples = Array.from({ length: 16 }, (_, i) => ({
    ...usual,
    ...{ t_ms: Math.round(firstMs + (i + 1) * windowMs), window_ms: windowMs },
    ...{ fps: 60, repeat_fps: 0 },
  }));
  return { ...made, meta: { ...made.meta, duration_ms: toMs }, samples, events: [] };
}

/** The first and last column of pixels of this `#rrggbb`; -1 without one. */
function extentOf(canvas: HTMLCanvasElement, hex: string) {
  const copy = document.createElement('canvas');
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const g = copy.getContext('2d', { willReadFrequently: true });
  if (g === null || canvas.width === 0) return { width: 0, first: -1, last: -1 };
  g.drawImage(canvas, 0, 0);
  const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
  const wanted = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  let [first, last] = [-1, -1];
  for (let i = 0; i < data.length; i += 4) {
    if (!wanted.every((c, k) => Math.abs((data[i + k] ?? 0) - c) <= 2)) continue;
    const x = (i / 4) % canvas.width;
    first = first < 0 ? x : Math.min(first, x);
    last = Math.max(last, x);
  }
  return { width: canvas.width, first, last };
}
