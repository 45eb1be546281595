// What a review's Worker answers first, with a clock and turns of the test's own.
import { describe, expect, test } from 'bun:test';
import type { Method } from '../../components/review/protocol.ts';
import { Turns } from '../../components/review/turns.ts';

/** Turns by hand; `pieces`: how many there are to prepare. */
function world(pieces = 0) {
  const done: string[] = [];
  const acts: { readonly act: () => void; readonly atMs: number }[] = [];
  let [nowMs, left, asked] = [0, pieces, 0];
  const turns = new Turns({
    answer: ({ method }) => void done.push(method),
    prepare: () => {
      done.push('piece');
      left -= 1;
      return left > 0;
    },
    later: (act, ms) => void acts.push({ act, atMs: nowMs + ms }),
    nowMs: () => nowMs,
  });
  return {
    done,
    ask(...methods: Method[]): void {
      for (const method of methods) {
        asked += 1;
        turns.ask({ id: asked, method, args: [] });
      }
    },
    /** The next turn; false when none is waited for. */
    turn(): boolean {
      const [next] = acts.splice(0, 1);
      if (next === undefined) return false;
      nowMs = Math.max(nowMs, next.atMs);
      next.act();
      return true;
    },
    all(): void {
      while (this.turn());
    },
    get nowMs(): number {
      return nowMs;
    },
    pass(ms: number): void {
      nowMs += ms;
    },
  };
}

describe('questions to a review', () => {
  test('that a view draws come before what takes long, in the order they were asked', () => {
    const it = world();
    it.ask('findings', 'outliers', 'overview', 'frame');
    it.all();
    expect(it.done).toEqual(['overview', 'frame', 'findings', 'outliers']);
  });

  test('that take long wait a moment for the first picture', () => {
    const it = world();
    it.ask('findings');
    it.turn();
    expect(it.done).toEqual([]);
    it.ask('overview');
    it.all();
    expect(it.done).toEqual(['overview', 'findings']);
    expect(it.nowMs).toBeGreaterThan(20);
    expect(it.nowMs).toBeLessThan(200);
  });

  test('that take long wait for the first picture however late the frames came', () => {
    const it = world();
    it.pass(3000);
    it.ask('findings');
    it.turn();
    it.pass(10);
    it.ask('overview');
    it.all();
    expect(it.done).toEqual(['overview', 'findings']);
  });

  test('for figures are prepared piece by piece, and others come in between', () => {
    const it = world(3);
    it.ask('figures');
    while (!it.done.includes('piece')) it.turn();
    it.ask('overview');
    it.all();
    expect(it.done).toEqual(['piece', 'overview', 'piece', 'piece', 'figures']);
    it.ask('findings', 'figures');
    it.all();
    expect(it.done.slice(5)).toEqual(['figures', 'findings']);
  });

  test('leave nothing running when all are answered', () => {
    const it = world(5);
    it.ask('overview');
    it.all();
    expect(it.turn()).toBe(false);
    expect(it.done).toEqual(['overview']);
  });
});
