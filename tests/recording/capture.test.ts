import { describe, expect, test } from 'bun:test';
import type { CaptureEvent, LiveDelta } from '../../contract/stats.ts';
import { parseCapture, serializeCapture } from '../../recording/src/format.ts';
import { grabbedNsAt } from '../../recording/src/frames.ts';
import { SESSION_BOUND_US } from '../../recording/src/windows.ts';
import {
  ARMED_NS,
  announced,
  builder,
  finished,
  happened,
  SECOND,
  START_MS,
  session,
} from '../support/captures.ts';
import { batchOf, bytesOf, type FrameOptions, frame, frames } from '../support/records.ts';

/** A second of frames of a session, `seconds` after arming. */
function recorded(seconds: number, sessionId = 1, options: FrameOptions = {}) {
  const startNs = ARMED_NS + BigInt(Math.round(seconds * 1e9));
  const made = frames(60, 60, startNs, () => ({ session: sessionId, ...options }));
  return { kind: 'records', bytes: bytesOf(made) } as const;
}
const after = (seconds: number) => ARMED_NS + BigInt(Math.round(seconds * 1e9));
const kinds = (events: readonly CaptureEvent[] | undefined) =>
  events?.map(({ t_ms, session_id, kind }) => [t_ms, session_id, kind]);

describe('a recording', () => {
  test('has the first session in its header, and every session its own entry', () => {
    const capture = builder();
    capture.take(announced({ app: 'Desktop', negotiated: { packet_size: 1392 } }));
    capture.take(announced({ sessionId: 2, width: 1280, height: 720, client: 'other' }));
    for (const input of [recorded(0), recorded(1, 2)]) capture.take(input);
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 1, reason: 'client_gone' });
    const { meta, sessions, samples, version, events } = finished(capture, after(2));
    expect(version).toBe(2);
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
      session_count: 2,
    });
    expect(sessions).toEqual([
      {
        session_id: 1,
        kind: 'gamestream',
        width: 5120,
        height: 1440,
        fps: 60,
        codec: 'h264',
        client: 'test',
        source: 'synthetic',
        encoder: 'openh264',
        bitrate_kbps: 20_000,
        app: 'Desktop',
        negotiated: { packet_size: 1392 },
        started_t_ms: 0,
        ended_t_ms: 1000,
        end_reason: 'client_gone',
      },
      expect.objectContaining({ session_id: 2, client: 'other', started_t_ms: 1000 }),
    ]);
    expect(sessions?.[1]).not.toHaveProperty('ended_t_ms');
    expect(sessions?.[1]).not.toHaveProperty('app');
    expect(samples.map((s) => [s.session_id, s.t_ms])).toEqual([
      [1, 1000],
      [2, 2000],
    ]);
    expect(events).toEqual([
      { t_ms: 0, session_id: 1, kind: 'session_start' },
      { t_ms: 1000, session_id: 2, kind: 'session_start' },
      { t_ms: 1000, session_id: 1, kind: 'session_end', detail: { reason: 'client_gone' } },
    ]);
  });

  test('of two interleaved sessions and a reconnect keeps each apart', () => {
    const capture = builder();
    for (const sessionId of [1, 2]) capture.take(announced({ sessionId }));
    const both = frames(120, 120, ARMED_NS, (i) => ({ session: 1 + (i % 2) }));
    capture.take({ kind: 'records', bytes: bytesOf(both) });
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 2, reason: 'client_left' });
    capture.take(announced({ sessionId: 3, width: 1280, height: 720 }, after(1)));
    capture.take(recorded(1, 3));
    const { samples, sessions, meta } = finished(capture, after(2));
    expect(samples.map((s) => [s.session_id, s.t_ms, s.frames])).toEqual([
      [1, 1000, 60],
      [2, 1000, 60],
      [1, 2000, 0],
      [3, 2000, 60],
    ]);
    expect(sessions?.map((s) => [s.session_id, s.width, s.end_reason])).toEqual([
      [1, 5120, undefined],
      [2, 5120, 'client_left'],
      [3, 1280, undefined],
    ]);
    expect(meta.session_count).toBe(3);
  });

  test('of a number that is given out again has two entries', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 1, reason: 'client_left' });
    capture.take(announced({ width: 1280, height: 720 }, after(1)));
    capture.take(recorded(1));
    const { sessions, samples } = finished(capture, after(2));
    expect(sessions?.map((s) => [s.width, s.started_t_ms, s.ended_t_ms])).toEqual([
      [5120, 0, 1000],
      [1280, 1000, undefined],
    ]);
    expect(samples.map((s) => s.frames)).toEqual([60, 60]);
  });

  test('without a session is idle', () => {
    const capture = builder();
    capture.take(announced());
    expect([capture.kind, capture.sessionCount]).toEqual(['', 0]);
    const { meta, samples, sessions } = finished(capture, after(3));
    expect(meta).toMatchObject({
      id: '2026-06-26T20-14-03Z_idle',
      kind: '',
      duration_ms: 3000,
      session_count: 0,
    });
    expect([samples, sessions]).toEqual([[], []]);
  });

  test('does not know frames from before it was armed', () => {
    const capture = builder();
    capture.take(announced());
    expect(capture.take(recorded(-0.5))?.length).toBe(30);
    const { sessions, samples } = finished(capture, after(0.5));
    expect(sessions?.map((s) => s.started_t_ms)).toEqual([0]);
    expect(samples.map((s) => s.frames)).toEqual([30]);
  });

  test('tells what is known of it from outside, and where it came from', () => {
    const host = { version: '1.2.3', cpus: 2 };
    const capture = builder({ host, preRollMs: 20_000, trigger: 'freeze', name: 'not in it' });
    const recorder = {
      frames: 1,
      bytes_written: 2,
      write_ms: 3,
      write_max_ms: 3,
      shed_frames: 0,
    };
    const about = { recorder, recovered: true, frameCount: 77 } as const;
    const { meta, text } = capture.finish(after(1), about);
    expect(meta).toMatchObject({ trigger: 'freeze', recovered: true, frame_count: 77 });
    expect(parseCapture(text)).toMatchObject({ meta, host, recorder, pre_roll_ms: 20_000 });
    expect(text).not.toContain('not in it');
    expect(capture.start.name).toBe('not in it');
  });

  test('reads back as it was written', () => {
    const capture = builder();
    capture.take(announced());
    for (const second of [0, 1, 2]) capture.take(recorded(second));
    const { text } = capture.finish(after(3));
    expect(serializeCapture(parseCapture(text))).toBe(text);
  });

  test('can be looked at while it runs: closed windows, and the time since the start', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take(recorded(1));
    capture.advance(after(1.5));
    const live = parseCapture(capture.text(START_MS + 1500));
    expect([live.meta.duration_ms, live.samples.length, capture.sampleCount]).toEqual([1500, 1, 1]);
    expect(parseCapture(capture.text(START_MS - 5000)).meta.duration_ms).toBe(0);
    expect([capture.kind, capture.frameCount, capture.sessionCount]).toEqual([
      'gamestream',
      120,
      1,
    ]);
  });

  test('shows a new bitrate from its window on', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take(announced({ bitrateKbps: 5_000 }, after(1.5)));
    capture.take(recorded(1));
    const { samples, sessions } = finished(capture, after(2));
    expect(samples.map((s) => s.bitrate_kbps)).toEqual([20_000, 5_000]);
    expect(sessions?.map((s) => s.bitrate_kbps)).toEqual([20_000]);
  });
});

describe('events', () => {
  test('come in order of time, whenever they were told, with kind and detail as they came', () => {
    const capture = builder();
    capture.take(happened(ARMED_NS, { kind: 'of nobody' }));
    capture.take(announced());
    capture.take(happened(9n * SECOND, { kind: 'before arming' }));
    capture.take(recorded(0));
    const detail = { from_kbps: 20_000, to_kbps: 10_000 };
    capture.take(happened(after(0.5), { kind: 'bitrate', detail }));
    capture.take(happened(after(0.25), { kind: 'key_frame', frame: 7, detail: { why: 'asked' } }));
    capture.take({
      kind: 'event',
      atNs: after(0.3),
      sessionId: undefined,
      event: { kind: 'marker', detail: { text: 'there' } },
    });
    capture.advance(after(0.9));
    expect(finished(capture, after(1)).events).toEqual([
      { t_ms: 0, session_id: 1, kind: 'session_start' },
      { t_ms: 250, session_id: 1, kind: 'key_frame', frame: 7, detail: { why: 'asked' } },
      { t_ms: 300, kind: 'marker', detail: { text: 'there' } },
      { t_ms: 500, session_id: 1, kind: 'bitrate', detail },
    ]);
  });

  test('of a bitrate are told once: by the engine, or else by the announcement', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    const detail = { from_kbps: 20_000, to_kbps: 10_000 };
    capture.take(happened(after(0.2), { kind: 'bitrate', detail }));
    capture.take(announced({ bitrateKbps: 10_000 }, after(0.201)));
    capture.take(announced({ bitrateKbps: 8_000 }, after(0.6)));
    capture.take(announced({ bitrateKbps: 8_000 }, after(0.7)));
    const { events } = finished(capture, after(1));
    expect(events?.slice(1)).toEqual([
      { t_ms: 200, session_id: 1, kind: 'bitrate', detail },
      { t_ms: 600, session_id: 1, kind: 'bitrate', detail: { from_kbps: 10_000, to_kbps: 8_000 } },
    ]);
  });

  test('tell of another mode, and the entry keeps the one of its start', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take(announced({ width: 1280, height: 720, fps: 30, app: 'Game' }, after(0.5)));
    const { events, sessions, meta } = finished(capture, after(1));
    expect(events?.at(-1)).toEqual({
      t_ms: 500,
      session_id: 1,
      kind: 'mode',
      detail: { from: '5120x1440@60 h264', to: '1280x720@30 h264' },
    });
    expect(sessions?.[0]).toMatchObject({ width: 5120, height: 1440, fps: 60, app: 'Game' });
    expect(meta).toMatchObject({ width: 5120, fps: 60 });
  });

  test('tell of lost records and of a machine that slept', () => {
    const capture = builder();
    capture.take({ kind: 'records_lost', atNs: after(0.4), count: 7 });
    capture.take({ kind: 'suspended', atNs: after(0.8), ms: 60_000 });
    expect(parseCapture(capture.text(START_MS + 61_000)).meta.duration_ms).toBe(1000);
    const recording = finished(capture, after(1));
    expect(recording.records_lost).toBe(7);
    expect(recording.events).toEqual([
      { t_ms: 400, kind: 'records_lost', detail: { count: 7 } },
      { t_ms: 800, kind: 'suspended', detail: { ms: 60_000 } },
    ]);
    expect(finished(builder(), after(1))).not.toHaveProperty('records_lost');
  });

  test('tell of a freeze when it is over, at the time when it began', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take(recorded(1.7));
    const events = finished(capture, after(2.7)).events;
    // 59/60 s and 7.5 ms until the frame was sent; the next was sent 7.5 ms after 1.7 s.
    expect(events?.at(-1)).toEqual({
      t_ms: 991,
      session_id: 1,
      kind: 'freeze',
      detail: { ms: 717 },
    });
  });

  test('tell of a burst of losses, as the receiver reports it', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    const report = (seconds: number, packetsLost: number) =>
      capture.take({
        kind: 'receiver',
        atNs: after(seconds),
        sessionId: 1,
        totals: { packetsLost },
      });
    for (const [seconds, lost] of [
      [0.25, 2],
      [0.5, 25],
      [0.75, 26],
    ] as const) {
      report(seconds, lost);
    }
    expect(finished(capture, after(1)).events?.slice(1)).toEqual([
      {
        t_ms: 500,
        session_id: 1,
        kind: 'loss_burst',
        detail: { packets_lost: 23, interval_ms: 250 },
      },
    ]);
  });

  test('of a flood are bounded and counted, and rare ones find room', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.advance(after(0.5));
    for (let i = 0; i < 20_004; i += 1) {
      capture.take(happened(after(0.5), { kind: 'idr_requested' }));
    }
    capture.take({
      kind: 'event',
      atNs: after(0.6),
      sessionId: undefined,
      event: { kind: 'marker' },
    });
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 1, reason: 'client_left' });
    const { events, events_lost } = finished(capture, after(1));
    expect([events?.length, events_lost]).toEqual([20_000, 7]);
    expect(capture.deltas().at(-1)).toEqual({ kind: 'bounds', truncated: false, events_lost: 7 });
    expect(capture.deltas()).toEqual([]);
    expect(kinds(events?.slice(-2))).toEqual([
      [600, undefined, 'marker'],
      [1000, 1, 'session_end'],
    ]);
  });
});

describe('frames of a session that nobody announced', () => {
  test('wait, and come with the announcement', () => {
    const capture = builder();
    capture.take(announced({ sessionId: 2 }));
    const mixed = frames(60, 60, ARMED_NS, (i) => ({ session: 1 + (i % 2) }));
    expect(capture.take({ kind: 'records', bytes: bytesOf(mixed) })?.columns.session).toEqual(
      new Int32Array(30).fill(2),
    );
    expect(capture.sessionCount).toBe(1);
    const came = capture.take(announced({}, after(0.6)));
    expect([came?.length, new Set(came?.columns.session)]).toEqual([30, new Set([1])]);
    expect(capture.take(announced({}, after(0.7)))).toBeUndefined();
    const { samples, sessions } = finished(capture, after(1));
    expect(samples.map((s) => s.frames)).toEqual([30, 30]);
    expect(sessions?.[0]?.started_t_ms).toBe(0);
  });

  test('are at most 10,000; the oldest beyond them are lost, and that is told', () => {
    const capture = builder();
    const many = frames(10_003, 60, ARMED_NS);
    expect(capture.frames(batchOf(many.slice(0, 7000), ARMED_NS))).toBeUndefined();
    expect(capture.frames(batchOf(many.slice(7000), ARMED_NS))).toBeUndefined();
    const came = capture.take(announced({}, after(170)));
    expect([came?.length, came?.grabbed_us[0]]).toEqual([10_000, 50_000]);
    const recording = finished(capture, after(170));
    expect(recording.records_lost).toBe(3);
    expect(recording.events?.[0]).toEqual({ t_ms: 0, kind: 'records_lost', detail: { count: 3 } });
  });

  test('are told lost once a minute, however long nobody announces it', () => {
    const capture = builder();
    const many = batchOf(frames(10_000 + 100 * 60, 60, ARMED_NS), ARMED_NS);
    for (let from = 0; from < many.length; from += 500) {
      const rows = Array.from({ length: 500 }, (_, i) => from + i);
      capture.frames(many.pick(rows.filter((row) => row < many.length)));
    }
    const { events, records_lost } = finished(capture, after(300));
    expect(records_lost).toBe(6000);
    expect(events?.map((e) => [e.t_ms, e.kind, e.detail?.['count']])).toEqual([
      [0, 'records_lost', 3600],
      [60_000, 'records_lost', 2400],
    ]);
  });

  test('or come after everything of their session was closed are lost, and that is told', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 1, reason: 'client_left' });
    capture.advance(after(2));
    expect(capture.take(recorded(0.5))).toBeUndefined();
    const { events, records_lost, samples } = finished(capture, after(2));
    expect(records_lost).toBe(60);
    expect(kinds(events)).toContainEqual([500, undefined, 'records_lost']);
    expect(samples.map((s) => s.frames)).toEqual([60]);
  });

  test('and was never announced are in no recording', () => {
    const capture = builder();
    capture.take(recorded(0));
    expect(finished(capture, after(1))).toMatchObject({ samples: [], sessions: [] });
    expect(capture.frameCount).toBe(0);
  });
});

describe('the bound of a session', () => {
  test('keeps its first three hours, and other sessions whole', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    const bound = SESSION_BOUND_US / 1e6;
    capture.take(announced({ sessionId: 2 }, after(bound)));
    const at = (seconds: number, sessionId: number) =>
      frame({ grabbedNs: after(seconds), session: sessionId });
    const batch = bytesOf([at(bound - 1, 1), at(bound + 1, 1), at(bound + 1, 2)]);
    const accepted = capture.take({ kind: 'records', bytes: batch });
    expect([...(accepted?.columns.session ?? [])]).toEqual([1, 2]);
    const { truncated, samples, events, records_lost } = finished(capture, after(bound + 3));
    expect([truncated, records_lost]).toEqual([true, undefined]);
    const told = capture.deltas().filter(({ kind }) => kind === 'bounds');
    expect(told).toEqual([{ kind: 'bounds', truncated: true, events_lost: 0 }]);
    expect(samples.filter((s) => s.session_id === 1)).toHaveLength(10_800);
    expect(samples.filter((s) => s.session_id === 2)).toHaveLength(2);
    // The freeze before the last frame, and none that the bound itself would make.
    const freezes = events?.filter((e) => e.kind === 'freeze' && e.session_id === 1);
    expect(freezes?.map((e) => [e.t_ms, e.detail?.['ms']])).toEqual([
      [991, 10_798_017],
      [10_799_008, 993],
    ]);
  });
});

describe('what changes', () => {
  const deltas = (capture: ReturnType<typeof builder>): LiveDelta[] => capture.deltas();

  test('is told once: a session when its start is known and again when it ends, samples, events', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    expect(deltas(capture)).toEqual([]);
    capture.advance(after(0.5));
    expect(deltas(capture).map((d) => d.kind)).toEqual(['session', 'event']);
    capture.take({ kind: 'session_ended', atNs: after(1), sessionId: 1, reason: 'client_left' });
    capture.advance(after(1.1));
    expect(deltas(capture)).toEqual([]);
    capture.advance(after(1.3));
    const [ended, event, sample] = deltas(capture);
    expect(ended).toMatchObject({
      kind: 'session',
      session: { ended_t_ms: 1000, end_reason: 'client_left' },
    });
    expect(event).toMatchObject({ kind: 'event', event: { kind: 'session_end' } });
    expect(sample).toMatchObject({ kind: 'sample', sample: { t_ms: 1000, frames: 60 } });
    expect(deltas(capture)).toEqual([]);
  });

  test('is what the text holds', () => {
    const capture = builder();
    capture.take(announced());
    for (let second = 0; second < 20; second += 1) {
      capture.take(recorded(second));
      capture.advance(after(second + 1));
    }
    const { text } = capture.finish(after(20));
    const told = deltas(capture);
    const { samples, events } = parseCapture(text);
    expect(told.flatMap((d) => (d.kind === 'sample' ? [d.sample] : []))).toEqual(samples);
    expect(told.flatMap((d) => (d.kind === 'event' ? [d.event] : []))).toEqual(events ?? []);
  });

  test('does not grow while nobody asks', () => {
    const capture = builder();
    capture.take(announced());
    capture.take(recorded(0));
    capture.advance(after(9000));
    expect(capture.sampleCount).toBe(8999);
    expect(deltas(capture).length).toBeLessThanOrEqual(4096);
  });
});

test('what a take hands back is what came, frame by frame', () => {
  const capture = builder();
  capture.take(announced(session));
  const input = recorded(0);
  const batch = capture.take(input);
  expect(batch?.grabbed_us).toEqual(
    Float64Array.from({ length: 60 }, (_, i) =>
      Math.round(Number(grabbedNsAt(input.bytes, i * 64) - ARMED_NS) / 1000),
    ),
  );
});
