// The life of a client in GameStream: the table of gamestream-control-plane.md §7 line by line, on virtual time.
import { describe, expect, test } from 'bun:test';
import { settled } from '../support/fake-host.ts';
import { refusal } from '../support/refusal.ts';
import {
  client,
  DESKTOP,
  GAME,
  streamsHost as host,
  leave,
  resumeWish,
  stockAnnouncement,
  wish,
} from '../support/streams.ts';

const ann = client('ann');
const ben = client('ben');
const FREE = { busy: false, appId: 0 };
const BUSY = { busy: true, appId: DESKTOP };

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
