// The page of the compiled executable in real Chromium: arm, stream, watch, stop, review, download, delete; and its
// elements embedded in a bare page of another origin.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Value } from 'typebox/value';
import { Format } from '../../components/base/format.ts';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { RangeQuantiles } from '../../contract/stats.ts';
import { BrowserBench, countPixels, eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import { startTestStream, twoFrames } from '../support/page.ts';

const TIMEOUT_MS = 120_000;
const STAGES = ['capture', 'encode', 'packetize', 'send'] as const;

describe.skipIf(missingExecutable !== '')(`the page of the executable${missingExecutable}`, () => {
  let bench: BrowserBench;
  let foreign: Bun.Server<undefined>;
  let host: Host;

  beforeAll(async () => {
    bench = await BrowserBench.open();
    foreign = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: bareEmbed });
    host = await startHost({ env: { PUNKTFUNK_API_ORIGINS: `http://127.0.0.1:${foreign.port}` } });
  }, TIMEOUT_MS);

  afterAll(async () => {
    expect(await host.end()).toBe(0);
    await foreign.stop(true);
    await bench[Symbol.asyncDispose]();
  });

  /** A page of another origin that embeds two elements and nothing else of ours. */
  function bareEmbed(): Response {
    const html = `<!doctype html><title>embed</title>
      <script type="module" src="${host.address}/assets/components/punktfunk.js"></script>
      <pf-capture-control host="${host.address}" token="${host.token}"></pf-capture-control>
      <pf-recordings-list host="${host.address}" token="${host.token}"></pf-recordings-list>`;
    return new Response(html, { headers: { 'content-type': 'text/html' } });
  }

  test(
    'arm, stream, watch four stages live, stop, find, look, download what is on disk, delete',
    async () => {
      const { page, trouble } = await bench.page();
      await page.goto(`${host.address}/#token=${host.token}`);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByText('Recording', { exact: true }).waitFor();
      await startTestStream(page);
      await eventually(
        () => buckets(page),
        (count) => count >= 4,
      );
      expect(await stages(page)).toEqual([...STAGES]);
      // Packetizing takes microseconds: less than a pixel of a chart of milliseconds.
      await page.locator('canvas#c-latency').scrollIntoViewIfNeeded();
      await twoFrames(page);
      for (const stage of ['capture', 'encode'] as const) {
        const hex = COLOURS[stage].dark;
        const drawn = await page.locator('canvas#c-latency').evaluate(countPixels, hex);
        expect(drawn, stage).toBeGreaterThan(0);
      }
      await page.getByText(/streaming to test/).waitFor();
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      const ids = recordings(await host.json('GET', '/api/v1/stats/recordings'));
      expect(ids).toHaveLength(1);
      const id = ids[0] ?? '';
      await page.waitForURL(`${host.address}/#r=${id}`);
      const row = page.locator(`li[data-id="${id}"]`);
      expect(await row.getAttribute('aria-current')).toBe('true');
      // Out of every frame there is also what belongs to no stage, single frames and exact figures.
      await eventually(
        () => stages(page),
        (found) => found?.includes('other') === true,
      );
      expect(await stages(page)).toEqual([...STAGES, 'other']);
      await page.getByText(/^(No stutter found|It stuttered|Frames were late)/).waitFor();
      await page.getByRole('button', { name: /^Next outlier/ }).waitFor();
      const figures = figuresIn(
        await host.json('GET', `/api/v1/stats/recordings/${id}/quantiles?percents=50&session=1`),
      );
      const [median] = figures.flatMap(({ name, p50 }) => (name === 'total' ? p50 : []));
      const shown = page.locator('pf-quantile-table').getByRole('row', { name: /^Total/ });
      await shown
        .getByText(inMs(median ?? Number.NaN), { exact: true })
        .first()
        .waitFor();
      expect(await page.getByText(/newer version/).count()).toBe(0);

      await row.getByRole('button', { name: /^More/ }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        row.getByRole('button', { name: 'Download JSON', exact: true }).click(),
      ]);
      const onDisk = await readFile(join(host.configDir, 'captures', `${id}.json`), 'utf8');
      expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toEqual(JSON.parse(onDisk));
      expect(download.suggestedFilename()).toBe(`${id}.json`);

      await row.getByRole('button', { name: /^Delete/ }).click();
      await row.getByRole('button', { name: 'Delete recording' }).click();
      await row.waitFor({ state: 'detached' });
      expect(recordings(await host.json('GET', '/api/v1/stats/recordings'))).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'speaks German and is light where the browser asks for it',
    async () => {
      const { page, trouble } = await bench.page({ locale: 'de-DE', colorScheme: 'light' });
      await page.goto(`${host.address}/#token=${host.token}`);
      await page.getByRole('button', { name: 'Aufzeichnung starten' }).waitFor();
      const ground = await page
        .locator('pf-dashboard')
        .evaluate((dashboard) => getComputedStyle(dashboard).backgroundColor);
      expect(ground).toBe('rgb(244, 245, 247)');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'its elements live in a bare page of another origin that the operator allowed, and in no other',
    async () => {
      const { page } = await bench.page();
      await page.goto(`http://127.0.0.1:${foreign.port}/`);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByText('Recording', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Stop and save' }).click();
      // A stutter of this machine may have left one of its own.
      await page
        .locator('pf-recordings-list')
        .getByRole('button', { name: 'View' })
        .first()
        .waitFor();
      // The same page under another name is another origin, which nobody allowed.
      await page.goto(`http://localhost:${foreign.port}/`);
      const reached = await page.evaluate(
        ([address, token]) =>
          fetch(`${address}/api/v1/stats/capture/status`, {
            headers: { authorization: `Bearer ${token}` },
          }).then(
            (response) => response.status,
            () => 'refused by the browser',
          ),
        [host.address, host.token] as const,
      );
      expect(reached).toBe('refused by the browser');
      expect(await page.getByRole('button').count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** Buckets of the latency chart on the page; 0 before there is one. */
const buckets = (page: Page): Promise<number> =>
  page
    .locator('pf-latency-chart')
    .evaluate((chart: PfLatencyChart) => chart.model?.grid.buckets.length ?? 0);

const stages = (page: Page): Promise<string[] | undefined> =>
  page
    .locator('pf-latency-chart')
    .evaluate((chart: PfLatencyChart) => chart.model?.stages.map((stage) => stage.stage));

/** The ids of a list of recordings. */
function recordings(list: unknown): string[] {
  if (!Array.isArray(list)) throw new Error(`no list: ${JSON.stringify(list)}`);
  return list.map((meta: { readonly id: string }) => meta.id);
}

/** Stages of an answer of `/quantiles`, by name. */
function figuresIn(answer: unknown): { readonly name: string; readonly p50: number }[] {
  const { stages } = Value.Parse(RangeQuantiles, answer);
  return stages.map(({ name, quantiles_us }) => ({ name, p50: quantiles_us['p50'] ?? Number.NaN }));
}

/** As the page writes it. */
function inMs(us: number): string {
  return new Format('en').ms(us / 1000);
}
