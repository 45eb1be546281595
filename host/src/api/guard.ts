// What happens to a request before any route sees it: token and its scope, Host, Origin, size and form. Everything that
// is not listed as public needs a token, so that a route that nobody thought of is closed.
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import type { Grant } from '../identity/tokens.ts';
import type { Log } from '../log.ts';
import { bodyRule, tooLarge } from './bodies.ts';
import { Guesses } from './guesses.ts';
import { allows, needOf } from './scopes.ts';

export interface GuardOptions {
  readonly tokens: { check(value: string): Grant | undefined };
  /** `https` beyond loopback. */
  readonly scheme: 'http' | 'https';
  /** Names that a Host header may carry, the one to advise first: `localhost`, or `localhost:8443` behind a relay. */
  readonly hostNames: readonly string[];
  /** Bare addresses pass as Host too: whoever types one was not led here by a name that somebody else owns. */
  readonly anyAddress: boolean;
  readonly port: () => number;
  /** Origins of other pages that may call. */
  readonly origins: readonly string[];
  readonly nowMs: () => number;
  readonly log: Log;
}

/** An answer that needs no route, or what the request may do; public paths have no grant. */
export type Admission =
  | { readonly answer: Response }
  | { readonly answer: undefined; readonly grant: Grant | undefined };

export class Guard {
  readonly #options: GuardOptions;
  readonly #guesses: Guesses;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#guesses = new Guesses(options.nowMs);
  }

  /** Lets a request in, or throws the AppError that refuses it. `address` is the peer’s. */
  admit(request: Request, address: string | undefined): Admission {
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    if (url === undefined) throw new AppError(400, 'bad_request', 'The Host header is malformed.');
    // A preflight carries no token by design; it is answered by its origin alone.
    if (request.method === 'OPTIONS' && request.headers.has('access-control-request-method')) {
      this.#checkHost(request, url);
      this.#checkOrigin(request, url);
      const headers = preflightHeaders(request);
      return { answer: new Response(undefined, { status: 204, headers }) };
    }
    const grant = isPublic(url.pathname) ? undefined : this.#grant(request, address);
    this.#checkHost(request, url);
    this.#checkOrigin(request, url);
    if (grant !== undefined) checkScope(grant, request.method, url.pathname);
    checkBody(request, url.pathname);
    return { answer: undefined, grant };
  }

  /** Headers that let an allowed page of another origin read the answer. */
  corsHeaders(request: Request): Readonly<Record<string, string>> {
    const origin = request.headers.get('origin');
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    if (origin === null || url === undefined || !this.#isAllowed(origin, request, url)) return {};
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers':
        'content-disposition, content-range, etag, link, x-next-after',
      vary: 'Origin',
    };
  }

  #grant(request: Request, address: string | undefined): Grant {
    const value = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    const grant = value === undefined ? undefined : this.#options.tokens.check(value);
    if (grant !== undefined) return grant;
    const hash =
      value === undefined ? undefined : createHash('sha256').update(value).digest('base64');
    const verdict = hash === undefined ? undefined : this.#guesses.wrong(address, hash);
    if (verdict?.blocked === true) {
      if (verdict.first) this.#options.log.warn('somebody guesses tokens', { address });
      throw new AppError(
        429,
        'too_many_guesses',
        `Too many wrong tokens came from this address; a wrong one is looked at again in ${verdict.retryAfterS} s.`,
      );
    }
    throw new AppError(
      401,
      'unauthorized',
      'The token is missing or wrong; `punktfunk-host token` prints it.',
    );
  }

  /** A name that only points here (DNS rebinding) is somebody else’s page. */
  #checkHost(request: Request, url: URL): void {
    const host = this.#hostOf(request, url);
    if (this.#isOwnHost(host)) return;
    throw new AppError(
      403,
      'host_refused',
      `This host does not answer to ${JSON.stringify(host)}; use ${this.#ownHosts()[0]}, or name it in ` +
        'PUNKTFUNK_API_HOSTS.',
    );
  }

  #checkOrigin(request: Request, url: URL): void {
    const origin = request.headers.get('origin');
    if (origin === null || this.#isAllowed(origin, request, url)) return;
    throw new AppError(
      403,
      'origin_refused',
      `Pages of ${JSON.stringify(origin)} may not call; name the origin in PUNKTFUNK_API_ORIGINS to allow it.`,
    );
  }

  #isAllowed(origin: string, request: Request, url: URL): boolean {
    const { scheme, origins } = this.#options;
    const host = this.#hostOf(request, url);
    // Another bare address is another machine: of those only the one that is asked is ourselves.
    const own = this.#isOwnHost(host) ? [host, ...this.#ownHosts()] : this.#ownHosts();
    return own.some((name) => origin === `${scheme}://${name}`) || origins.includes(origin);
  }

  #isOwnHost(host: string): boolean {
    if (this.#ownHosts().includes(host)) return true;
    const { anyAddress, scheme, port } = this.#options;
    const [, name = '', given = DEFAULT_PORTS[scheme]] = /^(.+?)(?::(\d+))?$/.exec(host) ?? [];
    return anyAddress && Number(given) === port() && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  }

  #hostOf(request: Request, url: URL): string {
    return this.#asSent((request.headers.get('host') ?? url.host).toLowerCase());
  }

  #ownHosts(): string[] {
    return this.#options.hostNames.map((name) =>
      this.#asSent(/^(\[.*\]|[^:]+):\d+$/.test(name) ? name : `${name}:${this.#options.port()}`),
    );
  }

  /** Browsers leave out the port that a scheme has anyway. */
  #asSent(host: string): string {
    const suffix = `:${DEFAULT_PORTS[this.#options.scheme]}`;
    return host.endsWith(suffix) ? host.slice(0, -suffix.length) : host;
  }
}

function checkScope(grant: Grant, method: string, path: string): void {
  const need = needOf(method, path);
  if (allows(grant.scope, need)) return;
  throw new AppError(
    403,
    'scope_missing',
    `This needs a token with the scope ${need}; this one has ${grant.scope}.`,
  );
}

/** What a browser needs before it can have the token, and what says nothing worth hiding. */
function isPublic(path: string): boolean {
  return PUBLIC_PATHS.includes(path) || path.startsWith('/assets/');
}

function preflightHeaders(request: Request): Readonly<Record<string, string>> {
  const privateNetwork = request.headers.has('access-control-request-private-network');
  return {
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': 'authorization, content-type, last-event-id, range',
    'access-control-max-age': '600',
    ...(privateNetwork ? { 'access-control-allow-private-network': 'true' } : {}),
  };
}

function checkBody(request: Request, path: string): void {
  const { types, mostBytes, lengthNeeded } = bodyRule(request.method, path);
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > mostBytes) throw tooLarge(`${length} bytes`, mostBytes);
  const streamed = length === null && request.headers.has('transfer-encoding');
  if (streamed && lengthNeeded) {
    throw new AppError(411, 'length_required', 'A body needs a Content-Length.');
  }
  // What a form of any page can send without asking first is never read.
  const type = request.headers.get('content-type');
  const hasBody = length === null ? streamed || type !== null : Number(length) > 0;
  const given = type?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!hasBody || types.includes(given)) return;
  throw new AppError(
    415,
    'json_needed',
    `A body must be ${types.join(' or ')}${type === null ? '' : `, not ${JSON.stringify(type)}`}.`,
  );
}

const DEFAULT_PORTS = { http: '80', https: '443' } as const;
const PUBLIC_PATHS = ['/', '/docs', '/openapi.json', '/favicon.ico', '/api/v1/health'];
