// A recording of hours with all its frames, windows and events, for what measures the page: seeded frames, a window a
// second that fits them, one frame far too slow in the encoder.
import type { Capture, CaptureEvent, StatsSample } from '../../contract/stats.ts';
import { boundaryColumns } from '../../recording/src/frames.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  type SavedGroup,
} from '../../recording/src/frames-writer.ts';
import { GAMESTREAM, sampleOf, seeded } from './seeded-recordings.ts';
import { SyntheticStream } from './synthetic-frames.ts';

export interface LongReview {
  readonly capture: Capture;
  /** The frames file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** When the slow frame was grabbed, ms. */
  readonly spikeMs: number;
}

export const SPIKE_MS = 80;

/** One session of whole minutes. */
export function longReview(minutes: number, fps: number): LongReview {
  const stream = new SyntheticStream({ session: 1, fps, seed: fps });
  const parts: Uint8Array[] = [FILE_HEAD];
  const groups: SavedGroup[] = [];
  let [at, spikeMs] = [FILE_HEAD.length, 0];
  for (let minute = 0; minute < minutes; minute += 1) {
    const batch = stream.next(fps * 60);
    if (minute === Math.floor(minutes * SPIKE_AT)) {
      const row = batch.length >> 1;
      spikeMs = (batch.grabbed_us[row] ?? 0) / 1000;
      for (const name of boundaryColumns.slice(2)) {
        batch.columns[name][row] = (batch.columns[name][row] ?? 0) + SPIKE_MS * 1000;
      }
    }
    const { bytes, group } = encodeGroup(batch, at);
    parts.push(bytes);
    groups.push(group);
    at += bytes.length;
  }
  parts.push(encodeFooter(groups, { recordingId: ID, startedUnixMs: STARTED_UNIX_MS }, at));
  return { capture: captureOf(minutes, fps), bytes: new Uint8Array(Buffer.concat(parts)), spikeMs };
}

function captureOf(minutes: number, fps: number): Capture {
  const random = seeded(fps);
  const duration_ms = minutes * 60_000;
  const samples: StatsSample[] = [];
  const shape = { session: 1, fps, windowMs: 1000, kbps: 30_000, stages: GAMESTREAM };
  for (let tMs = 1000; tMs <= duration_ms; tMs += 1000) {
    samples.push(sampleOf({ ...shape, tMs, repeats: random() * 0.02, receiver: true }, random));
  }
  const events = Array.from({ length: minutes * 2 }, (_, i): CaptureEvent => {
    const t_ms = i * 30_000 + Math.round(random() * 25_000);
    if (i % minutes === 0) return { t_ms, kind: 'marker', detail: { text: `marker ${i}` } };
    return { t_ms, kind: 'key_frame_requested', session_id: 1 };
  });
  const mode = { width: 1920, height: 1080, fps, codec: 'hevc', client: 'Deck' } as const;
  const source = { source: 'x11', encoder: 'vaapi', started_t_ms: 0 } as const;
  return {
    meta: {
      ...mode,
      ...{ id: ID, started_unix_ms: STARTED_UNIX_MS, duration_ms, kind: 'gamestream' },
      ...{ sample_count: samples.length, frame_count: minutes * 60 * fps },
    },
    version: 2,
    sessions: [{ ...mode, ...source, session_id: 1, kind: 'gamestream' }],
    events,
    samples,
  };
}

const ID = '2026-08-22T18-14-00Z_1920x1080';
const STARTED_UNIX_MS = 1_787_422_440_000;
/** Of the recording. */
const SPIKE_AT = 0.6;
