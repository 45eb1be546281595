// Every route of the specification against every scope: the table here is written by hand, so that a slip in the
// host’s own table shows.
import { describe, expect, test } from 'bun:test';
import { ApiError } from '../../contract/errors.ts';
import type { Scope } from '../../contract/tokens.ts';
import { openApiDocument } from '../../host/src/api/openapi.ts';
import { API, body } from '../support/api.ts';
import { fakeApi } from '../support/fake-api.ts';

/** Who may, beside admin. What stands in neither list is for admin alone. */
const MAY: Readonly<Record<Exclude<Scope, 'admin'>, readonly string[]>> = {
  stats: [
    'POST /stats/capture/start',
    'POST /stats/capture/stop',
    'GET /stats/capture/status',
    'GET /stats/capture/live',
    'GET /stats/recordings',
    'GET /stats/recordings/{id}',
    'DELETE /stats/recordings/{id}',
    'GET /stats/capture/stream',
    'POST /stats/capture/markers',
    'POST /stats/recordings',
    'PATCH /stats/recordings/{id}',
    'GET /stats/trash',
    'POST /stats/recordings/{id}/restore',
    'GET /stats/recordings/{id}/frames',
    'GET /stats/recordings/{id}/quantiles',
    'GET /stats/recordings/{id}/events',
    'POST /stats/black-box/save',
    'POST /stats/last-run/save',
    'DELETE /stats/last-run',
    'GET /metrics',
    'GET /events',
  ],
  'host:read': [
    'GET /host',
    'GET /status',
    'GET /sessions',
    'GET /clients',
    'GET /test-streams',
    'GET /events',
  ],
};
const PUBLIC = ['GET /health'];

const operations = await operationsOf();

describe('scopes', () => {
  test('the specification has routes, and every route of the table is one', () => {
    const named = [...MAY.stats, ...MAY['host:read'], ...PUBLIC];
    expect(named.filter((operation) => !operations.includes(operation))).toEqual([]);
    expect(operations.length).toBeGreaterThan(25);
  });

  for (const scope of ['stats', 'host:read', 'admin'] satisfies Scope[]) {
    test(`${scope} opens exactly the routes that it should`, async () => {
      const open: string[] = [];
      for (const operation of operations) {
        const refusal = await refusalOf(operation, scope);
        if (refusal === undefined) open.push(operation);
        else expect([operation, refusal.code]).toEqual([operation, 'scope_missing']);
      }
      const expected = scope === 'admin' ? operations : [...MAY[scope], ...PUBLIC];
      expect(open.toSorted()).toEqual(expected.toSorted());
    });
  }

  test('a refusal names the scope that is missing and the one that is there', async () => {
    const refusal = await refusalOf('GET /stats/recordings', 'host:read');
    expect(refusal?.error).toContain('the scope stats; this one has host:read');
  });

  test('a route that nobody listed is for admin', async () => {
    for (const path of [
      '/nothing',
      '/stats',
      '/hosts',
      '/host/x',
      '/stats/../tokens',
      '/%73tats/x',
    ]) {
      expect([path, (await refusalOf(`GET ${path}`, 'stats'))?.code]).toEqual([
        path,
        'scope_missing',
      ]);
    }
  });

  test('the specification says which scope each route wants', async () => {
    const document = JSON.stringify(await openApiDocument());
    expect(document.match(/"x-scope":"stats"/g)).toHaveLength(20);
    expect(document.match(/"x-scope":"host:read"/g)).toHaveLength(5);
    expect(document.match(/"x-scope":/g)).toHaveLength(operations.length - PUBLIC.length);
  });
});

/** How a token of this scope is refused; undefined when the route itself answered, whatever it said. */
async function refusalOf(operation: string, scope: Scope): Promise<ApiError | undefined> {
  const host = fakeApi();
  const { token } = host.tokens.create({ name: 'a test', scope });
  const [method = '', path = ''] = operation.split(' ');
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(method);
  const response = await host.ask(
    method,
    `${path === '/metrics' ? '' : API}${path.replace(/\{\w+\}/, 'x')}`,
    hasBody ? { body: '{}', headers: { 'content-type': 'application/json' } } : {},
    token,
  );
  if (response.status !== 403) {
    await response.body?.cancel();
    return undefined;
  }
  return body<ApiError>(response, ApiError);
}

/** `GET /host`, of the generated document. */
async function operationsOf(): Promise<string[]> {
  const document: unknown = await openApiDocument();
  const paths = entries(entries(document).find(([name]) => name === 'paths')?.[1]);
  return paths.flatMap(([path, item]) =>
    entries(item).map(([method]) => `${method.toUpperCase()} ${path.replace(API, '')}`),
  );
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
