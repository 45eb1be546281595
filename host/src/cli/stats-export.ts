// `stats export`: one recording in the form that another tool reads, to a file that appears whole or not at all, or to
// stdout. Frames come over the API as Parquet; the other forms are made of them in recording/src/export.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { Capture } from '../../../contract/stats.ts';
import { csvText } from '../../../recording/src/export/csv.ts';
import { hdrLogText } from '../../../recording/src/export/hdr-log.ts';
import { traceText } from '../../../recording/src/export/trace.ts';
import type { FrameBatch } from '../../../recording/src/frames.ts';
import { FramesFile } from '../../../recording/src/frames-file.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import {
  type CliContext,
  type ExitCode,
  exitCode,
  type Flags,
  textFlag,
  UsageError,
} from './command.ts';
import { type HostApi, hostApi } from './host-api.ts';
import { byteText, jsonText, plain } from './output.ts';
import {
  type ExportFormat,
  exportFormats,
  isWhole,
  type Part,
  partOf,
  partQuery,
  recordingPath,
  wanted,
} from './stats-range.ts';

type Piece = string | Uint8Array;

export async function exportRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  recordingPath(word);
  const asked = textFlag(flags, 'format') ?? 'json';
  const format = exportFormats.find((name) => name === asked);
  if (format === undefined) {
    throw new UsageError(`--format is "${asked}"; it must be ${exportFormats.join(', ')}`);
  }
  const part = partOf(flags);
  if (format === 'json' && !isWhole(part)) {
    throw new UsageError(
      'json is the recording as it is: --session, --from and --to are for the other formats',
    );
  }
  const named = textFlag(flags, 'output');
  if (named === '') throw new UsageError('--output needs a file');
  const host = hostApi(flags, context);
  const id = await wanted(host, word);
  const output = named ?? `${id}${suffixes[format]}`;
  if (output !== '-' && flags['force'] !== true && existsSync(output)) throw exists(output);
  const pieces = piecesOf({ host, id, format, part, context });
  if (output === '-') {
    for await (const piece of pieces) await context.outPiece(piece);
    return exitCode.ok;
  }
  const bytes = await writeWhole(output, pieces, flags['force'] === true);
  context.out(
    flags['json'] === true
      ? jsonText({ id, format, file: output, bytes })
      : `${plain(output)}: ${byteText(bytes)}\n`,
  );
  return exitCode.ok;
}

interface Export {
  readonly host: HostApi;
  readonly id: string;
  readonly format: ExportFormat;
  readonly part: Part;
  readonly context: CliContext;
}

async function* piecesOf({ host, id, format, part, context }: Export): AsyncGenerator<Piece> {
  const path = recordingPath(id);
  const framesPath = `${path}/frames${partQuery(part, { format: 'parquet' })}`;
  if (format === 'json') yield* host.download(path);
  else if (format === 'parquet') yield* host.download(framesPath);
  else {
    const capture = partOfCapture(
      await host.ask<Capture>('GET', path, Capture, { withinMs: LOAD_MS }),
      part,
    );
    using download = new FramesDownload();
    try {
      await download.fill(host.download(framesPath));
    } catch (error) {
      // Events and counters make a trace by themselves.
      if (format !== 'trace' || !(error instanceof AppError && error.code === 'no_frames')) {
        throw error;
      }
      context.err('It has no frames: the trace holds its events and counters alone.\n');
    }
    yield* texts[format](download.frames(), capture);
  }
}

const texts: Readonly<
  Record<
    Exclude<ExportFormat, 'json' | 'parquet'>,
    (frames: Iterable<FrameBatch>, capture: Capture) => Generator<string>
  >
> = {
  csv: csvText,
  hdr: (frames, capture) => hdrLogText(frames, capture, (bytes) => deflateSync(bytes)),
  trace: traceText,
};

/** What lies in the range, and is of the session or of the host. */
function partOfCapture(capture: Capture, { session, fromMs = 0, toMs }: Part): Capture {
  const end = toMs ?? Number.POSITIVE_INFINITY;
  const isOf = (id: number | undefined): boolean =>
    session === undefined || id === undefined || id === session;
  return {
    ...capture,
    ...(capture.sessions === undefined
      ? {}
      : { sessions: capture.sessions.filter(({ session_id }) => isOf(session_id)) }),
    ...(capture.events === undefined
      ? {}
      : {
          events: capture.events.filter(
            ({ session_id, t_ms }) => isOf(session_id) && t_ms >= fromMs && t_ms < end,
          ),
        }),
    samples: capture.samples.filter(
      ({ session_id, t_ms }) => isOf(session_id) && t_ms > fromMs && t_ms <= end,
    ),
  };
}

/** Frames on their way through a temporary file: Parquet is read from its end. */
class FramesDownload implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'punktfunk-export-'));
  readonly #file = openSync(join(this.#folder, 'frames.parquet'), 'wx+', 0o600);
  #bytes = 0;

  async fill(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) {
      writeAll(this.#file, piece);
      this.#bytes += piece.length;
    }
  }

  *frames(): Generator<FrameBatch> {
    if (this.#bytes === 0) return;
    const file = FramesFile.open({
      byteLength: this.#bytes,
      read: (from, to) => {
        const bytes = new Uint8Array(to - from);
        return bytes.subarray(0, readSync(this.#file, bytes, 0, bytes.length, from));
      },
    });
    for (let group = 0; group < file.groups.length; group += 1) yield file.read(group);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Beside its place first, then there; answers how many bytes. Throws AppError, and then nothing is left behind. */
async function writeWhole(
  output: string,
  pieces: AsyncIterable<Piece>,
  overwrite: boolean,
): Promise<number> {
  const partial = `${output}.partial-${process.pid}`;
  let file: number | undefined;
  try {
    // Not before there is something to write: an unknown id makes no file.
    for await (const piece of pieces) {
      file ??= openSync(partial, 'wx', 0o644);
      writeAll(file, typeof piece === 'string' ? Buffer.from(piece) : piece);
    }
    file ??= openSync(partial, 'wx', 0o644);
    fsyncSync(file);
    const bytes = fstatSync(file).size;
    // It may have come while this one was made.
    if (!overwrite && existsSync(output)) throw exists(output);
    renameSync(partial, output);
    return bytes;
  } catch (error) {
    if (file !== undefined) rmSync(partial, { force: true });
    if (error instanceof AppError || systemCode(error) === undefined) throw error;
    throw new AppError(500, 'unwritable', `${output} cannot be written: ${reasonOf(error)}.`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function exists(output: string): AppError {
  return new AppError(
    409,
    'file_exists',
    `${plain(output)} is there already; --force writes over it.`,
  );
}

const suffixes: Readonly<Record<ExportFormat, string>> = {
  json: '.json',
  csv: '.csv',
  parquet: '.frames.parquet',
  hdr: '.hlog',
  trace: '.trace.json',
};
const LOAD_MS = 60_000;
