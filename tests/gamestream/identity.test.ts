import { describe, expect, test } from 'bun:test';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../host/src/errors.ts';
import {
  buildCertificate,
  certificateDer,
  certificatePem,
  certSignature,
  fingerprintOf,
} from '../../host/src/identity/certificate.ts';
import { loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { device, rsaKeys } from '../support/certificates.ts';
import { temporaryFolder } from '../support/gamestream.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('the host’s identity', () => {
  test('is made once and is the same after a restart', () => {
    const configDir = temporaryFolder();
    const first = loadHostIdentity(configDir, () => NOW);
    expect(loadHostIdentity(configDir, () => NOW + 1e9)).toEqual(first);
    expect(first.note).toBeUndefined();
    expect(first.uniqueId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('differs between two machines', () => {
    const [one, two] = [loadHostIdentity(temporaryFolder()), loadHostIdentity(temporaryFolder())];
    expect(one.uniqueId).not.toBe(two.uniqueId);
    expect(one.fingerprint).not.toBe(two.fingerprint);
  });

  test('is one self-signed RSA-2048 certificate for twenty years with a serial that is not 0', () => {
    const identity = loadHostIdentity(temporaryFolder(), () => NOW);
    const certificate = new X509Certificate(identity.certPem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(identity.keyPem))).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(certificate.subject).toBe('CN=punktfunk-host');
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(NOW);
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2046);
    expect(Buffer.from(identity.certDer).equals(certificate.raw)).toBe(true);
    expect(certificate.fingerprint256.replaceAll(':', '').toLowerCase()).toBe(identity.fingerprint);
    expect(identity.certPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });

  test('is readable by its owner alone', () => {
    const configDir = temporaryFolder();
    loadHostIdentity(configDir);
    const folder = join(configDir, 'identity');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) {
      expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
    expect(readdirSync(configDir)).toEqual(['identity']);
  });

  test('closes a key that others could read, and says so', () => {
    const configDir = temporaryFolder();
    loadHostIdentity(configDir);
    const key = join(configDir, 'identity/host.key');
    chmodSync(key, 0o644);
    expect(loadHostIdentity(configDir).note).toContain(key);
    expect(statSync(key).mode & 0o777).toBe(0o600);
  });

  test('lives in memory when there is no place for it, and says so', () => {
    const identity = loadHostIdentity(undefined);
    expect(identity.folder).toBeUndefined();
    expect(identity.note).toContain('PUNKTFUNK_CONFIG_DIR');
    const file = join(temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    const below = loadHostIdentity(join(file, 'config'));
    expect(below.folder).toBeUndefined();
    expect(below.note).toContain('has to be paired again');
  });

  for (const [name, content] of [
    ['host.key', 'no key'],
    ['host.key', device().keyPem],
    ['host.crt', ''],
    ['host.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['host.crt', device().certificatePem],
    ['host-id', 'me'],
    ['host.key', undefined],
    ['host.crt', undefined],
    ['host-id', undefined],
  ] as const) {
    const what =
      content === undefined ? 'is gone' : `holds ${JSON.stringify(content.slice(0, 20))}`;
    test(`is never replaced silently: ${name} ${what}`, () => {
      const configDir = temporaryFolder();
      loadHostIdentity(configDir);
      const file = join(configDir, 'identity', name);
      if (content === undefined) rmSync(file);
      else writeFileSync(file, content);
      const before = snapshot(configDir);
      const error = thrown(() => loadHostIdentity(configDir));
      expect(error).toMatchObject({ status: 500, code: 'identity_broken' });
      expect(error.message).toMatch(/identity\/host(\.key|\.crt|-id)/);
      expect(error.message).not.toContain('PRIVATE KEY');
      expect(snapshot(configDir)).toEqual(before);
    });
  }
});

describe('certificates', () => {
  const keys = rsaKeys();
  const shape = {
    serial: Uint8Array.of(0),
    subject: 'NVIDIA GameStream Client',
    notBefore: new Date('1999-12-31T23:59:59Z'),
    notAfter: new Date('2051-02-03T04:05:06Z'),
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
  };

  test('cross 2050 with both forms of time', () => {
    const certificate = new X509Certificate(buildCertificate(shape));
    expect(Date.parse(certificate.validFrom)).toBe(shape.notBefore.getTime());
    expect(Date.parse(certificate.validTo)).toBe(shape.notAfter.getTime());
  });

  test('have any serial, version 1 or 3', () => {
    for (const version of [1, 3] as const) {
      for (const [serial, shown] of [
        [[0], '00'],
        [[0x7f], '7F'],
        [[0x80], '80'],
        [[0, 0, 1, 2], '0102'],
        [[0xff, 0xff], 'FFFF'],
      ] as const) {
        const bytes = buildCertificate({ ...shape, version, serial: Uint8Array.from(serial) });
        const certificate = new X509Certificate(bytes);
        expect(certificate.serialNumber.padStart(2, '0')).toBe(shown);
        expect(certificate.verify(createPublicKey(keys.privateKey))).toBe(true);
      }
    }
  });

  test('tell the signature inside them, as another reading finds it at their end', () => {
    const bytes = buildCertificate(shape);
    expect(certSignature(bytes)).toEqual(bytes.slice(-256));
    expect(certSignature(buildCertificate({ ...shape, serial: Uint8Array.of(5) }))).not.toEqual(
      bytes.slice(-256),
    );
  });

  test('cut off anywhere have no signature', () => {
    const bytes = buildCertificate(shape);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => certSignature(bytes.subarray(0, length))).toThrow(RangeError);
    }
    expect(() => certSignature(Uint8Array.of(...bytes, 0))).toThrow(RangeError);
  });

  test('turn into PEM and back', () => {
    const bytes = buildCertificate(shape);
    const pem = certificatePem(bytes);
    expect(certificateDer(pem)).toEqual(bytes);
    expect(certificateDer(pem.replaceAll('\n', '\r\n'))).toEqual(bytes);
    expect(fingerprintOf(bytes)).toHaveLength(64);
    for (const wrong of ['', pem + pem, pem.slice(1), `${pem}x`, pem.replace('M', '*')]) {
      expect(certificateDer(wrong)).toBeUndefined();
    }
  });
});

function snapshot(configDir: string): readonly string[] {
  const folder = join(configDir, 'identity');
  return readdirSync(folder).map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8')}`);
}

function thrown(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
