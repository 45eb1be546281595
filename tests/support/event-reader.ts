// Reads server-sent events as a page does with fetch: frames of an event stream, one at a time.
export interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = '';
  /** Comments that came so far. */
  comments = 0;

  constructor(response: Response) {
    const stream = response.body;
    if (response.status !== 200 || stream === null) throw new Error(`status ${response.status}`);
    this.#reader = stream.getReader();
  }

  /** The next event; undefined when the stream has ended. Skips comments and the reconnection time. */
  async next(): Promise<SentEvent | undefined> {
    for (;;) {
      const frame = await this.frame();
      if (frame === undefined) return undefined;
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1];
      const data = field('data');
      if (data === undefined) continue;
      return { id: field('id') ?? '', event: field('event') ?? '', data: JSON.parse(data) };
    }
  }

  /** The next frame as text. */
  async frame(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const frame = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        if (frame.startsWith(':')) this.comments += 1;
        return frame;
      }
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  async take(count: number): Promise<SentEvent[]> {
    const events: SentEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (event === undefined) throw new Error(`ended after ${events.length} of ${count} events`);
      events.push(event);
    }
    return events;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
