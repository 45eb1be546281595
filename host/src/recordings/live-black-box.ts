// The black box put together: what is held in memory, what of it lies on the disk, when it becomes a recording, and what
// the last run left. The recorder feeds it and asks it; nothing in here throws into a stream.
import type { BlackBoxStatus, CaptureMeta, HostFacts, LastRun } from '../../../contract/stats.ts';
import { decodeRecords } from '../../../recording/src/frames.ts';
import type { CaptureInput } from '../../../recording/src/inputs.ts';
import { TriggerDetector } from '../../../recording/src/triggers.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type AutomaticRecordings, AutoSave } from './auto-save.ts';
import { BLACK_BOX_LIMITS, BlackBoxRing } from './black-box.ts';
import type { LastRuns } from './last-run.ts';
import type { BlackBox, RecordingSaver } from './parts.ts';
import { type PastInputs, recordingOf } from './recording-of.ts';
import { redacted } from './redact.ts';
import type { RunWriter } from './run-writer.ts';

export interface BlackBoxOptions {
  /** Off: nothing is held or written; how the last run ended is told all the same. */
  readonly mode: 'on' | 'off';
  readonly saver: RecordingSaver;
  readonly recordings: AutomaticRecordings;
  /** Undefined without a config directory. */
  readonly runWriter?: RunWriter;
  readonly lastRuns?: LastRuns;
  readonly host?: HostFacts;
  readonly nowNs: () => bigint;
  readonly nowUnixMs: () => number;
  /** Runs once, later, for what is still to do when the recorder polls no more; answers how to prevent it. */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly log: Log;
}

export class LiveBlackBox implements BlackBox {
  readonly #with: BlackBoxOptions;
  readonly #ring = new BlackBoxRing();
  readonly #autoSave: AutoSave;
  /** Undefined while a capture is armed: what it finds is an event in there. */
  #detector: TriggerDetector | undefined;
  #detectsFromNs = 0n;
  #cancelLater: (() => void) | undefined;
  #closed = false;

  constructor(options: BlackBoxOptions) {
    this.#with = options;
    this.#autoSave = new AutoSave({
      save: (trigger) => this.#save(trigger),
      recordings: options.recordings,
      nowUnixMs: options.nowUnixMs,
      log: options.log,
    });
  }

  get wanted(): boolean {
    return this.#ring.wanted;
  }

  get beginsNs(): bigint | undefined {
    return this.#ring.beginsNs;
  }

  take(input: CaptureInput): void {
    if (this.#with.mode === 'off') return;
    this.#ring.take(input);
    if (input.kind === 'session_ended') this.#comeBack();
    const detector = this.#detector;
    if (detector === undefined) return;
    if (input.kind !== 'records') detector.input(input);
    else detector.frames(decodeRecords(input.bytes, this.#detectsFromNs));
  }

  tick(nowNs: bigint, armed: boolean): void {
    if (this.#with.mode === 'off') return;
    this.#watch(nowNs, armed);
    this.#autoSave.tick(nowNs);
    this.#ring.tick(nowNs);
    this.#with.runWriter?.tick(this.#ring, nowNs);
    this.#comeBack();
  }

  since(fromNs: bigint): Iterable<CaptureInput> {
    return this.#ring.inputs(fromNs);
  }

  status(): BlackBoxStatus {
    const { beginsNs, frames, bytes } = this.#ring;
    const reachesNs = beginsNs === undefined ? 0n : this.#with.nowNs() - beginsNs;
    const limitS = Number(BLACK_BOX_LIMITS.ns) / 1e9;
    const unwritten = this.#with.runWriter?.fault;
    return {
      on: this.#with.mode === 'on',
      seconds: Math.min(limitS, Math.max(0, Number(reachesNs) / 1e9)),
      frames,
      bytes,
      limit_bytes: BLACK_BOX_LIMITS.bytes,
      limit_s: limitS,
      ...(unwritten === undefined ? {} : { fault: unwritten }),
      ...this.#autoSave.status(),
    };
  }

  save(): CaptureMeta {
    if (this.#with.mode === 'off') {
      throw new AppError(
        409,
        'black_box_off',
        'The black box is switched off; --black-box=on lets it hold the last two minutes.',
      );
    }
    return this.#autoSave.request(this.#with.nowNs());
  }

  lastRun(): LastRun | undefined {
    return this.#with.lastRuns?.status();
  }

  saveLastRun(): CaptureMeta | undefined {
    const { lastRuns, host, saver } = this.#with;
    const left = lastRuns?.left();
    if (lastRuns === undefined || left === undefined) return undefined;
    const recording = recordingOf(
      { ...left, inputs: redacted(left.inputs) },
      {
        trigger: 'bad_end',
        stem: (startedUnixMs) => saver.freshStem(startedUnixMs),
        ...(host === undefined ? {} : { host: { ...host, version: left.version } }),
      },
    );
    if (recording === undefined) return undefined;
    saver.save(recording);
    lastRuns.saved(recording.meta.id);
    return recording.meta;
  }

  dismissLastRun(): void {
    this.#with.lastRuns?.dismiss();
  }

  close(): void {
    this.#closed = true;
    this.#cancelLater?.();
    this.#cancelLater = undefined;
    this.#with.runWriter?.close();
  }

  #save(trigger: string): CaptureMeta {
    const { saver, host, nowNs, nowUnixMs } = this.#with;
    const recording = recordingOf(this.#past(nowNs(), nowUnixMs()), {
      trigger,
      stem: (startedUnixMs) => saver.freshStem(startedUnixMs),
      ...(host === undefined ? {} : { host }),
    });
    if (recording === undefined) {
      throw new AppError(409, 'black_box_empty', 'The black box holds no frame: nobody streams.');
    }
    saver.save(recording);
    return recording.meta;
  }

  #past(endsNs: bigint, endsUnixMs: number): PastInputs {
    return { inputs: this.#ring.inputs(this.#ring.beginsNs ?? endsNs), endsNs, endsUnixMs };
  }

  /** Looks for what sets it off. */
  #watch(nowNs: bigint, armed: boolean): void {
    if (armed || !this.wanted) {
      this.#detector = undefined;
      return;
    }
    this.#detector ??= this.#newDetector(nowNs - DETECTS_BACK_NS);
    for (const { reason } of this.#detector.advance(nowNs)) {
      this.#autoSave.triggered(reason, nowNs);
    }
  }

  /** Begins with what is there already, so that it judges no session by its silence before. */
  #newDetector(fromNs: bigint): TriggerDetector {
    this.#detectsFromNs = fromNs;
    const detector = new TriggerDetector(fromNs);
    for (const input of this.#ring.inputs(fromNs)) {
      if (input.kind === 'records') detector.frames(decodeRecords(input.bytes, fromNs));
      else detector.input(input);
    }
    return detector;
  }

  /** After the last session the recorder polls no more: what is due, the last second and forgetting are still to do. */
  #comeBack(): void {
    const { after, nowNs, runWriter } = this.#with;
    const isSoon = this.#autoSave.isDue || runWriter?.isBehind(this.#ring) === true;
    if (this.#closed || this.wanted || this.#cancelLater !== undefined) return;
    if (!isSoon && !this.#ring.allocated) return;
    this.#cancelLater = after(isSoon ? SOON_MS : FORGET_MS, () => {
      this.#cancelLater = undefined;
      this.tick(nowNs(), false);
    });
  }
}

/** How far back a detector looks when it begins. */
const DETECTS_BACK_NS = 1_000_000_000n;
/** Later than what is due. */
const SOON_MS = 2500;
/** Later than the oldest frame is too old. */
const FORGET_MS = 121_000;
