// One session's windows: collects frame records by the engine's clock and closes them into samples. Knows no wall
// clock and no timer: time comes from the records and from `advance`.
import type { StageTiming, StatsSample, StreamKind } from '../../contract/stats.ts';
import { Durations } from './quantiles.ts';
import type { FrameOutcome, FrameRecord } from './record.ts';
import { stageNs, stageProjection, totalNs } from './stages.ts';

/** Nominal length of a window, ns. */
export const windowNs: Readonly<Record<StreamKind, number>> = {
  gamestream: 1_000_000_000,
  native: 2_000_000_000,
};

/** Samples a session may have: 3 hours. */
export const sampleBound: Readonly<Record<StreamKind, number>> = {
  gamestream: 10_800,
  native: 5_400,
};

export interface WindowedSession {
  readonly sessionId: number;
  readonly kind: StreamKind;
  /** Configured target now; may change while the session runs. */
  bitrateKbps: number;
}

/** What a receiver reports: totals since its session began. */
export interface ReceiverTotals {
  readonly packetsLost?: number;
  readonly packetsRecovered?: number;
  /** Frames that the receiver gave up. */
  readonly framesNotShown?: number;
  /** Median round trip since the last report, µs; no total. */
  readonly rttUs?: number;
}

const COUNTS = ['packetsLost', 'packetsRecovered', 'framesNotShown'] as const;
type Counts = { [K in (typeof COUNTS)[number]]?: number };

interface OpenWindow {
  readonly index: number;
  readonly records: FrameRecord[];
  /** What was reported of this window; absent = nothing was. */
  readonly counts: Counts;
  readonly rttsUs: number[];
}

/**
 * Rolls windows of one session. Times inside are ns since `originNs`, the engine clock at arming.
 * A window stays open for a grace after its end, because a frame dropped early is recorded before an
 * older frame that still waits for the sender.
 */
export class SessionWindows {
  readonly #session: WindowedSession;
  readonly #originNs: bigint;
  #startNs: number | undefined;
  /** Index of the oldest window that is not closed yet. */
  #next = 0;
  #open: OpenWindow[] = [];
  #lastSequence: number | undefined;
  #sequenceBroken = false;
  #receiver: ReceiverTotals | undefined;
  #emitted = 0;
  #truncated = false;

  constructor(session: WindowedSession, originNs: bigint) {
    this.#session = session;
    this.#originNs = originNs;
  }

  /** The bound was reached: later windows are missing. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Takes a record. A frame grabbed before arming is not ours. */
  add(record: FrameRecord): void {
    if (record.grabbedNs < this.#originNs) return;
    const at = Number(record.grabbedNs - this.#originNs);
    this.#startNs ??= at;
    // Seen from its first frame on: the receiver's totals began at zero with it.
    if (record.frameIndex === 1) {
      this.#receiver ??= { packetsLost: 0, packetsRecovered: 0, framesNotShown: 0 };
    }
    this.#windowAt(at).records.push(record);
  }

  /** Takes a receiver's running totals; what was added since its last report belongs to the window of `atNs`. */
  receiver(atNs: bigint, totals: ReceiverTotals): void {
    const before = this.#receiver;
    this.#receiver = { ...before, ...totals };
    if (this.#startNs === undefined) return;
    const window = this.#windowAt(Number(atNs - this.#originNs));
    if (totals.rttUs !== undefined) window.rttsUs.push(totals.rttUs);
    for (const count of COUNTS) {
      const [now, then] = [totals[count], before?.[count]];
      if (now === undefined || then === undefined) continue;
      window.counts[count] = (window.counts[count] ?? 0) + Math.max(0, now - then);
    }
  }

  /** Records were lost to a full ring: the source's count cannot be followed across the gap. */
  recordsLost(): void {
    this.#sequenceBroken = true;
  }

  /** Closes every window that ended a grace before `nowNs`, empty ones too: nothing sent is a measured zero. */
  advance(nowNs: bigint): StatsSample[] {
    if (this.#startNs === undefined) return [];
    const length = windowNs[this.#session.kind];
    const elapsed = Number(nowNs - this.#originNs) - GRACE_NS - this.#startNs;
    const samples: StatsSample[] = [];
    while ((this.#next + 1) * length <= elapsed) {
      this.#emit(this.#take(this.#next), this.#next * length, length, samples);
      this.#next += 1;
    }
    return samples;
  }

  /** Closes everything at the session's or the capture's end. A sliver joins the window before it. */
  finish(nowNs: bigint): StatsSample[] {
    if (this.#startNs === undefined) return [];
    const samples = this.advance(nowNs);
    const length = windowNs[this.#session.kind];
    let last = this.#open.reduce((most, window) => Math.max(most, window.index), this.#next);
    const elapsed = Math.max(
      Number(nowNs - this.#originNs) - this.#startNs,
      ...this.#open.flatMap((window) => window.records.map((record) => this.#endOf(record))),
    );
    last = Math.max(last, Math.floor(elapsed / length));
    while (this.#next <= last) {
      const window = this.#take(this.#next);
      let end = Math.min(elapsed, (this.#next + 1) * length);
      if (this.#next + 1 === last && elapsed - end < SLIVER_NS) {
        merge(window, this.#take(last));
        end = elapsed;
        last = this.#next;
      }
      const start = this.#next * length;
      if (end > start) this.#emit(window, start, end - start, samples);
      this.#next += 1;
    }
    this.#startNs = undefined;
    return samples;
  }

  #endOf(record: FrameRecord): number {
    const grabbed = Number(record.grabbedNs - this.#originNs) - (this.#startNs ?? 0);
    return grabbed + (totalNs(record) ?? 0);
  }

  #windowAt(at: number): OpenWindow {
    const index = Math.floor((at - (this.#startNs ?? at)) / windowNs[this.#session.kind]);
    return this.#find(Math.max(index, this.#next));
  }

  #find(index: number): OpenWindow {
    const found = this.#open.find((window) => window.index === index);
    if (found !== undefined) return found;
    const window: OpenWindow = { index, records: [], counts: {}, rttsUs: [] };
    this.#open.push(window);
    return window;
  }

  #take(index: number): OpenWindow {
    const window = this.#find(index);
    this.#open = this.#open.filter((other) => other !== window);
    return window;
  }

  #emit(window: OpenWindow, startNs: number, lengthNs: number, into: StatsSample[]): void {
    const sample = this.#sample(window, startNs, lengthNs);
    if (this.#emitted >= sampleBound[this.#session.kind]) {
      this.#truncated = true;
      return;
    }
    this.#emitted += 1;
    into.push(sample);
  }

  #sample(window: OpenWindow, startNs: number, lengthNs: number): StatsSample {
    const records = byGrabbed(window.records);
    const seconds = lengthNs / 1e9;
    const repeats = records.filter((record) => record.flags.repeat).length;
    const sent = records.filter((record) => record.outcome === 'sent');
    const goodBytes = sent.reduce((sum, record) => sum + record.bytes, 0);
    const total = new Durations();
    for (const record of records) pushDefined(total, totalNs(record));
    const totalUs = total.quantilesUs();
    const skipped = this.#skippedIn(records);
    return {
      t_ms: Math.round(((this.#startNs ?? 0) + startNs + lengthNs) / 1e6),
      session_id: this.#session.sessionId,
      stages: stageTimings(records, this.#session.kind),
      fps: (records.length - repeats) / seconds,
      repeat_fps: repeats / seconds,
      mbps: (goodBytes * 8) / 1e6 / seconds,
      bitrate_kbps: this.#session.bitrateKbps,
      frames_dropped: records.filter((record) => isDropped(record.outcome)).length,
      send_dropped: records.reduce((sum, record) => sum + record.sendRefused, 0),
      ...reported(window),
      ...(skipped === undefined ? {} : { source_skipped: skipped }),
      window_ms: lengthNs / 1e6,
      frames: records.length,
      ...(totalUs === undefined
        ? {}
        : { total_p50_us: totalUs.p50_us, total_p99_us: totalUs.p99_us }),
    };
  }

  /** Pictures of the source between one frame's picture and the next; undefined where it cannot be known. */
  #skippedIn(records: readonly FrameRecord[]): number | undefined {
    const broken = this.#sequenceBroken;
    this.#sequenceBroken = false;
    if (broken) this.#lastSequence = undefined;
    const result = countSkipped(records, this.#lastSequence);
    this.#lastSequence = result.lastSequence;
    return broken ? undefined : result.skipped;
  }
}

/** Dropped before it was on the wire whole. A session's end drops nothing: nobody waits for the frame. */
export function isDropped(outcome: FrameOutcome): boolean {
  return outcome !== 'sent' && outcome !== 'session_ended';
}

/** Counts the source's pictures that no frame carried, after `lastSequence` and between records in order of grabbing. */
export function countSkipped(
  records: readonly FrameRecord[],
  lastSequence: number | undefined,
): { readonly skipped: number | undefined; readonly lastSequence: number | undefined } {
  let skipped: number | undefined;
  let last = lastSequence;
  for (const record of records) {
    if (record.sourceSequence === undefined) continue;
    // Signed difference modulo 2^32: the count wraps, and a repeat stands still.
    const step = last === undefined ? 0 : (record.sourceSequence - last) | 0;
    skipped = (skipped ?? 0) + Math.max(0, step - 1);
    if (last === undefined || step > 0) last = record.sourceSequence;
  }
  return { skipped, lastSequence: last };
}

/** In order of grabbing: a frame dropped early is recorded before an older one that waited. */
export function byGrabbed(records: readonly FrameRecord[]): FrameRecord[] {
  return records.toSorted((a, b) => Number(a.grabbedNs - b.grabbedNs));
}

function stageTimings(records: readonly FrameRecord[], kind: StreamKind): StageTiming[] {
  return stageProjection[kind].flatMap((span) => {
    const durations = new Durations();
    for (const record of records) pushDefined(durations, stageNs(record, span));
    const quantiles = durations.quantilesUs();
    return quantiles === undefined ? [] : [{ name: span.name, ...quantiles }];
  });
}

function pushDefined(durations: Durations, ns: number | undefined): void {
  if (ns !== undefined) durations.push(ns);
}

function merge(into: OpenWindow, from: OpenWindow): void {
  into.records.push(...from.records);
  into.rttsUs.push(...from.rttsUs);
  for (const count of COUNTS) {
    const more = from.counts[count];
    if (more !== undefined) into.counts[count] = (into.counts[count] ?? 0) + more;
  }
}

/** The receiver's part of a sample; what it did not report is left out. */
function reported({ counts, rttsUs }: OpenWindow): Partial<StatsSample> {
  const { packetsLost, packetsRecovered, framesNotShown } = counts;
  const rttUs = rttsUs.toSorted((a, b) => a - b)[Math.floor((rttsUs.length - 1) / 2)];
  return {
    ...(packetsLost === undefined ? {} : { packets_dropped: packetsLost }),
    ...(packetsRecovered === undefined ? {} : { fec_recovered: packetsRecovered }),
    ...(framesNotShown === undefined ? {} : { frames_not_shown: framesNotShown }),
    ...(rttUs === undefined ? {} : { rtt_us: rttUs }),
  };
}

/** Longer than a frame may wait for the sender; the ring is read right before windows are closed. */
const GRACE_NS = 250_000_000;
/** A shorter rest would turn one frame into hundreds per second. */
const SLIVER_NS = 100_000_000;
