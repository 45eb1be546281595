// Recordings of several sessions in the page: rows on the axis of the lanes below, chosen by hand and by key.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import type { PfSessionLanes } from '../../components/pf-session-lanes/pf-session-lanes.ts';
import { eventually, type Watched } from '../support/browser.ts';
import { drawn, latency, PageBench, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { BAD_FRAME, manySessions, threeSessions } from '../support/several-sessions.ts';

let bench: PageBench;
const three = threeSessions();

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const lanes = (page: Page): Locator => page.locator('pf-session-lanes');
const pick = (page: Page, id: number): Locator =>
  page.getByRole('button', { name: new RegExp(`^Session ${id}, `) });

async function open(
  host: PageHost,
  options: Parameters<PageBench['visit']>[1] = {},
): Promise<Watched> {
  const watched = await bench.visit(host, options);
  await drawn(watched.page);
  return watched;
}

function threeOn(): PageHost {
  const host = bench.host([three.capture]);
  host.frames.set(three.capture.meta.id, three.bytes);
  return host;
}

/** Left and right edge of what a row draws as its bar, px of the window. */
const barEdges = (page: Page, id: number): Promise<readonly [number, number]> =>
  lanes(page).evaluate((el, wanted) => {
    const bars = el.shadowRoot?.querySelectorAll(`.row[data-id="${wanted}"] .bar`) ?? [];
    const boxes = [...bars].map((bar) => bar.getBoundingClientRect());
    return [Math.min(...boxes.map((b) => b.left)), Math.max(...boxes.map((b) => b.right))] as const;
  }, id);

const session = (page: Page): Promise<number | undefined> =>
  latency(page).evaluate((el: PfLatencyChart) => el.session);

describe('three sessions', () => {
  test(
    'lie on the axis of the lanes below, and tell their worst frame, not their worst window',
    async () => {
      using host = threeOn();
      const { page, trouble } = await open(host);
      await lanes(page)
        .getByText(/^worst 9\d\.\d\sms · 00:20$/)
        .waitFor();
      const plot = await latency(page)
        .locator('.plot')
        .first()
        .evaluate((el) => {
          const { left, right } = el.getBoundingClientRect();
          return [left + 44, right] as const;
        });
      const at = (ms: number): number => plot[0] + (ms / 40_000) * (plot[1] - plot[0]);
      const [from, to] = await barEdges(page, 2);
      expect(Math.abs(from - at(8000))).toBeLessThan(4);
      expect(Math.abs(to - at(32_000))).toBeLessThan(4);
      const [, end] = await barEdges(page, 3);
      expect(Math.abs(end - plot[1])).toBeLessThan(4);
      // Over its budget: said by weight and colour, and by the shape on the row.
      const colour = await lanes(page)
        .locator('.row[data-id="2"] .peak')
        .evaluate((el) => getComputedStyle(el).fill);
      const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(COLOURS.bad.dark.slice(i, i + 2), 16));
      expect(colour).toBe(`rgb(${r}, ${g}, ${b})`);
      // The verdict is of one of them, and says so.
      await page.getByText('This is of session 1, one of 3.').waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'one is chosen by a click on its row, and everything below is of it; a drag chooses a range instead',
    async () => {
      using host = threeOn();
      const { page } = await open(host);
      await lanes(page)
        .getByText(/^worst 9/)
        .waitFor();
      const box = await lanes(page).locator('.row[data-id="2"] .plot').boundingBox();
      if (box === null) throw new Error('no row');
      const y = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width * 0.5, y);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
      await page.mouse.up();
      await page.getByRole('heading', { name: /^Range/ }).waitFor();
      expect(await session(page)).toBe(1);
      await page.mouse.click(box.x + box.width * 0.3, y);
      await eventually(
        () => session(page),
        (id) => id === 2,
      );
      await page.getByText(/^It stuttered once/).waitFor();
      // Its slowest frame is what the strip shows, and `n` leads to it.
      await page.keyboard.press('n');
      await page
        .locator('pf-frame-strip')
        .getByText(/^00:20\.0\d\d$/)
        .waitFor();
      const cursor = await latency(page).evaluate((el: PfLatencyChart) => el.cursorMs ?? 0);
      expect(Math.abs(cursor - BAD_FRAME.nearMs)).toBeLessThan(20);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'the key n pressed before the frames are there leads to where it would have led with them',
    async () => {
      using host = threeOn();
      const release = host.holdFrames();
      const { page, trouble } = await open(host);
      await pick(page, 2).click();
      await page.keyboard.press('n');
      const cursorMs = (): Promise<number> =>
        latency(page).evaluate((el: PfLatencyChart) => el.cursorMs ?? -1);
      expect(Math.abs((await cursorMs()) - BAD_FRAME.nearMs)).toBeGreaterThan(1000);
      release();
      await eventually(cursorMs, (ms) => Math.abs(ms - BAD_FRAME.nearMs) < 20);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'by key: one stop, arrows between rows, Enter looks at it; the cursor tells what each was streaming',
    async () => {
      using host = threeOn();
      const { page } = await open(host);
      await pick(page, 1).focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowUp');
      expect(await session(page)).toBe(1);
      await page.keyboard.press('Enter');
      await eventually(
        () => session(page),
        (id) => id === 2,
      );
      expect(await pick(page, 2).getAttribute('aria-current')).toBe('true');
      const tabs = await lanes(page).locator('.pickrow[tabindex="0"]').count();
      expect(tabs).toBe(1);
      await page.locator('pf-recording-detail').evaluate((el) => {
        Object.assign(el, { cursorMs: 28_000 });
      });
      await lanes(page).locator('.row[data-id="2"]').getByText('9.0 Mb/s · 854x480@60').waitFor();
      await page.locator('pf-recording-detail').evaluate((el) => {
        Object.assign(el, { cursorMs: 4000 });
      });
      await lanes(page).locator('.row[data-id="2"]').getByText('not streaming here').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'have a table twin, speak German, fit 390 and 320 px, and axe finds nothing',
    async () => {
      using host = threeOn();
      const { page } = await open(host, { locale: 'de-DE', viewport: { width: 390, height: 900 } });
      await lanes(page)
        .getByText(/^größtes 9\d,\d\sms · 00:20$/)
        .waitFor();
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await page.getByRole('button', { name: 'Als Tabelle' }).first().click();
      const cells = lanes(page).getByRole('row', { name: /^2 Deck 2/ });
      expect(await cells.textContent()).toContain('Bitrate 1, Modus 1');
      expect(await violations(page)).toEqual([]);
      await page.setViewportSize({ width: 320, height: 900 });
      await Bun.sleep(200);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'a hundred sessions stay within a bound, on the same axis, and all can be reached by key',
  async () => {
    using host = bench.host([manySessions(100)]);
    const { page, trouble } = await open(host);
    const shape = await lanes(page).evaluate((el: PfSessionLanes) => {
      const box = el.shadowRoot?.querySelector('.rows');
      const row = el.shadowRoot?.querySelector('.row .plot')?.getBoundingClientRect();
      const axis = el.shadowRoot?.querySelector('.axis .plot')?.getBoundingClientRect();
      return {
        rows: el.rows.length,
        height: box?.clientHeight ?? 0,
        all: box?.scrollHeight ?? 0,
        off: Math.abs((row?.right ?? 0) - (axis?.right ?? 9)),
      };
    });
    expect(shape.rows).toBe(100);
    expect(shape.height).toBeLessThanOrEqual(240);
    expect(shape.all).toBeGreaterThan(3000);
    expect(shape.off).toBeLessThan(0.6);
    await pick(page, 1).focus();
    for (let i = 0; i < 20; i += 1) await page.keyboard.press('PageDown');
    await page.keyboard.press('Enter');
    await eventually(
      () => session(page),
      (id) => id === 100,
    );
    const isSeen = await lanes(page).evaluate((el) => {
      const box = el.shadowRoot?.querySelector('.rows')?.getBoundingClientRect();
      const row = el.shadowRoot?.querySelector('.row.on')?.getBoundingClientRect();
      return row !== undefined && box !== undefined && row.bottom <= box.bottom + 1;
    });
    expect(isSeen).toBe(true);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);
