// The commands that call the running host, against a fake host on an ephemeral port: words, answers, exit codes, and
// whom they trust.
import { describe, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { type ApiServer, apiServer } from '../support/api-server.ts';
import { type Ran, ranCli } from '../support/cli.ts';
import { sessionOf } from '../support/fake-collaborators.ts';
import { TOKEN, temporaryFolder } from '../support/fake-host.ts';

const DECK = `0123${'01'.repeat(30)}`;
const PHONE = `0124${'01'.repeat(30)}`;

interface CliOptions {
  readonly terminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command with the configuration of this server. */
async function cli(server: ApiServer, line: string, options: CliOptions = {}): Promise<Ran> {
  return run(
    line,
    {
      PUNKTFUNK_CONFIG_DIR: server.host.configDir,
      PUNKTFUNK_API_PORT: String(server.listener.port),
      ...options.env,
    },
    options.terminal,
  );
}

function run(line: string, env: Readonly<Record<string, string>>, terminal = false): Promise<Ran> {
  return ranCli(line.split(' '), env, { terminal });
}

/** A server whose configuration holds its token, as a real host’s does. */
async function server(scheme: 'http' | 'https' = 'http'): Promise<ApiServer> {
  const configDir = temporaryFolder();
  writeFileSync(join(configDir, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  return apiServer(scheme, { configDir });
}

describe('pair', () => {
  test('lists who waits, in a table and as JSON', async () => {
    await using host = await server();
    expect(await cli(host, 'pair')).toEqual({
      code: 0,
      out: 'No device waits for a PIN.\n',
      err: '',
    });
    host.host.pairing.knock('a1', 'Phone');
    const { out, code } = await cli(host, 'pair');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('ATTEMPT  NAME   ADDRESS       CERTIFICATE       SINCE');
    expect(out.split('\n')[1]).toBe('a1       Phone  192.168.1.21  abababababababab  0 s ago');
    const json = JSON.parse((await cli(host, 'pair --json')).out);
    expect(json.attempts[0].attempt_id).toBe('a1');
  });

  test('enters a PIN and says who is paired', async () => {
    await using host = await server();
    host.host.pairing.knock('a1', 'Phone');
    expect(await cli(host, 'pair 1234 --name Kitchen')).toEqual({
      code: 0,
      out: 'Kitchen is paired (certificate abababababababab).\n',
      err: '',
    });
  });

  test('fails with the host’s sentence and code', async () => {
    await using host = await server();
    expect(await cli(host, 'pair 1234')).toEqual({
      code: 4,
      out: '',
      err: 'punktfunk-host pair: No device waits. [no_attempt]\n',
    });
    host.host.pairing.knock('a1', 'Phone');
    host.host.pairing.knock('a2', 'Deck');
    expect((await cli(host, 'pair 1234')).err).toContain('[several_attempts]');
    expect((await cli(host, 'pair 9999 --attempt a2')).err).toContain('[pairing_failed]');
    expect((await cli(host, 'pair 1234 --attempt a1')).code).toBe(0);
  });

  test('refuses what is no PIN before anything is sent, and does not repeat it', async () => {
    await using host = await server();
    for (const pin of ['123', '12345', 'abcd', '12.4']) {
      const { code, err } = await cli(host, `pair ${pin}`);
      expect([pin, code, err.includes(pin)]).toEqual([pin, 2, false]);
    }
    expect(host.host.tokens.list()[0]?.last_used_unix_ms).toBeUndefined();
  });
});

describe('clients', () => {
  test('are listed, renamed and revoked by the beginning of their id', async () => {
    await using host = await server();
    host.host.clients.add(DECK, 'Deck');
    host.host.clients.add(PHONE, 'Phone');
    const table = (await cli(host, 'clients')).out;
    expect(table).toBe((await cli(host, 'clients list')).out);
    expect(table).toContain(`${DECK.slice(0, 16)}  Deck`);
    expect((await cli(host, 'clients rename 0123 Bedroom')).out).toBe(
      'It is called Bedroom now.\n',
    );
    expect((await cli(host, 'clients revoke 012')).err).toContain('[client_not_found]');
    expect((await cli(host, 'clients revoke 0124')).out).toBe('Phone is not paired any more.\n');
    expect([...host.host.clients.known.values()].map(({ name }) => name)).toEqual(['Bedroom']);
    expect((await cli(host, 'clients revoke 0124')).code).toBe(4);
  });

  test('whose ids begin alike are not mixed up', async () => {
    await using host = await server();
    host.host.clients.add(`0123a${'0'.repeat(59)}`, 'One');
    host.host.clients.add(`0123b${'0'.repeat(59)}`, 'Two');
    expect((await cli(host, 'clients revoke 0123')).err).toContain('[several_clients]');
    expect(host.host.clients.known.size).toBe(2);
  });

  test('cannot move the cursor by their names', async () => {
    await using host = await server();
    host.host.clients.add(DECK, '\x1b[2J\x07evil\u202e');
    const { out } = await cli(host, 'clients');
    expect(out).toContain('?[2J?evil?');
    // JSON escapes them itself, and keeps what they are.
    const json = (await cli(host, 'clients --json')).out;
    expect(json).not.toContain('\x1b');
    expect(JSON.parse(json)[0].name).toBe('\x1b[2J\x07evil\u202e');
  });
});

describe('sessions', () => {
  test('are listed and ended', async () => {
    await using host = await server();
    expect((await cli(host, 'sessions')).out).toBe('Nobody watches.\n');
    host.host.streams.extra.push(sessionOf(7, 'Deck'));
    expect((await cli(host, 'sessions list')).out).toContain(
      '7   Deck    streaming  1280x720@60  10000 kb/s  Desktop  192.168.1.22',
    );
    expect(JSON.parse((await cli(host, 'sessions --json')).out)).toEqual([sessionOf(7, 'Deck')]);
    expect(await cli(host, 'sessions end 7')).toEqual({ code: 0, out: 'It is over.\n', err: '' });
    expect((await cli(host, 'sessions end 7')).err).toContain('[session_not_found]');
    expect((await cli(host, 'sessions end seven')).code).toBe(2);
  });
});

describe('token', () => {
  test('prints the builtin one without any host', async () => {
    await using host = await server();
    expect((await cli(host, 'token')).out).toBe(`${TOKEN}\n`);
    expect((await cli(host, 'token print', { env: { PUNKTFUNK_API_PORT: '1' } })).out).toBe(
      `${TOKEN}\n`,
    );
  });

  test('makes one, alone on a line of stdout, lists it without its value, and revokes it', async () => {
    await using host = await server();
    const made = await cli(host, 'token create --scope stats --name widget');
    expect([made.code, /^pf_[\w-]{43}\n$/.test(made.out)]).toEqual([0, true]);
    const id = host.host.tokens.list()[1]?.token_id ?? '';
    expect(made.err).toContain(id);
    const list = await cli(host, 'token list');
    expect(list.out).toContain(id);
    expect(list.out).not.toContain(made.out.trim());
    expect((await cli(host, `token revoke ${id}`)).out).toBe(`${id} is revoked.\n`);
    expect(host.host.tokens.check(made.out.trim())).toBeUndefined();
    expect((await cli(host, `token revoke ${id}`)).err).toContain('[token_not_found]');
    expect((await cli(host, 'token revoke ../clients')).err).toContain('[token_not_found]');
  });

  test('needs a scope that exists and a name', async () => {
    await using host = await server();
    for (const line of [
      'token create',
      'token create --name x',
      'token create --scope root --name x',
      'token create --scope stats',
      'token list --scope stats',
      'token print --json',
    ]) {
      expect([line, (await cli(host, line)).code]).toEqual([line, 2]);
    }
    expect(host.host.tokens.list()).toHaveLength(1);
  });
});

describe('over TLS', () => {
  const beyond = { env: { PUNKTFUNK_API_HOST: '0.0.0.0' } };

  test('the own certificate is trusted', async () => {
    await using host = await server('https');
    host.host.clients.add(DECK, 'Deck');
    const { code, out, err } = await cli(host, 'clients', beyond);
    expect([code, err, out.includes('Deck')]).toEqual([0, '', true]);
  });

  test('another certificate is told nothing, also one that looks the same', async () => {
    await using host = await server('https');
    const configDir = temporaryFolder();
    writeFileSync(join(configDir, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    // Made like the other: same names, another key.
    loadHostIdentity(configDir);
    const { code, err } = await run('clients', {
      PUNKTFUNK_CONFIG_DIR: configDir,
      PUNKTFUNK_API_PORT: String(host.listener.port),
      PUNKTFUNK_API_HOST: '0.0.0.0',
    });
    expect([code, err.includes('[not_this_host]')]).toEqual([1, true]);
    expect(host.host.tokens.list()[0]?.last_used_unix_ms).toBeUndefined();
  });

  test('without a certificate of our own nothing is asked, and none is made', async () => {
    await using host = await server('https');
    const configDir = temporaryFolder();
    const { code, err } = await run('clients', {
      PUNKTFUNK_CONFIG_DIR: configDir,
      PUNKTFUNK_API_PORT: String(host.listener.port),
      PUNKTFUNK_API_HOST: '0.0.0.0',
    });
    expect([code, err.includes('[host_not_running]')]).toEqual([3, true]);
    expect(existsSync(join(configDir, 'identity'))).toBe(false);
  });

  test('a plain host is not spoken to in the clear', async () => {
    await using host = await server('http');
    const { code } = await cli(host, 'clients', beyond);
    expect(code).toBe(3);
    expect(host.host.tokens.list()[0]?.last_used_unix_ms).toBeUndefined();
  });
});

describe('any of them', () => {
  test('says when no host runs, and which port to name', async () => {
    const configDir = temporaryFolder();
    // A port that was free a moment ago.
    const passing = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
    const { port } = passing;
    await passing.stop(true);
    const env = { PUNKTFUNK_CONFIG_DIR: configDir, PUNKTFUNK_API_PORT: String(port) };
    expect((await run('clients', env)).err).toContain('[host_not_running]');
    const free = await run('sessions', { ...env, PUNKTFUNK_API_PORT: '0' });
    expect([free.code, free.err.includes('[port_unknown]')]).toEqual([1, true]);
    expect((await run(`sessions --api-port ${port}`, env)).err).toContain(`:${port}`);
  });

  test('says when what answers there is something else', async () => {
    using other = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) =>
        request.url.endsWith('/clients')
          ? Response.json({ a: 1 })
          : new Response('<html>', { status: 404 }),
    });
    const env = {
      PUNKTFUNK_CONFIG_DIR: temporaryFolder(),
      PUNKTFUNK_API_PORT: String(other.port),
    };
    expect((await run('clients', env)).err).toContain('[strange_answer]');
    expect((await run('sessions', env)).err).toContain('[strange_answer]');
  });

  test('styles its heading for people at a terminal alone', async () => {
    await using host = await server();
    host.host.clients.add(DECK, 'Deck');
    expect((await cli(host, 'clients')).out).not.toContain('\x1b');
    expect((await cli(host, 'clients', { terminal: true })).out).toStartWith('\x1b[1mID');
    const plain = await cli(host, 'clients', { terminal: true, env: { NO_COLOR: '1' } });
    expect(plain.out).not.toContain('\x1b');
  });

  test('refuses words and options that fit nothing, with exit code 2', async () => {
    await using host = await server();
    for (const [line, sentence] of [
      [
        'clients rename x',
        '"rename x" fits none of nothing, "list", "rename ID NAME", "revoke ID"',
      ],
      ['clients delete x', '"delete x" fits none of'],
      ['clients list x', 'fits none of'],
      ['sessions end', 'fits none of'],
      ['pair 1234 5678', 'fits none of nothing, "PIN"'],
      ['pair --name x', '--name is for "PIN" alone'],
      ['pair --bogus', 'unknown option --bogus'],
      ['openapi x', 'unexpected argument "x"'],
    ] as const) {
      const { code, err } = await cli(host, line);
      expect([line, code, err.includes(sentence)]).toEqual([line, 2, true]);
    }
  });

  test('shows its forms and options in its help, whatever else was typed', async () => {
    await using host = await server();
    for (const [name, parts] of [
      ['pair', ['pair PIN', '--attempt ID', '--name NAME', '--json', '--api-port PORT']],
      ['clients', ['clients rename ID NAME', 'clients revoke ID', '--json']],
      ['sessions', ['sessions end ID', '--json']],
      ['token', ['token create', '--scope SCOPE', 'stats, host:read, admin', 'token revoke ID']],
    ] as const) {
      const { code, out } = await cli(host, `${name} --help`);
      expect([name, code, parts.filter((part) => !out.includes(part))]).toEqual([name, 0, []]);
    }
    const { out } = await cli(host, '--help');
    for (const name of ['pair', 'clients', 'sessions', 'token'])
      expect(out).toContain(`  ${name} `);
  });
});
