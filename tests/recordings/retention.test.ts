// What has to go by count, age and bytes: the plan on numbers, and the store that carries it out.
import { describe, expect, test } from 'bun:test';
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { LimitedSaver } from '../../host/src/recordings/limited-saver.ts';
import {
  hasRoom,
  type KeepLimits,
  NO_LIMITS,
  planRemovals,
  type Stock,
  type StoredRecording,
} from '../../host/src/recordings/retention.ts';
import type { RecordingId } from '../../recording/src/recording-id.ts';
import { fuzz } from '../support/fuzz.ts';
import { idOf, recordingNo, StoreFolder } from '../support/stored-recordings.ts';

const DAY_MS = 86_400_000;
const NOW = 1000 * DAY_MS;

const kept = (
  name: string,
  daysOld: number,
  more: Partial<StoredRecording> = {},
): StoredRecording => ({
  id: idOf(name),
  sinceUnixMs: NOW - daysOld * DAY_MS,
  startedUnixMs: NOW - daysOld * DAY_MS,
  bytes: 10,
  starred: false,
  ...more,
});

const stockOf = (recordings: readonly StoredRecording[], more: Partial<Stock> = {}): Stock => ({
  recordings,
  trash: [],
  otherBytes: 0,
  ...more,
});

const planned = (stock: Stock, limits: Partial<KeepLimits>, spared?: string): string[] =>
  planRemovals(
    stock,
    { ...NO_LIMITS, ...limits },
    NOW,
    spared === undefined ? undefined : idOf(spared),
  ).map(({ id, from, to, reason }) => `${from}/${id} → ${to}: ${reason}`);

describe('the plan', () => {
  const stock = stockOf([
    kept('new', 1),
    kept('star', 9, { starred: true }),
    kept('old', 8),
    kept('older', 30),
  ]);

  test('without limits nothing goes', () => {
    expect(planned(stock, {})).toEqual([]);
  });

  test('by count the oldest without a star go to the trash; stars do not count', () => {
    expect(planned(stock, { count: 3 })).toEqual([]);
    expect(planned(stock, { count: 1 })).toEqual([
      'captures/older → trash: more than 1 recordings without a star',
      'captures/old → trash: more than 1 recordings without a star',
    ]);
    expect(planned(stock, { count: 1 }, 'older')).toEqual([
      'captures/old → trash: more than 1 recordings without a star',
      'captures/new → trash: more than 1 recordings without a star',
    ]);
  });

  test('by age they are gone', () => {
    expect(planned(stock, { days: 8 })).toEqual([
      'captures/older → nowhere: older than 8 days',
      'captures/old → nowhere: older than 8 days',
    ]);
    expect(planned(stock, { days: 8 }, 'older')).toEqual([
      'captures/old → nowhere: older than 8 days',
    ]);
  });

  test('an old recording that came today is new', () => {
    const imported = stockOf([kept('imported', 0, { startedUnixMs: 0 }), kept('mine', 3)]);
    expect(planned(imported, { days: 2 })).toEqual(['captures/mine → nowhere: older than 2 days']);
    expect(planned(imported, { count: 1 })).toEqual([
      'captures/mine → trash: more than 1 recordings without a star',
    ]);
  });

  test('by bytes the trash goes first, oldest deletion first, then the oldest recordings', () => {
    const full = {
      ...stock,
      trash: [
        { id: idOf('t1'), deletedUnixMs: NOW - DAY_MS, bytes: 10 },
        { id: idOf('t2'), deletedUnixMs: NOW - 2 * DAY_MS, bytes: 10 },
      ],
    };
    expect(planned(full, { bytes: 60 })).toEqual([]);
    expect(planned(full, { bytes: 59 })).toEqual(['trash/t2 → nowhere: more than 59 bytes']);
    expect(planned(full, { bytes: 35 })).toEqual([
      'trash/t2 → nowhere: more than 35 bytes',
      'trash/t1 → nowhere: more than 35 bytes',
      'captures/older → nowhere: more than 35 bytes',
    ]);
    expect(planned(full, { bytes: 1 }, 'new').at(-1)).toBe(
      'captures/old → nowhere: more than 1 bytes',
    );
  });

  test('what went to the trash by count goes on when bytes are short', () => {
    expect(planned(stock, { count: 2, bytes: 30 })).toEqual([
      'captures/older → trash: more than 2 recordings without a star',
      'trash/older → nowhere: more than 30 bytes',
    ]);
  });

  test('damaged files count and stay', () => {
    expect(planned(stockOf([kept('a', 1)], { otherBytes: 100 }), { bytes: 50 })).toEqual([
      'captures/a → nowhere: more than 50 bytes',
    ]);
  });

  test('room for what nobody asked for: all that may go makes room', () => {
    const limits = { ...NO_LIMITS, bytes: 50 };
    const some = stockOf(
      [kept('a', 1, { bytes: 30 }), kept('b', 2, { bytes: 15, starred: true })],
      {
        trash: [{ id: idOf('t'), deletedUnixMs: NOW, bytes: 100 }],
        otherBytes: 5,
      },
    );
    expect(hasRoom(some, limits, 30)).toBe(true);
    expect(hasRoom(some, limits, 31)).toBe(false);
    expect(hasRoom(some, NO_LIMITS, 1e12)).toBe(true);
  });

  const name = fc.integer({ min: 0, max: 99_999 }).map((n) => idOf(`r${n}`));
  const recording: fc.Arbitrary<StoredRecording> = fc.record({
    id: name,
    sinceUnixMs: fc.integer({ min: NOW - 40 * DAY_MS, max: NOW + DAY_MS }),
    startedUnixMs: fc.integer({ min: 0, max: NOW }),
    bytes: fc.nat(1000),
    starred: fc.boolean(),
  });
  const stocks: fc.Arbitrary<Stock> = fc.record({
    recordings: fc.uniqueArray(recording, { selector: ({ id }) => id, maxLength: 30 }),
    trash: fc.uniqueArray(
      fc.record({
        id: name.map((id) => idOf(`t${id}`)),
        deletedUnixMs: fc.integer({ min: NOW - 10 * DAY_MS, max: NOW }),
        bytes: fc.nat(1000),
      }),
      { selector: ({ id }) => id, maxLength: 10 },
    ),
    otherBytes: fc.nat(500),
  });
  const limits: fc.Arbitrary<KeepLimits> = fc.record({
    count: fc.nat(12),
    days: fc.nat(20),
    bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 15_000 })),
  });

  fuzz(
    'keeps within every limit as far as stars and the one just saved allow, and takes no more than it must',
    fc.property(stocks, limits, fc.nat(), (stock, keep, pick) => {
      const spared = stock.recordings[pick % (stock.recordings.length + 1)]?.id;
      const plan = planRemovals(stock, keep, NOW, spared);
      const left = after(stock, plan);
      const untouchable = stock.recordings.filter((r) => r.starred || r.id === spared);
      for (const r of untouchable) expect(left.recordings).toContain(r);
      const mayGo = left.recordings.filter((r) => !untouchable.includes(r));
      for (const r of mayGo) {
        if (keep.days > 0) expect(NOW - r.sinceUnixMs).toBeLessThan(keep.days * DAY_MS);
      }
      const unstarred = left.recordings.filter((r) => !r.starred).length;
      if (keep.count > 0 && mayGo.length > 0) expect(unstarred).toBeLessThanOrEqual(keep.count);
      if (keep.bytes > 0 && left.bytes > keep.bytes) {
        expect(mayGo).toEqual([]);
        expect(left.trash).toEqual([]);
      }
      // Without its last step, a plan that bytes made would not do.
      const last = plan.at(-1);
      if (last?.reason.endsWith('bytes')) {
        expect(after(stock, plan.slice(0, -1)).bytes).toBeGreaterThan(keep.bytes);
      }
      // Nothing that stays is older than something that went by count or bytes.
      const wentLast = plan
        .filter(({ from, reason }) => from === 'captures' && !reason.startsWith('older'))
        .map(({ id }) => stock.recordings.find((r) => r.id === id)?.sinceUnixMs ?? 0);
      for (const r of mayGo) {
        expect(r.sinceUnixMs).toBeGreaterThanOrEqual(Math.max(0, ...wentLast));
      }
      expect(planRemovals(left, keep, NOW, spared)).toEqual([]);
    }),
  );
});

describe('the store', () => {
  test('removes the oldest when one is saved, never that one, and says why', () => {
    using folder = new StoreFolder();
    const store = folder.store({ keep: { count: 2, days: 0, bytes: 0 } });
    const ids = [1, 2, 3].map((n) => {
      const id = folder.put(recordingNo(n));
      aged(folder, id, 10 - n);
      store.saved(id);
      return id;
    });
    expect(store.list().metas.map(({ id }) => id)).toEqual(ids.slice(1).toReversed());
    expect(store.trash().map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect(folder.lines.filter(({ level }) => level === 'info')).toEqual([
      {
        level: 'info',
        message: 'a recording was removed',
        fields: {
          id: ids[0],
          from: 'captures',
          to: 'trash',
          reason: 'more than 2 recordings without a star',
        },
      },
    ]);
    // The oldest of all, but just saved.
    const oldest = folder.put(recordingNo(0));
    aged(folder, oldest, 100);
    store.saved(oldest);
    expect(store.has(oldest)).toBe(true);
    store.tidy(folder.nowUnixMs);
    expect(store.list().metas).toHaveLength(2);
  });

  test('keeps what is starred whatever the limits', () => {
    using folder = new StoreFolder();
    const store = folder.store({ keep: { count: 1, days: 1, bytes: 1 } });
    const ids = [1, 2, 3].map((n) => folder.put(recordingNo(n)));
    for (const id of ids) {
      aged(folder, id, 50);
      store.change(id, { starred: true });
    }
    store.tidy(folder.nowUnixMs);
    expect(store.list().metas).toHaveLength(3);
    expect(store.room(1)).toBe(false);
    store.change(ids[1] ?? idOf('x'), { starred: false });
    store.tidy(folder.nowUnixMs);
    expect(store.list().metas).toHaveLength(2);
    expect(store.trash()).toEqual([]);
  });

  test('counts every file of a recording and of the trash', () => {
    using folder = new StoreFolder();
    const [a = idOf('a'), b = idOf('b')] = [1, 2].map((n) => folder.put(recordingNo(n)));
    const size = (id: RecordingId): number =>
      ['.json', '.json.gz', '.frames.parquet'].reduce(
        (sum, suffix) => sum + statSync(join(folder.captures, `${id}${suffix}`)).size,
        0,
      );
    const bytes = size(a) + size(b);
    folder.store({ keep: { count: 0, days: 0, bytes } }).tidy(folder.nowUnixMs);
    folder.store({ keep: { count: 0, days: 0, bytes } }).remove(a);
    folder.store({ keep: { count: 0, days: 0, bytes } }).tidy(folder.nowUnixMs);
    expect(folder.store().trash()).toHaveLength(1);
    folder.store({ keep: { count: 0, days: 0, bytes: bytes - 1 } }).tidy(folder.nowUnixMs);
    expect(folder.store().trash()).toEqual([]);
    expect(folder.store().has(b)).toBe(true);
  });

  test('the black box saves nothing that has no room', () => {
    using folder = new StoreFolder();
    const id = folder.put(recordingNo(1));
    const store = folder.store({ keep: { count: 0, days: 0, bytes: 2000 } });
    store.change(id, { starred: true });
    const saved: string[] = [];
    const saver = new LimitedSaver(
      { freshStem: (ms) => String(ms), save: ({ meta }) => saved.push(meta.id) },
      (bytes) => store.room(bytes),
    );
    const { meta } = recordingNo(2);
    saver.save({ meta, text: 'ü'.repeat(300), frames: new Uint8Array(400) });
    expect(saved).toEqual([meta.id]);
    expect(() => saver.save({ meta, text: 'ü'.repeat(300), frames: new Uint8Array(1400) })).toThrow(
      '2000 bytes have no room',
    );
    store.change(id, { starred: false });
    saver.save({ meta, text: 'ü'.repeat(300), frames: new Uint8Array(1400) });
    expect(saved).toHaveLength(2);
  });

  test('one that cannot be removed is told, and the others go', () => {
    using folder = new StoreFolder();
    for (const n of [1, 2, 3]) aged(folder, folder.put(recordingNo(n)), 10 - n);
    // Its place in the trash is taken by something that is no file.
    const stuck = recordingNo(1).meta.id;
    Bun.spawnSync(['mkdir', '-p', join(folder.captures, '.trash', `${stuck}.json`, 'x')]);
    const store = folder.store({ keep: { count: 1, days: 0, bytes: 0 } });
    store.tidy(folder.nowUnixMs);
    expect(store.list().metas.map(({ id }) => id)).toEqual([
      recordingNo(3).meta.id,
      recordingNo(1).meta.id,
    ]);
    expect(folder.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'a recording could not be removed', fields: { id: stuck } },
    ]);
  });
});

/** As if it had come here so many days ago. */
function aged(folder: StoreFolder, id: RecordingId, days: number): void {
  const at = folder.nowUnixMs / 1000 - days * 86_400;
  utimesSync(join(folder.captures, `${id}.json`), at, at);
}

function after(stock: Stock, plan: ReturnType<typeof planRemovals>): Stock & { bytes: number } {
  const gone = new Set(plan.filter(({ to }) => to === 'nowhere').map(({ id }) => id));
  const moved = new Set(plan.filter(({ to }) => to === 'trash').map(({ id }) => id));
  const recordings = stock.recordings.filter(({ id }) => !gone.has(id) && !moved.has(id));
  const trash = [
    ...stock.trash,
    ...stock.recordings
      .filter(({ id }) => moved.has(id))
      .map(({ id, bytes }) => ({ id, bytes, deletedUnixMs: NOW })),
  ].filter(({ id }) => !gone.has(id));
  const bytes = [...recordings, ...trash].reduce((sum, r) => sum + r.bytes, stock.otherBytes);
  return { recordings, trash, otherBytes: stock.otherBytes, bytes };
}
