// The bare page of examples/, as it lies there, beside the bundles and under its own policy.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { BrowserBench } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';
import { Site } from './site.ts';

const TIMEOUT_MS = 60_000;
let bench: BrowserBench;
let site: Site;

beforeAll(async () => {
  bench = await BrowserBench.open();
  const folders = [join(import.meta.dir, '../../examples/bare'), join(bench.dist, 'components')];
  site = new Site({ folders });
}, TIMEOUT_MS);

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

test(
  'records with a token that never stands in its document',
  async () => {
    using host = new PageHost({ recordings: [cleanRecording()], origins: [site.origin] });
    site.connect = host.url;
    const { page, trouble } = await bench.page();
    await page.goto(site.origin);
    await page.getByText('This host asks for its token.').first().waitFor();
    await page.getByLabel('Host').fill(host.url);
    await page.getByLabel('Token').fill(host.token);
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByRole('button', { name: 'Start capture' }).click();
    await page.getByText('Recording', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop and save' }).click();
    await page.getByText('Recording saved.').waitFor();
    expect(host.ids.length).toBe(2);
    expect(await page.evaluate(wherever, host.token)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

/** Runs in the page: every attribute, text, field, address and store that holds these words. */
function wherever(words: string): string[] {
  const found: string[] = [];
  const look = (root: Document | ShadowRoot): void => {
    for (const el of root.querySelectorAll('*')) {
      if (el.shadowRoot !== null) look(el.shadowRoot);
      for (const { name, value } of el.attributes) {
        if (value.includes(words)) found.push(`${el.tagName} ${name}`);
      }
      if (el instanceof HTMLInputElement && el.value.includes(words))
        found.push(`${el.name} field`);
      if (el.shadowRoot === null && el.textContent?.includes(words))
        found.push(`${el.tagName} text`);
      if (el.localName.startsWith('pf-') && 'token' in el && el.token !== undefined)
        found.push(`${el.tagName}.token`);
    }
  };
  look(document);
  if (location.href.includes(words)) found.push('address');
  for (const store of [localStorage, sessionStorage]) {
    if (JSON.stringify(store).includes(words)) found.push('store');
  }
  return found;
}
