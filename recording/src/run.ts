// Totals of one session over its whole life, for a test stream's report: the same frames, no windows.
import type { StageName, StreamKind } from '../../contract/stats.ts';
import { ABSENT, type FrameBatch, frameFlags } from './frames.ts';
import { StageBins } from './stages.ts';
import { isDropped, PendingRows, SENT, SourceCount } from './windows.ts';

export interface RunTotals {
  readonly framesSent: number;
  readonly framesDropped: number;
  readonly packetsSent: number;
  readonly framesNew: number;
  readonly framesRepeated: number;
  readonly keyFrames: number;
  readonly bytesSent: number;
  /** Undefined when the source does not count its pictures. */
  readonly sourcePictures: number | undefined;
  readonly sourceSkipped: number | undefined;
  readonly stages: Readonly<Partial<Record<StageName, { p50_us: number; p99_us: number }>>>;
}

export class RunCollector {
  readonly #sessionId: number;
  readonly #stages: StageBins;
  readonly #sequences = new SourceCount();
  #firstSequence: number = ABSENT;
  #sent = 0;
  #dropped = 0;
  #packets = 0;
  #fresh = 0;
  #repeated = 0;
  #keys = 0;
  #bytes = 0;
  /** Frames that an older one may still precede; sorted before their source's count is followed. */
  readonly #pending = new PendingRows();

  constructor(sessionId: number, kind: StreamKind) {
    this.#sessionId = sessionId;
    this.#stages = new StageBins(kind);
  }

  /** Takes frames, and of them this session's. */
  add(batch: FrameBatch): void {
    const { session } = batch.columns;
    for (let row = 0; row < batch.length; row += 1) {
      if (session[row] === this.#sessionId) this.#frame(batch, row);
    }
    if (this.#pending.length >= 2 * REORDER) this.#settle(this.#pending.length - REORDER);
  }

  totals(): RunTotals {
    this.#settle(this.#pending.length);
    const stages: Partial<Record<StageName, { p50_us: number; p99_us: number }>> = {};
    for (const { name, p50_us, p99_us } of this.#stages.timings())
      stages[name] = { p50_us, p99_us };
    const { last, skipped } = this.#sequences;
    return {
      framesSent: this.#sent,
      framesDropped: this.#dropped,
      packetsSent: this.#packets,
      framesNew: this.#fresh,
      framesRepeated: this.#repeated,
      keyFrames: this.#keys,
      bytesSent: this.#bytes,
      sourcePictures: last === ABSENT ? undefined : ((last - this.#firstSequence) >>> 0) + 1,
      sourceSkipped: skipped,
      stages,
    };
  }

  #frame(batch: FrameBatch, row: number): void {
    const { columns } = batch;
    this.#stages.add(batch, row);
    const outcome = columns.outcome[row] ?? ABSENT;
    if (outcome === SENT) {
      this.#sent += 1;
      this.#packets +=
        (columns.data_packets[row] ?? 0) +
        (columns.parity_packets[row] ?? 0) -
        (columns.send_refused[row] ?? 0);
      this.#bytes += columns.bytes[row] ?? 0;
    } else if (isDropped(outcome)) this.#dropped += 1;
    const flags = columns.flags[row] ?? 0;
    if ((flags & frameFlags.repeat) !== 0) this.#repeated += 1;
    else this.#fresh += 1;
    if ((flags & frameFlags.key) !== 0) this.#keys += 1;
    this.#pending.push(batch, row);
  }

  #settle(count: number): void {
    this.#pending.sortedBefore(Number.POSITIVE_INFINITY);
    for (let i = 0; i < count; i += 1) {
      const { columns } = this.#pending.batch(i);
      const sequence = columns.source_sequence[this.#pending.row(i)] ?? ABSENT;
      if (this.#firstSequence === ABSENT) this.#firstSequence = sequence;
      this.#sequences.next(sequence);
    }
    this.#pending.drop(count);
  }
}

/** More frames than can overtake each other in a queue of two. */
const REORDER = 64;
