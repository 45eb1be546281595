// Exact nearest-rank quantiles over whole µs: counts in bins of 1 µs, sorts nothing that is common, estimates nothing.
import { MOST_TIMES, TIMES_BITS, timesOf, usOf } from './sparse-bins.ts';

/** A multiset of durations. Takes them in any order; costs memory by the longest of them, not by their number. */
export class MicroBins {
  #bins = new Uint32Array(FIRST_BINS);
  /** Durations beyond the dense bins, and how often each came. */
  readonly #long = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Undefined without a value. */
  get min(): number | undefined {
    return this.#count === 0 ? undefined : this.#min;
  }

  get max(): number | undefined {
    return this.#count === 0 ? undefined : this.#max;
  }

  /** Adds one duration `times` times: a whole number of µs, 0 … 2^31−1. */
  add(us: number, times = 1): void {
    if (us < DENSE_BINS) {
      if (us >= this.#bins.length) this.#grow(us);
      this.#bins[us] = (this.#bins[us] ?? 0) + times;
    } else this.#long.set(us, (this.#long.get(us) ?? 0) + times);
    this.#count += times;
    this.#sum += us * times;
    if (us < this.#min) this.#min = us;
    if (us > this.#max) this.#max = us;
  }

  /**
   * Adds what a BinCounter packed: entries from `from` to `to`, rising. The same as one `add` an entry, at a fifth of
   * the time.
   */
  addPacked(entries: Uint32Array, from: number, to: number): void {
    let dense = to;
    while (dense > from && usOf(entries[dense - 1] ?? 0) >= DENSE_BINS) dense -= 1;
    if (dense > from) this.#addDense(entries, from, dense);
    for (let i = dense; i < to; i += 1) {
      const entry = entries[i] ?? 0;
      this.add(usOf(entry), timesOf(entry));
    }
  }

  #addDense(entries: Uint32Array, from: number, to: number): void {
    const [least, most] = [usOf(entries[from] ?? 0), usOf(entries[to - 1] ?? 0)];
    if (most >= this.#bins.length) this.#grow(most);
    const bins = this.#bins;
    let [count, sum] = [0, 0];
    for (let i = from; i < to; i += 1) {
      const entry = entries[i] ?? 0;
      const us = entry >>> TIMES_BITS;
      const times = (entry & (MOST_TIMES - 1)) + 1;
      bins[us] = (bins[us] ?? 0) + times;
      count += times;
      sum += us * times;
    }
    this.#count += count;
    this.#sum += sum;
    if (least < this.#min) this.#min = least;
    if (most > this.#max) this.#max = most;
  }

  /**
   * The smallest value that at least `percent` % (three decimals at most) of the values do not exceed; undefined
   * without a value.
   */
  nearestRank(percent: number): number | undefined {
    return this.nearestRanks([percent])[0];
  }

  /** The same for several, which must rise; empty without a value. */
  nearestRanks(percents: readonly number[]): number[] {
    if (this.#count === 0) return [];
    const found: number[] = [];
    let wanted = rankOf(percents[0], this.#count);
    let seen = 0;
    const pass = (us: number, times: number) => {
      seen += times;
      while (found.length < percents.length && seen >= wanted) {
        found.push(us);
        wanted = rankOf(percents[found.length], this.#count);
      }
    };
    const bins = this.#bins;
    const end = Math.min(bins.length - 1, this.#max);
    for (let us = this.#min; us <= end && found.length < percents.length; us += 1) {
      const times = bins[us] ?? 0;
      if (times > 0) pass(us, times);
    }
    if (found.length < percents.length) {
      const long = [...this.#long].sort(([a], [b]) => a - b);
      for (const [us, times] of long) pass(us, times);
    }
    return found;
  }

  /** Every different value with how often it came, rising. */
  *entries(): Generator<readonly [us: number, times: number]> {
    const end = Math.min(this.#bins.length - 1, this.#max);
    for (let us = this.#min; us <= end; us += 1) {
      const times = this.#bins[us] ?? 0;
      if (times > 0) yield [us, times];
    }
    yield* [...this.#long].sort(([a], [b]) => a - b);
  }

  /** The same, without a pair for each. */
  forEach(take: (us: number, times: number) => void): void {
    const end = Math.min(this.#bins.length - 1, this.#max);
    for (let us = this.#min; us <= end; us += 1) {
      const times = this.#bins[us] ?? 0;
      if (times > 0) take(us, times);
    }
    for (const [us, times] of [...this.#long].sort(([a], [b]) => a - b)) take(us, times);
  }

  /** Forgets every value and keeps the memory. */
  clear(): void {
    if (this.#count > 0 && this.#min < this.#bins.length)
      this.#bins.fill(0, this.#min, this.#max + 1);
    this.#long.clear();
    this.#count = 0;
    this.#sum = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
  }

  #grow(us: number): void {
    let length = this.#bins.length;
    while (length <= us) length *= 2;
    const grown = new Uint32Array(length);
    grown.set(this.#bins);
    this.#bins = grown;
  }
}

/** Rank of a percentile among `count` values, 1 … count. */
function rankOf(percent: number | undefined, count: number): number {
  // In whole thousandths of a percent: 99.9 % of 3,000 is 2,997, which binary fractions would make 2,998.
  const rank = Math.ceil((Math.round((percent ?? 100) * 1000) * count) / 100_000);
  return Math.min(count, Math.max(1, rank));
}

/** 4 ms: many stages need no more. */
const FIRST_BINS = 4096;
/** 131 ms in 512 KiB: what takes longer is rare enough for a map. */
const DENSE_BINS = 131_072;
