// What the kernel knows of a process: memory, threads, open handles. Reads /proc; asks the process nothing.
import { readdirSync, readFileSync } from 'node:fs';

export type Footprint = {
  readonly rss_kb: number;
  /** Without those that JavaScriptCore starts and ends as it likes. */
  readonly threads: number;
  readonly handles: number;
};

const RUNTIME_THREADS = /^(JITWorker|HeapHelper|JSC|ollector Thread)/;

export function footprint(pid: number): Footprint {
  const folder = `/proc/${pid}`;
  const status = readFileSync(`${folder}/status`, 'utf8');
  return {
    rss_kb: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]),
    threads: threadNames(folder).filter((name) => !RUNTIME_THREADS.test(name)).length,
    handles: readdirSync(`${folder}/fd`).length,
  };
}

/** A thread that ends while we read has no name any more. */
function threadNames(folder: string): string[] {
  return readdirSync(`${folder}/task`).flatMap((id) => {
    try {
      return [readFileSync(`${folder}/task/${id}/comm`, 'utf8').trim()];
    } catch {
      return [];
    }
  });
}
