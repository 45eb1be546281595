// How the page looks: languages, themes, widths.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { COLOURS } from '../../components/base/series-tokens.ts';
import { eventually } from '../support/browser.ts';
import {
  drawn,
  latency,
  PageBench,
  painted,
  pixels,
  sticksOut,
  TIMEOUT_MS,
} from '../support/page.ts';
import { longRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('languages and themes', () => {
  test(
    'German is complete: words, numbers, dates; the switch changes it and is remembered',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host, { locale: 'de-DE' });
      await drawn(page);
      await page.getByRole('button', { name: 'Aufzeichnung starten' }).waitFor();
      await page.getByRole('heading', { level: 1, name: 'Fr., 21. Aug. 2026, 20:14' }).waitFor();
      await page
        .getByText(
          /44 von 1\.160 Fenstern lagen beim 99\. Perzentil über dem Budget von 16,7\sms\./,
        )
        .waitFor();
      for (const stage of ['Aufnahme', 'Encoding', 'Paketieren', 'Senden']) {
        await latency(page).getByText(stage, { exact: true }).waitFor();
      }
      expect(await page.evaluate(() => document.documentElement.lang)).toBe('de');
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await latency(page).getByText('Packetize', { exact: true }).waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'canvases follow the theme, by the system and by the switch',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, { colorScheme: 'light' });
      await drawn(page);
      const shows = (theme: 'light' | 'dark'): Promise<number> =>
        painted(page, 'latency', COLOURS.encode[theme], 5000);
      await shows('light');
      expect(await pixels(page, 'latency', COLOURS.encode.dark)).toBe(0);
      await page.emulateMedia({ colorScheme: 'dark' });
      await shows('dark');
      await page.getByRole('button', { name: 'Light or dark' }).click();
      await shows('light');
      await page.reload();
      await drawn(page);
      await shows('light');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'forced colours and high contrast draw stages as patterns',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, { colorScheme: 'light', contrast: 'more' });
      await drawn(page);
      await painted(page, 'latency', COLOURS.encode.contrastLight, 2000);
      expect(await pixels(page, 'latency', COLOURS.encode.light)).toBe(0);
      await page.emulateMedia({ forcedColors: 'active' });
      await eventually(
        () => pixels(page, 'latency', COLOURS.encode.contrastLight),
        (n) => n === 0,
      );
      await painted(page, 'latency', '#000000', 2000);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('widths', () => {
  test.each(['en-GB', 'de-DE'])(
    '%s: nothing sticks out from 320 px to 4K',
    async (locale) => {
      using host = bench.host();
      const { page } = await bench.visit(host, { viewport: { width: 320, height: 800 }, locale });
      await drawn(page);
      for (const width of [320, 340, 390, 719, 720, 1100, 1101, 1440, 3840]) {
        await page.setViewportSize({ width, height: 800 });
        const out = await eventually(
          () => page.evaluate(sticksOut),
          (found) => found.length === 0,
        ).catch((error: unknown) => [String(error)]);
        expect([width, ...out]).toEqual([width]);
      }
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'text at twice its size is not cut off',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, {
        viewport: { width: 720, height: 800 },
        deviceScaleFactor: 2,
      });
      await drawn(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        720,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'nothing moves when data arrive',
    async () => {
      using host = bench.host();
      const { page } = await bench.blank();
      await page.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(window, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries())
            if ('value' in entry) shifts.push(Number(entry.value));
        }).observe({ type: 'layout-shift', buffered: true });
      });
      await page.goto(`${host.url}/#token=${host.token}&r=${longRecording().meta.id}`);
      await drawn(page);
      await page.waitForTimeout(500);
      const total = await page.evaluate(() => {
        const { shifts } = window as unknown as { shifts: number[] };
        return shifts.reduce((a, b) => a + b, 0);
      });
      expect(total).toBeLessThan(0.02);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
