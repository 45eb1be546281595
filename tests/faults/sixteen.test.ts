// Sixteen sessions at once, by script: each has its entry, its samples and its events, and the host answers meanwhile.
import { describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { Capture } from '../../contract/stats.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import { LIVE, START, TEST_STREAMS } from '../support/api.ts';
import { missingExecutable, startHost } from '../support/host.ts';
import { asked, loaded, status, stop, until } from '../support/stream-faults.ts';
import { many } from '../truth/scripts.ts';

const SESSIONS = 16;
/** Of status and live while sixteen stream, on two shared cores. */
const ANSWERED_WITHIN_MS = 1500;

describe.skipIf(missingExecutable !== '')(`${SESSIONS} sessions${missingExecutable}`, () => {
  test('at once are recorded, each for itself', async () => {
    const host = await startHost({ args: ['--metrics', 'on'] });
    try {
      await host.json('POST', START);
      await host.json('POST', TEST_STREAMS, { script: many(SESSIONS, 16) });
      await until('all of them run', async () => {
        const { session_ids: ids = [] } = await asked(host, TestStreamState, 'GET', TEST_STREAMS);
        return ids.length === SESSIONS ? true : undefined;
      });
      let slowestMs = 0;
      let answers = 0;
      const report = await until(
        'the report',
        async () => {
          const began = performance.now();
          const { armed } = await status(host);
          const live = Value.Parse(Capture, await host.json('GET', LIVE));
          slowestMs = Math.max(slowestMs, performance.now() - began);
          answers += armed && live.samples.length >= 0 ? 1 : 0;
          return (await asked(host, TestStreamState, 'GET', TEST_STREAMS)).report;
        },
        40,
      );
      expect(slowestMs).toBeLessThan(ANSWERED_WITHIN_MS);
      expect(answers).toBeGreaterThan(5);
      const sessions = report.sessions ?? [];
      expect(sessions).toHaveLength(SESSIONS);
      const metrics = await (await host.ask('GET', '/metrics')).text();

      const stopped = await stop(host);
      if (!('meta' in stopped)) throw new Error(`not saved: ${stopped.code}`);
      const { capture, frames, counted, shed } = await loaded(host, stopped.meta.id);
      expect([stopped.meta.session_count, frames, shed]).toEqual([SESSIONS, counted, 0]);
      expect(capture.records_lost).toBeUndefined();
      for (const { session_id: id, frames_sent: sent } of sessions) {
        const entry = capture.sessions?.find(({ session_id }) => session_id === id);
        expect(entry).toMatchObject({ client: 'test', fps: 30, end_reason: expect.any(String) });
        const own = capture.samples.filter(({ session_id }) => session_id === id);
        // A frame more is one that the end of its session caught on its way.
        const dropped = own.reduce((sum, sample) => sum + (sample.frames_dropped ?? 0), 0);
        const others = own.reduce((sum, sample) => sum + (sample.frames ?? 0), 0) - dropped - sent;
        expect([others >= 0, others <= 1]).toEqual([true, true]);
        const kinds = capture.events?.flatMap((e) => (e.session_id === id ? [e.kind] : []));
        expect(kinds).toContain('session_start');
        expect(kinds?.at(-1)).toBe('session_end');
      }
      expect(metrics).toContain(`started_sessions_total{kind="gamestream"} ${SESSIONS}\n`);
      // What the recorder says of itself.
      expect(capture.recorder?.frames).toBe(counted);
      expect(capture.recorder?.ns_per_frame).toBeGreaterThan(0);
      expect(await host.end()).toBe(0);
    } finally {
      await host.end('SIGKILL');
    }
  }, 90_000);
});
