// A host for tests of the page: the same routes, headers and refusals, with recordings from a seed and a capture whose
// windows pass faster than real ones. No engine, no files.
import { join, normalize } from 'node:path';
import { Value } from 'typebox/value';
import type { HostInfo } from '../../contract/host.ts';
import {
  type BlackBoxStatus,
  type Capture,
  type CaptureEvent,
  type CaptureMeta,
  type LastRun,
  MarkerRequest,
  type SessionEntry,
  type StatsSample,
  type StatsStatus,
} from '../../contract/stats.ts';
import {
  TestScript,
  type TestStreamReport,
  type TestStreamState,
} from '../../contract/test-streams.ts';
import type { Scope } from '../../contract/tokens.ts';
import { PageDevices, refusal, scopeFor } from './page-devices.ts';
import { PageGuests } from './page-guests.ts';
import { PageLive } from './page-live.ts';
import { GAMESTREAM, sampleOf, seeded } from './seeded-recordings.ts';

export interface PageHostOptions {
  /** Folder with the built page; without it only the API answers. */
  readonly web?: string;
  readonly recordings: readonly Capture[];
  /** Origins of other pages that may call. */
  readonly origins?: readonly string[];
  /** Length of a live window; real hosts take a second. */
  readonly windowMs?: number;
}

interface Armed {
  readonly startedUnixMs: number;
  readonly id: string;
}

interface Streaming {
  readonly startedUnixMs: number;
  readonly seconds: number;
  stoppedUnixMs: number | undefined;
}

export class PageHost implements Disposable {
  readonly token = 'a-token-of-the-test';
  /** What the token may. */
  scope: Scope = 'admin';
  readonly devices = new PageDevices(() => this.#status());
  /** What is told to who watches the running capture. */
  readonly live = new PageLive(() => this.#armed && this.#live(this.#armed));
  /** Every request, in order: `GET /api/v1/host`. */
  readonly requests: string[] = [];
  /** Breaks every connection without an answer. */
  silent = false;
  /** Refuses to save, as a host with a full disk does. */
  diskFull = false;
  /** Why what it records cannot be written now. */
  fault: string | undefined;
  /** What the status says of them; undefined: a host without. */
  blackBox: BlackBoxStatus | undefined;
  lastRun: LastRun | undefined;
  /** Files in the folder that cannot be read. */
  readonly damaged: CaptureMeta[] = [];
  readonly markers: CaptureEvent[] = [];
  /** Who streams besides the test stream. */
  readonly guests = new PageGuests();
  /** What test streams were asked for with, in order. */
  readonly testStreamBodies: unknown[] = [];
  /** Files of frames, by recording. */
  readonly frames = new Map<string, Uint8Array<ArrayBuffer>>();
  #framesLine: Promise<void> | undefined;
  readonly #trash = new Map<string, Capture>();
  readonly #options: PageHostOptions;
  readonly #recordings: Map<string, Capture>;
  readonly #server: Bun.Server<undefined>;
  readonly #windowMs: number;
  #armed: Armed | undefined;
  #stream: Streaming | undefined;

  constructor(options: PageHostOptions) {
    this.#options = options;
    this.#windowMs = options.windowMs ?? 250;
    this.#recordings = new Map(options.recordings.map((r) => [r.meta.id, r]));
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      // An event stream is silent for as long as nothing happens.
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get ids(): string[] {
    return this.#metas().map((m) => m.id);
  }

  recording(id: string): Capture {
    const found = this.#recordings.get(id);
    if (found === undefined) throw new RangeError(`no recording ${id}`);
    return found;
  }

  /** A recording's file, byte for byte. */
  file(id: string): string {
    return JSON.stringify(this.#recordings.get(id));
  }

  [Symbol.dispose](): void {
    this.devices.hangUp();
    this.live.hangUp();
    void this.#server.stop(true);
  }

  /** Frames are long on their way, as on a slow line: until what this gives back is called. */
  holdFrames(): () => void {
    const line = Promise.withResolvers<void>();
    this.#framesLine = line.promise;
    return line.resolve;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    // A redirect that no client follows: to fetch it is a network error, as a closed port would be.
    if (this.silent) return Response.redirect('silent://nobody');
    this.requests.push(`${request.method} ${url.pathname}`);
    const answer = await this.#route(request, url);
    for (const [name, value] of Object.entries(SAFETY_HEADERS)) answer.headers.set(name, value);
    const origin = request.headers.get('origin');
    if (origin !== null && this.#options.origins?.includes(origin) === true) {
      answer.headers.set('access-control-allow-origin', origin);
      answer.headers.set(
        'access-control-allow-headers',
        'authorization, content-type, last-event-id',
      );
      answer.headers.set('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE');
    }
    return answer;
  }

  async #route(request: Request, url: URL): Promise<Response> {
    if (request.method === 'OPTIONS') return new Response(undefined, { status: 204 });
    if (!url.pathname.startsWith('/api/')) return this.#asset(url.pathname);
    if (request.headers.get('authorization') !== `Bearer ${this.token}`) {
      return refusal(401, 'unauthorized', 'The token is missing or wrong.');
    }
    const call = `${request.method} ${url.pathname.replace('/api/v1', '')}`;
    const need = scopeFor(call);
    if (this.scope !== 'admin' && need !== undefined && this.scope !== need) {
      const message = `This needs a token with the scope ${need}; this one has ${this.scope}.`;
      return refusal(403, 'scope_missing', message);
    }
    const forbidden = url.searchParams
      .get('topics')
      ?.split(',')
      .some((t) => !this.#maySee(t));
    if (call === 'GET /events' && forbidden === true) {
      return refusal(403, 'scope_missing', 'This token may not see one of the topics.');
    }
    const restored = /^POST \/stats\/recordings\/(.+)\/restore$/.exec(call)?.[1];
    if (restored !== undefined) return this.#restore(decodeURIComponent(restored));
    const framed = /^GET \/stats\/recordings\/(.+)\/frames$/.exec(call)?.[1];
    if (framed !== undefined) return this.#framesOf(decodeURIComponent(framed));
    const id = /^(?:GET|PATCH|DELETE) \/stats\/recordings\/(.+)$/.exec(call)?.[1];
    if (id !== undefined) return this.#recording(request, decodeURIComponent(id), url);
    switch (call) {
      case 'POST /stats/capture/start':
        return this.#start();
      case 'POST /stats/capture/stop':
        return this.#stop();
      case 'GET /stats/capture/status':
        return Response.json(this.#status());
      case 'GET /stats/capture/live':
        return this.#armed === undefined
          ? refusal(404, 'idle', 'Nothing is being recorded.')
          : Response.json(this.#live(this.#armed));
      case 'GET /stats/capture/stream':
        return this.live.open(request) ?? refusal(404, 'not_found', `There is no ${call}.`);
      case 'POST /stats/capture/markers':
        return this.#mark(await request.json());
      case 'POST /stats/black-box/save':
        return this.#saveBlackBox('request');
      case 'POST /stats/last-run/save':
        return this.#saveBlackBox('bad_end');
      case 'DELETE /stats/last-run':
        this.lastRun = undefined;
        return new Response(undefined, { status: 204 });
      case 'GET /stats/trash':
        return Response.json(
          [...this.#trash.values()].map(({ meta }) => ({ ...meta, deleted_unix_ms: Date.now() })),
        );
      case 'GET /stats/recordings':
        return Response.json([...this.#metas(), ...this.damaged]);
      case 'GET /host':
        return Response.json(this.#info());
      case 'GET /status':
        return Response.json(this.devices.status(this.#armed !== undefined));
      case 'GET /test-streams':
        return Response.json(this.#streamState());
      case 'POST /test-streams':
        return this.#startStream(request);
      case 'DELETE /test-streams':
        if (this.#stream !== undefined) this.#stream.stoppedUnixMs ??= Date.now();
        return Response.json(this.#streamState());
    }
    const answer = await this.devices.answer(call, request, url);
    return answer ?? refusal(404, 'not_found', `There is no ${call}.`);
  }

  #maySee(topic: string): boolean {
    if (this.scope === 'admin') return true;
    return this.scope === 'stats' ? topic === 'captures' : ['sessions', 'clients'].includes(topic);
  }

  async #recording(request: Request, id: string, url: URL): Promise<Response> {
    const forever = url.searchParams.get('forever') === 'true';
    const found = this.#recordings.get(id) ?? (forever ? this.#trash.get(id) : undefined);
    if (found === undefined) return refusal(404, 'not_found', `There is no recording ${id}.`);
    if (request.method === 'GET') {
      return new Response(this.file(id), { headers: { 'content-type': 'application/json' } });
    }
    if (request.method === 'PATCH') return this.#change(found, await request.json());
    this.#recordings.delete(id);
    this.#trash.delete(id);
    if (!forever) this.#trash.set(id, found);
    return new Response(undefined, { status: 204 });
  }

  /** What is left out stays; an empty text or list takes it away. */
  #change(found: Capture, body: unknown): Response {
    const change = Object.entries(typeof body === 'object' && body !== null ? body : {});
    const meta: CaptureMeta = { ...found.meta, ...Object.fromEntries(change) };
    if (meta.name === '') delete meta.name;
    if (meta.note === '') delete meta.note;
    if (meta.tags?.length === 0) delete meta.tags;
    if (meta.starred === false) delete meta.starred;
    this.#recordings.set(meta.id, { ...found, meta });
    return Response.json(meta);
  }

  async #framesOf(id: string): Promise<Response> {
    await this.#framesLine;
    const file = this.frames.get(id);
    if (file === undefined) return refusal(404, 'no_frames', `${id} has no frames.`);
    return new Response(file, { headers: { 'content-type': 'application/vnd.apache.parquet' } });
  }

  #restore(id: string): Response {
    const found = this.#trash.get(id);
    if (found === undefined) return refusal(404, 'not_found', `There is no recording ${id}.`);
    this.#trash.delete(id);
    this.#recordings.set(id, found);
    return Response.json(found.meta);
  }

  #mark(body: unknown): Response {
    if (this.#armed === undefined) return refusal(409, 'not_recording', 'Nothing is recorded.');
    if (!Value.Check(MarkerRequest, body)) return refusal(422, 'invalid', 'That is no marker.');
    const t_ms = Date.now() - this.#armed.startedUnixMs - (body.ago_ms ?? 0);
    if (t_ms < 0) return refusal(400, 'marker_invalid', 'It lies before the recording.');
    const event: CaptureEvent = { t_ms, kind: 'marker', detail: { text: body.text } };
    this.markers.push(event);
    this.live.look();
    return Response.json(event, { status: 201 });
  }

  #saveBlackBox(trigger: string): Response {
    const now = Date.now();
    const meta: CaptureMeta = {
      ...{ id: `${idAt(now)}_1280x720`, started_unix_ms: now - 90_000, duration_ms: 90_000 },
      ...{ kind: 'gamestream', width: 1280, height: 720, fps: 60, codec: 'h264' },
      ...{ client: 'client 1', sample_count: 0, trigger },
    };
    this.#recordings.set(meta.id, { meta, version: 2, samples: [] });
    if (trigger === 'bad_end' && this.lastRun !== undefined) {
      this.lastRun = { ...this.lastRun, saved_id: meta.id };
    } else if (this.blackBox !== undefined) {
      const said = { last_trigger: trigger, last_saved_unix_ms: now, last_id: meta.id };
      this.blackBox = { ...this.blackBox, ...said, saved: this.blackBox.saved + 1 };
    }
    return Response.json(meta, { status: 201 });
  }

  #status(): StatsStatus {
    const armed = this.#armed;
    const samples = armed === undefined ? [] : this.#live(armed).samples;
    return {
      armed: armed !== undefined,
      sample_count: samples.length,
      started_unix_ms: armed?.startedUnixMs ?? 0,
      kind: samples.length > 0 ? 'gamestream' : '',
      now_unix_ms: Date.now(),
      ...(this.fault === undefined ? {} : { fault: this.fault }),
      ...(this.blackBox === undefined ? {} : { black_box: this.blackBox }),
      ...(this.lastRun === undefined ? {} : { last_run: this.lastRun }),
    };
  }

  /** Windows exist only while something streams, as in a real host. */
  #live(armed: Armed): Capture {
    const random = seeded(armed.startedUnixMs % 1000);
    const now = Date.now();
    const samples: StatsSample[] = [];
    const stream = this.#stream;
    if (stream !== undefined) {
      const from = Math.max(0, stream.startedUnixMs - armed.startedUnixMs);
      const to = Math.min(now, endOf(stream)) - armed.startedUnixMs;
      const shape = { fps: 60, windowMs: this.#windowMs, kbps: 20_000, stages: GAMESTREAM };
      for (let t = from + this.#windowMs; t <= to; t += this.#windowMs) {
        samples.push(sampleOf({ ...shape, tMs: Math.round(t), session: 1 }, random));
      }
    }
    samples.push(...this.guests.samples(armed.startedUnixMs, now, this.#windowMs));
    samples.sort((a, b) => a.t_ms - b.t_ms);
    const came = samples.length > 0;
    const meta: CaptureMeta = {
      id: `${armed.id}_${came ? '1280x720' : 'idle'}`,
      started_unix_ms: armed.startedUnixMs,
      duration_ms: now - armed.startedUnixMs,
      kind: came ? 'gamestream' : '',
      width: came ? 1280 : 0,
      height: came ? 720 : 0,
      fps: came ? 60 : 0,
      codec: came ? 'h264' : '',
      client: came ? 'test' : '',
      sample_count: samples.length,
    };
    const started_t_ms = Math.max(0, (stream?.startedUnixMs ?? 0) - armed.startedUnixMs);
    const own = samples.some(({ session_id }) => session_id === 1);
    const sessions = [
      ...(own ? [{ ...SESSION, started_t_ms }] : []),
      ...(came ? this.guests.sessions(armed.startedUnixMs) : []),
    ];
    return { meta, version: 2, sessions, events: [...this.markers], samples };
  }

  #start(): Response {
    if (this.#armed === undefined) {
      this.markers.length = 0;
      this.#armed = { startedUnixMs: Date.now(), id: idAt(Date.now()) };
      this.live.look();
      this.devices.tell('captures');
    }
    return Response.json(this.#status());
  }

  #stop(): Response {
    if (this.#armed === undefined) return new Response(undefined, { status: 204 });
    if (this.diskFull) return refusal(507, 'disk_full', 'The disk is full; the capture waits.');
    const saved = this.#live(this.#armed);
    this.#recordings.set(saved.meta.id, saved);
    this.live.look();
    this.#armed = undefined;
    this.live.stopped(saved.meta.id);
    this.devices.tell('captures');
    return Response.json(saved.meta);
  }

  #metas(): CaptureMeta[] {
    const metas = [...this.#recordings.values()].map((r) => r.meta);
    return metas.sort((a, b) => b.started_unix_ms - a.started_unix_ms);
  }

  #info(): HostInfo {
    const session: HostInfo['sessions'][number] = {
      session_id: 1,
      kind: 'gamestream',
      state: 'streaming',
      client: 'test',
      source: 'synthetic',
      encoder: 'openh264',
      codec: 'h264',
      width: 1280,
      height: 720,
      fps: 60,
      bitrate_kbps: 20_000,
    };
    return {
      name: 'wohnzimmer',
      version: '0.1.0',
      started_unix_ms: 0,
      now_unix_ms: Date.now(),
      gamestream_port: 47989,
      engine: { abi: 1, version: '0.1.0' },
      sessions: [
        ...this.devices.sessions,
        ...(this.#streamState().state === 'running' ? [session] : []),
      ],
    };
  }

  async #startStream(request: Request): Promise<Response> {
    if (this.#streamState().state === 'running') {
      return refusal(409, 'test_stream_running', 'A test stream is running already.');
    }
    const body: unknown = await request.json().catch(() => ({}));
    this.testStreamBodies.push(body);
    const seconds = secondsOf(body) ?? 10;
    this.#stream = { startedUnixMs: Date.now(), seconds, stoppedUnixMs: undefined };
    return Response.json(this.#streamState(), { status: 202 });
  }

  #streamState(): TestStreamState {
    const stream = this.#stream;
    if (stream === undefined) return { state: 'idle' };
    const { seconds } = stream;
    const elapsed_s = (Math.min(Date.now(), endOf(stream)) - stream.startedUnixMs) / 1000;
    if (Date.now() < endOf(stream)) return { state: 'running', elapsed_s, seconds, session_id: 1 };
    return { state: 'done', elapsed_s, seconds, session_id: 1, report: reportOf(elapsed_s) };
  }

  async #asset(pathname: string): Promise<Response> {
    const { web } = this.#options;
    if (web === undefined) return refusal(404, 'not_found', 'No page here.');
    const path = pathname === '/' ? '/index.html' : pathname.replace(/^\/assets\//, '/');
    const file = Bun.file(join(web, normalize(path)));
    if (!(await file.exists())) return refusal(404, 'not_found', `There is no ${pathname}.`);
    return new Response(file, { headers: { 'content-type': file.type } });
  }
}

/** Of one stream, or of a script's first session. */
function secondsOf(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  if ('seconds' in body) return Number(body.seconds);
  if (!('script' in body) || !Value.Check(TestScript, body.script)) return undefined;
  return body.script.sessions[0]?.seconds;
}

function endOf(stream: Streaming): number {
  return stream.stoppedUnixMs ?? stream.startedUnixMs + stream.seconds * 1000;
}

function reportOf(seconds: number): TestStreamReport {
  const frames = Math.round(seconds * 60);
  return {
    source: 'synthetic',
    mode: '1280x720@60',
    codec: 'h264',
    seconds,
    frames_sent: frames,
    frames_received: frames,
    frames_recovered: 3,
    frames_lost: 0,
    packets_sent: frames * 34,
    packets_lost: 41,
    packets_recovered: 41,
    bytes: frames * 41_000,
    stages: Object.fromEntries(
      Object.entries(GAMESTREAM).map(([name, us]) => [name, { p50_us: us, p99_us: us * 1.4 }]),
    ),
    ok: true,
    frames_new: frames,
    frames_repeated: 0,
    key_frames: 1,
  };
}

const SESSION = {
  ...{ session_id: 1, kind: 'gamestream', width: 1280, height: 720, fps: 60, codec: 'h264' },
  ...{ client: 'test', source: 'synthetic', encoder: 'openh264' },
} as const satisfies Partial<SessionEntry>;

function idAt(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19).replaceAll(':', '-').concat('Z');
}

/** What the real host sends with every answer: the page has to live under it. */
const SAFETY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
