// What a request may carry, as a table: everything but an import and a script of faults is a small JSON object. And how a large body is read:
// never more of it than its limit, never longer than its time.
import { AppError } from '../errors.ts';

/** How the body of a route may look. */
export interface BodyRule {
  readonly types: readonly string[];
  readonly mostBytes: number;
  /** It says how long it is before any of it is read. */
  readonly lengthNeeded: boolean;
}

export function bodyRule(method: string, path: string): BodyRule {
  return (method === 'POST' ? LARGE[path] : undefined) ?? SMALL_RULE;
}

/** More than what comes along with the head of a request; of unknown length counts as that. */
export function hasLargeBody(request: Request): boolean {
  const length = request.headers.get('content-length');
  return length === null
    ? request.headers.has('transfer-encoding')
    : Number(length) > SMALL_RULE.mostBytes;
}

/** A body as bytes. Throws AppError 413 at the first byte too many, 408 when it takes too long. */
export async function readBody(
  request: Request,
  { mostBytes, mostMs }: { readonly mostBytes: number; readonly mostMs: number },
): Promise<Uint8Array> {
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const told = Number(request.headers.get('content-length') ?? 0);
  if (told > mostBytes) throw tooLarge(`${told} bytes`, mostBytes);
  // Put in place as it comes when its length is known: one large copy at the end would stop the host for a while.
  const whole = told > 0 ? new Uint8Array(told) : undefined;
  const most = whole?.length ?? mostBytes;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void reader.cancel().catch(() => undefined);
  }, mostMs);
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (late) throw tooSlow(mostMs);
      if (done) return whole?.subarray(0, bytes) ?? Buffer.concat(pieces, bytes);
      if (bytes + value.length > most) {
        void reader.cancel().catch(() => undefined);
        throw tooLarge(`more than ${most} bytes`, mostBytes);
      }
      if (whole === undefined) pieces.push(value);
      else whole.set(value, bytes);
      bytes += value.length;
    }
  } finally {
    clearTimeout(timer);
  }
}

export function tooLarge(what: string, mostBytes: number): AppError {
  return new AppError(
    413,
    'body_too_large',
    `The body has ${what}; at most ${mostBytes} are read.`,
  );
}

function tooSlow(mostMs: number): AppError {
  return new AppError(
    408,
    'body_too_slow',
    `The body was not there within ${mostMs / 1000} s; send it again over a faster line.`,
  );
}

/** Six hours of four sessions, or fifteen times that much gzipped. */
export const MOST_IMPORT_BYTES = 64 * 1024 * 1024;
export const MOST_IMPORT_MS = 300_000;
const LARGE: Readonly<Record<string, BodyRule>> = {
  '/api/v1/stats/recordings': {
    types: ['application/json', 'application/gzip'],
    mostBytes: MOST_IMPORT_BYTES,
    lengthNeeded: false,
  },
  // A script of faults: ten thousand of them, and room to write them down nicely.
  '/api/v1/test-streams': {
    types: ['application/json'],
    mostBytes: 2 * 1024 * 1024,
    lengthNeeded: true,
  },
};
/** Ten times the largest other request there is. */
const SMALL_RULE: BodyRule = {
  types: ['application/json'],
  mostBytes: 64 * 1024,
  lengthNeeded: true,
};
