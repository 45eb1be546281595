// Several sessions while they are recorded: rows on the axis of the lanes below, that come, grow and end; the one that is
// chosen is what everything else on the page is of.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import type { PfSessionLanes } from '../../components/pf-session-lanes/pf-session-lanes.ts';
import { eventually } from '../support/browser.ts';
import { latency, PageBench, painted, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const lanes = (page: Page): Locator => page.locator('pf-session-lanes');
const row = (page: Page, id: number): Locator => lanes(page).locator(`.row[data-id="${id}"]`);

/** Two sessions stream while they are recorded: a calm one, then one whose encoder is slow. */
async function recordTwo(host: PageHost, page: Page, start = 'Start capture'): Promise<number[]> {
  await page.getByRole('button', { name: start }).click();
  const calm = host.guests.join('Deck OLED');
  await latency(page).waitFor();
  expect(await lanes(page).count()).toBe(0);
  const slow = host.guests.join('TV', SLOW);
  await row(page, slow).waitFor();
  return [calm, slow];
}

interface Lane {
  readonly session: number | undefined;
  /** Of whom the windows are that are drawn. */
  readonly of: readonly number[];
  readonly most: number;
  readonly range: { readonly fromMs: number; readonly toMs: number } | undefined;
}

/** What the latency lane draws. */
const lane = (page: Page): Promise<Lane> =>
  latency(page).evaluate((el: PfLatencyChart) => {
    const samples = el.model?.grid.buckets.flatMap((one) => one.samples) ?? [];
    return {
      session: el.session,
      of: [...new Set(samples.map((one) => one.session_id))],
      most: Math.max(0, ...samples.map((one) => one.total_p99_us ?? 0)),
      range: el.range,
    };
  });

const laneOf = (page: Page, id: number): Promise<Lane> =>
  eventually(
    () => lane(page),
    ({ of }) => of.length === 1 && of[0] === id,
  );

interface Told {
  readonly id: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isOpen: boolean;
}

const rows = (page: Page): Promise<readonly Told[]> =>
  lanes(page).evaluate((el: PfSessionLanes) =>
    el.rows.map(({ id, fromMs, toMs, isOpen }) => ({ id, fromMs, toMs, isOpen })),
  );

/** Left and right edge of what a row draws as its bar, px of the window. */
const barEdges = (page: Page, id: number): Promise<readonly [number, number]> =>
  row(page, id).evaluate((el) => {
    const boxes = [...el.querySelectorAll('.bar')].map((bar) => bar.getBoundingClientRect());
    return [Math.min(...boxes.map((b) => b.left)), Math.max(...boxes.map((b) => b.right))] as const;
  });

describe('two sessions while they are recorded', () => {
  test(
    'are rows that grow on the axis of the lanes; the newest is shown until another is chosen',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page, trouble } = await bench.visit(host);
      const [calm = 0, slow = 0] = await recordTwo(host, page);
      expect((await laneOf(page, slow)).session).toBe(slow);
      await page.getByText(`This is of session ${slow}, one of 2.`).waitFor();
      // What is told of a row is of its windows, and says so.
      await row(page, slow)
        .getByText(/^p99 \d\d\.\d\sms · 00:\d\d$/)
        .waitFor();
      const [, before] = await barEdges(page, slow);
      const [, end] = await eventually(
        () => barEdges(page, slow),
        ([, right]) => right > before,
      );
      const axis = await latency(page)
        .locator('.plot')
        .first()
        .evaluate((el) => {
          const { left, right } = el.getBoundingClientRect();
          return [left + 44, right] as const;
        });
      expect(end).toBeLessThan(axis[1]);
      const { range } = await lane(page);
      const { fromMs } = (await rows(page)).find(({ id }) => id === slow) ?? { fromMs: Number.NaN };
      const pxPerMs = (axis[1] - axis[0]) / ((range?.toMs ?? 0) - (range?.fromMs ?? 0));
      const [from] = await barEdges(page, slow);
      expect(Math.abs(from - (axis[0] + (fromMs - (range?.fromMs ?? 0)) * pxPerMs))).toBeLessThan(
        3,
      );

      await row(page, calm).getByRole('button').click();
      const chosen = await laneOf(page, calm);
      expect(chosen.session).toBe(calm);
      expect(chosen.most).toBeLessThan(16_700);
      await painted(page, 'latency', COLOURS.encode.dark, 20);
      await page.getByText(`This is of session ${calm}, one of 2.`).waitFor();
      // Who presses a name moves no cursor: it stays with the newest.
      await row(page, calm).getByText(/Mb\/s/).waitFor();
      await page.getByText('Following', { exact: true }).waitFor();
      // Another that comes changes nothing of what was chosen.
      const third = host.guests.join('Phone');
      await row(page, third).waitFor();
      await page.getByText(`This is of session ${calm}, one of 3.`).waitFor();
      expect((await lane(page)).of).toEqual([calm]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'held, a third comes and one leaves, and what is shown stands still; by key the rows are one stop',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page, trouble } = await bench.visit(host);
      const [calm = 0, slow = 0] = await recordTwo(host, page);
      await laneOf(page, slow);
      await latency(page).getByRole('group').focus();
      await page.keyboard.press('+');
      await page.getByText(/^Held/).waitFor();
      const held = await lane(page);
      const third = host.guests.join('Phone');
      await row(page, third).waitFor();
      host.guests.leave(calm);
      const told = await eventually(
        () => rows(page),
        (all) => all.some(({ id, isOpen }) => id === calm && !isOpen),
      );
      expect(told.map(({ id, isOpen }) => [id, isOpen])).toEqual([
        [calm, false],
        [slow, true],
        [third, true],
      ]);
      expect(await lane(page)).toEqual(held);
      expect(await lanes(page).evaluate((el: PfSessionLanes) => el.range)).toEqual(
        held.range ?? { fromMs: 0, toMs: 0 },
      );

      const pick = (id: number): Locator => row(page, id).getByRole('button');
      await pick(slow).focus();
      await page.keyboard.press('ArrowUp');
      expect((await lane(page)).session).toBe(slow);
      await page.keyboard.press('Enter');
      const { range } = await laneOf(page, calm);
      expect(range).toEqual(held.range ?? { fromMs: 0, toMs: 0 });
      expect(await pick(calm).getAttribute('aria-current')).toBe('true');
      expect(await lanes(page).locator('.pickrow[tabindex="0"]').count()).toBe(1);
      expect(await pick(third).getAttribute('aria-label')).toMatch(/^Session \d, Phone · .*since /);
      await page.keyboard.press('?');
      await page.getByRole('dialog').getByText('Sessions', { exact: true }).waitFor();
      await page.keyboard.press('Escape');

      // Followed again, the one that left ends before the others.
      await page.getByRole('button', { name: 'Follow', exact: true }).click();
      await eventually(
        async () => [await barEdges(page, calm), await barEdges(page, slow)] as const,
        ([left, stays]) => left[1] < stays[1] - 1,
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'have a table twin, fit 390 and 320 px in German and English, and axe finds nothing',
    async () => {
      for (const [width, locale, start] of [
        [390, 'de-DE', 'Aufzeichnung starten'],
        [320, 'en-GB', 'Start capture'],
      ] as const) {
        using host = bench.host([cleanRecording()]);
        // What is out of view is not drawn.
        const viewport = { width, height: 2000 };
        const { page, trouble } = await bench.visit(host, { viewport, locale });
        const [, slow = 0] = await recordTwo(host, page, start);
        await laneOf(page, slow);
        await row(page, slow).getByText(/^p99/).waitFor();
        expect(await page.evaluate(sticksOut)).toEqual([]);
        const isGerman = locale === 'de-DE';
        await page.getByRole('button', { name: isGerman ? 'Als Tabelle' : 'As table' }).click();
        const cells = lanes(page).getByRole('row', { name: new RegExp(`^${slow} TV`) });
        expect(await cells.textContent()).toMatch(isGerman ? /p99 \d+,\d/ : /p99 \d+\.\d/);
        expect(await page.evaluate(sticksOut)).toEqual([]);
        expect(await violations(page)).toEqual([]);
        expect(trouble).toEqual([]);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});

/** How much longer its encoder takes. */
const SLOW = 6;
