// One recording under review: everything a view asks about it, answered from its frames and windows. Plain values in and
// out, so that it may live in a Worker. Ranges are ms on the recording's axis, `from` ≤ grabbed < `to`.

import type { FrameColumn } from '../../../contract/frame-columns.ts';
import type { Capture, RangeQuantiles } from '../../../contract/stats.ts';
import {
  ABSENT,
  type FrameBatch,
  type FrameOutcome,
  frameFlags,
  frameOutcomes,
} from '../frames.ts';
import { FramesFile } from '../frames-file.ts';
import { rangeUs } from '../frames-query.ts';
import { RangeFigures } from '../range-figures.ts';
import { type Findings, findingsOf } from './findings.ts';
import {
  budgetUs,
  type FrameTable,
  loadTables,
  type PartName,
  type ReviewSession,
} from './frame-table.ts';
import { type Outlier, outliersOf } from './outliers.ts';
import { KnownColumns, type Overview, overviewOf } from './overview.ts';
import { type RangeDetail, rangeDetail, ranksOf, TotalCounts } from './range-detail.ts';

/** What of a recording is reviewed. */
export type ReviewedCapture = Pick<
  Capture,
  'meta' | 'sessions' | 'samples' | 'events' | 'records_lost'
>;

/** One session as the review knows it. */
export interface SessionFacts extends ReviewSession {
  readonly parts: readonly PartName[];
  /** One interval of its mode; Infinity when the mode is not known. */
  readonly budgetUs: number;
  readonly rows: number;
  readonly medianUs: number | undefined;
}

export interface Range {
  readonly session: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames: 'all' | 'new';
}

export interface Figures {
  readonly quantiles: RangeQuantiles;
  readonly detail: RangeDetail;
}

/** Consecutive frames, a column each; row `i` is the session's frame `firstRow + i`. */
export interface Strip {
  readonly firstRow: number;
  readonly atMs: Float64Array;
  readonly totalUs: Int32Array;
  readonly partUs: readonly Int32Array[];
  readonly flags: Int32Array;
  readonly outcome: Int8Array;
  /** The part that lies furthest above its own median in the session; ABSENT where none does. */
  readonly worstPart: Int8Array;
}

/** Which of a session's frames lie in a range, and the slowest of them. */
export interface Extent {
  readonly firstRow: number;
  readonly count: number;
  readonly worst: { readonly row: number; readonly atMs: number } | undefined;
}

/** All that is known of one frame; absent fields nobody measured. */
export interface FrameFacts {
  readonly row: number;
  readonly atMs: number;
  readonly outcome: FrameOutcome;
  readonly flags: number;
  readonly totalUs: number | undefined;
  readonly parts: readonly { readonly name: PartName; readonly us: number | undefined }[];
  readonly columns: Partial<Record<FrameColumn, number>>;
}

export class Review {
  readonly #capture: ReviewedCapture;
  readonly #file: FramesFile | undefined;
  readonly #tables: ReadonlyMap<number, FrameTable>;
  readonly #sessions: readonly ReviewSession[];
  readonly #columns = new Map<number, KnownColumns>();
  readonly #outliers = new Map<number, readonly Outlier[]>();
  readonly #findings = new Map<number, Findings>();
  #figures: RangeFigures | undefined;
  /** The group that a single frame was last read from. */
  #looked: { readonly group: number; readonly batch: FrameBatch } | undefined;

  /**
   * Reads the frames, group by group; yields the share that is read, 0 to 1. `frames` undefined: a recording without
   * them; then only findings out of windows and events are told. Throws FormatError where the file breaks.
   */
  static *open(
    capture: ReviewedCapture,
    frames: Uint8Array | undefined,
  ): Generator<number, Review, undefined> {
    const sessions = sessionsIn(capture);
    if (frames === undefined) return new Review(capture, sessions, undefined, []);
    const file = FramesFile.open({
      byteLength: frames.length,
      read: (from, to) => frames.subarray(from, to),
    });
    const loading = loadTables(file, sessions);
    for (;;) {
      const { done, value } = loading.next();
      if (done === true) return new Review(capture, sessions, file, value);
      yield value / Math.max(1, file.rows);
    }
  }

  private constructor(
    capture: ReviewedCapture,
    sessions: readonly ReviewSession[],
    file: FramesFile | undefined,
    tables: readonly FrameTable[],
  ) {
    this.#capture = capture;
    this.#file = file;
    this.#sessions = sessions;
    this.#tables = new Map(tables.map((table) => [table.session.sessionId, table]));
  }

  sessions(): SessionFacts[] {
    return this.#sessions.map((session) => {
      const table = this.#tables.get(session.sessionId);
      return {
        ...session,
        parts: table?.parts ?? [],
        budgetUs: budgetUs(session.fps),
        rows: table?.rows ?? 0,
        medianUs: known(table?.totalMedianUs),
      };
    });
  }

  /** Undefined for a session without frames. */
  overview({ session, fromMs, toMs, frames }: Range, most: number): Overview | undefined {
    const table = this.#table(session);
    if (table === undefined) return undefined;
    const known = this.#columns.get(session) ?? new KnownColumns(table);
    this.#columns.set(session, known);
    return overviewOf(table, { fromUs: fromMs * 1000, toUs: toMs * 1000, most, frames }, known);
  }

  /**
   * Makes ready, a piece at a time, what `figures` would read the whole file for; false when nothing is left. For who has
   * nothing else to do. Throws FormatError where the file breaks.
   */
  prepare(): boolean {
    return this.#rangeFigures()?.step() ?? false;
  }

  /** Undefined for a session without frames. */
  figures({ session, fromMs, toMs, frames }: Range): Figures | undefined {
    const table = this.#table(session);
    if (table === undefined) return undefined;
    const range = { from_ms: fromMs, to_ms: toMs };
    const totals = new TotalCounts(table);
    const asked = { session, ...range, frames };
    const quantiles = this.#rangeFigures()?.quantilesAndTotals(asked, totals.take);
    if (quantiles === undefined) return undefined;
    const query = { ...rangeUs(range), frames };
    const ranks = ranksOf(table.parts, quantiles);
    return { quantiles, detail: rangeDetail(table, query, ranks, totals) };
  }

  /** In order of time. */
  outliers(session: number): readonly Outlier[] {
    const table = this.#table(session);
    if (table === undefined) return [];
    const found = this.#outliers.get(session) ?? outliersOf(table);
    this.#outliers.set(session, found);
    return found;
  }

  findings(session: number): Findings {
    const known = this.#findings.get(session);
    if (known !== undefined) return known;
    const { samples, events = [] } = this.#capture;
    const fps = this.#sessions.find(({ sessionId }) => sessionId === session)?.fps ?? 0;
    const table = this.#table(session);
    const found = findingsOf({ table, samples, events, sessionId: session, fps });
    this.#findings.set(session, found);
    return found;
  }

  /** So many frames around a time, that one in the middle; undefined for a session without frames. */
  strip(session: number, atMs: number, count: number): Strip | undefined {
    const table = this.#table(session);
    if (table === undefined) return undefined;
    const middle = table.rowAt(atMs * 1000);
    const from = Math.max(0, Math.min(table.rows - count, middle - (count >>> 1)));
    const to = Math.min(table.rows, from + count);
    return {
      firstRow: from,
      atMs: table.grabbedUs.slice(from, to).map((us) => us / 1000),
      totalUs: table.totalUs.slice(from, to),
      partUs: table.partUs.map((column) => column.slice(from, to)),
      flags: table.flags.slice(from, to),
      outcome: table.outcome.slice(from, to),
      worstPart: Int8Array.from(
        { length: to - from },
        (_, i) => table.worstPart(from + i) ?? ABSENT,
      ),
    };
  }

  /** Undefined for a session without frames. */
  extent({ session, fromMs, toMs, frames }: Range): Extent | undefined {
    const table = this.#table(session);
    if (table === undefined) return undefined;
    const { totalUs, flags, grabbedUs } = table;
    const { fromUs, toUs } = rangeUs({ from_ms: fromMs, to_ms: toMs });
    const [from, to] = [table.rowAt(fromUs), table.rowAt(toUs)];
    const passedOver = frames === 'new' ? frameFlags.repeat : 0;
    let [row, most] = [ABSENT, ABSENT];
    for (let at = from; at < to; at += 1) {
      const us = totalUs[at] ?? ABSENT;
      if (us <= most || ((flags[at] ?? 0) & passedOver) !== 0) continue;
      [row, most] = [at, us];
    }
    const worst = row === ABSENT ? undefined : { row, atMs: (grabbedUs[row] ?? 0) / 1000 };
    return { firstRow: from, count: Math.max(0, to - from), worst };
  }

  /** Undefined when there is no such frame. Throws FormatError where the file breaks. */
  frame(session: number, row: number): FrameFacts | undefined {
    const table = this.#table(session);
    const fileRow = table?.fileRow[row];
    if (table === undefined || fileRow === undefined) return undefined;
    return {
      row,
      atMs: (table.grabbedUs[row] ?? 0) / 1000,
      outcome: frameOutcomes[table.outcome[row] ?? ABSENT] ?? 'unknown',
      flags: table.flags[row] ?? 0,
      totalUs: known(table.totalUs[row]),
      parts: table.parts.map((name, part) => ({ name, us: known(table.partUs[part]?.[row]) })),
      columns: this.#columnsOf(fileRow),
    };
  }

  #columnsOf(fileRow: number): Partial<Record<FrameColumn, number>> {
    const file = this.#file;
    if (file === undefined) return {};
    let [group, row] = [0, fileRow];
    for (; row >= (file.groups[group]?.rows ?? Number.POSITIVE_INFINITY); group += 1) {
      row -= file.groups[group]?.rows ?? 0;
    }
    // Who looks at one frame looks at its neighbours next.
    if (this.#looked?.group !== group) this.#looked = { group, batch: file.read(group) };
    return columnsAt(this.#looked.batch, row);
  }

  #table(session: number): FrameTable | undefined {
    const table = this.#tables.get(session);
    return table === undefined || table.rows === 0 ? undefined : table;
  }

  /** Begun with the first question: the first view does not wait for it. */
  #rangeFigures(): RangeFigures | undefined {
    if (this.#file === undefined) return undefined;
    const losses = (this.#capture.events ?? []).flatMap(({ kind, t_ms }) =>
      kind === 'records_lost' ? t_ms : [],
    );
    this.#figures ??= new RangeFigures(this.#file, this.#sessions, losses, 'by steps');
    return this.#figures;
  }
}

/** The sessions that a recording names; of the seed's files its only one. */
export function sessionsIn({ meta, sessions, samples }: ReviewedCapture): ReviewSession[] {
  if (sessions !== undefined && sessions.length > 0) {
    return sessions.map(({ session_id, kind, fps }) => ({ sessionId: session_id, kind, fps }));
  }
  const ids = [...new Set(samples.map(({ session_id }) => session_id))];
  const { kind, fps } = meta;
  return ids.map((sessionId) => ({ sessionId, kind: kind === '' ? 'gamestream' : kind, fps }));
}

function columnsAt({ grabbed_us, columns }: FrameBatch, row: number) {
  const found: Partial<Record<FrameColumn, number>> = { grabbed_us: grabbed_us[row] ?? 0 };
  for (const [name, column] of Object.entries(columns)) {
    const value = column[row] ?? ABSENT;
    // Object.entries forgets that the names are those of the columns.
    if (value !== ABSENT) found[name as FrameColumn] = value;
  }
  return found;
}

function known(value: number | undefined): number | undefined {
  return value === ABSENT ? undefined : value;
}
