// A marker in the live view: it stands where somebody pressed the key, not where they had written what happened; the field
// says which moment that is, forgets it when nothing is written, and keeps what was refused.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/browser.ts';
import { PageBench, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const field = (page: Page) => page.locator('pf-live').getByLabel('What happened?');
const said = async (page: Page): Promise<string> =>
  (await page.locator('pf-live #mark-at').textContent()) ?? '';

/** ms of "at 00:12.3". */
function msOf(text: string): number {
  const [, minutes = '', seconds = ''] = /^at (\d\d):(\d\d\.\d)$/.exec(text) ?? [];
  if (seconds === '') throw new Error(`no moment: ${text}`);
  return Number(minutes) * 60_000 + Math.round(Number(seconds) * 1000);
}

async function live(host: PageHost, options: Parameters<PageBench['visit']>[1] = {}) {
  const watched = await bench.visit(host, options);
  const { page } = watched;
  await page.getByRole('button', { name: /^(Start capture|Aufzeichnung starten)$/ }).click();
  await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
  await page.locator('pf-live .mark').waitFor();
  return watched;
}

const marked = (host: PageHost, n: number) =>
  eventually(
    async () => host.markers.map(({ t_ms, detail }) => [t_ms, detail?.['text']] as const),
    (all) => all.length === n,
  );

test(
  'stands where the key was pressed, which the field says; what is written takes its time; Enter alone is enough',
  async () => {
    using host = bench.host([cleanRecording()]);
    const { page, trouble } = await live(host);
    await page.waitForTimeout(600);
    await page.keyboard.press('m');
    const at = await eventually(
      () => said(page),
      (text) => text !== '',
    );
    await page.waitForTimeout(4000);
    await page.keyboard.type('stutter');
    expect(await said(page)).toBe(at);
    await page.keyboard.press('Enter');
    const [first] = await marked(host, 1);
    expect(first?.[1]).toBe('stutter');
    // What the field said, apart by how long a question takes; Enter was 4 s later.
    expect(Math.abs((first?.[0] ?? 0) - msOf(at))).toBeLessThan(2000);
    await eventually(
      () => said(page),
      (text) => text === '',
    );
    expect(await field(page).inputValue()).toBe('');

    await page.keyboard.press('m');
    await page.keyboard.press('Enter');
    const [, second] = await marked(host, 2);
    expect(second?.[1]).toBe('marker');
    expect((second?.[0] ?? 0) - (first?.[0] ?? 0)).toBeGreaterThan(3900);

    // By hand: the moment is that of the click into the field, and a second one that of its first letter.
    await field(page).click();
    const clicked = msOf(await said(page));
    await page.waitForTimeout(4000);
    await page.keyboard.type('one');
    await page.keyboard.press('Enter');
    const [, , third] = await marked(host, 3);
    expect(Math.abs((third?.[0] ?? 0) - clicked)).toBeLessThan(2000);
    await page.keyboard.type('two');
    expect(msOf(await said(page))).toBeGreaterThan(clicked + 3900);
    // Taken back: nothing is put down.
    await page.keyboard.press('Escape');
    expect([await said(page), await field(page).inputValue()]).toEqual(['', '']);
    expect(host.markers.length).toBe(3);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'a field that is left empty, or stays empty for half a minute, forgets the moment; one with words keeps it',
  async () => {
    using host = bench.host([cleanRecording()]);
    const { page } = await live(host);
    await field(page).focus();
    expect(await said(page)).not.toBe('');
    await field(page).blur();
    expect(await said(page)).toBe('');
    await page.clock.install();
    await field(page).focus();
    expect(await said(page)).not.toBe('');
    await page.clock.runFor(31_000);
    await eventually(
      () => said(page),
      (text) => text === '',
    );
    await page.keyboard.type('a');
    const kept = await said(page);
    await field(page).blur();
    await page.clock.runFor(31_000);
    expect(await said(page)).toBe(kept);
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'what the host refuses stays in the field, with its moment and the reason',
  async () => {
    using host = bench.host([cleanRecording()]);
    const { page } = await live(host);
    await page.route('**/capture/markers', (route) =>
      route.fulfill({
        status: 400,
        json: { code: 'marker_invalid', error: 'It lies 5 ms before the recording.' },
      }),
    );
    await page.keyboard.press('m');
    await page.keyboard.type('early');
    const at = await said(page);
    await page.keyboard.press('Enter');
    await page.getByText(/It lies 5 ms before the recording\./).waitFor();
    expect([await field(page).inputValue(), await said(page)]).toEqual(['early', at]);
    await page.unroute('**/capture/markers');
    await field(page).press('Enter');
    expect((await marked(host, 1))[0]?.[1]).toBe('early');
    await page.context().close();
  },
  TIMEOUT_MS,
);

test.each([
  ['German at 390 px', { locale: 'de-DE', viewport: { width: 390, height: 800 } }],
  ['panel', { viewport: { width: 320, height: 800 }, colorScheme: 'light' }],
  ['forced colours', { forcedColors: 'active' }],
] as const)(
  'says the moment where nothing sticks out or moves, and axe finds nothing: %s',
  async (name, options) => {
    using host = bench.host([cleanRecording()]);
    const { page } = await live(host, options);
    const input = page.locator('pf-live .mark input');
    const before = await input.boundingBox();
    await input.focus();
    const text = await said(page);
    expect(text).toMatch(name.startsWith('German') ? /^bei \d\d:\d\d,\d$/ : /^at \d\d:\d\d\.\d$/);
    expect(await input.boundingBox()).toEqual(before);
    expect(await page.evaluate(sticksOut)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);
