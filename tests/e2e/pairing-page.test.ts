// A stock client is paired by typing its PIN into the page of the compiled executable, in real Chromium.
import { describe, expect, test } from 'bun:test';
import type { PairedClient } from '../../contract/clients.ts';
import { BrowserBench } from '../support/browser.ts';
import { missingExecutable, startHost } from '../support/host.ts';
import { Moonlight, MoonlightError, missingMoonlight, until } from '../support/moonlight.ts';

const missing = missingExecutable || missingMoonlight;

describe.skipIf(missing !== '')(`pairing in the page${missing}`, () => {
  test('a wrong PIN is told on both sides; the right one pairs, and the device can be renamed and revoked', async () => {
    await using bench = await BrowserBench.open();
    const host = await startHost({ args: ['--source', 'synthetic', '--discovery', 'off'] });
    try {
      await using client = new Moonlight();
      await client.connect(host.gamestreamPort);
      const { page, trouble } = await bench.page();
      await page.goto(`${host.address}/#token=${host.token}`);
      await page.goto(`${host.address}/#room=host`);

      const refused = client.pair('1234').catch((error: unknown) => error);
      const pin = page.locator('pf-pairing input[name=pin]');
      await pin.waitFor();
      const fingerprint = await client.knownFingerprint();
      const shown = ((await page.locator('pf-pairing [part=attempt]').first().textContent()) ?? '')
        .replace(/\s/g, '')
        .toLowerCase();
      expect(shown).toContain(fingerprint.slice(0, 16));
      await pin.fill('4321');
      await pin.press('Enter');
      expect(await refused).toBeInstanceOf(MoonlightError);
      await page
        .locator('pf-pairing')
        .getByText(/PIN was wrong|wrong PIN|not the PIN/i)
        .first()
        .waitFor();
      expect(await host.json('GET', '/api/v1/clients')).toEqual([]);

      // The host takes one attempt from an address in two seconds.
      await Bun.sleep(2100);
      const pairing = client.pair('0815');
      await pin.waitFor();
      await page.locator('pf-pairing input[name=name]').fill('Living room');
      await pin.fill('0815');
      await pin.press('Enter');
      const { seconds } = await pairing;
      expect(seconds).toBeGreaterThan(0);
      await page.locator('pf-clients').getByText('Living room').first().waitFor();
      const [device] = (await host.json('GET', '/api/v1/clients')) as PairedClient[];
      expect(device).toMatchObject({ client_id: fingerprint, name: 'Living room' });
      expect((await client.apps()).map(({ title }) => title)).toEqual(['Desktop']);

      await page
        .locator('pf-clients')
        .getByRole('button', { name: /^Revoke/ })
        .first()
        .click();
      await page
        .locator('pf-clients')
        .getByRole('button', { name: /^Revoke/ })
        .last()
        .click();
      await until(
        'the device to be gone',
        async () =>
          ((await host.json('GET', '/api/v1/clients')) as PairedClient[]).length === 0 || undefined,
      );
      await expect(client.apps()).rejects.toThrow();
      // The host's refusals of the wrong PIN and of the revoked device's questions are answers, not trouble.
      expect(trouble.filter((line) => !line.includes('Failed to load resource'))).toEqual([]);
    } finally {
      await host.end();
    }
  }, 120_000);
});
