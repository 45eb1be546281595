// RTSP's port: one request a connection, read whole, answered and closed (gamestream-control-plane.md §5.1). Whoever is
// no client of a prepared stream is closed without a byte: by the key that opens the message, or by address when clear.
import { createServer, type Server, type Socket } from 'node:net';
import { plainAddress } from '../addresses.ts';
import type { Clock } from '../clock.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import type { Log } from '../log.ts';
import {
  parseRequest,
  type RtspAnswer,
  type RtspFault,
  requestLength,
  writeAnswer,
} from './rtsp.ts';
import { answerRequest, type RtspStream, type RtspStreams } from './rtsp-dialogue.ts';
import { isSealed, RtspSeal, sealedLength } from './rtsp-seal.ts';

export interface RtspServerOptions {
  readonly port: number;
  /** Without it: every address of the machine, IPv4 and IPv6. */
  readonly address?: string | undefined;
  readonly streams: RtspStreams;
  readonly log: Log;
  readonly clock: Clock;
}

interface Connection {
  readonly socket: Socket;
  readonly peer: string;
  received: Uint8Array;
  /** How many bytes a clear request has, once its head says. */
  bytes: number | undefined;
  /** The request is complete, or its sender is not wanted. */
  settled: boolean;
  cancelTimer: () => void;
}

export class RtspServer {
  readonly #options: RtspServerOptions;
  readonly #connections = new Set<Connection>();
  /** Counters live as long as their key. */
  readonly #seals = new WeakMap<RtspStream, RtspSeal>();
  #server: Server | undefined;

  constructor(options: RtspServerOptions) {
    this.#options = options;
  }

  /** Throws AppError when the port cannot be had. */
  async start(): Promise<void> {
    const { address } = this.#options;
    try {
      this.#server = await this.#listen(address ?? '::');
    } catch (error) {
      const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(systemCode(error) ?? '');
      if (address !== undefined || !noIpv6) throw this.#unusable(error);
      this.#server = await this.#listen('0.0.0.0').catch((reason) => {
        throw this.#unusable(reason);
      });
    }
  }

  /** The port that it listens on. */
  get port(): number {
    const bound = this.#server?.address();
    return typeof bound === 'object' && bound !== null ? bound.port : this.#options.port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of [...this.#connections]) this.#drop(connection);
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  #listen(host: string): Promise<Server> {
    return new Promise((resolve, reject) => {
      // Half open: a client that has sent all may close its half before it reads the answer.
      const server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
      server.once('error', reject);
      server.listen({ host, port: this.#options.port, exclusive: true }, () => {
        server.off('error', reject);
        server.on('error', (error) => {
          this.#options.log.warn('RTSP could not take a connection', { reason: reasonOf(error) });
        });
        resolve(server);
      });
    });
  }

  #unusable(error: unknown): AppError {
    const taken = systemCode(error) === 'EADDRINUSE';
    return new AppError(
      taken ? 409 : 500,
      taken ? 'port_in_use' : 'port_unusable',
      `RTSP cannot listen on port ${this.#options.port}: ${reasonOf(error)}.`,
    );
  }

  #accept(socket: Socket): void {
    // A peer that is gone already is no event of ours.
    socket.on('error', () => socket.destroy());
    if (this.#server === undefined || this.#options.streams.prepared().length === 0) {
      socket.destroy();
      return;
    }
    this.#makeRoom();
    const connection: Connection = {
      socket,
      peer: plainAddress(socket.remoteAddress ?? ''),
      received: new Uint8Array(0),
      bytes: undefined,
      settled: false,
      cancelTimer: () => undefined,
    };
    this.#connections.add(connection);
    connection.cancelTimer = this.#options.clock.after(REQUEST_MS, () => this.#late(connection));
    socket.on('close', () => this.#forget(connection));
    socket.on('data', (chunk) => {
      this.#receive(connection, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    });
    socket.on('end', () => this.#ended(connection));
  }

  /** A client needs one connection: those that say nothing give way, the oldest first. */
  #makeRoom(): void {
    if (this.#connections.size < MAX_CONNECTIONS) return;
    const [oldest] = [...this.#connections].sort((a, b) => Number(a.settled) - Number(b.settled));
    if (oldest !== undefined) this.#drop(oldest);
  }

  #receive(connection: Connection, chunk: Uint8Array): void {
    // What comes after the request is read and forgotten: unread bytes would reset the connection.
    if (connection.settled) return;
    connection.received = joined(connection.received, chunk);
    const { received, peer } = connection;
    const first = received[0];
    if (first === undefined) return;
    if (isSealed(first)) {
      if (received.length < 4) return;
      const length = sealedLength(received);
      if (length === undefined || received.length > length) this.#drop(connection);
      else if (received.length === length) this.#openSealed(connection);
      return;
    }
    if (!this.#options.streams.prepared().some((stream) => isClearFor(stream, peer))) {
      this.#drop(connection);
      return;
    }
    if (connection.bytes === undefined) {
      const size = requestLength(received);
      if (size === undefined) return;
      if ('fault' in size) {
        this.#refuse(connection, size.fault);
        return;
      }
      connection.bytes = size.bytes;
    }
    if (received.length >= connection.bytes) this.#takeClear(connection, connection.bytes);
  }

  /** The client's half is closed. */
  #ended(connection: Connection): void {
    if (connection.settled) return;
    this.#incomplete(connection, 'The request is not complete.');
  }

  #late(connection: Connection): void {
    this.#incomplete(connection, 'The request was not complete in time.');
  }

  /** Silence for strangers, scanners and sealed messages; a number for a client that speaks clear RTSP. */
  #incomplete(connection: Connection, reason: string): void {
    const first = connection.received[0];
    if (connection.settled || first === undefined || isSealed(first)) this.#drop(connection);
    else this.#refuse(connection, { status: 400, reason, cseq: 0 });
  }

  #openSealed(connection: Connection): void {
    connection.settled = true;
    for (const stream of this.#options.streams.prepared()) {
      if (!stream.sealedRtsp) continue;
      const seal = this.#sealOf(stream);
      const text = seal.open(connection.received);
      if (text === undefined) continue;
      this.#serve(connection, text, stream, (answer) => seal.seal(answer));
      return;
    }
    this.#drop(connection);
  }

  #takeClear(connection: Connection, length: number): void {
    connection.settled = true;
    const bytes = connection.received.subarray(0, length);
    const parsed = parseRequest(bytes);
    const named = parsed.kind === 'request' ? parsed.request.headers.get('session') : undefined;
    const mine = this.#options.streams
      .prepared()
      .filter((stream) => isClearFor(stream, connection.peer));
    // Without a session yet: the stream that was prepared last.
    const stream =
      mine.find(({ rtspSession }) => rtspSession === named?.split(';', 1)[0]?.trim()) ??
      mine.at(-1);
    if (stream === undefined) this.#drop(connection);
    else this.#serve(connection, bytes, stream, (answer) => answer);
  }

  #serve(
    connection: Connection,
    text: Uint8Array,
    stream: RtspStream,
    wrap: (answer: Uint8Array) => Uint8Array,
  ): void {
    connection.cancelTimer();
    // Not awaited: the connection's own events go on, and a failure ends it here.
    void this.#answer(text, stream, connection.peer)
      .then((answer) => {
        // A stream that ended meanwhile has no key any more.
        if (stream.ended) this.#drop(connection);
        else this.#close(connection, wrap(writeAnswer(answer)));
      })
      .catch((error: unknown) => {
        this.#options.log.error('RTSP failed', { reason: reasonOf(error) });
        this.#drop(connection);
      });
  }

  async #answer(text: Uint8Array, stream: RtspStream, peerAddress: string): Promise<RtspAnswer> {
    const { streams, log } = this.#options;
    const parsed = parseRequest(text);
    if (parsed.kind === 'fault') {
      log.info('an RTSP request was malformed', {
        client: stream.clientName,
        reason: parsed.fault.reason,
      });
      return answerTo(parsed.fault);
    }
    const { request } = parsed;
    const answer = await answerRequest(request, { stream, streams, peerAddress });
    const fields = { client: stream.clientName, method: request.method, status: answer.status };
    if (answer.status === 200) log.debug('RTSP', fields);
    else log.info('RTSP refused a request', { ...fields, reason: answer.reason });
    return answer;
  }

  #sealOf(stream: RtspStream): RtspSeal {
    const known = this.#seals.get(stream);
    if (known !== undefined) return known;
    const seal = new RtspSeal(stream.key);
    this.#seals.set(stream, seal);
    return seal;
  }

  #refuse(connection: Connection, fault: RtspFault): void {
    connection.settled = true;
    this.#close(connection, writeAnswer(answerTo(fault)));
  }

  /** Sends all, ends our half, and gives the peer a moment to end its own: a reset would lose the answer. */
  #close(connection: Connection, bytes: Uint8Array): void {
    connection.cancelTimer();
    connection.cancelTimer = this.#options.clock.after(CLOSE_MS, () => this.#drop(connection));
    connection.socket.end(bytes);
  }

  #drop(connection: Connection): void {
    this.#forget(connection);
    connection.socket.destroy();
  }

  #forget(connection: Connection): void {
    connection.settled = true;
    connection.cancelTimer();
    this.#connections.delete(connection);
  }
}

function isClearFor(stream: RtspStream, peer: string): boolean {
  return !stream.sealedRtsp && stream.peerAddress === peer;
}

function answerTo({ status, reason, cseq }: RtspFault): RtspAnswer {
  return { status, reason, cseq, headers: [], body: '' };
}

function joined(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (before.length === 0) return chunk;
  const whole = new Uint8Array(before.length + chunk.length);
  whole.set(before);
  whole.set(chunk, before.length);
  return whole;
}

/** For the whole request. */
const REQUEST_MS = 5000;
/** For the peer's close after the answer. */
const CLOSE_MS = 2000;
/** A stock client has one at a time. */
const MAX_CONNECTIONS = 8;
