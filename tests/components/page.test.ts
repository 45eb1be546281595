// The whole page under the content security policy that the host sends: what an operator does, and what goes wrong.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfHealthChart } from '../../components/pf-health-chart/pf-health-chart.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import {
  drawn,
  latency,
  PageBench,
  painted,
  startTestStream,
  TIMEOUT_MS,
} from '../support/page.ts';
import { longRecording, twoSessions } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('the page', () => {
  test(
    'takes the token out of the address before anything is drawn, and keeps it for this tab',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(
        host,
        {},
        `#token=${host.token}&r=${longRecording().meta.id}`,
      );
      await drawn(page);
      expect(page.url()).toBe(`${host.url}/#r=${longRecording().meta.id}`);
      expect(await page.evaluate(() => sessionStorage.getItem('pf-token'))).toBe(host.token);
      expect(
        await page.evaluate(
          () => JSON.stringify(history.state) + document.documentElement.outerHTML,
        ),
      ).not.toContain(host.token);
      await page.reload();
      await drawn(page);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'arm, stream, watch four stages live, stop, find, look, download, delete',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).click();
      await page.getByText('Recording', { exact: true }).waitFor();
      await page.getByText('Ready. Recording begins with the first stream.').first().waitFor();
      await startTestStream(page);
      await page.waitForFunction(() => {
        const root = document
          .querySelector('pf-dashboard')
          ?.shadowRoot?.querySelector('pf-live')?.shadowRoot;
        return (root?.querySelector('pf-latency-chart')?.model?.grid.buckets.length ?? 0) >= 4;
      });
      const stages = await latency(page).evaluate((el: PfLatencyChart) =>
        el.model?.stages.map((s) => s.stage),
      );
      expect(stages).toEqual(['capture', 'encode', 'packetize', 'send']);
      for (const stage of ['capture', 'encode', 'packetize', 'send'] as const) {
        await painted(page, 'latency', COLOURS[stage].dark, 0);
      }
      await page.getByText('streaming to test · 720p60 · H.264').waitFor();
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      const id = host.ids[0] ?? '';
      await page.waitForURL(`${host.url}/#r=${id}`);
      const row = page.locator(`li[data-id="${id}"]`);
      expect(await row.getAttribute('aria-current')).toBe('true');
      await page.getByText(/^All \d+ windows stayed within the 16\.7\sms budget/).waitFor();

      await row.getByRole('button', { name: /^More/ }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        row.getByRole('button', { name: 'Download JSON', exact: true }).click(),
      ]);
      expect(download.suggestedFilename()).toBe(`${id}.json`);
      expect(await readFile((await download.path()) ?? '', 'utf8')).toBe(host.file(id));

      await row.getByRole('button', { name: /^Delete/ }).click();
      expect(host.ids).toContain(id);
      await page.keyboard.press('Escape');
      await row.getByRole('button', { name: /^Delete/ }).click();
      await row.getByRole('button', { name: 'Delete recording' }).click();
      await row.waitFor({ state: 'detached' });
      expect(host.ids).not.toContain(id);
      await page.waitForURL(`${host.url}/`);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording that is looked at is in the address; back and forward follow',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      const [first, second] = [longRecording().meta.id, twoSessions().meta.id];
      await page.locator(`li[data-id="${second}"]`).getByRole('button', { name: /^View/ }).click();
      await page.waitForURL(`${host.url}/#r=${second}`);
      await page.getByRole('heading', { level: 1, name: 'Thu 20 Aug 2026, 19:14' }).waitFor();
      await page.locator(`li[data-id="${first}"]`).getByRole('button', { name: /^View/ }).click();
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: 'Thu 20 Aug 2026, 19:14' }).waitFor();
      await page.goForward();
      await page.getByRole('heading', { level: 1, name: 'Fri 21 Aug 2026, 20:14' }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'several sessions: the first is shown, the other one can be chosen',
    async () => {
      using host = bench.host([twoSessions()]);
      const { page } = await bench.visit(host);
      await drawn(page);
      const budget = (): Promise<number | undefined> =>
        latency(page).evaluate((el: PfLatencyChart) => el.model?.budgetMs);
      expect(await budget()).toBeCloseTo(1000 / 120, 3);
      await page.getByRole('button', { name: /^Session 4, / }).click();
      await page.getByText('1280 × 800, 60 Hz', { exact: true }).waitFor();
      expect(await budget()).toBeCloseTo(1000 / 60, 3);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'what a path cannot know is a dash and words, never a zero',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      const health = page.locator('pf-health-chart');
      const rows = await health.evaluate((el: PfHealthChart) =>
        el.model?.rows.map((r) => [r.counter, r.total !== undefined]),
      );
      expect(rows).toEqual([
        ['frames_dropped', true],
        ['packets_dropped', false],
        ['send_dropped', true],
        ['fec_recovered', false],
      ]);
      const lost = health.locator('dl div', { hasText: 'Packets lost' });
      expect(await lost.locator('dd').textContent()).toContain('–');
      expect(await lost.locator('dd .vh').textContent()).toBe('not measured');
      await page.getByText('Not measured on this path: packets lost and FEC rebuilt.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('states', () => {
  test(
    'without a token the page asks for one; a wrong one is said to be wrong; the right one opens it',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, {}, '');
      await page.getByText('This host asks for its token.').waitFor();
      await page.getByText('punktfunk-host token').waitFor();
      expect(host.requests.filter((r) => r.includes('/api/'))).toEqual([]);
      await page.getByLabel('Token').fill('not-this-one');
      await page.getByRole('button', { name: 'Use this token' }).click();
      await page.getByText('The host did not accept this token.').waitFor();
      await page.getByLabel('Token').fill(host.token);
      await page.getByRole('button', { name: 'Use this token' }).click();
      await drawn(page);
      expect(await page.evaluate(() => sessionStorage.getItem('pf-token'))).toBe(host.token);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a host that falls silent: the last state stays, with its time; it goes on by itself',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      host.silent = true;
      const said = page.getByText(/^The host has not answered since \d\d:\d\d:\d\d\./).first();
      await said.waitFor();
      await painted(page, 'latency', COLOURS.encode.dark, 5000);
      host.silent = false;
      await said.waitFor({ state: 'detached', timeout: 20_000 });
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'nothing recorded yet',
    async () => {
      using host = bench.host([]);
      const { page } = await bench.visit(host);
      const sentence = 'No recording yet. Start one, play until it stutters, then look here.';
      await page.locator('main').getByText(sentence).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording that is gone is said to be gone',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host, {}, `#token=${host.token}&r=nothing-here`);
      await page.getByText('This recording is not there any more.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a disk that is full: the host says so, the capture goes on and can be saved',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).click();
      host.diskFull = true;
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('The host refused: The disk is full; the capture waits.').waitFor();
      host.diskFull = false;
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a second test stream is refused in the host’s own words, and the report follows',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Test stream', exact: true }).click();
      await page.getByRole('button', { name: 'Plain', exact: true }).click();
      await page.getByText('Settings', { exact: true }).click();
      await page.getByLabel('Seconds').fill('2');
      await page.getByRole('button', { name: 'Start test stream' }).click();
      await page.getByText(/^Running: \d+\ss of 2\ss$/).waitFor();
      await page.getByText('All frames arrived; 3 of them only by repair.').waitFor();
      const report = page.getByRole('group', { name: 'Report' });
      await report.getByText('120 of 120').waitFor();
      expect(await report.getByRole('row').count()).toBe(5);
      await page.getByLabel('Mode').fill('1920 by 1080');
      await page.getByRole('button', { name: 'Start test stream' }).click();
      await page.getByText(/^Write the mode as width x height/).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
