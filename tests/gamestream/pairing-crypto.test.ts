import { describe, expect, test } from 'bun:test';
import { createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import {
  challengeResponse,
  clientSecretHolds,
  decrypt,
  encrypt,
  pairingKey,
  pairingSecret,
  parseClientCertificate,
} from '../../host/src/gamestream/pairing-crypto.ts';
import { certificatePem, certSignature } from '../../host/src/identity/certificate.ts';
import { device, rsaKeys } from '../support/certificates.ts';

// gamestream-control-plane.md §4.6
const SALT = hex('000102030405060708090a0b0c0d0e0f');
const KEY = hex('bad0b4f7cae08eb7c1b5acc763a8ed25');
const HOST_SIGNATURE = new Uint8Array(256).fill(0xa5);
const CLIENT_SIGNATURE = new Uint8Array(256).fill(0x5a);
const SERVER_SECRET = hex('303132333435363738393a3b3c3d3e3f');
const SERVER_CHALLENGE = hex('202122232425262728292a2b2c2d2e2f');
const CLIENT_SECRET = hex('404142434445464748494a4b4c4d4e4f');
const ENCRYPTED_CHALLENGE = hex('5febcdc985b2baddd65925da162380eb');
const ENCRYPTED_HASH = hex('6073c3bcf80cf43d30a349b9dba0c50c16a3fba6f62a5d339b97afacba4425f1');

describe('the vectors of §4.6', () => {
  test('key of the right and of a wrong PIN', () => {
    expect(pairingKey(SALT, '1234')).toEqual(KEY);
    expect(pairingKey(SALT, '1235')).toEqual(hex('2cfaeef6782730720be98ac2c6f75c60'));
  });

  test('the client’s challenge, under both keys', () => {
    expect(encrypt(KEY, hex('101112131415161718191a1b1c1d1e1f'))).toEqual(ENCRYPTED_CHALLENGE);
    expect(decrypt(KEY, ENCRYPTED_CHALLENGE)).toEqual(hex('101112131415161718191a1b1c1d1e1f'));
    expect(decrypt(pairingKey(SALT, '1235'), ENCRYPTED_CHALLENGE)).toEqual(
      hex('3d42c2b9eb8d8531a4fddc6ddbd98069'),
    );
  });

  test('the answer to phase 2 is exactly 48 bytes', () => {
    const challenges = {
      key: KEY,
      serverSecret: SERVER_SECRET,
      serverChallenge: SERVER_CHALLENGE,
    };
    expect(challengeResponse(challenges, ENCRYPTED_CHALLENGE, HOST_SIGNATURE)).toEqual(
      hex(
        '5791d2c2727496ac7cda2b30c4ca599a31923b0ce123ad64861c44b160563580533daf529237d7015f7d48e3c777ee51',
      ),
    );
  });

  test('what phase 3 brings', () => {
    expect(decrypt(KEY, ENCRYPTED_HASH)).toEqual(
      hex('d74496004adc60fda2f78e6186e5836bcabb91fd1ff5dd5968ab8fb04ca5f804'),
    );
  });

  test('the answer to phase 3 is S and the host’s PKCS#1 v1.5 signature over it', () => {
    const keys = rsaKeys();
    const answer = pairingSecret(SERVER_SECRET, keys.privateKey);
    expect(answer).toHaveLength(16 + 256);
    expect(answer.subarray(0, 16)).toEqual(SERVER_SECRET);
    expect(verify('sha256', SERVER_SECRET, keys.publicKey, answer.subarray(16))).toBe(true);
  });

  test('phase 4 holds with the right hash and the right signature alone', () => {
    const keys = rsaKeys();
    const certificate = {
      pem: '',
      fingerprint: '',
      publicKey: keys.publicKey,
      signature: CLIENT_SIGNATURE,
    };
    const hash = decrypt(KEY, ENCRYPTED_HASH);
    const proof = Buffer.concat([CLIENT_SECRET, sign('sha256', CLIENT_SECRET, keys.privateKey)]);
    expect(clientSecretHolds(proof, hash, SERVER_CHALLENGE, certificate)).toBe(true);
    for (let i = 0; i < proof.length; i += 1) {
      const changed = Uint8Array.from(proof, (byte, at) => (at === i ? byte ^ 1 : byte));
      expect(clientSecretHolds(changed, hash, SERVER_CHALLENGE, certificate)).toBe(false);
      expect(clientSecretHolds(proof.subarray(0, i), hash, SERVER_CHALLENGE, certificate)).toBe(
        false,
      );
    }
    const other = { ...certificate, publicKey: rsaKeys().publicKey };
    expect(clientSecretHolds(proof, hash, SERVER_CHALLENGE, other)).toBe(false);
    const wrongPin = decrypt(pairingKey(SALT, '1235'), ENCRYPTED_HASH);
    expect(clientSecretHolds(proof, wrongPin, SERVER_CHALLENGE, certificate)).toBe(false);
    expect(clientSecretHolds(proof, new Uint8Array(), SERVER_CHALLENGE, certificate)).toBe(false);
  });
});

describe('a client’s certificate', () => {
  const phone = device();

  test('is known by the SHA-256 of its DER and by the signature inside', () => {
    const parsed = parseClientCertificate(phone.certificatePem);
    expect(parsed?.fingerprint).toBe(phone.fingerprint);
    expect(parsed?.signature).toEqual(certSignature(phone.certificate));
    expect(parsed?.publicKey.equals(createPublicKey(phone.key))).toBe(true);
  });

  test('may have serial 0, version 1, wrong dates, carriage returns', () => {
    const odd = device({
      version: 1,
      notBefore: new Date('2090-01-01T00:00:00Z'),
      notAfter: new Date('1970-01-02T00:00:00Z'),
    });
    expect(parseClientCertificate(odd.certificatePem)?.fingerprint).toBe(odd.fingerprint);
    const windows = odd.certificatePem.replaceAll('\n', '\r\n');
    expect(parseClientCertificate(windows)?.fingerprint).toBe(odd.fingerprint);
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const refused: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no PEM', 'hello'],
    ['two', phone.certificatePem + phone.certificatePem],
    ['DER without PEM', Buffer.from(phone.certificate).toString('latin1')],
    ['a private key', phone.keyPem],
    ['more than 8 KiB', `${phone.certificatePem}${'\n'.repeat(8192)}`],
    ['a key of 1024 bits', device({}, rsaKeys(1024)).certificatePem],
    ['an elliptic key', device({ publicKey: ec.publicKey }).certificatePem],
    ['bytes after the DER', certificatePem(Uint8Array.of(...phone.certificate, 0))],
    ['random DER', certificatePem(new Uint8Array(randomBytes(800)))],
  ];
  for (const [what, text] of refused) {
    test(`is refused: ${what}`, () => {
      expect(parseClientCertificate(text)).toBeUndefined();
    });
  }

  test('cut off at any byte is none', () => {
    for (let length = 0; length < phone.certificate.length; length += 1) {
      const pem = certificatePem(phone.certificate.subarray(0, length));
      expect(parseClientCertificate(pem)).toBeUndefined();
    }
  });
});

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
