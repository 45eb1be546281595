// StatsApi over HTTP: what is sent, and how every kind of trouble is told apart.
import { describe, expect, test } from 'bun:test';
import type { Fetch } from '../../components/base/http.ts';
import { HttpStatsApi } from '../../components/base/http-stats-api.ts';
import { ApiFailure } from '../../components/base/stats-api.ts';
import { PageHost } from '../support/page-host.ts';
import { everyRecording } from '../support/seeded-recordings.ts';

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

const STATUS = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };

function apiOver(
  answer: Fetch,
  token = 't',
  timeoutMs = 1000,
): { api: HttpStatsApi; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: Fetch = (url, init) => {
    sent.push({ url, init });
    return answer(url, init);
  };
  const options = { host: 'http://host:1/', token, fetch, nowUnixMs: () => 12_345, timeoutMs };
  return { api: new HttpStatsApi(options), sent };
}

async function failure(promise: Promise<unknown>): Promise<ApiFailure> {
  const thrown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown instanceof ApiFailure) return thrown;
  throw new Error(`expected an ApiFailure, got ${String(thrown)}`);
}

describe('a question', () => {
  test('carries the token as a header and nowhere else', async () => {
    const { api, sent } = apiOver(async () => Response.json(STATUS), 'secret');
    await api.status();
    expect(sent[0]?.url).toBe('http://host:1/api/v1/stats/capture/status');
    expect(new Headers(sent[0]?.init.headers).get('authorization')).toBe('Bearer secret');
    expect(sent[0]?.init.credentials).toBe('omit');
  });

  test('is not asked at all without a token', async () => {
    const { api, sent } = apiOver(async () => Response.json(STATUS), '');
    expect((await failure(api.status())).kind).toBe('token-missing');
    expect(sent).toEqual([]);
  });

  test('cannot leave the recordings by its id', async () => {
    const { api, sent } = apiOver(async () => new Response(undefined, { status: 204 }));
    await api.deleteRecording('../../host?x#y');
    expect(sent[0]?.url).toBe('http://host:1/api/v1/stats/recordings/..%2F..%2Fhost%3Fx%23y');
  });

  test('sends a body only where there is one', async () => {
    const { api, sent } = apiOver(async () =>
      Response.json({ state: 'starting' }, { status: 202 }),
    );
    await api.startTestStream({ source: 'synthetic', seconds: 3 });
    await api.testStream();
    expect(sent.map((s) => s.init.body)).toEqual(['{"source":"synthetic","seconds":3}', undefined]);
    expect(new Headers(sent[1]?.init.headers).has('content-type')).toBe(false);
  });
});

describe('trouble', () => {
  test('a wrong token is told apart from a refusal, and a refusal keeps its sentence and code', async () => {
    const refuse = (status: number) => async () =>
      Response.json({ error: 'The disk is full.', code: 'disk_full' }, { status });
    expect((await failure(apiOver(refuse(401)).api.status())).kind).toBe('token-wrong');
    expect(await failure(apiOver(refuse(507)).api.stop())).toMatchObject({
      kind: 'refused',
      code: 'disk_full',
      message: 'The disk is full.',
    });
    expect((await failure(apiOver(refuse(404)).api.recording('x'))).kind).toBe('not-found');
  });

  test('a page of a proxy in place of an answer is refused by its status', async () => {
    const { api } = apiOver(async () => new Response('<h1>Bad gateway</h1>', { status: 502 }));
    expect(await failure(api.status())).toMatchObject({ kind: 'refused', code: 'http_502' });
  });

  test('what is not JSON is unreadable', async () => {
    const { api } = apiOver(async () => new Response('<html>'));
    expect((await failure(api.status())).kind).toBe('unreadable');
  });

  test('offline says when the host last answered', async () => {
    let up = true;
    const { api } = apiOver(async () => {
      if (!up) throw new TypeError('Failed to fetch');
      return Response.json(STATUS);
    });
    up = false;
    expect(await failure(api.status())).toMatchObject({
      kind: 'offline',
      lastAnswerUnixMs: undefined,
    });
    up = true;
    await api.status();
    up = false;
    expect(await failure(api.status())).toMatchObject({
      kind: 'offline',
      lastAnswerUnixMs: 12_345,
    });
  });

  test('a host that never answers is offline after the time limit', async () => {
    const never: Fetch = (_url, init) =>
      new Promise((_done, fail) =>
        init.signal?.addEventListener('abort', () => fail(init.signal?.reason)),
      );
    expect((await failure(apiOver(never, 't', 20).api.status())).kind).toBe('offline');
  });

  test('a question that its asker gave up is no failure of the host', async () => {
    const never: Fetch = (_url, init) =>
      new Promise((_done, fail) =>
        init.signal?.addEventListener('abort', () => fail(init.signal?.reason)),
      );
    const abort = new AbortController();
    const asked = apiOver(never).api.status(abort.signal);
    abort.abort();
    const thrown: unknown = await asked.catch((reason: unknown) => reason);
    expect(thrown instanceof DOMException && thrown.name).toBe('AbortError');
  });
});

describe('a recording', () => {
  const [stored] = everyRecording();
  const answered = () => apiOver(async () => Response.json(stored)).api;

  test('is read, checked and handed over in tasks of their own: what the page has to do comes in between', async () => {
    let tasks = 0;
    let isOver = false;
    const count = (): void => {
      tasks += 1;
      if (!isOver) setTimeout(count);
    };
    setTimeout(count);
    const { meta } = await answered().recording('x');
    isOver = true;
    expect(meta.id).toBe(stored?.meta.id ?? '');
    expect(tasks).toBeGreaterThanOrEqual(2);
  });

  test.each([0, 1])(
    'that its asker gave up between them is not handed over (%p tasks on)',
    async (tasks) => {
      const abort = new AbortController();
      const asked = answered().recording('x', abort.signal);
      for (let i = 0; i < tasks; i += 1) await new Promise((resolve) => setTimeout(resolve));
      abort.abort();
      await expect(asked).rejects.toThrow(abort.signal.reason);
    },
  );
});

describe('against a host', () => {
  test('arm, stop, list, read, download and delete', async () => {
    using host = new PageHost({ recordings: everyRecording() });
    const api = new HttpStatsApi({ host: host.url, token: host.token });
    expect(await api.live()).toBeUndefined();
    expect(await api.stop()).toBeUndefined();
    expect((await api.start()).armed).toBe(true);
    expect((await api.live())?.samples).toEqual([]);
    const saved = await api.stop();
    expect((await api.recordings())[0]?.id).toBe(saved?.id ?? '');
    const id = host.ids[1] ?? '';
    expect(await (await api.recordingFile(id)).text()).toBe(host.file(id));
    expect((await api.recording(id)).meta.id).toBe(id);
    await api.deleteRecording(id);
    expect(host.ids).not.toContain(id);
    expect((await api.hostInfo())?.name).toBe('wohnzimmer');
  });
});
