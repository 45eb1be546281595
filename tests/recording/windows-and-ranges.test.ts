// Two ways to the same figures: a window's sample as it was closed live, and the range of its frames in the frames file.
import { describe, expect, test } from 'bun:test';
import { parseCapture } from '../../recording/src/format.ts';
import { FrameBatch } from '../../recording/src/frames.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { readTables } from '../../recording/src/review/frame-table.ts';
import { ARMED_NS, announced, builder } from '../support/captures.ts';
import { frameBytes, openBytes } from '../support/frames-files.ts';
import { syntheticFrames } from '../support/synthetic-frames.ts';

const sessions = [
  { sessionId: 1, kind: 'gamestream', fps: 60 },
  { sessionId: 2, kind: 'gamestream', fps: 144 },
  { sessionId: 3, kind: 'native', fps: 120 },
] as const;

/** Begins on a whole millisecond, as files tell it. */
function framesOf(i: number, seed: number): FrameBatch {
  const { sessionId: session, fps } = sessions[i] ?? sessions[0];
  const startUs = i * 1_500_000;
  const batch = syntheticFrames({ session, fps, seed, startUs, seconds: 9, dropped: 0.05 });
  batch.grabbed_us[0] = startUs;
  return batch;
}

describe('a window’s sample', () => {
  for (const seed of [1, 2, 3]) {
    const capture = builder();
    for (const { sessionId, kind, fps } of sessions) {
      capture.take(announced({ sessionId, kind, fps }));
    }
    const all = FrameBatch.concat(sessions.map((_, i) => framesOf(i, 10 * seed + i)));
    capture.frames(all);
    const { samples } = parseCapture(capture.finish(ARMED_NS + 14_000_000_000n).text);
    const figures = new RangeFigures(openBytes(frameBytes(all)), sessions);
    const tables = readTables(openBytes(frameBytes(all)), sessions);
    const lateIn = (session: number, fromMs: number, toMs = Number.POSITIVE_INFINITY): number => {
      const table = tables.find((one) => one.session.sessionId === session);
      if (table === undefined) throw new Error(`no session ${session}`);
      const rows = table.totalUs.subarray(table.rowAt(fromMs * 1000), table.rowAt(toMs * 1000));
      return rows.filter((us) => us > table.budgetUs).length;
    };
    const spans = sessions.map(({ sessionId }) => {
      const own = samples.filter((s) => s.session_id === sessionId);
      return own.map((sample, i) => ({ sample, isLast: i === own.length - 1 }));
    });

    test(`is what the frames file says of its range (seed ${seed})`, () => {
      expect(samples.length).toBeGreaterThan(20);
      for (const { sample, isLast } of spans.flat()) {
        const { session_id: session, window_ms = 0, t_ms } = sample;
        const range = figures.quantiles({
          session,
          from_ms: t_ms - window_ms,
          ...(isLast ? {} : { to_ms: t_ms }),
          percents: [50, 99],
        });
        const stages = range.stages.filter(({ count }) => count > 0);
        const timing = (name: string) => {
          const found = stages.find((stage) => stage.name === name);
          return found && [found.quantiles_us['p50'], found.quantiles_us['p99'], found.max_us];
        };
        for (const { name, p50_us, p99_us, max_us } of sample.stages) {
          expect(timing(name)).toEqual([p50_us, p99_us, max_us]);
        }
        const { total_p50_us, total_p99_us, total_max_us, frames_late } = sample;
        expect(timing('total')).toEqual(
          total_p50_us === undefined ? undefined : [total_p50_us, total_p99_us, total_max_us],
        );
        const late = lateIn(session, t_ms - window_ms, isLast ? undefined : t_ms);
        expect(frames_late).toBe(total_p50_us === undefined ? undefined : late);
        const seconds = window_ms / 1000;
        expect([range.count, range.dropped]).toEqual([
          sample.frames ?? -1,
          sample.frames_dropped ?? -1,
        ]);
        expect(range.repeated).toBe(Math.round(sample.repeat_fps * seconds));
        expect(range.bytes).toBe(Math.round((sample.mbps * seconds * 1e6) / 8));
        expect([range.skipped, range.late]).toEqual([sample.source_skipped, sample.source_late]);
      }
    });
  }
});
