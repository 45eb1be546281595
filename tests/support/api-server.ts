// The API of a fake host behind its real listener on an ephemeral port of loopback, and raw sockets to talk to it.
import { connect } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { type ApiAddress, type ApiListener, listenApi } from '../../host/src/api/listen.ts';
import { type HostIdentity, loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { type FakeApiOptions, fakeApi, type fakeApiOver, temporaryFolder } from './fake-api.ts';

/** What every fake host has. */
type AnyHost = ReturnType<typeof fakeApiOver>;

export interface ApiServer<H extends AnyHost = ReturnType<typeof fakeApi>> {
  readonly host: H;
  readonly listener: ApiListener;
  readonly identity: HostIdentity;
  /** Sends a request whose `Host` is what the test says, over TLS when the listener speaks it. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `https` listens on loopback all the same: what is tested is the scheme, not the network. */
export function apiServer(
  scheme: 'http' | 'https' = 'http',
  options: FakeApiOptions = {},
): Promise<ApiServer> {
  return apiServerOf(fakeApi, scheme, options);
}

/** The same over another fake host: `fakeHost` has a recorder and an engine. */
export async function apiServerOf<H extends AnyHost>(
  make: (options: FakeApiOptions) => H,
  scheme: 'http' | 'https' = 'http',
  options: FakeApiOptions = {},
): Promise<ApiServer<H>> {
  const configDir = options.configDir ?? temporaryFolder();
  const identity = loadHostIdentity(configDir);
  let port = 0;
  const host = make({
    ...options,
    configDir,
    beyondLoopback: scheme === 'https',
    port: () => port,
  });
  const address: ApiAddress = { scheme, name: '127.0.0.1', bind: '127.0.0.1' };
  const listener = await listenApi({ address, port: 0, identity, fetch: host.api.fetch });
  port = listener.port;
  return {
    host,
    listener,
    identity,
    fetch: (path, init = {}) =>
      fetch(`${listener.url}${path}`, {
        ...init,
        tls: { ca: identity.certPem, checkServerIdentity: () => undefined },
      }),
    async [Symbol.asyncDispose]() {
      host.readers.close();
      await listener.stop();
    },
  };
}

/** Sends bytes and answers everything that comes back until the peer or the time ends it. */
export function exchange(port: number, bytes: string, forMs = 1000): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    const timer = setTimeout(() => socket.destroy(), forMs);
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answer);
    });
  });
}

/** A TLS connection that trusts nothing and tells what it was shown. */
export function tlsPeer(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}
