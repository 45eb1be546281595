// Reads the text of a recording piece by piece and checks every piece against the contract, so that neither its size nor
// what is in it costs more than its own text: a foreign file, or one of ours whose middle nobody has looked at yet. What it
// gives back is written anew from the checked values; the text itself is never trusted.
import type { TSchema } from 'typebox';
import {
  type Capture,
  CaptureEvent,
  type CaptureMeta,
  SessionEntry,
  StatsSample,
} from '../../../contract/stats.ts';
import { serializeCapture, upgradeCapture } from '../../../recording/src/format.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { Checker } from './checker.ts';
import { JsonPieces, parsePiece } from './json-pieces.ts';

export interface ReadCapture {
  /** Everything but the samples, in today's shape. */
  readonly capture: Capture;
  /** Of the text as it came. */
  readonly version: number | undefined;
  readonly sampleCount: number;
  /** The text of the whole recording with another meta. */
  text(meta: CaptureMeta): Iterable<Uint8Array>;
}

export class CaptureReader {
  readonly #pieces: JsonPieces;
  readonly #members: Record<string, unknown> = {};
  readonly #lists: Record<string, unknown[]> = {};
  readonly #samples: TextPieces | undefined;
  #sampleCount = 0;
  /** Of everything but samples, which are kept as values. */
  #valueBytes = 0;
  #values = 0;

  /** `check`: only whether the text is a recording; `keep`: its samples as well. */
  constructor(purpose: 'check' | 'keep') {
    this.#samples = purpose === 'keep' ? new TextPieces() : undefined;
    this.#pieces = new JsonPieces(
      {
        member: (key, text) => this.#member(key, text),
        list: (key) => {
          this.#lists[key] = [];
        },
        item: (list, text) => this.#item(list, text),
      },
      { lists: Object.keys(LISTS), pieceBytes: MAX_PIECE_BYTES },
    );
  }

  /** Throws FormatError. */
  push(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
  }

  /** All of it was pushed. Throws FormatError. */
  end(): ReadCapture {
    this.#pieces.end();
    // A list that came is there, also when it is empty.
    const capture = upgradeCapture({ ...this.#members, ...this.#lists });
    checkMeta(capture.meta);
    const samples = this.#samples;
    const version = this.#members['version'];
    return {
      capture,
      version: typeof version === 'number' ? version : undefined,
      sampleCount: this.#sampleCount,
      text: (meta) => {
        const frame = serializeCapture({ ...capture, meta, samples: [] });
        // `[]}` and a line's end close it: samples are the last key of what we write.
        const at = frame.lastIndexOf(']');
        return pieces(frame.slice(0, at), samples, frame.slice(at));
      },
    };
  }

  #member(key: string, text: Uint8Array): void {
    if (key === '__proto__') return;
    this.#count(key, text);
    this.#members[key] = safeValue(text, `/${key}`);
  }

  #item(list: string, text: Uint8Array): void {
    const checker = LISTS[list];
    if (checker === undefined) throw new FormatError(`/${list} is no list of a recording`);
    const items = this.#lists[list] ?? [];
    const index = list === 'samples' ? this.#sampleCount : items.length;
    const where = `/${list}/${index}`;
    const value = safeValue(text, where);
    if (!checker.check(value)) {
      throw new FormatError(`not a recording: ${where}${checker.fault(value)}`);
    }
    if (list === 'samples') {
      this.#sampleCount += 1;
      this.#samples?.add(JSON.stringify(value));
    } else {
      this.#count(list, text);
      items.push(value);
    }
  }

  #count(key: string, text: Uint8Array): void {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new FormatError(`/${key}: more than ${MAX_VALUES} of it`);
    this.#valueBytes += text.length;
    if (this.#valueBytes > MAX_VALUE_BYTES) {
      throw new FormatError(`/${key}: more than ${MAX_VALUE_BYTES} bytes beside the samples`);
    }
  }
}

/**
 * JSON texts with commas between them, in chunks. They wait packed: what is refused at its last byte
 * has cost a tenth of its length until then.
 */
class TextPieces {
  readonly #packed: Uint8Array<ArrayBuffer>[] = [];
  #texts: string[] = [];
  #pending = 0;
  #length = 0;
  #scratch: Uint8Array<ArrayBuffer> | undefined;

  add(text: string): void {
    this.#texts.push(text);
    this.#pending += text.length + 1;
    if (this.#pending >= CHUNK_CHARACTERS) this.#flush();
  }

  /** All were added. */
  *chunks(): Iterable<Uint8Array> {
    this.#flush();
    for (const packed of this.#packed) yield Bun.inflateSync(packed);
  }

  #flush(): void {
    if (this.#texts.length === 0) return;
    const text = `${this.#packed.length > 0 ? ',' : ''}${this.#texts.join(',')}`;
    // Always into the same memory: megabytes that wait for the collector add up faster than it comes.
    this.#scratch ??= new Uint8Array(MAX_CHUNK_BYTES);
    const { written } = encoder.encodeInto(text, this.#scratch);
    this.#length += written;
    if (this.#length > MAX_SAMPLES_BYTES) {
      throw new FormatError(`/samples: more than ${MAX_SAMPLES_BYTES} bytes`);
    }
    this.#packed.push(Bun.deflateSync(this.#scratch.subarray(0, written), { level: 1 }));
    this.#texts = [];
    this.#pending = 0;
  }
}

function* pieces(
  head: string,
  samples: TextPieces | undefined,
  tail: string,
): Iterable<Uint8Array> {
  yield encoder.encode(head);
  if (samples !== undefined) yield* samples.chunks();
  yield encoder.encode(tail);
}

/** What numbers that pass the schema may still not be: no date can be made of them. */
function checkMeta(meta: CaptureMeta): void {
  for (const [name, value] of [
    ['started_unix_ms', meta.started_unix_ms],
    ['duration_ms', meta.duration_ms],
  ] as const) {
    if (value > MAX_DATE_MS) throw new FormatError(`/meta/${name} is no time: ${value}`);
  }
}

function safeValue(text: Uint8Array, where: string): unknown {
  const value = parsePiece(text, where);
  return mayNamePrototype(text) ? withoutPrototype(value) : value;
}

/** `__proto__`, or an escape that could spell it. */
function mayNamePrototype(text: Uint8Array): boolean {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  return bytes.includes('__proto__') || bytes.includes('\\u');
}

function withoutPrototype(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototype);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== '__proto__')
      .map(([key, inner]) => [key, withoutPrototype(inner)]),
  );
}

const encoder = new TextEncoder();
const LISTS: Readonly<Record<string, Pick<Checker<TSchema>, 'check' | 'fault'>>> = {
  sessions: new Checker(SessionEntry),
  events: new Checker(CaptureEvent),
  samples: new Checker(StatsSample),
};
/** One sample with all its stages is 700 bytes, one event 200. */
const MAX_PIECE_BYTES = 256 * 1024;
/** 20,000 events and some sessions are 5 MB. */
const MAX_VALUES = 200_000;
const MAX_VALUE_BYTES = 32 * 1024 * 1024;
const MAX_SAMPLES_BYTES = 256 * 1024 * 1024;
const CHUNK_CHARACTERS = 256 * 1024;
/** Until it is full, and one more: three bytes a character at most, and the comma before it. */
const MAX_CHUNK_BYTES = 3 * (CHUNK_CHARACTERS + MAX_PIECE_BYTES + 1);
/** The last millisecond that a Date can name. */
export const MAX_DATE_MS = 8_640_000_000_000_000;
