// A histogram of whole µs in the transport form of HdrHistogram: V2, zlib, base64. Written from the layout that its
// implementations share (Java’s AbstractHistogram, C’s hdr_histogram_log); three significant digits: exact up to 2,047
// µs, within 0.1 % above. Encodes only; compression is a collaborator, because nothing here knows a runtime.

/** zlib (RFC 1950) of some bytes. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Above it a value counts as this one: an hour. */
export const HIGHEST_US = 3_600_000_000;

/** The `HISTF…` text that stands for these values, in µs, in any order. */
export function encodeHistogram(valuesUs: readonly number[], deflate: Deflate): string {
  const payload = deflate(encodePayload(valuesUs));
  const bytes = new Uint8Array(8 + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, COMPRESSED_COOKIE);
  view.setUint32(4, payload.byteLength);
  bytes.set(payload, 8);
  return base64(bytes);
}

/**
 * The bytes before compression, big-endian: cookie u32, length of the counts u32, offset u32 = 0, digits u32, lowest
 * u64 = 1, highest u64, ratio f64 = 1, then the counts up to the largest value: ZigZag LEB128, a run of n zeros as −n.
 */
export function encodePayload(valuesUs: readonly number[]): Uint8Array {
  const indexes = valuesUs.map(countIndex).sort((left, right) => left - right);
  const counts: number[] = [];
  let at = 0;
  for (let i = 0; i < indexes.length; ) {
    const index = indexes[i] ?? 0;
    let next = i + 1;
    while (indexes[next] === index) next += 1;
    if (index > at) pushZigZag(counts, at - index);
    pushZigZag(counts, next - i);
    at = index + 1;
    i = next;
  }
  const bytes = new Uint8Array(HEADER_BYTES + counts.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PLAIN_COOKIE);
  view.setUint32(4, counts.length);
  view.setUint32(12, DIGITS);
  view.setBigUint64(16, 1n);
  view.setBigUint64(24, BigInt(HIGHEST_US));
  view.setFloat64(32, 1);
  bytes.set(counts, HEADER_BYTES);
  return bytes;
}

/** Where a value is counted: halves of 1,024 slots, each with slots twice as wide as the one before. */
function countIndex(us: number): number {
  const value = Math.min(Math.max(0, Math.floor(us)), HIGHEST_US);
  if (value < 2 * HALF_SLOTS) return value;
  const width = Math.floor(Math.log2(value / HALF_SLOTS));
  return width * HALF_SLOTS + Math.floor(value / 2 ** width);
}

/** Appends one number; |value| stays below 2^31, counts and runs both. */
function pushZigZag(into: number[], value: number): void {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  while (rest >= 0x80) {
    into.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  into.push(rest);
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += DIGITS_64.charAt(word >> 18) + DIGITS_64.charAt((word >> 12) & 63);
    text += left > 1 ? DIGITS_64.charAt((word >> 6) & 63) : '=';
    text += left > 2 ? DIGITS_64.charAt(word & 63) : '=';
  }
  return text;
}

/** The second digit from the right says “trailing zeros left out, LEB128”. */
const PLAIN_COOKIE = 0x1c84_9303 | 0x10;
const COMPRESSED_COOKIE = 0x1c84_9304 | 0x10;
const HEADER_BYTES = 40;
const DIGITS = 3;
/** 2,048 slots resolve three digits; all but the first bucket use the upper half alone. */
const HALF_SLOTS = 1024;
const DIGITS_64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
