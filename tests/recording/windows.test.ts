import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { StatsSample } from '../../contract/stats.ts';
import type { FrameRecord } from '../../host/src/engine/fake-records.ts';
import { ABSENT, type FrameBatch } from '../../recording/src/frames.ts';
import { FrameSpans, stageProjection } from '../../recording/src/stages.ts';
import { GRACE_US, SESSION_BOUND_US, SessionWindows } from '../../recording/src/windows.ts';
import { anyRecord } from '../support/any-record.ts';
import { batchOf, type FrameOptions, frame, frames } from '../support/records.ts';

const SECOND = 1_000_000;
const SECOND_NS = 1_000_000_000n;
const target = { bitrateKbps: 20_000, fps: 60 };
const opened = (kind: 'gamestream' | 'native' = 'gamestream') =>
  new SessionWindows(1, kind, target);

function feed(windows: SessionWindows, batch: FrameBatch): void {
  for (let row = 0; row < batch.length; row += 1) windows.add(batch, row);
}

function samples(closed: ReturnType<SessionWindows['advance']>): StatsSample[] {
  return closed.map(({ sample }) => sample);
}

function rolled(records: readonly FrameRecord[], endUs: number): StatsSample[] {
  const windows = opened();
  feed(windows, batchOf(records));
  return samples(windows.finish(endUs));
}

/** A frame whose encoding took so long, and everything else as long as ever. */
const slowEncode = (ns: number): FrameOptions => ({
  offsetsNs: {
    ...{ encoded: 1_200_000 + ns, packetized: 1_700_000 + ns, dequeued: 1_800_000 + ns },
    ...{ first_sent: 1_900_000 + ns, last_sent: 3_700_000 + ns },
  },
});

describe('windows', () => {
  test('60 frames a second become one sample a second with four stages', () => {
    const made = rolled(frames(180, 60, 5n * SECOND_NS), 8 * SECOND);
    expect(made.map((s) => [s.t_ms, s.fps, s.repeat_fps, s.frames])).toEqual([
      [6000, 60, 0, 60],
      [7000, 60, 0, 60],
      [8000, 60, 0, 60],
    ]);
    expect(made[0]?.stages).toEqual([
      { name: 'capture', p50_us: 1000, p99_us: 1000, max_us: 1000 },
      { name: 'encode', p50_us: 4000, p99_us: 4000, max_us: 4000 },
      { name: 'packetize', p50_us: 500, p99_us: 500, max_us: 500 },
      { name: 'send', p50_us: 2000, p99_us: 2000, max_us: 2000 },
    ]);
    expect(made[0]?.mbps).toBeCloseTo((60 * 10_000 * 8) / 1e6, 9);
    expect(made[0]).toMatchObject({ total_p50_us: 7500, total_max_us: 7500, frames_late: 0 });
    expect(made[0]?.bitrate_kbps).toBe(20_000);
  });

  test('native windows are two seconds and know submit, not packetize', () => {
    const windows = opened('native');
    feed(windows, batchOf(frames(240, 60, 0n)));
    const made = samples(windows.finish(4 * SECOND));
    expect(made.map((s) => s.t_ms)).toEqual([2000, 4000]);
    expect(made[0]?.stages.map((s) => s.name)).toEqual(['capture', 'submit', 'encode', 'send']);
  });

  test('repeats are counted apart and rates divide by the real length of the last window', () => {
    const records = frames(90, 60, 0n, (i) => ({ flags: { repeat: i % 2 === 1 } }));
    expect(rolled(records, 1.5 * SECOND).map((s) => [s.window_ms, s.fps, s.repeat_fps])).toEqual([
      [1000, 30, 30],
      [500, 30, 30],
    ]);
  });

  test('a sliver at the end joins the window before it instead of inventing a huge rate', () => {
    const made = rolled(frames(61, 60, 0n), SECOND + 10_000);
    expect(made.map((s) => [s.frames, s.window_ms])).toEqual([[61, 1010]]);
  });

  test('what nobody measured is absent, what was measured as nothing is zero', () => {
    const [sample] = rolled(frames(60, 60, 0n), SECOND);
    for (const name of [
      'packets_dropped',
      'fec_recovered',
      'frames_not_shown',
      'rtt_us',
      'source_skipped',
      'source_late',
    ]) {
      expect(sample).not.toHaveProperty(name);
    }
    expect(sample?.frames_dropped).toBe(0);
    expect(sample?.send_dropped).toBe(0);
  });

  test('one late frame of a second is told, though no 99th percentile shows it', () => {
    const slow = { encoded: 80_000_000, packetized: 80_500_000, dequeued: 80_600_000 };
    const offsetsNs = { ...slow, first_sent: 80_700_000, last_sent: 82_500_000 };
    const [sample] = rolled(
      frames(120, 120, 0n, (i) => (i === 50 ? { offsetsNs } : {})),
      SECOND,
    );
    expect(sample).toMatchObject({ total_p99_us: 7500, total_max_us: 82_500, frames_late: 1 });
    expect(sample?.stages.find(({ name }) => name === 'encode')).toMatchObject({
      p99_us: 4000,
      max_us: 79_000,
    });
  });

  test('a stage without a frame is left out, and dropped frames are no goodput', () => {
    const lost = { dequeued: undefined, first_sent: undefined, last_sent: undefined };
    const [sample] = rolled(
      frames(60, 60, 0n, () => ({ outcome: 'queue_full', offsetsNs: lost })),
      SECOND,
    );
    expect(sample?.stages.map((s) => s.name)).toEqual(['capture', 'encode', 'packetize']);
    expect(sample?.mbps).toBe(0);
    expect(sample?.frames_dropped).toBe(60);
    for (const name of ['total_p50_us', 'total_max_us', 'frames_late']) {
      expect(sample).not.toHaveProperty(name);
    }
  });

  test('what made the slowest frame slow is told, and nothing where no frame stands out', () => {
    const records = frames(60, 60, 0n, (i) => (i === 20 ? slowEncode(80_000_000) : {}));
    const [sample] = rolled(records, SECOND);
    expect(sample?.total_max_stage).toBe('encode');
    expect(sample?.total_max_us).toBeGreaterThan(80_000);
    const [steady] = rolled(frames(60, 60, 0n), SECOND);
    expect(steady).not.toHaveProperty('total_max_stage');
  });

  test('frames that only the session’s end kept from being sent were not dropped', () => {
    const [sample] = rolled(
      frames(60, 60, 0n, (i) => ({ outcome: i < 58 ? 'sent' : 'session_ended' })),
      SECOND,
    );
    expect(sample?.frames_dropped).toBe(0);
    expect(sample?.mbps).toBeCloseTo((58 * 10_000 * 8) / 1e6, 9);
  });

  test('a second without any frame is a sample of zeros without stages', () => {
    const windows = opened();
    feed(windows, batchOf(frames(60, 60, 0n)));
    const made = samples(windows.advance(3 * SECOND));
    expect(made.map((s) => [s.fps, s.frames, s.stages.length])).toEqual([
      [60, 60, 4],
      [0, 0, 0],
    ]);
  });

  test('a window closes only after the grace, so an overtaken frame still finds it', () => {
    const windows = opened();
    const records = frames(61, 60, 0n);
    feed(windows, batchOf(records.toSpliced(59, 1)));
    expect(windows.advance(SECOND + 100_000)).toEqual([]);
    feed(windows, batchOf(records.slice(59, 60)));
    expect(samples(windows.advance(2 * SECOND)).map((s) => s.frames)).toEqual([60]);
  });

  test('an overtaken first frame moves the start back, until the grace is over', () => {
    const windows = opened();
    feed(windows, batchOf([frame({ grabbedNs: 500_000_000n })]));
    windows.advance(700_000);
    feed(windows, batchOf([frame({ grabbedNs: 400_000_000n })]));
    expect([windows.startUs, windows.started]).toEqual([400_000, false]);
    windows.advance(400_000 + GRACE_US);
    feed(windows, batchOf([frame({ grabbedNs: 300_000_000n })]));
    expect([windows.startUs, windows.started]).toEqual([400_000, true]);
    expect(samples(windows.finish(1_400_000)).map((s) => s.frames)).toEqual([3]);
  });

  test('frames sent after the end belong to the last window, which is as long as they took', () => {
    const windows = opened();
    const late = { grabbedNs: 1_450_000_000n, offsetsNs: { last_sent: 300_000_000 } };
    feed(windows, batchOf([...frames(60, 60, 0n), frame(late)]));
    windows.end(1_500_000);
    expect(samples(windows.advance(1_600_000)).map((s) => s.window_ms)).toEqual([1000]);
    expect(samples(windows.advance(1_750_000)).map((s) => [s.frames, s.window_ms])).toEqual([
      [1, 750],
    ]);
    expect(windows.finished).toBe(true);
    expect(windows.add(batchOf([frame()]), 0)).toBe(false);
  });
});

describe('the source’s pictures', () => {
  test('that no frame carried are the gaps of its count, across windows, wrap-around and repeats', () => {
    const start = 0xffff_fff0;
    const records = frames(120, 60, 0n, (i) => ({
      sourceSequence: (start + i + (i >= 30 ? 2 : 0) + (i >= 60 ? 1 : 0)) >>> 0,
    })).filter(({ sourceSequence }) => sourceSequence !== 0xffff_ffff);
    const repeat = frame({
      grabbedNs: 100_000_001n,
      sourceSequence: (start + 6) >>> 0,
      flags: { repeat: true },
    });
    // One more in the first second: the count that means "does not count" is carried by nobody.
    expect(rolled([...records, repeat], 2 * SECOND).map((s) => s.source_skipped)).toEqual([3, 1]);
  });

  test('are not made up across a gap of the ring', () => {
    const windows = opened();
    const at = (from: number) => (i: number) => ({ sourceSequence: from + i });
    feed(windows, batchOf(frames(60, 60, 0n, at(0))));
    feed(windows, batchOf(frames(60, 60, SECOND_NS, at(500))));
    windows.recordsLost(1_200_000);
    feed(windows, batchOf(frames(60, 60, 2n * SECOND_NS, at(561))));
    const made = samples(windows.finish(3 * SECOND));
    // It was noticed a little later: what was lost may lie in the window before, too.
    expect(made.map((s) => s.source_skipped)).toEqual([undefined, undefined, 1]);
  });

  test('are late when a new one is older than an interval of the mode', () => {
    const records = frames(60, 60, 0n, (i) => ({
      sourceAgeNs: i < 10 ? undefined : i < 20 ? 16_668_000 : 16_600_000,
      flags: { repeat: i === 15 },
    }));
    expect(rolled(records, SECOND).map((s) => s.source_late)).toEqual([9]);
    const repeats = records.map((r) => ({ ...r, flags: { ...r.flags, repeat: true } }));
    expect(rolled(repeats, SECOND)[0]).not.toHaveProperty('source_late');
  });
});

describe('a receiver’s reports', () => {
  test('are totals that become differences of the window they were reported in', () => {
    const windows = opened();
    feed(windows, batchOf(frames(120, 60, 0n)));
    windows.receiver(0.5 * SECOND, { packetsLost: 3, packetsRecovered: 2 });
    windows.receiver(1.5 * SECOND, { packetsLost: 10, packetsRecovered: 2 });
    const made = samples(windows.finish(2 * SECOND));
    expect(made.map((s) => [s.packets_dropped, s.fec_recovered])).toEqual([
      [3, 2],
      [7, 0],
    ]);
  });

  test('of a session that ran before say from the second one on what was lost', () => {
    const windows = opened();
    feed(windows, batchOf(frames(120, 60, 0n, (i) => ({ frameIndex: 900 + i }))));
    windows.receiver(0.5 * SECOND, { packetsLost: 300 });
    windows.receiver(1.5 * SECOND, { packetsLost: 310 });
    const made = samples(windows.finish(2 * SECOND));
    expect(made.map((s) => s.packets_dropped)).toEqual([undefined, 10]);
  });

  test('from before the first frame only say where the totals stood', () => {
    const windows = opened();
    windows.receiver(-1, { packetsLost: 40, rttUs: 900 });
    windows.advance(SECOND);
    feed(windows, batchOf(frames(60, 60, SECOND_NS, (i) => ({ frameIndex: 100 + i }))));
    windows.receiver(1.2 * SECOND, { packetsLost: 45 });
    const [sample] = samples(windows.finish(2 * SECOND));
    expect(sample?.packets_dropped).toBe(5);
    expect(sample).not.toHaveProperty('rtt_us');
  });

  test('without losses leave them absent, and their round trips make a median', () => {
    const windows = opened();
    feed(windows, batchOf(frames(120, 60, 0n)));
    windows.receiver(0.25 * SECOND, { rttUs: 900 });
    windows.receiver(0.5 * SECOND, { rttUs: 300 });
    windows.receiver(0.75 * SECOND, { rttUs: 500, framesNotShown: 2 });
    const made = samples(windows.finish(2 * SECOND));
    expect(made.map((s) => [s.packets_dropped, s.fec_recovered])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(made.map((s) => [s.rtt_us, s.frames_not_shown])).toEqual([
      [500, 2],
      [undefined, undefined],
    ]);
  });
});

describe('the bound of three hours', () => {
  test('keeps the start and marks the run truncated', () => {
    const windows = opened();
    feed(windows, batchOf([frame()]));
    expect(windows.advance(SESSION_BOUND_US + 5 * SECOND)).toHaveLength(10_800);
    expect(windows.truncated).toBe(true);
    expect(windows.finish(SESSION_BOUND_US + 9 * SECOND)).toEqual([]);
  });

  test('takes frames up to it and none after', () => {
    const windows = opened();
    const at = (us: number) => frame({ grabbedNs: BigInt(us) * 1000n });
    const batch = batchOf([at(0), at(SESSION_BOUND_US - 1), at(SESSION_BOUND_US)]);
    expect([0, 1, 2].map((row) => windows.add(batch, row))).toEqual([true, true, false]);
    const made = samples(windows.finish(SESSION_BOUND_US + 1));
    expect(made).toHaveLength(10_800);
    expect(made.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(2);
    expect(windows.truncated).toBe(true);
  });
});

describe('of any records on any path', () => {
  test('a sample is valid, holds what was measured and leaves out what was not', () => {
    const records = fc.array(
      anyRecord.map((record) => ({ ...record, grabbedNs: record.grabbedNs % SECOND_NS })),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(
        records,
        fc.constantFrom('gamestream' as const, 'native' as const),
        (made, kind) => {
          const windows = opened(kind);
          const batch = batchOf(made);
          feed(windows, batch);
          const all = samples(windows.finish(SECOND));
          for (const sample of all) expect(Value.Errors(StatsSample, sample)).toEqual([]);
          expect(all.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(made.length);
          const spans = new FrameSpans(kind);
          const names = made.flatMap((_, row) => {
            spans.read(batch, row);
            return spans.names.filter((_, i) => spans.values[i] !== ABSENT);
          });
          for (const { name } of stageProjection[kind]) {
            const told = all.some(({ stages }) => stages.some((stage) => stage.name === name));
            expect([name, told]).toEqual([name, names.includes(name)]);
          }
          const has = (key: keyof StatsSample) => all.some((sample) => sample[key] !== undefined);
          expect(has('total_p50_us')).toBe(names.includes('total'));
          expect(has('source_skipped')).toBe(made.some((r) => r.sourceSequence !== undefined));
          expect(has('source_late')).toBe(
            made.some(({ flags, sourceAgeNs }) => !flags.repeat && sourceAgeNs !== undefined),
          );
          for (const key of ['packets_dropped', 'fec_recovered', 'rtt_us'] as const) {
            expect(has(key)).toBe(false);
          }
        },
      ),
    );
  });
});

const arrival = fc.record({
  grabbedMs: fc.integer({ min: 0, max: 5_000 }),
  /** How long its record was on its way: within the grace. */
  delayMs: fc.integer({ min: 0, max: 240 }),
  sequence: fc.integer({ min: 0, max: 50 }),
  sentMs: fc.option(fc.integer({ min: 8, max: 200 }), { nil: undefined }),
});

describe('whatever the order and the polls', () => {
  const polls = fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 10 });

  /** Feeds each frame once its record is there, polls in between, and answers all samples. */
  function roll(
    arrivals: readonly {
      grabbedMs: number;
      delayMs: number;
      sequence: number;
      sentMs: number | undefined;
    }[],
    nows: readonly number[],
  ): StatsSample[] {
    const windows = opened();
    const waiting = arrivals
      .map((a) => ({ atMs: a.grabbedMs + a.delayMs, ...a }))
      .sort((a, b) => a.atMs - b.atMs);
    const made: StatsSample[] = [];
    for (const now of [...nows.toSorted((a, b) => a - b), 6_000]) {
      const there = waiting.splice(0, waiting.filter(({ atMs }) => atMs <= now).length);
      feed(
        windows,
        batchOf(
          there.map(({ grabbedMs, sequence, sentMs }) =>
            frame({
              grabbedNs: BigInt(grabbedMs) * 1_000_000n,
              sourceSequence: sequence,
              frameIndex: sequence + 1,
              offsetsNs: { last_sent: sentMs === undefined ? undefined : sentMs * 1e6 },
            }),
          ),
        ),
      );
      made.push(...samples(windows.advance(now * 1000)));
    }
    return [...made, ...samples(windows.finish(6_000_000))];
  }

  test('no frame is lost or counted twice, and rates are of the real length', () => {
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 60 }), polls, (arrivals, nows) => {
        const made = roll(arrivals, nows);
        expect(made.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(arrivals.length);
        for (const s of made) {
          expect(s.fps * ((s.window_ms ?? 0) / 1000)).toBeCloseTo(s.frames ?? -1, 6);
        }
      }),
    );
  });

  test('the samples are the same', () => {
    fc.assert(
      fc.property(
        fc.array(arrival, { minLength: 1, maxLength: 60 }),
        polls,
        polls,
        fc.boolean(),
        (arrivals, some, others, reversed) => {
          const again = reversed ? arrivals.toReversed() : arrivals;
          expect(roll(again, others)).toEqual(roll(arrivals, some));
        },
      ),
    );
  });
});
