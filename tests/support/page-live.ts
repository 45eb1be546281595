// What the tests' host tells of its running capture: the stream of the real one, with its ids, resets and last words, made
// of what the capture holds more than when it was looked at last.
import type { Capture, LiveDelta } from '../../contract/stats.ts';
import { refusal } from './page-devices.ts';

interface Viewer {
  readonly send: (text: string) => void;
  readonly close: () => void;
}

/** What has been told of the capture. */
interface Told {
  readonly startedUnixMs: number;
  readonly sessions: ReadonlyMap<number, boolean>;
  readonly samples: number;
  readonly events: number;
}

export class PageLive implements Disposable {
  /** False: an API without this stream. */
  streams = true;
  /** No place for a further viewer. */
  full = false;
  /** `Last-Event-ID` of every connection. */
  readonly resumed: (string | undefined)[] = [];
  readonly #capture: () => Capture | undefined;
  readonly #viewers = new Set<Viewer>();
  readonly #ring: string[] = [];
  #told: Told | undefined;
  /** Ids before are no longer there. */
  #oldest = 1;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `capture`: the one that is armed, as it is now. */
  constructor(capture: () => Capture | undefined) {
    this.#capture = capture;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** The answer to a viewer; undefined: there is no such route. */
  open(request: Request): Response | undefined {
    if (!this.streams) return undefined;
    if (this.full) return refusal(503, 'too_many_readers', '32 event streams are open.');
    this.look();
    const seen = request.headers.get('last-event-id') ?? undefined;
    this.resumed.push(seen);
    const text = new TextEncoder();
    let drop = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const viewer: Viewer = {
          send: (piece) => controller.enqueue(text.encode(piece)),
          close: () => {
            drop();
            controller.close();
          },
        };
        drop = () => this.#leave(viewer);
        viewer.send('retry: 2000\n\n');
        viewer.send(this.#begin(seen));
        this.#viewers.add(viewer);
        this.#timer ??= setInterval(() => this.look(), LOOK_MS);
      },
      cancel: () => drop(),
    });
    request.signal.addEventListener('abort', () => drop());
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  /** Tells what the capture holds more than before. */
  look(): void {
    const capture = this.#capture();
    if (capture === undefined) return;
    const { started_unix_ms } = capture.meta;
    if (this.#told?.startedUnixMs !== started_unix_ms) {
      this.#tell({ kind: 'started', started_unix_ms });
      this.#told = { startedUnixMs: started_unix_ms, sessions: new Map(), samples: 0, events: 0 };
    }
    const { sessions = [], samples, events = [] } = capture;
    const { sessions: known, samples: drawn, events: seen } = this.#told;
    // Once when it came, and again when it left.
    for (const session of sessions) {
      const hasLeft = session.ended_t_ms !== undefined;
      if (known.get(session.session_id) !== hasLeft) this.#tell({ kind: 'session', session });
    }
    for (const sample of samples.slice(drawn)) this.#tell({ kind: 'sample', sample });
    for (const event of events.slice(seen)) this.#tell({ kind: 'event', event });
    this.#told = {
      startedUnixMs: started_unix_ms,
      sessions: new Map(
        sessions.map(({ session_id, ended_t_ms }) => [session_id, ended_t_ms !== undefined]),
      ),
      ...{ samples: samples.length, events: events.length },
    };
  }

  stopped(id: string): void {
    this.#told = undefined;
    this.#tell({ kind: 'stopped', id });
  }

  /** What happened until now can no longer be told. */
  forget(): void {
    this.look();
    this.#oldest = this.#ring.length + 1;
  }

  /** Sends every viewer away as one that reads too slowly. */
  dismiss(): void {
    for (const { send } of this.#viewers) {
      send('event: slow_viewer\ndata: {"kind":"slow_viewer","reason":"64 KB waited."}\n\n');
    }
    this.hangUp();
  }

  /** Ends every stream, as a host that restarts does. */
  hangUp(): void {
    for (const viewer of [...this.#viewers]) viewer.close();
  }

  [Symbol.dispose](): void {
    this.hangUp();
  }

  #begin(seen: string | undefined): string {
    const place = seen?.startsWith('live-') ? Number(seen.slice('live-'.length)) : Number.NaN;
    if (place + 1 >= this.#oldest && place <= this.#ring.length) {
      return this.#ring.slice(place).join('');
    }
    const reason =
      seen === undefined ? 'start' : place + 1 < this.#oldest ? 'too_old' : 'another_run';
    return `id: live-${this.#ring.length}\nevent: reset\ndata: {"kind":"reset","reason":"${reason}"}\n\n`;
  }

  #tell(delta: LiveDelta): void {
    const id = this.#ring.length + 1;
    const piece = `id: live-${id}\nevent: ${delta.kind}\ndata: ${JSON.stringify(delta)}\n\n`;
    this.#ring.push(piece);
    for (const { send } of this.#viewers) send(piece);
  }

  #leave(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const LOOK_MS = 40;
