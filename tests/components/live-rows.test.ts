// Rows of sessions of a capture that grows, without a browser: kept in step they are what they would be made of all of it.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { sessionRows } from '../../components/chart/session-rows.ts';
import { RowsSoFar } from '../../components/pf-live/rows-so-far.ts';
import { SoFar } from '../../components/pf-live/so-far.ts';
import type { Capture, CaptureEvent, SessionEntry, StatsSample } from '../../contract/stats.ts';
import { capture, sample, session } from '../support/page-news.ts';

interface Window {
  readonly session: number;
  readonly gap: number;
  readonly kbps: number;
  readonly p99: number | undefined;
  readonly event: 'bitrate' | 'mode' | undefined;
}

const anyWindow: fc.Arbitrary<Window> = fc.record({
  session: fc.integer({ min: 1, max: 4 }),
  gap: fc.constantFrom(0, 0, 0, 5000),
  kbps: fc.constantFrom(0, 9000, 12_000),
  p99: fc.option(fc.integer({ min: 1000, max: 90_000 }), { nil: undefined }),
  event: fc.constantFrom(undefined, undefined, undefined, 'bitrate', 'mode'),
});

interface Told {
  readonly samples: StatsSample[];
  readonly events: CaptureEvent[];
}

/** One window after the other, each of the session that it is told of. */
function run(windows: readonly Window[]): Told {
  const ends = new Map<number, number>();
  const samples: StatsSample[] = [];
  const events: CaptureEvent[] = [];
  for (const { session: id, gap, kbps, p99, event } of windows) {
    const t_ms = (ends.get(id) ?? 0) + gap + 1000;
    ends.set(id, t_ms);
    const total = p99 === undefined ? {} : { total_p99_us: p99 };
    samples.push({ ...sample(t_ms, id), ...total, window_ms: 1000, bitrate_kbps: kbps });
    const detail = event === 'mode' ? { to: '1280x720@60' } : { to_kbps: kbps };
    if (event !== undefined) events.push({ t_ms, session_id: id, kind: event, detail });
  }
  return { samples, events: events.sort((a, b) => a.t_ms - b.t_ms) };
}

/** The first says what was agreed, the second what and when it ended, the third when it began; of the others nothing is said. */
const ENTRIES: readonly SessionEntry[] = [
  session({ bitrate_kbps: 9000 }),
  session({ session_id: 2, started_t_ms: 500, ended_t_ms: 4000 }),
  session({ session_id: 3, started_t_ms: 0 }),
];
const of = (samples: StatsSample[], events: CaptureEvent[]): Capture => ({
  ...capture([], { sessions: [...ENTRIES], events }),
  samples,
});
/** As they are read at the end, when all is told. */
const LATE_MS = 900_000;

describe('rows of a capture that grows', () => {
  test('are those of the whole capture, wherever it was looked at in between', () => {
    fc.assert(
      fc.property(
        fc.array(anyWindow, { maxLength: 40 }),
        fc.array(fc.nat(40), { maxLength: 3 }),
        (windows, looks) => {
          const all = run(windows);
          const growing: StatsSample[] = [];
          const events: CaptureEvent[] = [];
          const soFar = new SoFar();
          const rows = new RowsSoFar();
          for (const [i, one] of all.samples.entries()) {
            growing.push(one);
            if (!looks.includes(i)) continue;
            soFar.take(of(growing, events));
            rows.of(of(growing, events), soFar.sessions, one.t_ms);
          }
          events.push(...all.events);
          const last = of(growing, events);
          soFar.take(last);
          expect(rows.of(last, soFar.sessions, LATE_MS)).toEqual(
            sessionRows(last, { fromMs: 0, toMs: LATE_MS }),
          );
        },
      ),
    );
  });

  test('stay the same ones until something of theirs is another', () => {
    const samples = [1, 2].map((id) => ({ ...sample(1000, id), total_p99_us: 8000 }));
    const soFar = new SoFar();
    const rows = new RowsSoFar();
    const now = (): Capture => of(samples, []);
    soFar.take(now());
    const before = rows.of(now(), soFar.sessions, 5000);
    samples.push({ ...sample(2000, 1), total_p99_us: 7000 });
    soFar.take(now());
    expect(rows.of(now(), soFar.sessions, 5000)).toBe(before);
    samples.push({ ...sample(3000, 1), total_p99_us: 30_000 });
    soFar.take(now());
    const after = rows.of(now(), soFar.sessions, 5000);
    expect(after).not.toBe(before);
    expect(after[0]?.worstWindow).toEqual({ atMs: 3000, ms: 30 });
    // Of the second nothing was told.
    expect(after.find(({ id }) => id === 2)).toBe(before.find(({ id }) => id === 2));
  });

  test('who comes after what is drawn has a row, and is nowhere on it yet', () => {
    const soFar = new SoFar();
    const late = { ...capture([1000]), sessions: [session(), session({ session_id: 2 })] };
    const sessions = [session(), session({ session_id: 2, started_t_ms: 60_000 })];
    soFar.take({ ...late, sessions });
    const rows = new RowsSoFar().of({ ...late, sessions }, soFar.sessions, 5000);
    expect(rows.map(({ id, fromMs, toMs }) => [id, fromMs, toMs])).toEqual([
      [1, 0, 5000],
      [2, 60_000, 60_000],
    ]);
  });

  test('are told to be others when a session came, and when the host says that it left', () => {
    const soFar = new SoFar();
    const grown = capture([1000], { sessions: [session()] });
    soFar.take(grown);
    const { changes } = soFar;
    soFar.take(grown);
    expect(soFar.changes).toBe(changes);
    soFar.take({ ...grown, sessions: [session({ ended_t_ms: 900 })] });
    expect(soFar.changes).toBeGreaterThan(changes);
  });
});
