// What happens to a request before any route sees it: token, Host, Origin, size. Everything that is not listed as
// public needs the token, so that a route that nobody thought of is closed.
import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors.ts';

export interface GuardOptions {
  readonly token: string;
  /** Names that a Host header may carry, with the port that is listened on. */
  readonly hostNames: readonly string[];
  readonly port: () => number;
  /** Origins of other pages that may call. */
  readonly origins: readonly string[];
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #tokenHash: Uint8Array;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#tokenHash = sha256(options.token);
  }

  /** Answers a preflight, or throws the AppError that refuses the request; undefined lets it pass. */
  check(request: Request): Response | undefined {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    if (url === undefined) throw new AppError(400, 'bad_request', 'The Host header is malformed.');
    // A preflight carries no token by design; it is answered by its origin alone.
    if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {
      this.#checkHost(request, url);
      this.#checkOrigin(request);
      return new Response(undefined, { status: 204, headers: this.#preflightHeaders(request) });
    }
    if (!isPublic(url.pathname)) this.#checkToken(request);
    this.#checkHost(request, url);
    this.#checkOrigin(request);
    checkSize(request);
    return undefined;
  }

  /** Headers that let an allowed page of another origin read the answer. */
  corsHeaders(request: Request): Readonly<Record<string, string>> {
    const origin = request.headers.get('origin');
    if (origin === null || !this.#isAllowed(origin)) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': 'content-disposition, etag',
      vary: 'Origin',
    };
  }

  #checkToken(request: Request): void {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (token !== undefined && timingSafeEqual(sha256(token), this.#tokenHash)) return;
    throw new AppError(
      401,
      'unauthorized',
      'The token is missing or wrong; `punktfunk-host token` prints it.',
    );
  }

  /** A name that only points here (DNS rebinding) is somebody else’s page. */
  #checkHost(request: Request, url: URL): void {
    const host = (request.headers.get('host') ?? url.host).toLowerCase();
    if (this.#ownHosts().includes(host)) return;
    throw new AppError(
      403,
      'host_refused',
      `This host does not answer to ${JSON.stringify(host)}; use ${this.#ownHosts()[0]}.`,
    );
  }

  #checkOrigin(request: Request): void {
    const origin = request.headers.get('origin');
    if (origin === null || this.#isAllowed(origin)) return;
    throw new AppError(
      403,
      'origin_refused',
      `Pages of ${JSON.stringify(origin)} may not call; name the origin in PUNKTFUNK_API_ORIGINS to allow it.`,
    );
  }

  #isAllowed(origin: string): boolean {
    const own = this.#ownHosts().map((host) => `http://${host}`);
    return own.includes(origin) || this.#options.origins.includes(origin);
  }

  #ownHosts(): string[] {
    return this.#options.hostNames.map((name) => `${name}:${this.#options.port()}`);
  }

  #preflightHeaders(request: Request): Readonly<Record<string, string>> {
    const privateNetwork = request.headers.has('access-control-request-private-network');
    return {
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
      ...(privateNetwork ? { 'access-control-allow-private-network': 'true' } : {}),
    };
  }
}

/** What a browser needs before it can have the token, and what says nothing worth hiding. */
function isPublic(path: string): boolean {
  return PUBLIC_PATHS.includes(path) || path.startsWith('/assets/');
}

function checkSize(request: Request): void {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > MAX_BODY_BYTES) {
    throw new AppError(
      413,
      'body_too_large',
      `The body has ${length} bytes; at most ${MAX_BODY_BYTES} are read.`,
    );
  }
  if (length === null && request.headers.has('transfer-encoding')) {
    throw new AppError(411, 'length_required', 'A body needs a Content-Length.');
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

const PUBLIC_PATHS = ['/', '/docs', '/openapi.json', '/favicon.ico', '/api/v1/health'];
/** Ten times the largest request there is. */
const MAX_BODY_BYTES = 64 * 1024;
