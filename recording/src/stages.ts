// The stages of each path as projections of the frame's boundaries. Stages tile the frame: each begins where the one
// before it ended, so nothing is timed twice. docs/recording-format.md shows the same table to people.
import type { StageName, StageTiming, StreamKind } from '../../contract/stats.ts';
import { ABSENT, type BoundaryColumn, boundaryColumns, type FrameBatch } from './frames.ts';
import { MicroBins } from './quantiles.ts';

/** `grabbed` is where a frame's own time begins. */
export type BoundaryName = 'grabbed' | BoundaryColumn;

export interface Span<Name extends string = string> {
  readonly name: Name;
  readonly from: BoundaryName;
  readonly to: BoundaryColumn;
}
export type StageSpan = Span<StageName>;

/** In pipeline order. */
export const stageProjection: Readonly<Record<StreamKind, readonly StageSpan[]>> = {
  // `encode` is submit and wait; `send` holds the wait in the queue of two, pacing and the socket.
  gamestream: [
    { name: 'capture', from: 'grabbed', to: 'converted_us' },
    { name: 'encode', from: 'converted_us', to: 'encoded_us' },
    { name: 'packetize', from: 'encoded_us', to: 'packetized_us' },
    { name: 'send', from: 'packetized_us', to: 'last_sent_us' },
  ],
  // `encode` is the wait only; `send` holds parity and sealing too.
  native: [
    { name: 'capture', from: 'grabbed', to: 'converted_us' },
    { name: 'submit', from: 'converted_us', to: 'submitted_us' },
    { name: 'encode', from: 'submitted_us', to: 'encoded_us' },
    { name: 'send', from: 'encoded_us', to: 'last_sent_us' },
  ],
};

/** The finest set, from each boundary to the next: the one in which both paths may be laid over each other. */
export const fineSpans: readonly Span[] = [
  { name: 'convert', from: 'grabbed', to: 'converted_us' },
  { name: 'submit', from: 'converted_us', to: 'submitted_us' },
  { name: 'wait', from: 'submitted_us', to: 'encoded_us' },
  { name: 'packetize', from: 'encoded_us', to: 'packetized_us' },
  { name: 'queue', from: 'packetized_us', to: 'dequeued_us' },
  { name: 'first_send', from: 'dequeued_us', to: 'first_sent_us' },
  { name: 'pace', from: 'first_sent_us', to: 'last_sent_us' },
];

/**
 * Durations of one frame after the other, µs. `names` are the path's stages, then `total` and `other` (what of the
 * total belongs to no stage), then those finer spans that are no stage of the path by that name; `values[i]` belongs
 * to `names[i]` and is ABSENT when an end of it was never reached. Of every frame: stages + other = total.
 */
export class FrameSpans {
  readonly names: readonly string[];
  /** How many of `names` are stages of the path; `total` and `other` are the next two. */
  readonly stageCount: number;
  /** Of the row that was read last. */
  readonly values: Int32Array;
  readonly #from: readonly number[];
  readonly #to: readonly number[];
  /** Boundaries of the row, `grabbed` first. */
  readonly #reached = new Int32Array(boundaryColumns.length + 1);
  #batch: FrameBatch | undefined;
  #columns: readonly Int32Array[] = [];

  constructor(kind: StreamKind) {
    const stages = stageProjection[kind];
    const isNoStage = ({ name }: Span) => stages.every((stage) => stage.name !== name);
    const spans: readonly Span[] = [
      ...stages,
      { name: 'total', from: 'grabbed', to: 'last_sent_us' },
      // Only for its place; `read` writes its value.
      { name: 'other', from: 'grabbed', to: 'last_sent_us' },
      ...fineSpans.filter(isNoStage),
    ];
    this.names = spans.map(({ name }) => name);
    this.stageCount = stages.length;
    this.values = new Int32Array(spans.length).fill(ABSENT);
    this.#from = spans.map(({ from }) => indexOf(from));
    this.#to = spans.map(({ to }) => indexOf(to));
  }

  read(batch: FrameBatch, row: number): void {
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#columns = boundaryColumns.map((name) => batch.columns[name]);
    }
    const { values } = this;
    const reached = this.#reached;
    readBoundaries(this.#columns, row, reached);
    let other = reached[reached.length - 1] ?? ABSENT;
    for (let i = 0; i < values.length; i += 1) {
      const from = reached[this.#from[i] ?? 0] ?? ABSENT;
      const to = reached[this.#to[i] ?? 0] ?? ABSENT;
      const us = from === ABSENT || to === ABSENT ? ABSENT : to - from;
      values[i] = us;
      if (i < this.stageCount && us !== ABSENT && other !== ABSENT) other -= us;
    }
    values[this.stageCount + 1] = other;
  }
}

/** Collects the stages and the total of one path's frames, for a window or for a whole run. */
export class StageBins {
  readonly #spans: FrameSpans;
  readonly #stages: readonly StageSpan[];
  /** One a stage, then the total's. */
  readonly #bins: readonly MicroBins[];
  /** The spans of the slowest frame so far. */
  readonly #slowest: Int32Array;

  constructor(kind: StreamKind) {
    this.#spans = new FrameSpans(kind);
    this.#stages = stageProjection[kind];
    this.#bins = Array.from({ length: this.#stages.length + 1 }, () => new MicroBins());
    this.#slowest = new Int32Array(this.#spans.values.length).fill(ABSENT);
  }

  /** Answers the frame's total, ABSENT where it has none. */
  add(batch: FrameBatch, row: number): number {
    this.#spans.read(batch, row);
    const { values, stageCount } = this.#spans;
    for (let i = 0; i < this.#bins.length; i += 1) {
      const us = values[i] ?? ABSENT;
      if (us !== ABSENT) this.#bins[i]?.add(us);
    }
    const total = values[stageCount] ?? ABSENT;
    if (total > (this.#slowest[stageCount] ?? ABSENT)) this.#slowest.set(values);
    return total;
  }

  /** In pipeline order; a stage without a frame is left out. */
  timings(): StageTiming[] {
    return this.#stages.flatMap(({ name }, i) => {
      const found = ranksOf(this.#bins[i]);
      return found === undefined ? [] : [{ name, ...found }];
    });
  }

  total(): Ranks | undefined {
    return ranksOf(this.#bins.at(-1));
  }

  /** What of the slowest frame lies furthest above the median of all; undefined where nothing does. */
  slowestPart(): StageName | 'other' | undefined {
    let [part, most]: [StageName | 'other' | undefined, number] = [undefined, 0];
    for (const [i, { name }] of this.#stages.entries()) {
      const [median = 0] = this.#bins[i]?.nearestRanks([50]) ?? [];
      const excess = (this.#slowest[i] ?? ABSENT) - median;
      if (excess > most) [part, most] = [name, excess];
    }
    // The stages tile a frame: what is left over is usually nothing.
    const other = this.#slowest[this.#spans.stageCount + 1] ?? ABSENT;
    return other > most ? 'other' : part;
  }

  /** Forgets every frame and keeps the memory. */
  clear(): void {
    for (const bins of this.#bins) bins.clear();
    this.#slowest.fill(ABSENT);
  }
}

export interface Ranks {
  readonly p50_us: number;
  readonly p99_us: number;
  readonly max_us: number;
}

function ranksOf(bins: MicroBins | undefined): Ranks | undefined {
  const [p50_us, p99_us] = bins?.nearestRanks([50, 99]) ?? [];
  const max_us = bins?.max;
  if (p50_us === undefined || p99_us === undefined || max_us === undefined) return undefined;
  return { p50_us, p99_us, max_us };
}

/**
 * Writes when a frame passed each boundary, µs after `grabbed`, which is index 0 and stays 0; ABSENT where it never did.
 * `columns`: of the batch, as boundaryColumns names them. A boundary that lies before one that the frame passed earlier
 * is a fault of the engine: it counts as never reached, so that there is a gap and no negative time.
 */
export function readBoundaries(
  columns: readonly Int32Array[],
  row: number,
  into: Int32Array,
): void {
  let latest = 0;
  for (let i = 0; i < columns.length; i += 1) {
    const at = columns[i]?.[row] ?? ABSENT;
    if (at >= latest) {
      into[i + 1] = at;
      latest = at;
    } else into[i + 1] = ABSENT;
  }
}

function indexOf(boundary: BoundaryName): number {
  return boundary === 'grabbed' ? 0 : boundaryColumns.indexOf(boundary) + 1;
}
