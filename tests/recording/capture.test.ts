import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CaptureBuilder, type CapturedSession } from '../../recording/src/capture.ts';
import {
  FormatError,
  parseCapture,
  readMeta,
  serializeCapture,
} from '../../recording/src/format.ts';
import {
  parseRecordingId,
  recordingIdOf,
  recordingStem,
  stemOf,
} from '../../recording/src/recording-id.ts';
import { RunCollector } from '../../recording/src/run.ts';
import { frames } from '../support/records.ts';

const SECOND = 1_000_000_000n;
const START_MS = Date.UTC(2026, 5, 26, 20, 14, 3);
const session: CapturedSession = {
  sessionId: 1,
  kind: 'gamestream',
  width: 5120,
  height: 1440,
  fps: 60,
  codec: 'h264',
  client: 'test',
  source: 'synthetic',
  encoder: 'openh264',
  bitrateKbps: 20_000,
};
const builder = () =>
  new CaptureBuilder({
    stem: recordingStem(START_MS, () => false),
    startedUnixMs: START_MS,
    armedNs: 10n * SECOND,
  });

describe('capture', () => {
  test('events are kept in their session’s order, also those before its first frame', () => {
    const capture = builder();
    capture.event(1, 10n * SECOND, { kind: 'of nobody' });
    capture.session(session);
    capture.event(1, 9n * SECOND, { kind: 'before arming' });
    capture.event(1, 10n * SECOND, { kind: 'control_connected' });
    for (const record of frames(60, 60, 10n * SECOND)) capture.record(record);
    capture.event(1, 10n * SECOND + SECOND / 2n, {
      kind: 'bitrate',
      detail: { from_kbps: 20_000, to_kbps: 10_000 },
    });
    const recording = capture.finish(11n * SECOND);
    expect(recording.events).toEqual([
      { t_ms: 0, session_id: 1, kind: 'control_connected' },
      { t_ms: 500, session_id: 1, kind: 'bitrate', detail: { from_kbps: 20_000, to_kbps: 10_000 } },
    ]);
    expect(parseCapture(serializeCapture(recording)).events).toEqual(recording.events);
  });

  test('a flood of events is bounded, and what is left out is counted', () => {
    const capture = builder();
    capture.session(session);
    for (let i = 0; i < 20_005; i++) capture.event(1, 10n * SECOND, { kind: 'idr_requested' });
    const recording = capture.finish(11n * SECOND);
    expect(recording.events?.length).toBe(20_000);
    expect(recording.events_lost).toBe(5);
  });

  test('the first session seeds the header, every session keeps its own', () => {
    const capture = builder();
    capture.session(session);
    capture.session({ ...session, sessionId: 2, width: 1280, height: 720, client: 'other' });
    for (const record of frames(60, 60, 10n * SECOND)) expect(capture.record(record)).toBe(true);
    for (const record of frames(60, 60, 11n * SECOND, () => ({ session: 2 }))) {
      capture.record(record);
    }
    capture.sessionEnded(1, 11n * SECOND, 'client_gone');
    const { meta, sessions, samples, version } = capture.finish(12n * SECOND);
    expect(version).toBe(1);
    expect(meta).toEqual({
      id: '2026-06-26T20-14-03Z_5120x1440',
      started_unix_ms: START_MS,
      duration_ms: 2000,
      kind: 'gamestream',
      width: 5120,
      height: 1440,
      fps: 60,
      codec: 'h264',
      client: 'test',
      sample_count: 2,
    });
    expect(sessions?.map((s) => [s.session_id, s.client, s.started_t_ms, s.ended_t_ms])).toEqual([
      [1, 'test', 0, 1000],
      [2, 'other', 1000, undefined],
    ]);
    expect(sessions?.[0]?.end_reason).toBe('client_gone');
    expect(samples.map((s) => [s.session_id, s.t_ms])).toEqual([
      [1, 1000],
      [2, 2000],
    ]);
  });

  test('without a session it is idle', () => {
    const capture = builder();
    capture.session(session);
    expect(capture.kind).toBe('');
    const { meta, samples } = capture.finish(13n * SECOND);
    expect(meta.id).toBe('2026-06-26T20-14-03Z_idle');
    expect(meta.kind).toBe('');
    expect(meta.duration_ms).toBe(3000);
    expect(samples).toEqual([]);
  });

  test('a record of a session that nobody announced is handed back', () => {
    const [record] = frames(1, 60, 10n * SECOND);
    if (record === undefined) throw new Error('one frame was made');
    expect(builder().record(record)).toBe(false);
  });

  test('frames of a running session from before arming do not register it', () => {
    const capture = builder();
    capture.session(session);
    for (const record of frames(60, 60, 8n * SECOND)) capture.record(record);
    expect(capture.kind).toBe('');
    expect(capture.finish(12n * SECOND).sessions).toEqual([]);
  });

  test('a new bitrate shows from its window on', () => {
    const capture = builder();
    capture.session(session);
    for (const record of frames(60, 60, 10n * SECOND)) capture.record(record);
    capture.advance(11n * SECOND + SECOND / 2n);
    capture.session({ ...session, bitrateKbps: 5_000 });
    for (const record of frames(60, 60, 11n * SECOND)) capture.record(record);
    expect(capture.finish(12n * SECOND).samples.map((s) => s.bitrate_kbps)).toEqual([
      20_000, 5_000,
    ]);
  });

  test('lost records are told', () => {
    const capture = builder();
    capture.recordsLost(7);
    expect(capture.finish(11n * SECOND).records_lost).toBe(7);
    expect(builder().finish(11n * SECOND)).not.toHaveProperty('records_lost');
  });
});

describe('recording ids', () => {
  test('are the UTC start and the mode, and two in one second differ', () => {
    const taken = new Set<string>();
    const stems = [1, 2, 3].map(() => {
      const stem = recordingStem(START_MS, (s) => taken.has(s));
      taken.add(stem);
      return stem;
    });
    expect(stems).toEqual([
      '2026-06-26T20-14-03Z',
      '2026-06-26T20-14-03Z-2',
      '2026-06-26T20-14-03Z-3',
    ]);
    const id = recordingIdOf(stems[1] ?? '', { width: 1920, height: 1080 });
    expect(String(id)).toBe('2026-06-26T20-14-03Z-2_1920x1080');
    expect(stemOf(id)).toBe('2026-06-26T20-14-03Z-2');
  });

  test('hold only safe characters', () => {
    for (const bad of [
      '',
      '.',
      '..',
      '../x',
      'a..b',
      'a/b',
      'a\\b',
      'a:b',
      'a b',
      'a\0',
      '%2e',
      '.hidden',
      'ä',
      `${'x'.repeat(129)}`,
    ]) {
      expect(parseRecordingId(bad)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = parseRecordingId(text);
        if (id !== undefined) expect(id).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
      }),
    );
  });
});

describe('recording file', () => {
  const capture = () => {
    const b = builder();
    b.session(session);
    for (const record of frames(120, 60, 10n * SECOND)) b.record(record);
    return b.finish(12n * SECOND);
  };

  test('survives writing and reading', () => {
    expect(parseCapture(serializeCapture(capture()))).toEqual(capture());
  });

  test('carries its meta in the first bytes', () => {
    expect(readMeta(serializeCapture(capture()).slice(0, 512))).toEqual({
      version: 1,
      meta: capture().meta,
    });
  });

  test('of the seed loads with its zeros and gets a version', () => {
    const text = readFileSync(`${import.meta.dir}/../fixtures/recordings/seed.json`, 'utf8');
    const upgraded = parseCapture(text);
    expect(upgraded.version).toBe(1);
    expect(upgraded.samples[0]?.packets_dropped).toBe(0);
    expect(readMeta(text.slice(0, 512))?.version).toBeUndefined();
    expect(readMeta(text.slice(0, 512))?.meta.id).toBe('2026-06-26T20-14-03Z_5120x1440');
  });

  test('of a newer version loads when the known fields do', () => {
    const newer = JSON.stringify({ ...capture(), version: 9, extra: { a: 1 } });
    expect(parseCapture(newer).version).toBe(9);
  });

  test('cut at any byte is refused with a reason and never read as whole', () => {
    const text = serializeCapture(capture());
    for (let end = 0; end < text.length - 2; end += 7) {
      expect(() => parseCapture(text.slice(0, end))).toThrow(FormatError);
    }
  });

  test('with foreign bytes has no meta and does not throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(readMeta(`{"meta":{${text}`)).toBeUndefined();
        readMeta(text);
      }),
    );
  });
});

test('a run’s totals count every frame once, in whatever order they come', () => {
  const records = frames(300, 60, 0n, (i) => ({
    sourceSequence: i + (i >= 100 ? 3 : 0),
    flags: { key: i === 0 },
    outcome: i === 200 ? ('queue_full' as const) : ('sent' as const),
  }));
  const swapped = [
    ...records.slice(0, 199),
    ...records.slice(199, 201).reverse(),
    ...records.slice(201),
  ];
  const run = new RunCollector('gamestream');
  for (const record of swapped) run.add(record);
  expect(run.totals()).toMatchObject({
    framesSent: 299,
    framesDropped: 1,
    packetsSent: 299 * 12,
    framesNew: 300,
    keyFrames: 1,
    sourcePictures: 303,
    sourceSkipped: 3,
    stages: { encode: { p50_us: 4000, p99_us: 4000 } },
  });
});
