// RTSP's port over real sockets on loopback: a stock client's handshake, and everybody else.
import { afterEach, describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../host/src/clock.ts';
import { sealText } from '../../host/src/gamestream/rtsp-seal.ts';
import { RtspServer } from '../../host/src/gamestream/rtsp-server.ts';
import { Logger } from '../../host/src/log.ts';
import { settled } from '../support/fake-host.ts';
import { announcement, exchange, RtspClient } from '../support/rtsp-client.ts';
import { client, fakeStreams, VirtualClock, wish } from '../support/streams.ts';

const ann = client('ann');
const OK = [200, 200, 200, 200, 200, 200, 200];

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A host with RTSP on a port of its own; `clock` is the server's. */
async function rtspHost(
  options: {
    readonly flags?: Readonly<Record<string, string>>;
    readonly virtual?: boolean;
    readonly brokenSources?: Readonly<Record<string, string>>;
  } = {},
) {
  const clock = new VirtualClock();
  const host = fakeStreams({
    clock,
    flags: options.flags ?? {},
    ...(options.brokenSources === undefined ? {} : { brokenSources: options.brokenSources }),
  });
  const server = new RtspServer({
    port: 0,
    streams: host.streams,
    log: new Logger({
      format: 'json',
      level: 'debug',
      write: (line) => host.lines.push(line),
      now: () => 0,
    }),
    clock: options.virtual === true ? clock : systemClock,
  });
  await server.start();
  stops.push(() => server.stop());
  return { ...host, clock, server, port: server.port };
}

async function sealedClient(host: Awaited<ReturnType<typeof rtspHost>>, firstSequence = 1) {
  const asked = wish(ann);
  await host.streams.launch(asked);
  return new RtspClient({ port: host.port, key: asked.key, firstSequence });
}

async function clearClient(host: Awaited<ReturnType<typeof rtspHost>>, address = '127.0.0.1') {
  await host.streams.launch(wish(ann, { sealedRtsp: false, peerAddress: address }));
  return new RtspClient({ port: host.port });
}

/** Connects and waits until the connection is up. */
function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => resolve(socket));
    socket.on('error', reject);
  });
}

function closed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  return new Promise((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

describe('a stock client’s handshake', () => {
  test('passes sealed, and the engine has its session before PLAY', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    expect(await rtsp.handshake()).toEqual(OK);
    expect(host.sessions.list().map(({ state }) => state)).toEqual(['waiting_for_client']);
    expect(host.streams.prepared()).toEqual([]);
  });

  test('passes sealed with any first number, as a second stream of one process has', async () => {
    const host = await rtspHost();
    expect(await (await sealedClient(host, 8)).handshake()).toEqual(OK);
  });

  test('passes in clear, and over IPv6', async () => {
    const host = await rtspHost();
    expect(await (await clearClient(host)).handshake()).toEqual(OK);
    await host.streams.endApp();
    await host.streams.launch(wish(ann, { sealedRtsp: false, peerAddress: '::1' }));
    const six = new RtspClient({ port: host.port, host: '::1' });
    expect(await six.handshake()).toEqual(OK);
  });

  test('brings the answers that the client needs', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const { pingPayloads, rtspSession, connectData } = host.streamOf(ann);
    expect(await rtsp.ask('OPTIONS *')).toEqual({ status: 200, headers: { CSeq: '1' }, body: '' });
    const described = await rtsp.ask('DESCRIBE *');
    expect(described?.body).toContain('a=x-ss-general.encryptionSupported:7\n');
    const audio = await rtsp.setUp('audio/0/0');
    expect(audio?.headers).toEqual({
      CSeq: '3',
      Session: `${rtspSession};timeout = 90`,
      Transport: 'server_port=48000',
      'X-SS-Ping-Payload': pingPayloads.audio,
    });
    rtsp.session = rtspSession;
    expect((await rtsp.setUp('video/0/0'))?.headers).toMatchObject({
      Transport: 'server_port=47998',
      'X-SS-Ping-Payload': pingPayloads.video,
    });
    expect((await rtsp.setUp('control/13/0'))?.headers).toMatchObject({
      Transport: 'server_port=47999',
      'X-SS-Connect-Data': String(connectData),
    });
  });

  test('arrives in pieces, one byte at a time', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const message = rtsp.message('OPTIONS *');
    const socket = await open(host.port);
    const answer = closed(socket);
    for (const byte of message) {
      socket.write(Uint8Array.of(byte));
      await settled();
    }
    expect((await answer).length).toBeGreaterThan(24);
  });

  test('of two clients at once goes to the stream of each', async () => {
    const host = await rtspHost();
    const ben = client('ben');
    const [first, second] = [wish(ann), wish(ben)];
    await host.streams.launch(first);
    await host.streams.launch(second);
    const done = await Promise.all(
      [first, second].map(({ key }) => new RtspClient({ port: host.port, key }).handshake()),
    );
    expect(done).toEqual([OK, OK]);
    expect(new Set(host.sessions.list().map(({ client_id }) => client_id))).toEqual(
      new Set([ann.fingerprint, ben.fingerprint]),
    );
  });
});

describe('refusals', () => {
  test('carry the number that the client shows', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const status = async (line: string) => (await rtsp.ask(line))?.status;
    expect(await status('TEARDOWN /')).toBe(404);
    expect(await status('PLAY /')).toBe(454);
    rtsp.session = 'ffffffff';
    expect((await rtsp.setUp('audio/0/0'))?.status).toBe(454);
    rtsp.session = host.streamOf(ann).rtspSession;
    expect((await rtsp.setUp('mic/0/0'))?.status).toBe(404);
    expect((await rtsp.setUp('audio'))?.status).toBe(404);
    expect(await status('PLAY /')).toBe(455);
    expect((await rtsp.announce('v=0'))?.status).toBe(400);
    expect((await rtsp.announce(announcement({ 'x-nv-video[0].maxFPS': '0' })))?.status).toBe(400);
    expect(
      (await rtsp.announce(announcement({ 'x-nv-video[0].clientViewportWd': '16' })))?.status,
    ).toBe(400);
    expect((await rtsp.announce())?.status).toBe(200);
    expect((await rtsp.announce())?.status).toBe(455);
    expect(await status('PLAY /')).toBe(200);
  });

  test('say 503 when the source does not open, and the log says why', async () => {
    const host = await rtspHost({ brokenSources: { synthetic: 'no pixels today' } });
    const rtsp = await sealedClient(host);
    expect(await rtsp.handshake()).toEqual([200, 200, 200, 200, 200, 503]);
    expect(host.lines.join('')).toContain('no pixels today');
  });

  test('say 403 when encryption is demanded and the client does not encrypt', async () => {
    const host = await rtspHost({ flags: { encryption: 'required' } });
    const rtsp = await sealedClient(host);
    const clear = { 'x-ss-general.encryptionEnabled': '1', 'x-nv-general.featureFlags': '135' };
    expect((await rtsp.handshake(announcement(clear))).at(-1)).toBe(403);
  });

  test('are sealed too, each under a number of its own', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const numbers: number[] = [];
    for (const line of ['OPTIONS *', 'NOTHING *', 'PLAY /']) {
      const data = await exchange(host.port, rtsp.message(line));
      numbers.push(data.readUInt32BE(4));
    }
    expect(numbers).toEqual([1, 2, 3]);
  });

  test('of a malformed request that opens are sealed', async () => {
    const host = await rtspHost();
    const asked = wish(ann);
    await host.streams.launch(asked);
    const rtsp = new RtspClient({ port: host.port, key: asked.key });
    const message = sealText(asked.key, 'client', 1, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect((await rtsp.send(message))?.status).toBe(400);
  });
});

describe('silence', () => {
  test('is what everybody gets while no stream is prepared', async () => {
    const host = await rtspHost();
    expect(await exchange(host.port, Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'))).toEqual(
      Buffer.alloc(0),
    );
  });

  test('answers a clear request to a sealed stream, and a sealed one to a clear stream', async () => {
    const host = await rtspHost();
    await sealedClient(host);
    expect(await new RtspClient({ port: host.port }).ask('OPTIONS *')).toBeUndefined();
    await host.streams.endApp();
    await clearClient(host);
    const key = new Uint8Array(16).fill(7);
    expect(await new RtspClient({ port: host.port, key }).ask('OPTIONS *')).toBeUndefined();
    expect((await new RtspClient({ port: host.port }).ask('OPTIONS *'))?.status).toBe(200);
  });

  test('answers a clear request from another address than launched', async () => {
    const host = await rtspHost();
    const rtsp = await clearClient(host, '192.168.77.7');
    expect(await rtsp.ask('OPTIONS *')).toBeUndefined();
  });

  test('answers a replayed message, another key, and forged lengths; the stream goes on', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const message = rtsp.message('OPTIONS *');
    expect((await rtsp.send(message))?.status).toBe(200);
    expect(await rtsp.send(message)).toBeUndefined();
    const stranger = new RtspClient({ port: host.port, key: new Uint8Array(16).fill(9) });
    expect(await stranger.ask('OPTIONS *')).toBeUndefined();
    for (const head of ['ffffffff00000002', '8000000000000002', '8000400100000002']) {
      expect(await exchange(host.port, Buffer.from(head, 'hex'))).toHaveLength(0);
    }
    expect(await exchange(host.port, Buffer.concat([message, Buffer.from('x')]))).toHaveLength(0);
    expect((await rtsp.ask('DESCRIBE *'))?.status).toBe(200);
  });

  test('answers the key of a stream that plays, or is over', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    await rtsp.handshake();
    await host.streams.launch(wish(client('ben')));
    expect(await rtsp.ask('OPTIONS *')).toBeUndefined();
  });

  test('meets an empty connection, without a line in the log', async () => {
    const host = await rtspHost();
    await sealedClient(host);
    const before = host.lines.length;
    for (let i = 0; i < 20; i += 1) {
      const socket = await open(host.port);
      const over = closed(socket);
      socket.end();
      expect(await over).toBe('');
    }
    expect(host.lines).toHaveLength(before);
  });

  test('ends a stream’s own request when the stream is cancelled under it', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    await rtsp.setUp('audio/0/0');
    rtsp.session = host.streamOf(ann).rtspSession;
    const announced = rtsp.announce();
    const stream = host.streamOf(ann);
    const { announce } = stream;
    Object.assign(stream, {
      announce: async (...args: Parameters<typeof announce>) => {
        await announce.apply(stream, args);
        await host.streams.cancel(ann);
      },
    });
    expect(await announced).toBeUndefined();
  });
});

describe('limits', () => {
  test('a clear request that is not whole in 5 s is 400, a silent or sealed one is closed', async () => {
    const host = await rtspHost({ virtual: true });
    await clearClient(host);
    const slow = await open(host.port);
    slow.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n');
    const silent = await open(host.port);
    const sealed = await open(host.port);
    sealed.write(Uint8Array.of(0x80, 0, 0, 9));
    const answers = Promise.all([slow, silent, sealed].map(closed));
    while (!host.lines.some((line) => line.includes('prepared'))) await settled();
    await Bun.sleep(50);
    host.clock.pass(5000);
    expect(await answers).toEqual([
      'RTSP/1.0 400 The request was not complete in time.\r\nCSeq: 0\r\n\r\n',
      '',
      '',
    ]);
  });

  test('a client that closes its half before its request is whole is told so', async () => {
    const host = await rtspHost();
    await clearClient(host);
    const socket = await open(host.port);
    const answer = closed(socket);
    socket.end('ANNOUNCE a RTSP/1.0\r\nCSeq: 6\r\nContent-length: 9\r\n\r\nv=0');
    expect(await answer).toStartWith('RTSP/1.0 400 ');
  });

  test('a head beyond 16 KiB is 400, and the rest of it is not kept', async () => {
    const host = await rtspHost();
    await clearClient(host);
    const answer = await exchange(host.port, Buffer.alloc(200_000, 'A'));
    expect(answer.toString()).toStartWith('RTSP/1.0 400 ');
  });

  test('a client gets through though strangers hold eight connections open', async () => {
    const host = await rtspHost();
    const rtsp = await sealedClient(host);
    const idle = await Promise.all(Array.from({ length: 40 }, () => open(host.port)));
    expect(await rtsp.handshake()).toEqual(OK);
    for (const socket of idle) socket.destroy();
  });

  test('a peer that never closes is closed 2 s after its answer', async () => {
    const host = await rtspHost({ virtual: true });
    const rtsp = await sealedClient(host);
    const socket = connect({ port: host.port, host: '127.0.0.1', allowHalfOpen: true });
    const ended = new Promise<void>((resolve) => socket.on('end', () => resolve()));
    const gone = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.write(rtsp.message('OPTIONS *'));
    await ended;
    host.clock.pass(2000);
    socket.write('x');
    await Bun.sleep(20);
    socket.end('x');
    await gone;
  });
});

test('a port that is taken is said', async () => {
  const host = await rtspHost();
  const second = new RtspServer({
    port: host.port,
    streams: host.streams,
    log: new Logger({ format: 'json', level: 'error', write: () => undefined, now: () => 0 }),
    clock: systemClock,
  });
  expect(second.start()).rejects.toMatchObject({ status: 409, code: 'port_in_use' });
});
