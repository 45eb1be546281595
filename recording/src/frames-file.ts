// Reads the frames of a recording, one Parquet file, over a callback: group by group, column by column. Touches no file
// itself and needs no library, so that a page can do the same. frames-writer.ts writes them; docs/recording-format.md
// says what each column means.
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import { FormatError } from './format-error.ts';
import { ABSENT, FrameBatch } from './frames.ts';
import { type FileColumn, fileColumns, NO_STEP, Steps, stepOf } from './frames-columns.ts';
import { readColumn } from './parquet-column.ts';
import {
  type ParquetChunk,
  type ParquetFooter,
  type ReadableFile,
  readFooter,
} from './parquet-footer.ts';

/** Rows that one group may have: 32 MB of records. More are refused, by writer and reader. */
export const MOST_GROUP_ROWS = 1 << 19;

/** 16 sessions of three hours at 360 fps. A small file may claim more, and would cost their time. */
const MOST_ROWS = 1 << 26;

/** What the file says about itself. */
export interface FramesAbout {
  /** Of the recording; its file stem. */
  readonly recordingId: string;
  /** The wall clock where the axis of `grabbed_us` begins. */
  readonly startedUnixMs: number;
}

/** What the footer says of a group. Times are the first and the last `grabbed_us` in it. */
export interface FrameGroup {
  readonly rows: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly sessions: { readonly least: number; readonly most: number };
}

/** A file of frames that is read group by group, column by column. Knows the footer; holds no rows. */
export class FramesFile {
  readonly rows: number;
  readonly groups: readonly FrameGroup[];
  /** What it says about itself. */
  readonly about: Partial<FramesAbout>;
  readonly #file: ReadableFile;
  readonly #footer: ParquetFooter;

  /** Throws FormatError with the reason when it is no file of frames, whole and of a kind that is read here. */
  static open(file: ReadableFile): FramesFile {
    return new FramesFile(file);
  }

  private constructor(file: ReadableFile) {
    this.#file = file;
    this.#footer = readFooter(file, MOST_GROUP_ROWS);
    checkColumns(this.#footer.columns);
    this.groups = this.#footer.groups.map(describeGroup);
    this.rows = this.groups.reduce((sum, { rows }) => sum + rows, 0);
    if (this.rows > MOST_ROWS) throw new FormatError(`${this.rows} rows, ${MOST_ROWS} at most`);
    this.about = readAbout(this.#footer.texts);
  }

  /**
   * All rows of a group; columns that are not asked for are ABSENT. Throws FormatError when it cannot be read. `into`:
   * a batch that nobody needs any longer, written over when it has as many rows; new memory costs a quarter of the time.
   */
  read(
    index: number,
    columns: readonly FrameColumn[] = frameColumns,
    into?: FrameBatch,
  ): FrameBatch {
    const group = this.groups[index];
    if (group === undefined) throw new RangeError(`group ${index} of ${this.groups.length}`);
    const batch = into?.length === group.rows ? into : new FrameBatch(group.rows);
    const asked = new Set(columns);
    const steps = new Steps(group.rows);
    const lastStep = Math.max(...columns.map(stepOf));
    for (const column of fileColumns) {
      const out = valuesOf(batch, column.column);
      const step = stepOf(column.column);
      // A boundary is the sum of all steps before it.
      const isNeeded = step < 0 ? asked.has(column.column) : step <= lastStep;
      if (isNeeded) this.#readInto(out, index, column, steps);
      if (!asked.has(column.column)) out.fill(ABSENT);
    }
    return batch;
  }

  #readInto(out: Int32Array | Float64Array, index: number, column: FileColumn, steps: Steps): void {
    const { name } = column;
    const type = this.#footer.columns.get(name);
    const chunk = this.#footer.groups[index]?.chunks.get(name);
    // A newer file may have further columns, an older one fewer.
    if (type === undefined || chunk === undefined) {
      out.fill(ABSENT);
      return;
    }
    try {
      const bytes = this.#file.read(chunk.from, chunk.to);
      if (bytes.length < chunk.to - chunk.from) throw new FormatError('the file is cut off');
      const isStep = stepOf(column.column) >= 0;
      readColumn(bytes, { ...type, absent: isStep ? NO_STEP : ABSENT }, out);
      if (isStep && out instanceof Int32Array) steps.add(out);
      else if (!column.unsigned) refuseOutside(out, column.nullable ? ABSENT : 0, chunk);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(`column ${name} of group ${index}: ${error.message}`);
    }
  }
}

export function valuesOf(batch: FrameBatch, column: FrameColumn): Int32Array | Float64Array {
  return column === 'grabbed_us' ? batch.grabbed_us : batch.columns[column];
}

function checkColumns(found: ParquetFooter['columns']): void {
  for (const { name, wide, nullable } of fileColumns) {
    const type = found.get(name);
    if (type === undefined && (name === 'session' || name === 'grabbed_us')) {
      throw new FormatError(`no file of frames: there is no column ${name}`);
    }
    if (type !== undefined && (type.wide !== wide || (type.nullable && !nullable))) {
      throw new FormatError(`column ${name} is of another type`);
    }
  }
}

function describeGroup({ rows, chunks }: ParquetFooter['groups'][number], i: number): FrameGroup {
  const [grabbed, session] = [chunks.get('grabbed_us'), chunks.get('session')];
  if (grabbed?.least === undefined || grabbed.most === undefined) {
    throw new FormatError(`group ${i} does not say from when to when it reaches`);
  }
  if (session?.least === undefined || session.most === undefined) {
    throw new FormatError(`group ${i} does not say whose it is`);
  }
  const sessions = { least: session.least, most: session.most };
  return { rows, fromUs: grabbed.least, toUs: grabbed.most, sessions };
}

function readAbout(texts: ReadonlyMap<string, string>): Partial<FramesAbout> {
  const recordingId = texts.get(KEYS.recording);
  const started = Number(texts.get(KEYS.started) ?? Number.NaN);
  return {
    ...(recordingId === undefined ? {} : { recordingId }),
    ...(Number.isSafeInteger(started) ? { startedUnixMs: started } : {}),
  };
}

/** All but steps counts from zero, and lies where the footer says: groups are passed over by its word. */
function refuseOutside(
  values: Int32Array | Float64Array,
  from: number,
  { least = 0, most = Number.POSITIVE_INFINITY }: ParquetChunk,
): void {
  const lowest = from < 0 ? from : Math.max(0, least);
  const outside =
    values instanceof Int32Array
      ? outsideNarrow(values, Math.min(lowest, MOST_INT32) | 0, Math.min(most, MOST_INT32) | 0)
      : values.find((value) => value < lowest || value > most);
  if (outside !== undefined) throw new FormatError(`holds ${outside}`);
}

/** Whole numbers compared as such: half the time of comparing them as doubles. */
function outsideNarrow(values: Int32Array, lowest: number, most: number): number | undefined {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? 0;
    if (value < lowest || value > most) return value;
  }
  return undefined;
}

/** Version of columns and codes; a column that is added does not change it. */
export const FRAMES_VERSION = 1;
export const KEYS = {
  version: 'punktfunk.frames.version',
  recording: 'punktfunk.recording',
  started: 'punktfunk.started_unix_ms',
  outcomes: 'punktfunk.outcomes',
  flags: 'punktfunk.flags',
} as const;

const MOST_INT32 = 2 ** 31 - 1;
