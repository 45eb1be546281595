// RTSP text: requests in, answers out, no socket. Follows gamestream-control-plane.md §5.1, §5.2 and the limits of §8:
// an answer keeps to what moonlight-common-c `RtspParser.c` @874ac95 can read, which is less than RTSP allows.

export interface RtspRequest {
  readonly method: string;
  readonly target: string;
  readonly cseq: number;
  /** By lower-case name; of a repeated header the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What cannot be served; `cseq` where it could still be read. */
export interface RtspFault {
  readonly status: number;
  readonly reason: string;
  readonly cseq: number;
}

export type RtspParsed =
  | { readonly kind: 'request'; readonly request: RtspRequest }
  | { readonly kind: 'fault'; readonly fault: RtspFault };

export interface RtspAnswer {
  readonly status: number;
  /** Becomes one line of printable ASCII. */
  readonly reason: string;
  readonly cseq: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * How many bytes the request at the start of `bytes` has, once that is known; `undefined` = the head goes on.
 * A head or a length beyond the limits is a fault.
 */
export function requestLength(
  bytes: Uint8Array,
): { readonly bytes: number } | { readonly fault: RtspFault } | undefined {
  const end = headEnd(bytes);
  if (end === undefined) {
    return bytes.length < MAX_HEAD_BYTES
      ? undefined
      : { fault: fault('The head has no end in 16 KiB.') };
  }
  const head = parseHead(bytes.subarray(0, end));
  if ('status' in head) return { fault: head };
  return { bytes: end + END_OF_HEAD.length + (head.contentLength ?? 0) };
}

/** Parses one whole request: head, and the body as long as the head says, else up to the end. */
export function parseRequest(bytes: Uint8Array): RtspParsed {
  const end = headEnd(bytes);
  if (end === undefined) return { kind: 'fault', fault: fault('The head has no end.') };
  const head = parseHead(bytes.subarray(0, end));
  if ('status' in head) return { kind: 'fault', fault: head };
  const rest = bytes.subarray(end + END_OF_HEAD.length);
  const length = head.contentLength ?? rest.length;
  if (length > rest.length || length > MAX_BODY_BYTES) {
    const reason = `The body has ${rest.length} bytes, announced were ${length}.`;
    return { kind: 'fault', fault: { ...fault(reason), cseq: head.cseq } };
  }
  const { method, target, cseq, headers } = head;
  const body = latin1(rest.subarray(0, length));
  return { kind: 'request', request: { method, target, cseq, headers, body } };
}

/** An answer as the client's parser can read it. Throws on a header that it could not. */
export function writeAnswer(answer: RtspAnswer): Uint8Array {
  const reason = answer.reason.replace(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON) || 'Error';
  const headers = [['CSeq', String(answer.cseq)] as const, ...answer.headers];
  for (const [name, value] of headers) {
    // The client drops one character after the colon unseen, and swallows the next line after an empty value.
    if (!/^[A-Za-z-]+$/.test(name) || !/^[\x21-\x7e][\x20-\x7e]*$/.test(value)) {
      throw new Error(`the client could not read the RTSP header ${name}`);
    }
  }
  if (answer.body.includes('\0')) throw new Error('the client could not read the RTSP body');
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return new TextEncoder().encode(
    `RTSP/1.0 ${answer.status} ${reason}\r\n${lines}\r\n${answer.body}`,
  );
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly cseq: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly contentLength: number | undefined;
}

function parseHead(bytes: Uint8Array): Head | RtspFault {
  const [first = '', ...lines] = latin1(bytes).split('\r\n');
  const headers = new Map<string, string>();
  if (lines.length > MAX_HEADERS) return fault(`More than ${MAX_HEADERS} headers.`);
  for (const line of lines) {
    if (line.length > MAX_LINE) return { ...fault('A header is too long.'), cseq: cseqOf(headers) };
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  const cseq = cseqOf(headers);
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) {
    return { ...fault('The first line is no RTSP/1.0 request.'), cseq };
  }
  if (!headers.has('cseq') || !WHOLE_NUMBER.test(headers.get('cseq') ?? '')) {
    return { ...fault('CSeq is missing or no number.'), cseq };
  }
  // A line that is no text has no business here; what it would do to a log neither.
  if (/[^\t\x20-\x7e\x80-\xff]/.test([first, ...headers.values()].join(''))) {
    return { ...fault('The head holds control characters.'), cseq };
  }
  const given = headers.get('content-length');
  if (given === undefined) return { method, target, cseq, headers, contentLength: undefined };
  const contentLength = WHOLE_NUMBER.test(given) ? Number(given) : Number.POSITIVE_INFINITY;
  if (contentLength > MAX_BODY_BYTES) {
    return { ...fault('Content-length is no number up to 16384.'), cseq };
  }
  return { method, target, cseq, headers, contentLength };
}

function cseqOf(headers: ReadonlyMap<string, string>): number {
  const text = headers.get('cseq') ?? '';
  return WHOLE_NUMBER.test(text) ? Number(text) : 0;
}

function fault(reason: string): RtspFault {
  return { status: 400, reason, cseq: 0 };
}

/** Where CRLFCRLF begins, if within the limit. */
function headEnd(bytes: Uint8Array): number | undefined {
  const searched = bytes.subarray(0, MAX_HEAD_BYTES);
  for (let at = searched.indexOf(CR); at >= 0; at = searched.indexOf(CR, at + 1)) {
    if (END_OF_HEAD.every((byte, i) => searched[at + i] === byte)) return at;
  }
  return undefined;
}

/** Byte for character: nothing a peer sends can fail to decode. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

const REQUEST_LINE = /^([A-Z_]{1,32}) (\S{1,1024}) RTSP\/1\.0$/;
const WHOLE_NUMBER = /^[0-9]{1,9}$/;
const CR = 13;
const END_OF_HEAD = [13, 10, 13, 10] as const;
/** Stock clients send heads of 82 to 203 bytes and bodies below 1.5 KiB. */
const MAX_HEAD_BYTES = 16_384;
export const MAX_BODY_BYTES = 16_384;
const MAX_HEADERS = 64;
const MAX_LINE = 4096;
const MAX_REASON = 200;
