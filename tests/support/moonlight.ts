// A stock GameStream client in a process of its own (moonlight-client.py). Typed commands, ended by its pid.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import type { PairingState } from '../../contract/clients.ts';
import { type Host, temporaryFolder } from './host.ts';

const ROOT = join(import.meta.dir, '../..');
export const PYTHON = join(ROOT, '.cache/python/bin/python3');
/** Empty, or why tests with the stock client cannot run. */
export const missingMoonlight = existsSync(PYTHON)
  ? ''
  : ' (skipped: the stock client is not installed; scripts/test does it)';

export interface LaunchOptions {
  readonly app?: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrate_kbps?: number;
  readonly packet_size?: number;
  /** Whether the client wants everything encrypted; audio always is. */
  readonly encrypt?: boolean;
  readonly resume?: boolean;
  readonly channels?: 2 | 6 | 8;
  /** File for the access units. */
  readonly out?: string;
  /** 32 hex digits instead of random ones. */
  readonly key?: string;
}

export interface Launched {
  readonly url: string;
  /** Of the request, s. */
  readonly launch_s?: number;
  /** Until the client says connected, s. */
  readonly started_s?: number;
  /** Where the start failed, and with which code. */
  readonly stage?: number;
  readonly code?: number;
}

export interface StreamState {
  readonly frames: number;
  readonly terminated: boolean;
  readonly termination: number;
  readonly audio: {
    readonly packets: number;
    readonly bytes: number;
    readonly sizes: Record<string, number>;
    /** Decoded by the client's decoder, a channel. */
    readonly samples: number;
    /** Largest sample, 0 … 1. */
    readonly peak: number;
    readonly undecodable: number;
  };
  readonly first_number?: number;
  readonly last_number?: number;
  readonly gaps?: number;
  readonly out_of_order?: number;
  readonly key_frames?: readonly number[];
  readonly first_frame_s?: number;
  readonly seconds?: number;
  readonly rtp?: {
    readonly video: number;
    readonly fec: number;
    readonly recovered: number;
    readonly failed: number;
    readonly out_of_sequence: number;
    readonly invalid: number;
  };
  readonly rtt_ms?: number;
}

/** What the client core refused or failed at; `kind` is its own exception's name. */
export class MoonlightError extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(`${kind}: ${message}`);
    this.kind = kind;
  }
}

export class Moonlight implements AsyncDisposable {
  readonly #process: Subprocess<'pipe', 'pipe', 'pipe'>;
  readonly #answers: AsyncIterator<string>;
  readonly folder: string;

  /** `wrapper`: words before the interpreter, such as `ip netns exec NAME`. */
  constructor(options: { readonly folder?: string; readonly wrapper?: readonly string[] } = {}) {
    this.folder = options.folder ?? temporaryFolder();
    this.#process = Bun.spawn(
      [
        ...(options.wrapper ?? []),
        PYTHON,
        join(import.meta.dir, 'moonlight-client.py'),
        this.folder,
      ],
      {
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'pipe',
        env: { PATH: '/usr/bin:/bin', HOME: this.folder, PYTHONDONTWRITEBYTECODE: '1' },
      },
    );
    this.#answers = lines(this.#process.stdout);
  }

  connect(port: number, address = '127.0.0.1'): Promise<{ app_version: string; codecs: number }> {
    return this.#do('connect', { address, port });
  }

  serverinfo(https = true): Promise<Record<string, string | null>> {
    return this.#do('serverinfo', { https });
  }

  pair(pin: string): Promise<{ host_certificate: string; seconds: number }> {
    return this.#do('pair', { pin });
  }

  apps(): Promise<{ id: number; title: string }[]> {
    return this.#do('apps', {});
  }

  raw(command: string, args?: string, https = true): Promise<string> {
    return this.#do('raw', { command, arguments: args ?? null, https });
  }

  async launch(options: LaunchOptions): Promise<Launched> {
    const app = options.app ?? (await this.apps())[0]?.id;
    return this.#do('launch', { ...options, app });
  }

  state(): Promise<StreamState> {
    return this.#do('state', {});
  }

  requestIdr(): Promise<null> {
    return this.#do('request_idr', {});
  }

  stop(): Promise<StreamState> {
    return this.#do('stop', {});
  }

  cancel(): Promise<null> {
    return this.#do('cancel', {});
  }

  discover(seconds: number): Promise<string[]> {
    return this.#do('discover', { timeout: seconds });
  }

  fingerprint(): Promise<string> {
    return this.#do('fingerprint', {});
  }

  /** SHA-256 of its certificate, read from its folder: usable while a command runs. */
  async knownFingerprint(): Promise<string> {
    return certificateFingerprint(await Bun.file(join(this.folder, 'cert.pem')).text());
  }

  /** As a crash or a pulled plug. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#process.exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin.end();
    const ended = await Promise.race([this.#process.exited, Bun.sleep(5000).then(() => undefined)]);
    if (ended === undefined) await this.kill();
  }

  async #do<T>(command: string, args: Readonly<Record<string, unknown>>): Promise<T> {
    this.#process.stdin.write(`${JSON.stringify({ do: command, with: args })}\n`);
    this.#process.stdin.flush();
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done === true) {
        const words = await new Response(this.#process.stderr).text();
        throw new MoonlightError(
          'Gone',
          `the client ended during ${command}: ${words.slice(-2000)}`,
        );
      }
      // The client core prints to stdout on its own.
      if (!value.startsWith('{"ok"')) continue;
      const answer: { ok: boolean; value?: T; error?: string; message?: string } =
        JSON.parse(value);
      if (!answer.ok) throw new MoonlightError(answer.error ?? '', answer.message ?? '');
      return answer.value as T;
    }
  }
}

/** By the host's pid, ms. */
const lastPairing = new Map<number, number>();

/** A device that is paired with the host, by the PIN typed over the API. */
export async function pairedClient(
  host: Host,
  options: ConstructorParameters<typeof Moonlight>[0] & { readonly address?: string } = {},
): Promise<Moonlight> {
  const client = new Moonlight(options);
  await client.connect(host.gamestreamPort, options.address);
  // The host takes one attempt from an address in two seconds.
  const rest = (lastPairing.get(host.pid) ?? 0) + 2100 - performance.now();
  if (rest > 0) await Bun.sleep(rest);
  lastPairing.set(host.pid, performance.now());
  const pairing = client.pair('4711');
  const attempt = await until('an attempt to pair', async () => {
    const state = (await host.json('GET', '/api/v1/pairing')) as PairingState;
    const fingerprint = await client.knownFingerprint();
    return state.attempts.find(
      (one) => one.phase === 'waiting_for_pin' && one.fingerprint === fingerprint,
    );
  });
  await host.json('POST', '/api/v1/clients/pin', { pin: '4711', attempt_id: attempt.attempt_id });
  await pairing;
  return client;
}

/** Waits until `look` answers something, looking every 50 ms. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  limitMs = 10_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await Bun.sleep(50);
  }
}

export function certificateFingerprint(pem: string): string {
  return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
  return undefined;
}
