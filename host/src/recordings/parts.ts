// What the recorder is put together from, as it sees it: the engine, the black box, the figures for /metrics. Interfaces
// only; worker.ts chooses who stands behind them.
import type { BlackBoxStatus, CaptureMeta, LastRun } from '../../../contract/stats.ts';
import type { CaptureInput } from '../../../recording/src/inputs.ts';

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

/** The last two minutes, whoever asks for them later. Gets every input, in order, before a capture does. */
export interface BlackBox {
  take(input: CaptureInput): void;
  /** Once a poll. `armed`: a capture runs, so that a trigger is only an event and saves nothing. */
  tick(nowNs: bigint, armed: boolean): void;
  /** A session lives that it wants frames of. */
  readonly wanted: boolean;
  /** Where it begins on the engine's clock; undefined while it holds nothing. */
  readonly beginsNs: bigint | undefined;
  /**
   * What a capture that begins at `fromNs` has to be fed: sessions announced by then, after them everything that came
   * later. The bytes of records are valid until the next call of `take`.
   */
  since(fromNs: bigint): Iterable<CaptureInput>;
  status(): BlackBoxStatus;
  /** Makes a recording of it. Throws AppError 409 `black_box_empty`, or `save_failed`. */
  save(): CaptureMeta;
  /** How the run before this one ended, when it ended badly and nobody dismissed it. */
  lastRun(): LastRun | undefined;
  /** Makes a recording of what it left, without names and addresses; undefined when there is none. */
  saveLastRun(): CaptureMeta | undefined;
  dismissLastRun(): void;
  /** A clean end: no next start shall speak of it. */
  close(): void;
}

/** Counts over the life of the host, for OpenMetrics. */
export interface Metrics {
  take(input: CaptureInput): void;
  text(): string;
}

/** A recording that was made in memory. */
export interface FinishedRecording {
  readonly meta: CaptureMeta;
  /** Of the JSON file. */
  readonly text: string;
  /** Of the frames file; undefined when there is no frame. */
  readonly frames: Uint8Array | undefined;
}

/** Where finished recordings go: saving.ts. */
export interface RecordingSaver {
  /** A stem that nothing else has, see `recordingStem`. */
  freshStem(startedUnixMs: number): string;
  /** Frames first, JSON last: it is there whole or not at all. Throws AppError `save_failed`. */
  save(recording: FinishedRecording): void;
}
