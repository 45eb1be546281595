// The browser extension of examples/, loaded unpacked into a real Chromium, on the built host, which allows its origin.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { buildComponents } from '../../scripts/build-components.ts';
import { RECORDINGS } from '../support/api.ts';
import { eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TIMEOUT_MS = 90_000;
const SOURCE = join(import.meta.dir, '../../examples/extension');
/** What the `key` of the manifest makes of it, on every machine. */
const ORIGIN = 'chrome-extension://lhpkmpccednapiifkjpebglhlfnbcgce';

describe.skipIf(missingExecutable !== '')(`examples/extension${missingExecutable}`, () => {
  let host: Host;
  let folder: string;
  let context: BrowserContext;
  const trouble: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pf-extension-'));
    const unpacked = join(folder, 'unpacked');
    cpSync(SOURCE, unpacked, { recursive: true });
    await buildComponents(join(folder, 'dist'));
    for (const name of ['punktfunk.js', 'review-worker.js']) {
      cpSync(join(folder, 'dist/components', name), join(unpacked, name));
    }
    host = await startHost({ env: { PUNKTFUNK_API_ORIGINS: ORIGIN } });
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: '/usr/bin/chromium',
      headless: true,
      // Chromium's old headless mode has no extensions.
      args: [
        ...['--disable-dev-shm-usage', '--headless=new'],
        ...[`--disable-extensions-except=${unpacked}`, `--load-extension=${unpacked}`],
      ],
      ignoreDefaultArgs: ['--disable-extensions', '--headless'],
      viewport: { width: 400, height: 900 },
      locale: 'en-GB',
      colorScheme: 'dark',
    });
    context.on('page', (page) => {
      page.on('pageerror', (error) => trouble.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') trouble.push(message.text());
      });
    });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await context?.close();
    await host?.end();
    await rm(folder, { recursive: true, force: true });
  });

  test(
    'starts with a sentence; with host and token in its options the panel records and lists',
    async () => {
      const panel = await open(context, 'panel.html');
      await panel.getByRole('button', { name: 'Name the host and its token' }).waitFor();
      expect(await panel.locator('pf-dashboard').count()).toBe(0);

      const options = await open(context, 'options.html');
      await options.getByText(`PUNKTFUNK_API_ORIGINS=${ORIGIN}`).waitFor();
      await options.getByLabel('Host').fill(host.address);
      const token = await statsToken(host);
      await options.getByLabel('Token').fill(token);
      await options.getByRole('button', { name: 'Save' }).click();
      await options.getByText('Saved.').waitFor();
      expect(await options.getByLabel('Token').inputValue()).toBe('');

      // The panel, still open, has followed.
      await panel.getByRole('button', { name: 'Start capture' }).click();
      await panel.getByText('Recording', { exact: true }).waitFor();
      await host.json('POST', '/api/v1/test-streams', { source: 'synthetic', seconds: 1.5 });
      await eventually(
        () => host.json('GET', '/api/v1/test-streams').then((state) => JSON.stringify(state)),
        (state) => state.includes('"done"'),
      );
      await panel.getByRole('button', { name: 'Stop and save' }).click();
      await panel.locator('pf-recordings-list li').first().waitFor();
      const ids = await host.json('GET', RECORDINGS);
      expect(ids).toHaveLength(1);
      expect(await panel.content()).not.toContain(token);
      // Of rooms that its token may not see the dashboard learns so by asking.
      expect(trouble.filter((line) => !line.includes('status of 403'))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'a host that does not allow it refuses, and the panel says so',
    async () => {
      const other = await startHost();
      const options = await open(context, 'options.html');
      await options.getByLabel('Host').fill(other.address);
      await options.getByLabel('Token').fill(other.token);
      await options.getByRole('button', { name: 'Save' }).click();
      const panel = await open(context, 'panel.html');
      await panel
        .getByText(/does not answer|refused/)
        .first()
        .waitFor();
      expect(await panel.getByRole('button', { name: 'Start capture' }).isEnabled()).toBe(false);
      await other.end();
    },
    TIMEOUT_MS,
  );
});

async function open(context: BrowserContext, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${ORIGIN}/${name}`);
  return page;
}

/** A token that may read and record, and nothing else. */
async function statsToken(host: Host): Promise<string> {
  const made = await host.json('POST', '/api/v1/tokens', { name: 'browser', scope: 'stats' });
  if (typeof made !== 'object' || made === null || !('token' in made)) throw new Error('no token');
  return String(made.token);
}
