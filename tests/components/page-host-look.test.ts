// The room of the host, devices that wait and the first steps: languages, themes, widths, keys, axe.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/browser.ts';
import {
  drawn,
  focused,
  focusOn,
  PageBench,
  sticksOut,
  TIMEOUT_MS,
  violations,
} from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { furnish } from '../support/seeded-devices.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbe';

/** Everything that can be shown at once: two that wait, one that failed, streams, devices, tokens. */
function crowded(): PageHost {
  const host = bench.host();
  furnish(host.devices);
  host.devices.pair(LONG, { address: 'fd12:3456:789a:1:aaaa:bbbb:cccc:dddd' });
  host.devices.stream({
    client: LONG,
    app: LONG,
    encryption: { control: 'weak', video: true, audio: false },
  });
  const gone = host.devices.knock({ name: 'TV', address: '192.168.1.9' });
  host.devices.end(gone, { code: 'gave_up', message: 'The device ended the attempt.' });
  host.devices.knock({ name: LONG, address: 'fd12:3456:789a:1:aaaa:bbbb:cccc:dddd' });
  host.devices.knock({ name: 'Steam Deck', address: '192.168.1.63' });
  return host;
}

async function enter(
  host: PageHost,
  options = {},
  room = 'host',
): Promise<{ page: Page; trouble: string[] }> {
  const hash = `#token=${host.token}${room === 'host' ? '&room=host' : ''}`;
  const watched = await bench.visit(host, options, hash);
  await watched.page.locator('pf-pairing form').nth(1).waitFor();
  if (room === 'host') await watched.page.locator('pf-tokens li').first().waitFor();
  else await drawn(watched.page);
  return watched;
}

/** Opens every question and form of the room. */
async function openAll(page: Page): Promise<void> {
  await page.getByText('The whole fingerprint').click();
  await page.getByRole('button', { name: 'End app: Desktop' }).click();
  await page.getByRole('button', { name: 'Rename Pixel 9' }).click();
  await page.getByRole('button', { name: 'Revoke Old laptop' }).click();
  await page.getByRole('button', { name: 'Revoke token: Decky plugin' }).click();
  await page.locator('pf-tokens').getByLabel('Name').fill('x');
  await page.getByRole('button', { name: 'Create token' }).click();
  await page.getByText('It is shown this once').waitFor();
}

describe('axe finds nothing', () => {
  test.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['contrast', { contrast: 'more', colorScheme: 'light' }],
    ['panel', { viewport: { width: 320, height: 700 } }],
  ] as const)(
    'in the room of the host, with every question open: %s',
    async (_name, options) => {
      using host = crowded();
      const { page } = await enter(host, options);
      expect(await violations(page)).toEqual([]);
      await openAll(page);
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'with devices waiting over a recording, with pairing off, with the first steps',
    async () => {
      using host = crowded();
      const { page } = await enter(host, {}, 'performance');
      expect(await violations(page)).toEqual([]);
      host.devices.pairingEnabled = false;
      host.devices.tell('pairing');
      await page.getByRole('button', { name: 'Host', exact: true }).click();
      await page.getByRole('button', { name: 'Switch pairing on' }).waitFor();
      expect(await violations(page)).toEqual([]);
      await page.context().close();
      using fresh = bench.host([]);
      const first = await bench.visit(fresh);
      await first.page.locator('pf-first-run li').first().waitFor();
      expect(await violations(first.page)).toEqual([]);
      await first.page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('widths', () => {
  test.each([
    ['host', 'en-GB'],
    ['host', 'de-DE'],
    ['performance', 'de-DE'],
  ])(
    '%s, %s: nothing sticks out from 320 px to 4K',
    async (room, locale) => {
      using host = crowded();
      const { page } = await enter(host, { viewport: { width: 320, height: 800 }, locale }, room);
      for (const width of [320, 340, 390, 559, 560, 719, 720, 899, 900, 1100, 1101, 1440, 3840]) {
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
    'first steps and open questions stay inside a panel',
    async () => {
      using fresh = bench.host([]);
      const first = await bench.visit(fresh, {
        viewport: { width: 320, height: 700 },
        locale: 'de-DE',
      });
      await first.page.locator('pf-first-run li').first().waitFor();
      expect(await first.page.evaluate(sticksOut)).toEqual([]);
      await first.page.context().close();
      using host = crowded();
      const { page } = await enter(host, { viewport: { width: 320, height: 700 } });
      await openAll(page);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'the fields of a PIN are as high as a finger, the digits as large as a clock',
    async () => {
      using host = crowded();
      const { page } = await enter(host, { viewport: { width: 390, height: 800 } });
      const box = await page.getByLabel('PIN that Steam Deck shows').boundingBox();
      expect(box?.height ?? 0).toBeGreaterThanOrEqual(44);
      const size = await page
        .getByLabel('PIN that Steam Deck shows')
        .evaluate((el) => getComputedStyle(el).fontSize);
      expect(size).toBe('28px');
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('languages and themes', () => {
  test(
    'German is complete in the room of the host',
    async () => {
      using host = crowded();
      const { page, trouble } = await enter(host, { locale: 'de-DE' });
      const text = await page.evaluate(() => {
        const out: string[] = [];
        const look = (root: Document | ShadowRoot): void => {
          for (const el of root.querySelectorAll('*')) {
            if (el.shadowRoot !== null) look(el.shadowRoot);
            for (const name of ['aria-label', 'placeholder', 'title'])
              out.push(el.getAttribute(name) ?? '');
          }
          if (root instanceof ShadowRoot) out.push(root.textContent ?? '');
        };
        look(document);
        return out.join('\n');
      });
      for (const word of [
        'Streams',
        'Gekoppelte Geräte',
        'Zugangstoken',
        'schwache Verschlüsselung',
      ])
        expect(text).toContain(word);
      const english =
        /\b(the|device|devices|paired|waiting|revoke|rename|stream to|packets|since|last seen|created|fingerprint of|switch pairing|turn away|token file|hide|keep|in clear)\b/i;
      expect(english.exec(text)?.[0]).toBeUndefined();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'under forced colours every badge, field and button keeps its edge',
    async () => {
      using host = crowded();
      const { page } = await enter(host, { forcedColors: 'active', colorScheme: 'dark' });
      const edges = await page.evaluate(() => {
        const faint: string[] = [];
        const look = (root: Document | ShadowRoot): void => {
          for (const el of root.querySelectorAll<HTMLElement>('*')) {
            if (el.shadowRoot !== null) look(el.shadowRoot);
            if (!el.matches('.badge, input:not([type=checkbox]), .btn:not(.ghost)')) continue;
            const { borderTopColor, borderTopWidth } = getComputedStyle(el);
            const ground = getComputedStyle(document.body).backgroundColor;
            if (borderTopWidth === '0px' || borderTopColor === ground) faint.push(el.outerHTML);
          }
        };
        look(document);
        return faint;
      });
      expect(edges).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('keyboard', () => {
  test(
    'the order is head, devices that wait, streams, devices, tokens; every stop shows its focus',
    async () => {
      using host = crowded();
      const { page } = await enter(host);
      const seen: string[] = [];
      await page.keyboard.press('Tab');
      for (let i = 0; i < 80; i++) {
        const { name, ring } = await focused(page);
        if (name === '') break;
        expect([name, ring]).toEqual([name, 'solid']);
        seen.push(name);
        await page.keyboard.press('Tab');
      }
      const order = [
        'Skip to the host',
        'Performance',
        'Host',
        'DE, Deutsch',
        'Switch pairing off',
        'PIN that Steam Deck shows',
        'Pair device: Steam Deck',
        'Turn away: Steam Deck',
        `PIN that ${LONG} shows`,
        'Hide: TV',
        'The whole fingerprint',
        'End app: Desktop',
        'End stream: Deck OLED',
        'May end the app: Deck OLED',
        'Rename Deck OLED',
        'Revoke Deck OLED',
        'Revoke token: Decky plugin',
        'Create token',
      ];
      expect(order.filter((name) => !seen.includes(name))).toEqual([]);
      expect(seen.filter((name) => order.includes(name))).toEqual(order);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a device that comes and goes never takes the focus, and is spoken',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).focus();
      const id = host.devices.knock({ name: 'Steam Deck', address: '192.168.1.63' });
      await page.getByLabel('PIN that Steam Deck shows').waitFor();
      const said = page.locator('pf-pairing [role=status]');
      await eventually(
        () => said.last().textContent(),
        (text) => text === 'Steam Deck at 192.168.1.63 wants to be paired.',
      );
      host.devices.end(id, { code: 'gave_up', message: 'Gone.' });
      await page.getByLabel('PIN that Steam Deck shows').waitFor({ state: 'detached' });
      await focusOn(page, 'Start capture');
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
