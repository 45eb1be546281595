// What a page's process did, by Chromium's own trace: every task of the page's thread and of its Workers with the CPU it
// took, on the page's clock. Says nothing rather than something that cannot be.
import type { Browser, Page } from 'playwright-core';

export interface Task {
  readonly thread: 'page' | 'worker';
  /** On the page's performance.now(). */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of its own thread; waiting for a core is none of it. */
  readonly cpuMs: number;
}

export interface PageTrace {
  readonly tasks: readonly Task[];
}

/** Traces the browser while `act` runs; what it shows is of the page that `page` is at then. */
export async function traced(
  browser: Browser,
  page: Page,
  act: () => Promise<void>,
): Promise<PageTrace> {
  await browser.startTracing(page, { categories: CATEGORIES });
  let bytes: Buffer;
  try {
    await act();
    // Ties the trace's clock to the page's.
    await page.evaluate((name) => void performance.mark(name), MARK);
  } finally {
    bytes = await browser.stopTracing();
  }
  const told: { readonly traceEvents: readonly TraceEvent[] } = JSON.parse(bytes.toString());
  return tasksIn(told.traceEvents);
}

/** Of all events of a browser, those of the process in which the mark was made. */
export function tasksIn(events: readonly TraceEvent[]): PageTrace {
  const mark = events.find(({ name }) => name === MARK);
  const markMs = mark?.args.data?.startTime;
  if (mark === undefined || markMs === undefined) throw new Error('the trace lacks its mark');
  const threads = new Map<number, Task['thread']>();
  for (const { name, pid, tid, args } of events) {
    if (name !== 'thread_name' || pid !== mark.pid) continue;
    if (args.name === 'CrRendererMain') threads.set(tid, 'page');
    else if (args.name?.startsWith('DedicatedWorker') === true) threads.set(tid, 'worker');
  }
  const tasks = events.flatMap(({ name, ph, pid, tid, ts, dur, tdur }): Task[] => {
    const thread = pid === mark.pid ? threads.get(tid) : undefined;
    if (name !== 'RunTask' || ph !== 'X' || thread === undefined) return [];
    const fromMs = (ts - mark.ts) / 1000 + markMs;
    return [{ thread, fromMs, toMs: fromMs + (dur ?? 0) / 1000, cpuMs: (tdur ?? 0) / 1000 }];
  });
  for (const thread of ['page', 'worker'] as const) {
    if (tasks.some((task) => task.thread === thread && task.cpuMs > 0)) continue;
    throw new Error(`the trace has no task of the ${thread}'s thread`);
  }
  return { tasks };
}

/** CPU of page and Workers between two moments of the page's clock; of a task that lies partly within, its share. */
export function cpuBetween({ tasks }: PageTrace, fromMs: number, toMs: number): number {
  if (!(fromMs >= 0 && toMs > fromMs)) throw new RangeError(`no time from ${fromMs} to ${toMs} ms`);
  return tasks.reduce((sum, task) => {
    const within = Math.min(task.toMs, toMs) - Math.max(task.fromMs, fromMs);
    if (within <= 0) return sum;
    return sum + (task.cpuMs * within) / (task.toMs - task.fromMs);
  }, 0);
}

/** The task of the page's own thread that took most CPU. */
export function longestTask({ tasks }: PageTrace): Task {
  const [most] = tasks
    .filter(({ thread }) => thread === 'page')
    .toSorted((a, b) => b.cpuMs - a.cpuMs);
  if (most === undefined) throw new Error('the page did nothing');
  return most;
}

export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** µs, as are the durations. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: {
    readonly name?: string;
    readonly data?: { readonly startTime?: number };
  };
}

const MARK = 'pf-trace-mark';
/** Tasks, and marks that a page makes. */
const CATEGORIES = ['disabled-by-default-devtools.timeline', 'blink.user_timing'];
