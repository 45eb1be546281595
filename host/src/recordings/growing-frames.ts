// The frames file of a recording while it grows: groups are appended, the footer comes at the end. Every step may be
// repeated after a fault. Keeps its file open, so that what was written can be read even when somebody removed its folder.
import { dirname } from 'node:path';
import { encodeFooter, FILE_HEAD, type SavedGroup } from '../../../recording/src/frames-writer.ts';
import type { Disk } from './disk.ts';

export class GrowingFrames {
  readonly #disk: Disk;
  #path: string;
  #file: number | undefined;
  #identity: string | undefined;
  #end: number;

  /** `end`: how long it is by now, when it is there already. */
  constructor(disk: Disk, path: string, end = 0) {
    this.#disk = disk;
    this.#path = path;
    this.#end = end;
  }

  get path(): string {
    return this.#path;
  }

  /** Writes a group where its offset says, and waits until it is on the disk. */
  append(bytes: Uint8Array, group: SavedGroup): void {
    const file = this.#ready();
    const isNew = this.#end < FILE_HEAD.length;
    if (isNew) this.#disk.write(file, FILE_HEAD, 0);
    this.#disk.write(file, bytes, group.offset);
    this.#disk.sync(file);
    // Its name has to survive a power cut as well.
    if (isNew) this.#disk.syncFolder(dirname(this.path));
    this.#end = group.offset + bytes.byteLength;
  }

  /** Puts the file back to its place when somebody took it away. */
  keep(): void {
    if (this.#file !== undefined) this.#ready();
  }

  /** Ends the file; from now on anybody can read it. */
  complete(
    groups: readonly SavedGroup[],
    about: { readonly recordingId: string; readonly startedUnixMs: number },
  ): void {
    const file = this.#ready();
    const end = endOf(groups);
    const footer = encodeFooter(groups, about, end);
    this.#disk.write(file, footer, end);
    this.#disk.truncate(file, end + footer.byteLength);
    this.#disk.sync(file);
    this.#end = end + footer.byteLength;
  }

  /** Gives it its name. */
  move(path: string): void {
    if (this.#path === path) return;
    this.#disk.rename(this.#path, path);
    this.#path = path;
  }

  close(): void {
    if (this.#file !== undefined) this.#disk.close(this.#file);
    this.#file = undefined;
  }

  /** The open file, at its path. */
  #ready(): number {
    const disk = this.#disk;
    if (this.#file === undefined) {
      this.#file = disk.open(this.#path);
      this.#identity = disk.identity(this.#path);
      return this.#file;
    }
    if (disk.identity(this.#path) === this.#identity) return this.#file;
    disk.remove(this.#path);
    const copy = disk.open(this.#path);
    try {
      const identity = disk.identity(this.#path);
      copyFile(disk, this.#file, copy, this.#end);
      disk.sync(copy);
      disk.syncFolder(dirname(this.path));
      disk.close(this.#file);
      this.#file = copy;
      this.#identity = identity;
      return copy;
    } catch (error) {
      disk.close(copy);
      throw error;
    }
  }
}

/** Where the next group lies, or the footer. */
export function endOf(groups: readonly SavedGroup[]): number {
  const last = groups.at(-1);
  return last === undefined ? FILE_HEAD.length : last.offset + last.bytes;
}

function copyFile(disk: Disk, from: number, to: number, length: number): void {
  const piece = new Uint8Array(COPY_BYTES);
  for (let at = 0; at < length; at += COPY_BYTES) {
    const part = piece.subarray(0, Math.min(COPY_BYTES, length - at));
    disk.read(from, part, at);
    disk.write(to, part, at);
  }
}

const COPY_BYTES = 1024 * 1024;
