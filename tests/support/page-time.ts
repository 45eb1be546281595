// Time for the parts of the page that wait: it passes only when a test says so.
import type { Timers } from '../../components/base/poller.ts';

/** Timers that stand still until told how far to go. */
export class VirtualTime implements Timers {
  #now = 0;
  #next = 1;
  readonly #due = new Map<number, { readonly at: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  set(call: () => void, ms: number): unknown {
    this.#due.set(this.#next, { at: this.#now + ms, call });
    return this.#next++;
  }

  clear(handle: unknown): void {
    if (typeof handle === 'number') this.#due.delete(handle);
  }

  wait(ms: number): Promise<void> {
    return new Promise((done) => this.set(done, ms));
  }

  async run(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const first = [...this.#due].sort(([, a], [, b]) => a.at - b.at)[0];
      if (first === undefined || first[1].at > end) break;
      this.#due.delete(first[0]);
      this.#now = first[1].at;
      first[1].call();
    }
    this.#now = end;
  }
}

/** Every promise that can go on has gone on. */
export const settled = (): Promise<void> => new Promise((done) => setImmediate(done));
