// Deleted recordings, `captures/.trash/`: every file of one moves there and back. A recording is where its JSON is: that
// moves first on its way out and last on its way back, and `repair` finishes or undoes what a crash cut in two. When it
// was deleted stands in `<id>.deleted.json`; 0 there means that it is to be gone.
import { join } from 'node:path';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { allParts, Folder, type FolderDisk, type Part } from './folder.ts';

export class Trash {
  readonly folder: Folder;
  readonly #captures: Folder;
  readonly #log: Log;

  constructor(captures: Folder, disk: FolderDisk, log: Log) {
    this.#captures = captures;
    this.folder = new Folder(join(captures.path, '.trash'), disk, { linked: false });
    this.#log = log;
  }

  /** Moves everything of a recording here; what lay here under its id is gone then. Throws system errors. */
  take(id: RecordingId, nowUnixMs: number): void {
    if (this.#parts(id).length > 0) this.purge(id);
    this.folder.make();
    this.#mark(id, nowUnixMs);
    this.#moveAll(id, this.#captures, this.folder, allParts.toReversed());
  }

  /** Removes everything of a recording for good; by way of the trash, so that no half of it is left. Throws system errors. */
  destroy(id: RecordingId): void {
    this.take(id, GONE);
    this.purge(id);
  }

  /** Moves a recording back. Throws AppError `recording_exists` when something of it is there already. */
  putBack(id: RecordingId): void {
    const parts = this.#parts(id);
    if (this.#captures.has(id, 'json') || parts.some((part) => this.#captures.has(id, part))) {
      throw new AppError(409, 'recording_exists', `There is a recording ${id} already.`);
    }
    this.#moveAll(id, this.folder, this.#captures, allParts);
    this.folder.remove(id, 'deleted');
  }

  /** Removes what lies here of a recording. Throws system errors. */
  purge(id: RecordingId): void {
    // Should it stop halfway: what is left is no deleted recording that somebody could want back.
    this.#mark(id, GONE);
    for (const part of this.#parts(id)) this.folder.remove(id, part);
    this.folder.remove(id, 'deleted');
    this.folder.sync();
  }

  holds(id: RecordingId): boolean {
    return this.#parts(id).length > 0;
  }

  /** Since when it lies here; when nothing says so, since when its file has its place. */
  deletedUnixMs(id: RecordingId): number {
    return this.#marked(id) ?? this.#movedMs(id);
  }

  /** Every recording here. Throws system errors. */
  ids(): RecordingId[] {
    return this.#idsOf((part) => part !== 'deleted');
  }

  /** Finishes or undoes what a crash interrupted. One that cannot be mended is told and left as it is. */
  repair(): void {
    for (const id of this.#idsOf(() => true)) {
      try {
        this.#repairOne(id);
      } catch (error) {
        this.#log.warn('a recording in the trash could not be put in order', {
          id,
          reason: reasonOf(error),
        });
      }
    }
  }

  #repairOne(id: RecordingId): void {
    const [here, there] = [this.folder.has(id, 'json'), this.#captures.has(id, 'json')];
    const gone = this.#marked(id) === GONE;
    if (here && !there) this.#moveMissing(id, this.#captures, this.folder);
    else if (!here && there && !gone) this.#moveMissing(id, this.folder, this.#captures);
    if (gone) this.purge(id);
    else if (!this.holds(id)) this.folder.remove(id, 'deleted');
  }

  /** Moves what the other folder has not got. */
  #moveMissing(id: RecordingId, from: Folder, to: Folder): void {
    const parts = ownParts(from, id).filter((part) => !to.has(id, part));
    if (parts.length === 0) return;
    this.#log.info('an interrupted move of a recording was put in order', { id, parts });
    this.#moveAll(id, from, to, parts);
  }

  #moveAll(id: RecordingId, from: Folder, to: Folder, order: readonly Part[]): void {
    for (const part of order) {
      if (part !== 'deleted' && from.has(id, part)) from.move(id, part, to);
    }
    to.sync();
    from.sync();
  }

  #mark(id: RecordingId, deletedUnixMs: number): void {
    try {
      const marker = { deleted_unix_ms: deletedUnixMs };
      this.folder.write(id, 'deleted', `${JSON.stringify(marker)}\n`);
    } catch (error) {
      // Deleting has to work on a full disk most of all; the time of the move stands in for it.
      this.#log.warn('when a recording was deleted could not be written', {
        id,
        reason: reasonOf(error),
      });
    }
  }

  #marked(id: RecordingId): number | undefined {
    try {
      const text = this.folder.read(id, 'deleted', MAX_MARKER_BYTES)?.toString('utf8');
      const data: unknown = text === undefined ? undefined : JSON.parse(text);
      if (typeof data !== 'object' || data === null || !('deleted_unix_ms' in data))
        return undefined;
      const at = data.deleted_unix_ms;
      return typeof at === 'number' && Number.isSafeInteger(at) && at >= 0 ? at : undefined;
    } catch {
      // Cut off or foreign: as if it were not there.
      return undefined;
    }
  }

  #movedMs(id: RecordingId): number {
    const part = this.#parts(id)[0];
    return Math.trunc(part === undefined ? 0 : (this.folder.stat(id, part)?.ctimeMs ?? 0));
  }

  #parts(id: RecordingId): Part[] {
    return ownParts(this.folder, id);
  }

  #idsOf(wanted: (part: Part) => boolean): RecordingId[] {
    const ids = this.folder
      .entries()
      .flatMap(({ owner, regular }) => (regular && owner && wanted(owner.part) ? [owner.id] : []));
    return [...new Set(ids)];
  }
}

/** The parts that are a recording's own, JSON last. */
function ownParts(folder: Folder, id: RecordingId): Part[] {
  return folder.parts(id).filter((part) => part !== 'deleted');
}

/** No recording was deleted in 1970. */
const GONE = 0;
const MAX_MARKER_BYTES = 1024;
