// Which scope a route wants, as a table. A route that is not in it wants `admin`: forgetting one closes it.
import type { Scope } from '../../../contract/tokens.ts';

/** `any`: every token may come, and the route itself looks at what it may see. */
export type Need = Scope | 'any';

/** What a token needs for this request. */
export function needOf(method: string, path: string): Need {
  if (path.startsWith('/api/v1/stats/') || path === '/metrics') return 'stats';
  const asked = method === 'HEAD' ? 'GET' : method;
  return TABLE.find(([verb, route]) => verb === asked && route === path)?.[2] ?? 'admin';
}

/** Whether a token of this scope may do what wants `need`. */
export function allows(scope: Scope, need: Need): boolean {
  return scope === 'admin' || need === 'any' || scope === need;
}

const TABLE: readonly (readonly [method: string, path: string, need: Need])[] = [
  ['GET', '/api/v1/host', 'host:read'],
  ['GET', '/api/v1/status', 'host:read'],
  ['GET', '/api/v1/sessions', 'host:read'],
  ['GET', '/api/v1/clients', 'host:read'],
  ['GET', '/api/v1/test-streams', 'host:read'],
  ['GET', '/api/v1/events', 'any'],
];
