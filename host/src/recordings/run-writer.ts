// Writes the black box to `.black-box.<pid>` each second while sessions live: so much of it is there when this process is
// killed. Plain writes into the page cache: no mmap, which a full disk would turn into a signal, and no fsync, which no
// disk of a laptop shall spin up for. While nobody streams nothing is written, so `last_seen` may be older than the end.
import { dirname } from 'node:path';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BlackBoxMark, BlackBoxRing } from './black-box.ts';
import type { Disk } from './disk.ts';
import {
  BLOCKS_AT,
  BLOCKS_BYTES,
  encodeBlock,
  encodeHeader,
  headerOffset,
  type RunHeader,
} from './run-file.ts';

export interface RunWriterOptions {
  readonly path: string;
  readonly header: Omit<RunHeader, 'last_seen_unix_ms'>;
  readonly disk: Disk;
  readonly nowUnixMs: () => number;
  readonly log: Log;
}

interface OpenFile {
  readonly handle: number;
  /** Another one under its name: somebody deleted it. */
  readonly identity: string | undefined;
}

export class RunWriter {
  readonly #with: RunWriterOptions;
  #file: OpenFile | undefined;
  #mark: BlackBoxMark = { records: 0, small: 0 };
  #nextNs = 0n;
  /** Where in the circle the next block goes. */
  #at = 0;
  #blocks = 0;
  #headers = 0;
  #bytesWritten = 0;
  #fault: string | undefined;
  #closed = false;

  /** Makes the file; one that cannot be made is told, and tried again with the first session. */
  constructor(options: RunWriterOptions) {
    this.#with = options;
    this.#safely(() => this.#writeHeader(this.#opened()));
  }

  /** Bytes that were written in this run. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Why the last write failed; undefined while writing goes well. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Writes what is new when a second has passed. */
  tick(ring: BlackBoxRing, nowNs: bigint): void {
    if (this.#closed || nowNs < this.#nextNs) return;
    if (!ring.wanted && !this.isBehind(ring)) {
      if (this.#blocks > 0 && !ring.allocated) this.#safely(() => this.#empty());
      return;
    }
    this.#nextNs = nowNs + WRITE_EVERY_NS;
    this.#safely(() => this.#writeNews(ring, nowNs));
  }

  /** A clean end: the file goes, and nothing that comes later makes it again. */
  close(): void {
    this.#closed = true;
    this.#safely(() => {
      if (this.#file !== undefined) this.#with.disk.close(this.#file.handle);
      this.#file = undefined;
      this.#with.disk.remove(this.#with.path);
    });
  }

  /** Something is held that is not on the disk yet. */
  isBehind(ring: BlackBoxRing): boolean {
    const { records, small } = ring.mark();
    if (ring.bytes === 0) return false;
    return records !== this.#mark.records || small !== this.#mark.small;
  }

  #writeNews(ring: BlackBoxRing, nowNs: bigint): void {
    const file = this.#opened();
    const news = ring.news(this.#mark);
    if (news.inputs.length > 0) {
      const { known, inputs } = news;
      const unixMs = this.#with.nowUnixMs();
      const block = encodeBlock(
        { sequence: this.#blocks, atNs: nowNs, unixMs, known, inputs },
        this.#with.header.nonce,
      );
      if (this.#at + block.byteLength > BLOCKS_BYTES) this.#at = 0;
      this.#write(file, block, BLOCKS_AT + this.#at);
      this.#at += block.byteLength;
      this.#blocks += 1;
    }
    this.#mark = news.mark;
    this.#writeHeader(file);
  }

  /** What is no longer in memory shall not lie on the disk either. */
  #empty(): void {
    const file = this.#opened();
    this.#with.disk.truncate(file.handle, BLOCKS_AT);
    this.#at = 0;
    this.#blocks = 0;
    this.#writeHeader(file);
  }

  #writeHeader(file: OpenFile): void {
    const header = { ...this.#with.header, last_seen_unix_ms: this.#with.nowUnixMs() };
    this.#write(file, encodeHeader(header, this.#headers), headerOffset(this.#headers));
    this.#headers += 1;
  }

  #write(file: OpenFile, bytes: Uint8Array, at: number): void {
    this.#with.disk.write(file.handle, bytes, at);
    this.#bytesWritten += bytes.byteLength;
  }

  /** The file; made anew when somebody deleted it, and then it begins with all that the black box holds. */
  #opened(): OpenFile {
    const { disk, path } = this.#with;
    if (this.#file !== undefined && disk.identity(path) === this.#file.identity) return this.#file;
    if (this.#file !== undefined) disk.close(this.#file.handle);
    this.#file = undefined;
    this.#mark = { records: 0, small: 0 };
    this.#at = 0;
    disk.makeFolder(dirname(path));
    // Never through a link that somebody put there: what is new is made new.
    disk.remove(path);
    const handle = disk.open(path);
    this.#file = { handle, identity: disk.identity(path) };
    return this.#file;
  }

  /** A disk that does not take it disturbs nobody: told once, and each second tries again. */
  #safely(work: () => void): void {
    try {
      work();
      this.#fault = undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (this.#fault === undefined) {
        this.#with.log.warn('the black box is not on the disk; it would not outlive this run', {
          reason,
        });
      }
      this.#fault = reason;
    }
  }
}

const WRITE_EVERY_NS = 1_000_000_000n;
