// A script drawn from a seed: the same number gives the same faults, whoever draws it. Pure.
import type { ScriptAction, ScriptPlace, TestScript } from '../../../contract/test-streams.ts';

/** A script of one to four sessions, some of them at the same time, each with faults of every kind. */
export function randomScript(seed: number): TestScript {
  const draw = new Draw(seed);
  const sessions = Array.from({ length: draw.between(1, 4) }, (_, index) => {
    const mode = draw.of(MODES);
    const seconds = draw.between(4, 10);
    const frames = seconds * mode.fps;
    return {
      start_ms: index === 0 ? 0 : draw.between(0, 40) * 100,
      seconds,
      ...mode,
      actions: Array.from({ length: draw.between(4, 12) }, () => randomAction(draw, frames)),
    };
  });
  return { version: 1, name: `drawn from ${seed}`, seed, sessions };
}

function randomAction(draw: Draw, frames: number): ScriptAction {
  // The last half second is left alone, so that what a fault causes is seen.
  const at_frame = draw.between(10, Math.max(11, frames - 30));
  const count = draw.between(1, 5);
  const what = draw.of(KINDS);
  switch (what) {
    case 'stall':
      return { at_frame, count, what, place: draw.of(PLACES), us: draw.between(1, 60) * 1000 };
    case 'withhold':
      return { at_frame, count: draw.between(1, 30), what };
    case 'skip':
      return { at_frame, count, what, pictures: draw.between(1, 8) };
    case 'late':
      return { at_frame, count, what, us: draw.between(5, 60) * 1000 };
    case 'drop':
      return { at_frame, count, what, why: draw.of(DROPS) };
    case 'key_frame':
      return { at_frame, what };
    case 'invalidate': {
      const last_back = draw.between(1, 3);
      return { at_frame, what, first_back: last_back + draw.between(0, 3), last_back };
    }
    case 'bitrate':
      return { at_frame, what, kbps: draw.between(10, 200) * 100 };
    case 'loss':
      return { at_frame, count: draw.between(5, 40), what, pct: draw.between(2, 40) };
  }
}

/** mulberry32: small, and the same everywhere. */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.between(0, values.length - 1)];
    if (value === undefined) throw new Error('there is nothing to draw from');
    return value;
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

const MODES = [
  { width: 640, height: 360, fps: 60, bitrate_kbps: 4000 },
  { width: 320, height: 180, fps: 120, bitrate_kbps: 3000 },
  { width: 1280, height: 720, fps: 30, bitrate_kbps: 8000 },
] as const;
const KINDS = [
  'stall',
  'stall',
  'withhold',
  'skip',
  'late',
  'drop',
  'key_frame',
  'invalidate',
  'bitrate',
  'loss',
] as const;
const PLACES: readonly ScriptPlace[] = [
  'grabbed',
  'converted',
  'submitted',
  'encoded',
  'packetized',
  'dequeued',
  'first_sent',
  'last_sent',
];
const DROPS = ['queue_full', 'send_deadline', 'send_error'] as const;
