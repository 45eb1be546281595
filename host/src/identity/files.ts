// Small private files that are there whole or not at all: temporary name, fsync, rename, mode 0600.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCode } from '../errors.ts';

/** Pieces are written one after the other. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/** Replaces a file; whoever reads it sees the old or the new content, also after a power cut. */
export function replacePrivateFile(path: string, content: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  // What a killed host with the same process id left behind.
  rmSync(temporary, { force: true });
  try {
    writePrivateFile(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** Writes a new file and waits until it is on the disk. Throws EEXIST when it is there. */
export function writePrivateFile(path: string, content: FileContent): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    const pieces = typeof content === 'string' || ArrayBuffer.isView(content) ? [content] : content;
    for (const piece of pieces) writeFileSync(file, piece);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a rename itself survive a power cut. Not every file system can. */
export function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (systemCode(error) !== 'EINVAL') throw error;
  }
}
