// A recording that is shown to somebody: what was chosen to go is nowhere in it, and every figure is as it was.
import { describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { parseCapture } from '../../components/base/parse.ts';
import { type Capture, Capture as CaptureSchema } from '../../contract/stats.ts';
import { type Redaction, redactCapture } from '../../recording/src/redact-capture.ts';

const capture: Capture = {
  version: 2,
  meta: {
    ...{ id: '2026-06-26T20-14-03Z_1920x1080', started_unix_ms: 1, duration_ms: 2000 },
    ...{ kind: 'gamestream', width: 1920, height: 1080, fps: 120, codec: 'h264' },
    ...{ client: '192.168.1.63', sample_count: 1, frame_count: 240 },
    ...{ name: 'Eva plays', note: 'at Eva’s', tags: ['eva'], starred: true },
  },
  host: { version: '0.1.0', cpu: 'Ryzen of Eva', kernel: '6.1.0-eva' },
  sessions: [
    {
      ...{ session_id: 1, kind: 'gamestream', width: 1920, height: 1080, fps: 120 },
      ...{ codec: 'h264', client: '192.168.1.63', source: 'x11', encoder: 'openh264' },
      ...{ app: 'SuperTuxKart', started_t_ms: 0, ended_t_ms: 2000, end_reason: 'client_gone' },
      negotiated: {
        source_refused: [{ name: 'wlroots', reason: '/run/user/1000/wayland-eva is not there.' }],
        encoder_detail: 'openh264 2.7.0 in /home/eva',
        encryption: { control: true, video: false, audio: false, why: 'eva’s network' },
        colour: 'bt709 limited',
      },
    },
    {
      ...{ session_id: 2, kind: 'native', width: 1280, height: 720, fps: 60 },
      ...{ codec: 'h264', client: 'fe80::eva', source: 'x11', encoder: 'openh264' },
      ...{ started_t_ms: 500, end_reason: 'Eva pulled the plug.' },
    },
  ],
  events: [
    { t_ms: 100, kind: 'marker', detail: { text: 'eva' } },
    { t_ms: 200, session_id: 1, kind: 'key_frame', frame: 7, detail: { why: 'loss' } },
    {
      t_ms: 300,
      session_id: 1,
      kind: 'encoder_reopened',
      detail: { why: '/dev/eva is gone', n: 3 },
    },
  ],
  samples: [
    {
      ...{ t_ms: 1000, session_id: 1, fps: 120, repeat_fps: 0, mbps: 30, bitrate_kbps: 30_000 },
      stages: [{ name: 'encode', p50_us: 3000, p99_us: 9000 }],
    },
  ],
};
const ALL: Redaction = { clients: true, names: true, host: true };
const NONE: Redaction = { clients: false, names: false, host: false };

describe('a recording that is shown to somebody', () => {
  test('holds nothing of who somebody is and what they play', () => {
    const text = JSON.stringify(redactCapture(capture, ALL));
    expect(text).not.toMatch(/eva|192\.168|SuperTuxKart|fe80/i);
  });

  test('tells its devices apart, under the same label everywhere', () => {
    const { meta, sessions = [] } = redactCapture(capture, ALL);
    expect(sessions.map(({ client }) => client)).toEqual(['client 1', 'client 2']);
    expect(meta.client).toBe('client 1');
  });

  test('keeps figures, modes and words of ours', () => {
    const shown = redactCapture(capture, ALL);
    expect(shown.samples).toEqual(capture.samples);
    expect(shown.sessions?.[0]).toMatchObject({
      ...{ width: 1920, encoder: 'openh264', end_reason: 'client_gone' },
      negotiated: { colour: 'bt709 limited', source_refused: [{ name: 'wlroots', reason: '' }] },
    });
    expect(shown.events?.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['marker', undefined],
      ['key_frame', { why: 'loss' }],
      ['encoder_reopened', { n: 3 }],
    ]);
    expect(shown.meta).toMatchObject({ starred: true, frame_count: 240, duration_ms: 2000 });
  });

  test('says where something was, and of what was never there nothing', () => {
    const { meta, host, sessions = [], events = [] } = redactCapture(capture, ALL);
    expect(meta.redacted).toEqual(['name', 'note', 'tags']);
    expect(host).toEqual({ version: '0.1.0', redacted: ['cpu', 'kernel'] });
    expect(sessions.map(({ redacted }) => redacted)).toEqual([
      ['app', 'source_refused', 'encoder_detail', 'encryption'],
      ['end_reason'],
    ]);
    expect(events.map(({ redacted }) => redacted)).toEqual([['text'], undefined, ['why']]);
    const empty = redactCapture(
      {
        ...capture,
        meta: { ...capture.meta, name: '', note: '', tags: [] },
        events: [{ t_ms: 1, kind: 'marker', detail: { text: '' } }],
      },
      ALL,
    );
    expect('redacted' in empty.meta).toBe(false);
    expect(empty.events).toEqual([{ t_ms: 1, kind: 'marker' }]);
  });

  test('redacted once more says the same, and is still a recording to a reader', () => {
    const once = redactCapture(capture, ALL);
    expect(redactCapture(once, ALL)).toEqual(once);
    const some = redactCapture(capture, { ...NONE, names: true });
    expect(redactCapture(some, { ...NONE, host: true }).sessions?.[0]?.redacted).toEqual([
      ...['app', 'source_refused', 'encoder_detail', 'encryption'],
    ]);
    expect(Value.Check(CaptureSchema, once)).toBe(true);
    expect(parseCapture(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  test('loses only what was chosen to go', () => {
    expect(redactCapture(capture, NONE)).toEqual(capture);
    const named = redactCapture(capture, { ...ALL, names: false });
    expect(named.meta.name).toBe('Eva plays');
    expect(named.sessions?.[0]?.app).toBe('SuperTuxKart');
    expect(named.events?.[0]?.detail).toEqual({ text: 'eva' });
    expect(named.host).toEqual({ version: '0.1.0', redacted: ['cpu', 'kernel'] });
    const machine = redactCapture(capture, { ...ALL, host: false });
    expect(machine.host).toEqual({ version: '0.1.0', cpu: 'Ryzen of Eva', kernel: '6.1.0-eva' });
  });

  test('of the seed’s kind stays of the seed’s kind', () => {
    const seed: Capture = { meta: { ...capture.meta, client: '' }, samples: [] };
    const shown = redactCapture(seed, ALL);
    expect(Object.keys(shown)).toEqual(['meta', 'samples']);
    expect(shown.meta.client).toBe('');
  });
});
