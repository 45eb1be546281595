// Rows of a part of a recording: the right ones, only from groups that can hold them, as batches, lines or a file.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import { ABSENT, FrameBatch } from '../../recording/src/frames.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { framesIn, jsonLines, rangeUs } from '../../recording/src/frames-query.ts';
import { encodeFooter, encodeGroup, FILE_HEAD } from '../../recording/src/frames-writer.ts';
import { ABOUT, frameBytes, openBytes } from '../support/frames-files.ts';
import { slice, syntheticFrames } from '../support/synthetic-frames.ts';

const one = syntheticFrames({ session: 1, fps: 60, seconds: 10, seed: 1, dropped: 0.1 });
const two = syntheticFrames({ session: 2, fps: 60, seconds: 6, seed: 2, startUs: 4_000_000 });
const groups = [
  slice(one, 0, 200),
  FrameBatch.concat([slice(one, 200, 400), slice(two, 0, 150)]),
  FrameBatch.concat([slice(one, 400, 600), slice(two, 150, 360)]),
];
const bytes = frameBytes(...groups);

describe('frames of a range', () => {
  test('are those that lie in it, in order of session and time within a group', () => {
    const all = FrameBatch.concat(groups);
    const keys = (batch: FrameBatch): string[] =>
      Array.from(batch.grabbed_us, (us, row) => `${batch.columns.session[row]} ${us}`);
    fc.assert(
      fc.property(
        fc.option(fc.constantFrom(1, 2, 3), { nil: undefined }),
        fc.integer({ min: 0, max: 11_000_000 }),
        fc.integer({ min: 0, max: 11_000_000 }),
        (session, fromUs, toUs) => {
          const range = { from_ms: fromUs / 1000, to_ms: toUs / 1000 };
          const asked = session === undefined ? range : { ...range, session };
          const found = FrameBatch.concat([...framesIn(openBytes(bytes), asked)]);
          const wanted = keys(all).filter((_, row) => {
            const us = all.grabbed_us[row] ?? 0;
            const isAsked = session === undefined || all.columns.session[row] === session;
            return isAsked && us >= fromUs && us < toUs;
          });
          expect(keys(found)).toEqual(wanted);
        },
      ),
    );
  });

  test('are all of them without a range', () => {
    const found = FrameBatch.concat([...framesIn(openBytes(bytes), {})]);
    expect(found).toEqual(FrameBatch.concat(groups));
  });

  test('are read only where they can be', () => {
    const read: number[] = [];
    const file = FramesFile.open({
      byteLength: bytes.length,
      read(from, to) {
        read.push(from);
        return bytes.subarray(from, to);
      },
    });
    read.length = 0;
    expect([...framesIn(file, { from_ms: 11_000 })]).toEqual([]);
    expect([...framesIn(file, { session: 3 })]).toEqual([]);
    expect(read).toEqual([]);
    expect([...framesIn(file, { to_ms: 100 })].length).toBe(1);
    expect(read.length).toBe(frameColumns.length);
  });

  test('carry the columns that are asked for, and others are absent', () => {
    const [batch] = framesIn(openBytes(bytes), { from_ms: 100 }, ['encoded_us']);
    expect(batch?.columns.encoded_us).toEqual(one.columns.encoded_us.slice(6, 200));
    for (const name of frameColumns) {
      const values = name === 'grabbed_us' ? batch?.grabbed_us : batch?.columns[name];
      const isAbsent = values?.every((value) => value === ABSENT);
      expect([name, isAbsent]).toEqual([name, name !== 'encoded_us']);
    }
  });

  test('make a file of their own, in which chosen columns stand for themselves', () => {
    const columns: readonly FrameColumn[] = ['submitted_us', 'bytes'];
    const range = { session: 2, from_ms: 5000, to_ms: 7000 };
    const batches = [...framesIn(openBytes(bytes), range)];
    let at = FILE_HEAD.length;
    const parts = batches.map((batch) => {
      const part = encodeGroup(batch, at, columns);
      at += part.bytes.length;
      return part;
    });
    const footer = encodeFooter(
      parts.map(({ group }) => group),
      ABOUT,
      at,
    );
    const file = Buffer.concat([FILE_HEAD, ...parts.map((part) => part.bytes), footer]);
    const read = FrameBatch.concat([...framesIn(openBytes(file), {})]);
    const wanted = FrameBatch.concat(batches);
    expect(read.length).toBe(120);
    expect(read.grabbed_us).toEqual(wanted.grabbed_us);
    for (const name of ['session', 'converted_us', ...columns] as const) {
      if (name !== 'grabbed_us') expect(read.columns[name]).toEqual(wanted.columns[name]);
    }
    expect(read.columns.last_sent_us.every((us) => us === ABSENT)).toBe(true);
    const mixed = [parts[0]?.group, encodeGroup(one, at).group].filter((g) => g !== undefined);
    expect(() => encodeFooter(mixed, ABOUT, 1e9)).toThrow('different columns');
  });
});

describe('a range', () => {
  test('of ms with three decimals means the µs that it says', () => {
    for (let us = 0; us < 5_000_000; us += 997) {
      expect(rangeUs({ from_ms: us / 1000 }).fromUs).toBe(us);
    }
    expect(rangeUs({ from_ms: 1.0005, to_ms: 2.0015 })).toEqual({
      session: undefined,
      fromUs: 1001,
      toUs: 2002,
    });
  });
});

describe('lines of JSON', () => {
  test('hold the chosen columns in the chosen order and leave out what is absent', () => {
    const frames = slice(one, 0, 2);
    frames.columns.source_sequence.set([-2, ABSENT]);
    frames.columns.last_sent_us.set([ABSENT, 7]);
    frames.columns.source_age_us.set([0, 3]);
    const columns = ['last_sent_us', 'source_sequence', 'source_age_us', 'session'] as const;
    expect(jsonLines(frames, columns)).toBe(
      '{"source_sequence":4294967294,"source_age_us":0,"session":1}\n' +
        '{"last_sent_us":7,"source_age_us":3,"session":1}\n',
    );
  });

  test('are an object even of a row that has nothing to say', () => {
    const frames = slice(one, 0, 1);
    frames.columns.qp.fill(ABSENT);
    expect(jsonLines(frames, ['qp'])).toBe('{}\n');
  });

  test('hold every value of every column', () => {
    const lines = jsonLines(two, frameColumns).trimEnd().split('\n');
    expect(lines.length).toBe(two.length);
    lines.forEach((line, row) => {
      const told: unknown = JSON.parse(line);
      const entries = frameColumns.flatMap((name) => {
        const value = (name === 'grabbed_us' ? two.grabbed_us : two.columns[name])[row] ?? ABSENT;
        return value === ABSENT ? [] : [[name, value] as const];
      });
      expect(told).toEqual(Object.fromEntries(entries));
    });
  });
});
