// The page's API against the host's own routes, guard and event stream, in this process over the fake engine: both sides
// of the contract at once.
import { describe, expect, test } from 'bun:test';
import { CaptureFeed } from '../../components/base/capture-feed.ts';
import { HttpStatsApi } from '../../components/base/http-stats-api.ts';
import { ApiFailure, type CaptureNews } from '../../components/base/stats-api.ts';
import type { HostEvent } from '../../contract/events.ts';
import type { Capture } from '../../contract/stats.ts';
import type { Scope } from '../../contract/tokens.ts';
import { sessionOf } from '../support/fake-collaborators.ts';
import { fakeHost, settled, TOKEN } from '../support/fake-host.ts';
import { PageHost } from '../support/page-host.ts';
import { VirtualTime } from '../support/page-time.ts';

const CLIENT_ID = 'ab'.repeat(32);

type FakeHost = ReturnType<typeof fakeHost>;

function apiOf(host: FakeHost, token = TOKEN): HttpStatsApi {
  return new HttpStatsApi({
    host: 'http://127.0.0.1:47990',
    token,
    fetch: (url, init) => host.api.fetch(new Request(url, init)),
  });
}

const tokenWith = (host: FakeHost, scope: Scope): string =>
  host.tokens.create({ name: scope, scope }).token;

async function failureOf(asked: Promise<unknown>): Promise<ApiFailure> {
  const thrown: unknown = await asked.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof ApiFailure) return thrown;
  throw new Error(`expected an ApiFailure, got ${String(thrown)}`);
}

describe('the page and the host agree', () => {
  test('on devices: list, rename, right, revoke, and on one that is not there', async () => {
    const host = fakeHost();
    const api = apiOf(host);
    host.clients.add(CLIENT_ID, 'Deck');
    expect(await api.clients()).toEqual(host.clients.list());
    expect((await api.changeClient(CLIENT_ID, { name: 'Bedroom' }))?.name).toBe('Bedroom');
    expect((await api.changeClient(CLIENT_ID, { may_end: true }))?.may_end).toBe(true);
    await api.revokeClient(CLIENT_ID);
    expect(await api.clients()).toEqual([]);
    const missing = await failureOf(api.revokeClient(CLIENT_ID));
    expect([missing.kind, missing.code]).toEqual(['not-found', 'client_not_found']);
  });

  test('on pairing: who waits, right and wrong PIN, turned away, switched', async () => {
    const host = fakeHost();
    const api = apiOf(host);
    host.pairing.knock('a', 'Deck');
    expect((await api.pairing()).attempts).toEqual(host.pairing.waiting);
    const entry = { pin: '1234', attempt_id: 'a', name: 'Bedroom' };
    expect(await api.enterPin(entry)).toMatchObject({ phase: 'paired', name: 'Bedroom' });
    host.pairing.knock('b', 'Deck');
    const wrong = await failureOf(api.enterPin({ pin: '0000', attempt_id: 'b' }));
    expect([wrong.status, wrong.code, wrong.message]).toEqual([
      409,
      'pairing_failed',
      'The PIN was wrong.',
    ]);
    expect((await failureOf(api.enterPin(entry))).code).toBe('no_attempt');
    host.pairing.knock('c', 'Deck');
    await api.dismissPairing('c');
    expect((await failureOf(api.dismissPairing('c'))).code).toBe('no_attempt');
    expect((await api.switchPairing(false))?.enabled).toBe(false);
    expect((await api.pairing()).enabled).toBe(false);
  });

  test('on streams: list, status, end one, end the app', async () => {
    const host = fakeHost();
    const api = apiOf(host);
    host.streams.extra.push(sessionOf(7, 'Deck'), sessionOf(8, 'TV'));
    host.streams.appRuns = true;
    expect(await api.sessions()).toEqual(host.streams.list());
    expect(await api.hostStatus()).toMatchObject({ state: 'busy', sessions: 2, max_sessions: 4 });
    await api.endSession(7);
    expect((await api.sessions()).map((s) => s.session_id)).toEqual([8]);
    expect((await failureOf(api.endSession(7))).code).toBe('session_not_found');
    await api.endApp();
    expect(await api.hostStatus()).toMatchObject({ state: 'free', sessions: 0 });
  });

  test('on tokens: made, used, listed without their value, revoked', async () => {
    const host = fakeHost();
    const api = apiOf(host);
    const { token, info } = await api.createToken({ name: 'backup', scope: 'stats' });
    expect((await apiOf(host, token).status()).armed).toBe(false);
    const listed = await api.tokens();
    expect(listed.map((t) => [t.name, t.scope, t.builtin])).toEqual([
      ['token file', 'admin', true],
      ['backup', 'stats', false],
    ]);
    expect(JSON.stringify(listed)).not.toContain(token);
    await api.revokeToken(info.token_id);
    expect((await failureOf(apiOf(host, token).status())).kind).toBe('token-wrong');
    expect((await failureOf(api.revokeToken(info.token_id))).code).toBe('token_not_found');
  });

  test('on what a scope allows: each refusal is a 403 that names itself', async () => {
    const host = fakeHost();
    const stats = apiOf(host, tokenWith(host, 'stats'));
    const read = apiOf(host, tokenWith(host, 'host:read'));
    for (const asked of [
      stats.hostInfo(),
      stats.clients(),
      stats.pairing(),
      read.status(),
      read.pairing(),
      read.tokens(),
      read.endSession(1),
      read.watch(
        { topics: ['pairing', 'clients'], after: undefined, onEvent: () => undefined },
        new AbortController().signal,
      ),
    ]) {
      const failure = await failureOf(asked);
      expect([failure.status, failure.code]).toEqual([403, 'scope_missing']);
    }
    expect((await read.clients()).length + (await read.sessions()).length).toBe(0);
  });

  test('on events: first the state of every topic, then each change, and behind the last one when it comes again', async () => {
    const host = fakeHost();
    const api = apiOf(host);
    const told: (readonly [HostEvent['topic'], string | undefined])[] = [];
    const waiting: (() => void)[] = [];
    const watch = (signal: AbortSignal, after?: string): Promise<void> =>
      api.watch(
        {
          topics: ['pairing', 'clients'],
          after,
          onEvent: (event, id) => {
            told.push([event.topic, id]);
            for (const wake of waiting.splice(0)) wake();
          },
        },
        signal,
      );
    const until = async (n: number): Promise<void> => {
      while (told.length < n) await new Promise<void>((wake) => waiting.push(wake));
    };
    const first = new AbortController();
    const watching = watch(first.signal).catch(() => 'given up');
    await until(2);
    expect(told.map(([topic]) => topic).sort()).toEqual(['clients', 'pairing']);
    host.clients.add(CLIENT_ID, 'Deck');
    host.events.changed('clients');
    await until(3);
    const [topic, id] = told[2] ?? [];
    expect([topic, typeof id]).toEqual(['clients', 'string']);
    first.abort();
    expect(await watching).toBe('given up');

    host.pairing.knock('a', 'Deck');
    const second = new AbortController();
    const again = watch(second.signal, id).catch(() => undefined);
    await until(4);
    expect(told[3]?.[0]).toBe('pairing');
    second.abort();
    await again;
  });

  test('on a running capture: loaded once and then told, it stays what a fresh answer would be', async () => {
    const host = fakeHost();
    const asked: string[] = [];
    const api = new HttpStatsApi({
      host: 'http://127.0.0.1:47990',
      token: TOKEN,
      fetch: (url, init) => {
        asked.push(new URL(url).pathname.replace('/api/v1/stats/capture/', ''));
        return host.api.fetch(new Request(url, init));
      },
    });
    const time = new VirtualTime();
    let held: Capture | undefined;
    const feed = new CaptureFeed({
      api: () => api,
      onCapture: (capture) => {
        held = capture;
      },
      onFailure: (failure) => expect(failure).toBeUndefined(),
      timers: time,
      places: { most: 1, taken: 0 },
    });
    const pass = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds * 5; i++) {
        await host.pass(200);
        await time.run(200);
      }
    };
    feed.start();
    await settled();
    await api.start();
    host.testStreams.start({ seconds: 60, source: 'synthetic', fps: 60 });
    await pass(4);
    const marker = await api.mark('here', undefined, 1500.4);
    const { duration_ms: nowMs = 0 } = (await apiOf(host).live())?.meta ?? {};
    expect(nowMs - marker.t_ms).toBe(1500);
    await pass(2);
    // The host ends the stream; what happens until the viewer is back is told then.
    host.readers.close();
    await pass(6);
    const fresh = await apiOf(host).live();
    if (fresh === undefined || held === undefined) throw new Error('nothing is recorded');
    // The id is made when it is saved, frames are counted by nobody who watches, and time goes on between two looks.
    const { frame_count: _frames, ...meta } = { ...fresh.meta, id: held.meta.id };
    const { duration_ms } = held.meta;
    expect(held).toEqual({ ...fresh, meta: { ...meta, duration_ms } });
    expect(duration_ms).toBeWithin(10_000, 12_001);
    expect(fresh.samples.length).toBeGreaterThan(8);
    expect(fresh.events?.map(({ kind }) => kind)).toEqual(['session_start', 'marker']);
    expect(asked).toEqual(['stream', 'status', 'start', 'live', 'markers', 'stream']);
    await api.stop();
    await settled();
    expect(held).toBeUndefined();
    feed.stop();
  });
});

describe('a running capture is told alike by the host and by the one of the page’s tests', () => {
  async function tells(api: HttpStatsApi, pass: () => Promise<void>): Promise<void> {
    const word = async (heard: readonly unknown[], n: number): Promise<void> => {
      while (heard.length < n) await pass();
    };
    const told: (readonly [CaptureNews['kind'], string | undefined])[] = [];
    let opened = 0;
    const watch = (after: string | undefined, signal: AbortSignal): Promise<void> => {
      const onOpen = (): number => ++opened;
      const onNews = (news: CaptureNews, id: string | undefined): number =>
        told.push([news.kind, id]);
      return api.followCapture({ after, onOpen, onNews }, signal);
    };
    const first = new AbortController();
    const watching = watch(undefined, first.signal).catch(() => 'given up');
    await word(told, 1);
    await api.start();
    await api.mark('here');
    await word(told, 3);
    first.abort();
    expect(await watching).toBe('given up');
    const [, , event] = told;
    await api.stop();
    const second = new AbortController();
    const again = watch(event?.[1], second.signal).catch(() => undefined);
    await word(told, 4);
    second.abort();
    await again;
    const third = new AbortController();
    const another = watch('otherrun-7', third.signal).catch(() => undefined);
    await word(told, 5);
    third.abort();
    await another;
    expect(told.map(([kind]) => kind)).toEqual(['reset', 'started', 'event', 'stopped', 'reset']);
    expect(told.every(([, id]) => /^[A-Za-z0-9]+-\d+$/.test(id ?? ''))).toBe(true);
    expect(opened).toBe(3);
  }

  test('by the host', () => {
    const host = fakeHost();
    return tells(apiOf(host), () => host.pass(200));
  });

  test('by the one of the page’s tests', async () => {
    using host = new PageHost({ recordings: [] });
    await tells(new HttpStatsApi({ host: host.url, token: host.token }), () => Bun.sleep(1));
  });
});
