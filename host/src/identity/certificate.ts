// Self-signed X.509 certificates with RSA and SHA-256, written as DER by hand, and the two facts that pairing needs of
// any certificate: its fingerprint and the signature inside it. Builds no chains and judges no dates or names.
import { createHash, type KeyObject, sign } from 'node:crypto';

export interface CertificateShape {
  readonly version?: 1 | 3;
  /** Big endian; a leading zero is added where the sign bit would be set. */
  readonly serial: Uint8Array;
  readonly subject: string;
  /** Default: the subject, as a self-signed certificate has it. */
  readonly issuer?: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  /** RSA. */
  readonly signingKey: KeyObject;
}

/** A certificate as DER. Common names only, no extensions. */
export function buildCertificate(shape: CertificateShape): Uint8Array {
  const algorithm = sequence(SHA256_WITH_RSA, der(TAG.null));
  const tbs = sequence(
    shape.version === 1 ? new Uint8Array() : der(TAG.context0, integer(Uint8Array.of(2))),
    integer(shape.serial),
    algorithm,
    name(shape.issuer ?? shape.subject),
    sequence(time(shape.notBefore), time(shape.notAfter)),
    name(shape.subject),
    shape.publicKey.export({ type: 'spki', format: 'der' }),
  );
  return sequence(tbs, algorithm, bitString(sign('sha256', tbs, shape.signingKey)));
}

/** SHA-256 of the DER, lower-case hex: the one identity of a peer. */
export function fingerprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}

/**
 * The content of `signatureValue`, 256 bytes for RSA-2048. Throws RangeError on anything that is not the frame of a
 * certificate.
 */
export function certSignature(certificate: Uint8Array): Uint8Array {
  const whole = element(certificate, 0, TAG.sequence);
  const tbs = element(certificate, whole.start, TAG.sequence);
  const algorithm = element(certificate, tbs.end, TAG.sequence);
  const bits = element(certificate, algorithm.end, TAG.bitString);
  if (whole.end !== certificate.length || bits.end !== whole.end || bits.start >= bits.end) {
    throw new RangeError('the certificate does not end with its signature');
  }
  // The first byte counts unused bits.
  return certificate.subarray(bits.start + 1, bits.end);
}

/** PEM text with lines of 64 and a final newline. */
export function certificatePem(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate)
    .toString('base64')
    .match(/.{1,64}/g);
  return [PEM_BEGIN, ...(lines ?? []), PEM_END, ''].join('\n');
}

/** The DER inside a PEM text that holds one certificate and nothing else; undefined for any other text. */
export function certificateDer(pem: string): Uint8Array | undefined {
  const text = pem.trim();
  if (!text.startsWith(PEM_BEGIN) || !text.endsWith(PEM_END)) return undefined;
  const body = text.slice(PEM_BEGIN.length, -PEM_END.length).replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body) || body.length % 4 !== 0) return undefined;
  return new Uint8Array(Buffer.from(body, 'base64'));
}

function element(
  bytes: Uint8Array,
  offset: number,
  tag: number,
): { readonly start: number; readonly end: number } {
  const at = (index: number): number => {
    const byte = bytes[index];
    if (byte === undefined) throw new RangeError(`DER ends at ${bytes.length}, wanted ${index}`);
    return byte;
  };
  if (at(offset) !== tag)
    throw new RangeError(`DER has tag ${at(offset)} at ${offset}, not ${tag}`);
  let length = at(offset + 1);
  let start = offset + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new RangeError(`DER length of ${count} bytes`);
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + at(start + i);
    start += count;
  }
  if (start + length > bytes.length) throw new RangeError(`DER element of ${length} is cut off`);
  return { start, end: start + length };
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(tag, ...lengthBytes(content.length)), content]),
  );
}

function lengthBytes(length: number): readonly number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  return [0x82, length >> 8, length & 0xff];
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...parts);
}

function integer(bigEndian: Uint8Array): Uint8Array {
  let first = bigEndian.findIndex((byte) => byte !== 0);
  if (first === -1) first = bigEndian.length - 1;
  const bytes = bigEndian.subarray(Math.max(first, 0));
  const negative = (bytes[0] ?? 0) >= 0x80;
  return der(TAG.integer, negative || bytes.length === 0 ? Uint8Array.of(0) : EMPTY, bytes);
}

function bitString(bytes: Uint8Array): Uint8Array {
  return der(TAG.bitString, Uint8Array.of(0), bytes);
}

function name(commonName: string): Uint8Array {
  const value = der(TAG.utf8String, new TextEncoder().encode(commonName));
  return sequence(der(TAG.set, sequence(COMMON_NAME, value)));
}

/** Two-digit years up to 2049 and four-digit ones from 2050 on, as RFC 5280 4.1.2.5 has it. */
function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  const short = date.getUTCFullYear() < 2050;
  const text = short ? digits.slice(2) : digits;
  return der(short ? TAG.utcTime : TAG.generalizedTime, new TextEncoder().encode(text));
}

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  null: 0x05,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;
const EMPTY = new Uint8Array();
/** 1.2.840.113549.1.1.11 */
const SHA256_WITH_RSA = Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11);
/** 2.5.4.3 */
const COMMON_NAME = Uint8Array.of(6, 3, 0x55, 4, 3);
const PEM_BEGIN = '-----BEGIN CERTIFICATE-----';
const PEM_END = '-----END CERTIFICATE-----';
