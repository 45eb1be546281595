// Nothing moves while the page gets what it shows: every answer comes late here, one after the other, so that all that
// could push something else does. Real Chromium tells what moved.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import type { Capture } from '../../contract/stats.ts';
import { type LongReview, longReview } from '../support/long-review.ts';
import { PageBench, TIMEOUT_MS, twoFrames } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { settled, speedOf, watchSpeed } from '../support/page-speed.ts';
import { cleanRecording, longRecording, twoSessions } from '../support/seeded-recordings.ts';

const SIZES = [
  { width: 2000, height: 1400 },
  { width: 1600, height: 900 },
  { width: 1000, height: 900 },
  { width: 390, height: 844 },
];
/** What every answer of the host is late by, ms. */
const LATE_MS = 60;
const CALM_MS = 400;

describe('nothing moves', () => {
  let bench: PageBench;
  let run: LongReview;

  beforeAll(async () => {
    bench = await PageBench.open();
    run = longReview(1, 60);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  /** One with frames, findings and markers, among others; with a black box that holds something. */
  function host(recordings?: readonly Capture[]): PageHost {
    const all = [run.capture, longRecording(), twoSessions(), cleanRecording()];
    const made = bench.host(recordings ?? all);
    made.frames.set(run.capture.meta.id, run.bytes);
    made.blackBox = {
      ...{ on: true, seconds: 60, frames: 3600, bytes: 1e6, saved: 0, held_back: 0 },
      ...{ limit_bytes: 64e6, limit_s: 60 },
    };
    return made;
  }

  async function open(at: PageHost, hash: string, viewport: (typeof SIZES)[number]): Promise<Page> {
    const { page } = await bench.blank({ viewport });
    await watchSpeed(page);
    await page.route('**/api/**', async (route) => {
      await Bun.sleep(LATE_MS);
      await route.continue().catch(() => undefined);
    });
    await page.goto(`${at.url}/#token=${at.token}${hash}`);
    return page;
  }

  /** What comes last came, and was drawn. */
  async function stays(page: Page): Promise<void> {
    await page.waitForTimeout(CALM_MS);
    await twoFrames(page);
    const { shift, moved } = await speedOf(page);
    expect({ moved, shift }).toEqual({ moved: [], shift: 0 });
    await page.context().close();
  }

  const detail = (page: Page) => page.locator('pf-recording-detail[stands]');

  for (const size of SIZES) {
    const at = `at ${size.width} px`;

    test(
      `while a recording with frames and findings is read, ${at}`,
      async () => {
        using from = host();
        const page = await open(from, `&r=${run.capture.meta.id}`, size);
        await settled(page);
        await page.locator('pf-recordings-list li').first().waitFor();
        expect(await page.locator('.finding').count()).toBeGreaterThan(0);
        await stays(page);
      },
      TIMEOUT_MS,
    );

    test(
      `while a recording of windows alone and one of two sessions are read, ${at}`,
      async () => {
        using from = host();
        for (const { meta } of [longRecording(), twoSessions()]) {
          const page = await open(from, `&r=${meta.id}`, size);
          await detail(page).waitFor();
          await page.locator('pf-recordings-list li').first().waitFor();
          await stays(page);
        }
      },
      TIMEOUT_MS,
    );

    test(
      `while nothing was recorded yet, and in the host's room, ${at}`,
      async () => {
        using empty = host([]);
        const first = await open(empty, '', size);
        await first.locator('pf-first-run').waitFor();
        await stays(first);
        using from = host();
        const room = await open(from, '&room=host', size);
        await room.locator('pf-retention dl').waitFor();
        await stays(room);
      },
      TIMEOUT_MS,
    );
  }

  test(
    'when frames are long on their way: the timeline stands by then, and of the answer there is what fits above it',
    async () => {
      for (const size of SIZES) {
        using from = host();
        const { page } = await bench.blank({ viewport: size });
        await watchSpeed(page);
        const release = from.holdFrames();
        await page.goto(`${from.url}/#token=${from.token}&r=${run.capture.meta.id}`);
        const timeline = page.locator('pf-recording-detail section.timeline');
        await timeline.waitFor({ state: 'attached' });
        expect(await timeline.isVisible()).toBe(false);
        await timeline.waitFor();
        release();
        await settled(page);
        await page.locator('.sight').first().waitFor();
        const { shift, moved } = await speedOf(page);
        expect({ moved, shift }).toEqual({ moved: [], shift: 0 });
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'while one of very many frames is read: its timeline stands at once, out of its windows',
    async () => {
      const { capture } = run;
      const long = { ...capture, meta: { ...capture.meta, frame_count: 2_592_000 } };
      using from = host([long, cleanRecording()]);
      for (const size of SIZES) {
        const release = from.holdFrames();
        const page = await open(from, `&r=${long.meta.id}`, size);
        const timeline = page.locator('pf-recording-detail section.timeline');
        await timeline.waitFor({ state: 'attached' });
        expect(await timeline.isVisible()).toBe(true);
        release();
        await settled(page);
        await page.locator('.sight').first().waitFor();
        await stays(page);
      }
    },
    TIMEOUT_MS,
  );

  test(
    'what was folded away of an answer is one press, or its key, away',
    async () => {
      using from = host();
      const { page } = await bench.blank({ viewport: { width: 390, height: 844 } });
      const release = from.holdFrames();
      await page.goto(`${from.url}/#token=${from.token}&r=${run.capture.meta.id}`);
      await page.locator('pf-recording-detail section.timeline').waitFor();
      release();
      const more = page.getByRole('button', { name: /^Show \d( more)? findings?$/ });
      await more.waitFor();
      const before = await page.locator('.finding').count();
      await more.click();
      await more.waitFor({ state: 'detached' });
      const after = await page.locator('.finding').count();
      expect(after).toBeGreaterThan(before);
      // The first of those that came has the focus.
      const no = page.locator('.finding:focus .no');
      expect(await no.textContent()).toBe(String(before + 1));
    },
    TIMEOUT_MS,
  );

  test(
    'when another recording is chosen, and its answers come later than a press explains',
    async () => {
      using from = host();
      const page = await open(from, `&r=${longRecording().meta.id}`, { width: 1600, height: 900 });
      await detail(page).waitFor();
      await page.unroute('**/api/**');
      await page.route('**/api/**', async (route) => {
        await Bun.sleep(700);
        await route.continue().catch(() => undefined);
      });
      await page.waitForTimeout(CALM_MS);
      await page.locator(`li[data-id="${run.capture.meta.id}"] .view`).click();
      await page.locator('pf-quantile-table').waitFor();
      await settled(page);
      await stays(page);
    },
    TIMEOUT_MS,
  );
});
