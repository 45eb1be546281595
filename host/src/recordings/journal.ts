// What a capture in progress has on the disk beside its frames file, so that a crash costs no more than the last half
// second: everything that came, in order, until it lies in a closed group of frames. One SQLite file a recording. Knows
// neither windows nor Parquet; writing.ts feeds it, recovery.ts reads it.
import type { Database } from 'bun:sqlite';
import { dirname } from 'node:path';
import { Value } from 'typebox/value';
import type { HostFacts } from '../../../contract/stats.ts';
import type { CaptureStart } from '../../../recording/src/capture.ts';
import { SavedGroup } from '../../../recording/src/frames-writer.ts';
import { decodeInput, type SmallInput } from '../../../recording/src/inputs.ts';
import { systemCode } from '../errors.ts';
import type { Disk } from './disk.ts';

/** What came; `seq` is its place in the order. */
export type JournalEntry =
  | { readonly kind: 'input'; readonly seq: number; readonly text: string }
  | {
      readonly kind: 'records';
      readonly seq: number;
      /** When they were read, ns after arming. */
      readonly atNs: number;
      readonly bytes: Uint8Array;
    };

/** A group of frames that is durable in the frames file: it holds every record up to `toSeq`. */
export interface JournaledGroup {
  readonly saved: SavedGroup;
  readonly toSeq: number;
}

/** The journal cannot be read as one: it is damaged, or somebody else's. */
export class JournalDamaged extends Error {
  override readonly name = 'JournalDamaged';
}

/** Another process, or this one, is writing it. */
export class JournalBusy extends Error {
  override readonly name = 'JournalBusy';
}

export class Journal {
  readonly path: string;
  readonly #disk: Disk;
  readonly #database: Database;

  private constructor(disk: Disk, path: string, database: Database) {
    this.path = path;
    this.#disk = disk;
    this.#database = database;
  }

  /** A new one. Throws SQLiteError or a system error; nothing is left then. */
  static create(disk: Disk, path: string, start: CaptureStart, pid: number): Journal {
    let database: Database | undefined;
    try {
      database = disk.openDatabase(path, 'create');
      const journal = new Journal(disk, path, database);
      const made = database;
      disk.transaction(made, () => {
        made.run(SCHEMA);
        const header = made.query('INSERT INTO header VALUES (?, ?)');
        header.run('version', String(JOURNAL_VERSION));
        header.run('pid', String(pid));
        header.run('start', encodeStart(start));
      });
      // The file's name has to survive a power cut as well.
      disk.syncFolder(dirname(path));
      return journal;
    } catch (error) {
      database?.close();
      if (systemCode(error) !== 'EEXIST') removeJournal(disk, path);
      throw error;
    }
  }

  /** One that is there. Throws JournalDamaged, JournalBusy, or what the disk says. */
  static open(disk: Disk, path: string): Journal {
    try {
      return new Journal(disk, path, disk.openDatabase(path, 'open'));
    } catch (error) {
      throw translated(error);
    }
  }

  /** Undefined when it ends before its beginning: nothing was recorded. Throws JournalDamaged, RangeError for a newer one. */
  start(): CaptureStart | undefined {
    return this.#reading(() => {
      const tables = this.#database
        .query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_master WHERE type = 'table'")
        .get();
      if ((tables?.n ?? 0) === 0) return undefined;
      const version = Number(this.#header('version'));
      if (!(version >= 1)) throw new JournalDamaged('it does not say which version it is of');
      if (version > JOURNAL_VERSION) {
        // Left alone: the host that wrote it can finish it.
        throw new RangeError(
          `a journal of version ${version}, and this host reads ${JOURNAL_VERSION}`,
        );
      }
      const start = this.#header('start');
      if (start === undefined) throw new JournalDamaged('it does not say what it is of');
      return decodeStart(start);
    });
  }

  /** The last moment that it knows of, ns after arming. */
  seenNs(): number {
    return this.#reading(() => Number(this.#header('seen_ns') ?? 0));
  }

  /** In order of the file. */
  groups(): JournaledGroup[] {
    return this.#reading(() =>
      this.#database
        .query<{ to_seq: number; saved: string }, []>('SELECT to_seq, saved FROM groups ORDER BY n')
        .all()
        .map(({ to_seq, saved }) => ({ saved: parseGroup(saved), toSeq: to_seq })),
    );
  }

  /** Inputs with `fromSeq` ≤ seq ≤ `toSeq`, in order. */
  *inputs(fromSeq: number, toSeq: number): Generator<{ seq: number; input: SmallInput }> {
    const rows = this.#database.query<{ seq: number; text: string }, [number, number]>(
      'SELECT seq, text FROM inputs WHERE seq BETWEEN ? AND ? ORDER BY seq',
    );
    for (const { seq, text } of this.#rows(() => rows.iterate(fromSeq, toSeq))) {
      yield { seq, input: this.#reading(() => decodeInput(text)) };
    }
  }

  /** Records that lie in no group yet, in order; `atNs` counts from arming. */
  *records(): Generator<{ seq: number; atNs: number; bytes: Uint8Array }> {
    const rows = this.#database.query<{ seq: number; at_ns: number; bytes: Uint8Array }, []>(
      'SELECT seq, at_ns, bytes FROM records ORDER BY seq',
    );
    for (const { seq, at_ns, bytes } of this.#rows(() => rows.iterate())) {
      yield { seq, atNs: at_ns, bytes };
    }
  }

  /**
   * Makes entries durable; a group takes the records up to its `toSeq` out. Entries that are there already stay: a
   * commit that failed may be repeated. Throws what the disk says, and then nothing of it counts.
   */
  commit(entries: readonly JournalEntry[], seenNs: number, group?: JournaledGroup): void {
    const database = this.#database;
    this.#disk.transaction(database, () => {
      const input = database.query('INSERT OR IGNORE INTO inputs VALUES (?, ?)');
      const records = database.query('INSERT OR IGNORE INTO records VALUES (?, ?, ?)');
      for (const entry of entries) {
        if (entry.kind === 'input') input.run(entry.seq, entry.text);
        else records.run(entry.seq, entry.atNs, entry.bytes);
      }
      if (group !== undefined) {
        database
          .query('INSERT OR REPLACE INTO groups VALUES (?, ?, ?)')
          .run(group.saved.offset, group.toSeq, JSON.stringify(group.saved));
        database.query('DELETE FROM records WHERE seq <= ?').run(group.toSeq);
      }
      database.query('INSERT OR REPLACE INTO header VALUES (?, ?)').run('seen_ns', String(seenNs));
    });
  }

  /** All that it holds, as another file. Throws what the disk says. */
  copyTo(path: string): void {
    this.#database.query('VACUUM INTO ?').run(path);
  }

  close(): void {
    this.#database.close();
  }

  #header(key: string): string | undefined {
    return this.#database
      .query<{ value: string }, [string]>('SELECT value FROM header WHERE key = ?')
      .get(key)?.value;
  }

  #reading<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw translated(error);
    }
  }

  *#rows<T>(iterate: () => Iterable<T>): Generator<T> {
    try {
      yield* iterate();
    } catch (error) {
      throw translated(error);
    }
  }
}

/** The database and what SQLite keeps beside it; the database first, so that no part of it is read without the other. */
export function removeJournal(disk: Disk, path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) disk.remove(`${path}${suffix}`);
}

/** What a fault of SQLite means for whoever opens a journal. */
function translated(error: unknown): unknown {
  const code = systemCode(error) ?? '';
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new JournalBusy('it is being written', { cause: error });
  }
  const damage = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_ERROR', 'SQLITE_MISMATCH'];
  if (damage.some((known) => code.startsWith(known))) return damaged(error);
  if (error instanceof SyntaxError || error instanceof TypeError) return damaged(error);
  return error;
}

function damaged(error: unknown): JournalDamaged {
  const reason = error instanceof Error ? error.message : String(error);
  return new JournalDamaged(reason, { cause: error });
}

function parseGroup(text: string): SavedGroup {
  const saved: unknown = JSON.parse(text);
  if (!Value.Check(SavedGroup, saved)) throw new TypeError('a group of frames is not described');
  return saved;
}

function encodeStart(start: CaptureStart): string {
  return JSON.stringify({ ...start, armedNs: String(start.armedNs) });
}

interface StartText {
  readonly stem: string;
  readonly startedUnixMs: number;
  readonly armedNs: string;
  readonly host?: HostFacts;
}

function decodeStart(text: string): CaptureStart {
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null || !('stem' in data) || !('armedNs' in data)) {
    throw new TypeError('it does not say when it began');
  }
  // Written by encodeStart of this version or an older one, whose fields all are still known.
  const start = data as StartText;
  return { ...start, armedNs: BigInt(start.armedNs) };
}

const JOURNAL_VERSION = 1;
const SCHEMA = `
  CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE inputs (seq INTEGER PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE records (seq INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, bytes BLOB NOT NULL);
  CREATE TABLE groups (n INTEGER PRIMARY KEY, to_seq INTEGER NOT NULL, saved TEXT NOT NULL);
`;
