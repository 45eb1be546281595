// The API put together with the real list of paired devices: what changes reaches the list, the streams and the readers.
import { describe, expect, test } from 'bun:test';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HostStatus } from '../../contract/host.ts';
import { type ApiServer, startApiServer } from '../../host/src/api-server.ts';
import { PairedClients } from '../../host/src/clients/paired-clients.ts';
import { systemClock } from '../../host/src/clock.ts';
import { loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { Logger } from '../../host/src/log.ts';
import { API, body, fault, jsonBody } from '../support/api.ts';
import { EventReader } from '../support/event-reader.ts';
import { FakePairing } from '../support/fake-collaborators.ts';
import { fakeHost, TOKEN, temporaryFolder } from '../support/fake-host.ts';

const DECK = '01'.repeat(32);

class Started implements AsyncDisposable {
  readonly revoked: string[] = [];
  readonly configDir = temporaryFolder();
  readonly clients: PairedClients;
  readonly fake = fakeHost({ configDir: this.configDir });
  readonly listeners = new Set<() => void>();
  connected = false;
  #server: ApiServer | undefined;

  constructor() {
    const log = new Logger({ format: 'json', level: 'debug', write: () => {}, now: () => 0 });
    this.clients = new PairedClients({ configDir: this.configDir, log, nowUnixMs: () => 1000 });
    const device = {
      ...{ fingerprint: DECK, certificatePem: 'x', name: 'Deck' },
      ...{ pairedUnixMs: 1, address: '10.0.0.2' },
    };
    this.clients.addProvisional(device);
    this.clients.confirm(device, undefined);
  }

  async start(): Promise<this> {
    const { fake, listeners, clients } = this;
    const pairing = new FakePairing(() => 1000);
    const streaming = {
      state: 'busy' as const,
      sessions: 1,
      max_sessions: 4,
    };
    const info = () => {
      throw new Error('nobody asks for it here');
    };
    this.#server = await startApiServer({
      config: {
        ...{ apiHost: '127.0.0.1', apiPort: 0, apiOrigins: [], apiHosts: [] },
        configDir: this.configDir,
      },
      machine: 'living-room',
      identity: loadHostIdentity(undefined),
      token: { value: TOKEN, path: undefined, note: undefined },
      recordings: fake.recordings,
      testStreams: fake.testStreams,
      sessions: fake.sessions,
      streams: {
        connected: () => this.connected,
        endSession: async () => false,
        endApp: async () => undefined,
        revoke: async (fingerprint) => {
          this.revoked.push(fingerprint);
        },
        onChange: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      clients,
      pairing: Object.assign(pairing, { onChange: () => () => undefined }),
      info,
      status: async () => ({ ...streaming, measuring: false, waiting_for_pin: 0 }),
      clock: systemClock,
      log: new Logger({ format: 'json', level: 'error', write: () => {}, now: () => 0 }),
    });
    return this;
  }

  ask(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${TOKEN}`);
    return fetch(`${this.#server?.url}${API}${path}`, { ...init, method, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
  }
}

describe('the API of the whole host', () => {
  test('renames, allows and revokes a paired device, and ends its stream', async () => {
    await using host = await new Started().start();
    const changed = await host.ask(
      'PATCH',
      `/clients/${DECK}`,
      jsonBody({ name: 'Bedroom', may_end: true }),
    );
    expect(await changed.json()).toMatchObject({ name: 'Bedroom', may_end: true });
    expect(host.clients.get(DECK)).toMatchObject({ name: 'Bedroom', mayEnd: true });
    expect((await host.ask('DELETE', `/clients/${DECK}`)).status).toBe(204);
    expect([host.clients.get(DECK), host.revoked]).toEqual([undefined, [DECK]]);
    expect(await fault(await host.ask('DELETE', `/clients/${DECK}`))).toEqual([
      404,
      'client_not_found',
    ]);
  });

  test('ends the stream of a revoked device also when the disk refuses, and says that', async () => {
    await using host = await new Started().start();
    // A folder where the file should be: nobody can replace it, root neither.
    rmSync(join(host.configDir, 'clients.json'));
    mkdirSync(join(host.configDir, 'clients.json', 'x'), { recursive: true });
    const answer = await host.ask('DELETE', `/clients/${DECK}`);
    expect((await fault(answer))[1]).toBe('save_failed');
    expect([host.clients.get(DECK), host.revoked]).toEqual([undefined, [DECK]]);
  });

  test('tells readers of a change without their waiting for a second', async () => {
    await using host = await new Started().start();
    const reader = new EventReader(await host.ask('GET', '/events?topics=clients'));
    await reader.take(1);
    const started = performance.now();
    host.clients.rename(DECK, 'Bedroom');
    expect(JSON.stringify((await reader.next())?.data)).toContain('Bedroom');
    host.connected = true;
    for (const listener of host.listeners) listener();
    expect(JSON.stringify((await reader.next())?.data)).toContain('"connected":true');
    expect(performance.now() - started).toBeLessThan(900);
    await reader.cancel();
  });

  test('answers its status, and is silent once it has stopped', async () => {
    const host = await new Started().start();
    const status = await body<HostStatus>(await host.ask('GET', '/status'), HostStatus);
    expect(status.state).toBe('busy');
    const reader = new EventReader(await host.ask('GET', '/events?topics=clients'));
    await reader.take(1);
    const ended = reader.next().catch(() => undefined);
    await host[Symbol.asyncDispose]();
    expect(await ended).toBeUndefined();
    expect(host.listeners.size).toBe(0);
    await expect(host.ask('GET', '/status')).rejects.toThrow();
  });
});
