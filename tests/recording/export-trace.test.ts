// The trace: what its format demands of every entry, and what Perfetto's own processor reads out of it.
import { describe, expect, test } from 'bun:test';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { traceText } from '../../recording/src/export/trace.ts';
import { type FrameBatch, frameFlags } from '../../recording/src/frames.ts';
import { captureOf, framesOf, steadyFrames } from '../support/exported-frames.ts';
import { missingTraceProcessor, TraceProcessor } from '../support/trace-processor.ts';

const time = Type.Number({ minimum: 0 });
const place = { name: Type.String({ minLength: 1 }), pid: Type.Integer({ minimum: 1 }) };
const lane = { ...place, tid: Type.Integer({ minimum: 0 }), cat: Type.Optional(Type.String()) };
const anything = Type.Record(Type.String(), Type.Unknown());

/** The Trace Event Format, as far as it is used. */
const Entry = Type.Union([
  Type.Object(
    { ph: Type.Literal('X'), ...lane, ts: time, dur: time, args: anything },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      ph: Type.Literal('C'),
      ...place,
      ts: time,
      args: Type.Record(Type.String(), Type.Number()),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      ph: Type.Literal('i'),
      ...lane,
      ts: time,
      s: Type.Union([Type.Literal('g'), Type.Literal('p'), Type.Literal('t')]),
      args: anything,
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      ph: Type.Literal('M'),
      ...place,
      tid: Type.Optional(Type.Integer()),
      args: Type.Union([
        Type.Object({ name: Type.String({ minLength: 1 }) }),
        Type.Object({ sort_index: Type.Integer() }),
      ]),
    },
    { additionalProperties: false },
  ),
]);
type Entry = Static<typeof Entry>;
type Slice = Extract<Entry, { ph: 'X' }>;

function read(frames: Iterable<FrameBatch>, capture = captureOf()): readonly Entry[] {
  const data: unknown = JSON.parse([...traceText(frames, capture)].join(''));
  const Trace = Type.Object(
    {
      displayTimeUnit: Type.Literal('ms'),
      otherData: anything,
      traceEvents: Type.Array(Type.Unknown()),
    },
    { additionalProperties: false },
  );
  if (!Value.Check(Trace, data)) throw new Error('no trace');
  return data.traceEvents.map((entry) => {
    if (!Value.Check(Entry, entry)) throw new Error(JSON.stringify(entry));
    return entry;
  });
}

function slicesOf(entries: readonly Entry[]): readonly Slice[] {
  return entries.flatMap((entry) => (entry.ph === 'X' ? [entry] : []));
}

function grouped<T>(
  list: readonly T[],
  key: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const name = key(item);
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [item]);
    else known.push(item);
  }
  return groups;
}

/** Slices of a lane in the order in which they lie in the file: begin in order, and lie inside or beside each other. */
function expectNested(entries: readonly Entry[]): void {
  const lanes = grouped(slicesOf(entries), ({ pid, tid }) => `${pid}/${tid}`);
  for (const slices of lanes.values()) {
    let beganAt = 0;
    let ends: number[] = [];
    const wrong = slices.filter(({ ts, dur }) => {
      const early = ts < beganAt;
      beganAt = ts;
      ends = ends.filter((end) => end > ts);
      const crossing = ts + dur > (ends.at(-1) ?? Number.POSITIVE_INFINITY);
      ends.push(ts + dur);
      return early || crossing;
    });
    expect(wrong).toEqual([]);
  }
  const counters = grouped(
    entries.flatMap((entry) => (entry.ph === 'C' ? [entry] : [])),
    ({ pid, name }) => `${pid}/${name}`,
  );
  for (const values of counters.values()) {
    const times = values.map(({ ts }) => ts);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
}

const BOUNDARIES = [100, 150, 2100, 2300, 2400, 2450, 5000];

describe('a frame', () => {
  test('is a slice a thread, with its finer spans inside and its index in each', () => {
    const entries = read([
      framesOf([
        {
          grabbedUs: 1000,
          boundaries: BOUNDARIES,
          index: 7,
          flags: frameFlags.key | frameFlags.repeat,
          bytes: 900,
          qp: 30,
          ageUs: 40,
        },
      ]),
    ]);
    const slices = slicesOf(entries);
    expect(slices.map(({ name, cat, ts, dur }) => [cat, name, ts, dur])).toEqual([
      ['video', 'frame', 1000, 2300],
      ['video', 'convert', 1000, 100],
      ['video', 'submit', 1100, 50],
      ['video', 'wait', 1150, 1950],
      ['video', 'packetize', 3100, 200],
      ['queue', 'queue', 3300, 100],
      ['send', 'send', 3400, 2600],
      ['send', 'first_send', 3400, 50],
      ['send', 'pace', 3450, 2550],
    ]);
    expect(slices.every(({ args }) => args['frame'] === 7)).toBe(true);
    expect(slices[0]?.args).toEqual({
      frame: 7,
      bytes: 900,
      data_packets: 2,
      parity_packets: 1,
      qp: 30,
      source_age_us: 40,
      key_frame: true,
      repeated: true,
    });
    expectNested(entries);
  });

  test('that was dropped ends where it got to, and an instant says why', () => {
    const entries = read([
      framesOf([{ grabbedUs: 1000, boundaries: [100, 150, 2100], outcome: 'encoder_skipped' }]),
    ]);
    expect(slicesOf(entries).map(({ name, dur }) => [name, dur])).toEqual([
      ['frame', 2100],
      ['convert', 100],
      ['submit', 50],
      ['wait', 1950],
    ]);
    const instants = entries.flatMap((entry) =>
      entry.ph === 'i' && entry.name === 'not sent' ? [[entry.ts, entry.args]] : [],
    );
    expect(instants).toEqual([[3100, { outcome: 'encoder_skipped' }]]);
  });

  test('whose boundaries lie out of order has gaps and no negative time', () => {
    const entries = read([
      framesOf([{ grabbedUs: 0, boundaries: [500, 100, 700, 650, 640, 2000, 1900], index: 1 }]),
    ]);
    expect(slicesOf(entries).map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
      ['frame', 0, 700],
      ['convert', 0, 500],
    ]);
    expectNested(entries);
  });

  test('goes to a further lane when the one before is still at it', () => {
    const boundaries = [100, 150, 2100, 2300, 9000, 9050, 30_000];
    const entries = read([
      framesOf([
        { grabbedUs: 0, boundaries, index: 1 },
        { grabbedUs: 3000, boundaries, index: 2 },
        { grabbedUs: 6000, boundaries, index: 3 },
      ]),
    ]);
    expectNested(entries);
    const names = entries.flatMap((entry) =>
      entry.ph === 'M' && entry.name === 'thread_name' && 'name' in entry.args
        ? [entry.args.name]
        : [],
    );
    expect(names).toEqual(['video', 'queue', 'send', 'queue 2', 'send 2', 'queue 3', 'send 3']);
  });

  test('that finds every lane taken is left out, and the trace says how many were', () => {
    const boundaries = [1, 2, 3, 4, 5, 6, 10_000_000];
    const frames = framesOf(
      Array.from({ length: 40 }, (_, i) => ({ grabbedUs: i * 10, boundaries, index: i + 1 })),
    );
    const entries = read([frames]);
    expect(slicesOf(entries).filter(({ name }) => name === 'send')).toHaveLength(32);
    const note = entries.find(({ name }) => name === 'slices left out');
    expect(note?.args).toEqual({ slices: 8 });
  });
});

test('every entry is of the format, lanes are in order and properly nested, over groups', () => {
  const entries = read(steadyFrames(12));
  expectNested(entries);
  expect(slicesOf(entries).length).toBeGreaterThan(10_000);
});

test('comes in pieces', () => {
  const lengths = [...traceText(steadyFrames(60), captureOf())].map(({ length }) => length);
  expect(lengths.length).toBeGreaterThan(10);
  expect(Math.max(...lengths)).toBeLessThan(2_000_000);
});

test('a recording without frames still has its events and counters', () => {
  const entries = read([]);
  expect(entries.filter(({ ph }) => ph === 'i').map(({ name }) => name)).toEqual([
    'session_start',
    'freeze',
    'here, "it" stuttered',
    'session_end',
  ]);
  expect(entries.filter(({ ph }) => ph === 'C')).toHaveLength(5);
});

describe.skipIf(missingTraceProcessor !== '')(`the trace processor${missingTraceProcessor}`, () => {
  test('reads every slice, counter, event and marker, and refuses none', async () => {
    const frames = [...steadyFrames(12)];
    const capture = captureOf();
    const text = [...traceText(frames, capture)].join('');
    const expected = slicesOf(read(frames));
    await using processor = await TraceProcessor.open(text);
    const slices = await processor.query(
      `select process.name, thread.name, slice.name, count(*), sum(slice.dur)
       from slice join thread_track on slice.track_id = thread_track.id
       join thread using (utid) join process using (upid)
       group by 1, 2, 3 order by 1, 2, 3`,
    );
    const groups = grouped(expected, ({ pid, cat, name }) => `${pid} ${cat} ${name}`);
    const sums = [...groups].map(([key, list]) => [
      key,
      list.length,
      list.reduce((sum, { dur }) => sum + dur * 1000, 0),
    ]);
    const seen = new Map<string, [number, number]>();
    for (const [process, thread, name, count, sum] of slices) {
      const pid = String(process).startsWith('session 1') ? 3 : 4;
      const key = `${pid} ${String(thread).split(' ')[0]} ${name}`;
      const [counted, summed] = seen.get(key) ?? [0, 0];
      seen.set(key, [counted + Number(count), summed + Number(sum)]);
    }
    expect([...seen].map(([key, figures]) => [key, ...figures]).toSorted()).toEqual(
      sums.toSorted(),
    );
    expect(
      await processor.query(
        `select name, idx, value from stats where severity in ('error', 'data_loss') and value > 0`,
      ),
    ).toEqual([]);
    expect(
      await processor.query(
        `select name, ts - (select min(ts) from slice where name = 'session_start') from slice
         where name in ('freeze', 'here, "it" stuttered', 'session_end') order by ts`,
      ),
    ).toEqual([
      ['freeze', 5_000_000_000],
      ['here, "it" stuttered', 6_000_000_000],
      ['session_end', 30_000_000_000],
    ]);
    const counters = await processor.query(
      `select distinct process.name, process_counter_track.name
       from process_counter_track join process using (upid) order by 1, 2`,
    );
    expect(counters.map(([, name]) => name)).toContain('queue depth frames');
    expect(counters.filter(([process]) => String(process).startsWith('session 1'))).toHaveLength(5);
    const [deepest] = await processor.query('select max(depth) from slice');
    expect(deepest).toEqual([1]);
    const args = await processor.query(
      `select count(*) from slice join args using (arg_set_id) where args.key = 'args.frame'`,
    );
    expect(args).toEqual([[expected.length + 1 + droppedIn(expected)]]);
  }, 60_000);
});

/** Frames with an index that never came to the send thread: an instant of each names the frame too. */
function droppedIn(slices: readonly Slice[]): number {
  const count = (name: string) => slices.filter((slice) => slice.name === name).length;
  return count('frame') - count('send');
}
