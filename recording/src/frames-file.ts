// The frames of a recording as one Parquet file: groups of rows that are encoded each alone and appended, a footer
// made of what was kept of them, and a reader over a callback. Touches no file itself. docs/recording-format.md says
// what each column means; DuckDB and pyarrow read the same files (tests/recording/frames-peers.test.ts).
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js';
import Type, { type Static } from 'typebox';
import { type FrameColumn, frameColumns } from '../../contract/stats.ts';
import { FormatError } from './format.ts';
import { ABSENT, boundaryColumns, FrameBatch, frameFlags, frameOutcomes } from './frames.ts';
import { type FileColumn, fileColumns, NO_STEP, Steps, stepOf, stepsTo } from './frames-columns.ts';
import { readColumn } from './parquet-column.ts';
import {
  MAGIC,
  type ParquetChunk,
  type ParquetFooter,
  type ReadableFile,
  readFooter,
} from './parquet-footer.ts';

/** What a file begins with. The first group lies right after it. */
export const FILE_HEAD = MAGIC;

/** Rows that one group may have: 32 MB of records. More are refused, by writer and reader. */
export const MOST_GROUP_ROWS = 1 << 19;

/** 16 sessions of three hours at 360 fps. A small file may claim more, and would cost their time. */
const MOST_ROWS = 1 << 26;

const Whole = Type.Integer({ minimum: 0 });

/** What must be kept of a group until the footer is written; plain JSON. */
export const SavedGroup = Type.Object({
  rows: Type.Integer({ minimum: 1 }),
  /** Where in the file it begins, and its length. */
  offset: Whole,
  bytes: Whole,
  /** In the file's order; least and most of a column's values, absent when all are null. */
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      offset: Whole,
      /** Where its values begin, when a dictionary lies before them. */
      values: Type.Optional(Whole),
      bytes: Whole,
      nulls: Whole,
      least: Type.Optional(Type.Integer()),
      most: Type.Optional(Type.Integer()),
    }),
  ),
});
export type SavedGroup = Static<typeof SavedGroup>;

/** What the file says about itself. */
export interface FramesAbout {
  /** Of the recording; its file stem. */
  readonly recordingId: string;
  /** The wall clock where the axis of `grabbed_us` begins. */
  readonly startedUnixMs: number;
}

/**
 * Encodes rows as the group that will lie at `offset` of the file. They are put in order of session and time. Throws
 * RangeError for no row, for more than MOST_GROUP_ROWS, and for a value that is absent where the file has no absence.
 */
export function encodeGroup(
  batch: FrameBatch,
  offset: number,
  columns: readonly FrameColumn[] = frameColumns,
): { readonly bytes: Uint8Array; readonly group: SavedGroup } {
  const rows = batch.length;
  if (rows === 0 || rows > MOST_GROUP_ROWS) {
    throw new RangeError(`a group has 1 to ${MOST_GROUP_ROWS} rows, got ${rows}`);
  }
  const sorted = inOrder(batch);
  const prepared = columnsFor(columns).map((column) => prepare(sorted, column));
  const out = new ByteWriter(rows * EXPECTED_ROW_BYTES);
  const schema = schemaOf(prepared.map(({ name }) => name));
  const writer = new ParquetWriter({ writer: out, schema, codec: 'UNCOMPRESSED' });
  writer.write({
    columnData: prepared.map(({ name, data, coded }) => ({
      ...{ name, data, statistics: false, offsetIndex: false },
      encoding: coded ? 'RLE_DICTIONARY' : 'DELTA_BINARY_PACKED',
    })),
    rowGroupSize: rows,
    // One page a column and group.
    pageSize: 0,
  });
  const shift = offset - FILE_HEAD.length;
  const written = writer.row_groups[0]?.columns ?? [];
  const saved = prepared.map(({ name, nulls, least, most }, i) => {
    const chunk = written[i]?.meta_data;
    if (chunk === undefined) throw new RangeError(`column ${name} was not written`);
    const values = Number(chunk.data_page_offset) + shift;
    const dictionary = chunk.dictionary_page_offset;
    return {
      name,
      ...(dictionary === undefined
        ? { offset: values }
        : { offset: Number(dictionary) + shift, values }),
      bytes: Number(chunk.total_compressed_size),
      nulls,
      ...(nulls === rows ? {} : { least, most }),
    };
  });
  const bytes = out.getBytes().slice(FILE_HEAD.length);
  return { bytes, group: { rows, offset, bytes: bytes.length, columns: saved } };
}

/**
 * The end of a file whose groups all lie before `offset`, where it will lie itself. Throws RangeError when they do
 * not, or when they have not all the same columns.
 */
export function encodeFooter(
  groups: readonly SavedGroup[],
  about: FramesAbout,
  offset: number,
): Uint8Array {
  const end = groups.reduce((most, group) => Math.max(most, group.offset + group.bytes), 0);
  if (end > offset) throw new RangeError(`groups reach to ${end}, the footer lies at ${offset}`);
  const names = groups[0]?.columns.map(({ name }) => name) ?? fileColumns.map(({ name }) => name);
  if (groups.some(({ columns }) => columns.some(({ name }, i) => name !== names[i]))) {
    throw new RangeError('groups have different columns');
  }
  const out = new ByteWriter();
  writeMetadata(out, {
    version: 2,
    created_by: 'punktfunk-host',
    schema: schemaOf(names),
    num_rows: BigInt(groups.reduce((sum, { rows }) => sum + rows, 0)),
    row_groups: groups.map(rowGroup),
    key_value_metadata: [
      { key: KEYS.version, value: String(FRAMES_VERSION) },
      { key: KEYS.recording, value: about.recordingId },
      { key: KEYS.started, value: String(about.startedUnixMs) },
      { key: KEYS.outcomes, value: JSON.stringify({ ...frameOutcomes }) },
      { key: KEYS.flags, value: JSON.stringify(frameFlags) },
    ],
    metadata_length: 0,
  });
  out.appendBytes(FILE_HEAD);
  return out.getBytes().slice();
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

function rowGroup({
  rows,
  offset,
  bytes,
  columns,
}: SavedGroup): FileMetaData['row_groups'][number] {
  return {
    num_rows: BigInt(rows),
    total_byte_size: BigInt(bytes),
    total_compressed_size: BigInt(bytes),
    file_offset: BigInt(offset),
    sorting_columns: ['session', 'grabbed_us'].map((name) => ({
      column_idx: columns.findIndex((column) => column.name === name),
      descending: false,
      nulls_first: false,
    })),
    columns: columns.map((column) => {
      const wide = fileColumns.find(({ name }) => name === column.name)?.wide === true;
      const bound = (value: number): number | bigint => (wide ? BigInt(value) : value);
      return {
        file_offset: BigInt(column.offset),
        meta_data: {
          type: wide ? 'INT64' : 'INT32',
          encodings:
            column.values === undefined ? ['DELTA_BINARY_PACKED'] : ['PLAIN', 'RLE_DICTIONARY'],
          path_in_schema: [column.name],
          codec: 'UNCOMPRESSED',
          num_values: BigInt(rows),
          total_uncompressed_size: BigInt(column.bytes),
          total_compressed_size: BigInt(column.bytes),
          data_page_offset: BigInt(column.values ?? column.offset),
          ...(column.values === undefined ? {} : { dictionary_page_offset: BigInt(column.offset) }),
          statistics: {
            ...(column.least === undefined ? {} : { min_value: bound(column.least) }),
            ...(column.most === undefined ? {} : { max_value: bound(column.most) }),
            null_count: BigInt(column.nulls),
          },
        },
      };
    }),
  };
}

/** The same rows by session, then time; rows of the same time keep their order. */
function inOrder(batch: FrameBatch): FrameBatch {
  const { grabbed_us: grabbed } = batch;
  const { session } = batch.columns;
  const compare = (a: number, b: number): number =>
    (session[a] ?? 0) - (session[b] ?? 0) || (grabbed[a] ?? 0) - (grabbed[b] ?? 0) || a - b;
  let row = 1;
  while (row < batch.length && compare(row - 1, row) < 0) row += 1;
  if (row >= batch.length) return batch;
  return batch.pick(Uint32Array.from({ length: batch.length }, (_, i) => i).sort(compare));
}

/** The file's columns for some of a batch's: whose and when always, and every step up to the last boundary. */
function columnsFor(columns: readonly FrameColumn[]): readonly FileColumn[] {
  const asked = new Set<FrameColumn>(['session', 'grabbed_us', ...columns]);
  const lastStep = Math.max(...columns.map(stepOf));
  return fileColumns.filter(({ column }) => {
    const step = stepOf(column);
    return step < 0 ? asked.has(column) : step <= lastStep;
  });
}

interface Prepared {
  readonly name: string;
  readonly coded: boolean;
  readonly data: Int32Array | Uint32Array | Float64Array | (number | null)[];
  readonly nulls: number;
  readonly least: number;
  readonly most: number;
}

/** A column as the writer takes it, and its bounds. */
function prepare(batch: FrameBatch, description: FileColumn): Prepared {
  const { name, column, nullable, unsigned, coded } = description;
  const boundary = boundaryColumns[stepOf(column)];
  const values = boundary === undefined ? valuesOf(batch, column) : stepsTo(boundary, batch);
  const absent = boundary === undefined ? ABSENT : NO_STEP;
  let [nulls, least, most] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const bits of values) {
    if (bits === absent) {
      nulls += 1;
      continue;
    }
    const value = unsigned ? bits >>> 0 : bits;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (nulls > 0 && !nullable) {
    throw new RangeError(`${nulls} of ${values.length} rows have no ${name}`);
  }
  if (nulls === 0) {
    return { name, coded, data: unsigned ? Uint32Array.from(values) : values, nulls, least, most };
  }
  const data = Array.from(values, (bits) =>
    bits === absent ? null : unsigned ? bits >>> 0 : bits,
  );
  return { name, coded, data, nulls, least, most };
}

function valuesOf(batch: FrameBatch, column: FrameColumn): Int32Array | Float64Array {
  return column === 'grabbed_us' ? batch.grabbed_us : batch.columns[column];
}

function schemaOf(names: readonly string[]): SchemaElement[] {
  const columns = fileColumns.filter(({ name }) => names.includes(name));
  return [
    { name: 'frames', num_children: columns.length },
    ...columns.map(
      ({ name, wide, nullable, unsigned }): SchemaElement => ({
        name,
        type: wide ? 'INT64' : 'INT32',
        repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
        ...(unsigned ? { converted_type: 'UINT_32' } : {}),
      }),
    ),
  ];
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
const FRAMES_VERSION = 1;
const KEYS = {
  version: 'punktfunk.frames.version',
  recording: 'punktfunk.recording',
  started: 'punktfunk.started_unix_ms',
  outcomes: 'punktfunk.outcomes',
  flags: 'punktfunk.flags',
} as const;

const MOST_INT32 = 2 ** 31 - 1;
const EXPECTED_ROW_BYTES = 16;
