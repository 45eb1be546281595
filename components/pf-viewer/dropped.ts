// Files that somebody dropped: a recording's JSON, gzipped or not, its frames file, or a report that holds both. Told by
// what is in them, not by their names. Every file comes from anywhere: read by hand, refused with a reason.
import type { Capture } from '../../contract/stats.ts';
import { upgraded } from '../../recording/src/upgrade.ts';
import { parseCapture } from '../base/parse.ts';
import { reportIn } from '../report/report-file.ts';

export interface Dropped {
  readonly capture: Capture;
  readonly frames: ArrayBuffer | undefined;
}

export type DropFault = 'nothing' | 'not-json' | 'too-large' | 'frames-alone' | 'not-a-recording';

export class DropError extends Error {
  readonly fault: DropFault;
  readonly file: string;

  constructor(fault: DropFault, file: string, reason = '') {
    super(reason);
    this.name = 'DropError';
    this.fault = fault;
    this.file = file;
  }
}

/** Throws DropError. */
export async function readDropped(files: readonly File[]): Promise<Dropped> {
  let capture: Capture | undefined;
  let frames: ArrayBuffer | undefined;
  let alone = '';
  for (const file of files) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (startsWith(bytes, PARQUET)) {
      frames = bytes.buffer;
      alone = file.name;
      continue;
    }
    const text = new TextDecoder().decode(
      startsWith(bytes, GZIP) ? await unpacked(bytes, file.name) : bytes,
    );
    if (/^\s*</.test(text)) {
      const report = await reportIn(new DOMParser().parseFromString(text, 'text/html'));
      if (report === undefined) throw new DropError('not-a-recording', file.name);
      capture = captureIn(report.text, file.name);
      frames = report.frames ?? frames;
    } else capture = captureIn(text, file.name);
  }
  if (capture !== undefined) return { capture, frames };
  throw frames === undefined ? new DropError('nothing', '') : new DropError('frames-alone', alone);
}

export function captureIn(text: string, file: string): Capture {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new DropError('not-json', file, error instanceof Error ? error.message : '');
  }
  try {
    return upgraded(parseCapture(data));
  } catch (error) {
    throw new DropError('not-a-recording', file, error instanceof Error ? error.message : '');
  }
}

/** A small file may unpack to anything: it is cut off where no recording reaches. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<Uint8Array> {
  const reader = new Blob([bytes])
    .stream()
    .pipeThrough(new DecompressionStream('gzip'))
    .getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MOST_BYTES) throw new DropError('too-large', file);
      pieces.push(new Uint8Array(value));
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    if (error instanceof DropError) throw error;
    throw new DropError('not-a-recording', file, error instanceof Error ? error.message : '');
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** `PAR1` */
const PARQUET = [0x50, 0x41, 0x52, 0x31];
const GZIP = [0x1f, 0x8b];
/** Sixteen sessions of three hours. */
const MOST_BYTES = 256 * 1024 * 1024;
