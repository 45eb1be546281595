// Where findings and events stand in their lane, and what they are called, without a browser.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Format } from '../../components/base/format.ts';
import {
  type Axis,
  type Box,
  GLYPH_PX,
  type Glyph,
  layoutEvents,
  SHOVE_PX,
  TOUCH_PX,
  type Type,
} from '../../components/chart/event-layout.ts';
import { KINDS, type Mark, marksOf } from '../../components/chart/events.ts';
import { layoutFindings } from '../../components/chart/finding-layout.ts';
import { detailOf, kindName, labelOf } from '../../components/pf-event-lanes/telling.ts';
import type { CaptureEvent } from '../../contract/stats.ts';

const type: Type = { measure: (text) => text.length * 6, count: String };
const whole: Axis = { range: { fromMs: 0, toMs: 100_000 }, left: 44, width: 1000 };
const full = { fromMs: 0, toMs: 100_000 };
const at = (t_ms: number, kind = 'key_frame', detail?: CaptureEvent['detail']): CaptureEvent => ({
  t_ms,
  kind,
  ...(detail === undefined ? {} : { detail }),
});
const marks = (...events: CaptureEvent[]): Mark[] => marksOf(events, undefined, full);
const noLabel = (): undefined => undefined;
const told = (glyphs: readonly Glyph[]): string[] =>
  glyphs.map(({ shape, count }) => `${shape ?? ''}${count}`);

describe('events', () => {
  test('of one kind closer than 14 px become one with their number', () => {
    // 100 ms are a pixel.
    const lay = (...ms: number[]): string[] =>
      told(layoutEvents(marks(...ms.map((t) => at(t))), whole, type, noLabel).glyphs);
    expect(lay(10_000, 11_300)).toEqual(['diamond×2']);
    expect(lay(10_000, 11_400)).toEqual(['diamond', 'diamond']);
    // Where its number stands there is no room for another.
    expect(lay(10_000, 11_300, 12_000, 12_700)).toEqual(['diamond×4']);
    expect(lay(10_000, 11_300, 12_900)).toEqual(['diamond×2', 'diamond']);
  });

  test('of different kinds stand side by side around their time, at most 24 px away', () => {
    const mixed = marks(at(50_000, 'key_frame'), at(50_000, 'invalidation'), at(50_000, 'bitrate'));
    const { glyphs } = layoutEvents(mixed, whole, type, noLabel);
    expect(told(glyphs)).toEqual(['diamond', 'triangle', 'step-down']);
    expect(glyphs.map(({ box }) => box.from)).toEqual([523, 538, 553]);
  });

  test('what would be shoved further is counted, and the least telling first', () => {
    const crowd = marks(
      at(50_000, 'marker', { text: 'here' }),
      ...['clock_restarted', 'control_ready', 'key_frame', 'invalidation', 'session_end'].map((k) =>
        at(50_000, k),
      ),
    );
    const { glyphs } = layoutEvents(crowd, whole, type, noLabel);
    const shown = told(glyphs);
    expect(shown).toContain('flag');
    expect(shown).toContain('leave');
    expect(shown.filter((text) => text.startsWith('+'))).toHaveLength(1);
    expect(glyphs.flatMap(({ members }) => members).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('at both ends of the plot nothing is cut off', () => {
    const ends = marks(
      at(0, 'session_start'),
      at(20, 'key_frame'),
      at(99_900, 'invalidation'),
      at(100_000, 'session_end'),
    );
    const { glyphs } = layoutEvents(ends, whole, type, noLabel);
    expect(told(glyphs)).toEqual(['join', 'diamond', 'triangle', 'leave']);
    expect(glyphs[0]?.box.from).toBe(44);
    expect(glyphs.at(-1)?.box.to).toBe(1044);
  });

  test('a label stands right of its glyph, else left, else not at all', () => {
    const label = ({ event }: Mark): string => String(event.detail?.['text'] ?? '');
    const lay = (...events: CaptureEvent[]): (string | undefined)[] =>
      layoutEvents(marks(...events), whole, type, label).glyphs.map(
        ({ label: own, box }) => own && `${own.box.from > box.from ? 'right' : 'left'} ${own.text}`,
      );
    const flag = (ms: number, text: string): CaptureEvent => at(ms, 'marker', { text });
    expect(lay(flag(50_000, 'Boss fight'))).toEqual(['right Boss fight']);
    expect(lay(flag(99_000, 'Boss fight'))).toEqual(['left Boss fight']);
    expect(lay(flag(50_000, 'x'.repeat(200)))).toEqual([undefined]);
    expect(lay(flag(50_000, 'one'), flag(53_000, 'another'))).toEqual([
      'left one',
      'right another',
    ]);
  });

  test('who joined is said beyond the key frame that follows at once', () => {
    const start = marks(at(0, 'session_start'), at(10, 'key_frame'));
    const [join, key] = layoutEvents(start, whole, type, ({ kind }) =>
      kind === 'session_start' ? 'Deck joined' : undefined,
    ).glyphs;
    expect(join?.label?.box.from).toBe((key?.box.to ?? 0) + 4);
  });

  test('a burst shows how long it was, however short', () => {
    const burst = marks(at(50_000, 'loss_burst', { packets_lost: 51, interval_ms: 500 }));
    expect(layoutEvents(burst, whole, type, noLabel).extents).toEqual([
      { box: { from: 539, to: 544 }, token: 'bad' },
    ]);
    const short = marks(at(50_000, 'loss_burst', { packets_lost: 51, interval_ms: 10 }));
    const [extent] = layoutEvents(short, whole, type, noLabel).extents;
    expect(extent?.box.from).toBeCloseTo(543.9);
    expect(extent?.box.to).toBeCloseTo(545.9);
  });

  test('a freeze lasts from where it stands, sleep takes no time of the axis', () => {
    expect(marks(at(1000, 'freeze', { ms: 700 }))[0]?.span).toEqual({ fromMs: 1000, toMs: 1700 });
    expect(marks(at(1000, 'suspended', { ms: 700 }))[0]?.span).toBeUndefined();
  });

  test('are those of the session and of the host; what lies behind the end stands at the end', () => {
    const events = [
      { ...at(1), session_id: 1 },
      { ...at(2), session_id: 2 },
      at(3, 'marker'),
      { ...at(200_000), session_id: 1 },
      at(Number.NaN),
    ];
    expect(marksOf(events, 1, full).map(({ atMs }) => atMs)).toEqual([1, 3, 100_000]);
  });

  test('panning does not regroup them', () => {
    const many = marks(...Array.from({ length: 300 }, (_, i) => at(i * 331)));
    const groups = (fromMs: number): string[] =>
      layoutEvents(
        many,
        { ...whole, range: { fromMs, toMs: fromMs + 30_000 } },
        type,
        noLabel,
      ).glyphs.map(({ members }) => members.join());
    const [one, two] = [groups(20_000), groups(21_000)];
    // All but those that the edges cut.
    const inner = two.slice(1, -4);
    expect(one).toEqual(expect.arrayContaining(inner));
    expect(inner.length).toBeGreaterThan(20);
  });

  test('10,000 of them cost what ten times 1,000 do, as often as it is looked at', () => {
    const kinds = Object.keys(KINDS);
    const some = (count: number): readonly Mark[] =>
      marks(
        ...Array.from({ length: count }, (_, i) =>
          at((i * 7919) % 100_000, kinds[i % kinds.length]),
        ),
      );
    const cost = (list: readonly Mark[]): number => {
      const started = performance.now();
      const { glyphs } = layoutEvents(list, whole, type, (mark) => mark.kind);
      expect(glyphs.reduce((n, { members }) => n + members.length, 0)).toBe(list.length);
      return performance.now() - started;
    };
    const least = (list: readonly Mark[]): number =>
      Math.min(...Array.from({ length: 7 }, () => cost(list)));
    const [few, many] = [some(1000), some(10_000)];
    least(few);
    // What grows with the square would cost a hundred times as much.
    expect(least(many)).toBeLessThan(40 * least(few));
  });
});

const anyEvent = fc.record({
  t_ms: fc.oneof(
    fc.integer({ min: 0, max: 100_000 }),
    fc.integer({ min: 49_000, max: 51_000 }),
    fc.constantFrom(0, 100_000),
  ),
  kind: fc.oneof(fc.constantFrom(...Object.keys(KINDS)), fc.string({ maxLength: 4 })),
});
const anyAxis = fc
  .record({
    width: fc.integer({ min: 120, max: 1600 }),
    left: fc.constantFrom(0, 44),
    fromMs: fc.integer({ min: 0, max: 60_000 }),
    spanMs: fc.constantFrom(50, 1000, 30_000, 100_000),
  })
  .map(
    ({ width, left, fromMs, spanMs }): Axis => ({
      ...{ width, left },
      range: { fromMs, toMs: fromMs + spanMs },
    }),
  );

function expectApart(boxes: readonly Box[], axis: Axis, gapPx: number): void {
  const sorted = [...boxes].sort((a, b) => a.from - b.from);
  for (const [i, box] of sorted.entries()) {
    expect(box.from).toBeGreaterThanOrEqual(axis.left - 1e-6);
    expect(box.to).toBeLessThanOrEqual(axis.left + axis.width + 1e-6);
    const next = sorted[i + 1];
    if (next !== undefined) expect(next.from - box.to).toBeGreaterThanOrEqual(gapPx - 1e-6);
  }
}

test('whatever happens: nothing overlaps, nothing is cut off, every event is counted where it is', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 120 }), anyAxis, (events, axis) => {
      const all = marksOf(events, undefined, full);
      const { glyphs } = layoutEvents(all, axis, type, (mark) => mark.kind);
      const labels = glyphs.flatMap(({ label }) => (label === undefined ? [] : [label.box]));
      expectApart([...glyphs.map(({ box }) => box), ...labels], axis, 0);
      const { fromMs, toMs } = axis.range;
      const seen = all.flatMap(({ atMs }, i) => (atMs >= fromMs && atMs <= toMs ? [i] : []));
      const counted = glyphs.flatMap(({ members }) => members).sort((a, b) => a - b);
      expect(counted).toEqual(seen);
      for (const { shape, members, count, box, x } of glyphs) {
        const n = members.length;
        expect(count).toBe(shape === undefined ? `+${n}` : n > 1 ? `×${n}` : '');
        expect(new Set(members.map((i) => all[i]?.kind)).size > 1).toBe(shape === undefined);
        if (n > 1) continue;
        const right = axis.left + axis.width - (box.to - box.from);
        const wanted = Math.max(axis.left, Math.min(right, x - GLYPH_PX / 2));
        expect(Math.abs(box.from - wanted)).toBeLessThanOrEqual(SHOVE_PX + 1e-6);
      }
      for (const own of glyphs) {
        if (own.label === undefined) continue;
        const { from, to } = own.label.box;
        for (const other of glyphs) {
          if (other === own) continue;
          const gap = Math.max(other.box.from - to, from - other.box.to);
          const least = own.shape === 'join' || own.shape === 'leave' ? 4 : TOUCH_PX;
          expect(gap).toBeGreaterThanOrEqual(least - 1e-6);
        }
      }
    }),
    { numRuns: 300 },
  );
});

describe('findings', () => {
  const lay = (...ranges: [number, number][]) =>
    layoutFindings(
      ranges.map(([fromMs, toMs]) => ({ fromMs, toMs })),
      whole,
      type,
      ranges.map((_, i) => `name ${i + 1}`),
    );

  test('have their number left of the bar and their name right of it', () => {
    expect(lay([50_000, 53_000])).toEqual([
      {
        index: 0,
        bar: { from: 544, to: 574 },
        box: { from: 523, to: 541 },
        label: { text: 'name 1', box: { from: 578, to: 614 } },
        lane: 0,
        lanes: 1,
      },
    ]);
  });

  test('close to each other find other places for their numbers', () => {
    const [one, two] = lay([50_000, 50_100], [51_000, 51_100]);
    expect(one?.box?.to).toBe(541);
    expect(two?.box?.from).toBe(560);
    expect(one?.label?.box.to).toBeLessThan(523);
  });

  test('at the same time share the height, and one in a long one keeps its number', () => {
    const [long, within] = lay([10_000, 90_000], [50_000, 53_000]);
    expect([long?.lane, long?.lanes, within?.lane, within?.lanes]).toEqual([0, 2, 1, 2]);
    expect(long?.box?.to).toBe(141);
    expect(within?.box).toBeUndefined();
  });

  test('outside of the part shown are not there', () => {
    const zoomed = { ...whole, range: { fromMs: 0, toMs: 10_000 } };
    expect(layoutFindings([{ fromMs: 50_000, toMs: 51_000 }], zoomed, type, [])).toEqual([]);
  });

  test('whatever they are: bars are where they were, numbers and names touch nothing', () => {
    const range = fc
      .tuple(fc.integer({ min: 0, max: 99_999 }), fc.integer({ min: 1, max: 30_000 }))
      .map(([fromMs, length]) => ({ fromMs, toMs: fromMs + length }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 9 }), anyAxis, (findings, axis) => {
        const names = findings.map((_, i) => 'name'.repeat(1 + (i % 3)));
        const laid = layoutFindings(findings, axis, type, names);
        const shown = findings.filter(
          ({ fromMs, toMs }) => toMs >= axis.range.fromMs && fromMs <= axis.range.toMs,
        );
        expect(laid).toHaveLength(shown.length);
        const words = laid.flatMap(({ box, label }) => [
          ...(box === undefined ? [] : [box]),
          ...(label === undefined ? [] : [label.box]),
        ]);
        expectApart(words, axis, 2);
        for (const { bar, lane, lanes, index } of laid) {
          expect(bar.to - bar.from).toBeGreaterThanOrEqual(3 - 1e-6);
          expect(lane).toBeLessThan(lanes);
          for (const other of laid) {
            if (other.index === index || other.lane !== lane) continue;
            expect(
              Math.max(other.bar.from - bar.to, bar.from - other.bar.to),
            ).toBeGreaterThanOrEqual(-1e-6);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('what they are called', () => {
  const [en, de] = [new Format('en'), new Format('de')];
  const sessions = [
    {
      session_id: 1,
      kind: 'gamestream',
      width: 1280,
      height: 720,
      fps: 60,
      codec: 'h264',
      client: 'Deck OLED',
      source: 'x11',
      encoder: 'openh264',
      started_t_ms: 0,
    },
  ] as const;

  test.each([
    [
      at(1, 'loss_burst', { packets_lost: 1498, interval_ms: 500 }),
      '1,498 packets within 500\u00a0ms',
      '1.498 Pakete in 500\u00a0ms',
    ],
    [
      at(1, 'bitrate', { from_kbps: 40_000, to_kbps: 28_000 }),
      '40.0\u00a0Mb/s → 28.0\u00a0Mb/s',
      '40,0\u00a0Mb/s → 28,0\u00a0Mb/s',
    ],
    [
      { ...at(1, 'key_frame', { why: 'first' }), frame: 1 },
      'the first of the stream · frame 1',
      'das erste des Streams · Bild 1',
    ],
    [at(1, 'clock_restarted', { late_us: 53_982 }), '54.0\u00a0ms late', '54,0\u00a0ms zu spät'],
    [at(1, 'suspended', { ms: 61_000 }), '61.0\u00a0s', '61,0\u00a0s'],
    [at(1, 'invalidation', { first: 7, last: 9 }), 'frames 7–9', 'Bilder 7–9'],
    [at(1, 'session_end', { reason: 'client_left' }), 'client_left', 'client_left'],
    [at(1, 'marker', { text: '<b>Boss</b>' }), '<b>Boss</b>', '<b>Boss</b>'],
    [at(1, 'warp_drive', { speed: 9, on: true }), 'speed 9 · on true', 'speed 9 · on true'],
    [at(1, 'frame_dropped', { why: 'cosmic_ray' }), 'cosmic_ray', 'cosmic_ray'],
    [at(1, 'freeze'), '', ''],
  ])('%#', (event, english, german) => {
    expect([detailOf(event, sessions, en), detailOf(event, sessions, de)]).toEqual([
      english,
      german,
    ]);
  });

  test('labels say who, what or how much, and a session without a name says nothing', () => {
    const start = { ...at(0, 'session_start'), session_id: 1 };
    expect(labelOf(start, sessions, en)).toBe('Deck OLED joined');
    expect(labelOf(start, sessions, de)).toBe('Deck OLED verbunden');
    expect(labelOf({ ...start, session_id: 2 }, sessions, en)).toBeUndefined();
    expect(labelOf(at(0, 'loss_burst', { packets_lost: 51 }), sessions, en)).toBe('51 lost');
    expect(labelOf(at(0, 'key_frame'), sessions, en)).toBeUndefined();
  });

  test('a kind that this version does not know keeps its own name', () => {
    expect(kindName('warp_drive', de)).toBe('warp_drive');
    expect(kindName('constructor', en)).toBe('constructor');
    expect(kindName('key_frame', de)).toBe('Keyframe');
    expect(marks(at(1, 'toString'))[0]?.shape).toBe('square');
  });
});
