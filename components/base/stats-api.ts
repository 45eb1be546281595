// What the elements ask a host for. An interface, so that a plugin may carry the same questions over its own back end;
// `HttpStatsApi` is the one for a plain page. Elements never fetch.
import type { HostInfo } from '../../contract/host.ts';
import type {
  Capture,
  CaptureEvent,
  CaptureMeta,
  LiveDelta,
  RecordingChange,
  StatsStatus,
} from '../../contract/stats.ts';
import type { TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';
import type { HostApi } from './host-api.ts';

/** What the capture control asks: enough for a page that only arms and saves. */
export interface ControlApi {
  status(signal?: AbortSignal): Promise<StatsStatus>;
  start(signal?: AbortSignal): Promise<StatsStatus>;
  /** The saved recording; undefined when nothing was running. */
  stop(signal?: AbortSignal): Promise<CaptureMeta | undefined>;
}

/** Recordings and test streams; what concerns devices, streams and tokens a plugin may leave out. */
export interface StatsApi extends ControlApi, Partial<HostApi> {
  /** The capture so far; undefined while idle. */
  live(signal?: AbortSignal): Promise<Capture | undefined>;
  /**
   * One connection that tells what the live capture adds; without it the capture is asked for on a beat. Resolves when the
   * host ends it, rejects when there was none or it broke.
   */
  followCapture?(following: Following, signal: AbortSignal): Promise<void>;
  recordings(signal?: AbortSignal): Promise<readonly CaptureMeta[]>;
  recording(id: string, signal?: AbortSignal): Promise<Capture>;
  /** The file itself, byte for byte. */
  recordingFile(id: string, signal?: AbortSignal): Promise<Blob>;
  /** Its frames as they lie beside it, one Parquet file; without it windows are all there is to see. */
  recordingFrames?(id: string, signal?: AbortSignal): Promise<ArrayBuffer>;
  /** The viewer's page, which a report is made from; without it there are no reports. */
  viewerPage?(signal?: AbortSignal): Promise<string>;
  /** Name, note, tags and star; without it a recording stays as it is called. */
  changeRecording?(id: string, change: RecordingChange, signal?: AbortSignal): Promise<CaptureMeta>;
  deleteRecording(id: string, signal?: AbortSignal): Promise<void>;
  /** Takes a deleted recording back; without it, deleted is gone. */
  restoreRecording?(id: string, signal?: AbortSignal): Promise<CaptureMeta>;
  /** Deleted ones that can be taken back, the last deleted first; without it they cannot be looked at. */
  trash?(signal?: AbortSignal): Promise<readonly CaptureMeta[]>;
  /** Deletes for good, out of the trash too. */
  deleteForever?(id: string, signal?: AbortSignal): Promise<void>;
  /** Puts a marker into what is recorded, where it was `agoMs` before; who leaves that out puts it down now. */
  mark?(text: string, signal?: AbortSignal, agoMs?: number): Promise<CaptureEvent>;
  /** Makes a recording of what the black box holds. */
  saveBlackBox?(signal?: AbortSignal): Promise<CaptureMeta>;
  /** Makes a recording of the last run's black box. */
  saveLastRun?(signal?: AbortSignal): Promise<CaptureMeta>;
  dismissLastRun?(signal?: AbortSignal): Promise<void>;
  /** Who the host is and what streams; undefined when this API does not tell. */
  hostInfo(signal?: AbortSignal): Promise<HostInfo | undefined>;
  testStream(signal?: AbortSignal): Promise<TestStreamState>;
  startTestStream(request: TestStreamRequest, signal?: AbortSignal): Promise<TestStreamState>;
  stopTestStream(signal?: AbortSignal): Promise<void>;
  /** What really happened in the last script, JSON lines; without it nothing is claimed about what was injected. */
  testStreamTruth?(signal?: AbortSignal): Promise<string>;
}

/** `reset`: what is held is no longer what the next news add to; the capture is to be loaded. It comes first. */
export type CaptureNews = LiveDelta | { readonly kind: 'reset' };

export interface Following {
  /** Id of the last news seen before: the host goes on behind it where it can. */
  readonly after: string | undefined;
  readonly onOpen: () => void;
  readonly onNews: (news: CaptureNews, id: string | undefined) => void;
}

export type FailureKind =
  | 'token-missing'
  | 'token-wrong'
  | 'offline'
  | 'not-found'
  | 'refused'
  | 'unreadable';

/** Why a question has no answer. `message` is the host's own sentence where it sent one. */
export class ApiFailure extends Error {
  readonly kind: FailureKind;
  readonly code: string;
  /** HTTP's status of the refusal; undefined when there was no answer. */
  readonly status: number | undefined;
  /** When the host last answered, Unix ms on this machine; only for `offline`. */
  readonly lastAnswerUnixMs: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    detail: { code?: string; status?: number; lastAnswerUnixMs?: number | undefined } = {},
  ) {
    super(message);
    this.name = 'ApiFailure';
    this.kind = kind;
    this.code = detail.code ?? kind;
    this.status = detail.status;
    this.lastAnswerUnixMs = detail.lastAnswerUnixMs;
  }
}

/** Whatever was thrown, as a failure that a state can be drawn from. */
export function asFailure(thrown: unknown): ApiFailure {
  if (thrown instanceof ApiFailure) return thrown;
  return new ApiFailure('refused', thrown instanceof Error ? thrown.message : String(thrown));
}
