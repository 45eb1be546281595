// The file of frames: what is written is read back, group by group and column by column, and hyparquet reads the same.
import { describe, expect, test } from 'bun:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { Value } from 'typebox/value';
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { ABSENT, FrameBatch } from '../../recording/src/frames.ts';
import { fileColumns, stepOf } from '../../recording/src/frames-columns.ts';
import { MOST_GROUP_ROWS } from '../../recording/src/frames-file.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  SavedGroup,
} from '../../recording/src/frames-writer.ts';
import { ABOUT, frameBytes, openBytes, readAll } from '../support/frames-files.ts';
import { slice, syntheticFrames } from '../support/synthetic-frames.ts';

const healthy = { session: 1, fps: 60, seconds: 30, seed: 1 } as const;

describe('a file of frames', () => {
  test('holds every column of every row', () => {
    const frames = syntheticFrames({ ...healthy, dropped: 0.1 });
    const file = openBytes(frameBytes(slice(frames, 0, 1000), slice(frames, 1000, frames.length)));
    expect(file.rows).toBe(1800);
    expect(columnsOf(FrameBatch.concat(readAll(file)))).toEqual(columnsOf(frames));
  });

  test('keeps what is absent apart from zero, in columns that are partly, wholly and never absent', () => {
    const frames = syntheticFrames({ ...healthy, blindSource: true, dropped: 0.3 });
    frames.columns.source_age_us[7] = 0;
    const [read] = readAll(openBytes(frameBytes(frames)));
    expect(columnsOf(read)).toEqual(columnsOf(frames));
    expect(read?.columns.source_age_us[7]).toBe(0);
    expect(read?.columns.source_sequence.every((value) => value === ABSENT)).toBe(true);
  });

  test('holds the ends of every range: late times, counts beyond 2^31, the longest boundary', () => {
    const frames = syntheticFrames({ ...healthy, seconds: 1 });
    frames.grabbed_us[59] = 2 ** 43 + 1;
    frames.columns.source_sequence.set([-2, ABSENT, -(2 ** 31), 2 ** 31 - 1, 0]);
    frames.columns.last_sent_us.set([4_294_967, 0, ABSENT, 4_294_967]);
    frames.columns.bytes.set([0, 2 ** 31 - 1, 0, 2 ** 31 - 1]);
    const [read] = readAll(openBytes(frameBytes(frames)));
    expect(columnsOf(read)).toEqual(columnsOf(frames));
  });

  test('holds boundaries that nobody stamped, and those of a clock that went back', () => {
    const frames = syntheticFrames({ ...healthy, seconds: 1 });
    frames.columns.submitted_us.set([ABSENT, 3, 4_294_968]);
    frames.columns.converted_us.set([ABSENT, 9, 1], 10);
    frames.columns.packetized_us.fill(ABSENT);
    const [read] = readAll(openBytes(frameBytes(frames)));
    expect(columnsOf(read)).toEqual(columnsOf(frames));
  });

  test('orders a group by session and time, and keeps the order of equal times', () => {
    const frames = new FrameBatch(5);
    for (const name of frameColumns) if (name !== 'grabbed_us') frames.columns[name].fill(0);
    frames.grabbed_us.set([30, 10, 20, 10, 10]);
    frames.columns.session.set([2, 2, 1, 1, 1]);
    frames.columns.bytes.set([1, 2, 3, 4, 5]);
    const [read] = readAll(openBytes(frameBytes(frames)));
    expect([...(read?.columns.session ?? [])]).toEqual([1, 1, 1, 2, 2]);
    expect([...(read?.grabbed_us ?? [])]).toEqual([10, 10, 20, 10, 30]);
    expect([...(read?.columns.bytes ?? [])]).toEqual([4, 5, 3, 2, 1]);
  });

  test('says of each group from when to when it reaches and whose it is, without reading rows', () => {
    const [a, b] = [syntheticFrames(healthy), syntheticFrames({ ...healthy, session: 7 })];
    const { groups, about } = openBytes(frameBytes(a, FrameBatch.concat([a, b])));
    expect(groups.map(({ rows }) => rows)).toEqual([1800, 3600]);
    expect(groups[0]).toMatchObject({
      fromUs: a.grabbed_us[0],
      toUs: a.grabbed_us.at(-1),
      sessions: { least: 1, most: 1 },
    });
    expect(groups[1]?.sessions).toEqual({ least: 1, most: 7 });
    expect(about).toEqual(ABOUT);
  });

  test('reads only the columns that are asked for', () => {
    const frames = syntheticFrames(healthy);
    const bytes = frameBytes(frames);
    const whole = openBytes(bytes);
    expect(whole.read(0, ['bytes']).columns.bytes).toEqual(frames.columns.bytes);
    expect(whole.read(0, ['bytes']).columns.session.every((value) => value === ABSENT)).toBe(true);
    expect(() => whole.read(1)).toThrow(RangeError);
  });

  test('of no group is a file of no rows', () => {
    const file = openBytes(frameBytes());
    expect([file.rows, file.groups.length]).toEqual([0, 0]);
  });

  test('refuses a group without rows, beyond the bound, or with gaps where there is no absence', () => {
    expect(() => encodeGroup(new FrameBatch(0), 4)).toThrow('1 to 524288 rows, got 0');
    expect(() => encodeGroup(new FrameBatch(MOST_GROUP_ROWS + 1), 4)).toThrow('got 524289');
    const frames = syntheticFrames(healthy);
    frames.columns.outcome[3] = ABSENT;
    expect(() => encodeGroup(frames, 4)).toThrow('1 of 1800 rows have no outcome');
    frames.columns.outcome[3] = 0;
    frames.columns.last_sent_us[9] = 4_294_969;
    expect(() => encodeGroup(frames, 4)).toThrow('last_sent_us of 4294969 µs');
  });

  test('keeps of a group what a schema checks; a footer in the middle of groups is refused', () => {
    const { group, bytes } = encodeGroup(syntheticFrames(healthy), FILE_HEAD.length);
    expect(Value.Check(SavedGroup, JSON.parse(JSON.stringify(group)))).toBe(true);
    expect(() => encodeFooter([group], ABOUT, bytes.length)).toThrow(RangeError);
  });

  test('is read by hyparquet with the same values and the same bounds', async () => {
    const frames = syntheticFrames({ ...healthy, dropped: 0.1 });
    frames.columns.source_sequence.set([-2, -5, ABSENT], 100);
    const bytes = frameBytes(slice(frames, 0, 700), slice(frames, 700, 1800));
    const rows = await parquetReadObjects({ file: bytes.buffer });
    expect(rows.length).toBe(1800);
    const read = columnsOf(FrameBatch.concat(readAll(openBytes(bytes))));
    const reached = rows.map(() => 0);
    for (const { name, column } of fileColumns) {
      const theirs = rows.map((row, i) => {
        if (row[name] === undefined || row[name] === null) return ABSENT;
        const value = Number(row[name]);
        if (stepOf(column) < 0) return value;
        reached[i] = (reached[i] ?? 0) + value;
        return reached[i] ?? ABSENT;
      });
      const ours = read[column].map((value) =>
        column === 'source_sequence' && value !== ABSENT ? value >>> 0 : value,
      );
      const different = theirs.findIndex((value, row) => value !== ours[row]);
      expect([name, different, theirs[different]]).toEqual([name, -1, ours[different]]);
    }
    const metadata = parquetMetadata(bytes);
    const sequence = metadata.row_groups[0]?.columns[frameColumns.indexOf('source_sequence')];
    expect(sequence?.meta_data?.statistics).toMatchObject({
      max_value: 2 ** 32 - 2,
      null_count: BigInt(read.source_sequence.slice(0, 700).filter((v) => v === ABSENT).length),
    });
  });
});

describe('foreign bytes', () => {
  test('are refused with a reason', () => {
    for (const [bytes, reason] of [
      [new Uint8Array(0), '0 bytes'],
      [new Uint8Array(100), 'does not begin and end with PAR1'],
      [Uint8Array.from([...FILE_HEAD, 0, 0, 0, 0, ...FILE_HEAD]), 'footer'],
      [Uint8Array.from([...FILE_HEAD, 255, 255, 0, 0, ...FILE_HEAD]), 'a footer of 65535 bytes'],
    ] as const) {
      expect(() => openBytes(bytes)).toThrow(FormatError);
      expect(() => openBytes(bytes)).toThrow(reason);
    }
  });

  test('cut off at any byte are never a file', () => {
    const bytes = frameBytes(slice(syntheticFrames(healthy), 0, 40));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => openBytes(bytes.subarray(0, length))).toThrow(FormatError);
    }
  });
});

function columnsOf(batch: FrameBatch | undefined): Record<FrameColumn, number[]> {
  const none = new FrameBatch(0);
  const { grabbed_us, columns } = batch ?? none;
  // Every name of FrameColumn is among frameColumns.
  return Object.fromEntries(
    frameColumns.map((name) => [name, [...(name === 'grabbed_us' ? grabbed_us : columns[name])]]),
  ) as Record<FrameColumn, number[]>;
}
