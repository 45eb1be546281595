// Files that somebody dropped: a recording's JSON, gzipped or not, its frames file, or a report that holds both. Told by
// what is in them, not by their names. Every file comes from anywhere: read by hand, refused with a reason.
import type { Capture } from '../../contract/stats.ts';
import { upgraded } from '../../recording/src/upgrade.ts';
import { parseCapture } from '../base/parse.ts';
import { unpacked } from '../base/unpack.ts';
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
    const text = await textOf(bytes, file.name);
    if (/^\s*</.test(text)) {
      // Parsed and never shown: nothing in it runs or loads.
      const page = new DOMParser().parseFromString(text, 'text/html');
      const report = await orRefused(reportIn(page), file.name);
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

async function textOf(bytes: Uint8Array<ArrayBuffer>, file: string): Promise<string> {
  return new TextDecoder().decode(
    startsWith(bytes, GZIP) ? await orRefused(unpacked(bytes), file) : bytes,
  );
}

/** What cannot be unpacked is no recording of ours. */
async function orRefused<T>(unpacking: Promise<T>, file: string): Promise<T> {
  try {
    return await unpacking;
  } catch (error) {
    if (error instanceof RangeError) throw new DropError('too-large', file);
    throw new DropError('not-a-recording', file, error instanceof Error ? error.message : '');
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** `PAR1` */
const PARQUET = [0x50, 0x41, 0x52, 0x31];
const GZIP = [0x1f, 0x8b];
