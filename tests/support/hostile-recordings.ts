// Recordings as nobody should make them: foreign markup for names, numbers beyond sense, files cut short or of another
// kind. For everything that shows a recording.
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Capture } from '../../contract/stats.ts';
import { ABSENT, boundaryColumns, FrameBatch } from '../../recording/src/frames.ts';
import { frameBytes } from './frames-files.ts';
import { SPIKE_ROW, stutteringRun } from './review-captures.ts';
import { longRecording } from './seeded-recordings.ts';
import { randomFrom, syntheticFrames } from './synthetic-frames.ts';

export interface HostileRecording {
  readonly name: string;
  readonly id: string;
  /** Of its file, byte for byte. */
  readonly text: string;
  readonly frames?: Uint8Array<ArrayBuffer>;
  /** Nothing of it can be shown: it is refused with a sentence. */
  readonly isRefused?: true;
}

/** What must never become an element, an attribute or a script. */
export const MARKUP =
  '"><img src=x onerror="window.pwned=1"><pf-pwned></pf-pwned><script>window.pwned=1</script><svg onload="window.pwned=1">\'{{1}}';
export const FOREIGN =
  'pf-pwned, img, iframe, object, embed, script, [onerror], [onload], [href^="javascript"]';
const RTL = '\u202Emoor\u202C سجل 👩‍👩‍👧‍👦🏴\u200D☠️\u0000\uD800';
const LONG = 'a recording with a name that does not end '.repeat(240);

export function hostileRecordings(): HostileRecording[] {
  const seeded = longRecording();
  const stutter = stutteringRun(12);
  const named = (text: string): Capture =>
    withText({ ...framed(stutter.capture), samples: seeded.samples }, text);
  const half = stutter.bytes.slice(0, stutter.bytes.length >>> 1);
  const damaged = new Uint8Array(stutter.bytes);
  const random = randomFrom(5);
  // What is in it, and not what says where it lies.
  for (let i = 0; i < 40; i += 1) {
    damaged[4 + Math.floor(random() * (damaged.length / 2))] = Math.floor(random() * 256);
  }
  return [
    of('markup for names', named(MARKUP), stutter.bytes),
    of('right to left, joined emoji, half a character', named(RTL), stutter.bytes),
    of('names of 10 kB', named(LONG), stutter.bytes),
    raw('gigantic numbers', numbers(seeded, '1e300'), stutter.bytes),
    raw('numbers beyond any double', numbers(seeded, '1e999')),
    raw('numbers below zero', numbers(seeded, '-1')),
    raw('null for numbers', numbers(seeded, 'null')),
    raw('words for numbers', numbers(seeded, '"NaN"')),
    of('no sample, no session, no frame', { ...seeded, samples: [], sessions: [], events: [] }),
    of('frames, none of them', framed(stutter.capture), frameBytes()),
    of('one frame', framed(stutter.capture), frameBytes(stutter.batch.pick([SPIKE_ROW]))),
    of('times that run backwards', backwards(seeded)),
    of('a hundred sessions', sessions(seeded, 100)),
    of('ten thousand events', events(seeded, 10_000)),
    raw('a newer version', newer(seeded)),
    of('a frames file that ends in the middle', framed(stutter.capture), half),
    of('a frames file with bytes changed', framed(stutter.capture), damaged),
    of('frames of nobody’s session', framed(stutter.capture), framesOfSession(900)),
    of('frames beyond every clock', framed(stutter.capture), beyondClocks()),
    of('Parquet of something else', framed(stutter.capture), foreignParquet()),
    of('no Parquet at all', framed(stutter.capture), new TextEncoder().encode(`PAR1${MARKUP}`)),
    raw(
      'lists for objects',
      `{"meta":[],"samples":{},"sessions":{},"events":{"a":1}}`,
      undefined,
      true,
    ),
    raw('a list', '[1,2,3]', undefined, true),
    raw('a word', JSON.stringify(MARKUP), undefined, true),
    raw('null', 'null', undefined, true),
    raw('no JSON', MARKUP, undefined, true),
    raw('JSON that ends in the middle', JSON.stringify(seeded).slice(0, 9000), undefined, true),
    raw('lists in lists', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, undefined, true),
  ];
}

function of(name: string, capture: Capture, frames?: Uint8Array<ArrayBuffer>): HostileRecording {
  return raw(name, JSON.stringify(capture), frames);
}

function raw(
  name: string,
  text: string,
  frames?: Uint8Array<ArrayBuffer>,
  isRefused?: true,
): HostileRecording {
  return {
    ...{ name, text, id: longRecording().meta.id },
    ...(frames === undefined ? {} : { frames }),
    ...(isRefused === undefined ? {} : { isRefused }),
  };
}

/** One session, so that its frames are reviewed. */
function framed(capture: Capture): Capture {
  return { ...capture, meta: { ...capture.meta, id: longRecording().meta.id } };
}

/** In every place that holds words. */
function withText(capture: Capture, text: string): Capture {
  const { meta, sessions: told = [] } = capture;
  const about = { name: text, note: text, client: text, trigger: text, tags: [text, `${text}2`] };
  return {
    ...capture,
    meta: { ...meta, ...about },
    host: { version: text, kernel: text, os: text, cpu: text },
    sessions: told.map((one) => ({
      ...one,
      ...{ client: text, source: text, encoder: text, app: text, end_reason: text },
      negotiated: {
        ...{ encoder_detail: text, colour: text },
        source_refused: [{ name: text, reason: text }],
      },
    })),
    events: [
      { t_ms: 1000, kind: 'marker', detail: { text } },
      { t_ms: 2000, session_id: 1, kind: text, detail: { [text]: text, reason: text } },
      { t_ms: 3000, session_id: 1, kind: 'key_frame', detail: { why: text } },
      { t_ms: 4000, session_id: 1, kind: 'session_end', detail: { reason: text } },
      { t_ms: 5000, session_id: 1, kind: 'freeze', detail: { ms: 900, text } },
    ],
  };
}

/** Every number of every fifth window, of the first session and of the events is `literal`. */
function numbers(capture: Capture, literal: string): string {
  const mark = '"\u0001"';
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'number') return '\u0001';
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaced(one)]));
  };
  const { samples, sessions: told = [], events: happened = [], meta, ...rest } = capture;
  const hostile = {
    ...rest,
    meta: { ...meta, sample_count: '\u0001', bytes: '\u0001', width: '\u0001' },
    sessions: told.map((one, i) =>
      i === 0 ? { ...one, width: '\u0001', ended_t_ms: '\u0001' } : one,
    ),
    events: [
      ...happened,
      ...happened.slice(0, 5).map(replaced),
      replaced({ t_ms: 1, kind: 'freeze', detail: { ms: 1 } }),
    ],
    samples: samples.map((one, i) =>
      i % 5 === 0 ? replaced({ ...one, rtt_us: 1, packets_dropped: 1 }) : one,
    ),
    records_lost: '\u0001',
  };
  return JSON.stringify(hostile)
    .replaceAll(JSON.stringify('\u0001'), literal)
    .replaceAll(mark, literal);
}

function backwards(capture: Capture): Capture {
  return {
    ...capture,
    samples: capture.samples.toReversed(),
    events: (capture.events ?? []).toReversed(),
    sessions: (capture.sessions ?? []).map((one) => ({
      ...one,
      ...{ started_t_ms: 900_000, ended_t_ms: 1000 },
    })),
  };
}

function sessions(capture: Capture, count: number): Capture {
  const [first] = capture.sessions ?? [];
  if (first === undefined) throw new Error('no session');
  const few = capture.samples.slice(0, 20);
  return {
    ...capture,
    meta: { ...capture.meta, session_count: count },
    sessions: Array.from({ length: count }, (_, i) => ({ ...first, session_id: i + 1 })),
    samples: Array.from({ length: count }, (_, i) =>
      few.map((one) => ({ ...one, session_id: i + 1 })),
    ).flat(),
  };
}

function events(capture: Capture, count: number): Capture {
  const kinds = ['key_frame', 'invalidation', 'bitrate', 'loss_burst', 'marker', 'freeze'];
  return {
    ...capture,
    events: Array.from({ length: count }, (_, i) => ({
      ...{ t_ms: Math.floor((i / count) * capture.meta.duration_ms), session_id: 1 },
      ...{ kind: kinds[i % kinds.length] ?? 'marker', detail: { text: `event ${i}`, ms: i % 900 } },
    })),
  };
}

function newer(capture: Capture): string {
  const { samples, ...rest } = capture;
  return JSON.stringify({
    ...rest,
    ...{ version: 9, quaternions: [[1, 2], { three: MARKUP }] },
    samples: samples.map((one) => ({
      ...one,
      stages: [...one.stages, { name: 'teleport', p50_us: 1, p99_us: 2 }],
      ...{ entanglement: { p50: 3 }, wormholes: MARKUP },
    })),
    events: [{ t_ms: 5000, session_id: 1, kind: 'teleported', detail: { to: MARKUP } }],
  });
}

function framesOfSession(session: number): Uint8Array<ArrayBuffer> {
  return frameBytes(syntheticFrames({ session, fps: 120, seed: 3, seconds: 2 }));
}

/** Boundaries at the end of what they can be, grabbed where no recording reaches, codes that nobody knows. */
function beyondClocks(): Uint8Array<ArrayBuffer> {
  const batch = syntheticFrames({ session: 1, fps: 120, seed: 3, seconds: 2 });
  for (let row = 100; row < batch.length; row += 1) {
    const { columns } = batch;
    if (row >= 200) batch.grabbed_us[row] = 2 ** 52 + row;
    boundaryColumns.forEach((name, i) => {
      columns[name][row] = row % 3 === 0 ? ABSENT : 4_294_960 + i;
    });
    columns.outcome[row] = row % 200;
    columns.flags[row] = 2 ** 31 - 1;
    columns.bytes[row] = 2 ** 31 - 1;
    columns.qp[row] = -2000;
  }
  return frameBytes(FrameBatch.concat([batch]));
}

function foreignParquet(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'session', data: ['one', MARKUP], type: 'STRING' },
        { name: 'grabbed_us', data: [0.5, Number.NaN], type: 'DOUBLE' },
        { name: 'colour', data: [true, false], type: 'BOOLEAN' },
      ],
    }),
  );
}
