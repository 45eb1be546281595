// The payload that answers DESCRIBE (gamestream-control-plane.md §5.5). The client looks for substrings anywhere in it, so
// a codec that is not offered must not be spelt here, not even in a comment.
import type { EncryptionOffer } from './encryption.ts';

export interface Offer {
  readonly encryption: EncryptionOffer;
  /** The encoder can go on after a loss without a key frame. */
  readonly invalidation: boolean;
  /** 1 = pen and touch, 2 = controller touch and motion; what the input behind it can do. */
  readonly inputFeatures: number;
}

/** An Opus layout of more than two channels: FL FR FC LFE BL BR SL SR. */
export interface SurroundLayout {
  readonly channels: 6 | 8;
  readonly streams: number;
  readonly coupled: number;
  /** Channel of each decoder output. */
  readonly mapping: readonly number[];
  readonly quality: 'normal' | 'high';
}

/** The client takes the first line of its channel count as normal quality and the second as high. */
export const surroundLayouts: readonly SurroundLayout[] = [
  { channels: 6, streams: 4, coupled: 2, mapping: [0, 1, 2, 3, 4, 5], quality: 'normal' },
  { channels: 6, streams: 6, coupled: 0, mapping: [0, 1, 2, 3, 4, 5], quality: 'high' },
  { channels: 8, streams: 5, coupled: 3, mapping: [0, 1, 2, 3, 4, 5, 6, 7], quality: 'normal' },
  { channels: 8, streams: 8, coupled: 0, mapping: [0, 1, 2, 3, 4, 5, 6, 7], quality: 'high' },
];

/** The text. */
export function describe(offer: Offer): string {
  const lines = [
    `a=x-ss-general.featureFlags:${offer.inputFeatures}`,
    `a=x-ss-general.encryptionSupported:${offer.encryption.supported}`,
    `a=x-ss-general.encryptionRequested:${offer.encryption.requested}`,
    ...(offer.invalidation ? ['a=x-nv-video[0].refPicInvalidation:1'] : []),
    `a=fmtp:97 surround-params=${STEREO}`,
    ...surroundLayouts.map((layout) => `a=fmtp:97 surround-params=${surroundParams(layout)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Channels, streams, coupled, mapping: a digit each. */
export function surroundParams({
  channels,
  streams,
  coupled,
  mapping,
  quality,
}: SurroundLayout): string {
  const sent = quality === 'normal' ? beforeRotation(mapping) : mapping;
  return `${channels}${streams}${coupled}${sent.join('')}`;
}

/**
 * The client moves the last entry of a normal-quality mapping to place 3; this is the mapping that becomes `wanted` by
 * that. Over its whole length: to leave out the last two of eight swaps LFE and side channels.
 */
export function beforeRotation(wanted: readonly number[]): readonly number[] {
  return [...wanted.slice(0, 3), ...wanted.slice(4), ...wanted.slice(3, 4)];
}

/** Clients do not read it; it makes the list whole. */
const STEREO = '21101';
