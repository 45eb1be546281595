// Counts wrong tokens by the address they come from. It only decides how a wrong token is answered: a right one always
// passes, so that nobody can lock the operator out by guessing from the same address.
import { isIPv6 } from 'node:net';
import { plainAddress } from '../addresses.ts';

interface Guesser {
  readonly sinceMs: number;
  /** Wrong values other than the one before: a page with an old token repeats itself and guesses nothing. */
  values: number;
  last: string;
  told: boolean;
}

/** `blocked`: too many, told once a minute and address as `first`. */
export type Verdict =
  | { readonly blocked: false }
  | { readonly blocked: true; readonly first: boolean; readonly retryAfterS: number };

export class Guesses {
  readonly #nowMs: () => number;
  readonly #guessers = new Map<string, Guesser>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Counts a wrong value, given by its hash. */
  wrong(address: string | undefined, hash: string): Verdict {
    const now = this.#nowMs();
    const who = networkOf(address ?? 'unknown');
    const known = this.#guessers.get(who);
    const guesser =
      known !== undefined && now - known.sinceMs < WINDOW_MS
        ? known
        : { sinceMs: now, values: 0, last: '', told: false };
    if (guesser !== known) {
      this.#guessers.delete(who);
      this.#guessers.set(who, guesser);
      this.#forgetOldest();
    }
    if (guesser.last !== hash) guesser.values += 1;
    guesser.last = hash;
    if (guesser.values <= MOST_VALUES) return { blocked: false };
    const first = !guesser.told;
    guesser.told = true;
    const retryAfterS = Math.ceil((guesser.sinceMs + WINDOW_MS - now) / 1000);
    return { blocked: true, first, retryAfterS };
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#guessers.size;
  }

  #forgetOldest(): void {
    const [oldest] = this.#guessers.keys();
    if (this.#guessers.size > MOST_ADDRESSES && oldest !== undefined) {
      this.#guessers.delete(oldest);
    }
  }
}

/** One machine has 2^64 addresses of IPv6: its network is what counts. */
function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const [before, behind] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const groups = before ?? [];
  const zeros = plain.includes('::') ? 8 - groups.length - (behind?.length ?? 0) : 0;
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0')].slice(0, 4).join(':');
}

const WINDOW_MS = 60_000;
/** A person mistypes less often; at this rate 256 random bits outlast everything. */
const MOST_VALUES = 20;
/** About 200 kB. */
const MOST_ADDRESSES = 1024;
