// Exact nearest-rank quantiles over whole nanoseconds: sorts, estimates nothing.

/** Collects durations and answers their quantiles. */
export class Durations {
  #values = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds one duration, 0 … 2^32−1 ns. */
  push(ns: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Uint32Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length] = ns;
    this.#length += 1;
  }

  /** p50 and p99 in µs (whole nanoseconds are kept as decimals); undefined when empty. */
  quantilesUs(): { readonly p50_us: number; readonly p99_us: number } | undefined {
    if (this.#length === 0) return undefined;
    const sorted = this.#values.slice(0, this.#length).sort();
    return { p50_us: nearestRank(sorted, 50) / 1000, p99_us: nearestRank(sorted, 99) / 1000 };
  }
}

/** The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed. */
export function nearestRank(sorted: Uint32Array, percent: number): number {
  if (sorted.length === 0) throw new RangeError('no percentile of nothing');
  const rank = Math.max(1, Math.ceil((percent * sorted.length) / 100));
  return sorted[Math.min(rank, sorted.length) - 1] ?? 0;
}
