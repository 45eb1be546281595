// Who may call the API, and how far: the builtin token of the token file, which may everything, and named tokens with a
// scope each. Values exist only in the answer that makes them; what is kept are their SHA-256 hashes.
import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CreatedToken, Scope, TokenInfo, TokenRequest } from '../../../contract/tokens.ts';
import { AppError, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Token } from './token.ts';
import { MOST_TOKENS, readTokens, type StoredToken, writeTokens } from './token-file.ts';

/** What a token that was right allows. */
export interface Grant {
  readonly id: string;
  readonly scope: Scope;
}

export interface TokensOptions {
  readonly builtin: Token;
  /** Where tokens.json lies; undefined = no token can be named. */
  readonly configDir: string | undefined;
  readonly log: Log;
  readonly nowUnixMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

interface Kept {
  readonly info: StoredToken;
  readonly hash: Uint8Array;
}

export class Tokens {
  readonly #options: TokensOptions;
  readonly #path: string | undefined;
  readonly #builtinHash: Uint8Array;
  readonly #builtinCreatedUnixMs: number;
  readonly #onRevoked = new Set<(tokenId: string) => void>();
  #kept: readonly Kept[] = [];
  /** Why tokens.json is left as it is. */
  #broken: string | undefined;
  #builtinUsedUnixMs: number | undefined;
  #usesSavedUnixMs: number;

  /** Reads tokens.json. Never throws: with a broken file the builtin token still works, and the file stays. */
  constructor(options: TokensOptions) {
    this.#options = options;
    this.#builtinHash = sha256(options.builtin.value);
    this.#builtinCreatedUnixMs = createdUnixMs(options);
    this.#usesSavedUnixMs = options.nowUnixMs();
    this.#path =
      options.configDir === undefined ? undefined : join(options.configDir, 'tokens.json');
    if (this.#path === undefined) return;
    try {
      this.#kept = readTokens(this.#path).map(kept);
    } catch (error) {
      this.#broken = `${this.#path} cannot be used: ${reasonOf(error)}`;
      options.log.warn('named tokens do not work; only the token of the token file does', {
        note: this.#broken,
      });
    }
  }

  /** The builtin one, then the named ones in the order they were made. */
  list(): TokenInfo[] {
    const builtin: TokenInfo = {
      token_id: BUILTIN,
      name: 'token file',
      scope: 'admin',
      created_unix_ms: this.#builtinCreatedUnixMs,
      ...(this.#builtinUsedUnixMs === undefined
        ? {}
        : { last_used_unix_ms: this.#builtinUsedUnixMs }),
      builtin: true,
    };
    const named = this.#kept.map(({ info: { sha256: _hash, ...info } }) => ({
      ...info,
      builtin: false,
    }));
    return [builtin, ...named];
  }

  /** Makes a token. Throws AppError when there are too many or it cannot be kept. */
  create({ name, scope }: TokenRequest): CreatedToken {
    if (this.#kept.length >= MOST_TOKENS) {
      throw new AppError(
        409,
        'too_many_tokens',
        `There are ${MOST_TOKENS} tokens, which is the most; revoke one first.`,
      );
    }
    const { nowUnixMs, randomBytes } = this.#options;
    const token = `pf_${Buffer.from(randomBytes(VALUE_BYTES)).toString('base64url')}`;
    const made = kept({
      token_id: Buffer.from(randomBytes(ID_BYTES)).toString('hex'),
      name,
      scope,
      sha256: Buffer.from(sha256(token)).toString('hex'),
      created_unix_ms: nowUnixMs(),
    });
    this.#replace([...this.#kept, made]);
    this.#options.log.info('a token was made', { id: made.info.token_id, name, scope });
    const { sha256: _hash, ...info } = made.info;
    return { token, info: { ...info, builtin: false } };
  }

  /** Ends a token at once; false when there is none with this id. Throws AppError for the builtin one. */
  revoke(tokenId: string): boolean {
    if (tokenId === BUILTIN) {
      throw new AppError(
        409,
        'builtin_token',
        'The token of the token file cannot be revoked; delete the file and start the host again for a new one.',
      );
    }
    const rest = this.#kept.filter(({ info }) => info.token_id !== tokenId);
    if (rest.length === this.#kept.length) return false;
    this.#replace(rest);
    this.#options.log.info('a token was revoked', { id: tokenId });
    for (const listener of this.#onRevoked) listener(tokenId);
    return true;
  }

  /** What a value allows; undefined = nothing. Compares with every hash whatever the value is. */
  check(value: string): Grant | undefined {
    const hash = sha256(value);
    let grant: Grant | undefined = timingSafeEqual(hash, this.#builtinHash)
      ? { id: BUILTIN, scope: 'admin' }
      : undefined;
    for (const { info, hash: known } of this.#kept) {
      if (timingSafeEqual(hash, known)) grant = { id: info.token_id, scope: info.scope };
    }
    if (grant !== undefined) this.#used(grant.id);
    return grant;
  }

  /** Calls back with the id of each token that is revoked from now on; the answer ends that. */
  onRevoked(listener: (tokenId: string) => void): () => void {
    this.#onRevoked.add(listener);
    return () => this.#onRevoked.delete(listener);
  }

  /** Throws and changes nothing when it cannot be kept. */
  #replace(tokens: readonly Kept[]): void {
    if (this.#broken !== undefined) {
      throw new AppError(
        409,
        'tokens_broken',
        `${this.#broken}. Move it away and start the host again.`,
      );
    }
    if (this.#path === undefined) {
      throw new AppError(
        500,
        'tokens_unwritable',
        'A token could not be kept: there is no config directory; set PUNKTFUNK_CONFIG_DIR.',
      );
    }
    try {
      writeTokens(
        this.#path,
        tokens.map(({ info }) => info),
      );
    } catch (error) {
      throw new AppError(
        500,
        'tokens_unwritable',
        `${this.#path} cannot be written: ${reasonOf(error)}.`,
        { cause: error },
      );
    }
    this.#kept = tokens;
    this.#usesSavedUnixMs = this.#options.nowUnixMs();
  }

  /** Known at once, on disk at most once a minute: a poller must not keep the disk awake. */
  #used(id: string): void {
    const now = this.#options.nowUnixMs();
    if (id === BUILTIN) {
      this.#builtinUsedUnixMs = now;
      return;
    }
    this.#kept = this.#kept.map((entry) =>
      entry.info.token_id === id
        ? { ...entry, info: { ...entry.info, last_used_unix_ms: now } }
        : entry,
    );
    if (now - this.#usesSavedUnixMs < SAVE_USES_MS) return;
    this.#usesSavedUnixMs = now;
    try {
      this.#replace(this.#kept);
    } catch (error) {
      this.#options.log.warn('when tokens were last used could not be saved', {
        reason: reasonOf(error),
      });
    }
  }
}

function kept(info: StoredToken): Kept {
  return { info, hash: Buffer.from(info.sha256, 'hex') };
}

function createdUnixMs({ builtin, nowUnixMs }: TokensOptions): number {
  if (builtin.path === undefined) return nowUnixMs();
  const file = statSync(builtin.path, { throwIfNoEntry: false });
  return file === undefined ? nowUnixMs() : Math.floor(file.mtimeMs);
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** The id of the token in the token file. */
export const BUILTIN = 'builtin';
const VALUE_BYTES = 32;
const ID_BYTES = 8;
const SAVE_USES_MS = 60_000;
