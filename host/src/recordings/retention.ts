// What has to go by count, age and bytes, as a plan: pure, so that every rule can be tried on numbers. Starred recordings
// and the one just saved stay, whatever the limits say. docs/recording-format.md, "Files and folders".
import type { RecordingId } from '../../../recording/src/recording-id.ts';

/** 0: no limit. */
export interface KeepLimits {
  /** Recordings without a star. */
  readonly count: number;
  readonly days: number;
  /** Of all files, the trash included. */
  readonly bytes: number;
}

export interface StoredRecording {
  readonly id: RecordingId;
  /** Since when it lies here: an old recording that was imported today is a day old tomorrow. */
  readonly sinceUnixMs: number;
  readonly startedUnixMs: number;
  readonly bytes: number;
  readonly starred: boolean;
}

export interface TrashedRecording {
  readonly id: RecordingId;
  readonly deletedUnixMs: number;
  readonly bytes: number;
}

export interface Stock {
  readonly recordings: readonly StoredRecording[];
  readonly trash: readonly TrashedRecording[];
  /** Of files that are no readable recordings: they count, and are left alone. */
  readonly otherBytes: number;
}

export interface Removal {
  readonly id: RecordingId;
  readonly from: 'captures' | 'trash';
  /** By count to the trash, as if somebody had deleted it; by age and bytes for good. */
  readonly to: 'trash' | 'nowhere';
  readonly reason: string;
}

export function planRemovals(
  stock: Stock,
  limits: KeepLimits,
  nowUnixMs: number,
  spared?: RecordingId,
): Removal[] {
  const removals: Removal[] = [];
  let trash = stock.trash.toSorted((a, b) => a.deletedUnixMs - b.deletedUnixMs);
  let mayGo = stock.recordings
    .filter(({ id, starred }) => !starred && id !== spared)
    .sort((a, b) => a.sinceUnixMs - b.sinceUnixMs || a.startedUnixMs - b.startedUnixMs);
  let bytes = bytesOf(stock);

  const expired = trash.filter((t) => nowUnixMs - t.deletedUnixMs >= TRASH_DAYS * DAY_MS);
  for (const { id, bytes: its } of expired) {
    removals.push({ id, from: 'trash', to: 'nowhere', reason: `${TRASH_DAYS} days in the trash` });
    bytes -= its;
  }
  trash = trash.filter((t) => !expired.includes(t));

  if (limits.days > 0) {
    const old = mayGo.filter((r) => nowUnixMs - r.sinceUnixMs >= limits.days * DAY_MS);
    for (const { id, bytes: its } of old) {
      removals.push({
        id,
        from: 'captures',
        to: 'nowhere',
        reason: `older than ${limits.days} days`,
      });
      bytes -= its;
    }
    mayGo = mayGo.filter((r) => !old.includes(r));
  }

  if (limits.count > 0) {
    const sparedOnes = stock.recordings.filter(
      ({ id, starred }) => !starred && id === spared,
    ).length;
    const over = mayGo.splice(0, Math.max(0, mayGo.length + sparedOnes - limits.count));
    for (const { id, bytes: its } of over) {
      const reason = `more than ${limits.count} recordings without a star`;
      removals.push({ id, from: 'captures', to: 'trash', reason });
      trash.push({ id, deletedUnixMs: nowUnixMs, bytes: its });
    }
  }

  if (limits.bytes > 0) {
    const reason = `more than ${limits.bytes} bytes`;
    for (const { id, bytes: its } of trash) {
      if (bytes <= limits.bytes) break;
      removals.push({ id, from: 'trash', to: 'nowhere', reason });
      bytes -= its;
    }
    for (const { id, bytes: its } of mayGo) {
      if (bytes <= limits.bytes) break;
      removals.push({ id, from: 'captures', to: 'nowhere', reason });
      bytes -= its;
    }
  }
  return removals;
}

/** Whether so many bytes more can stay within the limit once everything has gone that may. */
export function hasRoom(stock: Stock, limits: KeepLimits, bytes: number): boolean {
  if (limits.bytes === 0) return true;
  const kept = stock.recordings.reduce((sum, r) => sum + (r.starred ? r.bytes : 0), 0);
  return kept + stock.otherBytes + bytes <= limits.bytes;
}

function bytesOf({ recordings, trash, otherBytes }: Stock): number {
  return [...recordings, ...trash].reduce((sum, { bytes }) => sum + bytes, otherBytes);
}

export const NO_LIMITS: KeepLimits = { count: 0, days: 0, bytes: 0 };
/** How long a deleted recording can be restored. */
export const TRASH_DAYS = 7;
const DAY_MS = 86_400_000;
