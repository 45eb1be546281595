// Thrift's compact protocol as Parquet's footer and page headers use it, read from bytes that nobody vouches for:
// every length is checked against what is there, depth and number of values are bounded. Reads only; maps, sets and
// doubles do not occur in what we read. Follows the Thrift compact protocol specification.
import { FormatError } from './format-error.ts';

export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** Reads values one after the other from `at` on; `at` is then where the next one begins. */
export class ThriftReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #values = 0;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** Throws FormatError when the bytes end before it does or hold anything that Parquet has no use for. */
  struct(depth = 0): ThriftStruct {
    if (depth > MOST_DEPTH) throw new FormatError(`structs nested deeper than ${MOST_DEPTH}`);
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      const type = head & 0x0f;
      if (type === TYPE.stop) return fields;
      id = head >> 4 === 0 ? this.zigzag() : id + (head >> 4);
      fields.set(id, this.#value(type, depth));
    }
  }

  #value(type: number, depth: number): ThriftValue {
    this.#values += 1;
    if (this.#values > MOST_VALUES) throw new FormatError(`more than ${MOST_VALUES} values`);
    switch (type) {
      case TYPE.true:
        return true;
      case TYPE.false:
        return false;
      case TYPE.byte:
        return (this.#byte() << 24) >> 24;
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return this.zigzag();
      case TYPE.binary:
        return this.#binary();
      case TYPE.list:
        return this.#list(depth);
      case TYPE.struct:
        return this.struct(depth + 1);
      default:
        throw new FormatError(`no value of Parquet's: type ${type} at byte ${this.#at}`);
    }
  }

  #list(depth: number): ThriftValue[] {
    const head = this.#byte();
    const type = head & 0x0f;
    const length = head >> 4 === 15 ? this.varint() : head >> 4;
    // Each element is a byte at least.
    if (depth >= MOST_DEPTH || length > this.#bytes.length - this.#at) {
      throw new FormatError(`a list of ${length} where ${this.#bytes.length - this.#at} bytes are`);
    }
    const isBoolean = type === TYPE.true || type === TYPE.false;
    return Array.from({ length }, () =>
      isBoolean ? this.#byte() === TYPE.true : this.#value(type, depth + 1),
    );
  }

  #binary(): Uint8Array {
    const length = this.varint();
    if (length > this.#bytes.length - this.#at) {
      throw new FormatError(`${length} bytes where ${this.#bytes.length - this.#at} are`);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** An unsigned number below 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new FormatError('a number beyond 2^53');
      if (byte < 128) return value;
      // Zeros may follow, but not for ever.
      if (scale > 2 ** 63) throw new FormatError('a number that does not end');
    }
  }

  /** A signed number within ±2^52. */
  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Passes over `count` bytes and answers where they began. */
  skip(count: number): number {
    if (count > this.#bytes.length - this.#at) throw new FormatError(`cut off at byte ${this.#at}`);
    this.#at += count;
    return this.#at - count;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new FormatError(`cut off at byte ${this.#at}`);
    this.#at += 1;
    return byte;
  }
}

/** A whole number of a struct; undefined when it is not there. Throws FormatError when it is something else. */
export function integerOf(struct: ThriftStruct, id: number): number | undefined {
  const value = struct.get(id);
  if (value === undefined || typeof value === 'number') return value;
  throw new FormatError(`field ${id} is no number`);
}

export function bytesOf(struct: ThriftStruct, id: number): Uint8Array | undefined {
  const value = struct.get(id);
  if (value === undefined || value instanceof Uint8Array) return value;
  throw new FormatError(`field ${id} is no text`);
}

export function structOf(struct: ThriftStruct, id: number): ThriftStruct | undefined {
  const value = struct.get(id);
  if (value === undefined || value instanceof Map) return value;
  throw new FormatError(`field ${id} is no struct`);
}

/** Structs of a list; empty when it is not there. */
export function structsOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  return listOf(struct, id).map((value) => {
    if (value instanceof Map) return value;
    throw new FormatError(`field ${id} is no list of structs`);
  });
}

export function listOf(struct: ThriftStruct, id: number): readonly ThriftValue[] {
  const value = struct.get(id);
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new FormatError(`field ${id} is no list`);
}

const TYPE = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  binary: 8,
  list: 9,
  struct: 12,
} as const;

/** A footer needs five. */
const MOST_DEPTH = 16;
/** 180 groups of 20 columns are about 70,000. */
const MOST_VALUES = 1_000_000;
