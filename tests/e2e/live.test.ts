// A recording that is being made, watched in real Chromium on the built host: the host is killed and started again, and
// the network between the two is cut. The page says so, keeps what it had, and has everything when that is over.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import { TcpCut } from '../support/tcp-cut.ts';

const TIMEOUT_MS = 120_000;

describe.skipIf(missingExecutable !== '')(`a live view${missingExecutable}`, () => {
  let bench: BrowserBench;
  let host: Host;
  let cut: TcpCut;

  beforeAll(async () => {
    cut = await TcpCut.listen();
    // The host answers to the relay's name too.
    const env = { PUNKTFUNK_API_HOSTS: cut.name };
    [bench, host] = await Promise.all([BrowserBench.open(), startHost({ env })]);
    cut.target = new URL(host.address);
  }, TIMEOUT_MS);

  afterAll(async () => {
    await host.end();
    await bench[Symbol.asyncDispose]();
    await cut[Symbol.asyncDispose]();
  });

  const stream = (seconds: number): Promise<unknown> =>
    host.json('POST', '/api/v1/test-streams', { width: 640, height: 360, fps: 30, seconds });
  const windows = (page: Page): Promise<number> =>
    page
      .locator('pf-latency-chart')
      .evaluate((el: PfLatencyChart) => el.recording?.samples.length ?? 0);
  const more = (page: Page, than: number): Promise<number> =>
    eventually(
      () => windows(page),
      (n) => n > than,
    );

  afterEach(async () => {
    await host.ask('DELETE', '/api/v1/test-streams');
    await host.ask('POST', '/api/v1/stats/capture/stop');
  });

  test(
    'through a network that was cut it keeps the last known, says from when, and has no gap afterwards',
    async () => {
      const { page } = await bench.page();
      await host.json('POST', '/api/v1/stats/capture/start');
      await page.goto(`http://${cut.name}/#token=${host.token}`);
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      await stream(60);
      const before = await more(page, 2);
      cut.close();
      await page.getByText(/^Last heard \d\d:\d\d:\d\d$/).waitFor();
      await page.getByText(/has not answered since \d\d:\d\d:\d\d/).waitFor();
      expect(await windows(page)).toBeGreaterThanOrEqual(before);
      await Bun.sleep(3000);
      const kept = await windows(page);
      cut.open();
      await more(page, kept + 2);
      await page.getByText('Following', { exact: true }).waitFor();
      const gaps = await page
        .locator('pf-latency-chart')
        .evaluate((el: PfLatencyChart) => el.model?.grid.gaps.length);
      expect(gaps).toBe(0);
      // The worst frame of every window has come along.
      const worst = await page
        .locator('pf-latency-chart')
        .evaluate((el: PfLatencyChart) => el.worst?.bars.filter(({ ms }) => ms > 0).length ?? 0);
      expect(worst).toBeGreaterThan(4);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'of a host that was killed says that it ended, and offers what the next start recovered',
    async () => {
      const { page } = await bench.page();
      await host.json('POST', '/api/v1/stats/capture/start');
      await page.goto(`${host.address}/#token=${host.token}`);
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      await stream(60);
      const before = await more(page, 3);
      const { configDir, gamestreamPort, address } = host;
      await host.end('SIGKILL');
      await page.getByText(/^Last heard/).waitFor();
      expect(await windows(page)).toBeGreaterThanOrEqual(before);
      host = await startHost({ configDir, gamestreamPort, apiPort: Number(new URL(address).port) });
      const patience = { timeout: 40_000 };
      await page.getByText(/The host ended while this was recorded/).waitFor(patience);
      await page.getByText(/was recovered: a recording of/).waitFor(patience);
      expect(await windows(page)).toBeGreaterThanOrEqual(before);
      await page.getByRole('button', { name: 'Open the recovered recording' }).click();
      await page.waitForURL(/#r=/);
      await page.getByRole('button', { name: 'Download', exact: true }).waitFor();
      expect(await page.locator('pf-live').count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
