import { afterEach, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import type { HttpLimits } from '../../host/src/gamestream/server.ts';
import { device } from '../support/certificates.ts';
import {
  elementOf,
  getClear,
  getTls,
  type HttpRig,
  httpRig,
  PairingClient,
  readAnswer,
  request,
  tlsSocket,
  until,
} from '../support/gamestream.ts';

const phone = device();
/** The client that must not notice anything. */
const HONEST = { localAddress: '127.0.0.9' };
let rig: HttpRig | undefined;
let sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await rig?.stop();
  rig = undefined;
});

async function started(limits: Partial<HttpLimits> = {}): Promise<HttpRig> {
  rig = await httpRig({ limits });
  return rig;
}

function attack(port: number, localAddress = '127.0.0.1'): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  // Read, so that its end is noticed.
  socket.resume();
  sockets.push(socket);
  return socket;
}

describe('an attacker on the clear and on the TLS port', () => {
  test('with 1,000 half-open connections holds 16, and a client elsewhere notices nothing', async () => {
    const host = await started({ requestMs: 1000 });
    const attackers = Array.from({ length: 1000 }, (_, i) =>
      attack(i % 2 === 0 ? host.ports.http : host.ports.https),
    );
    await until(() => host.server.connections === 16);
    for (let i = 0; i < 5; i += 1) {
      expect((await getClear(host, '/serverinfo', HONEST)).code).toBe('200');
      expect((await getTls(host, '/serverinfo', phone, HONEST)).code).toBe('401');
      expect(host.server.connections).toBeLessThanOrEqual(18);
    }
    await until(() => host.server.connections === 0);
    await until(() => attackers.every((socket) => socket.destroyed));
  }, 20_000);

  test('from many addresses holds 64 in all, and for no longer than a request may take', async () => {
    const host = await started({ requestMs: 1500 });
    for (let i = 0; i < 200; i += 1) attack(host.ports.http, `127.0.1.${i % 10}`);
    await until(() => host.server.connections === 64);
    await Bun.sleep(50);
    expect(host.server.connections).toBe(64);
    await until(() => host.server.connections === 0);
    expect((await getClear(host, '/serverinfo', HONEST)).code).toBe('200');
  }, 20_000);

  test('a slow-loris: a byte now and then buys no time', async () => {
    const host = await started({ requestMs: 400 });
    const startMs = performance.now();
    const slow = attack(host.ports.http);
    const ended = new Promise((resolve) => slow.once('close', resolve));
    const drip = setInterval(() => slow.write('G'), 50);
    await ended;
    clearInterval(drip);
    expect(performance.now() - startMs).toBeGreaterThan(300);
    expect(performance.now() - startMs).toBeLessThan(3000);

    const overTls = tlsSocket(host, phone);
    sockets.push(overTls);
    overTls.on('error', () => undefined);
    overTls.resume();
    const tlsEnded = new Promise((resolve) => overTls.once('close', resolve));
    overTls.write('GET /serverinfo HTTP/1.1\r\n');
    const tlsDrip = setInterval(() => overTls.write('A: b\r\n'), 50);
    await tlsEnded;
    clearInterval(tlsDrip);
    expect(host.server.connections).toBe(0);
  });

  test('that does not take its answer is let go', async () => {
    const host = await started({ sendMs: 300, lingerMs: 100 });
    const socket = net.connect(host.ports.http, '127.0.0.1');
    sockets.push(socket);
    socket.pause();
    socket.write(request('/serverinfo'));
    await until(() => host.server.connections === 1);
    await until(() => host.server.connections === 0);
  });

  test('with a giant head is refused while it still sends', async () => {
    const host = await started();
    for (const [head, status] of [
      [`GET /${'a'.repeat(1_000_000)}`, 414],
      [`GET / HTTP/1.1\r\n${'Header: value\r\n'.repeat(100_000)}`, 431],
      [`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(101)}\r\n`, 431],
      ['POST /pair HTTP/1.1\r\n\r\n', 405],
      ['GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ] as const) {
      const socket = net.connect(host.ports.http, '127.0.0.1');
      sockets.push(socket);
      const answer = readAnswer(socket);
      socket.write(head);
      // A megabyte after the refusal may end in a reset; a small head has its answer.
      const { status: seen } = await answer.catch(() => ({ status: 0 }));
      expect(head.length > 20_000 ? [0, status] : [status]).toContain(seen);
    }
    await until(() => host.server.connections === 0);
  });

  test('that speaks TLS to the clear port, or clear text to the TLS port, gets nothing', async () => {
    const host = await started();
    for (const [port, bytes] of [
      [host.ports.http, Buffer.from('16030100c8010000c40303', 'hex')],
      [host.ports.https, Buffer.from(request('/serverinfo'))],
    ] as const) {
      const socket = net.connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.write(bytes);
      expect((await readAnswer(socket).catch(() => ({ status: 0 }))).status).toBe(0);
    }
    await until(() => host.server.connections === 0);
  });

  test('that connects and says nothing is no error', async () => {
    const host = await started();
    for (const port of [host.ports.http, host.ports.https]) {
      const socket = net.connect(port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.destroy();
    }
    expect((await getClear(host, '/serverinfo')).code).toBe('200');
    await until(() => host.server.connections === 0);
    expect(host.lines.join('')).not.toMatch(/"level":"(warn|error)"/);
  });

  test('that goes on talking while it waits for a PIN is cut off', async () => {
    const host = await started();
    const socket = attack(host.ports.http);
    socket.write(request(new PairingClient(phone, '1234').phase1()));
    await until(() => host.pairing.waiting === 1);
    socket.write('more');
    await until(() => host.pairing.waiting === 0 && host.server.connections === 0);
  });

  test('with garbage, 300 times on each port, changes nothing and costs no memory', async () => {
    const host = await started({ requestMs: 500 });
    const before = host.store();
    const round = async () => {
      const ends: Promise<unknown>[] = [];
      for (const port of [host.ports.http, host.ports.https]) {
        for (let i = 0; i < 300; i += 1) {
          const socket = attack(port, `127.0.2.${i % 60}`);
          ends.push(new Promise((resolve) => socket.once('close', resolve)));
          const line = `GET /${'%'.repeat(i)} HTTP/1.1\r\n\r\n`;
          socket.write(i % 3 === 0 ? randomBytes(i * 8 + 1) : line);
          if (i % 2 === 0) socket.end();
        }
      }
      await Promise.all(ends);
      await until(() => host.server.connections === 0);
      sockets = [];
    };
    await round();
    Bun.gc(true);
    const rssBefore = process.memoryUsage().rss;
    await round();
    await round();
    Bun.gc(true);
    expect(process.memoryUsage().rss - rssBefore).toBeLessThan(32e6);
    expect(host.store()).toBe(before);
    expect((await getClear(host, '/serverinfo', HONEST)).code).toBe('200');
    expect(host.lines.join('')).not.toContain('"level":"error"');
  }, 30_000);

  test('with waiting phase-1 requests holds four, longer than a request may take', async () => {
    const host = await started({ requestMs: 300 });
    const waiting = [1, 2, 3, 4].map((i) =>
      getClear(host, new PairingClient(phone, '1234').phase1(), { localAddress: `127.0.3.${i}` }),
    );
    await until(() => host.pairing.waiting === 4);
    const fifth = await getClear(host, new PairingClient(phone, '1234').phase1(), HONEST);
    expect([fifth.code, elementOf(fifth, 'paired')]).toEqual(['200', '1']);
    expect(elementOf(fifth, 'plaincert')).toBeUndefined();
    await Bun.sleep(600);
    expect(host.pairing.waiting).toBe(4);
    host.clock.ms += 180_000;
    const answers = await Promise.all(waiting);
    expect(answers.map(({ code }) => code)).toEqual(['400', '400', '400', '400']);
  });
});

test('ending the host ends every connection', async () => {
  const host = await httpRig();
  const waiting = getClear(host, new PairingClient(phone, '1234').phase1());
  await until(() => host.pairing.waiting === 1);
  const startMs = performance.now();
  await host.stop();
  expect(performance.now() - startMs).toBeLessThan(1000);
  expect((await waiting.catch(() => ({ status: 0 }))).status).toBe(0);
  expect(host.server.connections).toBe(0);
});
