// Worker: waits inside the engine for events of lane 0 and posts them in batches, parsed. The main thread never blocks.
import { loadLibrary } from './ffi.ts';
import { EngineError, engineStatus } from './transport.ts';

declare const self: Worker;

/** What the main thread sends once. */
export interface DrainStart {
  readonly libraryPath: string;
  readonly engine: number;
}

export type DrainMessage =
  | { readonly kind: 'hello' }
  | { readonly kind: 'events'; readonly events: readonly unknown[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly reason: string };

self.onmessage = (message: MessageEvent<DrainStart>) => {
  const { libraryPath, engine } = message.data;
  try {
    const library = loadLibrary(libraryPath);
    post({ kind: 'hello' });
    drainUntilClosed(library, engine);
    post({ kind: 'closed' });
  } catch (error) {
    post({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
};

function drainUntilClosed(library: ReturnType<typeof loadLibrary>, engine: number): void {
  const decoder = new TextDecoder();
  let buffer = new Uint8Array(BUFFER_BYTES);
  for (;;) {
    let length: number | undefined;
    try {
      length = library.drain(engine, 0, buffer, WAIT_MS);
    } catch (error) {
      const tooSmall =
        error instanceof EngineError && error.status === engineStatus.buffer_too_small;
      // One event larger than the buffer: make room and ask again.
      if (!tooSmall || buffer.byteLength >= MAX_BUFFER_BYTES) throw error;
      buffer = new Uint8Array(buffer.byteLength * 4);
      continue;
    }
    if (length === undefined) return;
    if (length === 0) continue;
    const lines = decoder.decode(buffer.subarray(0, length)).split('\n');
    post({ kind: 'events', events: lines.filter((line) => line !== '').map(parseLine) });
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // Not an event; the engine class reports it with its text.
    return line;
  }
}

function post(message: DrainMessage): void {
  self.postMessage(message);
}

/** How long a closed host may find this thread inside Rust at most. */
const WAIT_MS = 500;
const BUFFER_BYTES = 64 * 1024;
const MAX_BUFFER_BYTES = 4 * 1024 * 1024;
