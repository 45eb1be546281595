// Abuse of every GameStream port while a stock client streams: refused in bounded time and memory, and the stream does
// not lose a frame over it.
import { describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { footprint } from '../../scripts/lib/footprint.ts';
import { type Host, missingExecutable } from '../support/host.ts';
import { missingMoonlight, pairedClient, until } from '../support/moonlight.ts';
import { exchange, RawDevice } from '../support/raw-device.ts';
import { streamingHost } from '../support/streaming-host.ts';

const missing = missingExecutable || missingMoonlight;
const SIZE = { width: 640, height: 360 };

describe.skipIf(missing !== '')(`abuse while a client streams${missing}`, () => {
  test('half-open connections, giant heads, slow senders, garbage and forged datagrams disturb nobody', async () => {
    await using streaming = await streamingHost(SIZE, 30);
    const { host } = streaming;
    const ports = tcpPorts(host);
    await using client = await pairedClient(host);
    await client.launch({ ...SIZE, fps: 30 });
    await until('frames', async () => (await client.state()).frames > 30 || undefined, 20_000);
    const before = { frames: (await client.state()).frames, ...footprint(host.pid) };
    const stranger = await RawDevice.make();

    const halfOpen = await openMany(1000, Object.values(ports));
    // Whoever comes from elsewhere is still answered, as fast as a client's patience asks.
    const asked = performance.now();
    expect((await stranger.http(ports.http, '/serverinfo')).code).toBe(200);
    expect(performance.now() - asked).toBeLessThan(2000);

    for (const head of [
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(2000)}\r\n`,
      `GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n`,
      `GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n`,
      `POST /launch HTTP/1.1\r\n\r\n`,
    ]) {
      const answer = await exchange(connect(ports.http, '127.0.0.1'), head, 'connect', 12_000);
      expect([0, 400, 405, 414, 431]).toContain(answer.http);
    }
    // Bytes of the one protocol on the port of the other.
    for (const port of Object.values(ports)) {
      await exchange(connect(port, '127.0.0.1'), randomBytes(5000), 'connect', 12_000);
    }
    await exchange(connect(ports.https, '127.0.0.1'), 'GET / HTTP/1.1\r\n\r\n', 'connect', 12_000);

    for (const path of ['/launch?appid=1', '/resume', '/cancel', '/applist']) {
      expect((await stranger.http(ports.http, path)).http).toBe(404);
      expect((await stranger.https(ports.https, path)).code).toBe(401);
    }
    await flood(host, 3000);
    const slow = await drip(ports.http);

    expect(slow).toBeLessThan(15_000);
    for (const socket of halfOpen) socket.destroy();
    const state = await until('more frames', async () => {
      const now = await client.state();
      return now.frames > before.frames + 60 ? now : undefined;
    });
    expect([state.terminated, state.gaps, state.out_of_order]).toEqual([false, 0, 0]);
    const after = footprint(host.pid);
    expect(after.rss_kb - before.rss_kb).toBeLessThan(40 * 1024);
    await until(
      'handles to be closed',
      () => (footprint(host.pid).handles <= before.handles + 8 ? true : undefined),
      15_000,
    );
    await client.stop();
  }, 180_000);
});

const tcpPorts = ({ gamestreamPort }: Host) => ({
  http: gamestreamPort,
  https: gamestreamPort - 5,
  rtsp: gamestreamPort + 21,
});

/** Connections that never say a word. */
async function openMany(count: number, ports: readonly number[]): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, (_, i) => {
    const socket = connect({ host: '127.0.0.1', port: ports[i % ports.length] ?? 0 });
    socket.on('error', () => undefined);
    return socket;
  });
  await Bun.sleep(500);
  return sockets;
}

/** A head that comes a byte a second; answers after how many ms the host hung up. */
async function drip(port: number): Promise<number> {
  const started = performance.now();
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.resume();
  socket.write('GET / HT');
  const timer = setInterval(() => socket.write('T'), 1000);
  await Promise.race([closed, Bun.sleep(30_000)]);
  clearInterval(timer);
  socket.destroy();
  return performance.now() - started;
}

/** Datagrams that no client of ours would send, to the three media ports. */
async function flood({ gamestreamPort }: Host, count: number): Promise<void> {
  const socket = createSocket('udp4');
  const connectCommand = Buffer.alloc(52);
  connectCommand.writeUInt16BE(0x8fff, 0);
  connectCommand[4] = 0x82;
  connectCommand[5] = 0xff;
  connectCommand.writeUInt32BE(0x30, 20);
  const shapes = [
    () => randomBytes(20),
    () => Buffer.from('PING'),
    () => randomBytes(1200),
    () => randomBytes(3),
    // A connect that carries a secret which is none.
    () => Buffer.concat([connectCommand.subarray(0, 44), randomBytes(8)]),
    // To a peer that exists, with nothing that opens.
    () => Buffer.concat([Buffer.from([0, 0, 6, 0, 0, 1, 0, 40, 1, 0, 36, 0]), randomBytes(40)]),
  ];
  for (let i = 0; i < count; i += 1) {
    const bytes = shapes[i % shapes.length]?.() ?? Buffer.alloc(0);
    const port = gamestreamPort + 9 + (i % 3);
    await new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
  }
  socket.close();
}
