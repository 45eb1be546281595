import { describe, expect, test } from 'bun:test';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadToken } from '../../host/src/identity/token.ts';
import { Logger } from '../../host/src/log.ts';
import { temporaryFolder } from '../support/fake-host.ts';

function logger(format: 'text' | 'json', level: 'debug' | 'info' | 'warn' | 'error' = 'debug') {
  const lines: string[] = [];
  const log = new Logger({ format, level, write: (line) => lines.push(line), now: () => 0 });
  return { log, lines };
}

describe('log lines', () => {
  test('are JSON objects for machines', () => {
    const { log, lines } = logger('json');
    log.child('api').info('serving', { port: 1, at: 5n });
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        time: '1970-01-01T00:00:00.000Z',
        level: 'info',
        target: 'api',
        message: 'serving',
        port: 1,
        at: '5',
      },
    ]);
  });

  test('are one line of text for people, whatever a peer put into them', () => {
    const { log, lines } = logger('text');
    log.warn('bad ping', { from: 'x\n00:00 error forged\u001b[2J\u009b', more: { a: 1 } });
    expect(lines).toEqual([
      '00:00:00.000 warn  host: bad ping from=x\\xa00:00 error forged\\x1b[2J\\x9b more={"a":1}\n',
    ]);
  });

  test('below the level are left out', () => {
    const { log, lines } = logger('json', 'warn');
    log.debug('a');
    log.info('b');
    log.error('c');
    expect(lines).toHaveLength(1);
  });

  test('never hold a secret, by name or by value, in any form', () => {
    for (const format of ['text', 'json'] as const) {
      const { log, lines } = logger(format);
      log.secret('s3cr3t-"value"');
      log.child('x').info('got s3cr3t-"value" in the text', {
        token: 'abc-by-name',
        Authorization: 'Bearer abc-by-name',
        nested: { password: 'abc-by-name', list: [{ pin: 'abc-by-name' }] },
        ping_payload: 'abc-by-name',
        url: 'http://127.0.0.1/#token=s3cr3t-"value"',
      });
      const all = lines.join('');
      expect(all).not.toContain('abc-by-name');
      expect(all).not.toContain('s3cr3t');
      expect(all).toContain('[redacted]');
    }
  });
});

describe('the token', () => {
  test('is made once, private, and kept', () => {
    const folder = join(temporaryFolder(), 'new', 'punktfunk');
    const first = loadToken(folder);
    expect(first.value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(first.note).toBeUndefined();
    expect(statSync(join(folder, 'token')).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(loadToken(folder).value).toBe(first.value);
  });

  test('that others could read is closed to them, and said', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), 'abcdefghijklmnopqrstuvwxyz\n');
    chmodSync(join(folder, 'token'), 0o644);
    const token = loadToken(folder);
    expect(token.value).toBe('abcdefghijklmnopqrstuvwxyz');
    expect(token.note).toContain('0600');
    expect(statSync(join(folder, 'token')).mode & 0o777).toBe(0o600);
  });

  test('lives in memory when it cannot be kept, and the file is left as it is', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), 'short');
    const token = loadToken(folder);
    expect([token.path, token.value.length]).toEqual([undefined, 43]);
    expect(token.note).toContain('holds no token');
    expect(readFileSync(join(folder, 'token'), 'utf8')).toBe('short');
    expect(loadToken(undefined).path).toBeUndefined();
    const blocked = join(temporaryFolder(), 'file');
    writeFileSync(blocked, '');
    expect(loadToken(join(blocked, 'below')).note).toContain(blocked);
  });
});
