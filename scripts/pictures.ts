// Writes docs/img/*.png: the page of the built host in real Chromium, on recordings that it made of test streams with a
// stutter on purpose; report and viewer opened from disk; and rooms with devices, which come from the tests' own host,
// because nobody wants to show theirs. `scripts/pictures.ts [NAME …]` takes some of them.
// Needs dist/ (scripts/build), and a quiet machine: what others do on it stutters too. Takes some minutes, two of them what
// is streamed; PICTURES_RUNS=FOLDER shows the recordings in that folder instead.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Host } from '../tests/support/host.ts';
import { PageHost } from '../tests/support/page-host.ts';
import { furnish } from '../tests/support/seeded-devices.ts';
import { everyRecording } from '../tests/support/seeded-recordings.ts';
import { beginLive, endLive, hostWithRuns } from './picture-runs.ts';

interface Picture {
  readonly name: string;
  readonly look: BrowserContextOptions;
  /** What the address names; without it the newest recording. */
  readonly hash?: string;
  /** Brings the page into the state to be shown. */
  readonly before?: (page: Page) => Promise<void>;
  /** Of the window alone, not of everything below it. */
  readonly window?: boolean;
  /** Of this element alone. */
  readonly only?: string;
}

const ROOT = join(import.meta.dir, '..');
const INTO = join(ROOT, 'docs/img');
const WEB = join(ROOT, 'dist/web');

const DARK = { colorScheme: 'dark', locale: 'en-GB' } as const;
const LIGHT = { colorScheme: 'light', locale: 'en-GB' } as const;
const GERMAN = { colorScheme: 'light', locale: 'de-DE' } as const;
const WIDE = { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1.25 };
const DECK = { viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1 };
const NARROW = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, hasTouch: true };
const PANEL = { ...NARROW, viewport: { width: 320, height: 700 } };

/** Of a recording in which the encoder had spikes. */
const REVIEW: readonly Picture[] = [
  { name: 'wide-dark', look: { ...WIDE, ...DARK }, before: firstFinding },
  { name: 'wide-light', look: { ...WIDE, ...LIGHT }, before: firstFinding },
  { name: 'wide-light-german', look: { ...WIDE, ...GERMAN }, before: firstFinding },
  { name: 'wide-contrast', look: { ...WIDE, ...LIGHT, contrast: 'more' }, before: firstFinding },
  { name: 'wide-forced', look: { ...WIDE, ...DARK, forcedColors: 'active' }, before: firstFinding },
  { name: 'p99-dark', look: { ...WIDE, ...DARK }, before: slowest, only: '.timeline' },
  { name: 'deck-dark', look: { ...DECK, ...DARK }, before: firstFinding, window: true },
  { name: 'narrow-dark', look: { ...NARROW, ...DARK }, before: firstFinding },
  { name: 'narrow-light-german', look: { ...NARROW, ...GERMAN }, before: firstFinding },
  { name: 'panel-dark', look: { ...PANEL, ...DARK }, before: firstFinding },
  { name: 'report-preview-dark', look: { ...DECK, ...DARK }, before: askReport, window: true },
];

const LIVE: readonly Picture[] = [{ name: 'live-dark', look: { ...WIDE, ...DARK } }];

const TEST_STREAM: readonly Picture[] = [
  {
    name: 'test-stream-dark',
    look: { ...WIDE, ...DARK },
    hash: '&room=test',
    before: streamOnce,
    only: 'pf-test-stream',
  },
];

const HOST = { hash: '&room=host' };
const ROOMS: readonly Picture[] = [
  { ...HOST, name: 'host-dark', look: { ...WIDE, ...DARK } },
  { ...HOST, name: 'host-light-german', look: { ...WIDE, ...GERMAN } },
  { ...HOST, name: 'host-narrow-dark', look: { ...NARROW, ...DARK } },
];

const WAITING: readonly Picture[] = [
  { name: 'pairing-dark', look: { ...WIDE, ...DARK }, window: true },
  { ...HOST, name: 'pairing-host-contrast', look: { ...WIDE, ...LIGHT, contrast: 'more' } },
  {
    name: 'pairing-narrow-german',
    look: { ...NARROW, ...GERMAN, ...{ colorScheme: 'dark' } },
    window: true,
  },
  { name: 'pairing-panel-light', look: { ...PANEL, ...LIGHT }, window: true },
];

const FIRST: readonly Picture[] = [
  { name: 'first-run-dark', look: { ...WIDE, ...DARK } },
  { name: 'first-run-light-german', look: { ...WIDE, ...GERMAN } },
];

const wanted = new Set(process.argv.slice(2));
const chosen = (pictures: readonly Picture[]): readonly Picture[] =>
  pictures.filter(({ name }) => wanted.size === 0 || wanted.has(name));

class Camera {
  readonly #browser: Browser;

  constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Of the page at an address with a token. */
  async takeAll(pictures: readonly Picture[], base: string, token: string): Promise<void> {
    for (const picture of chosen(pictures)) {
      const page = await this.open(picture.look);
      await page.goto(`${base}/#token=${token}${picture.hash ?? ''}`);
      await page
        .locator('pf-latency-chart #c-latency, pf-tokens li, pf-first-run li, pf-test-stream')
        .first()
        .waitFor();
      await picture.before?.(page);
      await this.take(page, picture);
    }
  }

  async open(look: BrowserContextOptions): Promise<Page> {
    const context = await this.#browser.newContext({ timezoneId: 'Europe/Berlin', ...look });
    return context.newPage();
  }

  async take(page: Page, { name, window, only }: Omit<Picture, 'look'>): Promise<void> {
    const path = join(INTO, `${name}.png`);
    // Everything in view: what is not, sleeps.
    if (window !== true && only === undefined) await stretch(page);
    const of = only === undefined ? page : page.locator(only).first();
    const shot = (): Promise<Buffer> =>
      of.screenshot({ fullPage: window !== true, animations: 'disabled' });
    // Nothing announces what comes last; two pictures after one another that are the same tell.
    let [last, now] = [await shot(), await shot()];
    for (let tries = 0; tries < MOST_TRIES && !now.equals(last); tries += 1) {
      [last, now] = [now, await shot()];
    }
    await Bun.write(path, now);
    console.log(`${path} ${Math.round(now.length / 1000)} kB`);
    await page.context().close();
  }
}

async function stretch(page: Page): Promise<void> {
  const width = page.viewportSize()?.width ?? 0;
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
}

/** Chosen, its figures and its frames stand below the timeline. */
async function firstFinding(page: Page): Promise<void> {
  const finding = page.locator('pf-recording-detail .finding').first();
  await finding.click();
  await page.locator('pf-frame-strip canvas').first().waitFor();
  await page.mouse.move(0, 0);
}

async function slowest(page: Page): Promise<void> {
  await page.locator('pf-recording-detail .finding').first().waitFor();
  await page.getByRole('button', { name: 'p99', exact: true }).first().click();
  await page.mouse.move(0, 0);
}

async function askReport(page: Page): Promise<void> {
  await page.locator('pf-recording-detail .finding').first().waitFor();
  await page.getByRole('button', { name: 'Report', exact: true }).click();
  await page.locator('pf-report dialog[open]').waitFor();
}

async function streamOnce(page: Page): Promise<void> {
  const element = page.locator('pf-test-stream');
  const start = element.getByRole('button', { name: 'Start test stream' });
  await start.click();
  await element.getByRole('button', { name: 'Stop test stream' }).waitFor();
  await start.waitFor({ timeout: 60_000 });
  await element
    .getByRole('row', { name: /^Encode/ })
    .first()
    .waitFor();
}

/** The report as a browser saves it, and the viewer with the same recording dropped on it: both from disk. */
async function takeFiles(camera: Camera, host: Host): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pf-pictures-'));
  try {
    const page = await camera.open({ ...DECK, ...LIGHT, acceptDownloads: true });
    await page.goto(`${host.address}/#token=${host.token}`);
    await askReport(page);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.locator('pf-report dialog .primary').click(),
    ]);
    const report = join(folder, 'report.html');
    await download.saveAs(report);
    await page.context().close();
    for (const { name, look } of chosen(FILES)) {
      const opened = await camera.open(look);
      if (name.startsWith('report')) await opened.goto(pathToFileURL(report).href);
      else {
        await opened.goto(pathToFileURL(join(WEB, 'viewer.html')).href);
        await opened.locator('pf-viewer input').setInputFiles(report);
      }
      await firstFinding(opened);
      await camera.take(opened, { name });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FILES: readonly Picture[] = [
  { name: 'report-light', look: { ...WIDE, ...LIGHT } },
  { name: 'viewer-dark', look: { ...WIDE, ...DARK } },
];

/** Of the two newest; a page without the element has no such view. */
async function takeCompared(camera: Camera, host: Host): Promise<void> {
  if (!existsSync(join(ROOT, 'components/pf-compare'))) return;
  const list = await host.json('GET', '/api/v1/stats/recordings');
  if (!Array.isArray(list)) throw new Error('the list of recordings is none');
  const ids = list.slice(0, 2).map(({ id }: { readonly id: string }) => encodeURIComponent(id));
  const look = { hash: `&c=${ids.join(',')}` };
  const pictures = [
    { ...look, name: 'compare-dark', look: { ...WIDE, ...DARK } },
    { ...look, name: 'compare-narrow-german', look: { ...NARROW, ...GERMAN } },
  ];
  for (const picture of chosen(pictures)) {
    const page = await camera.open(picture.look);
    await page.goto(`${host.address}/#token=${host.token}${picture.hash}`);
    await page.locator('pf-compare canvas').first().waitFor();
    await camera.take(page, picture);
  }
}

async function takeRooms(camera: Camera): Promise<void> {
  using home = new PageHost({ web: WEB, recordings: everyRecording() });
  furnish(home.devices);
  await camera.takeAll(ROOMS, home.url, home.token);
  home.devices.knock({ name: 'Steam Deck', address: '192.168.1.63', agoMs: 42_000 });
  await camera.takeAll(WAITING, home.url, home.token);
  using fresh = new PageHost({ web: WEB, recordings: [] });
  await camera.takeAll(FIRST, fresh.url, fresh.token);
}

const MOST_TRIES = 8;

await mkdir(INTO, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
const camera = new Camera(browser);
try {
  await takeRooms(camera);
  const host = await hostWithRuns(process.env['PICTURES_RUNS']);
  try {
    await camera.takeAll(REVIEW, host.address, host.token);
    await takeFiles(camera, host);
    await takeCompared(camera, host);
    if (chosen(LIVE).length > 0) {
      await beginLive(host);
      await camera.takeAll(LIVE, host.address, host.token);
      await endLive(host);
    }
    await camera.takeAll(TEST_STREAM, host.address, host.token);
  } finally {
    await host.end();
  }
} finally {
  await browser.close();
}
