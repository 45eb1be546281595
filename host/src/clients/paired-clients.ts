// The paired devices: one truth in memory, written to clients.json before anybody is told. A client is its certificate's
// SHA-256; nobody is found by name, address or uniqueid. A file that cannot be read refuses everybody and is kept.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PairedClient } from '../../../contract/clients.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { readClientsFile, type StoredClient, writeClientsFile } from './clients-file.ts';

export type { StoredClient } from './clients-file.ts';

export interface PairedClientsOptions {
  /** Undefined: the list lives as long as the process. */
  readonly configDir: string | undefined;
  readonly log: Log;
  readonly nowUnixMs: () => number;
}

export type NewClient = Pick<
  StoredClient,
  'fingerprint' | 'certificatePem' | 'name' | 'pairedUnixMs' | 'address'
>;

export class PairedClients {
  readonly #path: string | undefined;
  readonly #log: Log;
  readonly #nowUnixMs: () => number;
  readonly #changed = new Set<() => void>();
  readonly #revoked = new Set<(client: StoredClient) => void>();
  #byFingerprint: ReadonlyMap<string, StoredClient> = new Map();
  #seenWrittenUnixMs = 0;
  /** Memory knows of visits that the file does not. */
  #unwritten = false;
  #fault: string | undefined;

  constructor({ configDir, log, nowUnixMs }: PairedClientsOptions) {
    this.#path = configDir === undefined ? undefined : join(configDir, 'clients.json');
    this.#log = log;
    this.#nowUnixMs = nowUnixMs;
    this.#load();
  }

  /** Why every client is refused; undefined = the list is sound. */
  get fault(): string | undefined {
    return this.#fault;
  }

  list(): readonly StoredClient[] {
    return [...this.#byFingerprint.values()].filter((client) => client.provisional !== true);
  }

  /** The trusted device with this certificate. */
  get(fingerprint: string): StoredClient | undefined {
    const client = this.#byFingerprint.get(fingerprint);
    return client?.provisional === true ? undefined : client;
  }

  /**
   * Stores a device that is trusted from `confirm` on. Known devices keep everything they have. Throws AppError
   * `clients_unreadable`, `clients_full` or `save_failed`; then nothing has changed.
   */
  addProvisional(client: NewClient): void {
    this.#requireSound();
    if (this.get(client.fingerprint) !== undefined) return;
    if (this.#byFingerprint.size >= MOST_CLIENTS) {
      throw new AppError(
        409,
        'clients_full',
        `${MOST_CLIENTS} devices are paired, which is the most; remove one first.`,
      );
    }
    this.#save(this.#with({ ...client, mayEnd: false, provisional: true }));
  }

  /** The device's last message came: it is trusted, under a new name if one is given. Throws as `addProvisional`. */
  confirm(client: NewClient, newName: string | undefined): void {
    this.#requireSound();
    const known = this.#byFingerprint.get(client.fingerprint);
    if (known === undefined) throw notFound();
    const { provisional, ...kept } = known;
    this.#save(
      this.#with({
        ...kept,
        name: newName ?? known.name,
        pairedUnixMs: client.pairedUnixMs,
        address: client.address,
      }),
    );
    this.#tellChanged();
  }

  /** Takes back what `addProvisional` stored: the file is as it was. Trusted devices stay. */
  dropProvisional(fingerprint: string): void {
    if (this.#byFingerprint.get(fingerprint)?.provisional !== true) return;
    const rest = this.#without(fingerprint);
    try {
      this.#save(rest);
    } catch (error) {
      // Not trusted in memory, and dropped from the file when it is next read.
      this.#byFingerprint = rest;
      this.#log.error('the list of paired devices could not be saved', { reason: reasonOf(error) });
    }
  }

  /** Throws AppError `not_found`, `name_invalid`, `save_failed`. */
  rename(fingerprint: string, name: string): void {
    const clean = cleanName(name);
    if (clean === undefined) {
      throw new AppError(422, 'name_invalid', 'The name has no character that can be shown.');
    }
    this.#change(fingerprint, (client) => ({ ...client, name: clean }));
  }

  /** Throws AppError `not_found`, `save_failed`. */
  setMayEnd(fingerprint: string, mayEnd: boolean): void {
    this.#change(fingerprint, (client) => ({ ...client, mayEnd }));
  }

  /**
   * From now on this device is a stranger. In memory at once, whatever the disk does: throws AppError `not_found`, or
   * `save_failed` when it would be back after a restart.
   */
  revoke(fingerprint: string): void {
    const client = this.get(fingerprint);
    if (client === undefined) throw notFound();
    this.#byFingerprint = this.#without(fingerprint);
    this.#tell(this.#revoked, client);
    this.#tellChanged();
    this.#save(this.#byFingerprint);
  }

  /** A trusted device made a request. The disk learns it now and then, and when the host stops. */
  seen(fingerprint: string): void {
    const client = this.get(fingerprint);
    if (client === undefined) return;
    const now = this.#nowUnixMs();
    this.#byFingerprint = this.#with({ ...client, lastSeenUnixMs: now });
    this.#unwritten = true;
    if (now - this.#seenWrittenUnixMs < SEEN_WRITE_MS) return;
    this.#seenWrittenUnixMs = now;
    this.flush();
  }

  /** Writes what `seen` has not written yet. Never throws. */
  flush(): void {
    if (!this.#unwritten) return;
    try {
      this.#save(this.#byFingerprint);
    } catch (error) {
      this.#log.warn('the list of paired devices could not be saved', { reason: reasonOf(error) });
    }
  }

  /** Calls back after each change of the list; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Calls back when a device was revoked: its streams must end. Answers how to stop that. */
  onRevoke(listener: (client: StoredClient) => void): () => void {
    this.#revoked.add(listener);
    return () => this.#revoked.delete(listener);
  }

  #load(): void {
    if (this.#path === undefined) {
      this.#log.warn('paired devices are forgotten at the end: there is no config directory');
      return;
    }
    try {
      const stored = readClientsFile(this.#path) ?? [];
      const trusted = stored.filter((client) => client.provisional !== true);
      this.#byFingerprint = new Map(trusted.map((client) => [client.fingerprint, client]));
      // A pairing that a restart cut short leaves nothing behind, and an empty list is a file as well.
      this.#unwritten = trusted.length !== stored.length || !existsSync(this.#path);
      this.flush();
    } catch (error) {
      this.#fault =
        `${this.#path} cannot be read: ${reasonOf(error)}. Every device is refused until it is restored; ` +
        'remove the file to start with no paired device.';
      this.#log.error('the list of paired devices cannot be read', { reason: this.#fault });
    }
  }

  #change(fingerprint: string, change: (client: StoredClient) => StoredClient): void {
    this.#requireSound();
    const client = this.get(fingerprint);
    if (client === undefined) throw notFound();
    this.#save(this.#with(change(client)));
    this.#tellChanged();
  }

  /** The disk first: memory follows only what is stored. */
  #save(clients: ReadonlyMap<string, StoredClient>): void {
    if (this.#path !== undefined) {
      try {
        writeClientsFile(this.#path, [...clients.values()]);
      } catch (error) {
        throw new AppError(
          500,
          'save_failed',
          `The list of paired devices could not be saved in ${this.#path}: ${reasonOf(error)}.`,
          { cause: error },
        );
      }
    }
    this.#byFingerprint = clients;
    this.#unwritten = false;
  }

  #with(client: StoredClient): ReadonlyMap<string, StoredClient> {
    return new Map(this.#byFingerprint).set(client.fingerprint, client);
  }

  #without(fingerprint: string): ReadonlyMap<string, StoredClient> {
    const rest = new Map(this.#byFingerprint);
    rest.delete(fingerprint);
    return rest;
  }

  #requireSound(): void {
    if (this.#fault !== undefined) throw new AppError(503, 'clients_unreadable', this.#fault);
  }

  #tellChanged(): void {
    this.#tell(this.#changed, undefined);
  }

  /** One listener's fault keeps nobody else from hearing. */
  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) {
      try {
        listener(value);
      } catch (error) {
        this.#log.error('a listener of the paired devices failed', { reason: reasonOf(error) });
      }
    }
  }
}

/** A stored device as the API shows it. */
export function pairedClientView(client: StoredClient, connected: boolean): PairedClient {
  return {
    client_id: client.fingerprint,
    name: client.name,
    paired_unix_ms: client.pairedUnixMs,
    address: client.address,
    ...(client.lastSeenUnixMs === undefined ? {} : { last_seen_unix_ms: client.lastSeenUnixMs }),
    may_end: client.mayEnd,
    connected,
  };
}

/** A name without control characters and outer blanks, 64 at most; undefined when nothing is left. */
export function cleanName(text: string): string | undefined {
  const clean = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  let cut = '';
  for (const character of clean) {
    if (cut.length + character.length > MOST_NAME) break;
    cut += character;
  }
  return cut === '' ? undefined : cut;
}

function notFound(): AppError {
  return new AppError(404, 'not_found', 'There is no paired device with this id.');
}

const MOST_NAME = 64;
/** More than any household; keeps file and memory bounded. */
const MOST_CLIENTS = 256;
/** A client asks every 3 s while its list is open; the disk need not hear each. */
const SEEN_WRITE_MS = 600_000;
