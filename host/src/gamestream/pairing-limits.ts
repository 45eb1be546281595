// How often strangers may try to pair (gamestream-control-plane.md §4.5). Time comes in as an argument; memory is
// bounded by the limits themselves.

export class PairingLimits {
  /** Newest last; never more than switch pairing off. */
  #failures: { readonly address: string; readonly atMs: number }[] = [];
  readonly #acceptedMs = new Map<string, number>();

  /** True when this address failed too often lately. */
  isBlocked(address: string, nowMs: number): boolean {
    const own = this.#failures.filter((failure) => failure.address === address);
    const third = own.at(-FAILURES_OF_ONE_PEER);
    const last = own.at(-1);
    if (third === undefined || last === undefined) return false;
    return last.atMs - third.atMs < PEER_WINDOW_MS && nowMs - last.atMs < PEER_WINDOW_MS;
  }

  /** True when the address may begin an attempt now, which counts as having begun. */
  begin(address: string, nowMs: number): boolean {
    for (const [other, atMs] of this.#acceptedMs) {
      if (nowMs - atMs >= BEGIN_EVERY_MS) this.#acceptedMs.delete(other);
    }
    if (this.#acceptedMs.has(address) || this.#acceptedMs.size >= MOST_ADDRESSES) return false;
    this.#acceptedMs.set(address, nowMs);
    return true;
  }

  /** Counts a failure; true when there were so many in an hour that pairing must be switched off. */
  failed(address: string, nowMs: number): boolean {
    this.#failures = this.#failures.filter((failure) => nowMs - failure.atMs < ALL_WINDOW_MS);
    this.#failures.push({ address, atMs: nowMs });
    return this.#failures.length >= FAILURES_OF_ALL;
  }

  /** The operator switched pairing on: what was is forgiven. */
  forgive(): void {
    this.#failures = [];
  }
}

const FAILURES_OF_ONE_PEER = 3;
const PEER_WINDOW_MS = 600_000;
const FAILURES_OF_ALL = 10;
const ALL_WINDOW_MS = 3_600_000;
const BEGIN_EVERY_MS = 2_000;
/** More begin in two seconds only in an attack. */
const MOST_ADDRESSES = 64;
