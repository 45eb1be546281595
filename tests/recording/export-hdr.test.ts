// The HdrHistogram log, judged by the PyPI package hdrhistogram: counts and quantiles are those of the frames, within
// the three digits of the format.
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { encodeHistogram, encodePayload } from '../../recording/src/export/hdr-histogram.ts';
import { hdrLogText } from '../../recording/src/export/hdr-log.ts';
import { SessionTable } from '../../recording/src/export/spans.ts';
import { ABSENT } from '../../recording/src/frames.ts';
import { captureOf, framesOf, steadyFrames } from '../support/exported-frames.ts';
import { PYTHON } from '../support/moonlight.ts';

const Interval = Type.Object({
  tag: Type.String(),
  start_ms: Type.Number(),
  end_ms: Type.Number(),
  count: Type.Integer(),
  min: Type.Integer(),
  max: Type.Integer(),
  p: Type.Record(Type.String(), Type.Integer()),
  counts: Type.Record(Type.String(), Type.Integer()),
});
type Interval = Static<typeof Interval>;

/** What the package reads. */
async function judged(log: string): Promise<readonly Interval[]> {
  const path = join(mkdtempSync(join(tmpdir(), 'pf-hdr-')), 'x.hlog');
  writeFileSync(path, log);
  const reader = Bun.spawn([TEST_PYTHON, join(import.meta.dir, 'hdr-log.py'), path], {
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(reader.stdout).text(),
    new Response(reader.stderr).text(),
  ]);
  expect([await reader.exited, err]).toEqual([0, '']);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const data: unknown = JSON.parse(line);
      if (!Value.Check(Interval, data)) throw new Error(line);
      return data;
    });
}

/** `TEST_PYTHON`: another environment that has the pins. */
const { TEST_PYTHON = PYTHON } = process.env;
/** Every value of an interval, ascending; a slot of the histogram is told by the largest value that it stands for. */
function expanded(interval: Interval | undefined): readonly number[] {
  return Object.entries(interval?.counts ?? {})
    .flatMap(([value, count]) => Array.from({ length: count }, () => Number(value)))
    .toSorted((a, b) => a - b);
}

/** Exact below 2,048 µs, within a thousandth above. */
function expectAlike(told: readonly number[], values: readonly number[]): void {
  expect(told).toHaveLength(values.length);
  const wrong = told.filter((value, i) => {
    const exact = values[i] ?? Number.NaN;
    return !(value >= exact && value - exact <= (exact < 2048 ? 0 : exact / 1000));
  });
  expect(wrong).toEqual([]);
}

const missing = existsSync(TEST_PYTHON)
  ? ''
  : ' (skipped: the Python packages are not installed; scripts/test does it)';
const STARTED_MS = captureOf().meta.started_unix_ms;

describe.skipIf(missing !== '')(`a log${missing}`, () => {
  test('holds each window, session and stage once, with the counts of the frames', async () => {
    const capture = captureOf();
    const frames = [...steadyFrames(13)];
    const expected = new Map<string, number[]>();
    const sessions = new SessionTable(capture);
    const first = new Map<number, number>();
    for (const batch of frames) {
      for (let row = 0; row < batch.length; row += 1) {
        const session = batch.columns.session[row] ?? 0;
        const at = batch.grabbed_us[row] ?? 0;
        const origin = first.get(session) ?? at;
        first.set(session, origin);
        const lengthUs = session === 1 ? 1_000_000 : 2_000_000;
        const window = Math.floor((at - origin) / lengthUs);
        const { names, values, stageCount } = sessions.spans(batch, row);
        for (let i = 0; i <= stageCount; i += 1) {
          const us = values[i] ?? ABSENT;
          if (us === ABSENT) continue;
          const startMs = (origin + window * lengthUs) / 1000;
          const key = `${session}.${names[i]} ${startMs.toFixed(3)}`;
          const known = expected.get(key);
          if (known === undefined) expected.set(key, [us]);
          else known.push(us);
        }
      }
    }
    const log = [...hdrLogText(frames, capture, deflateSync)].join('');
    const intervals = await judged(log);
    const seen = intervals.map(
      ({ tag, start_ms }) => `${tag} ${(start_ms - STARTED_MS).toFixed(3)}`,
    );
    expect(seen.toSorted()).toEqual([...expected.keys()].toSorted());
    intervals.forEach((interval, i) => {
      const values = (expected.get(seen[i] ?? '') ?? []).toSorted((a, b) => a - b);
      expect(interval.count).toBe(values.length);
      expect(interval.end_ms - interval.start_ms).toBeCloseTo(
        interval.tag.startsWith('1.') ? 1000 : 2000,
        2,
      );
      expectAlike(expanded(interval), values);
      for (const percent of [50, 90, 99, 100]) {
        // The package rounds a rank to the nearest where ours is the next above.
        const rank = Math.max(1, Math.floor((percent * values.length) / 100 + 0.5));
        expectAlike([interval.p[String(percent)] ?? Number.NaN], [values[rank - 1] ?? 0]);
      }
    });
    expect(intervals.length).toBeGreaterThan(13 * 5);
  }, 20_000);

  test('comes in order of time, in more than one piece', () => {
    const pieces = [...hdrLogText(steadyFrames(30), captureOf(), deflateSync)];
    expect(pieces.length).toBeGreaterThan(20);
    const starts = pieces
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('Tag='))
      .map((line) => Number(line.split(',')[1]));
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  });

  test('has no interval of a stage that no frame finished', async () => {
    const frames = framesOf([{ grabbedUs: 5, boundaries: [70, 80], outcome: 'encoder_skipped' }]);
    const intervals = await judged([...hdrLogText([frames], captureOf(), deflateSync)].join(''));
    expect(intervals.map(({ tag, count, max }) => [tag, count, max])).toEqual([
      ['1.capture', 1, 70],
    ]);
  });

  test('without frames is a head that tells the time and what the values are', async () => {
    const log = [...hdrLogText([], captureOf(), deflateSync)].join('');
    expect(log).toContain('#[StartTime: 1782504843.250 (seconds since epoch), ');
    expect(log.split('\n').at(-2)).toBe(
      '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    );
    expect(await judged(log)).toEqual([]);
  });
});

describe.skipIf(missing !== '')(`a histogram${missing}`, () => {
  test('counts every value from nothing to an hour, at the edges of its buckets too', async () => {
    const values = [
      ...[0, 0, 1, 2, 1023, 1024, 2047, 2048, 2049, 4095, 4096, 4097],
      ...[65_535, 65_536, 999_999, 1_000_000, 2 ** 31 - 1, 2 ** 31, 3_599_999_999, 3_600_000_000],
    ];
    const [all] = await judged(
      ['"legend"', `Tag=1.x,0.0,1.0,1.0,${encodeHistogram(values, deflateSync)}`, ''].join('\n'),
    );
    expect(all?.count).toBe(values.length);
    expectAlike(expanded(all), values);
  });

  test('puts runs of zeros and long counts into few bytes', () => {
    expect(encodePayload([]).byteLength).toBe(40);
    // Three times 5: five zeros as −5 is 9, a count of 3 is 6.
    expect([...encodePayload([5, 5, 5]).subarray(40)]).toEqual([9, 6]);
    // 200 as ZigZag is 400 = 0b11_0010000.
    expect([...encodePayload(Array.from({ length: 200 }, () => 0)).subarray(40)]).toEqual([
      0x90, 0x03,
    ]);
  });

  test('takes what is above an hour as an hour', () => {
    expect(encodePayload([9e9])).toEqual(encodePayload([3.6e9]));
  });
});
