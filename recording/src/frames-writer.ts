// Writes the frames of a recording as one Parquet file: groups of rows that are encoded each alone and appended, and a
// footer made of what was kept of them. Touches no file itself. DuckDB and pyarrow read the same files
// (tests/recording/frames-peers.test.ts); frames-file.ts reads them here.
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js';
import Type, { type Static } from 'typebox';
import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import { ABSENT, boundaryColumns, type FrameBatch, frameFlags, frameOutcomes } from './frames.ts';
import { type FileColumn, fileColumns, NO_STEP, stepOf, stepsTo } from './frames-columns.ts';
import {
  FRAMES_VERSION,
  type FramesAbout,
  KEYS,
  MOST_GROUP_ROWS,
  valuesOf,
} from './frames-file.ts';
import { MAGIC } from './parquet-footer.ts';

/** What a file begins with. The first group lies right after it. */
export const FILE_HEAD = MAGIC;

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

const EXPECTED_ROW_BYTES = 16;
