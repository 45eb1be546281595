// The sign that a run is alive, before its recorder has begun: `.black-box.<pid>` with a header and no block, written when
// the host serves. run-writer.ts takes its place; a clean end takes it away; of a killed run the next start finds it.
// Never waited for by a stream: the calls are asynchronous, because the disk may hang.
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Processes, processStartedUnixMs } from './processes.ts';
import { encodeHeader, HEADER_BYTES, headerOffset, type RunHeader } from './run-file.ts';

/** How this process stands in its file. */
export type RunIdentity = Omit<RunHeader, 'last_seen_unix_ms'>;

export function runIdentity(
  { self: { pid, startTicks, bootId } }: Pick<Processes, 'self'>,
  version: string,
  nowUnixMs: number,
  nonce: number,
): RunIdentity {
  return {
    pid,
    ...(startTicks === undefined ? {} : { start_ticks: startTicks }),
    ...(bootId === undefined ? {} : { boot_id: bootId }),
    version,
    // Of the host: the thread of its recorder may begin hours later.
    started_unix_ms: processStartedUnixMs(nowUnixMs) ?? nowUnixMs,
    nonce,
  };
}

export function runFileName(pid: number): string {
  return `.black-box.${pid}`;
}

export class RunMark {
  readonly #folder: string;
  readonly #identity: RunIdentity;
  #written = false;

  /** `folder`: captures/ */
  constructor(folder: string, identity: RunIdentity) {
    this.#folder = folder;
    this.#identity = identity;
  }

  /** Under its name at once and whole, unless `isWanted` says no by then. Throws system errors. */
  async write(nowUnixMs: number, isWanted: () => boolean): Promise<void> {
    const path = join(this.#folder, runFileName(this.#identity.pid));
    // A name that every start clears away when its process is dead.
    const temporary = `${path}.${this.#identity.pid}.tmp`;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', 0o600);
    try {
      const header = encodeHeader({ ...this.#identity, last_seen_unix_ms: nowUnixMs }, 0);
      const bytes = new Uint8Array(2 * HEADER_BYTES);
      bytes.set(header, headerOffset(0));
      await file.write(bytes, 0, bytes.byteLength, 0);
    } finally {
      await file.close();
    }
    if (isWanted()) {
      await rename(temporary, path);
      this.#written = true;
    } else await rm(temporary, { force: true });
  }

  /** A clean end. Throws system errors. */
  async remove(): Promise<void> {
    if (!this.#written) return;
    await rm(join(this.#folder, runFileName(this.#identity.pid)), { force: true });
  }
}
