// GameStream's HTTP side on free ports of loopback, over sessions that are only remembered, and what a client does to
// it: requests in the clear and over TLS, and the five phases of pairing.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import type { HostStatus } from '../../contract/host.ts';
import { Apps } from '../../host/src/apps/apps.ts';
import { boxArt } from '../../host/src/apps/box-art.ts';
import { PairedClients } from '../../host/src/clients/paired-clients.ts';
import { AppError } from '../../host/src/errors.ts';
import {
  GamestreamHttp,
  type GamestreamHttpOptions,
} from '../../host/src/gamestream/gamestream-http.ts';
import { NvHttp } from '../../host/src/gamestream/nvhttp.ts';
import { Pairing } from '../../host/src/gamestream/pairing.ts';
import type { HttpRequest } from '../../host/src/gamestream/server.ts';
import { certSignature } from '../../host/src/identity/certificate.ts';
import { type HostIdentity, loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { Logger } from '../../host/src/log.ts';
import type {
  AppState,
  ClientRef,
  PreparedStream,
  StreamControl,
  StreamWish,
} from '../../host/src/sessions/stream-control.ts';
import type { Device } from './certificates.ts';

export const UNIQUE_ID = '0123456789ABCDEF';

/** Remembers what it was asked; one app, as §7's table has it for one client. */
export class FakeStreams implements StreamControl {
  readonly calls: string[] = [];
  readonly wishes: StreamWish[] = [];
  running: number | undefined;
  /** Thrown by the next call. */
  refusal: Error | undefined;
  /** Awaited by the next call. */
  before: Promise<void> = Promise.resolve();

  async launch(wish: StreamWish & { readonly appId: number }): Promise<PreparedStream> {
    await this.#called('launch', wish.client);
    if (this.running !== undefined) throw new AppError(400, 'busy', 'An app is already running.');
    this.running = wish.appId;
    return this.#prepared(wish);
  }

  async resume(wish: StreamWish): Promise<PreparedStream> {
    await this.#called('resume', wish.client);
    if (this.running === undefined) throw new AppError(503, 'idle', 'Nothing is running.');
    return this.#prepared(wish);
  }

  async cancel(client: ClientRef): Promise<void> {
    await this.#called('cancel', client);
    this.running = undefined;
  }

  appState(fingerprint: string | undefined): AppState {
    return fingerprint === undefined || this.running === undefined
      ? { busy: false, appId: 0 }
      : { busy: true, appId: this.running };
  }

  async #called(what: string, client: ClientRef): Promise<void> {
    this.calls.push(`${what} ${client.name}`);
    await this.before;
    const { refusal } = this;
    this.refusal = undefined;
    if (refusal !== undefined) throw refusal;
  }

  #prepared(wish: StreamWish): PreparedStream {
    this.wishes.push(wish);
    const scheme = wish.sealedRtsp ? 'rtspenc' : 'rtsp';
    return { sessionUrl: `${scheme}://${wish.localAddress}:48010` };
  }
}

export interface RigOptions extends Partial<GamestreamHttpOptions> {
  readonly configDir?: string;
  /** Pairing's clock; the default stands still so that no limit of time is met by chance. */
  readonly nowMs?: () => number;
}

/** Pairing over a store of its own, without sockets. */
export function pairingRig(options: RigOptions = {}) {
  const { configDir = temporaryFolder(), nowMs } = options;
  const lines: string[] = [];
  const log = logInto(lines);
  const clock = { ms: 1_000_000 };
  const now = nowMs ?? (() => clock.ms);
  const nowUnixMs = () => 1_700_000_000_000 + Math.round(now());
  const identity = options.identity ?? oneIdentity();
  const clients = new PairedClients({ configDir, log, nowUnixMs });
  const pairing = new Pairing({
    identity,
    clients,
    log,
    nowMs: now,
    nowUnixMs,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  const file = join(configDir, 'clients.json');
  return {
    configDir,
    identity,
    clients,
    pairing,
    clock,
    log,
    lines,
    store: () => (existsSync(file) ? readFileSync(file, 'utf8') : ''),
  };
}

/** The paths without sockets: a request is a call. */
export function nvRig(options: RigOptions = {}) {
  const base = pairingRig(options);
  const { streams, ...facts } = factsOf();
  const paths = new NvHttp({
    ...base,
    ...facts,
    streams,
    ports: () => ({ http: 47989, https: 47984 }),
    ...options,
  });
  const call = async (target: string, more: Partial<HttpRequest>): Promise<Answer> => {
    const [path = '', query = ''] = target.split('?');
    const answer = await paths.answer({
      path,
      query,
      secure: false,
      fingerprint: undefined,
      peerAddress: '192.168.1.20',
      localAddress: '192.168.1.50',
      signal: new AbortController().signal,
      ...more,
    });
    return parsedAnswer(answer.status, '', Buffer.from(answer.body));
  };
  return {
    ...base,
    streams,
    paths,
    clear: (target: string, more: Partial<HttpRequest> = {}) => call(target, more),
    secure: (target: string, who: Device | undefined, more: Partial<HttpRequest> = {}) =>
      call(target, { secure: true, fingerprint: who?.fingerprint, ...more }),
    /** As if it had been paired long ago. */
    trust: (who: Device, name = 'Deck') => {
      const client = {
        fingerprint: who.fingerprint,
        certificatePem: who.certificatePem,
        name,
        pairedUnixMs: 1,
        address: '192.168.1.20',
      };
      base.clients.addProvisional(client);
      base.clients.confirm(client, undefined);
    },
  };
}

export type NvRig = ReturnType<typeof nvRig>;

/** The whole HTTP side, started. */
export async function httpRig(options: RigOptions = {}) {
  const base = pairingRig(options);
  const { streams, ...facts } = factsOf();
  const http = new GamestreamHttp({
    ...base,
    ...facts,
    streams,
    gamestreamPort: 0,
    ...options,
  });
  const ports = await http.start();
  return { ...base, streams, server: http, ports, stop: () => http.stop() };
}

export type HttpRig = Awaited<ReturnType<typeof httpRig>>;

function factsOf() {
  return {
    streams: new FakeStreams(),
    apps: new Apps(),
    boxArt,
    hostName: 'living-room',
    codecs: () => ({ modes: 1 }),
    info: () => INFO,
    status: (): HostStatus => ({
      state: 'free',
      sessions: 0,
      max_sessions: 4,
      measuring: false,
      waiting_for_pin: 0,
    }),
  };
}

export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
  readonly text: string;
  /** Of the XML's root. */
  readonly code: string | undefined;
}

/** The content of the first element with this name. */
export function elementOf(answer: Answer, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.text)?.[1];
}

export interface From {
  readonly host?: string;
  readonly localAddress?: string;
}

export function getClear(rig: HttpRig, path: string, from: From = {}): Promise<Answer> {
  const socket = net.connect({ port: rig.ports.http, host: '127.0.0.1', ...from });
  socket.write(request(path));
  return readAnswer(socket);
}

export type TlsIdentity = Pick<Device, 'certificatePem' | 'keyPem'>;

export function getTls(
  rig: HttpRig,
  path: string,
  who?: TlsIdentity,
  from: From = {},
): Promise<Answer> {
  const socket = tlsSocket(rig, who, from);
  socket.once('secureConnect', () => socket.write(request(path)));
  return readAnswer(socket);
}

export function tlsSocket(rig: HttpRig, who?: TlsIdentity, from: From = {}): tls.TLSSocket {
  return tls.connect({
    port: rig.ports.https,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(who === undefined ? {} : { cert: who.certificatePem, key: who.keyPem }),
    ...from,
  });
}

export function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: host\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n`;
}

/** Everything until the host closes. Rejects when that ends in an error before any byte. */
export function readAnswer(socket: net.Socket): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error) => {
      if (chunks.length === 0) reject(error);
    });
    socket.on('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      const head = all.toString('latin1', 0, Math.max(end, 0));
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
      resolve(parsedAnswer(status, head, end === -1 ? Buffer.alloc(0) : all.subarray(end + 4)));
    });
  });
}

/** A stock client's side of pairing, phase by phase, as §4.1 has it. */
export class PairingClient {
  readonly #device: Device;
  readonly #salt = randomBytes(16);
  readonly #challenge = randomBytes(16);
  readonly #secret = randomBytes(16);
  readonly #uniqueId: string;
  readonly #key: Buffer;
  #signature: Buffer | undefined;
  #hostSignature: Uint8Array = new Uint8Array();
  #serverHash: Buffer = Buffer.alloc(0);
  #serverChallenge: Buffer = Buffer.alloc(0);

  constructor(device: Device, pin: string, uniqueId = UNIQUE_ID) {
    this.#device = device;
    this.#uniqueId = uniqueId;
    this.#key = sha256(this.#salt, Buffer.from(pin)).subarray(0, 16);
  }

  path(parameters: string): string {
    return `/pair?uniqueid=${this.#uniqueId}&uuid=00&devicename=roth&updateState=1&${parameters}`;
  }

  phase1(): string {
    const certificate = Buffer.from(this.#device.certificatePem).toString('hex');
    return this.path(
      `phrase=getservercert&salt=${this.#salt.toString('hex')}&clientcert=${certificate}`,
    );
  }

  takeServerCert(plaincert: string): void {
    const pem = Buffer.from(plaincert, 'hex').toString();
    this.#hostSignature = certSignature(new X509Certificate(pem).raw);
  }

  phase2(): string {
    return this.path(`clientchallenge=${this.#encrypt(this.#challenge)}`);
  }

  takeChallengeResponse(hex: string): void {
    const plain = this.#decrypt(hex);
    this.#serverHash = plain.subarray(0, 32);
    this.#serverChallenge = plain.subarray(32);
  }

  phase3(): string {
    const hash = sha256(
      this.#serverChallenge,
      certSignature(this.#device.certificate),
      this.#secret,
    );
    return this.path(`serverchallengeresp=${this.#encrypt(hash)}`);
  }

  /** True when the host knew the PIN. */
  takePairingSecret(hex: string): boolean {
    const serverSecret = Buffer.from(hex, 'hex').subarray(0, 16);
    return sha256(this.#challenge, this.#hostSignature, serverSecret).equals(this.#serverHash);
  }

  phase4(): string {
    this.#signature ??= sign('sha256', this.#secret, this.#device.key);
    const secret = Buffer.concat([this.#secret, this.#signature]).toString('hex');
    return this.path(`clientpairingsecret=${secret}`);
  }

  phase5(): string {
    return this.path('phrase=pairchallenge');
  }

  unpair(): string {
    return `/unpair?uniqueid=${this.#uniqueId}&uuid=00`;
  }

  #encrypt(blocks: Uint8Array): string {
    const cipher = createCipheriv('aes-128-ecb', this.#key, null).setAutoPadding(false);
    return Buffer.concat([cipher.update(blocks), cipher.final()]).toString('hex');
  }

  #decrypt(hex: string): Buffer {
    const decipher = createDecipheriv('aes-128-ecb', this.#key, null).setAutoPadding(false);
    return Buffer.concat([decipher.update(Buffer.from(hex, 'hex')), decipher.final()]);
  }
}

/** Pairs as a stock client would; answers whether the client believes that it is paired. */
export async function pairOverHttp(
  rig: HttpRig,
  device: Device,
  enterPin: () => Promise<unknown>,
  client = new PairingClient(device, '1234'),
  from: From = {},
): Promise<boolean> {
  const first = getClear(rig, client.phase1(), from);
  await until(() => rig.pairing.waiting > 0);
  const entered = enterPin();
  const plaincert = elementOf(await first, 'plaincert');
  if (plaincert === undefined) return false;
  client.takeServerCert(plaincert);
  const second = await getClear(rig, client.phase2(), from);
  client.takeChallengeResponse(elementOf(second, 'challengeresponse') ?? '');
  const third = await getClear(rig, client.phase3(), from);
  const right = client.takePairingSecret(elementOf(third, 'pairingsecret') ?? '');
  if (!right) {
    await getClear(rig, client.unpair(), from);
    await entered;
    return false;
  }
  const fourth = await getClear(rig, client.phase4(), from);
  if (elementOf(fourth, 'paired') !== '1') return false;
  const fifth = await getTls(rig, client.phase5(), device, from);
  await entered;
  return elementOf(fifth, 'paired') === '1';
}

/** Resolves when the condition holds; rejects after a few seconds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (holds()) return;
    await Bun.sleep(5);
  }
  throw new Error('it never came true');
}

/** One for all tests of a process: a key takes a tenth of a second to make. */
function oneIdentity(): HostIdentity {
  identity ??= loadHostIdentity(undefined);
  return identity;
}

let identity: HostIdentity | undefined;

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pf-gamestream-'));
}

/** A log that ends in an array, debug lines included. */
export function logInto(lines: string[]): Logger {
  return new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
}

function parsedAnswer(status: number, head: string, body: Buffer): Answer {
  const text = body.toString('utf8');
  return { status, head, body, text, code: /<root status_code="(\d+)"/.exec(text)?.[1] };
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const INFO = {
  name: 'living-room',
  version: '0.0.0',
  started_unix_ms: 1,
  now_unix_ms: 2,
  gamestream_port: 47989,
  engine: { abi: 1, version: '0' },
  sessions: [],
};
