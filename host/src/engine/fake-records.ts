// The engine's side of a frame record: what the fake engine and tests write. recording/src/frames.ts reads it; the table
// of offsets stands in engine/crates/pf-stats/src/record.rs, tests/contract/frame-record.json holds the same bytes.
import { type FrameOutcome, frameOutcomes, RECORD_BYTES } from '../../../recording/src/frames.ts';

/** The boundaries after `grabbed`, in pipeline order. */
export const boundaryNames = [
  'converted',
  'submitted',
  'encoded',
  'packetized',
  'dequeued',
  'first_sent',
  'last_sent',
] as const;
export type BoundaryName = (typeof boundaryNames)[number];

export interface FrameFlags {
  readonly key: boolean;
  readonly repeat: boolean;
  readonly afterInvalidation: boolean;
  readonly longTermReference: boolean;
  readonly unprotected: boolean;
  readonly clockRestarted: boolean;
}

export interface FrameRecord {
  readonly session: number;
  /** Engine clock when the picture was taken from the source, ns. */
  readonly grabbedNs: bigint;
  /** ns after `grabbedNs`; undefined = the frame never reached it. */
  readonly offsetsNs: Readonly<Record<BoundaryName, number | undefined>>;
  /** On the wire; undefined = the frame never got one. */
  readonly frameIndex: number | undefined;
  /** Wrapping u32 count of the source's pictures; undefined = the source does not count. */
  readonly sourceSequence: number | undefined;
  readonly sourceAgeNs: number | undefined;
  /** Of the access unit. */
  readonly bytes: number;
  readonly flags: FrameFlags;
  readonly dataPackets: number;
  readonly parityPackets: number;
  readonly queueDepth: number;
  readonly outcome: FrameOutcome;
  /** Datagrams refused by the socket; saturates at 255. */
  readonly sendRefused: number;
  readonly qp: number | undefined;
}

export function encodeRecord(record: FrameRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, record.grabbedNs, true);
  boundaryNames.forEach((name, i) => {
    view.setUint32(8 + 4 * i, record.offsetsNs[name] ?? UNKNOWN_U32, true);
  });
  view.setUint32(36, record.frameIndex ?? 0, true);
  view.setUint32(40, record.sourceSequence ?? UNKNOWN_U32, true);
  view.setUint32(44, record.sourceAgeNs ?? UNKNOWN_U32, true);
  view.setUint32(48, record.bytes, true);
  view.setUint16(52, record.session, true);
  view.setUint16(54, encodeFlags(record.flags), true);
  view.setUint16(56, record.dataPackets, true);
  view.setUint16(58, record.parityPackets, true);
  view.setUint8(60, record.queueDepth);
  view.setUint8(61, record.outcome === 'unknown' ? 255 : frameOutcomes.indexOf(record.outcome));
  view.setUint8(62, record.sendRefused);
  view.setUint8(63, record.qp ?? UNKNOWN_QP);
  return bytes;
}

/** A frame as it is when nothing happens. */
export function plainFrame(session: number, grabbedNs: bigint, frameIndex: number): FrameRecord {
  return {
    session,
    grabbedNs,
    offsetsNs: {
      converted: 800_000,
      submitted: 850_000,
      encoded: 4_800_000,
      packetized: 5_000_000,
      dequeued: 5_050_000,
      first_sent: 5_100_000,
      last_sent: 6_000_000,
    },
    frameIndex,
    sourceSequence: frameIndex,
    sourceAgeNs: undefined,
    bytes: FRAME_BYTES,
    flags: {
      key: frameIndex === 1,
      repeat: false,
      afterInvalidation: false,
      longTermReference: false,
      unprotected: false,
      clockRestarted: false,
    },
    dataPackets: 30,
    parityPackets: 6,
    queueDepth: 0,
    outcome: 'sent',
    sendRefused: 0,
    qp: 30,
  };
}

function encodeFlags(flags: FrameFlags): number {
  return (
    (flags.key ? 1 : 0) |
    (flags.repeat ? 2 : 0) |
    (flags.afterInvalidation ? 4 : 0) |
    (flags.longTermReference ? 8 : 0) |
    (flags.unprotected ? 16 : 0) |
    (flags.clockRestarted ? 32 : 0)
  );
}

/** A boundary never reached, or a figure that nobody measured. */
const UNKNOWN_U32 = 0xffff_ffff;
const UNKNOWN_QP = 255;
/** Bytes of a plain frame. */
export const FRAME_BYTES = 41_000;
