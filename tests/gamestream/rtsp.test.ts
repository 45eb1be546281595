// RTSP text and its sealing: the vectors of gamestream-control-plane.md §5.2–5.4, and what is malformed.
import { describe, expect, test } from 'bun:test';
import { parseRequest, requestLength, writeAnswer } from '../../host/src/gamestream/rtsp.ts';
import {
  openSealed,
  RtspSeal,
  sealedLength,
  sealText,
} from '../../host/src/gamestream/rtsp-seal.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const text = (data: Uint8Array): string => Buffer.from(data).toString('latin1');

const OPTIONS =
  'OPTIONS rtspenc://192.168.1.50:48010 RTSP/1.0\r\nCSeq: 1\r\nX-GS-ClientVersion: 14\r\nHost: 192.168.1.50\r\n\r\n';

function request(data: string) {
  const parsed = parseRequest(bytes(data));
  if (parsed.kind !== 'request') throw new Error(parsed.fault.reason);
  return parsed.request;
}

function faultOf(data: string): string {
  const parsed = parseRequest(bytes(data));
  return parsed.kind === 'fault' ? `${parsed.fault.status} ${parsed.fault.reason}` : 'none';
}

describe('a request', () => {
  test('is read as stock clients send it', () => {
    const setup = request(
      'SETUP streamid=video/0/0 RTSP/1.0\r\nCSeq: 4\r\nX-GS-ClientVersion: 14\r\nHost: 192.168.1.50\r\n' +
        'Session: 7d0c41aa\r\nTransport: unicast;X-GS-ClientPort=50000-50001\r\n' +
        'If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n',
    );
    expect(setup.method).toBe('SETUP');
    expect(setup.target).toBe('streamid=video/0/0');
    expect(setup.cseq).toBe(4);
    expect(setup.headers.get('session')).toBe('7d0c41aa');
    expect(setup.headers.get('if-modified-since')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect(setup.body).toBe('');
  });

  test('has the body that its head announces, under a name in any case', () => {
    const head = 'ANNOUNCE streamid=control/13/0 RTSP/1.0\r\nCSeq: 6\r\ncontent-LENGTH: 5\r\n\r\n';
    expect(request(`${head}v=0\r\nmore`).body).toBe('v=0\r\n');
    expect(requestLength(bytes(`${head}v`))).toEqual({ bytes: head.length + 5 });
  });

  test('is not known to be whole before its empty line', () => {
    for (let length = 0; length < OPTIONS.length; length += 1) {
      expect(requestLength(bytes(OPTIONS.slice(0, length)))).toBeUndefined();
      expect(faultOf(OPTIONS.slice(0, length))).toBe('400 The head has no end.');
    }
    expect(requestLength(bytes(OPTIONS))).toEqual({ bytes: OPTIONS.length });
  });

  test('keeps the first of a repeated header and passes over lines without a colon', () => {
    const headers = request(
      'PLAY / RTSP/1.0\r\nCSeq: 7\r\nSession: a\r\nnonsense\r\nSession: b\r\n\r\n',
    ).headers;
    expect([...headers]).toEqual([
      ['cseq', '7'],
      ['session', 'a'],
    ]);
  });

  test.each([
    ['', '400 The head has no end.'],
    ['\r\n\r\n', '400 The first line is no RTSP/1.0 request.'],
    ['PLAY / RTSP/2.0\r\nCSeq: 7\r\n\r\n', '400 The first line is no RTSP/1.0 request.'],
    ['PLAY  / RTSP/1.0\r\nCSeq: 7\r\n\r\n', '400 The first line is no RTSP/1.0 request.'],
    ['play / RTSP/1.0\r\nCSeq: 7\r\n\r\n', '400 The first line is no RTSP/1.0 request.'],
    ['PLAY / RTSP/1.0\r\n\r\n', '400 CSeq is missing or no number.'],
    ['PLAY / RTSP/1.0\r\nCSeq: -1\r\n\r\n', '400 CSeq is missing or no number.'],
    ['PLAY / RTSP/1.0\r\nCSeq: 7\r\nHost: a\0b\r\n\r\n', '400 The head holds control characters.'],
    [`PLAY / RTSP/1.0\r\nCSeq: 7\r\nA: ${'x'.repeat(10_240)}\r\n\r\n`, '400 A header is too long.'],
    [`PLAY / RTSP/1.0\r\nCSeq: 7\r\n${'A: b\r\n'.repeat(65)}\r\n`, '400 More than 64 headers.'],
    ...['-1', 'ten', '1e3', '16385', '99999999999999999999'].map((length) => [
      `ANNOUNCE a RTSP/1.0\r\nCSeq: 6\r\nContent-length: ${length}\r\n\r\n`,
      '400 Content-length is no number up to 16384.',
    ]),
    [
      'ANNOUNCE a RTSP/1.0\r\nCSeq: 6\r\nContent-length: 9\r\n\r\nv=0',
      '400 The body has 3 bytes, announced were 9.',
    ],
  ])('is refused: %#', (data, fault) => {
    expect(faultOf(data)).toBe(fault);
  });

  test('has no head beyond 16 KiB', () => {
    expect(requestLength(bytes('A'.repeat(16_383)))).toBeUndefined();
    expect(requestLength(bytes('A'.repeat(16_384)))).toEqual({
      fault: { status: 400, reason: 'The head has no end in 16 KiB.', cseq: 0 },
    });
  });
});

describe('an answer', () => {
  const plain = { status: 200, reason: 'OK', cseq: 1, headers: [], body: '' } as const;

  test('always has a header, one blank after each colon, and what the client expects', () => {
    expect(text(writeAnswer(plain))).toBe('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');
    const setup = writeAnswer({
      ...plain,
      cseq: 4,
      headers: [
        ['Session', '7d0c41aa;timeout = 90'],
        ['Transport', 'server_port=47998'],
      ],
      body: 'a=b\n',
    });
    expect(text(setup)).toBe(
      'RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 7d0c41aa;timeout = 90\r\nTransport: server_port=47998\r\n\r\na=b\n',
    );
  });

  test('has a reason in printable ASCII, whatever is given', () => {
    const first = (reason: string) => text(writeAnswer({ ...plain, reason })).split('\r\n')[0];
    expect(first('')).toBe('RTSP/1.0 200 Error');
    expect(first('nö\r\nX: y')).toBe('RTSP/1.0 200 n???X: y');
    expect(first('x'.repeat(500))).toHaveLength('RTSP/1.0 200 '.length + 200);
  });

  test.each([
    ['Session', ''],
    ['Session', ' 4242'],
    ['Two words', 'a'],
    ['Session', 'a\r\nb: c'],
    ['', 'a'],
  ])('never holds the header "%s: %s", which the client misreads', (name, value) => {
    expect(() => writeAnswer({ ...plain, headers: [[name, value]] })).toThrow();
  });

  test('never holds a NUL', () => {
    expect(() => writeAnswer({ ...plain, body: 'a\0b' })).toThrow();
  });
});

describe('sealing', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f');
  const sealedOptions = hex(
    `80000066 00000001 494e13e1996f3d9da5915d1fec61e0ba
     9fe452003a42126629e9a38df3e5ba69a1abdae54db4096793128c2f948f8f9d3020facd1557180ae8b351849ce52c58abeb8e9b7c4f02f8d7f8
     a9ca29bf268920b175a9e60e05a0693312d74d2861c5e81816295c8c854c86548e87d9d68c57ba7198fabd0d`,
  );
  const answer = bytes('RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n');

  test('makes and opens the vectors of §5.3', () => {
    expect(OPTIONS).toHaveLength(102);
    expect(sealedOptions).toHaveLength(126);
    expect(text(sealText(key, 'client', 1, bytes(OPTIONS)))).toBe(text(sealedOptions));
    expect(text(openSealed(key, 'client', sealedOptions) ?? bytes(''))).toBe(OPTIONS);
    expect(Buffer.from(new RtspSeal(key).seal(answer)).toString('hex')).toBe(
      '8000001c00000001f1734c68fca6356daf5717bc54c6f6a2600872b43a271f6b4fc685cedf9a7cb84351077c0cc521456e1d06e9',
    );
    expect(Buffer.from(sealText(key, 'host', 0x01020304, answer)).toString('hex')).toBe(
      '8000001c01020304b0f69754063d1b3790ea905591e9dd750c9cdaa60f622c2329435c2e86d40f087f37a3ddb14cb839eeed06a4',
    );
  });

  test('tells a message’s length by its head, and refuses one that is too long before it is there', () => {
    expect(sealedLength(sealedOptions.subarray(0, 4))).toBe(126);
    expect(sealedLength(hex('800000'))).toBeUndefined();
    for (const head of ['00000066', '80000000', 'ffffffff', '80004001']) {
      expect(sealedLength(hex(head))).toBeUndefined();
    }
    expect(sealedLength(hex('80004000'))).toBe(24 + 16_384);
  });

  test('opens no message of another key, another direction, or with a changed byte', () => {
    expect(openSealed(hex('00'.repeat(16)), 'client', sealedOptions)).toBeUndefined();
    expect(openSealed(key, 'host', sealedOptions)).toBeUndefined();
    for (let at = 0; at < sealedOptions.length; at += 1) {
      const changed = Uint8Array.from(sealedOptions);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(new RtspSeal(key).open(changed)).toBeUndefined();
    }
  });

  test('opens no message that was cut, at any byte', () => {
    for (let length = 0; length < sealedOptions.length; length += 1) {
      expect(new RtspSeal(key).open(sealedOptions.subarray(0, length))).toBeUndefined();
    }
  });

  test('accepts any first number and then only greater ones', () => {
    const seal = new RtspSeal(key);
    const opens = (sequence: number) =>
      seal.open(sealText(key, 'client', sequence, bytes('x'))) !== undefined;
    expect([8, 8, 7, 9, 100, 0xffff_ffff, 0].map(opens)).toEqual([
      true,
      false,
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  test('a forged number does not spend the ones below it', () => {
    const seal = new RtspSeal(key);
    const forged = sealText(hex('11'.repeat(16)), 'client', 50, bytes('x'));
    expect(seal.open(forged)).toBeUndefined();
    expect(seal.open(sealText(key, 'client', 1, bytes('x')))).toBeDefined();
  });

  test('never seals two answers under one number', () => {
    const seal = new RtspSeal(key);
    const numbers = Array.from({ length: 100 }, () =>
      Buffer.from(seal.seal(answer)).readUInt32BE(4),
    );
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});
