// The arithmetic of pairing, pure: keys, challenges and secrets in, bytes out (gamestream-control-plane.md §4.2). Knows
// no order and no policy; SHA-1 and certificates other than RSA have no place here.
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
  X509Certificate,
} from 'node:crypto';
import { certificateDer, certSignature, fingerprintOf } from '../identity/certificate.ts';

/** A client's certificate, as pairing needs it. */
export interface ClientCertificate {
  readonly pem: string;
  readonly fingerprint: string;
  readonly publicKey: KeyObject;
  /** The signature bytes inside it. */
  readonly signature: Uint8Array;
}

/** Undefined unless the text is one certificate of at most 8 KiB with an RSA key of 2048 to 8192 bits. */
export function parseClientCertificate(text: string): ClientCertificate | undefined {
  if (text.length > MOST_PEM_BYTES) return undefined;
  const bytes = certificateDer(text);
  if (bytes === undefined) return undefined;
  try {
    const certificate = new X509Certificate(bytes);
    // What TLS will show must be these bytes and no others.
    if (!certificate.raw.equals(bytes)) return undefined;
    const { publicKey } = certificate;
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    if (publicKey.asymmetricKeyType !== 'rsa' || bits < 2048 || bits > 8192) return undefined;
    return {
      pem: text,
      fingerprint: fingerprintOf(bytes),
      publicKey,
      signature: certSignature(bytes),
    };
  } catch {
    return undefined;
  }
}

/** First 16 bytes of SHA-256(salt ‖ PIN as four ASCII digits). */
export function pairingKey(salt: Uint8Array, pin: string): Uint8Array {
  return sha256(salt, new TextEncoder().encode(pin)).subarray(0, 16);
}

/** AES-128-ECB without padding: whole blocks only. */
export function encrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([cipher.update(blocks), cipher.final()]));
}

/** AES-128-ECB without padding: whole blocks only. */
export function decrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return new Uint8Array(Buffer.concat([decipher.update(blocks), decipher.final()]));
}

export interface Challenges {
  readonly key: Uint8Array;
  /** S, 16 random bytes of the host. */
  readonly serverSecret: Uint8Array;
  /** T, 16 random bytes of the host. */
  readonly serverChallenge: Uint8Array;
}

/** The answer to phase 2, 48 bytes. */
export function challengeResponse(
  { key, serverSecret, serverChallenge }: Challenges,
  encryptedChallenge: Uint8Array,
  hostSignature: Uint8Array,
): Uint8Array {
  const challenge = decrypt(key, encryptedChallenge);
  const hash = sha256(challenge, hostSignature, serverSecret);
  return encrypt(key, Buffer.concat([hash, serverChallenge]));
}

/** The answer to phase 3: S ‖ the host's signature over S. */
export function pairingSecret(serverSecret: Uint8Array, hostKey: KeyObject): Uint8Array {
  return new Uint8Array(
    Buffer.concat([serverSecret, sign('sha256', serverSecret, pkcs1(hostKey))]),
  );
}

/** Phase 4: whether the peer knew the PIN (`clientHash`, from phase 3) and holds the certificate's key. */
export function clientSecretHolds(
  clientSecret: Uint8Array,
  clientHash: Uint8Array,
  serverChallenge: Uint8Array,
  certificate: ClientCertificate,
): boolean {
  const secret = clientSecret.subarray(0, SECRET_BYTES);
  const expected = sha256(serverChallenge, certificate.signature, secret);
  const knewPin = expected.length === clientHash.length && timingSafeEqual(expected, clientHash);
  const holdsKey = verify(
    'sha256',
    secret,
    pkcs1(certificate.publicKey),
    clientSecret.subarray(SECRET_BYTES),
  );
  return knewPin && holdsKey;
}

export const SECRET_BYTES = 16;

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function pkcs1(key: KeyObject): { readonly key: KeyObject; readonly padding: number } {
  return { key, padding: constants.RSA_PKCS1_PADDING };
}

const MOST_PEM_BYTES = 8192;
