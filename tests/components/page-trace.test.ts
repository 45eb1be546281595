// What is read out of a browser's trace: tasks and their CPU on the page's clock, and nothing that cannot be.
import { describe, expect, test } from 'bun:test';
import { cpuBetween, longestTask, type TraceEvent, tasksIn } from '../support/page-trace.ts';

const PAGE = { pid: 7, tid: 7 };
const WORKER = { pid: 7, tid: 9 };
const named = (thread: typeof PAGE, name: string): TraceEvent => ({
  ...{ ...thread, name: 'thread_name', ph: 'M', ts: 0, args: { name } },
});
const task = (thread: typeof PAGE, atMs: number, ms: number, cpuMs: number): TraceEvent => ({
  ...{ ...thread, name: 'RunTask', ph: 'X', args: {} },
  ...{ ts: 1_000_000 + atMs * 1000, dur: ms * 1000, tdur: cpuMs * 1000 },
});
/** The page's clock began with the trace's 1,000,000th µs. */
const mark: TraceEvent = {
  ...{ ...PAGE, name: 'pf-trace-mark', ph: 'I', ts: 1_500_000 },
  args: { data: { startTime: 500 } },
};
const names = [named(PAGE, 'CrRendererMain'), named(WORKER, 'DedicatedWorker thread')];
const events = [
  ...names,
  mark,
  task(PAGE, 100, 40, 30),
  task(PAGE, 300, 60, 20),
  task(WORKER, 200, 200, 100),
  task({ pid: 8, tid: 8 }, 200, 900, 900),
  named({ pid: 8, tid: 8 }, 'CrRendererMain'),
];

describe('a trace of a page', () => {
  test('tells the CPU of its thread and of its Workers, and of no other process', () => {
    expect(cpuBetween(tasksIn(events), 0, 1000)).toBe(150);
  });

  test('counts of a task that lies partly within its share', () => {
    expect(cpuBetween(tasksIn(events), 0, 120)).toBe(15);
    expect(cpuBetween(tasksIn(events), 350, 1000)).toBeCloseTo(25 + 20 / 6);
  });

  test('tells the task that took most CPU of the page, however long others waited', () => {
    expect(longestTask(tasksIn(events))).toMatchObject({ fromMs: 100, cpuMs: 30 });
  });

  test.each([
    [400, 300],
    [300, 300],
    [-500, 300],
    [Number.NaN, 300],
    [100, Number.NaN],
  ])('knows no time from %p to %p ms', (from, to) => {
    expect(() => cpuBetween(tasksIn(events), from, to)).toThrow(RangeError);
  });

  test('says nothing without its mark, or without tasks of both threads', () => {
    expect(() => tasksIn(events.filter((one) => one !== mark))).toThrow('lacks its mark');
    expect(() => tasksIn([...names, mark, task(PAGE, 1, 1, 1)])).toThrow("worker's thread");
    expect(() => tasksIn([...names, mark, task(WORKER, 1, 1, 1)])).toThrow("page's thread");
  });
});
