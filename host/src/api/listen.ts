// Where the API listens: HTTP on loopback, HTTPS with the host’s certificate anywhere else. There is no plain HTTP
// beyond loopback: whoever speaks it to the TLS port gets no answer, so that no page or script learns to send its token
// in the clear.
import { isIPv6 } from 'node:net';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { apiHolder } from '../ports.ts';
import type { Api } from './api.ts';

export interface ApiAddress {
  readonly scheme: 'http' | 'https';
  /** As it stands in addresses. */
  readonly name: string;
  /** As it is bound. */
  readonly bind: string;
}

/** What the setting `apiHost` means. */
export function apiAddress(apiHost: string): ApiAddress {
  const bare = apiHost.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return { scheme: 'http', name: 'localhost', bind: '127.0.0.1' };
  if (bare === '::1') return { scheme: 'http', name: '[::1]', bind: '::1' };
  if (/^127(\.\d{1,3}){3}$/.test(bare)) return { scheme: 'http', name: bare, bind: bare };
  // Every address of the machine: the one that always works from here stands for them.
  if (bare === '0.0.0.0') return { scheme: 'https', name: '127.0.0.1', bind: bare };
  if (bare === '::') return { scheme: 'https', name: '[::1]', bind: bare };
  return { scheme: 'https', name: isIPv6(bare) ? `[${bare}]` : bare, bind: bare };
}

/** Names that a Host header may carry. `extra` is the setting `apiHosts`. */
export function ownNames(
  address: ApiAddress,
  machine: string,
  extra: readonly string[],
): readonly string[] {
  const lower = machine.toLowerCase();
  const beyond = address.scheme === 'http' ? [] : [lower, `${lower.split('.')[0]}.local`];
  const names = [address.name, '127.0.0.1', 'localhost', '[::1]', ...beyond, ...extra];
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

export interface ListenOptions {
  readonly address: ApiAddress;
  readonly port: number;
  /** The host’s certificate and key; needed beyond loopback. */
  readonly identity: { readonly certPem: string; readonly keyPem: string } | undefined;
  readonly fetch: Api['fetch'];
}

export interface ApiListener {
  readonly port: number;
  /** `https://127.0.0.1:47990` */
  readonly url: string;
  /** Breaks every connection. */
  stop(): Promise<void>;
}

/** Starts to listen. Throws AppError with a sentence that names who holds the port. */
export async function listenApi(options: ListenOptions): Promise<ApiListener> {
  const { address, port, fetch } = options;
  const tls = tlsOf(options);
  try {
    const server = Bun.serve({
      hostname: address.bind,
      port,
      ...(tls === undefined ? {} : { tls }),
      // Otherwise a second host would start silently and take half of the requests.
      reusePort: false,
      development: false,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      fetch: (request, bun) =>
        fetch(request, {
          address: bun.requestIP(request)?.address,
          keepOpen: (quietS = 0) => bun.timeout(request, quietS),
        }),
    });
    const listened = server.port ?? port;
    return {
      port: listened,
      url: `${address.scheme}://${address.name}:${listened}`,
      stop: () => server.stop(true),
    };
  } catch (error) {
    throw await listenFault(error, address, port);
  }
}

function tlsOf({ address, identity }: ListenOptions) {
  if (address.scheme === 'http') return undefined;
  if (identity === undefined) {
    throw new AppError(
      500,
      'no_certificate',
      `The API’s address is ${address.bind}, which is beyond loopback, and there is no certificate to speak TLS with.`,
    );
  }
  return { key: identity.keyPem, cert: identity.certPem };
}

async function listenFault(error: unknown, address: ApiAddress, port: number): Promise<AppError> {
  if (systemCode(error) !== 'EADDRINUSE') {
    return new AppError(
      500,
      'port_unusable',
      `The API cannot listen on ${address.bind}:${port}: ${reasonOf(error)}.`,
    );
  }
  return new AppError(
    409,
    'port_in_use',
    `Port ${port} (API and page) is in use by ${await apiHolder(address.name, port)}. ` +
      'End it, or take another port with --api-port or PUNKTFUNK_API_PORT.',
  );
}

/**
 * No limit of the server’s own, which would answer without a sentence: the guard refuses by length, and the one route
 * that takes a body of unknown length counts it (bodies.ts).
 */
const MAX_REQUEST_BYTES = Number.MAX_SAFE_INTEGER;
