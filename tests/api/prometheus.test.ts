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
  samplesOf,
  startPrometheus,
} from '../support/prometheus.ts';

const STREAM = {
  source: 'synthetic',
  seconds: 1.5,
  ...{ width: 320, height: 180, fps: 30, bitrate_kbps: 1000 },
};
const OF_FRAMES = /^punktfunk_(frame|source|key|sent|packets|send)/;
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
      const sent = 'punktfunk_frames_total{kind="gamestream",outcome="sent"}';
      await until(async () => (await query(sent)).get(sent) === report.frames_sent);

      expect((await query('min_over_time(up[1m])')).get('{}')).toBe(1);
      expect(
        (await query('scrape_samples_scraped')).get('scrape_samples_scraped{}'),
      ).toBeGreaterThan(50);
      for (const [series, value] of [
        ['punktfunk_frame_seconds_count', report.frames_sent],
        ['punktfunk_sessions', 0],
        ['punktfunk_started_sessions_total', 1],
        // The receiver counts what arrived: on a machine that drops some of it, the comparison below must do.
        ...(report.packets_lost === 0
          ? [['punktfunk_sent_bytes_total', report.bytes] as const]
          : []),
      ] as const) {
        const key = `${series}{kind="gamestream"}`;
        expect([key, (await query(series)).get(key)]).toEqual([key, value]);
      }
      // Everything that frames made, to the last bucket, as the host says it itself.
      const plain = await host.ask('GET', '/metrics', { headers: { accept: 'text/plain' } });
      const own = [...samplesOf(await plain.text())].filter(([key]) => OF_FRAMES.test(key));
      const known = await query(`{__name__=~"${OF_FRAMES.source.slice(1)}.*"}`);
      expect(own.length).toBeGreaterThan(60);
      expect(Object.fromEntries(known)).toEqual(Object.fromEntries(own));
      const stages = [...known.keys()].flatMap((key) => /stage="(\w+)"/.exec(key)?.[1] ?? []);
      expect([...new Set(stages)].sort()).toEqual(['capture', 'encode', 'packetize', 'send']);
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
