// The recordings of one folder by the first and last bytes of their files, remembered as long as a file stays what it was
// (size, times, inode). Whatever else lies there is named with the reason why it is none, and never opened by its name.
import { createHash } from 'node:crypto';
import { closeSync, readSync, type Stats } from 'node:fs';
import { Compile } from 'typebox/compile';
import { CaptureMeta, type RecordingUser } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { CaptureReader } from './capture-reader.ts';
import type { Folder, FolderEntry, Part } from './folder.ts';
import { openRegular } from './folder.ts';
import { readUser, userFieldsOf } from './user-data.ts';

/** One recording, or one thing in the folder that is none. */
export interface LibraryEntry {
  /** Undefined: the name is no recording's, and no file is opened by it. */
  readonly id: RecordingId | undefined;
  /** With the fields of people, `bytes` and `damaged`. */
  readonly meta: CaptureMeta;
  /** Since when it lies here. */
  readonly since: number;
}

/** What the file itself says. */
export interface FileHead {
  readonly version: number | undefined;
  /** Its text begins as we write it. */
  readonly own: boolean;
  /** Without the fields of people. */
  readonly meta: CaptureMeta;
  /** What people called it before it had a file for that. */
  readonly user: RecordingUser;
}

type Known = { readonly fileKey: string; readonly since: number; readonly size: number } & (
  | { readonly state: 'readable'; readonly head: FileHead; readonly checked: boolean }
  | { readonly state: 'damaged'; readonly reason: string }
);

interface KnownUser {
  readonly fileKey: string;
  readonly user: RecordingUser | undefined;
}

export class Library {
  readonly #folder: Folder;
  readonly #log: Log;
  #known = new Map<RecordingId, Known>();
  #users = new Map<RecordingId, KnownUser>();
  readonly #buffer = Buffer.alloc(HEAD_BYTES);
  /** Of files that had to be read whole, in the scan that runs. */
  #readBytes = 0;

  constructor(folder: Folder, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Everything in the folder, in no order. Throws system errors when the folder cannot be read. */
  scan(): LibraryEntry[] {
    this.#readBytes = 0;
    const groups = new Map<RecordingId, Set<Part>>();
    const strangers: FolderEntry[] = [];
    for (const entry of this.#folder.entries()) {
      if (entry.directory) continue;
      if (entry.owner === undefined || !entry.regular || entry.owner.part === 'deleted') {
        strangers.push(entry);
        continue;
      }
      const { id, part } = entry.owner;
      const group = groups.get(id);
      if (group === undefined) groups.set(id, new Set([part]));
      else group.add(part);
    }
    forgetOthers(this.#known, groups);
    forgetOthers(this.#users, groups);
    const entries = strangers.map(strangerEntry);
    for (const [id, parts] of groups) {
      const entry = this.#entry(id, parts);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** One recording as in `scan`; undefined when none of its files is there. */
  entry(id: RecordingId): LibraryEntry | undefined {
    this.#readBytes = 0;
    return this.#entry(id, new Set(this.#folder.parts(id)));
  }

  /** What the file says, after it was once read to its end; undefined when there is none. Throws FormatError. */
  checkedHead(id: RecordingId): FileHead | undefined {
    const known = this.#lookAt(id);
    if (known === undefined) return undefined;
    const checked = known.state === 'readable' && !known.checked ? this.#check(id, known) : known;
    if (checked.state === 'damaged') throw new FormatError(checked.reason);
    return checked.head;
  }

  /** The file was just written by us, and needs no check. */
  trust(id: RecordingId): void {
    const known = this.#lookAt(id);
    if (known?.state === 'readable') this.#known.set(id, { ...known, checked: true });
  }

  /** Reads one file that nobody has read to its end yet; false when there is none. */
  checkNext(): boolean {
    for (const [id, known] of this.#known) {
      if (known.state !== 'readable' || known.checked) continue;
      this.#check(id, known);
      return true;
    }
    return false;
  }

  /** Fields of people: of their own file, else what the recording itself says. */
  user(id: RecordingId): RecordingUser {
    return this.#userFile(id) ?? this.#ownUser(id);
  }

  #entry(id: RecordingId, parts: ReadonlySet<Part>): LibraryEntry | undefined {
    if (!parts.has('json')) return this.#orphanEntry(id, parts);
    const known = this.#lookAt(id);
    if (known === undefined) return undefined;
    const bytes = known.size + this.#bytesBeside(id, parts);
    const user = parts.has('user') ? this.#userFile(id) : undefined;
    const meta =
      known.state === 'readable'
        ? { ...known.head.meta, ...(user ?? known.head.user) }
        : { ...emptyMeta(id), ...user };
    const damaged =
      known.state === 'damaged' ? { file: `${id}.json`, reason: known.reason } : undefined;
    return {
      id,
      meta: { ...meta, id, bytes, ...(damaged === undefined ? {} : { damaged }) },
      since: known.since,
    };
  }

  /** Parts whose recording is missing. */
  #orphanEntry(id: RecordingId, parts: ReadonlySet<Part>): LibraryEntry | undefined {
    const part = [...parts][0];
    if (part === undefined) return undefined;
    const stats = this.#folder.stat(id, part);
    if (stats === undefined) return undefined;
    const reason = `it belongs to a recording, but ${id}.json is missing`;
    const file = this.#folder.file(id, part).slice(this.#folder.path.length + 1);
    return {
      id,
      meta: { ...emptyMeta(id), bytes: this.#bytesBeside(id, parts), damaged: { file, reason } },
      since: stats.mtimeMs,
    };
  }

  #bytesBeside(id: RecordingId, parts: ReadonlySet<Part>): number {
    let bytes = 0;
    for (const part of parts) {
      if (part !== 'json') bytes += this.#folder.stat(id, part)?.size ?? 0;
    }
    return bytes;
  }

  #ownUser(id: RecordingId): RecordingUser {
    const known = this.#lookAt(id);
    return known?.state === 'readable' ? known.head.user : {};
  }

  #userFile(id: RecordingId): RecordingUser | undefined {
    const stats = this.#folder.stat(id, 'user');
    if (stats === undefined) return undefined;
    const fileKey = keyOf(stats);
    const known = this.#users.get(id);
    if (known?.fileKey === fileKey) return known.user;
    const user = readUser(this.#folder, id, this.#log);
    this.#users.set(id, { fileKey, user });
    return user;
  }

  /** What is known of a file, looked at anew when it has changed. */
  #lookAt(id: RecordingId): Known | undefined {
    const before = this.#known.get(id);
    if (before !== undefined) {
      const stats = this.#folder.stat(id, 'json');
      if (stats === undefined) return undefined;
      if (before.fileKey === keyOf(stats)) return before;
    }
    let opened: ReturnType<typeof openRegular>;
    try {
      opened = openRegular(this.#folder.file(id, 'json'));
    } catch (error) {
      if (!this.#folder.has(id, 'json')) return undefined;
      return { fileKey: '', since: 0, size: 0, state: 'damaged', reason: unreadable(error) };
    }
    try {
      const known = this.#readEnds(opened.file, opened.stats);
      if (known !== undefined) this.#known.set(id, known);
      return known ?? { ...factsOf(opened.stats), state: 'damaged', reason: NOT_YET };
    } catch (error) {
      const reason = error instanceof FormatError ? error.message : unreadable(error);
      const known: Known = { ...factsOf(opened.stats), state: 'damaged', reason };
      this.#known.set(id, known);
      this.#log.debug('a file in captures/ is not a recording', { id, reason });
      return known;
    } finally {
      closeSync(opened.file);
    }
  }

  /**
   * Our own files by their ends: `{"version":N,"meta":{…}` and a closing line, which no file that was cut off has. Any
   * other has to be read whole; undefined when this scan has read enough of those. Throws FormatError.
   */
  #readEnds(file: number, stats: Stats): Known | undefined {
    const { size } = stats;
    if (size > MAX_RECORDING_BYTES)
      throw new FormatError(`${size} bytes is too large for a recording`);
    if (size === 0) throw new FormatError('the file is empty');
    const length = readSync(file, this.#buffer, 0, HEAD_BYTES, 0);
    const head = ownHead(this.#buffer.toString('latin1', 0, length), this.#buffer);
    const tail = size <= length ? this.#buffer.subarray(length - 2, length) : readTail(file, size);
    if (head !== undefined && tail[0] === CLOSE_OBJECT && tail[1] === LINE_FEED) {
      return {
        ...factsOf(stats),
        state: 'readable',
        head,
        checked: false,
      };
    }
    if (size > MAX_FOREIGN_BYTES) {
      throw new FormatError(
        head === undefined
          ? `it does not begin like a recording, and ${size} bytes is too large to search`
          : 'it ends before it is closed',
      );
    }
    if (this.#readBytes + size > MAX_READ_BYTES) return undefined;
    this.#readBytes += size;
    return { ...factsOf(stats), state: 'readable', head: readWhole(file, size), checked: true };
  }

  #check(id: RecordingId, known: Known & { readonly state: 'readable' }): Known {
    let checked: Known;
    try {
      const { file, stats } = openRegular(this.#folder.file(id, 'json'));
      try {
        const head = { ...readWhole(file, stats.size), own: known.head.own };
        checked = { ...factsOf(stats), state: 'readable', head, checked: true };
      } finally {
        closeSync(file);
      }
    } catch (error) {
      const reason = error instanceof FormatError ? error.message : unreadable(error);
      const { fileKey, since, size } = known;
      checked = { fileKey, since, size, state: 'damaged', reason };
      this.#log.warn('a recording is damaged', { id, reason });
    }
    this.#known.set(id, checked);
    return checked;
  }
}

/** What the list says of something that has no meta. */
export function emptyMeta(id: string): CaptureMeta {
  return {
    id,
    started_unix_ms: 0,
    duration_ms: 0,
    kind: '',
    width: 0,
    height: 0,
    fps: 0,
    codec: '',
    client: '',
    sample_count: 0,
  };
}

function strangerEntry(entry: FolderEntry): LibraryEntry {
  const reason = entry.regular
    ? 'the name is not that of a recording’s file'
    : 'not a regular file (links and devices are not opened)';
  const damaged = { file: shownName(entry.name), reason };
  return { id: undefined, meta: { ...emptyMeta(strangerId(entry.name)), damaged }, since: 0 };
}

/** A safe text that tells strangers apart; no file is opened by it. */
function strangerId(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const readable = name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 64);
  return `${readable}-${hash}`;
}

/** A name as text that cannot move a cursor or pass for another. */
function shownName(name: string): string {
  const shown = [...name.slice(0, 200)].map((c) =>
    /^[\x20-\x5b\x5d-\x7e]$/.test(c) ? c : `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return shown.join('');
}

/** Version and meta as the first bytes of our own files have them; undefined for any others. */
function ownHead(latin1: string, bytes: Buffer): FileHead | undefined {
  const start = /^\{"version":(\d{1,9}),"meta":(?=\{)/.exec(latin1);
  if (start?.[1] === undefined) return undefined;
  const from = start[0].length;
  // One byte is one character, so places in the text are places in the bytes.
  const to = endOfObject(latin1, from);
  if (to === undefined) return undefined;
  let meta: unknown;
  try {
    meta = JSON.parse(bytes.toString('utf8', from, to));
  } catch {
    return undefined;
  }
  return metaCheck.Check(meta) && meta.started_unix_ms <= MAX_DATE_MS
    ? headOf(Number(start[1]), true, meta)
    : undefined;
}

function endOfObject(text: string, from: number): number | undefined {
  let depth = 0;
  let at = from;
  for (;;) {
    STRUCTURE.lastIndex = at;
    const found = STRUCTURE.exec(text)?.[0];
    if (found === undefined) return undefined;
    at = STRUCTURE.lastIndex;
    if (found === '{') depth += 1;
    else if (found === '}') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
}

/** Reads a file of any version to its end. Throws FormatError. */
function readWhole(file: number, size: number): FileHead {
  if (size > MAX_RECORDING_BYTES)
    throw new FormatError(`${size} bytes is too large for a recording`);
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

function readTail(file: number, size: number): Uint8Array {
  const tail = Buffer.alloc(2);
  readSync(file, tail, 0, 2, size - 2);
  return tail;
}

/** What only a list may say is not believed when a file says it. */
function headOf(version: number | undefined, own: boolean, meta: CaptureMeta): FileHead {
  const { bytes, damaged, deleted_unix_ms, name, note, tags, starred, ...rest } = meta;
  return { version, own, meta: rest, user: userFieldsOf(meta) };
}

function factsOf(stats: Stats): { fileKey: string; since: number; size: number } {
  return { fileKey: keyOf(stats), since: stats.mtimeMs, size: stats.size };
}

function keyOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${size}:${mtimeMs}:${ctimeMs}:${ino}`;
}

function forgetOthers(
  known: Map<RecordingId, unknown>,
  ids: ReadonlyMap<RecordingId, unknown>,
): void {
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
}

function unreadable(error: unknown): string {
  return `it cannot be read: ${reasonOf(error)}`;
}

/** Three hours of sixteen sessions are 110 MB. */
export const MAX_RECORDING_BYTES = 256 * 1024 * 1024;
const metaCheck = Compile(CaptureMeta);
/** The meta of our own files ends before byte 1,000; the rest is room for names and labels. */
const HEAD_BYTES = 4096;
const CHUNK_BYTES = 256 * 1024;
/** A file that we did not write is searched up to this size … */
const MAX_FOREIGN_BYTES = 32 * 1024 * 1024;
/** … and so much of such files in one scan: about half a second. */
const MAX_READ_BYTES = 64 * 1024 * 1024;
const NOT_YET = 'not read yet: there are many files of other programs; list again';
const MAX_DATE_MS = 8_640_000_000_000_000;
/** A text with its escapes, or a brace outside of texts. */
const STRUCTURE = /"(?:[^"\\]|\\.)*"|[{}]/g;
const [CLOSE_OBJECT, LINE_FEED] = [0x7d, 0x0a];
