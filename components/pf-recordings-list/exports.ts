// A recording as another program reads it, made in the page out of what the host keeps: the file, the same packed, and
// its frames as CSV or as a trace. Fetched with the first download that needs it.
import type { Capture } from '../../contract/stats.ts';
import { csvText } from '../../recording/src/export/csv.ts';
import { traceText } from '../../recording/src/export/trace.ts';
import type { FrameBatch } from '../../recording/src/frames.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';

export async function packed(file: Blob): Promise<Blob> {
  const stream = file.stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(stream, { headers: { 'content-type': 'application/gzip' } }).blob();
}

/** `frames` undefined: a recording without them, of which a trace has the windows and events alone. */
export async function written(
  format: 'csv' | 'trace',
  capture: Capture,
  frames: ArrayBuffer | undefined,
  signal: AbortSignal,
): Promise<Blob> {
  const batches = frames === undefined ? [] : batchesOf(new Uint8Array(frames));
  const text = format === 'csv' ? csvText(batches, capture) : traceText(batches, capture);
  const pieces: Blob[] = [];
  let part: string[] = [];
  let since = performance.now();
  for (const piece of text) {
    part.push(piece);
    if (performance.now() - since < SLICE_MS) continue;
    // Text already made is the browser's to keep, on disk where it likes.
    pieces.push(new Blob(part));
    part = [];
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    since = performance.now();
  }
  const type = format === 'csv' ? 'text/csv' : 'application/json';
  return new Blob([...pieces, ...part], { type });
}

function* batchesOf(bytes: Uint8Array): Generator<FrameBatch> {
  const file = FramesFile.open({
    byteLength: bytes.length,
    read: (from, to) => bytes.subarray(from, to),
  });
  for (const index of file.groups.keys()) yield file.read(index);
}

/** The page stays alive meanwhile. */
const SLICE_MS = 20;
