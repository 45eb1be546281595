// Frame records as bytes, with bits and outcomes that only numbers can say: what a newer engine may send, too.
import { bytesOf, type FrameOptions, frame } from './records.ts';

export interface RawFrame extends Omit<FrameOptions, 'flags' | 'outcome'> {
  /** Bits of `frameFlags`. */
  readonly flags?: number;
  /** Index in `frameOutcomes`, or one of a newer engine. */
  readonly outcome?: number;
}

/** Whole records, 64 bytes each. */
export function rawRecords(frames: readonly RawFrame[]): Uint8Array {
  const bytes = bytesOf(frames.map(({ flags: _flags, outcome: _outcome, ...rest }) => frame(rest)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  frames.forEach(({ flags = 0, outcome = 0 }, i) => {
    view.setUint16(64 * i + 54, flags, true);
    view.setUint8(64 * i + 61, outcome);
  });
  return bytes;
}
