// The 64-byte frame record as the engine writes it: decode and encode, nothing else. The table of offsets stands in
// engine/crates/pf-stats/src/record.rs; tests/contract/frame-record.json holds the same bytes for both languages.

/** Size of one record on lane 1. */
export const RECORD_BYTES = 64;

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

/** How a frame ended; the index is the byte on the wire. */
export const frameOutcomes = [
  'sent',
  'queue_full',
  'send_deadline',
  'send_error',
  'encoder_skipped',
  'oversize',
  'session_ended',
] as const;
/** `unknown`: a newer engine's outcome; it counts as not sent. */
export type FrameOutcome = (typeof frameOutcomes)[number] | 'unknown';

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

/** Decodes whole records. Throws RangeError when the length is no multiple of 64. */
export function decodeRecords(bytes: Uint8Array): FrameRecord[] {
  if (bytes.byteLength % RECORD_BYTES !== 0) {
    throw new RangeError(
      `frame records come in ${RECORD_BYTES} bytes each, got ${bytes.byteLength} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: FrameRecord[] = [];
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) records.push(decodeAt(view, at));
  return records;
}

/** Encodes one record; the inverse of `decodeRecords` for every record whose outcome is known. */
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

function decodeAt(view: DataView, at: number): FrameRecord {
  const boundary = (i: number): number | undefined => known(view.getUint32(at + 8 + 4 * i, true));
  const frameIndex = view.getUint32(at + 36, true);
  const qp = view.getUint8(at + 63);
  return {
    session: view.getUint16(at + 52, true),
    grabbedNs: view.getBigUint64(at, true),
    offsetsNs: {
      converted: boundary(0),
      submitted: boundary(1),
      encoded: boundary(2),
      packetized: boundary(3),
      dequeued: boundary(4),
      first_sent: boundary(5),
      last_sent: boundary(6),
    },
    frameIndex: frameIndex === 0 ? undefined : frameIndex,
    sourceSequence: known(view.getUint32(at + 40, true)),
    sourceAgeNs: known(view.getUint32(at + 44, true)),
    bytes: view.getUint32(at + 48, true),
    flags: decodeFlags(view.getUint16(at + 54, true)),
    dataPackets: view.getUint16(at + 56, true),
    parityPackets: view.getUint16(at + 58, true),
    queueDepth: view.getUint8(at + 60),
    outcome: frameOutcomes[view.getUint8(at + 61)] ?? 'unknown',
    sendRefused: view.getUint8(at + 62),
    qp: qp === UNKNOWN_QP ? undefined : qp,
  };
}

function known(value: number): number | undefined {
  return value === UNKNOWN_U32 ? undefined : value;
}

function decodeFlags(bits: number): FrameFlags {
  return {
    key: (bits & 1) !== 0,
    repeat: (bits & 2) !== 0,
    afterInvalidation: (bits & 4) !== 0,
    longTermReference: (bits & 8) !== 0,
    unprotected: (bits & 16) !== 0,
    clockRestarted: (bits & 32) !== 0,
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
