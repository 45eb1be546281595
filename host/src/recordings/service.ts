// The recorder as the rest of the host sees it: the same calls whether it runs in the Worker (client.ts) or, for tests, in
// this thread. Nothing here waits for a stream, and no stream waits for it.

import type { FrameColumn } from '../../../contract/frame-columns.ts';
import type {
  BlackBoxStatus,
  CaptureEvent,
  CaptureMeta,
  CaptureStartRequest,
  FrameRange,
  LiveDelta,
  MarkerRequest,
  RangeQuantiles,
  RecordingChange,
  StatsStatus,
  StreamKind,
} from '../../../contract/stats.ts';
import type {
  CapturedSession,
  ReceiverTotals,
  SessionEvent,
} from '../../../recording/src/inputs.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import type { RunTotals } from '../../../recording/src/run.ts';

/** A file ready to be sent: as it lies there, or text made of an older version's. */
export type OpenedRecording =
  | { readonly kind: 'file'; readonly path: string; readonly gzipPath: string | undefined }
  | { readonly kind: 'text'; readonly text: string };

export interface ListQuery {
  /** At most so many; 1 … 1000. */
  readonly limit?: number;
  /** Only what comes after this id in the list's order. */
  readonly after?: string;
  readonly kind?: StreamKind;
  readonly tag?: string;
  readonly starred?: boolean;
  /** Started in [from, to). */
  readonly fromUnixMs?: number;
  readonly toUnixMs?: number;
  /** In id, name, note, client or a tag, whatever the case. */
  readonly text?: string;
}

export interface RecordingsPage {
  /** Newest first; damaged files last, with `damaged`. */
  readonly metas: readonly CaptureMeta[];
  /** `after` of the next page; undefined when this is the last. */
  readonly next: string | undefined;
}

export interface QuantilesQuery extends FrameRange {
  /** Default 50, 90, 95, 99, 99.9. */
  readonly percents?: readonly number[];
  readonly frames?: 'all' | 'new';
}

export interface FramesQuery extends FrameRange {
  /** All when absent. */
  readonly columns?: readonly FrameColumn[];
  readonly format: 'parquet' | 'jsonl';
}

export interface EventsQuery extends FrameRange {
  readonly kinds?: readonly string[];
}

/** A download that is made piece by piece. */
export interface FramesDownload {
  readonly handle: number;
  /** The whole file as it lies there does it: no piece has to be made. */
  readonly path: string | undefined;
}

export interface RecordingsService {
  /** Arms; armed already: changes nothing. */
  start(request?: CaptureStartRequest): Promise<StatsStatus>;
  /** Disarms and saves; undefined when nothing was running. */
  stop(): Promise<CaptureMeta | undefined>;
  status(): Promise<StatsStatus>;
  /** JSON text of the capture so far: it is large, and nobody here looks into it. */
  live(): Promise<string | undefined>;
  /** Puts a marker. Throws AppError 409 `not_recording` when neither a capture nor the black box takes it. */
  mark(request: MarkerRequest): Promise<CaptureEvent>;
  /** Every change of the running capture, as it happens; answers how to stop. */
  onDelta(listener: (delta: LiveDelta) => void): () => void;

  list(query?: ListQuery): Promise<RecordingsPage>;
  open(id: RecordingId): Promise<OpenedRecording | undefined>;
  /** Changes what people added; undefined when there is no such recording. */
  change(id: RecordingId, change: RecordingChange): Promise<CaptureMeta | undefined>;
  /** To the trash; false when there is none. `forever`: not there either. */
  remove(id: RecordingId, how?: 'trash' | 'forever'): Promise<boolean>;
  trash(): Promise<readonly CaptureMeta[]>;
  /** Out of the trash; undefined when it is not there. Throws AppError 409 `recording_exists`. */
  restore(id: RecordingId): Promise<CaptureMeta | undefined>;
  /**
   * Takes a recording from elsewhere: JSON of any version, or the same gzipped. Throws AppError 400 `import_invalid`,
   * 413 `import_too_large`, 409 `recording_exists`. The bytes are the recorder’s from then on: they may be moved away.
   */
  import(bytes: Uint8Array): Promise<CaptureMeta>;

  /** Undefined when there is no such recording. Throws AppError 404 `no_frames` when it has no frames file. */
  quantiles(id: RecordingId, query: QuantilesQuery): Promise<RangeQuantiles | undefined>;
  events(id: RecordingId, query: EventsQuery): Promise<readonly CaptureEvent[] | undefined>;
  /** Begins a download of frames; undefined and errors like `quantiles`. */
  openFrames(id: RecordingId, query: FramesQuery): Promise<FramesDownload | undefined>;
  /** The next piece; undefined at the end, and then the handle is gone. */
  nextFrames(handle: number): Promise<Uint8Array | undefined>;
  closeFrames(handle: number): Promise<void>;

  /** Saves what the black box holds. Throws AppError 409 `black_box_empty` or `black_box_off`. */
  saveBlackBox(): Promise<CaptureMeta>;
  /** Makes a recording of the last run's black box, without names and addresses; undefined when there is none. */
  saveLastRun(): Promise<CaptureMeta | undefined>;
  /** Forgets the last run's bad end. */
  dismissLastRun(): Promise<void>;
  blackBox(): Promise<BlackBoxStatus>;
  /** OpenMetrics text; undefined when metrics are off. */
  metrics(): Promise<string | undefined>;

  session(session: CapturedSession): void;
  sessionEnded(sessionId: number, atNs: bigint, reason: string): void;
  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void;
  event(sessionId: number, atNs: bigint, event: SessionEvent): void;
  observe(sessionId: number, kind: StreamKind): Promise<void>;
  observed(sessionId: number): Promise<RunTotals | undefined>;
  /** Saves what is armed; answers its meta. */
  shutdown(): Promise<CaptureMeta | undefined>;
}
