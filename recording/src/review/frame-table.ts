// All frames of one session in memory, in order of time, as a view over them needs them: when, how long in total and in
// each stage, how it ended. Made group by group out of a frames file. What is asked of single frames only is read from
// the file again, by `fileRow`.

import type { FrameColumn } from '../../../contract/frame-columns.ts';
import type { StageName, StreamKind } from '../../../contract/stats.ts';
import { FormatError } from '../format-error.ts';
import { ABSENT, boundaryColumns, type FrameBatch } from '../frames.ts';
import type { FramesFile } from '../frames-file.ts';
import { MicroBins } from '../quantiles.ts';
import { SpanColumns } from '../span-columns.ts';
import { stageProjection } from '../stages.ts';

export interface ReviewSession {
  readonly sessionId: number;
  readonly kind: StreamKind;
  readonly fps: number;
}

/** What of a frame's total is told apart: the stages of its path, then what belongs to none. */
export type PartName = StageName | 'other';

export class FrameTable {
  readonly session: ReviewSession;
  /** In pipeline order; `other` is last. */
  readonly parts: readonly PartName[];
  /** µs on the recording's axis, rising. */
  readonly grabbedUs: Float64Array;
  /** Grabbed to the last datagram in the kernel; ABSENT for a frame that never got there. */
  readonly totalUs: Int32Array;
  /** A column a part. */
  readonly partUs: readonly Int32Array[];
  /** Bits of frameFlags. */
  readonly flags: Int32Array;
  /** Index into frameOutcomes. */
  readonly outcome: Int8Array;
  /** Where in the file the row lies, counted over all groups. */
  readonly fileRow: Uint32Array;
  /** Median of each part over all frames, µs; ABSENT without one. */
  readonly partMedianUs: readonly number[];
  readonly totalMedianUs: number;

  /** `medians`: where they were counted already, while the columns were written: of the total, then a part each. */
  constructor(session: ReviewSession, columns: TableColumns, medians?: readonly number[]) {
    this.session = session;
    this.parts = partsOf(session.kind);
    this.grabbedUs = columns.grabbedUs;
    this.totalUs = columns.totalUs;
    this.partUs = columns.partUs;
    this.flags = columns.flags;
    this.outcome = columns.outcome;
    this.fileRow = columns.fileRow;
    const [total, ...parts] = medians ?? [columns.totalUs, ...columns.partUs].map(medianOf);
    this.partMedianUs = parts;
    this.totalMedianUs = total ?? ABSENT;
  }

  get rows(): number {
    return this.totalUs.length;
  }

  /** Time a frame may take, µs: one interval of the mode. */
  get budgetUs(): number {
    return budgetUs(this.session.fps);
  }

  /** The first row that was not grabbed before `us`; `rows` when there is none. */
  rowAt(us: number): number {
    let [low, high] = [0, this.rows];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.grabbedUs[middle] ?? 0) < us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The part that lies furthest above its own median in a frame; undefined when none lies above. */
  worstPart(row: number): number | undefined {
    let worst: number | undefined;
    let most = 0;
    for (const [part, column] of this.partUs.entries()) {
      const excess = excessUs(column[row] ?? ABSENT, this.partMedianUs[part] ?? ABSENT);
      if (excess <= most) continue;
      most = excess;
      worst = part;
    }
    return worst;
  }
}

export interface TableColumns {
  readonly grabbedUs: Float64Array;
  readonly totalUs: Int32Array;
  readonly partUs: readonly Int32Array[];
  readonly flags: Int32Array;
  readonly outcome: Int8Array;
  readonly fileRow: Uint32Array;
}

/**
 * Reads a file group by group into a table a session; yields how many rows were read after each group, so that whoever
 * drives it may pause. Throws FormatError where the file breaks. Sessions nobody knows are passed over.
 */
export function* loadTables(
  file: FramesFile,
  sessions: readonly ReviewSession[],
): Generator<number, FrameTable[], undefined> {
  const known = rowsOfEach(file);
  const growing = new Map(
    sessions.map((one) => [one.sessionId, new GrowingTable(one, known?.get(one.sessionId) ?? 0)]),
  );
  let [read, batch]: [number, FrameBatch | undefined] = [0, undefined];
  for (const index of file.groups.keys()) {
    batch = file.read(index, COLUMNS, batch);
    for (const [sessionId, from, to] of runsOf(batch)) {
      growing.get(sessionId)?.take(batch, from, to, read, file.rows);
    }
    read += batch.length;
    yield read;
  }
  return [...growing.values()].map((table) => table.finish());
}

/** Without pauses. */
export function readTables(file: FramesFile, sessions: readonly ReviewSession[]): FrameTable[] {
  const loading = loadTables(file, sessions);
  for (;;) {
    const { done, value } = loading.next();
    if (done === true) return value;
  }
}

export function partsOf(kind: StreamKind): readonly PartName[] {
  return [...stageProjection[kind].map(({ name }) => name), 'other'];
}

export function budgetUs(fps: number): number {
  return fps > 0 ? 1e6 / fps : Number.POSITIVE_INFINITY;
}

/** Time above the median; 0 where either is not known. */
export function excessUs(us: number, medianUs: number): number {
  return us === ABSENT || medianUs === ABSENT ? 0 : Math.max(0, us - medianUs);
}

/** Of the values that are there, nearest rank; ABSENT when none is. */
export function medianOf(values: Int32Array): number {
  const bins = new MicroBins();
  for (const us of values) if (us !== ABSENT) bins.add(us);
  return bins.nearestRank(50) ?? ABSENT;
}

/** How many rows each session has, as far as the footer says it: where every group is of one. */
function rowsOfEach(file: FramesFile): ReadonlyMap<number, number> | undefined {
  const rows = new Map<number, number>();
  for (const { rows: own, sessions } of file.groups) {
    if (sessions.least !== sessions.most) return undefined;
    rows.set(sessions.least, (rows.get(sessions.least) ?? 0) + own);
  }
  return rows;
}

class GrowingTable {
  readonly #session: ReviewSession;
  readonly #spans: SpanColumns;
  readonly #slots: readonly number[];
  #rows = 0;
  #columns: TableColumns;
  readonly #totals = new ShortCounts();
  readonly #parts: readonly ShortCounts[];

  /** `rows`: that it will have; 0 when nobody knows. */
  constructor(session: ReviewSession, rows: number) {
    this.#session = session;
    this.#spans = new SpanColumns(session.kind);
    this.#slots = partsOf(session.kind).map((name) => this.#spans.slotOf(name));
    this.#columns = columnsFor(rows, this.#slots.length);
    this.#parts = this.#slots.map(() => new ShortCounts());
  }

  /** `firstRow`: where in the file the batch begins; `most`: rows of the whole file. */
  take(batch: FrameBatch, from: number, to: number, firstRow: number, most: number): void {
    const at = this.#rows;
    const end = at + to - from;
    this.#makeRoom(end, most);
    const { grabbedUs, totalUs, partUs, flags, outcome, fileRow } = this.#columns;
    grabbedUs.set(batch.grabbed_us.subarray(from, to), at);
    flags.set(batch.columns.flags.subarray(from, to), at);
    const outcomes = batch.columns.outcome;
    for (let row = from; row < to; row += 1) {
      const code = outcomes[row] ?? ABSENT;
      outcome[at + row - from] = Math.min(code, MOST_OUTCOME);
      fileRow[at + row - from] = firstRow + row;
    }
    this.#spans.load(batch, from, to);
    const totals = this.#spans.durations(this.#spans.slotOf('total'));
    totalUs.set(totals, at);
    this.#totals.add(totals);
    for (const [part, slot] of this.#slots.entries()) {
      const durations = this.#spans.durations(slot);
      partUs[part]?.set(durations, at);
      this.#parts[part]?.add(durations);
    }
    this.#rows = end;
    this.#putInOrder(at);
  }

  finish(): FrameTable {
    const { grabbedUs, totalUs, partUs, flags, outcome, fileRow } = this.#columns;
    const columns: TableColumns = {
      grabbedUs: grabbedUs.subarray(0, this.#rows),
      totalUs: totalUs.subarray(0, this.#rows),
      partUs: partUs.map((column) => column.subarray(0, this.#rows)),
      flags: flags.subarray(0, this.#rows),
      outcome: outcome.subarray(0, this.#rows),
      fileRow: fileRow.subarray(0, this.#rows),
    };
    const medians = [this.#totals, ...this.#parts].map((counts, i) => {
      const column = i === 0 ? columns.totalUs : columns.partUs[i - 1];
      return counts.median() ?? (column === undefined ? ABSENT : medianOf(column));
    });
    return new FrameTable(this.#session, columns, medians);
  }

  #makeRoom(rows: number, most: number): void {
    if (this.#columns.totalUs.length >= rows) return;
    // One session fills the file as a rule; with several the arrays double, up to all rows that there are.
    const room = Math.min(most, Math.max(rows, this.#rows === 0 ? rows : this.#rows * 2));
    const larger = columnsFor(room, this.#slots.length);
    copyColumns(this.#columns, larger, this.#rows);
    this.#columns = larger;
  }

  /** A frame dropped early is recorded before an older one that waits, and may lie a group before it. */
  #putInOrder(seam: number): void {
    const { grabbedUs } = this.#columns;
    if (seam === 0 || (grabbedUs[seam] ?? 0) >= (grabbedUs[seam - 1] ?? 0)) return;
    let from = seam;
    while (from > 0 && (grabbedUs[from - 1] ?? 0) > (grabbedUs[seam] ?? 0)) from -= 1;
    let to = seam;
    while (to < this.#rows && (grabbedUs[to] ?? 0) < (grabbedUs[seam - 1] ?? 0)) to += 1;
    const order = Uint32Array.from({ length: to - from }, (_, i) => from + i);
    order.sort((a, b) => (grabbedUs[a] ?? 0) - (grabbedUs[b] ?? 0) || a - b);
    for (const column of columnsIn(this.#columns)) {
      const moved = column.slice(from, to);
      for (const [i, row] of order.entries()) column[from + i] = moved[row - from] ?? 0;
    }
  }
}

/** How often each duration came, up to a length that few frames reach: medians at the price of one addition a value. */
class ShortCounts {
  /** The last bin holds all that is longer. */
  readonly #bins = new Uint32Array(SHORT_US + 1);
  #count = 0;

  add(values: Int32Array): void {
    const bins = this.#bins;
    let absent = 0;
    for (let i = 0; i < values.length; i += 1) {
      const us = values[i] ?? ABSENT;
      if (us < 0) absent += 1;
      else {
        const bin = Math.min(us, SHORT_US);
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
    }
    this.#count += values.length - absent;
  }

  /** Nearest rank, ABSENT without a value; undefined when it is too long to be counted here. */
  median(): number | undefined {
    if (this.#count === 0) return ABSENT;
    let left = Math.ceil(this.#count / 2);
    for (let us = 0; us < SHORT_US; us += 1) {
      left -= this.#bins[us] ?? 0;
      if (left <= 0) return us;
    }
    return undefined;
  }
}

function columnsFor(rows: number, parts: number): TableColumns {
  return {
    grabbedUs: new Float64Array(rows),
    totalUs: new Int32Array(rows),
    partUs: Array.from({ length: parts }, () => new Int32Array(rows)),
    flags: new Int32Array(rows),
    outcome: new Int8Array(rows),
    fileRow: new Uint32Array(rows),
  };
}

function columnsIn({ partUs, ...others }: TableColumns) {
  return [...Object.values(others), ...partUs];
}

function copyColumns(from: TableColumns, to: TableColumns, rows: number): void {
  const into = columnsIn(to);
  for (const [i, column] of columnsIn(from).entries()) into[i]?.set(column.subarray(0, rows));
}

/** A group's rows lie by session, then time. Throws FormatError when they do not. */
function* runsOf({
  length,
  grabbed_us: grabbed,
  columns,
}: FrameBatch): Generator<readonly [sessionId: number, from: number, to: number]> {
  let from = 0;
  for (let row = 1; row <= length; row += 1) {
    const session = columns.session[from] ?? 0;
    if (row < length && columns.session[row] === session) {
      if ((grabbed[row] ?? 0) >= (grabbed[row - 1] ?? 0)) continue;
      throw new FormatError(`row ${row} of a group is not in order of time`);
    }
    yield [session, from, row];
    from = row;
  }
}

const COLUMNS: readonly FrameColumn[] = [
  'session',
  'grabbed_us',
  'outcome',
  'flags',
  ...boundaryColumns,
];

/** 66 ms: the median of a stream that is watched lies below. */
const SHORT_US = 1 << 16;
/** A newer engine's outcome: not sent, and more is not known. */
const MOST_OUTCOME = 127;
