// Every element on its own: on a bare page of another origin, with attributes, with an API handed in, with data handed
// in; twice, moved, taken out and put back; under a strict policy.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { BrowserBench, countPixels, eventually, type Watched } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import {
  cleanRecording,
  everyRecording,
  firstFormat,
  longRecording,
} from '../support/seeded-recordings.ts';

const TIMEOUT_MS = 60_000;
const GONE = 'This recording is not there any more.';
let bench: BrowserBench;
let site: Bun.Server<undefined>;

/** A page of somebody else: no framework, no style, and a policy without any "unsafe". */
const bare = (body: string, scripts: readonly string[]): string =>
  `<!doctype html><html lang="en"><title>Somebody’s page</title>${scripts
    .map((s) => `<script type="module" src="/${s}"></script>`)
    .join('')}<body>${body}`;

let body = '';
let scripts: readonly string[] = ['punktfunk.js'];
let connect = '';

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('.js'))
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      return new Response(bare(body, scripts), {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${connect}`,
        },
      });
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const origin = (): string => `http://127.0.0.1:${site.port}`;
const open = (recordings = everyRecording()): PageHost =>
  new PageHost({ recordings, origins: [origin()] });

async function embed(host: PageHost, html: string, loaded = ['punktfunk.js']): Promise<Watched> {
  body = html;
  scripts = loaded;
  connect = host.url;
  const watched = await bench.page();
  await watched.page.goto(origin());
  return watched;
}

const attributes = (host: PageHost): string => `host="${host.url}" token="${host.token}"`;

const buckets = (page: Page, n = 0): Promise<number> =>
  page
    .locator('pf-latency-chart')
    .nth(n)
    .evaluate((el: PfLatencyChart) => el.model?.grid.buckets.length ?? 0);

describe('on a bare page of another origin', () => {
  test(
    'every element works with host and token alone',
    async () => {
      using host = open();
      const id = longRecording().meta.id;
      const { page, trouble } = await embed(
        host,
        ['pf-capture-control', 'pf-test-stream', 'pf-recordings-list']
          .map((tag) => `<${tag} ${attributes(host)}></${tag}>`)
          .join('') +
          ['pf-latency-chart', 'pf-throughput-chart', 'pf-health-chart', 'pf-recording-detail']
            .map((tag) => `<${tag} ${attributes(host)} recording-id="${id}"></${tag}>`)
            .join(''),
      );
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await page.getByRole('button', { name: 'Start test stream' }).waitFor();
      await page.locator(`pf-recordings-list li[data-id="${id}"]`).waitFor();
      await eventually(
        () => buckets(page),
        (n) => n > 100,
      );
      const encode = page.locator('body > pf-latency-chart #c-latency');
      expect(await encode.evaluate(countPixels, COLOURS.encode.light)).toBeGreaterThan(1000);
      const fresh = page.locator('body > pf-throughput-chart canvas#c-frames');
      expect(await fresh.evaluate(countPixels, COLOURS.new.light)).toBeGreaterThan(1000);
      const bars = page.locator('body > pf-health-chart canvas');
      expect(await bars.evaluate(countPixels, COLOURS.bad.light)).toBeGreaterThan(10);
      await page
        .locator('pf-recording-detail')
        .getByText(/^44 of 1,160 windows went over/)
        .waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'the live chart of an idle host asks for its state and never for a capture that is not there',
    async () => {
      using host = open();
      const { page, trouble } = await embed(
        host,
        `<pf-latency-chart ${attributes(host)}></pf-latency-chart>`,
      );
      await page.locator('.over-plot').getByText('Nothing is being recorded.').waitFor();
      expect(host.requests.some((r) => r.includes('/live'))).toBe(false);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a dashboard lives twice on a page, each with its own host',
    async () => {
      using one = open();
      using two = open([cleanRecording()]);
      body = '';
      connect = `${one.url} ${two.url}`;
      const { page } = await bench.page();
      scripts = ['punktfunk.js'];
      body = `<pf-dashboard ${attributes(one)}></pf-dashboard><pf-dashboard ${attributes(two)}></pf-dashboard>`;
      await page.goto(origin());
      const rows = (n: number): Promise<number> =>
        page.locator('pf-dashboard').nth(n).locator('li').count();
      await eventually(
        async () => [await rows(0), await rows(1)],
        ([a, b]) => a === 5 && b === 1,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'the bundle may be loaded twice, and the small one beside it',
    async () => {
      using host = open();
      const { page, trouble } = await embed(
        host,
        `<pf-capture-control ${attributes(host)}></pf-capture-control>`,
        ['capture-control.js', 'punktfunk.js', 'punktfunk.js?again.js'],
      );
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the capture control alone', () => {
  test(
    'arms and saves, and tells the page',
    async () => {
      using host = open([]);
      const { page, trouble } = await embed(
        host,
        `<pf-capture-control ${attributes(host)} lang="de"></pf-capture-control>`,
        ['capture-control.js'],
      );
      await page.evaluate(() => {
        const told: string[] = [];
        Object.assign(window, { told });
        document.addEventListener('pf-capture-change', (e) =>
          told.push(e.recording?.id ?? 'started'),
        );
      });
      await page.getByRole('button', { name: 'Aufzeichnung starten' }).click();
      await page.getByText('Aufzeichnung läuft', { exact: true }).waitFor();
      await eventually(
        () => page.getByRole('timer').textContent(),
        (clock) => clock?.trim() === '00:02',
      );
      await page.getByRole('button', { name: 'Beenden und sichern' }).click();
      await page.getByText('Aufzeichnung gesichert.').waitFor();
      expect(host.ids.length).toBe(1);
      const told = await page.evaluate(() => {
        const { told } = window as unknown as { told: string[] };
        return told;
      });
      expect(told).toEqual(['started', host.ids[0] ?? '']);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'asks for a token, and says when a host is not there',
    async () => {
      using host = open();
      const { page } = await embed(
        host,
        `<pf-capture-control host="${host.url}"></pf-capture-control>`,
        ['capture-control.js'],
      );
      await page.getByText('This host asks for its token. You find it with').waitFor();
      expect(await page.getByRole('button', { name: 'Start capture' }).isDisabled()).toBe(true);
      await page
        .locator('pf-capture-control')
        .evaluate((el, token) => el.setAttribute('token', token), 'wrong');
      await page.getByText('The host did not accept this token.').waitFor();
      host.silent = true;
      await page
        .locator('pf-capture-control')
        .evaluate((el, token) => el.setAttribute('token', token), host.token);
      await page.getByText('The host does not answer. Trying again.').waitFor();
      host.silent = false;
      await eventually(
        () => page.getByRole('button', { name: 'Start capture' }).isEnabled(),
        (on) => on,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('data and API handed in', () => {
  test(
    'a recording handed in is drawn without a single request',
    async () => {
      using host = open();
      const { page, trouble } = await embed(host, '<pf-latency-chart></pf-latency-chart>');
      await page.locator('pf-latency-chart').evaluate((el: PfLatencyChart, recording) => {
        el.recording = recording;
      }, longRecording());
      await eventually(
        () => buckets(page),
        (n) => n > 100,
      );
      expect(host.requests).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a file of the first format: stages of its path, no totals, and that is said',
    async () => {
      using host = open([firstFormat()]);
      const { page } = await embed(
        host,
        `<pf-recording-detail ${attributes(host)} recording-id="${firstFormat().meta.id}"></pf-recording-detail>`,
      );
      await page
        .getByText(
          'Whether frames were late, this recording does not show: frame totals are missing.',
        )
        .waitFor();
      const stages = await page
        .locator('pf-latency-chart')
        .evaluate((el: PfLatencyChart) => el.model?.stages.map((s) => s.stage));
      expect(stages).toEqual(['capture', 'submit', 'encode', 'send']);
      const total = page.locator('pf-latency-chart dl div', { hasText: 'Total p99' });
      expect(await total.locator('dd').textContent()).toContain('not measured');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a review without a recording says so in both languages and follows nothing that is recorded; given one, it shows it',
    async () => {
      using host = open();
      const id = longRecording().meta.id;
      const { page, trouble } = await embed(
        host,
        `<pf-recording-detail ${attributes(host)}></pf-recording-detail>
         <pf-recording-detail lang="de"></pf-recording-detail>`,
      );
      const [english, german] = [0, 1].map((n) => page.locator('pf-recording-detail').nth(n));
      await english?.getByText('No recording is chosen.').waitFor();
      await german?.getByText('Es ist keine Aufzeichnung gewählt.').waitFor();
      await fetch(`${host.url}/api/v1/stats/capture/start`, {
        method: 'POST',
        headers: { authorization: `Bearer ${host.token}` },
      });
      const before = host.requests.length;
      await page.keyboard.press('m');
      await english?.evaluate((el) => el.setAttribute('recording-id', 'gone'));
      await english?.getByText(GONE).waitFor();
      await english?.evaluate((el, now) => el.setAttribute('recording-id', now), id);
      await eventually(
        () => buckets(page),
        (n) => n > 100,
      );
      await english?.evaluate((el) => el.removeAttribute('recording-id'));
      await english?.getByText('No recording is chosen.').waitFor();
      await english?.locator('canvas').first().waitFor({ state: 'detached' });
      const asked = new Set(host.requests.slice(before).filter((one) => one.startsWith('GET')));
      const recordings = '/api/v1/stats/recordings';
      expect([...asked]).toEqual([`GET ${recordings}/gone`, `GET ${recordings}/${id}`]);
      // The browser's own line about the recording that is not there.
      expect(trouble.filter((line) => !line.includes('404'))).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a review saves its recording, byte for byte; a host that has it no more is told of',
    async () => {
      using host = open();
      const { id } = longRecording().meta;
      const { page } = await embed(
        host,
        `<pf-recording-detail ${attributes(host)} recording-id="${id}"></pf-recording-detail>`,
      );
      const save = page.getByRole('button', { name: 'Download', exact: true });
      const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
      expect(download.suggestedFilename()).toBe(`${id}.json`);
      expect(await Bun.file((await download.path()) ?? '').text()).toBe(host.file(id));
      await page.getByRole('button', { name: 'Report', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();

      const authorization = `Bearer ${host.token}`;
      const url = `${host.url}/api/v1/stats/recordings/${id}`;
      await fetch(url, { method: 'DELETE', headers: { authorization } });
      await save.click();
      await page.getByRole('status').getByText(GONE).waitFor();
      // What was read before stays.
      expect(await buckets(page)).toBeGreaterThan(100);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'an API handed in answers in place of host and token',
    async () => {
      using host = open();
      const { page } = await embed(host, '<pf-capture-control></pf-capture-control>');
      await page.locator('pf-capture-control').evaluate((el) => {
        const status = {
          armed: true,
          sample_count: 42,
          started_unix_ms: 0,
          now_unix_ms: 5_000,
          kind: 'native',
        };
        const answer = async (): Promise<unknown> => status;
        Object.assign(el, { api: { status: answer, start: answer, stop: async () => undefined } });
      });
      await page.getByText('42', { exact: true }).waitFor();
      expect(await page.getByRole('timer').textContent()).toMatch(/00:0[567]/);
      expect(host.requests).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'markup in names is text',
    async () => {
      using host = open([]);
      const { page, trouble } = await embed(host, '<pf-recording-detail></pf-recording-detail>');
      const clean = cleanRecording();
      const client = '<img src=x onerror="document.title=\'owned\'">';
      await page
        .locator('pf-recording-detail')
        .evaluate((el, recording) => Object.assign(el, { recording }), {
          ...clean,
          meta: { ...clean.meta, client },
        });
      await page.getByText(client).waitFor();
      expect(await page.title()).toBe('Somebody’s page');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('life in a page', () => {
  test(
    'put in and taken out 50 times, no chart is left, and it still draws',
    async () => {
      using host = open();
      const { page, trouble } = await embed(host, '<div id="here"></div>');
      const left = await page.evaluate(
        async ([recording, module]) => {
          const { liveCharts }: { liveCharts: () => number } = await import(module);
          const detail = document.createElement('pf-recording-detail');
          Object.assign(detail, { recording });
          const frames = (n: number): Promise<void> =>
            n === 0
              ? Promise.resolve()
              : new Promise((done) => requestAnimationFrame(() => done(frames(n - 1))));
          let most = 0;
          for (let i = 0; i < 50; i++) {
            document.body.append(detail);
            await frames(2);
            most = Math.max(most, liveCharts());
            detail.remove();
            await frames(1);
          }
          const after = liveCharts();
          document.querySelector('#here')?.append(detail);
          await frames(3);
          return { most, after, again: liveCharts() };
        },
        [longRecording(), '/punktfunk.js'] as const,
      );
      expect(left).toEqual({ most: 4, after: 0, again: 4 });
      const encode = page.locator('pf-latency-chart #c-latency');
      expect(await encode.evaluate(countPixels, COLOURS.encode.light)).toBeGreaterThan(1000);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'an element taken out asks nothing any more',
    async () => {
      using host = open();
      const { page } = await embed(host, `<pf-dashboard ${attributes(host)}></pf-dashboard>`);
      await page.locator('pf-dashboard li').first().waitFor();
      await page.locator('pf-dashboard').evaluate((el) => el.remove());
      await Bun.sleep(300);
      const asked = host.requests.length;
      await Bun.sleep(2500);
      expect(host.requests.length).toBe(asked);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'made while hidden, it draws when it is shown; moved, it goes on',
    async () => {
      using host = open();
      const { page } = await embed(
        host,
        `<div id="a" hidden><pf-latency-chart ${attributes(host)} recording-id="${longRecording().meta.id}"></pf-latency-chart></div><div id="b"></div>`,
      );
      await page.locator('pf-latency-chart #c-latency').waitFor({ state: 'attached' });
      await page.locator('#a').evaluate((el) => el.removeAttribute('hidden'));
      const ink = (): Promise<number> =>
        page.locator('pf-latency-chart #c-latency').evaluate(countPixels, COLOURS.encode.light);
      await eventually(ink, (n) => n > 1000);
      await page.evaluate(() =>
        document.querySelector('#b')?.append(document.querySelector('pf-latency-chart') ?? ''),
      );
      await eventually(ink, (n) => n > 1000);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a page sets its own colours by custom properties',
    async () => {
      using host = open();
      const { page } = await embed(host, '<pf-latency-chart></pf-latency-chart>');
      await page.evaluate(() =>
        document.documentElement.style.setProperty('--pf-encode', '#123456'),
      );
      await page.locator('pf-latency-chart').evaluate((el: PfLatencyChart, recording) => {
        el.recording = recording;
      }, longRecording());
      const ink = (): Promise<number> =>
        page.locator('pf-latency-chart #c-latency').evaluate(countPixels, '#123456');
      await eventually(ink, (n) => n > 1000);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'follows the language around it',
    async () => {
      using host = open();
      const { page } = await embed(
        host,
        `<div><pf-capture-control ${attributes(host)}></pf-capture-control></div>`,
      );
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await page.evaluate(() => {
        document.documentElement.lang = 'de';
      });
      await page.getByRole('button', { name: 'Aufzeichnung starten' }).waitFor();
      await page.locator('pf-capture-control').evaluate((el) => el.setAttribute('lang', 'en'));
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
