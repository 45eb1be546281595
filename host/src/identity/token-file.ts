// tokens.json: the named tokens as they lie on disk, 0600, whole or not at all. Holds hashes, never a value: whoever
// reads the file or a backup of it cannot call the API.
import { readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Scope } from '../../../contract/tokens.ts';
import { systemCode } from '../errors.ts';
import { replacePrivateFile } from './files.ts';

export const StoredToken = Type.Object({
  token_id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  name: Type.String({ minLength: 1, maxLength: 64 }),
  scope: Scope,
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  created_unix_ms: Type.Integer({ minimum: 0 }),
  last_used_unix_ms: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type StoredToken = Static<typeof StoredToken>;

/** Reads the tokens; none when there is no file. Throws with a reason when it is not such a file. */
export function readTokens(path: string): StoredToken[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const data: unknown = JSON.parse(text);
  if (isNewer(data)) throw new Error('a newer version of this program wrote it');
  if (!isTokens(data)) throw new Error('it is no list of tokens');
  if (new Set(data.tokens.map(({ token_id }) => token_id)).size < data.tokens.length) {
    throw new Error('two of its tokens have the same id');
  }
  return data.tokens;
}

/** Writes the tokens: after a crash the file is the old or the new one. */
export function writeTokens(path: string, tokens: readonly StoredToken[]): void {
  replacePrivateFile(path, `${JSON.stringify({ version: VERSION, tokens }, undefined, 2)}\n`);
}

const VERSION = 1;
/** More than anybody names, and each request compares with all of them. */
export const MOST_TOKENS = 64;

const TokensFile = Type.Object({
  version: Type.Literal(VERSION),
  tokens: Type.Array(StoredToken, { maxItems: MOST_TOKENS }),
});

function isTokens(data: unknown): data is Static<typeof TokensFile> {
  return Value.Check(TokensFile, data);
}

function isNewer(data: unknown): boolean {
  return (
    typeof data === 'object' &&
    data !== null &&
    'version' in data &&
    typeof data.version === 'number' &&
    data.version > VERSION
  );
}
