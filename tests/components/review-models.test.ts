// Histogram, figures and strip before they are drawn: nothing is lost, nothing is invented.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Format } from '../../components/base/format.ts';
import { fineClock } from '../../components/base/format-dates.ts';
import { percentOf } from '../../components/base/format-shares.ts';
import { figureRows, isTooFew } from '../../components/chart/figures.ts';
import { acrossOf, heightOf, histogramModel } from '../../components/chart/histogram.ts';
import {
  nearestPlace,
  slotsIn,
  stripModel,
  timedPlaces,
  valueLabels,
} from '../../components/chart/strip.ts';
import { endingOf, factsOf } from '../../components/pf-frame-strip/frame-words.ts';
import { ABSENT, frameFlags } from '../../recording/src/frames.ts';
import { partsOf } from '../../recording/src/review/frame-table.ts';
import { type FrameFacts, Review, type Strip } from '../../recording/src/review/review.ts';
import { DROPPED_ROWS, SPIKE_ROW, SPIKE_US, stutteringRun } from '../support/review-captures.ts';

const PARTS = partsOf('gamestream');
const en = new Format('en');
const de = new Format('de');

/** Edges as a review has them: eight an octave. */
const edgesFrom = (first: number, bins: number): number[] =>
  Array.from({ length: bins + 1 }, (_, i) => 2 ** ((first + i) / 8));

describe('histogram', () => {
  const counts = fc.array(fc.nat(5000), { minLength: 1, maxLength: 120 });

  test('no count is lost, whatever the budget: every one has a bar that can be seen', () => {
    fc.assert(
      fc.property(
        counts,
        fc.integer({ min: 0, max: 100 }),
        fc.double({ min: 1, max: 1e6, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, first, budgetUs, within) => {
          const edgesUs = edgesFrom(first, all.length);
          const above = all.reduce((n, c, i) => ((edgesUs[i] ?? 0) >= budgetUs ? n + c : n), 0);
          const here = all.find(
            (_, i) => (edgesUs[i] ?? 0) < budgetUs && (edgesUs[i + 1] ?? 0) > budgetUs,
          );
          const late = above + Math.round((here ?? 0) * within);
          const model = histogramModel({ edgesUs, counts: all }, late, budgetUs);
          const n = all.reduce((sum, c) => sum + c, 0);
          if (n === 0) return model === undefined;
          if (model === undefined) return false;
          const sum = (bars: typeof model.bars): number =>
            bars.reduce((total, { count }) => total + count, 0);
          expect(model.count).toBe(n);
          expect(sum(model.bars)).toBe(n);
          expect(sum(model.bars.filter(({ isOver }) => isOver))).toBe(late);
          for (const bar of model.bars) {
            expect(heightOf(model, bar.count)).toBeGreaterThan(0);
            expect(acrossOf(model, bar.toUs)).toBeGreaterThan(acrossOf(model, bar.fromUs));
          }
          expect(model.steps.at(-1)?.share).toBe(1);
          return true;
        },
      ),
    );
  });

  test('has the budget inside, and ticks of 1 10 100 where they fit', () => {
    const wide = histogramModel(
      { edgesUs: [900, 1000, 200_000, 210_000], counts: [3, 0, 1] },
      1,
      8333.3,
    );
    expect(wide?.ticksUs).toEqual([1000, 10_000, 100_000]);
    expect(wide?.countTicks).toEqual([1, 10]);
    const narrow = histogramModel({ edgesUs: edgesFrom(100, 3), counts: [4000, 1, 2] }, 0, 8333.3);
    if (narrow === undefined) throw new Error('no model');
    expect(narrow.ticksUs).toEqual([5000, 6000, 8000, 10_000, 15_000]);
    expect(acrossOf(narrow, 8333.3)).toBeGreaterThan(0.2);
    expect(acrossOf(narrow, 8333.3)).toBeLessThan(1);
  });

  test('an unknown mode has no budget; a frame of no time stands at the edge', () => {
    const model = histogramModel({ edgesUs: [0, 1], counts: [2] }, 0, Number.POSITIVE_INFINITY);
    if (model === undefined) throw new Error('no model');
    expect(model.budgetUs).toBeUndefined();
    expect(model.bars).toEqual([{ fromUs: 0, toUs: 1, count: 2, isOver: false }]);
    expect([acrossOf(model, 0), Number.isFinite(acrossOf(model, 1))]).toEqual([0, true]);
    expect(histogramModel({ edgesUs: [], counts: [] }, 0, 8333)).toBeUndefined();
  });
});

describe('figures', () => {
  const run = stutteringRun();
  const review = reviewOf(run.capture, run.bytes);
  const range = { session: 1, fromMs: 9000, toMs: 11_000, frames: 'all' } as const;
  const figures = review.figures(range);

  test('rows are the digits of the recording, as the API tells them', () => {
    if (figures === undefined) throw new Error('no figures');
    const rows = figureRows(figures, PARTS);
    expect(rows.map(({ name }) => name)).toEqual(['total', ...PARTS]);
    for (const row of rows) {
      const told = figures.quantiles.stages.find(({ name }) => name === row.name);
      expect(row.count).toBe(told?.count ?? 0);
      expect(row.maxMs).toBe((told?.max_us ?? Number.NaN) / 1000);
      expect(row.quantilesMs).toEqual(
        ['p50', 'p90', 'p99', 'p99.9'].map((q) => (told?.quantiles_us[q] ?? Number.NaN) / 1000),
      );
    }
    const shares = rows.slice(1).map(({ share = Number.NaN }) => share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(rows[0]?.share).toBe(1);
    expect(rows.find(({ name }) => name === 'encode')?.share).toBeGreaterThan(0.9);
  });

  test('what was not measured stays so', () => {
    const none = review.figures({ ...range, fromMs: 60_000, toMs: 61_000 });
    if (none === undefined) throw new Error('no figures');
    for (const row of figureRows(none, PARTS)) {
      expect(row).toMatchObject({ count: 0, maxMs: undefined, share: undefined });
      expect(row.quantilesMs).toEqual([undefined, undefined, undefined, undefined]);
    }
  });

  test('a quantile of too few frames says so', () => {
    expect([isTooFew(99, 99), isTooFew(100, 99)]).toEqual([true, false]);
    expect([isTooFew(999, 99.9), isTooFew(1000, 99.9)]).toEqual([true, false]);
    expect([isTooFew(1, 50), isTooFew(2, 50), isTooFew(0, 99)]).toEqual([true, false, false]);
  });

  test('the extent of a range is its frames, and the slowest of them', () => {
    const extent = review.extent(range);
    const inside = [...run.batch.grabbed_us].filter((us) => us >= 9e6 && us < 11e6);
    expect(extent?.count).toBe(inside.length);
    expect(extent?.count).toBe(figures?.quantiles.count ?? -1);
    expect(extent?.worst).toEqual({
      row: SPIKE_ROW,
      atMs: (run.batch.grabbed_us[SPIKE_ROW] ?? 0) / 1000,
    });
    expect(review.extent({ ...range, fromMs: 90_000, toMs: 91_000 })).toMatchObject({
      count: 0,
      worst: undefined,
    });
  });

  test('ranges begin at whole µs although tenths of ms are no binary fractions', () => {
    const at = run.batch.grabbed_us[777] ?? 0;
    for (const fromMs of [at / 1000, (at / 1000) * (1 + 1e-15), (at / 1000) * (1 - 1e-15)]) {
      expect(review.extent({ ...range, fromMs, toMs: fromMs + 1 })?.firstRow).toBe(777);
    }
  });
});

describe('strip', () => {
  const us = fc.oneof(fc.constant(ABSENT), fc.nat(300_000));
  const frame = fc.record({
    parts: fc.array(us, { minLength: PARTS.length, maxLength: PARTS.length }),
    total: us,
    flags: fc.nat(7),
    outcome: fc.nat(7),
    worst: fc.integer({ min: -1, max: PARTS.length - 1 }),
  });

  test('every frame has its slot; stacks have no holes and end at the total; what leaves is marked', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 60 }), fc.constantFrom(1, 3, 4, 6), (frames, px) => {
        const strip = stripOf(frames);
        const model = stripModel(strip, PARTS, 8333.3, px);
        expect(model.frames.length).toBe(frames.length);
        for (const [i, made] of model.frames.entries()) {
          const total = frames[i]?.total ?? ABSENT;
          expect(made.totalMs).toBe(total === ABSENT ? undefined : total / 1000);
          expect(made.isCut).toBe(total / 1000 > model.scale.max);
          expect(made.isOver).toBe(total > 8333.3);
          let at = 0;
          for (const { fromMs, toMs } of made.bands) {
            expect(fromMs).toBe(at);
            expect(toMs).toBeGreaterThan(fromMs);
            at = toMs;
          }
          if (made.totalMs === undefined) expect(made.bands).toEqual([]);
          else if (made.totalMs > 0) expect(at).toBeCloseTo(made.totalMs, 5);
        }
      }),
    );
  });

  test('the longest of what leaves always has its value, and no two values touch', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 80 }), fc.constantFrom(1, 6), (frames, px) => {
        const model = stripModel(stripOf(frames), PARTS, 8333.3, px);
        const labels = valueLabels(model, () => 24);
        const cut = model.frames.filter(({ isCut }) => isCut);
        const most = Math.max(0, ...cut.map(({ totalMs = 0 }) => totalMs));
        expect(labels.some(({ ms }) => ms === most)).toBe(cut.length > 0);
        const places = labels.map(({ place }) => place * px).sort((a, b) => a - b);
        for (let i = 1; i < places.length; i += 1) {
          expect((places[i] ?? 0) - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(24);
        }
      }),
    );
  });

  test('real frames are made of their parts alone; a dropped one is an empty slot', () => {
    const run = stutteringRun();
    const review = reviewOf(run.capture, run.bytes);
    const atMs = (run.batch.grabbed_us[SPIKE_ROW] ?? 0) / 1000;
    const strip = review.strip(1, atMs, 90);
    if (strip === undefined) throw new Error('no strip');
    const model = stripModel(strip, PARTS, 1e6 / 120, 6);
    const spike = model.frames.find(({ row }) => row === SPIKE_ROW);
    expect(spike?.isCut).toBe(true);
    expect(spike?.totalMs).toBeGreaterThan(SPIKE_US / 1000);
    expect(spike?.bands.map(({ token }) => token).slice(0, 4)).toEqual([
      'capture',
      'encode',
      'packetize',
      'send',
    ]);
    for (const row of DROPPED_ROWS) {
      const dropped = model.frames.find((one) => one.row === row);
      expect(dropped).toMatchObject({ isDropped: true, totalMs: undefined, bands: [] });
    }
    // Too narrow for stages: one colour, that of the part which was slow; calm where nothing was.
    const thin = stripModel(strip, PARTS, 1e6 / 120, 3);
    const tokens = thin.frames.map(({ row, bands }) => [row, bands.map(({ token }) => token)]);
    expect(tokens).toContainEqual([SPIKE_ROW, ['encode']]);
    expect(tokens).toContainEqual([SPIKE_ROW - 1, ['new']]);
  });

  test('time without frames is told, unless a slow frame explains it', () => {
    const quick = { parts: [], total: 3000, flags: 0, outcome: 0, worst: -1 };
    const strip = stripOf([quick, quick, { ...quick, total: 90_000 }, quick]);
    const later = [0, 500, 508, 600];
    const model = stripModel({ ...strip, atMs: Float64Array.from(later) }, PARTS, 8333.3, 6);
    expect(model.holes).toEqual([{ before: 1, ms: 500 }]);
  });

  test('times stand a round number of frames apart; the nearest frame is found', () => {
    const frames = Array.from({ length: 100 }, () => ({
      ...{ parts: [], total: 1000, flags: 0, outcome: 0, worst: -1 },
    }));
    const model = stripModel({ ...stripOf(frames), firstRow: 7 }, PARTS, 8333.3, 6);
    expect(timedPlaces(model, 110)).toEqual([13, 33, 53, 73, 93]);
    expect(slotsIn(1000, 6)).toBe(166);
    expect(nearestPlace([1, 5, 9], 6.9)).toBe(1);
    expect(nearestPlace([], 1)).toBeUndefined();
  });
});

describe('words of a frame', () => {
  const sent: FrameFacts = {
    ...{ row: 5, atMs: 40, outcome: 'sent', flags: 0, totalUs: 4000, parts: [] },
    columns: { bytes: 41_234, data_packets: 30, parity_packets: 6, queue_depth: 1 },
  };

  test('tell what is known and leave out what is not', () => {
    expect(factsOf(sent, en)).toEqual([
      ...['New frame', '41.2 KB', '36 packets', '6 of them parity', 'queue 1'],
    ]);
    expect(endingOf(sent, en)).toBeUndefined();
    expect(factsOf({ ...sent, columns: {} }, de)).toEqual(['Neues Bild']);
  });

  test('tell how it ended and what was refused', () => {
    const refused: FrameFacts = {
      ...sent,
      outcome: 'send_deadline',
      flags: frameFlags.repeat | frameFlags.refusedNoRoom | frameFlags.afterInvalidation,
      columns: { source_age_us: 1500, qp: 28, frame_index: 70_392, send_refused: 3 },
    };
    expect(endingOf(refused, en)).toBe('Dropped while sending: no room until the deadline');
    expect(factsOf(refused, en)).toEqual([
      'Repeat: the source had nothing new',
      'picture 1.50 ms old at capture',
      'QP 28',
      'no. 70,392 on the wire',
      '3 datagrams refused by this machine’s socket',
      'refers only to frames before the lost ones',
      'no room in the socket until the deadline',
    ]);
    expect(endingOf({ ...sent, outcome: 'unknown' }, de)).toContain('diese Version');
  });
});

describe('numbers', () => {
  test('times of frames have hundredths or thousandths', () => {
    expect(fineClock(en, 586_592.4, 2)).toBe('09:46.59');
    expect(fineClock(de, 586_592.4, 3)).toBe('09:46,592');
    expect(fineClock(en, 59_999.999, 2)).toBe('00:59.99');
    expect(fineClock(en, 3_600_007, 3)).toBe('1:00:00.007');
    expect(fineClock(en, undefined, 2)).toBe('–');
  });

  test('a share is none or all only when it is', () => {
    expect([0, 0.000_01, 0.004, 0.944, 0.999_9, 1].map((share) => percentOf(en, share))).toEqual([
      ...['0%', '0.1%', '0.4%', '94%', '99.9%', '100%'],
    ]);
    expect(percentOf(de, 0.944)).toBe('94\u00a0%');
    expect(percentOf(en, undefined)).toBe('–');
  });
});

function reviewOf(capture: Parameters<typeof Review.open>[0], bytes: Uint8Array): Review {
  const opening = Review.open(capture, bytes);
  for (;;) {
    const { done, value } = opening.next();
    if (done === true) return value;
  }
}

function stripOf(
  frames: readonly {
    readonly parts: readonly number[];
    readonly total: number;
    readonly flags: number;
    readonly outcome: number;
    readonly worst: number;
  }[],
): Strip {
  return {
    firstRow: 0,
    atMs: Float64Array.from(frames, (_, i) => (i * 1000) / 120),
    totalUs: Int32Array.from(frames, ({ total }) => total),
    partUs: PARTS.map((_, part) => Int32Array.from(frames, ({ parts }) => parts[part] ?? ABSENT)),
    flags: Int32Array.from(frames, ({ flags }) => flags),
    outcome: Int8Array.from(frames, ({ outcome }) => outcome),
    worstPart: Int8Array.from(frames, ({ worst }) => worst),
  };
}
