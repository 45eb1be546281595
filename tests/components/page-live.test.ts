// A running capture in the real page: loaded once, then followed over one stream, through breaks, while nobody looks, and
// on a host that has no such stream.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page, Route } from 'playwright-core';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { eventually } from '../support/browser.ts';
import { drawn, latency, PageBench, TIMEOUT_MS } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const LIVE = 'GET /api/v1/stats/capture/live';
const STREAM = 'GET /api/v1/stats/capture/stream';

const times = (host: PageHost, request: string): number =>
  host.requests.filter((one) => one === request).length;

/** Windows that the chart draws. */
const windows = (page: Page): Promise<number> =>
  latency(page).evaluate((el: PfLatencyChart) => el.recording?.samples.length ?? 0);

async function more(page: Page, than: number): Promise<number> {
  return eventually(
    () => windows(page),
    (n) => n > than,
  );
}

async function record(page: Page, host: PageHost): Promise<void> {
  await drawn(page);
  await page.getByRole('button', { name: 'Start capture' }).click();
  await page.getByText('Recording', { exact: true }).waitFor();
  await testStream(host, 'POST');
  await more(page, 4);
}

/** Not by the page: whoever leaves the first room to start one watches nothing meanwhile. */
async function testStream(host: PageHost, method: 'POST' | 'DELETE'): Promise<void> {
  const headers = { authorization: `Bearer ${host.token}` };
  const answer = await fetch(`${host.url}/api/v1/test-streams`, { method, headers });
  if (!answer.ok) throw new Error(`${method} /test-streams: ${answer.status}`);
}

/** As the browser tells a page that its tab is behind another. */
const hide = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

/** One answer on the beat that takes so long: the next question comes after ten times as long. */
async function slowAnswer(page: Page, ms: number): Promise<void> {
  const answered = Promise.withResolvers<unknown>();
  const slow = async (route: Route): Promise<void> => {
    await Bun.sleep(ms);
    const response = page.waitForResponse((one) => one.url() === route.request().url());
    await route.continue();
    answered.resolve(await response);
  };
  await page.route('**/api/v1/status', slow, { times: 1 });
  await answered.promise;
}

describe('a capture that is watched live', () => {
  test(
    'is asked for once, however long it is watched; markers come at once; the next one is asked for once too',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await record(page, host);
      expect([times(host, LIVE), times(host, STREAM)]).toEqual([1, 1]);
      const field = page.getByLabel('What happened?');
      await field.fill('here');
      await page.keyboard.press('Enter');
      await page.getByRole('list', { name: 'Markers' }).getByText('here').waitFor();
      await more(page, (await windows(page)) + 8);
      expect([times(host, LIVE), times(host, STREAM)]).toEqual([1, 1]);
      await testStream(host, 'DELETE');
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Idle', { exact: true }).waitFor();
      await eventually(
        async () => host.live.viewers,
        (n) => n === 0,
      );
      const [id = ''] = host.ids;
      await page.waitForURL(`${host.url}/#r=${id}`);
      expect(host.recording(id).events?.length).toBe(1);

      await page.getByRole('button', { name: 'Start capture' }).click();
      await eventually(
        async () => host.live.viewers,
        (n) => n === 1,
      );
      await testStream(host, 'POST');
      await more(page, 4);
      await page.getByRole('list', { name: 'Markers' }).waitFor({ state: 'detached' });
      expect([times(host, LIVE), times(host, STREAM)]).toEqual([2, 2]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'goes on behind the last word after a break and after being sent away, and loads all of it only when that is gone',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await record(page, host);
      const last = await windows(page);
      host.live.hangUp();
      await eventually(
        async () => host.live.viewers,
        (n) => n === 1,
      );
      await more(page, last + 8);
      host.live.dismiss();
      await more(page, (await windows(page)) + 8);
      expect(times(host, LIVE)).toBe(1);
      expect(host.live.resumed.map((id) => id?.replace(/\d+$/, ''))).toEqual([
        undefined,
        'live-',
        'live-',
      ]);
      const gapless = await latency(page).evaluate((el: PfLatencyChart) => el.model?.grid.gaps);
      expect(gapless).toEqual([]);
      host.live.hangUp();
      await Bun.sleep(800);
      host.live.forget();
      await more(page, (await windows(page)) + 8);
      expect(times(host, LIVE)).toBe(2);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'behind another tab nothing is asked; seen again it has what happened meanwhile',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await record(page, host);
      await hide(page, true);
      await eventually(
        async () => host.live.viewers,
        (n) => n === 0,
      );
      const seen = await windows(page);
      const asked = host.requests.length;
      await Bun.sleep(1500);
      expect([await windows(page), host.requests.length]).toEqual([seen, asked]);
      await hide(page, false);
      await more(page, seen + 5);
      expect([times(host, LIVE), times(host, STREAM)]).toEqual([1, 2]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'on a host without the stream, and on one that has no place, it is asked for on the beat',
    async () => {
      for (const lacking of [{ streams: false }, { full: true }]) {
        using host = bench.host();
        Object.assign(host.live, lacking);
        const { page } = await bench.visit(host);
        await record(page, host);
        await more(page, (await windows(page)) + 8);
        expect(times(host, LIVE)).toBeGreaterThan(2);
        expect(times(host, STREAM)).toBe(1);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'stopped by somebody else it is over at once, not at the next beat, and the recording is shown',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await record(page, host);
      await slowAnswer(page, 2500);
      const headers = { authorization: `Bearer ${host.token}` };
      await fetch(`${host.url}/api/v1/stats/capture/stop`, { method: 'POST', headers });
      await page.getByText('Idle', { exact: true }).waitFor();
      await page.getByText(/^All \d+ windows stayed within the 16\.7\sms budget/).waitFor();
      expect([times(host, LIVE), host.live.viewers]).toEqual([1, 0]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
