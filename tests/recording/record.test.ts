import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  boundaryNames,
  decodeRecords,
  encodeRecord,
  type FrameRecord,
  frameOutcomes,
  RECORD_BYTES,
} from '../../recording/src/record.ts';
import { otherNs, stageNs, stageProjection, totalNs } from '../../recording/src/stages.ts';
import { frame } from '../support/records.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u8 = fc.integer({ min: 0, max: 0xff });
const maybeU32 = fc.option(fc.integer({ min: 0, max: 0xffff_fffe }), { nil: undefined });
const anyRecord: fc.Arbitrary<FrameRecord> = fc.record({
  session: u16,
  grabbedNs: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  offsetsNs: fc.record({
    converted: maybeU32,
    submitted: maybeU32,
    encoded: maybeU32,
    packetized: maybeU32,
    dequeued: maybeU32,
    first_sent: maybeU32,
    last_sent: maybeU32,
  }),
  frameIndex: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
  sourceSequence: maybeU32,
  sourceAgeNs: maybeU32,
  bytes: fc.integer({ min: 0, max: 0xffff_ffff }),
  flags: fc.record({
    key: fc.boolean(),
    repeat: fc.boolean(),
    afterInvalidation: fc.boolean(),
    longTermReference: fc.boolean(),
    unprotected: fc.boolean(),
    clockRestarted: fc.boolean(),
  }),
  dataPackets: u16,
  parityPackets: u16,
  queueDepth: u8,
  outcome: fc.constantFrom(...frameOutcomes),
  sendRefused: u8,
  qp: fc.option(fc.integer({ min: 0, max: 254 }), { nil: undefined }),
});

/** A frame whose boundaries rise, cut off at a random one as dropped frames are. */
const risingRecord = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 50_000_000 }), { minLength: 7, maxLength: 7 }),
    fc.integer({ min: 0, max: 7 }),
  )
  .map(([steps, reached]) => {
    let sum = 0;
    const offsets = steps.map((step, i) => {
      sum += step;
      return i < reached ? sum : undefined;
    });
    return frame({
      offsetsNs: Object.fromEntries(boundaryNames.map((name, i) => [name, offsets[i]])),
    });
  });

describe('frame record', () => {
  test('reads the same bytes that the engine tests write', () => {
    const bytes = new Uint8Array(RECORD_BYTES).fill(0xff, 12, 36);
    bytes.set([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11], 0);
    bytes.set([0x0d, 0x0c, 0x0b, 0x0a], 8);
    bytes.set([7, 0, 0, 0], 36);
    bytes.fill(0xff, 40, 48);
    bytes.set([0x02, 0x01, 1, 0], 52);
    bytes.set([0, 1, 0, 255], 60);
    const [record] = decodeRecords(bytes);
    expect(record?.grabbedNs).toBe(0x1122_3344_5566_7788n);
    expect(record?.offsetsNs.converted).toBe(0x0a0b0c0d);
    expect(record?.offsetsNs.last_sent).toBeUndefined();
    expect(record?.frameIndex).toBe(7);
    expect(record?.sourceSequence).toBeUndefined();
    expect(record?.session).toBe(0x0102);
    expect(record?.flags.key).toBe(true);
    expect(record?.outcome).toBe('queue_full');
    expect(record?.qp).toBeUndefined();
  });

  test('survives encode and decode', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 5 }), (records) => {
        const bytes = Buffer.concat(records.map(encodeRecord));
        expect(decodeRecords(bytes)).toEqual(records);
      }),
    );
  });

  test('refuses a truncated record at every length and says what came', () => {
    for (let length = 1; length < RECORD_BYTES; length += 1) {
      expect(() => decodeRecords(new Uint8Array(length))).toThrow(`got ${length} bytes`);
    }
  });

  test('decodes any 64 bytes without failing, a new outcome as unknown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (bytes) => {
        expect(decodeRecords(bytes)).toHaveLength(1);
      }),
    );
    expect(decodeRecords(encodeRecord(frame({ outcome: 'unknown' })))[0]?.outcome).toBe('unknown');
  });
});

describe('stages', () => {
  test('tile the frame: stages and other are the total exactly, on both paths', () => {
    fc.assert(
      fc.property(risingRecord, fc.constantFrom('gamestream', 'native'), (record, kind) => {
        const total = totalNs(record);
        const other = otherNs(record, kind);
        if (total === undefined) return expect(other).toBeUndefined();
        const stages = stageProjection[kind].map((span) => stageNs(record, span) ?? 0);
        expect(stages.reduce((a, b) => a + b, 0) + (other ?? Number.NaN)).toBe(total);
      }),
    );
  });

  test('begin where the stage before ended', () => {
    for (const spans of Object.values(stageProjection)) {
      spans.slice(1).forEach((span, i) => {
        expect(span.from).toBe(spans[i]?.to ?? 'grabbed');
      });
      expect(spans[0]?.from).toBe('grabbed');
      expect(spans.at(-1)?.to).toBe('last_sent');
    }
  });

  test('are absent when the frame never got there', () => {
    const dropped = frame({
      outcome: 'queue_full',
      offsetsNs: { dequeued: undefined, first_sent: undefined, last_sent: undefined },
    });
    const send = stageProjection.gamestream[3];
    const encode = stageProjection.gamestream[1];
    if (send === undefined || encode === undefined) throw new Error('gamestream has four stages');
    expect(stageNs(dropped, send)).toBeUndefined();
    expect(stageNs(dropped, encode)).toBe(4_000_000);
    expect(totalNs(dropped)).toBeUndefined();
  });
});
