// Every route of the API, one file a feature. Handlers are thin: they call the host and never know each other.
import { Elysia } from 'elysia';
import type { ApiHost } from './api.ts';
import { hostRoutes } from './host.ts';
import { statsRoutes } from './stats.ts';
import { testStreamRoutes } from './test-streams.ts';

/** `host` is asked at each request: the specification is made of the same routes without one. */
export const routes = (host: () => ApiHost) =>
  new Elysia().use(hostRoutes(host)).use(statsRoutes(host)).use(testStreamRoutes(host));
