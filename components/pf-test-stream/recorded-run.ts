// One run of a test stream from start to the recording of it: starts it, arms a capture where none is, follows it to its
// end, stops the capture it armed and names what was saved. Goes on while its element is not on the page, and ends by
// itself: a capture that was armed here is not left behind.
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import type { TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';
import { realTimers, type Timers } from '../base/poller.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';

export interface RunOptions {
  readonly api: StatsApi;
  readonly request: TestStreamRequest;
  /** Whether what happens is to be recorded. */
  readonly record: boolean;
  /** What the recording is called. */
  readonly name: string;
  readonly onState: (state: TestStreamState) => void;
  readonly onArmed: (status: StatsStatus) => void;
  readonly onSaved: (recording: CaptureMeta) => void;
  readonly onChange: () => void;
  /** Whether nobody can see the page. */
  readonly isHidden?: () => boolean;
  readonly timers?: Pick<Timers, 'set' | 'now'>;
}

export class RecordedRun {
  /** `joined`: somebody else's capture runs, and the stream is in it. */
  capture: 'none' | 'armed' | 'joined' | 'saving' | 'saved' = 'none';
  isOver = false;
  recording: CaptureMeta | undefined;
  /** What really happened, as the host wrote it down; undefined where none was kept. */
  truth: string | undefined;
  /** Of recording: the stream itself tells its own. */
  failure: ApiFailure | undefined;

  readonly #with: RunOptions;
  readonly #timers: Pick<Timers, 'set' | 'now'>;
  #startedUnixMs: number | undefined;

  constructor(options: RunOptions) {
    this.#with = options;
    this.#timers = options.timers ?? realTimers;
  }

  /** Resolves once the stream has begun; throws what the host says when it does not begin. */
  async start(signal: AbortSignal): Promise<TestStreamState> {
    const { api, request, record } = this.#with;
    const state = await api.startTestStream(request, signal);
    if (record) await this.#arm();
    void this.#follow();
    return state;
  }

  /** Stops the capture, saves it and knows the recording. */
  async save(): Promise<void> {
    const { api, name, onSaved, onChange } = this.#with;
    this.capture = 'saving';
    this.failure = undefined;
    onChange();
    try {
      const saved = (await api.stop()) ?? (await this.#savedBySomebody());
      this.capture = saved === undefined ? 'none' : 'saved';
      if (saved !== undefined) {
        this.recording = (await this.#named(saved, name)) ?? saved;
        onSaved(this.recording);
      }
    } catch (thrown) {
      this.failure = asFailure(thrown);
      // It waits in memory, and can be asked for again.
      this.capture = 'joined';
    }
    onChange();
  }

  async #arm(): Promise<void> {
    const { api, onArmed } = this.#with;
    try {
      const status = await api.status();
      if (status.armed) {
        this.capture = 'joined';
        this.#startedUnixMs = status.started_unix_ms;
        return;
      }
      const armed = await api.start();
      this.capture = 'armed';
      this.#startedUnixMs = armed.started_unix_ms;
      onArmed(armed);
    } catch (thrown) {
      this.failure = asFailure(thrown);
    }
  }

  /** Bounded: a host that never answers again is not asked for ever. */
  async #follow(): Promise<void> {
    const { api, onState, onChange } = this.#with;
    let failures = 0;
    let endsMs = this.#timers.now();
    while (failures < MOST_FAILURES) {
      await new Promise<void>((resolve) => this.#timers.set(resolve, BEAT_MS));
      // Behind another tab nobody sees how far it is: only its end matters.
      if (this.#with.isHidden?.() === true && this.#timers.now() < endsMs) continue;
      try {
        const state = await api.testStream();
        failures = 0;
        onState(state);
        if (state.seconds !== undefined && state.elapsed_s !== undefined) {
          endsMs = this.#timers.now() + Math.max(0, state.seconds - state.elapsed_s) * 1000;
        }
        if (state.state === 'running' || state.state === 'starting') continue;
        this.truth = await this.#readTruth();
        if (this.capture === 'armed') await this.save();
        break;
      } catch {
        failures += 1;
      }
    }
    this.isOver = true;
    onChange();
  }

  async #readTruth(): Promise<string | undefined> {
    const { api, request } = this.#with;
    if (request.truth !== true) return undefined;
    try {
      return await api.testStreamTruth?.();
    } catch {
      // What cannot be read is not claimed.
      return undefined;
    }
  }

  /** Without a name it stands in the list by its time: no reason to call the run failed. */
  async #named(saved: CaptureMeta, name: string): Promise<CaptureMeta | undefined> {
    try {
      return await this.#with.api.changeRecording?.(saved.id, { name });
    } catch {
      return undefined;
    }
  }

  /** Whoever stopped it first has saved it. */
  async #savedBySomebody(): Promise<CaptureMeta | undefined> {
    const list = await this.#with.api.recordings();
    return list.find(({ started_unix_ms: ms }) => ms === this.#startedUnixMs);
  }
}

const BEAT_MS = 500;
/** Two minutes of a host that does not answer, when each question is refused at once. */
const MOST_FAILURES = 240;
