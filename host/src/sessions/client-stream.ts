// One stream of one client: what belongs to one key, from /launch or /resume to its end. Streams decides; this holds the
// secrets, wipes them, and says which step may come next.
import { randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Announcement } from '../gamestream/announce.ts';
import type { RtspStream } from '../gamestream/rtsp-dialogue.ts';
import type { StartedSession } from './sessions.ts';
import type { ClientRef } from './stream-control.ts';

/**
 * Steps of gamestream-control-plane.md §7. `played` is AWAITING and RUNNING there, which the engine tells apart; `ended`
 * leaves its client resumable, or nothing at all.
 */
export type StreamPhase = 'prepared' | 'played' | 'ended';

export interface ClientStreamOptions {
  readonly client: ClientRef;
  /** Copied. */
  readonly key: Uint8Array;
  readonly keyId: number;
  readonly sealedRtsp: boolean;
  readonly peerAddress: string;
  /** The app was started for it. */
  readonly launchedApp: boolean;
  /** Asks the engine for a session; throws when it is refused outright. */
  readonly begin: (
    stream: ClientStream,
    announcement: Announcement,
    peerAddress: string,
  ) => StartedSession;
  /** Waits for source and encoder; when they fail, the session is gone before this throws. */
  readonly opened: (stream: ClientStream, session: StartedSession) => Promise<void>;
  readonly onPlay: (stream: ClientStream) => void;
}

export class ClientStream implements RtspStream {
  readonly client: ClientRef;
  readonly key: Uint8Array;
  readonly keyId: number;
  readonly sealedRtsp: boolean;
  readonly peerAddress: string;
  readonly launchedApp: boolean;
  readonly rtspSession = randomBytes(4).toString('hex');
  readonly pingPayloads = {
    video: randomBytes(8).toString('hex'),
    audio: randomBytes(8).toString('hex'),
  };
  /** Never 0: that is what clients send who were given none. */
  readonly connectData = randomBytes(4).readUInt32BE(0) || 1;
  readonly #options: ClientStreamOptions;
  #phase: StreamPhase = 'prepared';
  #announcing = false;
  #session: StartedSession | undefined;

  constructor(options: ClientStreamOptions) {
    this.#options = options;
    this.client = options.client;
    this.key = Uint8Array.from(options.key);
    this.keyId = options.keyId;
    this.sealedRtsp = options.sealedRtsp;
    this.peerAddress = options.peerAddress;
    this.launchedApp = options.launchedApp;
  }

  get clientName(): string {
    return this.client.name;
  }

  get phase(): StreamPhase {
    return this.#phase;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** The engine's session, from ANNOUNCE on. */
  get sessionId(): number | undefined {
    return this.#session?.sessionId;
  }

  async announce(announcement: Announcement, peerAddress: string): Promise<void> {
    if (this.#phase !== 'prepared' || this.#announcing || this.#session !== undefined) {
      throw new AppError(455, 'rtsp_out_of_order', 'The stream was announced before.');
    }
    this.#announcing = true;
    try {
      this.#session = this.#options.begin(this, announcement, peerAddress);
      await this.#options.opened(this, this.#session);
    } catch (error) {
      this.#session = undefined;
      throw error;
    } finally {
      this.#announcing = false;
    }
    if (this.ended) throw new AppError(503, 'stream_over', 'The stream was ended meanwhile.');
  }

  play(): void {
    if (this.#phase !== 'prepared' || this.#announcing || this.#session === undefined) {
      throw new AppError(455, 'rtsp_out_of_order', 'The stream was not announced, or plays.');
    }
    this.#phase = 'played';
    this.#options.onPlay(this);
  }

  /** Wipes the key. False when it was over before. */
  end(): boolean {
    if (this.#phase === 'ended') return false;
    this.#phase = 'ended';
    this.key.fill(0);
    return true;
  }
}
