// A recording as a trace in Chrome's JSON format, which Perfetto and chrome://tracing open: a process a session, a lane a
// pipeline thread, counters and events. Slices of a lane never overlap: what would, goes to a further lane.
import type { Capture, CaptureEvent, StatsSample } from '../../../contract/stats.ts';
import { ABSENT, boundaryColumns, type FrameBatch, frameFlags, outcomeOf } from '../frames.ts';
import { readBoundaries } from '../stages.ts';
import { SessionTable } from './spans.ts';

/** One entry of `traceEvents`; times are µs since recording began. */
interface TraceEvent {
  readonly ph: 'X' | 'C' | 'i' | 'M';
  readonly name: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  /** Of an instant: seen over the whole trace, its process or its lane. */
  readonly s?: 'g' | 'p' | 't';
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** What a frame does on one thread: from boundary `first` on, through `parts` as far as it came. */
interface ThreadPart {
  readonly thread: ThreadName;
  /** Index of a boundary, `grabbed` being 0. */
  readonly first: number;
  /** Name of what ends at the boundary after, and the one after that …; one alone is the slice itself. */
  readonly parts: readonly string[];
}

type ThreadName = 'video' | 'queue' | 'send';

/** The trace in pieces; together one JSON object. Frames of a session come in order of time. */
export function* traceText(frames: Iterable<FrameBatch>, capture: Capture): Generator<string> {
  const { meta } = capture;
  const out = new Pieces();
  const tracks = new Map<number, SessionTrack>();
  const sessions = new SessionTable(capture);
  yield `{"displayTimeUnit":"ms","otherData":${JSON.stringify({
    recording: meta.id,
    started_unix_ms: meta.started_unix_ms,
    duration_ms: meta.duration_ms,
    ...(capture.host === undefined ? {} : { host: capture.host }),
  })},"traceEvents":[`;
  out.add({ ph: 'M', name: 'process_name', pid: HOST_PID, args: { name: 'punktfunk-host' } });
  for (const event of capture.events ?? []) out.add(instant(event));
  for (const entry of capture.sessions ?? []) track(entry.session_id);
  for (const sample of capture.samples) track(sample.session_id).sample(sample, out);
  yield* out.take();
  for (const batch of frames) {
    for (let row = 0; row < batch.length; row += 1) {
      track(batch.columns.session[row] ?? 0).frame(batch, row, out);
      if (out.full) yield* out.take();
    }
  }
  yield* out.take();
  const left = [...tracks.values()].reduce((sum, { leftOut }) => sum + leftOut, 0);
  yield `${left === 0 ? '' : `,${JSON.stringify(leftOutNote(left))}`}\n]}\n`;

  function track(sessionId: number): SessionTrack {
    const known = tracks.get(sessionId);
    if (known !== undefined) return known;
    const made = new SessionTrack(sessionId);
    tracks.set(sessionId, made);
    const entry = sessions.entry(sessionId);
    const what =
      entry === undefined ? '' : ` ${entry.width}x${entry.height}@${entry.fps} ${entry.codec}`;
    out.add({
      ph: 'M',
      name: 'process_name',
      pid: pidOf(sessionId),
      args: { name: `session ${sessionId}${what}` },
    });
    return made;
  }
}

/** Names of the finer spans, as docs/recording-format.md has them. */
const threadParts: readonly ThreadPart[] = [
  { thread: 'video', first: 0, parts: ['convert', 'submit', 'wait', 'packetize'] },
  { thread: 'queue', first: 4, parts: ['queue'] },
  { thread: 'send', first: 5, parts: ['first_send', 'pace'] },
];

/** Lanes and counters of one session. */
class SessionTrack {
  /** Slices that no lane had room for. */
  leftOut = 0;
  readonly #pid: number;
  readonly #boundaries = new Int32Array(boundaryColumns.length + 1);
  readonly #session: number;
  /** When the last slice of each lane ends, by thread. */
  readonly #lanes: Readonly<Record<ThreadName, number[]>> = { video: [], queue: [], send: [] };
  #queueDepth = { value: ABSENT, atUs: Number.NEGATIVE_INFINITY };
  #sampledUs = Number.NEGATIVE_INFINITY;

  constructor(sessionId: number) {
    this.#session = sessionId;
    this.#pid = pidOf(sessionId);
  }

  frame(batch: FrameBatch, row: number, out: Pieces): void {
    const grabbedUs = batch.grabbed_us[row] ?? 0;
    const index = batch.columns.frame_index[row] ?? ABSENT;
    const frame = index === ABSENT ? {} : { frame: index };
    const at = this.#boundaries;
    readBoundaries(
      boundaryColumns.map((name) => batch.columns[name]),
      row,
      at,
    );
    let endedUs = 0;
    for (const { thread, first, parts } of threadParts) {
      const fromUs = at[first] ?? ABSENT;
      const toUs = Math.max(...at.subarray(first + 1, first + 1 + parts.length));
      if (fromUs === ABSENT || toUs === ABSENT) continue;
      endedUs = Math.max(endedUs, toUs);
      const tid = this.#lane(thread, grabbedUs + fromUs, grabbedUs + toUs, out);
      if (tid === undefined) continue;
      const slice = (name: string, from: number, to: number, args: TraceEvent['args']): void => {
        // What took no time has no width; Perfetto would lay what begins there inside it.
        if (from === to) return;
        const place = { pid: this.#pid, tid, ts: grabbedUs + from, dur: to - from };
        out.add({ ph: 'X', cat: thread, name, ...place, args: { ...frame, ...args } });
      };
      if (thread === 'video') slice('frame', fromUs, toUs, facts(batch, row));
      else slice(thread, fromUs, toUs, {});
      if (parts.length === 1) continue;
      parts.forEach((name, i) => {
        const from = at[first + i] ?? ABSENT;
        const to = at[first + i + 1] ?? ABSENT;
        if (from !== ABSENT && to !== ABSENT) slice(name, from, to, {});
      });
    }
    const outcome = outcomeOf(batch, row);
    if (outcome !== 'sent') {
      const args = { ...frame, outcome };
      out.add({
        ph: 'i',
        s: 'p',
        name: 'not sent',
        pid: this.#pid,
        tid: 0,
        ts: grabbedUs + endedUs,
        args,
      });
    }
    this.#depth(batch.columns.queue_depth[row] ?? ABSENT, grabbedUs, out);
  }

  /** Counters hold from a window's beginning on. */
  sample(sample: StatsSample, out: Pieces): void {
    const ts = Math.max(0, sample.t_ms - (sample.window_ms ?? 0)) * 1000;
    if (ts < this.#sampledUs) return;
    this.#sampledUs = ts;
    const counter = (name: string, args: Readonly<Record<string, number>>): void => {
      out.add({ ph: 'C', name, pid: this.#pid, ts, args });
    };
    counter('fps', { new: sample.fps, repeated: sample.repeat_fps });
    counter('mbps', { goodput: sample.mbps });
    if (sample.rtt_us !== undefined) counter('rtt', { us: sample.rtt_us });
  }

  /** Only changes, and none into the past. */
  #depth(value: number, ts: number, out: Pieces): void {
    if (value === ABSENT || value === this.#queueDepth.value || ts < this.#queueDepth.atUs) return;
    this.#queueDepth = { value, atUs: ts };
    out.add({ ph: 'C', name: 'queue depth', pid: this.#pid, ts, args: { frames: value } });
  }

  /** The first lane that is free from then on; undefined when there are too many already. */
  #lane(thread: ThreadName, fromUs: number, toUs: number, out: Pieces): number | undefined {
    const ends = this.#lanes[thread];
    const free = ends.findIndex((endUs) => endUs <= fromUs);
    const lane = free < 0 ? ends.length : free;
    if (lane >= LANES) {
      this.leftOut += 1;
      return undefined;
    }
    const tid = this.#session * TIDS_A_SESSION + threadBase[thread] + lane;
    if (lane === ends.length) {
      const name = lane === 0 ? thread : `${thread} ${lane + 1}`;
      out.add({ ph: 'M', name: 'thread_name', pid: this.#pid, tid, args: { name } });
      out.add({
        ph: 'M',
        name: 'thread_sort_index',
        pid: this.#pid,
        tid,
        args: { sort_index: threadBase[thread] + lane },
      });
    }
    ends[lane] = toUs;
    return tid;
  }
}

/** Events wait here as text until a piece is worth writing. */
class Pieces {
  #events: string[] = [];
  #first = true;

  get full(): boolean {
    return this.#events.length >= EVENTS_A_PIECE;
  }

  add(event: TraceEvent): void {
    this.#events.push(JSON.stringify(event));
  }

  *take(): Generator<string> {
    if (this.#events.length === 0) return;
    yield `${this.#first ? '\n' : ',\n'}${this.#events.join(',\n')}`;
    this.#first = false;
    this.#events = [];
  }
}

function facts(batch: FrameBatch, row: number): Record<string, unknown> {
  const { columns } = batch;
  const flags = columns.flags[row] ?? 0;
  const known = (name: 'bytes' | 'data_packets' | 'parity_packets' | 'qp' | 'source_age_us') => {
    const value = columns[name][row] ?? ABSENT;
    return value === ABSENT ? {} : { [name]: value };
  };
  return {
    ...known('bytes'),
    ...known('data_packets'),
    ...known('parity_packets'),
    ...known('qp'),
    ...known('source_age_us'),
    ...(flags & frameFlags.key ? { key_frame: true } : {}),
    ...(flags & frameFlags.repeat ? { repeated: true } : {}),
  };
}

function instant(event: CaptureEvent): TraceEvent {
  const text = event.kind === 'marker' ? event.detail?.['text'] : undefined;
  return {
    ph: 'i',
    s: event.session_id === undefined ? 'g' : 'p',
    cat: event.kind === 'marker' ? 'marker' : 'event',
    name: text === undefined ? event.kind : String(text),
    pid: event.session_id === undefined ? HOST_PID : pidOf(event.session_id),
    tid: 0,
    ts: event.t_ms * 1000,
    args: { ...(event.frame === undefined ? {} : { frame: event.frame }), ...event.detail },
  };
}

function leftOutNote(slices: number): TraceEvent {
  return {
    ph: 'i',
    s: 'g',
    name: 'slices left out',
    pid: HOST_PID,
    tid: 0,
    ts: 0,
    args: { slices },
  };
}

/** Session 0 is possible, process 0 means the kernel's idle task to Perfetto. */
function pidOf(sessionId: number): number {
  return HOST_PID + 1 + sessionId;
}

const HOST_PID = 1;
/** More slices of one thread at once than any queue holds. */
const LANES = 32;
/** Perfetto knows threads by number alone: no two of the trace share one. */
const TIDS_A_SESSION = 1000;
const threadBase: Readonly<Record<ThreadName, number>> = { video: 100, queue: 200, send: 300 };
const EVENTS_A_PIECE = 4096;
