// A folder of captures in which runs of a host come and go, with processes that a test decides on.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disk, realDisk } from '../../host/src/recordings/disk.ts';
import { LastRuns } from '../../host/src/recordings/last-run.ts';
import type { Processes } from '../../host/src/recordings/processes.ts';
import { RunWriter } from '../../host/src/recordings/run-writer.ts';

export const UNIX_MS = 1_782_504_843_000;

export interface RunOptions {
  readonly pid?: number;
  readonly startTicks?: string;
  readonly bootId?: string;
  readonly disk?: Disk;
  readonly startedUnixMs?: number;
}

export class RunFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pf-runs-'));
  readonly lines: { readonly message: string; readonly fields: unknown }[] = [];
  /** By what the virtual wall clock says. */
  unixMs = UNIX_MS;
  #nonces = 0;

  readonly log = {
    debug: (message: string, fields: unknown = {}) => this.#line(message, fields),
    info: (message: string, fields: unknown = {}) => this.#line(message, fields),
    warn: (message: string, fields: unknown = {}) => this.#line(message, fields),
    error: (message: string, fields: unknown = {}) => this.#line(message, fields),
  };

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** The file of a run of this process. */
  pathOf(pid: number): string {
    return join(this.path, `.black-box.${pid}`);
  }

  writer(options: RunOptions = {}): RunWriter {
    const { pid = 100, startTicks = '5000', bootId = 'boot-a', disk = realDisk } = options;
    this.#nonces += 1;
    return new RunWriter({
      path: this.pathOf(pid),
      header: {
        ...{ pid, start_ticks: startTicks, boot_id: bootId, version: '1.2.3' },
        started_unix_ms: options.startedUnixMs ?? this.unixMs,
        nonce: this.#nonces,
      },
      ...{ disk, log: this.log, nowUnixMs: () => this.unixMs },
    });
  }

  /** What the next start finds. */
  lastRuns(processes: Processes = processesOf({ self: 200 }), disk = realDisk): LastRuns {
    return new LastRuns({ folder: this.path, ...{ disk, processes, log: this.log } });
  }

  /** The real disk, which takes no byte while `fails` says so. */
  failing(fails: () => boolean): Disk {
    return {
      ...realDisk,
      write(file, bytes, at) {
        if (fails()) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        realDisk.write(file, bytes, at);
      },
    };
  }

  #line(message: string, fields: unknown): void {
    this.lines.push({ message, fields });
  }
}

/** Who lives now, by number and start. */
export function processesOf(options: {
  readonly self: number;
  readonly bootId?: string;
  readonly living?: Readonly<Record<number, string>>;
}): Processes {
  const { self, bootId = 'boot-a', living = {} } = options;
  return {
    self: { pid: self, startTicks: '9999', bootId },
    find(pid) {
      const startTicks = living[pid];
      return startTicks === undefined ? undefined : { pid, startTicks, bootId };
    },
  };
}
