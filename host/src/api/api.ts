// The operator's API as one fetch function: guard, page files, routes, errors, headers. Listens nowhere; app.ts does.
import { Elysia } from 'elysia';
import type {
  ClientChange,
  PairedClient,
  PairingAttempt,
  PairingState,
  PinEntry,
} from '../../../contract/clients.ts';
import type { HostInfo, HostStatus, SessionInfo } from '../../../contract/host.ts';
import type { Assets } from '../assets/assets.ts';
import { AppError } from '../errors.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { Log } from '../log.ts';
import type { RecordingsService } from '../recordings/service.ts';
import type { TestStreams } from '../sessions/test-streams.ts';
import { hasLargeBody } from './bodies.ts';
import { type Caller, type Connection, INSIDE } from './caller.ts';
import { errorResponse, toAppError } from './errors.ts';
import type { EventHub } from './event-hub.ts';
import type { Guard } from './guard.ts';
import type { LiveFeed } from './live-feed.ts';
import { routes } from './routes.ts';
import type { StreamReaders } from './stream-readers.ts';

/** What the routes call. */
export interface ApiHost {
  readonly version: string;
  readonly recordings: ApiRecordings;
  readonly testStreams: Pick<TestStreams, 'start' | 'state' | 'stop' | 'truthPath'>;
  readonly info: () => HostInfo;
  readonly status: () => HostStatus | Promise<HostStatus>;
  readonly sessions: ApiSessions;
  readonly clients: ApiClients;
  readonly pairing: ApiPairing;
  readonly tokens: Pick<Tokens, 'list' | 'create' | 'revoke' | 'onRevoked'>;
  /** Of `events` and `live` together. */
  readonly readers: StreamReaders;
  readonly events: EventHub;
  readonly live: LiveFeed;
}

/** The recorder without what only streams tell it. */
export type ApiRecordings = Omit<
  RecordingsService,
  'session' | 'sessionEnded' | 'receiver' | 'event' | 'observe' | 'observed' | 'shutdown'
>;

export interface ApiSessions {
  list(): SessionInfo[];
  /** Resolves when it is over; false when there is no such session. */
  end(sessionId: number): Promise<boolean>;
  /** Ends the running app and every session that watches it; nothing to end is fine. */
  endApp(): Promise<void>;
}

export interface ApiClients {
  list(): PairedClient[];
  /** The client after the change; undefined when there is none with this id. Throws AppError when it cannot be kept. */
  change(clientId: string, change: ClientChange): Promise<PairedClient | undefined>;
  /** Its sessions are over and its certificate is refused when this resolves; false when there is none. */
  revoke(clientId: string): Promise<boolean>;
}

export interface ApiPairing {
  state(): PairingState;
  setEnabled(enabled: boolean): PairingState;
  /** Resolves when the attempt ended, well or not. Throws AppError 404 no_attempt, 409 several_attempts. */
  enterPin(entry: PinEntry): Promise<PairingAttempt>;
  /** Ends a running attempt; false when there is none with this id. */
  cancel(attemptId: string): boolean;
}

export interface ApiOptions {
  readonly host: ApiHost;
  readonly guard: Guard;
  readonly assets: Assets;
  readonly log: Log;
}

export interface Api {
  fetch(request: Request, connection?: Connection): Promise<Response>;
}

/** Builds the API. */
export function createApi({ host, guard, assets, log }: ApiOptions): Api {
  const callers = new WeakMap<Request, Caller>();
  const app = new Elysia()
    .onError(({ code, error, request }) => {
      const known = toAppError({ code, error });
      const methods = known.code === 'not_found' ? methodsAt(app.routes, request) : [];
      if (methods.length === 0 || methods.includes(request.method)) {
        return errorResponse(known, request, log);
      }
      return errorResponse(wrongMethod(request, methods), request, log, {
        allow: methods.join(', '),
      });
    })
    .use(
      routes(
        () => host,
        (request) => callerOf(callers, request),
      ),
    );
  host.tokens.onRevoked((tokenId) => host.readers.endOf(tokenId));
  // Elysia writes its handlers at the first request otherwise, and that one request would be slow.
  app.compile();
  let specification: Promise<string> | undefined;

  const answer = async (request: Request, connection: Connection): Promise<Response> => {
    try {
      const admission = guard.admit(request, connection.address);
      if (admission.answer !== undefined) return admission.answer;
      // Routes know GET alone: the server sends the head of their answer, and takes nothing of a stream.
      const routed = request.method === 'HEAD' ? new Request(request, { method: 'GET' }) : request;
      if (admission.grant !== undefined) {
        callers.set(routed, { ...connection, grant: admission.grant });
      }
      const url = new URL(request.url);
      if (request.method === 'GET' || request.method === 'HEAD') {
        const file = assets.respond(request, url);
        if (file !== undefined) return file;
        if (url.pathname === '/openapi.json') {
          specification ??= specificationText();
          return new Response(await specification, {
            headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
          });
        }
      }
      return await app.fetch(routed);
    } catch (error) {
      return errorResponse(toAppError({ code: 'UNKNOWN', error }), request, log);
    }
  };

  return {
    async fetch(request, connection = INSIDE) {
      const response = await answer(request, connection);
      for (const [name, value] of Object.entries(guard.corsHeaders(request))) {
        response.headers.set(name, value);
      }
      for (const [name, value] of Object.entries(SAFETY_HEADERS)) {
        response.headers.set(name, value);
      }
      if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
      // Whoever is refused in the middle of a large body would go on to send it, and the server to throw it away.
      if (!response.ok && hasLargeBody(request)) response.headers.set('connection', 'close');
      return response;
    },
  };
}

/** Only routes that the guard let in by a token ask for it. */
function callerOf(callers: WeakMap<Request, Caller>, request: Request): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('a route without a token asked who is calling');
  return caller;
}

/** Loaded when first asked for: the generator and what it drags in cost memory that an idle host does not need. */
async function specificationText(): Promise<string> {
  const { openApiText } = await import('./openapi.ts');
  return openApiText();
}

/** The methods that a path has; none when there is no such path. A path that is written out hides one with a name. */
function methodsAt(
  known: readonly { readonly method: string; readonly path: string }[],
  request: Request,
): readonly string[] {
  const { pathname } = new URL(request.url);
  const exact = known.filter(({ path }) => path === pathname);
  const parts = pathname.split('/');
  const named = known.filter(({ path }) => {
    const pattern = path.split('/');
    return (
      pattern.length === parts.length &&
      pattern.every((part, i) => part.startsWith(':') || part === parts[i])
    );
  });
  return (exact.length > 0 ? exact : named).map(({ method }) => method);
}

function wrongMethod(request: Request, methods: readonly string[]): AppError {
  return new AppError(
    405,
    'method_not_allowed',
    `${request.method} is not possible here; ${methods.join(' and ')} are.`,
  );
}

const SAFETY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // For browsers that do not know frame-ancestors.
  'x-frame-options': 'DENY',
} as const;
