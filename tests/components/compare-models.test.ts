// What a comparison rests on, without a browser: where runs lie, what differs, what of them is drawn.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Format } from '../../components/base/format.ts';
import { COLOURS } from '../../components/base/series-tokens.ts';
import {
  axisOf,
  commonMarkers,
  offsetsOf,
  type Placed,
  placeOf,
  shiftIn,
  shiftsOf,
  shiftText,
} from '../../components/pf-compare/alignment.ts';
import {
  columnAt,
  commonParts,
  ofOverview,
  ofWindows,
  peakOf,
  valueAt,
  worstIn,
  worstScaleFor,
  worstShare,
} from '../../components/pf-compare/columns.ts';
import {
  changeOf,
  differing,
  isAlike,
  runFigures,
  spreadOf,
  traitsOf,
  withinOf,
} from '../../components/pf-compare/differences.ts';
import { barsOf, type DrawnRun, pathsOf, placing } from '../../components/pf-compare/draw.ts';
import { RUN_COLOURS } from '../../components/pf-compare/look.ts';
import { signed } from '../../components/pf-compare/table-view.ts';
import {
  alikeText,
  axisClock,
  budgetLines,
  differenceText,
} from '../../components/pf-compare/telling.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { partsOf } from '../../recording/src/review/frame-table.ts';
import { Review } from '../../recording/src/review/review.ts';
import { contrast, difference, VISIONS } from '../support/colour-science.ts';
import {
  LATER_MS,
  LATER_SPIKE_ROW,
  LATER_SPIKE_US,
  MARKERS_MS,
  twoRuns,
} from '../support/compare-captures.ts';
import { openBytes } from '../support/frames-files.ts';
import { everyRecording } from '../support/seeded-recordings.ts';

const en = new Format('en');
const de = new Format('de');
const placed = (startMs: number, endMs: number, markers: Record<string, number> = {}): Placed => ({
  ...{ startMs, endMs, markers: new Map(Object.entries(markers)) },
});
const place = fc
  .tuple(fc.nat(1e7), fc.integer({ min: 1, max: 1e7 }), fc.option(fc.nat(1e7), { nil: undefined }))
  .map(([start, length, at]) =>
    placed(start / 7, start / 7 + length, at === undefined ? {} : { m: at / 3 }),
  );

describe('where runs lie', () => {
  test('by start, every stream begins where the first one does, whatever is missing', () => {
    const runs = fc.array(fc.option(place, { nil: undefined }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(runs, (all) => {
        const offsets = offsetsOf(all, { kind: 'start' });
        const first = all.find((run) => run !== undefined);
        for (const [i, run] of all.entries()) {
          if (run === undefined) expect(offsets[i]).toBe(0);
          else expect(run.startMs + (offsets[i] ?? 0)).toBeCloseTo(first?.startMs ?? 0, 2);
        }
        const axis = axisOf(all, offsets);
        expect(axis.fromMs).toBeLessThan(axis.toMs);
      }),
    );
  });

  test('by marker, the first marker of that text lies at one time; who has none stays at the start', () => {
    const runs = [
      placed(0, 9000, { boss: 3000 }),
      placed(500, 9000, { boss: 4200 }),
      placed(700, 9000),
    ];
    expect(offsetsOf(runs, { kind: 'marker', text: 'boss' })).toEqual([0, -1200, -700]);
    expect(commonMarkers(runs)).toEqual([]);
    expect(commonMarkers(runs.slice(0, 2))).toEqual(['boss']);
    expect(commonMarkers([runs[0], undefined, runs[1]])).toEqual(['boss']);
    expect(commonMarkers(runs.slice(0, 1))).toEqual([]);
  });

  test('by hand, a shift is what was said, and what is told back', () => {
    const shift = fc.integer({ min: -1e7, max: 1e7 });
    fc.assert(
      fc.property(fc.array(fc.tuple(place, shift), { minLength: 2, maxLength: 6 }), (all) => {
        const runs = all.map(([run]) => run);
        const shiftsMs = all.map(([, ms], i) => (i === 0 ? 0 : ms));
        const offsets = offsetsOf(runs, { kind: 'hand', shiftsMs });
        for (const [i, ms] of shiftsOf(runs, offsets).entries()) {
          expect(ms).toBeCloseTo(shiftsMs[i] ?? Number.NaN, 2);
        }
      }),
    );
  });

  test('a session begins with its first frame, else when it came, else with its first window', () => {
    const [, later] = twoRuns();
    expect(placeOf(later.capture, 1, 2003.25)).toMatchObject({ startMs: 2003.25, endMs: 17_500 });
    expect(placeOf(later.capture, 1, undefined).startMs).toBe(1500);
    const old = everyRecording().find(({ sessions }) => sessions === undefined);
    if (old === undefined) throw new Error('one recording is of the first format');
    const first = old.samples[0];
    expect(placeOf(old, first?.session_id, undefined).startMs).toBe(
      Math.max(0, (first?.t_ms ?? 0) - (first?.window_ms ?? 1000)),
    );
  });

  test('a shift is read as it is written, in both languages', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e8, max: 1e8 }), fc.constantFrom('.', ','), (ms, point) => {
        expect(shiftIn(shiftText(ms, point))).toBe(ms);
      }),
    );
    expect(shiftText(1234, '.')).toBe('+1.234');
    expect(shiftText(-50, ',')).toBe('−0,050');
    expect(shiftIn(' -2,5 s ')).toBe(-2500);
    expect(shiftIn('.5')).toBe(500);
    for (const bad of ['', 'x', '1.2.3', '+', '1e5', '- 1 2', '.', 'Infinity', '1:20']) {
      expect([bad, shiftIn(bad)]).toEqual([bad, undefined]);
    }
  });

  test('before the first one began, the axis counts down', () => {
    expect([-61_000, -500, 0, 61_000].map((ms) => axisClock(ms, en))).toEqual([
      '−01:01',
      '−00:01',
      '00:00',
      '01:01',
    ]);
  });
});

describe('what differs', () => {
  const [before, after] = twoRuns().map(({ capture }) => traitsOf(capture, 1));
  if (before === undefined || after === undefined) throw new Error('there are two');

  test('is named, with whose it is; what is equal or unknown is not', () => {
    expect(differing([before, after])).toEqual(['encoder', 'bitrateKbps']);
    expect(differing([before, { ...before, encoder: undefined }])).toEqual([]);
    expect(differing([before])).toEqual([]);
    expect(differenceText([before, after], en)).toBe(
      'What was different: encoder (A vaapi, B openh264); bitrate (A 30.0\u00a0Mb/s, B 20.0\u00a0Mb/s).',
    );
    expect(differenceText([before, undefined, after, before], de)).toBe(
      'Das war verschieden: Encoder (A D vaapi, C openh264); Bitrate (A D 30,0\u00a0Mb/s, C 20,0\u00a0Mb/s).',
    );
    expect(differenceText([before, before], en)).toStartWith('They differ in nothing');
    expect(differenceText([before, undefined], en)).toBe('');
  });

  test('a mode is told in words, and one nobody knows is no mode', () => {
    const other = { ...before, mode: '1280x720@60', path: undefined, app: 'x' };
    expect(differenceText([before, other, { ...before, mode: undefined }], en)).toBe(
      'What was different: mode (A 1920\u00a0×\u00a01080, 120\u00a0Hz, B 1280\u00a0×\u00a0720, 60\u00a0Hz, C not told).',
    );
  });

  test('a sign stands before every difference that is one', () => {
    const ms = (size: number | undefined): string => en.ms(size);
    expect([1.234, -0.4, 0, 0.001, -0.001].map((by) => signed(by, ms))).toEqual([
      '+1.23',
      '−0.40',
      '0.00',
      '0.00',
      '0.00',
    ]);
    expect(signed(undefined, ms)).toBe('');
    expect(changeOf(8, 10)).toEqual({ by: 2, share: 0.25 });
    expect(changeOf(0, 3)).toEqual({ by: 3, share: undefined });
    expect(changeOf(undefined, 3)).toBeUndefined();
  });

  test('a budget is told once, with whose it is where there are several', () => {
    expect(budgetLines([8, 8, undefined], en)).toEqual([{ ms: 8, text: 'Budget 8.00\u00a0ms' }]);
    expect(budgetLines([8, 16, 8], en).map(({ text }) => text)).toEqual([
      'Budget AC 8.00\u00a0ms',
      'Budget B 16.0\u00a0ms',
    ]);
  });
});

describe('figures of a run', () => {
  const [, { capture, bytes }] = twoRuns();
  const range = { fromMs: 5000, toMs: 9000 };
  const exact = new RangeFigures(openBytes(bytes), [
    { sessionId: 1, kind: 'gamestream', fps: 120 },
  ]);
  const quantiles = exact.quantiles({ session: 1, from_ms: range.fromMs, to_ms: range.toMs });

  const parts = partsOf('gamestream');
  const known = { quantiles, samples: [], parts, spread: undefined };

  test('are those of the recording, and rates over what of the session lies in the range', () => {
    const told = runFigures({ ...known, part: 'encode', within: range });
    const encode = quantiles.stages.find(({ name }) => name === 'encode');
    expect(told.ms).toEqual(
      ['p50', 'p90', 'p95', 'p99', 'p99.9']
        .map((name) => (encode?.quantiles_us[name] ?? Number.NaN) / 1000)
        .concat((encode?.max_us ?? Number.NaN) / 1000),
    );
    expect(told).toMatchObject({ count: encode?.count, fps: quantiles.new / 4, lost: undefined });
    expect(told.mbps).toBeCloseTo((quantiles.bytes * 8) / 4e6, 9);
    // A finer span has the name of a stage that only the other path has.
    expect(quantiles.stages.map(({ name }) => name)).toContain('submit');
    const absent = runFigures({ ...known, part: 'submit', within: range });
    expect(absent.ms.every((ms) => ms === undefined)).toBe(true);
    const none = runFigures({ ...known, part: 'total', within: undefined });
    expect([none.fps, none.mbps]).toEqual([undefined, undefined]);
  });

  test('without frames, windows tell rates and counters, and no quantile', () => {
    const [long] = everyRecording();
    const samples = long?.samples.slice(0, 10) ?? [];
    const within = { fromMs: 0, toMs: 10_000 };
    const told = runFigures({
      quantiles: undefined,
      samples,
      parts,
      part: 'total',
      spread: undefined,
      within,
    });
    expect([told.count, ...told.ms].every((value) => value === undefined)).toBe(true);
    expect(told.fps).toBeGreaterThan(0);
    expect(told.lost).toBe(
      samples.some(({ packets_dropped }) => packets_dropped !== undefined)
        ? samples.reduce((sum, one) => sum + (one.packets_dropped ?? 0), 0)
        : undefined,
    );
  });

  test('differ only beyond what each run does by itself', () => {
    const review = opened(twoRuns()[1]);
    const asked = { session: 1, fromMs: 2000, toMs: 17_000, frames: 'all' } as const;
    const stretches = review.overview(asked, 12);
    const total = review.figures(asked)?.quantiles;
    if (stretches === undefined || total === undefined) throw new Error('it has frames');
    const spread = spreadOf(stretches);
    const own = runFigures({ ...known, quantiles: total, part: 'total', spread, within: range });
    for (const [name, at] of [
      ['p50', 0],
      ['p99', 3],
    ] as const) {
      const [least, most] = spread?.[name] ?? [0, 0];
      expect(own.ms[at]).toBeGreaterThanOrEqual(least);
      expect(own.ms[at]).toBeLessThanOrEqual(most);
      expect(isAlike(name, own, own)).toBe(true);
      expect(isAlike(name, own, { ...own, ms: own.ms.map((ms = 0) => ms + most) })).toBe(false);
      expect(isAlike(name, own, { ...own, spread: undefined })).toBe(false);
    }
    const encode = runFigures({ ...known, part: 'encode', spread, within: range });
    expect(encode.spread).toBeUndefined();
    // Half a second is no run with stretches.
    const short = review.overview({ ...asked, toMs: 2500 }, 12);
    expect(short === undefined ? 0 : spreadOf(short)).toBeUndefined();
    const slow = { ...own, ms: own.ms.map((ms = 0) => 10 * ms) };
    expect(alikeText([own, own, slow], 0, en)).toStartWith(
      'No difference beyond the runs’ own spread: p50 (B), p99 (B).',
    );
    expect(alikeText([slow, own], 0, en)).toBe('');
  });

  test('a range counts as far as the session reaches into it', () => {
    const at = placeOf(capture, 1, LATER_MS);
    expect(withinOf(at, 1000, undefined)).toEqual({ fromMs: 2000, toMs: 17_500 });
    expect(withinOf(at, 1000, { fromMs: 0, toMs: 5000 })).toEqual({ fromMs: 2000, toMs: 4000 });
    expect(withinOf(at, 1000, { fromMs: 0, toMs: 3000 })).toBeUndefined();
  });
});

describe('what is drawn', () => {
  const [, later] = twoRuns();
  const review = opened(later);
  const overview = review.overview({ session: 1, fromMs: 0, toMs: 18_000, frames: 'all' }, 300);
  const [facts] = review.sessions();
  const every = review.strip(1, 0, later.batch.length);
  if (overview === undefined || facts === undefined || every === undefined)
    throw new Error('it has frames');
  const columns = ofOverview(overview, facts.parts, 'total', 'p50');
  const spikeMs = (later.batch.grabbed_us[LATER_SPIKE_ROW] ?? 0) / 1000;

  test('the worst frame of the run is the worst of its column, and nowhere lost', () => {
    const peak = peakOf(columns);
    const worst = Math.max(...columns.worstMs);
    expect(peak?.ms).toBe(worst);
    expect(worst).toBeGreaterThan(LATER_SPIKE_US / 1000);
    expect(Math.abs((peak?.atMs ?? 0) - spikeMs)).toBeLessThanOrEqual(columns.widthMs);
    expect(worstIn(columns, 0, 18_000)).toBe(worst);
    expect(worstIn(columns, spikeMs, spikeMs + 0.001)).toBe(worst);
    expect(worstIn(undefined, 0, 1)).toBeUndefined();
  });

  test('a stage is what the frames at the quantile spent there; one the path has not is not drawn', () => {
    const encode = ofOverview(overview, facts.parts, 'encode', 'p99');
    const at = columnAt(encode, spikeMs);
    const column =
      Math.round((encode.fromMs[at] ?? 0) / columns.widthMs) - overview.fromUs / overview.widthUs;
    expect(encode.ms[at]).toBe(
      (overview.atP99[facts.parts.indexOf('encode')]?.[column] ?? 0) / 1000,
    );
    const submit = ofOverview(overview, facts.parts, 'submit', 'p50');
    expect(submit.ms.every(Number.isNaN)).toBe(true);
    expect(valueAt(submit, spikeMs)).toBeUndefined();
  });

  test('stages are compared within one path; across two, what both measure alike', () => {
    const [gamestream, native] = [partsOf('gamestream'), partsOf('native')];
    expect(commonParts([gamestream, gamestream])).toEqual(gamestream);
    expect(commonParts([native])).toEqual(native);
    expect(commonParts([gamestream, native])).toEqual(['capture', 'other']);
    expect(commonParts([])).toEqual([]);
  });

  test('before and after the run there is nothing, and nothing is drawn there', () => {
    expect([valueAt(columns, 0), valueAt(columns, 17_900), columnAt(columns, 1e9)]).toEqual([
      ...[undefined, undefined],
      -1,
    ]);
    const run = drawn(columns, -LATER_MS);
    const paint = { colour: String, fill: String, hatch: String, font: '', narrow: true };
    const at = placing({ range: { fromMs: -1000, toMs: 19_000 }, ticks: [], paint }, 1000, 100, 20);
    const xs = pathsOf(run, at)
      .flat()
      .map(([x]) => x);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(at.x(-100));
    expect(Math.max(...xs)).toBeLessThanOrEqual(at.x(15_200));
    const bars = barsOf(run, at);
    const spike = bars.find(([, , ms]) => ms === peakOf(columns)?.ms);
    expect(spike?.[0]).toBeLessThanOrEqual(at.x(spikeMs - LATER_MS));
    expect(bars.every(([from, to]) => to - from >= 1)).toBe(true);
  });

  test('however narrow the plot, no spike is lost: every column keeps its worst frame', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 0, max: 15_000 }),
        fc.integer({ min: 100, max: 18_000 }),
        (most, fromMs, length) => {
          const asked = { session: 1, fromMs, toMs: fromMs + length, frames: 'all' } as const;
          const found = review.overview(asked, most);
          if (found === undefined) throw new Error('it has frames');
          const made = ofOverview(found, facts.parts, 'total', 'p99');
          const from = (made.fromMs[0] ?? 0) * 1000;
          const to = (made.toMs.at(-1) ?? 0) * 1000;
          const all = [...every.totalUs].filter((_, row) => {
            const us = (every.atMs[row] ?? 0) * 1000;
            return us >= from && us < to;
          });
          const worst = made.worstMs.filter((ms) => !Number.isNaN(ms));
          expect(Math.round(Math.max(0, ...worst) * 1000)).toBe(Math.max(0, ...all));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('windows draw their own quantiles, and the worst frame where they tell it', () => {
    const [long] = everyRecording();
    const made = ofWindows(
      long?.samples ?? [],
      { fromMs: 0, toMs: 1_200_000 },
      300,
      'total',
      'p99',
    );
    const most = Math.max(...(long?.samples ?? []).map(({ total_p99_us = 0 }) => total_p99_us));
    expect(Math.max(...made.ms.filter((ms) => !Number.isNaN(ms)))).toBe(most / 1000);
    expect(made.worstMs.every(Number.isNaN)).toBe(true);
    expect(peakOf(made)?.ms).toBe(most / 1000);
    const told = (long?.samples ?? []).map((one, i) => ({ ...one, total_max_us: i * 1000 }));
    const newer = ofWindows(told, { fromMs: 0, toMs: 1_200_000 }, 300, 'total', 'p50');
    expect(worstIn(newer, 0, 1_200_000)).toBe(told.length - 1);
  });

  test('bars of worst frames rise from the smallest budget, on one scale for all', () => {
    const scale = worstScaleFor([columns], [16, 8, undefined]);
    expect(scale.baseMs).toBe(8);
    expect(worstShare(scale, 8)).toBe(0);
    expect(worstShare(scale, 100)).toBeCloseTo(1, 6);
    expect(worstShare(scale, 3)).toBe(0);
  });
});

describe.each(['light', 'dark', 'contrastLight', 'contrastDark'] as const)(
  'colours: %s',
  (theme) => {
    const runs = Object.values(RUN_COLOURS).map((colour) => colour[theme]);

    test('every run stands out from the surface', () => {
      const least = theme.startsWith('contrast') ? 4.5 : 3;
      for (const hex of runs) {
        expect([hex, contrast(hex, COLOURS.surface[theme]) >= least]).toEqual([hex, true]);
      }
    });

    test.each([...VISIONS])('runs keep apart, the first three most: %s', (vision) => {
      for (const [i, a] of runs.entries()) {
        for (const [j, b] of runs.entries()) {
          const least = i < 3 && j < 3 ? 18 : 14;
          if (i < j) expect([a, b, difference(a, b, vision) >= least]).toEqual([a, b, true]);
        }
      }
    });
  },
);

function opened({ capture, bytes }: ReturnType<typeof twoRuns>[number]): Review {
  const opening = Review.open(capture, bytes);
  for (;;) {
    const { done, value } = opening.next();
    if (done === true) return value;
  }
}

function drawn(columns: DrawnRun['columns'], offsetMs: number): DrawnRun {
  const look = { letter: 'B', colour: '', dash: [] };
  return { look, offsetMs, columns, place: undefined, budgetMs: 8.33, isHeld: true };
}

test('markers lie where they were put', () => {
  const runs = twoRuns().map(({ capture }) => placeOf(capture, 1, undefined));
  const offsets = offsetsOf(runs, { kind: 'marker', text: 'Boss fight' });
  expect(offsets).toEqual([0, MARKERS_MS[0] - MARKERS_MS[1]]);
});
