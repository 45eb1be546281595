// The whole page in real Chromium, under the content security policy that the host sends: what is drawn, said and kept.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import type { AxeResults } from 'axe-core';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfHealthChart } from '../../components/pf-health-chart/pf-health-chart.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { BrowserBench, countPixels, eventually, type Watched } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import {
  cleanRecording,
  everyRecording,
  longRecording,
  twoSessions,
} from '../support/seeded-recordings.ts';

const TIMEOUT_MS = 60_000;
let bench: BrowserBench;

beforeAll(async () => {
  bench = await BrowserBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const open = (recordings = everyRecording()): PageHost =>
  new PageHost({ web: `${bench.dist}/web`, recordings });

async function visit(
  host: PageHost,
  options: Parameters<BrowserBench['page']>[0] = {},
  hash = `#token=${host.token}`,
): Promise<Watched> {
  const watched = await bench.page(options);
  await watched.page.goto(`${host.url}/${hash}`);
  return watched;
}

/** The latency chart has drawn something. */
async function drawn(page: Page): Promise<void> {
  await page.locator('pf-latency-chart').waitFor();
  await page.waitForFunction(() => {
    const root = document
      .querySelector('pf-dashboard')
      ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
    const chart = root?.querySelector('pf-latency-chart');
    const canvas = chart?.shadowRoot?.querySelector('canvas');
    return (chart?.model?.grid.buckets.length ?? 0) > 0 && (canvas?.width ?? 0) > 0;
  });
}

const latency = (page: Page) => page.locator('pf-latency-chart');
const canvasOf = (page: Page, name: string) => page.locator(`canvas#c-${name}`);
const pixels = (page: Page, name: string, hex: string): Promise<number> =>
  canvasOf(page, name).evaluate(countPixels, hex);

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(async (): Promise<AxeResults> => {
    // Put there by the line above.
    const { axe: inPage } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    return inPage.run();
  });
  return results.violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`),
  );
}

describe('the page', () => {
  test(
    'takes the token out of the address before anything is drawn, and keeps it for this tab',
    async () => {
      using host = open();
      const { page, trouble } = await visit(
        host,
        {},
        `#token=${host.token}&r=${longRecording().meta.id}`,
      );
      await drawn(page);
      expect(page.url()).toBe(`${host.url}/#r=${longRecording().meta.id}`);
      expect(await page.evaluate(() => sessionStorage.getItem('pf-token'))).toBe(host.token);
      expect(
        await page.evaluate(
          () => JSON.stringify(history.state) + document.documentElement.outerHTML,
        ),
      ).not.toContain(host.token);
      await page.reload();
      await drawn(page);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'arm, stream, watch four stages live, stop, find, look, download, delete',
    async () => {
      using host = open();
      const { page, trouble } = await visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByText('Recording', { exact: true }).waitFor();
      await page.getByText('Ready. Recording begins with the first stream.').first().waitFor();
      await page.getByRole('button', { name: 'Start test stream' }).click();
      await page.waitForFunction(() => {
        const root = document
          .querySelector('pf-dashboard')
          ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
        return (root?.querySelector('pf-latency-chart')?.model?.grid.buckets.length ?? 0) >= 4;
      });
      const stages = await latency(page).evaluate((el: PfLatencyChart) =>
        el.model?.stages.map((s) => s.stage),
      );
      expect(stages).toEqual(['capture', 'encode', 'packetize', 'send']);
      for (const stage of ['capture', 'encode', 'packetize', 'send'] as const) {
        expect(await pixels(page, 'latency', COLOURS[stage].dark)).toBeGreaterThan(0);
      }
      await page.getByText('streaming to test · 720p60 · H.264').waitFor();
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      const id = host.ids[0] ?? '';
      await page.waitForURL(`${host.url}/#r=${id}`);
      const row = page.locator(`li[data-id="${id}"]`);
      expect(await row.getAttribute('aria-current')).toBe('true');
      await page.getByText(/^All \d+ windows stayed within the 16\.7\sms budget/).waitFor();

      const [download] = await Promise.all([
        page.waitForEvent('download'),
        row.getByRole('button', { name: /^Download/ }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`${id}.json`);
      expect(await readFile((await download.path()) ?? '', 'utf8')).toBe(host.file(id));

      await row.getByRole('button', { name: /^Delete/ }).click();
      expect(host.ids).toContain(id);
      await page.keyboard.press('Escape');
      await row.getByRole('button', { name: /^Delete/ }).click();
      await row.getByRole('button', { name: 'Delete recording' }).click();
      await row.waitFor({ state: 'detached' });
      expect(host.ids).not.toContain(id);
      await page.waitForURL(`${host.url}/`);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording that is looked at is in the address; back and forward follow',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      const [first, second] = [longRecording().meta.id, twoSessions().meta.id];
      await page.locator(`li[data-id="${second}"]`).getByRole('button', { name: /^View/ }).click();
      await page.waitForURL(`${host.url}/#r=${second}`);
      await page.getByRole('heading', { level: 1, name: 'Thu 20 Aug 2026, 19:14' }).waitFor();
      await page.locator(`li[data-id="${first}"]`).getByRole('button', { name: /^View/ }).click();
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Thu 20 Aug 2026, 19:14' }).waitFor();
      await page.goForward();
      await page.getByRole('heading', { level: 1, name: 'Fri 21 Aug 2026, 20:14' }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'several sessions: the first is shown, the other one can be chosen',
    async () => {
      using host = open([twoSessions()]);
      const { page } = await visit(host);
      await drawn(page);
      const budget = (): Promise<number | undefined> =>
        latency(page).evaluate((el: PfLatencyChart) => el.model?.budgetMs);
      expect(await budget()).toBeCloseTo(1000 / 120, 3);
      await page.getByRole('combobox', { name: 'Session' }).selectOption('4');
      await page.getByText('1280 × 800, 60 Hz', { exact: true }).waitFor();
      expect(await budget()).toBeCloseTo(1000 / 60, 3);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'what a path cannot know is a dash and words, never a zero',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      const health = page.locator('pf-health-chart');
      const rows = await health.evaluate((el: PfHealthChart) =>
        el.model?.rows.map((r) => [r.counter, r.total !== undefined]),
      );
      expect(rows).toEqual([
        ['frames_dropped', true],
        ['packets_dropped', false],
        ['send_dropped', true],
        ['fec_recovered', false],
      ]);
      const lost = health.locator('dl div', { hasText: 'Packets lost' });
      expect(await lost.locator('dd').textContent()).toContain('–');
      expect(await lost.locator('dd .vh').textContent()).toBe('not measured');
      await page.getByText('Not measured on this path: Packets lost and FEC rebuilt.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('languages and themes', () => {
  test(
    'German is complete: words, numbers, dates; the switch changes it and is remembered',
    async () => {
      using host = open();
      const { page, trouble } = await visit(host, { locale: 'de-DE' });
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
      using host = open();
      const { page } = await visit(host, { colorScheme: 'light' });
      await drawn(page);
      const shows = async (theme: 'light' | 'dark'): Promise<boolean> =>
        (await pixels(page, 'latency', COLOURS.encode[theme])) > 5000;
      expect([await shows('light'), await shows('dark')]).toEqual([true, false]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await eventually(
        () => shows('dark'),
        (shown) => shown,
      );
      await page.getByRole('button', { name: 'Light or dark' }).click();
      await eventually(
        () => shows('light'),
        (shown) => shown,
      );
      await page.reload();
      await drawn(page);
      expect(await shows('light')).toBe(true);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'forced colours and high contrast draw stages as patterns',
    async () => {
      using host = open();
      const { page } = await visit(host, { colorScheme: 'light', contrast: 'more' });
      await drawn(page);
      const encode = await pixels(page, 'latency', COLOURS.encode.contrastLight);
      expect(encode).toBeGreaterThan(2000);
      expect(await pixels(page, 'latency', COLOURS.encode.light)).toBe(0);
      await page.emulateMedia({ forcedColors: 'active' });
      await eventually(
        () => pixels(page, 'latency', COLOURS.encode.contrastLight),
        (n) => n === 0,
      );
      expect(await pixels(page, 'latency', '#000000')).toBeGreaterThan(2000);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('widths', () => {
  test.each(['en-GB', 'de-DE'])(
    '%s: nothing sticks out from 320 px to 4K',
    async (locale) => {
      using host = open();
      const { page } = await visit(host, { viewport: { width: 320, height: 800 }, locale });
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
      using host = open();
      const { page } = await visit(host, {
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
      using host = open();
      const { page } = await bench.page();
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

describe('keyboard', () => {
  test(
    'the cursor moves window by window, is spoken, and leads every lane',
    async () => {
      using host = open();
      const { page } = await visit(host);
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
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      await latency(page).getByRole('group', { name: 'Latency by stage' }).focus();
      await page.keyboard.press('q');
      await page.getByRole('button', { name: 'p99', pressed: true }).waitFor();
      expect(await latency(page).evaluate((el: PfLatencyChart) => el.model?.quantile)).toBe('p99');
      await page.keyboard.press('t');
      const table = latency(page).getByRole('table');
      await table.waitFor();
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
      using host = open();
      const { page } = await visit(host);
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
        'Start test stream',
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

describe('states', () => {
  test(
    'without a token the page asks for one; a wrong one is said to be wrong; the right one opens it',
    async () => {
      using host = open();
      const { page } = await visit(host, {}, '');
      await page.getByText('This host asks for its token.').waitFor();
      await page.getByText('punktfunk-host token').waitFor();
      expect(host.requests.filter((r) => r.includes('/api/'))).toEqual([]);
      await page.getByLabel('Token').fill('not-this-one');
      await page.getByRole('button', { name: 'Use this token' }).click();
      await page.getByText('The host did not accept this token.').waitFor();
      await page.getByLabel('Token').fill(host.token);
      await page.getByRole('button', { name: 'Use this token' }).click();
      await drawn(page);
      expect(await page.evaluate(() => sessionStorage.getItem('pf-token'))).toBe(host.token);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a host that falls silent: the last state stays, with its time; it goes on by itself',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      host.silent = true;
      const said = page.getByText(/^The host has not answered since \d\d:\d\d:\d\d\./).first();
      await said.waitFor();
      expect(await pixels(page, 'latency', COLOURS.encode.dark)).toBeGreaterThan(5000);
      host.silent = false;
      await said.waitFor({ state: 'detached', timeout: 20_000 });
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'nothing recorded yet',
    async () => {
      using host = open([]);
      const { page } = await visit(host);
      const sentence = 'No recording yet. Start one, play until it stutters, then look here.';
      await page.locator('main').getByText(sentence).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording that is gone is said to be gone',
    async () => {
      using host = open();
      const { page } = await visit(host, {}, `#token=${host.token}&r=nothing-here`);
      await page.getByText('This recording is not there any more.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a disk that is full: the host says so, the capture goes on and can be saved',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).click();
      host.diskFull = true;
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('The host refused: The disk is full; the capture waits.').waitFor();
      host.diskFull = false;
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a second test stream is refused in the host’s own words, and the report follows',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await drawn(page);
      await page.getByText('Settings', { exact: true }).click();
      await page.getByLabel('Seconds').fill('2');
      await page.getByRole('button', { name: 'Start test stream' }).click();
      await page.getByText(/^Running: \d+\ss of 2\ss$/).waitFor();
      await page.getByText('All frames arrived; 3 of them only by repair.').waitFor();
      const report = page.getByRole('group', { name: 'Report' });
      await report.getByText('120 of 120').waitFor();
      expect(await report.getByRole('row').count()).toBe(5);
      await page.getByLabel('Mode').fill('1920 by 1080');
      await page.getByRole('button', { name: 'Start test stream' }).click();
      await page.getByText(/^Write the mode as width x height/).waitFor();
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
      using host = open();
      const { page } = await visit(host, options);
      await drawn(page);
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'table, deletion, settings, live, token',
    async () => {
      using host = open([cleanRecording()]);
      const { page } = await visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'As table' }).click();
      await page.getByText('Settings', { exact: true }).click();
      await page
        .getByRole('button', { name: /^Delete recording of/ })
        .first()
        .click();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
      const asked = await visit(host, {}, '');
      await asked.page.getByText('This host asks for its token.').waitFor();
      expect(await violations(asked.page)).toEqual([]);
      await asked.page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** Runs in the page: what reaches beyond its right edge. */
function sticksOut(): string[] {
  const out: string[] = [];
  const look = (root: Document | ShadowRoot): void => {
    for (const el of root.querySelectorAll<HTMLElement>('*')) {
      if (el.shadowRoot !== null) look(el.shadowRoot);
      const box = el.getBoundingClientRect();
      const beyond = box.width > 0 && box.right > innerWidth + 0.5;
      if (beyond && el.closest('.vh, .skip, svg, .twin') === null) {
        out.push(`${el.tagName}.${el.className} ${box.right}`);
      }
    }
  };
  look(document);
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page scrolls sideways');
  return out.slice(0, 5);
}
