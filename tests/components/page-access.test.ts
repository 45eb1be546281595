// The page without a pointer and without eyes: keys, focus, speech, axe.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { eventually } from '../support/browser.ts';
import { drawn, latency, PageBench, TIMEOUT_MS, violations } from '../support/page.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('keyboard', () => {
  test(
    'the cursor moves window by window, is spoken, and leads every lane',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      const group = latency(page).getByRole('group', { name: 'Latency by stage' });
      await group.focus();
      const at = (tag: string): Promise<string> =>
        page
          .locator(tag)
          .locator('.cursor')
          .last()
          .evaluate((el: HTMLElement) => el.style.transform);
      const before = await at('pf-latency-chart');
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await eventually(
        () => at('pf-latency-chart'),
        (now) => now !== before,
      );
      expect(await at('pf-health-chart')).toBe(await at('pf-latency-chart'));
      await eventually(
        () => latency(page).locator('[aria-live]').textContent(),
        (said) => /^00:0\d: Total p99 [\d.]+, Total p50/.test(said ?? ''),
      );
      await page.keyboard.press('Escape');
      await eventually(
        () => at('pf-latency-chart'),
        (now) => now === before,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'q changes the quantile, t shows the table, and the table has the figures',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      await latency(page).getByRole('group', { name: 'Latency by stage' }).focus();
      await page.keyboard.press('q');
      await page.getByRole('button', { name: 'p99', pressed: true }).waitFor();
      expect(await latency(page).evaluate((el: PfLatencyChart) => el.model?.quantile)).toBe('p99');
      await page.keyboard.press('t');
      const table = latency(page).getByRole('table');
      await table.waitFor();
      // The table scrolls in its own box: the page does not grow by its rows.
      expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBeLessThan(3000);
      expect(await table.locator('tbody tr').count()).toBe(
        await latency(page).evaluate((el: PfLatencyChart) => el.model?.grid.buckets.length ?? 0),
      );
      expect(await table.locator('thead th').allTextContents()).toEqual([
        'Time',
        'Capture',
        'Encode',
        'Packetize',
        'Send',
        'Total p50',
        'Total p99',
      ]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'everything can be reached and has a visible focus',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      await page.keyboard.press('Tab');
      const seen: string[] = [];
      for (let i = 0; i < 60; i++) {
        const [name, ring] = await page.evaluate(() => {
          let el = document.activeElement;
          while (el?.shadowRoot?.activeElement != null) el = el.shadowRoot.activeElement;
          if (el === null || el === document.body) return ['', ''];
          return [
            el.getAttribute('aria-label') ?? el.textContent?.trim() ?? el.tagName,
            getComputedStyle(el).outlineStyle,
          ];
        });
        if (name === '' || name === undefined) break;
        expect([name, ring]).toEqual([name, 'solid']);
        seen.push(name);
        await page.keyboard.press('Tab');
      }
      for (const name of [
        'Skip to the recording',
        'DE, Deutsch',
        'Start capture',
        'Test stream',
        'p99',
        'As table',
        'Latency by stage',
        'Throughput',
        'Health',
      ]) {
        expect(seen).toContain(name);
      }
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('axe finds nothing', () => {
  test.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['German', { locale: 'de-DE' }],
    ['panel', { viewport: { width: 320, height: 700 } }],
    ['contrast', { contrast: 'more', colorScheme: 'light' }],
  ] as const)(
    '%s',
    async (_name, options) => {
      using host = bench.host();
      const { page } = await bench.visit(host, options);
      await drawn(page);
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'table, deletion, settings, live, token',
    async () => {
      using host = bench.host([cleanRecording()]);
      const { page } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'As table' }).click();
      await page.getByRole('button', { name: /^More for recording of/ }).click();
      expect(await violations(page)).toEqual([]);
      await page
        .getByRole('button', { name: /^Delete recording of/ })
        .first()
        .click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Test stream', exact: true }).click();
      await page.getByText('Settings', { exact: true }).click();
      await page.getByRole('button', { name: 'Add a fault' }).click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Script', exact: true }).click();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
      const asked = await bench.visit(host, {}, '');
      await asked.page.getByText('This host asks for its token.').waitFor();
      expect(await violations(asked.page)).toEqual([]);
      await asked.page.context().close();
    },
    TIMEOUT_MS,
  );
});
