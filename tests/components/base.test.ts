// What the elements stand on: numbers, languages, answers of a host, polling, addresses.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Format, mode } from '../../components/base/format.ts';
import { dateOf, lengthOf } from '../../components/base/format-dates.ts';
import { dictionary, supported } from '../../components/base/i18n.ts';
import { parseCapture, parseHostInfo, parseTestStream } from '../../components/base/parse.ts';
import { parseStatus } from '../../components/base/parse-status.ts';
import { Poller } from '../../components/base/poller.ts';
import { ApiFailure } from '../../components/base/stats-api.ts';
import { readAddress, writeAddress } from '../../components/page/address.ts';
import { parseMode } from '../../components/pf-test-stream/mode.ts';
import { VirtualTime } from '../support/page-time.ts';
import { longRecording } from '../support/seeded-recordings.ts';

const en = new Format('en', 'Europe/Berlin');
const de = new Format('de', 'Europe/Berlin');

describe('numbers', () => {
  test('milliseconds have two digits below 10, one below 100, then none', () => {
    expect([8.333, 9.994, 9.996, 42.14, 99.94, 99.96, 1234.5].map((x) => en.ms(x))).toEqual([
      '8.33',
      '9.99',
      '10.0',
      '42.1',
      '99.9',
      '100',
      '1,235',
    ]);
    expect(de.ms(8.333)).toBe('8,33');
  });

  test('what was not measured is a dash, never a zero', () => {
    for (const absent of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect([en.ms(absent), en.count(absent), en.tenth(absent), en.clock(absent)]).toEqual([
        '–',
        '–',
        '–',
        '–',
      ]);
    }
    expect(en.unit(en.ms(undefined), 'ms')).toBe('–');
    expect(en.ms(0)).toBe('0.00');
    expect(en.count(-0.2)).toBe('0');
  });

  test('groups and units follow the language', () => {
    expect([en.count(144_000), de.count(144_000)]).toEqual(['144,000', '144.000']);
    expect(de.unit(de.tenth(38.94), 'Mb/s')).toBe('38,9\u00a0Mb/s');
    expect(mode(en, 1920, 1080, 60)).toBe('1920\u00a0×\u00a01080, 60\u00a0Hz');
    expect(mode(en, 0, 0, 60)).toBe('–');
  });

  test('clocks show hours only when there are some', () => {
    expect([0, 999, 59_999, 60_000, 3_599_999, 3_600_000].map((x) => en.clock(x))).toEqual([
      '00:00',
      '00:00',
      '00:59',
      '01:00',
      '59:59',
      '1:00:00',
    ]);
  });

  test('dates read as the design writes them', () => {
    const at = Date.UTC(2026, 7, 21, 18, 14, 0);
    expect(dateOf(en, at)).toBe('Fri 21 Aug 2026, 20:14');
    expect(dateOf(de, at)).toBe('Fr., 21. Aug. 2026, 20:14');
    expect(dateOf(en, Date.UTC(2026, 7, 20, 22, 5, 0))).toBe('Fri 21 Aug 2026, 00:05');
    expect(en.time(at + 7000)).toBe('20:14:07');
    expect([dateOf(en, Number.NaN), dateOf(en, 1e300)]).toEqual(['–', '–']);
  });

  test('lengths are words', () => {
    const lengths = [41_600, 61_000, 1_200_000, 3_600_000, 4_320_000].map((x) => lengthOf(en, x));
    expect(lengths.map((x) => x.replaceAll('\u00a0', ' '))).toEqual([
      '42 s',
      '1 min 1 s',
      '20 min',
      '1 h',
      '1 h 12 min',
    ]);
  });
});

describe('languages', () => {
  test('tags with a region count, others do not', () => {
    expect(['de-AT', 'EN', 'fr', '', undefined].map(supported)).toEqual([
      'de',
      'en',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a missing German key, a missing parameter and a key too many fail the type check', () => {
    const whole = dictionary({ a: 'A', b: (n: string) => n }, { a: 'Ä', b: (n) => n });
    expect(whole.de.b('1')).toBe('1');
    // @ts-expect-error: German lacks b.
    dictionary({ a: 'A', b: 'B' }, { a: 'Ä' });
    // @ts-expect-error: a text where English has a function.
    dictionary({ a: (n: string) => n }, { a: 'Ä' });
    // @ts-expect-error: English has no c.
    dictionary({ a: 'A' }, { a: 'Ä', c: 'C' });
  });
});

describe('answers of a host', () => {
  test('a capture comes through unchanged', () => {
    const capture = longRecording();
    expect(parseCapture(JSON.parse(JSON.stringify(capture)))).toEqual(capture);
  });

  test('null is "not measured", and a required figure without a number is none', () => {
    const { meta } = longRecording();
    const sample = {
      t_ms: 1000,
      session_id: 1,
      stages: [],
      fps: null,
      frames_dropped: null,
      total_p99_us: -1,
    };
    const [read] = parseCapture({ meta, samples: [sample] }).samples;
    expect(read?.fps).toBeNaN();
    expect(read !== undefined && 'frames_dropped' in read).toBe(false);
    expect(read !== undefined && 'total_p99_us' in read).toBe(false);
  });

  test('stages of a newer version are left out, the known ones put in pipeline order', () => {
    const { meta } = longRecording();
    const stage = (name: string) => ({ name, p50_us: 1, p99_us: 2 });
    const stages = ['send', 'teleport', 'capture', 'constructor'].map(stage);
    const [read] = parseCapture({ meta, samples: [{ t_ms: 1, session_id: 1, stages }] }).samples;
    expect(read?.stages.map((s) => s.name)).toEqual(['capture', 'send']);
  });

  test('anything at all is read or refused in words', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const parse of [parseCapture, parseStatus, parseHostInfo, parseTestStream]) {
          try {
            parse(value);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ApiFailure);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a capture with any JSON in its fields never throws anything else', () => {
    const { meta } = longRecording();
    const loose = fc.record({ t_ms: fc.jsonValue(), stages: fc.jsonValue(), fps: fc.jsonValue() });
    fc.assert(
      fc.property(fc.array(loose), fc.jsonValue(), (samples, sessions) => {
        const read = parseCapture({ meta, samples, sessions });
        expect(read.samples.every((s) => Number.isFinite(s.t_ms))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('polling', () => {
  test('asks at once, then on the beat', async () => {
    const time = new VirtualTime();
    const asked: number[] = [];
    const poller = new Poller({
      ask: async () => void asked.push(time.now()),
      timers: time,
      everyMs: 2000,
    });
    poller.start();
    await time.run(6500);
    expect(asked).toEqual([0, 2000, 4000, 6000]);
    poller.stop();
    await time.run(10_000);
    expect(asked.length).toBe(4);
  });

  test('waits twice as long after every failure, at most half a minute, and recovers', async () => {
    const time = new VirtualTime();
    const asked: number[] = [];
    let well = false;
    const ask = async (): Promise<void> => {
      asked.push(time.now());
      if (!well) throw new Error('no answer');
    };
    const poller = new Poller({ ask, timers: time, everyMs: 2000 });
    poller.start();
    await time.run(100_000);
    expect(asked).toEqual([0, 4000, 12_000, 28_000, 58_000, 88_000]);
    well = true;
    await time.run(35_000);
    expect(asked.slice(6)).toEqual([
      118_000, 120_000, 122_000, 124_000, 126_000, 128_000, 130_000, 132_000, 134_000,
    ]);
    poller.stop();
  });

  test('an answer that takes long is not asked for more often than a tenth of the time', async () => {
    const time = new VirtualTime();
    const asked: number[] = [];
    const ask = async (): Promise<void> => {
      asked.push(time.now());
      await time.wait(500);
    };
    const poller = new Poller({ ask, timers: time, everyMs: 2000 });
    poller.start();
    await time.run(12_000);
    expect(asked).toEqual([0, 5500, 11_000]);
    poller.stop();
  });

  test('is silent while the page is hidden and asks at once when it is seen again', async () => {
    const time = new VirtualTime();
    const asked: number[] = [];
    let listener = (): void => undefined;
    const page = {
      hidden: false,
      addEventListener: (_type: string, added: () => void) => {
        listener = added;
      },
      removeEventListener: () => undefined,
    };
    const poller = new Poller({
      ask: async () => void asked.push(time.now()),
      timers: time,
      page,
      everyMs: 2000,
    });
    poller.start();
    await time.run(1000);
    page.hidden = true;
    listener();
    await time.run(20_000);
    page.hidden = false;
    listener();
    await time.run(100);
    expect(asked).toEqual([0, 21_000]);
    poller.stop();
  });

  test('a question under way is given up when it is stopped', async () => {
    const time = new VirtualTime();
    const signals: AbortSignal[] = [];
    const ask = (signal: AbortSignal): Promise<void> => {
      signals.push(signal);
      return new Promise(() => undefined);
    };
    const poller = new Poller({ ask, timers: time });
    poller.start();
    poller.stop();
    expect(signals.map((s) => s.aborted)).toEqual([true]);
  });
});

describe('address', () => {
  test('token and recording are taken from the fragment', () => {
    expect(readAddress('#token=abc%2Fd&r=2026-08-21T18-14-00Z_1920x1080')).toEqual({
      token: 'abc/d',
      recordingId: '2026-08-21T18-14-00Z_1920x1080',
      compared: undefined,
      range: undefined,
      room: undefined,
    });
    const nothing = {
      ...{ token: undefined, recordingId: undefined, compared: undefined },
      ...{ range: undefined, room: undefined },
    };
    expect(readAddress('')).toEqual(nothing);
    expect(readAddress('#token=%20&r=&room=')).toEqual(nothing);
  });

  test('a chosen part comes along, and what is no range is none', () => {
    expect(readAddress('#r=x&t=582000-618000.5').range).toEqual({
      fromMs: 582_000,
      toMs: 618_000.5,
    });
    for (const bad of [
      '',
      '5',
      '5-',
      '-5',
      '5-5',
      '9-5',
      '1e3-2e3',
      'a-b',
      '1-2-3',
      '1-9999999999',
    ]) {
      expect(readAddress(`#r=x&t=${bad}`).range).toBeUndefined();
    }
  });

  test('what is written is read again, and never holds a token', () => {
    const text = fc.string({ minLength: 1 });
    const range = fc
      .tuple(fc.nat(1e8), fc.integer({ min: 1, max: 1e8 }))
      .map(([from, length]) => ({ fromMs: from / 10, toMs: (from + length) / 10 }));
    fc.assert(
      fc.property(text, text, fc.option(range, { nil: undefined }), (recordingId, room, range) => {
        fc.pre(recordingId.trim() === recordingId && room.trim() === room);
        const view = { recordingId, room, range, compared: undefined };
        expect(readAddress(writeAddress(view))).toEqual({ token: undefined, ...view });
      }),
    );
  });

  test('what is compared stands in it in order, in place of one recording', () => {
    const compared = ['2026-08-21T18-14-00Z_1920x1080', '2026-08-20T18-14-00Z_1280x720'];
    const range = { fromMs: 1000, toMs: 2000.5 };
    const view = { compared, range, recordingId: undefined, room: undefined };
    const written = writeAddress(view);
    expect(written).toBe(`#c=${compared.join(',')}&t=1000-2000.5`);
    expect(readAddress(written)).toEqual({ token: undefined, ...view });
    for (const few of ['', 'a', 'a,', ',', ', ,']) {
      expect(readAddress(`#c=${few}`).compared).toBeUndefined();
    }
  });
});

test('a mode is read as people write it', () => {
  expect(parseMode('1920x1080@60')).toEqual({ width: 1920, height: 1080, fps: 60 });
  expect(parseMode(' 2400 × 1080 @ 90 ')).toEqual({ width: 2400, height: 1080, fps: 90 });
  for (const bad of ['', '1920x1080', 'x@', '1920x1080@', '-1x2@3', '1e3x2@3']) {
    expect(parseMode(bad)).toBeUndefined();
  }
});
