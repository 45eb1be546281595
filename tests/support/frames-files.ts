// Frames files in memory, for tests: written group by group as the recorder does, opened over bytes.

import type { FrameBatch } from '../../recording/src/frames.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { encodeFooter, encodeGroup, FILE_HEAD } from '../../recording/src/frames-writer.ts';

export const ABOUT = {
  recordingId: '2026-06-26T20-14-03Z_1920x1080',
  startedUnixMs: 1_782_504_843_000,
} as const;

/** A whole file of these groups. What is kept of a group goes through JSON, as it does in the journal. */
export function frameBytes(...groups: readonly FrameBatch[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [FILE_HEAD];
  let at = FILE_HEAD.length;
  const saved = groups.map((batch) => {
    const { bytes, group } = encodeGroup(batch, at);
    parts.push(bytes);
    at += bytes.length;
    const kept: typeof group = JSON.parse(JSON.stringify(group));
    return kept;
  });
  parts.push(encodeFooter(saved, ABOUT, at));
  return new Uint8Array(Buffer.concat(parts));
}

export function openBytes(bytes: Uint8Array): FramesFile {
  return FramesFile.open({
    byteLength: bytes.length,
    read: (from, to) => bytes.subarray(from, to),
  });
}

/** Every group's rows, one after the other. */
export function readAll(file: FramesFile): FrameBatch[] {
  return file.groups.map((_, i) => file.read(i));
}
