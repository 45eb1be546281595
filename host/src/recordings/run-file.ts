// The bytes of `.black-box.<pid>`, in which the black box outlives its host: a header in two copies and a circle of
// blocks, one a second, each with a checksum. Plain bytes: run-writer.ts writes them, last-run.ts looks for them.
// A torn write costs the block that it tore; whatever else lies there is never taken for one of ours.
import { crc32 } from 'node:zlib';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { RECORD_BYTES } from '../../../recording/src/frames.ts';
import {
  type CaptureInput,
  decodeInput,
  encodeInput,
  type SmallInput,
} from '../../../recording/src/inputs.ts';

const unixMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const RunHeader = Type.Object({
  pid: Type.Integer({ minimum: 1, maximum: 0xffff_ffff }),
  /** Start of the process in clock ticks since boot, and which boot that was: a pid alone comes again. */
  start_ticks: Type.Optional(Type.String({ maxLength: 32 })),
  boot_id: Type.Optional(Type.String({ maxLength: 64 })),
  version: Type.String({ maxLength: 64 }),
  started_unix_ms: unixMs,
  last_seen_unix_ms: unixMs,
  /** Stands in every block of this file and in none of another. */
  nonce: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
});
export type RunHeader = Static<typeof RunHeader>;

export interface RunBlock {
  readonly sequence: number;
  /** When it was written, by both clocks. */
  readonly atNs: bigint;
  readonly unixMs: number;
  /** What was known of sessions before it. */
  readonly known: readonly SmallInput[];
  readonly inputs: readonly CaptureInput[];
}

/** Where one of the two copies of the header lies: the other one stays whole while this one is written. */
export function headerOffset(sequence: number): number {
  return (sequence % 2) * HEADER_BYTES;
}

/**
 * One copy of the header, `HEADER_BYTES` long: magic u64 · sequence u32 · length u32 · CRC-32 of sequence, length and
 * text u32 · JSON. Little-endian. The copy with the higher sequence counts.
 */
export function encodeHeader(header: RunHeader, sequence: number): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  if (text.byteLength > HEADER_BYTES - HEADER_TEXT) {
    throw new RangeError(`a header has room for ${HEADER_BYTES - HEADER_TEXT} bytes of text`);
  }
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, MAGIC, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, text.byteLength, true);
  bytes.set(text, HEADER_TEXT);
  view.setUint32(16, headerSum(bytes, text.byteLength), true);
  return bytes;
}

/** The newer of the two copies that are whole; undefined when none is, or the file is another's. */
export function decodeHeader(bytes: Uint8Array): RunHeader | undefined {
  const copies = [headerOffset(0), headerOffset(1)].flatMap((at) => headerAt(bytes, at) ?? []);
  return copies.sort((a, b) => b.sequence - a.sequence)[0]?.header;
}

/**
 * A block: magic u32 · nonce u32 · sequence f64 · engine's clock u64 · unix ms f64 · length of the payload u32 · CRC-32
 * of all before it and of the payload u32 · payload, padded to `BLOCK_ALIGN`. The payload is a row of parts: kind u8
 * (0 known, 1 input, 2 records) · length u32 · bytes.
 */
export function encodeBlock(block: RunBlock, nonce: number): Uint8Array {
  const parts = [
    ...block.known.map((input) => textPart(PART_KNOWN, input)),
    ...block.inputs.map((input) =>
      input.kind === 'records'
        ? { kind: PART_RECORDS, bytes: input.bytes }
        : textPart(PART_INPUT, input),
    ),
  ];
  const length = parts.reduce((sum, { bytes }) => sum + PART_HEAD + bytes.byteLength, 0);
  const bytes = new Uint8Array(aligned(BLOCK_HEAD + length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, BLOCK_MAGIC, true);
  view.setUint32(4, nonce, true);
  view.setFloat64(8, block.sequence, true);
  view.setBigUint64(16, block.atNs, true);
  view.setFloat64(24, block.unixMs, true);
  view.setUint32(32, length, true);
  let at = BLOCK_HEAD;
  for (const part of parts) {
    view.setUint8(at, part.kind);
    view.setUint32(at + 1, part.bytes.byteLength, true);
    bytes.set(part.bytes, at + PART_HEAD);
    at += PART_HEAD + part.bytes.byteLength;
  }
  view.setUint32(36, blockSum(bytes, 0, length), true);
  return bytes;
}

/** Every whole block of a run in the order in which they were written, from all that follows the headers. */
export function decodeBlocks(bytes: Uint8Array, nonce: number): RunBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: RunBlock[] = [];
  let at = 0;
  while (at + BLOCK_HEAD <= bytes.byteLength) {
    const length = payloadAt(bytes, view, at, nonce);
    const block = length === undefined ? undefined : blockAt(bytes, view, at, length);
    if (block !== undefined) blocks.push(block);
    at += length === undefined ? BLOCK_ALIGN : aligned(BLOCK_HEAD + length);
  }
  return blocks.sort((a, b) => a.sequence - b.sequence);
}

interface Part {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

function textPart(kind: number, input: SmallInput): Part {
  return { kind, bytes: new TextEncoder().encode(encodeInput(input)) };
}

function headerAt(
  bytes: Uint8Array,
  at: number,
): { readonly header: RunHeader; readonly sequence: number } | undefined {
  if (bytes.byteLength < at + HEADER_BYTES) return undefined;
  const copy = bytes.subarray(at, at + HEADER_BYTES);
  const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
  const length = view.getUint32(12, true);
  if (view.getBigUint64(0, true) !== MAGIC || length > HEADER_BYTES - HEADER_TEXT) return undefined;
  if (view.getUint32(16, true) !== headerSum(copy, length)) return undefined;
  try {
    const header: unknown = JSON.parse(
      new TextDecoder().decode(copy.subarray(HEADER_TEXT, HEADER_TEXT + length)),
    );
    if (!Value.Check(RunHeader, header)) return undefined;
    return { header, sequence: view.getUint32(8, true) };
  } catch {
    return undefined;
  }
}

/** The length of the payload of a whole block at `at`; undefined when none begins there. */
function payloadAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  nonce: number,
): number | undefined {
  if (view.getUint32(at, true) !== BLOCK_MAGIC || view.getUint32(at + 4, true) !== nonce) {
    return undefined;
  }
  const length = view.getUint32(at + 32, true);
  if (length > bytes.byteLength - at - BLOCK_HEAD) return undefined;
  return view.getUint32(at + 36, true) === blockSum(bytes, at, length) ? length : undefined;
}

/** Undefined for what is whole and yet no block of this version. */
function blockAt(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
): RunBlock | undefined {
  const known: SmallInput[] = [];
  const inputs: CaptureInput[] = [];
  try {
    for (const { kind, bytes: part } of partsOf(bytes, view, at + BLOCK_HEAD, length)) {
      if (kind === PART_RECORDS && part.byteLength % RECORD_BYTES === 0) {
        inputs.push({ kind: 'records', bytes: part });
      } else {
        (kind === PART_KNOWN ? known : inputs).push(decodeInput(new TextDecoder().decode(part)));
      }
    }
  } catch {
    return undefined;
  }
  return {
    sequence: view.getFloat64(at + 8, true),
    atNs: view.getBigUint64(at + 16, true),
    unixMs: view.getFloat64(at + 24, true),
    known,
    inputs,
  };
}

/** Throws RangeError when the parts do not fill the payload. */
function partsOf(bytes: Uint8Array, view: DataView, from: number, length: number): Part[] {
  const parts: Part[] = [];
  let at = from;
  while (at < from + length) {
    if (at + PART_HEAD > from + length) throw new RangeError('a part without its head');
    const size = view.getUint32(at + 1, true);
    if (at + PART_HEAD + size > from + length) throw new RangeError('a part without its end');
    const start = at + PART_HEAD;
    parts.push({ kind: view.getUint8(at), bytes: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return parts;
}

function headerSum(copy: Uint8Array, length: number): number {
  return crc32(copy.subarray(HEADER_TEXT, HEADER_TEXT + length), crc32(copy.subarray(8, 16)));
}

function blockSum(bytes: Uint8Array, at: number, length: number): number {
  const payload = bytes.subarray(at + BLOCK_HEAD, at + BLOCK_HEAD + length);
  return crc32(payload, crc32(bytes.subarray(at, at + 36)));
}

function aligned(length: number): number {
  return Math.ceil(length / BLOCK_ALIGN) * BLOCK_ALIGN;
}

/** One copy of the header. */
export const HEADER_BYTES = 2048;
/** Where the circle begins. */
export const BLOCKS_AT = 2 * HEADER_BYTES;
/** What the black box holds at most, and what its blocks add in two minutes. */
export const BLOCKS_BYTES = 4_718_592;
const BLOCK_ALIGN = 64;

/** `PFBLKBX1` */
const MAGIC = 0x3158_424b_4c42_4650n;
const HEADER_TEXT = 20;
/** `PFBB` */
const BLOCK_MAGIC = 0x4242_4650;
const BLOCK_HEAD = 40;
const PART_HEAD = 5;
const PART_KNOWN = 0;
const PART_INPUT = 1;
const PART_RECORDS = 2;
