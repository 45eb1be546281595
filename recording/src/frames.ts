// Frames in columns, whole µs on the recording's own axis: the one form in which windows, quantiles, files and exports
// see them. Made from the engine's 64-byte records (engine/crates/pf-stats/src/record.rs holds their table) or read
// back from a frames file. Every boundary is rounded once, on the axis, so that differences of boundaries tile a frame.
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';

/** Size of one record on lane 1. */
export const RECORD_BYTES = 64;

/** Nobody measured it, or the frame never got there: in every column. */
export const ABSENT = -1;

/** How a frame ended; the index is the number in column `outcome`. */
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

/** Bits of column `flags`. */
export const frameFlags = {
  key: 1,
  repeat: 1 << 1,
  afterInvalidation: 1 << 2,
  longTermReference: 1 << 3,
  unprotected: 1 << 4,
  clockRestarted: 1 << 5,
  /** Datagrams were refused because the socket had no room until the frame's deadline. */
  refusedNoRoom: 1 << 6,
  /** … because the kernel had no buffer (ENOBUFS): dropped in this machine, not on the network. */
  refusedNoBuffer: 1 << 7,
  /** … because the peer's port answered that nobody listens. */
  refusedByPeer: 1 << 8,
} as const;

/** Columns that hold a boundary, µs after `grabbed_us`, in pipeline order. */
export const boundaryColumns = [
  'converted_us',
  'submitted_us',
  'encoded_us',
  'packetized_us',
  'dequeued_us',
  'first_sent_us',
  'last_sent_us',
] as const satisfies readonly FrameColumn[];
export type BoundaryColumn = (typeof boundaryColumns)[number];

/** Every column but the first boundary, which needs more than 31 bits. */
export type SmallColumn = Exclude<FrameColumn, 'grabbed_us'>;

/**
 * Rows in order of arrival. `grabbed_us` is µs since the recording was armed (a whole number, never ABSENT);
 * `source_sequence` is the source's wrapping 32-bit count as signed bits; all else is ≥ 0 or ABSENT.
 */
export class FrameBatch {
  readonly length: number;
  readonly grabbed_us: Float64Array;
  readonly columns: Readonly<Record<SmallColumn, Int32Array>>;

  constructor(length: number) {
    this.length = length;
    this.grabbed_us = new Float64Array(length);
    const columns = smallColumns.map((name) => [name, new Int32Array(length)] as const);
    // Every name of SmallColumn is in the list that it is made from.
    this.columns = Object.fromEntries(columns) as Record<SmallColumn, Int32Array>;
  }

  /** A copy of some rows, in the order of `rows`. */
  pick(rows: ArrayLike<number>): FrameBatch {
    const picked = new FrameBatch(rows.length);
    for (let i = 0; i < rows.length; i += 1) picked.copyRow(i, this, rows[i] ?? 0);
    return picked;
  }

  copyRow(to: number, from: FrameBatch, row: number): void {
    this.grabbed_us[to] = from.grabbed_us[row] ?? 0;
    for (const name of smallColumns) this.columns[name][to] = from.columns[name][row] ?? ABSENT;
  }

  /** All rows of `batches`, one after the other. */
  static concat(batches: readonly FrameBatch[]): FrameBatch {
    const all = new FrameBatch(batches.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const batch of batches) {
      all.grabbed_us.set(batch.grabbed_us, at);
      for (const name of smallColumns) all.columns[name].set(batch.columns[name], at);
      at += batch.length;
    }
    return all;
  }
}

export const smallColumns: readonly SmallColumn[] = frameColumns.filter(
  (name) => name !== 'grabbed_us',
);

/**
 * Decodes whole records. `originNs`: the engine clock where the recording's axis begins; frames grabbed before it are
 * left out. Throws RangeError when the length is no multiple of 64.
 */
export function decodeRecords(bytes: Uint8Array, originNs: bigint): FrameBatch {
  if (bytes.byteLength % RECORD_BYTES !== 0) {
    throw new RangeError(
      `frame records come in ${RECORD_BYTES} bytes each, got ${bytes.byteLength} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const origin = { high: Number(originNs >> 32n), low: Number(originNs & 0xffff_ffffn) };
  let length = 0;
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
    if (nsSince(view, at, origin) >= 0) length += 1;
  }
  const batch = new FrameBatch(length);
  const boundaries = boundaryColumns.map((name) => batch.columns[name]);
  let row = 0;
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
    const grabbedNs = nsSince(view, at, origin);
    if (grabbedNs < 0) continue;
    decodeBoundaries(view, at, grabbedNs, batch, boundaries, row);
    decodeRest(view, at, batch.columns, row);
    row += 1;
  }
  return batch;
}

/** The engine clock of a record's first boundary, without decoding the rest. */
export function grabbedNsAt(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(at, true);
}

/** The session of the record at `at`. */
export function sessionAt(bytes: Uint8Array, at: number): number {
  return (bytes[at + 52] ?? 0) | ((bytes[at + 53] ?? 0) << 8);
}

/** ns from the origin to a record's first boundary: exact below 2^53, which is 104 days, and made without a bigint. */
function nsSince(view: DataView, at: number, origin: { high: number; low: number }): number {
  const high = view.getUint32(at + 4, true) - origin.high;
  return high * 2 ** 32 + (view.getUint32(at, true) - origin.low);
}

function decodeBoundaries(
  view: DataView,
  at: number,
  grabbedNs: number,
  into: FrameBatch,
  boundaries: readonly Int32Array[],
  row: number,
): void {
  const grabbedUs = Math.round(grabbedNs / 1000);
  into.grabbed_us[row] = grabbedUs;
  for (let i = 0; i < boundaries.length; i += 1) {
    const offsetNs = view.getUint32(at + 8 + 4 * i, true);
    const column = boundaries[i];
    if (column === undefined) continue;
    column[row] =
      offsetNs === UNKNOWN_U32 ? ABSENT : Math.round((grabbedNs + offsetNs) / 1000) - grabbedUs;
  }
}

function decodeRest(view: DataView, at: number, columns: FrameBatch['columns'], row: number): void {
  const frameIndex = view.getUint32(at + 36, true);
  columns.frame_index[row] = frameIndex === 0 ? ABSENT : frameIndex;
  // The engine's "does not count" is all ones, which is ABSENT in signed bits.
  columns.source_sequence[row] = view.getInt32(at + 40, true);
  const ageNs = view.getUint32(at + 44, true);
  columns.source_age_us[row] = ageNs === UNKNOWN_U32 ? ABSENT : Math.round(ageNs / 1000);
  columns.bytes[row] = view.getUint32(at + 48, true);
  columns.session[row] = view.getUint16(at + 52, true);
  columns.flags[row] = view.getUint16(at + 54, true);
  columns.data_packets[row] = view.getUint16(at + 56, true);
  columns.parity_packets[row] = view.getUint16(at + 58, true);
  columns.queue_depth[row] = view.getUint8(at + 60);
  columns.outcome[row] = view.getUint8(at + 61);
  columns.send_refused[row] = view.getUint8(at + 62);
  const qp = view.getUint8(at + 63);
  columns.qp[row] = qp === UNKNOWN_QP ? ABSENT : qp;
}

/** How the frame in this row ended. */
export function outcomeOf(batch: FrameBatch, row: number): FrameOutcome {
  return frameOutcomes[batch.columns.outcome[row] ?? ABSENT] ?? 'unknown';
}

const UNKNOWN_U32 = 0xffff_ffff;
const UNKNOWN_QP = 255;
