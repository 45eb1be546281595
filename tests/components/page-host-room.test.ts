// The page's room of the host in real Chromium, under the host's own content security policy: pairing wherever the
// operator is, streams, devices, tokens, first steps, and what a smaller token sees of it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { eventually } from '../support/browser.ts';
import { drawn, focusOn, PageBench, startTestStream, TIMEOUT_MS } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { furnish } from '../support/seeded-devices.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const DECK = { name: 'Steam Deck', address: '192.168.1.63' };
const ROOM = '&room=host';

async function inRoom(host: PageHost, options = {}): Promise<{ page: Page; trouble: string[] }> {
  const watched = await bench.visit(host, options, `#token=${host.token}${ROOM}`);
  await watched.page.locator('pf-tokens').getByRole('heading').first().waitFor();
  return watched;
}

const pin = (page: Page, name = DECK.name) => page.getByLabel(`PIN that ${name} shows`);
/** Chromium reports every refused request; the page's own errors are what counts. */
const own = (trouble: readonly string[]): string[] =>
  trouble.filter((line) => !line.startsWith('Failed to load resource'));

describe('pairing', () => {
  test(
    'a device that waits stands on top of whatever is looked at; its four digits pair it',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 1,
      );
      expect(await page.locator('pf-pairing section').count()).toBe(0);
      host.devices.knock({ ...DECK, agoMs: 42_000 });
      await pin(page).waitFor();
      await page.getByText(/^waiting 00:4[2-9] of 03:00$/).waitFor();
      await page.getByText(host.devices.attempts[0]?.fingerprint.slice(0, 4) ?? '?').waitFor();
      await pin(page).fill('1234');
      await page.getByLabel('Name here (optional)').fill('Bedroom deck');
      await page.keyboard.press('Enter');
      await page.getByText('Bedroom deck is paired.').first().waitFor();
      expect(host.devices.pins).toEqual([
        { pin: '1234', attempt_id: 'attempt-1', name: 'Bedroom deck' },
      ]);
      await page.getByRole('button', { name: 'Hide: Bedroom deck' }).click();
      await page.locator('pf-pairing section').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Host', exact: true }).click();
      await page.locator('pf-clients li').getByText('Bedroom deck').waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'paired is said when the host says so, and not before',
    async () => {
      using host = bench.host();
      host.devices.verdict = () => undefined;
      const id = host.devices.knock(DECK);
      const { page } = await bench.visit(host);
      await pin(page).fill('5678');
      await page.keyboard.press('Enter');
      await page.getByText('Checking with the device …').waitFor();
      await Bun.sleep(300);
      expect(await page.getByText('is paired').count()).toBe(0);
      expect(await page.getByText('5678').count()).toBe(0);
      host.devices.end(id, 'paired');
      await page.getByText('Steam Deck is paired.').first().waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'every end has its sentence, in the viewer’s language where its code is known',
    async () => {
      using host = bench.host();
      const { page } = await inRoom(host, { locale: 'de-DE' });
      const said: [string, string][] = [
        ['wrong_pin', 'Das war nicht die PIN auf dem Gerät.'],
        ['timed_out', 'Es hat zu lange gedauert.'],
        ['gave_up', 'Das Gerät hat den Versuch beendet.'],
        ['replaced', 'Das Gerät hat das Koppeln neu begonnen.'],
        ['out_of_order', 'Das Gerät hielt die Reihenfolge des Koppelns nicht ein.'],
        ['a_newer_reason', 'Das Koppeln ist gescheitert: The moon was wrong.'],
      ];
      for (const [code, sentence] of said) {
        const id = host.devices.knock({ name: code, address: '10.0.0.7' });
        host.devices.end(id, { code, message: 'The moon was wrong.' });
        await page.locator(`li[data-id="${id}"]`).getByText(sentence).waitFor();
      }
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a wrong PIN: the form gives way to the reason, the focus stays in the card',
    async () => {
      using host = bench.host();
      host.devices.knock(DECK);
      const { page, trouble } = await bench.visit(host);
      await pin(page).click();
      await page.keyboard.type('99');
      await page.keyboard.press('Enter');
      await page.getByText('The PIN has four digits.').waitFor();
      expect(host.devices.pins).toEqual([]);
      await focusOn(page, 'PIN that Steam Deck shows');
      await page.keyboard.type('99');
      await page.keyboard.press('Enter');
      await page.getByText('This was not the PIN on the device.').first().waitFor();
      await focusOn(page, 'Pair a device');
      expect(host.devices.clients).toEqual([]);
      expect(own(trouble)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a PIN is pasted with whatever stands around it, and stays with its own device',
    async () => {
      using host = bench.host();
      host.devices.knock(DECK);
      const { page } = await inRoom(host);
      await pin(page).click();
      await page.evaluate(() => {
        const field = document.activeElement;
        let at = field;
        while (at?.shadowRoot?.activeElement != null) at = at.shadowRoot.activeElement;
        if (!(at instanceof HTMLInputElement)) throw new Error('no field has the focus');
        document.execCommand('insertText', false, 'PIN: 12 34 56');
      });
      expect(await pin(page).inputValue()).toBe('1234');
      // A stranger knocks while somebody types: above, and without taking the focus or the digits.
      host.devices.knock({ name: 'Stranger', address: '10.9.9.9' });
      await pin(page, 'Stranger').waitFor();
      await page.getByText('2 devices wait').waitFor();
      await focusOn(page, 'PIN that Steam Deck shows');
      expect(await pin(page).inputValue()).toBe('1234');
      expect(await pin(page, 'Stranger').inputValue()).toBe('');
      await page.keyboard.press('Enter');
      await page.getByText('Steam Deck is paired.').first().waitFor();
      expect(host.devices.pins).toEqual([{ pin: '1234', attempt_id: 'attempt-1' }]);
      await page.getByRole('button', { name: 'Turn away: Stranger' }).click();
      await pin(page, 'Stranger').waitFor({ state: 'detached' });
      expect(host.devices.attempts.map((a) => a.name)).toEqual(['Steam Deck']);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'switched off it says why, and how to go on',
    async () => {
      using host = bench.host();
      host.devices.pairingEnabled = false;
      host.devices.disabledBecause = 'Ten attempts failed within an hour.';
      const { page } = await inRoom(host);
      await page
        .getByText('Pairing is switched off: Ten attempts failed within an hour.')
        .waitFor();
      await page.getByRole('button', { name: 'Switch pairing on' }).click();
      await page
        .getByText(/^Open Moonlight on the device and choose this host: wohnzimmer/)
        .waitFor();
      await page.getByText('Add this computer’s address in your network there by hand').waitFor();
      await page.getByRole('button', { name: 'Switch pairing off' }).click();
      await page.getByText('Pairing is switched off. No new device can be added.').waitFor();
      expect(host.devices.pairingEnabled).toBe(false);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the room of the host', () => {
  test(
    'has an address, a way back, and its own title',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      const recording = page.url();
      await page.getByRole('button', { name: 'Host', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'wohnzimmer' }).waitFor();
      expect(page.url()).toBe(`${host.url}/#room=host`);
      expect(await page.title()).toBe('Host · punktfunk');
      await page.goBack();
      await drawn(page);
      expect(page.url()).toBe(recording);
      expect(await page.title()).toBe('Performance · punktfunk');
      await page.goForward();
      await page.getByRole('heading', { level: 1, name: 'wohnzimmer' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: 'wohnzimmer' }).waitFor();
      expect(
        await page.getByRole('button', { name: 'Host', exact: true }).getAttribute('aria-current'),
      ).toBe('page');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'streams: what is known as figures, what is not as a dash; ending one leaves the other',
    async () => {
      using host = bench.host();
      furnish(host.devices);
      host.devices.stream({ client: 'Silent', network: {}, session_id: 77 });
      const { page, trouble } = await inRoom(host);
      const rows = page.locator('pf-sessions li');
      await eventually(
        () => rows.count(),
        (n) => n === 3,
      );
      const tv = rows.filter({ hasText: 'Wohnzimmer-TV' });
      await tv.getByText('weak encryption').waitFor();
      await tv.getByText('An old client: the encryption of its input can be broken.').waitFor();
      const figures = await tv.locator('dl div').allInnerTexts();
      expect(figures.map((f) => f.replaceAll('\u00a0', ' ').split('\n').filter(Boolean))).toEqual([
        ['Mode', '1920 × 1080, 60 Hz'],
        ['Codec', 'H.264'],
        ['Encoder', 'x264'],
        ['Source', 'wlroots'],
        ['Bitrate', '38.9 Mb/s'],
        ['Round trip', '11.4 ms'],
        ['Packets lost', '498'],
        ['Rebuilt', '41'],
        ['Since', '20:30:06'],
      ]);
      const silent = page.locator('pf-sessions li[data-id="77"] dl div');
      for (const name of ['Round trip', 'Packets lost', 'Rebuilt']) {
        const value = silent.filter({ hasText: name }).locator('dd .vh');
        expect(await value.textContent()).toBe('not measured');
      }
      await page.getByRole('button', { name: 'End stream: Wohnzimmer-TV' }).click();
      await focusOn(page, 'Let it run');
      await page.keyboard.press('Escape');
      await focusOn(page, 'End stream: Wohnzimmer-TV');
      expect(host.devices.sessions.length).toBe(3);
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'End this stream' }).click();
      await tv.waitFor({ state: 'detached' });
      expect(host.devices.sessions.map((s) => s.client)).toEqual(['Deck OLED', 'Silent']);
      await page.getByRole('button', { name: 'End app: Desktop' }).click();
      await page.getByRole('button', { name: 'End the app' }).click();
      await page.getByText('Nobody watches right now.').waitFor();
      expect(host.devices.app).toBeUndefined();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'devices: renamed in place, given a right, revoked after a question',
    async () => {
      using host = bench.host();
      furnish(host.devices);
      const { page, trouble } = await inRoom(host);
      await page.getByRole('button', { name: 'Rename Pixel 9' }).click();
      const field = page.locator('pf-clients').getByLabel('Name', { exact: true });
      expect(await field.inputValue()).toBe('Pixel 9');
      await field.fill('   ');
      await page.keyboard.press('Enter');
      await page.getByText('A name has 1 to 64 characters.').waitFor();
      await page.keyboard.press('Escape');
      await focusOn(page, 'Rename Pixel 9');
      await page.keyboard.press('Enter');
      await field.fill('Phone');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Rename Phone' }).waitFor();
      expect(host.devices.clients.map((c) => c.name)).toContain('Phone');

      const right = page.getByRole('switch', { name: 'May end the app: Phone' });
      await right.check();
      await eventually(
        async () => host.devices.clients.find((c) => c.name === 'Phone')?.may_end,
        (may) => may === true,
      );
      expect(await right.isChecked()).toBe(true);

      await page.getByRole('button', { name: 'Revoke Phone' }).click();
      await page.getByText(/^Revoke Phone\? A running stream of it ends at once/).waitFor();
      await page.getByRole('button', { name: 'Revoke device' }).click();
      await page.getByRole('button', { name: 'Rename Phone' }).waitFor({ state: 'detached' });
      await focusOn(page, 'Paired devices');
      expect(host.devices.clients.length).toBe(3);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a token is shown once, can be copied, and is nowhere after that',
    async () => {
      using host = bench.host();
      const { page, trouble } = await inRoom(host, {
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      await page.locator('pf-tokens').getByLabel('Name').fill('<script>backup</script>');
      await page.getByLabel('May').selectOption('host:read');
      await page.getByRole('button', { name: 'Create token' }).click();
      await page.getByText('It is shown this once').waitFor();
      const [id, token] = [...host.devices.values][0] ?? ['', ''];
      expect(await page.locator('pf-tokens input.token').inputValue()).toBe(token);
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByText('Copied.').waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
      expect(await held(page, token)).toEqual({ shown: true, kept: true });
      // Left through another door than "hide it".
      await page.getByRole('button', { name: 'Performance' }).click();
      await drawn(page);
      expect(await held(page, token)).toEqual({ shown: false, kept: false });
      await page.getByRole('button', { name: 'Host', exact: true }).click();
      await page.getByRole('button', { name: 'Revoke token: <script>backup</script>' }).click();
      expect(await held(page, token)).toEqual({ shown: false, kept: false });
      await page.getByRole('button', { name: 'Revoke token', exact: true }).click();
      await page.locator(`li[data-id="${id}"]`).waitFor({ state: 'detached' });
      expect(host.devices.tokens.map((t) => t.token_id)).toEqual(['builtin']);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a browser that does not let the page copy: the value is selected',
    async () => {
      using host = bench.host();
      const { page } = await inRoom(host);
      await page.evaluate(() => {
        Object.defineProperty(navigator, 'clipboard', { value: undefined });
      });
      await page.locator('pf-tokens').getByLabel('Name').fill('backup');
      await page.getByRole('button', { name: 'Create token' }).click();
      await page.getByRole('button', { name: 'Copy' }).click();
      await page.getByText(/The token is selected: copy it by hand\.$/).waitFor();
      const selected = await page
        .locator('pf-tokens input.token')
        .evaluate((el: HTMLInputElement) =>
          el.value.slice(el.selectionStart ?? 0, el.selectionEnd ?? 0),
        );
      expect(selected).toBe([...host.devices.values.values()][0] ?? '');
      await page.getByRole('button', { name: 'Kept it safe, hide it' }).click();
      await page.locator('pf-tokens input.token').waitFor({ state: 'detached' });
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** Whether a value stands in the document, and whether the element still holds it. */
function held(page: Page, value: string): Promise<{ shown: boolean; kept: boolean }> {
  return page.evaluate((wanted) => {
    let shown = false;
    const look = (root: Document | ShadowRoot): void => {
      if (root.textContent?.includes(wanted) === true) shown = true;
      for (const el of root.querySelectorAll('*')) {
        if (el instanceof HTMLInputElement && el.value.includes(wanted)) shown = true;
        for (const { value } of el.attributes) if (value.includes(wanted)) shown = true;
        if (el.shadowRoot !== null) look(el.shadowRoot);
      }
    };
    look(document);
    const tokens = document.querySelector('pf-dashboard')?.shadowRoot?.querySelector('pf-tokens');
    const fresh: unknown = tokens == null ? undefined : Reflect.get(tokens, 'fresh');
    return { shown, kept: fresh !== undefined };
  }, value);
}

describe('first steps', () => {
  test(
    'tick themselves from what really happens, and stay until the end',
    async () => {
      using host = bench.host([]);
      const { page, trouble } = await bench.visit(host);
      const guide = page.locator('pf-first-run');
      await guide.getByText('0 of 4 done').waitFor();
      await page
        .locator('main')
        .getByText(/^No recording yet/)
        .waitFor();
      await page.getByRole('button', { name: 'Start capture' }).click();
      await guide.getByText('1 of 4 done').waitFor();
      await guide.getByRole('button', { name: 'Show pairing' }).click();
      expect(page.url()).toBe(`${host.url}/#room=host`);
      host.devices.knock(DECK);
      await pin(page).fill('1234');
      await page.keyboard.press('Enter');
      await page.getByText('Steam Deck is paired.').first().waitFor();
      await page.getByRole('button', { name: 'Performance' }).click();
      await guide.getByText('2 of 4 done').waitFor();
      await startTestStream(page);
      await guide.getByText('3 of 4 done').waitFor();
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await guide.getByText('That was all of it.').waitFor();
      await page.reload();
      await drawn(page);
      expect(await guide.count()).toBe(0);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'put away they stay away, on this host',
    async () => {
      using host = bench.host([]);
      const { page } = await bench.visit(host, { locale: 'de-DE' });
      await page.getByText('0 von 4 erledigt').waitFor();
      await page.getByRole('button', { name: 'Weglegen' }).click();
      await page.locator('pf-first-run').waitFor({ state: 'detached' });
      await page.reload();
      await page
        .locator('main')
        .getByText(/^Noch keine Aufzeichnung/)
        .waitFor();
      await page.getByRole('button', { name: 'Aufzeichnung starten' }).waitFor();
      expect(await page.locator('pf-first-run').count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'are not for somebody who has recordings',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      expect(await page.locator('pf-first-run').count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('what a token’s scope does not allow is a sentence', () => {
  test(
    'host:read: streams and devices, no pairing, no tokens, no recordings; each asked for once',
    async () => {
      using host = bench.host();
      furnish(host.devices);
      host.scope = 'host:read';
      const { page, trouble } = await inRoom(host);
      await page.locator('pf-clients li').first().waitFor();
      await page
        .locator('pf-tokens')
        .getByText('This takes a token with the scope admin.')
        .waitFor();
      await page
        .locator('pf-pairing')
        .getByText('This takes a token with the scope admin.')
        .waitFor();
      await page.getByRole('button', { name: 'End stream: Deck OLED' }).click();
      await page.getByRole('button', { name: 'End this stream' }).click();
      await page
        .locator('pf-sessions')
        .getByText('This takes a token with the scope admin.')
        .waitFor();
      await page.getByRole('button', { name: 'Performance' }).click();
      await page.getByText('This takes a token with the scope stats.').waitFor();
      const refusals = (): number => trouble.filter((line) => line.includes('403')).length;
      const before = refusals();
      await Bun.sleep(4500);
      expect(refusals()).toBe(before);
      expect(before).toBeLessThanOrEqual(6);
      expect(own(trouble)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'stats: the recordings as ever, and one sentence for the host',
    async () => {
      using host = bench.host();
      host.scope = 'stats';
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Test stream', exact: true }).click();
      await page.getByText('This takes a token with the scope host:read.').waitFor();
      expect(await page.locator('pf-test-stream').count()).toBe(0);
      await page.getByRole('button', { name: 'Performance', exact: true }).click();
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await page.getByRole('button', { name: 'Host', exact: true }).click();
      await page.getByText('This takes a token with the scope host:read.').waitFor();
      const before = trouble.length;
      await Bun.sleep(4500);
      expect(trouble.length).toBe(before);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the event stream', () => {
  test(
    'one a page; it comes back behind the last event, and the page is right again',
    async () => {
      using host = bench.host();
      const { page, trouble } = await inRoom(host);
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 1,
      );
      host.devices.pair('First');
      await page.locator('pf-clients li').getByText('First', { exact: true }).waitFor();
      host.devices.hangUp();
      host.devices.pair('Second');
      await page.locator('pf-clients li').getByText('Second', { exact: true }).waitFor();
      expect(host.devices.resumed).toEqual([undefined, '1']);
      expect(host.devices.listeners).toBe(1);
      host.devices.raw('data: nonsense\n\n');
      host.devices.pair('Third');
      await page.locator('pf-clients li').getByText('Third', { exact: true }).waitFor();
      // What could not be read was closed, and not left beside its successor.
      await eventually(
        async () => host.devices.listeners,
        (n) => n === 1,
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a host without one is asked on the beat',
    async () => {
      using host = bench.host();
      host.devices.streams = false;
      const { page } = await inRoom(host);
      host.devices.knock(DECK);
      await pin(page).waitFor();
      const streams = host.requests.filter((r) => r.endsWith('/events')).length;
      expect(streams).toBe(1);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
