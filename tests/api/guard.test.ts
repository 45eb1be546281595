// What happens before any route: token, Host, Origin, size, form.
import { describe, expect, test } from 'bun:test';
import { ApiError } from '../../contract/errors.ts';
import { Health } from '../../contract/host.ts';
import { StatsStatus } from '../../contract/stats.ts';
import { API, body, fault, ROUTES, START, STATUS, TEST_STREAMS } from '../support/api.ts';
import { fakeApi, ORIGIN, TOKEN } from '../support/fake-api.ts';

describe('the token', () => {
  test('is asked for before anything else of a request is looked at', async () => {
    const host = fakeApi();
    for (const [method, path] of [...ROUTES, ['GET', '/nothing'], ['PUT', START]] as const) {
      const hasBody = ['POST', 'PUT', 'PATCH'].includes(method);
      const refused = await host.raw(`${path}?limit=abc`, {
        method,
        headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
        ...(hasBody ? { body: '{bad' } : {}),
      });
      expect([method, path, ...(await fault(refused))]).toEqual([
        method,
        path,
        401,
        'unauthorized',
      ]);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('is compared whole, whatever form a wrong one has', async () => {
    const host = fakeApi();
    for (const value of [
      '',
      TOKEN,
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      'Bearer',
      `Bearer a ${TOKEN}`,
    ]) {
      const response = await host.raw(STATUS, { headers: { authorization: value } });
      expect([value, response.status]).toEqual([value, 401]);
    }
    expect(
      (await host.raw(STATUS, { headers: { authorization: `bearer  ${TOKEN}` } })).status,
    ).toBe(200);
  });

  test('cannot be avoided by writing the path in another way', async () => {
    const host = fakeApi();
    for (const path of [
      '/%61pi/v1/host',
      '//api/v1/host',
      '/./api/v1/host',
      '/assets/../api/v1/host',
      '/assets/%2e%2e/api/v1/host',
      '/api/v1/health/../host',
      '/api/v1/host;x',
      '/API/v1/host',
      '/docs/../api/v1/host',
    ]) {
      const response = await host.raw(path);
      expect([path, [401, 404].includes(response.status)]).toEqual([path, true]);
    }
  });

  test('is not needed for health, the page and the specification', async () => {
    const host = fakeApi();
    const health = await body(await host.raw(`${API}/health`), Health);
    expect(health).toEqual({ status: 'ok', version: '1.2.3' });
    for (const path of ['/', '/docs', '/openapi.json', '/assets/docs.js']) {
      expect([path, (await host.raw(path)).status]).toEqual([path, 200]);
    }
  });
});

describe('foreign pages', () => {
  test('are refused by Host, whatever points here', async () => {
    const host = fakeApi();
    for (const name of [
      'evil.example',
      'evil.example:47990',
      '127.0.0.1',
      '127.0.0.1:1',
      'localhost:80',
      '',
    ]) {
      const response = await host.raw(`${API}/health`, { headers: { host: name } });
      expect([name, ...(await fault(response))]).toEqual([name, 403, 'host_refused']);
    }
    for (const name of ['localhost:47990', 'LOCALHOST:47990', '[::1]:47990']) {
      expect((await host.raw(`${API}/health`, { headers: { host: name } })).status).toBe(200);
    }
  });

  test('are refused by Origin and get no CORS header', async () => {
    const host = fakeApi();
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', `${ORIGIN}.evil`]) {
      const response = await host.ask('POST', START, { headers: { origin } });
      expect([origin, ...(await fault(response))]).toEqual([origin, 403, 'origin_refused']);
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
    }
    expect((await body<StatsStatus>(await host.ask('GET', STATUS), StatsStatus)).armed).toBe(false);
  });

  test('that are named may call, read errors, and are answered before they ask', async () => {
    const host = fakeApi();
    const headers = { origin: ORIGIN };
    const preflight = await host.raw(START, {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-private-network': 'true',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(preflight.headers.get('access-control-allow-private-network')).toBe('true');
    const started = await host.ask('POST', START, { headers });
    expect([started.status, started.headers.get('access-control-allow-origin')]).toEqual([
      200,
      ORIGIN,
    ]);
    const refused = await host.raw(STATUS, { headers });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      401,
      ORIGIN,
    ]);
    const foreign = await host.raw(START, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(await fault(foreign)).toEqual([403, 'origin_refused']);
  });

  test('cannot frame us, and our page loads nothing from elsewhere', async () => {
    const host = fakeApi();
    for (const path of ['/', '/docs', STATUS, '/nothing']) {
      const { headers } = await host.raw(path);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    for (const path of ['/', '/docs']) {
      const html = await (await host.raw(path)).text();
      expect(html).not.toMatch(/https?:\/\//);
      expect(html).not.toMatch(/<script>|style=/);
    }
  });
});

describe('malformed requests', () => {
  test('are answered with a sentence and a code', async () => {
    const host = fakeApi();
    const json = { 'content-type': 'application/json' };
    const post = (text: string, headers: Record<string, string> = json) =>
      host.ask('POST', TEST_STREAMS, { body: text, headers });
    expect(await fault(await post('{bad'))).toEqual([400, 'bad_json']);
    expect(await fault(await post('[]'))).toEqual([422, 'invalid']);
    expect(await fault(await post('{"seconds":"x"}'))).toEqual([422, 'invalid']);
    expect(await fault(await post('{"sekunden":1}'))).toEqual([422, 'invalid']);
    expect(await fault(await post('seconds=1', { 'content-type': 'text/plain' }))).toEqual([
      415,
      'json_needed',
    ]);
    const large = (path: string, bytes: number) =>
      host.ask('POST', path, {
        body: `{"x":"${'x'.repeat(bytes)}"}`,
        headers: { ...json, 'content-length': String(bytes + 8) },
      });
    expect(await fault(await large(START, 70_000))).toEqual([413, 'body_too_large']);
    // Scripts of faults are long.
    expect(await fault(await large(TEST_STREAMS, 1_000_000))).toEqual([422, 'invalid']);
    expect(await fault(await large(TEST_STREAMS, 2_200_000))).toEqual([413, 'body_too_large']);
    expect(await fault(await host.ask('GET', '/api/v1/nothing'))).toEqual([404, 'not_found']);
    expect(await fault(await host.ask('PUT', START))).toEqual([405, 'method_not_allowed']);
    const wrong = await host.ask('GET', START);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect(await fault(wrong)).toEqual([405, 'method_not_allowed']);
    // Not those of /clients/{id}, which this path looks like too.
    const pin = await host.ask('PUT', `${API}/clients/pin`);
    expect([pin.status, pin.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('name the field that is wrong', async () => {
    const host = fakeApi();
    const response = await host.ask('POST', TEST_STREAMS, {
      body: '{"seconds":-1}',
      headers: { 'content-type': 'application/json' },
    });
    const { error } = await body<ApiError>(response, ApiError);
    expect(error).toContain('seconds');
  });
});
