// A recording from elsewhere: JSON of any version, or the same gzipped. Bounded in what it unpacks, checked piece by piece,
// written anew. The Worker goes on with its other work between the chunks.
import { createGunzip } from 'node:zlib';
import type { CaptureMeta, RecordingUser } from '../../../contract/stats.ts';
import { FormatError } from '../../../recording/src/format-error.ts';
import { parseRecordingId, type RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError, reasonOf } from '../errors.ts';
import { CaptureReader } from './capture-reader.ts';
import { userFieldsOf } from './user-data.ts';

export interface ImportedRecording {
  /** Undefined when the recording names none that is safe: then one has to be made. */
  readonly id: RecordingId | undefined;
  readonly meta: CaptureMeta;
  /** What people had added; it belongs into a file of its own. */
  readonly user: RecordingUser;
  text(id: RecordingId): Iterable<Uint8Array>;
}

/** Throws AppError 400 `import_invalid`, 413 `import_too_large`. */
export async function readImport(
  bytes: Uint8Array,
  limits: ImportLimits = importLimits,
): Promise<ImportedRecording> {
  if (bytes.length > limits.rawBytes) throw tooLarge(limits.rawBytes, '');
  const reader = new CaptureReader('keep');
  try {
    await forEachChunk(bytes, limits.unpackedBytes, (chunk) => reader.push(chunk));
    const { capture, sampleCount, text } = reader.end();
    const meta = ownMeta(capture.meta, sampleCount);
    const id = parseRecordingId(capture.meta.id);
    return {
      id,
      meta,
      user: userFieldsOf(capture.meta),
      text: (to) => text({ ...meta, id: to }),
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (!(error instanceof FormatError)) throw error;
    throw new AppError(400, 'import_invalid', `This is no recording: ${error.message}.`);
  }
}

export interface ImportLimits {
  readonly rawBytes: number;
  readonly unpackedBytes: number;
}

/** What the recording says of itself, without what only its place on this host can say. */
function ownMeta(meta: CaptureMeta, sampleCount: number): CaptureMeta {
  const {
    name,
    note,
    tags,
    starred,
    bytes,
    damaged,
    deleted_unix_ms,
    // The frames lie in a file that does not come along.
    frame_count,
    ...own
  } = meta;
  return { ...own, sample_count: sampleCount };
}

/** Gives the unpacked content in chunks. Throws AppError `import_too_large`, FormatError. */
async function forEachChunk(
  bytes: Uint8Array,
  limit: number,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  if (!isGzip(bytes)) {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      take(bytes.subarray(at, at + CHUNK_BYTES));
      await othersFirst();
    }
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  let unpacked = 0;
  try {
    gunzip.end(bytes);
    for await (const chunk of gunzip) {
      if (!(chunk instanceof Uint8Array)) continue;
      unpacked += chunk.length;
      if (unpacked > limit) throw tooLarge(limit, 'unpacked ');
      take(chunk);
      await othersFirst();
    }
  } catch (error) {
    if (error instanceof AppError || error instanceof FormatError) throw error;
    throw new FormatError(`its gzip is broken: ${reasonOf(error)}`);
  } finally {
    gunzip.destroy();
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function othersFirst(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function tooLarge(limit: number, what: string): AppError {
  const size = `${Math.round(limit / 1024 / 1024)} MB`;
  return new AppError(413, 'import_too_large', `A recording may have at most ${size} ${what}here.`);
}

const MIB = 1024 * 1024;
/** Three hours of sixteen sessions are 110 MB unpacked and 12 MB packed. */
const importLimits: ImportLimits = { rawBytes: 64 * MIB, unpackedBytes: 256 * MIB };
const CHUNK_BYTES = 256 * 1024;
