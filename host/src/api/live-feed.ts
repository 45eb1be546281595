// What a running capture adds, to everybody who watches it: each delta’s text is made once and kept in a ring, in which
// a viewer holds a place. Who comes back in time goes on where it was; who falls too far behind is sent away, and is
// told so. The capture itself is at GET /stats/capture/live: a `reset` says when to load it.
import type { LiveDelta } from '../../../contract/stats.ts';
import { placeOf, type StreamReader, type StreamReaders } from './stream-readers.ts';

export interface LiveFeedOptions {
  /** The recorder: calls back with every delta, and answers how to stop. */
  readonly onDelta: (listener: (delta: LiveDelta) => void) => () => void;
  readonly readers: StreamReaders;
  /** Random, for this run of the host alone: letters and digits. */
  readonly boot: string;
  readonly nowMs: () => number;
}

export interface LiveSubscription {
  readonly tokenId: string;
  /** Deltas of this session, and those of none; undefined = of all. */
  readonly session: number | undefined;
  /** Of the last event that the viewer got; undefined = it begins. */
  readonly lastEventId: string | undefined;
}

interface Entry {
  readonly atMs: number;
  /** Undefined: for everybody. */
  readonly session: number | undefined;
  readonly bytes: Uint8Array;
}

interface Viewer {
  readonly session: number | undefined;
  /** Where it is: everything before has been given. */
  next: number;
  /** Bytes that it has not taken. */
  owed: number;
  /** What it may owe at most; shrinks as a viewer that came back catches up. */
  allowance: number;
  /** Why it has to load the capture again, until it is told. */
  reset: ResetReason | undefined;
  reader: StreamReader | undefined;
}

type ResetReason = 'start' | 'too_old' | 'another_run' | 'too_large';

export class LiveFeed {
  readonly #options: LiveFeedOptions;
  readonly #ring = new Map<number, Entry>();
  readonly #viewers = new Set<Viewer>();
  readonly #stopListening: () => void;
  #oldest = 1;
  #newest = 0;
  #bytes = 0;

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.#stopListening = options.onDelta((delta) => this.#take(delta));
  }

  /** A stream of server-sent events. Throws AppError 503 when there are too many. */
  open({ tokenId, session, lastEventId }: LiveSubscription): ReadableStream<Uint8Array> {
    const { readers, boot } = this.#options;
    const place = placeOf(lastEventId, boot);
    const reset = this.#resetReason(lastEventId, place);
    const next = reset === undefined && place !== undefined ? place + 1 : this.#newest + 1;
    const viewer: Viewer = {
      ...{ session, next, reset, reader: undefined },
      owed: 0,
      allowance: MOST_OWED_BYTES,
    };
    for (const [, entry] of this.#from(next)) {
      if (isFor(viewer, entry)) viewer.owed += entry.bytes.length;
    }
    viewer.allowance += viewer.owed;
    viewer.reader = readers.open({
      tokenId,
      next: () => this.#next(viewer),
      left: () => this.#viewers.delete(viewer),
    });
    this.#viewers.add(viewer);
    return viewer.reader.stream;
  }

  /** Hears no more deltas; the streams end with the readers. */
  close(): void {
    this.#stopListening();
  }

  /** What is kept for those who come back. */
  get kept(): { readonly events: number; readonly bytes: number } {
    return { events: this.#ring.size, bytes: this.#bytes };
  }

  #resetReason(
    lastEventId: string | undefined,
    place: number | undefined,
  ): ResetReason | undefined {
    if (lastEventId === undefined) return 'start';
    if (place === undefined || place > this.#newest) return 'another_run';
    return place + 1 < this.#oldest ? 'too_old' : undefined;
  }

  #take(delta: LiveDelta): void {
    const id = this.#newest + 1;
    const entry: Entry = {
      atMs: this.#options.nowMs(),
      session: sessionOf(delta),
      bytes: this.#bytesOf(id, delta),
    };
    this.#newest = id;
    this.#ring.set(id, entry);
    this.#bytes += entry.bytes.length;
    this.#forget(entry.atMs);
    for (const viewer of [...this.#viewers]) this.#offer(viewer, id, entry);
  }

  #bytesOf(id: number, delta: LiveDelta): Uint8Array {
    const head = `id: ${this.#options.boot}-${id}\nevent: `;
    for (const form of [delta, shorter(delta)]) {
      const bytes = encoder.encode(`${head}${form.kind}\ndata: ${JSON.stringify(form)}\n\n`);
      if (bytes.length <= MOST_MESSAGE_BYTES) return bytes;
    }
    return encoder.encode(`${head}${resetText('too_large')}`);
  }

  #forget(nowMs: number): void {
    for (const [id, { atMs, bytes }] of this.#ring) {
      if (this.#bytes <= MOST_KEPT_BYTES && nowMs - atMs <= KEPT_MS) return;
      this.#ring.delete(id);
      this.#bytes -= bytes.length;
      this.#oldest = id + 1;
    }
  }

  #offer(viewer: Viewer, id: number, entry: Entry): void {
    if (!isFor(viewer, entry)) {
      if (viewer.owed === 0) viewer.next = id + 1;
      return;
    }
    viewer.owed += entry.bytes.length;
    if (viewer.owed > viewer.allowance) {
      this.#viewers.delete(viewer);
      viewer.reader?.dismiss(SLOW_VIEWER);
    } else viewer.reader?.wake();
  }

  /** Everything that waits for a viewer, up to the size of a piece. */
  #next(viewer: Viewer): Uint8Array | string | undefined {
    const overtaken = viewer.owed > 0 && viewer.next < this.#oldest;
    const reset = viewer.reset ?? (overtaken ? 'too_old' : undefined);
    if (reset !== undefined) {
      viewer.reset = undefined;
      viewer.next = this.#newest + 1;
      viewer.owed = 0;
      viewer.allowance = MOST_OWED_BYTES;
      return `id: ${this.#options.boot}-${this.#newest}\nevent: ${resetText(reset)}`;
    }
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (const [id, entry] of this.#from(viewer.next)) {
      if (isFor(viewer, entry)) {
        if (bytes + entry.bytes.length > PIECE_BYTES) break;
        pieces.push(entry.bytes);
        bytes += entry.bytes.length;
      }
      viewer.next = id + 1;
    }
    viewer.owed -= bytes;
    viewer.allowance = Math.min(viewer.allowance, viewer.owed + MOST_OWED_BYTES);
    return pieces.length === 0 ? undefined : Buffer.concat(pieces);
  }

  *#from(first: number): Generator<[number, Entry]> {
    for (let id = Math.max(first, this.#oldest); id <= this.#newest; id += 1) {
      const entry = this.#ring.get(id);
      if (entry !== undefined) yield [id, entry];
    }
  }
}

function isFor(viewer: Viewer, entry: Entry): boolean {
  return (
    viewer.session === undefined || entry.session === undefined || entry.session === viewer.session
  );
}

function sessionOf(delta: LiveDelta): number | undefined {
  if (delta.kind === 'session') return delta.session.session_id;
  if (delta.kind === 'sample') return delta.sample.session_id;
  return delta.kind === 'event' ? delta.event.session_id : undefined;
}

/** Without what the capture tells too, and what alone may be long. */
function shorter(delta: LiveDelta): LiveDelta {
  if (delta.kind === 'session') {
    const { negotiated: _negotiated, ...session } = delta.session;
    return { kind: 'session', session };
  }
  if (delta.kind === 'event') {
    const { detail: _detail, ...event } = delta.event;
    return { kind: 'event', event };
  }
  return delta;
}

function resetText(reason: ResetReason): string {
  return `reset\ndata: ${JSON.stringify({ kind: 'reset', reason })}\n\n`;
}

const encoder = new TextEncoder();
const SLOW_VIEWER =
  'event: slow_viewer\ndata: {"kind":"slow_viewer","reason":"More than 64 KB waited to be read."}\n\n';
const MOST_MESSAGE_BYTES = 2048;
/** Sixteen sessions of one sample a second fill it in more than two minutes. */
const MOST_KEPT_BYTES = 1_000_000;
const KEPT_MS = 180_000;
const MOST_OWED_BYTES = 64 * 1024;
const PIECE_BYTES = 16 * 1024;
