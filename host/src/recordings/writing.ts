// Keeps a running capture on the disk: what comes goes to the journal within half a second, frames go to their file once
// a minute, and a stop makes a recording of both. A disk that refuses stops nothing: everything waits in memory within
// a bound, is tried again, and what had to be shed is counted.
import { dirname } from 'node:path';
import type { CaptureMeta } from '../../../contract/stats.ts';
import type { CaptureStart } from '../../../recording/src/capture.ts';
import { FrameBatch } from '../../../recording/src/frames.ts';
import { encodeGroup, type SavedGroup } from '../../../recording/src/frames-writer.ts';
import { encodeInput, type SmallInput } from '../../../recording/src/inputs.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Disk } from './disk.ts';
import { endOf, GrowingFrames } from './growing-frames.ts';
import { Journal, type JournalEntry, removeJournal } from './journal.ts';
import { framesPath, isFull, journalPath, type RecordingFiles, saveFailed } from './saving.ts';

export interface WriterOptions {
  readonly start: CaptureStart;
  readonly disk: Disk;
  /** captures/; undefined: there is nowhere to write. */
  readonly folder: string | undefined;
  readonly files: RecordingFiles;
  readonly log: Log;
  /** For how long writes took: ms, monotonic. */
  readonly clockMs: () => number;
  /** Bytes that may wait in memory. */
  readonly memoryBytes?: number;
}

export interface WriterFigures {
  readonly bytes_written: number;
  readonly write_ms: number;
  readonly write_max_ms: number;
  readonly shed_frames: number;
}

/** A group that is encoded and not yet in the file. */
interface WaitingGroup {
  readonly bytes: Uint8Array;
  readonly saved: SavedGroup;
  readonly toSeq: number;
}

export class CaptureWriter {
  readonly #options: WriterOptions;
  readonly #memoryBytes: number;
  #seq = 0;
  /** Not in the journal yet. */
  #queue: JournalEntry[] = [];
  #queueBytes = 0;
  /** Records came that the journal never got: their frames go to the file as soon as it can be written. */
  #behind = false;
  /** Rows of the open minute. */
  #open: FrameBatch[] = [];
  #openRows = 0;
  #openSinceNs: bigint | undefined;
  #waiting: WaitingGroup[] = [];
  #waitingBytes = 0;
  /** In the file. */
  readonly #groups: SavedGroup[] = [];
  #frames: GrowingFrames | undefined;
  #journal: { readonly journal: Journal; readonly identity: string | undefined } | undefined;
  #triedJournal = false;
  #nextCommitNs = 0n;
  #nextSeenNs = 0n;
  #fault: string | undefined;
  #rows = 0;
  #bytesWritten = 0;
  #writeMs = 0;
  #writeMaxMs = 0;
  #shedFrames = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#memoryBytes = options.memoryBytes ?? MEMORY_BYTES;
  }

  /** Why nothing can be written now; undefined when the last try went well. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Frames that the recording has. */
  get rows(): number {
    return this.#rows;
  }

  get figures(): WriterFigures {
    return {
      bytes_written: this.#bytesWritten,
      write_ms: round(this.#writeMs),
      write_max_ms: round(this.#writeMaxMs),
      shed_frames: this.#shedFrames,
    };
  }

  /** Takes what the capture took, in the same order. */
  input(input: SmallInput): void {
    this.#seq += 1;
    const text = encodeInput(input);
    // Only a crash would need it: what is recorded goes on.
    if (this.#queueBytes + text.length > QUEUE_BYTES) return;
    this.#queue.push({ kind: 'input', seq: this.#seq, text });
    this.#queueBytes += text.length + ENTRY_BYTES;
  }

  /** The same for records; they are copied. */
  records(bytes: Uint8Array, nowNs: bigint): void {
    this.#seq += 1;
    if (this.#fault !== undefined) {
      this.#behind = true;
      return;
    }
    this.#queue.push({
      kind: 'records',
      seq: this.#seq,
      atNs: this.#sinceArmed(nowNs),
      bytes: bytes.slice(),
    });
    this.#queueBytes += bytes.byteLength + ENTRY_BYTES;
  }

  /** Rows that entered the recording. */
  frames(batch: FrameBatch, nowNs: bigint): void {
    if (this.#held + batch.length * ROW_BYTES > this.#memoryBytes) {
      this.#shedFrames += batch.length;
      return;
    }
    this.#open.push(batch);
    this.#openRows += batch.length;
    this.#rows += batch.length;
    this.#openSinceNs ??= nowNs;
    if (this.#openRows >= GROUP_ROWS) this.#closeMinute();
  }

  /** Once a poll. Never throws: a fault is told by `fault` and in the log. */
  commit(nowNs: bigint): void {
    if (nowNs < this.#nextCommitNs) return;
    const since = this.#openSinceNs;
    if (since !== undefined && nowNs - since >= MINUTE_NS) this.#closeMinute();
    const something = this.#queue.length > 0 || this.#waiting.length > 0 || this.#behind;
    if (!something && nowNs < this.#nextSeenNs) return;
    this.#nextCommitNs = nowNs + COMMIT_NS;
    this.#nextSeenNs = nowNs + SEEN_NS;
    try {
      this.#write(nowNs);
      if (this.#fault !== undefined) {
        this.#options.log.info('recordings can be written again', { shed: this.#shedFrames });
      }
      this.#fault = undefined;
    } catch (error) {
      this.#onFault(error);
    }
  }

  /** Makes a recording of it. Throws AppError `save_failed`; then it may be tried again. */
  finish(meta: CaptureMeta, text: string, nowNs: bigint): void {
    if (this.#openRows > 0) this.#closeMinute();
    try {
      this.#write(nowNs);
    } catch (error) {
      // A journal that refuses loses nothing now: groups and text are written without it.
      this.#onFault(error);
    }
    const { files, folder, start } = this.#options;
    try {
      this.#timed(() => {
        const [frames, groups] = [this.#growing(), this.#allWritten()];
        files.saveGrown({ meta, text, frames, groups, name: start.name });
      });
    } catch (error) {
      throw error instanceof AppError ? error : saveFailed(folder, error);
    }
    this.#bytesWritten += text.length;
    this.#forget();
  }

  get #held(): number {
    return this.#queueBytes + this.#waitingBytes + this.#openRows * ROW_BYTES;
  }

  /** Encodes the open minute; from now on it is small. */
  #closeMinute(): void {
    const batch = FrameBatch.concat(this.#open);
    this.#open = [];
    this.#openRows = 0;
    this.#openSinceNs = undefined;
    try {
      const last = this.#waiting.at(-1)?.saved;
      const at = last === undefined ? endOf(this.#groups) : last.offset + last.bytes;
      const { bytes, group } = encodeGroup(batch, at);
      this.#waiting.push({ bytes, saved: group, toSeq: this.#seq });
      this.#waitingBytes += bytes.byteLength;
    } catch (error) {
      // A fault of ours; the windows are there, and the next minute may be better.
      this.#shedFrames += batch.length;
      this.#rows -= batch.length;
      this.#options.log.error('a minute of frames could not be encoded', {
        frames: batch.length,
        reason: reasonOf(error),
      });
    }
  }

  #write(nowNs: bigint): void {
    const journal = this.#timed(() => {
      const there = this.#writtenJournal();
      this.#frames?.keep();
      return there;
    });
    const seenNs = this.#sinceArmed(nowNs);
    this.#timed(() => journal.commit(this.#queue, seenNs));
    this.#bytesWritten += this.#queueBytes;
    this.#queue = [];
    this.#queueBytes = 0;
    if (this.#behind && this.#openRows > 0) this.#closeMinute();
    this.#writeGroups(({ saved, toSeq }) => journal.commit([], seenNs, { saved, toSeq }));
    this.#behind = false;
  }

  /** Appends what waits, oldest first. `then`: what makes the group count after a crash. */
  #writeGroups(then: (group: WaitingGroup) => void): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const group = next;
      this.#timed(() => {
        this.#growing()?.append(group.bytes, group.saved);
        then(group);
      });
      this.#waiting.shift();
      this.#waitingBytes -= group.bytes.byteLength;
      this.#bytesWritten += group.bytes.byteLength;
      this.#groups.push(group.saved);
    }
  }

  #allWritten(): readonly SavedGroup[] {
    this.#writeGroups(() => undefined);
    return this.#groups;
  }

  #growing(): GrowingFrames | undefined {
    const { folder, disk, start } = this.#options;
    if (folder === undefined) return undefined;
    this.#frames ??= new GrowingFrames(disk, framesPath(folder, start.stem));
    return this.#frames;
  }

  /** The journal at its path; made when there is none, put there again when somebody took it away. */
  #writtenJournal(): Journal {
    const { folder, disk, start } = this.#options;
    if (folder === undefined) {
      throw new Error('there is no config directory; set PUNKTFUNK_CONFIG_DIR');
    }
    const path = journalPath(folder, start.stem);
    const open = this.#journal;
    if (open !== undefined && disk.identity(path) === open.identity) return open.journal;
    disk.makeFolder(folder);
    const journal =
      open === undefined ? this.#newJournal(path) : movedBack(disk, open.journal, path);
    this.#journal = { journal, identity: disk.identity(path) };
    return journal;
  }

  #newJournal(path: string): Journal {
    const { disk, start } = this.#options;
    // What a try before this one could not even take away again. Never somebody else's.
    if (this.#triedJournal) removeJournal(disk, path);
    try {
      return Journal.create(disk, path, start, process.pid);
    } catch (error) {
      this.#triedJournal ||= systemCode(error) !== 'EEXIST';
      throw error;
    }
  }

  /** The recording is there: what led to it goes. */
  #forget(): void {
    this.#frames?.close();
    const { folder, disk, start, log } = this.#options;
    try {
      this.#journal?.journal.close();
      if (folder === undefined) return;
      removeJournal(disk, journalPath(folder, start.stem));
      // There still when not one frame came.
      disk.remove(framesPath(folder, start.stem));
    } catch (error) {
      // The next start finds the recording complete and takes the journal away.
      log.warn('a journal could not be removed', { reason: reasonOf(error) });
    }
  }

  #onFault(error: unknown): void {
    const reason = reasonOf(error);
    if (this.#fault === undefined) {
      this.#options.log.error('recordings cannot be written; recording goes on in memory', {
        reason,
      });
    }
    this.#fault = isFull(error)
      ? `The disk is full (${reason}).`
      : `Nothing can be written now: ${reason}.`;
    const records = this.#queue.filter(({ kind }) => kind === 'records');
    if (records.length === 0) return;
    this.#behind = true;
    this.#queue = this.#queue.filter(({ kind }) => kind === 'input');
    this.#queueBytes = this.#queue.reduce(
      (sum, entry) => sum + ENTRY_BYTES + (entry.kind === 'input' ? entry.text.length : 0),
      0,
    );
  }

  #timed<T>(work: () => T): T {
    const { clockMs } = this.#options;
    const before = clockMs();
    try {
      return work();
    } finally {
      const ms = clockMs() - before;
      this.#writeMs += ms;
      this.#writeMaxMs = Math.max(this.#writeMaxMs, ms);
    }
  }

  #sinceArmed(nowNs: bigint): number {
    return Number(nowNs - this.#options.start.armedNs);
  }
}

/** A journal whose file was removed under it: all that it holds, at its path again. */
function movedBack(disk: Disk, journal: Journal, path: string): Journal {
  const copy = `${path}.new`;
  disk.remove(copy);
  removeJournal(disk, path);
  journal.copyTo(copy);
  const file = disk.open(copy);
  try {
    disk.sync(file);
  } finally {
    disk.close(file);
  }
  disk.rename(copy, path);
  disk.syncFolder(dirname(path));
  const moved = Journal.open(disk, path);
  journal.close();
  return moved;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

const COMMIT_NS = 500_000_000n;
/** A capture without frames says so often that it is still there: what a crash makes of it has its length. */
const SEEN_NS = 10_000_000_000n;
const MINUTE_NS = 60_000_000_000n;
/** Four sessions of 240 frames a second fill a minute; more are closed earlier, for encoding must stay below a second. */
const GROUP_ROWS = 60_000;
/** Of a FrameBatch. */
const ROW_BYTES = 84;
const ENTRY_BYTES = 64;
/** Small inputs for the journal while it cannot be written: half an hour of a client that reports 10 times a second. */
const QUEUE_BYTES = 4 * 1024 * 1024;
const MEMORY_BYTES = 32 * 1024 * 1024;
