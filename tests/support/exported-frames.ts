// Frames and a capture for tests of exports, made by hand: two sessions at once, one a path, with every kind of frame.
import type { Capture } from '../../contract/stats.ts';
import {
  ABSENT,
  boundaryColumns,
  FrameBatch,
  frameFlags,
  frameOutcomes,
  smallColumns,
} from '../../recording/src/frames.ts';

export interface FrameFacts {
  readonly session?: number;
  readonly grabbedUs: number;
  /** After `grabbed`, in pipeline order, as far as it came. */
  readonly boundaries?: readonly number[];
  readonly index?: number;
  readonly outcome?: (typeof frameOutcomes)[number];
  readonly flags?: number;
  readonly bytes?: number;
  readonly queueDepth?: number;
  readonly sequence?: number;
  readonly ageUs?: number;
  readonly refused?: number;
  readonly qp?: number;
}

/** What is not named is as a frame without it has it. */
export function framesOf(list: readonly FrameFacts[]): FrameBatch {
  const batch = new FrameBatch(list.length);
  const { columns } = batch;
  list.forEach((frame, row) => {
    for (const name of smallColumns) columns[name][row] = ABSENT;
    batch.grabbed_us[row] = frame.grabbedUs;
    columns.session[row] = frame.session ?? 1;
    boundaryColumns.forEach((name, i) => {
      columns[name][row] = frame.boundaries?.[i] ?? ABSENT;
    });
    columns.frame_index[row] = frame.index ?? ABSENT;
    columns.source_sequence[row] = frame.sequence ?? ABSENT;
    columns.source_age_us[row] = frame.ageUs ?? ABSENT;
    columns.bytes[row] = frame.bytes ?? 1000;
    columns.data_packets[row] = 2;
    columns.parity_packets[row] = 1;
    columns.queue_depth[row] = frame.queueDepth ?? 0;
    columns.outcome[row] = frameOutcomes.indexOf(frame.outcome ?? 'sent');
    columns.flags[row] = frame.flags ?? 0;
    columns.send_refused[row] = frame.refused ?? 0;
    columns.qp[row] = frame.qp ?? ABSENT;
  });
  return batch;
}

/** Session 1 is gamestream at 60 fps, session 2 native at 60 fps; `seconds` of both, seeded, in groups of 10 s. */
export function* steadyFrames(seconds: number, seed = 1): Generator<FrameBatch> {
  let state = seed;
  const random = (most: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % most;
  };
  for (let from = 0; from < seconds; from += 10) {
    const list: FrameFacts[] = [];
    for (const session of [1, 2]) {
      for (let i = from * 60; i < Math.min(from + 10, seconds) * 60; i += 1) {
        const spans = [400, 900, 3000, 300, 200, 80, 4000].map((most) => random(most));
        const sums = spans.map((_, k) => spans.slice(0, k + 1).reduce((sum, us) => sum + us, 0));
        const dropped = random(50) === 0;
        list.push({
          session,
          grabbedUs: Math.round((i * 1_000_000) / 60) + random(700),
          index: i + 1,
          boundaries: dropped ? sums.slice(0, 4) : sums,
          outcome: dropped ? 'queue_full' : 'sent',
          flags: (i === 0 ? frameFlags.key : 0) | (random(10) === 0 ? frameFlags.repeat : 0),
          bytes: 2000 + random(30_000),
          queueDepth: random(3),
        });
      }
    }
    list.sort((a, b) => (a.session ?? 0) - (b.session ?? 0) || a.grabbedUs - b.grabbedUs);
    yield framesOf(list);
  }
}

export const CAPTURE_ID = '2026-06-26T20-14-03Z_1920x1080';

export function captureOf(changes: Partial<Capture> = {}): Capture {
  return {
    meta: {
      id: CAPTURE_ID,
      started_unix_ms: 1_782_504_843_250,
      duration_ms: 30_000,
      kind: 'gamestream',
      width: 1920,
      height: 1080,
      fps: 60,
      codec: 'h264',
      client: '192.168.1.22',
      sample_count: 2,
      session_count: 2,
      frame_count: 3600,
      name: 'Stutter in the menu',
    },
    version: 2,
    sessions: [
      {
        session_id: 1,
        kind: 'gamestream',
        width: 1920,
        height: 1080,
        fps: 60,
        codec: 'h264',
        client: 'Deck',
        source: 'x11',
        encoder: 'openh264',
        bitrate_kbps: 20_000,
        app: 'Desktop',
        started_t_ms: 0,
        ended_t_ms: 30_000,
        end_reason: 'client',
        negotiated: {
          source_refused: [{ name: 'wlroots', reason: 'no Wayland display' }],
          colour: 'bt709 limited',
          encryption: { control: true, video: false, audio: false, why: 'local network' },
          audio: { channels: 2, packet_ms: 5 },
          packet_size: 1392,
          fec_pct: 20,
        },
      },
      {
        session_id: 2,
        kind: 'native',
        width: 1280,
        height: 720,
        fps: 60,
        codec: 'hevc',
        client: 'Phone',
        source: 'x11',
        encoder: 'openh264',
        started_t_ms: 0,
      },
    ],
    events: [
      { t_ms: 0, session_id: 1, kind: 'session_start' },
      { t_ms: 5000, session_id: 1, kind: 'freeze', frame: 300, detail: { ms: 720 } },
      { t_ms: 6000, kind: 'marker', detail: { text: 'here, "it" stuttered' } },
      { t_ms: 30_000, session_id: 1, kind: 'session_end', detail: { reason: 'client' } },
    ],
    samples: [
      {
        t_ms: 1000,
        session_id: 1,
        stages: [{ name: 'capture', p50_us: 200, p99_us: 390 }],
        fps: 58,
        repeat_fps: 2,
        mbps: 18.5,
        bitrate_kbps: 20_000,
        frames_dropped: 1,
        rtt_us: 1800,
        window_ms: 1000,
        frames: 60,
      },
      {
        t_ms: 2000,
        session_id: 2,
        stages: [],
        fps: 60,
        repeat_fps: 0,
        mbps: 12,
        bitrate_kbps: 10_000,
        window_ms: 2000,
        frames: 120,
      },
    ],
    ...changes,
  };
}
