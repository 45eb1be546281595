// Every element by itself, as narrow as a panel and under a finger, in every state and both languages: nothing sticks out,
// targets are big enough, axe finds nothing; and no chart without its words, its table and its fingers.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { CDPSession, Page } from 'playwright-core';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import type { Capture } from '../../contract/stats.ts';
import { elementManifest } from '../../scripts/build-package.ts';
import { Site } from '../embed/site.ts';
import { BrowserBench, eventually, type Watched } from '../support/browser.ts';
import { sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { stutteringRun } from '../support/review-captures.ts';
import { furnish } from '../support/seeded-devices.ts';
import { longRecording } from '../support/seeded-recordings.ts';

const tags = ((await elementManifest()).modules[0]?.declarations ?? []).map((d) => d.tagName);
/** Made of the others: of two regions with one name on a page, a screen reader could not tell which is which. */
const WHOLE = ['pf-dashboard', 'pf-recording-detail', 'pf-compare'];
const PARTS = tags.filter((tag) => !WHOLE.includes(tag));
const NEEDS_FRAMES = ['pf-frame-strip', 'pf-quantile-table'];
/** Draw what has a canvas or stands on an axis of time; a new one belongs here. */
const CHARTS = [
  'pf-event-lanes',
  'pf-frame-strip',
  'pf-health-chart',
  'pf-latency-chart',
  'pf-quantile-table',
  'pf-throughput-chart',
];
const PANEL = { viewport: { width: 320, height: 800 }, hasTouch: true, isMobile: true };
const RANGE = { fromMs: 4000, toMs: 12_000 };

const run = stutteringRun();
const framed = { ...run.capture, meta: { ...run.capture.meta, id: '2026-08-21T18-40-00Z_frames' } };
/** A minute: a table of twenty takes axe another one. */
const windows = minuteOf(longRecording());

let bench: BrowserBench;
let site: Site;

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = new Site({
    folders: [`${bench.dist}/components`],
    pages: {
      '/index.html':
        '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Somebody’s page</title>' +
        '<script type="module" src="/punktfunk.js"></script><body><main><h1>Somebody’s page</h1></main>',
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

function open(recordings = [framed, windows]): PageHost {
  const host = new PageHost({ recordings, origins: [site.origin] });
  furnish(host.devices);
  host.frames.set(framed.meta.id, run.bytes);
  return host;
}

async function visit(host: PageHost, options = {}): Promise<Watched> {
  site.connect = host.url;
  const watched = await bench.page({ ...PANEL, ...options });
  await watched.page.goto(site.origin);
  return watched;
}

async function put(page: Page, names: readonly string[], host: PageHost): Promise<void> {
  const made = names.map((tag) => ({
    tag,
    id: NEEDS_FRAMES.includes(tag) ? framed.meta.id : windows.meta.id,
  }));
  await page.evaluate(
    ([all, url, token]) => {
      for (const { tag, id } of all) {
        const el = document.createElement(tag);
        el.setAttribute('host', url);
        el.setAttribute('token', token);
        el.setAttribute('recording-id', id);
        document.querySelector('main')?.append(el);
      }
    },
    [made, host.url, host.token] as const,
  );
}

/** The page says the same for a while: what was asked has been answered. */
async function settled(page: Page): Promise<void> {
  let last = '';
  let same = 0;
  await eventually(
    async () => {
      const now = (await page.evaluate(wordsIn)).join(' ').replace(/\d+/g, '');
      same = now === last ? same + 1 : 0;
      last = now;
      return same;
    },
    (n) => n >= 6,
  );
}

interface State {
  readonly name: string;
  readonly make: () => PageHost;
  readonly before?: (page: Page, host: PageHost) => Promise<void>;
  readonly after?: (page: Page) => Promise<void>;
}

const STATES: readonly State[] = [
  { name: 'data', make: open },
  { name: 'a chosen part, as tables', make: open, after: chooseAndTell },
  { name: 'nothing recorded', make: () => open([]) },
  {
    name: 'nothing answered yet',
    make: open,
    before: async (page) => {
      await page.route('**/api/**', () => undefined);
    },
  },
  {
    name: 'no host',
    make: open,
    before: async (_page, host) => {
      host.silent = true;
    },
  },
  {
    name: 'a token that may nothing',
    make: open,
    before: async (_page, host) => {
      host.scope = 'host:read';
    },
  },
];

async function chooseAndTell(page: Page): Promise<void> {
  await page.evaluate((range) => {
    for (const el of document.querySelectorAll<HTMLElement>('main > *')) {
      if ('brush' in el) Object.assign(el, { brush: range });
      if (/strip|quantile/.test(el.localName)) Object.assign(el, { range });
      if ('table' in el) Object.assign(el, { table: true });
    }
  }, RANGE);
}

describe.each([...STATES])('$name', ({ make, before, after }) => {
  test.each([['parts', PARTS] as const, ['pf-recording-detail', ['pf-recording-detail']] as const])(
    '%s: at 320 px nothing sticks out, targets fit a finger, axe finds nothing, in both languages',
    async (_name, names) => {
      using host = make();
      const { page } = await visit(host);
      await before?.(page, host);
      await put(page, names, host);
      await settled(page);
      await after?.(page);
      if (after !== undefined) await settled(page);
      for (const lang of ['en', 'de']) {
        await page.evaluate((to) => document.documentElement.setAttribute('lang', to), lang);
        await settled(page);
        expect([lang, await page.evaluate(sticksOut)]).toEqual([lang, []]);
        expect([lang, await page.evaluate(tooSmall, LEAST_TARGET_PX)]).toEqual([lang, []]);
        expect([lang, await violations(page)]).toEqual([lang, []]);
      }
      await page.context().close();
    },
    2 * TIMEOUT_MS,
  );
});

describe('every chart', () => {
  test(
    'is known here',
    async () => {
      using host = open();
      const { page } = await visit(host);
      await put(page, PARTS, host);
      await settled(page);
      const drawing = await page.evaluate((names) => {
        return names.filter(
          (tag) => document.querySelector(tag)?.shadowRoot?.querySelector('canvas') !== null,
        );
      }, PARTS);
      expect(drawing.toSorted()).toEqual(CHARTS);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each(CHARTS)(
    '<%s> has a place for the keyboard, words for who does not see it, and a table twin',
    async (tag) => {
      using host = open();
      // Wide: a panel shows the four figures of a range in place of its histogram.
      const { page } = await visit(host, { viewport: { width: 1000, height: 900 } });
      await put(page, [tag], host);
      await settled(page);
      const chart = page.locator(tag);
      const group = chart.getByRole('group').and(chart.locator('[tabindex="0"]')).first();
      const described = await group.evaluate((el) => {
        const root = el.getRootNode();
        if (!(root instanceof ShadowRoot)) return '';
        const ids = (el.getAttribute('aria-describedby') ?? '').split(' ');
        return ids.map((id) => root.getElementById(id)?.textContent ?? '').join(' ');
      });
      expect(described.trim().length).toBeGreaterThan(30);
      expect(described).toMatch(/\d/);
      expect((await group.getAttribute('aria-label'))?.length).toBeGreaterThan(3);
      const canvas = chart.locator('canvas').first();
      expect(await canvas.getAttribute('role')).toBe('img');
      expect((await canvas.getAttribute('aria-label'))?.length).toBeGreaterThan(3);
      await group.focus();
      await page.keyboard.press('t');
      const twin = chart.locator('.twin').getByRole('table');
      await twin.waitFor();
      expect(await twin.locator('tbody tr').count()).toBeGreaterThan(0);
      expect(await twin.locator('caption, thead').count()).toBeGreaterThan(0);
      await page.keyboard.press('t');
      await twin.waitFor({ state: 'detached' });
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each(['pf-latency-chart', 'pf-throughput-chart', 'pf-health-chart', 'pf-event-lanes'])(
    '<%s> is zoomed by two fingers, and one finger scrolls the page',
    async (tag) => {
      using host = open();
      const { page } = await visit(host);
      await put(page, [tag], host);
      await settled(page);
      const plot = page.locator(tag).locator('.plot:has(canvas)').first();
      expect(await plot.evaluate((el) => getComputedStyle(el).touchAction)).toBe('pan-y');
      const box = await plot.boundingBox();
      if (box === null) throw new Error('there is no plot');
      const fingers = await page.context().newCDPSession(page);
      const middle = box.x + box.width / 2;
      await pinch(fingers, middle, box.y + box.height / 2);
      const zoomed = await page
        .locator(tag)
        .evaluate((el: PfLatencyChart) => el.range ?? { fromMs: 0, toMs: Infinity });
      expect(zoomed.toMs - zoomed.fromMs).toBeLessThan(windows.meta.duration_ms * 0.5);
      expect(zoomed.fromMs).toBeGreaterThan(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

function minuteOf(capture: Capture): Capture {
  const samples = capture.samples.slice(0, 60);
  const events = [{ t_ms: 9000, kind: 'marker', detail: { text: 'Boss fight' } }] as const;
  return {
    ...capture,
    samples,
    events: [...events],
    meta: { ...capture.meta, duration_ms: samples.at(-1)?.t_ms ?? 0 },
  };
}

async function pinch(fingers: CDPSession, x: number, y: number): Promise<void> {
  const at = (apart: number) => [
    { x: x - apart, y, id: 1 },
    { x: x + apart, y, id: 2 },
  ];
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart?: number) =>
    fingers.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: apart === undefined ? [] : at(apart),
    });
  await send('touchStart', 30);
  for (const apart of [40, 55, 70, 85, 100]) await send('touchMove', apart);
  await send('touchEnd');
}

/** Runs in the page: every text in it, through shadow roots. */
function wordsIn(): string[] {
  const out: string[] = [];
  const look = (root: ParentNode): void => {
    for (const child of root.childNodes) {
      if (child instanceof Text && child.data.trim() !== '') out.push(child.data.trim());
      if (!(child instanceof Element) || child.localName === 'style') continue;
      if (child.shadowRoot !== null) look(child.shadowRoot);
      look(child);
    }
  };
  look(document.body);
  return out;
}

/** Runs in the page: what can be pressed and is smaller than this, in either direction. */
function tooSmall(least: number): string[] {
  const out: string[] = [];
  const look = (root: Document | ShadowRoot): void => {
    for (const el of root.querySelectorAll<HTMLElement>('*')) {
      if (el.shadowRoot !== null) look(el.shadowRoot);
      if (!el.matches('button, a[href], input, select, textarea, summary, [role="button"]')) {
        continue;
      }
      // A box to tick is pressed by its words too.
      const target = el.closest('label') ?? el;
      const { width, height } = target.getBoundingClientRect();
      const isShown = target.checkVisibility({ visibilityProperty: true }) && width > 1;
      if (isShown && (width < least || height < least)) {
        out.push(`${el.localName} “${el.textContent?.trim()}” ${width} × ${height}`);
      }
    }
  };
  look(document);
  return out;
}

/** WCAG 2.2, 2.5.8. */
const LEAST_TARGET_PX = 24;
