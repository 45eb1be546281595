// Any frame record that the layout can express, for property tests.
import fc from 'fast-check';
import type { FrameRecord } from '../../host/src/engine/fake-records.ts';
import { frameOutcomes } from '../../recording/src/frames.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u8 = fc.integer({ min: 0, max: 0xff });
const maybeU32 = fc.option(fc.integer({ min: 0, max: 0xffff_fffe }), { nil: undefined });

/** Its clock stays below 104 days, where a µs count is exact. */
export const anyRecord: fc.Arbitrary<FrameRecord> = fc.record({
  session: u16,
  grabbedNs: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
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
