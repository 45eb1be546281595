// Pages of one column of a Parquet file: data pages of version 2, not compressed, whole numbers as deltas, out of a
// dictionary or plain, null or not. What frames-file.ts writes; anything else is named and refused. Its bytes may come
// from anywhere: nothing is read outside them, no work exceeds the rows that were asked for.
import { FormatError } from './format-error.ts';
import { integerOf, structOf, ThriftReader, type ThriftStruct } from './parquet-thrift.ts';

export interface ColumnType {
  readonly nullable: boolean;
  /** INT64; else INT32. */
  readonly wide: boolean;
}

/**
 * Reads a column's pages into `out`, one number a row. INT64 beyond 2^53 and pages that hold more or fewer rows than
 * `out` throw FormatError. `absent` stands where null was.
 */
export function readColumn(
  bytes: Uint8Array,
  { nullable, wide, absent }: ColumnType & { readonly absent: number },
  out: Int32Array | Float64Array,
): void {
  const padded = withPadding(bytes);
  let [at, row] = [0, 0];
  let dictionary: Int32Array | undefined;
  while (row < out.length) {
    const head = readHead(bytes, at);
    if (head.type === PAGE.dictionary && dictionary === undefined && !wide) {
      dictionary = readDictionary(padded, head);
      at = head.end;
      continue;
    }
    const page = dataPage(head);
    const { rows, nulls, levelBytes } = page;
    if (rows < 1 || rows > out.length - row || nulls < 0 || nulls > (nullable ? rows : 0)) {
      throw new FormatError(`a page of ${rows} rows, ${nulls} null, where ${out.length - row} are`);
    }
    const target = out.subarray(row, row + rows);
    const values = nulls === 0 ? target : target.subarray(nulls);
    const data = { bytes: padded, from: page.from + levelBytes, end: page.end };
    if (page.encoding === ENCODING.plain) readPlain(data, wide, values);
    else if (page.encoding === ENCODING.delta) readDeltas(data, values);
    else readIndexes(data, dictionary, values);
    if (nulls > 0) {
      const levels = new Int32Array(rows);
      readRuns({ bytes: padded, from: page.from, end: page.from + levelBytes }, 1, levels);
      spread(levels, target, nulls, absent);
    }
    row += rows;
    at = page.end;
  }
}

/** Reads of four bytes may look past the last value: what lies there in the file, or nothing. */
function withPadding(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset + length + PADDING <= buffer.byteLength) {
    return new Uint8Array(buffer, byteOffset, length + PADDING);
  }
  const padded = new Uint8Array(length + PADDING);
  padded.set(bytes);
  return padded;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly end: number;
}

interface Head {
  readonly type: number | undefined;
  readonly fields: ThriftStruct;
  /** Where what follows the head lies. */
  readonly from: number;
  readonly end: number;
}

function readHead(bytes: Uint8Array, at: number): Head {
  const reader = new ThriftReader(bytes, at);
  const fields = reader.struct();
  const size = integerOf(fields, 3) ?? -1;
  const from = reader.at;
  if (size < 0 || size > bytes.length - from) {
    throw new FormatError(`a page of ${size} bytes where ${bytes.length - from} are`);
  }
  return { type: integerOf(fields, 1), fields, from, end: from + size };
}

interface DataPage {
  readonly from: number;
  readonly end: number;
  readonly rows: number;
  readonly nulls: number;
  readonly levelBytes: number;
  readonly encoding: number;
}

function dataPage({ type, fields, from, end }: Head): DataPage {
  const data = structOf(fields, 8);
  if (type !== PAGE.dataV2 || data === undefined) {
    throw new FormatError(`a page of type ${type}: only data pages of version 2 are read`);
  }
  const levelBytes = integerOf(data, 5) ?? 0;
  const repetitionBytes = integerOf(data, 6) ?? 0;
  if (levelBytes < 0 || levelBytes > end - from || repetitionBytes !== 0) {
    throw new FormatError(`${levelBytes} bytes of levels in a page of ${end - from} bytes`);
  }
  const encoding = integerOf(data, 4) ?? -1;
  if (!Object.values<number>(ENCODING).includes(encoding)) {
    throw new FormatError(`encoding ${encoding}: only plain, dictionary and delta are read`);
  }
  const [rows, nulls] = [integerOf(data, 1) ?? 0, integerOf(data, 2) ?? 0];
  return { from, end, rows, nulls, levelBytes, encoding };
}

function readDictionary(bytes: Uint8Array, { fields, from, end }: Head): Int32Array {
  const length = integerOf(structOf(fields, 7) ?? new Map(), 1) ?? -1;
  if (length < 0 || length * 4 > end - from) {
    throw new FormatError(`a dictionary of ${length} values in ${end - from} bytes`);
  }
  const values = new Int32Array(length);
  readPlain({ bytes, from, end }, false, values);
  return values;
}

/** A byte that says how wide an index is, then runs of them. */
function readIndexes(
  { bytes, from, end }: Part,
  dictionary: Int32Array | undefined,
  out: Int32Array | Float64Array,
): void {
  if (out.length === 0) return;
  const width = from < end ? (bytes[from] ?? 0) : MOST_WIDTH;
  if (dictionary === undefined || width > MOST_INDEX_WIDTH) {
    throw new FormatError(`indexes of ${width} bits into ${dictionary?.length ?? 'no'} values`);
  }
  const indexes = new Int32Array(out.length);
  readRuns({ bytes, from: from + 1, end }, width, indexes);
  for (let row = 0; row < out.length; row += 1) {
    const value = dictionary[indexes[row] ?? 0];
    if (value === undefined) throw new FormatError('an index beyond the dictionary');
    out[row] = value;
  }
}

/** Runs of one number, and groups of eight packed into bits, until `out` is full. */
function readRuns({ bytes, from, end }: Part, width: number, out: Int32Array): void {
  const cursor = new ThriftReader(bytes.subarray(0, end), from);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < out.length; ) {
    const head = cursor.varint();
    const count = Math.floor(head / 2);
    if (count === 0) throw new FormatError('an empty run');
    if (head % 2 === 0) {
      const at = cursor.skip(Math.ceil(width / 8));
      const stop = Math.min(out.length, row + count);
      out.fill(wideBits(view, at * 8, width), row, stop);
      row = stop;
      continue;
    }
    const stop = Math.min(out.length, row + count * 8);
    for (let bit = cursor.skip(count * width) * 8; row < stop; row += 1, bit += width) {
      out[row] = wideBits(view, bit, width);
    }
  }
}

function readPlain({ bytes, from, end }: Part, wide: boolean, out: Int32Array | Float64Array) {
  const size = wide ? 8 : 4;
  if (end - from < out.length * size) throw new FormatError('a plain page is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, end - from);
  for (let i = 0; i < out.length; i += 1) {
    const value = wide ? Number(view.getBigInt64(i * 8, true)) : view.getInt32(i * 4, true);
    if (!Number.isSafeInteger(value)) throw new FormatError('a number beyond 2^53');
    out[i] = value;
  }
}

/** Deltas of INT32 wrap; those of INT64 stay below 2^53 or are refused. */
function readDeltas({ bytes, from, end }: Part, out: Int32Array | Float64Array): void {
  if (out.length === 0) return;
  const cursor = new ThriftReader(bytes.subarray(0, end), from);
  const blockSize = cursor.varint();
  const miniCount = cursor.varint();
  const count = cursor.varint();
  if (blockSize !== BLOCK_SIZE || miniCount !== MINI_BLOCKS || count !== out.length) {
    throw new FormatError(
      `deltas of ${count} numbers in blocks of ${blockSize}/${miniCount}, expected ${out.length} in ${BLOCK_SIZE}/${MINI_BLOCKS}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  out[0] = cursor.zigzag();
  for (let row = 1; row < out.length; ) {
    const least = cursor.zigzag();
    const widthsAt = cursor.skip(MINI_BLOCKS);
    for (let mini = 0; mini < MINI_BLOCKS && row < out.length; mini += 1) {
      const width = bytes[widthsAt + mini] ?? 0;
      if (width > MOST_WIDTH) throw new FormatError(`deltas of ${width} bits`);
      const at = { view, bit: cursor.skip((MINI_SIZE / 8) * width) * 8, width, least };
      const to = Math.min(row + MINI_SIZE, out.length);
      if (out instanceof Int32Array) addNarrow(at, out, row, to);
      else addWide(at, out, row, to);
      row = to;
    }
  }
}

interface MiniBlock {
  readonly view: DataView;
  /** Where its bits begin. */
  readonly bit: number;
  readonly width: number;
  readonly least: number;
}

/** Writes rows `from` to `to` of a mini block; a row lies before. Two loops of one kind each take a third of the time. */
function addNarrow(block: MiniBlock, out: Int32Array, from: number, to: number): void {
  const { view, width } = block;
  const mask = (1 << width) - 1;
  const least = block.least | 0;
  let at = block.bit;
  let sum = out[from - 1] ?? 0;
  if (width > FAST_WIDTH) {
    for (let row = from; row < to; row += 1, at += width) {
      sum = (sum + least + (wideBits(view, at, width) | 0)) | 0;
      out[row] = sum;
    }
    return;
  }
  for (let row = from; row < to; row += 1, at += width) {
    sum = (sum + least + ((view.getInt32(at >>> 3, true) >>> (at & 7)) & mask)) | 0;
    out[row] = sum;
  }
}

function addWide(block: MiniBlock, out: Float64Array, from: number, to: number): void {
  const { view, width, least } = block;
  const mask = (1 << width) - 1;
  let at = block.bit;
  let sum = out[from - 1] ?? 0;
  for (let row = from; row < to; row += 1, at += width) {
    const isNarrow = width <= FAST_WIDTH;
    sum += isNarrow
      ? (view.getInt32(at >>> 3, true) >>> (at & 7)) & mask
      : wideBits(view, at, width);
    sum += least;
    if (!Number.isSafeInteger(sum)) throw new FormatError('a number beyond 2^53');
    out[row] = sum;
  }
}

/** Up to 52 bits from bit `at` on. */
function wideBits(view: DataView, at: number, width: number): number {
  let value = 0;
  let scale = 1;
  for (let left = width, bit = at; left > 0; ) {
    const take = Math.min(8 - (bit & 7), left);
    value += ((view.getUint8(bit >>> 3) >>> (bit & 7)) & ((1 << take) - 1)) * scale;
    scale *= 1 << take;
    bit += take;
    left -= take;
  }
  return value;
}

/** Moves the values, which lie at the end of `out`, to the rows whose level is 1; the rest is null. */
function spread(
  levels: Int32Array,
  out: Int32Array | Float64Array,
  nulls: number,
  absent: number,
): void {
  let next = nulls;
  for (let row = 0; row < out.length; row += 1) {
    if (levels[row] !== 1) out[row] = absent;
    else if (next >= out.length) throw new FormatError('more values than the page has');
    else {
      out[row] = out[next] ?? absent;
      next += 1;
    }
  }
  if (next !== out.length) throw new FormatError('fewer values than the page has');
}

const PAGE = { dictionary: 2, dataV2: 3 } as const;
const ENCODING = { plain: 0, delta: 5, dictionary: 8 } as const;
const BLOCK_SIZE = 128;
const MINI_BLOCKS = 4;
const MINI_SIZE = BLOCK_SIZE / MINI_BLOCKS;
/** With up to seven bits before it, a number of so many lies within four bytes. */
const FAST_WIDTH = 25;
/** Beyond it a double is not exact. */
const MOST_WIDTH = 52;
/** Far beyond what codes and bits need. */
const MOST_INDEX_WIDTH = 16;
const PADDING = 4;
