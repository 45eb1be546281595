// Scripted streams on the real host: the recording that comes out of its API against what the scripted parts saw. The
// long form, which also writes docs/truth.md: scripts/truth.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import type { SmallColumn } from '../../recording/src/frames.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import { PYTHON } from '../support/moonlight.ts';
import { compare, type Told } from './compare.ts';
import { play, playAndCompare } from './run.ts';
import { everyKind, overlapping } from './scripts.ts';

const missing =
  missingExecutable ||
  (existsSync(PYTHON) ? '' : ' (skipped: no .cache/python; scripts/test makes it)');
let host: Host;

describe.skipIf(missing !== '')(`a scripted stream and its recording${missing}`, () => {
  beforeAll(async () => {
    host = await startHost();
  }, 30_000);

  afterAll(async () => {
    expect(await host.end()).toBe(0);
  });

  for (const [name, script] of [
    ['every kind of fault', everyKind(7)],
    ['three sessions that overlap', overlapping(8)],
  ] as const) {
    test(`${name}: every frame, boundary, counter, quantile and event as it happened`, async () => {
      const result = await playAndCompare(host, script);
      expect(result.faults).toEqual([]);
      expect(result.frames).toBeGreaterThan(250);
      expect(result.worstErrorUs).toBeLessThanOrEqual(2);
      // Most boundaries are known sharply; the rest were interrupted by the machine's other work.
      expect(result.sharpBoundaries / result.boundaries).toBeGreaterThan(0.9);
      expect(result.quantiles).toBeGreaterThan(300);
    }, 60_000);
  }

  test('what the encoder says of itself, and that it was opened again, is in the recording', async () => {
    const { told } = await play(host, {
      version: 1,
      sessions: [
        {
          seconds: 1.5,
          width: 320,
          height: 180,
          fps: 60,
          actions: [{ at_frame: 30, what: 'encoder_error' }],
        },
      ],
    });
    const [session] = told.capture.sessions ?? [];
    expect(session?.encoder).toBe('openh264');
    expect(session?.negotiated?.encoder_detail).toMatch(
      /^openh264 \d+\.\d+\.\d+, Baseline profile, level \d\.\d, CAVLC, rate control bitrate, .*, 1 slice, 1 thread, /,
    );
    expect(session?.negotiated).not.toHaveProperty('encoder_refused');
    expect(session?.negotiated).not.toHaveProperty('source_refused');
    const events = (told.capture.events ?? []).filter(({ session_id }) => session_id !== undefined);
    const at = events.findIndex(({ kind }) => kind === 'encoder_reopened');
    expect(events[at]?.detail).toEqual({ why: 'the script ordered the encoder to fail' });
    expect(events[at + 1]).toMatchObject({
      kind: 'key_frame',
      frame: events[at]?.frame ?? -1,
      detail: { why: 'encoder_reopened' },
    });
    expect(events.filter(({ kind }) => kind === 'encoder_reopened')).toHaveLength(1);
  }, 30_000);

  test('a recording that lies is caught, whatever it lies about', async () => {
    const { log, told } = await play(host, overlapping(3));
    expect((await compare(log, told)).faults).toEqual([]);
    const lies: Readonly<Record<string, (told: Told) => Told>> = {
      'a frame is missing': (t) => ({
        ...t,
        frames: t.frames.pick(Array.from({ length: t.frames.length - 1 }, (_, i) => i)),
      }),
      'a boundary is some µs late': (t) => changed(t, 'encoded_us', 40, 400),
      'a boundary is invented': (t) => changed(t, 'last_sent_us', 1, 5000, -1),
      'an outcome is another': (t) => changed(t, 'outcome', 20, 1),
      'a byte too many': (t) => changed(t, 'bytes', 60, 1),
      'a repeat was none': (t) => changed(t, 'flags', 61, 2),
      'an event is missing': (t) => ({
        ...t,
        capture: {
          ...t.capture,
          events: (t.capture.events ?? []).filter(({ kind }) => kind !== 'key_frame'),
        },
      }),
      'a window holds a frame too many': (t) => ({
        ...t,
        capture: {
          ...t.capture,
          samples: t.capture.samples.map((sample, i) =>
            i === 2 ? { ...sample, frames: (sample.frames ?? 0) + 1 } : sample,
          ),
        },
      }),
      'a quantile is too large': (t) => ({
        ...t,
        quantiles: async (...range) => {
          const honest = await t.quantiles(...range);
          const stages = honest.stages.map((stage) => ({
            ...stage,
            quantiles_us: Object.fromEntries(
              Object.entries(stage.quantiles_us).map(([p, us]) => [p, us * 2 + 400]),
            ),
          }));
          return { ...honest, stages };
        },
      }),
    };
    for (const [lie, tell] of Object.entries(lies)) {
      const { faults } = await compare(log, tell(told));
      expect(faults.length, lie).toBeGreaterThan(0);
    }
  }, 60_000);
});

/** Adds to a value of one row; with `only`, in the first row where the column holds that. */
function changed(told: Told, column: SmallColumn, row: number, more: number, only?: number): Told {
  const frames = told.frames.pick(Array.from({ length: told.frames.length }, (_, i) => i));
  const values = frames.columns[column];
  const at = only === undefined ? row : values.indexOf(only);
  values[at] = (values[at] ?? 0) + more;
  return { ...told, frames };
}
