// What a client asks for in ANNOUNCE, checked and put into our words. Nothing here opens or allocates by these numbers;
// follows gamestream-control-plane.md §5.7 and §5.8.
import type { Colour } from '../engine/messages.ts';
import { AppError } from '../errors.ts';
import { type AnnounceAttribute, attributes, ignoredAttributes } from './announce-attributes.ts';
import { AUDIO, CONTROL_V2, type EncryptionOffer, VIDEO } from './encryption.ts';

/** Every attribute and what becomes of it, for docs/gamestream.md. */
export const announceTable: readonly AnnounceAttribute[] = [
  ...Object.values<AnnounceAttribute>(attributes),
  ...ignoredAttributes,
];

/** A stream as the client wants it; all numbers within their ranges. */
export interface Announcement {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly packetSize: number;
  readonly colour: Colour;
  readonly slices: number;
  /** 0 = free: the client's decoder stands invalidation. */
  readonly maxReferenceFrames: number;
  readonly minParity: number;
  /** What the user allows for everything together; undefined: the client tells only `fallbackKbps`. */
  readonly budgetKbps: number | undefined;
  /** For video alone. */
  readonly fallbackKbps: number;
  readonly audio: AnnouncedAudio;
  readonly encryption: AnnouncedEncryption;
  /** The client tells what it lost and recovered. */
  readonly reports: boolean;
  /** It sends our payload in its pings and our data in its connect. */
  readonly sendsSessionIds: boolean;
}

export interface AnnouncedAudio {
  readonly channels: 2 | 6 | 8;
  readonly highQuality: boolean;
  readonly packetMs: 5 | 10;
}

export interface AnnouncedEncryption {
  /** `weak`: a client of 2023 or before. */
  readonly control: 'v2' | 'weak';
  readonly video: boolean;
  readonly audio: boolean;
}

export interface AnnounceContext {
  readonly offer: EncryptionOffer;
  /** Of the request: the one place where a client tells the quality of stereo. */
  readonly hostHeader: string;
}

/** Reads ANNOUNCE's body. Throws AppError 400 with the attribute, or 403 when encryption is demanded and missing. */
export function readAnnouncement(body: string, context: AnnounceContext): Announcement {
  const values = parseAttributes(body);
  const read = (attribute: AnnounceAttribute): number => numberOf(values, attribute);
  read(attributes.codec);
  read(attributes.tenBit);
  read(attributes.fullChroma);
  read(attributes.reliableUdp);
  const packetSize = read(attributes.packetSize);
  if (packetSize % 16 !== 0) throw refused(attributes.packetSize, `${packetSize}`);
  const budgetKbps = read(attributes.budgetKbps);
  const fallbackKbps = read(attributes.fallbackKbps);
  if (budgetKbps === 0 && fallbackKbps === 0) {
    throw refused(attributes.fallbackKbps, 'missing');
  }
  const moonlight = read(attributes.moonlightFlags);
  return {
    width: read(attributes.width),
    height: read(attributes.height),
    fps: read(attributes.fps),
    packetSize,
    colour: colourOf(read(attributes.colour)),
    slices: read(attributes.slices),
    maxReferenceFrames: read(attributes.referenceFrames),
    minParity: read(attributes.minParity),
    budgetKbps: budgetKbps === 0 ? undefined : clamp(budgetKbps),
    fallbackKbps: clamp(fallbackKbps),
    audio: audioOf(read, context.hostHeader),
    encryption: encryptionOf(
      read(attributes.encryption),
      read(attributes.generalFlags),
      context.offer,
    ),
    reports: (moonlight & FEC_STATUS) !== 0,
    sendsSessionIds: (moonlight & SESSION_ID_V1) !== 0,
  };
}

/** Encoder's share, kb/s, of what a client announced; `fecPct` is the parity that comes on top. */
export function videoKbps(announced: Announcement, fecPct: number): number {
  if (announced.budgetKbps === undefined) return announced.fallbackKbps;
  const { channels, highQuality } = announced.audio;
  let kbps = announced.budgetKbps;
  // More parity than that leaves nothing; it is then paid for on top.
  if (fecPct <= 80) kbps = Math.floor((kbps * (100 - fecPct)) / 100);
  kbps -= Math.min(
    channels * (highQuality ? HIGH_CHANNEL_KBPS : CHANNEL_KBPS),
    Math.floor(kbps / 5),
  );
  return kbps - Math.min(OVERHEAD_KBPS, Math.floor(kbps / 10));
}

/** `a=name:value` lines by name; the first of a name counts. Throws AppError 400 on more than any client sends. */
export function parseAttributes(body: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const lines = body.split(/[\r\n]+/, MAX_LINES + 1);
  if (lines.length > MAX_LINES) throw malformed(`more than ${MAX_LINES} lines`);
  for (const line of lines) {
    const [, name, value] = /^a=([^:]*):(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    if (name.length > MAX_NAME) throw malformed(`a name of ${name.length} characters`);
    const trimmed = value.trim();
    // An attribute without a value counts as absent.
    if (trimmed !== '' && !values.has(name.trim())) values.set(name.trim(), trimmed);
  }
  return values;
}

function numberOf(values: ReadonlyMap<string, string>, attribute: AnnounceAttribute): number {
  const text = values.get(attribute.name);
  const value = text === undefined ? attribute.absent : parseNumber(text);
  if (value === undefined) throw refused(attribute, text === undefined ? 'missing' : shorten(text));
  const { least, most } = attribute;
  if ((least !== undefined && value < least) || (most !== undefined && value > most)) {
    throw refused(attribute, text === undefined ? 'missing' : `${value}`);
  }
  return value;
}

/** Signed decimal, or hexadecimal after `0x`. */
function parseNumber(text: string): number | undefined {
  if (/^-?[0-9]{1,10}$/.test(text) || /^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text);
  return undefined;
}

function colourOf(mode: number): Colour {
  const matrix = mode >> 1 === 0 ? 'bt601' : 'bt709';
  return { matrix, full_range: (mode & 1) === 1 };
}

function audioOf(read: (attribute: AnnounceAttribute) => number, host: string): AnnouncedAudio {
  const channels = read(attributes.channels);
  if (channels !== 2 && channels !== 6 && channels !== 8) {
    throw refused(attributes.channels, `${channels}`);
  }
  const surroundHigh = read(attributes.surroundQuality) === 1;
  return {
    channels,
    highQuality: channels === 2 ? !host.includes(LOW_QUALITY_HOST) : surroundHigh,
    packetMs: read(attributes.audioPacketMs) === 10 ? 10 : 5,
  };
}

function encryptionOf(enabled: number, flags: number, offer: EncryptionOffer): AnnouncedEncryption {
  if ((enabled & ~offer.supported) !== 0) {
    throw refused(attributes.encryption, `${enabled}, and ${offer.supported} was offered`);
  }
  const video = (enabled & VIDEO) !== 0;
  // A client seals its sound whenever it says so here, even when that was never offered.
  const audio = (enabled & AUDIO) !== 0 || (flags & AUDIO_EXPECTED) !== 0;
  if (offer.required && !(video && audio)) {
    throw new AppError(
      403,
      'encryption_required',
      'The host demands that video and sound are encrypted, and the client does not encrypt them.',
    );
  }
  return { control: (enabled & CONTROL_V2) !== 0 ? 'v2' : 'weak', video, audio };
}

function clamp(kbps: number): number {
  return Math.min(MOST_KBPS, Math.max(LEAST_KBPS, kbps));
}

function refused(attribute: AnnounceAttribute, got: string): AppError {
  return new AppError(
    400,
    'announce_invalid',
    `The client announced ${attribute.name}: ${got}. Possible is: ${attribute.what}.`,
  );
}

function malformed(what: string): AppError {
  return new AppError(400, 'announce_invalid', `The client’s announcement has ${what}.`);
}

function shorten(text: string): string {
  return JSON.stringify(text.slice(0, 32));
}

/** moonlight-common-c `Limelight-internal.h`: ML_FF_FEC_STATUS, ML_FF_SESSION_ID_V1. */
const FEC_STATUS = 1;
const SESSION_ID_V1 = 2;
const AUDIO_EXPECTED = 0x20;
/** The client's target and Host when it wants little of the sound. */
const LOW_QUALITY_HOST = '0.0.0.0';
/** Opus, a channel. */
const CHANNEL_KBPS = 96;
const HIGH_CHANNEL_KBPS = 256;
/** Headers and control. */
const OVERHEAD_KBPS = 500;
const LEAST_KBPS = 500;
const MOST_KBPS = 500_000;
const MAX_LINES = 200;
const MAX_NAME = 128;
