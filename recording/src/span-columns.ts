// Durations of many frames at once, a span after the other: what FrameSpans (stages.ts) tells of one frame, by the same
// projection and under the same names, at a quarter of the time. Spans of equal ends are kept once.
import type { StreamKind } from '../../contract/stats.ts';
import { ABSENT, boundaryColumns, type FrameBatch } from './frames.ts';
import { type BoundaryName, FrameSpans, fineSpans, stageProjection } from './stages.ts';

/** Of one path. Holds the frames that were loaded last, in memory that it keeps. */
export class SpanColumns {
  /** As FrameSpans has them. */
  readonly names: readonly string[];
  /** How many different spans there are. */
  readonly count: number;
  readonly #slots: ReadonlyMap<string, number>;
  /** Ends of each slot, 0 being `grabbed`; the last slot is `other`. */
  readonly #ends: readonly (readonly [from: number, to: number])[];
  readonly #stages: readonly (readonly [from: number, to: number])[];
  /** When each boundary was reached, ABSENT where it was not; `grabbed` first. */
  #reached: Int32Array[] = [];
  /** Furthest boundary of each row so far; then what is answered. */
  #latest = new Int32Array(0);
  #answer = new Int32Array(0);

  constructor(kind: StreamKind) {
    this.names = new FrameSpans(kind).names;
    const ends = new Map<string, readonly [number, number]>([['total', [0, LAST]]]);
    for (const { name, from, to } of [...fineSpans, ...stageProjection[kind]]) {
      ends.set(name, [indexOf(from), indexOf(to)]);
    }
    this.#stages = stageProjection[kind].map(({ from, to }) => [indexOf(from), indexOf(to)]);
    const keys = [...new Set([...ends.values()].map(String))];
    const slots = [...ends].map(([name, pair]) => [name, keys.indexOf(String(pair))] as const);
    this.#slots = new Map([...slots, ['other', keys.length]]);
    this.#ends = keys.map((key) => {
      const [from = 0, to = 0] = key.split(',').map(Number);
      return [from, to];
    });
    this.count = keys.length + 1;
  }

  slotOf(name: string): number {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new RangeError(`no span ${name}`);
    return slot;
  }

  /** Takes rows `from` to `to`. A boundary that lies before one that was passed earlier counts as never reached. */
  load(batch: FrameBatch, from: number, to: number): void {
    this.#resize(to - from);
    const latest = this.#latest.fill(0);
    boundaryColumns.forEach((name, i) => {
      const column = batch.columns[name];
      const reached = this.#reached[i + 1];
      if (reached === undefined) return;
      for (let row = 0; row < reached.length; row += 1) {
        const us = column[from + row] ?? ABSENT;
        const isReached = us >= (latest[row] ?? 0);
        reached[row] = isReached ? us : ABSENT;
        if (isReached) latest[row] = us;
      }
    });
  }

  /** Durations of a slot for every loaded row, µs, until the next call; ABSENT where an end was never reached. */
  durations(slot: number): Int32Array {
    const [from, to] = this.#ends[slot] ?? [0, LAST];
    const durations = this.#between(from, to, this.#answer);
    if (slot < this.#ends.length) return durations;
    // What of the total belongs to no stage.
    for (const [start, end] of this.#stages) {
      const [begun, ended] = [this.#reached[start], this.#reached[end]];
      if (begun === undefined || ended === undefined) continue;
      for (let row = 0; row < durations.length; row += 1) {
        const a = begun[row] ?? ABSENT;
        const b = ended[row] ?? ABSENT;
        const left = durations[row] ?? ABSENT;
        // A boundary is never reached before one that lies before it.
        if (left >= 0 && a >= 0 && b >= 0) durations[row] = left - (b - a);
      }
    }
    return durations;
  }

  #between(from: number, to: number, into: Int32Array): Int32Array {
    const [start, end] = [this.#reached[from], this.#reached[to]];
    if (start === undefined || end === undefined) return into.fill(ABSENT);
    for (let row = 0; row < into.length; row += 1) {
      const a = start[row] ?? ABSENT;
      const b = end[row] ?? ABSENT;
      into[row] = a < 0 || b < 0 ? ABSENT : b - a;
    }
    return into;
  }

  #resize(rows: number): void {
    if (this.#latest.length === rows) return;
    this.#reached = Array.from({ length: LAST + 1 }, () => new Int32Array(rows));
    this.#latest = new Int32Array(rows);
    this.#answer = new Int32Array(rows);
  }
}

function indexOf(boundary: BoundaryName): number {
  return boundary === 'grabbed' ? 0 : boundaryColumns.indexOf(boundary) + 1;
}

const LAST = boundaryColumns.length;
