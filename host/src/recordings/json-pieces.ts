// Cuts the text of one JSON object into its members, and of some members that are lists into their items, while it comes
// in: so a foreign file is never in memory as objects, and a hostile one stops at its first piece that is too large or too
// deep. It only finds where a piece ends; whoever takes a piece parses it.
import { FormatError } from '../../../recording/src/format-error.ts';

export interface PieceHandler {
  /** One member of the object, its value as text. */
  member(key: string, text: Uint8Array): void;
  /** A list begins whose items will come. */
  list(key: string): void;
  /** One item of a list. */
  item(list: string, text: Uint8Array): void;
}

export interface PieceLimits {
  /** Members that are cut into items when they are lists. */
  readonly lists: readonly string[];
  /** The largest piece, bytes. */
  readonly pieceBytes: number;
}

type State = 'start' | 'key' | 'colon' | 'value' | 'comma' | 'item' | 'itemComma' | 'end';
type Piece = 'key' | 'value' | 'item';

export class JsonPieces {
  readonly #handler: PieceHandler;
  readonly #limits: PieceLimits;
  readonly #keys = new Set<string>();
  #state: State = 'start';
  /** A closing bracket may come now: nothing has been in it yet. */
  #first = true;
  #key = '';
  #bom = 0;
  /** What is being cut out; undefined between pieces. */
  #piece: Piece | undefined;
  #scalar = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #carried: Uint8Array[] = [];
  #carriedBytes = 0;

  constructor(handler: PieceHandler, limits: PieceLimits) {
    this.#handler = handler;
    this.#limits = limits;
  }

  /** Throws FormatError. A piece's bytes are only valid during the call of the handler. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#piece !== undefined) at = this.#continuePiece(chunk, at);
      else {
        const byte = chunk[at] ?? 0;
        if (isSpace(byte) && this.#bom % BOM.length === 0) at += 1;
        else if (this.#mark(byte)) at += 1;
      }
    }
  }

  /** Throws FormatError when the object is not closed. */
  end(): void {
    if (this.#state !== 'end') throw new FormatError('the text ends before it is closed');
  }

  /** Takes one byte between pieces; false when it begins a piece, which wants to see it again. */
  #mark(byte: number): boolean {
    switch (this.#state) {
      case 'start':
        if (byte === BOM[this.#bom]) {
          this.#bom += 1;
          return true;
        }
        if (byte !== OPEN_OBJECT || this.#bom % BOM.length !== 0)
          throw unexpected(byte, 'no object');
        this.#state = 'key';
        return true;
      case 'key':
        if (byte === CLOSE_OBJECT && this.#first) {
          this.#state = 'end';
          return true;
        }
        if (byte !== QUOTE) throw unexpected(byte, 'no key');
        return this.#begin('key', byte);
      case 'colon':
        if (byte !== COLON) throw unexpected(byte, 'no colon');
        this.#state = 'value';
        return true;
      case 'value':
        if (byte !== OPEN_LIST || !this.#limits.lists.includes(this.#key)) {
          return this.#begin('value', byte);
        }
        this.#state = 'item';
        this.#first = true;
        this.#handler.list(this.#key);
        return true;
      case 'item':
        if (byte !== CLOSE_LIST || !this.#first) return this.#begin('item', byte);
        this.#state = 'comma';
        return true;
      case 'itemComma':
        if (byte === CLOSE_LIST) this.#state = 'comma';
        else if (byte === COMMA) {
          this.#state = 'item';
          this.#first = false;
        } else throw unexpected(byte, 'no comma');
        return true;
      case 'comma':
        if (byte === CLOSE_OBJECT) this.#state = 'end';
        else if (byte === COMMA) {
          this.#state = 'key';
          this.#first = false;
        } else throw unexpected(byte, 'no comma');
        return true;
      case 'end':
        throw unexpected(byte, 'more after the end');
    }
  }

  #begin(piece: Piece, byte: number): false {
    if (byte === CLOSE_LIST || byte === CLOSE_OBJECT || byte === COMMA || byte === COLON) {
      throw unexpected(byte, 'no value');
    }
    this.#piece = piece;
    this.#scalar = byte !== QUOTE && byte !== OPEN_OBJECT && byte !== OPEN_LIST;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return false;
  }

  /** Reads on in a piece; answers where it goes on after that. */
  #continuePiece(chunk: Uint8Array, from: number): number {
    const to = this.#scalar ? endOfScalar(chunk, from) : this.#endOfNested(chunk, from);
    const length = this.#carriedBytes + ((to ?? chunk.length) - from);
    if (length > this.#limits.pieceBytes) {
      throw new FormatError(`${this.#where()}: more than ${this.#limits.pieceBytes} bytes`);
    }
    const part = chunk.subarray(from, to);
    if (to === undefined) {
      // A copy, which `slice` of a Buffer is not: whoever reads a file fills the same chunk again.
      this.#carried.push(new Uint8Array(part));
      this.#carriedBytes = length;
      return chunk.length;
    }
    const text = this.#carried.length === 0 ? part : Buffer.concat([...this.#carried, part]);
    this.#carried = [];
    this.#carriedBytes = 0;
    this.#deliver(text);
    return to;
  }

  #deliver(text: Uint8Array): void {
    const piece = this.#piece;
    this.#piece = undefined;
    if (piece === 'item') {
      this.#state = 'itemComma';
      this.#handler.item(this.#key, text);
      return;
    }
    if (piece === 'value') {
      this.#state = 'comma';
      this.#handler.member(this.#key, text);
      return;
    }
    const key = parsePiece(text, 'a key');
    if (typeof key !== 'string') throw new FormatError('a key is no text');
    if (this.#keys.has(key)) throw new FormatError(`/${key} is there twice`);
    if (this.#keys.size >= MAX_KEYS) throw new FormatError(`more than ${MAX_KEYS} keys`);
    this.#keys.add(key);
    this.#key = key;
    this.#state = 'colon';
  }

  /** Index after a text, list or object; undefined when the chunk ends before. */
  #endOfNested(chunk: Uint8Array, from: number): number | undefined {
    let [depth, inString, escaped] = [this.#depth, this.#inString, this.#escaped];
    for (let i = from; i < chunk.length; i += 1) {
      const byte = chunk[i];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inString = false;
          if (depth === 0) return i + 1;
        }
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        depth += 1;
        if (depth > MAX_DEPTH) throw new FormatError(`${this.#where()}: deeper than ${MAX_DEPTH}`);
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth -= 1;
        if (depth === 0) return i + 1;
      }
    }
    [this.#depth, this.#inString, this.#escaped] = [depth, inString, escaped];
    return undefined;
  }

  #where(): string {
    return this.#piece === 'key' ? 'a key' : `/${this.#key}`;
  }
}

/** The value of a piece. Throws FormatError; `where` says of what. */
export function parsePiece(text: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(utf8.decode(text));
  } catch (error) {
    throw new FormatError(
      `not JSON: ${where}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function endOfScalar(chunk: Uint8Array, from: number): number | undefined {
  for (let i = from; i < chunk.length; i += 1) {
    const byte = chunk[i] ?? 0;
    if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_LIST || isSpace(byte)) return i;
  }
  return undefined;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function unexpected(byte: number, what: string): FormatError {
  return new FormatError(`not JSON: ${what}, but byte 0x${byte.toString(16).padStart(2, '0')}`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];
const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
/** Programs of Windows put it before their text. */
const BOM: readonly number[] = [0xef, 0xbb, 0xbf];
/** Our own pieces are four deep. */
const MAX_DEPTH = 32;
/** Of the object itself; our own has a dozen. */
const MAX_KEYS = 256;
