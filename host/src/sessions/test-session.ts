// One session of a test stream and the receiver that takes it: socket, session, probe, report. Knows no other session.
import { randomBytes } from 'node:crypto';
import type { TestSessionReport } from '../../../contract/test-streams.ts';
import type { Config } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import { type EngineEventOf, ProbeReport, type SessionRequest } from '../engine/messages.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { isBusy } from '../recordings/patience.ts';
import type { RecordingsService } from '../recordings/service.ts';
import type { Sessions, StartedSession } from './sessions.ts';
import type { SessionPlan } from './test-plan.ts';
import { sessionReport } from './test-report.ts';

export interface TestSessionCollaborators {
  readonly engine: Engine;
  readonly sessions: Sessions;
  readonly recordings: RecordingsService;
  readonly log: Log;
  readonly config: Pick<Config, 'fecPct' | 'dscp' | 'linkMbps'>;
  /** ms, monotonic. */
  readonly nowMs: () => number;
}

/** What is known while it runs, for a progress line. */
export type TestStreamProgress = Pick<
  EngineEventOf<'probe.progress'>,
  'frames_received' | 'frames_lost' | 'packets_lost' | 'packets_recovered' | 'bytes'
>;

/** The socket and the session of a stream. */
interface Opened {
  readonly listener: number;
  readonly server: string;
  readonly session: StartedSession;
  readonly payload: string;
}

export class TestSession {
  readonly plan: SessionPlan;
  readonly #with: TestSessionCollaborators;
  #opened: Opened | undefined;
  #probe: number | undefined;
  /** Since when the receiver runs. */
  #streamingMs: number | undefined;
  #stopped = false;
  #progress: TestStreamProgress | undefined;

  constructor(collaborators: TestSessionCollaborators, plan: SessionPlan) {
    this.#with = collaborators;
    this.plan = plan;
  }

  get sessionId(): number | undefined {
    return this.#opened?.session.sessionId;
  }

  get streaming(): boolean {
    return this.#streamingMs !== undefined;
  }

  get progress(): TestStreamProgress | undefined {
    return this.#progress;
  }

  /** What may be refused at once: the socket and the session. Throws AppError, and leaves nothing behind then. */
  open(): void {
    const { engine, sessions, config } = this.#with;
    const { listener, address, port } = engine.call('listener.open', {
      medium: 'video',
      address: LOOPBACK,
      port: 0,
      dscp: config.dscp,
    });
    const payload = randomBytes(8).toString('hex');
    try {
      const session = sessions.start(this.#request(listener, payload), {
        why: { sourceRefused: this.plan.sourceRefused },
      });
      this.#opened = { listener, server: `${address}:${port}`, session, payload };
    } catch (error) {
      engine.call('listener.close', { listener });
      throw error;
    }
  }

  /** Streams until its time is over or it is stopped. Throws AppError when it fails; the session is gone either way. */
  async run(): Promise<TestSessionReport> {
    const opened = this.#opened;
    if (opened === undefined) throw new Error('a session runs after it was opened');
    const { sessions, recordings } = this.#with;
    const { sessionId, ready } = opened.session;
    try {
      await this.#unlessBusy(recordings.observe(sessionId, 'gamestream'));
      await ready;
      const seen = await this.#receive(opened);
      const began = this.#streamingMs ?? this.#with.nowMs();
      const elapsed = (this.#with.nowMs() - began) / 1000;
      const seconds = this.#stopped ? Math.min(elapsed, this.plan.seconds) : this.plan.seconds;
      await sessions.stop(sessionId, 'test_stream_over');
      const sent = await this.#unlessBusy(recordings.observed(sessionId));
      const report = sessionReport(this.plan, seconds, seen, sent);
      return { session_id: sessionId, start_ms: this.plan.startMs, ...report };
    } catch (error) {
      await this.#clean(sessionId);
      throw error;
    } finally {
      this.#closeListener(opened.listener);
    }
  }

  /** Ends it early; `run` settles soon after. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopProbe();
    if (this.#probe === undefined && this.sessionId !== undefined && !this.streaming) {
      await this.#with.sessions.stop(this.sessionId, 'stopped');
    }
  }

  /** Hears of a receiver’s progress; another’s is none of its business. */
  onProgress(event: EngineEventOf<'probe.progress'>): void {
    if (this.sessionId === undefined || this.#probe !== event.probe) return;
    this.#progress = event;
    this.#with.recordings.receiver(this.sessionId, BigInt(event.t), {
      packetsLost: event.packets_lost,
      packetsRecovered: event.packets_recovered,
    });
  }

  #request(listener: number, payload: string): SessionRequest {
    const { plan } = this;
    const { config } = this.#with;
    return {
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
      ...(plan.script === undefined ? {} : { script: plan.script }),
    };
  }

  async #receive(opened: Opened): Promise<ProbeReport> {
    const { engine } = this.#with;
    if (this.#stopped) throw new AppError(409, 'stopped', 'The test stream was stopped.');
    const { op, probe } = engine.call('probe.start', {
      session: opened.session.sessionId,
      server: opened.server,
      ping_payload: opened.payload,
      packet_size: PACKET_SIZE,
      seconds: this.plan.seconds,
      ...(this.plan.outputFd === undefined ? {} : { output_fd: this.plan.outputFd }),
    });
    this.#probe = probe;
    this.#streamingMs = this.#with.nowMs();
    const done = engine.done(op, { probe });
    // A session that dies leaves the receiver waiting for nothing: end it, and say why the session died.
    const died = opened.session.ended.then(async (end) => {
      this.#stopProbe();
      await done.catch(() => undefined);
      throw new AppError(500, end.reason, end.message);
    });
    const result = await Promise.race([done, died]);
    died.catch(() => undefined);
    this.#probe = undefined;
    return engine.parse<ProbeReport>(ProbeReport, result, 'probe report');
  }

  #stopProbe(): void {
    if (this.#probe === undefined) return;
    try {
      this.#with.engine.call('probe.stop', { probe: this.#probe });
    } catch (error) {
      this.#with.log.debug('the receiver was gone already', { reason: reasonOf(error) });
    }
  }

  /** A recorder that does not answer costs the sender’s figures, not the stream and what the receiver saw. */
  async #unlessBusy<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked;
    } catch (error) {
      if (!isBusy(error)) throw error;
      this.#with.log.warn('a test stream goes without the recorder', { reason: reasonOf(error) });
      return undefined;
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

  #closeListener(listener: number): void {
    try {
      this.#with.engine.call('listener.close', { listener });
    } catch (error) {
      this.#with.log.debug('the test stream’s socket was gone already', {
        reason: reasonOf(error),
      });
    }
  }
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
