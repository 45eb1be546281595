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
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as they are. */
  readonly bytes?: { readonly type: string; readonly data: Uint8Array<ArrayBuffer> };
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
    const { text } = await this.#asked(method, path, options);
    return parsed<T>(text, schema, `${method} ${path}`);
  }

  /** The same for something that may answer nothing (204). */
  async askMaybe<T>(
    method: string,
    path: string,
    schema: TSchema,
    options: Ask = {},
  ): Promise<T | undefined> {
    const { text, response } = await this.#asked(method, path, options);
    return response.status === 204 ? undefined : parsed<T>(text, schema, `${method} ${path}`);
  }

  /** One page of a list, and what names the next; undefined = it was the last. */
  async askPage<T>(
    path: string,
    schema: TSchema,
  ): Promise<{ readonly page: T; readonly next: string | undefined }> {
    const { text, response } = await this.#asked('GET', path, {});
    const next = response.headers.get('x-next-after') ?? undefined;
    return { page: parsed<T>(text, schema, `GET ${path}`), next };
  }

  /** Asks for something to be done that answers nothing. */
  async tell(method: string, path: string): Promise<void> {
    await this.#asked(method, path, {});
  }

  /** The body piece by piece: it may be larger than memory. Throws like `ask`, also half way. */
  async *download(path: string): AsyncGenerator<Uint8Array> {
    const response = await this.#send('GET', path, { withinMs: DOWNLOAD_MS });
    if (!response.ok) throw refusal(response.status, await response.text());
    try {
      for await (const piece of response.body ?? []) yield piece;
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  async #asked(
    method: string,
    path: string,
    options: Ask,
  ): Promise<{ readonly text: string; readonly response: Response }> {
    const response = await this.#send(method, path, options);
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (!response.ok) throw refusal(response.status, text);
    return { text, response };
  }

  async #send(
    method: string,
    path: string,
    { body, bytes, withinMs = ANSWER_MS }: Ask,
  ): Promise<Response> {
    const type = bytes?.type ?? (body === undefined ? undefined : 'application/json');
    const data = bytes?.data ?? (body === undefined ? undefined : JSON.stringify(body));
    try {
      return await fetch(`${this.#url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          ...(type === undefined ? {} : { 'content-type': type }),
        },
        ...(data === undefined ? {} : { body: data }),
        redirect: 'error',
        signal: AbortSignal.timeout(withinMs),
        timeout: false,
        ...(this.#identity === undefined ? {} : { tls: pinned(this.#identity) }),
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
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

/** Throws AppError when the answer is not what this version expects. */
function parsed<T>(text: string, schema: TSchema, what: string): T {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw strange(what);
  }
  if (!isOf<T>(schema, answer)) throw strange(what);
  return answer;
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
/** Three hours of four sessions over a slow line. */
const DOWNLOAD_MS = 30 * 60_000;
