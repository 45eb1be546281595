// What GameStream's HTTP side asks of the one state machine that owns clients' lives. Refusals are AppErrors whose status
// and sentence the client shows.

/** A paired device, as sessions know it. */
export interface ClientRef {
  /** SHA-256 of its certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly name: string;
  /** May end an app that others watch. */
  readonly mayEnd: boolean;
}

export interface StreamMode {
  readonly width: number;
  readonly height: number;
  /** 0 = whatever ANNOUNCE says. */
  readonly fps: number;
}

/** What /launch and /resume bring along. Everything but the key may be missing in /resume and keeps its value. */
export interface StreamWish {
  readonly client: ClientRef;
  readonly appId?: number;
  /** Where the request came from. */
  readonly peerAddress: string;
  /** Where it came in: the client continues there. */
  readonly localAddress: string;
  readonly mode?: StreamMode;
  /** AES-128 key of RTSP, control, video, audio; secret. */
  readonly key: Uint8Array;
  /** As unsigned 32 bit. */
  readonly keyId: number;
  /** The client can do sealed RTSP (corever ≥ 1). */
  readonly sealedRtsp: boolean;
  readonly playSoundOnHost?: boolean;
  readonly channels?: 2 | 6 | 8;
  /** Controllers that are attached now, a bit each. */
  readonly controllers?: number;
  readonly keepControllers?: boolean;
  readonly hdr?: boolean;
}

export interface PreparedStream {
  /** `rtspenc://192.168.1.50:48010` */
  readonly sessionUrl: string;
}

export interface AppState {
  readonly busy: boolean;
  /** 0 = none. */
  readonly appId: number;
}

export interface StreamControl {
  /** Throws AppError 400 (something runs), 403 (encryption demanded), 404 (no such app), 503 (limit, cannot start). */
  launch(wish: StreamWish & { readonly appId: number }): Promise<PreparedStream>;
  /** Throws AppError 400 (another app, a used key), 403, 503 (nothing runs, limit). */
  resume(wish: StreamWish): Promise<PreparedStream>;
  /** Resolves when the state is free again as far as this client goes. Throws AppError 403 when others watch. */
  cancel(client: ClientRef): Promise<void>;
  /** Of the asker with this certificate; undefined = plain HTTP. */
  appState(fingerprint: string | undefined): AppState;
}
