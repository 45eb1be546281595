// A folder of recordings as files: which names are whose, reading without ever waiting or following a link, writing whole
// or not at all. Knows nothing of what is in the files. Its calls that change something go through the disk, so that a test
// can let the host die between any two of them.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseRecordingId, type RecordingId } from '../../../recording/src/recording-id.ts';
import { systemCode } from '../errors.ts';
import type { FileContent } from '../identity/files.ts';
import type { Disk } from './disk.ts';

/** What belongs to a recording; `deleted` lies in the trash only. */
export type Part = 'json' | 'gzip' | 'frames' | 'user' | 'deleted';

/** Every name in the folder: of a recording, or somebody else's. */
export interface FolderEntry {
  readonly name: string;
  /** Undefined when the name is none of ours. */
  readonly owner: { readonly id: RecordingId; readonly part: Part } | undefined;
  /** Anything but a regular file is never opened. */
  readonly regular: boolean;
  readonly directory: boolean;
}

/** What it takes to change a folder. */
export type FolderDisk = Pick<
  Disk,
  'makeFolder' | 'writeFile' | 'rename' | 'remove' | 'syncFolder'
>;

export class Folder {
  readonly path: string;
  readonly #disk: FolderDisk;
  readonly #linked: boolean;

  /** `linked`: the folder itself may be a link, because people put it where there is room. */
  constructor(path: string, disk: FolderDisk, { linked }: { readonly linked: boolean }) {
    this.path = path;
    this.#disk = disk;
    this.#linked = linked;
  }

  file(id: RecordingId, part: Part): string {
    return `${this.path}/${id}${suffixes[part]}`;
  }

  /**
   * The same text as long as no name in the folder was added, removed or replaced; undefined while that is too fresh to
   * be told by its time. Throws system errors.
   */
  stamp(): string | undefined {
    this.#mustBeFolder();
    const stats = statSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined || Date.now() - stats.mtimeMs < COARSEST_TIME_MS) return undefined;
    return `${stats.mtimeMs}:${stats.ctimeMs}:${stats.ino}:${stats.dev}`;
  }

  /** Empty when there is no folder yet. Throws system errors. */
  entries(): FolderEntry[] {
    this.#mustBeFolder();
    let found: ReturnType<typeof readEntries>;
    try {
      found = readEntries(this.path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return [];
      throw error;
    }
    return found
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => ({
        name: entry.name,
        owner: ownerOf(entry.name),
        regular: entry.isFile(),
        directory: entry.isDirectory(),
      }));
  }

  /** Names that begin with a dot, which are nobody's recordings. Empty when the folder cannot be read. */
  hiddenNames(): string[] {
    try {
      this.#mustBeFolder();
      return readdirSync(this.path).filter((name) => name.startsWith('.'));
    } catch {
      return [];
    }
  }

  /** Of a regular file; undefined for everything else. */
  stat(id: RecordingId, part: Part): Stats | undefined {
    return regularStat(this.file(id, part));
  }

  has(id: RecordingId, part: Part): boolean {
    return this.stat(id, part) !== undefined;
  }

  /** The parts that are there. Throws system errors. */
  parts(id: RecordingId): Part[] {
    this.#mustBeFolder();
    return allParts.filter((part) => this.has(id, part));
  }

  /** The whole file; undefined when there is none. Throws RangeError when it is larger than `limit` bytes. */
  read(id: RecordingId, part: Part, limit: number): Buffer | undefined {
    return readRegular(this.file(id, part), limit);
  }

  /** Makes the folder itself, for its owner only. */
  make(): void {
    this.#mustBeFolder();
    this.#disk.makeFolder(this.path);
  }

  /** A file of the folder itself, whose name begins with a dot; otherwise like `read`. */
  readHidden(name: `.${string}`, limit: number): Buffer | undefined {
    return readRegular(`${this.path}/${name}`, limit);
  }

  /** Writes a file that is there whole or not at all, also after a power cut. */
  write(id: RecordingId, part: Part, content: FileContent): void {
    this.#write(this.file(id, part), `.${id}${suffixes[part]}`, content);
  }

  writeHidden(name: `.${string}`, content: FileContent): void {
    this.#mustBeFolder();
    this.#write(`${this.path}/${name}`, name, content);
  }

  /** Moves a file of this folder to the same name in another. */
  move(id: RecordingId, part: Part, to: Folder): void {
    this.#disk.rename(this.file(id, part), to.file(id, part));
  }

  remove(id: RecordingId, part: Part): void {
    this.#disk.remove(this.file(id, part));
  }

  removeFile(path: string): void {
    this.#disk.remove(path);
  }

  sync(): void {
    this.#disk.syncFolder(this.path);
  }

  #write(path: string, hidden: string, content: FileContent): void {
    const temporary = join(this.path, `${hidden}.${process.pid}.tmp`);
    // What a killed host with the same process id left behind.
    this.#disk.remove(temporary);
    try {
      this.#disk.writeFile(temporary, content);
      this.#disk.rename(temporary, path);
    } catch (error) {
      this.#disk.remove(temporary);
      throw error;
    }
    this.sync();
  }

  /** What lies under a link is not ours to move or delete. */
  #mustBeFolder(): void {
    if (this.#linked || lstatSync(this.path, { throwIfNoEntry: false })?.isDirectory() !== false) {
      return;
    }
    throw Object.assign(new Error(`ENOTDIR: ${this.path} is no folder`), { code: 'ENOTDIR' });
  }
}

/** Whose file a name is; the longest suffix counts. Undefined for names that are not ours. */
export function ownerOf(name: string): FolderEntry['owner'] {
  for (const part of allParts) {
    const suffix = suffixes[part];
    if (!name.endsWith(suffix)) continue;
    const id = parseRecordingId(name.slice(0, -suffix.length));
    return id === undefined ? undefined : { id, part };
  }
  return undefined;
}

/** A regular file's facts; undefined for everything else, links included. */
export function regularStat(path: string): Stats | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? stats : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Opens a regular file without waiting for anybody and without following a link. Throws system errors. */
export function openRegular(path: string): { readonly file: number; readonly stats: Stats } {
  const file = openSync(path, READ_ONLY);
  const stats = fstatSync(file);
  if (stats.isFile()) return { file, stats };
  closeSync(file);
  throw new TypeError('not a regular file');
}

/** The whole of a regular file, as long as it was when it was opened; undefined when there is none. */
export function readRegular(path: string, limit: number): Buffer | undefined {
  if (regularStat(path) === undefined) return undefined;
  const { file, stats } = openRegular(path);
  try {
    if (stats.size > limit) throw new RangeError(`${stats.size} bytes, more than ${limit}`);
    const content = Buffer.allocUnsafe(stats.size);
    let length = 0;
    while (length < content.length) {
      const read = readSync(file, content, length, content.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return content.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

function readEntries(path: string) {
  return readdirSync(path, { withFileTypes: true });
}

export const suffixes: Readonly<Record<Part, string>> = {
  user: '.user.json',
  deleted: '.deleted.json',
  gzip: '.json.gz',
  frames: '.frames.parquet',
  json: '.json',
};

/** Those whose suffix ends like another's come before it; of a recording that is put in place, JSON comes last. */
export const allParts: readonly Part[] = ['user', 'deleted', 'gzip', 'frames', 'json'];

/** list-index.ts */
export const INDEX_NAME = '.index.json';
const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** FAT counts in steps of two seconds. */
const COARSEST_TIME_MS = 3000;
