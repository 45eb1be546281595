// The part of HTTP/1.1 that GameStream clients speak: the head of one GET, and one answer, after which the connection
// closes. Pure: bytes in, a request or a refusal out. No bodies, no keep-alive, no header has a meaning but those that
// would announce a body. Follows gamestream-control-plane.md §3.1 and §8.

export interface RequestHead {
  /** Always begins with a slash. */
  readonly path: string;
  /** Without the question mark; empty when there is none. Secret: keys travel in it. */
  readonly query: string;
}

export type HeadResult =
  | { readonly kind: 'more' }
  | { readonly kind: 'request'; readonly head: RequestHead }
  | { readonly kind: 'refused'; readonly status: RefusalStatus };

export type RefusalStatus = 400 | 405 | 414 | 431 | 505;

/** Collects the head of one request. After anything but `more` it is used up. */
export class RequestHeadParser {
  readonly #bytes = new Uint8Array(MOST_HEAD_BYTES);
  #length = 0;

  push(chunk: Uint8Array): HeadResult {
    const from = Math.max(0, this.#length - HEAD_END.length + 1);
    const room = Math.min(chunk.length, this.#bytes.length - this.#length);
    this.#bytes.set(chunk.subarray(0, room), this.#length);
    this.#length += room;
    const seen = Buffer.from(this.#bytes.buffer, 0, this.#length);
    const end = seen.indexOf(HEAD_END, from, 'latin1');
    if (end === -1) {
      if (room === chunk.length && this.#length < this.#bytes.length) return MORE;
      return refused(seen.includes('\r\n', 0, 'latin1') ? 431 : 414);
    }
    // Whatever follows the head is a body or a second request; neither is ours.
    const whole = end + HEAD_END.length;
    if (whole !== this.#length || room !== chunk.length) return refused(400);
    return parseHead(seen.toString('latin1', 0, end));
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** XML goes out as HTTP 200 whatever it says. */
export function xmlAnswer(body: Uint8Array): HttpAnswer {
  return { status: 200, contentType: 'application/xml', body };
}

/** The whole answer. */
export function answerBytes({ status, contentType, body }: HttpAnswer): Uint8Array {
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? 'Unknown'}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
    ...(status === 405 ? ['Allow: GET'] : []),
    'Connection: close',
    '\r\n',
  ];
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), body]);
}

function parseHead(text: string): HeadResult {
  const [requestLine = '', ...headers] = text.split('\r\n');
  if (headers.length > MOST_HEADERS) return refused(431);
  const line = /^([A-Z]{1,16}) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/.exec(requestLine);
  if (line === null) return refused(400);
  const [, method, target = '', major, minor] = line;
  if (major !== '1' || minor !== '1') return refused(505);
  for (const header of headers) {
    const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(header);
    if (parts === null || announcesBody(parts[1] ?? '', parts[2] ?? '')) return refused(400);
  }
  if (method !== 'GET') return refused(405);
  if (!target.startsWith('/') || target.includes('#')) return refused(400);
  const mark = target.indexOf('?');
  const head =
    mark === -1
      ? { path: target, query: '' }
      : { path: target.slice(0, mark), query: target.slice(mark + 1) };
  return { kind: 'request', head };
}

function announcesBody(name: string, value: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'transfer-encoding' || (lower === 'content-length' && !/^0+[ \t]*$/.test(value));
}

function refused(status: RefusalStatus): HeadResult {
  return { kind: 'refused', status };
}

const MORE: HeadResult = { kind: 'more' };
const HEAD_END = '\r\n\r\n';
/** Phase 1 of pairing takes about 2.2 KiB; Embedded's own buffer is 16 KiB. */
const MOST_HEAD_BYTES = 16_384;
const MOST_HEADERS = 100;
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  505: 'HTTP Version Not Supported',
};
