// The recordings of one folder, remembered as long as a file stays what it was (size, times, inode). Whatever else lies
// there is named with the reason why it is none, and never opened by its name.
import { createHash } from 'node:crypto';
import { closeSync, type Stats } from 'node:fs';
import type { CaptureMeta, RecordingUser } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { type FileHead, type ReadHead, readHead, readWhole } from './file-head.ts';
import {
  allParts,
  type Folder,
  type FolderEntry,
  openRegular,
  type Part,
  suffixes,
} from './folder.ts';
import type { FileFacts, IndexEntry, ListIndex } from './list-index.ts';
import type { Place } from './list-query.ts';
import { readUser } from './user-data.ts';

/** One recording, or one thing in the folder that is none. */
export interface LibraryEntry {
  /** Undefined: the name is no recording's, and no file is opened by it. */
  readonly id: RecordingId | undefined;
  /** With the fields of people, `bytes` and `damaged`. */
  readonly meta: CaptureMeta;
  /** Since when it lies here. */
  readonly since: number;
}

type Known = { readonly file: FileFacts } & (
  | ({ readonly state: 'readable'; readonly indexed?: IndexEntry } & ReadHead)
  | { readonly state: 'damaged'; readonly reason: string }
);

interface KnownUser {
  readonly file: FileFacts;
  readonly user: RecordingUser | undefined;
}

/** The last answer, and what it was made of. */
interface Answer {
  readonly known: Known;
  readonly user: RecordingUser | undefined;
  readonly bytesBeside: number;
  readonly entry: LibraryEntry;
}

/** The folder's names, by recording. */
interface Listing {
  readonly stamp: string | undefined;
  readonly groups: ReadonlyMap<RecordingId, ReadonlySet<Part>>;
  readonly strangers: readonly LibraryEntry[];
  /** Sizes of what is only ever replaced under its name, which would change the folder's stamp. */
  readonly bytesBeside: Map<RecordingId, number>;
}

export class Library {
  readonly #folder: Folder;
  readonly #log: Log;
  readonly #known = new Map<RecordingId, Known>();
  readonly #users = new Map<RecordingId, KnownUser>();
  readonly #answers = new Map<RecordingId, Answer>();
  readonly #gone = new Map<string, Place>();
  readonly #index: ListIndex | undefined;
  #indexIsRead = false;
  /** Files that were read or checked since the index was read or written. */
  #news = 0;
  #listing: Listing | undefined;
  /** Of files that had to be read whole, in the scan that runs. */
  #readBytes = 0;

  constructor(folder: Folder, log: Log, index?: ListIndex) {
    this.#folder = folder;
    this.#log = log;
    this.#index = index;
  }

  /** Everything in the folder, in no order. Throws system errors when the folder cannot be read. */
  scan(): LibraryEntry[] {
    this.#readBytes = 0;
    const listing = this.#list();
    const entries = [...listing.strangers];
    for (const [id, parts] of listing.groups) {
      const known = parts.has('json') ? this.#lookAt(id) : undefined;
      let bytes = listing.bytesBeside.get(id);
      if (bytes === undefined) {
        bytes = indexedBytes(known, parts) ?? this.#bytesBeside(id, parts);
        listing.bytesBeside.set(id, bytes);
      }
      const entry = this.#entry(id, parts, known, bytes);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** One recording as in `scan`; undefined when none of its files is there. */
  entry(id: RecordingId): LibraryEntry | undefined {
    this.#readBytes = 0;
    const parts = new Set(this.#folder.parts(id));
    const known = parts.has('json') ? this.#lookAt(id) : undefined;
    return this.#entry(id, parts, known, this.#bytesBeside(id, parts));
  }

  /** Where a recording stood in the list that is no longer there. */
  placeOf(id: string): Place | undefined {
    return this.#gone.get(id);
  }

  /** What the file says, after it was once read to its end; undefined when there is none. Throws FormatError. */
  checkedHead(id: RecordingId): FileHead | undefined {
    const known = this.#read(id);
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
    const known = this.#read(id);
    return this.#userFile(id) ?? (known?.state === 'readable' ? known.head.user : {});
  }

  /** Leaves what is known to the next host, when so many files were looked at since that was done, and it spares time. */
  saveIndex(atLeast: number): void {
    if (this.#index === undefined || this.#news < atLeast) return;
    if (this.#known.size < WORTH_WRITING) return;
    this.#news = 0;
    const entries = [...this.#known].flatMap(([id, known]): IndexEntry[] => {
      if (known.state === 'damaged') return [];
      const { file, head, checked } = known;
      return [{ id, file, head, checked, beside: this.#besideOf(id, known) }];
    });
    this.#index.save(entries);
  }

  /** The names; those of before when nothing can have changed since. */
  #list(): Listing {
    const stamp = this.#folder.stamp();
    if (stamp !== undefined && this.#listing?.stamp === stamp) return this.#listing;
    const groups = new Map<RecordingId, Set<Part>>();
    const strangers: LibraryEntry[] = [];
    for (const entry of this.#folder.entries()) {
      if (entry.directory) continue;
      const { owner } = entry;
      if (owner === undefined || !entry.regular || owner.part === 'deleted') {
        strangers.push(strangerEntry(entry));
        continue;
      }
      const group = groups.get(owner.id);
      if (group === undefined) groups.set(owner.id, new Set([owner.part]));
      else group.add(owner.part);
    }
    this.#readIndex(groups);
    for (const id of this.#known.keys()) if (!groups.has(id)) this.#forget(id);
    this.#listing = { stamp, groups, strangers, bytesBeside: new Map() };
    return this.#listing;
  }

  /** Once: what it says of files that are there is held against each of them when that is looked at. */
  #readIndex(groups: Listing['groups']): void {
    if (this.#index === undefined || this.#indexIsRead) return;
    this.#indexIsRead = true;
    for (const indexed of this.#index.load()) {
      const { id, file, head, checked } = indexed;
      if (this.#known.has(id) || groups.get(id)?.has('json') !== true) continue;
      this.#known.set(id, { file, state: 'readable', head, checked, indexed });
    }
  }

  /** What lies beside a recording and is written once; undefined when that is not all, or nobody counted it. */
  #besideOf(id: RecordingId, known: Known): IndexEntry['beside'] {
    const [answer, parts] = [this.#answers.get(id), this.#listing?.groups.get(id)];
    if (answer === undefined || parts === undefined || parts.has('user')) return undefined;
    if (!isSame(answer.known.file, known.file)) return undefined;
    return { parts: partsKey(parts), bytes: answer.bytesBeside };
  }

  #forget(id: RecordingId): void {
    const answer = this.#answers.get(id);
    if (answer !== undefined) this.#gone.set(id, answer.entry.meta);
    const oldest = this.#gone.keys().next().value;
    if (this.#gone.size > MAX_GONE && oldest !== undefined) this.#gone.delete(oldest);
    this.#known.delete(id);
    this.#users.delete(id);
    this.#answers.delete(id);
  }

  #entry(
    id: RecordingId,
    parts: ReadonlySet<Part>,
    known: Known | undefined,
    bytesBeside: number,
  ): LibraryEntry | undefined {
    if (!parts.has('json')) return orphanEntry(id, parts, bytesBeside);
    if (known === undefined) return undefined;
    const user = parts.has('user') ? this.#userFile(id) : undefined;
    const last = this.#answers.get(id);
    if (last?.known === known && last.user === user && last.bytesBeside === bytesBeside) {
      return last.entry;
    }
    const entry = entryOf(id, known, user, bytesBeside);
    this.#answers.set(id, { known, user, bytesBeside, entry });
    return entry;
  }

  #bytesBeside(id: RecordingId, parts: ReadonlySet<Part>): number {
    let bytes = 0;
    for (const part of parts) {
      if (part !== 'json') bytes += this.#folder.stat(id, part)?.size ?? 0;
    }
    return bytes;
  }

  #userFile(id: RecordingId): RecordingUser | undefined {
    const stats = this.#folder.stat(id, 'user');
    if (stats === undefined) return undefined;
    const known = this.#users.get(id);
    if (known !== undefined && isSame(known.file, stats)) return known.user;
    const user = readUser(this.#folder, id, this.#log);
    this.#users.set(id, { file: factsOf(stats), user });
    return user;
  }

  /** The same as its own file says: for more than a list, an index is not enough. */
  #read(id: RecordingId): Known | undefined {
    const known = this.#lookAt(id);
    if (known?.state !== 'readable' || known.indexed === undefined) return known;
    this.#known.delete(id);
    return this.#lookAt(id);
  }

  /** What is known of a file, looked at anew when it has changed. */
  #lookAt(id: RecordingId): Known | undefined {
    const before = this.#known.get(id);
    if (before !== undefined) {
      const stats = this.#folder.stat(id, 'json');
      if (stats === undefined) return undefined;
      if (isSame(before.file, stats)) return before;
    }
    let opened: ReturnType<typeof openRegular>;
    try {
      opened = openRegular(this.#folder.file(id, 'json'));
    } catch (error) {
      if (!this.#folder.has(id, 'json')) return undefined;
      return { file: NO_FACTS, state: 'damaged', reason: unreadable(error) };
    }
    try {
      const facts = factsOf(opened.stats);
      const known = this.#readFile(opened.file, facts);
      if (known === undefined) return { file: facts, state: 'damaged', reason: NOT_YET };
      this.#known.set(id, known);
      this.#news += 1;
      if (known.state === 'damaged') {
        const { reason } = known;
        this.#log.debug('a file in captures/ is not a recording', { id, reason });
      }
      return known;
    } finally {
      closeSync(opened.file);
    }
  }

  /** Undefined when this scan has read enough. */
  #readFile(file: number, facts: FileFacts): Known | undefined {
    try {
      const found = readHead(file, facts.size, (bytes) => this.#mayRead(bytes));
      return found === undefined ? undefined : { file: facts, state: 'readable', ...found };
    } catch (error) {
      return { file: facts, state: 'damaged', reason: reasonIn(error) };
    }
  }

  #mayRead(bytes: number): boolean {
    if (this.#readBytes + bytes > MAX_READ_BYTES) return false;
    this.#readBytes += bytes;
    return true;
  }

  #check(id: RecordingId, known: Known & { readonly state: 'readable' }): Known {
    let checked: Known;
    try {
      const { file, stats } = openRegular(this.#folder.file(id, 'json'));
      try {
        readWhole(file, stats.size);
        checked = { ...known, file: factsOf(stats), checked: true };
      } finally {
        closeSync(file);
      }
    } catch (error) {
      checked = { file: known.file, state: 'damaged', reason: reasonIn(error) };
      this.#log.warn('a recording is damaged', { id, reason: checked.reason });
    }
    this.#known.set(id, checked);
    this.#news += 1;
    return checked;
  }
}

/** What the list says of something that has no meta. */
function emptyMeta(id: string): CaptureMeta {
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

function entryOf(
  id: RecordingId,
  known: Known,
  user: RecordingUser | undefined,
  bytesBeside: number,
): LibraryEntry {
  const since = known.file.mtimeMs;
  const bytes = known.file.size + bytesBeside;
  if (known.state === 'readable') {
    const { meta: own, user: ownUser } = known.head;
    const meta = { ...own, ...(user ?? ownUser), id, bytes };
    return { id, meta, since };
  }
  const damaged = { file: `${id}.json`, reason: known.reason };
  return { id, meta: { ...emptyMeta(id), ...user, bytes, damaged }, since };
}

/** What the index counted beside a file that is still the same, with the same parts beside it. */
function indexedBytes(known: Known | undefined, parts: ReadonlySet<Part>): number | undefined {
  const beside = known?.state === 'readable' ? known.indexed?.beside : undefined;
  return beside?.parts === partsKey(parts) ? beside?.bytes : undefined;
}

function partsKey(parts: ReadonlySet<Part>): string {
  return allParts.filter((part) => parts.has(part)).join();
}

/** Parts whose recording is missing. */
function orphanEntry(
  id: RecordingId,
  parts: ReadonlySet<Part>,
  bytes: number,
): LibraryEntry | undefined {
  const part = [...parts][0];
  if (part === undefined) return undefined;
  const reason = `it belongs to a recording, but ${id}.json is missing`;
  const damaged = { file: `${id}${suffixes[part]}`, reason };
  return { id, meta: { ...emptyMeta(id), bytes, damaged }, since: 0 };
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

function factsOf({ size, mtimeMs, ctimeMs, ino }: Stats): FileFacts {
  return { size, mtimeMs, ctimeMs, ino };
}

function isSame(a: FileFacts, b: FileFacts): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.ino === b.ino && a.ctimeMs === b.ctimeMs;
}

function reasonIn(error: unknown): string {
  return error instanceof FormatError ? error.message : unreadable(error);
}

function unreadable(error: unknown): string {
  return `it cannot be read: ${reasonOf(error)}`;
}

/** So much of files that we did not write is read in one scan: about half a second. */
const MAX_READ_BYTES = 64 * 1024 * 1024;
const NOT_YET = 'not read yet: there are many files of other programs; list again';
/** Pages that wait for a click between two deletions are few. */
const MAX_GONE = 10_000;
/** Fewer recordings are read as fast. */
const WORTH_WRITING = 64;
const NO_FACTS: FileFacts = { size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0 };
