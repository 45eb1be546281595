// Certificates as clients have them, made by the host's own builder, with every oddity that the wild knows.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  buildCertificate,
  type CertificateShape,
  certificatePem,
  fingerprintOf,
} from '../../host/src/identity/certificate.ts';

export interface Device {
  readonly certificate: Uint8Array;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly key: KeyObject;
  readonly fingerprint: string;
}

/** A device with its own key, as Moonlight makes it: serial 0, one common name for all. */
export function device(shape: Partial<CertificateShape> = {}, keys = rsaKeys()): Device {
  const certificate = buildCertificate({
    serial: Uint8Array.of(0),
    subject: 'NVIDIA GameStream Client',
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2040-01-01T00:00:00Z'),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    ...shape,
  });
  return {
    certificate,
    certificatePem: certificatePem(certificate),
    keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    key: keys.privateKey,
    fingerprint: fingerprintOf(certificate),
  };
}

export function rsaKeys(modulusLength = 2048): {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
} {
  return generateKeyPairSync('rsa', { modulusLength });
}
