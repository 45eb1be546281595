// The columns of a frames file: names, types, and how boundaries lie in them. A boundary is stored as the step that
// led to it, µs after the last boundary before it that is known: neighbours in a column then share no delay with
// other columns, which takes a sixth off the file. Whole numbers: steps add up to the boundaries exactly.
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import { FormatError } from './format-error.ts';
import { ABSENT, type BoundaryColumn, boundaryColumns, type FrameBatch } from './frames.ts';

/** The steps of a frame, in the order of the boundaries that they lead to. */
export const stepColumns = [
  'convert_us',
  'submit_us',
  'wait_us',
  'packetize_us',
  'queue_us',
  'first_send_us',
  'pace_us',
] as const;

export interface FileColumn {
  /** In the file. */
  readonly name: string;
  /** In a batch. */
  readonly column: FrameColumn;
  /** INT64; else INT32. */
  readonly wide: boolean;
  /** A value may be null; never so in the other columns. */
  readonly nullable: boolean;
  /** Signed bits of a count that goes to 2^32. */
  readonly unsigned: boolean;
  /** A handful of codes: out of a dictionary, which takes half a byte a row less than deltas. */
  readonly coded: boolean;
}

/** Where a step is null: in numbers, as steps may be negative where an engine's clock is at fault. */
export const NO_STEP = -(2 ** 31);

const sometimesAbsent: readonly FrameColumn[] = [
  ...boundaryColumns,
  'frame_index',
  'source_sequence',
  'source_age_us',
  'qp',
];

const codes: readonly FrameColumn[] = [
  'session',
  'queue_depth',
  'outcome',
  'flags',
  'send_refused',
];

/** In the file's order, which is that of `frameColumns`. */
export const fileColumns: readonly FileColumn[] = frameColumns.map((column) => ({
  name: stepColumns[stepOf(column)] ?? column,
  column,
  wide: column === 'grabbed_us',
  nullable: sometimesAbsent.includes(column),
  unsigned: column === 'source_sequence',
  coded: codes.includes(column),
}));

/** Which step leads to this column's boundary; -1 for a column that is none. */
export function stepOf(column: FrameColumn): number {
  const known: readonly FrameColumn[] = boundaryColumns;
  return known.indexOf(column);
}

/** The steps that lead to a boundary, a row each, NO_STEP where it is absent. Throws RangeError for what nobody reads. */
export function stepsTo(column: BoundaryColumn, { columns, length }: FrameBatch): Int32Array {
  const steps = new Int32Array(length);
  const here = columns[column];
  const before = boundaryColumns.slice(0, stepOf(column)).reverse();
  for (let row = 0; row < length; row += 1) {
    const at = here[row] ?? ABSENT;
    if (at < 0) {
      steps[row] = NO_STEP;
      continue;
    }
    if (at > MOST_BOUNDARY_US) throw new RangeError(`${column} of ${at} µs`);
    let from = 0;
    for (const earlier of before) {
      const known = columns[earlier][row] ?? ABSENT;
      if (known < 0) continue;
      from = known;
      break;
    }
    steps[row] = at - from;
  }
  return steps;
}

/** Adds steps up to boundaries, row by row, in the order of the boundaries. */
export class Steps {
  readonly #reached: Int32Array;

  constructor(rows: number) {
    this.#reached = new Int32Array(rows);
  }

  /** Turns the steps in `values` into the boundaries that they lead to. Throws FormatError where one lies nowhere. */
  add(values: Int32Array): void {
    const reached = this.#reached;
    for (let row = 0; row < values.length; row += 1) {
      const step = values[row] ?? NO_STEP;
      if (step === NO_STEP) {
        values[row] = ABSENT;
        continue;
      }
      const at = (reached[row] ?? 0) + step;
      if (at < 0 || at > MOST_BOUNDARY_US) throw new FormatError(`leads to ${at} µs`);
      reached[row] = at;
      values[row] = at;
    }
  }
}

/** The engine's boundaries end at 2^32 ns. */
export const MOST_BOUNDARY_US = 4_294_968;
