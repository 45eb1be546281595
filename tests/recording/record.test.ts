import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { boundaryNames, type FrameRecord } from '../../host/src/engine/fake-records.ts';
import {
  ABSENT,
  boundaryColumns,
  decodeRecords,
  type FrameBatch,
  outcomeOf,
  RECORD_BYTES,
} from '../../recording/src/frames.ts';
import { FrameSpans, fineSpans, stageProjection } from '../../recording/src/stages.ts';
import { anyRecord } from '../support/any-record.ts';
import { batchOf, bytesOf, frame } from '../support/records.ts';

const kinds = fc.constantFrom('gamestream' as const, 'native' as const);

/** A frame whose boundaries rise, cut off at a random one as dropped frames are. */
const risingRecord = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 2n ** 43n }),
    fc.array(fc.integer({ min: 0, max: 50_000_000 }), { minLength: 7, maxLength: 7 }),
    fc.integer({ min: 0, max: 7 }),
  )
  .map(([grabbedNs, steps, reached]) => {
    let sum = 0;
    const offsets = steps.map((step, i) => {
      sum += step;
      return i < reached ? sum : undefined;
    });
    return frame({
      grabbedNs,
      offsetsNs: Object.fromEntries(boundaryNames.map((name, i) => [name, offsets[i]])),
    });
  });

/** Name and duration of each span of the first row. */
function spansOf(batch: FrameBatch, kind: 'gamestream' | 'native'): Record<string, number> {
  const spans = new FrameSpans(kind);
  spans.read(batch, 0);
  return Object.fromEntries(spans.names.map((name, i) => [name, spans.values[i] ?? Number.NaN]));
}

describe('frame records', () => {
  test('are refused truncated at every length, saying what came', () => {
    for (let length = 1; length < RECORD_BYTES; length += 1) {
      expect(() => decodeRecords(new Uint8Array(length), 0n)).toThrow(`got ${length} bytes`);
    }
  });

  test('of any bytes decode without failing, a new outcome as unknown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        expect(decodeRecords(bytes, 0n).length).toBe(1);
      }),
    );
    expect(outcomeOf(batchOf([frame({ outcome: 'unknown' })]), 0)).toBe('unknown');
  });

  test('keep every figure, and absent stays absent', () => {
    const u32 = (value: number | undefined) => (value === undefined ? ABSENT : value | 0);
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 5 }), (records) => {
        const batch = batchOf(records);
        const { columns } = batch;
        expect(batch.length).toBe(records.length);
        records.forEach((record, row) => {
          expect(batch.grabbed_us[row]).toBe(Math.round(Number(record.grabbedNs) / 1000));
          expect(columns.source_sequence[row]).toBe(u32(record.sourceSequence));
          expect(columns.frame_index[row]).toBe(u32(record.frameIndex));
          expect(columns.qp[row]).toBe(record.qp ?? ABSENT);
          expect(outcomeOf(batch, row)).toBe(record.outcome);
          expect(columns.session[row]).toBe(record.session);
          expect(columns.send_refused[row]).toBe(record.sendRefused);
          expect(columns.source_age_us[row] === ABSENT).toBe(record.sourceAgeNs === undefined);
          boundaryNames.forEach((name) => {
            const us = columns[`${name}_us`][row] ?? Number.NaN;
            const ns = record.offsetsNs[name];
            if (ns === undefined) expect(us).toBe(ABSENT);
            else expect(Math.abs(us - ns / 1000)).toBeLessThanOrEqual(1);
          });
        });
      }),
    );
  });

  test('of frames grabbed before the origin are left out', () => {
    const records: FrameRecord[] = [1n, 5n, 9n].map((grabbedNs) => frame({ grabbedNs }));
    expect([...decodeRecords(bytesOf(records), 5n).grabbed_us]).toEqual([0, 0]);
  });

  test('keep boundaries in order when they are rounded', () => {
    fc.assert(
      fc.property(risingRecord, (record) => {
        const { columns } = batchOf([record]);
        const reached = boundaryColumns.map((name) => columns[name][0] ?? ABSENT);
        const known = reached.filter((us) => us !== ABSENT);
        expect(known).toEqual(known.toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('stages', () => {
  test('and other are the total exactly, of any record on any path', () => {
    fc.assert(
      fc.property(fc.oneof(risingRecord, anyRecord), kinds, (record, kind) => {
        const spans = new FrameSpans(kind);
        spans.read(batchOf([record]), 0);
        const { names, values, stageCount } = spans;
        expect(names.slice(stageCount, stageCount + 2)).toEqual(['total', 'other']);
        const [total, other] = [values[stageCount] ?? 0, values[stageCount + 1] ?? 0];
        if (total === ABSENT) return expect(other).toBe(ABSENT);
        const stages = [...values.subarray(0, stageCount)].filter((us) => us !== ABSENT);
        expect(stages.reduce((sum, us) => sum + us, 0) + other).toBe(total);
        expect(Math.min(other, total, ...stages)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('of a whole frame leave nothing to other, and the finer spans add up to the same', () => {
    const whole = risingRecord.filter(({ offsetsNs }) => offsetsNs.last_sent !== undefined);
    fc.assert(
      fc.property(whole, kinds, (record, kind) => {
        const spans = spansOf(batchOf([record]), kind);
        expect(spans['other']).toBe(0);
        const fine = fineSpans.map(({ name }) => spans[name] ?? Number.NaN);
        expect(fine.reduce((sum, us) => sum + us, 0)).toBe(spans['total'] ?? -1);
      }),
    );
  });

  test('begin where the stage before ended', () => {
    for (const spans of [...Object.values(stageProjection), fineSpans]) {
      spans.slice(1).forEach((span, i) => {
        expect(span.from).toBe(spans[i]?.to ?? 'grabbed');
      });
      expect(spans[0]?.from).toBe('grabbed');
      expect(spans.at(-1)?.to).toBe('last_sent_us');
    }
  });

  test('are absent when the frame never got there', () => {
    const dropped = frame({
      outcome: 'queue_full',
      offsetsNs: { dequeued: undefined, first_sent: undefined, last_sent: undefined },
    });
    expect(spansOf(batchOf([dropped]), 'gamestream')).toEqual({
      capture: 1000,
      encode: 4000,
      packetize: 500,
      send: ABSENT,
      total: ABSENT,
      other: ABSENT,
      convert: 1000,
      submit: 200,
      wait: 3800,
      queue: ABSENT,
      first_send: ABSENT,
      pace: ABSENT,
    });
  });

  test('whose end lies before an earlier boundary are a gap, which other holds', () => {
    const faulty = frame({ offsetsNs: { encoded: 500_000 } });
    expect(spansOf(batchOf([faulty]), 'native')).toMatchObject({
      capture: 1000,
      submit: 200,
      encode: ABSENT,
      send: ABSENT,
      total: 7500,
      other: 6300,
    });
  });
});
