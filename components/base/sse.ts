// Server-sent events out of chunks of text, after the HTML standard's "event stream" (9.2.6). Pure: text in, messages
// out. Holds at most one unfinished message of bounded size.

export interface SseMessage {
  readonly data: string;
  /** The last id that the stream named; undefined before the first. */
  readonly id: string | undefined;
}

export class SseParser {
  #rest = '';
  #data: string[] = [];
  #size = 0;
  #id: string | undefined;
  #started = false;

  /** The messages that this chunk completes. Throws a RangeError when one grows past the limit. */
  push(chunk: string): readonly SseMessage[] {
    let text = this.#rest + chunk;
    if (!this.#started && text !== '') {
      this.#started = true;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    const out: SseMessage[] = [];
    let from = 0;
    for (const end of text.matchAll(/\r\n|\n|\r/g)) {
      // A carriage return at the very end may be the first half of a pair.
      if (end[0] === '\r' && end.index === text.length - 1) break;
      this.#line(text.slice(from, end.index), out);
      from = end.index + end[0].length;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length + this.#size > MOST_CHARACTERS) {
      throw new RangeError(`an event has more than ${MOST_CHARACTERS} characters`);
    }
    return out;
  }

  #line(line: string, out: SseMessage[]): void {
    if (line === '') {
      if (this.#data.length > 0) out.push({ data: this.#data.join('\n'), id: this.#id });
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') {
      this.#data.push(value);
      this.#size += value.length + 1;
      if (this.#size > MOST_CHARACTERS) {
        throw new RangeError(`an event has more than ${MOST_CHARACTERS} characters`);
      }
    } else if (name === 'id' && !value.includes('\0')) {
      this.#id = value;
    }
  }
}

/** A list of every device and session is a few kilobytes. */
const MOST_CHARACTERS = 1 << 20;
