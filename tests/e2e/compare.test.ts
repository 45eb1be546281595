// A comparison in the page of the compiled executable: two scripted test streams, one with a slow encoder for a moment,
// recorded, chosen, laid over each other; what is said is what the API says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { Format } from '../../components/base/format.ts';
import type { PfCompare } from '../../components/pf-compare/pf-compare.ts';
import { CaptureMeta, RangeQuantiles } from '../../contract/stats.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TIMEOUT_MS = 120_000;
const SECONDS = 6;
const SPIKE_AT_S = 3;
/** Longer than what a busy machine does by itself. */
const SPIKE_US = 900_000;

describe.skipIf(missingExecutable !== '')(`a comparison on the host${missingExecutable}`, () => {
  let bench: BrowserBench;
  let host: Host;

  beforeAll(async () => {
    bench = await BrowserBench.open();
    host = await startHost();
  }, TIMEOUT_MS);

  afterAll(async () => {
    expect(await host.end()).toBe(0);
    await bench[Symbol.asyncDispose]();
  });

  /** Id of what was recorded of one scripted stream. */
  async function recorded(kbps: number, actions: readonly unknown[]): Promise<string> {
    await host.json('POST', '/api/v1/stats/capture/start');
    const stream = { start_ms: 0, seconds: SECONDS, width: 640, height: 360, fps: 30 };
    const session = { ...stream, bitrate_kbps: kbps, actions };
    const script = { version: 1, name: 'compared', sessions: [session] };
    await host.json('POST', '/api/v1/test-streams', { script });
    await eventually(
      () => host.json('GET', '/api/v1/stats/capture/status'),
      (status) => hasSamples(status, SECONDS - 2),
    );
    await host.json('POST', '/api/v1/stats/capture/markers', { text: 'here' });
    await eventually(
      () => host.json('GET', '/api/v1/test-streams'),
      (state) => JSON.stringify(state).includes('"state":"done"'),
    );
    const saved = await host.json('POST', '/api/v1/stats/capture/stop');
    return Value.Parse(CaptureMeta, saved).id;
  }

  test(
    'shows what the API tells of both, and the spike in the row of the run that had it',
    async () => {
      const stall = { at_s: SPIKE_AT_S, what: 'stall', place: 'encoded', us: SPIKE_US };
      const ids = [await recorded(2000, []), await recorded(4000, [stall])];
      const { page, trouble } = await bench.page();
      await page.goto(`${host.address}/#token=${host.token}&c=${ids.join(',')}`);
      const compare = page.locator('pf-compare');
      const cell = (row: number, at: number) =>
        compare.locator('.wide tbody tr').nth(row).locator('td').nth(at);
      const f = new Format('en');
      for (const [run, id] of ids.entries()) {
        const asked = await host.json('GET', `/api/v1/stats/recordings/${id}/quantiles`);
        const total = Value.Parse(RangeQuantiles, asked).stages.find(
          ({ name }) => name === 'total',
        );
        const { p50 = 0, p99 = 0 } = total?.quantiles_us ?? {};
        for (const [row, us] of [
          [0, p50],
          [3, p99],
          [5, total?.max_us ?? 0],
        ] as const) {
          await eventually(
            async () => ((await cell(row, run).textContent()) ?? '').trim(),
            (text) => text.startsWith(f.ms(us / 1000)),
          );
        }
        await eventually(
          async () => ((await cell(6, run).textContent()) ?? '').trim(),
          (text) => text === f.count(total?.count),
        );
      }
      await compare
        .getByText(/^What was different: .*bitrate \(A 2\.0\sMb\/s, B 4\.0\sMb\/s\)/)
        .waitFor();
      await compare
        .getByLabel('Aligned by')
        .locator('option', { hasText: 'Marker: here' })
        .waitFor({
          state: 'attached',
        });
      const after = await compare.evaluate((el: PfCompare) => {
        const [, b] = el.model;
        let [most, at] = [0, -1];
        for (const [i, ms] of b?.columns?.worstMs.entries() ?? []) {
          if (ms > most) [most, at] = [ms, b?.columns?.fromMs[i] ?? -1];
        }
        return { most, sinceStartMs: at - (b?.place?.startMs ?? 0) };
      });
      expect(after.most * 1000).toBeGreaterThanOrEqual(SPIKE_US);
      expect(Math.abs(after.sinceStartMs - SPIKE_AT_S * 1000)).toBeLessThan(1000);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

function hasSamples(status: unknown, least: number): boolean {
  return (
    typeof status === 'object' &&
    status !== null &&
    'sample_count' in status &&
    Number(status.sample_count) >= least
  );
}
