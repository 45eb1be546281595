// Recording files in captures/: written whole or not at all, listed by their first bytes, opened only by a parsed id.
// Synchronous: it runs in the recordings Worker. Knows nothing of capturing.
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Capture, CaptureMeta } from '../../../contract/stats.ts';
import {
  FORMAT_VERSION,
  FormatError,
  parseCapture,
  readMeta,
  serializeCapture,
} from '../../../recording/src/format.ts';
import { parseRecordingId, type RecordingId, stemOf } from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { syncFolder, writePrivateFile } from '../identity/files.ts';
import type { Log } from '../log.ts';

/** A recording ready to be sent: files of today's version as they lie there, older ones as upgraded text. */
export type OpenedRecording =
  | { readonly kind: 'file'; readonly path: string; readonly gzipPath: string | undefined }
  | { readonly kind: 'text'; readonly text: string };

export class RecordingStore {
  readonly #folder: string | undefined;
  readonly #log: Log;

  /** `configDir` undefined: there is nowhere to save, and saving says so. */
  constructor(configDir: string | undefined, log: Log) {
    this.#folder = configDir === undefined ? undefined : join(configDir, 'captures');
    this.#log = log;
    this.#removeLeftovers();
  }

  /** Whether a recording of this stem exists, whatever its mode. */
  hasStem(stem: string): boolean {
    return this.#names().some((name) => stemOf(name.slice(0, -JSON_SUFFIX.length)) === stem);
  }

  /** Writes a recording: the file is there whole or not at all. Throws AppError `save_failed` with the reason. */
  save(capture: Capture): void {
    const id = parseRecordingId(capture.meta.id);
    if (id === undefined) throw new RangeError(`not a recording id: ${capture.meta.id}`);
    const text = serializeCapture(capture);
    try {
      if (this.#folder === undefined) {
        throw new Error('there is no config directory; set PUNKTFUNK_CONFIG_DIR');
      }
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#writeWhole(`${id}${JSON_SUFFIX}`, text);
    } catch (error) {
      throw saveFailed(this.#folder, error);
    }
    try {
      this.#writeWhole(`${id}${GZIP_SUFFIX}`, gzipSync(text));
    } catch (error) {
      // Only a shortcut for downloads: the recording itself is safe.
      this.#log.warn('the compressed copy of a recording was not written', {
        id,
        reason: reasonOf(error),
      });
    }
  }

  /** Metas, newest first. A file that is no recording is left out, and never breaks the list. */
  list(): CaptureMeta[] {
    const metas = this.#names().flatMap((name) => {
      const id = parseRecordingId(name.slice(0, -JSON_SUFFIX.length));
      const meta = id === undefined ? undefined : this.#metaOf(id);
      return meta === undefined ? [] : [meta];
    });
    return metas.sort(
      (a, b) => b.started_unix_ms - a.started_unix_ms || ordinalOf(b.id) - ordinalOf(a.id),
    );
  }

  /** Opens a recording; undefined when there is none. Throws AppError `recording_damaged`. */
  open(id: RecordingId): OpenedRecording | undefined {
    const path = this.#path(id, JSON_SUFFIX);
    if (path === undefined || !isFile(path)) return undefined;
    const head = readEnds(path);
    if (head?.whole === true && head.meta?.version === FORMAT_VERSION) {
      const gzipPath = this.#path(id, GZIP_SUFFIX);
      return {
        kind: 'file',
        path,
        gzipPath: gzipPath !== undefined && isFile(gzipPath) ? gzipPath : undefined,
      };
    }
    try {
      return { kind: 'text', text: serializeCapture(withId(parseCapture(readText(path)), id)) };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new AppError(
        404,
        'recording_damaged',
        `The file of recording ${id} cannot be read: ${error.message}.`,
      );
    }
  }

  /** Deletes a recording and everything that belongs to it; false when there is none. */
  remove(id: RecordingId): boolean {
    const path = this.#path(id, JSON_SUFFIX);
    if (path === undefined || !isFile(path)) return false;
    try {
      rmSync(path);
      rmSync(`${path.slice(0, -JSON_SUFFIX.length)}${GZIP_SUFFIX}`, { force: true });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw new AppError(
        500,
        'delete_failed',
        `Recording ${id} could not be deleted: ${reasonOf(error)}.`,
      );
    }
    return true;
  }

  #metaOf(id: RecordingId): CaptureMeta | undefined {
    const path = this.#path(id, JSON_SUFFIX);
    if (path === undefined) return undefined;
    try {
      const ends = readEnds(path);
      if (ends === undefined || !ends.whole) return undefined;
      // A foreign writer may put the samples first; then the whole file has to be read.
      const meta = ends.meta?.meta ?? parseCapture(readText(path)).meta;
      return { ...meta, id };
    } catch (error) {
      this.#log.debug('a file in captures/ is not a recording', { id, reason: reasonOf(error) });
      return undefined;
    }
  }

  #writeWhole(name: string, content: string | Uint8Array): void {
    const folder = this.#folder ?? '';
    const temporary = join(folder, `.${name}.${process.pid}${TEMPORARY_SUFFIX}`);
    try {
      writePrivateFile(temporary, content);
      renameSync(temporary, join(folder, name));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncFolder(folder);
  }

  /** Half-written files of a host that was killed; a file in the list is never half-written. */
  #removeLeftovers(): void {
    for (const name of this.#entries()) {
      const pid = /^\..+\.(\d+)\.tmp$/.exec(name)?.[1];
      if (pid === undefined || isAlive(Number(pid))) continue;
      try {
        rmSync(join(this.#folder ?? '', name), { force: true });
      } catch (error) {
        this.#log.warn('a leftover could not be removed', { name, reason: reasonOf(error) });
      }
    }
  }

  #names(): string[] {
    return this.#entries().filter((name) => name.endsWith(JSON_SUFFIX) && !name.startsWith('.'));
  }

  #entries(): string[] {
    if (this.#folder === undefined) return [];
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      const code = systemCode(error);
      if (code !== 'ENOENT') {
        this.#log.warn('the recordings cannot be listed', { reason: reasonOf(error) });
      }
      return [];
    }
  }

  #path(id: RecordingId, suffix: string): string | undefined {
    return this.#folder === undefined ? undefined : join(this.#folder, `${id}${suffix}`);
  }
}

/** 2 for the second recording of one second. */
function ordinalOf(id: string): number {
  return Number(/Z-(\d+)_/.exec(id)?.[1] ?? 1);
}

interface Ends {
  readonly meta: ReturnType<typeof readMeta>;
  /** The text closes as every recording does. */
  readonly whole: boolean;
}

/** Reads a file's first and last bytes only. */
function readEnds(path: string): Ends | undefined {
  if (!isFile(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const head = Buffer.alloc(Math.min(HEAD_BYTES, size));
    readSync(file, head, 0, head.length, 0);
    const tail = Buffer.alloc(Math.min(TAIL_BYTES, size));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return {
      meta: readMeta(head.toString('utf8')),
      whole: tail.toString('utf8').trimEnd().endsWith('}'),
    };
  } finally {
    closeSync(file);
  }
}

function readText(path: string): string {
  const { size } = lstatSync(path);
  if (size > MAX_FILE_BYTES) throw new FormatError(`${size} bytes is too large for a recording`);
  return readFileSync(path, 'utf8');
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function withId(capture: Capture, id: RecordingId): Capture {
  return { ...capture, meta: { ...capture.meta, id } };
}

function saveFailed(folder: string | undefined, error: unknown): AppError {
  const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
  return new AppError(
    full ? 507 : 500,
    'save_failed',
    `The capture could not be saved${folder === undefined ? '' : ` in ${folder}`}: ${reasonOf(error)}. ` +
      'It is kept in memory: mend the cause, then stop again to save it.',
    { cause: error },
  );
}

const JSON_SUFFIX = '.json';
const GZIP_SUFFIX = '.json.gz';
const TEMPORARY_SUFFIX = '.tmp';
/** The meta of our own files ends before byte 400; the rest is room for longer client labels. */
const HEAD_BYTES = 4096;
const TAIL_BYTES = 64;
/** Three hours of four sessions are 16 MB. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;
