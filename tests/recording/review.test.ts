// What the review page is made of, against the plain way of finding the same: sorting, and looking at every frame.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { StatsSample } from '../../contract/stats.ts';
import { ABSENT, boundaryColumns, FrameBatch, frameFlags } from '../../recording/src/frames.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { findingsOf } from '../../recording/src/review/findings.ts';
import { type FrameTable, readTables } from '../../recording/src/review/frame-table.ts';
import { nextOutlier, outliersOf } from '../../recording/src/review/outliers.ts';
import { KnownColumns, overviewOf, widthFor } from '../../recording/src/review/overview.ts';
import { rangeDetail as detailOf, TotalCounts } from '../../recording/src/review/range-detail.ts';
import { Review, type ReviewedCapture } from '../../recording/src/review/review.ts';
import { FrameSpans } from '../../recording/src/stages.ts';
import { isDropped } from '../../recording/src/windows.ts';
import { frameBytes, openBytes } from '../support/frames-files.ts';
import { randomFrom, syntheticFrames } from '../support/synthetic-frames.ts';

const gamestream = { sessionId: 1, kind: 'gamestream', fps: 120 } as const;
const native = { sessionId: 2, kind: 'native', fps: 60 } as const;

/** Two sessions on both paths, cut into groups some of whose frames come late. */
function recording(seed: number): { readonly batch: FrameBatch; readonly tables: FrameTable[] } {
  const batch = FrameBatch.concat([
    syntheticFrames({ session: 1, fps: 120, seed, seconds: 20, dropped: 0.02 }),
    syntheticFrames({ session: 2, fps: 60, seed: seed + 1, seconds: 12, startUs: 5e6 }),
  ]);
  const random = randomFrom(seed);
  const groups = new Map<number, number[]>();
  for (let row = 0; row < batch.length; row += 1) {
    const late = random() < 0.02 ? 0.3e6 : 0;
    const group = Math.floor(((batch.grabbed_us[row] ?? 0) + late) / 1e6);
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  const parts = [...groups].sort(([a], [b]) => a - b).map(([, rows]) => batch.pick(rows));
  return { batch, tables: readTables(openBytes(frameBytes(...parts)), [gamestream, native]) };
}

/** A stream of one session; `change` makes rows of it worse. */
function stream(seconds: number, change: (batch: FrameBatch) => void = () => undefined) {
  const batch = syntheticFrames({ session: 1, fps: 120, seed: 5, seconds });
  change(batch);
  const [table] = readTables(openBytes(frameBytes(batch)), [gamestream]);
  if (table === undefined) throw new Error('no table');
  return { batch, table };
}

/** Delays a boundary and all after it. */
function delay(batch: FrameBatch, row: number, from: number, us: number): void {
  for (const name of boundaryColumns.slice(from)) {
    const at = batch.columns[name][row] ?? ABSENT;
    if (at !== ABSENT) batch.columns[name][row] = at + us;
  }
}
const ENCODED = 2;

/** With ranks found by sorting. */
function rangeDetail(
  table: FrameTable,
  query: { fromUs: number; toUs: number; frames: 'all' | 'new' },
) {
  const rank = (values: readonly number[], share: number): number | undefined =>
    values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(share * values.length - 1e-9)) - 1];
  const totals = plainValues(table, query, table.totalUs);
  const ranks = {
    totalP99Us: rank(totals, 0.99),
    partMedianUs: table.partUs.map((own) => rank(plainValues(table, query, own), 0.5) ?? ABSENT),
  };
  const counts = new TotalCounts(table);
  for (const us of totals) counts.take(us, 1);
  return detailOf(table, query, ranks, counts);
}

describe('frames of a session in memory', () => {
  const { batch, tables } = recording(3);

  test('hold every frame in order of time, with the parts that the recording’s own stages tell', () => {
    for (const table of tables) {
      const { sessionId, kind } = table.session;
      const rows = [...Array(batch.length).keys()]
        .filter((row) => batch.columns.session[row] === sessionId)
        .sort((a, b) => (batch.grabbed_us[a] ?? 0) - (batch.grabbed_us[b] ?? 0));
      expect(table.rows).toBe(rows.length);
      const spans = new FrameSpans(kind);
      const seen = rows.map((row) => {
        spans.read(batch, row);
        const parts = table.parts.map((name) => spans.values[spans.names.indexOf(name)]);
        return [batch.grabbed_us[row], spans.values[spans.names.indexOf('total')], ...parts];
      });
      const held = rows.map((_, i) => [
        table.grabbedUs[i],
        table.totalUs[i],
        ...table.partUs.map((column) => column[i]),
      ]);
      expect(held).toEqual(seen);
      expect([...table.flags]).toEqual(rows.map((row) => batch.columns.flags[row] ?? 0));
      expect([...table.outcome]).toEqual(rows.map((row) => batch.columns.outcome[row] ?? 0));
    }
  });

  test('say where in the file a frame lies', () => {
    const file = openBytes(frameBytes(batch.pick([0, 1, 2]), batch.pick([3, 4, 5])));
    const [table] = readTables(file, [gamestream]);
    expect([...(table?.fileRow ?? [])]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('find the first frame at a time', () => {
    const [table] = tables;
    if (table === undefined) throw new Error('no table');
    for (const us of [-1, 0, 1e6, 7.3e6, 1e9]) {
      const plain = table.grabbedUs.findIndex((at) => at >= us);
      expect(table.rowAt(us)).toBe(plain < 0 ? table.rows : plain);
    }
  });
});

describe('the overview', () => {
  const { tables } = recording(11);

  test('tells of each column what sorting its frames tells', () => {
    const views = fc.record({
      table: fc.constantFrom(...tables),
      from: fc.integer({ min: 0, max: 20e6 }),
      span: fc.integer({ min: 50_000, max: 22e6 }),
      most: fc.integer({ min: 2, max: 700 }),
      frames: fc.constantFrom('all', 'new'),
    });
    fc.assert(
      fc.property(views, ({ table, from, span, most, frames }) => {
        const query = { fromUs: from, toUs: from + span, most, frames } as const;
        const overview = overviewOf(table, query);
        expect(overview.count).toBeLessThanOrEqual(Math.max(2, most) + 1);
        expect(overview.fromUs).toBeLessThanOrEqual(from);
        expect(overview.fromUs + overview.count * overview.widthUs).toBeGreaterThanOrEqual(
          from + span,
        );
        for (let column = 0; column < overview.count; column += 1) {
          expect(columnOf(overview, column)).toEqual(plainColumn(table, overview, column, frames));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('shows one bad frame of a quarter of an hour, by the part that was slow', () => {
    const { table } = stream(900, (batch) => delay(batch, 70_391, ENCODED, 80_000));
    for (const most of [40, 300, 1900]) {
      const overview = overviewOf(table, { fromUs: 0, toUs: 900e6, most, frames: 'all' });
      const at = overview.worstRow.indexOf(70_391);
      expect(at).toBeGreaterThanOrEqual(0);
      expect(overview.maxUs[at]).toBeGreaterThan(80_000);
      expect(table.parts[overview.worstPart[at] ?? 0]).toBe('encode');
    }
  });

  test('keeps its columns when the view moves', () => {
    const [table] = tables;
    if (table === undefined) throw new Error('no table');
    const here = overviewOf(table, { fromUs: 2e6, toUs: 8e6, most: 200, frames: 'all' });
    const there = overviewOf(table, { fromUs: 2.7e6, toUs: 8.7e6, most: 200, frames: 'all' });
    expect(there.widthUs).toBe(here.widthUs);
    const shift = (there.fromUs - here.fromUs) / here.widthUs;
    expect(Number.isInteger(shift)).toBe(true);
    expect([...there.p99Us.subarray(0, 100)]).toEqual([...here.p99Us.subarray(shift, shift + 100)]);
  });

  test('is never so fine that a steady stream has holes', () => {
    expect(widthFor(100_000, 1000, 60)).toBeGreaterThanOrEqual(25_000);
    const [table] = tables;
    if (table === undefined) throw new Error('no table');
    const { frames } = overviewOf(table, { fromUs: 1e6, toUs: 3e6, most: 5000, frames: 'all' });
    expect(frames.every((n) => n > 0)).toBe(true);
  });
});

describe('columns that are kept', () => {
  test('are those that would be made anew, wherever a view moves', () => {
    const { tables } = recording(23);
    for (const table of tables) {
      const known = new KnownColumns(table);
      const random = randomFrom(3);
      for (let step = 0; step < 40; step += 1) {
        const fromUs = Math.round(random() * 12e6);
        const query = {
          fromUs,
          toUs: fromUs + 4 ** (step % 3) * 1e6,
          most: step % 2 === 0 ? 40 : 300,
          frames: step % 5 === 0 ? 'new' : 'all',
        } as const;
        expect(overviewOf(table, query, known)).toEqual(overviewOf(table, query));
      }
    }
  });
});

describe('a range', () => {
  const { tables } = recording(17);

  test('has a histogram that holds each frame once, between its edges', () => {
    for (const table of tables) {
      for (const frames of ['all', 'new'] as const) {
        const query = { fromUs: 6e6, toUs: 9e6, frames };
        const { count, histogram } = rangeDetail(table, query);
        const totals = plainValues(table, query, table.totalUs);
        expect(count).toBe(totals.length);
        const { edgesUs, counts } = histogram;
        const plain = counts.map((_, i) => {
          const [low = 0, high = 0] = edgesUs.slice(i, i + 2);
          return totals.filter((us) => us >= low - 1e-6 && us < high - 1e-6).length;
        });
        expect([...counts]).toEqual(plain);
      }
    }
  });

  test('says whose time the slow frames had', () => {
    const { table } = stream(20, (batch) => {
      for (let row = 600; row < 640; row += 1) delay(batch, row, ENCODED, 40_000);
    });
    const { excess, late } = rangeDetail(table, { fromUs: 0, toUs: 20e6, frames: 'all' });
    expect(late).toBeGreaterThanOrEqual(40);
    expect(excess?.frames).toBe(Math.floor(2400 * 0.01) + 1);
    const encode = excess?.parts.find(({ name }) => name === 'encode');
    expect(encode?.share).toBeGreaterThan(0.95);
    const shares = excess?.parts.map(({ share }) => share ?? 0) ?? [];
    expect(shares.reduce((sum, own) => sum + own, 0)).toBeCloseTo(1, 9);
  });

  test('without a frame has no figure', () => {
    const [table] = tables;
    if (table === undefined) throw new Error('no table');
    const none = rangeDetail(table, { fromUs: 90e6, toUs: 91e6, frames: 'all' });
    expect(none).toEqual({
      count: 0,
      late: 0,
      histogram: { edgesUs: [], counts: [] },
      excess: undefined,
    });
  });
});

describe('outliers', () => {
  test('are the frames that stand out, each neighbourhood by its worst, forwards and back', () => {
    const { table } = stream(60, (batch) => {
      delay(batch, 1000, ENCODED, 80_000);
      delay(batch, 1002, ENCODED, 90_000);
      delay(batch, 5000, 0, 60_000);
      delay(batch, 7000, 6, 60_000);
    });
    const outliers = outliersOf(table);
    expect(outliers.map(({ row }) => row)).toEqual([1002, 5000, 7000]);
    const first = nextOutlier(outliers, 0, 1);
    expect(first?.row).toBe(1002);
    expect(nextOutlier(outliers, first?.atUs ?? 0, 1)?.row).toBe(5000);
    expect(nextOutlier(outliers, Number.POSITIVE_INFINITY, -1)?.row).toBe(7000);
    expect(nextOutlier(outliers, first?.atUs ?? 0, -1)).toBeUndefined();
  });

  test('hold frames that were dropped', () => {
    const { table } = stream(20, (batch) => drop(batch, 700));
    expect(outliersOf(table).map(({ row }) => row)).toEqual([700]);
  });

  test('hold a spike that frames were dropped around, and the dropped ones too', () => {
    const { table } = stream(20, (batch) => {
      delay(batch, 700, ENCODED, 80_000);
      for (const row of [698, 703, 704, 705, 709]) drop(batch, row);
    });
    const [first, second, ...others] = outliersOf(table);
    expect(others).toEqual([]);
    expect([first?.row, second?.row]).toEqual([698, 700]);
    expect(first?.totalUs).toBe(ABSENT);
    expect(second?.totalUs).toBeGreaterThan(80_000);
  });

  test('are never far from a frame that stands out, of its kind and at least as bad; none is another’s neighbour', () => {
    const changes = fc.array(
      fc.record({
        row: fc.nat(1199),
        us: fc.integer({ min: 1000, max: 900_000 }),
        isDrop: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(changes, (made) => {
        const { table } = stream(10, (batch) => {
          for (const { row, us, isDrop } of made) {
            if (isDrop) drop(batch, row);
            else delay(batch, row, ENCODED, us);
          }
        });
        const outliers = outliersOf(table);
        const limitUs = Math.max(table.budgetUs, 2 * table.totalMedianUs);
        for (let row = 0; row < table.rows; row += 1) {
          const [atUs, us] = [table.grabbedUs[row] ?? 0, table.totalUs[row] ?? ABSENT];
          const isDrop = us === ABSENT && isDropped(table.outcome[row] ?? ABSENT);
          if (us <= limitUs && !isDrop) continue;
          const near = outliers.filter(
            (one) => Math.abs(one.atUs - atUs) <= 100_000 && (one.totalUs === ABSENT) === isDrop,
          );
          expect(near.some(({ totalUs }) => totalUs >= us)).toBe(true);
        }
        const kinds = [true, false].map((isDrop) =>
          outliers.filter(({ totalUs }) => (totalUs === ABSENT) === isDrop),
        );
        for (const kind of kinds) {
          for (const [i, one] of kind.entries()) {
            const next = kind[i + 1];
            if (next !== undefined) expect(next.atUs - one.atUs).toBeGreaterThan(100_000);
          }
        }
        expect(outliers.map(({ atUs }) => atUs)).toEqual(
          outliers.map(({ atUs }) => atUs).toSorted((a, b) => a - b),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('a review of a recording', () => {
  const batch = syntheticFrames({ session: 1, fps: 120, seed: 9, seconds: 30 });
  for (let row = 1000; row < 1100; row += 1) delay(batch, row, ENCODED, 30_000);
  const half = Array.from({ length: 1800 }, (_, i) => i);
  const bytes = frameBytes(batch.pick(half), batch.pick(half.map((i) => i + 1800)));
  const capture = { ...seeded('2026-06-26T20-14-03Z_1920x1080'), samples: windows(30, {}) };
  const review = opened(capture, bytes);

  test('has the digits of the recording’s own figures, for any range', () => {
    const file = openBytes(bytes);
    const plain = new RangeFigures(file, [gamestream]);
    for (const frames of ['all', 'new'] as const) {
      const range = { session: 1, fromMs: 5000, toMs: 12_000, frames };
      const figures = review.figures(range);
      const query = { session: 1, from_ms: 5000, to_ms: 12_000, frames };
      expect(figures?.quantiles).toEqual(plain.quantiles(query));
      const ranks = { fromUs: 5e6, toUs: 12e6, frames };
      const [table] = readTables(file, [gamestream]);
      if (table === undefined) throw new Error('no table');
      expect(figures?.detail).toEqual(rangeDetail(table, ranks));
    }
  });

  test('shows single frames with all that the file knows of them', () => {
    const strip = review.strip(1, 10_000, 40);
    expect(strip?.totalUs.length).toBe(40);
    const row = (strip?.firstRow ?? 0) + 20;
    expect(row).toBe(batch.grabbed_us.findIndex((us) => us >= 10e6));
    const frame = review.frame(1, row);
    expect(frame?.columns.bytes).toBe(batch.columns.bytes[row] ?? 0);
    expect(frame?.columns.grabbed_us).toBe(batch.grabbed_us[row] ?? 0);
    expect(frame?.totalUs).toBe(strip?.totalUs[20] ?? 0);
    const later = review.frame(1, 3000);
    expect(later?.columns.frame_index).toBe(batch.columns.frame_index[3000] ?? 0);
    expect(review.frame(1, 3600)).toBeUndefined();
  });

  test('keeps a strip within the recording', () => {
    expect(review.strip(1, 0, 40)?.firstRow).toBe(0);
    expect(review.strip(1, 1e9, 40)?.firstRow).toBe(3560);
    expect(review.strip(1, 0, 10_000)?.totalUs.length).toBe(3600);
  });

  test('says what it reviews', () => {
    expect(review.sessions()).toMatchObject([{ sessionId: 1, rows: 3600, kind: 'gamestream' }]);
    expect(review.findings(1).findings).toMatchObject([{ kind: 'slow', part: 'encode' }]);
    expect(review.outliers(1).length).toBeGreaterThan(0);
  });

  test('of a recording without frames tells what windows tell, and nothing else', () => {
    const lost = windows(60, { 10: 3 }, { packets_dropped: 166 });
    const blind = opened({ ...capture, samples: lost }, undefined);
    expect(blind.findings(1).findings).toMatchObject([{ kind: 'loss' }]);
    const range = { session: 1, fromMs: 0, toMs: 1e4, frames: 'all' } as const;
    expect([blind.overview(range, 100), blind.figures(range), blind.strip(1, 0, 10)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(blind.sessions()).toMatchObject([{ rows: 0, medianUs: undefined }]);
  });
});

function opened(capture: ReviewedCapture, bytes: Uint8Array | undefined): Review {
  const opening = Review.open(capture, bytes);
  for (;;) {
    const { done, value } = opening.next();
    if (done === true) return value;
    expect(value).toBeLessThanOrEqual(1);
  }
}

function seeded(id: string): ReviewedCapture {
  return {
    meta: {
      ...{ id, started_unix_ms: 0, duration_ms: 30_000, kind: 'gamestream', width: 1920 },
      ...{ height: 1080, fps: 120, codec: 'h264', client: '10.0.0.9', sample_count: 30 },
    },
    samples: [],
  };
}

describe('findings', () => {
  const about = { sessionId: 1, fps: 120, samples: [], events: [] };

  test('name the stage of a burst of slow frames, and how many late frames lie elsewhere', () => {
    const { table } = stream(120, (batch) => {
      for (let row = 4800; row < 5200; row += 40) delay(batch, row, ENCODED, 70_000);
      delay(batch, 12_000, ENCODED, 5000);
    });
    const { findings, late, lateOutside } = findingsOf({ ...about, table });
    const [worst, ...others] = findings;
    expect(others).toEqual([]);
    if (worst?.kind !== 'slow') throw new Error(`found ${worst?.kind}`);
    expect(worst).toMatchObject({ part: 'encode', certainty: 'certain', late: 10, dropped: 0 });
    expect(worst.partWorstUs).toBeGreaterThan(70_000);
    expect(worst.fromMs).toBeCloseTo((table.grabbedUs[4800] ?? 0) / 1000, 3);
    expect(late).toBe(10 + lateOutside);
  });

  test('name the stage that is slow from end to end', () => {
    const { table } = stream(20, (batch) => {
      for (let row = 0; row < batch.length; row += 1) delay(batch, row, ENCODED, (row % 7) * 2000);
    });
    const [worst] = findingsOf({ ...about, table }).findings;
    expect(worst).toMatchObject({ kind: 'slow', part: 'encode' });
    expect((worst?.toMs ?? 0) - (worst?.fromMs ?? 0)).toBeGreaterThan(19_000);
  });

  test('of a clean stream there are none', () => {
    const { table } = stream(60);
    expect(findingsOf({ ...about, table, samples: windows(60, {}) }).findings).toEqual([]);
  });

  test('tell dropped frames without late ones', () => {
    const { table } = stream(20, (batch) => {
      for (let row = 700; row < 706; row += 1) drop(batch, row);
    });
    const [found] = findingsOf({ ...about, table }).findings;
    expect(found).toMatchObject({
      kind: 'dropped',
      dropped: 6,
      certainty: 'certain',
      firstRow: 700,
    });
  });

  test('tell a source that brings too few pictures, and no still screen', () => {
    const starved = windows(60, { 20: 12 }, { fps: 63, repeat_fps: 57 });
    const [found, ...others] = findingsOf({
      ...about,
      table: undefined,
      samples: starved,
    }).findings;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ kind: 'starved', fromMs: 19_000, toMs: 31_000, repeated: 684 });
    const still = windows(60, { 20: 12 }, { fps: 0, repeat_fps: 120 });
    expect(findingsOf({ ...about, table: undefined, samples: still }).findings).toEqual([]);
  });

  test('tell losses with what this machine refused itself, or that nobody counted that', () => {
    const lost = windows(60, { 10: 3 }, { packets_dropped: 166 });
    const { findings } = findingsOf({ ...about, table: undefined, samples: lost });
    expect(findings).toMatchObject([
      { kind: 'loss', packetsLost: 498, fromMs: 9000, toMs: 12_000 },
    ]);
    expect(findings[0]).toMatchObject({ sendRefused: undefined });
    const both = windows(60, { 10: 3 }, { packets_dropped: 166, send_dropped: 4 });
    const [own] = findingsOf({ ...about, table: undefined, samples: both }).findings;
    expect(own).toMatchObject({ sendRefused: 12 });
  });

  test('tell holes, and a freeze once', () => {
    const { table } = stream(20, (batch) => delay(batch, 1200, ENCODED, 700_000));
    const freeze = { t_ms: 10_050, session_id: 1, kind: 'freeze', detail: { ms: 600 } };
    const asleep = { t_ms: 15_000, kind: 'suspended', detail: { ms: 3000 } };
    const elsewhere = { t_ms: 16_000, session_id: 7, kind: 'freeze', detail: { ms: 900 } };
    const { findings } = findingsOf({ ...about, table, events: [freeze, asleep, elsewhere] });
    expect(findings.map(({ kind }) => kind)).toEqual(['slow', 'suspended']);
    expect(findings[1]).toMatchObject({ fromMs: 15_000, toMs: 15_001, lengthMs: 3000 });
  });
});

function drop(batch: FrameBatch, row: number): void {
  for (const name of boundaryColumns.slice(4)) batch.columns[name][row] = ABSENT;
  batch.columns.outcome[row] = 1;
}

/** One window a second; from second `n` on, so many of them are changed. */
function windows(
  seconds: number,
  where: Readonly<Record<number, number>>,
  change: Partial<StatsSample> = {},
): StatsSample[] {
  return Array.from({ length: seconds }, (_, i) => {
    const [from, length] = Object.entries(where)[0] ?? [0, 0];
    const isChanged = i + 1 >= Number(from) && i + 1 < Number(from) + length;
    const usual = { stages: [], fps: 120, repeat_fps: 0, mbps: 30, bitrate_kbps: 30_000 };
    const sample = { ...usual, t_ms: (i + 1) * 1000, session_id: 1, window_ms: 1000 };
    return isChanged ? { ...sample, ...change } : sample;
  });
}

type Overview = ReturnType<typeof overviewOf>;

function columnOf(overview: Overview, column: number) {
  return {
    frames: overview.frames[column],
    repeated: overview.repeated[column],
    dropped: overview.dropped[column],
    late: overview.late[column],
    p50: overview.p50Us[column],
    p99: overview.p99Us[column],
    max: overview.maxUs[column],
    worstRow: overview.worstRow[column],
    atP50: overview.atP50.map((part) => part[column]),
    atP99: overview.atP99.map((part) => part[column]),
  };
}

/** The same by sorting. */
function plainColumn(table: FrameTable, overview: Overview, column: number, frames: 'all' | 'new') {
  const from = overview.fromUs + column * overview.widthUs;
  const rows = [...Array(table.rows).keys()].filter((row) => {
    const at = table.grabbedUs[row] ?? 0;
    return at >= from && at < from + overview.widthUs;
  });
  const isRepeat = (row: number): boolean => ((table.flags[row] ?? 0) & frameFlags.repeat) !== 0;
  const total = (row: number): number => table.totalUs[row] ?? ABSENT;
  const known = rows.filter((row) => total(row) !== ABSENT && (frames === 'all' || !isRepeat(row)));
  const sorted = known.map(total).sort((a, b) => a - b);
  const rank = (share: number): number =>
    sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] ?? ABSENT;
  const mean = (least: number, most: number): number[] =>
    table.partUs.map((own) => {
      const values = known
        .filter((row) => total(row) >= least && total(row) <= most)
        .flatMap((row) => (own[row] === ABSENT ? [] : (own[row] ?? 0)));
      const sum = values.reduce((all, us) => all + us, 0);
      return values.length === 0 ? ABSENT : Math.round(sum / values.length);
    });
  return {
    frames: rows.length,
    repeated: rows.filter(isRepeat).length,
    dropped: rows.filter((row) => isDropped(table.outcome[row] ?? 0)).length,
    late: rows.filter((row) => total(row) > table.budgetUs).length,
    p50: rank(0.5),
    p99: rank(0.99),
    max: sorted.at(-1) ?? ABSENT,
    worstRow: known.find((row) => total(row) === sorted.at(-1)) ?? ABSENT,
    atP50: mean(rank(0.4), rank(0.6)),
    atP99: mean(rank(0.99), Number.POSITIVE_INFINITY),
  };
}

function plainValues(
  table: FrameTable,
  { fromUs, toUs, frames }: { fromUs: number; toUs: number; frames: 'all' | 'new' },
  column: Int32Array,
): number[] {
  return [...column].filter((us, row) => {
    const at = table.grabbedUs[row] ?? 0;
    const isRepeat = ((table.flags[row] ?? 0) & frameFlags.repeat) !== 0;
    return us !== ABSENT && at >= fromUs && at < toUs && (frames === 'all' || !isRepeat);
  });
}
