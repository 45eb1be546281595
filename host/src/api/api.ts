// The operator's API as one fetch function: guard, page files, routes, errors, headers. Listens nowhere; app.ts does.
import { Elysia } from 'elysia';
import type { HostInfo } from '../../../contract/host.ts';
import type { Assets } from '../assets/assets.ts';
import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Recordings } from '../recordings/recordings.ts';
import type { TestStreams } from '../sessions/test-streams.ts';
import { errorResponse, toAppError } from './errors.ts';
import type { Guard } from './guard.ts';
import { routes } from './routes.ts';

/** What the routes call. */
export interface ApiHost {
  readonly version: string;
  readonly recordings: Recordings;
  readonly testStreams: Pick<TestStreams, 'start' | 'state' | 'stop'>;
  readonly info: () => HostInfo;
}

export interface ApiOptions {
  readonly host: ApiHost;
  readonly guard: Guard;
  readonly assets: Assets;
  readonly log: Log;
}

export interface Api {
  fetch(request: Request): Promise<Response>;
}

/** Builds the API. */
export function createApi({ host, guard, assets, log }: ApiOptions): Api {
  const app = new Elysia()
    .onError(({ code, error, request }) => {
      const known = toAppError({ code, error });
      return errorResponse(
        known.code === 'not_found' ? wrongMethodOr(known, app.routes, request) : known,
        request,
        log,
      );
    })
    .use(routes(() => host));
  // Elysia writes its handlers at the first request otherwise, and that one request would be slow.
  app.compile();
  let specification: Promise<string> | undefined;

  const answer = async (request: Request): Promise<Response> => {
    try {
      const early = guard.check(request);
      if (early !== undefined) return early;
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
      return await app.fetch(request);
    } catch (error) {
      return errorResponse(toAppError({ code: 'UNKNOWN', error }), request, log);
    }
  };

  return {
    async fetch(request) {
      const response = await answer(request);
      for (const [name, value] of Object.entries(guard.corsHeaders(request))) {
        response.headers.set(name, value);
      }
      for (const [name, value] of Object.entries(SAFETY_HEADERS)) {
        response.headers.set(name, value);
      }
      if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
      return response;
    },
  };
}

/** Loaded when first asked for: the generator and what it drags in cost memory that an idle host does not need. */
async function specificationText(): Promise<string> {
  const { openApiText } = await import('./openapi.ts');
  return openApiText();
}

/** A path that exists under another method is 405 and says which methods it has. */
function wrongMethodOr(
  notFound: AppError,
  known: readonly { readonly method: string; readonly path: string }[],
  request: Request,
): AppError {
  const parts = new URL(request.url).pathname.split('/');
  const methods = known
    .filter(({ path }) => {
      const pattern = path.split('/');
      return (
        pattern.length === parts.length &&
        pattern.every((part, i) => part.startsWith(':') || part === parts[i])
      );
    })
    .map(({ method }) => method);
  if (methods.length === 0 || methods.includes(request.method)) return notFound;
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
} as const;
