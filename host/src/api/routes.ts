// Every route of the API, one file a feature. Handlers are thin: they call the host and never know each other.
import { Elysia } from 'elysia';
import type { ApiHost } from './api.ts';
import type { Caller } from './caller.ts';
import { clientRoutes } from './clients.ts';
import { eventRoutes } from './events.ts';
import { hostRoutes } from './host.ts';
import { metricsRoutes } from './metrics.ts';
import { pairingRoutes } from './pairing.ts';
import { recordingRangeRoutes } from './recording-range.ts';
import { recordingRoutes } from './recordings.ts';
import { queryOf } from './schema.ts';
import { sessionRoutes } from './sessions.ts';
import { statsRoutes } from './stats.ts';
import { testStreamRoutes } from './test-streams.ts';
import { tokenRoutes } from './tokens.ts';

/** `host` is asked at each request: the specification is made of the same routes without one. */
export const routes = (host: () => ApiHost, caller: (request: Request) => Caller) =>
  new Elysia()
    // Elysia’s own reading of a query guesses at lists, JSON and numbers, and changes texts that look like one.
    .onTransform({ as: 'global' }, (context) => {
      Object.assign(context, { query: queryOf(context.request.url) });
    })
    .use(hostRoutes(host))
    .use(statsRoutes(host, caller))
    .use(recordingRoutes(host, caller))
    .use(recordingRangeRoutes(host, caller))
    .use(metricsRoutes(host))
    .use(testStreamRoutes(host))
    .use(sessionRoutes(host))
    .use(clientRoutes(host))
    .use(pairingRoutes(host, caller))
    .use(tokenRoutes(host))
    .use(eventRoutes(host, caller));
