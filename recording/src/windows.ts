// One session's windows: collects rows of frames by the recording's own axis and closes them into samples. Knows no
// wall clock and no timer, and does not care in which order things come while a window is open. All times are µs on
// that axis.
import type { StatsSample, StreamKind } from '../../contract/stats.ts';
import { ABSENT, type FrameBatch, frameFlags } from './frames.ts';
import type { ReceiverTotals } from './inputs.ts';
import { type Ranks, StageBins } from './stages.ts';

/** Nominal length of a window, µs. */
export const windowUs: Readonly<Record<StreamKind, number>> = {
  gamestream: 1_000_000,
  native: 2_000_000,
};

/** As much of a session as a recording holds: 3 hours. */
export const SESSION_BOUND_US = 10_800_000_000;

/** Longer than a frame may wait for the sender, and than the records of two rings lie apart. */
export const GRACE_US = 250_000;

/** What may change while a session runs. */
export interface SessionTarget {
  readonly bitrateKbps: number;
  readonly fps: number;
}

export interface ClosedWindow {
  readonly endUs: number;
  readonly sample: StatsSample;
}

interface Report {
  readonly atUs: number;
  readonly totals: ReceiverTotals;
}

const COUNTS = ['packetsLost', 'packetsRecovered', 'framesNotShown'] as const;
type Counts = { [K in (typeof COUNTS)[number]]?: number };

/** A window is closed a grace after its end: a frame that is dropped early comes before an older one that waits. */
export class SessionWindows {
  readonly #sessionId: number;
  readonly #lengthUs: number;
  readonly #bins: StageBins;
  readonly #targets: Changes<SessionTarget>;
  #startUs: number | undefined;
  #started = false;
  /** Index of the oldest window that is not closed yet. */
  #next = 0;
  readonly #rows = new PendingRows();
  #reports: Report[] = [];
  #totals: ReceiverTotals | undefined;
  /** When records were lost, the last moments. */
  #lossesUs: number[] = [];
  #lastSequence = ABSENT;
  #truncated = false;
  #endUs: number | undefined;
  #finished = false;

  /** `bins` are used only while a window is closed: sessions of one kind may share them. */
  constructor(
    sessionId: number,
    kind: StreamKind,
    target: SessionTarget,
    bins = new StageBins(kind),
  ) {
    this.#sessionId = sessionId;
    this.#lengthUs = windowUs[kind];
    this.#targets = new Changes(target);
    this.#bins = bins;
  }

  /** Where the first window begins: its first frame, or an earlier one that came within the grace. */
  get startUs(): number | undefined {
    return this.#startUs;
  }

  /** No frame can move the start any more. */
  get started(): boolean {
    return this.#started;
  }

  /** The bound was reached: later windows are missing. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Everything is closed: nothing can come any more. */
  get finished(): boolean {
    return this.#finished;
  }

  /** Takes a frame; false when it lies beyond the session's bound or end. */
  add(batch: FrameBatch, row: number): boolean {
    if (this.#finished) return false;
    const grabbedUs = batch.grabbed_us[row] ?? 0;
    if (this.#startUs === undefined) this.#startUs = grabbedUs;
    else if (!this.#started && grabbedUs < this.#startUs) this.#startUs = grabbedUs;
    if (grabbedUs >= this.#startUs + SESSION_BOUND_US) {
      this.#truncated = true;
      return false;
    }
    this.#rows.push(batch, row);
    return true;
  }

  /** Takes a receiver's running totals; what was added since its last report belongs to the window of `atUs`. */
  receiver(atUs: number, totals: ReceiverTotals): void {
    if (!this.#finished) this.#reports.push({ atUs, totals });
  }

  target(atUs: number, target: SessionTarget): void {
    if (!this.#truncated) this.#targets.add(atUs, target);
  }

  /** The session ended: what is still on its way may come for a grace. */
  end(atUs: number): void {
    this.#endUs ??= atUs;
  }

  /**
   * Records were lost to a full ring, as was noticed then: at most a grace after it happened. The source's count
   * cannot be followed across the gap.
   */
  recordsLost(atUs: number): void {
    if (!this.#finished && !this.#truncated) this.#lossesUs.push(atUs);
  }

  /** Closes every window whose grace is over, empty ones too: nothing sent is a measured zero. */
  advance(nowUs: number): ClosedWindow[] {
    const limitUs = nowUs - GRACE_US;
    if (this.#endUs === undefined) return this.#close(limitUs);
    return limitUs < this.#endUs
      ? this.#close(Math.min(limitUs, this.#endUs - SLIVER_US))
      : this.finish(nowUs);
  }

  /** Closes everything at the session's or the capture's end. A sliver joins the window before it. */
  finish(nowUs: number): ClosedWindow[] {
    const endUs = Math.min(nowUs, this.#endUs ?? nowUs);
    const closed = this.#close(endUs - SLIVER_US);
    const start = this.#startUs;
    if (this.#finished) return closed;
    this.#finished = true;
    if (start === undefined) return closed;
    this.#started = true;
    if (endUs - start > SESSION_BOUND_US) this.#truncated = true;
    const begun = this.#next * this.#lengthUs;
    let elapsed = Math.max(endUs, this.#rows.lastEndUs()) - start;
    // Frames that came too late for every window still are frames.
    if (elapsed <= begun && this.#rows.length > 0) elapsed = begun + SLIVER_US;
    elapsed = Math.min(elapsed, SESSION_BOUND_US);
    while (this.#next * this.#lengthUs < elapsed) {
      let end = Math.min(elapsed, (this.#next + 1) * this.#lengthUs);
      if (elapsed - end < SLIVER_US) end = elapsed;
      this.#emit(end, end === elapsed, closed);
      if (end === elapsed) break;
    }
    return closed;
  }

  #close(limitUs: number): ClosedWindow[] {
    const start = this.#startUs;
    const closed: ClosedWindow[] = [];
    if (this.#finished) return closed;
    if (start === undefined || this.#truncated) this.#forget(limitUs);
    if (start === undefined || limitUs < start) return closed;
    this.#started = true;
    const elapsed = Math.min(limitUs - start, SESSION_BOUND_US);
    while ((this.#next + 1) * this.#lengthUs <= elapsed) {
      this.#emit((this.#next + 1) * this.#lengthUs, false, closed);
    }
    if (limitUs - start > SESSION_BOUND_US) this.#truncated = true;
    return closed;
  }

  /** Closes the next window, `toUs` after the start. The last one takes all that is left. */
  #emit(toUs: number, isLast: boolean, into: ClosedWindow[]): void {
    const start = this.#startUs ?? 0;
    const fromUs = start + this.#next * this.#lengthUs;
    const endUs = start + toUs;
    const count = this.#rows.sortedBefore(isLast ? Number.POSITIVE_INFINITY : endUs);
    const reports = this.#takeReports(isLast ? Number.POSITIVE_INFINITY : endUs);
    into.push({ endUs, sample: this.#sample(count, fromUs, endUs, reports) });
    this.#rows.drop(count);
    this.#next += 1;
  }

  #sample(count: number, fromUs: number, endUs: number, reports: readonly Report[]): StatsSample {
    const seconds = (endUs - fromUs) / 1e6;
    const target = this.#targets.at(endUs);
    const figures = this.#count(count, 1e6 / target.fps);
    const stages = this.#bins.timings();
    const total = this.#bins.total();
    const slowestPart = this.#bins.slowestPart();
    this.#bins.clear();
    const skipped = this.#skippedIn(count, fromUs, endUs);
    return {
      t_ms: Math.round(endUs / 1000),
      session_id: this.#sessionId,
      stages,
      fps: (count - figures.repeats) / seconds,
      repeat_fps: figures.repeats / seconds,
      mbps: (figures.bytes * 8) / 1e6 / seconds,
      bitrate_kbps: target.bitrateKbps,
      frames_dropped: figures.dropped,
      send_dropped: figures.refused,
      ...this.#reported(reports, fromUs),
      ...(skipped === undefined ? {} : { source_skipped: skipped }),
      ...(figures.stamped > 0 ? { source_late: figures.aged } : {}),
      window_ms: (endUs - fromUs) / 1000,
      frames: count,
      ...(total === undefined ? {} : totals(total, figures.late)),
      ...(total === undefined || slowestPart === undefined ? {} : { total_max_stage: slowestPart }),
    };
  }

  #count(count: number, intervalUs: number) {
    const figures = { repeats: 0, bytes: 0, dropped: 0, refused: 0, late: 0, stamped: 0, aged: 0 };
    for (let i = 0; i < count; i += 1) {
      const batch = this.#rows.batch(i);
      const row = this.#rows.row(i);
      const { columns } = batch;
      if (this.#bins.add(batch, row) > intervalUs) figures.late += 1;
      // Seen from its first frame on: the receiver's totals began at zero with it.
      if (columns.frame_index[row] === 1) this.#totals ??= FROM_ZERO;
      const outcome = columns.outcome[row] ?? ABSENT;
      if (outcome === SENT) figures.bytes += Math.max(0, columns.bytes[row] ?? 0);
      else if (isDropped(outcome)) figures.dropped += 1;
      figures.refused += columns.send_refused[row] ?? 0;
      if (((columns.flags[row] ?? 0) & frameFlags.repeat) !== 0) figures.repeats += 1;
      else {
        const ageUs = columns.source_age_us[row] ?? ABSENT;
        if (ageUs !== ABSENT) figures.stamped += 1;
        if (ageUs > intervalUs) figures.aged += 1;
      }
    }
    return figures;
  }

  /** Pictures of the source between one frame's picture and the next; undefined where it cannot be known. */
  #skippedIn(count: number, fromUs: number, endUs: number): number | undefined {
    this.#lossesUs = this.#lossesUs.filter((atUs) => atUs >= fromUs);
    const isBroken = this.#lossesUs.some((atUs) => atUs - GRACE_US < endUs);
    if (isBroken) this.#lastSequence = ABSENT;
    const sequences = new SourceCount(this.#lastSequence);
    for (let i = 0; i < count; i += 1) {
      sequences.next(this.#rows.batch(i).columns.source_sequence[this.#rows.row(i)] ?? ABSENT);
    }
    this.#lastSequence = sequences.last;
    return isBroken ? undefined : sequences.skipped;
  }

  /** The receiver's part of a sample; what it did not report is left out. */
  #reported(reports: readonly Report[], fromUs: number): Partial<StatsSample> {
    const counts: Counts = {};
    const rtts: number[] = [];
    for (const { atUs, totals } of reports) {
      const before = this.#totals;
      this.#totals = { ...before, ...totals };
      // Of before the first frame: known only as where the totals stood.
      if (atUs < fromUs && this.#next === 0) continue;
      if (totals.rttUs !== undefined) rtts.push(totals.rttUs);
      for (const count of COUNTS) {
        const [now, then] = [totals[count], before?.[count]];
        if (now === undefined || then === undefined) continue;
        counts[count] = (counts[count] ?? 0) + Math.max(0, now - then);
      }
    }
    const { packetsLost, packetsRecovered, framesNotShown } = counts;
    const rttUs = rtts.toSorted((a, b) => a - b)[Math.floor((rtts.length - 1) / 2)];
    return {
      ...(packetsLost === undefined ? {} : { packets_dropped: packetsLost }),
      ...(packetsRecovered === undefined ? {} : { fec_recovered: packetsRecovered }),
      ...(framesNotShown === undefined ? {} : { frames_not_shown: framesNotShown }),
      ...(rttUs === undefined ? {} : { rtt_us: rttUs }),
    };
  }

  #takeReports(beforeUs: number): Report[] {
    const taken = this.#reports.filter(({ atUs }) => atUs < beforeUs);
    if (taken.length > 0) this.#reports = this.#reports.filter(({ atUs }) => atUs >= beforeUs);
    return taken;
  }

  /** No window will ask for what was told before: only where the totals stand is kept. */
  #forget(limitUs: number): void {
    this.#lossesUs = this.#lossesUs.filter((atUs) => atUs >= limitUs);
    for (const { totals } of this.#takeReports(limitUs)) {
      this.#totals = { ...this.#totals, ...totals };
    }
  }
}

function totals({ p50_us, p99_us, max_us }: Ranks, frames_late: number): Partial<StatsSample> {
  return { total_p50_us: p50_us, total_p99_us: p99_us, total_max_us: max_us, frames_late };
}

/** Counts the source's pictures that no frame carried, in order of grabbing. */
export class SourceCount {
  /** The furthest count that a frame carried; ABSENT before the first. */
  last: number;
  /** Undefined while no frame carried a count. */
  skipped: number | undefined;

  constructor(last: number = ABSENT) {
    this.last = last;
  }

  next(sequence: number): void {
    if (sequence === ABSENT) return;
    // Signed difference modulo 2^32: the count wraps, and a repeat stands still.
    const step = this.last === ABSENT ? 0 : (sequence - this.last) | 0;
    this.skipped = (this.skipped ?? 0) + Math.max(0, step - 1);
    if (this.last === ABSENT || step > 0) this.last = sequence;
  }
}

/** Dropped before it was on the wire whole. A session's end drops nothing: nobody waits for the frame. */
export function isDropped(outcome: number): boolean {
  return outcome !== SENT && outcome !== SESSION_ENDED;
}

/** Number of `sent` in column `outcome`. */
export const SENT = 0;
const SESSION_ENDED = 6;

/** Rows of frames that wait for their window, without copies. */
export class PendingRows {
  #batches: FrameBatch[] = [];
  #rows: number[] = [];
  #sorted = true;

  get length(): number {
    return this.#rows.length;
  }

  push(batch: FrameBatch, row: number): void {
    const last = this.#rows.length - 1;
    if (last >= 0 && this.#sorted) {
      this.#sorted = compareRows(this.batch(last), this.row(last), batch, row) <= 0;
    }
    this.#batches.push(batch);
    this.#rows.push(row);
  }

  /** Of the index, which counts from 0 in order of grabbing once `sortedBefore` was called. */
  batch(i: number): FrameBatch {
    const batch = this.#batches[i];
    if (batch === undefined) throw new RangeError(`no row ${i} of ${this.#rows.length}`);
    return batch;
  }

  row(i: number): number {
    return this.#rows[i] ?? 0;
  }

  /** Sorts by grabbing and answers how many rows were grabbed before `us`. */
  sortedBefore(us: number): number {
    if (!this.#sorted) this.#sort();
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.batch(middle).grabbed_us[this.row(middle)] ?? 0) < us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Takes the first `count` away. */
  drop(count: number): void {
    this.#batches.splice(0, count);
    this.#rows.splice(0, count);
  }

  /** When the last of the frames was sent, or grabbed; −∞ without one. */
  lastEndUs(): number {
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.length; i += 1) {
      const { grabbed_us, columns } = this.batch(i);
      const row = this.row(i);
      last = Math.max(last, (grabbed_us[row] ?? 0) + Math.max(0, columns.last_sent_us[row] ?? 0));
    }
    return last;
  }

  #sort(): void {
    const order = Array.from({ length: this.length }, (_, i) => i);
    order.sort((a, b) => compareRows(this.batch(a), this.row(a), this.batch(b), this.row(b)));
    const batches = order.map((i) => this.batch(i));
    this.#rows = order.map((i) => this.row(i));
    this.#batches = batches;
    this.#sorted = true;
  }
}

/** By grabbing; frames of one µs by their number and the source's, so that the order of arrival decides nothing. */
function compareRows(a: FrameBatch, i: number, b: FrameBatch, j: number): number {
  return (
    (a.grabbed_us[i] ?? 0) - (b.grabbed_us[j] ?? 0) ||
    (a.columns.frame_index[i] ?? 0) - (b.columns.frame_index[j] ?? 0) ||
    (a.columns.source_sequence[i] ?? 0) - (b.columns.source_sequence[j] ?? 0)
  );
}

/** A value that changes at known moments. Keeps what open windows may still ask for. */
class Changes<T> {
  #first: T;
  #later: { readonly atUs: number; readonly value: T }[] = [];

  constructor(first: T) {
    this.#first = first;
  }

  add(atUs: number, value: T): void {
    this.#later.push({ atUs, value });
  }

  /** The value just before `us`. Later questions must not be about earlier times. */
  at(us: number): T {
    for (;;) {
      const next = this.#later[0];
      if (next === undefined || next.atUs >= us) return this.#first;
      this.#first = next.value;
      this.#later.shift();
    }
  }
}

const FROM_ZERO: ReceiverTotals = { packetsLost: 0, packetsRecovered: 0, framesNotShown: 0 };
/** A shorter rest would turn one frame into hundreds per second. */
const SLIVER_US = 100_000;
