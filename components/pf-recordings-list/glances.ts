// Glances of the recordings that are seen: read two at a time, given up when they are scrolled away, the last ones kept.
// A recording that could not be read is not asked for again.
import type { Capture } from '../../contract/stats.ts';
import type { Glance } from './glance.ts';

export interface GlancesOptions {
  readonly load: (id: string, signal: AbortSignal) => Promise<Capture>;
  /** How a glance is made; comes with the first one. */
  readonly maker: () => Promise<(capture: Capture) => Glance>;
  /** Something is known now that was not. */
  readonly onNews: () => void;
  readonly most?: number;
}

export class Glances {
  readonly #options: GlancesOptions;
  readonly #most: number;
  /** Oldest first. Undefined: it cannot be read. */
  readonly #kept = new Map<string, Glance | undefined>();
  readonly #running = new Map<string, AbortController>();
  #wanted: readonly string[] = [];

  constructor(options: GlancesOptions) {
    this.#options = options;
    this.#most = options.most ?? MOST;
  }

  get(id: string): Glance | undefined {
    return this.#kept.get(id);
  }

  /** It was asked for: there is a glance, or there will never be one. */
  isSettled(id: string): boolean {
    return this.#kept.has(id);
  }

  /** These and no others, the first ones first. */
  want(ids: readonly string[]): void {
    this.#wanted = ids;
    const wanted = new Set(ids);
    for (const [id, abort] of this.#running) {
      if (!wanted.has(id)) abort.abort();
    }
    this.#next();
  }

  /** As if nothing had ever been asked. */
  forget(): void {
    this.want([]);
    this.#kept.clear();
  }

  /** The oldest that nobody wants now: what is wanted would only be asked for again. */
  #drop(): void {
    if (this.#kept.size <= this.#most) return;
    const wanted = new Set(this.#wanted);
    for (const id of this.#kept.keys()) {
      if (wanted.has(id)) continue;
      this.#kept.delete(id);
      return;
    }
  }

  #next(): void {
    for (const id of this.#wanted) {
      if (this.#running.size >= AT_ONCE) return;
      if (!this.#running.has(id) && !this.#kept.has(id)) void this.#read(id);
    }
  }

  async #read(id: string): Promise<void> {
    const abort = new AbortController();
    this.#running.set(id, abort);
    let glance: Glance | undefined;
    try {
      const [make, capture] = await Promise.all([
        this.#options.maker(),
        this.#options.load(id, abort.signal),
      ]);
      if (!abort.signal.aborted) glance = make(capture);
    } catch {
      // The row says what it can without.
    }
    if (this.#running.get(id) === abort) this.#running.delete(id);
    if (!abort.signal.aborted) {
      this.#kept.set(id, glance);
      this.#drop();
      this.#options.onNews();
    }
    this.#next();
  }
}

/** A host has other things to do: it streams. */
const AT_ONCE = 2;
/** Half a kilobyte each; a search for a verdict needs those of all recordings at once. */
const MOST = 20_000;
