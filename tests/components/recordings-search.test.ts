// Finding and ordering recordings, and which rows of a long list are in the page. Without a browser.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { choose } from '../../components/pf-recordings-list/choice.ts';
import { stepOf } from '../../components/pf-recordings-list/list-keys.ts';
import { ORDERS, ordered } from '../../components/pf-recordings-list/order.ts';
import { changeOf, draftOf } from '../../components/pf-recordings-list/row-panel.ts';
import {
  matches,
  parseSearch,
  quoted,
  type Told,
} from '../../components/pf-recordings-list/search.ts';
import { placeOf, sliceOf } from '../../components/pf-recordings-list/visible-slice.ts';
import type { CaptureMeta } from '../../contract/stats.ts';

const BASE: CaptureMeta = {
  ...{ id: '2026-08-21T18-14-00Z_1920x1080', started_unix_ms: Date.UTC(2026, 7, 21, 18, 14) },
  ...{ duration_ms: 1_200_000, kind: 'gamestream', width: 1920, height: 1080, fps: 120 },
  ...{ codec: 'hevc', client: 'Deck OLED', sample_count: 1200, bytes: 11_200_000 },
  ...{ name: 'Pokémon, Höhle', note: 'Rain level', tags: ['wifi', 'couch game'] },
};
const like = (line: string, meta: CaptureMeta = BASE, told?: Told): boolean | undefined =>
  matches(meta, parseSearch(line), told);

describe('search', () => {
  test('words are looked for in name, note, tags, client and id, whatever case and accents', () => {
    for (const line of ['', ' ', 'pokemon', 'HOHLE', 'rain', 'wif', 'oled', '2026-08', '"höhle"']) {
      expect([line, like(line)]).toEqual([line, true]);
    }
    for (const line of ['doom', 'pokemon doom', '"rain pokemon"']) {
      expect([line, like(line)]).toEqual([line, false]);
    }
  });

  test('every key of the grammar', () => {
    const yes = [
      ...['codec:hevc', 'codec:H.265', 'client:deck', 'tag:wifi', 'tag:"couch game"', '<1h'],
      ...[
        'kind:game',
        '>10m',
        '<20,5min',
        '>10mb',
        '<1gb',
        '-codec:av1',
        '-starred:',
        'starred:no',
      ],
      ...['codec:hevc client:oled >5m rain', 'codec:', '>1199s', '-tag:lan'],
    ];
    for (const line of yes) expect([line, like(line)]).toEqual([line, true]);
    const no = [
      ...['codec:av1', 'client:phone', 'tag:lan', 'tag:game', '>20m', '<20m', '>12mb', 'starred:'],
      ...['-codec:hevc', '-rain', '-starred:no', 'kind:native', 'codec:hevc tag:lan'],
    ];
    for (const line of no) expect([line, like(line)]).toEqual([line, false]);
  });

  test('what nobody knows as a key is a word', () => {
    expect(like('12:30', { ...BASE, name: 'at 12:30' })).toBe(true);
    expect(like('http://x')).toBe(false);
  });

  test('a recording of unknown size is neither larger nor smaller', () => {
    const { bytes, ...unknown } = BASE;
    expect(like('>1mb', unknown)).toBe(false);
    expect(like('<1gb', unknown)).toBe(false);
    expect(like('-<1gb', unknown)).toBe(false);
  });

  test('verdict and app are undecided until the recording was looked into', () => {
    const told = { verdict: ['Encoder slow', 'encode'], apps: ['SuperTuxKart'] };
    expect(like('verdict:clean')).toBeUndefined();
    expect(like('-verdict:clean')).toBeUndefined();
    expect(like('verdict:clean codec:av1')).toBe(false);
    expect(like('verdict:enc', BASE, told)).toBe(true);
    expect(like('verdict:clean', BASE, told)).toBe(false);
    expect(like('app:tux', BASE, told)).toBe(true);
    const wish = {
      ...{ list: [BASE, { ...BASE, id: 'b' }, { ...BASE, id: 'c', sample_count: 0 }] },
      ...({ search: 'verdict:enc', order: 'newest', language: 'en' } as const),
      nameOf: ({ id }: CaptureMeta) => id,
      told: (id: string) => (id === 'b' ? told : undefined),
      isSettled: (meta: CaptureMeta) => meta.sample_count === 0,
    };
    const { shown, undecided } = choose(wish);
    expect(shown.map(({ id }) => id)).toEqual(['b']);
    expect(undecided).toEqual([BASE.id]);
  });

  test('a tag that was clicked finds itself', () => {
    const tag = fc.string({ minLength: 1, maxLength: 40 }).filter((text) => {
      const plain = text.replaceAll('"', '');
      return plain.trim() !== '' && plain === plain.trim();
    });
    fc.assert(
      fc.property(tag, (name) => {
        const meta = { ...BASE, tags: [name.replaceAll('"', '')] };
        expect(like(quoted('tag', name), meta)).toBe(true);
      }),
    );
  });

  test('no line throws', () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        expect([true, false, undefined]).toContain(like(line));
      }),
    );
  });

  test('of 1,000 recordings those are left that were wished for', () => {
    const list = Array.from({ length: 1000 }, (_, i) => ({
      ...{ ...BASE, id: `r${i}`, name: `Run ${i}`, note: 'x'.repeat(400) },
      started_unix_ms: BASE.started_unix_ms - i * 1000,
    }));
    const wish = (search: string) => ({
      ...({ list, search, order: 'name', language: 'en' } as const),
      nameOf: (meta: CaptureMeta) => meta.name ?? '',
      told: () => undefined,
      isSettled: () => true,
    });
    expect(choose(wish('run')).shown).toHaveLength(1000);
    expect(choose(wish('run 99 codec:hevc')).shown).toHaveLength(19);
  });
});

describe('order', () => {
  const metas: CaptureMeta[] = [
    { ...BASE, id: 'old', started_unix_ms: 1, duration_ms: 9, bytes: 5, name: 'run 10' },
    { ...BASE, id: 'new', started_unix_ms: 3, duration_ms: 7, bytes: 6, name: 'run 9' },
    { ...BASE, id: 'bad', started_unix_ms: 9, damaged: { file: 'x.json', reason: 'cut off' } },
    { ...BASE, id: 'mid', started_unix_ms: 2, duration_ms: 8, bytes: 4, name: 'Äpfel' },
  ];
  test('newest, longest, largest, by name; what cannot be read is last', () => {
    const ids = ORDERS.map((order) =>
      ordered(metas, order, ({ name }) => name ?? '', 'de').map(({ id }) => id),
    );
    expect(ids).toEqual([
      ['new', 'mid', 'old', 'bad'],
      ['old', 'mid', 'new', 'bad'],
      ['new', 'old', 'mid', 'bad'],
      ['mid', 'new', 'old', 'bad'],
    ]);
  });
});

describe('rows that are in the page', () => {
  const heights = fc.array(fc.integer({ min: 20, max: 300 }), { minLength: 1, maxLength: 200 });
  const columns = fc.integer({ min: 1, max: 5 });

  test('cover what is seen, and the room of the others is kept', () => {
    fc.assert(
      fc.property(
        heights,
        columns,
        fc.nat(60_000),
        fc.integer({ min: 1, max: 2000 }),
        (list, wide, top, high) => {
          const whole = placeOf(list.length - 1, { heights: list, columns: wide })[1];
          const seen = { heights: list, columns: wide, top, height: high, spare: 100 };
          const { first, last, before, after } = sliceOf(seen);
          expect(first).toBeLessThan(last);
          expect(first % wide).toBe(0);
          const [from] = placeOf(first, seen);
          const [, to] = placeOf(last - 1, seen);
          expect(before).toBe(from);
          expect(after).toBe(whole - to);
          if (top + high <= whole) {
            expect(from).toBeLessThanOrEqual(top);
            expect(to).toBeGreaterThanOrEqual(Math.min(whole, top + high));
          }
        },
      ),
    );
  });

  test('of a thousand only some', () => {
    const list = new Array<number>(1000).fill(70);
    const { first, last } = sliceOf({
      heights: list,
      columns: 1,
      top: 35_000,
      height: 880,
      spare: 300,
    });
    expect([first, last]).toEqual([495, 517]);
  });
});

describe('keys', () => {
  const place = { at: 4, rows: 10, columns: 3, isMenu: false };
  test('go by rows and columns, into the menu and out, and stay inside', () => {
    const to = (key: string, more: Partial<typeof place> = {}) =>
      stepOf(key, { ...place, ...more });
    expect(to('ArrowDown')).toEqual({ row: 7, isMenu: false });
    expect(to('ArrowDown', { at: 8 })).toEqual({ row: 8, isMenu: false });
    expect(to('ArrowUp')).toEqual({ row: 1, isMenu: false });
    expect(to('ArrowUp', { at: 1 })).toEqual({ row: 1, isMenu: false });
    expect(to('ArrowRight')).toEqual({ row: 4, isMenu: true });
    expect(to('ArrowRight', { isMenu: true })).toEqual({ row: 5, isMenu: false });
    expect(to('ArrowLeft', { isMenu: true })).toEqual({ row: 4, isMenu: false });
    expect(to('ArrowLeft', { at: 0 })).toEqual({ row: 0, isMenu: false });
    expect(to('End')).toEqual({ row: 9, isMenu: false });
    expect(to('PageUp')).toEqual({ row: 0, isMenu: false });
    expect(to('ArrowDown', { at: -1, columns: 1 })).toEqual({ row: 0, isMenu: false });
    expect(to('x')).toBeUndefined();
  });
});

describe('the editor', () => {
  test('sends only what is another, and an empty text takes away', () => {
    const draft = draftOf(BASE);
    expect(draft.tags).toBe('wifi, couch game');
    expect(changeOf(BASE, draft)).toBeUndefined();
    expect(changeOf(BASE, { ...draft, name: '  New  ' })).toEqual({ name: 'New' });
    expect(changeOf(BASE, { ...draft, note: ' ' })).toEqual({ note: '' });
    expect(changeOf(BASE, { ...draft, tags: ' a, b ,a,, ' })).toEqual({ tags: ['a', 'b'] });
    expect(changeOf(BASE, { ...draft, tags: '' })).toEqual({ tags: [] });
    const many = Array.from({ length: 30 }, (_, i) => `${i}${'y'.repeat(60)}`).join(',');
    const change = changeOf(BASE, { ...draft, tags: many });
    expect(change?.tags).toHaveLength(20);
    expect(Math.max(...(change?.tags ?? []).map(({ length }) => length))).toBe(40);
  });
});
