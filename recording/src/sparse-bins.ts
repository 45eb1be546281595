// Multisets of durations that were counted once and are added up often: the different values of one minute with how
// often each came, packed into 32 bits an entry. Exact, whole µs.
import { FormatError } from './format-error.ts';
import { ABSENT } from './frames.ts';

/** Counts values and packs them. One counter serves any number of packs, one after the other. */
export class BinCounter {
  #bins = new Uint32Array(FIRST_BINS);
  /** Per block of bins: something was counted in it. */
  #touched = new Uint8Array(FIRST_BINS / BLOCK);

  /** Adds a duration below MOST_US, so many times. */
  add(us: number, times: number): void {
    if (us >= this.#bins.length) this.#grow(us);
    this.#bins[us] = (this.#bins[us] ?? 0) + times;
    this.#touched[us >>> BLOCK_BITS] = 1;
  }

  /** Adds each of these once; what is ABSENT is passed over. Throws FormatError from MOST_US on: no engine measures that. */
  addAll(durations: Int32Array): void {
    let most = 0;
    for (let i = 0; i < durations.length; i += 1) most = Math.max(most, durations[i] ?? 0);
    if (most >= MOST_US) throw new FormatError(`a frame of ${most} µs; no engine measures that`);
    if (most >= this.#bins.length) this.#grow(most);
    const [bins, touched] = [this.#bins, this.#touched];
    for (let i = 0; i < durations.length; i += 1) {
      const us = durations[i] ?? ABSENT;
      if (us < 0) continue;
      bins[us] = (bins[us] ?? 0) + 1;
      touched[us >>> BLOCK_BITS] = 1;
    }
  }

  /** Appends what was counted, rising, and forgets it. */
  packInto(entries: number[]): void {
    const bins = this.#bins;
    const touched = this.#touched;
    for (let block = 0; block < touched.length; block += 1) {
      if (touched[block] === 0) continue;
      touched[block] = 0;
      const end = (block + 1) << BLOCK_BITS;
      for (let us = block << BLOCK_BITS; us < end; us += 1) {
        let times = bins[us] ?? 0;
        if (times === 0) continue;
        bins[us] = 0;
        for (; times > MOST_TIMES; times -= MOST_TIMES)
          entries.push(us * MOST_TIMES + MOST_TIMES - 1);
        entries.push(us * MOST_TIMES + times - 1);
      }
    }
  }

  #grow(us: number): void {
    let length = this.#bins.length;
    while (length <= us) length *= 2;
    const bins = new Uint32Array(length);
    bins.set(this.#bins);
    const touched = new Uint8Array(length / BLOCK);
    touched.set(this.#touched);
    this.#bins = bins;
    this.#touched = touched;
  }
}

/** Calls with every entry from `from` to `to` of a pack. */
export function forEachPacked(
  entries: Uint32Array,
  from: number,
  to: number,
  take: (us: number, times: number) => void,
): void {
  for (let i = from; i < to; i += 1) {
    const entry = entries[i] ?? 0;
    take(usOf(entry), timesOf(entry));
  }
}

export function usOf(entry: number): number {
  return entry >>> TIMES_BITS;
}

export function timesOf(entry: number): number {
  return (entry & (MOST_TIMES - 1)) + 1;
}

/** An entry holds 23 bits of µs: 8.4 s, twice what a frame's boundaries can reach. */
export const MOST_US = 1 << 23;

/** The other 9 bits say how often, less one; what came more often has further entries. */
export const TIMES_BITS = 9;
export const MOST_TIMES = 1 << TIMES_BITS;
const BLOCK_BITS = 8;
const BLOCK = 1 << BLOCK_BITS;
const FIRST_BINS = 1 << 14;
