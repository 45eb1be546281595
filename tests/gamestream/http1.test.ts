import { describe, expect, test } from 'bun:test';
import {
  answerBytes,
  type HeadResult,
  RequestHeadParser,
} from '../../host/src/gamestream/http1.ts';

const SERVERINFO =
  'GET /serverinfo?uniqueid=0123456789ABCDEF&uuid=17f2f604567d4af787f0001afbee8a53 HTTP/1.1\r\n' +
  'Host: 192.168.1.50:47989\r\nAccept: */*\r\n\r\n';

describe('the head of a request', () => {
  test('is its path and its query', () => {
    expect(parse(SERVERINFO)).toEqual({
      kind: 'request',
      head: {
        path: '/serverinfo',
        query: 'uniqueid=0123456789ABCDEF&uuid=17f2f604567d4af787f0001afbee8a53',
      },
    });
    expect(parse('GET / HTTP/1.1\r\n\r\n')).toEqual({
      kind: 'request',
      head: { path: '/', query: '' },
    });
    expect(parse('GET /a?b?c HTTP/1.1\r\n\r\n')).toMatchObject({ head: { query: 'b?c' } });
  });

  test('cut off at any byte waits for more, and then is the same', () => {
    const bytes = new TextEncoder().encode(SERVERINFO);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      const parser = new RequestHeadParser();
      expect(parser.push(bytes.subarray(0, cut))).toEqual({ kind: 'more' });
      expect(parser.push(bytes.subarray(cut))).toEqual(parse(SERVERINFO));
    }
  });

  test('may come byte by byte', () => {
    const parser = new RequestHeadParser();
    const results = [...SERVERINFO].map((character) => parser.push(Buffer.from(character)));
    expect(results.slice(0, -1).every(({ kind }) => kind === 'more')).toBe(true);
    expect(results.at(-1)).toEqual(parse(SERVERINFO));
  });

  test('may have 16 KiB and 100 headers, and no more', () => {
    const around = 'GET / HTTP/1.1\r\n\r\n'.length;
    const query = (length: number) => `GET /${'?'.padEnd(length, 'a')} HTTP/1.1\r\n\r\n`;
    expect(parse(query(16_384 - around)).kind).toBe('request');
    expect(parse(query(16_385 - around))).toEqual({ kind: 'refused', status: 431 });
    const headers = (count: number) => `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(count)}\r\n`;
    expect(parse(headers(100)).kind).toBe('request');
    expect(parse(headers(101))).toEqual({ kind: 'refused', status: 431 });
  });

  test('that never ends its first line is a URI too long, later a head too large', () => {
    expect(parse(`GET /${'a'.repeat(20_000)}`)).toEqual({ kind: 'refused', status: 414 });
    expect(parse(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(5000)}`)).toEqual({
      kind: 'refused',
      status: 431,
    });
  });

  for (const [status, what, text] of [
    [405, 'another method', 'POST /pair HTTP/1.1\r\n\r\n'],
    [405, 'HEAD', 'HEAD /serverinfo HTTP/1.1\r\n\r\n'],
    [505, 'HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
    [505, 'HTTP/2', 'PRI * HTTP/2.0\r\n\r\n'],
    [400, 'no version', 'GET /\r\n\r\n'],
    [400, 'an empty line', '\r\n\r\n'],
    [400, 'a lower-case method', 'get / HTTP/1.1\r\n\r\n'],
    [400, 'two blanks', 'GET  / HTTP/1.1\r\n\r\n'],
    [400, 'an absolute target', 'GET http://host/ HTTP/1.1\r\n\r\n'],
    [400, 'a fragment', 'GET /a#b HTTP/1.1\r\n\r\n'],
    [400, 'a NUL in the target', 'GET /\u0000 HTTP/1.1\r\n\r\n'],
    [400, 'a byte above ASCII in the target', 'GET /\u00e4 HTTP/1.1\r\n\r\n'],
    [400, 'a bare line feed', 'GET / HTTP/1.1\nHost: a\r\n\r\n'],
    [400, 'a header without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
    [400, 'a folded header', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    [400, 'a blank before the colon', 'GET / HTTP/1.1\r\nContent-Length : 5\r\n\r\n'],
    [400, 'a control character in a header', 'GET / HTTP/1.1\r\nA: \u0001\r\n\r\n'],
    [400, 'a body', 'GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'],
    [400, 'an announced body', 'GET / HTTP/1.1\r\ncontent-length: 5\r\n\r\n'],
    [400, 'a negative length', 'GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n'],
    [400, 'an encoded body', 'GET / HTTP/1.1\r\ntransfer-ENCODING: chunked\r\n\r\n'],
    [400, 'a second request', 'GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n'],
  ] as const) {
    test(`is refused with ${status}: ${what}`, () => {
      expect(parse(text)).toEqual({ kind: 'refused', status });
    });
  }

  test('may announce a body of nothing', () => {
    expect(parse('GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n').kind).toBe('request');
  });
});

test('an answer tells its length and that the connection ends', () => {
  const answer = { status: 404, contentType: 'application/xml', body: Buffer.from('<ä/>') };
  expect(Buffer.from(answerBytes(answer)).toString()).toBe(
    'HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<ä/>',
  );
});

function parse(text: string): HeadResult {
  return new RequestHeadParser().push(Buffer.from(text, 'latin1'));
}
