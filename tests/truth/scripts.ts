// Scripts for the truth lab: every kind of fault once, sessions that overlap, and draws from a seed.
import type { ScriptAction, ScriptSession, TestScript } from '../../contract/test-streams.ts';
import { seeded } from '../support/seeded-recordings.ts';

const SMALL = { source: 'synthetic', width: 320, height: 180, bitrate_kbps: 2000 } as const;
const PLACES = [
  'grabbed',
  'converted',
  'submitted',
  'encoded',
  'packetized',
  'dequeued',
  'first_sent',
  'last_sent',
] as const;

/** Every action there is, at frames that `seed` spreads. */
export function everyKind(seed: number): TestScript {
  const random = seeded(seed);
  const at = (from: number): number => from + Math.floor(random() * 12);
  const stalls: ScriptAction[] = PLACES.map((place, i) => ({
    at_frame: at(10 + i * 15),
    what: 'stall',
    place,
    us: 1000 + Math.floor(random() * 20_000),
  }));
  const actions: ScriptAction[] = [
    ...stalls,
    { at_frame: at(140), what: 'withhold', count: 3 },
    { at_frame: at(160), what: 'skip', pictures: 4 },
    { at_frame: at(175), what: 'late', us: 30_000 },
    { at_frame: at(190), what: 'drop', why: 'queue_full' },
    { at_frame: at(205), what: 'drop', why: 'send_deadline' },
    { at_frame: at(220), what: 'drop', why: 'send_error' },
    { at_frame: at(235), what: 'key_frame' },
    { at_frame: at(250), what: 'invalidate', first_back: 3, last_back: 1 },
    { at_frame: at(265), what: 'bitrate', kbps: 1500 },
    { at_frame: at(280), what: 'loss', pct: 30, count: 5 },
    { at_frame: at(300), what: 'encoder_error' },
  ];
  return { version: 1, seed, sessions: [{ ...SMALL, seconds: 5.5, fps: 60, actions }] };
}

/** Three sessions at different rates, coming and going while others run, each with faults of its own. */
export function overlapping(seed: number): TestScript {
  const random = seeded(seed);
  const sessions = [30, 60, 90].map(
    (fps, i): ScriptSession => ({
      ...SMALL,
      ...{ fps, start_ms: i * 700, seconds: 3 + i * 0.6 },
      actions: drawn(random, fps * 3, 8),
    }),
  );
  return { version: 1, seed, sessions };
}

/** `count` actions anywhere in the first `frames` frames. */
export function drawn(random: () => number, frames: number, count: number): ScriptAction[] {
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  return Array.from({ length: count }, (): ScriptAction => {
    const at_frame = 5 + Math.floor(random() * (frames - 5));
    const kind = Math.floor(random() * 6);
    if (kind < 2) {
      const us = 500 + Math.floor(random() * 60_000);
      return { at_frame, what: 'stall', place: pick(PLACES) ?? 'encoded', us };
    }
    if (kind === 2) return { at_frame, what: 'withhold', count: 1 + Math.floor(random() * 6) };
    if (kind === 3) return { at_frame, what: 'skip', pictures: 1 + Math.floor(random() * 5) };
    if (kind === 4) {
      const why = pick(['queue_full', 'send_deadline', 'send_error'] as const) ?? 'queue_full';
      return { at_frame, what: 'drop', why };
    }
    return { at_frame, what: 'key_frame' };
  });
}

/** A script of the long run: one to six sessions of up to `seconds`. */
export function random(seed: number, seconds: number): TestScript {
  const dice = seeded(seed);
  const sessions = Array.from({ length: 1 + Math.floor(dice() * 6) }, (): ScriptSession => {
    const fps = [30, 60, 120, 240][Math.floor(dice() * 4)] ?? 60;
    const length = Math.round((0.3 + 0.7 * dice()) * seconds * 10) / 10;
    const count = Math.floor(dice() * 40);
    return {
      ...SMALL,
      ...{ fps, start_ms: Math.floor(dice() * 2000), seconds: length },
      actions: drawn(dice, Math.floor(fps * length), count),
    };
  });
  return { version: 1, seed, sessions };
}

/** `count` sessions at once, a few faults each. */
export function many(count: number, seed: number): TestScript {
  const dice = seeded(seed);
  const sessions = Array.from(
    { length: count },
    (_, i): ScriptSession => ({
      ...SMALL,
      ...{ fps: 30, start_ms: (i % 4) * 150, seconds: 3, bitrate_kbps: 500 },
      actions: drawn(dice, 80, 3),
    }),
  );
  return { version: 1, seed, sessions };
}
