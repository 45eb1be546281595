// The live view in the real page: follows the newest until a hand touches it, holds while more arrives, tells figures of
// windows for what they are; says how old it is when the host is silent, and what became of a recording that ended.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { eventually } from '../support/browser.ts';
import { latency, PageBench, pixels, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

interface Shown {
  readonly windows: number;
  readonly range: { readonly fromMs: number; readonly toMs: number } | undefined;
}

/** What the latency lane was given last. */
const shown = (page: Page): Promise<Shown> =>
  latency(page).evaluate((el: PfLatencyChart) => ({
    windows: el.model?.grid.buckets.length ?? 0,
    range: el.range,
  }));

const more = (page: Page, than: number): Promise<Shown> =>
  eventually(
    () => shown(page),
    ({ windows }) => windows > than,
  );

async function record(page: Page, [start, room, plain, stream, first]: Names = EN): Promise<void> {
  await page.getByRole('button', { name: start }).click();
  await page.getByRole('button', { name: room, exact: true }).click();
  await page.getByRole('button', { name: plain, exact: true }).click();
  await page.getByRole('button', { name: stream }).click();
  await page.getByRole('progressbar').waitFor();
  await page.getByRole('button', { name: first, exact: true }).click();
  await more(page, 4);
}

/** What has to be pressed, in order. */
type Names = readonly [string, string, string, string, string];
const EN = ['Start capture', 'Test stream', 'Plain', 'Start test stream', 'Performance'] as const;
const DE = [
  'Aufzeichnung starten',
  'Teststrom',
  'Ungestört',
  'Teststrom starten',
  'Leistung',
] as const;

/** Draws a range over the first seconds of the latency lane. */
async function brush(page: Page): Promise<void> {
  const box = await latency(page).locator('canvas').first().boundingBox();
  if (box === null) throw new Error('there is no lane');
  await page.mouse.move(box.x + 46, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + 90, box.y + 60, { steps: 4 });
  await page.mouse.up();
}

describe('the live view', () => {
  test(
    'follows; a range holds it while more arrives unseen; f follows again with all that came',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page, trouble } = await bench.visit(host);
      await record(page);
      await page.getByText('Following', { exact: true }).waitFor();
      expect(await pixels(page, 'latency', COLOURS.encode.dark)).toBeGreaterThan(20);
      await page.getByText(/^(No stutter so far\.|It stuttered|So far)/).waitFor();

      await brush(page);
      const range = page.getByRole('region', { name: 'Range' });
      await range.getByText(/windows$/).waitFor();
      await range.getByText(/not quantiles of it/).waitFor();
      await range.getByRole('row', { name: /^Total/ }).waitFor();
      const held = await shown(page);
      await page.getByText(/^Held · \d+\ss behind$/).waitFor();
      expect(await shown(page)).toEqual(held);
      expect(new URL(page.url()).hash).not.toContain('t=');

      await latency(page).getByRole('group').focus();
      await page.keyboard.press('f');
      await page.getByText('Following', { exact: true }).waitFor();
      await more(page, held.windows);
      // Zooming by key holds too, and the button follows again.
      await latency(page).getByRole('group').focus();
      await page.keyboard.press('+');
      await page.getByText(/^Held/).waitFor();
      const { range: zoomed } = await shown(page);
      expect((zoomed?.toMs ?? 0) - (zoomed?.fromMs ?? 0)).toBeLessThan(120_000);
      await page.getByRole('button', { name: 'Follow', exact: true }).click();
      await eventually(
        () => shown(page),
        ({ range: now }) => (now?.toMs ?? 0) - (now?.fromMs ?? 0) === 120_000,
      );
      await page.getByRole('button', { name: 'Last 1 min' }).click();
      await eventually(
        () => shown(page),
        ({ range: now }) => (now?.toMs ?? 0) - (now?.fromMs ?? 0) === 60_000,
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'in German, on a phone and in a panel nothing sticks out, and axe finds nothing',
    async () => {
      for (const [width, locale, words] of [
        [390, 'de-DE', DE],
        [320, 'en-GB', EN],
      ] as const) {
        using host = bench.host([cleanRecording()]);
        const viewport = { width, height: 900 };
        const { page, trouble } = await bench.visit(host, { viewport, locale });
        await record(page, words);
        await brush(page).catch(() => undefined);
        expect(await page.evaluate(sticksOut)).toEqual([]);
        expect(await violations(page)).toEqual([]);
        await page.getByText(width === 390 ? /^(Folgt|Angehalten)/ : /^(Following|Held)/).waitFor();
        expect(trouble).toEqual([]);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'of a host that falls silent it keeps what there was and says from when, and goes on where it was',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page } = await bench.visit(host);
      await record(page);
      const loaded = loads(host);
      host.silent = true;
      host.live.hangUp();
      await page.getByText(/^Last heard \d\d:\d\d:\d\d$/).waitFor();
      await page.getByText(/has not answered since \d\d:\d\d:\d\d/).waitFor();
      const kept = await shown(page);
      expect(kept.windows).toBeGreaterThan(4);
      host.silent = false;
      await more(page, kept.windows);
      await page.getByText(/^Following$/).waitFor();
      expect(loads(host)).toBe(loaded);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'after half an hour of sleep it is connected anew at once, says so, and has what happened meanwhile',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page } = await bench.visit(host, {}, '');
      await page.clock.install();
      await page.goto(`${host.url}/#token=${host.token}`);
      await page.reload();
      await record(page);
      const before = host.live.resumed.length;
      const loaded = loads(host);
      const kept = await shown(page);
      await page.clock.fastForward('30:00');
      await page.getByText(/^This computer slept from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d/).waitFor();
      await more(page, kept.windows);
      expect(host.live.resumed.length).toBeGreaterThan(before);
      expect(host.live.resumed.at(-1)).toMatch(/^live-\d+$/);
      expect(loads(host)).toBe(loaded);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** How often all of it was asked for: by each view of it once, and on the way to the test stream there may be two. */
const loads = (host: PageHost): number =>
  host.requests.filter((one) => one === 'GET /api/v1/stats/capture/live').length;
