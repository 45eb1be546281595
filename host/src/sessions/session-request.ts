// From what a client announced, and what the host is set to, to what the engine is asked for.
import type { Config } from '../config.ts';
import type { SessionRequest, SourceName } from '../engine/messages.ts';
import { type Announcement, videoKbps } from '../gamestream/announce.ts';
import type { ClientStream } from './client-stream.ts';
import type { MediaPorts } from './media-ports.ts';

export interface SessionPlan {
  readonly stream: ClientStream;
  readonly announced: Announcement;
  /** Of the client, as RTSP sees it. */
  readonly peerAddress: string;
  readonly ports: Pick<MediaPorts, 'video' | 'audio' | 'control'>;
  readonly source: SourceName;
  readonly config: Pick<Config, 'fecPct' | 'videoDropPct' | 'linkMbps' | 'autoBitrate'>;
}

export function sessionRequest(plan: SessionPlan): SessionRequest {
  const { stream, announced, peerAddress, ports, config } = plan;
  const { audio, encryption } = announced;
  return {
    kind: 'gamestream',
    client: stream.clientName,
    listener: ports.video.listener,
    ping_payload: stream.pingPayloads.video,
    packet_size: announced.packetSize,
    fec_pct: config.fecPct,
    min_parity: announced.minParity,
    source: plan.source,
    width: announced.width,
    height: announced.height,
    fps: announced.fps,
    bitrate_kbps: videoKbps(announced, config.fecPct),
    codec: 'h264',
    encoder: 'auto',
    slices: announced.slices,
    max_reference_frames: announced.maxReferenceFrames,
    drop_pct: config.videoDropPct,
    client_timeout_ms: CLIENT_TIMEOUT_MS,
    // A decoder that holds one reference cannot go on from an older one.
    invalidation: announced.maxReferenceFrames !== 1,
    colour: announced.colour,
    control: {
      listener: ports.control.listener,
      address: peerAddress,
      sealing: encryption.control === 'v2' ? 'v2' : 'legacy',
      reports: announced.reports,
      connect_timeout_ms: CONNECT_TIMEOUT_MS,
      ...(announced.sendsSessionIds ? { connect_data: stream.connectData } : {}),
    },
    audio: {
      listener: ports.audio.listener,
      ping_payload: stream.pingPayloads.audio,
      channels: audio.channels,
      high_quality: audio.highQuality,
      packet_ms: audio.packetMs,
    },
    encryption: {
      key: Buffer.from(stream.key).toString('hex'),
      key_id: stream.keyId,
      video: encryption.video,
      audio: encryption.audio,
    },
    auto_bitrate: config.autoBitrate,
    ...(config.linkMbps === undefined ? {} : { link_mbps: config.linkMbps }),
    ...(announced.sendsSessionIds ? {} : { legacy_ping_address: peerAddress }),
  };
}

/** Without a ping; stock clients give up after as long. */
const CLIENT_TIMEOUT_MS = 10_000;
/** The client's own limit is 10 s. */
const CONNECT_TIMEOUT_MS = 15_000;
