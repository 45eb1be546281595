// What makes the page fast, without a clock: who reads the frames, what is drawn how often, and that nothing moves under
// the reader's hand. The clock is bench/page.ts.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import { type LongReview, longReview, SPIKE_MS } from '../support/long-review.ts';
import { PageBench, pixels, TIMEOUT_MS, twoFrames } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import {
  brushed,
  firstFiles,
  framesDrawn,
  latencyLane,
  movedView,
  settled,
  speedOf,
  watchSpeed,
} from '../support/page-speed.ts';

const MINUTES = 3;
const LOW = { viewport: { width: 1440, height: 200 } };
const TALL = { viewport: { width: 1440, height: 1600 } };

describe('a recording with all its frames in the page', () => {
  let bench: PageBench;
  let run: LongReview;

  beforeAll(async () => {
    bench = await PageBench.open();
    run = longReview(MINUTES, 60);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  function host(): PageHost {
    const found = bench.host([run.capture]);
    found.frames.set(run.capture.meta.id, run.bytes);
    return found;
  }

  async function open(at: PageHost, options: typeof LOW): Promise<Page> {
    const { page } = await bench.blank(options);
    await watchSpeed(page);
    await page.goto(`${at.url}/#token=${at.token}&r=${run.capture.meta.id}`);
    await settled(page);
    return page;
  }

  const moved = async (page: Page) => {
    const view = { fromMs: 30_000, toMs: 120_000, forMs: 1200 };
    return movedView(page, latencyLane, view, await bench.renderer());
  };

  test(
    'its frames are given to a Worker, every byte of them; the page reads none',
    async () => {
      using at = host();
      const page = await open(at, TALL);
      const { workers, movedBytes } = await speedOf(page);
      expect({ workers, movedBytes }).toEqual({ workers: 1, movedBytes: run.bytes.length });
    },
    TIMEOUT_MS,
  );

  test(
    'what it loads before it runs is small',
    async () => {
      using at = host();
      // What shows a recording comes with the wish to see one.
      const { page } = await bench.blank(TALL);
      await watchSpeed(page);
      await page.goto(`${at.url}/#token=${at.token}`);
      const files = await firstFiles(page);
      const sizes = await Promise.all(
        files.map(async (address) => gzipSync(await (await fetch(address)).bytes()).length),
      );
      expect(files.some((address) => address.endsWith('.js'))).toBe(true);
      expect(sizes.reduce((sum, own) => sum + own, 0)).toBeLessThan(130_000);
    },
    TIMEOUT_MS,
  );

  test(
    'a lane in view is drawn once a frame at most, one out of view not at all until it is seen',
    async () => {
      using at = host();
      const page = await open(at, LOW);
      await page.locator('canvas#c-latency').evaluate((lane) => lane.scrollIntoView());
      // What was put off until nothing moved any more is drawn by now.
      await page.waitForTimeout(2000);
      const { draws, drawn } = await moved(page);
      expect(draws).toBeGreaterThan(0.5);
      expect(draws).toBeLessThanOrEqual(1.2);
      expect(drawn['c-health']).toBe(0);
      const before = (await speedOf(page)).draws['c-health'] ?? 0;
      await page.locator('canvas#c-health').evaluate((lane) => lane.scrollIntoView());
      await twoFrames(page);
      await page.waitForFunction((n) => (window.pfSpeed.draws['c-health'] ?? 0) > n, before);
    },
    TIMEOUT_MS,
  );

  test(
    'a lane out of view is drawn all the same when nothing has changed for a while',
    async () => {
      using at = host();
      const page = await open(at, LOW);
      await page.waitForFunction(() => (window.pfSpeed.draws['c-health'] ?? 0) > 0);
      expect(await page.evaluate(() => scrollY)).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'nothing moves when a range is chosen, panned and zoomed',
    async () => {
      using at = host();
      const page = await open(at, TALL);
      const loaded = await speedOf(page);
      await brushed(page, 20_000, 50_000);
      await brushed(page, 20_000, 21_000);
      await moved(page);
      const { shift, moved: what } = await speedOf(page);
      const all = what.slice(loaded.moved.length);
      // A figure of more digits takes a little of the column beside it; nothing goes up or down.
      expect(all.filter((one) => !one.endsWith('and 0 px'))).toEqual([]);
      expect(shift - loaded.shift, all.join('; ')).toBeLessThan(0.005);
    },
    TIMEOUT_MS,
  );

  test(
    'a picture out of windows is none out of frames: that one comes after their last byte, with the slowest of them',
    async () => {
      using at = host();
      const { page } = await bench.blank(TALL);
      await watchSpeed(page);
      const release = at.holdFrames();
      await page.goto(`${at.url}/#token=${at.token}&r=${run.capture.meta.id}`);
      await page.waitForFunction(() => (window.pfSpeed.draws['c-latency'] ?? 0) > 0);
      await twoFrames(page);
      expect((await speedOf(page)).drawnMs).toBeUndefined();
      release();
      const { arrivedMs, drawnMs, worstMs } = await framesDrawn(page, run.bytes.length);
      expect(drawnMs).toBeGreaterThan(arrivedMs);
      expect(worstMs).toBeGreaterThanOrEqual(SPIKE_MS);
      await expect(framesDrawn(page, run.bytes.length + 1)).rejects.toThrow('bytes of frames came');
    },
    TIMEOUT_MS,
  );

  test(
    'the lane of worst frames has its place before a frame was read',
    async () => {
      using at = host();
      const { page } = await bench.blank(TALL);
      await watchSpeed(page);
      const release = at.holdFrames();
      await page.goto(`${at.url}/#token=${at.token}&r=${run.capture.meta.id}`);
      const lanes = page.locator('pf-throughput-chart');
      await page.locator('canvas#c-worst').waitFor();
      const height = () =>
        page.locator('pf-latency-chart').evaluate((chart) => chart.getBoundingClientRect().height);
      const before = await height();
      release();
      await settled(page);
      expect(await height()).toBe(before);
      await lanes.waitFor();
      expect(await pixels(page, 'worst', COLOURS.encode.dark)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
