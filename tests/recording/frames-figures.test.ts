// Figures of any range equal what sorting says: every stage of both paths, all frames and new ones, one session and all.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { RangeQuantiles } from '../../contract/stats.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { ABSENT, boundaryColumns, FrameBatch } from '../../recording/src/frames.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { SpanColumns } from '../../recording/src/span-columns.ts';
import { FrameSpans } from '../../recording/src/stages.ts';
import { frameBytes, openBytes } from '../support/frames-files.ts';
import { randomFrom, slice, syntheticFrames } from '../support/synthetic-frames.ts';

const sessions = [
  { sessionId: 1, kind: 'gamestream', fps: 60 },
  { sessionId: 2, kind: 'gamestream', fps: 60 },
  { sessionId: 9, kind: 'native', fps: 120 },
] as const;
type Session = (typeof sessions)[number];

/** Three sessions that overlap, one of a blind source; frames that end early; an engine that is wrong now and then. */
function recording(seed: number): FrameBatch {
  const common = { seconds: 12, dropped: 0.05 };
  const batch = FrameBatch.concat([
    syntheticFrames({ session: 1, fps: 60, seed, ...common }),
    syntheticFrames({ session: 2, fps: 60, seed: seed + 1, startUs: 4e6, ...common }),
    syntheticFrames({ session: 9, fps: 120, seed: seed + 2, startUs: 7e6, ...common }),
  ]);
  const random = randomFrom(seed);
  for (let row = 0; row < batch.length; row += 1) {
    if (random() < 0.01) batch.columns.submitted_us[row] = ABSENT;
    if (random() < 0.01) batch.columns.packetized_us[row] = 5;
    if (random() < 0.01) batch.columns.source_sequence[row] = ABSENT;
    if (batch.columns.session[row] === 2) batch.columns.source_age_us[row] = ABSENT;
  }
  return batch;
}

/** Cut into groups by time, as a recorder does, but some frames come a group too late. */
function groupsOf(batch: FrameBatch, seed: number): FrameBatch[] {
  const random = randomFrom(seed);
  const groups = new Map<number, number[]>();
  for (let row = 0; row < batch.length; row += 1) {
    const late = random() < 0.02 ? 0.4e6 : 0;
    const group = Math.floor(((batch.grabbed_us[row] ?? 0) + late) / 0.5e6);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, rows]) => batch.pick(rows));
}

describe('figures of a range', () => {
  const frames = recording(7);
  const figures = new RangeFigures(openBytes(frameBytes(...groupsOf(frames, 7))), sessions);

  test('equal sorting, for ranges, sessions and percentiles of all kinds', () => {
    const query = fc.record(
      {
        session: fc.constantFrom(1, 2, 9),
        from_ms: fc.integer({ min: 0, max: 20_000_000 }).map((us) => us / 1000),
        to_ms: fc.integer({ min: 0, max: 20_000_000 }).map((us) => us / 1000),
        frames: fc.constantFrom('all' as const, 'new' as const),
        percents: fc.array(fc.constantFrom(0, 0.1, 1, 25, 50, 90, 99, 99.9, 99.999, 100)),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(query, (asked) => {
        const told = figures.quantiles(asked);
        expect(Value.Check(RangeQuantiles, told)).toBe(true);
        expect(told).toEqual(byForce(frames, asked));
      }),
      { numRuns: 150 },
    );
  });

  test('of the whole recording name its end, and of one session its own', () => {
    const whole = figures.quantiles();
    expect([whole.from_ms, whole.count]).toEqual([0, frames.length]);
    expect(whole.to_ms).toBe((Math.max(...frames.grabbed_us) + 1) / 1000);
    expect(figures.quantiles({ session: 1 }).count).toBe(720);
    expect(figures.quantiles({ session: 77 })).toMatchObject({ count: 0, stages: [] });
  });

  test('show the stages of a path only where all sessions are on it', () => {
    const names = (session?: number): string[] =>
      figures.quantiles(session === undefined ? {} : { session }).stages.map(({ name }) => name);
    const finer = ['queue', 'first_send', 'pace'];
    expect(names(1)).toEqual(
      [
        ['capture', 'encode', 'packetize', 'send', 'total', 'other'],
        ['convert', 'submit', 'wait', ...finer],
      ].flat(),
    );
    expect(names(9)).toEqual(
      [
        ['capture', 'submit', 'encode', 'send', 'total', 'other'],
        ['convert', 'wait', 'packetize', ...finer],
      ].flat(),
    );
    expect(names()).toEqual(
      ['total', 'other', 'convert', 'submit', 'wait', 'packetize', ...finer].flat(),
    );
  });

  test('add up: counters of two halves are those of the whole', () => {
    for (const at of [3000, 6001.5, 9123.457]) {
      const [a, b, whole] = [
        figures.quantiles({ to_ms: at }),
        figures.quantiles({ from_ms: at }),
        figures.quantiles(),
      ];
      for (const key of ['count', 'dropped', 'bytes', 'skipped', 'late', 'key_frames'] as const) {
        expect([key, (a[key] ?? 0) + (b[key] ?? 0)]).toEqual([key, whole[key] ?? 0]);
      }
    }
  });

  test('leave out what the source does not tell', () => {
    const blind = syntheticFrames({ session: 1, fps: 60, seconds: 5, seed: 3, blindSource: true });
    const told = new RangeFigures(openBytes(frameBytes(blind)), sessions).quantiles();
    expect('skipped' in told).toBe(false);
    expect('late' in told).toBe(false);
    expect(figures.quantiles({ session: 2 }).late).toBeUndefined();
  });

  test('do not tell as skipped what was lost with records of ours', () => {
    const all = syntheticFrames({ session: 1, fps: 60, seconds: 20, seed: 5 });
    const kept = FrameBatch.concat([slice(all, 0, 600), slice(all, 660, all.length)]);
    const file = openBytes(frameBytes(kept));
    const skipped = (losses: readonly number[]): number =>
      new RangeFigures(file, sessions, losses).quantiles().skipped ?? 0;
    const truth = new RangeFigures(openBytes(frameBytes(all)), sessions).quantiles().skipped ?? 0;
    expect(skipped([])).toBeGreaterThan(truth + 50);
    expect(skipped([10_900])).toBeLessThanOrEqual(truth);
  });

  test('refuse percentiles that are none', () => {
    expect(() => figures.quantiles({ percents: [101] })).toThrow(RangeError);
    expect(() => figures.quantiles({ percents: [Number.NaN] })).toThrow(RangeError);
  });

  test('refuse a file whose rows are not in order', () => {
    const bytes = frameBytes(syntheticFrames({ session: 1, fps: 60, seconds: 1, seed: 1 }));
    const file = openBytes(bytes);
    const read = file.read.bind(file);
    file.read = (group) => {
      const batch = read(group);
      batch.grabbed_us.reverse();
      return batch;
    };
    expect(() => new RangeFigures(file, sessions)).toThrow(FormatError);
  });
});

describe('durations of many frames', () => {
  test('are those that each frame has for itself, under every name of both paths', () => {
    const frames = recording(3);
    for (const kind of ['gamestream', 'native'] as const) {
      const [columns, single] = [new SpanColumns(kind), new FrameSpans(kind)];
      expect(columns.names).toEqual(single.names);
      columns.load(frames, 100, 1100);
      columns.names.forEach((name, i) => {
        const alone = Array.from({ length: 1000 }, (_, row) => {
          single.read(frames, 100 + row);
          return single.values[i];
        });
        expect<unknown>([name, ...columns.durations(columns.slotOf(name))]).toEqual([
          name,
          ...alone,
        ]);
      });
    }
    expect(() => new SpanColumns('native').slotOf('nothing')).toThrow(RangeError);
  });
});

interface Asked {
  readonly session?: number;
  readonly from_ms?: number;
  readonly to_ms?: number;
  readonly frames?: 'all' | 'new';
  readonly percents?: readonly number[];
}

const PATHS = {
  gamestream: [
    ['capture', 0, 1],
    ['encode', 1, 3],
    ['packetize', 3, 4],
    ['send', 4, 7],
  ],
  native: [
    ['capture', 0, 1],
    ['submit', 1, 2],
    ['encode', 2, 3],
    ['send', 3, 7],
  ],
} as const;
const FINER = [
  ['convert', 0, 1],
  ['submit', 1, 2],
  ['wait', 2, 3],
  ['packetize', 3, 4],
  ['queue', 4, 5],
  ['first_send', 5, 6],
  ['pace', 6, 7],
] as const;

/** The same by looking at every frame and sorting, with nothing in common but the columns. */
function byForce(batch: FrameBatch, asked: Asked): RangeQuantiles {
  const { session, from_ms = 0, to_ms, frames = 'all', percents = [50, 90, 95, 99, 99.9] } = asked;
  const [fromUs, toUs] = [Math.round(from_ms * 1000), Math.round((to_ms ?? 1e9) * 1000)];
  const rows = Array.from({ length: batch.length }, (_, row) => row).filter(
    (row) => session === undefined || batch.columns.session[row] === session,
  );
  const at = (row: number): number => batch.grabbed_us[row] ?? 0;
  const inRange = rows.filter((row) => at(row) >= fromUs && at(row) < toUs);
  const has = (row: number, bit: number): boolean => ((batch.columns.flags[row] ?? 0) & bit) !== 0;
  const count = (test: (row: number) => boolean): number => inRange.filter(test).length;
  const kinds = new Set(
    sessions.filter((one) => session === undefined || one.sessionId === session).map((s) => s.kind),
  );
  const path = kinds.size === 1 ? PATHS[[...kinds][0] ?? 'native'] : [];
  const spans: readonly (readonly [string, number, number])[] = [
    ...path,
    ['total', 0, 7],
    ['other', -1, -1],
    ...FINER.filter(([name]) => path.every(([stage]) => stage !== name)),
  ];
  const measured = inRange.filter((row) => frames === 'all' || !has(row, 2));
  const late = sessions.flatMap((one) =>
    inRange.filter((row) => batch.columns.session[row] === one.sessionId && isLate(row, one)),
  );
  function isLate(row: number, { fps }: Session): boolean {
    return !has(row, 2) && (batch.columns.source_age_us[row] ?? ABSENT) > 1e6 / fps;
  }
  const stamped = count((row) => !has(row, 2) && batch.columns.source_age_us[row] !== ABSENT);
  const counted = count((row) => batch.columns.source_sequence[row] !== ABSENT);
  return {
    ...(session === undefined ? {} : { session }),
    from_ms,
    to_ms: to_ms ?? (Math.max(...rows.map(at)) + 1) / 1000,
    frames,
    count: inRange.length,
    new: count((row) => !has(row, 2)),
    repeated: count((row) => has(row, 2)),
    dropped: count((row) => ![0, 6].includes(batch.columns.outcome[row] ?? 0)),
    key_frames: count((row) => has(row, 1)),
    bytes: inRange
      .filter((row) => batch.columns.outcome[row] === 0)
      .reduce((sum, row) => sum + (batch.columns.bytes[row] ?? 0), 0),
    ...(counted === 0 ? {} : { skipped: skippedByForce(batch, rows, fromUs, toUs) }),
    ...(stamped === 0 ? {} : { late: late.length }),
    stages: spans.flatMap(([name, from, to]) => {
      const us = measured
        .map((row) => spanUs(batch, row, from, to))
        .filter((value) => value !== undefined)
        .sort((a, b) => a - b);
      if (us.length === 0) return [];
      const rank = (percent: number): number => {
        const wanted = us.findIndex(
          (_, i) => 100_000 * (i + 1) >= Math.round(percent * 1000) * us.length,
        );
        return us[wanted] ?? 0;
      };
      return [
        {
          ...{ name, count: us.length, min_us: us[0] ?? 0, max_us: us.at(-1) ?? 0 },
          mean_us: us.reduce((sum, value) => sum + value, 0) / us.length,
          quantiles_us: Object.fromEntries(percents.map((p) => [`p${p}`, rank(p)])),
        },
      ];
    }),
  };
}

/** µs from boundary to boundary, 0 being `grabbed`; −1 to −1: what of the total is in no stage. */
function spanUs(batch: FrameBatch, row: number, from: number, to: number): number | undefined {
  let latest = 0;
  const reached: (number | undefined)[] = [0];
  for (const name of boundaryColumns) {
    const us = batch.columns[name][row] ?? ABSENT;
    reached.push(us >= latest ? us : undefined);
    latest = Math.max(latest, us);
  }
  const between = (a: number, b: number): number | undefined => {
    const [start, end] = [reached[a], reached[b]];
    return start === undefined || end === undefined ? undefined : end - start;
  };
  if (from >= 0) return between(from, to);
  const total = between(0, 7);
  const kind = sessions.find(({ sessionId }) => sessionId === batch.columns.session[row])?.kind;
  if (total === undefined || kind === undefined) return undefined;
  return PATHS[kind].reduce((rest, [, a, b]) => rest - (between(a, b) ?? 0), total);
}

function skippedByForce(
  batch: FrameBatch,
  rows: readonly number[],
  fromUs: number,
  toUs: number,
): number {
  let skipped = 0;
  for (const { sessionId } of sessions) {
    const ours = rows
      .filter((row) => batch.columns.session[row] === sessionId)
      .filter((row) => batch.columns.source_sequence[row] !== ABSENT)
      .sort((a, b) => (batch.grabbed_us[a] ?? 0) - (batch.grabbed_us[b] ?? 0));
    let furthest: number | undefined;
    for (const row of ours) {
      const sequence = batch.columns.source_sequence[row] ?? 0;
      const at = batch.grabbed_us[row] ?? 0;
      const gap = furthest === undefined ? 0 : sequence - furthest - 1;
      if (at >= fromUs && at < toUs) skipped += Math.max(0, gap);
      furthest = Math.max(furthest ?? sequence, sequence);
    }
  }
  return skipped;
}
