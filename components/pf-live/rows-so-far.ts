// The sessions of a capture that grows as rows on its axis: what a row tells is kept in step with the windows of its
// session, and a row is made anew only when something of it is another. Pure.
import type { Capture, CaptureEvent, StatsSample } from '../../contract/stats.ts';
import type { Range } from '../chart/grid.ts';
import {
  inOrder,
  type Moment,
  type RateStep,
  type RowWindows,
  rowOf,
  type SessionRow,
  toldBy,
  worseOf,
} from '../chart/session-rows.ts';
import type { SessionSoFar } from './so-far.ts';

/** What the windows of one session have told its row so far. */
export class WindowsSoFar implements RowWindows {
  readonly told: RateStep[] = [];
  readonly gaps: Range[] = [];
  openedMs: number | undefined;
  closedMs: number | undefined;
  worst: Moment | undefined;
  /** Counts what changes the row besides time that passes. */
  changes = 0;

  /** `gap`: without a window, between the one before and this. */
  add(sample: StatsSample, gap: Range | undefined): void {
    if (this.openedMs === undefined) {
      this.openedMs = sample.t_ms - (sample.window_ms ?? 0);
      this.changes += 1;
    }
    this.closedMs = sample.t_ms;
    if (gap !== undefined) {
      this.gaps.push(gap);
      this.changes += 1;
    }
    const rate = toldBy(sample);
    if (rate !== undefined && rate.kbps !== this.told.at(-1)?.kbps) {
      this.told.push(rate);
      this.changes += 1;
    }
    const worst = worseOf(this.worst, sample);
    if (worst !== this.worst) this.changes += 1;
    this.worst = worst;
  }
}

/** A row, and what it was made of. */
interface Made {
  readonly of: readonly unknown[];
  readonly row: SessionRow;
}

export class RowsSoFar {
  readonly #made = new WeakMap<SessionSoFar, Made>();
  #rows: readonly SessionRow[] = [];
  #events: readonly CaptureEvent[] | undefined;
  #eventCount = 0;
  #bySession: ReadonlyMap<number, readonly CaptureEvent[]> = new Map();

  /** As they were asked for last. */
  get now(): readonly SessionRow[] {
    return this.#rows;
  }

  /** In order of their coming; the same list while nothing of it is another. Who streams still does so until `endMs`. */
  of(capture: Capture, sessions: readonly SessionSoFar[], endMs: number): readonly SessionRow[] {
    this.#sortEvents(capture.events ?? NONE);
    const rows = inOrder(sessions.map((session) => this.#rowOf(session, endMs)));
    const isSame =
      rows.length === this.#rows.length && rows.every((row, i) => row === this.#rows[i]);
    if (!isSame) this.#rows = rows;
    return this.#rows;
  }

  #rowOf(session: SessionSoFar, endMs: number): SessionRow {
    const { id, entry, windows } = session;
    const events = this.#bySession.get(id) ?? NONE;
    // A session may have come after what is drawn: its row is there, and its bar where it will be.
    const toMs = Math.max(endMs, entry?.ended_t_ms ?? entry?.started_t_ms ?? windows.openedMs ?? 0);
    const closedMs = entry === undefined ? windows.closedMs : undefined;
    const of = [entry, windows.changes, events, toMs, closedMs];
    const known = this.#made.get(session);
    if (known !== undefined && of.every((one, i) => one === known.of[i])) return known.row;
    const own = { ...windows, gaps: [...windows.gaps] };
    const row = rowOf(id, entry, own, events, { fromMs: 0, toMs });
    this.#made.set(session, { of, row });
    return row;
  }

  /** The list of events goes on growing: its length tells that there are more. */
  #sortEvents(events: readonly CaptureEvent[]): void {
    if (events === this.#events && events.length === this.#eventCount) return;
    this.#events = events;
    this.#eventCount = events.length;
    const found = new Map<number, CaptureEvent[]>();
    for (const event of events) {
      if (event.session_id === undefined || !TELLING.has(event.kind)) continue;
      const own = found.get(event.session_id);
      if (own === undefined) found.set(event.session_id, [event]);
      else own.push(event);
    }
    this.#bySession = found;
  }
}

const NONE: readonly CaptureEvent[] = [];
/** What of the events a row shows. */
const TELLING: ReadonlySet<string> = new Set(['bitrate', 'mode']);
