// What is made of saved recordings on request: frames of a range piece by piece, figures of a range, events. Bounded:
// few downloads are open at once, idle ones are closed, and few indexes are kept. Every call is short, because the same
// thread reads the frames of streams.
import { closeSync, readSync } from 'node:fs';
import type { Capture, CaptureEvent, FrameRange, RangeQuantiles } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { FramesFile } from '../../../recording/src/frames-file.ts';
import { framesIn } from '../../../recording/src/frames-query.ts';
import type { RangeFigures } from '../../../recording/src/range-figures.ts';
import type { RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { CaptureReader } from './capture-reader.ts';
import { openRegular } from './folder.ts';
import { framesPieces } from './frames-pieces.ts';
import type {
  EventsQuery,
  FramesDownload,
  FramesQuery,
  OpenedRecording,
  QuantilesQuery,
} from './service.ts';

/** Where recordings lie: store.ts. */
export interface DownloadSource {
  open(id: RecordingId): OpenedRecording | undefined;
  framesPath(id: RecordingId): string | undefined;
}

interface OpenDownload {
  readonly pieces: Iterator<Uint8Array>;
  readonly close: () => void;
  usedMs: number;
}

interface KnownFigures {
  readonly key: string;
  readonly figures: RangeFigures;
  readonly close: () => void;
}

export class Downloads {
  readonly #source: DownloadSource;
  readonly #nowMs: () => number;
  readonly #open = new Map<number, OpenDownload>();
  /** Last used last. */
  #figures: KnownFigures[] = [];
  #handles = 0;

  /** `nowMs`: monotonic. */
  constructor(source: DownloadSource, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** Undefined when there is no such recording. Throws AppError 404 `no_frames`, `recording_damaged`. */
  async quantiles(id: RecordingId, query: QuantilesQuery): Promise<RangeQuantiles | undefined> {
    // Loaded when it is asked for: an idle host needs the memory more.
    const { RangeFigures } = await import('../../../recording/src/range-figures.ts');
    // No turn of anybody else in between: figures that are let go are closed.
    const figures = this.#figuresOf(id, (...args) => new RangeFigures(...args));
    try {
      return figures?.quantiles(query);
    } catch (error) {
      throw damaged(id, error);
    }
  }

  /** Undefined when there is no such recording. Throws AppError `recording_damaged`. */
  events(id: RecordingId, query: EventsQuery): readonly CaptureEvent[] | undefined {
    const capture = this.#capture(id);
    if (capture === undefined) return undefined;
    return (capture.events ?? []).filter(
      (event) =>
        isInRange(event, query) && (query.kinds === undefined || query.kinds.includes(event.kind)),
    );
  }

  /** Begins a download. Undefined and errors like `quantiles`; AppError 503 `too_many_downloads`. */
  openFrames(id: RecordingId, query: FramesQuery): FramesDownload | undefined {
    const path = this.#framesPath(id);
    if (path === undefined) return undefined;
    const whole = [query.session, query.from_ms, query.to_ms, query.columns];
    if (query.format === 'parquet' && whole.every((part) => part === undefined)) {
      return { handle: WHOLE_FILE, path };
    }
    this.#closeIdle();
    if (this.#open.size >= MOST_OPEN) {
      throw new AppError(
        503,
        'too_many_downloads',
        `${MOST_OPEN} downloads of frames are running; try again when one has ended.`,
      );
    }
    const { frames, close } = openFramesFile(id, path);
    this.#handles += 1;
    const handle = this.#handles;
    this.#open.set(handle, {
      pieces: framesPieces(framesIn(frames, query), query, frames.about),
      close,
      usedMs: this.#nowMs(),
    });
    return { handle, path: undefined };
  }

  /** The next piece; undefined at the end, and when the handle is gone. Throws AppError `recording_damaged`. */
  nextFrames(handle: number): Uint8Array | undefined {
    const download = this.#open.get(handle);
    if (download === undefined) return undefined;
    download.usedMs = this.#nowMs();
    try {
      const next = download.pieces.next();
      if (next.done !== true) return next.value;
    } catch (error) {
      this.closeFrames(handle);
      throw damaged('its frames', error);
    }
    this.closeFrames(handle);
    return undefined;
  }

  closeFrames(handle: number): void {
    this.#open.get(handle)?.close();
    this.#open.delete(handle);
  }

  /** Closes everything that is open. */
  close(): void {
    for (const handle of [...this.#open.keys()]) this.closeFrames(handle);
    for (const { close } of this.#figures) close();
    this.#figures = [];
  }

  #closeIdle(): void {
    const nowMs = this.#nowMs();
    for (const [handle, { usedMs }] of [...this.#open]) {
      if (nowMs - usedMs > IDLE_MS) this.closeFrames(handle);
    }
  }

  /** Throws AppError 404 `no_frames` when the recording has none. */
  #framesPath(id: RecordingId): string | undefined {
    const path = this.#source.framesPath(id);
    if (path !== undefined) return path;
    if (this.#source.open(id) === undefined) return undefined;
    throw new AppError(
      404,
      'no_frames',
      `Recording ${id} has no file of frames: it was made without one, or no frame came.`,
    );
  }

  #figuresOf(
    id: RecordingId,
    make: (...args: ConstructorParameters<typeof RangeFigures>) => RangeFigures,
  ): RangeFigures | undefined {
    const path = this.#framesPath(id);
    if (path === undefined) return undefined;
    const opened = openFramesFile(id, path);
    const key = `${id} ${opened.version}`;
    const known = this.#figures.find((entry) => entry.key === key);
    if (known !== undefined) {
      opened.close();
      this.#figures = [...this.#figures.filter((entry) => entry !== known), known];
      return known.figures;
    }
    try {
      const capture = this.#capture(id);
      const sessions = (capture?.sessions ?? []).map(({ session_id, kind, fps }) => ({
        sessionId: session_id,
        kind,
        fps,
      }));
      const lossesMs = (capture?.events ?? []).flatMap(({ kind, t_ms }) =>
        kind === 'records_lost' ? [t_ms] : [],
      );
      const figures = make(opened.frames, sessions, lossesMs);
      this.#figures.push({ key, figures, close: opened.close });
      if (this.#figures.length > MOST_FIGURES) this.#figures.shift()?.close();
      return figures;
    } catch (error) {
      opened.close();
      throw damaged(id, error);
    }
  }

  /** Everything of a recording but its samples. */
  #capture(id: RecordingId): Capture | undefined {
    const opened = this.#source.open(id);
    if (opened === undefined) return undefined;
    const reader = new CaptureReader('check');
    try {
      if (opened.kind === 'text') reader.push(new TextEncoder().encode(opened.text));
      else pushFile(reader, opened.path);
      return reader.end().capture;
    } catch (error) {
      throw damaged(id, error);
    }
  }
}

function isInRange({ t_ms, session_id }: CaptureEvent, range: FrameRange): boolean {
  // What is of the host as a whole is of every session.
  if (range.session !== undefined && session_id !== undefined && session_id !== range.session) {
    return false;
  }
  return t_ms >= (range.from_ms ?? 0) && t_ms < (range.to_ms ?? Number.POSITIVE_INFINITY);
}

function pushFile(reader: CaptureReader, path: string): void {
  const { file } = openRegular(path);
  try {
    const piece = new Uint8Array(READ_BYTES);
    for (;;) {
      const length = readSync(file, piece);
      if (length === 0) return;
      reader.push(piece.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
}

/** `version` is another one when the file is. */
function openFramesFile(
  id: RecordingId,
  path: string,
): { readonly frames: FramesFile; readonly version: string; close(): void } {
  try {
    const { file, stats } = openRegular(path);
    const close = (): void => closeSync(file);
    try {
      const frames = FramesFile.open({
        byteLength: stats.size,
        read(from, to) {
          const bytes = new Uint8Array(to - from);
          return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
        },
      });
      return { frames, version: `${stats.ino} ${stats.size} ${stats.mtimeMs}`, close };
    } catch (error) {
      close();
      throw error;
    }
  } catch (error) {
    throw damaged(id, error);
  }
}

function damaged(what: string, error: unknown): unknown {
  if (!(error instanceof FormatError) && systemCode(error) === undefined) return error;
  return new AppError(
    404,
    'recording_damaged',
    `The file of recording ${what} cannot be read: ${reasonOf(error)}.`,
  );
}

/** Of a download whose file is sent as it lies there. */
const WHOLE_FILE = 0;
const MOST_OPEN = 16;
const IDLE_MS = 60_000;
/** An index of 3 h at 240 fps is some megabytes. */
const MOST_FIGURES = 2;
const READ_BYTES = 256 * 1024;
