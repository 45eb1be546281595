// Downloads of frames: which form, which columns, one piece after another as the peer takes them, and nothing left open
// however a download ends.
import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { ApiError } from '../../contract/errors.ts';
import { frameColumns } from '../../contract/frame-columns.ts';
import { AppError } from '../../host/src/errors.ts';
import { body, fault, RECORDINGS } from '../support/api.ts';
import { type ApiServer, apiServer } from '../support/api-server.ts';
import { fakeApi, settled, TOKEN, temporaryFolder } from '../support/fake-api.ts';

const FRAMES = `${RECORDINGS}/one/frames`;
const PARQUET = 'application/vnd.apache.parquet';
const JSONL = 'application/x-ndjson';
const headers = { authorization: `Bearer ${TOKEN}` };

function withPieces(...texts: string[]) {
  const host = fakeApi();
  host.recordings.add('one');
  host.recordings.pieces = texts.map((text) => new TextEncoder().encode(text));
  return host;
}

describe('frames', () => {
  test('come in the form that the query says, else the header, else as Parquet', async () => {
    const host = withPieces('x');
    for (const [query, accept, type, format] of [
      ['', undefined, PARQUET, 'parquet'],
      ['', '*/*', PARQUET, 'parquet'],
      ['', JSONL, JSONL, 'jsonl'],
      ['', `${PARQUET};q=0.5, ${JSONL}`, JSONL, 'jsonl'],
      ['?format=parquet', JSONL, PARQUET, 'parquet'],
      ['?format=jsonl', 'text/html', JSONL, 'jsonl'],
    ] as const) {
      const init = accept === undefined ? {} : { headers: { accept } };
      const answer = await host.ask('GET', `${FRAMES}${query}`, init);
      expect([query, accept, answer.headers.get('content-type')]).toEqual([query, accept, type]);
      expect(await answer.text()).toBe('x');
      expect(host.recordings.asked.at(-1)).toEqual(['openFrames', 'one', { format }]);
    }
    const refused = await host.ask('GET', FRAMES, { headers: { accept: 'text/html' } });
    expect(await fault(refused)).toEqual([406, 'not_acceptable']);
  });

  test('are of the range and the columns that were asked for', async () => {
    const host = withPieces('x');
    const query = 'session=3&from_ms=1.5&to_ms=9&columns=grabbed_us,bytes&format=jsonl';
    expect((await host.ask('GET', `${FRAMES}?${query}`)).status).toBe(200);
    await host.ask('GET', `${FRAMES}?columns=qp`);
    expect(host.recordings.asked).toEqual([
      [
        'openFrames',
        'one',
        { session: 3, from_ms: 1.5, to_ms: 9, columns: ['grabbed_us', 'bytes'], format: 'jsonl' },
      ],
      ['openFrames', 'one', { columns: ['qp'], format: 'parquet' }],
    ]);
  });

  test('of a column that there is not are refused, and every one that there is, is named', async () => {
    const host = withPieces('x');
    for (const columns of ['colour', 'bytes,colour', '', '__proto__', 'Bytes', 'x'.repeat(5000)]) {
      const answer = await host.ask('GET', `${FRAMES}?columns=${columns}`);
      const { error, code } = await body<ApiError>(answer, ApiError);
      expect([answer.status, code]).toEqual([400, 'unknown_column']);
      for (const known of frameColumns) expect(error).toContain(known);
      expect(error.length).toBeLessThan(500);
    }
    expect(host.recordings.asked).toEqual([]);
  });

  test('are a file with a name when they are downloaded', async () => {
    const host = withPieces('x');
    for (const format of ['parquet', 'jsonl'] as const) {
      const answer = await host.ask('GET', `${FRAMES}?download=1&format=${format}`);
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="one.frames.${format}"`,
      );
    }
    expect((await host.ask('GET', FRAMES)).headers.get('content-disposition')).toBeNull();
  });

  test('of a recording without any say so, and so does a file that cannot be read', async () => {
    const host = withPieces('x');
    host.recordings.fault = new AppError(404, 'no_frames', 'It has windows alone.');
    expect(await fault(await host.ask('GET', FRAMES))).toEqual([404, 'no_frames']);
    host.recordings.pieces = [
      async () => {
        throw new AppError(404, 'frames_damaged', 'The file is cut off.');
      },
    ];
    expect(await fault(await host.ask('GET', FRAMES))).toEqual([404, 'frames_damaged']);
    expect(host.recordings.handles.size).toBe(0);
  });
});

describe('a download', () => {
  test('of nothing is empty and leaves nothing open', async () => {
    const host = withPieces();
    const answer = await host.ask('GET', `${FRAMES}?format=jsonl`);
    expect([answer.status, await answer.text(), host.recordings.handles.size]).toEqual([
      200,
      '',
      0,
    ]);
  });

  test('is made piece by piece as it is taken', async () => {
    const host = withPieces('a', 'b', 'c', 'd');
    const answer = await host.ask('GET', FRAMES);
    await settled();
    // One to know that it can be read at all, and none before somebody takes it.
    expect(host.recordings.made).toBe(1);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(new TextDecoder().decode(first?.value)).toBe('a');
    expect(host.recordings.made).toBeLessThanOrEqual(3);
    await reader?.cancel();
    await settled();
    expect([host.recordings.handles.size, host.recordings.made < 4]).toEqual([0, true]);
  });

  test('that breaks in the middle breaks the answer, and leaves nothing open', async () => {
    const host = withPieces('a');
    host.recordings.pieces = [
      new TextEncoder().encode('a'),
      async () => {
        throw new Error('EIO');
      },
    ];
    const answer = await host.ask('GET', FRAMES);
    expect(answer.text()).rejects.toThrow();
    await settled();
    expect(host.recordings.handles.size).toBe(0);
  });

  test('is one of eight at most; places come back with every kind of end', async () => {
    const host = withPieces('a', 'b');
    const open: Response[] = [];
    for (let i = 0; i < 8; i += 1) open.push(await host.ask('GET', FRAMES));
    expect(await fault(await host.ask('GET', FRAMES))).toEqual([503, 'too_many_downloads']);
    await open[0]?.body?.cancel();
    await open[1]?.text();
    for (let i = 0; i < 2; i += 1) open.push(await host.ask('GET', FRAMES));
    expect(await fault(await host.ask('GET', FRAMES))).toEqual([503, 'too_many_downloads']);
    for (const response of open.slice(2)) await response.body?.cancel();
    // Refusals and errors hold no place.
    for (let i = 0; i < 20; i += 1) {
      host.recordings.fault = new AppError(404, 'no_frames', 'None.');
      await fault(await host.ask('GET', FRAMES));
      await fault(await host.ask('GET', `${RECORDINGS}/two/frames`));
    }
    expect(await (await host.ask('GET', FRAMES)).text()).toBe('ab');
  });
});

describe('over a socket', () => {
  test('the whole file is sent as it lies there, in parts too, and HEAD tells its size', async () => {
    await using server = await apiServer();
    const content = 'PAR1 and so on PAR1';
    const path = join(temporaryFolder(), 'one.frames.parquet');
    writeFileSync(path, content);
    server.host.recordings.add('one');
    server.host.recordings.framesPath = path;
    const whole = await server.fetch(`${FRAMES}?download=1`, { headers });
    expect([whole.headers.get('content-type'), await whole.text()]).toEqual([PARQUET, content]);
    const part = await server.fetch(FRAMES, { headers: { ...headers, range: 'bytes=0-3' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      `bytes 0-3/${content.length}`,
      'PAR1',
    ]);
    const beyond = await server.fetch(FRAMES, { headers: { ...headers, range: 'bytes=99-' } });
    expect([beyond.status, await beyond.text()]).toEqual([416, '']);
    const head = await server.fetch(FRAMES, { method: 'HEAD', headers });
    expect([head.headers.get('content-length'), head.headers.get('content-type')]).toEqual([
      String(content.length),
      PARQUET,
    ]);
    expect(server.host.recordings.handles.size).toBe(0);
  });

  test('HEAD of a part makes no piece beyond the first, and leaves nothing open', async () => {
    await using server = await apiServer();
    withManyPieces(server);
    const head = await server.fetch(FRAMES, { method: 'HEAD', headers });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, PARQUET]);
    await until(() => server.host.recordings.handles.size === 0);
    expect(server.host.recordings.made).toBe(1);
  });

  test('a peer that stops reading stops the making, and one that leaves closes it', async () => {
    await using server = await apiServer();
    const { recordings } = server.host;
    withManyPieces(server);
    const socket = connect(server.listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `GET ${FRAMES} HTTP/1.1\r\nHost: 127.0.0.1:${server.listener.port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
    );
    await until(() => recordings.made > 1);
    let made = -1;
    while (made !== recordings.made) {
      made = recordings.made;
      await Bun.sleep(300);
    }
    // Of 256 MB as much as the socket takes, and a little.
    expect(made).toBeLessThan(100);
    expect(recordings.handles.size).toBe(1);
    socket.destroy();
    await until(() => recordings.handles.size === 0);
  }, 30_000);
});

function withManyPieces(server: ApiServer): void {
  server.host.recordings.add('one');
  const piece = new Uint8Array(256 * 1024);
  server.host.recordings.pieces = Array.from({ length: 1024 }, () => piece);
}

/** Waits for what a socket brings about; at most five seconds. */
async function until(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !happened(); ) {
    if (performance.now() > end) throw new Error('it did not happen within 5 s');
    await Bun.sleep(5);
  }
}
