// The one route that takes a large body: what it takes, where it stops reading, and that nobody else may send as much.
import { describe, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { CaptureMeta } from '../../contract/stats.ts';
import { MOST_IMPORT_BYTES, readBody } from '../../host/src/api/bodies.ts';
import { AppError } from '../../host/src/errors.ts';
import { body, fault, RECORDINGS, START, TEST_STREAMS } from '../support/api.ts';
import { apiServer } from '../support/api-server.ts';
import { fakeApi, TOKEN } from '../support/fake-api.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const GZIP_TYPE = { 'content-type': 'application/gzip' };

describe('an import', () => {
  test('hands the bytes to the recorder as they came, plain or gzipped', async () => {
    const host = fakeApi();
    // No JSON at all: looking into it is the recorder’s, and it does so in its own thread.
    for (const headers of [
      JSON_TYPE,
      GZIP_TYPE,
      { 'content-type': 'Application/JSON; charset=utf-8' },
    ]) {
      const answer = await host.ask('POST', RECORDINGS, { body: '{not looked into', headers });
      expect(answer.status).toBe(201);
      expect((await body<CaptureMeta>(answer, CaptureMeta)).id).toBe('imported');
      expect(new TextDecoder().decode(host.recordings.imported)).toBe('{not looked into');
    }
  });

  test('of another type, of none, or of nothing is refused', async () => {
    const host = fakeApi();
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', '']) {
      const answer = await host.ask('POST', RECORDINGS, {
        body: '{}',
        headers: { 'content-type': type, 'content-length': '2' },
      });
      expect([type, ...(await fault(answer))]).toEqual([type, 415, 'json_needed']);
    }
    expect(await fault(await host.ask('POST', RECORDINGS, { headers: JSON_TYPE }))).toEqual([
      400,
      'import_invalid',
    ]);
    expect(host.recordings.asked).toEqual([]);
  });

  test('tells what the recorder found wrong with it', async () => {
    const host = fakeApi();
    for (const [status, code] of [
      [400, 'import_invalid'],
      [409, 'recording_exists'],
      [413, 'import_too_large'],
      [507, 'save_failed'],
    ] as const) {
      host.recordings.fault = new AppError(status, code, 'It is wrong.');
      const answer = await host.ask('POST', RECORDINGS, { body: '{}', headers: JSON_TYPE });
      expect(await fault(answer)).toEqual([status, code]);
    }
  });

  test('is one at a time, and a failed one makes room', async () => {
    const host = fakeApi();
    const gate = Promise.withResolvers<void>();
    host.recordings.onImport = () => gate.promise;
    const send = () => host.ask('POST', RECORDINGS, { body: '{}', headers: JSON_TYPE });
    const first = send();
    expect(await fault(await send())).toEqual([409, 'import_running']);
    gate.reject(new AppError(400, 'import_invalid', 'It is wrong.'));
    expect(await fault(await first)).toEqual([400, 'import_invalid']);
    host.recordings.onImport = async () => undefined;
    expect((await send()).status).toBe(201);
  });
});

describe('a body', () => {
  test('is read up to its limit, and not a byte further', async () => {
    const limits = { mostBytes: 1000, mostMs: 10_000 };
    const of = (size: number) =>
      new Request('http://x', { method: 'POST', body: 'x'.repeat(size) });
    expect((await readBody(of(1000), limits)).length).toBe(1000);
    expect(readBody(of(1001), limits)).rejects.toThrow('more than 1000 bytes');
    expect((await readBody(new Request('http://x'), limits)).length).toBe(0);
  });

  test('whose length was told is the same bytes, and never more than was told', async () => {
    const limits = { mostBytes: 1000, mostMs: 10_000 };
    const of = (text: string, told: number) => {
      const pieces = [text.slice(0, 3), text.slice(3)].map((part) =>
        new TextEncoder().encode(part),
      );
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      });
      const headers = { 'content-length': String(told) };
      return new Request('http://x', { method: 'POST', body, headers });
    };
    expect(new TextDecoder().decode(await readBody(of('abcdef', 6), limits))).toBe('abcdef');
    expect(new TextDecoder().decode(await readBody(of('abcdef', 9), limits))).toBe('abcdef');
    expect(readBody(of('abcdef', 5), limits)).rejects.toMatchObject({ status: 413 });
    expect(readBody(of('abcdef', 1001), limits)).rejects.toMatchObject({ status: 413 });
  });

  test('that never comes is given up', async () => {
    const stream = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const request = new Request('http://x', { method: 'POST', body: stream });
    const reading = readBody(request, { mostBytes: 10, mostMs: 20 });
    expect(reading).rejects.toMatchObject({ status: 408, code: 'body_too_slow' });
  });
});

describe('over a socket', () => {
  test('a body without a length that never ends is cut at the limit, with a sentence', async () => {
    await using server = await apiServer();
    const sent = await flood(server.listener.port, head(server.listener.port, RECORDINGS));
    expect(sent.answer).toContain('HTTP/1.1 413');
    expect(sent.answer).toContain('"code":"body_too_large"');
    expect(sent.bytes).toBeLessThan(MOST_IMPORT_BYTES + 40e6);
    expect(server.host.recordings.imported).toBeUndefined();
    const after = await server.fetch(RECORDINGS, {
      method: 'POST',
      body: '{}',
      headers: { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` },
    });
    expect(after.status).toBe(201);
  }, 60_000);

  test('no other route, and nobody without a token, gets as far', async () => {
    await using server = await apiServer();
    const { port } = server.listener;
    for (const [path, token, status] of [
      [START, TOKEN, 411],
      [TEST_STREAMS, TOKEN, 411],
      [RECORDINGS, 'wrong', 401],
      ['/nothing', 'wrong', 401],
    ] as const) {
      const sent = await flood(port, head(port, path, token));
      expect([path, sent.answer.includes(`HTTP/1.1 ${status}`)]).toEqual([path, true]);
      expect(sent.bytes).toBeLessThan(40e6);
    }
  }, 60_000);

  test('a length beyond the limit is refused before anything is sent', async () => {
    await using server = await apiServer();
    const { port } = server.listener;
    for (const [path, length] of [
      [RECORDINGS, MOST_IMPORT_BYTES + 1],
      [RECORDINGS, 10e12],
      [START, 65_537],
      [START, 10e12],
    ] as const) {
      const answer = await exchangeHead(port, head(port, path, TOKEN, length));
      expect([path, length, answer.includes('HTTP/1.1 413')]).toEqual([path, length, true]);
      expect(answer).toContain('"code":"body_too_large"');
    }
  });
});

function head(port: number, path: string, token = TOKEN, length?: number): string {
  const size = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return (
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Type: application/json\r\n${size}\r\n\r\n`
  );
}

/** Sends chunks for as long as anybody takes them; at most twice what an import may have. */
async function flood(
  port: number,
  start: string,
): Promise<{ readonly answer: string; readonly bytes: number }> {
  const chunk = Buffer.concat([
    Buffer.from('10000\r\n'),
    Buffer.alloc(65_536, 'x'),
    Buffer.from('\r\n'),
  ]);
  const { socket, answer, closed } = open(port);
  socket.write(start);
  let bytes = 0;
  let ended = false;
  void closed.then(() => {
    ended = true;
  });
  while (!ended && answer() === '' && bytes < 2 * MOST_IMPORT_BYTES) {
    bytes += chunk.length;
    const taken = new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
    await Promise.race([taken, closed, Bun.sleep(2000)]);
  }
  await Promise.race([closed, Bun.sleep(500)]);
  socket.destroy();
  return { answer: answer(), bytes };
}

async function exchangeHead(port: number, start: string): Promise<string> {
  const { socket, answer, closed } = open(port);
  socket.write(start);
  for (let i = 0; i < 200 && !answer().includes('}'); i += 1) {
    await Promise.race([closed, Bun.sleep(10)]);
  }
  socket.destroy();
  return answer();
}

function open(port: number): {
  readonly socket: Socket;
  readonly answer: () => string;
  readonly closed: Promise<void>;
} {
  let text = '';
  const socket = connect(port, '127.0.0.1');
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, answer: () => text, closed };
}
