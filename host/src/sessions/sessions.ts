// The one state machine that owns a client's life: starting → waiting_for_client → streaming → ending → gone. Drives
// the engine's sessions, tells the recorder about them and whoever waits. Today's clients are test streams.
import type { SessionInfo, SessionNetwork } from '../../../contract/host.ts';
import type { Negotiated } from '../../../contract/stats.ts';
import type { Engine } from '../engine/engine.ts';
import type {
  EngineEvent,
  EngineEventOf,
  Session,
  SessionRequest,
  Snapshot,
} from '../engine/messages.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RecordingsService } from '../recordings/service.ts';
import { type NegotiatedWhy, negotiated, requestedNegotiation } from './negotiated.ts';
import { recordInto } from './recorded-events.ts';

/** Why a session is over: a stable code and a sentence. */
export interface SessionEnd {
  readonly reason: string;
  readonly message: string;
}

export interface StartedSession {
  readonly sessionId: number;
  /** Source and encoder are open, and the client may come; fails with the engine's code. */
  readonly ready: Promise<void>;
  /** Resolves when the session is over, whatever ended it. */
  readonly ended: Promise<SessionEnd>;
}

/** What the host knows of a session beside the engine. */
export type SessionAbout = Pick<
  SessionInfo,
  'client_id' | 'address' | 'app' | 'started_unix_ms' | 'encryption'
> & {
  /** For recordings; the API does not show it. */
  readonly why?: NegotiatedWhy;
};

/** Who remembers sessions, their frames' context and what happened to them. */
export type SessionRecorder = Pick<
  RecordingsService,
  'session' | 'sessionEnded' | 'receiver' | 'event'
>;

/** What the recorder learns beside the frame records. */
export type RecordedEvent = EngineEventOf<'session.event'> | EngineEventOf<'session.report'>;

interface Life {
  view: Session;
  readonly about: Omit<SessionAbout, 'why'>;
  readonly requested: Negotiated;
  network: SessionNetwork | undefined;
  ending: boolean;
  readonly ended: ReturnType<typeof Promise.withResolvers<SessionEnd>>;
}

export class Sessions {
  readonly #engine: Engine;
  readonly #recordings: SessionRecorder;
  readonly #log: Log;
  readonly #record: (event: RecordedEvent) => void;
  readonly #lives = new Map<number, Life>();
  readonly #listeners = new Set<() => void>();

  constructor(
    engine: Engine,
    recordings: SessionRecorder,
    log: Log,
    record: (event: RecordedEvent) => void = recordInto(recordings),
  ) {
    this.#engine = engine;
    this.#recordings = recordings;
    this.#log = log;
    this.#record = record;
    engine.on((event) => this.#onEvent(event));
    engine.onResync((snapshot) => this.#onResync(snapshot));
  }

  /** Every living session, as the API shows it. */
  list(): SessionInfo[] {
    return [...this.#lives.values()].map(({ view, about, network, ending }) => ({
      session_id: view.session,
      kind: view.kind,
      state: ending ? 'ending' : view.state,
      client: view.client,
      ...about,
      ...(network === undefined ? {} : { network }),
      source: view.source,
      encoder: view.encoder,
      codec: view.codec,
      width: view.width,
      height: view.height,
      fps: view.fps,
      bitrate_kbps: view.bitrate_kbps,
      ...(view.picture === undefined ? {} : { picture: view.picture }),
    }));
  }

  /** Hears that the list is another now; answers how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the engine for a session. Throws AppError when it is refused outright. */
  start(request: SessionRequest, about: SessionAbout = {}): StartedSession {
    const { op, session } = this.#engine.call('session.start', { session: request });
    const ended = Promise.withResolvers<SessionEnd>();
    const { kind, client, source, encoder, codec, width, height, fps, bitrate_kbps } = request;
    const { why, ...shown } = about;
    this.#lives.set(session, {
      view: {
        session,
        kind,
        state: 'starting',
        client,
        source,
        encoder,
        codec,
        width,
        height,
        fps,
        bitrate_kbps,
        can_invalidate: false,
      },
      about: shown,
      requested: requestedNegotiation(request, why),
      network: undefined,
      ending: false,
      ended,
    });
    this.#changed();
    const ready = this.#engine.done(op, { session }).then(() => undefined);
    // Whoever does not wait for it learns of a failure from `ended`.
    ready.catch(() => undefined);
    return { sessionId: session, ready, ended: ended.promise };
  }

  /** Ends a session and resolves when its threads are gone; one that is gone already is fine. */
  async stop(sessionId: number, reason: string): Promise<void> {
    const life = this.#lives.get(sessionId);
    if (life === undefined) return;
    life.ending = true;
    this.#changed();
    try {
      const { op } = this.#engine.call('session.stop', { session: sessionId, reason });
      await this.#engine.done(op, { session: sessionId });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'unknown_session') throw error;
    }
    this.#over(sessionId, this.#engine.nowNs(), { reason, message: 'The host ended the session.' });
  }

  /** Ends every session. */
  async stopAll(reason: string): Promise<void> {
    await Promise.all([...this.#lives.keys()].map((id) => this.stop(id, reason)));
  }

  #onEvent(event: EngineEvent): void {
    if (event.ev === 'session.state') this.#onState(event);
    else if (event.ev === 'session.event') this.#onSessionEvent(event);
    else if (event.ev === 'session.report') this.#onReport(event);
    else if (event.ev === 'overflow') this.#onOverflow(event);
  }

  /** Events were lost, and nobody knows whose: a recording says so for every session. */
  #onOverflow({ t, lost }: EngineEventOf<'overflow'>): void {
    for (const session of this.#lives.keys()) {
      const told = { ev: 'session.event', t, session, kind: 'events_lost', lost } as const;
      this.#record(told);
    }
  }

  #onSessionEvent(event: EngineEventOf<'session.event'>): void {
    if (!this.#lives.has(event.session)) return;
    this.#record(event);
    if (event.kind === 'bitrate') this.#refresh();
  }

  /** What a client tells of its side: absent is unknown. */
  #onReport(event: EngineEventOf<'session.report'>): void {
    const life = this.#lives.get(event.session);
    if (life === undefined) return;
    const { packets_lost, packets_recovered, rtt_us } = event;
    life.network = {
      ...(rtt_us === undefined ? {} : { rtt_us: rtt_us.median }),
      ...(packets_lost === undefined ? {} : { packets_lost }),
      ...(packets_recovered === undefined ? {} : { packets_recovered }),
    };
    this.#record(event);
    this.#changed();
  }

  #onState(event: EngineEventOf<'session.state'>): void {
    const life = this.#lives.get(event.session);
    if (life === undefined) return;
    const { ev: _ev, t, reason, message, ...view } = event;
    const before = life.view.state;
    life.view = view;
    if (view.state === 'ended') {
      const end = { reason: reason ?? 'ended', message: message ?? 'The session ended.' };
      this.#over(event.session, BigInt(t), end);
      return;
    }
    this.#announce(life);
    if (view.state !== before) {
      this.#log.info(`session ${view.state.replaceAll('_', ' ')}`, {
        session: view.session,
        client: view.client,
        source: view.source,
        encoder: view.encoder,
        mode: `${view.width}x${view.height}@${view.fps}`,
      });
    }
  }

  /** After lost events: what the snapshot does not hold is gone. */
  #onResync(snapshot: Snapshot): void {
    const living = new Map(snapshot.sessions.map((view) => [view.session, view]));
    for (const [sessionId, life] of this.#lives) {
      const view = living.get(sessionId);
      if (view === undefined) {
        this.#over(sessionId, this.#engine.nowNs(), {
          reason: 'event_lost',
          message: 'The session ended while events were lost.',
        });
      } else {
        life.view = view;
        this.#announce(life);
      }
    }
  }

  #refresh(): void {
    this.#onResync(this.#engine.call('snapshot', {}));
  }

  #announce({ view, about, requested }: Life): void {
    this.#changed();
    this.#recordings.session({
      sessionId: view.session,
      kind: view.kind,
      width: view.width,
      height: view.height,
      fps: view.fps,
      codec: view.codec,
      client: view.client,
      source: view.source,
      encoder: view.encoder,
      bitrateKbps: view.bitrate_kbps,
      ...(about.app === undefined ? {} : { app: about.app }),
      negotiated: negotiated(requested, view),
    });
  }

  #over(sessionId: number, atNs: bigint, end: SessionEnd): void {
    const life = this.#lives.get(sessionId);
    if (life === undefined) return;
    this.#lives.delete(sessionId);
    this.#recordings.sessionEnded(sessionId, atNs, end.reason);
    this.#log.info('session ended', { session: sessionId, reason: end.reason, why: end.message });
    life.ended.resolve(end);
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
