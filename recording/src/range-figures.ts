// Exact figures of any part of a recording: quantiles of every stage, counters. A file is read once, minute by minute,
// into packed counts of whole µs; a question then adds up the minutes that it covers and reads only the two at its
// edges. Nothing is estimated: tests compare with sorting, and with DuckDB on the same file.
import type { FrameColumn, FrameRange, RangeQuantiles, StreamKind } from '../../contract/stats.ts';
import { FormatError } from './format.ts';
import { ABSENT, boundaryColumns, type FrameBatch, frameFlags } from './frames.ts';
import type { FramesFile } from './frames-file.ts';
import { type RangeUs, rangeUs } from './frames-query.ts';
import { MicroBins } from './quantiles.ts';
import { SkippedPictures } from './skipped-pictures.ts';
import { addPacked, BinCounter, MOST_US } from './sparse-bins.ts';
import { FrameSpans, fineSpans } from './stages.ts';
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
  readonly #pieces: Piece[] = [];
  readonly #skipped = new Map<number, SkippedPictures>();
  readonly #bins = new Map<string, MicroBins>();
  readonly #spans: Readonly<Record<StreamKind, FrameSpans>>;
  /** The groups that were read last, for questions whose edges move. */
  #read: { readonly group: number; readonly batch: FrameBatch }[] = [];

  /**
   * Reads the whole file: a second for three hours at 240 fps. `lossesMs`: when records were lost, on the recording's
   * axis; what the source then counted further is not told as skipped. Throws FormatError where the file breaks.
   */
  constructor(
    file: FramesFile,
    sessions: readonly FiguresSession[],
    lossesMs: readonly number[] = [],
  ) {
    this.#file = file;
    this.#sessions = new Map(sessions.map((session) => [session.sessionId, session]));
    this.#spans = { gamestream: new FrameSpans('gamestream'), native: new FrameSpans('native') };
    const lossesUs = lossesMs.map((ms) => ms * 1000).sort((a, b) => a - b);
    const horizons = earliestAfter(file);
    const counter = new BinCounter();
    file.groups.forEach((_, group) => {
      const batch = file.read(group, COLUMNS);
      for (const { session, from, to } of runsOf(batch)) {
        this.#pieces.push(this.#count(batch, { group, session, from, to }, counter));
        let skipped = this.#skipped.get(session);
        if (skipped === undefined) {
          skipped = new SkippedPictures(lossesUs);
          this.#skipped.set(session, skipped);
        }
        skipped.take(batch, from, to, horizons[group] ?? Number.POSITIVE_INFINITY);
      }
    });
  }

  /** Bytes that the packed counts take. */
  get indexBytes(): number {
    return this.#pieces.reduce((sum, { packed }) => sum + packed.entries.byteLength, 0);
  }

  /** Figures of a range. Throws RangeError for a percentile outside 0 … 100. */
  quantiles(query: FiguresQuery = {}): RangeQuantiles {
    const { frames = 'all', percents = DEFAULT_PERCENTS } = query;
    if (percents.some((percent) => !(percent >= 0 && percent <= 100))) {
      throw new RangeError(`percentiles are 0 to 100, got ${percents.join(', ')}`);
    }
    const rising = [...new Set(percents)].sort((a, b) => a - b);
    const range = rangeUs(query);
    const names = this.#namesFor(query.session);
    for (const bins of this.#bins.values()) bins.clear();
    const counters = noCounters();
    let endUs = 0;
    for (const piece of this.#pieces) {
      if (query.session !== undefined && piece.session !== query.session) continue;
      endUs = Math.max(endUs, piece.toUs + 1);
      if (piece.toUs < range.fromUs || piece.fromUs >= range.toUs) continue;
      if (piece.fromUs >= range.fromUs && piece.toUs < range.toUs) {
        addCounters(counters, piece.counters);
        this.#addPiece(piece, names, frames);
      } else this.#addRows(piece, range, names, frames, counters);
    }
    const { count, repeated, counted, stamped, late, dropped, key_frames, bytes } = counters;
    return {
      ...(query.session === undefined ? {} : { session: query.session }),
      from_ms: query.from_ms ?? 0,
      to_ms: query.to_ms ?? endUs / 1000,
      frames,
      ...{ count, new: count - repeated, repeated, dropped, key_frames, bytes },
      ...(counted === 0 ? {} : { skipped: this.#skippedIn(query.session, range) }),
      ...(stamped === 0 ? {} : { late }),
      stages: names.flatMap((name) => stageOf(name, this.#bins.get(name), rising)),
    };
  }

  /** A path's stages are told only where every session is on that path: by name alone they do not compare. */
  #namesFor(session: number | undefined): readonly string[] {
    const asked = session === undefined ? [...this.#sessions.values()] : [this.#known(session)];
    const kinds = new Set(asked.map((one) => one?.kind));
    const [kind] = kinds;
    if (kinds.size === 1 && kind !== undefined) return this.#spans[kind].names;
    return COMMON_SPANS;
  }

  #known(session: number): FiguresSession | undefined {
    return this.#sessions.get(session);
  }

  #spansOf(session: number): FrameSpans {
    return this.#spans[this.#known(session)?.kind ?? 'gamestream'];
  }

  #skippedIn(session: number | undefined, { fromUs, toUs }: RangeUs): number {
    const asked = session === undefined ? this.#skipped.values() : [this.#skipped.get(session)];
    let sum = 0;
    for (const skipped of asked) sum += skipped?.between(fromUs, toUs) ?? 0;
    return sum;
  }

  #count(batch: FrameBatch, run: Run, counter: BinCounter): Piece {
    const { session, from, to } = run;
    const spans = this.#spansOf(session);
    const slots = spans.values.length;
    const rows = to - from;
    // Each span's durations side by side, so that one counter serves them one after the other.
    const durations = new Int32Array(slots * rows);
    const counters = noCounters();
    const intervalUs = this.#intervalUs(session);
    for (let row = from; row < to; row += 1) {
      spans.read(batch, row);
      for (let slot = 0; slot < slots; slot += 1) {
        const us = spans.values[slot] ?? ABSENT;
        if (us >= MOST_US) throw new FormatError(`a frame of ${us} µs; no engine measures that`);
        durations[slot * rows + row - from] = us;
      }
      countRow(batch, row, intervalUs, counters);
    }
    const { flags } = batch.columns;
    const entries: number[] = [];
    const starts = new Uint32Array(2 * slots + 1);
    for (let pack = 0; pack < 2 * slots; pack += 1) {
      const wanted = pack < slots ? 0 : frameFlags.repeat;
      const first = (pack % slots) * rows;
      starts[pack] = entries.length;
      for (let i = 0; i < rows; i += 1) {
        const us = durations[first + i] ?? ABSENT;
        if (us >= 0 && ((flags[from + i] ?? 0) & frameFlags.repeat) === wanted) counter.add(us);
      }
      counter.packInto(entries);
    }
    starts[2 * slots] = entries.length;
    return {
      ...run,
      fromUs: batch.grabbed_us[from] ?? 0,
      toUs: batch.grabbed_us[to - 1] ?? 0,
      counters,
      packed: { entries: Uint32Array.from(entries), starts },
    };
  }

  #addPiece({ session, packed }: Piece, names: readonly string[], frames: 'all' | 'new'): void {
    const { names: known } = this.#spansOf(session);
    for (const name of names) {
      const slot = known.indexOf(name);
      const packs = frames === 'new' ? [slot] : [slot, slot + known.length];
      for (const pack of packs) {
        const [from = 0, to = 0] = packed.starts.subarray(pack, pack + 2);
        addPacked(packed.entries, from, to, this.#binsOf(name));
      }
    }
  }

  /** The same for those rows of a piece that lie in the range. */
  #addRows(
    piece: Piece,
    { fromUs, toUs }: RangeUs,
    names: readonly string[],
    frames: 'all' | 'new',
    counters: Counters,
  ): void {
    const batch = this.#groupOf(piece.group);
    const { grabbed_us: grabbed, columns } = batch;
    const spans = this.#spansOf(piece.session);
    const targets = names.map((name) => [spans.names.indexOf(name), this.#binsOf(name)] as const);
    const intervalUs = this.#intervalUs(piece.session);
    for (let row = piece.from; row < piece.to; row += 1) {
      const us = grabbed[row] ?? 0;
      if (us < fromUs || us >= toUs) continue;
      countRow(batch, row, intervalUs, counters);
      if (frames === 'new' && ((columns.flags[row] ?? 0) & frameFlags.repeat) !== 0) continue;
      spans.read(batch, row);
      for (const [slot, bins] of targets) {
        const duration = spans.values[slot] ?? ABSENT;
        if (duration >= 0) bins.add(duration);
      }
    }
  }

  #groupOf(group: number): FrameBatch {
    const known = this.#read.find((entry) => entry.group === group);
    const entry = known ?? { group, batch: this.#file.read(group, COLUMNS) };
    this.#read = [entry, ...this.#read.filter((other) => other !== entry)].slice(0, GROUPS_KEPT);
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

interface Piece extends Run {
  /** Of its first and its last frame. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly counters: Readonly<Counters>;
  /** For each span its new frames, then for each its repeats: from `starts[i]` to `starts[i + 1]`. */
  readonly packed: { readonly entries: Uint32Array; readonly starts: Uint32Array };
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

function countRow(
  { columns }: FrameBatch,
  row: number,
  intervalUs: number,
  counters: Counters,
): void {
  const flags = columns.flags[row] ?? 0;
  const outcome = columns.outcome[row] ?? ABSENT;
  counters.count += 1;
  if ((flags & frameFlags.key) !== 0) counters.key_frames += 1;
  if (outcome === SENT) counters.bytes += columns.bytes[row] ?? 0;
  else if (isDropped(outcome)) counters.dropped += 1;
  if (columns.source_sequence[row] !== ABSENT) counters.counted += 1;
  if ((flags & frameFlags.repeat) !== 0) {
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

/** Both edges of a range. */
const GROUPS_KEPT = 2;
