// The two listeners of nvhttp: clear (47989) and TLS with client certificates (47984). Owns sockets, deadlines and
// limits; knows no path. A certificate is asked for and never judged here: whoever answers does that, per request, by
// the fingerprint (gamestream-control-plane.md §3.3, §8). TLS goes through node:tls, the one API of Bun that tells the
// peer's certificate.
import { constants } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { plainAddress } from '../addresses.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { fingerprintOf } from '../identity/certificate.ts';
import type { Log } from '../log.ts';
import { answerBytes, type HttpAnswer, RequestHeadParser } from './http1.ts';

export interface HttpRequest {
  readonly path: string;
  /** Secret: keys travel in it. */
  readonly query: string;
  readonly secure: boolean;
  /** SHA-256 of the certificate that the peer proved to own; undefined = none. */
  readonly fingerprint: string | undefined;
  readonly peerAddress: string;
  readonly localAddress: string;
  /** Fires when the peer went away before it had its answer. */
  readonly signal: AbortSignal;
}

export interface HttpServerOptions {
  /** Never rejects. */
  readonly answer: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly keyPem: string;
  readonly certPem: string;
  readonly log: Log;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  readonly connections: number;
  readonly connectionsOfOnePeer: number;
  /** From the first packet to the end of the request's head, handshake included. */
  readonly requestMs: number;
  /** For the answer to be made; the longest is a wait for a PIN. */
  readonly answerMs: number;
  /** For the peer to take the answer. */
  readonly sendMs: number;
  /** For the peer to close after it has the answer. */
  readonly lingerMs: number;
}

export interface BoundPorts {
  readonly http: number;
  readonly https: number;
  /** `::` takes IPv4 as well; `0.0.0.0` where there is no IPv6. */
  readonly address: string;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #clear: net.Server;
  readonly #tls: tls.Server;
  readonly #connections = new Map<net.Socket, Connection>();
  readonly #perPeer = new Map<string, number>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#clear = net.createServer({ allowHalfOpen: true }, (socket) =>
      this.#admit(socket)?.read(),
    );
    this.#tls = tls.createServer({
      key: options.keyPem,
      cert: options.certPem,
      requestCert: true,
      // In the handshake any certificate will do: a refusal there is no XML 401.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
      // No tickets: each connection proves its certificate anew.
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ['http/1.1'],
      allowHalfOpen: true,
    });
    this.#tls.on('connection', (socket) => this.#admit(socket));
    this.#tls.on('secureConnection', (socket) => {
      const connection = this.#connections.get(socket);
      if (connection === undefined) socket.destroy();
      else connection.readSecure(socket);
    });
    // Garbage, clear text, a peer that hangs up: its own fault, and common.
    this.#tls.on('tlsClientError', (_error, socket) => socket?.destroy());
  }

  /** Connections that are open now. */
  get size(): number {
    return this.#connections.size;
  }

  /** Listens on one address, or on every one; port 0 takes a free one. Throws AppError `port_in_use`, `port_unusable`. */
  async listen(
    ports: { readonly http: number; readonly https: number },
    address?: string,
  ): Promise<BoundPorts> {
    try {
      return await this.#listenOn(address ?? '::', ports);
    } catch (error) {
      const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(systemCode(error) ?? '');
      if (address !== undefined || !noIpv6) throw unusable(error, ports);
    }
    try {
      return await this.#listenOn('0.0.0.0', ports);
    } catch (error) {
      throw unusable(error, ports);
    }
  }

  /** Ends listeners and connections. */
  async close(): Promise<void> {
    const closed = [this.#clear, this.#tls].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const connection of this.#connections.values()) connection.destroy();
    await Promise.all(closed);
  }

  async #listenOn(
    address: string,
    ports: { readonly http: number; readonly https: number },
  ): Promise<BoundPorts> {
    const https = await bind(this.#tls, address, ports.https);
    try {
      return { http: await bind(this.#clear, address, ports.http), https, address };
    } catch (error) {
      await new Promise<void>((resolve) => this.#tls.close(() => resolve()));
      throw error;
    }
  }

  #admit(socket: net.Socket): Connection | undefined {
    // A peer may be gone before it is looked at.
    socket.on('error', () => socket.destroy());
    const peer = plainAddress(socket.remoteAddress ?? '');
    const ofPeer = this.#perPeer.get(peer) ?? 0;
    if (
      peer === '' ||
      this.#connections.size >= this.#limits.connections ||
      ofPeer >= this.#limits.connectionsOfOnePeer
    ) {
      socket.destroy();
      return undefined;
    }
    const connection = new Connection(socket, peer, this.#options, this.#limits);
    this.#connections.set(socket, connection);
    this.#perPeer.set(peer, ofPeer + 1);
    socket.once('close', () => {
      connection.closed();
      this.#connections.delete(socket);
      const left = (this.#perPeer.get(peer) ?? 1) - 1;
      if (left > 0) this.#perPeer.set(peer, left);
      else this.#perPeer.delete(peer);
    });
    return connection;
  }
}

/** One connection: one request, one answer. */
class Connection {
  readonly #socket: net.Socket;
  readonly #peerAddress: string;
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #gone = new AbortController();
  #parser: RequestHeadParser | undefined = new RequestHeadParser();
  #secure: { readonly fingerprint: string | undefined } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #answered = false;
  #discardedBytes = 0;

  constructor(
    socket: net.Socket,
    peerAddress: string,
    options: HttpServerOptions,
    limits: HttpLimits,
  ) {
    this.#socket = socket;
    this.#peerAddress = peerAddress;
    this.#options = options;
    this.#limits = limits;
    this.#closeAfter(limits.requestMs);
  }

  read(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#data(chunk));
    this.#socket.on('end', () => this.#peerEnded());
  }

  readSecure(socket: tls.TLSSocket): void {
    const certificate: Uint8Array | undefined = socket.getPeerCertificate(true)?.raw;
    this.#secure = { fingerprint: certificate && fingerprintOf(certificate) };
    this.read();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  closed(): void {
    clearTimeout(this.#deadline);
    this.#parser = undefined;
    this.#gone.abort();
  }

  #data(chunk: Buffer): void {
    if (this.#parser === undefined) {
      // After its request a peer has nothing to say; a little is read so that closing does not reset the answer.
      this.#discardedBytes += chunk.length;
      if (!this.#answered || this.#discardedBytes > MOST_DISCARDED_BYTES) this.destroy();
      return;
    }
    // A TLS handshake on the clear port: an answer in clear text would help nobody.
    if (this.#secure === undefined && chunk[0] === TLS_HANDSHAKE) {
      this.destroy();
      return;
    }
    const result = this.#parser.push(chunk);
    if (result.kind === 'more') return;
    this.#parser = undefined;
    if (result.kind === 'refused') {
      this.#options.log.debug('request refused', {
        peer: this.#peerAddress,
        status: result.status,
      });
      this.#send({ status: result.status, contentType: 'text/plain', body: new Uint8Array() });
      return;
    }
    this.#closeAfter(this.#limits.answerMs);
    const request: HttpRequest = {
      ...result.head,
      secure: this.#secure !== undefined,
      fingerprint: this.#secure?.fingerprint,
      peerAddress: this.#peerAddress,
      localAddress: plainAddress(this.#socket.localAddress ?? ''),
      signal: this.#gone.signal,
    };
    // Not awaited: the answer finds its own way, and `answer` never rejects.
    void this.#options.answer(request).then((answer) => this.#send(answer));
  }

  #peerEnded(): void {
    if (this.#parser !== undefined) this.destroy();
    // To a peer that waits this is the sign that it no longer does; one that only closed its half gets its answer.
    else if (!this.#answered) this.#gone.abort();
  }

  #send(answer: HttpAnswer): void {
    if (this.#socket.destroyed) return;
    this.#answered = true;
    this.#closeAfter(this.#limits.sendMs);
    this.#socket.end(answerBytes(answer), () => this.#closeAfter(this.#limits.lingerMs));
  }

  #closeAfter(ms: number): void {
    clearTimeout(this.#deadline);
    if (!this.#socket.destroyed) this.#deadline = setTimeout(() => this.destroy(), ms);
  }
}

function bind(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function unusable(
  error: unknown,
  ports: { readonly http: number; readonly https: number },
): AppError {
  const both = `${ports.http} and ${ports.https} (GameStream HTTP and HTTPS)`;
  if (systemCode(error) === 'EADDRINUSE') {
    return new AppError(
      409,
      'port_in_use',
      `One of the ports ${both} is in use. End the program on it, or take others with --gamestream-port.`,
      { cause: error },
    );
  }
  return new AppError(
    500,
    'port_unusable',
    `The ports ${both} cannot be used: ${reasonOf(error)}.`,
    {
      cause: error,
    },
  );
}

const TLS_HANDSHAKE = 0x16;
const MOST_DISCARDED_BYTES = 65_536;
/** §8; the wait for a PIN is 180 s and ends by itself. */
const LIMITS: HttpLimits = {
  connections: 64,
  connectionsOfOnePeer: 16,
  requestMs: 10_000,
  answerMs: 190_000,
  sendMs: 10_000,
  lingerMs: 2_000,
};
