// Devices, pairing, streams and tokens as answers of a host, and its event stream: what is sent, what is believed, what
// happens when it breaks.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Feed } from '../../components/base/feed.ts';
import type { Watching } from '../../components/base/host-api.ts';
import type { Fetch } from '../../components/base/http.ts';
import { HttpStatsApi } from '../../components/base/http-stats-api.ts';
import {
  parseAttempt,
  parseClients,
  parseCreatedToken,
  parseEvent,
  parseHostStatus,
  parsePairing,
  parseSessions,
  parseTokens,
} from '../../components/base/parse-host.ts';
import type { Timers } from '../../components/base/poller.ts';
import { SseParser } from '../../components/base/sse.ts';
import { ApiFailure, type StatsApi } from '../../components/base/stats-api.ts';
import type { HostEvent } from '../../contract/events.ts';
import { PageHost } from '../support/page-host.ts';
import { furnish } from '../support/seeded-devices.ts';

const PRINT = 'ab'.repeat(32);
const CLIENT = {
  client_id: PRINT,
  name: 'Deck',
  paired_unix_ms: 1,
  address: '10.0.0.2',
  may_end: false,
  connected: true,
};
const PARSERS = [
  parseAttempt,
  parseClients,
  parseCreatedToken,
  parseEvent,
  parseHostStatus,
  parsePairing,
  parseSessions,
  parseTokens,
];

describe('answers about devices', () => {
  test('a furnished host comes through unchanged', async () => {
    using host = new PageHost({ recordings: [] });
    furnish(host.devices);
    host.devices.knock({ name: 'TV', address: '10.0.0.9' });
    const api = new HttpStatsApi({ host: host.url, token: host.token });
    expect(await api.clients()).toEqual(host.devices.clients);
    expect(await api.sessions()).toEqual(host.devices.sessions);
    expect(await api.tokens()).toEqual(host.devices.tokens);
    expect((await api.pairing()).attempts).toEqual(host.devices.attempts);
    expect(await api.hostStatus()).toEqual(host.devices.status(false));
  });

  test('a name cannot hide, break or turn what stands around it', () => {
    const names = ['a\u202eb', 'a\u0000b', 'a\nb', 'a\u200bb', 'a\u2066b', 'a\ud800b'];
    const read = parseClients(names.map((name) => ({ ...CLIENT, name }))).map((c) => c.name);
    expect(read).toEqual(names.map(() => 'a\ufffdb'));
    const [long] = parseClients([{ ...CLIENT, name: '😀'.repeat(500) }]);
    expect([...(long?.name ?? '')].length).toBe(64);
    const [plain] = parseClients([{ ...CLIENT, name: '<img src=x onerror=alert(1)>' }]);
    expect(plain?.name).toBe('<img src=x onerror=alert(1)>');
  });

  test('what cannot be named is left out', () => {
    const ids = ['', 'AB'.repeat(32), '../../app', 'ab'.repeat(31), 7, undefined];
    expect(parseClients(ids.map((client_id) => ({ ...CLIENT, client_id })))).toEqual([]);
    const state = { enabled: true, host_fingerprint: 'x', now_unix_ms: 1 };
    const attempts = [{ attempt_id: 'a', phase: 'teleported' }, { phase: 'paired' }, undefined];
    expect(parsePairing({ ...state, attempts })).toEqual({
      ...state,
      host_fingerprint: '',
      attempts: [],
    });
    expect(parseTokens([{ token_id: 'a', scope: 'root' }])).toEqual([]);
  });

  test('an attempt without a known end is not one that paired', () => {
    expect(() => parseAttempt({ attempt_id: 'a', phase: 'success' })).toThrow(ApiFailure);
    expect(() => parseAttempt({ attempt_id: 'a' })).toThrow(ApiFailure);
  });

  test('figures that a client does not report stay absent; encryption not known to be strong is weak', () => {
    const [session] = parseSessions([
      { session_id: 1, network: { rtt_us: null, packets_lost: -1 }, encryption: { control: 'v9' } },
    ]);
    expect(session?.network).toEqual({});
    expect(session?.encryption).toEqual({ control: 'weak', video: false, audio: false });
  });

  test('a host that never forgets attempts does not flood the page', () => {
    const attempts = Array.from({ length: 5000 }, (_, i) => ({
      attempt_id: `a${i}`,
      phase: 'failed',
    }));
    const read = parsePairing({ enabled: true, attempts });
    expect(read.attempts.length).toBe(50);
  });

  test('anything at all is read or refused in words', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const parse of PARSERS) {
          for (const one of [value, [value], { attempts: [value], topic: 'clients' }]) {
            try {
              parse(one);
            } catch (thrown) {
              expect(thrown).toBeInstanceOf(ApiFailure);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('server-sent events', () => {
  const text =
    '\uFEFF: hello\r\nid: 1\r\nevent: pairing\r\ndata: {"a":\r\ndata:1}\r\n\r\n' +
    'data:x\rid:2\r\r: beat\n\ndata\n\nid: bad\0\ndata: last\n\nretry: 5\n\ndata: unfinished';
  const wanted = [
    { data: '{"a":\n1}', id: '1' },
    { data: 'x', id: '2' },
    { data: '', id: '2' },
    { data: 'last', id: '2' },
  ];

  test('are the same however the bytes are cut', () => {
    expect(new SseParser().push(text)).toEqual(wanted);
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new SseParser();
      const got = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
      expect(got).toEqual(wanted);
    }
    const parser = new SseParser();
    expect([...text].flatMap((c) => parser.push(c))).toEqual(wanted);
  });

  test('any text is taken, and nothing is held beyond a limit', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (chunks) => {
        const parser = new SseParser();
        for (const chunk of chunks) parser.push(chunk);
      }),
    );
    const endless = new SseParser();
    const feed = (piece: string) => () => {
      for (let i = 0; i < 3000; i++) endless.push(piece);
    };
    expect(feed('x'.repeat(1000))).toThrow(RangeError);
    const lines = new SseParser();
    expect(() => {
      for (let i = 0; i < 3000; i++) lines.push(`data: ${'x'.repeat(1000)}\n`);
    }).toThrow(RangeError);
  });
});

describe('the event stream over HTTP', () => {
  const apiOver = (fetch: Fetch): HttpStatsApi =>
    new HttpStatsApi({ host: 'http://host:1', token: 'secret', fetch });
  const watching = (more: Partial<Watching> = {}): Watching => ({
    topics: ['pairing', 'clients'],
    after: undefined,
    onEvent: () => undefined,
    ...more,
  });
  const streamed = (...chunks: string[]): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
          controller.close();
        },
      }),
      { headers: { 'content-type': 'text/event-stream' } },
    );
  const kindOf = async (promise: Promise<unknown>): Promise<string> => {
    const thrown: unknown = await promise.catch((reason: unknown) => reason);
    return thrown instanceof ApiFailure ? thrown.kind : `no failure: ${String(thrown)}`;
  };

  test('carries token, topics and the last id as they must be, and tells each event with its id', async () => {
    const sent: { url: string; headers: Headers }[] = [];
    const told: unknown[] = [];
    const api = apiOver(async (url, init) => {
      sent.push({ url, headers: new Headers(init.headers) });
      return streamed(
        `id: 8\ndata: ${JSON.stringify({ topic: 'clients', clients: [CLIENT] })}\n\n`,
        ': beat\n\nid: 9\ndata: {"topic":"weather"}\n\n',
      );
    });
    const onEvent = (event: HostEvent, id: string | undefined): void => {
      told.push([event.topic, id]);
    };
    await api.watch(watching({ after: '7', onEvent }), new AbortController().signal);
    expect(sent[0]?.url).toBe('http://host:1/api/v1/events?topics=pairing,clients');
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer secret');
    expect(sent[0]?.headers.get('last-event-id')).toBe('7');
    expect(told).toEqual([['clients', '8']]);
  });

  test('a broken event is unreadable, a broken connection is offline, a refusal keeps its status', async () => {
    const signal = new AbortController().signal;
    const over = (answer: Fetch) => apiOver(answer).watch(watching(), signal);
    expect(await kindOf(over(async () => streamed('data: {"topic":\n\n')))).toBe('unreadable');
    expect(await kindOf(over(async () => streamed('data: 7\n\n')))).toBe('unreadable');
    expect(await kindOf(over(async () => streamed('x'.repeat(2 << 20))))).toBe('unreadable');
    const cut = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('cable')),
    });
    expect(await kindOf(over(async () => new Response(cut)))).toBe('offline');
    const refused: unknown = await over(async () =>
      Response.json({ error: 'No.', code: 'scope_missing' }, { status: 403 }),
    ).catch((reason: unknown) => reason);
    expect(refused).toMatchObject({ kind: 'refused', status: 403, code: 'scope_missing' });
  });

  test('what comes over it is a sign of life: offline says when the last one was', async () => {
    let now = 1000;
    let answer: Fetch = async () => streamed(': beat\n\n', 'data: {"topic":"weather"}\n\n');
    const nowUnixMs = (): number => (now += 1000);
    const fetch: Fetch = (url, init) => answer(url, init);
    const api = new HttpStatsApi({ host: 'http://host:1', token: 'secret', fetch, nowUnixMs });
    await api.watch(watching(), new AbortController().signal);
    const heard = now;
    answer = () => Promise.reject(new TypeError('gone'));
    const gone: unknown = await api.status().catch((reason: unknown) => reason);
    expect(gone).toMatchObject({ kind: 'offline', lastAnswerUnixMs: heard });
    // The answer itself and two pieces.
    expect(heard).toBe(4000);
  });

  test('given up by its reader it is no failure of the host', async () => {
    const abort = new AbortController();
    const never: Fetch = (_url, init) =>
      new Promise((_done, fail) =>
        init.signal?.addEventListener('abort', () => fail(init.signal?.reason)),
      );
    const watched = apiOver(never).watch(watching(), abort.signal);
    abort.abort();
    const thrown: unknown = await watched.catch((reason: unknown) => reason);
    expect(thrown instanceof DOMException && thrown.name).toBe('AbortError');
  });
});

/** Time that passes only when told to. */
class Steps implements Timers {
  readonly waits: number[] = [];
  #next: (() => void) | undefined;

  set(callback: () => void, ms: number): unknown {
    this.waits.push(ms);
    this.#next = callback;
    return 1;
  }

  clear(): void {
    this.#next = undefined;
  }

  now(): number {
    return 0;
  }

  async step(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    next?.();
    await settled();
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('a list that is followed', () => {
  const refused = (status: number, code: string): ApiFailure =>
    new ApiFailure(status === 404 ? 'not-found' : 'refused', code, { code, status });
  const clients = [CLIENT];

  function follow(api: Partial<StatsApi>) {
    const time = new Steps();
    const told: string[] = [];
    const failures: (string | undefined)[] = [];
    const feed = new Feed({
      // Only what a feed asks is there.
      api: () => api as StatsApi,
      topics: ['pairing', 'clients'],
      onEvent: (event) => told.push(event.topic),
      onFailure: (topic, failure) => failures.push(failure && `${topic} ${failure.code}`),
      timers: time,
    });
    return { feed, time, told, failures };
  }

  test('reconnects behind the last event, later and later while the host is away', async () => {
    const after: (string | undefined)[] = [];
    let up = true;
    const { feed, time, told, failures } = follow({
      watch: async (watching) => {
        after.push(watching.after);
        if (!up) throw new ApiFailure('offline', 'gone');
        watching.onEvent({ topic: 'clients', clients }, '41');
      },
    });
    feed.start();
    await settled();
    await time.step();
    up = false;
    for (let i = 0; i < 6; i++) await time.step();
    expect(after.slice(0, 3)).toEqual([undefined, '41', '41']);
    expect(time.waits).toEqual([2000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(told).toEqual(['clients', 'clients']);
    expect(failures.at(-1)).toBe('clients offline');
    up = true;
    await time.step();
    expect(failures.at(-1)).toBeUndefined();
    feed.stop();
  });

  test('an API without a stream is asked on the beat', async () => {
    let asked = 0;
    const { feed, time, told, failures } = follow({
      clients: async () => {
        asked++;
        return clients;
      },
    });
    feed.start();
    await settled();
    await time.step();
    expect([asked, told]).toEqual([2, ['clients', 'clients']]);
    expect(failures.filter((f) => f !== undefined)).toEqual(['pairing unavailable']);
    feed.stop();
  });

  test('a host without the route is never asked for a stream again; one with too many readers is, later', async () => {
    for (const [failure, after15] of [
      [refused(404, 'not_found'), 1],
      [refused(503, 'too_many_readers'), 2],
    ] as const) {
      let streams = 0;
      let asked = 0;
      const { feed, time } = follow({
        watch: async () => {
          streams++;
          throw failure;
        },
        clients: async () => {
          asked++;
          return clients;
        },
        pairing: async () => {
          throw refused(403, 'scope_missing');
        },
      });
      feed.start();
      await settled();
      // The first refusal is spent on finding the closed topic.
      for (let i = 0; i < 17; i++) await time.step();
      expect([streams - 1, asked > 14]).toEqual([after15, true]);
      feed.stop();
    }
  });

  test('what the token may not see is said once and left out of the stream', async () => {
    const topics: string[] = [];
    let pairing = 0;
    const { feed, time, failures } = follow({
      watch: async (watching) => {
        topics.push(watching.topics.join());
        if (watching.topics.includes('pairing')) throw refused(403, 'scope_missing');
        watching.onEvent({ topic: 'clients', clients }, '1');
      },
      clients: async () => clients,
      pairing: async () => {
        pairing++;
        throw refused(403, 'scope_missing');
      },
    });
    feed.start();
    await settled();
    for (let i = 0; i < 4; i++) await time.step();
    expect(topics).toEqual(['pairing,clients', 'clients', 'clients', 'clients', 'clients']);
    expect(pairing).toBe(1);
    expect(failures.filter((f) => f !== undefined)).toEqual(['pairing scope_missing']);
    feed.stop();
  });

  test('an answer older than the stream’s news is dropped', async () => {
    let answer: (list: readonly (typeof CLIENT)[]) => void = () => undefined;
    let tell: Watching['onEvent'] = () => undefined;
    const lists: number[] = [];
    const api: Partial<StatsApi> = {
      watch: (watching) =>
        new Promise(() => {
          tell = watching.onEvent;
        }),
      clients: () =>
        new Promise((done) => {
          answer = done;
        }),
    };
    const feed = new Feed({
      api: () => api as StatsApi,
      topics: ['clients'],
      onEvent: (event) => event.topic === 'clients' && lists.push(event.clients.length),
      onFailure: () => undefined,
      timers: new Steps(),
    });
    feed.start();
    await settled();
    const refreshed = feed.refresh();
    tell({ topic: 'clients', clients: [] }, '5');
    answer(clients);
    await refreshed;
    expect(lists).toEqual([0]);
    feed.stop();
  });

  test('stopped, it lets go of its stream', async () => {
    let signal: AbortSignal | undefined;
    const { feed } = follow({
      watch: (_watching, given) => {
        signal = given;
        return new Promise(() => undefined);
      },
    });
    feed.start();
    await settled();
    feed.stop();
    expect(signal?.aborted).toBe(true);
  });
});
