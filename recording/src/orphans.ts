// Frames of sessions that nobody has announced yet, in order of arrival and within a bound. A session is announced
// before its first frame leaves; this is for the moment in between, and for announcements that are read later.
import { FrameBatch } from './frames.ts';

export class Orphans {
  #batches: FrameBatch[] = [];
  #length = 0;

  /** Takes frames. Answers when those were grabbed that had to go for them: the oldest. */
  add(batch: FrameBatch): number[] {
    this.#batches.push(batch);
    this.#length += batch.length;
    const gone: number[] = [];
    while (this.#length > MAX_ORPHANS) {
      const oldest = this.#batches.shift();
      if (oldest === undefined) break;
      const excess = Math.min(oldest.length, this.#length - MAX_ORPHANS);
      for (const grabbedUs of oldest.grabbed_us.subarray(0, excess)) gone.push(grabbedUs);
      this.#length -= excess;
      if (excess === oldest.length) continue;
      this.#batches.unshift(oldest.pick(range(excess, oldest.length)));
    }
    return gone;
  }

  /** The frames of a session, which wait no longer; undefined without any. */
  take(sessionId: number): FrameBatch | undefined {
    const taken: FrameBatch[] = [];
    const kept: FrameBatch[] = [];
    for (const batch of this.#batches) {
      const rows = range(0, batch.length);
      const ours = rows.filter((row) => batch.columns.session[row] === sessionId);
      if (ours.length === 0) kept.push(batch);
      else {
        taken.push(batch.pick(ours));
        if (ours.length === batch.length) continue;
        kept.push(batch.pick(rows.filter((row) => batch.columns.session[row] !== sessionId)));
      }
    }
    this.#batches = kept;
    this.#length = kept.reduce((sum, { length }) => sum + length, 0);
    return taken.length === 0 ? undefined : FrameBatch.concat(taken);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Ten seconds of four sessions at 240 frames a second. */
const MAX_ORPHANS = 10_000;
