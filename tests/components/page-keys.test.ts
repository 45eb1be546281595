// The keys of the page: listed, switched off and remembered, silent where somebody types or a modifier is held; markers by
// key; a report out of the list.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import type { PfRecordingDetail } from '../../components/pf-recording-detail/pf-recording-detail.ts';
import { eventually } from '../support/browser.ts';
import { drawn, focused, focusOn, PageBench, TIMEOUT_MS, violations } from '../support/page.ts';
import { threeSessions } from '../support/several-sessions.ts';

let bench: PageBench;
const three = threeSessions();

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const dialog = (page: Page, name = 'All keys'): Locator => page.getByRole('dialog', { name });

const cursor = (page: Page): Promise<number | undefined> =>
  page
    .locator('pf-recording-detail')
    .evaluate((el: PfRecordingDetail) => el.shadowRoot?.querySelector('pf-event-lanes')?.cursorMs);

describe('the list of all keys', () => {
  test(
    'opens with ?, has what is on the screen, closes with Esc and gives the focus back; axe finds nothing',
    async () => {
      using host = bench.host([three.capture]);
      host.frames.set(three.capture.meta.id, three.bytes);
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      await page
        .locator('pf-frame-strip')
        .getByRole('button', { name: /^Next outlier/ })
        .waitFor();
      await page.getByRole('button', { name: 'p99', exact: true }).focus();
      await page.keyboard.press('?');
      await dialog(page).waitFor();
      expect(await dialog(page).getByRole('heading', { level: 3 }).allTextContents()).toEqual([
        'Everywhere',
        'Recording',
        'Timeline, with the focus in a lane',
        'Events lane',
        'Sessions',
        'Frame strip',
        'Recordings',
      ]);
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await dialog(page).waitFor({ state: 'hidden' });
      expect((await focused(page)).name).toBe('p99');
      // Also by hand, where there is no keyboard.
      await page.getByRole('button', { name: 'All keys' }).click();
      await dialog(page).getByRole('button', { name: 'Close' }).click();
      await focusOn(page, '? All keys');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a key pressed where nothing has the focus is the page’s; / goes to the search; German',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, {
        locale: 'de-DE',
        viewport: { width: 390, height: 700 },
      });
      await drawn(page);
      await page.keyboard.press('?');
      await dialog(page, 'Alle Tasten').waitFor();
      await dialog(page, 'Alle Tasten').getByText('Umschalt').first().waitFor();
      const box = await dialog(page, 'Alle Tasten').boundingBox();
      expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? 999) <= 390).toBe(true);
      await page.keyboard.press('?');
      await dialog(page, 'Alle Tasten').waitFor({ state: 'hidden' });
      await page.keyboard.press('/');
      await eventually(
        () => focused(page),
        ({ name }) => /such/i.test(name),
      );
      // There it is a character.
      await page.keyboard.type('a?1');
      expect(await page.getByRole('searchbox').inputValue()).toBe('a?1');
      expect(await dialog(page, 'Alle Tasten').isVisible()).toBe(false);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'switches keys of one character off for the whole page, which remembers it; arrows go on working',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      const group = page
        .locator('pf-latency-chart')
        .getByRole('group', { name: 'Latency by stage' });
      await group.focus();
      await page.keyboard.press('?');
      await dialog(page)
        .getByRole('checkbox', { name: /^Keys of one character/ })
        .uncheck();
      await page.keyboard.press('Escape');
      expect(await page.evaluate(() => localStorage.getItem('pf-keys'))).toBe('off');
      for (const isReloaded of [false, true]) {
        if (isReloaded) {
          await page.reload();
          await drawn(page);
        }
        await group.focus();
        for (const key of ['t', 'q', '?', '+', 'm', '/']) await page.keyboard.press(key);
        expect(await page.getByRole('table').count()).toBe(0);
        expect(await page.getByRole('button', { name: 'p99', pressed: true }).count()).toBe(0);
        expect(await dialog(page).isVisible()).toBe(false);
        expect((await focused(page)).name).toBe('Latency by stage');
        await page.keyboard.press('Home');
        await eventually(
          () => cursor(page),
          (ms) => ms !== undefined && ms < 10_000,
        );
      }
      // What is written on the button still works, and so does the way back.
      await page.getByRole('button', { name: 'All keys' }).click();
      await dialog(page)
        .getByRole('checkbox', { name: /^Keys of one character/ })
        .check();
      await page.keyboard.press('Escape');
      await group.focus();
      await page.keyboard.press('t');
      await page.locator('pf-latency-chart').getByRole('table').waitFor();
      // Theme and language were nobody's business here.
      expect(await page.evaluate(() => localStorage.getItem('pf-theme'))).toBe(null);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'keys with Ctrl, Alt or Meta are the browser’s',
    async () => {
      using host = bench.host([three.capture]);
      const { page } = await bench.visit(host);
      await drawn(page);
      const taken = await page.locator('pf-latency-chart').evaluate((el) => {
        const at = el.shadowRoot?.querySelector('.group');
        const pressed = ['1', 'n', 'p', 'm', '?', '/', 't', 'q', 'f', '0', '+'].flatMap((key) =>
          (['ctrlKey', 'altKey', 'metaKey'] as const).map((held) => {
            const init = { key, [held]: true, bubbles: true, composed: true, cancelable: true };
            const event = new KeyboardEvent('keydown', init);
            at?.dispatchEvent(event);
            return event.defaultPrevented ? [`${held} ${key}`] : [];
          }),
        );
        return pressed.flat();
      });
      expect(taken).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'm goes from marker to marker of a recording, and back with Shift; in a live capture it asks what happened',
  async () => {
    using host = bench.host([three.capture]);
    const { page } = await bench.visit(host);
    await drawn(page);
    const moves = async (key: string, ms: number): Promise<void> => {
      await page.keyboard.press(key);
      await eventually(
        () => cursor(page),
        (at) => at === ms,
      );
    };
    await moves('m', 12_000);
    await moves('m', 30_000);
    await moves('m', 30_000);
    await moves('Shift+M', 12_000);
    await page.getByRole('button', { name: 'Start capture' }).click();
    await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('pf-latency-chart').getByRole('group', { name: 'Latency by stage' }).focus();
    await page.keyboard.press('m');
    await focusOn(page, 'What happened?');
    await page.keyboard.type('stutter');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Markers' }).getByText('stutter').waitFor();
    // The focus is back where it was: the next key is one again.
    await focusOn(page, 'Latency by stage');
    await page.keyboard.press('?');
    await dialog(page).getByRole('heading', { name: 'Live' }).waitFor();
    await page.keyboard.press('Escape');
    expect(host.markers.map(({ detail }) => detail?.['text'])).toEqual(['stutter']);
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'a recording’s row makes a report of it, whatever is looked at',
  async () => {
    using host = bench.host();
    const { page, trouble } = await bench.visit(host);
    await drawn(page);
    const id = host.ids[1] ?? '';
    const row = page.locator(`li[data-id="${id}"]`);
    await row.getByRole('button', { name: /^More/ }).click();
    await row.getByRole('button', { name: 'Report (HTML)' }).click();
    const window = page.getByRole('dialog');
    await window.waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      window.getByRole('button', { name: /^Save/ }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${id}.report.html`);
    expect(await readFile((await download.path()) ?? '', 'utf8')).toContain('id="pf-capture"');
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'what was negotiated and why stands folded at the end, and what nobody knows is a dash',
  async () => {
    using host = bench.host([three.capture]);
    const { page } = await bench.visit(host);
    await drawn(page);
    await page.getByRole('button', { name: /^Session 2, / }).click();
    const fold = page.locator('details.facts');
    await fold.getByText('What was negotiated, and why').click();
    const facts = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        await fold.evaluate((el) =>
          [...el.querySelectorAll('dl > div')].map((one) => [
            one.querySelector('dt')?.textContent ?? '',
            (one.querySelector('dd')?.textContent ?? '').replace(/\s+/g, ' ').trim(),
          ]),
        ),
      );
    const known = await eventually(facts, (told) => told['Client'] === 'Deck 2');
    expect(known).toMatchObject({
      App: 'SuperTuxKart',
      Picture: '1920 × 1080 scaled to 1280 × 720',
      Colour: 'bt709 limited',
      Encryption: 'control, audio · the client asked for it',
      Kernel: '6.12.8',
      Processor: 'Ryzen 7 · 16 cores',
      'Bitrate at its start': '20.0 Mb/s',
      Parity: '20%',
      'Ended at': '00:32 · client_left',
    });
    expect(known['Memory']).toMatch(/^–/);
    expect(known['Audio']).toMatch(/^–/);
    expect(await fold.getByText('kms: no permission').isVisible()).toBe(true);
    expect(await fold.getByText('nvenc: no device').isVisible()).toBe(true);
    await page.context().close();
  },
  TIMEOUT_MS,
);
