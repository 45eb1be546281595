// Frames of a range as what is sent: a Parquet file of its own or lines of JSON, one piece a batch.
import { type FrameColumn, frameColumns } from '../../../contract/frame-columns.ts';
import type { FrameBatch } from '../../../recording/src/frames.ts';
import type { FramesAbout } from '../../../recording/src/frames-file.ts';
import { jsonLines } from '../../../recording/src/frames-query.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  type SavedGroup,
} from '../../../recording/src/frames-writer.ts';

export function framesPieces(
  batches: Iterable<FrameBatch>,
  query: { readonly format: 'parquet' | 'jsonl'; readonly columns?: readonly FrameColumn[] },
  about: Partial<FramesAbout>,
): Iterator<Uint8Array> {
  return query.format === 'jsonl'
    ? lines(batches, query.columns ?? frameColumns)
    : parquet(batches, query.columns ?? frameColumns, about);
}

function* parquet(
  batches: Iterable<FrameBatch>,
  columns: readonly FrameColumn[],
  { recordingId = '', startedUnixMs = 0 }: Partial<FramesAbout>,
): Generator<Uint8Array> {
  const groups: SavedGroup[] = [];
  let at = FILE_HEAD.byteLength;
  yield FILE_HEAD;
  for (const batch of batches) {
    if (batch.length === 0) continue;
    const { bytes, group } = encodeGroup(batch, at, columns);
    groups.push(group);
    at += bytes.byteLength;
    yield bytes;
  }
  yield encodeFooter(groups, { recordingId, startedUnixMs }, at);
}

function* lines(
  batches: Iterable<FrameBatch>,
  columns: readonly FrameColumn[],
): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const batch of batches) {
    for (let from = 0; from < batch.length; from += LINES_A_PIECE) {
      const until = Math.min(batch.length, from + LINES_A_PIECE);
      const rows = Uint32Array.from({ length: until - from }, (_, i) => from + i);
      yield encoder.encode(jsonLines(batch.pick(rows), columns));
    }
  }
}

/** About a megabyte of text. */
const LINES_A_PIECE = 4096;
