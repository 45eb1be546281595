// Totals of one session over its whole life, for a test stream's report: the same records, no windows.
import type { StageName, StreamKind } from '../../contract/stats.ts';
import { Durations } from './quantiles.ts';
import type { FrameRecord } from './record.ts';
import { stageNs, stageProjection } from './stages.ts';
import { byGrabbed, countSkipped, isDropped } from './windows.ts';

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
  readonly #kind: StreamKind;
  readonly #stages: Map<StageName, Durations>;
  #sent = 0;
  #dropped = 0;
  #packets = 0;
  #fresh = 0;
  #repeated = 0;
  #keys = 0;
  #bytes = 0;
  #skipped: number | undefined;
  #firstSequence: number | undefined;
  #lastSequence: number | undefined;
  /** Records that an older one may still precede; sorted before they are counted. */
  #pending: FrameRecord[] = [];

  constructor(kind: StreamKind) {
    this.#kind = kind;
    this.#stages = new Map(stageProjection[kind].map((span) => [span.name, new Durations()]));
  }

  add(record: FrameRecord): void {
    for (const span of stageProjection[this.#kind]) {
      const ns = stageNs(record, span);
      if (ns !== undefined) this.#stages.get(span.name)?.push(ns);
    }
    if (record.outcome === 'sent') {
      this.#sent += 1;
      this.#packets += record.dataPackets + record.parityPackets - record.sendRefused;
      this.#bytes += record.bytes;
    } else if (isDropped(record.outcome)) this.#dropped += 1;
    if (record.flags.repeat) this.#repeated += 1;
    else this.#fresh += 1;
    if (record.flags.key) this.#keys += 1;
    this.#pending.push(record);
    if (this.#pending.length >= 2 * REORDER) this.#settle(this.#pending.length - REORDER);
  }

  totals(): RunTotals {
    this.#settle(this.#pending.length);
    const stages: Partial<Record<StageName, { p50_us: number; p99_us: number }>> = {};
    for (const [name, durations] of this.#stages) {
      const quantiles = durations.quantilesUs();
      if (quantiles !== undefined) stages[name] = quantiles;
    }
    const counted = this.#firstSequence !== undefined && this.#lastSequence !== undefined;
    return {
      framesSent: this.#sent,
      framesDropped: this.#dropped,
      packetsSent: this.#packets,
      framesNew: this.#fresh,
      framesRepeated: this.#repeated,
      keyFrames: this.#keys,
      bytesSent: this.#bytes,
      sourcePictures: counted
        ? (((this.#lastSequence ?? 0) - (this.#firstSequence ?? 0)) >>> 0) + 1
        : undefined,
      sourceSkipped: this.#skipped,
      stages,
    };
  }

  #settle(count: number): void {
    this.#pending = byGrabbed(this.#pending);
    const settled = this.#pending.splice(0, count);
    this.#firstSequence ??= settled.find((r) => r.sourceSequence !== undefined)?.sourceSequence;
    const { skipped, lastSequence } = countSkipped(settled, this.#lastSequence);
    if (skipped !== undefined) this.#skipped = (this.#skipped ?? 0) + skipped;
    this.#lastSequence = lastSequence;
  }
}

/** More frames than can overtake each other in a queue of two. */
const REORDER = 64;
