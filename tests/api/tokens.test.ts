// Named tokens: what is kept, what is not, and what a broken file does.
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import type { Scope } from '../../contract/tokens.ts';
import { CreatedToken, TokenInfo } from '../../contract/tokens.ts';
import { Tokens } from '../../host/src/identity/tokens.ts';
import { Logger } from '../../host/src/log.ts';
import { API, body, fault, jsonBody } from '../support/api.ts';
import { fakeApi, TOKEN, temporaryFolder } from '../support/fake-api.ts';

const TOKENS = `${API}/tokens`;

/** A store on a clock of its own; random bytes count up. */
function store(configDir: string | undefined = temporaryFolder()) {
  const lines: string[] = [];
  const clock = { unixMs: 1_000_000 };
  let next = 0;
  const open = () =>
    new Tokens({
      builtin: { value: TOKEN, path: undefined, note: undefined },
      configDir,
      log: new Logger({
        format: 'json',
        level: 'debug',
        write: (line) => lines.push(line),
        now: () => 0,
      }),
      nowUnixMs: () => clock.unixMs,
      randomBytes: (count) => {
        next += 1;
        return new Uint8Array(count).fill(next);
      },
    });
  return { open, tokens: open(), lines, clock, path: join(configDir ?? '', 'tokens.json') };
}

describe('a named token', () => {
  test('is 32 random bytes behind pf_, and works until it is revoked, also after a restart', () => {
    const { tokens, open } = store();
    const { token, info } = tokens.create({ name: 'widget', scope: 'stats' });
    expect(token).toBe(`pf_${Buffer.alloc(32, 1).toString('base64url')}`);
    expect(info).toEqual({
      token_id: '02'.repeat(8),
      name: 'widget',
      scope: 'stats',
      created_unix_ms: 1_000_000,
      builtin: false,
    });
    expect(tokens.check(token)).toEqual({ id: info.token_id, scope: 'stats' });
    const reopened = open();
    expect(reopened.check(token)).toEqual({ id: info.token_id, scope: 'stats' });
    expect(reopened.revoke(info.token_id)).toBe(true);
    expect(reopened.check(token)).toBeUndefined();
    expect(open().check(token)).toBeUndefined();
    expect(reopened.revoke(info.token_id)).toBe(false);
  });

  test('lies on disk as a hash, in a private file, and in no log line', () => {
    const { tokens, path, lines } = store();
    const { token } = tokens.create({ name: 'widget', scope: 'admin' });
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(token.slice(3));
    expect(text).toContain(createHash('sha256').update(token).digest('hex'));
    expect(JSON.parse(text).version).toBe(1);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['tokens.json']);
    expect(lines.join('')).not.toContain(token.slice(3));
    expect(lines.join('')).toContain('a token was made');
  });

  test('is right only as a whole', () => {
    const { tokens } = store();
    const { token } = tokens.create({ name: 'widget', scope: 'admin' });
    for (const wrong of ['', 'pf_', token.slice(0, -1), `${token}x`, token.slice(3), ` ${token}`]) {
      expect([wrong, tokens.check(wrong)]).toEqual([wrong, undefined]);
    }
    expect(tokens.check(TOKEN)).toEqual({ id: 'builtin', scope: 'admin' });
  });

  test('tells when it was last used at once, and the disk at most once a minute', () => {
    const { tokens, clock, path } = store();
    const { token, info } = tokens.create({ name: 'widget', scope: 'stats' });
    const used = () => tokens.list().find(({ token_id }) => token_id === info.token_id);
    expect(used()?.last_used_unix_ms).toBeUndefined();
    clock.unixMs += 1000;
    tokens.check(token);
    expect(used()?.last_used_unix_ms).toBe(clock.unixMs);
    expect(readFileSync(path, 'utf8')).not.toContain('last_used');
    clock.unixMs += 60_000;
    tokens.check(token);
    expect(JSON.parse(readFileSync(path, 'utf8')).tokens[0].last_used_unix_ms).toBe(clock.unixMs);
    const written = readFileSync(path, 'utf8');
    clock.unixMs += 59_999;
    tokens.check(token);
    expect(readFileSync(path, 'utf8')).toBe(written);
  });

  test('is one of at most 64', () => {
    const { tokens } = store();
    for (let i = 0; i < 64; i += 1) tokens.create({ name: `t${i}`, scope: 'stats' });
    expect(() => tokens.create({ name: 'one more', scope: 'stats' })).toThrow('64 tokens');
  });

  test('that is revoked is told to whoever listens, once', () => {
    const { tokens } = store();
    const { info } = tokens.create({ name: 'widget', scope: 'stats' });
    const told: string[] = [];
    const stop = tokens.onRevoked((id) => told.push(id));
    tokens.revoke(info.token_id);
    tokens.revoke(info.token_id);
    stop();
    tokens.revoke(tokens.create({ name: 'other', scope: 'stats' }).info.token_id);
    expect(told).toEqual([info.token_id]);
  });
});

describe('tokens.json', () => {
  const right = {
    token_id: '00'.repeat(8),
    name: 'x',
    scope: 'stats',
    sha256: 'aa'.repeat(32),
    created_unix_ms: 1,
  };
  const broken: readonly (readonly [what: string, text: string])[] = [
    ['no JSON', '{'],
    ['nothing', ''],
    ['another thing', '[]'],
    ['a newer version', '{"version":2,"tokens":[]}'],
    ['an unknown scope', JSON.stringify({ version: 1, tokens: [{ ...right, scope: 'root' }] })],
    ['a short hash', JSON.stringify({ version: 1, tokens: [{ ...right, sha256: 'aa' }] })],
    ['one id twice', JSON.stringify({ version: 1, tokens: [right, right] })],
  ];
  for (const [what, text] of broken) {
    test(`with ${what} leaves the builtin token, stays as it is, and says so`, () => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'tokens.json'), text);
      const { tokens, lines, path } = store(folder);
      expect(tokens.list().map(({ builtin }) => builtin)).toEqual([true]);
      expect(tokens.check(TOKEN)?.scope).toBe('admin');
      expect(lines.join('')).toContain('tokens.json cannot be used');
      expect(() => tokens.create({ name: 'x', scope: 'stats' })).toThrow('Move it away');
      expect(readFileSync(path, 'utf8')).toBe(text);
    });
  }

  test('that cannot be written leaves everything as it was', () => {
    const folder = join(temporaryFolder(), 'file');
    writeFileSync(folder, '');
    // A file where the folder should be: nobody can write there, root neither.
    const { tokens } = store(folder);
    expect(() => tokens.create({ name: 'x', scope: 'stats' })).toThrow();
    expect(tokens.list()).toHaveLength(1);
  });
});

describe('tokens over the API', () => {
  test('are made, listed without their value, and revoked', async () => {
    const host = fakeApi();
    const answer = await host.ask('POST', TOKENS, jsonBody({ name: 'deck', scope: 'stats' }));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { token, info } = await body<CreatedToken>(answer, CreatedToken);
    const text = await (await host.ask('GET', TOKENS)).text();
    expect(text).toContain(info.token_id);
    expect(text).not.toContain(token);
    expect(text).not.toContain('sha256');
    expect((await host.ask('GET', `${API}/stats/recordings`, {}, token)).status).toBe(200);
    expect((await host.ask('DELETE', `${TOKENS}/${info.token_id}`)).status).toBe(204);
    expect(await fault(await host.ask('GET', `${API}/stats/recordings`, {}, token))).toEqual([
      401,
      'unauthorized',
    ]);
    expect(await fault(await host.ask('DELETE', `${TOKENS}/${info.token_id}`))).toEqual([
      404,
      'token_not_found',
    ]);
    const list = await body<TokenInfo[]>(await host.ask('GET', TOKENS), Type.Array(TokenInfo));
    expect(list.map(({ token_id }) => token_id)).toEqual(['builtin']);
  });

  test('cannot revoke the token file, and take only known scopes and named tokens', async () => {
    const host = fakeApi();
    expect(await fault(await host.ask('DELETE', `${TOKENS}/builtin`))).toEqual([
      409,
      'builtin_token',
    ]);
    for (const wrong of [
      { name: '', scope: 'stats' },
      { name: 'x'.repeat(65), scope: 'stats' },
      { name: 'x', scope: 'root' },
      { name: 'x', scope: 'stats', sha256: 'y' },
      { scope: 'stats' },
    ]) {
      expect(await fault(await host.ask('POST', TOKENS, jsonBody(wrong)))).toEqual([
        422,
        'invalid',
      ]);
    }
  });

  test('of every scope but admin cannot make tokens of their own', async () => {
    const host = fakeApi();
    for (const scope of ['stats', 'host:read'] satisfies Scope[]) {
      const { token } = host.tokens.create({ name: scope, scope });
      const made = host.ask('POST', TOKENS, jsonBody({ name: 'x', scope: 'admin' }), token);
      expect(await fault(await made)).toEqual([403, 'scope_missing']);
    }
  });
});
