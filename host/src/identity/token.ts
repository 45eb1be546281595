// The operator's token: made at first start, kept 0600 in the config directory, or in memory when nothing can be
// written there.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf, systemCode } from '../errors.ts';

export interface Token {
  readonly value: string;
  /** Where it is kept; undefined = only in this process. */
  readonly path: string | undefined;
  /** Why it is only in memory, or what was mended. */
  readonly note: string | undefined;
}

/** Reads the token, or makes one. Never fails: without a place to keep it, it lives as long as the process. */
export function loadToken(configDir: string | undefined): Token {
  if (configDir === undefined) {
    return inMemory('there is no config directory; set PUNKTFUNK_CONFIG_DIR');
  }
  const path = join(configDir, 'token');
  try {
    return existing(path) ?? created(configDir, path);
  } catch (error) {
    return inMemory(`${path} cannot be used: ${reasonOf(error)}`);
  }
}

function existing(path: string): Token | undefined {
  let value: string;
  try {
    value = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[A-Za-z0-9_-]{16,256}$/.test(value)) {
    throw new Error(
      'it holds no token (16 to 256 letters, digits, - or _); delete it for a new one',
    );
  }
  if ((statSync(path).mode & 0o077) === 0) return { value, path, note: undefined };
  chmodSync(path, 0o600);
  return { value, path, note: 'others could read the token file; its mode is 0600 now' };
}

function created(configDir: string, path: string): Token {
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  const value = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    writeFileSync(path, `${value}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // Another instance was faster: its token is the token.
    const other = systemCode(error) === 'EEXIST' ? existing(path) : undefined;
    if (other === undefined) throw error;
    return other;
  }
  return { value, path, note: undefined };
}

function inMemory(note: string): Token {
  return { value: randomBytes(TOKEN_BYTES).toString('base64url'), path: undefined, note };
}

const TOKEN_BYTES = 32;
