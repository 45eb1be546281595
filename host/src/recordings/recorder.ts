// The recorder: one ordered flow of inputs from engine and host into black box, metrics and the armed capture. Opens and
// closes the engine's gate. No timer and no thread of its own: its owner calls `poll` while `onActive` says so.
// docs/recording-format.md.
import type {
  BlackBoxStatus,
  CaptureEvent,
  CaptureMeta,
  CaptureStartRequest,
  HostFacts,
  LastRun,
  LiveDelta,
  MarkerRequest,
  StatsStatus,
  StreamKind,
} from '../../../contract/stats.ts';
import { decodeRecords, RECORD_BYTES } from '../../../recording/src/frames.ts';
import type {
  CapturedSession,
  CaptureInput,
  ReceiverTotals,
  SessionEvent,
} from '../../../recording/src/inputs.ts';
import { RunCollector, type RunTotals } from '../../../recording/src/run.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Disk } from './disk.ts';
import type { BlackBox, MeasuredEngine, Metrics } from './parts.ts';
import type { RecoveredRun } from './recovery.ts';
import { RunningCapture } from './running-capture.ts';
import type { RecordingFiles } from './saving.ts';

export interface RecorderOptions {
  readonly engine: MeasuredEngine;
  readonly disk: Disk;
  /** captures/; undefined: there is nowhere to save, and saving says so. */
  readonly folder: string | undefined;
  readonly files: RecordingFiles;
  readonly log: Log;
  readonly nowUnixMs: () => number;
  /** ms since the machine started, time asleep included. */
  readonly bootMs: () => number;
  /** For what recording itself costs: ms, monotonic. */
  readonly clockMs: () => number;
  readonly host?: HostFacts;
  readonly memoryBytes?: number;
  /** Undefined: off. */
  readonly blackBox?: BlackBox | undefined;
  readonly metrics?: Metrics | undefined;
  /** Polling is needed from now on, or no longer. */
  readonly onActive: (active: boolean) => void;
}

export class Recorder {
  readonly #options: RecorderOptions;
  readonly #engine: MeasuredEngine;
  readonly #sessions = new Map<number, CapturedSession>();
  readonly #runs = new Map<number, RunCollector>();
  readonly #listeners = new Set<(deltas: readonly LiveDelta[]) => void>();
  #buffer: Uint8Array | undefined;
  #capture: RunningCapture | undefined;
  /** Stopped, and not on the disk yet. */
  #unsaved: RunningCapture | undefined;
  #unsavedFault: string | undefined;
  #active = false;
  #lost = 0;
  #nextLostCheckNs = 0n;
  /** Boot clock minus the engine's: grows while the machine sleeps. */
  #asleepMs: number | undefined;
  #recovered: readonly RecoveredRun[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#engine = options.engine;
    if (options.metrics !== undefined) this.#updateGate();
  }

  /** Arms a capture; armed already: changes nothing. An unsaved one is saved first. */
  start(request: CaptureStartRequest = {}): StatsStatus {
    if (this.#capture !== undefined) return this.status();
    if (this.#unsaved !== undefined) this.#saveBeforeStart();
    // What lies in the rings is of before.
    this.poll();
    const { nowUnixMs, files, folder, disk, log, clockMs, host, memoryBytes } = this.#options;
    const nowNs = this.#engine.nowNs();
    const fromNs = this.#preRollFrom(nowNs, request.pre_roll_s ?? 0);
    const preRollMs = Math.round(Number(nowNs - (fromNs ?? nowNs)) / 1e6);
    const startedUnixMs = nowUnixMs() - preRollMs;
    const capture = new RunningCapture({
      start: {
        stem: files.freshStem(startedUnixMs),
        startedUnixMs,
        armedNs: fromNs ?? nowNs,
        ...(host === undefined ? {} : { host }),
        ...(preRollMs === 0 ? {} : { preRollMs }),
        ...(request.name === undefined ? {} : { name: request.name }),
      },
      ...{ disk, folder, files, log, clockMs },
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    });
    for (const input of fromNs === undefined ? this.#announcements(nowNs) : this.#past(fromNs)) {
      capture.take(input, nowNs);
    }
    this.#capture = capture;
    this.#updateGate();
    this.#tell([{ kind: 'started', started_unix_ms: startedUnixMs }, ...capture.advance(nowNs)]);
    return this.status();
  }

  /** Disarms and saves; undefined when nothing was running. A failed save keeps the capture for the next stop. */
  stop(): CaptureMeta | undefined {
    const nowNs = this.#engine.nowNs();
    if (this.#capture !== undefined) {
      this.poll();
      this.#checkLost(nowNs);
      this.#unsaved = this.#capture;
      this.#capture = undefined;
      this.#tell(this.#unsaved.close(nowNs));
      this.#updateGate();
    }
    return this.#unsaved === undefined ? undefined : this.#save(this.#unsaved, nowNs);
  }

  status(): StatsStatus {
    const capture = this.#capture ?? this.#unsaved;
    const fault = this.#unsavedFault ?? capture?.fault;
    const lastRun = this.#lastRun();
    const { blackBox } = this.#options;
    return {
      armed: this.#capture !== undefined,
      sample_count: capture?.sampleCount ?? 0,
      started_unix_ms: this.#capture?.startedUnixMs ?? 0,
      kind: this.#capture?.kind ?? '',
      now_unix_ms: this.#options.nowUnixMs(),
      ...(this.#unsaved === undefined ? {} : { unsaved: true }),
      ...(fault === undefined ? {} : { fault }),
      ...(capture === undefined ? {} : { recorder: capture.figures }),
      ...(blackBox === undefined ? {} : { black_box: blackBox.status() }),
      ...(lastRun === undefined ? {} : { last_run: lastRun }),
    };
  }

  /** JSON text of the capture so far, or of the one that waits to be saved; undefined when idle. */
  live(): string | undefined {
    return (this.#capture ?? this.#unsaved)?.text(this.#options.nowUnixMs());
  }

  /** Puts a marker into the capture, or into the black box when none is armed. */
  mark(request: MarkerRequest): CaptureEvent {
    const { nowUnixMs, blackBox } = this.#options;
    const nowNs = this.#engine.nowNs();
    const agoMs = agoOf(request, nowUnixMs());
    const beginsNs =
      this.#capture?.start.armedNs ??
      (blackBox?.wanted === true ? (blackBox.beginsNs ?? nowNs) : undefined);
    if (beginsNs === undefined) {
      throw new AppError(
        409,
        'not_recording',
        'Nothing takes a marker now: no capture is armed, and the black box holds no session.',
      );
    }
    const sinceMs = Number(nowNs - beginsNs) / 1e6;
    if (request.ago_ms !== undefined && request.ago_ms > sinceMs) {
      throw markerInvalid(
        `A marker cannot lie before the recording: ago_ms is ${request.ago_ms}, it began ${Math.floor(sinceMs)} ms ago.`,
      );
    }
    const wishedNs = nowNs - BigInt(Math.max(0, agoMs)) * 1_000_000n;
    const atNs = wishedNs < beginsNs ? beginsNs : wishedNs;
    const event = { kind: 'marker', detail: { text: request.text } };
    this.#take({ kind: 'event', atNs, sessionId: undefined, event }, nowNs);
    return { t_ms: Math.round(Number(atNs - beginsNs) / 1e6), ...event };
  }

  /** Hears of every change of the armed capture; answers how to stop. */
  onDeltas(listener: (deltas: readonly LiveDelta[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Announces a session, or what changed about it. */
  session(session: CapturedSession): void {
    this.#sessions.set(session.sessionId, session);
    const nowNs = this.#engine.nowNs();
    this.#take({ kind: 'session', atNs: nowNs, session }, nowNs);
    this.#updateGate();
  }

  sessionEnded(sessionId: number, atNs: bigint, reason: string): void {
    this.poll();
    this.#sessions.delete(sessionId);
    this.#take({ kind: 'session_ended', atNs, sessionId, reason });
    this.#updateGate();
  }

  /** A receiver's running totals, as of `atNs`. */
  receiver(sessionId: number, atNs: bigint, totals: ReceiverTotals): void {
    this.#take({ kind: 'receiver', atNs, sessionId, totals });
  }

  /** Something rare in a session's life, as of `atNs`. */
  event(sessionId: number, atNs: bigint, event: SessionEvent): void {
    this.#take({ kind: 'event', atNs, sessionId, event });
  }

  /** Collects a session's whole run from now on, until `observed` asks for it. */
  observe(sessionId: number, kind: StreamKind): void {
    this.#runs.set(sessionId, new RunCollector(sessionId, kind));
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

  /** Reads every record that waits, closes the windows that are over, writes. */
  poll(): void {
    if (!this.#active) return;
    const sinceNs = this.#engine.nowNs();
    this.#checkAsleep(sinceNs);
    this.#buffer ??= new Uint8Array(DRAIN_RECORDS * RECORD_BYTES);
    for (;;) {
      const length = this.#engine.drainRecords(this.#buffer);
      if (length === 0) break;
      this.#take({ kind: 'records', bytes: this.#buffer.subarray(0, length) }, sinceNs);
      if (length < this.#buffer.byteLength) break;
    }
    const nowNs = this.#engine.nowNs();
    if (nowNs >= this.#nextLostCheckNs) this.#checkLost(nowNs);
    this.#options.blackBox?.tick(nowNs, this.#capture !== undefined);
    if (this.#capture !== undefined) this.#tell(this.#capture.advance(nowNs));
  }

  /** Throws AppError 409 `black_box_off` or what the black box says. */
  saveBlackBox(): CaptureMeta {
    const { blackBox } = this.#options;
    if (blackBox === undefined) {
      throw new AppError(
        409,
        'black_box_off',
        'The black box is off; start the host without --black-box off.',
      );
    }
    this.poll();
    return blackBox.save();
  }

  blackBox(): BlackBoxStatus {
    return this.#options.blackBox?.status() ?? BLACK_BOX_OFF;
  }

  saveLastRun(): CaptureMeta | undefined {
    return this.#options.blackBox?.saveLastRun();
  }

  dismissLastRun(): void {
    this.#recovered = [];
    this.#options.blackBox?.dismissLastRun();
  }

  metrics(): string | undefined {
    const { metrics } = this.#options;
    if (metrics === undefined) return undefined;
    this.poll();
    return metrics.text();
  }

  /** Recordings of earlier runs that were finished from their journals. */
  onRecovered(recovered: readonly RecoveredRun[]): void {
    this.#recovered = recovered;
  }

  /** Saves what is armed or unsaved. Throws like `stop`. */
  shutdown(): CaptureMeta | undefined {
    try {
      return this.stop();
    } finally {
      this.#options.blackBox?.close();
    }
  }

  #take(input: CaptureInput, nowNs = this.#engine.nowNs()): void {
    const { blackBox, metrics } = this.#options;
    blackBox?.take(input);
    metrics?.take(input);
    if (input.kind === 'records' && this.#runs.size > 0) {
      const frames = decodeRecords(input.bytes, 0n);
      for (const run of this.#runs.values()) run.add(frames);
    }
    this.#capture?.take(input, nowNs);
  }

  /** Where a capture with a past begins; undefined when there is none to take along. */
  #preRollFrom(nowNs: bigint, seconds: number): bigint | undefined {
    const beginsNs = this.#options.blackBox?.beginsNs;
    if (seconds === 0 || beginsNs === undefined || beginsNs >= nowNs) return undefined;
    const wishedNs = nowNs - BigInt(Math.round(seconds * 1e9));
    return wishedNs > beginsNs ? wishedNs : beginsNs;
  }

  #past(fromNs: bigint): Iterable<CaptureInput> {
    return this.#options.blackBox?.since(fromNs) ?? [];
  }

  #announcements(atNs: bigint): CaptureInput[] {
    return [...this.#sessions.values()].map((session) => ({ kind: 'session', atNs, session }));
  }

  #save(capture: RunningCapture, nowNs: bigint): CaptureMeta {
    let meta: CaptureMeta;
    try {
      meta = capture.save(nowNs);
    } catch (error) {
      this.#unsavedFault = reasonOf(error);
      throw error;
    }
    this.#unsaved = undefined;
    this.#unsavedFault = undefined;
    this.#options.log.info('recording saved', { id: meta.id, samples: meta.sample_count });
    this.#tell([{ kind: 'stopped', id: meta.id }]);
    return meta;
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

  #checkLost(nowNs: bigint): void {
    this.#nextLostCheckNs = nowNs + LOST_CHECK_NS;
    const lost = this.#engine.recordsLost();
    if (lost > this.#lost) {
      this.#take({ kind: 'records_lost', atNs: nowNs, count: lost - this.#lost }, nowNs);
    }
    this.#lost = lost;
  }

  #checkAsleep(nowNs: bigint): void {
    const asleepMs = this.#options.bootMs() - Number(nowNs / 1_000_000n);
    const slept = asleepMs - (this.#asleepMs ?? asleepMs);
    // Below it is the drift of two clocks; it adds up, so the reference stays.
    if (slept <= ASLEEP_MS && this.#asleepMs !== undefined) return;
    this.#asleepMs = asleepMs;
    if (slept <= ASLEEP_MS) return;
    this.#take({ kind: 'suspended', atNs: nowNs, ms: Math.round(slept) }, nowNs);
  }

  #updateGate(): void {
    const { blackBox, metrics } = this.#options;
    const active =
      this.#capture !== undefined ||
      this.#runs.size > 0 ||
      metrics !== undefined ||
      blackBox?.wanted === true;
    if (active === this.#active) return;
    if (active) {
      this.#lost = this.#engine.recordsLost();
      this.#asleepMs = undefined;
    }
    this.#active = active;
    this.#engine.measure(active);
    this.#options.onActive(active);
  }

  #tell(deltas: readonly LiveDelta[]): void {
    if (deltas.length === 0) return;
    for (const listener of [...this.#listeners]) listener(deltas);
  }

  #lastRun(): LastRun | undefined {
    const known = this.#options.blackBox?.lastRun();
    const [first] = this.#recovered;
    if (first === undefined) return known;
    const ids = this.#recovered.map(({ id }) => id);
    return {
      started_unix_ms: first.startedUnixMs,
      last_seen_unix_ms: Math.max(...this.#recovered.map(({ seenUnixMs }) => seenUnixMs)),
      seconds: 0,
      ...known,
      recovered_ids: [...new Set([...(known?.recovered_ids ?? []), ...ids])],
    };
  }
}

/** How long before now the moment was. */
function agoOf({ unix_ms, ago_ms }: MarkerRequest, nowUnixMs: number): number {
  if (unix_ms === undefined) return ago_ms ?? 0;
  if (ago_ms !== undefined) {
    throw markerInvalid(
      `A marker has one moment: unix_ms ${unix_ms} and ago_ms ${ago_ms} were both given.`,
    );
  }
  const agoMs = nowUnixMs - unix_ms;
  if (agoMs < -FUTURE_MS) {
    throw markerInvalid(
      `A marker cannot lie in the future: unix_ms is ${-agoMs} ms ahead of the host’s clock.`,
    );
  }
  return agoMs;
}

function markerInvalid(message: string): AppError {
  return new AppError(400, 'marker_invalid', message);
}

const BLACK_BOX_OFF: BlackBoxStatus = {
  on: false,
  seconds: 0,
  frames: 0,
  bytes: 0,
  limit_bytes: 0,
  limit_s: 0,
  saved: 0,
  held_back: 0,
};
/** 16 sessions of 240 frames a second, a second's worth at a time. */
const DRAIN_RECORDS = 4096;
/** Every poll of the timer: a loss must be noticed while its window is open, within the grace of windows.ts. */
const LOST_CHECK_NS = 100_000_000n;
/** A page that rounds the host's clock up is not wrong. */
const FUTURE_MS = 1000;
const ASLEEP_MS = 2000;
