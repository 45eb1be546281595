// The recorder as the rest of the host sees it: the same calls whether it runs in the Worker (client.ts) or, for the
// command line and tests, in this thread.
import type { CaptureMeta, StatsStatus, StreamKind } from '../../../contract/stats.ts';
import type { CapturedSession, SessionEvent } from '../../../recording/src/capture.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import type { RunTotals } from '../../../recording/src/run.ts';
import type { ReceiverTotals } from '../../../recording/src/windows.ts';
import type { Recorder } from './recorder.ts';
import type { OpenedRecording } from './store.ts';

export interface Recordings {
  start(): Promise<StatsStatus>;
  stop(): Promise<CaptureMeta | undefined>;
  status(): Promise<StatsStatus>;
  /** JSON text of the capture so far: it is large, and nobody here looks into it. */
  live(): Promise<string | undefined>;
  list(): Promise<CaptureMeta[]>;
  open(id: RecordingId): Promise<OpenedRecording | undefined>;
  remove(id: RecordingId): Promise<boolean>;
  session(session: CapturedSession): void;
  sessionEnded(sessionId: number, atNs: bigint, reason: string): void;
  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void;
  event(sessionId: number, atNs: bigint, event: SessionEvent): void;
  observe(sessionId: number, kind: StreamKind): Promise<void>;
  observed(sessionId: number): Promise<RunTotals | undefined>;
  /** Saves what is armed; answers its meta. */
  shutdown(): Promise<CaptureMeta | undefined>;
}

/** The recorder in this thread. */
export class LocalRecordings implements Recordings {
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  async start(): Promise<StatsStatus> {
    return this.#recorder.start();
  }

  async stop(): Promise<CaptureMeta | undefined> {
    return this.#recorder.stop();
  }

  async status(): Promise<StatsStatus> {
    return this.#recorder.status();
  }

  async live(): Promise<string | undefined> {
    const capture = this.#recorder.live();
    return capture === undefined ? undefined : JSON.stringify(capture);
  }

  async list(): Promise<CaptureMeta[]> {
    return this.#recorder.list();
  }

  async open(id: RecordingId): Promise<OpenedRecording | undefined> {
    return this.#recorder.open(id);
  }

  async remove(id: RecordingId): Promise<boolean> {
    return this.#recorder.remove(id);
  }

  session(session: CapturedSession): void {
    this.#recorder.session(session);
  }

  sessionEnded(sessionId: number, atNs: bigint, reason: string): void {
    this.#recorder.sessionEnded(sessionId, atNs, reason);
  }

  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void {
    this.#recorder.receiver(sessionId, atNs, totals);
  }

  event(sessionId: number, atNs: bigint, event: SessionEvent): void {
    this.#recorder.event(sessionId, atNs, event);
  }

  async observe(sessionId: number, kind: StreamKind): Promise<void> {
    this.#recorder.observe(sessionId, kind);
  }

  async observed(sessionId: number): Promise<RunTotals | undefined> {
    return this.#recorder.observed(sessionId);
  }

  async shutdown(): Promise<CaptureMeta | undefined> {
    return this.#recorder.shutdown();
  }
}
