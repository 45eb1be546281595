// The page on paper: what Chromium makes of it, page by page. Light whatever the screen is, patterns on, nothing to press.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfQuantileTable } from '../../components/pf-quantile-table/pf-quantile-table.ts';
import { countPixels, eventually } from '../support/browser.ts';
import { drawn, PageBench, TIMEOUT_MS } from '../support/page.ts';
import { threeSessions } from '../support/several-sessions.ts';

let bench: PageBench;
const three = threeSessions();
/** Of paper, and of the screen. */
const HEXES = [
  ...[COLOURS.capture.light, COLOURS.capture.dark],
  ...[COLOURS.new.light, COLOURS.new.dark],
];

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

async function stuttering(locale: string, pick: RegExp): Promise<{ page: Page; end: () => void }> {
  const host = bench.host([three.capture]);
  host.frames.set(three.capture.meta.id, three.bytes);
  // Low: lanes are out of view, where they sleep.
  const { page } = await bench.visit(host, { locale, viewport: { width: 1440, height: 500 } });
  await drawn(page);
  await page.getByRole('button', { name: pick }).click();
  await page.getByText(/^(It stuttered once|Es hat einmal geruckelt)/).waitFor();
  await page.waitForFunction(() => {
    const root = document
      .querySelector('pf-dashboard')
      ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
    return root?.querySelector('pf-quantile-table')?.figures !== undefined;
  });
  return { page, end: () => host[Symbol.dispose]() };
}

/** Everything that is laid out, with single spaces. */
const seen = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const texts: string[] = [];
    const look = (root: Node): void => {
      for (const node of root.childNodes) {
        if (node instanceof HTMLElement && !node.checkVisibility()) continue;
        if (node instanceof Text) texts.push(node.data);
        if (node instanceof Element) {
          look(node.shadowRoot ?? node);
        }
      }
    };
    look(document.body);
    return texts.join(' ').replace(/\s+/g, ' ');
  });

/** How many pages of which size, as the file says. */
function pagesOf(pdf: Uint8Array): { readonly count: number; readonly landscape: boolean } {
  const text = new TextDecoder('latin1').decode(pdf);
  const boxes = [...text.matchAll(/\/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)/g)];
  return {
    count: [...text.matchAll(/\/Type\s*\/Page\b(?!s)/g)].length,
    landscape: boxes.length > 0 && boxes.every(([, w, h]) => Number(w) > Number(h)),
  };
}

describe('a recording on paper', () => {
  test(
    'has verdict, facts, lanes, quantiles and every event, in light colours with patterns, and nothing to press',
    async () => {
      const { page, end } = await stuttering('en-GB', /^Session 2, /);
      await page.emulateMedia({ media: 'print' });
      await page.locator('pf-recording-detail[printing]').waitFor({ state: 'attached' });
      const text = await eventually(
        () => seen(page),
        (all) => all.includes('Mode changed'),
      );
      for (const said of [
        '3 sessions',
        'Sat 22 Aug 2026, 20:00',
        'punktfunk-host 0.1.0',
        'It stuttered once, by the encoder, at 00:20.',
        'nvenc: no device',
        'Deck 3 · 1280 × 720, 60 Hz · HEVC'
          .replaceAll(' × ', '\u00a0×\u00a0')
          .replace('60 Hz', '60\u00a0Hz'),
        'Frame totals',
        'p99.9',
        'Boss fight',
        '20.0\u00a0Mb/s → 9.0\u00a0Mb/s',
        'client_left',
      ]) {
        expect(text).toContain(said.replaceAll('\u00a0', ' '));
      }
      for (const gone of [
        'Start capture',
        'Recordings',
        'Download',
        'As table',
        'All keys',
        'DE',
      ]) {
        expect(text.split(' ').join(' ')).not.toContain(` ${gone} `);
      }
      // Painted for paper: the light colour of the stage, and gaps of its pattern between.
      const canvas = page.locator('pf-latency-chart').locator('canvas').first();
      await eventually(
        () => canvas.evaluate(countPixels, COLOURS.capture.light),
        (n) => n > 500,
      );
      expect(await canvas.evaluate(countPixels, COLOURS.capture.dark)).toBe(0);
      const encode = await canvas.evaluate(countPixels, COLOURS.encode.light);
      expect(encode).toBeGreaterThan(50);
      expect(await canvas.evaluate((el) => el.clientWidth)).toBeLessThan(1040);
      // Back on the screen everything is as it was.
      await page.emulateMedia({ media: 'screen' });
      await page.locator('pf-recording-detail:not([printing])').waitFor();
      await eventually(
        () => canvas.evaluate(countPixels, COLOURS.capture.dark),
        (n) => n > 500,
      );
      expect(await page.locator('details.facts[open]').count()).toBe(0);
      await page.context().close();
      end();
    },
    TIMEOUT_MS,
  );

  test(
    'is made into several pages of A4 lying, drawn before the pages are made; the same in German',
    async () => {
      for (const [locale, pick] of [
        ['en-GB', /^Session 2, /],
        ['de-DE', /^Sitzung 2, /],
      ] as const) {
        const { page, end } = await stuttering(locale, pick);
        // What the pages are made of is looked at while they are: nothing runs between that and the file.
        await page.evaluate((hexes) => {
          const told: unknown[] = [];
          Object.assign(window, { told });
          matchMedia('print');
          addEventListener('beforeprint', () => {
            const root = document
              .querySelector('pf-dashboard')
              ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
            const has = (canvas: HTMLCanvasElement | null | undefined, hex: string): boolean => {
              const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
              const { width = 0, height = 0 } = canvas ?? {};
              const data = canvas?.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
              for (let i = 0; i < data.length; i += 4) {
                if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
              }
              return false;
            };
            const look = async (): Promise<void> => {
              // Everything that runs before the pages are made, and nothing later.
              for (let i = 0; i < 200; i += 1) await undefined;
              const chart = root?.querySelector('pf-latency-chart');
              const canvas = chart?.shadowRoot?.querySelector('canvas');
              const frames = root?.querySelector('pf-throughput-chart')?.shadowRoot;
              told.push([
                ...[chart?.getAttribute('theme'), chart?.clientWidth, canvas?.clientWidth],
                ...hexes.slice(0, 2).map((hex) => has(canvas, hex)),
                ...hexes.slice(2).map((hex) => has(frames?.querySelector('canvas'), hex)),
                canvas?.width === (canvas?.clientWidth ?? 0) * devicePixelRatio,
              ]);
            };
            void look();
          });
        }, HEXES);
        const pdf = await page.pdf({ preferCSSPageSize: true });
        const { count, landscape } = pagesOf(pdf);
        expect(landscape).toBe(true);
        expect(count).toBeGreaterThanOrEqual(2);
        expect(count).toBeLessThanOrEqual(5);
        const told = await page.evaluate(() => (window as unknown as { told: unknown[][] }).told);
        expect(told).toEqual([
          // Stages and frames in their light colours, in dark ones nothing, though a lane was out of view; as sharp as ever.
          ['light', 1038, 782, true, false, true, false, true],
        ]);
        // The screen has its own form again.
        await eventually(
          () => page.locator('pf-recording-detail').getAttribute('printing'),
          (attribute) => attribute === null,
        );
        expect(
          await page
            .locator('pf-quantile-table')
            .evaluate((el: PfQuantileTable) => el.figures?.quantiles.count),
        ).toBe(1440);
        await page.context().close();
        end();
      }
    },
    TIMEOUT_MS,
  );
});
