// Where the engine writes what really happened in a script that was posted: a file without a name, gone with the process
// whatever happens to it. docs/test-scripts.md says what is in it.
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, reasonOf } from '../errors.ts';

export class TruthFile implements Disposable {
  readonly fd: number;
  #open = true;

  /** Throws AppError 500 `truth_unwritable`. */
  constructor(folder: string = tmpdir()) {
    const path = join(folder, `punktfunk-truth-${process.pid}-${crypto.randomUUID()}`);
    try {
      // Appending: several sessions write to it.
      this.fd = openSync(path, 'ax', 0o600);
      unlinkSync(path);
    } catch (error) {
      throw new AppError(
        500,
        'truth_unwritable',
        `The truth cannot be written to ${folder}: ${reasonOf(error)}.`,
      );
    }
  }

  /** Opens the whole of it anew, from its beginning. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.fd);
    this.#open = false;
  }
}
