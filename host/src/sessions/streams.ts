// Every paired client's life in GameStream: the table of gamestream-control-plane.md §7, line by line. One app runs at a
// time and any number of clients watch it, each with its own stream. RTSP, nvhttp and the operator all act through this.
import { createHmac, randomBytes } from 'node:crypto';
import type { HostStatus, SessionEncryption } from '../../../contract/host.ts';
import { plainAddress, urlHost } from '../addresses.ts';
import type { App, Apps } from '../apps/apps.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Announcement } from '../gamestream/announce.ts';
import { admitsOldClient, encryptionOffer, tooOld } from '../gamestream/encryption.ts';
import type { RtspStream, RtspStreams } from '../gamestream/rtsp-dialogue.ts';
import type { Offer } from '../gamestream/sdp.ts';
import type { Log } from '../log.ts';
import { ClientStream } from './client-stream.ts';
import type { MediaPorts } from './media-ports.ts';
import { encryptionWhy, sourcesPassedOver } from './negotiated.ts';
import { sessionRequest } from './session-request.ts';
import type { SessionEnd, Sessions, StartedSession } from './sessions.ts';
import type {
  AppState,
  ClientRef,
  PreparedStream,
  StreamControl,
  StreamWish,
} from './stream-control.ts';
import { resolveSource } from './test-plan.ts';

export interface StreamsOptions {
  readonly sessions: Sessions;
  readonly ports: Pick<MediaPorts, 'video' | 'audio' | 'control'>;
  readonly apps: Pick<Apps, 'get'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly config: Pick<
    Config,
    | 'gamestreamPort'
    | 'encryption'
    | 'oldClients'
    | 'autoBitrate'
    | 'maxSessions'
    | 'source'
    | 'fecPct'
    | 'videoDropPct'
    | 'linkMbps'
  >;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface RunningApp {
  readonly app: App;
  readonly launchedBy: ClientRef;
  readonly sinceUnixMs: number;
}

/** A client that has a stream, or may take its last one up again. */
interface Member {
  client: ClientRef;
  /** Undefined: RESUMABLE. */
  stream: ClientStream | undefined;
  /** Its old stream is being ended for a new one. */
  replacing: boolean;
}

export class Streams implements StreamControl, RtspStreams {
  readonly #with: StreamsOptions;
  readonly #members = new Map<string, Member>();
  readonly #listeners = new Set<() => void>();
  /** Marks of keys that were used: a key is one set of nonces. */
  readonly #usedKeys = new Set<string>();
  readonly #markSecret = randomBytes(32);
  /** When clients left an app that others watch: for a moment they are told that nothing runs. */
  readonly #leftMs = new Map<string, number>();
  readonly #timers = new Map<ClientStream, () => void>();
  #app: RunningApp | undefined;
  #stopped = false;

  constructor(options: StreamsOptions) {
    this.#with = options;
    options.sessions.onChange(() => this.#changed());
  }

  async launch(wish: StreamWish & { readonly appId: number }): Promise<PreparedStream> {
    this.#admit(wish);
    const app = this.#with.apps.get(wish.appId);
    if (app === undefined) throw new AppError(404, 'app_unknown', 'The host has no such app.');
    const running = this.#app;
    if (running === undefined) {
      this.#app = { app, launchedBy: wish.client, sinceUnixMs: this.#with.clock.unixMs() };
      this.#with.log.info('app started', { app: app.title, client: wish.client.name });
    } else {
      const { title } = running.app;
      if (this.#members.has(wish.client.fingerprint)) {
        throw new AppError(400, 'app_running', `${title} is already running; resume it.`);
      }
      if (running.app.id !== app.id) {
        throw new AppError(400, 'app_running', `${title} is running; quit it first.`);
      }
      this.#requireRoom(wish.client);
    }
    return this.#prepare(this.#member(wish.client), wish, running === undefined);
  }

  async resume(wish: StreamWish): Promise<PreparedStream> {
    this.#admit(wish);
    const running = this.#requireApp();
    if (wish.appId !== undefined && wish.appId !== running.app.id) {
      throw new AppError(400, 'app_running', `${running.app.title} is running; quit it first.`);
    }
    this.#requireRoom(wish.client);
    const member = this.#member(wish.client);
    if (member.replacing) {
      throw new AppError(400, 'stream_starting', 'A stream of this client is starting already.');
    }
    this.#markUsed(wish.key);
    if (member.stream !== undefined) {
      member.replacing = true;
      try {
        await this.#end(member.stream, 'replaced');
      } finally {
        member.replacing = false;
      }
      if (this.#app !== running || this.#members.get(wish.client.fingerprint) !== member) {
        throw new AppError(503, 'app_over', `${running.app.title} was ended meanwhile.`);
      }
      this.#requireRoom(wish.client);
    }
    return this.#prepare(member, wish, false);
  }

  async cancel(client: ClientRef): Promise<void> {
    const running = this.#app;
    if (running === undefined) return;
    const member = this.#members.get(client.fingerprint);
    const others = [...this.#members.values()].filter((other) => other !== member);
    const mayEnd = client.mayEnd || running.launchedBy.fingerprint === client.fingerprint;
    // Who takes part may end it when nobody else watches; who does not, when it is nobody's any more.
    const unwatched =
      member === undefined
        ? others.length === 0
        : others.every(({ stream }) => stream === undefined);
    if (mayEnd || unwatched) {
      await this.#endApp('app_ended');
      return;
    }
    if (member === undefined) {
      throw new AppError(
        403,
        'not_yours',
        `Others use ${running.app.title}; this device may not end it.`,
      );
    }
    this.#members.delete(client.fingerprint);
    this.#leftMs.set(client.fingerprint, this.#with.clock.nowMs());
    if (member.stream !== undefined) await this.#end(member.stream, 'client_quit');
    this.#changed();
  }

  appState(fingerprint: string | undefined): AppState {
    const running = this.#app;
    const leftMs = fingerprint === undefined ? undefined : this.#leftMs.get(fingerprint);
    const justLeft = leftMs !== undefined && this.#with.clock.nowMs() - leftMs < LEFT_MS;
    if (running === undefined || justLeft) return { busy: false, appId: 0 };
    return { busy: true, appId: running.app.id };
  }

  /** The app, who launched it, and how many clients have a stream: for the host's status. */
  status(): Pick<HostStatus, 'state' | 'app' | 'sessions' | 'max_sessions'> {
    const running = this.#app;
    return {
      state: running === undefined ? 'free' : 'busy',
      ...(running === undefined
        ? {}
        : {
            app: {
              title: running.app.title,
              launched_by: running.launchedBy.name,
              since_unix_ms: running.sinceUnixMs,
            },
          }),
      sessions: this.#living().length,
      max_sessions: this.#with.config.maxSessions,
    };
  }

  /** Whether this client streams now. */
  connected(fingerprint: string): boolean {
    return this.#with.sessions
      .list()
      .some(({ client_id, state }) => client_id === fingerprint && state === 'streaming');
  }

  /** Hears that `status`, `connected` or the list of sessions is another now; answers how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** For the operator: one stream ends, and its client may resume. False when there is no such session. */
  async endSession(sessionId: number): Promise<boolean> {
    const stream = this.#living().find((living) => living.sessionId === sessionId);
    const { sessions } = this.#with;
    const known = sessions.list().some(({ session_id }) => session_id === sessionId);
    if (stream !== undefined) await this.#end(stream, 'operator');
    // A test stream has no client.
    else if (known) await sessions.stop(sessionId, 'operator');
    return stream !== undefined || known;
  }

  /** For the operator, or when the app exits by itself: every stream ends, and nothing is left to resume. */
  async endApp(): Promise<void> {
    await this.#endApp('app_ended');
  }

  /** A client is no longer paired: its stream ends at once, and the host forgets that it took part. */
  async revoke(fingerprint: string): Promise<void> {
    const member = this.#members.get(fingerprint);
    this.#members.delete(fingerprint);
    this.#leftMs.delete(fingerprint);
    if (member?.stream !== undefined) await this.#end(member.stream, 'revoked');
    this.#changed();
  }

  /** The host stops: everybody is told, and nothing starts any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#endApp('host_stopping');
  }

  prepared(): readonly RtspStream[] {
    return this.#living().filter(({ phase }) => phase === 'prepared');
  }

  offer(peerAddress: string): Offer {
    return {
      encryption: encryptionOffer(this.#with.config.encryption, peerAddress),
      invalidation: true,
      inputFeatures: 0,
    };
  }

  get mediaPorts(): { readonly video: number; readonly audio: number; readonly control: number } {
    const { video, audio, control } = this.#with.ports;
    return { video: video.port, audio: audio.port, control: control.port };
  }

  #admit({ key, sealedRtsp, peerAddress }: StreamWish): void {
    if (this.#stopped) throw new AppError(503, 'host_stopping', 'The host is stopping.');
    const { encryption, oldClients } = this.#with.config;
    if (!sealedRtsp) {
      if (encryptionOffer(encryption, peerAddress).required) {
        throw new AppError(
          403,
          'encryption_required',
          'The host demands encryption, which this client is too old for.',
        );
      }
      if (!admitsOldClient(oldClients, peerAddress)) throw tooOld(oldClients);
    }
    if (this.#usedKeys.has(this.#mark(key))) {
      throw new AppError(400, 'key_used', 'The key of this request was used before.');
    }
  }

  #requireApp(): RunningApp {
    if (this.#app === undefined) throw new AppError(503, 'nothing_runs', 'No app is running.');
    return this.#app;
  }

  #requireRoom(client: ClientRef): void {
    const { maxSessions } = this.#with.config;
    const others = this.#living().filter(
      (stream) => stream.client.fingerprint !== client.fingerprint,
    );
    if (others.length < maxSessions) return;
    throw new AppError(503, 'session_limit', `The session limit of ${maxSessions} is reached.`);
  }

  #member(client: ClientRef): Member {
    const known = this.#members.get(client.fingerprint);
    if (known !== undefined) {
      known.client = client;
      return known;
    }
    const member = { client, stream: undefined, replacing: false };
    this.#members.set(client.fingerprint, member);
    return member;
  }

  #prepare(member: Member, wish: StreamWish, launchedApp: boolean): PreparedStream {
    const { clock, config, log } = this.#with;
    this.#markUsed(wish.key);
    this.#leftMs.delete(wish.client.fingerprint);
    const stream = new ClientStream({
      client: wish.client,
      key: wish.key,
      keyId: wish.keyId,
      sealedRtsp: wish.sealedRtsp,
      peerAddress: plainAddress(wish.peerAddress),
      launchedApp,
      begin: (...args) => this.#begin(...args),
      opened: (...args) => this.#opened(...args),
      onPlay: (played) => this.#cancelTimer(played),
    });
    member.stream = stream;
    // Moved to the end: `prepared` has the newest last.
    this.#members.delete(wish.client.fingerprint);
    this.#members.set(wish.client.fingerprint, member);
    this.#timers.set(
      stream,
      clock.after(PREPARED_MS, () => this.#expire(stream)),
    );
    log.info('stream prepared', { client: wish.client.name, address: stream.peerAddress });
    this.#changed();
    const scheme = wish.sealedRtsp ? 'rtspenc' : 'rtsp';
    const port = config.gamestreamPort + RTSP_OFFSET;
    return { sessionUrl: `${scheme}://${urlHost(wish.localAddress)}:${port}` };
  }

  #begin(stream: ClientStream, announced: Announcement, peerAddress: string): StartedSession {
    const { config, env, sessions, ports, clock } = this.#with;
    const { control, video, audio } = announced.encryption;
    if (control === 'weak' || !announced.sendsSessionIds) {
      if (!admitsOldClient(config.oldClients, peerAddress)) throw tooOld(config.oldClients);
    }
    const request = sessionRequest({
      stream,
      announced,
      peerAddress,
      ports,
      source: resolveSource(config.source, env),
      config,
    });
    const encryption: SessionEncryption = { control, video, audio };
    return sessions.start(request, {
      client_id: stream.client.fingerprint,
      address: peerAddress,
      ...(this.#app === undefined ? {} : { app: this.#app.app.title }),
      started_unix_ms: clock.unixMs(),
      encryption,
      why: {
        encryption: encryptionWhy(
          config.encryption,
          encryptionOffer(config.encryption, peerAddress).required,
          encryption,
        ),
        sourceRefused: sourcesPassedOver(config.source, env),
      },
    });
  }

  /** The mode is tried before PLAY: a client is told a number then, and sees a black picture later. */
  async #opened(stream: ClientStream, session: StartedSession): Promise<void> {
    const { log } = this.#with;
    const late = Promise.withResolvers<never>();
    const cancel = this.#with.clock.after(OPEN_MS, () => {
      const seconds = OPEN_MS / 1000;
      late.reject(
        new AppError(503, 'open_timeout', `Source and encoder took longer than ${seconds} s.`),
      );
    });
    try {
      await Promise.race([session.ready, late.promise]);
    } catch (error) {
      log.warn('a stream could not start', {
        client: stream.clientName,
        reason: reasonOf(error),
      });
      await this.#stopSession(session.sessionId, 'open_failed');
      throw error;
    } finally {
      cancel();
    }
    // Fire and forget: it resolves whenever the session is over.
    void session.ended.then((end) => this.#over(stream, end));
  }

  /** The engine's session is over: the client left, was lost, or something failed. */
  #over(stream: ClientStream, end: SessionEnd): void {
    if (!this.#forget(stream)) return;
    this.#with.log.info('stream over; its client may resume', {
      client: stream.clientName,
      reason: end.reason,
    });
    this.#changed();
  }

  #expire(stream: ClientStream): void {
    if (stream.phase !== 'prepared') return;
    this.#with.log.info('a prepared stream was never played', {
      client: stream.clientName,
      seconds: PREPARED_MS / 1000,
    });
    const alone = this.#members.size === 1;
    // Fire and forget: nobody waits for what nobody came for; failures are logged below.
    void (stream.launchedApp && alone
      ? this.#endApp('never_played')
      : this.#end(stream, 'never_played'));
  }

  async #endApp(reason: string): Promise<void> {
    const running = this.#app;
    const streams = this.#living();
    this.#app = undefined;
    this.#members.clear();
    this.#leftMs.clear();
    if (running !== undefined) this.#with.log.info('app ended', { app: running.app.title, reason });
    await Promise.all(streams.map((stream) => this.#end(stream, reason)));
    this.#changed();
  }

  /** Resolves when the engine has let go of it, or took too long to. */
  async #end(stream: ClientStream, reason: string): Promise<void> {
    const { sessionId } = stream;
    if (!this.#forget(stream)) return;
    this.#changed();
    if (sessionId !== undefined) await this.#stopSession(sessionId, reason);
  }

  async #stopSession(sessionId: number, reason: string): Promise<void> {
    const { clock, log, sessions } = this.#with;
    const late = Promise.withResolvers<void>();
    const cancel = clock.after(STOP_MS, () => {
      log.warn('a session takes long to end', { session: sessionId, ms: STOP_MS });
      late.resolve();
    });
    try {
      await Promise.race([sessions.stop(sessionId, reason), late.promise]);
    } catch (error) {
      log.warn('a session did not end cleanly', { session: sessionId, reason: reasonOf(error) });
    } finally {
      cancel();
    }
  }

  /** Wipes a stream and leaves its client resumable. False when that was done before. */
  #forget(stream: ClientStream): boolean {
    this.#cancelTimer(stream);
    const member = this.#members.get(stream.client.fingerprint);
    if (member?.stream === stream) member.stream = undefined;
    return stream.end();
  }

  #cancelTimer(stream: ClientStream): void {
    this.#timers.get(stream)?.();
    this.#timers.delete(stream);
  }

  #living(): ClientStream[] {
    return [...this.#members.values()].flatMap(({ stream }) => stream ?? []);
  }

  #mark(key: Uint8Array): string {
    return createHmac('sha256', this.#markSecret).update(key).digest('base64');
  }

  #markUsed(key: Uint8Array): void {
    this.#usedKeys.add(this.#mark(key));
    const oldest = this.#usedKeys.values().next().value;
    if (this.#usedKeys.size > MAX_USED_KEYS && oldest !== undefined) this.#usedKeys.delete(oldest);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Above GameStream's base port. */
const RTSP_OFFSET = 21;
/** From /launch to PLAY: slow televisions need more than ten seconds. */
const PREPARED_MS = 30_000;
/** For source and encoder; the client waits 15 s for the answer to ANNOUNCE. */
const OPEN_MS = 12_000;
/** A session's end takes up to 2 s; the clients' limit for /cancel is 30 s. */
const STOP_MS = 5000;
/** A client asks at once whether the host is free, and takes anything else for an error. */
const LEFT_MS = 10_000;
/** 1.5 MB at most. */
const MAX_USED_KEYS = 16_384;
