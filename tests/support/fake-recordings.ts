// The recorder as the API sees it, driven by a test: what it answers is set, what it was asked is kept. How the real one
// comes to its answers is tested with it.
import type {
  BlackBoxStatus,
  CaptureEvent,
  CaptureMeta,
  CaptureStartRequest,
  LiveDelta,
  MarkerRequest,
  RangeQuantiles,
  RecordingChange,
  StatsStatus,
} from '../../contract/stats.ts';
import type { ApiHost } from '../../host/src/api/api.ts';
import { AppError } from '../../host/src/errors.ts';
import type {
  EventsQuery,
  FramesDownload,
  FramesQuery,
  ListQuery,
  OpenedRecording,
  QuantilesQuery,
  RecordingsPage,
} from '../../host/src/recordings/service.ts';

export class FakeRecordings implements Required<ApiHost['recordings']> {
  readonly metas = new Map<string, CaptureMeta>();
  readonly inTrash = new Map<string, CaptureMeta>();
  /** What every call was given, in order. */
  readonly asked: (readonly [method: string, ...args: unknown[]])[] = [];
  armed = false;
  status_: Partial<StatsStatus> = {};
  page: RecordingsPage | undefined;
  imported: Uint8Array | undefined;
  /** Thrown by whatever is called next. */
  fault: Error | undefined;
  metricsText: string | undefined;
  lastRun: CaptureMeta | undefined;
  /** The pieces of a download, made one at a time; a function is called when its turn comes. */
  pieces: readonly (Uint8Array | (() => Promise<Uint8Array>))[] = [];
  framesPath: string | undefined;
  readonly handles = new Map<number, number>();
  made = 0;
  onImport: () => Promise<void> = async () => undefined;
  readonly #listeners = new Set<(delta: LiveDelta) => void>();
  readonly #nowUnixMs: () => number;
  #handle = 0;

  constructor(nowUnixMs: () => number) {
    this.#nowUnixMs = nowUnixMs;
  }

  add(id: string, more: Partial<CaptureMeta> = {}): CaptureMeta {
    const meta = { ...metaOf(id), ...more };
    this.metas.set(id, meta);
    return meta;
  }

  /** The recorder says something of the running capture. */
  say(delta: LiveDelta): void {
    for (const listener of this.#listeners) listener(delta);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async start(request?: CaptureStartRequest): Promise<StatsStatus> {
    this.#was('start', request);
    this.armed = true;
    return this.status();
  }

  async stop(): Promise<CaptureMeta | undefined> {
    this.#was('stop');
    const armed = this.armed;
    this.armed = false;
    return armed ? this.add('stopped') : undefined;
  }

  async status(): Promise<StatsStatus> {
    this.#throwFault();
    return {
      armed: this.armed,
      sample_count: 0,
      started_unix_ms: this.armed ? this.#nowUnixMs() : 0,
      kind: '',
      now_unix_ms: this.#nowUnixMs(),
      ...this.status_,
    };
  }

  async live(): Promise<string | undefined> {
    return this.armed ? JSON.stringify({ meta: metaOf('live'), samples: [] }) : undefined;
  }

  async mark(request: MarkerRequest): Promise<CaptureEvent> {
    this.#was('mark', request);
    if (!this.armed) throw new AppError(409, 'not_recording', 'Nothing is recorded.');
    return { t_ms: 1500, kind: 'marker', detail: { text: request.text } };
  }

  onDelta(listener: (delta: LiveDelta) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async list(query?: ListQuery): Promise<RecordingsPage> {
    this.#was('list', query);
    return this.page ?? { metas: [...this.metas.values()], next: undefined };
  }

  async open(id: string): Promise<OpenedRecording | undefined> {
    this.#was('open', id);
    const meta = this.metas.get(id);
    if (meta === undefined) return undefined;
    return { kind: 'text', text: JSON.stringify({ meta, samples: [] }) };
  }

  async change(id: string, change: RecordingChange): Promise<CaptureMeta | undefined> {
    this.#was('change', id, change);
    const meta = this.metas.get(id);
    return meta === undefined ? undefined : this.add(id, { ...meta, ...change });
  }

  async remove(id: string, how?: 'trash' | 'forever'): Promise<boolean> {
    this.#was('remove', id, how);
    const meta = this.metas.get(id);
    if (meta !== undefined && how !== 'forever') this.inTrash.set(id, meta);
    return this.metas.delete(id) || (how === 'forever' && this.inTrash.delete(id));
  }

  async trash(): Promise<readonly CaptureMeta[]> {
    return [...this.inTrash.values()];
  }

  async restore(id: string): Promise<CaptureMeta | undefined> {
    this.#was('restore', id);
    const meta = this.inTrash.get(id);
    if (meta === undefined) return undefined;
    this.inTrash.delete(id);
    return this.add(id, meta);
  }

  async import(bytes: Uint8Array): Promise<CaptureMeta> {
    this.#was('import', bytes.length);
    this.imported = bytes;
    await this.onImport();
    return this.add('imported');
  }

  async quantiles(id: string, query: QuantilesQuery): Promise<RangeQuantiles | undefined> {
    this.#was('quantiles', id, query);
    if (!this.metas.has(id)) return undefined;
    const quantiles_us = Object.fromEntries((query.percents ?? [50]).map((p) => [`p${p}`, 4000]));
    return {
      from_ms: query.from_ms ?? 0,
      to_ms: query.to_ms ?? 1000,
      frames: query.frames ?? 'all',
      ...{ count: 60, new: 60, repeated: 0, dropped: 0, key_frames: 1, bytes: 100_000 },
      stages: [
        { name: 'total', count: 60, min_us: 3000, max_us: 5000, mean_us: 4000, quantiles_us },
      ],
    };
  }

  async events(id: string, query: EventsQuery): Promise<readonly CaptureEvent[] | undefined> {
    this.#was('events', id, query);
    return this.metas.has(id) ? [{ t_ms: 0, session_id: 1, kind: 'session_start' }] : undefined;
  }

  async openFrames(id: string, query: FramesQuery): Promise<FramesDownload | undefined> {
    this.#was('openFrames', id, query);
    if (!this.metas.has(id)) return undefined;
    this.#handle += 1;
    this.handles.set(this.#handle, 0);
    return { handle: this.#handle, path: this.framesPath };
  }

  async nextFrames(handle: number): Promise<Uint8Array | undefined> {
    const at = this.handles.get(handle);
    if (at === undefined) throw new Error(`no handle ${handle}`);
    const piece = this.pieces[at];
    if (piece === undefined) {
      this.handles.delete(handle);
      return undefined;
    }
    this.handles.set(handle, at + 1);
    this.made += 1;
    return typeof piece === 'function' ? piece() : piece;
  }

  async closeFrames(handle: number): Promise<void> {
    this.handles.delete(handle);
  }

  async saveBlackBox(): Promise<CaptureMeta> {
    this.#was('saveBlackBox');
    return this.add('black-box', { trigger: 'request' });
  }

  async saveLastRun(): Promise<CaptureMeta | undefined> {
    this.#was('saveLastRun');
    return this.lastRun;
  }

  async dismissLastRun(): Promise<void> {
    this.#was('dismissLastRun');
    this.lastRun = undefined;
  }

  async blackBox(): Promise<BlackBoxStatus> {
    return {
      on: true,
      ...{ seconds: 0, frames: 0, bytes: 0, limit_bytes: 4_000_000, limit_s: 120 },
      ...{ saved: 0, held_back: 0 },
    };
  }

  async metrics(): Promise<string | undefined> {
    return this.metricsText;
  }

  #was(method: string, ...args: readonly unknown[]): void {
    this.asked.push([method, ...args]);
    this.#throwFault();
  }

  #throwFault(): void {
    const { fault } = this;
    this.fault = undefined;
    if (fault !== undefined) throw fault;
  }
}

export function metaOf(id: string): CaptureMeta {
  return {
    id,
    started_unix_ms: 1000,
    duration_ms: 2000,
    kind: 'gamestream',
    width: 1280,
    height: 720,
    fps: 60,
    codec: 'h264',
    client: 'Deck',
    sample_count: 2,
  };
}
