// What a recording's file says of itself: of our own files by their first and last bytes, of all others by reading them
// whole, piece by piece. Opened files only: whose they are is library.ts.
import { readSync } from 'node:fs';
import { CaptureMeta, type RecordingUser } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { CaptureReader, MAX_DATE_MS } from './capture-reader.ts';
import { Checker } from './checker.ts';
import { userFieldsOf } from './user-data.ts';

export interface FileHead {
  readonly version: number | undefined;
  /** Its text begins as we write it. */
  readonly own: boolean;
  /** Without the fields of people. */
  readonly meta: CaptureMeta;
  /** What people called it before it had a file for that. */
  readonly user: RecordingUser;
}

export interface ReadHead {
  readonly head: FileHead;
  /** All of it was read. */
  readonly checked: boolean;
}

/**
 * Our own files by their ends: `{"version":N,"meta":{…}` and a closing line, which no file that was cut off has. Any other
 * has to be read whole; undefined when `mayRead` forbids so many bytes. Throws FormatError, system errors.
 */
export function readHead(
  file: number,
  size: number,
  mayRead: (bytes: number) => boolean,
): ReadHead | undefined {
  if (size > MAX_RECORDING_BYTES) {
    throw new FormatError(`${size} bytes is too large for a recording`);
  }
  if (size === 0) throw new FormatError('the file is empty');
  const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0));
  const head = ownHead(bytes);
  if (head !== undefined && isClosed(file, size, bytes)) return { head, checked: false };
  if (size > MAX_FOREIGN_BYTES) {
    throw new FormatError(
      head === undefined
        ? `it does not begin like a recording, and ${size} bytes is too large to search`
        : 'it ends before it is closed',
    );
  }
  if (!mayRead(size)) return undefined;
  return { head: readWhole(file, size), checked: true };
}

/** Reads a file of any version to its end. Throws FormatError, system errors. */
export function readWhole(file: number, size: number): FileHead {
  if (size > MAX_RECORDING_BYTES) {
    throw new FormatError(`${size} bytes is too large for a recording`);
  }
  const reader = new CaptureReader('check');
  const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size));
  for (let at = 0; at < size; ) {
    const length = readSync(file, chunk, 0, Math.min(chunk.length, size - at), at);
    if (length === 0) break;
    reader.push(chunk.subarray(0, length));
    at += length;
  }
  const { capture, version } = reader.end();
  return headOf(version, false, capture.meta);
}

/** What a list can show and put in order. */
export function isMeta(meta: unknown): meta is CaptureMeta {
  return metaChecker.check(meta) && meta.started_unix_ms <= MAX_DATE_MS;
}

/** Version and meta as the first bytes of our own files have them; undefined for any others. */
function ownHead(bytes: Buffer): FileHead | undefined {
  const start = /^\{"version":(\d{1,9}),"meta":(?=\{)/.exec(
    bytes.toString('latin1', 0, PREFIX_BYTES),
  );
  if (start?.[1] === undefined) return undefined;
  const from = start[0].length;
  const to = endOfObject(bytes, from);
  if (to === undefined) return undefined;
  let meta: unknown;
  try {
    meta = JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    return undefined;
  }
  return isMeta(meta) ? headOf(Number(start[1]), true, meta) : undefined;
}

/** Index after the brace that closes the object at `from`; undefined when the bytes end before. */
function endOfObject(bytes: Uint8Array, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = from; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_OBJECT) depth += 1;
    else if (byte === CLOSE_OBJECT) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}

function isClosed(file: number, size: number, head: Buffer): boolean {
  if (size <= head.length) return endsClosed(head);
  readSync(file, tail, 0, tail.length, size - tail.length);
  return endsClosed(tail);
}

function endsClosed(bytes: Buffer): boolean {
  return bytes.at(-2) === CLOSE_OBJECT && bytes.at(-1) === LINE_FEED;
}

/** What only a list may say is not believed when a file says it. */
function headOf(version: number | undefined, own: boolean, meta: CaptureMeta): FileHead {
  // Most have none of these, and there are a thousand of them in a list.
  if (!NOT_OF_THE_FILE.some((key) => key in meta)) return { version, own, meta, user: {} };
  const { bytes, damaged, deleted_unix_ms, name, note, tags, starred, ...rest } = meta;
  return { version, own, meta: rest, user: userFieldsOf(meta) };
}

/** Three hours of sixteen sessions are 110 MB. */
export const MAX_RECORDING_BYTES = 256 * 1024 * 1024;
const metaChecker = new Checker(CaptureMeta);
/** The meta of our own files ends before byte 1,000; the rest is room for long labels. */
const buffer = Buffer.alloc(4096);
const tail = Buffer.alloc(2);
const CHUNK_BYTES = 256 * 1024;
/** A file that we did not write is searched up to this size. */
const MAX_FOREIGN_BYTES = 32 * 1024 * 1024;
/** `{"version":123456789,"meta":{` */
const PREFIX_BYTES = 32;
const [OPEN_OBJECT, CLOSE_OBJECT, QUOTE, BACKSLASH, LINE_FEED] = [0x7b, 0x7d, 0x22, 0x5c, 0x0a];
const NOT_OF_THE_FILE: readonly (keyof CaptureMeta)[] = [
  ...(['bytes', 'damaged', 'deleted_unix_ms'] as const),
  ...(['name', 'note', 'tags', 'starred'] as const),
];
