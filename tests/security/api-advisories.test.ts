// One test named after each advisory that hosts of this kind had in their web side (GameStream's have a file of their
// own), over the API’s real listener on loopback.
import { describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { CreatedToken } from '../../contract/tokens.ts';
import { openApiDocument } from '../../host/src/api/openapi.ts';
import { API, body, ENDLESS, jsonBody, ROUTES, START, STOP } from '../support/api.ts';
import { type ApiServer as ApiServerOf, apiServerOf, exchange } from '../support/api-server.ts';
import { sessionOf } from '../support/fake-collaborators.ts';
import { fakeHost, TOKEN, temporaryFolder } from '../support/fake-host.ts';

type ApiServer = ApiServerOf<ReturnType<typeof fakeHost>>;

const CANARY = 'canary-3f9c2e';

describe('CVE-2024-31220: no path leads out of what is served', () => {
  test('encoded, doubled, absolute, NUL, backslash and link paths open nothing outside', async () => {
    await using server = await withCanary();
    for (const path of WAYS_OUT) {
      for (const root of ['', '/assets', `${API}/stats/recordings`, '/docs']) {
        const answer = await asked(server, 'GET', `${root}${path}`);
        expect([root, path, answer.includes(CANARY)]).toEqual([root, path, false]);
        expect([root, path, /^HTTP\/1\.1 4\d\d /.test(answer)]).toEqual([root, path, true]);
      }
    }
    // And none deletes anything.
    for (const path of WAYS_OUT) {
      await asked(server, 'DELETE', `${API}/stats/recordings${path}`);
    }
    expect(readFileSync(join(server.host.configDir, 'secret.json'), 'utf8')).toContain(CANARY);
  }, 60_000);

  test('a link among the recordings is no recording', async () => {
    await using server = await withCanary();
    const { configDir } = server.host;
    symlinkSync(
      join(configDir, 'secret.json'),
      join(configDir, 'captures', '2026-01-01T00-00-00Z.json'),
    );
    symlinkSync('/etc', join(configDir, 'captures', 'etc'));
    const list = await asked(server, 'GET', `${API}/stats/recordings`);
    expect(list).toContain('200 OK');
    expect(list).not.toContain(CANARY);
    for (const id of ['2026-01-01T00-00-00Z', 'etc', 'etc/passwd', 'etc%2fpasswd']) {
      const answer = await asked(server, 'GET', `${API}/stats/recordings/${id}`);
      expect([id, /^HTTP\/1\.1 404 /.test(answer), answer.includes(CANARY)]).toEqual([
        id,
        true,
        false,
      ]);
    }
  });

  test('whatever an address is made of, nothing outside is read', async () => {
    const host = fakeHost({ configDir: canaryFolder() });
    const statuses = new Set<number>();
    const piece = fc.constantFrom(
      ...['..', '.', '/', '//', '\\', '%2e', '%2E%2e', '%2f', '%5c', '%00', '%252e', '%c0%af'],
      ...['secret.json', 'captures', 'etc', 'passwd', 'assets', '?', '#', ';', ':', '~', ' ', '\t'],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const path = pieces.join('');
        for (const root of ['/', '/assets/', `${API}/stats/recordings/`]) {
          const response = await host
            .ask('GET', `${root}${path}`)
            .catch(() => new Response(undefined, { status: 400 }));
          const text = await response.text();
          statuses.add(response.status);
          if (response.status >= 500 || text.includes(CANARY) || text.includes('root:')) {
            throw new Error(`${response.status} at ${root}${path}`);
          }
        }
      }),
      { numRuns: 300 },
    );
    // The routes were reached: 200 is the page, 404 what does not exist.
    expect([statuses.has(200), statuses.has(404)]).toEqual([true, true]);
  }, 30_000);
});

describe('CVE-2025-53095: a page of somebody else cannot make this host do anything', () => {
  test('every route that changes something refuses foreign pages, forms and borrowed names', async () => {
    await using server = await apiServerOf(fakeHost);
    const { port } = server.listener;
    const own = `127.0.0.1:${port}`;
    const changing = await changingRoutes(populated(server));
    expect(changing.length).toBeGreaterThan(12);
    const before = stateOf(server);
    for (const [method, path] of changing) {
      const cases: readonly (readonly [
        what: string,
        headers: Record<string, string>,
        code: string,
      ])[] = [
        // A browser has no token to lend: it is in no cookie.
        ['no token', { origin: `http://${own}` }, 'unauthorized'],
        ['a cookie', { cookie: `token=${TOKEN}`, origin: 'https://evil.example' }, 'unauthorized'],
        ['basic', { authorization: `Basic ${btoa(`:${TOKEN}`)}` }, 'unauthorized'],
        // And with a token that got out, a browser’s page is still refused.
        ['a foreign origin', { ...BEARER, origin: 'https://evil.example' }, 'origin_refused'],
        ['a null origin', { ...BEARER, origin: 'null' }, 'origin_refused'],
        ['another port', { ...BEARER, origin: 'http://127.0.0.1:1' }, 'origin_refused'],
        ['another scheme', { ...BEARER, origin: `https://${own}` }, 'origin_refused'],
        ['a rebound name', { ...BEARER, host: `evil.example:${port}` }, 'host_refused'],
        ['a rebound name with its origin', rebound(`evil.example:${port}`), 'host_refused'],
        ['no port', { ...BEARER, host: '127.0.0.1' }, 'host_refused'],
        ['a form', { ...BEARER, ...FORM }, 'json_needed'],
        [
          'a multipart form',
          { ...BEARER, 'content-type': 'multipart/form-data; boundary=x' },
          'json_needed',
        ],
        ['plain text', { ...BEARER, 'content-type': 'text/plain' }, 'json_needed'],
        ['no type', { ...BEARER, 'content-type': '' }, 'json_needed'],
        ['nearly JSON', { ...BEARER, 'content-type': 'application/jsonp' }, 'json_needed'],
      ];
      for (const [what, headers, code] of cases) {
        const answer = await asked(server, method, path, headers, '{"pin":"1234"}');
        expect([method, path, what, answer.includes(`"code":"${code}"`)]).toEqual([
          method,
          path,
          what,
          true,
        ]);
      }
    }
    expect(stateOf(server)).toEqual(before);
  }, 60_000);

  test('no preflight of a foreign page is answered', async () => {
    await using server = await apiServerOf(fakeHost);
    for (const [method, path] of await changingRoutes(populated(server))) {
      const answer = await asked(server, 'OPTIONS', path, {
        origin: 'https://evil.example',
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization',
      });
      expect(answer).toContain('403 Forbidden');
      expect(answer.toLowerCase()).not.toContain('access-control-allow');
    }
  });

  test('a script with the token works, with and without the page’s own origin', async () => {
    await using server = await apiServerOf(fakeHost);
    const own = `http://127.0.0.1:${server.listener.port}`;
    const ids = populated(server);
    for (const [method, path] of await changingRoutes(ids)) {
      // The app would take its sessions along.
      if (method !== 'DELETE' || !/\/(clients|sessions|pairing|tokens)\//.test(path)) continue;
      const answer = await asked(server, method, path, { ...BEARER, origin: own });
      expect([path, /^HTTP\/1\.1 204/.test(answer)]).toEqual([path, true]);
    }
    const { host } = server;
    expect([host.clients.list(), host.streams.list(), host.pairing.waiting]).toEqual([[], [], []]);
    expect(host.tokens.list()).toHaveLength(1);
    for (const headers of [{}, { origin: own }]) {
      const made = await asked(
        server,
        'POST',
        `${API}/tokens`,
        { ...BEARER, ...headers, 'content-type': 'application/json; charset=utf-8' },
        '{"name":"x","scope":"stats"}',
      );
      expect(made).toStartWith('HTTP/1.1 201');
    }
  });
});

describe('CVE-2025-53096: no page can frame anything of this host', () => {
  test('every answer, well or not, says frame-ancestors none', async () => {
    await using server = await apiServerOf(fakeHost);
    const paths: readonly (readonly [
      method: string,
      path: string,
      headers: Record<string, string>,
    ])[] = [
      ...['/', '/docs', '/openapi.json', '/assets/docs.js', `${API}/health`, '/nothing'].map(
        (path) => ['GET', path, {}] as const,
      ),
      ...ROUTES.filter(([, path]) => !ENDLESS.includes(path)).map(
        ([method, path]) => [method, path, BEARER] as const,
      ),
      ['GET', `${API}/host`, {}],
      ['GET', `${API}/health`, { host: 'evil.example' }],
      ['PUT', START, BEARER],
      [
        'OPTIONS',
        START,
        { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
      ],
    ];
    for (const [method, path, headers] of paths) {
      const answer = (await asked(server, method, path, headers)).toLowerCase();
      expect([method, path, answer.includes("frame-ancestors 'none'")]).toEqual([
        method,
        path,
        true,
      ]);
      expect([method, path, answer.includes('x-frame-options: deny')]).toEqual([
        method,
        path,
        true,
      ]);
    }
  });
});

describe('PR#4955 (no id): secrets are in no log, no answer and no file', () => {
  test('tokens, named and wrong ones, and PINs leave no trace', async () => {
    const host = fakeHost();
    const created = await host.ask(
      'POST',
      `${API}/tokens`,
      jsonBody({ name: 'x', scope: 'stats' }),
    );
    const { token } = await body<CreatedToken>(created, CreatedToken);
    const guess = `${CANARY}-guess`;
    const pin = '7391';
    const answers: string[] = [];
    const note = async (response: Promise<Response>): Promise<void> => {
      const known = await response;
      answers.push(await known.text(), JSON.stringify(Object.fromEntries(known.headers)));
    };

    // Used well, used wrongly, refused, in places where they do not belong.
    for (const value of [token, guess, TOKEN]) {
      for (const [method, path] of ROUTES) {
        if (ENDLESS.includes(path)) continue;
        await note(host.ask(method, path, {}, value));
      }
      await note(host.raw(`${API}/host`, { headers: { authorization: `Basic ${value}` } }));
      await note(host.raw(`${API}/host?token=${value}`));
      await note(host.ask('GET', `${API}/nothing/${value}`));
    }
    for (let i = 0; i < 25; i += 1) await note(host.ask('GET', `${API}/host`, {}, `${guess}-${i}`));
    host.pairing.knock('a1', 'Phone');
    for (const wrong of [
      { pin, attempt_id: 'zz' },
      { pin, name: '' },
      { pin: Number(pin) },
      { pin, x: 1 },
    ]) {
      await note(host.ask('POST', `${API}/clients/pin`, jsonBody(wrong)));
    }
    await note(
      host.ask('POST', `${API}/clients/pin`, { ...jsonBody({}), body: `{"pin":"${pin}"` }),
    );
    await note(host.ask('POST', `${API}/clients/pin`, jsonBody({ pin })));
    host.pairing.enterPin = async () => {
      throw new Error('the store is broken');
    };
    await note(host.ask('POST', `${API}/clients/pin`, jsonBody({ pin })));
    await host.ask('POST', START);
    await host.pass(1000);
    await note(host.ask('POST', STOP));

    const log = host.lines.join('\n');
    expect(log).toContain('request failed');
    expect(log).toContain('guesses tokens');
    const kept = filesBelow(host.configDir);
    expect(kept.length).toBeGreaterThan(2);
    for (const secret of [token, token.slice(3), TOKEN, guess, pin]) {
      expect([secret, log.includes(secret)]).toEqual([secret, false]);
      expect([secret, kept.some((text) => text.includes(secret))]).toEqual([secret, false]);
    }
    for (const secret of [token, token.slice(3), TOKEN, guess, pin]) {
      expect([secret, answers.filter((text) => text.includes(secret))]).toEqual([secret, []]);
    }
  });
});

/** A server with recordings and, beside them, a file that nobody may read. */
async function withCanary(): Promise<ApiServer> {
  return apiServerOf(fakeHost, 'http', { configDir: canaryFolder() });
}

function canaryFolder(): string {
  const configDir = temporaryFolder();
  mkdirSync(join(configDir, 'captures'));
  writeFileSync(join(configDir, 'secret.json'), `{"meta":{"id":"${CANARY}"},"samples":[]}`);
  writeFileSync(join(configDir, 'secret.json.gz'), gzipSync(CANARY));
  writeFileSync(join(configDir, 'token'), CANARY);
  return configDir;
}

/** Sends a request whose target is exactly what is given: no client has tidied it. */
function asked(
  { listener: { port } }: ApiServer,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = BEARER,
  content = '',
): Promise<string> {
  const type =
    content === '' || 'content-type' in headers ? {} : { 'content-type': 'application/json' };
  const all = {
    host: `127.0.0.1:${port}`,
    connection: 'close',
    ...(content === '' ? {} : { 'content-length': String(content.length) }),
    ...type,
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return exchange(port, `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${content}`);
}

/** Something of everything that a route could change; the ids to name it by, by their routes. */
function populated({ host }: ApiServer): Readonly<Record<string, string>> {
  const client = '01'.repeat(32);
  host.clients.add(client, 'Deck');
  host.streams.extra.push(sessionOf(7, 'Deck'));
  host.pairing.knock('a1', 'Phone');
  const { info } = host.tokens.create({ name: 'a test', scope: 'stats' });
  return { clients: client, sessions: '7', pairing: 'a1', tokens: info.token_id, recordings: 'x' };
}

/** Everything of the specification that is no GET, with ids of what exists. */
async function changingRoutes(
  ids: Readonly<Record<string, string>>,
): Promise<readonly (readonly [method: string, path: string])[]> {
  const document: unknown = await openApiDocument();
  return entries(entries(document).find(([name]) => name === 'paths')?.[1]).flatMap(
    ([path, item]) =>
      entries(item)
        .filter(([method]) => method !== 'get')
        .map(([method]) => {
          const known = path.replace(
            /(\w+)\/\{\w+\}$/,
            (_, kind: string) => `${kind}/${ids[kind]}`,
          );
          return [method.toUpperCase(), known] as const;
        }),
  );
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

function stateOf({ host }: ApiServer): string {
  const { last_used_unix_ms: _used, ...builtin } = host.tokens.list()[0] ?? {};
  return JSON.stringify([
    builtin,
    host.tokens.list().length,
    host.clients.list(),
    host.streams.list(),
    host.pairing.waiting,
    host.testStreams.state(),
    host.recorder.status(),
  ]);
}

function rebound(name: string): Record<string, string> {
  return { ...BEARER, host: name, origin: `http://${name}` };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}

const BEARER = { authorization: `Bearer ${TOKEN}` } as const;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const;
const WAYS_OUT = [
  ...['/../secret.json', '/../../secret.json', '/../../../../../../etc/passwd', '//etc/passwd'],
  ...['/%2e%2e/secret.json', '/%2e%2e%2fsecret.json', '/..%2fsecret.json', '/.%2e/secret.json'],
  ...[
    '/%252e%252e%252fsecret.json',
    '/..%252fsecret.json',
    '/..%5csecret.json',
    '/..\\secret.json',
  ],
  ...['/%5c..%5csecret', '/....//secret.json', '/..;/secret.json', '/..%00/secret.json'],
  ...['/secret.json%00.json', '/%c0%ae%c0%ae/secret.json', '/%e0%80%ae%e0%80%ae/secret.json'],
  ...['/%u002e%u002e/secret.json', '/etc/passwd', '/%2fetc%2fpasswd', '/file:///etc/passwd'],
  ...['/..%2fsecret', '/..%2ftoken', '/..%2f..%2ftoken', '/C:%5cwindows%5cwin.ini', '/$bunfs/root'],
  ...['/../node_modules/typescript/package.json', '/..%2f..%2fpackage.json', '/proc/self/environ'],
];
