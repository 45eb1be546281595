// How a recording comes into captures/: all of it is written before any of it has its name, and JSON gets its own last, so
// that it is there whole or not at all, also when the disk fills up on the way; and which names are free. Every step
// may be repeated, by a later stop or by the next start after a crash.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { CaptureMeta } from '../../../contract/stats.ts';
import type { SavedGroup } from '../../../recording/src/frames-writer.ts';
import {
  parseRecordingId,
  type RecordingId,
  recordingStem,
} from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Disk } from './disk.ts';
import type { GrowingFrames } from './growing-frames.ts';
import type { FinishedRecording, RecordingSaver } from './parts.ts';

/** A recording whose frames lie in a growing file. */
export interface GrownRecording {
  readonly meta: CaptureMeta;
  readonly text: string;
  /** Undefined when nothing could be written of them. */
  readonly frames: GrowingFrames | undefined;
  readonly groups: readonly SavedGroup[];
  /** What whoever armed it called it. */
  readonly name: string | undefined;
}

/** A file of a recording by its suffix. */
type Part = readonly [suffix: string, content: string | Uint8Array];

interface Grown {
  readonly frames: GrowingFrames;
  readonly groups: readonly SavedGroup[];
  readonly about: { readonly recordingId: string; readonly startedUnixMs: number };
}

export class RecordingFiles implements RecordingSaver {
  readonly #disk: Disk;
  readonly #folder: string | undefined;
  readonly #log: Log;
  readonly #onSaved: (id: RecordingId) => void;
  /** Given out by this process: a capture that cannot be written yet has no file that would say so. */
  readonly #stems = new Set<string>();
  #compressing: Promise<void> = Promise.resolve();

  /** `folder`: captures/; undefined: there is nowhere to save, and saving says so. `onSaved` hears of each. */
  constructor(
    disk: Disk,
    folder: string | undefined,
    log: Log,
    onSaved: (id: RecordingId) => void = () => undefined,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#log = log;
    this.#onSaved = onSaved;
  }

  freshStem(startedUnixMs: number): string {
    const names = this.#namesTaken();
    const stem = recordingStem(
      startedUnixMs,
      (stem) =>
        this.#stems.has(stem) ||
        names.some((name) => name.startsWith(`${stem}_`) || name.startsWith(`.${stem}.`)),
    );
    this.#stems.add(stem);
    return stem;
  }

  save({ meta, text, frames }: FinishedRecording): void {
    const beside: Part[] = frames === undefined ? [] : [[FRAMES_SUFFIX, frames]];
    this.#saving(idOf(meta), [...beside, [JSON_SUFFIX, text]]);
  }

  /** The same with frames that were written as they came. */
  saveGrown({ meta, text, frames, groups, name }: GrownRecording): void {
    const id = idOf(meta);
    const user: Part[] = name === undefined ? [] : [[USER_SUFFIX, `${JSON.stringify({ name })}\n`]];
    const about = { recordingId: id, startedUnixMs: meta.started_unix_ms };
    const grown =
      frames === undefined || groups.length === 0 ? undefined : { frames, groups, about };
    this.#saving(id, [...user, [JSON_SUFFIX, text]], grown);
  }

  /** Resolves when every compressed copy that was begun is there. */
  get compressed(): Promise<void> {
    return this.#compressing;
  }

  /** `parts`: JSON last. */
  #saving(id: RecordingId, parts: readonly Part[], grown?: Grown): void {
    const folder = this.#folder;
    const disk = this.#disk;
    const temporaries: string[] = [];
    try {
      if (folder === undefined) {
        throw new Error('there is no config directory; set PUNKTFUNK_CONFIG_DIR');
      }
      disk.makeFolder(folder);
      grown?.frames.complete(grown.groups, grown.about);
      for (const [suffix, content] of parts) {
        const temporary = join(folder, temporaryName(`${id}${suffix}`));
        // What a killed host with the same process id left behind, or a try before this one.
        disk.remove(temporary);
        temporaries.push(temporary);
        disk.writeFile(temporary, content);
      }
      grown?.frames.move(join(folder, `${id}${FRAMES_SUFFIX}`));
      for (const [i, [suffix]] of parts.entries()) {
        // What was named before is on the disk before JSON says that it is there.
        if (suffix === JSON_SUFFIX) disk.syncFolder(folder);
        disk.rename(temporaries[i] ?? '', join(folder, `${id}${suffix}`));
      }
      disk.syncFolder(folder);
    } catch (error) {
      for (const temporary of temporaries) removeQuietly(disk, temporary);
      throw saveFailed(folder, error);
    }
    this.#compressing = this.#compressing.then(() => this.#compress(folder, id));
    this.#onSaved(id);
  }

  /** For downloads. Only a shortcut: the recording itself is safe, and nobody waits for this. */
  async #compress(folder: string, id: RecordingId): Promise<void> {
    const name = `${id}${GZIP_SUFFIX}`;
    const temporary = join(folder, temporaryName(name));
    try {
      await pipeline(
        createReadStream(join(folder, `${id}${JSON_SUFFIX}`)),
        createGzip(),
        createWriteStream(temporary, { flags: 'w', mode: 0o600 }),
      );
      this.#disk.rename(temporary, join(folder, name));
      // Deleted while it was compressed: nothing of it stays.
      if (!this.#isThere(folder, id)) this.#disk.remove(join(folder, name));
    } catch (error) {
      removeQuietly(this.#disk, temporary);
      if (!this.#isThere(folder, id)) return;
      this.#log.warn('the compressed copy of a recording was not written', {
        id,
        reason: reasonOf(error),
      });
    }
  }

  #isThere(folder: string, id: RecordingId): boolean {
    return this.#disk.identity(join(folder, `${id}${JSON_SUFFIX}`)) !== undefined;
  }

  #namesTaken(): string[] {
    if (this.#folder === undefined) return [];
    return [this.#folder, join(this.#folder, TRASH)].flatMap((folder) => {
      try {
        return this.#disk.list(folder);
      } catch {
        // Who cannot be listed cannot be written to either, and that is told then.
        return [];
      }
    });
  }
}

/** What a save that failed tells, and what to do. */
export function saveFailed(folder: string | undefined, error: unknown): AppError {
  const full = isFull(error);
  return new AppError(
    full ? 507 : 500,
    'save_failed',
    `The capture could not be saved${folder === undefined ? '' : ` in ${folder}`}: ${reasonOf(error)}. ` +
      'It is kept in memory: mend the cause, then stop again to save it.',
    { cause: error },
  );
}

/** There is no room, or none for us. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(systemCode(error) ?? '');
}

function removeQuietly(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch {
    // The fault that led here is the one to tell.
  }
}

function idOf(meta: CaptureMeta): RecordingId {
  const id = parseRecordingId(meta.id);
  if (id === undefined) throw new RangeError(`not a recording id: ${meta.id}`);
  return id;
}

/** The store takes such names away at the next start when their process is dead. */
function temporaryName(name: string): string {
  return `.${name}.${process.pid}.tmp`;
}

/** Hidden while it grows: nobody takes it for a recording. */
export function framesPath(folder: string, stem: string): string {
  return join(folder, `.${stem}${GROWING_SUFFIX}`);
}

export function journalPath(folder: string, stem: string): string {
  return join(folder, `.${stem}${JOURNAL_SUFFIX}`);
}

const USER_SUFFIX = '.user.json';
export const JSON_SUFFIX = '.json';
export const GZIP_SUFFIX = '.json.gz';
export const FRAMES_SUFFIX = '.frames.parquet';
export const JOURNAL_SUFFIX = '.journal';
export const GROWING_SUFFIX = '.frames';
export const TRASH = '.trash';
