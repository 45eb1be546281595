// How the run before this one ended. A run that says goodbye takes its `.black-box.<pid>` along; what lies there of a
// process that is no more is put aside as `.black-box.last` and offered until somebody saves or dismisses it.
// Nothing here ends a start: what cannot be read is told and removed.
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { LastRun } from '../../../contract/stats.ts';
import type { CaptureInput } from '../../../recording/src/inputs.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { BLACK_BOX_LIMITS, BlackBoxRing } from './black-box.ts';
import type { Disk } from './disk.ts';
import type { Processes } from './processes.ts';
import { BLOCKS_AT, BLOCKS_BYTES, decodeBlocks, decodeHeader, type RunHeader } from './run-file.ts';

export interface LastRunOptions {
  /** captures/ */
  readonly folder: string;
  readonly disk: Disk;
  readonly processes: Processes;
  /** Stands in the file that this run began already, if it did. */
  readonly ownNonce?: number;
  readonly log: Log;
}

/** What a run left, ready to be made a recording of. */
export interface LeftInputs {
  readonly inputs: readonly CaptureInput[];
  /** When its oldest frame was grabbed. */
  readonly beginsNs: bigint;
  /** The last that was written, by both clocks. */
  readonly endsNs: bigint;
  readonly endsUnixMs: number;
  readonly version: string;
}

export class LastRuns {
  readonly #with: LastRunOptions;
  readonly #path: string;
  #header: RunHeader | undefined;
  /** Read when somebody asks: it is some megabytes. */
  #left: LeftInputs | 'unread' | undefined;
  #savedId: string | undefined;

  /** Puts aside what lies there; reads no more of it than its head. */
  constructor(options: LastRunOptions) {
    this.#with = options;
    this.#path = join(options.folder, LAST_NAME);
    try {
      this.#putAside();
      this.#header = this.#headerOf(this.#path);
      if (this.#header !== undefined) this.#left = 'unread';
    } catch (error) {
      options.log.warn('the last run’s black box cannot be read', { reason: reasonOf(error) });
    }
  }

  /** Undefined when the last run ended well, or its end was dismissed. */
  status(): LastRun | undefined {
    const header = this.#header;
    if (header === undefined) return undefined;
    const left = this.left();
    const seconds = left === undefined ? 0 : Number(left.endsNs - left.beginsNs) / 1e9;
    return {
      started_unix_ms: header.started_unix_ms,
      last_seen_unix_ms: header.last_seen_unix_ms,
      version: header.version,
      seconds: Math.max(0, seconds),
      recovered_ids: [],
      ...(this.#savedId === undefined ? {} : { saved_id: this.#savedId }),
    };
  }

  /** What its black box held; undefined when that was nothing. */
  left(): LeftInputs | undefined {
    if (this.#left !== 'unread') return this.#left;
    this.#left = undefined;
    try {
      if (this.#header !== undefined) this.#left = this.#read(this.#header);
    } catch (error) {
      this.#with.log.warn('the last run’s black box cannot be read', { reason: reasonOf(error) });
    }
    return this.#left;
  }

  /** A recording was made of it: it need not lie there any more. */
  saved(id: string): void {
    this.#savedId = id;
    this.#left = undefined;
    this.#remove(this.#path);
  }

  /** It is not spoken of any more. */
  dismiss(): void {
    this.#header = undefined;
    this.#left = undefined;
    this.#remove(this.#path);
  }

  /** The newest of what ended badly; one that holds frames before one that holds none. */
  #putAside(): void {
    const { disk, folder } = this.#with;
    const left = disk.list(folder).flatMap((name) => {
      const pid = /^\.black-box\.([1-9]\d{0,9})$/.exec(name)?.[1];
      const found = pid === undefined ? undefined : this.#leftAt(join(folder, name), Number(pid));
      return found ?? [];
    });
    if (left.length === 0) return;
    const before = this.#headerOf(this.#path);
    if (before !== undefined) left.push({ path: this.#path, header: before });
    const best = left.reduce((a, b) => (this.#isBetter(b, a) ? b : a));
    for (const { path } of left) if (path !== best.path && path !== this.#path) this.#remove(path);
    if (best.path !== this.#path) disk.rename(best.path, this.#path);
  }

  #isBetter(a: Left, b: Left): boolean {
    const [aHolds, bHolds] = [this.#holdsBlocks(a.path), this.#holdsBlocks(b.path)];
    if (aHolds !== bHolds) return aHolds;
    return a.header.last_seen_unix_ms > b.header.last_seen_unix_ms;
  }

  /** A file of a run that is over; undefined when it is another's, and what nobody can read is removed. */
  #leftAt(path: string, pid: number): Left | undefined {
    const { processes, ownNonce, log } = this.#with;
    // A folder, a link or a pipe under that name is not ours to touch.
    if (!isFile(path)) return undefined;
    const header = this.#headerOf(path);
    if (header?.pid === processes.self.pid && header.nonce === ownNonce) return undefined;
    if (header !== undefined) return isOver(header, processes) ? { path, header } : undefined;
    const living = pid !== processes.self.pid && processes.find(pid) !== undefined;
    if (living) return undefined;
    log.warn('a black box of an earlier run cannot be read and is removed', { path });
    this.#remove(path);
    return undefined;
  }

  #headerOf(path: string): RunHeader | undefined {
    if (!isFile(path)) return undefined;
    try {
      return this.#reading(path, (file) => decodeHeader(this.#bytes(file, 0, BLOCKS_AT)));
    } catch {
      return undefined;
    }
  }

  #holdsBlocks(path: string): boolean {
    return this.#reading(path, (file) => this.#with.disk.size(file) > BLOCKS_AT);
  }

  #read(header: RunHeader): LeftInputs | undefined {
    const bytes = this.#reading(this.#path, (file) => this.#bytes(file, BLOCKS_AT, BLOCKS_BYTES));
    const blocks = decodeBlocks(bytes, header.nonce);
    const last = blocks.at(-1);
    if (last === undefined) return undefined;
    const ring = new BlackBoxRing();
    let next: number | undefined;
    for (const { sequence, atNs, known, inputs } of blocks) {
      if (atNs < last.atNs - BLACK_BOX_LIMITS.ns) continue;
      // After a gap, what the lost block said of sessions is said again.
      if (sequence !== next) for (const input of known) ring.take(input);
      for (const input of inputs) ring.take(input);
      next = sequence + 1;
    }
    ring.tick(last.atNs);
    const { beginsNs } = ring;
    if (beginsNs === undefined) return undefined;
    const ends = { endsNs: last.atNs, endsUnixMs: last.unixMs };
    return { inputs: ring.inputs(beginsNs), beginsNs, ...ends, version: header.version };
  }

  #reading<T>(path: string, work: (file: number) => T): T {
    const { disk } = this.#with;
    const file = disk.open(path);
    try {
      return work(file);
    } finally {
      disk.close(file);
    }
  }

  /** At most `length` bytes from `at` on: a file that is longer is not read to its end. */
  #bytes(file: number, at: number, length: number): Uint8Array {
    const there = Math.max(0, Math.min(length, this.#with.disk.size(file) - at));
    const bytes = new Uint8Array(there);
    if (there > 0) this.#with.disk.read(file, bytes, at);
    return bytes;
  }

  #remove(path: string): void {
    try {
      this.#with.disk.remove(path);
    } catch (error) {
      this.#with.log.warn('a black box of an earlier run cannot be removed', {
        path,
        reason: reasonOf(error),
      });
    }
  }
}

interface Left {
  readonly path: string;
  readonly header: RunHeader;
}

/** Whether the process that wrote it is no more. What cannot be known counts as living: its file is left alone. */
export function isOver(header: RunHeader, { self, find }: Processes): boolean {
  // Ours has not begun: it is from a process that had our number, as in every container.
  if (header.pid === self.pid) return true;
  if (header.boot_id !== undefined && self.bootId !== undefined && header.boot_id !== self.bootId) {
    return true;
  }
  const now = find(header.pid);
  if (now === undefined) return true;
  const known = header.start_ticks !== undefined && now.startTicks !== undefined;
  return known && header.start_ticks !== now.startTicks;
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export const LAST_NAME = '.black-box.last';
