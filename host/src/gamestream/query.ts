// Query strings as GameStream clients write them, read strictly: the first of a name counts, empty pairs are skipped,
// control characters and broken encodings are an error wherever they stand (gamestream-control-plane.md §3.1, §8).
import { AppError } from '../errors.ts';

export class Query {
  readonly #values: ReadonlyMap<string, string>;

  private constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Throws AppError `bad_parameter`; the message never quotes the text. */
  static parse(text: string): Query {
    const values = new Map<string, string>();
    for (const pair of text.split('&')) {
      if (pair === '') continue;
      const equals = pair.indexOf('=');
      const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
      const value = decoded(equals === -1 ? '' : pair.slice(equals + 1));
      if (!values.has(name)) values.set(name, value);
    }
    return new Query(values);
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** A plain decimal of at most `most`; undefined when it is missing. Throws AppError `bad_parameter`. */
  unsigned(name: string, most = 0xffff_ffff): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= most)) throw badParameter(name, `a number from 0 to ${most}`);
    return value;
  }

  /** A decimal from −2³¹ to 2³²−1, as unsigned 32 bit. Throws AppError `bad_parameter`. */
  int32(name: string): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const value = /^(\d|-0*[1-9])\d{0,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= -0x8000_0000 && value <= 0xffff_ffff)) {
      throw badParameter(name, 'a 32-bit number');
    }
    return value >>> 0;
  }

  /** Bytes from hex of either case. Throws AppError `bad_parameter`. */
  hex(name: string, mostBytes: number): Uint8Array | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const bytes = hexBytes(text);
    if (bytes === undefined || bytes.length > mostBytes) {
      throw badParameter(name, `hex of at most ${mostBytes} bytes`);
    }
    return bytes;
  }
}

/** Names the parameter, never its value: it may be a key. */
export function badParameter(name: string, wanted: string): AppError {
  return new AppError(400, 'bad_parameter', `The parameter ${name} must be ${wanted}.`);
}

/** Undefined for anything but whole pairs of hex digits. */
export function hexBytes(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw broken();
  }
  if (/\p{Cc}/u.test(plain)) throw broken();
  return plain;
}

function broken(): AppError {
  return new AppError(400, 'bad_parameter', 'A parameter is not readable text.');
}
