// The recorder: arms the engine's gate, feeds its records to the capture and to whoever watches a session, saves at
// Stop. No timer of its own: its owner calls `poll` while `onActive` says so. docs/recording-format.md.
import type { Capture, CaptureMeta, StatsStatus, StreamKind } from '../../../contract/stats.ts';
import {
  CaptureBuilder,
  type CapturedSession,
  type SessionEvent,
} from '../../../recording/src/capture.ts';
import { decodeRecords, type FrameRecord, RECORD_BYTES } from '../../../recording/src/record.ts';
import { type RecordingId, recordingStem } from '../../../recording/src/recording-id.ts';
import { RunCollector, type RunTotals } from '../../../recording/src/run.ts';
import type { ReceiverTotals } from '../../../recording/src/windows.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { OpenedRecording, RecordingStore } from './store.ts';

/** What the recorder needs of the engine. */
export interface MeasuredEngine {
  nowNs(): bigint;
  /** Opens or closes the gate for records. */
  measure(on: boolean): void;
  /** Whole records, without waiting. */
  drainRecords(into: Uint8Array): number;
  /** Records lost to full rings since the engine opened. */
  recordsLost(): number;
}

export interface RecorderOptions {
  readonly engine: MeasuredEngine;
  readonly store: RecordingStore;
  readonly log: Log;
  readonly nowUnixMs: () => number;
  /** Polling is needed from now on, or no longer. */
  readonly onActive: (active: boolean) => void;
}

export class Recorder {
  readonly #engine: MeasuredEngine;
  readonly #store: RecordingStore;
  readonly #log: Log;
  readonly #nowUnixMs: () => number;
  readonly #onActive: (active: boolean) => void;
  readonly #sessions = new Map<number, CapturedSession>();
  readonly #runs = new Map<number, RunCollector>();
  readonly #buffer = new Uint8Array(DRAIN_RECORDS * RECORD_BYTES);
  #capture: CaptureBuilder | undefined;
  #unsaved: Capture | undefined;
  /** Records of sessions that nobody has announced yet. */
  #orphans: FrameRecord[] = [];
  #lost = 0;
  #nextLostCheckNs = 0n;

  constructor(options: RecorderOptions) {
    this.#engine = options.engine;
    this.#store = options.store;
    this.#log = options.log;
    this.#nowUnixMs = options.nowUnixMs;
    this.#onActive = options.onActive;
  }

  /** Arms a capture; armed already: changes nothing. An unsaved one is saved first. */
  start(): StatsStatus {
    if (this.#capture !== undefined) return this.status();
    if (this.#unsaved !== undefined) this.#saveBeforeStart();
    // What lies in the rings belongs to nobody's capture.
    this.poll();
    const startedUnixMs = this.#nowUnixMs();
    this.#capture = new CaptureBuilder({
      stem: recordingStem(startedUnixMs, (stem) => this.#store.hasStem(stem)),
      startedUnixMs,
      armedNs: this.#engine.nowNs(),
    });
    for (const session of this.#sessions.values()) this.#capture.session(session);
    this.#lost = this.#engine.recordsLost();
    this.#updateGate();
    return this.status();
  }

  /** Disarms and saves; undefined when nothing was running. A failed save keeps the capture for the next stop. */
  stop(): CaptureMeta | undefined {
    if (this.#capture !== undefined) {
      this.poll();
      this.#checkLost();
      this.#unsaved = this.#capture.finish(this.#engine.nowNs());
      this.#capture = undefined;
      this.#orphans = [];
      this.#updateGate();
    }
    const capture = this.#unsaved;
    if (capture === undefined) return undefined;
    this.#store.save(capture);
    this.#unsaved = undefined;
    this.#log.info('recording saved', { id: capture.meta.id, samples: capture.meta.sample_count });
    return capture.meta;
  }

  status(): StatsStatus {
    const capture = this.#capture;
    const unsaved = this.#unsaved === undefined ? {} : { unsaved: true };
    return {
      armed: capture !== undefined,
      sample_count: capture?.sampleCount ?? this.#unsaved?.meta.sample_count ?? 0,
      started_unix_ms: capture?.startedUnixMs ?? 0,
      kind: capture?.kind ?? '',
      now_unix_ms: this.#nowUnixMs(),
      ...unsaved,
    };
  }

  /** The capture so far, or the one that waits to be saved; undefined when idle. */
  live(): Capture | undefined {
    return this.#capture?.live(this.#nowUnixMs()) ?? this.#unsaved;
  }

  list(): CaptureMeta[] {
    return this.#store.list();
  }

  open(id: RecordingId): OpenedRecording | undefined {
    return this.#store.open(id);
  }

  remove(id: RecordingId): boolean {
    return this.#store.remove(id);
  }

  /** Announces a session, or what changed about it. */
  session(session: CapturedSession): void {
    this.#sessions.set(session.sessionId, session);
    this.#capture?.session(session);
    const orphans = this.#orphans;
    this.#orphans = [];
    for (const record of orphans) this.#toCapture(record);
  }

  sessionEnded(sessionId: number, atNs: bigint, reason: string): void {
    this.poll();
    this.#sessions.delete(sessionId);
    this.#capture?.sessionEnded(sessionId, atNs, reason);
  }

  /** A receiver's running totals, as of `atNs`. */
  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void {
    this.#capture?.receiver(sessionId, atNs, totals);
  }

  /** Something rare in a session's life, as of `atNs`. */
  event(sessionId: number, atNs: bigint, event: SessionEvent): void {
    this.#capture?.event(sessionId, atNs, event);
  }

  /** Collects a session's whole run from now on, until `observed` asks for it. */
  observe(sessionId: number, kind: StreamKind): void {
    this.#runs.set(sessionId, new RunCollector(kind));
    this.#updateGate();
  }

  /** Totals of an observed session, which is then forgotten; undefined when it was not observed. */
  observed(sessionId: number): RunTotals | undefined {
    this.poll();
    const run = this.#runs.get(sessionId);
    this.#runs.delete(sessionId);
    this.#updateGate();
    return run?.totals();
  }

  /** Reads every record that waits, and closes the windows that are over. */
  poll(): void {
    for (;;) {
      const length = this.#engine.drainRecords(this.#buffer);
      if (length === 0) break;
      for (const record of decodeRecords(this.#buffer.subarray(0, length))) {
        this.#runs.get(record.session)?.add(record);
        this.#toCapture(record);
      }
      if (length < this.#buffer.byteLength) break;
    }
    if (this.#capture === undefined) return;
    const now = this.#engine.nowNs();
    if (now >= this.#nextLostCheckNs) {
      this.#nextLostCheckNs = now + LOST_CHECK_NS;
      this.#checkLost();
    }
    this.#capture.advance(now);
  }

  /** Saves what is armed or unsaved. Throws like `stop`. */
  shutdown(): CaptureMeta | undefined {
    return this.stop();
  }

  #toCapture(record: FrameRecord): void {
    if (this.#capture === undefined || this.#capture.record(record)) return;
    if (this.#orphans.length < MAX_ORPHANS) this.#orphans.push(record);
    else this.#capture.recordsLost(1);
  }

  #checkLost(): void {
    const lost = this.#engine.recordsLost();
    if (lost > this.#lost) this.#capture?.recordsLost(lost - this.#lost);
    this.#lost = lost;
  }

  #updateGate(): void {
    const active = this.#capture !== undefined || this.#runs.size > 0;
    this.#engine.measure(active);
    this.#onActive(active);
  }

  #saveBeforeStart(): void {
    try {
      this.stop();
    } catch (error) {
      throw new AppError(
        409,
        'unsaved_capture',
        `The last capture is not saved yet, and a new one would replace it. ${reasonOf(error)}`,
        { cause: error },
      );
    }
  }
}

/** 16 sessions of 240 frames a second, a second's worth at a time. */
const DRAIN_RECORDS = 4096;
/** A session is announced before its first frame leaves; this is for the moment in between. */
const MAX_ORPHANS = 10_000;
const LOST_CHECK_NS = 1_000_000_000n;
