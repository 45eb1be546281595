// Where an export goes: a file that appears whole under its name or not at all, a device or pipe that is written into,
// or stdout.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { plain } from './output.ts';

export type Piece = string | Uint8Array;

export interface Output {
  /** As it was named, or what lies in the folder that was. */
  readonly shown: string;
  /** What is there now: nothing, a file to write over, or something that only takes bytes. */
  readonly there: 'nothing' | 'file' | 'device';
}

/** What `named` is; a folder takes a file of the name `usual`. Throws AppError when a file is there and may not go. */
export function outputOf(named: string, usual: string, overwrite: boolean): Output {
  const shown = kindOf(named) === 'folder' ? join(named, usual) : named;
  const there = kindOf(shown);
  if (there === 'folder') {
    throw new AppError(409, 'file_exists', `${plain(shown)} is a folder.`);
  }
  if (there === 'file' && !overwrite) throw exists(shown);
  return { shown, there };
}

/** Answers how many bytes went there. Throws AppError, and then no file is left behind. */
export async function writeOutput(output: Output, pieces: AsyncIterable<Piece>): Promise<number> {
  try {
    return output.there === 'device'
      ? await writeInto(output.shown, pieces)
      : await writeWhole(output, pieces);
  } catch (error) {
    // A pipe that nobody reads any more is no trouble of ours.
    if (error instanceof AppError || [undefined, 'EPIPE'].includes(systemCode(error))) throw error;
    throw unwritable(output.shown, error);
  }
}

export function unwritable(path: string, error: unknown): AppError {
  return new AppError(500, 'unwritable', `${plain(path)} cannot be written: ${reasonOf(error)}.`);
}

export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Beside its place first, then there. */
async function writeWhole({ shown, there }: Output, pieces: AsyncIterable<Piece>): Promise<number> {
  // What a link points at is written over, and not the link.
  const target = there === 'file' ? realpathSync(shown) : shown;
  const partial = `${target}.partial-${process.pid}`;
  let file: number | undefined;
  using _ = removedAtSignal(partial);
  try {
    // Not before there is something to write: an unknown id makes no file.
    for await (const piece of pieces) {
      file ??= openSync(partial, 'wx', 0o644);
      writeAll(file, bytesOf(piece));
    }
    file ??= openSync(partial, 'wx', 0o644);
    fsyncSync(file);
    const bytes = fstatSync(file).size;
    // It may have come while this one was made.
    if (there === 'nothing' && existsSync(target)) throw exists(shown);
    renameSync(partial, target);
    return bytes;
  } catch (error) {
    if (file !== undefined) rmSync(partial, { force: true });
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A terminal, a named pipe, /dev/null: put aside by no rename. */
async function writeInto(path: string, pieces: AsyncIterable<Piece>): Promise<number> {
  const file = openSync(path, 'w');
  try {
    let written = 0;
    for await (const piece of pieces) {
      const bytes = bytesOf(piece);
      writeAll(file, bytes);
      written += bytes.length;
    }
    return written;
  } finally {
    closeSync(file);
  }
}

/** Half a file is not left behind by Ctrl-C either; the signal then does what it does. */
function removedAtSignal(partial: string): Disposable {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const remove = (signal: NodeJS.Signals): void => {
    rmSync(partial, { force: true });
    release();
    process.kill(process.pid, signal);
  };
  const release = (): void => {
    for (const signal of signals) process.off(signal, remove);
  };
  for (const signal of signals) process.once(signal, remove);
  return { [Symbol.dispose]: release };
}

function kindOf(path: string): Output['there'] | 'folder' {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'nothing';
  if (found.isDirectory()) return 'folder';
  return found.isFile() ? 'file' : 'device';
}

function exists(path: string): AppError {
  return new AppError(
    409,
    'file_exists',
    `${plain(path)} is there already; --force writes over it.`,
  );
}

function bytesOf(piece: Piece): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece) : piece;
}
