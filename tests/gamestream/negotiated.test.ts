// What recordings learn of a session beside its frames: the app, what was negotiated, and why.
import { describe, expect, test } from 'bun:test';
import type { Session, SessionRequest } from '../../host/src/engine/messages.ts';
import {
  encryptionWhy,
  negotiated,
  requestedNegotiation,
  sourcesPassedOver,
} from '../../host/src/sessions/negotiated.ts';
import { client, streamsHost as host, stockAnnouncement, wish } from '../support/streams.ts';

const ann = client('ann');

describe('a client’s session', () => {
  test('is announced with its app and with everything that was settled', async () => {
    const { streams, play, announced } = host();
    await streams.launch(wish(ann));
    await play(ann);
    expect(announced.at(-1)).toMatchObject({
      client: 'ann',
      app: 'Desktop',
      negotiated: {
        source_refused: [
          { name: 'x11', reason: 'DISPLAY is not set.' },
          { name: 'wlroots', reason: 'WAYLAND_DISPLAY is not set.' },
        ],
        colour: 'bt601 limited',
        encryption: { control: true, video: true, audio: true, why: 'The client asked for it.' },
        audio: { channels: 2, packet_ms: 5 },
        packet_size: 1360,
        fec_pct: 20,
        slices: 1,
      },
    });
  });

  test('tells what the encoder can do when it is open, and not before', async () => {
    const { streams, play, announced } = host();
    await streams.launch(wish(ann));
    await play(ann, stockAnnouncement({ 'x-nv-video[0].maxNumReferenceFrames': '0' }));
    expect(announced.at(-1)?.negotiated).toHaveProperty('can_invalidate');
    const starting = negotiated({ fec_pct: 20 }, view({ state: 'starting' }));
    expect(starting).toEqual({ fec_pct: 20 });
    expect(announced.at(-1)?.negotiated).toMatchObject({
      encoder_detail: 'openh264, in memory only',
    });
    expect(announced.at(-1)?.negotiated).not.toHaveProperty('encoder_refused');
  });

  test('has no reason in the API’s list, and no secret in the recording', async () => {
    const { streams, streamOf, play, announced, sessions } = host();
    const asked = wish(ann);
    await streams.launch(asked);
    const { pingPayloads, connectData } = streamOf(ann);
    await play(ann);
    expect(sessions.list()[0]).not.toHaveProperty('why');
    const text = JSON.stringify(announced);
    const secrets = [...Object.values(pingPayloads), Buffer.from(asked.key).toString('hex')];
    for (const secret of [...secrets, `${connectData}`]) {
      expect(text).not.toContain(secret);
    }
    // Nor who it is beyond its name: the address stays with the sessions.
    expect(text).not.toContain('127.0.0.1');
  });
});

describe('what nobody knows is absent', () => {
  test('of a test stream: no sound, no colour of its own, no link; that nothing is sealed is known', () => {
    const { audio: _audio, colour: _colour, control: _c, encryption: _e, ...plain } = REQUEST;
    expect(requestedNegotiation(plain)).toEqual({
      encryption: { control: false, video: false, audio: false },
      packet_size: 1392,
      fec_pct: 20,
      slices: 4,
    });
  });

  test('and what the engine tells is passed on', () => {
    const picture = {
      x: 0,
      y: 60,
      width: 1280,
      height: 600,
      source_width: 1920,
      source_height: 900,
    };
    const refused = [{ name: 'nvenc', reason: 'no driver' }];
    const told = negotiated(requestedNegotiation({ ...REQUEST, link_mbps: 100 }), {
      ...view({ can_invalidate: true }),
      ...{ picture, refused, encoder_detail: 'openh264 2.7.0, 1 thread' },
    });
    expect(told).toMatchObject({
      ...{ picture, encoder_refused: refused, can_invalidate: true, link_mbps: 100 },
      encoder_detail: 'openh264 2.7.0, 1 thread',
      colour: 'bt709 full',
    });
  });
});

test('encryption has a reason of the host’s or of the client’s', () => {
  const both = { control: 'v2', video: true, audio: true } as const;
  const none = { control: 'v2', video: false, audio: true } as const;
  expect(encryptionWhy('required', true, both)).toBe('Required by --encryption=required.');
  expect(encryptionWhy('lan-optional', false, both)).toBe('The client asked for it.');
  expect(encryptionWhy('lan-optional', false, none)).toBe('The client did not ask for it.');
  expect(encryptionWhy('off', false, none)).toBe('None for video by --encryption=off.');
  expect(encryptionWhy('lan-optional', false, { ...none, control: 'weak' })).toContain(
    'control encryption is weak',
  );
});

test('desktops are passed over only by `auto`, in the order in which it looks', () => {
  expect(sourcesPassedOver('synthetic', {})).toEqual([]);
  expect(sourcesPassedOver('auto', { DISPLAY: ':0' })).toEqual([]);
  expect(sourcesPassedOver('auto', { WAYLAND_DISPLAY: 'w' }).map(({ name }) => name)).toEqual([
    'x11',
  ]);
  expect(sourcesPassedOver('auto', {}).map(({ name }) => name)).toEqual(['x11', 'wlroots']);
});

function view(changes: Partial<Session> = {}): Session {
  return {
    session: 1,
    kind: 'gamestream',
    state: 'streaming',
    client: 'ann',
    source: 'synthetic',
    encoder: 'openh264',
    codec: 'h264',
    width: 1280,
    height: 720,
    fps: 60,
    bitrate_kbps: 5000,
    can_invalidate: false,
    ...changes,
  };
}

const REQUEST: SessionRequest = {
  kind: 'gamestream',
  client: 'ann',
  listener: 1,
  ping_payload: '0123456789abcdef',
  packet_size: 1392,
  fec_pct: 20,
  min_parity: 2,
  source: 'synthetic',
  width: 1280,
  height: 720,
  fps: 60,
  bitrate_kbps: 5000,
  codec: 'h264',
  encoder: 'auto',
  slices: 4,
  max_reference_frames: 0,
  drop_pct: 0,
  client_timeout_ms: 10_000,
  invalidation: true,
  colour: { matrix: 'bt709', full_range: true },
  encryption: { key: '0'.repeat(32), key_id: 1, video: false, audio: true },
  audio: {
    listener: 2,
    ping_payload: '0123456789abcdef',
    channels: 6,
    high_quality: false,
    packet_ms: 5,
  },
};
