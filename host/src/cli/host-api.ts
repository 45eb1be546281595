// The running host, as a command calls it: over its API, with the token file. Over TLS it is the certificate in our own
// configuration that is trusted and no other, before a byte of the request is sent.
import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ApiError } from '../../../contract/errors.ts';
import { apiAddress } from '../api/listen.ts';
import type { Config } from '../config.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { type HostIdentity, loadHostIdentity } from '../identity/host-identity.ts';
import { loadToken } from '../identity/token.ts';
import type { CliContext, Flags, Option } from './command.ts';
import { configure } from './setup.ts';

/** Options of every command that calls the running host. */
export const HOST_OPTIONS: Readonly<Record<string, Option>> = {
  'api-host': { value: 'ADDRESS', doc: 'Where the host’s API listens (as configured).' },
  'api-port': { value: 'PORT', doc: 'Its port (as configured, else 47990).' },
  json: { doc: 'Print JSON.' },
};

export interface Ask {
  readonly body?: unknown;
  /** How long the answer may take. */
  readonly withinMs?: number;
}

export class HostApi {
  readonly #url: string;
  readonly #token: string;
  readonly #identity: HostIdentity | undefined;

  constructor(url: string, token: string, identity: HostIdentity | undefined) {
    this.#url = url;
    this.#token = token;
    this.#identity = identity;
  }

  /** Asks, and parses the answer by its schema. Throws AppError with the host’s sentence, or why there is none. */
  async ask<T>(method: string, path: string, schema: TSchema, options: Ask = {}): Promise<T> {
    const answer: unknown = JSON.parse(await this.#text(method, path, options));
    if (!isOf<T>(schema, answer)) throw strange(`${method} ${path}`);
    return answer;
  }

  /** Asks for something to be done that answers nothing. */
  async tell(method: string, path: string): Promise<void> {
    await this.#text(method, path, {});
  }

  async #text(method: string, path: string, { body, withinMs = ANSWER_MS }: Ask): Promise<string> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(withinMs),
        timeout: false,
        ...(this.#identity === undefined ? {} : { tls: pinned(this.#identity) }),
      });
      text = await response.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (response.ok) return text;
    throw refusal(response.status, text);
  }

  #unreachable(error: unknown): AppError {
    const code = systemCode(error) ?? '';
    if (code === 'ConnectionRefused' || code === 'ECONNREFUSED') {
      return new AppError(
        503,
        'host_not_running',
        `No host answers at ${this.#url}; start it, or name its address with --api-host and --api-port.`,
      );
    }
    if (/CERT|TLS|ALTNAME|SSL/.test(code)) {
      return new AppError(
        502,
        'not_this_host',
        `What answers at ${this.#url} does not have this host’s certificate (${code}); it was told nothing.`,
      );
    }
    return new AppError(
      503,
      'host_unreachable',
      `${this.#url} does not answer: ${reasonOf(error)}.`,
      {
        cause: error,
      },
    );
  }
}

/** The host of this configuration. Throws AppError when there is no token or certificate to call it with. */
export function hostApi(flags: Flags, context: CliContext): HostApi {
  const { config } = configure(flags, context, { quiet: true });
  const address = apiAddress(config.apiHost);
  if (config.apiPort === 0) {
    throw new AppError(
      400,
      'port_unknown',
      'The configured port is 0, so the host took a free one; name it with --api-port.',
    );
  }
  const { value, path, note } = loadToken(config.configDir);
  if (path === undefined) {
    throw new AppError(500, 'token_unreadable', `The host’s token cannot be read: ${note}.`);
  }
  return new HostApi(
    `${address.scheme}://${address.name}:${config.apiPort}`,
    value,
    address.scheme === 'http' ? undefined : knownIdentity(config),
  );
}

/** Reads the identity and makes none: one made now would be nobody’s. Undefined = there is none. */
export function existingIdentity({ configDir }: Config): HostIdentity | undefined {
  if (configDir === undefined || !existsSync(join(configDir, 'identity'))) return undefined;
  return loadHostIdentity(configDir);
}

function knownIdentity(config: Config): HostIdentity {
  const identity = existingIdentity(config);
  if (identity !== undefined) return identity;
  throw new AppError(
    503,
    'host_not_running',
    'This configuration has no certificate yet, so no host ever ran with it; start one.',
  );
}

/** A self-made certificate has no name that could be checked; it is compared whole instead. */
function pinned(identity: HostIdentity) {
  const expected = new X509Certificate(identity.certPem).fingerprint256;
  return {
    ca: identity.certPem,
    checkServerIdentity: (_host: string, certificate: { readonly fingerprint256: string }) =>
      certificate.fingerprint256 === expected
        ? undefined
        : Object.assign(new Error('another certificate'), { code: 'CERT_NOT_OURS' }),
  };
}

function refusal(status: number, text: string): AppError {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return strange(`status ${status}`);
  }
  if (!isOf<ApiError>(ApiError, data)) return strange(`status ${status}`);
  return new AppError(status, data.code, data.error);
}

function strange(what: string): AppError {
  return new AppError(
    502,
    'strange_answer',
    `What answers there is no host of this version (${what}).`,
  );
}

function isOf<T>(schema: TSchema, data: unknown): data is T {
  return Value.Check(schema, data);
}

const ANSWER_MS = 15_000;
