// Sealed RTSP messages (gamestream-control-plane.md §5.3): AES-128-GCM under the session's key, one counter a direction.
//
//   0  u32 BE  bit 31 set, bits 0–30 = length of the text
//   4  u32 BE  sequence number
//   8  16      tag
//  24  n       sealed text
//
// IV: sequence u32 LE, 6 zero bytes, 'C' or 'H' for who sends, 'R'.
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const SEALED_HEAD_BYTES = 24;
/** As much as a clear request may have. */
export const MAX_SEALED_TEXT_BYTES = 16_384;

export type Sender = 'client' | 'host';

/** Whether a first byte begins a sealed message; clear ones begin with a letter. */
export function isSealed(firstByte: number): boolean {
  return (firstByte & 0x80) !== 0;
}

/** The whole message's size by its head; undefined = no sealed message, or one that is too long to be looked at. */
export function sealedLength(head: Uint8Array): number | undefined {
  if (head.length < 4) return undefined;
  const word = view(head).getUint32(0);
  const text = word & 0x7fff_ffff;
  if (word >>> 31 === 0 || text === 0 || text > MAX_SEALED_TEXT_BYTES) return undefined;
  return SEALED_HEAD_BYTES + text;
}

/** One session's two counters over its key. Numbers are never used twice: make one of these a key. */
export class RtspSeal {
  readonly #key: Uint8Array;
  #lastOpened = -1;
  #lastSealed = 0;

  /** Keeps the key by reference: whoever owns it wipes it. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The text of a client's message; undefined when this key does not open it, or it is not newer than the last. */
  open(message: Uint8Array): Uint8Array | undefined {
    if (sealedLength(message) !== message.length) return undefined;
    const sequence = view(message).getUint32(4);
    const text = openSealed(this.#key, 'client', message);
    if (text === undefined || sequence <= this.#lastOpened) return undefined;
    this.#lastOpened = sequence;
    return text;
  }

  /** Seals an answer under the next number. */
  seal(text: Uint8Array): Uint8Array {
    if (this.#lastSealed >= 0xffff_ffff) throw new Error('RTSP answers are used up for this key');
    this.#lastSealed += 1;
    return sealText(this.#key, 'host', this.#lastSealed, text);
  }
}

/** Seals a text. The caller sees to it that no number is used twice. */
export function sealText(
  key: Uint8Array,
  sender: Sender,
  sequence: number,
  text: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv('aes-128-gcm', key, ivOf(sequence, sender));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const message = new Uint8Array(SEALED_HEAD_BYTES + sealed.length);
  view(message).setUint32(0, (0x8000_0000 | sealed.length) >>> 0);
  view(message).setUint32(4, sequence);
  message.set(cipher.getAuthTag(), 8);
  message.set(sealed, SEALED_HEAD_BYTES);
  return message;
}

/** Opens a whole message; undefined when the tag does not fit. */
export function openSealed(
  key: Uint8Array,
  sender: Sender,
  message: Uint8Array,
): Uint8Array | undefined {
  if (message.length <= SEALED_HEAD_BYTES) return undefined;
  const sequence = view(message).getUint32(4);
  const decipher = createDecipheriv('aes-128-gcm', key, ivOf(sequence, sender));
  decipher.setAuthTag(message.subarray(8, SEALED_HEAD_BYTES));
  const text = decipher.update(message.subarray(SEALED_HEAD_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]);
  } catch {
    return undefined;
  }
}

function ivOf(sequence: number, sender: Sender): Uint8Array {
  const iv = new Uint8Array(12);
  view(iv).setUint32(0, sequence, true);
  iv[10] = sender === 'client' ? 0x43 : 0x48;
  iv[11] = 0x52;
  return iv;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
