// A recording with all its frames, for tests of what shows them: twenty seconds at 120 fps with one spike of 80 ms, seven
// frames dropped a quarter of a second later, and a weaker spike.
import type { Capture } from '../../contract/stats.ts';
import { ABSENT, boundaryColumns, type FrameBatch } from '../../recording/src/frames.ts';
import { frameBytes } from './frames-files.ts';
import { syntheticFrames } from './synthetic-frames.ts';

export const SPIKE_ROW = 1200;
export const SPIKE_US = 80_000;
export const DROPPED_ROWS = [1230, 1231, 1232, 1233, 1234, 1235, 1236] as const;
/** A second, weaker one. */
export const SECOND_ROW = 1900;

export interface ReviewedRun {
  readonly capture: Capture;
  readonly batch: FrameBatch;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function stutteringRun(seconds = 20): ReviewedRun {
  const batch = syntheticFrames({ session: 1, fps: 120, seed: 9, seconds });
  slowDown(batch, SPIKE_ROW, SPIKE_US);
  slowDown(batch, SECOND_ROW, 20_000);
  for (const row of DROPPED_ROWS) {
    for (const name of boundaryColumns.slice(4)) batch.columns[name][row] = ABSENT;
    batch.columns.outcome[row] = 1;
  }
  const half = batch.length >>> 1;
  const rows = (from: number, to: number): FrameBatch =>
    batch.pick(Uint32Array.from({ length: to - from }, (_, i) => from + i));
  return {
    capture: captureOf(batch.length, seconds),
    batch,
    bytes: frameBytes(rows(0, half), rows(half, batch.length)),
  };
}

/** A frame takes so much longer in the encoder. */
export function slowDown({ columns }: FrameBatch, row: number, us: number): void {
  for (const name of boundaryColumns.slice(2)) {
    columns[name][row] = (columns[name][row] ?? 0) + us;
  }
}

function captureOf(frames: number, seconds: number): Capture {
  const mode = { width: 1920, height: 1080, fps: 120, codec: 'hevc', client: 'Deck' } as const;
  return {
    meta: {
      ...mode,
      ...{ id: '2026-08-21T18-14-00Z_1920x1080', started_unix_ms: 1_787_336_040_000 },
      ...{ duration_ms: seconds * 1000, kind: 'gamestream', sample_count: 0, frame_count: frames },
    },
    version: 2,
    sessions: [
      {
        ...mode,
        ...{ session_id: 1, kind: 'gamestream', source: 'x11', encoder: 'vaapi', started_t_ms: 0 },
      },
    ],
    samples: [],
  };
}
