// Who this host is: key, certificate and a random id, made once and kept for ever in <config>/identity. Clients pin the
// certificate, so files that are broken are an error and never replaced.
import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
  X509Certificate,
} from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { buildCertificate, certificateDer, certificatePem, fingerprintOf } from './certificate.ts';
import { syncFolder, writePrivateFile } from './files.ts';

export interface HostIdentity {
  /** UUID, by which clients tell hosts apart. */
  readonly uniqueId: string;
  /** PKCS #8; secret. */
  readonly keyPem: string;
  readonly certPem: string;
  readonly certDer: Uint8Array;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Where it is kept; undefined = only in this process. */
  readonly folder: string | undefined;
  /** Why it is only in memory, or what was mended. */
  readonly note: string | undefined;
}

/**
 * Reads the identity, or makes one. Without a place to keep it, it lives as long as the process and `note` says so.
 * Throws AppError `identity_broken` naming the file when one is there and cannot be used.
 */
export function loadHostIdentity(
  configDir: string | undefined,
  nowUnixMs: () => number = Date.now,
): HostIdentity {
  if (configDir === undefined) {
    return inMemory(nowUnixMs, 'there is no config directory; set PUNKTFUNK_CONFIG_DIR');
  }
  const folder = join(configDir, 'identity');
  const existing = readIdentity(folder);
  if (existing !== undefined) return existing;
  const made = makeIdentity(nowUnixMs());
  try {
    store(configDir, folder, made);
  } catch (error) {
    // Another instance was faster: its identity is the identity.
    const other = readIdentity(folder);
    if (other !== undefined) return other;
    return {
      ...made,
      folder: undefined,
      note: lost(`${folder} cannot be made: ${reasonOf(error)}`),
    };
  }
  return { ...made, folder, note: undefined };
}

/** Undefined when there is no folder, or an empty one. */
function readIdentity(folder: string): HostIdentity | undefined {
  const [keyFile, certFile, idFile] = FILES.map((name) => join(folder, name));
  if (keyFile === undefined || certFile === undefined || idFile === undefined) return undefined;
  const keyPem = readText(keyFile);
  const certPem = readText(certFile);
  const id = readText(idFile);
  if (keyPem === undefined && certPem === undefined && id === undefined) return undefined;
  const key = parsed(keyFile, keyPem, privateRsaKey);
  const certificate = parsed(certFile, certPem, singleCertificate);
  if (!certificate.checkPrivateKey(key)) {
    throw broken(certFile, `it does not belong to the key in ${keyFile}`);
  }
  const uniqueId = parsed(idFile, id, uuid);
  const certDer = new Uint8Array(certificate.raw);
  return {
    uniqueId,
    keyPem: keyPem ?? '',
    certPem: certificatePem(certDer),
    certDer,
    fingerprint: fingerprintOf(certDer),
    folder,
    note: closed([keyFile]),
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw broken(path, reasonOf(error));
  }
}

function parsed<T>(path: string, text: string | undefined, parse: (text: string) => T): T {
  if (text === undefined) throw broken(path, 'it is missing');
  try {
    return parse(text);
  } catch (error) {
    throw broken(path, reasonOf(error));
  }
}

function privateRsaKey(text: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    // The library's own words may quote the key.
    throw new Error('it holds no private key');
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error('it holds no RSA key');
  return key;
}

function singleCertificate(text: string): X509Certificate {
  const bytes = certificateDer(text);
  if (bytes === undefined) throw new Error('it must hold exactly one certificate as PEM');
  return new X509Certificate(bytes);
}

function uuid(text: string): string {
  const id = text.trim();
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) throw new Error('it holds no UUID');
  return id;
}

function broken(path: string, why: string): AppError {
  return new AppError(
    500,
    'identity_broken',
    `${path} cannot be used: ${why}. Paired devices know this host by it: restore it from a backup, or remove the ` +
      'folder around it for a new identity, after which every device has to be paired again.',
  );
}

/** Takes the key from other users; says so when they could read it. */
function closed(paths: readonly string[]): string | undefined {
  const open = paths.filter((path) => (statSync(path).mode & 0o077) !== 0);
  for (const path of open) chmodSync(path, 0o600);
  return open.length === 0
    ? undefined
    : `others could read ${open.join(', ')}; its mode is 0600 now`;
}

type Made = Omit<HostIdentity, 'folder' | 'note'>;

function makeIdentity(nowUnixMs: number): Made {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const now = new Date(nowUnixMs);
  const certDer = buildCertificate({
    // Never zero: the first bit after the sign is set.
    serial: randomBytes(16).map((byte, i) => (i === 0 ? (byte & 0x7f) | 0x40 : byte)),
    subject: COMMON_NAME,
    // Clocks of clients lag behind.
    notBefore: new Date(nowUnixMs - DAY_MS),
    notAfter: new Date(
      Date.UTC(now.getUTCFullYear() + LIFE_YEARS, now.getUTCMonth(), now.getUTCDate()),
    ),
    publicKey,
    signingKey: privateKey,
  });
  return {
    uniqueId: randomUUID(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    certPem: certificatePem(certDer),
    certDer,
    fingerprint: fingerprintOf(certDer),
  };
}

function inMemory(nowUnixMs: () => number, why: string): HostIdentity {
  return { ...makeIdentity(nowUnixMs()), folder: undefined, note: lost(why) };
}

function lost(why: string): string {
  return `${why}; after a restart every device has to be paired again`;
}

/** All three files appear at once, under the folder's final name. */
function store(configDir: string, folder: string, made: Made): void {
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  const temporary = join(configDir, `.identity.${process.pid}.tmp`);
  rmSync(temporary, { recursive: true, force: true });
  try {
    mkdirSync(temporary, { mode: 0o700 });
    const contents = [made.keyPem, made.certPem, `${made.uniqueId}\n`];
    FILES.forEach((name, i) => {
      writePrivateFile(join(temporary, name), contents[i] ?? '');
    });
    syncFolder(temporary);
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  syncFolder(configDir);
}

const FILES = ['host.key', 'host.crt', 'host-id'] as const;
const COMMON_NAME = 'punktfunk-host';
const LIFE_YEARS = 20;
const DAY_MS = 86_400_000;
