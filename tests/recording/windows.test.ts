import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Durations } from '../../recording/src/quantiles.ts';
import type { FrameRecord } from '../../recording/src/record.ts';
import { SessionWindows, sampleBound } from '../../recording/src/windows.ts';
import { frame, frames } from '../support/records.ts';

const SECOND = 1_000_000_000n;
const session = () => ({ sessionId: 1, kind: 'gamestream' as const, bitrateKbps: 20_000 });

function rolled(records: readonly FrameRecord[], endNs: bigint, originNs = 0n) {
  const windows = new SessionWindows(session(), originNs);
  for (const record of records) windows.add(record);
  return windows.finish(endNs);
}

describe('quantiles', () => {
  test('equal a naive nearest-rank reference', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 300 }),
        (values) => {
          const durations = new Durations();
          for (const value of values) durations.push(value);
          const naive = (percent: number) =>
            values
              .toSorted((a, b) => a - b)
              .find((v) => values.filter((w) => w <= v).length * 100 >= percent * values.length);
          expect(durations.quantilesUs()).toEqual({
            p50_us: (naive(50) ?? -1) / 1000,
            p99_us: (naive(99) ?? -1) / 1000,
          });
        },
      ),
    );
  });

  test('are absent without a value', () => {
    expect(new Durations().quantilesUs()).toBeUndefined();
  });
});

describe('windows', () => {
  test('60 frames a second become one sample a second with four stages', () => {
    const samples = rolled(frames(180, 60, 5n * SECOND), 8n * SECOND);
    expect(samples.map((s) => [s.t_ms, s.fps, s.repeat_fps, s.frames])).toEqual([
      [6000, 60, 0, 60],
      [7000, 60, 0, 60],
      [8000, 60, 0, 60],
    ]);
    expect(samples[0]?.stages).toEqual([
      { name: 'capture', p50_us: 1000, p99_us: 1000 },
      { name: 'encode', p50_us: 4000, p99_us: 4000 },
      { name: 'packetize', p50_us: 500, p99_us: 500 },
      { name: 'send', p50_us: 2000, p99_us: 2000 },
    ]);
    expect(samples[0]?.mbps).toBeCloseTo((60 * 10_000 * 8) / 1e6, 9);
    expect(samples[0]?.total_p50_us).toBe(7500);
    expect(samples[0]?.bitrate_kbps).toBe(20_000);
  });

  test('native windows are two seconds and know submit, not packetize', () => {
    const windows = new SessionWindows({ sessionId: 3, kind: 'native', bitrateKbps: 1 }, 0n);
    for (const record of frames(240, 60, 0n)) windows.add(record);
    const samples = windows.finish(4n * SECOND);
    expect(samples.map((s) => s.t_ms)).toEqual([2000, 4000]);
    expect(samples[0]?.stages.map((s) => s.name)).toEqual(['capture', 'submit', 'encode', 'send']);
  });

  test('repeats are counted apart and rates divide by the real length of the last window', () => {
    const records = frames(90, 60, 0n, (i) => ({ flags: { repeat: i % 2 === 1 } }));
    const samples = rolled(records, (3n * SECOND) / 2n);
    expect(samples.map((s) => [s.window_ms, s.fps, s.repeat_fps])).toEqual([
      [1000, 30, 30],
      [500, 30, 30],
    ]);
  });

  test('a sliver at the end joins the window before it instead of inventing a huge rate', () => {
    const samples = rolled(frames(61, 60, 0n), SECOND + 10_000_000n);
    expect(samples).toHaveLength(1);
    expect(samples[0]?.frames).toBe(61);
    expect(samples[0]?.window_ms).toBe(1010);
  });

  test('frames from before arming are not ours', () => {
    const samples = rolled(frames(120, 60, 0n), 2n * SECOND, SECOND);
    expect(samples.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(60);
    expect(samples[0]?.t_ms).toBe(1000);
  });

  test('what nobody measured is absent, what was measured as nothing is zero', () => {
    const [sample] = rolled(frames(60, 60, 0n), SECOND);
    expect(sample).not.toHaveProperty('packets_dropped');
    expect(sample).not.toHaveProperty('fec_recovered');
    expect(sample).not.toHaveProperty('source_skipped');
    expect(sample?.frames_dropped).toBe(0);
    expect(sample?.send_dropped).toBe(0);
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
    expect(sample).not.toHaveProperty('total_p50_us');
  });

  test('a second without any frame is a sample of zeros without stages', () => {
    const windows = new SessionWindows(session(), 0n);
    for (const record of frames(60, 60, 0n)) windows.add(record);
    const samples = windows.advance(3n * SECOND);
    expect(samples.map((s) => [s.fps, s.stages.length])).toEqual([
      [60, 4],
      [0, 0],
    ]);
  });

  test('a window closes only after the grace, so an overtaken frame still finds it', () => {
    const windows = new SessionWindows(session(), 0n);
    const records = frames(61, 60, 0n);
    for (const record of records.toSpliced(59, 1)) windows.add(record);
    expect(windows.advance(SECOND + 100_000_000n)).toEqual([]);
    const late = records[59];
    if (late === undefined) throw new Error('61 frames were made');
    windows.add(late);
    expect(windows.advance(2n * SECOND).map((s) => s.frames)).toEqual([60]);
  });

  test('skipped pictures are the gaps of the source count, across windows, wrap-around and repeats', () => {
    const start = 0xffff_fff0;
    const records = frames(120, 60, 0n, (i) => ({
      sourceSequence: (start + i + (i >= 30 ? 2 : 0) + (i >= 60 ? 1 : 0)) >>> 0,
    }));
    const repeat = frame({
      grabbedNs: 100_000_001n,
      sourceSequence: (start + 6) >>> 0,
      flags: { repeat: true },
    });
    const samples = rolled([...records, repeat], 2n * SECOND);
    expect(samples.map((s) => s.source_skipped)).toEqual([2, 1]);
  });

  test('a gap of the ring makes no skipped pictures up', () => {
    const windows = new SessionWindows(session(), 0n);
    for (const record of frames(60, 60, 0n, (i) => ({ sourceSequence: i }))) windows.add(record);
    windows.advance(2n * SECOND - 1n);
    windows.recordsLost();
    for (const record of frames(60, 60, SECOND, (i) => ({ sourceSequence: 500 + i }))) {
      windows.add(record);
    }
    const samples = windows.finish(2n * SECOND);
    expect(samples.map((s) => s.source_skipped)).toEqual([undefined]);
  });

  test('the receiver’s totals become differences of the window they were reported in', () => {
    const windows = new SessionWindows(session(), 0n);
    for (const record of frames(120, 60, 0n)) windows.add(record);
    windows.receiver(SECOND / 2n, { packetsLost: 3, packetsRecovered: 2 });
    windows.receiver((3n * SECOND) / 2n, { packetsLost: 10, packetsRecovered: 2 });
    const samples = windows.finish(2n * SECOND);
    expect(samples.map((s) => [s.packets_dropped, s.fec_recovered])).toEqual([
      [3, 2],
      [7, 0],
    ]);
  });

  test('a receiver that reports no loss leaves it absent, and its round trips are the window’s median', () => {
    const windows = new SessionWindows(session(), 0n);
    for (const record of frames(120, 60, 0n)) windows.add(record);
    windows.receiver(SECOND / 4n, { rttUs: 900 });
    windows.receiver(SECOND / 2n, { rttUs: 300 });
    windows.receiver((3n * SECOND) / 4n, { rttUs: 500, framesNotShown: 2 });
    const samples = windows.finish(2n * SECOND);
    expect(samples.map((s) => [s.packets_dropped, s.fec_recovered])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(samples.map((s) => [s.rtt_us, s.frames_not_shown])).toEqual([
      [500, 2],
      [undefined, undefined],
    ]);
  });

  test('no frame is lost or counted twice, however windows are rolled', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 6_000 }), { maxLength: 10 }),
        (grabbedMs, polls) => {
          const windows = new SessionWindows(session(), 0n);
          const times = grabbedMs.toSorted((a, b) => a - b);
          const samples = [];
          let fed = 0;
          for (const now of [...polls.toSorted((a, b) => a - b), 6_000]) {
            for (; (times[fed] ?? Number.POSITIVE_INFINITY) <= now; fed += 1) {
              windows.add(frame({ grabbedNs: BigInt(times[fed] ?? 0) * 1_000_000n }));
            }
            samples.push(...windows.advance(BigInt(now) * 1_000_000n));
          }
          samples.push(...windows.finish(6_000_000_000n));
          expect(samples.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(times.length);
          for (const s of samples)
            expect(s.fps * ((s.window_ms ?? 0) / 1000)).toBeCloseTo(s.frames ?? -1, 6);
        },
      ),
    );
  });

  test('at three hours the start is kept and the run marked truncated', () => {
    const windows = new SessionWindows(session(), 0n);
    windows.add(frame());
    const bound = sampleBound.gamestream;
    expect(windows.advance(BigInt(bound + 5) * SECOND)).toHaveLength(bound);
    expect(windows.truncated).toBe(true);
    expect(windows.finish(BigInt(bound + 9) * SECOND)).toEqual([]);
  });
});
