// A disk that does as told: refuses chosen calls, or ends the world after some number of them.
import { type Disk, realDisk } from '../../host/src/recordings/disk.ts';

/** What a process sees of its end: nothing that it does from then on reaches the disk. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface FaultyDisk extends Disk {
  /** Calls that changed something. */
  readonly calls: readonly string[];
}

/** `before`: called with the name of each call that changes something; what it throws is the fault. */
export function faultyDisk(before: (call: keyof Disk, nth: number) => void): FaultyDisk {
  const calls: string[] = [];
  const guarded = <K extends keyof Disk>(name: K, work: Disk[K]): Disk[K] => {
    const call = (...args: unknown[]): unknown => {
      before(name, calls.length);
      calls.push(name);
      return Reflect.apply(work, undefined, args);
    };
    // The same arguments and the same answer.
    return call as Disk[K];
  };
  return {
    ...realDisk,
    calls,
    makeFolder: guarded('makeFolder', realDisk.makeFolder),
    open: guarded('open', realDisk.open),
    write: guarded('write', realDisk.write),
    truncate: guarded('truncate', realDisk.truncate),
    sync: guarded('sync', realDisk.sync),
    writeFile: guarded('writeFile', realDisk.writeFile),
    rename: guarded('rename', realDisk.rename),
    remove: guarded('remove', realDisk.remove),
    syncFolder: guarded('syncFolder', realDisk.syncFolder),
    openDatabase: guarded('openDatabase', realDisk.openDatabase),
    transaction: guarded('transaction', realDisk.transaction),
  };
}

/** Alive until `end` is called `calls` calls ahead; then nothing works any more. */
export function mortalDisk(): FaultyDisk & { dieAfter(calls: number): void } {
  let last = Number.POSITIVE_INFINITY;
  const disk = faultyDisk((_call, nth) => {
    if (nth >= last) throw new Killed('the process is gone');
  });
  return {
    ...disk,
    dieAfter(calls) {
      last = disk.calls.length + calls;
    },
  };
}

/** As the system says that there is no room. */
export function noRoom(): Error {
  return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
}
