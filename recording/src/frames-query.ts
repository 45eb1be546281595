// Rows of a part of a recording out of its frames file: batch by batch, so that a download of any length holds one
// group at a time; as lines of JSON, or as a Parquet file of that part alone.

import { type FrameColumn, frameColumns } from '../../contract/frame-columns.ts';
import type { FrameRange } from '../../contract/stats.ts';
import { ABSENT, type FrameBatch } from './frames.ts';
import type { FramesFile } from './frames-file.ts';

/** Whole µs, `fromUs` ≤ grabbed < `toUs`; undefined session: every one. */
export interface RangeUs {
  readonly session: number | undefined;
  readonly fromUs: number;
  readonly toUs: number;
}

/** A range of the API on the axis of `grabbed_us`. */
export function rangeUs({ session, from_ms = 0, to_ms }: FrameRange): RangeUs {
  return {
    session,
    fromUs: firstUs(from_ms),
    toUs: to_ms === undefined ? Number.POSITIVE_INFINITY : firstUs(to_ms),
  };
}

/** The first whole µs that is not before `ms`. A decimal fraction of ms may lie a hair beside its µs in binary. */
function firstUs(ms: number): number {
  const us = ms * 1000;
  const nearest = Math.round(us);
  return Math.abs(us - nearest) < 1e-3 ? nearest : Math.ceil(us);
}

/**
 * The rows of a range, at most a group at a time, in the file's order: by minute, in it by session and time. Columns
 * that are not asked for are ABSENT. Groups outside the range are not read. Throws FormatError where the file breaks.
 */
export function* framesIn(
  file: FramesFile,
  range: FrameRange,
  columns: readonly FrameColumn[] = frameColumns,
): Generator<FrameBatch, void, undefined> {
  const within = rangeUs(range);
  for (const [index, group] of file.groups.entries()) {
    if (!touches(group, within)) continue;
    const batch = file.read(index, [...new Set([...columns, ...WHICH])]);
    const rows = rowsIn(batch, within);
    if (rows.length === 0) continue;
    const picked = rows.length === batch.length ? batch : batch.pick(rows);
    for (const name of WHICH) {
      if (columns.includes(name)) continue;
      (name === 'grabbed_us' ? picked.grabbed_us : picked.columns[name]).fill(ABSENT);
    }
    yield picked;
  }
}

/** True when a group may hold rows of a range. */
export function touches(
  { fromUs, toUs, sessions }: FramesFile['groups'][number],
  within: RangeUs,
): boolean {
  const { session = sessions.least } = within;
  return (
    fromUs < within.toUs &&
    toUs >= within.fromUs &&
    session >= sessions.least &&
    session <= sessions.most
  );
}

/** Which rows of a batch lie in a range, ascending. */
export function rowsIn(batch: FrameBatch, { session, fromUs, toUs }: RangeUs): number[] {
  const rows: number[] = [];
  for (let row = 0; row < batch.length; row += 1) {
    const at = batch.grabbed_us[row] ?? 0;
    if (at < fromUs || at >= toUs) continue;
    if (session === undefined || batch.columns.session[row] === session) rows.push(row);
  }
  return rows;
}

/** One JSON object a row and line, the chosen columns in the order of `columns`; what is absent is left out. */
export function jsonLines(batch: FrameBatch, columns: readonly FrameColumn[]): string {
  const chosen = columns.map((name) => ({
    key: `"${name}":`,
    values: name === 'grabbed_us' ? batch.grabbed_us : batch.columns[name],
    isUnsigned: name === 'source_sequence',
  }));
  let text = '';
  for (let row = 0; row < batch.length; row += 1) {
    let line = '';
    for (const { key, values, isUnsigned } of chosen) {
      const value = values[row] ?? ABSENT;
      if (value === ABSENT) continue;
      line += `${line === '' ? '' : ','}${key}${isUnsigned ? value >>> 0 : value}`;
    }
    text += `{${line}}\n`;
  }
  return text;
}

/** What a row is chosen by. */
const WHICH = ['session', 'grabbed_us'] as const;
