// The seven requests of a stock client's handshake, each answered for the stream that it belongs to
// (gamestream-control-plane.md §5.4). No socket and no sealing; the stream itself does what ANNOUNCE and PLAY mean.
import { AppError } from '../errors.ts';
import { type Announcement, readAnnouncement } from './announce.ts';
import type { RtspAnswer, RtspRequest } from './rtsp.ts';
import { describe, type Offer } from './sdp.ts';

/** A prepared stream, as RTSP sees it. */
export interface RtspStream {
  readonly clientName: string;
  /** AES-128 key of sealed messages; secret, wiped when the stream is over. */
  readonly key: Uint8Array;
  readonly sealedRtsp: boolean;
  /** Where /launch or /resume came from. */
  readonly peerAddress: string;
  /** What the client echoes in `Session`. */
  readonly rtspSession: string;
  /** 16 characters each, and secret. */
  readonly pingPayloads: { readonly video: string; readonly audio: string };
  readonly connectData: number;
  /** Its key is wiped: nothing may be said under it any more. */
  readonly ended: boolean;
  /** Opens source and encoder. Throws AppError when the stream is not possible. */
  announce(announcement: Announcement, peerAddress: string): Promise<void>;
  /** Throws AppError 455 before a successful announcement. */
  play(): void;
}

/** Who may speak RTSP now, and what is offered. */
export interface RtspStreams {
  prepared(): readonly RtspStream[];
  offer(peerAddress: string): Offer;
  readonly mediaPorts: {
    readonly video: number;
    readonly audio: number;
    readonly control: number;
  };
}

export interface RtspExchange {
  readonly stream: RtspStream;
  readonly streams: RtspStreams;
  /** Of this connection. */
  readonly peerAddress: string;
}

/** Answers one request; refusals are answers too. */
export async function answerRequest(
  request: RtspRequest,
  exchange: RtspExchange,
): Promise<RtspAnswer> {
  const { cseq } = request;
  try {
    const { headers = [], body = '' } = await answer(request, exchange);
    return { status: 200, reason: 'OK', cseq, headers, body };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: rtspStatus(error), reason: error.message, cseq, headers: [], body: '' };
  }
}

interface Content {
  readonly headers?: RtspAnswer['headers'];
  readonly body?: string;
}

async function answer(request: RtspRequest, exchange: RtspExchange): Promise<Content> {
  const { stream, streams, peerAddress } = exchange;
  switch (request.method) {
    case 'OPTIONS':
      return {};
    case 'DESCRIBE':
      return { body: describe(streams.offer(peerAddress)) };
    case 'SETUP':
      return setUp(request, exchange);
    case 'ANNOUNCE': {
      requireSession(request, stream);
      const announcement = readAnnouncement(request.body, {
        offer: streams.offer(peerAddress).encryption,
        hostHeader: request.headers.get('host') ?? '',
      });
      await stream.announce(announcement, peerAddress);
      return {};
    }
    case 'PLAY':
      requireSession(request, stream);
      stream.play();
      return {};
    default:
      throw new AppError(404, 'rtsp_method_unknown', 'The host does not know this method.');
  }
}

function setUp(request: RtspRequest, { stream, streams }: RtspExchange): Content {
  const kind = /=([^/]*)\//.exec(request.target)?.[1];
  // The first SETUP brings the session; all later ones have it.
  if (kind !== 'audio' || request.headers.has('session')) requireSession(request, stream);
  const session = ['Session', `${stream.rtspSession};timeout = 90`] as const;
  const transport = (port: number) => ['Transport', `server_port=${port}`] as const;
  switch (kind) {
    case 'audio':
    case 'video':
      return {
        headers: [
          session,
          transport(streams.mediaPorts[kind]),
          ['X-SS-Ping-Payload', stream.pingPayloads[kind]],
        ],
      };
    case 'control':
      return {
        headers: [
          session,
          transport(streams.mediaPorts.control),
          // Without leading zeros: the client would read them as octal.
          ['X-SS-Connect-Data', String(stream.connectData)],
        ],
      };
    default:
      throw new AppError(404, 'rtsp_stream_unknown', 'The host has no such stream.');
  }
}

function requireSession(request: RtspRequest, stream: RtspStream): void {
  const named = request.headers.get('session')?.split(';', 1)[0]?.trim();
  if (named === stream.rtspSession) return;
  throw new AppError(454, 'rtsp_session_unknown', 'The host knows no such session.');
}

/** The number that the client shows: whose fault it is. */
function rtspStatus({ status, code }: AppError): number {
  if (code === 'scaling_impossible') return 400;
  if (code === 'source_unavailable' || code === 'encoder_unavailable') return 503;
  if (status === 422) return 400;
  if (status === 409) return 503;
  return status;
}
