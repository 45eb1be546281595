// Test stream: the real session path over loopback to the engine's independent receiver, one at a time. Merges what
// the receiver saw with what the records say into one report. Draws nothing: the CLI and the API show it.
import { randomBytes } from 'node:crypto';
import type {
  TestStreamReport,
  TestStreamRequest,
  TestStreamSource,
  TestStreamState,
} from '../../../contract/test-streams.ts';
import type { RunTotals } from '../../../recording/src/run.ts';
import type { Config } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import {
  type EngineEventOf,
  ProbeReport,
  type SessionRequest,
  type SourceName,
} from '../engine/messages.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RecordingsService } from '../recordings/service.ts';
import type { Sessions, StartedSession } from './sessions.ts';

export interface TestStreamOptions extends TestStreamRequest {
  /** Descriptor that the received access units are written to. */
  readonly outputFd?: number;
}

export interface TestStreamCollaborators {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly recordings: RecordingsService;
  readonly log: Log;
  readonly config: Pick<Config, 'fecPct' | 'videoDropPct' | 'dscp' | 'linkMbps'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** ms, monotonic. */
  readonly nowMs: () => number;
}

/** What is known while it runs, for a progress line. */
export type TestStreamProgress = Pick<
  EngineEventOf<'probe.progress'>,
  'frames_received' | 'frames_lost' | 'packets_lost' | 'packets_recovered' | 'bytes'
>;

interface Plan {
  readonly source: SourceName;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateKbps: number;
  readonly dropPct: number;
  readonly outputFd: number | undefined;
}

interface Run {
  readonly plan: Plan;
  readonly startedMs: number;
  /** Since when the receiver runs. */
  streamingMs: number | undefined;
  state: 'starting' | 'running' | 'done' | 'failed';
  sessionId: number | undefined;
  probe: number | undefined;
  stopped: boolean;
  progress: TestStreamProgress | undefined;
  report: TestStreamReport | undefined;
  error: AppError | undefined;
  finished: Promise<void>;
}

/** The socket and the session of a stream. */
interface Opened {
  readonly listener: number;
  readonly server: string;
  readonly session: StartedSession;
  readonly payload: string;
}

export class TestStreams {
  readonly #with: TestStreamCollaborators;
  #run: Run | undefined;

  constructor(collaborators: TestStreamCollaborators) {
    this.#with = collaborators;
    collaborators.engine.on((event) => {
      if (event.ev === 'probe.progress') this.#onProgress(event);
    });
  }

  /** Starts a stream; throws AppError 409 `test_stream_running` while one runs. */
  start(options: TestStreamOptions): TestStreamState {
    if (this.#run !== undefined && isRunning(this.#run)) {
      throw new AppError(
        409,
        'test_stream_running',
        'A test stream is running; wait for its end or stop it first.',
      );
    }
    const plan = planOf(options, this.#with.config, this.#with.env);
    const run: Run = {
      plan,
      startedMs: this.#with.nowMs(),
      streamingMs: undefined,
      state: 'starting',
      sessionId: undefined,
      probe: undefined,
      stopped: false,
      progress: undefined,
      report: undefined,
      error: undefined,
      finished: Promise.resolve(),
    };
    const opened = this.#open(run);
    this.#run = run;
    run.finished = this.#stream(run, opened);
    return this.state();
  }

  /** State and, once it is over, the report. */
  state(): TestStreamState {
    const run = this.#run;
    if (run === undefined) return { state: 'idle' };
    return {
      state: run.state,
      seconds: run.plan.seconds,
      ...(isRunning(run) ? { elapsed_s: (this.#with.nowMs() - run.startedMs) / 1000 } : {}),
      ...(run.sessionId === undefined ? {} : { session_id: run.sessionId }),
      ...(run.error === undefined ? {} : { error: run.error.message, code: run.error.code }),
      ...(run.report === undefined ? {} : { report: run.report }),
    };
  }

  get progress(): TestStreamProgress | undefined {
    return this.#run?.progress;
  }

  /** Stops the stream, waits for its report and answers the state; idle is fine. */
  async stop(): Promise<TestStreamState> {
    const run = this.#run;
    if (run !== undefined && isRunning(run)) {
      run.stopped = true;
      this.#stopProbe(run);
      if (run.probe === undefined && run.sessionId !== undefined) {
        await this.#with.sessions.stop(run.sessionId, 'stopped');
      }
      await run.finished;
    }
    return this.state();
  }

  /** Resolves when the running stream is over. */
  async finished(): Promise<TestStreamState> {
    await this.#run?.finished;
    return this.state();
  }

  /** What may be refused at once: the socket and the session. */
  #open(run: Run): Opened {
    const { engine, sessions, config } = this.#with;
    const { plan } = run;
    const { listener, address, port } = engine.call('listener.open', {
      medium: 'video',
      address: LOOPBACK,
      port: 0,
      dscp: config.dscp,
    });
    const payload = randomBytes(8).toString('hex');
    const request: SessionRequest = {
      kind: 'gamestream',
      client: CLIENT_LABEL,
      listener,
      ping_payload: payload,
      packet_size: PACKET_SIZE,
      fec_pct: config.fecPct,
      min_parity: MIN_PARITY,
      source: plan.source,
      width: plan.width,
      height: plan.height,
      fps: plan.fps,
      bitrate_kbps: plan.bitrateKbps,
      codec: 'h264',
      encoder: 'auto',
      slices: SLICES,
      max_reference_frames: 0,
      drop_pct: plan.dropPct,
      client_timeout_ms: CLIENT_TIMEOUT_MS,
      invalidation: true,
      ...(config.linkMbps === undefined ? {} : { link_mbps: config.linkMbps }),
    };
    try {
      const session = sessions.start(request);
      run.sessionId = session.sessionId;
      return { listener, server: `${address}:${port}`, session, payload };
    } catch (error) {
      engine.call('listener.close', { listener });
      throw error;
    }
  }

  async #stream(run: Run, opened: Opened): Promise<void> {
    const { engine, sessions, recordings, log } = this.#with;
    const { session, listener } = opened;
    try {
      await recordings.observe(session.sessionId, 'gamestream');
      await session.ready;
      const seen = await this.#probe(run, opened);
      const elapsed = (this.#with.nowMs() - (run.streamingMs ?? run.startedMs)) / 1000;
      const seconds = run.stopped ? Math.min(elapsed, run.plan.seconds) : run.plan.seconds;
      await sessions.stop(session.sessionId, 'test_stream_over');
      const sent = await recordings.observed(session.sessionId);
      run.report = reportOf(run.plan, seconds, seen, sent);
      run.state = 'done';
    } catch (error) {
      run.error = asAppError(error, run.stopped);
      run.state = 'failed';
      log.warn('test stream failed', { code: run.error.code, reason: run.error.message });
      await this.#clean(session.sessionId);
    }
    try {
      engine.call('listener.close', { listener });
    } catch (error) {
      log.debug('the test stream’s socket was gone already', { reason: reasonOf(error) });
    }
  }

  async #probe(run: Run, opened: Opened): Promise<ProbeReport> {
    const { engine } = this.#with;
    if (run.stopped) throw new AppError(409, 'stopped', 'The test stream was stopped.');
    const { op, probe } = engine.call('probe.start', {
      session: opened.session.sessionId,
      server: opened.server,
      ping_payload: opened.payload,
      packet_size: PACKET_SIZE,
      seconds: run.plan.seconds,
      ...(run.plan.outputFd === undefined ? {} : { output_fd: run.plan.outputFd }),
    });
    run.probe = probe;
    run.state = 'running';
    run.streamingMs = this.#with.nowMs();
    const done = engine.done(op, { probe });
    // A session that dies leaves the receiver waiting for nothing: end it, and say why the session died.
    const died = opened.session.ended.then(async (end) => {
      this.#stopProbe(run);
      await done.catch(() => undefined);
      throw new AppError(500, end.reason, end.message);
    });
    const result = await Promise.race([done, died]);
    died.catch(() => undefined);
    run.probe = undefined;
    return engine.parse<ProbeReport>(ProbeReport, result, 'probe report');
  }

  #stopProbe(run: Run): void {
    if (run.probe === undefined) return;
    try {
      this.#with.engine.call('probe.stop', { probe: run.probe });
    } catch (error) {
      this.#with.log.debug('the receiver was gone already', { reason: reasonOf(error) });
    }
  }

  async #clean(sessionId: number): Promise<void> {
    try {
      await this.#with.sessions.stop(sessionId, 'test_stream_failed');
      await this.#with.recordings.observed(sessionId);
    } catch (error) {
      this.#with.log.warn('a failed test stream left something behind', {
        reason: reasonOf(error),
      });
    }
  }

  #onProgress(event: EngineEventOf<'probe.progress'>): void {
    const run = this.#run;
    if (run?.sessionId === undefined || run.probe !== event.probe) return;
    run.progress = event;
    this.#with.recordings.receiver(run.sessionId, BigInt(event.t), {
      packetsLost: event.packets_lost,
      packetsRecovered: event.packets_recovered,
    });
  }
}

/** `auto` takes the desktop that the environment names, else the synthetic picture. */
export function resolveSource(
  source: TestStreamSource,
  env: Readonly<Record<string, string | undefined>>,
): SourceName {
  if (source !== 'auto') return source;
  const { DISPLAY, WAYLAND_DISPLAY } = env;
  if (DISPLAY) return 'x11';
  return WAYLAND_DISPLAY ? 'wlroots' : 'synthetic';
}

/** What is wrong with a run, one sentence each; none means it is ok. */
export function problemsOf(
  plan: { readonly dropPct: number; readonly fps: number },
  streamedSeconds: number,
  seen: ProbeReport,
  sent: RunTotals | undefined,
): string[] {
  const problems = [...seen.problems];
  if (seen.frames_received === 0) problems.push('No frame arrived.');
  if (seen.frames_lost > 0 && plan.dropPct === 0) {
    problems.push(`${seen.frames_lost} frames were lost, though none were dropped on purpose.`);
  }
  if (sent === undefined || sent.framesSent === 0) {
    problems.push('The sender’s figures are missing: no frame records came.');
  } else if (sent.framesDropped > 0) {
    problems.push(`${sent.framesDropped} frames were dropped before they were sent.`);
  }
  const rate = seen.frames_received / Math.max(streamedSeconds, 0.001);
  if (seen.frames_received > 0 && plan.dropPct === 0 && rate < plan.fps / 2) {
    problems.push(`Only ${rate.toFixed(1)} of ${plan.fps} frames a second arrived.`);
  }
  return problems;
}

function reportOf(
  plan: Plan,
  seconds: number,
  seen: ProbeReport,
  sent: RunTotals | undefined,
): TestStreamReport {
  const problems = problemsOf(plan, seconds, seen, sent);
  return {
    source: plan.source,
    mode: `${plan.width}x${plan.height}@${plan.fps}`,
    codec: 'h264',
    seconds: Math.round(seconds * 1000) / 1000,
    frames_sent: sent?.framesSent ?? 0,
    frames_received: seen.frames_received,
    frames_recovered: seen.frames_recovered,
    frames_lost: seen.frames_lost,
    packets_sent: sent?.packetsSent ?? 0,
    packets_lost: seen.packets_lost,
    packets_recovered: seen.packets_recovered,
    bytes: seen.bytes,
    stages: { ...sent?.stages },
    ok: problems.length === 0,
    ...(problems.length === 0 ? {} : { problems }),
    ...optional('frames_new', sent?.framesNew),
    ...optional('frames_repeated', sent?.framesRepeated),
    ...optional('source_pictures', sent?.sourcePictures),
    ...optional('source_skipped', sent?.sourceSkipped),
    key_frames: seen.key_frames,
    invalidations_answered: seen.invalidations_answered,
  };
}

function planOf(
  options: TestStreamOptions,
  config: TestStreamCollaborators['config'],
  env: TestStreamCollaborators['env'],
): Plan {
  return {
    source: resolveSource(options.source ?? 'auto', env),
    seconds: options.seconds ?? 10,
    width: options.width ?? 1920,
    height: options.height ?? 1080,
    fps: options.fps ?? 60,
    bitrateKbps: options.bitrate_kbps ?? 20_000,
    dropPct: options.drop_pct ?? config.videoDropPct,
    outputFd: options.outputFd,
  };
}

function optional<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  const object: { [P in K]?: number } = {};
  if (value !== undefined) object[key] = value;
  return object;
}

function isRunning(run: Run): boolean {
  return run.state === 'starting' || run.state === 'running';
}

function asAppError(error: unknown, stopped: boolean): AppError {
  if (stopped) return new AppError(409, 'stopped', 'The test stream was stopped before it began.');
  return error instanceof AppError ? error : new AppError(500, 'internal', reasonOf(error));
}

const LOOPBACK = '127.0.0.1';
/** How test streams are told apart in recordings. */
const CLIENT_LABEL = 'test';
/** What Moonlight asks for on a LAN. */
const PACKET_SIZE = 1392;
/** What Moonlight asks for. */
const MIN_PARITY = 2;
const SLICES = 1;
const CLIENT_TIMEOUT_MS = 10_000;
