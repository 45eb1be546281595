// A GameStream client made by hand, for what a stock one never does: phases in any order, foreign certificates, garbage.
// Keys and certificates come from the openssl program; shares no code with the host.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSign,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { $ } from 'bun';
import { temporaryFolder } from './host.ts';
import { PYTHON } from './moonlight.ts';

export interface Answer {
  /** Of HTTP; 0 = closed without one. */
  readonly http: number;
  /** `status_code` of the XML root; absent where there is none. */
  readonly code?: number;
  readonly body: string;
}

export interface CertificateOptions {
  readonly subject?: string;
  readonly serial?: number;
  /** It was valid once. */
  readonly expired?: boolean;
  /** Signed by this device's key instead of its own. */
  readonly issuer?: RawDevice;
  /** With this device's key. */
  readonly key?: RawDevice;
}

const EXPIRED = `
import datetime, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
key = serialization.load_pem_private_key(open(sys.argv[1], "rb").read(), None)
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "NVIDIA GameStream Client")])
day = datetime.timedelta(days=1)
now = datetime.datetime.now(datetime.timezone.utc)
cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - 30 * day).not_valid_after(now - day).sign(key, hashes.SHA256()))
open(sys.argv[2], "wb").write(cert.public_bytes(serialization.Encoding.PEM))
`;
const UNIQUE_ID = '0123456789ABCDEF';

export class RawDevice {
  readonly keyPath: string;
  readonly certPath: string;
  readonly keyPem: string;
  readonly certPem: string;
  readonly fingerprint: string;
  /** Loopback has room for everybody: limits that count addresses see a device each. */
  address: string;

  private constructor(keyPath: string, certPath: string, keyPem: string, certPem: string) {
    this.keyPath = keyPath;
    this.certPath = certPath;
    this.keyPem = keyPem;
    this.certPem = certPem;
    made += 1;
    this.address = `127.77.${made >> 8}.${(made & 255) + 1}`;
    this.fingerprint = createHash('sha256').update(new X509Certificate(certPem).raw).digest('hex');
  }

  static async make(options: CertificateOptions = {}): Promise<RawDevice> {
    const folder = temporaryFolder();
    const keyPath = options.key?.keyPath ?? join(folder, 'key.pem');
    const certPath = join(folder, 'cert.pem');
    const subject = `/CN=${options.subject ?? 'NVIDIA GameStream Client'}`;
    if (options.key === undefined) await $`openssl genrsa -out ${keyPath} 2048`.quiet();
    const serial = ['-set_serial', String(options.serial ?? 1)];
    const days = ['-days', '7300'];
    if (options.expired === true) {
      // openssl 3.0 makes none that begin in the past.
      await $`${PYTHON} -c ${EXPIRED} ${keyPath} ${certPath}`.quiet();
    } else if (options.issuer === undefined) {
      await $`openssl req -x509 -new -key ${keyPath} -sha256 -subj ${subject} ${serial} ${days} -out ${certPath}`.quiet();
    } else {
      const { issuer } = options;
      const request = join(folder, 'request.pem');
      await $`openssl req -new -key ${keyPath} -subj ${subject} -out ${request}`.quiet();
      await $`openssl x509 -req -in ${request} -CA ${issuer.certPath} -CAkey ${issuer.keyPath} -sha256 ${serial} ${days} -out ${certPath}`.quiet();
    }
    return new RawDevice(
      keyPath,
      certPath,
      await Bun.file(keyPath).text(),
      await Bun.file(certPath).text(),
    );
  }

  /** GET over plain HTTP. */
  http(port: number, path: string): Promise<Answer> {
    return exchange(connectTcp({ ...this.#to(port) }), get(path));
  }

  /** GET over TLS with this device's certificate, or with none. */
  https(port: number, path: string, options: { certificate?: boolean } = {}): Promise<Answer> {
    const own = options.certificate === false ? {} : { key: this.keyPem, cert: this.certPem };
    const socket = connectTls({ ...this.#to(port), rejectUnauthorized: false, ...own });
    return exchange(socket, get(path), 'secureConnect');
  }

  /** Certificate of the host on this port. */
  hostCertificate(port: number): Promise<X509Certificate> {
    return new Promise((resolve, reject) => {
      const socket = connectTls({ ...this.#to(port), rejectUnauthorized: false }, () => {
        resolve(new X509Certificate(socket.getPeerCertificate(true).raw));
        socket.destroy();
      });
      socket.on('error', reject);
    });
  }

  #to(port: number) {
    return { host: '127.0.0.1', port, localAddress: this.address };
  }
}

let made = 0;

/** The client's half of one pairing, a query a phase; any of them may be sent at any time. */
export class RawPairing {
  readonly #device: RawDevice;
  readonly #host: X509Certificate;
  readonly #key: Uint8Array;
  readonly salt = randomBytes(16);
  readonly challenge = randomBytes(16);
  readonly secret = randomBytes(16);
  #answered = randomBytes(48);

  constructor(device: RawDevice, host: X509Certificate, pin: string) {
    this.#device = device;
    this.#host = host;
    this.#key = createHash('sha256').update(this.salt).update(pin).digest().subarray(0, 16);
  }

  get phase1(): string {
    const cert = Buffer.from(this.#device.certPem).toString('hex');
    return query(`phrase=getservercert&salt=${this.salt.toString('hex')}&clientcert=${cert}`);
  }

  get phase2(): string {
    return query(`clientchallenge=${this.#ecb(true, this.challenge).toString('hex')}`);
  }

  /** Remembers the host's answer to phase 2. */
  hear(answer: string): void {
    const hex = /<challengeresponse>([0-9a-fA-F]+)</.exec(answer)?.[1];
    if (hex !== undefined) this.#answered = this.#ecb(false, Buffer.from(hex, 'hex'));
  }

  /** Whether the host knew the PIN; `secret` is the first half of its `pairingsecret`. */
  hostKnewPin(secret: Uint8Array): boolean {
    const expected = createHash('sha256')
      .update(this.challenge)
      .update(signatureOf(this.#host))
      .update(secret)
      .digest();
    return expected.equals(this.#answered.subarray(0, 32));
  }

  get phase3(): string {
    const hash = createHash('sha256')
      .update(this.#answered.subarray(32, 48))
      .update(signatureOf(new X509Certificate(this.#device.certPem)))
      .update(this.secret)
      .digest();
    return query(`serverchallengeresp=${this.#ecb(true, hash).toString('hex')}`);
  }

  get phase4(): string {
    const signature = createSign('RSA-SHA256').update(this.secret).sign(this.#device.keyPem);
    const both = Buffer.concat([this.secret, signature]).toString('hex');
    return query(`clientpairingsecret=${both}`);
  }

  static readonly phase5 = query('phrase=pairchallenge');
  static readonly unpair = `/unpair?uniqueid=${UNIQUE_ID}`;

  #ecb(encrypt: boolean, data: Uint8Array): Buffer<ArrayBuffer> {
    const cipher = encrypt
      ? createCipheriv('aes-128-ecb', this.#key, null)
      : createDecipheriv('aes-128-ecb', this.#key, null);
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(data), cipher.final()]);
  }
}

/** Sends bytes and answers everything until the other side closes. */
export function exchange(
  socket: Socket,
  bytes: string | Uint8Array,
  ready: 'connect' | 'secureConnect' = 'connect',
  limitMs = 15_000,
): Promise<Answer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answerOf(Buffer.concat(parts).toString('utf8')));
    };
    const timer = setTimeout(done, limitMs);
    socket.on(ready, () => socket.write(bytes));
    socket.on('data', (part) => parts.push(Buffer.from(part)));
    socket.on('end', done);
    socket.on('close', done);
    socket.on('error', done);
  });
}

function answerOf(text: string): Answer {
  const code = /status_code="(\d+)"/.exec(text)?.[1];
  return {
    http: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    ...(code === undefined ? {} : { code: Number(code) }),
    body: text.slice(text.indexOf('\r\n\r\n') + 4),
  };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: host\r\n\r\n`;
function query(rest: string): string {
  return `/pair?uniqueid=${UNIQUE_ID}&uuid=1&devicename=roth&updateState=1&${rest}`;
}

/** The bytes of a certificate's signature: the last element of its DER. */
function signatureOf({ raw }: X509Certificate): Uint8Array {
  const element = (at: number) => {
    const first = raw[at + 1] ?? 0;
    if (first < 0x80) return { body: at + 2, end: at + 2 + first };
    const count = first & 0x7f;
    const length = raw.readUIntBE(at + 2, count);
    return { body: at + 2 + count, end: at + 2 + count + length };
  };
  const toBeSigned = element(element(0).body);
  const bits = element(element(toBeSigned.end).end);
  return raw.subarray(bits.body + 1, bits.end);
}
