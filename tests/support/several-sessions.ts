// Recordings of several sessions: three with all their frames, a marker, a change of mode and of bitrate and one bad frame
// in the second; and as many as wanted with windows alone.
import type {
  Capture,
  CaptureEvent,
  Negotiated,
  SessionEntry,
  StatsSample,
} from '../../contract/stats.ts';
import { boundaryColumns, FrameBatch } from '../../recording/src/frames.ts';
import { frameBytes } from './frames-files.ts';
import { GAMESTREAM, sampleOf, seeded } from './seeded-recordings.ts';
import { syntheticFrames } from './synthetic-frames.ts';

const START = Date.UTC(2026, 7, 22, 18, 0, 0);

export interface SeveralRun {
  readonly capture: Capture;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Of the second session, µs and ms. */
export const BAD_FRAME = { us: 90_000, nearMs: 20_000 } as const;

/** 40 s: the first all the time, the second from 8 to 32 s, the third from 24 s on without an end. */
export function threeSessions(): SeveralRun {
  const spans = [
    [1, 0, 40],
    [2, 8, 32],
    [3, 24, 40],
  ] as const;
  const batches = spans.map(([session, from, to]) => {
    const startUs = from * 1e6;
    return syntheticFrames({ session, fps: 60, seed: session, startUs, seconds: to - from });
  });
  const second = batches[1] ?? new FrameBatch(0);
  const bad = second.grabbed_us.findIndex((us) => us >= BAD_FRAME.nearMs * 1000);
  for (const name of boundaryColumns.slice(2)) {
    second.columns[name][bad] = (second.columns[name][bad] ?? 0) + BAD_FRAME.us;
  }
  const samples = spans.flatMap(([session, from, to]) =>
    windows(session, from * 1000, to * 1000, session === 2 ? 20_000 : 12_000),
  );
  const sessions = spans.map(([session, from, to]) => ({
    ...entryOf(session, from * 1000, session === 3 ? undefined : to * 1000),
    ...(session === 2 ? { negotiated: NEGOTIATED, app: 'SuperTuxKart' } : {}),
  }));
  const events: CaptureEvent[] = [
    { t_ms: 8000, session_id: 2, kind: 'session_start' },
    { t_ms: 12_000, kind: 'marker', detail: { text: 'Boss fight' } },
    { t_ms: 18_000, session_id: 2, kind: 'bitrate', detail: { from_kbps: 20_000, to_kbps: 9000 } },
    {
      t_ms: 26_000,
      session_id: 2,
      kind: 'mode',
      detail: { from: '1280x720@60', to: '854x480@60' },
    },
    { t_ms: 30_000, kind: 'marker', detail: { text: 'Menu' } },
    { t_ms: 32_000, session_id: 2, kind: 'session_end', detail: { reason: 'client_left' } },
  ];
  const frames = batches.reduce((sum, { length }) => sum + length, 0);
  const bySample = samples.toSorted((a, b) => a.t_ms - b.t_ms);
  return {
    capture: { ...captureOf(40_000, bySample, sessions, frames), host: HOST, events },
    bytes: frameBytes(...batches),
  };
}

/** `count` sessions of 30 s each, one every two seconds. */
export function manySessions(count: number): Capture {
  const spans = Array.from({ length: count }, (_, i) => [i + 1, i * 2000, i * 2000 + 30_000]);
  const samples = spans.flatMap(([id = 0, from = 0, to = 0]) => windows(id, from, to, 12_000));
  const sessions = spans.map(([id = 0, from = 0, to = 0]) => entryOf(id, from, to));
  const bySample = samples.toSorted((a, b) => a.t_ms - b.t_ms);
  return captureOf(count * 2000 + 30_000, bySample, sessions, undefined);
}

function windows(session: number, fromMs: number, toMs: number, kbps: number): StatsSample[] {
  const random = seeded(session);
  const samples: StatsSample[] = [];
  for (let tMs = fromMs + 1000; tMs <= toMs; tMs += 1000) {
    const shape = { tMs, session, fps: 60, windowMs: 1000, stages: GAMESTREAM };
    samples.push(sampleOf({ ...shape, kbps: tMs > 18_000 && session === 2 ? 9000 : kbps }, random));
  }
  return samples;
}

function entryOf(id: number, fromMs: number, toMs: number | undefined): SessionEntry {
  return {
    ...{ session_id: id, kind: 'gamestream', width: 1280, height: 720, fps: 60, codec: 'hevc' },
    ...{ client: `Deck ${id}`, source: 'x11', encoder: 'vaapi', started_t_ms: fromMs },
    bitrate_kbps: id === 2 ? 20_000 : 12_000,
    ...(toMs === undefined ? {} : { ended_t_ms: toMs, end_reason: 'client_left' }),
  };
}

function captureOf(
  durationMs: number,
  samples: readonly StatsSample[],
  sessions: readonly SessionEntry[],
  frames: number | undefined,
): Capture {
  return {
    meta: {
      ...{ id: `2026-08-22T18-00-00Z_${sessions.length}x720`, started_unix_ms: START },
      ...{ duration_ms: durationMs, kind: 'gamestream', width: 1280, height: 720, fps: 60 },
      ...{ codec: 'hevc', client: 'Deck 1', sample_count: samples.length },
      ...{ session_count: sessions.length, name: `${sessions.length} sessions` },
      ...(frames === undefined ? {} : { frame_count: frames }),
    },
    version: 2,
    sessions: [...sessions],
    samples: [...samples],
  };
}

const HOST = { version: '0.1.0', kernel: '6.12.8', os: 'Bazzite 42', cpu: 'Ryzen 7', cpus: 16 };

const NEGOTIATED: Negotiated = {
  source_refused: [{ name: 'kms', reason: 'no permission' }],
  encoder_refused: [{ name: 'nvenc', reason: 'no device' }],
  picture: { x: 0, y: 0, width: 1280, height: 720, source_width: 1920, source_height: 1080 },
  colour: 'bt709 limited',
  encryption: { control: true, video: false, audio: true, why: 'the client asked for it' },
  packet_size: 1392,
  fec_pct: 20,
};
