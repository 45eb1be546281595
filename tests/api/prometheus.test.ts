// A real Prometheus scrapes the built host on loopback with a token of the scope stats, and what it then knows is what
// the host counted.
import { describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { TestStreamReport } from '../../contract/test-streams.ts';
import { CreatedToken } from '../../contract/tokens.ts';
import { API, TEST_STREAMS } from '../support/api.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import {
  lint,
  missingPrometheus,
  type Prometheus,
  startPrometheus,
} from '../support/prometheus.ts';

const STREAM = {
  source: 'synthetic',
  seconds: 1.5,
  ...{ width: 320, height: 180, fps: 30, bitrate_kbps: 1000 },
};
const missing = missingExecutable === '' ? missingPrometheus : missingExecutable;

describe.skipIf(missing !== '')(`Prometheus and dist/punktfunk-host${missing}`, () => {
  test('its series are what the host counted, and no scrape fails', async () => {
    const host = await startHost({ args: ['--metrics', 'on'] });
    let prometheus: Prometheus | undefined;
    try {
      const report = await streamed(host);
      const { token } = Value.Parse(
        CreatedToken,
        await host.json('POST', `${API}/tokens`, { name: 'prometheus', scope: 'stats' }),
      );
      prometheus = await startPrometheus(new URL(host.address).host, token);
      const { query } = prometheus;
      const frames = 'punktfunk_frames_total{outcome="sent"}';
      const sent = '{"kind":"gamestream","outcome":"sent"}';
      await until(async () => (await query(frames)).get(sent) === report.frames_sent);

      expect((await query('min_over_time(up[1m])')).get('{}')).toBe(1);
      expect((await query('scrape_samples_scraped')).get('{}')).toBeGreaterThan(50);
      const kind = '{"kind":"gamestream"}';
      expect((await query('punktfunk_frame_seconds_count')).get(kind)).toBe(report.frames_sent);
      expect((await query('punktfunk_sessions')).get(kind)).toBe(0);
      expect((await query('punktfunk_started_sessions_total')).get(kind)).toBe(1);
      expect((await query('punktfunk_sent_bytes_total')).get(kind)).toBe(report.bytes);
      const infinite = await query('punktfunk_frame_stage_seconds_bucket{le="+Inf"}');
      const stages = [...infinite.keys()].map((key) => /"stage":"(\w+)"/.exec(key)?.[1]).sort();
      expect(stages).toEqual(['capture', 'encode', 'packetize', 'send']);
      for (const count of infinite.values()) expect(count).toBe(report.frames_sent);
      const p99 = await query(
        'histogram_quantile(0.99, sum by (le) (punktfunk_frame_seconds_bucket)) * 1e6',
      );
      expect(p99.get('{}')).toBeGreaterThan(0);
      expect(prometheus.log()).not.toMatch(/level=(warn|error)/);
    } finally {
      await prometheus?.end();
      expect(await host.end()).toBe(0);
    }
  }, 60_000);

  test('promtool has nothing to say about the plain form', async () => {
    const host = await startHost({ args: ['--metrics', 'on'] });
    try {
      await streamed(host);
      const answer = await host.ask('GET', '/metrics', { headers: { accept: 'text/plain' } });
      expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      const text = await answer.text();
      expect(text).toContain('punktfunk_frames_total{');
      expect(await lint(text)).toBe('');
    } finally {
      expect(await host.end()).toBe(0);
    }
  }, 60_000);
});

async function streamed(host: Host): Promise<TestStreamReport> {
  await host.json('POST', TEST_STREAMS, STREAM);
  let report: unknown;
  await until(async () => {
    report = Object(await host.json('GET', TEST_STREAMS)).report;
    return report !== undefined;
  });
  return Value.Parse(TestStreamReport, report);
}

/** Waits for what a stream or a scrape brings about; at most twenty seconds. */
async function until(happened: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await happened()); ) {
    if (performance.now() > end) throw new Error('it did not happen within 20 s');
    await Bun.sleep(50);
  }
}
