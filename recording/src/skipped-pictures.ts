// Which pictures of the source no frame carried, as a function of time: counted once in order of grabbing over a whole
// session, then answered for any range. What a range skips begins at the frame before it, so that ranges add up.
import { ABSENT, type FrameBatch } from './frames.ts';
import { SourceCount } from './windows.ts';

interface Seen {
  readonly us: number;
  readonly frameIndex: number;
  readonly sequence: number;
}

/** One session. Groups of a file overlap a little: a frame dropped early is recorded before an older one that waits. */
export class SkippedPictures {
  /** When pictures were found to be skipped, rising, and how many had been until then. */
  readonly #times: number[] = [];
  readonly #sums: number[] = [];
  readonly #count = new SourceCount();
  /** Frames that a later group may still have older ones to. */
  #pending: Seen[] = [];
  readonly #lossesUs: readonly number[];
  #loss = 0;

  /** `lossesUs`: when records were found lost, rising. A gap in the source's count there is a gap of ours. */
  constructor(lossesUs: readonly number[] = []) {
    this.#lossesUs = lossesUs;
  }

  /** Takes rows `from` to `to`, by time. No row that is still to come was grabbed before `horizonUs`. */
  take(batch: FrameBatch, from: number, to: number, horizonUs: number): void {
    const { grabbed_us: grabbed, columns } = batch;
    let row = from;
    const pend = (): void => {
      const sequence = columns.source_sequence[row] ?? ABSENT;
      const frameIndex = columns.frame_index[row] ?? ABSENT;
      if (sequence !== ABSENT) this.#pending.push({ us: grabbed[row] ?? 0, frameIndex, sequence });
      row += 1;
    };
    const waitsUntil = this.#pending.at(-1)?.us;
    while (waitsUntil !== undefined && row < to && (grabbed[row] ?? 0) <= waitsUntil) pend();
    this.#release(horizonUs);
    while (row < to) {
      const us = grabbed[row] ?? 0;
      // Frames of one µs are put in order first.
      if (this.#pending.length > 0 || us >= horizonUs || grabbed[row + 1] === us) pend();
      else {
        this.#next(us, columns.source_sequence[row] ?? ABSENT);
        row += 1;
      }
      if (this.#pending.length > 0 && us < horizonUs && grabbed[row] !== us) {
        this.#release(horizonUs);
      }
    }
  }

  /** How many were skipped in `fromUs` ≤ time < `toUs`. */
  between(fromUs: number, toUs: number): number {
    return this.#until(toUs) - this.#until(fromUs);
  }

  /** Counts what waits and cannot be overtaken any more. */
  #release(horizonUs: number): void {
    if (this.#pending.length === 0) return;
    this.#pending.sort(inOrder);
    const waits = this.#pending.findIndex(({ us }) => us >= horizonUs);
    const free = this.#pending.splice(0, waits < 0 ? this.#pending.length : waits);
    for (const { us, sequence } of free) this.#next(us, sequence);
  }

  #next(us: number, sequence: number): void {
    if (sequence === ABSENT) return;
    while (us >= (this.#lossesUs[this.#loss] ?? Number.POSITIVE_INFINITY)) {
      this.#count.last = ABSENT;
      this.#loss += 1;
    }
    const nextLossUs = this.#lossesUs[this.#loss] ?? Number.POSITIVE_INFINITY;
    const before = this.#count.skipped ?? 0;
    this.#count.next(sequence);
    const skipped = (this.#count.skipped ?? 0) - before;
    if (skipped === 0 || us >= nextLossUs - LOSS_CHECK_US) return;
    this.#times.push(us);
    this.#sums.push((this.#sums.at(-1) ?? 0) + skipped);
  }

  /** Sum before `us`. */
  #until(us: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] ?? 0) < us) low = middle + 1;
      else high = middle;
    }
    return this.#sums[low - 1] ?? 0;
  }
}

function inOrder(a: Seen, b: Seen): number {
  return a.us - b.us || a.frameIndex - b.frameIndex || a.sequence - b.sequence;
}

/** Lost records are noticed within this time after they were lost. */
const LOSS_CHECK_US = 1_000_000;
