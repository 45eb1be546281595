// What recordings do to a disk, as one collaborator: a test fails a chosen call or ends the world after it. Thin on
// purpose: every method is one thing that a disk can refuse.
import { Database } from 'bun:sqlite';
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { systemCode } from '../errors.ts';
import { type FileContent, syncFolder, writePrivateFile } from '../identity/files.ts';

export interface Disk {
  makeFolder(path: string): void;
  /** Names; none when there is no folder. */
  list(folder: string): string[];
  /** For reading and writing; made empty when it is missing. */
  open(path: string): number;
  size(file: number): number;
  /** All of `bytes`, or it throws. */
  write(file: number, bytes: Uint8Array, at: number): void;
  /** Fills `into`, or throws RangeError when the file ends before. */
  read(file: number, into: Uint8Array, at: number): void;
  truncate(file: number, length: number): void;
  /** Waits until it is on the disk. */
  sync(file: number): void;
  close(file: number): void;
  /** A new private file, on the disk when this returns. */
  writeFile(path: string, content: FileContent): void;
  rename(from: string, to: string): void;
  /** Missing already is fine. */
  remove(path: string): void;
  syncFolder(path: string): void;
  /** Which file lies there now; undefined when none does. */
  identity(path: string): string | undefined;
  /** Opened for this process alone, write-ahead log, synchronous=FULL. Throws SQLiteError. */
  openDatabase(path: string, how: 'create' | 'open'): Database;
  /** Runs one transaction. */
  transaction(database: Database, run: () => void): void;
}

export const realDisk: Disk = {
  makeFolder(path) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  list(folder) {
    try {
      return readdirSync(folder);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
  },
  open(path) {
    try {
      return openSync(path, 'r+');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return openSync(path, 'wx+', 0o600);
    }
  },
  size: (file) => fstatSync(file).size,
  write(file, bytes, at) {
    let done = 0;
    while (done < bytes.byteLength) {
      done += writeSync(file, bytes, done, bytes.byteLength - done, at + done);
    }
  },
  read(file, into, at) {
    let done = 0;
    while (done < into.byteLength) {
      const got = readSync(file, into, done, into.byteLength - done, at + done);
      if (got === 0) {
        throw new RangeError(`${into.byteLength} bytes at ${at} asked of a file that ends before`);
      }
      done += got;
    }
  },
  truncate: ftruncateSync,
  sync: fdatasyncSync,
  close: closeSync,
  writeFile: writePrivateFile,
  rename: renameSync,
  remove(path) {
    rmSync(path, { force: true });
  },
  syncFolder,
  identity(path) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : `${found.dev}:${found.ino}`;
  },
  openDatabase(path, how) {
    if (how === 'create') closeSync(openSync(path, 'wx', 0o600));
    const database = new Database(path, { readwrite: true, create: false, strict: true });
    try {
      // Before the first access: the index of the write-ahead log then lies in memory, not in a mapped file, and no
      // full disk can end the process by SIGBUS. It also locks everybody else out: whose lock it is, lives.
      database.run('PRAGMA locking_mode = EXCLUSIVE');
      database.run('PRAGMA journal_mode = WAL');
      database.run('PRAGMA synchronous = FULL');
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  },
  transaction(database, run) {
    database.transaction(run).immediate();
  },
};
