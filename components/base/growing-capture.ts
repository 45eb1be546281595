// A capture that was loaded and the news since, as one capture that can be looked at any time. A piece of news costs the
// same however long the capture is: what is handed out shares one list of samples, which goes on growing.
import type {
  Capture,
  CaptureEvent,
  CaptureMeta,
  SessionEntry,
  StatsSample,
} from '../../contract/stats.ts';
import type { CaptureNews } from './stats-api.ts';

export class GrowingCapture {
  readonly #loaded: Capture;
  /** What the capture's clock showed, and when that was. */
  #clock: { readonly t_ms: number; readonly atMs: number };
  readonly #samples: StatsSample[];
  readonly #sessions: Map<number, SessionEntry>;
  readonly #events: CaptureEvent[];
  /** Time of the latest sample, by session. */
  readonly #latest = new Map<number, number>();
  readonly #known: Set<string>;
  #meta: CaptureMeta;
  #recordsLost: number | undefined;
  #truncated: boolean;
  #eventsLost: number;

  /** `nowMs`: by the clock that `at` is asked with. */
  constructor(loaded: Capture, nowMs: number) {
    this.#loaded = loaded;
    this.#clock = { t_ms: loaded.meta.duration_ms, atMs: nowMs };
    // Nobody tells how it grows.
    const { frame_count: _frames, ...meta } = loaded.meta;
    this.#meta = meta;
    this.#samples = [...loaded.samples];
    this.#sessions = new Map(loaded.sessions?.map((s) => [s.session_id, s]));
    this.#events = [...(loaded.events ?? [])];
    this.#known = new Set(this.#events.map(keyOf));
    this.#recordsLost = loaded.records_lost;
    this.#truncated = loaded.truncated ?? false;
    this.#eventsLost = loaded.events_lost ?? 0;
    for (const sample of loaded.samples) this.#heard(sample);
  }

  /** Samples so far. */
  get size(): number {
    return this.#samples.length;
  }

  get startedUnixMs(): number {
    return this.#meta.started_unix_ms;
  }

  /** What adds to this capture, and when it came. False: it was in there already. */
  take(news: CaptureNews, nowMs?: number): boolean {
    switch (news.kind) {
      case 'sample':
        if (nowMs !== undefined) this.#setClock(news.sample, nowMs);
        return this.#addSample(news.sample);
      case 'session':
        this.#addSession(news.session);
        return true;
      case 'event':
        return this.#addEvent(news.event);
      case 'bounds':
        return this.#setBounds(news.truncated, news.events_lost);
      default:
        return false;
    }
  }

  /** The capture so far; time passes in it also while nothing is said. */
  at(nowMs: number): Capture {
    const { samples: _samples, ...rest } = this.#loaded;
    const grown = this.#timeAt(nowMs);
    const sample_count =
      this.#meta.sample_count + this.#samples.length - this.#loaded.samples.length;
    return {
      ...rest,
      meta: {
        ...this.#meta,
        duration_ms: Math.max(grown, this.#samples.at(-1)?.t_ms ?? 0),
        sample_count,
      },
      ...(this.#truncated ? { truncated: true } : {}),
      ...(this.#eventsLost > 0 ? { events_lost: this.#eventsLost } : {}),
      ...(this.#sessions.size > 0 ? { sessions: [...this.#sessions.values()] } : {}),
      ...(this.#recordsLost === undefined ? {} : { records_lost: this.#recordsLost }),
      ...(this.#events.length > 0 ? { events: this.#events } : {}),
      samples: this.#samples,
    };
  }

  #timeAt(nowMs: number): number {
    const { t_ms, atMs } = this.#clock;
    return t_ms + Math.max(0, Math.round(nowMs - atMs));
  }

  /** A clock here that ran on while the host's stood still, as in sleep, is put right by what the host tells. */
  #setClock({ t_ms }: StatsSample, nowMs: number): void {
    if (this.#timeAt(nowMs) - t_ms > CLOCK_APART_MS) this.#clock = { t_ms, atMs: nowMs };
  }

  #setBounds(truncated: boolean, eventsLost: number): boolean {
    const isNew = truncated !== this.#truncated || eventsLost !== this.#eventsLost;
    this.#truncated = truncated;
    this.#eventsLost = eventsLost;
    return isNew;
  }

  #addSample(sample: StatsSample): boolean {
    const latest = this.#latest.get(sample.session_id);
    if (latest !== undefined && sample.t_ms <= latest) return false;
    this.#heard(sample);
    this.#samples.push(sample);
    return true;
  }

  #heard({ session_id, t_ms }: StatsSample): void {
    this.#latest.set(session_id, Math.max(t_ms, this.#latest.get(session_id) ?? 0));
  }

  #addSession(session: SessionEntry): void {
    this.#sessions.set(session.session_id, session);
    if (this.#meta.kind !== '') return;
    const { kind, width, height, fps, codec, client } = session;
    this.#meta = { ...this.#meta, kind, width, height, fps, codec, client };
  }

  /** In order of time: what is told late happened before. */
  #addEvent(event: CaptureEvent): boolean {
    const key = keyOf(event);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.t_ms ?? 0) > event.t_ms) at--;
    this.#events.splice(at, 0, event);
    const count = event.kind === 'records_lost' ? event.detail?.['count'] : undefined;
    if (typeof count === 'number') this.#recordsLost = (this.#recordsLost ?? 0) + count;
    return true;
  }
}

/** A window is told seconds after its end, and never so late. */
const CLOCK_APART_MS = 10_000;
/** What of an event does not change once it is told: a count may grow. */
const keyOf = ({ t_ms, kind, session_id, frame, detail }: CaptureEvent): string =>
  JSON.stringify([t_ms, kind, session_id, frame, detail?.['text']]);
