// What the exports share: which session a frame is of, and how long its parts took.
import type { Capture, SessionEntry, StreamKind } from '../../../contract/stats.ts';
import type { FrameBatch } from '../frames.ts';
import { FrameSpans } from '../stages.ts';

/** The sessions of a recording by id. Files of the seed name none: then every frame is of the header's kind. */
export class SessionTable {
  readonly #entries: ReadonlyMap<number, SessionEntry>;
  readonly #kind: StreamKind;
  readonly #spans = new Map<StreamKind, FrameSpans>();

  constructor({ sessions = [], meta }: Pick<Capture, 'sessions' | 'meta'>) {
    this.#entries = new Map(sessions.map((entry) => [entry.session_id, entry]));
    this.#kind = meta.kind === '' ? 'gamestream' : meta.kind;
  }

  entry(sessionId: number): SessionEntry | undefined {
    return this.#entries.get(sessionId);
  }

  kind(sessionId: number): StreamKind {
    return this.#entries.get(sessionId)?.kind ?? this.#kind;
  }

  /** The durations of one frame; valid until the next call. */
  spans(batch: FrameBatch, row: number): FrameSpans {
    const kind = this.kind(batch.columns.session[row] ?? 0);
    let spans = this.#spans.get(kind);
    if (spans === undefined) {
      spans = new FrameSpans(kind);
      this.#spans.set(kind, spans);
    }
    spans.read(batch, row);
    return spans;
  }
}
