// Exact figures of any part of a recording: quantiles of every stage, counters. A file is read once, minute by minute,
// into packed counts of whole µs; a question then adds up the minutes that it covers and reads only the two at its
// edges. Nothing is estimated: tests compare with sorting, and with DuckDB on the same file.

import type { FrameColumn } from '../../contract/frame-columns.ts';
import type { FrameRange, RangeQuantiles, StreamKind } from '../../contract/stats.ts';
import { FormatError } from './format-error.ts';
import { ABSENT, boundaryColumns, type FrameBatch, frameFlags } from './frames.ts';
import type { FramesFile } from './frames-file.ts';
import { type RangeUs, rangeUs } from './frames-query.ts';
import { MicroBins } from './quantiles.ts';
import { SkippedPictures } from './skipped-pictures.ts';
import { SpanColumns } from './span-columns.ts';
import { BinCounter, forEachPacked } from './sparse-bins.ts';
import { fineSpans } from './stages.ts';
import { isDropped, SENT } from './windows.ts';

export interface FiguresSession {
  readonly sessionId: number;
  readonly kind: StreamKind;
  readonly fps: number;
}

export interface FiguresQuery extends FrameRange {
  /** Three decimals at most; 50, 90, 95, 99 and 99.9 when absent. */
  readonly percents?: readonly number[];
  /** Whose durations are counted; the counters are of all frames. All when absent. */
  readonly frames?: 'all' | 'new';
}

export class RangeFigures {
  readonly #file: FramesFile;
  readonly #sessions: ReadonlyMap<number, FiguresSession>;
  readonly #timelines = new Map<number, Timeline>();
  readonly #bins = new Map<string, MicroBins>();
  readonly #spans: Readonly<Record<StreamKind, SpanColumns>>;
  /** What goes through the file, group by group; undefined when it is through. */
  #reading: Iterator<number, void> | undefined;
  #broken: unknown;
  /** The groups that were read last, for questions whose edges move. */
  #read: { readonly group: number; readonly batch: FrameBatch }[] = [];

  /**
   * Reads the whole file, a second for three hours at 240 fps: at once, or by `step` and at last with the first question.
   * `lossesMs`: when records were lost, on the recording's axis; what the source then counted further is not told as
   * skipped. Throws FormatError where the file breaks.
   */
  constructor(
    file: FramesFile,
    sessions: readonly FiguresSession[],
    lossesMs: readonly number[] = [],
    reads: 'at once' | 'by steps' = 'at once',
  ) {
    this.#file = file;
    this.#sessions = new Map(sessions.map((session) => [session.sessionId, session]));
    this.#spans = { gamestream: new SpanColumns('gamestream'), native: new SpanColumns('native') };
    const lossesUs = lossesMs.map((ms) => ms * 1000).sort((a, b) => a - b);
    this.#reading = this.#readGroups(lossesUs);
    if (reads === 'at once') this.#readRest();
  }

  /** Reads another group; false when none was left. Throws FormatError where the file breaks. */
  step(): boolean {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      if (this.#reading?.next().done !== false) this.#reading = undefined;
    } catch (error) {
      // What was read before is not the recording: it never becomes an answer.
      this.#broken = error;
      throw error;
    }
    return this.#reading !== undefined;
  }

  #readRest(): void {
    while (this.step());
  }

  *#readGroups(lossesUs: readonly number[]): Generator<number, void> {
    const horizons = earliestAfter(this.#file);
    const counter = new BinCounter();
    let batch: FrameBatch | undefined;
    for (const group of this.#file.groups.keys()) {
      batch = this.#file.read(group, COLUMNS, batch);
      for (const run of runsOf(batch)) {
        const { session, from, to } = run;
        const timeline = this.#timelines.get(session) ?? new Timeline(lossesUs);
        this.#timelines.set(session, timeline);
        timeline.add(this.#count(batch, { ...run, group }, counter), counter);
        timeline.skipped.take(batch, from, to, horizons[group] ?? Number.POSITIVE_INFINITY);
      }
      yield group;
    }
  }

  /** Bytes that the packed counts take. */
  get indexBytes(): number {
    const counts = [...this.#timelines.values()].flatMap(({ all }) => all);
    return counts.reduce((sum, { packed }) => sum + packed.entries.byteLength, 0);
  }

  /** Figures of a range. Throws RangeError for a percentile outside 0 … 100. */
  quantiles(query: FiguresQuery = {}): RangeQuantiles {
    this.#readRest();
    const { frames = 'all', percents = DEFAULT_PERCENTS } = query;
    if (percents.some((percent) => !(percent >= 0 && percent <= 100))) {
      throw new RangeError(`percentiles are 0 to 100, got ${percents.join(', ')}`);
    }
    const rising = [...new Set(percents)].sort((a, b) => a - b);
    const range = rangeUs(query);
    const names = this.#namesFor(query.session);
    const different = new Set([...names.values()]);
    for (const bins of this.#bins.values()) bins.clear();
    const counters = noCounters();
    const asked = query.session === undefined ? [...this.#timelines.keys()] : [query.session];
    let [endUs, skipped] = [0, 0];
    for (const session of asked) {
      const timeline = this.#timelines.get(session);
      if (timeline === undefined) continue;
      endUs = Math.max(endUs, timeline.endUs);
      skipped += timeline.skipped.between(range.fromUs, range.toUs);
      for (const part of timeline.partsIn(range)) {
        if (isWithin(part, range)) {
          addCounters(counters, part.counters);
          this.#addPacked(session, part.packed, different, frames);
        } else if ('group' in part) this.#addRows(part, range, different, frames, counters);
      }
    }
    const { count, repeated, counted, stamped, late, dropped, key_frames, bytes } = counters;
    return {
      ...(query.session === undefined ? {} : { session: query.session }),
      from_ms: query.from_ms ?? 0,
      to_ms: query.to_ms ?? endUs / 1000,
      frames,
      ...{ count, new: count - repeated, repeated, dropped, key_frames, bytes },
      ...(counted === 0 ? {} : { skipped }),
      ...(stamped === 0 ? {} : { late }),
      stages: [...names].flatMap(([name, same]) => stageOf(name, this.#bins.get(same), rising)),
    };
  }

  /** The same; `take` is told every total that there is, rising, and how often it came. */
  quantilesAndTotals(
    query: FiguresQuery,
    take: (us: number, times: number) => void,
  ): RangeQuantiles {
    const quantiles = this.quantiles(query);
    this.#bins.get('total')?.forEach(take);
    return quantiles;
  }

  /**
   * The spans that are told, each with the first that has the same ends. A path's stages are told only where every
   * session is on that path: by name alone they do not compare.
   */
  #namesFor(session: number | undefined): ReadonlyMap<string, string> {
    const asked = session === undefined ? [...this.#sessions.values()] : [this.#known(session)];
    const kinds = new Set(asked.map((one) => one?.kind));
    const [kind] = kinds;
    if (kinds.size !== 1 || kind === undefined) {
      return new Map(COMMON_SPANS.map((name) => [name, name]));
    }
    const spans = this.#spans[kind];
    const first = (name: string): string =>
      spans.names.find((other) => spans.slotOf(other) === spans.slotOf(name)) ?? name;
    return new Map(spans.names.map((name) => [name, first(name)]));
  }

  #known(session: number): FiguresSession | undefined {
    return this.#sessions.get(session);
  }

  #spansOf(session: number): SpanColumns {
    return this.#spans[this.#known(session)?.kind ?? 'gamestream'];
  }

  #count(batch: FrameBatch, run: Run, counter: BinCounter): Piece {
    const { session, from, to } = run;
    const counters = noCounters();
    const intervalUs = this.#intervalUs(session);
    const repeats: number[] = [];
    for (let row = from; row < to; row += 1) {
      countRow(batch, row, intervalUs, counters);
      if (isRepeat(batch, row)) repeats.push(row - from);
    }
    const spans = this.#spansOf(session);
    spans.load(batch, from, to);
    const entries: number[] = [];
    const starts = [0];
    const close = (): void => {
      counter.packInto(entries);
      starts.push(entries.length);
    };
    for (let slot = 0; slot < spans.count; slot += 1) {
      const durations = spans.durations(slot);
      const ofRepeats = Int32Array.from(repeats, (row) => durations[row] ?? ABSENT);
      for (const row of repeats) durations[row] = ABSENT;
      counter.addAll(durations);
      close();
      counter.addAll(ofRepeats);
      close();
    }
    return {
      ...run,
      fromUs: batch.grabbed_us[from] ?? 0,
      toUs: batch.grabbed_us[to - 1] ?? 0,
      counters,
      packed: { entries: Uint32Array.from(entries), starts: Uint32Array.from(starts) },
    };
  }

  #addPacked(
    session: number,
    { entries, starts }: Packed,
    names: Iterable<string>,
    frames: 'all' | 'new',
  ): void {
    const spans = this.#spansOf(session);
    for (const name of names) {
      const bins = this.#binsOf(name);
      const pack = 2 * spans.slotOf(name);
      const [from = 0, repeats = 0, to = 0] = starts.subarray(pack, pack + 3);
      bins.addPacked(entries, from, repeats);
      if (frames === 'all') bins.addPacked(entries, repeats, to);
    }
  }

  /** The same for those rows of a piece that lie in the range. */
  #addRows(
    piece: Piece,
    { fromUs, toUs }: RangeUs,
    names: Iterable<string>,
    frames: 'all' | 'new',
    counters: Counters,
  ): void {
    const batch = this.#groupOf(piece.group);
    const { grabbed_us: grabbed } = batch;
    let { from, to } = piece;
    while (from < to && (grabbed[from] ?? 0) < fromUs) from += 1;
    while (to > from && (grabbed[to - 1] ?? 0) >= toUs) to -= 1;
    const intervalUs = this.#intervalUs(piece.session);
    for (let row = from; row < to; row += 1) countRow(batch, row, intervalUs, counters);
    const spans = this.#spansOf(piece.session);
    spans.load(batch, from, to);
    for (const name of names) {
      const bins = this.#binsOf(name);
      const durations = spans.durations(spans.slotOf(name));
      const { flags } = batch.columns;
      const passedOver = frames === 'new' ? frameFlags.repeat : 0;
      for (let row = from; row < to; row += 1) {
        const us = durations[row - from] ?? ABSENT;
        if (us >= 0 && ((flags[row] ?? 0) & passedOver) === 0) bins.add(us);
      }
    }
  }

  #groupOf(group: number): FrameBatch {
    const known = this.#read.find((entry) => entry.group === group);
    const others = this.#read.filter((other) => other !== known);
    // The memory of what was not asked for lately; as many bytes would have to be made and thrown away.
    const oldest = known === undefined && others.length >= GROUPS_KEPT ? others.pop() : undefined;
    const entry = known ?? { group, batch: this.#file.read(group, COLUMNS, oldest?.batch) };
    this.#read = [entry, ...others];
    return entry.batch;
  }

  #binsOf(name: string): MicroBins {
    let bins = this.#bins.get(name);
    if (bins === undefined) {
      bins = new MicroBins();
      this.#bins.set(name, bins);
    }
    return bins;
  }

  #intervalUs(session: number): number {
    const fps = this.#known(session)?.fps;
    return fps === undefined ? Number.POSITIVE_INFINITY : 1e6 / fps;
  }
}

/** Rows of one session in one group: they lie together. */
interface Run {
  readonly group: number;
  readonly session: number;
  readonly from: number;
  readonly to: number;
}

/** Of each span its new frames, then its repeats: entries from `starts[i]` to `starts[i + 1]`. */
interface Packed {
  readonly entries: Uint32Array;
  readonly starts: Uint32Array;
}

interface Part {
  /** Of its first and its last frame. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly counters: Readonly<Counters>;
  readonly packed: Packed;
}

type Piece = Part & Run;

/** Pieces that were added up, because most ranges hold them whole. */
interface Block extends Part {
  readonly pieces: readonly Piece[];
}

/** One session. */
class Timeline {
  readonly skipped: SkippedPictures;
  readonly #blocks: Block[] = [];
  #open: Piece[] = [];

  constructor(lossesUs: readonly number[]) {
    this.skipped = new SkippedPictures(lossesUs);
  }

  get all(): Part[] {
    return [...this.#blocks.flatMap((block) => [block, ...block.pieces]), ...this.#open];
  }

  /** The µs after its last frame. */
  get endUs(): number {
    return this.all.reduce((end, { toUs }) => Math.max(end, toUs + 1), 0);
  }

  add(piece: Piece, counter: BinCounter): void {
    this.#open.push(piece);
    if (this.#open.length < BLOCK_PIECES) return;
    this.#blocks.push(blockOf(this.#open, counter));
    this.#open = [];
  }

  /** Everything that touches a range, in as few parts as it takes: only a piece may reach beyond it. */
  *partsIn(range: RangeUs): Generator<Part | Piece> {
    for (const block of this.#blocks) {
      if (isWithin(block, range)) yield block;
      else if (isTouching(block, range))
        yield* block.pieces.filter((one) => isTouching(one, range));
    }
    yield* this.#open.filter((one) => isTouching(one, range));
  }
}

function blockOf(pieces: readonly Piece[], counter: BinCounter): Block {
  const counters = noCounters();
  const entries: number[] = [];
  const starts = new Uint32Array(pieces[0]?.packed.starts.length ?? 0);
  for (let pack = 0; pack + 1 < starts.length; pack += 1) {
    starts[pack] = entries.length;
    for (const { packed } of pieces) {
      const [from = 0, to = 0] = packed.starts.subarray(pack, pack + 2);
      forEachPacked(packed.entries, from, to, (us, times) => counter.add(us, times));
    }
    counter.packInto(entries);
  }
  starts[starts.length - 1] = entries.length;
  for (const piece of pieces) addCounters(counters, piece.counters);
  return {
    fromUs: Math.min(...pieces.map(({ fromUs }) => fromUs)),
    toUs: Math.max(...pieces.map(({ toUs }) => toUs)),
    ...{ counters, pieces },
    packed: { entries: Uint32Array.from(entries), starts },
  };
}

function isWithin(part: Part, { fromUs, toUs }: RangeUs): boolean {
  return part.fromUs >= fromUs && part.toUs < toUs;
}

function isTouching(part: Part, { fromUs, toUs }: RangeUs): boolean {
  return part.toUs >= fromUs && part.fromUs < toUs;
}

interface Counters {
  count: number;
  repeated: number;
  dropped: number;
  key_frames: number;
  bytes: number;
  /** Frames that carry the source's count. */
  counted: number;
  /** New frames that carry the source's stamp. */
  stamped: number;
  late: number;
}

function noCounters(): Counters {
  return {
    ...{ count: 0, repeated: 0, dropped: 0, key_frames: 0, bytes: 0 },
    ...{ counted: 0, stamped: 0, late: 0 },
  };
}

function addCounters(to: Counters, from: Readonly<Counters>): void {
  to.count += from.count;
  to.repeated += from.repeated;
  to.dropped += from.dropped;
  to.key_frames += from.key_frames;
  to.bytes += from.bytes;
  to.counted += from.counted;
  to.stamped += from.stamped;
  to.late += from.late;
}

function isRepeat({ columns }: FrameBatch, row: number): boolean {
  return ((columns.flags[row] ?? 0) & frameFlags.repeat) !== 0;
}

function countRow(batch: FrameBatch, row: number, intervalUs: number, counters: Counters): void {
  const { columns } = batch;
  const flags = columns.flags[row] ?? 0;
  const outcome = columns.outcome[row] ?? ABSENT;
  counters.count += 1;
  if ((flags & frameFlags.key) !== 0) counters.key_frames += 1;
  if (outcome === SENT) counters.bytes += columns.bytes[row] ?? 0;
  else if (isDropped(outcome)) counters.dropped += 1;
  if (columns.source_sequence[row] !== ABSENT) counters.counted += 1;
  if (isRepeat(batch, row)) {
    counters.repeated += 1;
    return;
  }
  const ageUs = columns.source_age_us[row] ?? ABSENT;
  if (ageUs !== ABSENT) counters.stamped += 1;
  if (ageUs > intervalUs) counters.late += 1;
}

/** A group's rows, split where the session changes. Throws FormatError when they are not in the file's order. */
function* runsOf(batch: FrameBatch): Generator<Omit<Run, 'group'>> {
  const { grabbed_us: grabbed, columns } = batch;
  let from = 0;
  for (let row = 1; row <= batch.length; row += 1) {
    const session = columns.session[row - 1] ?? 0;
    if (row < batch.length && columns.session[row] === session) {
      if ((grabbed[row] ?? 0) < (grabbed[row - 1] ?? 0)) throw unordered(row);
      continue;
    }
    if (row < batch.length && (columns.session[row] ?? 0) < session) throw unordered(row);
    yield { session, from, to: row };
    from = row;
  }
}

function unordered(row: number): FormatError {
  return new FormatError(`row ${row} of a group is not in order of session and time`);
}

/** Of each group, before what time no later group has a frame. */
function earliestAfter({ groups }: FramesFile): number[] {
  let earliest = Number.POSITIVE_INFINITY;
  return groups
    .toReversed()
    .map(({ fromUs }) => {
      const after = earliest;
      earliest = Math.min(earliest, fromUs);
      return after;
    })
    .toReversed();
}

/** A stage without a frame is left out. */
function stageOf(
  name: string,
  bins: MicroBins | undefined,
  percents: readonly number[],
): RangeQuantiles['stages'] {
  if (bins?.min === undefined || bins.max === undefined) return [];
  const found = bins.nearestRanks(percents);
  return [
    {
      ...{ name, count: bins.count, min_us: bins.min, max_us: bins.max },
      mean_us: bins.sum / bins.count,
      quantiles_us: Object.fromEntries(percents.map((p, i) => [`p${p}`, found[i] ?? 0])),
    },
  ];
}

const DEFAULT_PERCENTS = [50, 90, 95, 99, 99.9];

/** What both paths have. */
const COMMON_SPANS: readonly string[] = ['total', 'other', ...fineSpans.map(({ name }) => name)];

/** What figures are made of. */
const COLUMNS: readonly FrameColumn[] = [
  'session',
  'grabbed_us',
  'outcome',
  'flags',
  'bytes',
  'frame_index',
  'source_sequence',
  'source_age_us',
  ...boundaryColumns,
];

/** A quarter of an hour: its different values are few more than a minute's. */
const BLOCK_PIECES = 16;

/** Both edges of a range. */
const GROUPS_KEPT = 2;
