// The recordings that are there, `captures/`: listed, opened, changed, deleted, taken from elsewhere, kept within their limits.
// Synchronous but for importing: it runs in the recordings Worker. Knows nothing of capturing; what a capture saves comes
// here by saving.ts. How files are named, read and moved is folder.ts, library.ts and trash.ts; docs/recording-format.md,
// "Files and folders".
import { join } from 'node:path';
import type { CaptureMeta, RecordingChange } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { FORMAT_VERSION } from '../../../recording/src/format-version.ts';
import {
  type RecordingId,
  recordingIdOf,
  recordingStem,
  stemOf,
} from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { CaptureReader } from './capture-reader.ts';
import { realDisk } from './disk.ts';
import { type FileHead, MAX_RECORDING_BYTES } from './file-head.ts';
import { Folder, type FolderDisk } from './folder.ts';
import { readImport } from './import.ts';
import { Library } from './library.ts';
import { ListIndex } from './list-index.ts';
import { comparePlaces, pageOf } from './list-query.ts';
import {
  hasRoom,
  type KeepLimits,
  NO_LIMITS,
  planRemovals,
  type Removal,
  type Stock,
} from './retention.ts';
import type { ListQuery, OpenedRecording, RecordingsPage } from './service.ts';
import { Trash } from './trash.ts';
import { changedUser, writeUser } from './user-data.ts';

export type { OpenedRecording } from './service.ts';

export interface StoreOptions {
  /** Default: nothing goes by itself but what lay in the trash for its days. */
  readonly keep?: KeepLimits;
  readonly nowUnixMs?: () => number;
  readonly disk?: FolderDisk;
  /** Runs something when there is nothing else to do. Without it files are checked only when they are opened. */
  readonly later?: (run: () => void) => void;
}

export class RecordingStore {
  readonly #folder: Folder | undefined;
  readonly #log: Log;
  readonly #keep: KeepLimits;
  readonly #nowUnixMs: () => number;
  readonly #later: ((run: () => void) => void) | undefined;
  readonly #library: Library | undefined;
  readonly #trash: Trash | undefined;
  readonly #trashLibrary: Library | undefined;
  /** The next file is going to be checked. */
  #checking = false;
  /** The import that runs: one at a time, for the sake of memory. */
  #importing: Promise<unknown> = Promise.resolve();

  /** `configDir` undefined: there is nowhere to save, and saving says so. */
  constructor(configDir: string | undefined, log: Log, options: StoreOptions = {}) {
    this.#log = log;
    this.#keep = options.keep ?? NO_LIMITS;
    this.#nowUnixMs = options.nowUnixMs ?? Date.now;
    this.#later = options.later;
    if (configDir !== undefined) {
      const disk = options.disk ?? realDisk;
      const folder = new Folder(join(configDir, 'captures'), disk, { linked: true });
      this.#folder = folder;
      this.#library = new Library(folder, log, new ListIndex(folder, log));
      this.#trash = new Trash(folder, disk, log);
      this.#trashLibrary = new Library(this.#trash.folder, log);
    }
    this.#removeLeftovers();
  }

  /** Whether this recording is there. Throws AppError `recordings_unreadable`, like everything that looks for one. */
  has(id: RecordingId): boolean {
    return this.#reached(() => this.#folder?.has(id, 'json')) ?? false;
  }

  /** A capture was saved: whatever has to go now, this does not. Never throws. */
  saved(id: RecordingId): void {
    try {
      this.#library?.trust(id);
    } catch (error) {
      this.#log.warn('a saved recording cannot be seen', { id, reason: reasonOf(error) });
    }
    this.#retain(id);
  }

  /** Throws AppError `recordings_unreadable`, or 422 `unknown_recording` for an `after` that nobody knows. */
  list(query: ListQuery = {}): RecordingsPage {
    const page = this.#page(query);
    this.#checkLater();
    return page;
  }

  /** Everything, in the list's order: for the host itself, not for somebody who looks. Throws like `list`. */
  all(): readonly CaptureMeta[] {
    return this.#page({}).metas;
  }

  /** One recording as the list has it; undefined when there is none. */
  meta(id: RecordingId): CaptureMeta | undefined {
    return this.has(id) ? this.#reached(() => this.#library?.entry(id)?.meta) : undefined;
  }

  /** Opens a recording; undefined when there is none. Throws AppError `recording_damaged`. */
  open(id: RecordingId): OpenedRecording | undefined {
    const folder = this.#folder;
    if (folder === undefined || !this.has(id)) return undefined;
    try {
      const head = this.#library?.checkedHead(id);
      if (head === undefined) return undefined;
      return isAsWeWrite(head) ? openedFile(folder, id) : openedText(folder, id);
    } catch (error) {
      if (!(error instanceof FormatError || systemCode(error) !== undefined)) throw error;
      throw damaged(id, reasonOf(error));
    }
  }

  /** Where a recording's frames lie; undefined when it has none. */
  framesPath(id: RecordingId): string | undefined {
    const folder = this.#folder;
    return folder !== undefined && this.has(id) && folder.has(id, 'frames')
      ? folder.file(id, 'frames')
      : undefined;
  }

  /** Changes what people added; undefined when there is no such recording. Throws AppError `save_failed`. */
  change(id: RecordingId, change: RecordingChange): CaptureMeta | undefined {
    const [folder, library] = [this.#folder, this.#library];
    if (folder === undefined || library === undefined || !this.has(id)) return undefined;
    const user = changedUser(library.user(id), change);
    try {
      writeUser(folder, id, user);
    } catch (error) {
      throw notSaved(`What was changed about recording ${id} could not be saved`, error);
    }
    return library.entry(id)?.meta;
  }

  /** Deletes a recording and everything that belongs to it; false when there is none. Throws AppError `delete_failed`. */
  remove(id: RecordingId, how: 'trash' | 'forever' = 'trash'): boolean {
    const [folder, trash] = [this.#folder, this.#trash];
    if (folder === undefined || trash === undefined) return false;
    const here = this.#reached(() => folder.parts(id).some((part) => part !== 'deleted'));
    const there = this.#reached(() => trash.holds(id));
    if (!here && (how === 'trash' || !there)) return false;
    try {
      if (how === 'trash') trash.take(id, this.#nowUnixMs());
      else if (here) trash.destroy(id);
      else trash.purge(id);
    } catch (error) {
      throw new AppError(
        500,
        'delete_failed',
        `Recording ${id} could not be deleted: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
    return true;
  }

  /** What can be restored, deleted last first. Throws AppError `recordings_unreadable`. */
  trash(): CaptureMeta[] {
    const trash = this.#trash;
    if (trash === undefined) return [];
    return this.#reached(() => this.#trashLibrary?.scan() ?? [])
      .flatMap(({ id, meta }) =>
        id === undefined ? [] : [{ ...meta, deleted_unix_ms: trash.deletedUnixMs(id) }],
      )
      .sort((a, b) => b.deleted_unix_ms - a.deleted_unix_ms || comparePlaces(a, b));
  }

  /** Out of the trash; undefined when it is not there. Throws AppError 409 `recording_exists`, `restore_failed`. */
  restore(id: RecordingId): CaptureMeta | undefined {
    const trash = this.#trash;
    if (trash === undefined) return undefined;
    if (!this.#reached(() => trash.holds(id))) return undefined;
    try {
      trash.putBack(id);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError(
        500,
        'restore_failed',
        `Recording ${id} could not be restored: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
    return this.#library?.entry(id)?.meta;
  }

  /**
   * Takes a recording from elsewhere: JSON of any version, or the same gzipped. Throws AppError 400 `import_invalid`, 413
   * `import_too_large`, 409 `recording_exists`, or `save_failed`.
   */
  import(bytes: Uint8Array): Promise<CaptureMeta> {
    const mine = this.#importing.then(() => this.#import(bytes));
    // Whoever comes next waits for its end, however it ends.
    // What it leaves is collected at once: an idle host has no reason to, and would keep it.
    this.#importing = mine
      .catch(() => undefined)
      .then(() => {
        Bun.gc(true);
      });
    return mine;
  }

  /** Whether the limits leave room for a recording of so many bytes that nobody asked for. */
  room(bytes: number): boolean {
    try {
      return hasRoom(this.#stock(), this.#keep, bytes);
    } catch (error) {
      this.#log.warn('the recordings cannot be counted', { reason: reasonOf(error) });
      return false;
    }
  }

  /**
   * Puts interrupted moves in order, then removes what has to go by the limits and the trash's days. To be called at the
   * start and once an hour; never throws.
   */
  tidy(nowUnixMs: number): void {
    try {
      this.#trash?.repair();
    } catch (error) {
      this.#log.warn('the trash of recordings cannot be read', { reason: reasonOf(error) });
    }
    this.#retain(undefined, nowUnixMs);
    this.#later?.(() => this.#library?.saveIndex(1));
  }

  /**
   * Somebody looks at the list: reads what nobody has read to its end yet, one file at a time, so that the next list names
   * those whose middle is damaged. 3 h are 100 ms.
   */
  #checkLater(): void {
    if (this.#checking || this.#later === undefined) return;
    this.#checking = true;
    this.#later(() => {
      this.#checking = false;
      try {
        const isMore = this.#library?.checkNext() === true;
        this.#library?.saveIndex(isMore ? MANY : 1);
        if (isMore) this.#checkLater();
      } catch (error) {
        this.#log.warn('the recordings cannot be checked', { reason: reasonOf(error) });
      }
    });
  }

  async #import(bytes: Uint8Array): Promise<CaptureMeta> {
    const imported = await readImport(bytes);
    const id = imported.id ?? this.#freshId(imported.meta);
    const folder = this.#folder;
    try {
      if (folder === undefined) {
        throw new Error('there is no config directory; set PUNKTFUNK_CONFIG_DIR');
      }
      if (this.#isTaken(folder, id)) throw exists(id);
      folder.make();
      // The recording last: what belongs to it is there when it is.
      if (Object.keys(imported.user).length > 0) writeUser(folder, id, imported.user);
      else folder.remove(id, 'user');
      folder.write(id, 'json', imported.text(id));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw notSaved(`The recording could not be saved${inFolder(folder)}`, error);
    }
    this.#library?.trust(id);
    this.#log.info('recording imported', { id, samples: imported.meta.sample_count });
    this.#retain(id);
    return this.meta(id) ?? { ...imported.meta, id };
  }

  /** An id for a recording that brings none. */
  #freshId({ started_unix_ms, width, height }: CaptureMeta): RecordingId {
    const folders = [this.#folder, this.#trash?.folder];
    const taken = folders.flatMap((folder) => (folder === undefined ? [] : this.#names(folder)));
    const stem = recordingStem(started_unix_ms, (stem) =>
      taken.some((name) => name.startsWith(`${stem}_`) || name.startsWith(`.${stem}.`)),
    );
    const isMode = [width, height].every((n) => n > 0 && Number.isSafeInteger(n));
    return recordingIdOf(stem, isMode ? { width, height } : undefined);
  }

  /** By files, or by a capture that is not saved yet. User data without a recording is nothing to keep. */
  #isTaken(folder: Folder, id: RecordingId): boolean {
    return (
      folder.parts(id).some((part) => part !== 'user') ||
      folder.hiddenNames().includes(`.${stemOf(id)}.journal`)
    );
  }

  #names(folder: Folder): string[] {
    return [...folder.entries().map(({ name }) => name), ...folder.hiddenNames()];
  }

  #retain(spared: RecordingId | undefined, nowUnixMs = this.#nowUnixMs()): void {
    let removals: Removal[];
    try {
      removals = planRemovals(this.#stock(), this.#keep, nowUnixMs, spared);
    } catch (error) {
      this.#log.warn('the recordings cannot be counted', { reason: reasonOf(error) });
      return;
    }
    for (const removal of removals) this.#carryOut(removal, nowUnixMs);
  }

  #carryOut({ id, from, to, reason }: Removal, nowUnixMs: number): void {
    try {
      if (from === 'trash') this.#trash?.purge(id);
      else if (to === 'trash') this.#trash?.take(id, nowUnixMs);
      else this.#trash?.destroy(id);
      this.#log.info('a recording was removed', { id, from, to, reason });
    } catch (error) {
      const why = reasonOf(error);
      this.#log.warn('a recording could not be removed', { id, reason, error: why });
    }
  }

  #stock(): Stock {
    const [here, trashed] = [this.#library?.scan() ?? [], this.#trashLibrary?.scan() ?? []];
    const recordings = here.flatMap(({ id, meta, since }) =>
      id === undefined || meta.damaged !== undefined
        ? []
        : [
            {
              id,
              sinceUnixMs: since,
              startedUnixMs: meta.started_unix_ms,
              bytes: meta.bytes ?? 0,
              starred: meta.starred ?? false,
            },
          ],
    );
    const trash = trashed.flatMap(({ id, meta }) =>
      id === undefined
        ? []
        : [{ id, deletedUnixMs: this.#trash?.deletedUnixMs(id) ?? 0, bytes: meta.bytes ?? 0 }],
    );
    const otherBytes = here.reduce(
      (sum, { meta }) => sum + (meta.damaged === undefined ? 0 : (meta.bytes ?? 0)),
      0,
    );
    return { recordings, trash, otherBytes };
  }

  #page(query: ListQuery): RecordingsPage {
    const metas = this.#reached(() => this.#library?.scan() ?? []).map(({ meta }) => meta);
    return pageOf(metas, query, (id) => this.#library?.placeOf(id));
  }

  /** What a look at the folder answers. */
  #reached<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      throw new AppError(
        503,
        'recordings_unreadable',
        `The recordings${inFolder(this.#folder)} cannot be read: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
  }

  /** Half-written files of a host that was killed; a file in the list is never half-written. */
  #removeLeftovers(): void {
    for (const folder of [this.#folder, this.#trash?.folder]) {
      for (const name of folder?.hiddenNames() ?? []) {
        const pid = /^\..+\.(\d+)\.tmp$/.exec(name)?.[1];
        if (folder === undefined || pid === undefined || isAlive(Number(pid))) continue;
        try {
          folder.removeFile(join(folder.path, name));
        } catch (error) {
          this.#log.warn('a leftover could not be removed', { name, reason: reasonOf(error) });
        }
      }
    }
  }
}

/** A file that can be sent as it lies there. */
function isAsWeWrite({ own, version }: FileHead): boolean {
  return own && version === FORMAT_VERSION;
}

function openedFile(folder: Folder, id: RecordingId): OpenedRecording {
  const [json, packed] = [folder.stat(id, 'json'), folder.stat(id, 'gzip')];
  // One that is older than the text was made of another.
  const fresh = packed !== undefined && json !== undefined && packed.mtimeMs >= json.mtimeMs;
  return {
    kind: 'file',
    path: folder.file(id, 'json'),
    gzipPath: fresh ? folder.file(id, 'gzip') : undefined,
  };
}

function openedText(folder: Folder, id: RecordingId): OpenedRecording | undefined {
  const content = folder.read(id, 'json', MAX_RECORDING_BYTES);
  if (content === undefined) return undefined;
  const reader = new CaptureReader('keep');
  reader.push(content);
  const { capture, text } = reader.end();
  return { kind: 'text', text: Buffer.concat([...text({ ...capture.meta, id })]).toString('utf8') };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function damaged(id: RecordingId, reason: string): AppError {
  return new AppError(
    404,
    'recording_damaged',
    `The file of recording ${id} cannot be read: ${reason}.`,
  );
}

function notSaved(what: string, error: unknown): AppError {
  const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
  return new AppError(full ? 507 : 500, 'save_failed', `${what}: ${reasonOf(error)}.`, {
    cause: error,
  });
}

function exists(id: RecordingId): AppError {
  return new AppError(409, 'recording_exists', `There is a recording ${id} already.`);
}

function inFolder(folder: Folder | undefined): string {
  return folder === undefined ? '' : ` in ${folder.path}`;
}

/** So many files that were looked at are worth an index while there are more. */
const MANY = 64;
