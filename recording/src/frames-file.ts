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
import { type ColumnType, readColumn } from './parquet-column.ts';
import {
  bytesOf,
  integerOf,
  structOf,
  structsOf,
  ThriftReader,
  type ThriftStruct,
} from './parquet-thrift.ts';

/** What a file begins with: PAR1. The first group lies right after it. */
export const FILE_HEAD = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

/** Rows that one group may have: 32 MB of records. More are refused, by writer and reader. */
export const MOST_GROUP_ROWS = 1 << 19;

const Whole = Type.Integer({ minimum: 0 });

/** What must be kept of a group until the footer is written; plain JSON. */
export const SavedGroup = Type.Object({
  rows: Type.Integer({ minimum: 1 }),
  /** Where in the file it begins, and its length. */
  offset: Whole,
  bytes: Whole,
  /** One entry a column, in the file's order; least and most of its values, absent when all are null. */
  columns: Type.Array(
    Type.Object({
      offset: Whole,
      bytes: Whole,
      nulls: Whole,
      least: Type.Optional(Whole),
      most: Type.Optional(Whole),
    }),
    { minItems: frameColumns.length, maxItems: frameColumns.length },
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
): { readonly bytes: Uint8Array; readonly group: SavedGroup } {
  const rows = batch.length;
  if (rows === 0 || rows > MOST_GROUP_ROWS) {
    throw new RangeError(`a group has 1 to ${MOST_GROUP_ROWS} rows, got ${rows}`);
  }
  const sorted = inOrder(batch);
  const prepared = frameColumns.map((name) => prepare(sorted, name));
  const out = new ByteWriter(rows * EXPECTED_ROW_BYTES);
  const writer = new ParquetWriter({ writer: out, schema: SCHEMA, codec: 'UNCOMPRESSED' });
  writer.write({
    columnData: prepared.map(({ data }, i) => ({
      name: frameColumns[i] ?? '',
      ...{ data, encoding: 'DELTA_BINARY_PACKED', statistics: false, offsetIndex: false },
    })),
    rowGroupSize: rows,
    // One page a column and group.
    pageSize: 0,
  });
  const shift = offset - FILE_HEAD.length;
  const written = writer.row_groups[0]?.columns ?? [];
  const columns = prepared.map(({ nulls, least, most }, i) => {
    const chunk = written[i]?.meta_data;
    if (chunk === undefined) throw new RangeError(`column ${frameColumns[i]} was not written`);
    return {
      offset: Number(chunk.data_page_offset) + shift,
      bytes: Number(chunk.total_compressed_size),
      nulls,
      ...(nulls === rows ? {} : { least, most }),
    };
  });
  const bytes = out.getBytes().slice(FILE_HEAD.length);
  return { bytes, group: { rows, offset, bytes: bytes.length, columns } };
}

/** The end of a file whose groups all lie before `offset`, where it will lie itself. */
export function encodeFooter(
  groups: readonly SavedGroup[],
  about: FramesAbout,
  offset: number,
): Uint8Array {
  const end = groups.reduce((most, group) => Math.max(most, group.offset + group.bytes), 0);
  if (end > offset) throw new RangeError(`groups reach to ${end}, the footer lies at ${offset}`);
  const out = new ByteWriter();
  const metadata: Omit<FileMetaData, 'metadata_length'> = {
    version: 2,
    created_by: 'punktfunk-host',
    schema: SCHEMA,
    num_rows: BigInt(groups.reduce((sum, { rows }) => sum + rows, 0)),
    row_groups: groups.map(rowGroup),
    key_value_metadata: [
      { key: KEYS.version, value: String(FRAMES_VERSION) },
      { key: KEYS.recording, value: about.recordingId },
      { key: KEYS.started, value: String(about.startedUnixMs) },
      { key: KEYS.outcomes, value: JSON.stringify({ ...frameOutcomes }) },
      { key: KEYS.flags, value: JSON.stringify(frameFlags) },
    ],
  };
  writeMetadata(out, { ...metadata, metadata_length: 0 });
  out.appendBytes(FILE_HEAD);
  return out.getBytes().slice();
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
    sorting_columns: SORTED_BY.map((name) => ({
      column_idx: frameColumns.indexOf(name),
      descending: false,
      nulls_first: false,
    })),
    columns: columns.map((column, i) => {
      const name = frameColumns[i] ?? '';
      const wide = columnTypes[i]?.wide === true;
      const bound = (value: number): number | bigint => (wide ? BigInt(value) : value);
      return {
        file_offset: BigInt(column.offset),
        meta_data: {
          type: wide ? 'INT64' : 'INT32',
          encodings: ['DELTA_BINARY_PACKED'],
          path_in_schema: [name],
          codec: 'UNCOMPRESSED',
          num_values: BigInt(rows),
          total_uncompressed_size: BigInt(column.bytes),
          total_compressed_size: BigInt(column.bytes),
          data_page_offset: BigInt(column.offset),
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

interface Prepared {
  readonly data: Int32Array | Uint32Array | Float64Array | (number | null)[];
  readonly nulls: number;
  readonly least: number;
  readonly most: number;
}

/** A column as the writer takes it, and its bounds. */
function prepare(batch: FrameBatch, name: FrameColumn): Prepared {
  const values = name === 'grabbed_us' ? batch.grabbed_us : batch.columns[name];
  const unsigned = name === 'source_sequence';
  let [nulls, least, most] = [0, Number.POSITIVE_INFINITY, 0];
  for (let value of values) {
    if (value < 0 && unsigned && value !== ABSENT) value += 2 ** 32;
    if (value < 0) {
      nulls += 1;
      continue;
    }
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (nulls > 0 && !nullableColumns.has(name)) {
    throw new RangeError(`${nulls} of ${values.length} rows have no ${name}`);
  }
  if (nulls === 0) {
    return { data: unsigned ? Uint32Array.from(values) : values, nulls, least, most };
  }
  const data = Array.from(values, (value) =>
    value === ABSENT ? null : unsigned ? value >>> 0 : value,
  );
  return { data, nulls, least, most };
}

/** Bytes that can be read at any place; `read` answers `from` to `to`, or less where the file ends. */
export interface ReadableFile {
  readonly byteLength: number;
  read(from: number, to: number): Uint8Array;
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
  /** Undefined where the file does not say. */
  readonly about: Partial<FramesAbout>;
  readonly #file: ReadableFile;
  readonly #chunks: readonly ReadonlyMap<FrameColumn, Chunk>[];

  /** Throws FormatError with the reason when it is no file of frames, whole and of a kind that is read here. */
  static open(file: ReadableFile): FramesFile {
    return new FramesFile(file);
  }

  private constructor(file: ReadableFile) {
    const { footer, from } = readFooter(file);
    this.#file = file;
    this.about = readAbout(footer);
    const leaves = readSchema(footer);
    const groups = structsOf(footer, 4).map((group, i) => readGroup(group, i, leaves, from));
    this.groups = groups.map(({ group }) => group);
    this.#chunks = groups.map(({ chunks }) => chunks);
    this.rows = this.groups.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** All rows of a group; columns that are not asked for are ABSENT. Throws FormatError when it cannot be read. */
  read(index: number, columns: readonly FrameColumn[] = frameColumns): FrameBatch {
    const group = this.groups[index];
    const chunks = this.#chunks[index];
    if (group === undefined || chunks === undefined) {
      throw new RangeError(`group ${index} of ${this.groups.length}`);
    }
    const batch = new FrameBatch(group.rows);
    const asked = new Set(columns);
    for (const name of frameColumns) {
      const out = name === 'grabbed_us' ? batch.grabbed_us : batch.columns[name];
      const chunk = chunks.get(name);
      if (!asked.has(name) || chunk === undefined) out.fill(ABSENT);
      else this.#readInto(out, name, chunk);
    }
    return batch;
  }

  #readInto(out: Int32Array | Float64Array, name: FrameColumn, chunk: Chunk): void {
    try {
      const bytes = this.#file.read(chunk.from, chunk.to);
      if (bytes.length < chunk.to - chunk.from) {
        throw new FormatError(`cut off at byte ${chunk.from + bytes.length}`);
      }
      readColumn(bytes, chunk.type, out);
      if (name !== 'source_sequence') refuseNegative(out, chunk.type.nullable);
    } catch (error) {
      if (error instanceof FormatError) throw new FormatError(`column ${name}: ${error.message}`);
      throw error;
    }
  }
}

interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly type: ColumnType;
}

/** The footer's struct, and where it begins. */
function readFooter(file: ReadableFile): { footer: ThriftStruct; from: number } {
  const size = file.byteLength;
  const least = 2 * FILE_HEAD.length + 4;
  if (size < least)
    throw new FormatError(`no frames file: ${size} bytes, expected ${least} at least`);
  const tail = file.read(size - 8, size);
  if (!isMagic(file.read(0, 4)) || tail.length !== 8 || !isMagic(tail.subarray(4))) {
    throw new FormatError('no Parquet file, or cut off: it does not begin and end with PAR1');
  }
  const length = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  const from = size - 8 - length;
  if (from < FILE_HEAD.length || length > MOST_FOOTER_BYTES) {
    throw new FormatError(`a footer of ${length} bytes in a file of ${size}`);
  }
  const bytes = file.read(from, size - 8);
  if (bytes.length !== length) throw new FormatError('the file became shorter while it was read');
  try {
    return { footer: new ThriftReader(bytes).struct(), from };
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`footer: ${error.message}`);
    throw error;
  }
}

function isMagic(bytes: Uint8Array): boolean {
  return bytes.length === FILE_HEAD.length && FILE_HEAD.every((byte, i) => bytes[i] === byte);
}

function readAbout(footer: ThriftStruct): Partial<FramesAbout> {
  const texts = new Map(
    structsOf(footer, 5).map((entry) => [textOf(entry, 1), textOf(entry, 2)] as const),
  );
  const recordingId = texts.get(KEYS.recording);
  const started = Number(texts.get(KEYS.started) ?? Number.NaN);
  return {
    ...(recordingId === undefined ? {} : { recordingId }),
    ...(Number.isSafeInteger(started) ? { startedUnixMs: started } : {}),
  };
}

/** The file's columns in its order. A newer version may have further ones, an older one fewer; those are absent. */
function readSchema(footer: ThriftStruct): readonly { name: string; type: ColumnType }[] {
  const leaves = structsOf(footer, 2)
    .slice(1)
    .map((element) => {
      const name = textOf(element, 4) ?? '';
      const [type, repetition] = [integerOf(element, 1), integerOf(element, 3)];
      if ((type !== INT32 && type !== INT64) || (repetition !== 0 && repetition !== 1)) {
        throw new FormatError(`column ${name} holds no plain whole numbers`);
      }
      return { name, type: { wide: type === INT64, nullable: repetition === 1 } };
    });
  for (const { name, wide, nullable } of columnTypes) {
    const found = leaves.filter((leaf) => leaf.name === name);
    if (found.length > 1) throw new FormatError(`column ${name} is there ${found.length} times`);
    const [leaf] = found;
    if (leaf === undefined && !nullable) throw new FormatError(`column ${name} is missing`);
    if (leaf !== undefined && (leaf.type.wide !== wide || (leaf.type.nullable && !nullable))) {
      throw new FormatError(`column ${name} is of another type`);
    }
  }
  return leaves;
}

function readGroup(
  struct: ThriftStruct,
  index: number,
  leaves: readonly { name: string; type: ColumnType }[],
  footerFrom: number,
): { group: FrameGroup; chunks: ReadonlyMap<FrameColumn, Chunk> } {
  const rows = integerOf(struct, 3) ?? 0;
  if (rows < 1 || rows > MOST_GROUP_ROWS) {
    throw new FormatError(`group ${index} has ${rows} rows, expected 1 to ${MOST_GROUP_ROWS}`);
  }
  const columns = structsOf(struct, 1);
  if (columns.length !== leaves.length) {
    throw new FormatError(`group ${index} has ${columns.length} of ${leaves.length} columns`);
  }
  const chunks = new Map<FrameColumn, Chunk>();
  const bounds = new Map<string, { least: number; most: number }>();
  columns.forEach((column, i) => {
    const leaf = leaves[i];
    const meta = structOf(column, 3);
    const name = frameColumns.find((known) => known === leaf?.name);
    if (leaf === undefined || meta === undefined || name === undefined) return;
    const place = `column ${name} of group ${index}`;
    if (integerOf(meta, 4) !== 0) throw new FormatError(`${place} is compressed`);
    if (integerOf(meta, 5) !== rows) throw new FormatError(`${place} has not ${rows} values`);
    const from = integerOf(meta, 9) ?? -1;
    const to = from + (integerOf(meta, 7) ?? -1);
    if (from < FILE_HEAD.length || to < from || to > footerFrom) {
      throw new FormatError(`${place} lies from ${from} to ${to}, before the footer ${footerFrom}`);
    }
    chunks.set(name, { from, to, type: leaf.type });
    const found = readBounds(structOf(meta, 12), leaf.type);
    if (found !== undefined) bounds.set(name, found);
  });
  const [grabbed, sessions] = [bounds.get('grabbed_us'), bounds.get('session')];
  if (grabbed === undefined || sessions === undefined) {
    throw new FormatError(`group ${index} does not say from when to when it reaches`);
  }
  return { group: { rows, fromUs: grabbed.least, toUs: grabbed.most, sessions }, chunks };
}

/** Least and most of a chunk, as its statistics say; undefined without or when they make no sense. */
function readBounds(
  statistics: ThriftStruct | undefined,
  { wide }: ColumnType,
): { least: number; most: number } | undefined {
  if (statistics === undefined) return undefined;
  const [most, least] = [bytesOf(statistics, 5), bytesOf(statistics, 6)].map((bytes) => {
    if (bytes?.length !== (wide ? 8 : 4)) return Number.NaN;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return wide ? Number(view.getBigInt64(0, true)) : view.getInt32(0, true);
  });
  if (least === undefined || most === undefined || !(least >= 0 && least <= most)) return undefined;
  return Number.isSafeInteger(most) ? { least, most } : undefined;
}

/** Everything in a frames file counts from zero. */
function refuseNegative(values: Int32Array | Float64Array, nullable: boolean): void {
  const least = nullable ? ABSENT : 0;
  for (const value of values) {
    if (value < least) throw new FormatError(`holds ${value}`);
  }
}

function textOf(struct: ThriftStruct, id: number): string | undefined {
  const bytes = bytesOf(struct, id);
  return bytes === undefined ? undefined : decodeText(bytes);
}

/** UTF-8 in well-formed Latin; names and ids of ours have nothing else. Without TextDecoder's state or options. */
function decodeText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, MOST_TEXT));
}

/** Columns in which a value may be absent. */
const nullableColumns: ReadonlySet<FrameColumn> = new Set([
  ...boundaryColumns,
  'frame_index',
  'source_sequence',
  'source_age_us',
  'qp',
]);

const columnTypes = frameColumns.map((name) => ({
  name,
  wide: name === 'grabbed_us',
  nullable: nullableColumns.has(name),
}));

const SCHEMA: SchemaElement[] = [
  { name: 'frames', num_children: frameColumns.length },
  ...columnTypes.map(
    ({ name, wide, nullable }): SchemaElement => ({
      name,
      type: wide ? 'INT64' : 'INT32',
      repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED',
      ...(name === 'source_sequence' ? { converted_type: 'UINT_32' } : {}),
    }),
  ),
];

const SORTED_BY = ['session', 'grabbed_us'] as const satisfies readonly FrameColumn[];

/** Version of columns and codes; a column that is added does not change it. */
const FRAMES_VERSION = 1;
const KEYS = {
  version: 'punktfunk.frames.version',
  recording: 'punktfunk.recording',
  started: 'punktfunk.started_unix_ms',
  outcomes: 'punktfunk.outcomes',
  flags: 'punktfunk.flags',
} as const;

/** Parquet's numbers of its types. */
const INT32 = 1;
const INT64 = 2;
/** Three hours at 240 fps have about 300 kB. */
const MOST_FOOTER_BYTES = 8 << 20;
const MOST_TEXT = 200;
const EXPECTED_ROW_BYTES = 16;
