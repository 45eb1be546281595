// `stats export`: one recording in the form that another tool reads. Frames come over the API as Parquet; the other forms
// are made of them in recording/src/export. Where it goes is in export-output.ts.
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { Capture } from '../../../contract/stats.ts';
import { csvText } from '../../../recording/src/export/csv.ts';
import { hdrLogText } from '../../../recording/src/export/hdr-log.ts';
import { traceText } from '../../../recording/src/export/trace.ts';
import type { FrameBatch } from '../../../recording/src/frames.ts';
import { FramesFile } from '../../../recording/src/frames-file.ts';
import { AppError, systemCode } from '../errors.ts';
import {
  type CliContext,
  type ExitCode,
  exitCode,
  type Flags,
  textFlag,
  UsageError,
} from './command.ts';
import { outputOf, type Piece, unwritable, writeAll, writeOutput } from './export-output.ts';
import type { HostApi } from './host-api.ts';
import { byteText, jsonText, plain } from './output.ts';
import {
  chosen,
  type ExportFormat,
  exportFormats,
  isWhole,
  type Part,
  partOf,
  partQuery,
} from './stats-range.ts';

export async function exportRecording(
  flags: Flags,
  context: CliContext,
  word: string,
): Promise<ExitCode> {
  const named = textFlag(flags, 'output');
  if (named === '') throw new UsageError('--output needs a file');
  const format = formatOf(flags, named);
  const part = partOf(flags);
  if (format === 'json' && !isWhole(part)) {
    throw new UsageError(
      'json is the recording as it is: --session, --from and --to are for the other formats',
    );
  }
  if (named === '-' && format === 'parquet' && context.outIsTerminal) {
    throw new UsageError('parquet is nothing to read at a terminal; name a file, or send it on');
  }
  const { host, id, path } = await chosen(flags, context, word);
  const pieces = piecesOf({ host, path, format, part, context });
  if (named === '-') {
    for await (const piece of pieces) await toStdout(context, piece);
    return exitCode.ok;
  }
  const usual = `${id}${suffixes[format]}`;
  const output = outputOf(named ?? usual, usual, flags['force'] === true);
  const bytes = await writeOutput(output, pieces);
  context.out(
    flags['json'] === true
      ? jsonText({ id, format, file: output.shown, bytes })
      : `${plain(output.shown)}: ${byteText(bytes)}\n`,
  );
  return exitCode.ok;
}

async function toStdout(context: CliContext, piece: Piece): Promise<void> {
  try {
    await context.outPiece(piece);
  } catch (error) {
    if ([undefined, 'EPIPE'].includes(systemCode(error))) throw error;
    throw unwritable('stdout', error);
  }
}

/** What is asked for, or what the file's name says. */
function formatOf(flags: Flags, output: string | undefined): ExportFormat {
  const asked = textFlag(flags, 'format');
  if (asked === undefined) {
    const ending = output?.toLowerCase() ?? '';
    return endings.find(([end]) => ending.endsWith(end))?.[1] ?? 'json';
  }
  const format = exportFormats.find((name) => name === asked);
  if (format !== undefined) return format;
  throw new UsageError(`--format is "${asked}"; it must be ${exportFormats.join(', ')}`);
}

interface Export {
  readonly host: HostApi;
  readonly path: string;
  readonly format: ExportFormat;
  readonly part: Part;
  readonly context: CliContext;
}

async function* piecesOf({ host, path, format, part, context }: Export): AsyncGenerator<Piece> {
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

/** Frames on their way through a temporary file: Parquet is read from its end. The file has no name, so none is left. */
class FramesDownload implements Disposable {
  readonly #file: number;
  #bytes = 0;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'punktfunk-export-'));
    try {
      this.#file = openSync(join(folder, 'frames.parquet'), 'wx+', 0o600);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async fill(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) {
      try {
        writeAll(this.#file, piece);
      } catch (error) {
        throw systemCode(error) === undefined ? error : unwritable(tmpdir(), error);
      }
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
  }
}

const suffixes: Readonly<Record<ExportFormat, string>> = {
  json: '.json',
  csv: '.csv',
  parquet: '.frames.parquet',
  hdr: '.hlog',
  trace: '.trace.json',
};
/** `trace.json` before `json`: the first that fits is taken. */
const endings: readonly (readonly [string, ExportFormat])[] = [
  ['.trace.json', 'trace'],
  ['.csv', 'csv'],
  ['.parquet', 'parquet'],
  ['.hlog', 'hdr'],
  ['.json', 'json'],
];
const LOAD_MS = 60_000;
