// Files that want to hurt whoever takes them in, sent to the built host while it streams: bombs, depth, bodies without an end,
// foreign content. Each is refused with a code, soon, within bounded memory, and the stream goes on.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { createGzip } from 'node:zlib';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';
import { footprint } from '../../scripts/lib/footprint.ts';
import { RECORDINGS } from '../support/api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { recordingNo } from '../support/stored-recordings.ts';
import { beginStream, disturbances, endStream, list, until } from '../support/stream-faults.ts';

const MIB = 1024 * 1024;
/** A recording as the host would take it, but for its length. */
const { samples, ...others } = recordingNo(1);
const SAMPLES = [
  `${JSON.stringify(others).slice(0, -1)},"samples":[`,
  `${JSON.stringify(samples[0])},`,
  '',
] as const;
/** Of up to 256 MB that are looked at; how much garbage lies there at once is up to the collector, and to who else works. */
const GROWN_MB = 200;
/** After it, with what the collector leaves for later. */
const KEPT_MB = 90;
/** The largest unpacks 256 MB: 4 s of a core, and this machine may have other work. */
const REFUSED_WITHIN_MS = 25_000;

describe.skipIf(missingExecutable !== '')(`hostile imports${missingExecutable}`, () => {
  const configDir = temporaryFolder();
  let host: Host;
  let idleMb = 0;

  beforeAll(async () => {
    host = await startHost({ configDir });
    await beginStream(host);
    await Bun.sleep(500);
    idleMb = rssMb(host);
  }, 30_000);

  afterAll(async () => {
    try {
      expect(disturbances(await endStream(host))).toEqual([]);
      // A busy machine may starve the stream for half a second, and then the black box saves that.
      expect((await list(host)).filter(({ trigger }) => trigger === undefined)).toEqual([]);
      expect(await host.end()).toBe(0);
    } finally {
      await host.end('SIGKILL');
      rmSync(configDir, { recursive: true, force: true });
    }
  }, 30_000);

  const bodies: readonly (readonly [string, () => Promise<Uint8Array>, readonly number[]])[] = [
    ['a gigabyte of zeros, gzipped', () => bomb('', '\0', ''), [400, 413]],
    ['a gigabyte of spaces inside of JSON', () => bomb('{"meta":', ' ', ''), [400, 413]],
    ['a gigabyte of one text', () => bomb('{"meta":{"client":"', 'x', '"}}'), [400, 413]],
    ['a gigabyte of samples that are none', () => bomb('{"samples":[', '0,', ''), [400, 413]],
    ['valid samples without an end', () => bomb(...SAMPLES), [400, 413]],
    ['arrays in arrays', async () => Buffer.from(`{"meta":${'['.repeat(20 * MIB)}`), [400]],
    ['objects in objects, gzipped', () => bomb('', '{"a":', '', 200), [400, 413]],
    ['many keys', async () => Buffer.from(keys(400_000)), [400]],
    ['a picture', async () => Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), [400]],
    ['nothing', async () => new Uint8Array(), [400, 422]],
    ['gzip that breaks off', async () => Bun.gzipSync('{"meta":{}}').subarray(0, 20), [400]],
    ['64 MB and a byte', async () => Buffer.alloc(64 * MIB + 1, 32), [413]],
  ];
  for (const [name, make, statuses] of bodies) {
    test(`${name}: refused, soon, in bounded memory`, async () => {
      const body = await make();
      await withinBounds(host, idleMb, async () => {
        const answer = await host.ask('POST', RECORDINGS, {
          body: new Uint8Array(body),
          headers: { 'content-type': 'application/gzip' },
        });
        const text = await answer.text();
        expect([text, statuses.includes(answer.status)]).toEqual([text, true]);
        expect(Value.Parse(ApiError, JSON.parse(text)).code).not.toBe('internal');
      });
    }, 60_000);
  }

  test('a body without an end is cut off', async () => {
    await withinBounds(host, idleMb, async () => {
      const sent = await endless(host, 'Transfer-Encoding: chunked', 1024 * MIB);
      expect(sent.answer).toMatch(/^HTTP\/1\.1 (413|400)|^$/);
      expect(sent.bytes).toBeLessThan((64 + 32) * MIB);
    });
  }, 30_000);

  test('nor is one without an end that has no token', async () => {
    const sent = await endless(host, 'Transfer-Encoding: chunked', 1024 * MIB, '');
    expect(sent.answer).toMatch(/^HTTP\/1\.1 401|^$/);
    expect(sent.bytes).toBeLessThan(32 * MIB);
  });

  test('a body that says it has 10 GB is not waited for', async () => {
    await withinBounds(host, idleMb, async () => {
      const sent = await endless(host, `Content-Length: ${10 * 1024 * MIB}`, 1024 * MIB);
      expect(sent.answer).toMatch(/^HTTP\/1\.1 413|^$/);
      expect(sent.bytes).toBeLessThan(32 * MIB);
    });
  }, 30_000);

  test('what is no recording by its type is not read at all', async () => {
    const answer = await host.ask('POST', RECORDINGS, {
      body: '<html>',
      headers: { 'content-type': 'text/html' },
    });
    expect(answer.status).toBe(415);
  });
});

/** Watches the host's memory meanwhile, and afterwards what it keeps. */
async function withinBounds(host: Host, idleMb: number, work: () => Promise<void>): Promise<void> {
  const beforeMb = rssMb(host);
  let mostMb = beforeMb;
  const watching = setInterval(() => {
    mostMb = Math.max(mostMb, rssMb(host));
  }, 10);
  const began = performance.now();
  try {
    await work();
  } finally {
    clearInterval(watching);
  }
  expect(performance.now() - began).toBeLessThan(REFUSED_WITHIN_MS);
  expect(mostMb - beforeMb).toBeLessThan(GROWN_MB);
  await until('memory is given back', async () => rssMb(host) - idleMb < KEPT_MB || undefined);
}

function rssMb(host: Host): number {
  return footprint(host.pid).rss_kb / 1024;
}

/** `head`, then `filling` for so many MB, then `tail`; gzipped without ever being there as a whole. */
async function bomb(head: string, filling: string, tail: string, mb = 1024): Promise<Uint8Array> {
  const gzip = createGzip({ level: 1 });
  const block = Buffer.from(filling.repeat(Math.ceil(MIB / filling.length)));
  const packed = Bun.readableStreamToBytes(
    new ReadableStream<Uint8Array>({
      async start(controller) {
        for await (const chunk of gzip) controller.enqueue(chunk);
        controller.close();
      },
    }),
  );
  gzip.write(head);
  for (let i = 0; i < mb; i += 1) {
    if (!gzip.write(block)) await new Promise((resolve) => gzip.once('drain', resolve));
  }
  gzip.end(tail);
  return packed;
}

function keys(count: number): string {
  return `{${Array.from({ length: count }, (_, i) => `"key number ${i}":{}`).join(',')}}`;
}

/** Writes a body as long as the host takes it; at most `limit` bytes. */
function endless(
  host: Host,
  length: string,
  limit: number,
  token = host.token,
): Promise<{ readonly bytes: number; readonly answer: string }> {
  const { hostname, port, host: name } = new URL(host.address);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    const piece = Buffer.alloc(64 * 1024, 32);
    const chunked = length.startsWith('Transfer');
    let [bytes, answer] = [0, ''];
    const end = (): void => {
      socket.destroy();
      resolve({ bytes, answer });
    };
    const write = (): void => {
      while (bytes < limit && !socket.destroyed) {
        bytes += piece.length;
        const chunk = chunked
          ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')])
          : piece;
        if (!socket.write(chunk)) return;
      }
      if (bytes >= limit) end();
    };
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      end();
    });
    socket.on('drain', write);
    socket.on('error', end);
    socket.on('close', end);
    const head = [`POST ${RECORDINGS} HTTP/1.1`, `Host: ${name}`, `Authorization: Bearer ${token}`];
    socket.write(`${[...head, 'Content-Type: application/gzip', length].join('\r\n')}\r\n\r\n`);
    write();
  });
}
