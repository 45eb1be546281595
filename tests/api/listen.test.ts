// The listener on real sockets: TLS with the host’s certificate, nothing in the clear, and readers that do not read.
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Health } from '../../contract/host.ts';
import { INSIDE } from '../../host/src/api/caller.ts';
import { apiAddress, listenApi, ownNames } from '../../host/src/api/listen.ts';
import { API, body, fault, jsonBody, START } from '../support/api.ts';
import { apiServer, exchange, tlsPeer } from '../support/api-server.ts';
import { EventReader } from '../support/event-reader.ts';
import { fakeApi, TOKEN } from '../support/fake-api.ts';

describe('beyond loopback', () => {
  test('TLS answers with the host’s own certificate', async () => {
    await using server = await apiServer('https');
    const answer = await server.fetch(`${API}/health`);
    expect(await body<Health>(answer, Health)).toEqual({ status: 'ok', version: '1.2.3' });
    const peer = await tlsPeer(server.listener.port);
    const shown = createHash('sha256').update(peer.getPeerCertificate(true).raw).digest('hex');
    peer.destroy();
    expect(shown).toBe(server.identity.fingerprint);
    expect(server.listener.url).toBe(`https://127.0.0.1:${server.listener.port}`);
  });

  test('plain HTTP gets no answer, at most a TLS alert, and reaches no route', async () => {
    await using server = await apiServer('https');
    const { port } = server.listener;
    for (const method of ['GET', 'POST', 'OPTIONS', 'HEAD']) {
      const answer = await exchange(
        port,
        `${method} ${API}/health HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
      );
      const alert = answer.startsWith('\x15\x03') && answer.length === 7;
      expect([method, alert ? '' : answer]).toEqual([method, '']);
    }
    expect(server.host.tokens.list()[0]?.last_used_unix_ms).toBeUndefined();
    expect((await server.fetch(`${API}/health`)).status).toBe(200);
  });

  test('without a certificate nothing listens', async () => {
    const { api } = fakeApi();
    const listening = listenApi({
      address: apiAddress('0.0.0.0'),
      port: 0,
      identity: undefined,
      fetch: api.fetch,
    });
    await expect(listening).rejects.toMatchObject({ code: 'no_certificate' });
  });

  test('Host may be a name of the machine, a named one, or any bare address; nothing else', async () => {
    const host = fakeApi({ beyondLoopback: true });
    const asked = (name: string) => host.raw(`${API}/health`, { headers: { host: name } });
    for (const name of [
      'living-room:47990',
      'living-room.local:47990',
      'LOCALHOST:47990',
      'tv.example:47990',
      'relay.example:8443',
      '192.168.1.5:47990',
      '[fe80::1]:47990',
    ]) {
      expect([name, (await asked(name)).status]).toEqual([name, 200]);
    }
    for (const name of [
      'evil.example:47990',
      '192.168.1.5.evil.example:47990',
      '192.168.1.5:80',
      '192.168.1.5',
      'relay.example:47990',
      'living-room.evil.example:47990',
      'living-room',
      '1:47990',
      '[::1:47990',
    ]) {
      expect([name, ...(await fault(await asked(name)))]).toEqual([name, 403, 'host_refused']);
    }
  });

  test('bare addresses are no Host on loopback, where only loopback is asked for', async () => {
    const host = fakeApi();
    const answer = host.raw(`${API}/health`, { headers: { host: '192.168.1.5:47990' } });
    expect(await fault(await answer)).toEqual([403, 'host_refused']);
  });

  test('the own origin is https, and another address is another machine', async () => {
    const host = fakeApi({ beyondLoopback: true });
    const started = (origin: string, name: string) =>
      host.ask('POST', START, { headers: { origin, host: name } });
    for (const [origin, name] of [
      ['https://192.168.1.5:47990', '192.168.1.5:47990'],
      ['https://living-room.local:47990', 'living-room.local:47990'],
      ['https://localhost:47990', '127.0.0.1:47990'],
    ] as const) {
      expect([origin, (await started(origin, name)).status]).toEqual([origin, 200]);
    }
    for (const origin of [
      'http://192.168.1.5:47990',
      'https://192.168.1.6:47990',
      'https://evil.example:47990',
      'http://localhost:47990',
      'null',
    ]) {
      const answer = await started(origin, '192.168.1.5:47990');
      expect([origin, ...(await fault(answer))]).toEqual([origin, 403, 'origin_refused']);
    }
  });
});

describe('addresses', () => {
  test('of loopback are HTTP, everything else is HTTPS', () => {
    const of = (given: string) => Object.values(apiAddress(given)).join(' ');
    expect(of('127.0.0.1')).toBe('http 127.0.0.1 127.0.0.1');
    expect(of('127.8.9.10')).toBe('http 127.8.9.10 127.8.9.10');
    expect(of('LocalHost')).toBe('http localhost 127.0.0.1');
    expect(of('[::1]')).toBe('http [::1] ::1');
    expect(of('0.0.0.0')).toBe('https 127.0.0.1 0.0.0.0');
    expect(of('::')).toBe('https [::1] ::');
    expect(of('192.168.1.5')).toBe('https 192.168.1.5 192.168.1.5');
    expect(of('[FE80::1]')).toBe('https [fe80::1] fe80::1');
    for (const odd of [
      '127.0.0.1.evil.example',
      '127.1',
      'localhost.evil',
      '0',
      '::ffff:127.0.0.1',
    ]) {
      expect([odd, apiAddress(odd).scheme]).toEqual([odd, 'https']);
    }
  });

  test('names of the machine count beyond loopback alone', () => {
    expect(ownNames(apiAddress('127.0.0.1'), 'Tower', [])).toEqual([
      '127.0.0.1',
      'localhost',
      '[::1]',
    ]);
    expect(ownNames(apiAddress('::'), 'Tower.lan', ['TV.example'])).toEqual([
      '[::1]',
      '127.0.0.1',
      'localhost',
      'tower.lan',
      'tower.local',
      'tv.example',
    ]);
  });
});

describe('the listener', () => {
  test('says who holds its port, over TLS too', async () => {
    for (const scheme of ['http', 'https'] as const) {
      await using server = await apiServer(scheme);
      const { port } = server.listener;
      const { api } = fakeApi();
      const address = apiAddress('127.0.0.1');
      const second = listenApi({ address, port, identity: undefined, fetch: api.fetch });
      await expect(second).rejects.toThrow('punktfunk-host 1.2.3, which is already running');
    }
  });

  test('tells the guard who asks: guessing from one address does not hurt another', async () => {
    await using server = await apiServer();
    const { port } = server.listener;
    const codes: string[] = [];
    for (let i = 0; i < 22; i += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}${API}/host`, {
        headers: { authorization: `Bearer guess-${i}` },
      });
      codes.push((await fault(answer)).join(' '));
    }
    expect(codes.slice(0, 20)).toEqual(Array(20).fill('401 unauthorized'));
    expect(codes.slice(20)).toEqual(Array(2).fill('429 too_many_guesses'));
    const right = await fetch(`http://127.0.0.1:${port}${API}/host`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(right.status).toBe(200);
    expect(server.host.lines.filter((line) => line.includes('guesses tokens'))).toHaveLength(1);
    expect(server.host.lines.join('')).toContain('"address":"127.0.0.1"');
    expect(server.host.lines.join('')).not.toContain('guess-');
  });

  test('takes its limit of time off answers that wait, and off no others', async () => {
    const host = fakeApi();
    host.pairing.knock('a1', 'Phone');
    const kept: string[] = [];
    for (const [method, path, init] of [
      ['GET', '/host', {}],
      ['GET', '/events', {}],
      ['POST', '/clients/pin', jsonBody({ pin: '1234' })],
    ] as const) {
      const headers = new Headers('headers' in init ? init.headers : {});
      headers.set('authorization', `Bearer ${TOKEN}`);
      const connection = { ...INSIDE, keepOpen: () => kept.push(path) };
      await host.raw(`${API}${path}`, { ...init, method, headers }, connection);
    }
    expect(kept).toEqual(['/events', '/clients/pin']);
  });
});

describe('an event stream over a socket', () => {
  const request = (port: number, token: string): string =>
    `GET ${API}/events?topics=clients HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

  test('comes as it happens, over TLS, and ends with the listener’s reader', async () => {
    await using server = await apiServer('https');
    const headers = { authorization: `Bearer ${TOKEN}` };
    const reader = new EventReader(await server.fetch(`${API}/events?topics=clients`, { headers }));
    await reader.take(1);
    server.host.clients.add('01'.repeat(32), 'Deck');
    server.host.events.changed('clients');
    expect(JSON.stringify(await reader.next())).toContain('Deck');
    await reader.cancel();
    await until(() => server.host.events.readers === 0);
  });

  test('costs no memory when its reader stops reading, and breaks when its token is revoked', async () => {
    await using server = await apiServer();
    const { host, listener } = server;
    const { token, info } = host.tokens.create({ name: 'slow', scope: 'host:read' });
    const slow = connect(listener.port, '127.0.0.1');
    slow.on('error', () => undefined);
    slow.pause();
    slow.write(request(listener.port, token));
    await until(() => host.events.readers === 1);
    for (let i = 0; i < 400; i += 1) host.clients.add(i.toString(16).padStart(64, '0'), 'x');
    // 100 kB a state, 1,500 of them: 150 MB when anybody queued them.
    await changes(50);
    const before = settledRss();
    await changes(1500);
    expect(settledRss() - before).toBeLessThan(60e6);
    expect(host.events.readers).toBe(1);
    const closed = new Promise<void>((resolve) => slow.once('close', () => resolve()));
    host.tokens.revoke(info.token_id);
    expect(host.events.readers).toBe(0);
    slow.resume();
    await closed;

    async function changes(count: number): Promise<void> {
      for (let i = 0; i < count; i += 1) {
        host.clients.add('0'.repeat(64), `name ${i}`);
        host.events.changed('clients');
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }, 30_000);

  test('gives its place back when its peer is gone', async () => {
    await using server = await apiServer();
    const sockets: Socket[] = [];
    for (let i = 0; i < 32; i += 1) {
      const socket = connect(server.listener.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(request(server.listener.port, TOKEN));
      sockets.push(socket);
    }
    await until(() => server.host.events.readers === 32);
    for (const socket of sockets) socket.destroy();
    await until(() => server.host.events.readers === 0);
  });
});

/** Waits for what a socket brings about; at most five seconds. */
async function until(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !happened(); ) {
    if (performance.now() > end) throw new Error('it did not happen within 5 s');
    await Bun.sleep(5);
  }
}

function settledRss(): number {
  Bun.gc(true);
  return process.memoryUsage.rss();
}
