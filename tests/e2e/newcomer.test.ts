// Somebody who has never seen the page: opens it from the token's link on a fresh host, injects a stutter, and finds it. By
// roles and names on the screen alone, no ids and no API; within a minute of wall time.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { BrowserBench } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TIMEOUT_MS = 150_000;
const A_MINUTE_MS = 60_000;
const MOST_RUNS = 6;
const MOST_OUTLIERS = 12;
/** Of a recording, and a little more. */
const ABOUT_MS = 8500;
/** Beside the chosen part and its handle. */
const BESIDE_MS = 900;

/** What stands on the screen, by language. */
interface Screen {
  readonly inject: string;
  readonly fault: string;
  readonly spike: string;
  readonly start: string;
  readonly now: RegExp;
  readonly injected: RegExp;
  readonly found: RegExp;
  readonly look: string;
  readonly verdict: RegExp;
  readonly finding: RegExp;
  readonly latency: RegExp;
  readonly strip: string;
  readonly frame: RegExp;
  /** Of a frame that was held up for 80 ms. */
  readonly total: RegExp;
}

const ENGLISH: Screen = {
  inject: 'Or inject a stutter',
  fault: 'Fault',
  spike: 'Encoder spike',
  start: 'Start test stream',
  now: /^(Next|Now): Encoder spike/,
  injected: /^Encoder spike, \d+(\.\d)?\sms, in one frame, at 00:0[234]/,
  found: /Encode took up to \d+(\.\d)?\sms where/,
  look: 'Look at what was recorded',
  verdict: /the encoder/,
  finding: /^1 Encoder/,
  latency: /^Latency/,
  strip: 'Frame strip',
  frame: /^Frame \d/,
  total: /^(8\d\.\d|9\d\.\d|1\d\d)\sms/,
};

const GERMAN: Screen = {
  inject: 'Oder Ruckeln einbauen',
  fault: 'Störung',
  spike: 'Encoder-Spitze',
  start: 'Teststrom starten',
  now: /^(Als Nächstes|Jetzt): Encoder-Spitze/,
  injected: /^Encoder-Spitze, \d+(,\d)?\sms, in einem Bild, bei 00:0[234]/,
  found: /Encoding brauchte bis zu \d+(,\d)?\sms/,
  look: 'Aufzeichnung ansehen',
  verdict: /den Encoder/,
  finding: /^1 Encoder/,
  latency: /^Latenz/,
  strip: 'Einzelbilder',
  frame: /^Bild \d/,
  total: /^(8\d,\d|9\d,\d|1\d\d)\sms/,
};

describe.skipIf(missingExecutable !== '')(`a newcomer${missingExecutable}`, () => {
  let bench: BrowserBench;

  beforeAll(async () => {
    bench = await BrowserBench.open();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test.each([
    ['in English', ENGLISH, {}],
    ['in German on a phone', GERMAN, { locale: 'de-DE', viewport: { width: 390, height: 844 } }],
  ] as const)(
    'injects an encoder spike and finds it within a minute, %s',
    async (_, screen, options) => {
      const host = await startHost();
      try {
        const { page, trouble } = await bench.page(options);
        const began = performance.now();
        await page.goto(`${host.address}/#token=${host.token}`);
        const lostMs = await findTheStutter(page, screen);
        expect(performance.now() - began - lostMs).toBeLessThan(A_MINUTE_MS);
        expect(trouble).toEqual([]);
        await page.context().close();
      } finally {
        await end(host);
      }
    },
    TIMEOUT_MS,
  );
});

/** Answers the time of runs that this machine spoilt. */
async function findTheStutter(page: Page, screen: Screen): Promise<number> {
  await page.getByRole('button', { name: screen.inject }).click();
  const fault = page.getByRole('combobox', { name: screen.fault });
  expect(await fault.locator('option:checked').textContent()).toBe(screen.spike);
  // On a machine that is busy otherwise other things were slow too: the page says so, and one tries again.
  let [isFound, lostMs] = [false, 0];
  for (let runs = 0; runs < MOST_RUNS && !isFound; runs += 1) {
    const began = performance.now();
    isFound = await inject(page, screen);
    if (!isFound) lostMs += performance.now() - began;
  }
  expect(isFound).toBe(true);

  await page.getByRole('button', { name: screen.look, exact: true }).click();
  // The address leads to the moment, for somebody else too.
  await page.waitForURL(/#r=[^&]+&t=\d+-\d+$/);
  await page.getByRole('button', { name: screen.finding }).waitFor();
  await page.getByText(screen.verdict).first().waitFor();
  // Left of the peak, and from there to what stands out.
  const chart = page.getByRole('img', { name: screen.latency }).first();
  const from = Number(/&t=(\d+)-/.exec(page.url())?.[1]);
  const { width = 0 } = (await chart.boundingBox()) ?? {};
  await chart.click({
    position: { x: (width * Math.max(100, from - BESIDE_MS)) / ABOUT_MS, y: 40 },
  });
  const strip = page.getByRole('region', { name: screen.strip });
  const total = strip.getByText(screen.total);
  for (let i = 0; i < MOST_OUTLIERS && !(await comes(total, 1000)); i += 1) {
    await page.keyboard.press('n');
  }
  await strip.getByText(screen.frame).waitFor();
  await total.waitFor();
  return lostMs;
}

/** One run; whether what was found is what was injected. They stand side by side. */
async function inject(page: Page, screen: Screen): Promise<boolean> {
  await page.getByRole('button', { name: screen.start }).click();
  await page.getByText(screen.now).waitFor();
  const look = page.getByRole('button', { name: screen.look, exact: true });
  await look.waitFor({ timeout: 30_000 });
  const pair = page.getByRole('listitem').filter({ hasText: screen.spike });
  await pair.getByRole('definition').filter({ hasText: screen.injected }).waitFor();
  return comes(pair.getByRole('definition').filter({ hasText: screen.found }), 2000);
}

const comes = (what: Locator, timeout: number): Promise<boolean> =>
  what.waitFor({ timeout }).then(
    () => true,
    () => false,
  );

async function end(host: Host): Promise<void> {
  expect(await host.end()).toBe(0);
}
