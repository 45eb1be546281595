// A stream from ANNOUNCE to its end: what the engine is asked for, who is refused, what is wiped, what is told.
import { describe, expect, test } from 'bun:test';
import { settled } from '../support/fake-host.ts';
import { refusal } from '../support/refusal.ts';
import {
  client,
  DESKTOP,
  fakeStreams,
  streamsHost as host,
  leave,
  resumeWish,
  stockAnnouncement,
  VirtualClock,
  wish,
} from '../support/streams.ts';

const ann = client('ann');
const ben = client('ben');
const FREE = { busy: false, appId: 0 };
const BUSY = { busy: true, appId: DESKTOP };

describe('the steps of RTSP', () => {
  test('PLAY before ANNOUNCE, and ANNOUNCE twice, are 455', async () => {
    const { streams, streamOf, play } = host();
    await streams.launch(wish(ann));
    const stream = streamOf(ann);
    expect(() => stream.play()).toThrow('not announced');
    const first = stream.announce(stockAnnouncement(), '127.0.0.1');
    expect(await refusal(stream.announce(stockAnnouncement(), '127.0.0.1'))).toBe(
      '455 rtsp_out_of_order',
    );
    await first;
    expect(await refusal(play(ann))).toBe('455 rtsp_out_of_order');
    stream.play();
    expect(() => stream.play()).toThrow('plays');
    expect(streams.prepared()).toEqual([]);
  });

  test('a refused mode leaves the stream prepared, and the next announcement may be right', async () => {
    const { streams, streamOf, play, sessions } = host();
    await streams.launch(wish(ann));
    const tiny = stockAnnouncement({ 'x-nv-video[0].clientViewportWd': '16' });
    expect(await refusal(streamOf(ann).announce(tiny, '127.0.0.1'))).toBe('422 mode_invalid');
    expect(sessions.list()).toEqual([]);
    await play(ann);
    expect(sessions.list()).toHaveLength(1);
  });

  test('a source that does not open is said, and nothing is left', async () => {
    const clock = new VirtualClock();
    const broken = { synthetic: 'no pixels today' };
    const { streams, streamOf, sessions } = fakeStreams({ clock, brokenSources: broken });
    await streams.launch(wish(ann));
    expect(await refusal(streamOf(ann).announce(stockAnnouncement(), '127.0.0.1'))).toBe(
      '500 source_unavailable',
    );
    expect(sessions.list()).toEqual([]);
    expect(() => streamOf(ann).play()).toThrow('not announced');
  });

  test('a stream that ends while its source opens answers nothing', async () => {
    const { streams, streamOf, sessions } = host();
    await streams.launch(wish(ann));
    const stream = streamOf(ann);
    const announced = refusal(stream.announce(stockAnnouncement(), '127.0.0.1'));
    await streams.cancel(ann);
    expect(await announced).toMatch(/^50/);
    expect(stream.ended).toBe(true);
    expect(sessions.list()).toEqual([]);
  });
});

describe('what the engine is asked for', () => {
  test('is what the client announced', async () => {
    const { streams, streamOf, play, requests, ports } = host();
    const asked = wish(ann, { keyId: 4_022_044_428 });
    await streams.launch(asked);
    const stream = streamOf(ann);
    await play(ann);
    expect(requests).toEqual([
      {
        kind: 'gamestream',
        client: 'ann',
        listener: ports.video.listener,
        ping_payload: stream.pingPayloads.video,
        packet_size: 1360,
        fec_pct: 20,
        min_parity: 2,
        source: 'synthetic',
        width: 1280,
        height: 720,
        fps: 60,
        bitrate_kbps: 7308,
        codec: 'h264',
        encoder: 'auto',
        slices: 1,
        max_reference_frames: 1,
        drop_pct: 0,
        client_timeout_ms: 10_000,
        invalidation: false,
        colour: { matrix: 'bt601', full_range: false },
        control: {
          listener: ports.control.listener,
          address: '127.0.0.1',
          sealing: 'v2',
          reports: true,
          connect_timeout_ms: 15_000,
          connect_data: stream.connectData,
        },
        audio: {
          listener: ports.audio.listener,
          ping_payload: stream.pingPayloads.audio,
          channels: 2,
          high_quality: false,
          packet_ms: 5,
        },
        encryption: {
          key: Buffer.from(asked.key).toString('hex'),
          key_id: 4_022_044_428,
          video: true,
          audio: true,
        },
        auto_bitrate: false,
      },
    ]);
  });

  test('follows settings and the rest of the announcement', async () => {
    const flags = { 'auto-bitrate': 'on', 'link-mbps': '100', source: 'x11' };
    const { streams, play, requests } = host(flags);
    await streams.launch(wish(ann));
    await play(
      ann,
      stockAnnouncement({
        'x-nv-video[0].maxNumReferenceFrames': '0',
        'x-nv-video[0].encoderCscMode': '3',
        'x-ml-general.featureFlags': '0',
        'x-ss-general.encryptionEnabled': '0',
        'x-nv-general.featureFlags': '135',
      }),
    );
    const [request] = requests;
    expect(request).toMatchObject({
      source: 'x11',
      link_mbps: 100,
      auto_bitrate: true,
      invalidation: true,
      max_reference_frames: 0,
      colour: { matrix: 'bt709', full_range: true },
      control: { sealing: 'legacy', reports: false },
      encryption: { video: false, audio: false },
      legacy_ping_address: '127.0.0.1',
    });
    expect(request?.control).not.toHaveProperty('connect_data');
  });
});

describe('encryption and old clients', () => {
  const far = { peerAddress: '203.0.113.9' };

  test('a client without sealed RTSP is refused where encryption is demanded', async () => {
    const old = { sealedRtsp: false };
    expect(await refusal(host({ encryption: 'required' }).streams.launch(wish(ann, old)))).toBe(
      '403 encryption_required',
    );
    const allow = host({ encryption: 'off', 'old-clients': 'allow' });
    expect(await refusal(allow.streams.launch(wish(ann, { ...old, ...far })))).toBe('none');
  });

  test('a client without sealed RTSP is an old client', async () => {
    const old = { sealedRtsp: false };
    const launch = (policy: string, changes: object) =>
      refusal(
        host({ encryption: 'off', 'old-clients': policy }).streams.launch(
          wish(ann, { ...old, ...changes }),
        ),
      );
    expect(await launch('refuse', {})).toBe('403 client_too_old');
    expect(await launch('lan', {})).toBe('none');
    expect(await launch('lan', far)).toBe('403 client_too_old');
  });

  test('a client without control encryption of today is an old client', async () => {
    const weak = stockAnnouncement({ 'x-ss-general.encryptionEnabled': '0' });
    const announce = async (policy: string, address: string) => {
      const { streams, streamOf, sessions } = host({ 'old-clients': policy });
      await streams.launch(wish(ann));
      const seen = await refusal(streamOf(ann).announce(weak, address));
      return [seen, sessions.list()[0]?.encryption?.control];
    };
    expect(await announce('lan', '127.0.0.1')).toEqual(['none', 'weak']);
    expect(await announce('lan', '203.0.113.9')).toEqual(['403 client_too_old', undefined]);
    expect(await announce('refuse', '127.0.0.1')).toEqual(['403 client_too_old', undefined]);
    expect(await announce('allow', '203.0.113.9')).toEqual(['none', 'weak']);
  });
});

describe('ends', () => {
  test('a client that leaves is resumable, and the app stays', async () => {
    const { streams, play, fake, sessions } = host();
    await streams.launch(wish(ann));
    await leave(fake, await play(ann));
    expect(sessions.list()).toEqual([]);
    expect(streams.appState(ann.fingerprint)).toEqual(BUSY);
    expect(streams.status().sessions).toBe(0);
    await streams.resume(resumeWish(ann));
    await play(ann);
    expect(sessions.list()).toHaveLength(1);
  });

  test('the operator ends one session; its client may resume, the others notice nothing', async () => {
    const { streams, play, stopped, sessions } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
    await streams.launch(wish(ben));
    await play(ben);
    expect(await streams.endSession(session)).toBe(true);
    expect(stopped).toEqual([[session, 'operator']]);
    expect(sessions.list().map(({ client: name }) => name)).toEqual(['ben']);
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('none');
    expect(await streams.endSession(99)).toBe(false);
  });

  test('when the app ends, all streams end and nothing is left to resume', async () => {
    const { streams, play, stopped } = host();
    await streams.launch(wish(ann));
    await play(ann);
    await streams.launch(wish(ben));
    await streams.endApp();
    expect(stopped.map(([, reason]) => reason)).toEqual(['app_ended']);
    expect(streams.prepared()).toEqual([]);
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
    expect(await refusal(streams.resume(resumeWish(ben)))).toBe('503 nothing_runs');
  });

  test('revoking a client ends its stream at once and forgets it; the app stays', async () => {
    const { streams, play, stopped, sessions } = host();
    await streams.launch(wish(ann));
    await play(ann);
    await streams.launch(wish(ben));
    await play(ben);
    const revoked = streams.revoke(ben.fingerprint);
    expect(streams.status().sessions).toBe(1);
    await revoked;
    expect(stopped.map(([, reason]) => reason)).toEqual(['revoked']);
    expect(sessions.list().map(({ client: name }) => name)).toEqual(['ann']);
    expect(streams.appState(undefined)).toEqual(BUSY);
    await streams.launch(wish(ben));
    await streams.revoke(ben.fingerprint);
    expect(streams.prepared()).toEqual([]);
  });

  test('an app that nobody is left with may be ended by anybody', async () => {
    const { streams } = host();
    await streams.launch(wish(ann));
    await streams.revoke(ann.fingerprint);
    expect(streams.appState(ben.fingerprint)).toEqual(BUSY);
    expect(await refusal(streams.cancel(ben))).toBe('none');
    expect(streams.appState(ben.fingerprint)).toEqual(FREE);
  });

  test('a host that stops ends all and starts nothing any more', async () => {
    const { streams, play, stopped } = host();
    await streams.launch(wish(ann));
    await play(ann);
    await streams.stop();
    expect(stopped.map(([, reason]) => reason)).toEqual(['host_stopping']);
    expect(await refusal(streams.launch(wish(ann)))).toBe('503 host_stopping');
  });

  test('a session that does not end holds /cancel up for 5 s at most', async () => {
    const clock = new VirtualClock();
    const { streams, play, sessions } = fakeStreams({ clock });
    await streams.launch(wish(ann));
    await play(ann);
    sessions.stop = () => new Promise(() => undefined);
    let answered = false;
    const cancelled = streams.cancel(ann).then(() => {
      answered = true;
    });
    clock.pass(4999);
    await settled();
    expect(answered).toBe(false);
    clock.pass(1);
    await cancelled;
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
  });
});

describe('secrets', () => {
  test('are wiped when the stream is over', async () => {
    const { streams, streamOf } = host();
    await streams.launch(wish(ann));
    const stream = streamOf(ann);
    expect(stream.key.some((byte) => byte !== 0)).toBe(true);
    await streams.cancel(ann);
    expect([...stream.key]).toEqual(new Array(16).fill(0));
  });

  test('stand in no line of the log', async () => {
    const { streams, streamOf, play, lines, fake } = host();
    const asked = wish(ann, { key: Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i) });
    await streams.launch(asked);
    const { pingPayloads, connectData, rtspSession } = streamOf(ann);
    await leave(fake, await play(ann));
    await streams.cancel(ann);
    const all = lines.join('\n');
    const secrets = [pingPayloads.video, pingPayloads.audio, String(connectData), rtspSession];
    for (const secret of [...secrets, Buffer.from(asked.key).toString('hex')]) {
      expect(all).not.toContain(secret);
    }
    expect(lines.length).toBeGreaterThan(4);
  });

  test('are as long as the client wants them, and never alike', async () => {
    const { streams, streamOf } = host();
    await streams.launch(wish(ann));
    await streams.launch(wish(ben));
    const [a, b] = [streamOf(ann), streamOf(ben)];
    const payloads = [a, b].flatMap(({ pingPayloads }) => Object.values(pingPayloads));
    expect(new Set(payloads).size).toBe(4);
    for (const payload of payloads) expect(payload).toMatch(/^[0-9a-f]{16}$/);
    expect(a.rtspSession).toMatch(/^[0-9a-f]{8}$/);
    expect(a.connectData).toBeGreaterThan(0);
    expect(a.connectData).toBeLessThan(2 ** 32);
  });
});

describe('what the operator sees', () => {
  test('is who streams what, from where, how encrypted', async () => {
    const { streams, play, sessions, clock } = host();
    await streams.launch(wish(ann));
    await play(ann);
    expect(sessions.list()[0]).toMatchObject({
      client: 'ann',
      client_id: ann.fingerprint,
      address: '127.0.0.1',
      app: 'Desktop',
      started_unix_ms: clock.unixMs(),
      encryption: { control: 'v2', video: true, audio: true },
      state: 'waiting_for_client',
    });
    expect(sessions.list()[0]).not.toHaveProperty('network');
  });

  test('is what the client reports of the line; absent stays absent', async () => {
    const { streams, play, sessions, fake, receivers, recorded } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
    fake.connectControl(session);
    await settled();
    expect(streams.connected(ann.fingerprint)).toBe(true);
    expect(streams.connected(ben.fingerprint)).toBe(false);
    fake.report(session, { rtt_us: { min: 900, median: 1200 } });
    expect(sessions.list()[0]?.network).toEqual({ rtt_us: 1200 });
    // Once each: a second path to the recorder would count a loss twice or at another time.
    expect(receivers.splice(0)).toEqual([[session, fake.nowNs(), { rttUs: 1200 }]]);
    fake.report(session, { packets_lost: 3, packets_recovered: 2 });
    expect(sessions.list()[0]?.network).toEqual({ packets_lost: 3, packets_recovered: 2 });
    expect(receivers).toEqual([[session, fake.nowNs(), { packetsLost: 3, packetsRecovered: 2 }]]);
    expect(recorded.map((event) => (event.ev === 'session.event' ? event.kind : event.ev))).toEqual(
      ['control_connected', 'control_ready', 'session.report', 'session.report'],
    );
    await leave(fake, session);
    expect(streams.connected(ann.fingerprint)).toBe(false);
  });

  test('of lost events is whatever the engine says afterwards', async () => {
    const { streams, play, fake, sessions, recorded } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
    fake.overflow(3);
    // Recordings say that events are missing, whosever they were.
    expect(recorded.at(-1)).toMatchObject({ session, kind: 'events_lost', lost: 3 });
    fake.vanish(session);
    fake.overflow(1);
    await settled();
    expect(sessions.list()).toEqual([]);
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('none');
  });

  test('changes are told', async () => {
    const { streams, play } = host();
    const seen: number[] = [];
    const stop = streams.onChange(() => seen.push(streams.status().sessions));
    await streams.launch(wish(ann));
    await play(ann);
    await streams.cancel(ann);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen[0]).toBe(1);
    expect(seen.at(-1)).toBe(0);
    const before = seen.length;
    stop();
    await streams.launch(wish(ann));
    expect(seen).toHaveLength(before);
  });
});
