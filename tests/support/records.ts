// Frame records for tests: one plain frame, and overrides; as bytes, and as the batch that the decoder makes of them.
import {
  type BoundaryName,
  encodeRecord,
  type FrameFlags,
  type FrameRecord,
} from '../../host/src/engine/fake-records.ts';
import { decodeRecords, type FrameBatch } from '../../recording/src/frames.ts';

export const noFlags: FrameFlags = {
  key: false,
  repeat: false,
  afterInvalidation: false,
  longTermReference: false,
  unprotected: false,
  clockRestarted: false,
};

export interface FrameOptions extends Partial<Omit<FrameRecord, 'offsetsNs' | 'flags'>> {
  readonly offsetsNs?: Partial<Record<BoundaryName, number | undefined>>;
  readonly flags?: Partial<FrameFlags>;
}

/** A sent frame: capture 1 ms, encode 4 ms, packetize 0.5 ms, send 2 ms. */
export function frame(options: FrameOptions = {}): FrameRecord {
  return {
    session: 1,
    grabbedNs: 0n,
    frameIndex: 1,
    sourceSequence: undefined,
    sourceAgeNs: undefined,
    bytes: 10_000,
    dataPackets: 10,
    parityPackets: 2,
    queueDepth: 0,
    outcome: 'sent',
    sendRefused: 0,
    qp: undefined,
    ...options,
    offsetsNs: {
      converted: 1_000_000,
      submitted: 1_200_000,
      encoded: 5_000_000,
      packetized: 5_500_000,
      dequeued: 5_600_000,
      first_sent: 5_700_000,
      last_sent: 7_500_000,
      ...options.offsetsNs,
    },
    flags: { ...noFlags, ...options.flags },
  };
}

/** `count` frames at `fps`, the first grabbed at `startNs`. */
export function frames(
  count: number,
  fps: number,
  startNs: bigint,
  options: (i: number) => FrameOptions = () => ({}),
): FrameRecord[] {
  return Array.from({ length: count }, (_, i) =>
    frame({
      grabbedNs: startNs + BigInt(Math.round((i * 1e9) / fps)),
      frameIndex: i + 1,
      ...options(i),
    }),
  );
}

/** Their bytes as lane 1 has them. */
export function bytesOf(records: readonly FrameRecord[]): Uint8Array {
  return Buffer.concat(records.map(encodeRecord));
}

export function batchOf(records: readonly FrameRecord[], originNs = 0n): FrameBatch {
  return decodeRecords(bytesOf(records), originNs);
}
