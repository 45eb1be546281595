// Test streams: the real session path over loopback to the engine's independent receiver, one stream or one script of
// sessions at a time. Draws nothing: the CLI and the API show it. Each session is test-session.ts.
import type {
  TestSessionReport,
  TestStreamReport,
  TestStreamState,
} from '../../../contract/test-streams.ts';
import type { Config } from '../config.ts';
import { AppError, reasonOf } from '../errors.ts';
import { plansOf, type SessionPlan, type TestStreamOptions } from './test-plan.ts';
import { scriptReport } from './test-report.ts';
import {
  TestSession,
  type TestSessionCollaborators,
  type TestStreamProgress,
} from './test-session.ts';
import { TruthFile } from './truth-file.ts';

export interface TestStreamCollaborators extends TestSessionCollaborators {
  readonly config: Pick<Config, 'fecPct' | 'videoDropPct' | 'dscp' | 'linkMbps'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Calls once `ms` have passed; answers how to call it off. */
  readonly after?: (ms: number, call: () => void) => () => void;
}

interface Run {
  readonly plans: readonly SessionPlan[];
  readonly isScript: boolean;
  readonly startedMs: number;
  /** Those that have begun, by the plan's order. */
  readonly sessions: (TestSession | undefined)[];
  state: 'starting' | 'running' | 'done' | 'failed';
  stopped: boolean;
  /** Ends the waits for sessions to come. */
  readonly stop: ReturnType<typeof Promise.withResolvers<void>>;
  report: TestStreamReport | undefined;
  error: AppError | undefined;
  truth: TruthFile | undefined;
  finished: Promise<void>;
}

export class TestStreams {
  readonly #with: TestStreamCollaborators;
  #run: Run | undefined;

  constructor(collaborators: TestStreamCollaborators) {
    this.#with = collaborators;
    collaborators.engine.on((event) => {
      if (event.ev !== 'probe.progress') return;
      for (const session of this.#run?.sessions ?? []) session?.onProgress(event);
    });
  }

  /**
   * Starts a stream or a script; throws AppError 409 `test_stream_running` while one runs, 422 `script_invalid` for a
   * script of which any session could not be played.
   */
  start(options: TestStreamOptions): TestStreamState {
    if (this.#run !== undefined && isRunning(this.#run)) {
      throw new AppError(
        409,
        'test_stream_running',
        'A test stream is running; wait for its end or stop it first.',
      );
    }
    // What was asked for is looked at as a whole before anything is made for it.
    const asked = plansOf(options, this.#with.config, this.#with.env);
    this.#check(asked);
    const truth = options.truth === true ? this.#truthFor(asked) : undefined;
    const plans =
      truth === undefined
        ? asked
        : plansOf({ ...options, truthFd: truth.fd }, this.#with.config, this.#with.env);
    const run: Run = {
      plans,
      isScript: options.script !== undefined,
      startedMs: this.#with.nowMs(),
      sessions: plans.map(() => undefined),
      state: 'starting',
      stopped: false,
      stop: Promise.withResolvers<void>(),
      report: undefined,
      error: undefined,
      truth,
      finished: Promise.resolve(),
    };
    const begun = this.#begin(run);
    this.#run?.truth?.[Symbol.dispose]();
    this.#run = run;
    run.finished = this.#stream(run, begun);
    return this.state();
  }

  /** State and, once it is over, the report. */
  state(): TestStreamState {
    const run = this.#run;
    if (run === undefined) return { state: 'idle' };
    const ids = run.sessions.flatMap((session) => session?.sessionId ?? []);
    const [first] = ids;
    const streaming = run.sessions.some((session) => session?.streaming === true);
    return {
      state: run.state === 'starting' && streaming ? 'running' : run.state,
      seconds: Math.max(...run.plans.map(({ startMs, seconds }) => startMs / 1000 + seconds)),
      ...(isRunning(run) ? { elapsed_s: (this.#with.nowMs() - run.startedMs) / 1000 } : {}),
      ...(first === undefined ? {} : { session_id: first }),
      ...(run.isScript ? { session_ids: ids } : {}),
      ...(run.error === undefined ? {} : { error: run.error.message, code: run.error.code }),
      ...(run.report === undefined ? {} : { report: run.report }),
    };
  }

  /** Of all sessions together. */
  get progress(): TestStreamProgress | undefined {
    const known = (this.#run?.sessions ?? []).flatMap((session) => session?.progress ?? []);
    const [first, ...others] = known;
    return others.reduce<TestStreamProgress | undefined>(
      (sum, one) => (sum === undefined ? one : added(sum, one)),
      first,
    );
  }

  /** Stops the stream, waits for its report and answers the state; idle is fine. */
  async stop(): Promise<TestStreamState> {
    const run = this.#run;
    if (run !== undefined && isRunning(run)) {
      await this.#stopAll(run);
      await run.finished;
    }
    return this.state();
  }

  /** Resolves when the running stream is over. */
  async finished(): Promise<TestStreamState> {
    await this.#run?.finished;
    return this.state();
  }

  /** Where the truth of the last script lies. Throws AppError 409 while it runs, 404 when none was kept. */
  truthPath(): string {
    const run = this.#run;
    if (run?.truth === undefined) {
      throw new AppError(404, 'no_truth', 'No script was posted with "truth": true.');
    }
    if (isRunning(run)) {
      throw new AppError(409, 'test_stream_running', 'The script is not over yet.');
    }
    return run.truth.path;
  }

  /** Every script is checked by the engine before anything is opened, whenever its session begins. */
  #check(plans: readonly SessionPlan[]): void {
    plans.forEach(({ script, source }, index) => {
      if (script === undefined) return;
      try {
        this.#with.engine.call('script.check', { script, source });
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        throw new AppError(error.status, error.code, `Session ${index}: ${error.message}`);
      }
    });
  }

  #truthFor(plans: readonly SessionPlan[]): TruthFile {
    const frames = plans.reduce((sum, { seconds, fps }) => sum + seconds * fps, 0);
    if (frames > TRUTH_FRAMES) {
      throw new AppError(
        422,
        'truth_too_long',
        `The truth of ${Math.round(frames)} frames was asked for; ${TRUTH_FRAMES} is the most that is kept here.`,
      );
    }
    return new TruthFile();
  }

  /** Opens the sessions that begin at once; none is left behind when one is refused. */
  #begin(run: Run): Promise<TestSessionReport>[] {
    const begun: Promise<TestSessionReport>[] = [];
    try {
      run.plans.forEach((plan, index) => {
        if (plan.startMs === 0) begun[index] = this.#session(run, index);
      });
    } catch (error) {
      for (const report of begun) report?.catch(() => undefined);
      void this.#stopAll(run);
      run.truth?.[Symbol.dispose]();
      throw error;
    }
    return begun;
  }

  #session(run: Run, index: number): Promise<TestSessionReport> {
    const plan = run.plans[index];
    if (plan === undefined) throw new Error(`there is no session ${index}`);
    const session = new TestSession(this.#with, plan);
    session.open();
    run.sessions[index] = session;
    return session.run();
  }

  async #stream(run: Run, begun: readonly Promise<TestSessionReport>[]): Promise<void> {
    const reports = run.plans.map(async (plan, index): Promise<TestSessionReport | undefined> => {
      try {
        const early = begun[index];
        if (early !== undefined) return await early;
        await this.#due(run, plan.startMs);
        return run.stopped ? undefined : await this.#session(run, index);
      } catch (error) {
        run.error ??= asAppError(error, run.stopped);
        await this.#stopAll(run);
        return undefined;
      }
    });
    const done = (await Promise.all(reports)).flatMap((report) => report ?? []);
    const [only] = done;
    if (run.error === undefined && only !== undefined) {
      const { session_id: _id, start_ms: _start, ...report } = only;
      run.report = run.isScript ? scriptReport(done) : report;
      run.state = 'done';
      return;
    }
    run.error ??= asAppError(undefined, true);
    run.state = 'failed';
    this.#with.log.warn('test stream failed', {
      code: run.error.code,
      reason: run.error.message,
    });
  }

  /** Resolves when a session shall begin, or when none shall any more. */
  async #due(run: Run, startMs: number): Promise<void> {
    const left = Math.max(0, run.startedMs + startMs - this.#with.nowMs());
    const { promise, resolve } = Promise.withResolvers<void>();
    const callOff = (this.#with.after ?? afterTimeout)(left, resolve);
    await Promise.race([promise, run.stop.promise]);
    callOff();
  }

  async #stopAll(run: Run): Promise<void> {
    run.stopped = true;
    run.stop.resolve();
    await Promise.all(run.sessions.map((session) => session?.stop()));
  }
}

function added(a: TestStreamProgress, b: TestStreamProgress): TestStreamProgress {
  return {
    frames_received: a.frames_received + b.frames_received,
    frames_lost: a.frames_lost + b.frames_lost,
    packets_lost: a.packets_lost + b.packets_lost,
    packets_recovered: a.packets_recovered + b.packets_recovered,
    bytes: a.bytes + b.bytes,
  };
}

function isRunning(run: Run): boolean {
  return run.state === 'starting' || run.state === 'running';
}

function asAppError(error: unknown, stopped: boolean): AppError {
  if (stopped) return new AppError(409, 'stopped', 'The test stream was stopped before it began.');
  return error instanceof AppError ? error : new AppError(500, 'internal', reasonOf(error));
}

function afterTimeout(ms: number, call: () => void): () => void {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** Half a gigabyte of truth; the command line takes more. */
const TRUTH_FRAMES = 500_000;
