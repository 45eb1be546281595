// A capture that grows by what is told of it, and how the news are read.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GrowingCapture } from '../../components/base/growing-capture.ts';
import { parseNews } from '../../components/base/parse.ts';
import { ApiFailure, type CaptureNews } from '../../components/base/stats-api.ts';
import { capture, marker, news, RESET, session } from '../support/page-news.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';

describe('a growing capture', () => {
  test('is what the host would answer now, whatever of it was loaded and whatever told', () => {
    const whole = cleanRecording();
    const plain = { ...whole, events: [marker(10, 'a'), marker(2000, 'b'), marker(2000, 'c')] };
    fc.assert(
      fc.property(
        fc.nat(plain.samples.length),
        fc.nat(plain.samples.length),
        fc.nat(3),
        (a, b, e) => {
          const [loaded, again] = [Math.max(a, b), Math.min(a, b)];
          const growing = new GrowingCapture(
            {
              ...plain,
              samples: plain.samples.slice(0, loaded),
              events: plain.events.slice(0, e),
              meta: { ...plain.meta, sample_count: loaded },
            },
            0,
          );
          for (const one of plain.samples.slice(again))
            growing.take({ kind: 'sample', sample: one });
          for (const event of [...plain.events].reverse()) growing.take({ kind: 'event', event });
          const seen = growing.at(0);
          expect(seen.samples).toEqual(plain.samples);
          expect(seen.meta).toEqual(plain.meta);
          expect(new Set(seen.events)).toEqual(new Set(plain.events));
          expect(seen.events?.map((one) => one.t_ms)).toEqual([10, 2000, 2000]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('the newest word about a session stands; lost records add up', () => {
    const growing = new GrowingCapture(capture([1000], { records_lost: 2 }), 0);
    growing.take({ kind: 'session', session: session() });
    growing.take({ kind: 'session', session: session({ session_id: 2, client: 'TV' }) });
    growing.take({ kind: 'session', session: session({ ended_t_ms: 900 }) });
    const lost = { t_ms: 5, kind: 'records_lost', detail: { count: 3 } };
    growing.take({ kind: 'event', event: lost });
    const seen = growing.at(0);
    expect(seen.sessions?.map((s) => [s.session_id, s.ended_t_ms])).toEqual([
      [1, 900],
      [2, undefined],
    ]);
    expect([seen.meta.client, seen.records_lost]).toEqual(['Deck', 5]);
  });

  test('says what it leaves out as it was told last', () => {
    const growing = new GrowingCapture(capture([1000]), 0);
    expect(growing.at(0)).not.toHaveProperty('truncated');
    const bounds = { kind: 'bounds', truncated: true, events_lost: 7 } as const;
    expect([growing.take(bounds), growing.take(bounds)]).toEqual([true, false]);
    expect(growing.at(0)).toMatchObject({ truncated: true, events_lost: 7 });
    const loaded = new GrowingCapture(capture([1000], { truncated: true, events_lost: 2 }), 0);
    expect(loaded.at(0)).toMatchObject({ truncated: true, events_lost: 2 });
  });

  test('a sample costs the same in a capture of three hours', () => {
    const times = Array.from({ length: 10_800 }, (_, i) => (i + 1) * 1000);
    const growing = new GrowingCapture(capture(times), 0);
    const before = growing.at(0).samples;
    growing.take(news(10_801_000));
    expect(growing.at(0).samples).toBe(before);
    expect(before.length).toBe(10_801);
  });
});

describe('news of a capture', () => {
  test('are read kind by kind; unknown kinds and what has no time are left out', () => {
    const said: CaptureNews[] = [
      RESET,
      { kind: 'started', started_unix_ms: 5 },
      { kind: 'session', session: session() },
      news(1000),
      { kind: 'event', event: marker(5, 'x') },
      { kind: 'bounds', truncated: true, events_lost: 3 },
      { kind: 'stopped', id: 'one' },
      { kind: 'stopped' },
    ];
    expect(said.map((one) => parseNews(JSON.parse(JSON.stringify(one))))).toEqual(said);
    for (const one of [
      { kind: 'weather' },
      {},
      { kind: 'sample', sample: { session_id: 1 } },
      { kind: 'event', event: { t_ms: 1 } },
      { kind: 'session' },
    ]) {
      expect(parseNews(one)).toBeUndefined();
    }
  });

  test('anything at all is read or refused in words', () => {
    const kinds = ['reset', 'started', 'session', 'sample', 'event', 'stopped', 'slow_viewer'];
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...kinds), (value, kind) => {
        for (const one of [value, { kind, [kind]: value, id: value, started_unix_ms: value }]) {
          try {
            parseNews(one);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ApiFailure);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
