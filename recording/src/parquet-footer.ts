// The footer of a Parquet file of flat whole-number columns: where each column of each group lies, its type, its
// bounds. Bytes may come from anywhere: what is named here lies within the file, or FormatError says what does not.
import { FormatError } from './format-error.ts';
import type { ColumnType } from './parquet-column.ts';
import {
  bytesOf,
  integerOf,
  structOf,
  structsOf,
  ThriftReader,
  type ThriftStruct,
} from './parquet-thrift.ts';

/** "PAR1", at both ends of a file. */
export const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);

/** Bytes that can be read at any place; `read` answers `from` to `to`, or less where the file ends. */
export interface ReadableFile {
  readonly byteLength: number;
  read(from: number, to: number): Uint8Array;
}

/** One column of one group. `least` and `most` are what the file claims, where it does. */
export interface ParquetChunk {
  readonly from: number;
  readonly to: number;
  readonly least?: number;
  readonly most?: number;
}

export interface ParquetFooter {
  readonly columns: ReadonlyMap<string, ColumnType>;
  readonly groups: readonly {
    readonly rows: number;
    readonly chunks: ReadonlyMap<string, ParquetChunk>;
  }[];
  readonly texts: ReadonlyMap<string, string>;
}

/** Throws FormatError with the reason; also for a group of no row or of more than `mostRows`. */
export function readFooter(file: ReadableFile, mostRows: number): ParquetFooter {
  const { bytes, from } = footerBytes(file);
  try {
    const footer = new ThriftReader(bytes).struct();
    const columns = readColumns(footer);
    const groups = structsOf(footer, 4).map((group, index) => {
      const rows = integerOf(group, 3) ?? 0;
      if (rows < 1 || rows > mostRows) {
        throw new FormatError(`group ${index} has ${rows} rows, expected 1 to ${mostRows}`);
      }
      return { rows, chunks: readChunks(group, index, columns, from) };
    });
    const texts = structsOf(footer, 5).map((pair) => [textOf(pair, 1), textOf(pair, 2)] as const);
    return { columns: new Map(columns), groups, texts: new Map(texts) };
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`footer: ${error.message}`);
    throw error;
  }
}

function footerBytes(file: ReadableFile): { bytes: Uint8Array; from: number } {
  const size = file.byteLength;
  const least = 2 * MAGIC.length + LENGTH_BYTES;
  if (size < least) throw new FormatError(`${size} bytes are no Parquet file`);
  const tail = file.read(size - LENGTH_BYTES - MAGIC.length, size);
  if (!isMagic(file.read(0, MAGIC.length)) || !isMagic(tail.subarray(LENGTH_BYTES))) {
    throw new FormatError('no Parquet file, or cut off: it does not begin and end with PAR1');
  }
  const length = new DataView(tail.buffer, tail.byteOffset, LENGTH_BYTES).getUint32(0, true);
  const from = size - LENGTH_BYTES - MAGIC.length - length;
  if (from < MAGIC.length || length > MOST_FOOTER_BYTES) {
    throw new FormatError(`a footer of ${length} bytes in a file of ${size}`);
  }
  const bytes = file.read(from, from + length);
  if (bytes.length !== length) throw new FormatError('the file became shorter while it was read');
  return { bytes, from };
}

function isMagic(bytes: Uint8Array): boolean {
  return bytes.length === MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/** In the file's order. */
function readColumns(footer: ThriftStruct): readonly (readonly [string, ColumnType])[] {
  const columns = structsOf(footer, 2)
    .slice(1)
    .map((element): [string, ColumnType] => {
      const name = textOf(element, 4);
      const [type, repetition] = [integerOf(element, 1), integerOf(element, 3)];
      if ((type !== INT32 && type !== INT64) || (repetition !== 0 && repetition !== 1)) {
        throw new FormatError(`column ${name} holds no plain whole numbers`);
      }
      return [name, { wide: type === INT64, nullable: repetition === 1 }];
    });
  if (new Set(columns.map(([name]) => name)).size < columns.length) {
    throw new FormatError('two columns have one name');
  }
  return columns;
}

function readChunks(
  group: ThriftStruct,
  index: number,
  columns: readonly (readonly [string, ColumnType])[],
  footerFrom: number,
): ReadonlyMap<string, ParquetChunk> {
  const metas = structsOf(group, 1).map((chunk) => structOf(chunk, 3));
  if (metas.length !== columns.length) {
    throw new FormatError(`group ${index} has ${metas.length} of ${columns.length} columns`);
  }
  const chunks = columns.map(([name, type], i): [string, ParquetChunk] => {
    const place = `column ${name} of group ${index}`;
    const meta = metas[i];
    if (meta === undefined) throw new FormatError(`${place} lies in another file`);
    if (integerOf(meta, 4) !== 0) throw new FormatError(`${place} is compressed`);
    // A dictionary lies before its pages.
    const from = Math.min(
      integerOf(meta, 9) ?? -1,
      integerOf(meta, 11) ?? Number.POSITIVE_INFINITY,
    );
    const to = from + (integerOf(meta, 7) ?? -1);
    if (from < MAGIC.length || to < from || to > footerFrom) {
      throw new FormatError(`${place} lies at ${from} to ${to}, the footer at ${footerFrom}`);
    }
    return [name, { from, to, ...readBounds(structOf(meta, 12), type) }];
  });
  return new Map(chunks);
}

/** Least and most as its statistics say; empty without, or when they make no sense. */
function readBounds(
  statistics: ThriftStruct | undefined,
  { wide }: ColumnType,
): { least?: number; most?: number } {
  if (statistics === undefined) return {};
  const [most, least] = [bytesOf(statistics, 5), bytesOf(statistics, 6)].map((bytes) => {
    if (bytes?.length !== (wide ? 8 : 4)) return Number.NaN;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return wide ? Number(view.getBigInt64(0, true)) : view.getInt32(0, true);
  });
  if (least === undefined || most === undefined || !(least <= most)) return {};
  return Number.isSafeInteger(least) && Number.isSafeInteger(most) ? { least, most } : {};
}

/** Names and ids are ASCII; whatever else a text holds is nobody's key. */
function textOf(struct: ThriftStruct, id: number): string {
  return String.fromCharCode(...(bytesOf(struct, id)?.subarray(0, MOST_TEXT) ?? []));
}

const LENGTH_BYTES = 4;
/** Parquet's numbers of its types. */
const INT32 = 1;
const INT64 = 2;
/** Three hours at one group a minute have about 300 kB. */
const MOST_FOOTER_BYTES = 8 << 20;
const MOST_TEXT = 200;
