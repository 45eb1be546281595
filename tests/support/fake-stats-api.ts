// The statistics API of a running host as the command line sees it: recordings in memory behind a real listener, with
// the answers, headers and refusals of the real one, and a note of everything that was asked.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Value } from 'typebox/value';
import {
  Capture,
  type CaptureMeta,
  type RangeQuantiles,
  RecordingChange,
  type StatsStatus,
} from '../../contract/stats.ts';
import { changedUser } from '../../host/src/recordings/user-data.ts';
import type { FrameBatch } from '../../recording/src/frames.ts';
import { encodeFooter, encodeGroup, FILE_HEAD } from '../../recording/src/frames-writer.ts';

const TOKEN = 'test-token-0123456789';

export interface Held {
  readonly capture: Capture;
  /** Undefined: windows alone. */
  readonly frames?: readonly FrameBatch[];
  readonly quantiles?: (session: number) => RangeQuantiles;
}

export class FakeStatsApi implements Disposable {
  readonly env: Readonly<Record<string, string>>;
  /** Newest first. */
  readonly recordings = new Map<string, Held>();
  readonly trash = new Map<string, Held>();
  readonly damaged: CaptureMeta[] = [];
  /** `GET /stats/…?…`, in order. */
  readonly asked: string[] = [];
  readonly bodies: unknown[] = [];
  recording = false;
  status: StatsStatus = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };
  blackBox: CaptureMeta | undefined;
  /** How long ago it seems that something was deleted. */
  deletedAgoMs = 0;
  /** Answers so many bytes of a download, and is gone. */
  breakAfterBytes: number | undefined;
  readonly #server: ReturnType<typeof Bun.serve>;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => this.#answer(request),
    });
    const configDir = mkdtempSync(join(tmpdir(), 'pf-cli-'));
    writeFileSync(join(configDir, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    this.env = {
      PUNKTFUNK_CONFIG_DIR: configDir,
      PUNKTFUNK_API_PORT: String(this.#server.port),
    };
  }

  hold(capture: Capture, rest: Omit<Held, 'capture'> = {}): void {
    this.recordings.set(capture.meta.id, { capture, ...rest });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    if (request.headers.get('authorization') !== `Bearer ${TOKEN}`) {
      return refused(401, 'unauthorized', 'The token is missing or wrong.');
    }
    const { pathname, searchParams, search } = new URL(request.url);
    const path = pathname.slice('/api/v1'.length);
    this.asked.push(`${request.method} ${path}${decodeURIComponent(search)}`);
    switch (`${request.method} ${path}`) {
      case 'GET /stats/recordings':
        return this.#list(searchParams);
      case 'POST /stats/recordings':
        return this.#import(request);
      case 'GET /stats/trash':
        return Response.json([...this.trash.values()].map(({ capture }) => capture.meta));
      case 'POST /stats/capture/start':
        return this.#start(await this.#body(request));
      case 'GET /stats/capture/status':
        return Response.json(this.status);
      case 'POST /stats/capture/stop':
        return this.#stop();
      case 'POST /stats/capture/markers':
        return this.#mark(await this.#body(request));
      case 'POST /stats/black-box/save':
        return this.blackBox === undefined
          ? refused(409, 'black_box_empty', 'The black box holds nothing yet.')
          : Response.json(this.blackBox, { status: 201 });
      default:
        return request.method === 'PATCH'
          ? this.#change(path, await this.#body(request))
          : this.#one(request.method, path, searchParams);
    }
  }

  #list(query: URLSearchParams): Response {
    const limit = Number(query.get('limit') ?? 1000);
    const after = query.get('after');
    const wanted = [...this.recordings.values()]
      .map(({ capture }) => capture.meta)
      .filter(
        ({ id, tags = [], starred, name = '', started_unix_ms }) =>
          (query.get('tag') === null || tags.includes(query.get('tag') ?? '')) &&
          (query.get('starred') === null || starred === true) &&
          (query.get('text') === null || `${id} ${name}`.includes(query.get('text') ?? '')) &&
          started_unix_ms >= Number(query.get('from_unix_ms') ?? 0),
      );
    const metas = [...wanted, ...this.damaged];
    const from = after === null ? 0 : metas.findIndex(({ id }) => id === after) + 1;
    const page = metas.slice(from, from + limit);
    const last = page.at(-1);
    const more = from + limit < metas.length && last !== undefined;
    return Response.json(page, { headers: more ? { 'x-next-after': last.id } : {} });
  }

  async #import(request: Request): Promise<Response> {
    const bytes = Buffer.from(await request.arrayBuffer());
    this.bodies.push(request.headers.get('content-type'));
    const text = bytes[0] === 0x1f ? gunzipSync(bytes).toString() : bytes.toString();
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch {
      return refused(400, 'import_invalid', 'It is no JSON.');
    }
    if (!Value.Check(Capture, data)) return refused(400, 'import_invalid', 'It is no recording.');
    if (this.recordings.has(data.meta.id)) {
      return refused(409, 'recording_exists', 'There is a recording of that id already.');
    }
    this.hold(data);
    return Response.json(data.meta, { status: 201 });
  }

  #start(body: unknown): Response {
    this.bodies.push(body);
    this.recording = true;
    return Response.json({
      armed: true,
      sample_count: 0,
      started_unix_ms: 1_000_000,
      kind: '',
      now_unix_ms: 1_030_000,
    });
  }

  #stop(): Response {
    if (!this.recording) return new Response(undefined, { status: 204 });
    this.recording = false;
    const [first] = this.recordings.values();
    return Response.json(first?.capture.meta);
  }

  #mark(body: unknown): Response {
    this.bodies.push(body);
    return this.recording
      ? Response.json({ t_ms: 61_000, kind: 'marker', detail: { text: 'x' } }, { status: 201 })
      : refused(409, 'not_recording', 'Neither a capture nor the black box takes it.');
  }

  #one(method: string, path: string, query: URLSearchParams): Response {
    const [, id = '', what = ''] = /^\/stats\/recordings\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    if (method === 'POST' && what === 'restore') {
      const back = this.trash.get(id);
      if (back === undefined) return missing(id);
      this.trash.delete(id);
      const { deleted_unix_ms: _, ...meta } = back.capture.meta;
      const others = [...this.recordings];
      this.recordings.clear();
      this.recordings.set(id, { ...back, capture: { ...back.capture, meta } });
      for (const [other, held] of others) this.recordings.set(other, held);
      return Response.json(meta);
    }
    const held = this.recordings.get(id);
    if (held === undefined) return missing(id);
    if (method === 'DELETE') {
      this.recordings.delete(id);
      const meta = { ...held.capture.meta, deleted_unix_ms: Date.now() - this.deletedAgoMs };
      const capture = { ...held.capture, meta };
      if (query.get('forever') !== 'true') this.trash.set(id, { ...held, capture });
      return new Response(undefined, { status: 204 });
    }
    if (what === '') return this.#download(Buffer.from(JSON.stringify(fileOf(held.capture))));
    if (what === 'quantiles' && held.quantiles !== undefined) {
      return Response.json(held.quantiles(Number(query.get('session'))));
    }
    if (what === 'frames' && held.frames !== undefined) {
      return this.#download(framesFile(held.frames, id));
    }
    return refused(404, 'no_frames', 'This recording has windows alone.');
  }

  #change(path: string, body: unknown): Response {
    this.bodies.push(body);
    const id = path.split('/').at(-1) ?? '';
    const held = this.recordings.get(id);
    if (held === undefined) return missing(id);
    if (!Value.Check(RecordingChange, body)) return refused(422, 'invalid', 'It is no change.');
    const { name: _, note: __, tags: ___, starred: ____, ...rest } = held.capture.meta;
    const meta = { ...rest, ...changedUser(held.capture.meta, body) };
    this.recordings.set(id, { ...held, capture: { ...held.capture, meta } });
    return Response.json(meta);
  }

  #download(bytes: Buffer): Response {
    const { breakAfterBytes } = this;
    if (breakAfterBytes === undefined) return new Response(Uint8Array.from(bytes));
    const begun = bytes.subarray(0, breakAfterBytes);
    return new Response(
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(begun);
          // The whole host goes away while the answer is under way.
          setTimeout(() => this[Symbol.dispose](), 20);
        },
      }),
    );
  }

  async #body(request: Request): Promise<unknown> {
    return request.json();
  }
}

/** What people added lies in a file of its own, and only lists have it. */
export function fileOf(capture: Capture): Capture {
  const { name: _, note: __, tags: ___, starred: ____, bytes: _____, ...meta } = capture.meta;
  return { ...capture, meta };
}

/** The groups as the one file that a host keeps. */
export function framesFile(groups: readonly FrameBatch[], id: string): Buffer {
  const parts: Uint8Array[] = [FILE_HEAD];
  let offset = FILE_HEAD.length;
  const saved = groups.map((batch) => {
    const { bytes, group } = encodeGroup(batch, offset);
    parts.push(bytes);
    offset += bytes.length;
    return group;
  });
  parts.push(encodeFooter(saved, { recordingId: id, startedUnixMs: 1_000_000 }, offset));
  return Buffer.concat(parts);
}

function refused(status: number, code: string, error: string): Response {
  return Response.json({ error, code }, { status });
}

function missing(id: string): Response {
  return refused(404, 'recording_not_found', `There is no recording "${id}".`);
}
