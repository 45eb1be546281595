// What a session came to, and why, in the words of a recording: from what was asked of the engine, what the engine says
// and what was known of the client. Absent is what nobody knows. No secret of the request is looked at.
import type { SessionEncryption } from '../../../contract/host.ts';
import type { Negotiated } from '../../../contract/stats.ts';
import type { TestStreamSource } from '../../../contract/test-streams.ts';
import type { EncryptionPolicy } from '../config.ts';
import type { Session, SessionRequest } from '../engine/messages.ts';

/** Reasons that only those know who chose. */
export interface NegotiatedWhy {
  readonly encryption?: string;
  readonly sourceRefused?: NonNullable<Negotiated['source_refused']>;
}

/** What the request settles, before the engine has opened anything. */
export function requestedNegotiation(request: SessionRequest, why: NegotiatedWhy = {}): Negotiated {
  const { colour, audio, control, encryption, link_mbps } = request;
  return {
    ...(why.sourceRefused === undefined || why.sourceRefused.length === 0
      ? {}
      : { source_refused: why.sourceRefused }),
    ...(colour === undefined
      ? {}
      : { colour: `${colour.matrix} ${colour.full_range ? 'full' : 'limited'}` }),
    encryption: {
      control: control !== undefined && encryption !== undefined,
      video: encryption?.video ?? false,
      audio: encryption?.audio ?? false,
      ...(why.encryption === undefined ? {} : { why: why.encryption }),
    },
    ...(audio === undefined
      ? {}
      : { audio: { channels: audio.channels, packet_ms: audio.packet_ms } }),
    packet_size: request.packet_size,
    fec_pct: request.fec_pct,
    slices: request.slices,
    ...(link_mbps === undefined ? {} : { link_mbps }),
  };
}

/** The same with what the engine found when it opened source and encoder. */
export function negotiated(requested: Negotiated, view: Session): Negotiated {
  const { state, picture, can_invalidate, encoder_detail, refused } = view;
  // Until the encoder is open, what it can do is not known.
  if (state === 'starting') return requested;
  return {
    ...requested,
    ...(refused === undefined || refused.length === 0 ? {} : { encoder_refused: refused }),
    ...(encoder_detail === undefined ? {} : { encoder_detail }),
    ...(picture === undefined ? {} : { picture }),
    can_invalidate,
  };
}

/** Why video is encrypted or is not. */
export function encryptionWhy(
  policy: EncryptionPolicy,
  required: boolean,
  { control, video }: SessionEncryption,
): string {
  const old = control === 'weak' ? ' An old client: its control encryption is weak.' : '';
  if (required) return `Required by --encryption=${policy}.${old}`;
  if (video) return `The client asked for it.${old}`;
  if (policy === 'off') return `None for video by --encryption=off.${old}`;
  return `The client did not ask for it.${old}`;
}

/** Desktops that `auto` looked for before the one it took; the order is that of `resolveSource`. */
export function sourcesPassedOver(
  setting: TestStreamSource,
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly reason: string }[] {
  const { DISPLAY, WAYLAND_DISPLAY } = env;
  if (setting !== 'auto' || DISPLAY) return [];
  const x11 = { name: 'x11', reason: 'DISPLAY is not set.' };
  return WAYLAND_DISPLAY
    ? [x11]
    : [x11, { name: 'wlroots', reason: 'WAYLAND_DISPLAY is not set.' }];
}
