// The life of a client in GameStream: the table of gamestream-control-plane.md §7 line by line, on virtual time.
import { describe, expect, test } from 'bun:test';
import type { FakeEngine } from '../../host/src/engine/fake-engine.ts';
import { AppError } from '../../host/src/errors.ts';
import { settled } from '../support/fake-host.ts';
import {
  client,
  DESKTOP,
  fakeStreams,
  GAME,
  resumeWish,
  stockAnnouncement,
  VirtualClock,
  wish,
} from '../support/streams.ts';

const ann = client('ann');
const ben = client('ben');
const FREE = { busy: false, appId: 0 };
const BUSY = { busy: true, appId: DESKTOP };

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AppError) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'none';
}

/** A host with virtual time. */
function host(flags: Readonly<Record<string, string>> = {}) {
  const clock = new VirtualClock();
  return { ...fakeStreams({ flags, clock }), clock };
}

describe('when nothing runs', () => {
  test('the host is free for everybody', () => {
    const { streams } = host();
    expect(streams.appState(undefined)).toEqual(FREE);
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
    expect(streams.status()).toEqual({ state: 'free', sessions: 0, max_sessions: 4 });
  });

  test('/launch starts the app and prepares a stream', async () => {
    const { streams, clock } = host();
    const { sessionUrl } = await streams.launch(wish(ann, { localAddress: '192.168.1.50' }));
    expect(sessionUrl).toBe('rtspenc://192.168.1.50:48010');
    expect(streams.appState(undefined)).toEqual(BUSY);
    expect(streams.status()).toEqual({
      state: 'busy',
      app: { title: 'Desktop', launched_by: 'ann', since_unix_ms: clock.unixMs() },
      sessions: 1,
      max_sessions: 4,
    });
    expect(streams.prepared().map(({ clientName }) => clientName)).toEqual(['ann']);
  });

  test('/launch of an unknown app is 404 and starts nothing', async () => {
    const { streams } = host();
    expect(await refusal(streams.launch(wish(ann, { appId: 5 })))).toBe('404 app_unknown');
    expect(streams.appState(undefined)).toEqual(FREE);
  });

  test('/resume is 503, /cancel is fine, RTSP finds nobody', async () => {
    const { streams } = host();
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('503 nothing_runs');
    expect(await refusal(streams.cancel(ann))).toBe('none');
    expect(streams.prepared()).toEqual([]);
  });
});

describe('the session URL', () => {
  test('has IPv6 in brackets, and plain IPv4 where it came through IPv6', async () => {
    const url = async (localAddress: string) =>
      (await host().streams.launch(wish(ann, { localAddress }))).sessionUrl;
    expect(await url('fe80::1%eth0')).toBe('rtspenc://[fe80::1]:48010');
    expect(await url('::ffff:10.0.0.5')).toBe('rtspenc://10.0.0.5:48010');
  });

  test('is clear for a client that cannot seal', async () => {
    const { sessionUrl } = await host().streams.launch(wish(ann, { sealedRtsp: false }));
    expect(sessionUrl).toBe('rtsp://127.0.0.1:48010');
  });

  test('moves with the base port', async () => {
    const { streams } = host({ 'gamestream-port': '50000' });
    expect((await streams.launch(wish(ann))).sessionUrl).toBe('rtspenc://127.0.0.1:50021');
    expect(streams.mediaPorts).toEqual({ video: 50_009, audio: 50_011, control: 50_010 });
  });
});

describe('when this client has a session', () => {
  test('/launch of any app is 400', async () => {
    const { streams } = host();
    await streams.launch(wish(ann));
    expect(await refusal(streams.launch(wish(ann)))).toBe('400 app_running');
    expect(await refusal(streams.launch(wish(ann, { appId: GAME })))).toBe('400 app_running');
  });

  test('two launches at the same instant: one wins, the other is 400', async () => {
    const { streams } = host();
    const both = [streams.launch(wish(ann)), streams.launch(wish(ann))];
    expect(await Promise.all(both.map(refusal))).toEqual(['none', '400 app_running']);
    expect(streams.prepared()).toHaveLength(1);
  });

  test('/resume ends its old stream and prepares one with the new key and new secrets', async () => {
    const { streams, stopped, play, streamOf, sessions } = host();
    await streams.launch(wish(ann));
    const old = streamOf(ann);
    const session = await play(ann);
    await streams.resume(resumeWish(ann));
    expect(stopped).toEqual([[session, 'replaced']]);
    expect(sessions.list()).toEqual([]);
    const fresh = streamOf(ann);
    expect(old.ended).toBe(true);
    for (const field of ['rtspSession', 'connectData'] as const) {
      expect(fresh[field]).not.toBe(old[field]);
    }
    expect(fresh.pingPayloads.video).not.toBe(old.pingPayloads.video);
    await play(ann);
    expect(sessions.list().map(({ client_id }) => client_id)).toEqual([ann.fingerprint]);
  });

  test('/resume with a key that was used is 400, and the stream goes on', async () => {
    const { streams, play, sessions } = host();
    const first = wish(ann);
    await streams.launch(first);
    await play(ann);
    expect(await refusal(streams.resume(resumeWish(ann, { key: first.key })))).toBe('400 key_used');
    expect(sessions.list()).toHaveLength(1);
    await streams.cancel(ann);
    expect(await refusal(streams.launch(wish(ann, { key: first.key })))).toBe('400 key_used');
    expect(await refusal(streams.launch(wish(ben, { key: first.key })))).toBe('400 key_used');
  });

  test('/resume naming another app is 400', async () => {
    const { streams } = host();
    await streams.launch(wish(ann));
    expect(await refusal(streams.resume(resumeWish(ann, { appId: GAME })))).toBe('none');
    expect(await refusal(streams.resume(wish(ann, { appId: GAME })))).toBe('400 app_running');
  });

  test('two resumes at the same instant: one wins, the other is 400', async () => {
    const { streams, play } = host();
    await streams.launch(wish(ann));
    await play(ann);
    const both = [streams.resume(resumeWish(ann)), streams.resume(resumeWish(ann))];
    expect(await Promise.all(both.map(refusal))).toEqual(['none', '400 stream_starting']);
    expect(streams.prepared()).toHaveLength(1);
  });

  test('/cancel during a resume wins', async () => {
    const { streams, play } = host();
    await streams.launch(wish(ann));
    await play(ann);
    const resumed = refusal(streams.resume(resumeWish(ann)));
    await streams.cancel(ann);
    expect(await resumed).toBe('503 app_over');
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
    expect(streams.prepared()).toEqual([]);
  });

  test('/cancel of who launched it ends stream and app; free before it answers', async () => {
    const { streams, stopped, play, sessions } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
    const cancelled = streams.cancel(ann);
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
    await cancelled;
    expect(stopped).toEqual([[session, 'app_ended']]);
    expect(sessions.list()).toEqual([]);
    expect(await refusal(streams.launch(wish(ben, { appId: GAME })))).toBe('none');
  });
});

describe('when other clients run the app', () => {
  test('/serverinfo offers it, and /launch of it is an own session with own secrets', async () => {
    const { streams, play, sessions, requests, streamOf } = host();
    await streams.launch(wish(ann));
    const first = streamOf(ann);
    await play(ann);
    expect(streams.appState(ben.fingerprint)).toEqual(BUSY);
    await streams.launch(wish(ben));
    expect(streamOf(ben).pingPayloads).not.toEqual(first.pingPayloads);
    await play(ben);
    expect(sessions.list().map(({ client: name }) => name)).toEqual(['ann', 'ben']);
    expect(new Set(requests.map(({ ping_payload }) => ping_payload)).size).toBe(2);
    expect(new Set(requests.map(({ encryption }) => encryption?.key)).size).toBe(2);
    expect(streams.status().app?.launched_by).toBe('ann');
  });

  test('/launch of another app is 400', async () => {
    const { streams } = host();
    await streams.launch(wish(ann));
    expect(await refusal(streams.launch(wish(ben, { appId: GAME })))).toBe('400 app_running');
  });

  test('/resume joins', async () => {
    const { streams, play, sessions } = host();
    await streams.launch(wish(ann));
    await play(ann);
    await streams.resume(resumeWish(ben));
    await play(ben);
    expect(sessions.list().map(({ client: name }) => name)).toEqual(['ann', 'ben']);
  });

  test('/cancel of one who takes no part is 403, unless it has the right', async () => {
    const { streams, play, sessions } = host();
    await streams.launch(wish(ann));
    await play(ann);
    expect(await refusal(streams.cancel(ben))).toBe('403 not_yours');
    expect(sessions.list()).toHaveLength(1);
    expect(await refusal(streams.cancel(client('ben', true)))).toBe('none');
    expect(streams.appState(undefined)).toEqual(FREE);
    expect(sessions.list()).toEqual([]);
  });

  test('/cancel of one who joined ends its own stream alone, and the host is free to it for a moment', async () => {
    const { streams, play, sessions, clock } = host();
    await streams.launch(wish(ann));
    await play(ann);
    await streams.launch(wish(ben));
    await play(ben);
    await streams.cancel(ben);
    expect(sessions.list().map(({ client: name }) => name)).toEqual(['ann']);
    expect(streams.appState(ben.fingerprint)).toEqual(FREE);
    expect(streams.appState(ann.fingerprint)).toEqual(BUSY);
    expect(streams.appState(undefined)).toEqual(BUSY);
    clock.pass(10_000);
    expect(streams.appState(ben.fingerprint)).toEqual(BUSY);
    expect(await refusal(streams.launch(wish(ben)))).toBe('none');
  });

  test('one who left and launches again at once is told that the app runs', async () => {
    const { streams } = host();
    await streams.launch(wish(ann));
    await streams.launch(wish(ben));
    await streams.cancel(ben);
    await streams.launch(wish(ben));
    expect(streams.appState(ben.fingerprint)).toEqual(BUSY);
  });

  test('/cancel of the last who watches ends the app, whoever launched it', async () => {
    const { streams, play, fake } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
    await streams.launch(wish(ben));
    await play(ben);
    await leave(fake, session);
    await streams.cancel(ben);
    expect(streams.appState(undefined)).toEqual(FREE);
  });
});

describe('at the session limit', () => {
  test('others are refused with 503, and whoever has a session keeps its rights', async () => {
    const { streams, play } = host({ 'max-sessions': '2' });
    const cleo = client('cleo');
    await streams.launch(wish(ann));
    await play(ann);
    await streams.launch(wish(ben));
    expect(await refusal(streams.launch(wish(cleo)))).toBe('503 session_limit');
    expect(await refusal(streams.resume(resumeWish(cleo)))).toBe('503 session_limit');
    expect(await refusal(streams.launch(wish(cleo, { appId: GAME })))).toBe('400 app_running');
    expect(streams.appState(cleo.fingerprint)).toEqual(BUSY);
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('none');
    expect(await refusal(streams.cancel(cleo))).toBe('403 not_yours');
  });

  test('a resumable client holds no place, and takes none that is not there', async () => {
    const { streams, play, fake } = host({ 'max-sessions': '1' });
    await streams.launch(wish(ann));
    await leave(fake, await play(ann));
    expect(await refusal(streams.launch(wish(ben)))).toBe('none');
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('503 session_limit');
  });
});

describe('a prepared stream', () => {
  test('that is not played in 30 s ends the app it was launched for, when nobody else is there', async () => {
    const { streams, clock } = host();
    await streams.launch(wish(ann));
    clock.pass(29_999);
    expect(streams.prepared()).toHaveLength(1);
    clock.pass(1);
    expect(streams.prepared()).toEqual([]);
    expect(streams.appState(ann.fingerprint)).toEqual(FREE);
  });

  test('of a resume that is not played stays resumable', async () => {
    const { streams, clock, play, fake } = host();
    await streams.launch(wish(ann));
    await leave(fake, await play(ann));
    await streams.resume(resumeWish(ann));
    clock.pass(30_000);
    expect(streams.prepared()).toEqual([]);
    expect(streams.appState(ann.fingerprint)).toEqual(BUSY);
    expect(await refusal(streams.launch(wish(ann)))).toBe('400 app_running');
    expect(await refusal(streams.resume(resumeWish(ann)))).toBe('none');
  });

  test('that is not played leaves the app to the others', async () => {
    const { streams, clock, play } = host();
    await streams.launch(wish(ann));
    await streams.launch(wish(ben));
    await play(ben);
    clock.pass(30_000);
    expect(streams.appState(undefined)).toEqual(BUSY);
    expect(streams.status().sessions).toBe(1);
  });

  test('that was announced and not played ends its engine session', async () => {
    const { streams, streamOf, clock, stopped, sessions } = host();
    await streams.launch(wish(ann));
    await streamOf(ann).announce(stockAnnouncement(), '127.0.0.1');
    expect(sessions.list()).toHaveLength(1);
    clock.pass(30_000);
    await settled();
    expect(stopped.map(([, reason]) => reason)).toEqual(['never_played']);
    expect(sessions.list()).toEqual([]);
  });

  test('that plays has no limit any more', async () => {
    const { streams, clock, play, sessions } = host();
    await streams.launch(wish(ann));
    await play(ann);
    expect(clock.waiting).toBe(0);
    clock.pass(3_600_000);
    expect(streams.prepared()).toEqual([]);
    expect(sessions.list()).toHaveLength(1);
  });
});

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
    expect(receivers).toEqual([]);
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
    const { streams, play, fake, sessions } = host();
    await streams.launch(wish(ann));
    const session = await play(ann);
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

/** The client of a session leaves. */
async function leave(fake: FakeEngine, session: number): Promise<void> {
  fake.leave(session);
  await settled();
}
