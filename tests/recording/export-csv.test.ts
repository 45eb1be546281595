// CSV of frames: what a reader that splits at commas sees, what PresentMon's names carry, what stays empty.
import { expect, test } from 'bun:test';
import { csvColumns, csvText } from '../../recording/src/export/csv.ts';
import { frameFlags } from '../../recording/src/frames.ts';
import { captureOf, framesOf, steadyFrames } from '../support/exported-frames.ts';

type Line = Readonly<Record<string, string>>;

function read(text: string): readonly Line[] {
  expect(text.endsWith('\r\n')).toBe(true);
  const [header = [], ...rows] = text
    .slice(0, -2)
    .split('\r\n')
    .map((line) => line.split(','));
  for (const row of rows) expect(row).toHaveLength(header.length);
  return rows.map((row) => Object.fromEntries(row.map((cell, i) => [header[i] ?? '', cell])));
}

const BOUNDARIES = [100, 150, 2100, 2300, 2400, 2450, 5000];

test('a frame that was sent has every figure of its path, and no stage of the other', () => {
  const frames = framesOf([
    {
      grabbedUs: 1_000_007,
      boundaries: BOUNDARIES,
      index: 7,
      flags: frameFlags.key | frameFlags.afterInvalidation,
      bytes: 30_000,
      queueDepth: 1,
      sequence: -2,
      ageUs: 4000,
      qp: 28,
    },
    { grabbedUs: 1_016_674, boundaries: BOUNDARIES, index: 8, session: 2 },
  ]);
  const [first = {}, other = {}] = read([...csvText([frames], captureOf())].join(''));
  expect(first).toMatchObject({
    Application: 'punktfunk-host',
    TimeInSeconds: '1.000007',
    MsBetweenPresents: '',
    session: '1',
    frame_index: '7',
    outcome: 'sent',
    repeated: '0',
    key_frame: '1',
    after_invalidation: '1',
    capture_us: '100',
    submit_us: '',
    encode_us: '2000',
    packetize_us: '200',
    send_us: '2700',
    total_us: '5000',
    at_dequeued_us: '2400',
    source_sequence: '4294967294',
    source_age_us: '4000',
    bytes: '30000',
    queue_depth: '1',
    send_refused: '0',
    refused_because: '',
    qp: '28',
  });
  expect(other).toMatchObject({
    submit_us: '50',
    encode_us: '1950',
    packetize_us: '',
    send_us: '2900',
    source_sequence: '',
    source_age_us: '',
    qp: '',
  });
});

test('a dropped frame has the stages that it finished and no total; absent is empty, not zero', () => {
  const frames = framesOf([
    { grabbedUs: 0, boundaries: [100, 150, 2100], outcome: 'encoder_skipped' },
    {
      grabbedUs: 16_667,
      boundaries: BOUNDARIES.slice(0, 4),
      outcome: 'send_error',
      refused: 3,
      flags: frameFlags.refusedNoBuffer | frameFlags.refusedNoRoom | frameFlags.repeat,
    },
  ]);
  const [skipped = {}, refused = {}] = read([...csvText([frames], captureOf())].join(''));
  expect(skipped).toMatchObject({
    frame_index: '',
    outcome: 'encoder_skipped',
    encode_us: '2000',
    packetize_us: '',
    send_us: '',
    total_us: '',
    at_last_sent_us: '',
  });
  expect(refused).toMatchObject({
    MsBetweenPresents: '16.667',
    repeated: '1',
    send_refused: '3',
    refused_because: 'no_room no_buffer',
  });
});

test('the time since the frame before is of the same session, also across groups', () => {
  const groups = [
    framesOf([
      { session: 1, grabbedUs: 10_000 },
      { session: 2, grabbedUs: 10_500 },
    ]),
    framesOf([
      { session: 1, grabbedUs: 26_667 },
      { session: 2, grabbedUs: 43_833 },
    ]),
  ];
  const lines = read([...csvText(groups, captureOf())].join(''));
  expect(lines.map((line) => line['MsBetweenPresents'])).toEqual(['', '', '16.667', '33.333']);
});

test('no cell ever needs quotes, and the header is what CapFrameX looks for', () => {
  const text = [...csvText(steadyFrames(20), captureOf())].join('');
  expect(text).not.toContain('"');
  expect(text.startsWith('Application,TimeInSeconds,MsBetweenPresents,')).toBe(true);
  expect(read(text)).toHaveLength(2 * 20 * 60);
  // A stage column that a path lacks is empty in all its lines, and stages add up to the total.
  for (const line of read(text)) {
    if (line['total_us'] === '') continue;
    const stages = ['capture_us', 'submit_us', 'encode_us', 'packetize_us', 'send_us'];
    const sum = stages.reduce((total, name) => total + Number(line[name]), 0);
    expect(sum).toBe(Number(line['total_us']));
  }
});

test('names are unique, and each says what it means', () => {
  const names = csvColumns.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { doc } of csvColumns) expect(doc.length).toBeGreaterThan(10);
});

test('comes in pieces: no more than a thousand lines wait at once', () => {
  const pieces = [...csvText(steadyFrames(60), captureOf())];
  expect(pieces.length).toBeGreaterThan(7);
  for (const piece of pieces) expect(piece.split('\r\n').length).toBeLessThanOrEqual(1025);
});

test('a recording without frames is a header', () => {
  expect([...csvText([], captureOf())]).toEqual([
    `${csvColumns.map(({ name }) => name).join(',')}\r\n`,
  ]);
});
