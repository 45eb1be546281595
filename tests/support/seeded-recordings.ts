// Recordings made from a seed, for tests and pictures of the page: a long one with a slow encoder, a starving source and
// a gap; one with two native sessions; a clean one; one without a stream; and a file of the first format.
import type { Capture, CaptureMeta, StageName, StatsSample } from '../../contract/stats.ts';

export type Random = () => number;

/** mulberry32: the same numbers everywhere. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Shape {
  readonly tMs: number;
  readonly session: number;
  readonly fps: number;
  readonly windowMs: number;
  readonly kbps: number;
  /** Medians, µs. */
  readonly stages: Readonly<Partial<Record<StageName, number>>>;
  /** 1 is usual; the encoder's share grows with it. */
  readonly trouble?: number;
  /** Share of the frames that are repeats. */
  readonly repeats?: number;
  readonly receiver?: boolean;
}

/** One window as a host would have measured it. */
export function sampleOf(shape: Shape, random: Random): StatsSample {
  const trouble = shape.trouble ?? 1;
  const wobble = (): number => 0.92 + random() * 0.16;
  const stages = Object.entries(shape.stages).map(([name, us]) => {
    const slow = name === 'encode' ? trouble : 1;
    const p50_us = Math.round(us * wobble() * Math.min(slow, 1.6));
    return {
      name: name as StageName,
      p50_us,
      p99_us: Math.round(us * (1.25 + random() * 0.5) * slow),
    };
  });
  const repeats = shape.repeats ?? 0;
  const p50 = stages.reduce((sum, s) => sum + s.p50_us, 0);
  const slowest = Math.max(...stages.map((s) => s.p99_us));
  const rest = p50 - (stages.find((s) => s.p99_us === slowest)?.p50_us ?? 0);
  return {
    t_ms: shape.tMs,
    session_id: shape.session,
    stages,
    fps: Math.round(shape.fps * (1 - repeats) * 10) / 10,
    repeat_fps: Math.round(shape.fps * repeats * 10) / 10,
    mbps:
      Math.round((shape.kbps / 1000) * (0.95 + random() * 0.04) * (1 - 0.4 * repeats) * 100) / 100,
    bitrate_kbps: shape.kbps,
    frames_dropped: trouble > 4 && random() < 0.6 ? Math.ceil(random() * 6) : 0,
    send_dropped: random() < 0.01 ? Math.ceil(random() * 3) : 0,
    ...(shape.receiver === true
      ? {
          packets_dropped: random() < 0.04 ? Math.ceil(random() * 40) : 0,
          fec_recovered: random() < 0.08 ? Math.ceil(random() * 12) : 0,
        }
      : {}),
    window_ms: shape.windowMs,
    frames: Math.round((shape.fps * shape.windowMs) / 1000),
    total_p50_us: p50 + 180 + Math.round(random() * 60),
    total_p99_us: rest + slowest + 300 + Math.round(random() * 250),
  };
}

export const GAMESTREAM = { capture: 640, encode: 5200, packetize: 410, send: 1250 } as const;
export const NATIVE = { capture: 520, submit: 310, encode: 3900, send: 1480 } as const;

const START = Date.UTC(2026, 7, 21, 18, 14, 0);

/** 20 minutes: the encoder is slow from 09:42 to 10:18, the source starves from 16:05, nothing from 12:10 to 12:50. */
export function longRecording(): Capture {
  const random = seeded(7);
  const samples: StatsSample[] = [];
  for (let t = 1000; t <= 1_200_000; t += 1000) {
    if (t > 730_000 && t <= 770_000) continue;
    const slow = t > 582_000 && t <= 618_000;
    const starving = t > 965_000 && t <= 1_010_000;
    const lowered = t > 803_000 && t <= 850_000;
    samples.push(
      sampleOf(
        {
          tMs: t,
          session: 1,
          fps: 60,
          windowMs: 1000,
          kbps: lowered ? 14_000 : 20_000,
          stages: GAMESTREAM,
          trouble: slow ? 3 + random() * 9 : random() < 0.004 ? 2.6 : 1,
          repeats: starving ? 0.35 + random() * 0.3 : 0,
        },
        random,
      ),
    );
  }
  const meta = metaOf('2026-08-21T18-14-00Z_1920x1080', START, samples, 1_200_000);
  return {
    meta: { ...meta, client: '192.168.1.42' },
    version: 1,
    sessions: [
      {
        session_id: 1,
        kind: 'gamestream',
        width: 1920,
        height: 1080,
        fps: 60,
        codec: 'h264',
        client: '192.168.1.42',
        source: 'x11',
        encoder: 'openh264',
        started_t_ms: 0,
        ended_t_ms: 1_200_000,
        end_reason: 'client_left',
      },
    ],
    samples,
  };
}

/** Two native sessions side by side; the receiver reports its losses. */
export function twoSessions(): Capture {
  const random = seeded(11);
  const samples: StatsSample[] = [];
  for (let t = 2000; t <= 300_000; t += 2000) {
    const common = { tMs: t, windowMs: 2000, stages: NATIVE, receiver: true } as const;
    samples.push(sampleOf({ ...common, session: 3, fps: 120, kbps: 40_000 }, random));
    if (t > 60_000) {
      samples.push(
        sampleOf({ ...common, session: 4, fps: 60, kbps: 12_000, trouble: 1.4 }, random),
      );
    }
  }
  const started = START - 25 * 3_600_000;
  const meta = metaOf('2026-08-20T17-14-00Z_2560x1440', started, samples, 300_000);
  const native = { kind: 'native', codec: 'hevc', source: 'wlroots', encoder: 'vaapi' } as const;
  return {
    meta: {
      ...meta,
      kind: 'native',
      width: 2560,
      height: 1440,
      fps: 120,
      codec: 'hevc',
      client: 'deck',
    },
    version: 1,
    sessions: [
      {
        ...native,
        session_id: 3,
        width: 2560,
        height: 1440,
        fps: 120,
        client: 'deck',
        started_t_ms: 0,
      },
      {
        ...native,
        session_id: 4,
        width: 1280,
        height: 800,
        fps: 60,
        client: 'tablet',
        started_t_ms: 60_000,
      },
    ],
    samples,
  };
}

/** Two minutes in which nothing went wrong. */
export function cleanRecording(): Capture {
  const random = seeded(23);
  const samples: StatsSample[] = [];
  for (let t = 1000; t <= 120_000; t += 1000) {
    const shape = { tMs: t, session: 1, fps: 60, windowMs: 1000, kbps: 20_000, stages: GAMESTREAM };
    samples.push(sampleOf(shape, random));
  }
  const meta = metaOf('2026-08-20T09-30-00Z_1280x720', START - 33 * 3_600_000, samples, 120_000);
  return { meta: { ...meta, width: 1280, height: 720, client: 'test' }, version: 1, samples };
}

/** Armed and stopped, but nobody streamed. */
export function idleRecording(): Capture {
  const started = START - 49 * 3_600_000;
  const meta = metaOf('2026-08-19T17-14-00Z_idle', started, [], 31_000);
  return {
    meta: { ...meta, kind: '', width: 0, height: 0, fps: 0, codec: '' },
    version: 1,
    samples: [],
  };
}

/** A file of the first format: no version, no windows' lengths, no totals. */
export function firstFormat(): Capture {
  const random = seeded(31);
  const samples = Array.from({ length: 90 }, (_, i): StatsSample => {
    const shape = {
      tMs: (i + 1) * 2000,
      session: 1,
      fps: 60,
      windowMs: 2000,
      kbps: 25_000,
      stages: NATIVE,
    };
    const { window_ms, frames, total_p50_us, total_p99_us, ...first } = sampleOf(shape, random);
    return first;
  });
  const started = Date.UTC(2026, 5, 26, 20, 14, 3);
  const meta = metaOf('2026-06-26T20-14-03Z_5120x1440', started, samples, 180_000);
  return { meta: { ...meta, kind: 'native', width: 5120, height: 1440, codec: 'av1' }, samples };
}

export function everyRecording(): Capture[] {
  return [longRecording(), twoSessions(), cleanRecording(), idleRecording(), firstFormat()];
}

function metaOf(
  id: string,
  started: number,
  samples: readonly StatsSample[],
  durationMs: number,
): CaptureMeta {
  return {
    id,
    started_unix_ms: started,
    duration_ms: durationMs,
    kind: 'gamestream',
    width: 1920,
    height: 1080,
    fps: 60,
    codec: 'h264',
    client: '',
    sample_count: samples.length,
  };
}
