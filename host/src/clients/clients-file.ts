// clients.json: the list of paired devices on disk. Reads strictly: whatever it does not understand is a fault and never
// an empty list.
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, systemCode } from '../errors.ts';
import { certificateDer, fingerprintOf } from '../identity/certificate.ts';
import { replacePrivateFile } from '../identity/files.ts';

/** A paired device. Its certificate's fingerprint is its identity. */
export interface StoredClient {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  readonly certificatePem: string;
  readonly name: string;
  readonly pairedUnixMs: number;
  /** Where it was paired from. */
  readonly address: string;
  /** May end an app that others watch. */
  readonly mayEnd: boolean;
  readonly lastSeenUnixMs?: number;
  /** Stored by pairing, whose last message is still to come: not trusted. */
  readonly provisional?: boolean;
}

/** Undefined when there is no file. Throws Error saying what is wrong with it. */
export function readClientsFile(path: string): readonly StoredClient[] | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  return parseClients(text);
}

/** Atomically; throws what the file system says. */
export function writeClientsFile(path: string, clients: readonly StoredClient[]): void {
  replacePrivateFile(path, clientsText(clients));
}

/** The same list always gives the same bytes. */
export function clientsText(clients: readonly StoredClient[]): string {
  const rows = clients.map((client) => ({
    fingerprint: client.fingerprint,
    name: client.name,
    paired_unix_ms: client.pairedUnixMs,
    address: client.address,
    may_end: client.mayEnd,
    last_seen_unix_ms: client.lastSeenUnixMs,
    provisional: client.provisional,
    certificate_pem: client.certificatePem,
  }));
  return `${JSON.stringify({ version: VERSION, clients: rows }, undefined, 2)}\n`;
}

/** Throws Error saying what is wrong. */
export function parseClients(text: string): readonly StoredClient[] {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is not JSON: ${reasonOf(error)}`);
  }
  const version = versionOf(data);
  if (version !== VERSION) {
    throw new Error(`it has version ${version ?? 'none'}; this host reads version ${VERSION}`);
  }
  if (!fileCheck.Check(data)) {
    const first = fileCheck.Errors(data)[0];
    throw new Error(`${first?.instancePath || 'it'} ${first?.message ?? 'is not as it must be'}`);
  }
  const clients = data.clients.map(
    (row): StoredClient => ({
      fingerprint: row.fingerprint,
      certificatePem: row.certificate_pem,
      name: row.name,
      pairedUnixMs: row.paired_unix_ms,
      address: row.address,
      mayEnd: row.may_end,
      ...(row.last_seen_unix_ms === undefined ? {} : { lastSeenUnixMs: row.last_seen_unix_ms }),
      ...(row.provisional === undefined ? {} : { provisional: row.provisional }),
    }),
  );
  clients.forEach((client, i) => {
    const bytes = certificateDer(client.certificatePem);
    if (bytes === undefined || fingerprintOf(bytes) !== client.fingerprint) {
      throw new Error(`/clients/${i}: the fingerprint is not that of the certificate`);
    }
    if (clients.findIndex((other) => other.fingerprint === client.fingerprint) !== i) {
      throw new Error(`/clients/${i}: the device is listed twice`);
    }
  });
  return clients;
}

function versionOf(data: unknown): number | undefined {
  if (typeof data !== 'object' || data === null || !('version' in data)) return undefined;
  return typeof data.version === 'number' ? data.version : undefined;
}

const VERSION = 1;
const unixMs = Type.Integer({ minimum: 0 });
const fileCheck = Compile(
  Type.Object(
    {
      version: Type.Literal(VERSION),
      clients: Type.Array(
        Type.Object(
          {
            fingerprint: Type.String({ pattern: '^[0-9a-f]{64}$' }),
            name: Type.String({ minLength: 1, maxLength: 64 }),
            paired_unix_ms: unixMs,
            address: Type.String({ maxLength: 64 }),
            may_end: Type.Boolean(),
            last_seen_unix_ms: Type.Optional(unixMs),
            provisional: Type.Optional(Type.Boolean()),
            certificate_pem: Type.String({ maxLength: 16_384 }),
          },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
);
