// The part of the tests' host that the rooms of the host ask: devices, pairing, streams, tokens and the event stream. The
// same routes, codes and scopes as the real one; a device is played by the test.
import type { PairedClient, PairingAttempt, PairingState } from '../../contract/clients.ts';
import type { EventTopic, HostEvent } from '../../contract/events.ts';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { StatsStatus } from '../../contract/stats.ts';
import type { Scope, TokenInfo } from '../../contract/tokens.ts';

interface Listener {
  readonly topics: readonly string[];
  readonly send: (text: string) => void;
  readonly close: () => void;
}

/** A device's answer to the PIN: `undefined` keeps it waiting. */
export type Verdict = { readonly code: string; readonly message: string } | 'paired' | undefined;

export class PageDevices {
  readonly clients: PairedClient[] = [];
  readonly attempts: PairingAttempt[] = [];
  readonly sessions: SessionInfo[] = [];
  readonly tokens: TokenInfo[] = [
    {
      token_id: 'builtin',
      name: 'token file',
      scope: 'admin',
      created_unix_ms: Date.UTC(2026, 7, 1, 9),
      builtin: true,
    },
  ];
  app: HostStatus['app'];
  pairingEnabled = true;
  disabledBecause: string | undefined;
  /** What the device does with a PIN; the test's own device knows its own. */
  verdict: (pin: string) => Verdict = (pin) =>
    pin === '1234' ? 'paired' : { code: 'wrong_pin', message: 'The PIN was wrong.' };
  /** False: an API without an event stream. */
  streams = true;
  /** `POST /clients/pin` as it arrived. */
  readonly pins: unknown[] = [];
  /** `Last-Event-ID` of every connection to the stream. */
  readonly resumed: (string | undefined)[] = [];
  /** Values of tokens made here, by id. */
  readonly values = new Map<string, string>();
  readonly #recorder: () => StatsStatus;
  readonly #listeners = new Set<Listener>();
  readonly #pending = new Map<string, (verdict: Exclude<Verdict, undefined>) => void>();
  #eventId = 0;
  #count = 0;

  /** `recorder`: its status, for who follows it. */
  constructor(recorder: () => StatsStatus) {
    this.#recorder = recorder;
  }

  /** Connections to the event stream right now. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** A device asks to be paired. */
  knock(device: { name: string; address: string; agoMs?: number }): string {
    const attempt_id = `attempt-${++this.#count}`;
    const started_unix_ms = Date.now() - (device.agoMs ?? 0);
    this.attempts.unshift({
      attempt_id,
      name: device.name,
      address: device.address,
      fingerprint: printOf(this.#count),
      started_unix_ms,
      expires_unix_ms: started_unix_ms + 180_000,
      phase: 'waiting_for_pin',
    });
    this.tell('pairing');
    return attempt_id;
  }

  /** An attempt comes to its end. */
  end(attemptId: string, verdict: Exclude<Verdict, undefined>): void {
    const attempt = this.attempts.find((a) => a.attempt_id === attemptId);
    if (attempt === undefined) throw new Error(`no attempt ${attemptId}`);
    if (verdict === 'paired') {
      attempt.phase = 'paired';
      this.pair(attempt.name, { address: attempt.address, client_id: attempt.fingerprint });
    } else {
      Object.assign(attempt, { phase: 'failed', ...verdict });
    }
    this.#pending.get(attemptId)?.(verdict);
    this.#pending.delete(attemptId);
    this.tell('pairing');
  }

  /** A device that is paired already. */
  pair(name: string, more: Partial<PairedClient> = {}): PairedClient {
    const client: PairedClient = {
      client_id: printOf(++this.#count),
      name,
      paired_unix_ms: Date.UTC(2026, 7, 21, 18, 14),
      address: '192.168.1.42',
      may_end: false,
      connected: false,
      ...more,
    };
    this.clients.push(client);
    this.tell('clients');
    return client;
  }

  stream(session: Partial<SessionInfo> & { client: string }): SessionInfo {
    const whole: SessionInfo = {
      session_id: ++this.#count,
      kind: 'gamestream',
      state: 'streaming',
      app: 'Desktop',
      address: '192.168.1.42',
      started_unix_ms: Date.UTC(2026, 7, 21, 18, 31, 7),
      source: 'wlroots',
      encoder: 'x264',
      codec: 'h264',
      width: 1920,
      height: 1080,
      fps: 60,
      bitrate_kbps: 20_000,
      encryption: { control: 'v2', video: true, audio: true },
      network: { rtt_us: 2_140, packets_lost: 0, packets_recovered: 0 },
      ...session,
    };
    this.sessions.push(whole);
    this.tell('sessions');
    return whole;
  }

  /** Sends the whole list of a topic to who listens for it. */
  tell(topic: EventTopic): void {
    this.#eventId++;
    for (const listener of this.#listeners) {
      if (listener.topics.includes(topic)) listener.send(this.#message(topic));
    }
  }

  #message(topic: EventTopic): string {
    return `id: ${this.#eventId}\nevent: ${topic}\ndata: ${JSON.stringify(this.#event(topic))}\n\n`;
  }

  /** Any text into every stream: what a broken host might send. */
  raw(text: string): void {
    for (const listener of this.#listeners) listener.send(text);
  }

  /** Ends every stream, as a host that restarts does. */
  hangUp(): void {
    for (const listener of [...this.#listeners]) listener.close();
  }

  status(measuring: boolean): HostStatus {
    return {
      state: this.app === undefined ? 'free' : 'busy',
      ...(this.app === undefined ? {} : { app: this.app }),
      sessions: this.sessions.length,
      max_sessions: 4,
      measuring,
      waiting_for_pin: this.attempts.filter((a) => a.phase === 'waiting_for_pin').length,
    };
  }

  /** The answer to a route of this part; undefined: it is none. */
  async answer(call: string, request: Request, url: URL): Promise<Response | undefined> {
    const [, verb = '', list = '', id = ''] =
      /^(\w+) \/(clients|pairing|sessions|tokens)\/([^/]+)$/.exec(call) ?? [];
    switch (call) {
      case 'GET /events':
        return this.streams ? this.#listen(request, url) : undefined;
      case 'GET /sessions':
        return Response.json(this.sessions);
      case 'GET /clients':
        return Response.json(this.clients);
      case 'GET /pairing':
        return Response.json(this.pairing());
      case 'PUT /pairing':
        return this.#switch(await bodyOf(request));
      case 'POST /clients/pin':
        return this.#pin(await bodyOf(request));
      case 'GET /tokens':
        return Response.json(this.tokens);
      case 'POST /tokens':
        return this.#makeToken(await bodyOf(request));
      case 'DELETE /app':
        this.app = undefined;
        this.sessions.length = 0;
        this.tell('sessions');
        return done();
    }
    switch (`${verb} ${list}`) {
      case 'PATCH clients':
        return this.#change(id, await bodyOf(request));
      case 'DELETE clients':
        return this.#remove(this.clients, (c) => c.client_id === id, 'clients', 'client_not_found');
      case 'DELETE sessions':
        return this.#remove(
          this.sessions,
          (s) => String(s.session_id) === id,
          'sessions',
          'session_not_found',
        );
      case 'DELETE tokens':
        return this.#remove(this.tokens, (t) => t.token_id === id, undefined, 'token_not_found');
      case 'DELETE pairing':
        return this.#remove(this.attempts, (a) => a.attempt_id === id, 'pairing', 'no_attempt');
      default:
        return undefined;
    }
  }

  pairing(): PairingState {
    return {
      enabled: this.pairingEnabled,
      ...(this.disabledBecause === undefined ? {} : { disabled_because: this.disabledBecause }),
      host_fingerprint: printOf(0),
      now_unix_ms: Date.now(),
      attempts: this.attempts,
    };
  }

  #event(topic: EventTopic): HostEvent {
    switch (topic) {
      case 'sessions':
        return { topic, sessions: this.sessions };
      case 'clients':
        return { topic, clients: this.clients };
      case 'pairing':
        return { topic, pairing: this.pairing() };
      case 'captures':
        return { topic, status: this.#recorder() };
    }
  }

  #listen(request: Request, url: URL): Response {
    this.resumed.push(request.headers.get('last-event-id') ?? undefined);
    const topics = (url.searchParams.get('topics') ?? '').split(',');
    const text = new TextEncoder();
    let drop = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const listener: Listener = {
          topics,
          send: (chunk) => controller.enqueue(text.encode(chunk)),
          close: () => {
            drop();
            controller.close();
          },
        };
        const beat = setInterval(() => listener.send(': still here\n\n'), 5000);
        drop = () => {
          clearInterval(beat);
          this.#listeners.delete(listener);
        };
        this.#listeners.add(listener);
        listener.send(': hello\n\n');
        const seen = request.headers.get('last-event-id');
        if (seen === String(this.#eventId)) return;
        for (const topic of TOPICS) if (topics.includes(topic)) listener.send(this.#message(topic));
      },
      cancel: () => drop(),
    });
    request.signal.addEventListener('abort', () => drop());
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  #switch(body: Record<string, unknown>): Response {
    this.pairingEnabled = body['enabled'] === true;
    this.disabledBecause = undefined;
    this.tell('pairing');
    return Response.json(this.pairing());
  }

  async #pin(body: Record<string, unknown>): Promise<Response> {
    this.pins.push(body);
    const attempt = this.attempts.find(
      (a) => a.attempt_id === body['attempt_id'] && a.phase === 'waiting_for_pin',
    );
    if (attempt === undefined) return refusal(404, 'no_attempt', 'No device waits.');
    if (typeof body['name'] === 'string') attempt.name = body['name'];
    attempt.phase = 'verifying';
    this.tell('pairing');
    const verdict = this.verdict(String(body['pin']));
    const ended =
      verdict ??
      (await new Promise<Exclude<Verdict, undefined>>((resolve) =>
        this.#pending.set(attempt.attempt_id, resolve),
      ));
    if (verdict !== undefined) this.end(attempt.attempt_id, verdict);
    return ended === 'paired'
      ? Response.json(attempt)
      : refusal(409, 'pairing_failed', ended.message);
  }

  #change(id: string, body: Record<string, unknown>): Response {
    const client = this.clients.find((c) => c.client_id === id);
    if (client === undefined) return refusal(404, 'client_not_found', 'No such device.');
    if (typeof body['name'] === 'string') client.name = body['name'];
    if (typeof body['may_end'] === 'boolean') client.may_end = body['may_end'];
    this.tell('clients');
    return Response.json(client);
  }

  #makeToken(body: Record<string, unknown>): Response {
    const scope = SCOPES.find((known) => known === body['scope']);
    const { name } = body;
    if (scope === undefined || typeof name !== 'string') {
      return refusal(422, 'invalid', 'The body is not a token.');
    }
    const info: TokenInfo = {
      token_id: `token-${++this.#count}`,
      name,
      scope,
      created_unix_ms: Date.now(),
      builtin: false,
    };
    const token = `pf_value_of_${info.token_id}`;
    this.tokens.push(info);
    this.values.set(info.token_id, token);
    return Response.json({ token, info }, { status: 201 });
  }

  #remove<T>(
    list: T[],
    wanted: (one: T) => boolean,
    topic: EventTopic | undefined,
    code: string,
  ): Response {
    const at = list.findIndex(wanted);
    if (at < 0) return refusal(404, code, 'It is not there.');
    list.splice(at, 1);
    if (topic !== undefined) this.tell(topic);
    return done();
  }
}

/** What a token needs for a route, as the real host has it. */
export function scopeFor(call: string): Scope | undefined {
  if (/^\w+ \/stats\//.test(call)) return 'stats';
  if (call === 'GET /events') return undefined;
  return HOST_READ.includes(call) ? 'host:read' : 'admin';
}

export function refusal(status: number, code: string, error: string): Response {
  return Response.json({ error, code }, { status });
}

async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  const body: unknown = await request.json().catch(() => undefined);
  return typeof body === 'object' && body !== null ? Object.fromEntries(Object.entries(body)) : {};
}

const done = (): Response => new Response(undefined, { status: 204 });

/** 64 hex digits that differ from their first one on. */
function printOf(n: number): string {
  return new Bun.CryptoHasher('sha256').update(`device ${n}`).digest('hex');
}

const TOPICS: readonly EventTopic[] = ['sessions', 'clients', 'pairing', 'captures'];
const SCOPES: readonly Scope[] = ['stats', 'host:read', 'admin'];
const HOST_READ = [
  'GET /host',
  'GET /status',
  'GET /sessions',
  'GET /clients',
  'GET /test-streams',
];
