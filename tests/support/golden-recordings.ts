// Recordings whose figures everything that computes figures must agree on: the first format's shape, a real run with
// faults injected, and seeded ones of several sessions, of stages that were never reached, and of repeats.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capture, SessionEntry } from '../../contract/stats.ts';
import { parseCapture, serializeCapture } from '../../recording/src/format.ts';
import { ABSENT, boundaryColumns, FrameBatch, frameFlags } from '../../recording/src/frames.ts';
import { frameBytes } from './frames-files.ts';
import { randomFrom, syntheticFrames } from './synthetic-frames.ts';

export interface GoldenRecording {
  readonly name: string;
  readonly capture: Capture;
  /** The recording's file, byte for byte. */
  readonly text: string;
  readonly frames: Uint8Array<ArrayBuffer> | undefined;
}

/** A question: ms on the recording's axis; `toMs` lies behind the last frame in the whole one. */
export interface GoldenRange {
  readonly session: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly frames: 'all' | 'new';
}

export function goldenRecordings(): GoldenRecording[] {
  return [
    stored('seed', '../fixtures/recordings/seed.json', undefined),
    stored(
      'real-faults',
      '../fixtures/golden/real-faults.json',
      '../fixtures/golden/real-faults.frames.parquet',
    ),
    severalSessions(),
    absentStages(),
    repeats(),
  ];
}

/** Of every session the whole and three parts, whose edges lie between frames, on a frame, and where nothing is. */
export function rangesOf({ capture }: GoldenRecording): GoldenRange[] {
  const lengthMs = capture.meta.duration_ms;
  const parts: readonly (readonly [fromMs: number, toMs: number])[] = [
    [0, lengthMs + 1000],
    [lengthMs * 0.2, lengthMs * 0.45],
    [Math.round(lengthMs * 0.5) + 0.25, Math.round(lengthMs * 0.5) + 150.125],
    [lengthMs + 5000, lengthMs + 6000],
  ];
  return sessionsOf(capture).flatMap(({ session_id: session }) =>
    parts.flatMap(([fromMs, toMs]) =>
      (['all', 'new'] as const).map((frames) => ({ session, fromMs, toMs, frames })),
    ),
  );
}

export function sessionsOf({
  meta,
  sessions,
  samples,
}: Capture): Pick<SessionEntry, 'session_id' | 'kind' | 'fps'>[] {
  if (sessions !== undefined && sessions.length > 0) return sessions;
  const kind = meta.kind === '' ? 'gamestream' : meta.kind;
  const ids = new Set(samples.map(({ session_id }) => session_id));
  return [...ids].map((session_id) => ({ session_id, kind, fps: meta.fps }));
}

function stored(name: string, path: string, framesPath: string | undefined): GoldenRecording {
  const text = readFileSync(join(import.meta.dir, path), 'utf8');
  const frames =
    framesPath === undefined
      ? undefined
      : new Uint8Array(readFileSync(join(import.meta.dir, framesPath)));
  return { name, capture: parseCapture(text), text, frames };
}

/** Both paths and three rates at once; groups overlap, as they do where a frame is dropped before an older one is sent. */
function severalSessions(): GoldenRecording {
  const batch = FrameBatch.concat([
    syntheticFrames({ session: 1, fps: 120, seed: 11, seconds: 20, dropped: 0.02 }),
    syntheticFrames({ session: 2, fps: 60, seed: 12, seconds: 12, startUs: 5_000_000 }),
    syntheticFrames({ session: 3, fps: 240, seed: 13, seconds: 6, startUs: 2_000_000 }),
  ]);
  const random = randomFrom(14);
  const groups: [number[], number[], number[]] = [[], [], []];
  for (let row = 0; row < batch.length; row += 1) {
    const late = random() < 0.02 ? 300_000 : 0;
    const at = Math.floor(((batch.grabbed_us[row] ?? 0) + late) / 7_000_000);
    groups[Math.min(2, at)]?.push(row);
  }
  return made(
    'several-sessions',
    20,
    groups.map((rows) => batch.pick(rows)),
    [
      { session_id: 1, kind: 'gamestream', fps: 120 },
      { session_id: 2, kind: 'native', fps: 60 },
      { session_id: 3, kind: 'gamestream', fps: 240 },
    ],
  );
}

/** A third of the frames ends early, boundaries were not stamped, and a clock went backwards. */
function absentStages(): GoldenRecording {
  const options = { session: 1, fps: 120, seconds: 15, dropped: 0.3, blindSource: true } as const;
  const batch = syntheticFrames({ ...options, seed: 21 });
  const random = randomFrom(22);
  for (let row = 0; row < batch.length; row += 1) {
    const name = boundaryColumns[Math.floor(random() * boundaryColumns.length)] ?? 'encoded_us';
    const luck = random();
    if (luck < 0.1) batch.columns[name][row] = ABSENT;
    else if (luck < 0.15 && batch.columns[name][row] !== ABSENT) batch.columns[name][row] = 5;
  }
  return made('absent-stages', 15, [batch], [{ session_id: 1, kind: 'gamestream', fps: 120 }]);
}

/** A source at a third of the rate: most frames show the picture before them again. */
function repeats(): GoldenRecording {
  const batch = syntheticFrames({ session: 7, fps: 60, seed: 31, seconds: 20 });
  const random = randomFrom(32);
  const { flags, source_sequence, source_age_us, converted_us } = batch.columns;
  for (let row = 1; row < batch.length; row += 1) {
    if (random() > 0.65) continue;
    flags[row] = (flags[row] ?? 0) | frameFlags.repeat;
    source_sequence[row] = source_sequence[row - 1] ?? ABSENT;
    source_age_us[row] = (source_age_us[row - 1] ?? 0) + 16_667;
    converted_us[row] = 0;
  }
  return made('repeats', 20, [batch], [{ session_id: 7, kind: 'native', fps: 60 }]);
}

function made(
  name: string,
  seconds: number,
  groups: readonly FrameBatch[],
  sessions: readonly Pick<SessionEntry, 'session_id' | 'kind' | 'fps'>[],
): GoldenRecording {
  const mode = { width: 1280, height: 720, codec: 'h264', client: 'seeded' } as const;
  const [first] = sessions;
  const frames = groups.reduce((sum, { length }) => sum + length, 0);
  const capture: Capture = {
    version: 2,
    meta: {
      ...mode,
      ...{ id: `2026-08-21T18-14-${String(10 + name.length).padStart(2, '0')}Z_1280x720`, name },
      ...{ started_unix_ms: 1_787_336_050_000, duration_ms: seconds * 1000 },
      ...{ kind: first?.kind ?? 'native', fps: first?.fps ?? 60, sample_count: 0 },
      ...{ session_count: sessions.length, frame_count: frames },
    },
    sessions: sessions.map((one) => ({
      ...{ ...mode, ...one },
      ...{ source: 'synthetic', encoder: 'openh264', started_t_ms: 0 },
    })),
    events: [],
    samples: [],
  };
  return { name, capture, text: serializeCapture(capture), frames: frameBytes(...groups) };
}
