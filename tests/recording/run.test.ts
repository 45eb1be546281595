import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { RunCollector } from '../../recording/src/run.ts';
import { batchOf, frames } from '../support/records.ts';

describe('a run’s totals', () => {
  const records = frames(300, 60, 0n, (i) => ({
    sourceSequence: i + (i >= 100 ? 3 : 0),
    flags: { key: i === 0, repeat: i === 299 },
    outcome: i === 200 ? ('queue_full' as const) : ('sent' as const),
    sendRefused: i === 7 ? 2 : 0,
  }));

  test('count every frame of the session once, in whatever order and pieces they come', () => {
    const others = frames(50, 60, 0n, () => ({ session: 2 }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 280 }), fc.integer({ min: 1, max: 20 }), (at, late) => {
        const run = new RunCollector(1, 'gamestream');
        const overtaken = records.slice(at, at + late);
        run.add(batchOf([...records.slice(0, at), ...others]));
        run.add(batchOf(records.slice(at + late, at + 2 * late)));
        run.add(batchOf(overtaken.toReversed()));
        run.add(batchOf(records.slice(at + 2 * late)));
        expect(run.totals()).toEqual({
          framesSent: 299,
          framesDropped: 1,
          packetsSent: 299 * 12 - 2,
          framesNew: 299,
          framesRepeated: 1,
          keyFrames: 1,
          bytesSent: 2_990_000,
          sourcePictures: 303,
          sourceSkipped: 3,
          stages: {
            capture: { p50_us: 1000, p99_us: 1000 },
            encode: { p50_us: 4000, p99_us: 4000 },
            packetize: { p50_us: 500, p99_us: 500 },
            send: { p50_us: 2000, p99_us: 2000 },
          },
        });
      }),
    );
  });

  test('know nothing of a source that does not count, nor of stages that no frame reached', () => {
    const run = new RunCollector(1, 'native');
    run.add(
      batchOf(
        frames(10, 60, 0n, () => ({
          outcome: 'encoder_skipped',
          offsetsNs: {
            encoded: undefined,
            packetized: undefined,
            dequeued: undefined,
            first_sent: undefined,
            last_sent: undefined,
          },
        })),
      ),
    );
    const { sourcePictures, sourceSkipped, stages, framesSent } = run.totals();
    expect([sourcePictures, sourceSkipped, framesSent]).toEqual([undefined, undefined, 0]);
    expect(Object.keys(stages)).toEqual(['capture', 'submit']);
  });
});
