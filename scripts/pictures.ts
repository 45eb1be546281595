// Writes docs/img/*.png: the compiled page in real Chromium, its rooms dark, light, German, high contrast, narrow, as a
// panel, live. Without a base URL it shows seeded recordings and devices from the tests' own host; with one, a real host
// and of its rooms only what needs no seed: `scripts/pictures.ts http://… TOKEN`.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { PageHost } from '../tests/support/page-host.ts';
import { furnish } from '../tests/support/seeded-devices.ts';
import { everyRecording } from '../tests/support/seeded-recordings.ts';
import { buildComponents } from './build-components.ts';

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly dark: boolean;
  readonly locale: string;
  readonly contrast?: boolean;
  /** What the address names; without it the newest recording. */
  readonly hash?: string;
  /** Brings the page into the state to be shown. */
  readonly before?: (page: Page) => Promise<void>;
}

const ROOT = join(import.meta.dir, '..');
const WIDE = { width: 1440, height: 900, scale: 1.5, locale: 'en-GB' };

const PICTURES: readonly Picture[] = [
  { ...WIDE, name: 'wide-dark', dark: true },
  { ...WIDE, name: 'wide-light', dark: false },
  { ...WIDE, name: 'wide-light-german', dark: false, locale: 'de-DE' },
  { ...WIDE, name: 'wide-contrast', dark: false, contrast: true },
  { name: 'narrow-dark', width: 390, height: 844, scale: 2, dark: true, locale: 'en-GB' },
  { name: 'panel-dark', width: 320, height: 700, scale: 2, dark: true, locale: 'en-GB' },
  { ...WIDE, name: 'live-dark', dark: true, before: streamLive },
];

/** Of a host with devices: `PageHost` alone, because nobody wants to show theirs. */
const HOST = { hash: '&room=host' };
const NARROW = { width: 390, height: 844, scale: 2, locale: 'en-GB' };

const ROOMS: readonly Picture[] = [
  { ...WIDE, ...HOST, name: 'host-dark', dark: true },
  { ...WIDE, ...HOST, name: 'host-light-german', dark: false, locale: 'de-DE' },
  { ...NARROW, ...HOST, name: 'host-narrow-dark', dark: true },
];

const WAITING: readonly Picture[] = [
  { ...WIDE, name: 'pairing-dark', dark: true },
  { ...WIDE, ...HOST, name: 'pairing-host-contrast', dark: false, contrast: true },
  { ...NARROW, name: 'pairing-narrow-german', dark: true, locale: 'de-DE' },
  { ...NARROW, width: 320, name: 'pairing-panel-light', dark: false },
];

const FIRST: readonly Picture[] = [
  { ...WIDE, name: 'first-run-dark', dark: true },
  { ...WIDE, name: 'first-run-light-german', dark: false, locale: 'de-DE' },
];

export async function takePictures(
  pictures: readonly Picture[],
  base: string,
  token: string,
  into: string,
): Promise<void> {
  await mkdir(into, { recursive: true });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
  try {
    for (const picture of pictures) await take(browser, picture, base, token, into);
  } finally {
    await browser.close();
  }
}

async function take(
  browser: Browser,
  picture: Picture,
  base: string,
  token: string,
  into: string,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: picture.width, height: picture.height },
    deviceScaleFactor: picture.scale,
    colorScheme: picture.dark ? 'dark' : 'light',
    locale: picture.locale,
    timezoneId: 'Europe/Berlin',
    contrast: picture.contrast === true ? 'more' : 'no-preference',
  });
  const page = await context.newPage();
  await page.goto(`${base}/#token=${token}${picture.hash ?? ''}`);
  await page
    .locator('pf-latency-chart #c-latency, pf-tokens li, pf-first-run li')
    .first()
    .waitFor();
  await picture.before?.(page);
  // Nothing announces the last frame of a chart: two pictures of the screen after one another are enough.
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
  const path = join(into, `${picture.name}.png`);
  await page.screenshot({ path, fullPage: true });
  console.log(path);
  await context.close();
}

/** Arms a capture, runs a test stream and waits until its first windows are drawn. */
async function streamLive(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start capture' }).click();
  await page.getByRole('button', { name: 'Start test stream' }).click();
  await page.waitForFunction(
    () => {
      const detail = document
        .querySelector('pf-dashboard')
        ?.shadowRoot?.querySelector('pf-recording-detail');
      const chart = detail?.shadowRoot?.querySelector('pf-latency-chart');
      return (chart?.model?.grid.buckets.length ?? 0) >= 8;
    },
    undefined,
    { timeout: 60_000, polling: 500 },
  );
}

if (import.meta.main) {
  const [base, token] = process.argv.slice(2);
  const into = join(ROOT, 'docs/img');
  if (base !== undefined && token !== undefined) {
    await takePictures(PICTURES, base, token, into);
  } else {
    const dist = process.env['PICTURES_DIST'] ?? join(ROOT, 'dist');
    await buildComponents(dist);
    const web = join(dist, 'web');
    using host = new PageHost({ web, recordings: everyRecording(), windowMs: 1000 });
    await takePictures(PICTURES, host.url, host.token, into);
    using home = new PageHost({ web, recordings: everyRecording() });
    furnish(home.devices);
    await takePictures(ROOMS, home.url, home.token, into);
    home.devices.knock({ name: 'Steam Deck', address: '192.168.1.63', agoMs: 42_000 });
    await takePictures(WAITING, home.url, home.token, into);
    using fresh = new PageHost({ web, recordings: [] });
    await takePictures(FIRST, fresh.url, fresh.token, into);
  }
}
