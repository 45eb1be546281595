// What the list knew of the files in captures/ when the host ran last, `.index.json`: a list of a thousand recordings then
// looks at each file instead of reading it. A copy of what the files say and nothing else: an entry counts as long as its
// file is the one that was read, nothing is opened by it, and an index that is damaged, foreign or of another version is
// as good as none.

import type { Stats } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Value } from 'typebox/value';
import { type CaptureMeta, RecordingUser } from '../../../contract/stats.ts';
import { parseRecordingId, type RecordingId } from '../../../recording/src/recording-id.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { VERSION } from '../version.ts';
import type { FileHead } from './file-head.ts';
import { type Folder, INDEX_NAME } from './folder.ts';

/** By these a file is still the one that was read. */
export type FileFacts = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino'>;

export interface IndexEntry {
  readonly id: RecordingId;
  readonly file: FileFacts;
  readonly head: FileHead;
  /** Its file was read to the end. */
  readonly checked: boolean;
  /** What lies beside it, while it is the same parts; undefined when that was not counted. */
  readonly beside: { readonly parts: string; readonly bytes: number } | undefined;
}

export class ListIndex {
  readonly #folder: Folder;
  readonly #log: Log;

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** None when there is no index, or none that counts. Never throws. */
  load(): IndexEntry[] {
    try {
      const bytes = this.#folder.readHidden(INDEX_NAME, MOST_BYTES);
      return bytes === undefined ? [] : decodeIndex(bytes);
    } catch (error) {
      this.#log.debug('the index of recordings does not count', { reason: reasonOf(error) });
      return [];
    }
  }

  /** Never throws: without an index everything is read again, and that is all. */
  save(entries: readonly IndexEntry[]): void {
    try {
      const bytes = encodeIndex(entries);
      if (bytes.byteLength <= MOST_BYTES) this.#folder.writeHidden(INDEX_NAME, bytes);
    } catch (error) {
      this.#log.debug('the index of recordings was not written', { reason: reasonOf(error) });
    }
  }
}

/** `punktfunk-index <version of the host> <CRC-32 of the rest>`, a line feed, and the entries as JSON. */
export function encodeIndex(entries: readonly IndexEntry[]): Buffer {
  const rows = entries.map(({ id, file, head, checked, beside }) => [
    ...[id, file.size, file.mtimeMs, file.ctimeMs, file.ino, checked, head.own],
    ...[head.version ?? null, beside?.parts ?? null, beside?.bytes ?? null, head.meta, head.user],
  ]);
  const text = Buffer.from(JSON.stringify(rows));
  return Buffer.concat([Buffer.from(`${TITLE} ${VERSION} ${crc32(text)}\n`), text]);
}

/** Throws RangeError for what we did not write. */
export function decodeIndex(bytes: Buffer): IndexEntry[] {
  const end = bytes.indexOf('\n');
  const title = bytes.toString('latin1', 0, Math.min(Math.max(end, 0), MOST_TITLE));
  const text = bytes.subarray(end + 1);
  if (end < 0 || title !== `${TITLE} ${VERSION} ${crc32(text)}`) {
    throw new RangeError('another’s, another version’s or damaged');
  }
  const rows: unknown = JSON.parse(text.toString('utf8'));
  if (!Array.isArray(rows)) throw new RangeError('no list');
  return rows.map(entryOf);
}

function entryOf(row: unknown): IndexEntry {
  if (!Array.isArray(row)) throw new RangeError('no entry');
  const cells: readonly unknown[] = row;
  const [name, size, mtimeMs, ctimeMs, ino, checked, own, version, parts, bytes, meta, user] =
    cells;
  const id = typeof name === 'string' ? parseRecordingId(name) : undefined;
  const isOurs =
    id !== undefined &&
    typeof checked === 'boolean' &&
    typeof own === 'boolean' &&
    (version === null || isNumber(version)) &&
    isMeta(meta) &&
    isUser(user);
  const isFile = isNumber(size) && isNumber(mtimeMs) && isNumber(ctimeMs) && isNumber(ino);
  if (!isOurs || !isFile) {
    throw new RangeError(`an entry of another shape: ${String(name).slice(0, 200)}`);
  }
  const beside = typeof parts === 'string' && isNumber(bytes) ? { parts, bytes } : undefined;
  const head = { version: version ?? undefined, own, meta, user };
  return { id, file: { size, mtimeMs, ctimeMs, ino }, head, checked, beside };
}

/**
 * The sum says that this very version of the host wrote it, of what had been checked by the schema: compiling that once
 * more would cost a start more than reading all of it.
 */
function isMeta(meta: unknown): meta is CaptureMeta {
  if (typeof meta !== 'object' || meta === null) return false;
  return (
    'id' in meta &&
    'started_unix_ms' in meta &&
    typeof meta.id === 'string' &&
    isNumber(meta.started_unix_ms)
  );
}

/** Most have none. */
function isUser(user: unknown): user is RecordingUser {
  if (typeof user !== 'object' || user === null) return false;
  return Object.keys(user).length === 0 || Value.Check(RecordingUser, user);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

const TITLE = 'punktfunk-index';
const MOST_TITLE = 64;
/** Fifty thousand recordings. */
const MOST_BYTES = 16 * 1024 * 1024;
