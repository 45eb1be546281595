// Real sessions in the live view of the compiled executable: a row comes with each, grows with what the host tells, ends
// when the host says so, and the one that is chosen is what the lanes below draw.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { PfLatencyChart } from '../../components/pf-latency-chart/pf-latency-chart.ts';
import type { PfSessionLanes } from '../../components/pf-session-lanes/pf-session-lanes.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TIMEOUT_MS = 120_000;
const MODE = { width: 320, height: 240, fps: 30, bitrate_kbps: 2000 } as const;
/** The second one comes later, and leaves before the first. */
const SCRIPT = {
  version: 1,
  sessions: [
    { ...MODE, start_ms: 0, seconds: 14 },
    { ...MODE, start_ms: 1500, seconds: 4 },
  ],
} as const;

describe.skipIf(missingExecutable !== '')(`sessions in the live view${missingExecutable}`, () => {
  let bench: BrowserBench;
  let host: Host;

  beforeAll(async () => {
    bench = await BrowserBench.open();
    host = await startHost();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await host.end();
    await bench[Symbol.asyncDispose]();
  });

  test(
    'come, grow and end as rows while they are recorded, and are chosen for the lanes below',
    async () => {
      const { page, trouble } = await bench.page();
      await host.json('POST', '/api/v1/stats/capture/start', {});
      const started = await host.ask('POST', '/api/v1/test-streams', {
        body: JSON.stringify({ script: SCRIPT }),
        headers: { 'content-type': 'application/json' },
      });
      expect([started.status, await started.text()]).toEqual([202, expect.any(String)]);
      await page.goto(`${host.address}/#token=${host.token}`);
      const lanes = page.locator('pf-session-lanes');
      const rows = () =>
        lanes.evaluate((el: PfSessionLanes) =>
          el.rows.map(({ id, fromMs, toMs, isOpen }) => ({ id, fromMs, toMs, isOpen })),
        );
      const drawn = (): Promise<number[]> =>
        page.locator('pf-latency-chart').evaluate((el: PfLatencyChart) => {
          const windows = el.model?.grid.buckets.flatMap((one) => one.samples) ?? [];
          return [...new Set(windows.map((one) => one.session_id))];
        });
      await lanes.waitFor();
      const [first, second] = await eventually(rows, (all) => all.length === 2);
      if (first === undefined || second === undefined) throw new Error('two rows');
      expect(second.fromMs).toBeGreaterThan(first.fromMs + 1000);
      // The one that came last, until it is gone.
      await eventually(drawn, (ids) => ids.length === 1 && ids[0] === second.id);
      const own = page.locator(`pf-session-lanes .row[data-id="${second.id}"]`);
      await own.getByText(/^p99 \d+(\.\d+)?\sms · 00:\d\d$/).waitFor();
      const ended = await eventually(rows, (all) => all[1]?.isOpen === false);
      await eventually(drawn, (ids) => ids.length === 1 && ids[0] === first.id);
      const grown = await eventually(
        rows,
        ([one]) => (one?.toMs ?? 0) > (ended[1]?.toMs ?? 0) + 1000,
      );
      expect(grown[0]?.isOpen).toBe(true);
      expect(grown[1]).toEqual(ended[1]);
      await own.getByRole('button').click();
      await eventually(drawn, (ids) => ids.length === 1 && ids[0] === second.id);
      await page.getByText(`This is of session ${second.id}, one of 2.`).waitFor();
      expect(trouble).toEqual([]);
      await host.json('POST', '/api/v1/stats/capture/stop');
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
