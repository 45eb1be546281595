// A stream of server-sent events over fetch, because an EventSource cannot carry the token as a header: read to its end,
// given up when it falls silent, every way it can fail as an ApiFailure. Knows no routes and no kinds of event.
import type { HttpTransport } from './http.ts';
import { SseParser } from './sse.ts';
import { ApiFailure } from './stats-api.ts';

export interface EventStream {
  /** Below `/api/v1`. */
  readonly path: string;
  /** Id of the last event seen before: the host goes on behind it. */
  readonly after: string | undefined;
  /** The host has answered, and will tell. */
  readonly onOpen?: (() => void) | undefined;
  /** One event's JSON, not yet believed. What it throws ends the stream. */
  readonly onMessage: (data: unknown, id: string | undefined) => void;
}

/** Resolves when the host ends the stream, rejects when there was none or it broke. */
export async function followEvents(
  http: HttpTransport,
  stream: EventStream,
  signal: AbortSignal,
): Promise<void> {
  const silence = new AbortController();
  let heard: ReturnType<typeof setTimeout> | undefined;
  const listen = (ms: number): void => {
    clearTimeout(heard);
    heard = setTimeout(() => silence.abort(), ms);
  };
  listen(ANSWER_MS);
  try {
    const both = AbortSignal.any([signal, silence.signal]);
    await read(http, stream, both, () => listen(MOST_SILENCE_MS));
  } catch (thrown) {
    if (signal.aborted || thrown instanceof ApiFailure) throw thrown;
    if (thrown instanceof RangeError) {
      throw new ApiFailure('unreadable', `The event stream cannot be read: ${thrown.message}.`);
    }
    throw new ApiFailure('offline', 'The event stream broke off.');
  } finally {
    clearTimeout(heard);
  }
}

async function read(
  http: HttpTransport,
  { path, after, onOpen, onMessage }: EventStream,
  signal: AbortSignal,
  heard: () => void,
): Promise<void> {
  const response = await http.ask({
    path,
    headers: {
      accept: 'text/event-stream',
      ...(after === undefined ? {} : { 'last-event-id': after }),
    },
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
  });
  heard();
  onOpen?.();
  const reader = response.body?.pipeThrough(new TextDecoderStream(), { signal }).getReader();
  if (reader === undefined) return;
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      http.heard();
      for (const { data, id } of parser.push(value)) onMessage(jsonOf(data), id);
    }
  } finally {
    // What cannot be read is not left open. A stream that broke has nothing to cancel.
    void reader.cancel().catch(() => undefined);
  }
}

function jsonOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiFailure('unreadable', `An event is not JSON (${data.length} characters).`);
  }
}

/** As for any other question. */
const ANSWER_MS = 8000;
/** More than two heartbeats: without any for so long the connection is dead, whatever TCP believes. */
const MOST_SILENCE_MS = 25_000;
