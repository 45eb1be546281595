// The stream of a running capture on virtual time: what comes, after a break too, and how a slow viewer is sent away.
import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { LiveDelta, SessionEntry, StatsSample } from '../../contract/stats.ts';
import { LiveDelta as LiveDeltaSchema } from '../../contract/stats.ts';
import { API, fault, isOf, STREAM } from '../support/api.ts';
import { apiServer } from '../support/api-server.ts';
import { EventReader } from '../support/event-reader.ts';
import { BOOT, fakeApi, settled, TOKEN } from '../support/fake-api.ts';

type FakeApi = ReturnType<typeof fakeApi>;

function sample(session: number, t_ms: number): LiveDelta {
  const data: StatsSample = {
    t_ms,
    session_id: session,
    stages: [{ name: 'encode', p50_us: 4000, p99_us: 5000 }],
    fps: 60,
    repeat_fps: 0,
    mbps: 9.5,
    bitrate_kbps: 10_000,
  };
  return { kind: 'sample', sample: data };
}

function session(id: number, more: Partial<SessionEntry> = {}): LiveDelta {
  return {
    kind: 'session',
    session: {
      session_id: id,
      kind: 'gamestream',
      ...{ width: 1280, height: 720, fps: 60, codec: 'h264', client: 'Deck' },
      ...{ source: 'x11', encoder: 'openh264', started_t_ms: 0 },
      ...more,
    },
  };
}

const marker: LiveDelta = { kind: 'event', event: { t_ms: 5, kind: 'marker' } };

async function open(host: FakeApi, query = '', init: RequestInit = {}): Promise<EventReader> {
  return new EventReader(await host.ask('GET', `${STREAM}${query}`, init));
}

/** A viewer that has loaded the capture. */
async function viewing(host: FakeApi, query = ''): Promise<EventReader> {
  const reader = await open(host, query);
  expect(await reader.next()).toMatchObject({ event: 'reset', data: { reason: 'start' } });
  return reader;
}

describe('the stream of a capture', () => {
  test('begins with the wish to load the capture, then says what is added, in order', async () => {
    const host = fakeApi();
    host.recordings.say(sample(1, 500));
    const reader = await viewing(host);
    const said = [
      { kind: 'started', started_unix_ms: 5 } as const,
      session(1),
      sample(1, 1000),
      marker,
      { kind: 'stopped', id: 'one' } as const,
    ];
    for (const delta of said) host.recordings.say(delta);
    const events = await reader.take(said.length);
    expect(events.map(({ event }) => event)).toEqual([
      'started',
      'session',
      'sample',
      'event',
      'stopped',
    ]);
    expect(events.map(({ data }) => data)).toEqual(said);
    expect(events.map(({ id }) => id)).toEqual([2, 3, 4, 5, 6].map((n) => `${BOOT}-${n}`));
    for (const { data } of events) expect(isOf(LiveDeltaSchema, data)).toBe(true);
  });

  test('of one session says what that adds, and what is of none', async () => {
    const host = fakeApi();
    const reader = await viewing(host, '?session=2');
    const said = [session(1), session(2), sample(1, 1), marker, sample(2, 1)];
    for (const delta of said) host.recordings.say(delta);
    expect((await reader.take(3)).map(({ data }) => data)).toEqual([
      session(2),
      marker,
      sample(2, 1),
    ]);
    for (const odd of ['-1', 'x', '1.5', '']) {
      const answer = await host.ask('GET', `${STREAM}?session=${odd}`);
      expect(await fault(answer)).toEqual([422, 'invalid']);
    }
  });

  test('makes each text once, whoever reads it', async () => {
    const host = fakeApi();
    const readers = [await viewing(host), await viewing(host), await viewing(host)];
    let made = 0;
    const delta = sample(1, 1);
    const toJSON = () => {
      made += 1;
      return delta;
    };
    host.recordings.say(Object.assign({ toJSON }, delta));
    for (const reader of readers) expect((await reader.next())?.data).toEqual(delta);
    expect(made).toBe(1);
  });

  test('keeps every message below 2 KB: what is long is left out, else the capture is to be loaded', async () => {
    const host = fakeApi();
    const reader = await viewing(host);
    const refused = Array.from({ length: 40 }, (_, i) => ({
      name: `n${i}`,
      reason: 'r'.repeat(90),
    }));
    host.recordings.say(session(1, { negotiated: { source_refused: refused } }));
    host.recordings.say({
      kind: 'event',
      event: { t_ms: 1, kind: 'odd', detail: { text: 'ü'.repeat(3000) } },
    });
    host.recordings.say(session(1, { app: 'x'.repeat(3000) }));
    const frames: string[] = [];
    await reader.frame().then((frame) => frames.push(frame ?? ''));
    await reader.frame().then((frame) => frames.push(frame ?? ''));
    await reader.frame().then((frame) => frames.push(frame ?? ''));
    expect(frames.map((frame) => frame.length < 2048)).toEqual([true, true, true]);
    expect(frames[0]).toContain('"client":"Deck"');
    expect(frames[0]).not.toContain('negotiated');
    expect(frames[1]).toContain('"kind":"odd"');
    expect(frames[2]).toContain('"reason":"too_large"');
  });

  test('sends a comment when it was quiet for ten seconds', async () => {
    const host = fakeApi();
    const reader = await viewing(host);
    const next = reader.frame();
    for (let i = 0; i < 10; i += 1) await host.second();
    expect(await next).toBe(':');
  });

  test('is for tokens with the scope stats, ends with its token, and shares 32 places', async () => {
    const host = fakeApi();
    const { token: read } = host.tokens.create({ name: 'r', scope: 'host:read' });
    expect(await fault(await host.ask('GET', STREAM, {}, read))).toEqual([403, 'scope_missing']);
    const { token, info } = host.tokens.create({ name: 's', scope: 'stats' });
    const reader = new EventReader(await host.ask('GET', STREAM, {}, token));
    await reader.next();
    const next = reader.next();
    host.tokens.revoke(info.token_id);
    expect(await next).toBeUndefined();
    expect(host.readers.size).toBe(0);
    for (let i = 0; i < 16; i += 1) {
      await open(host);
      await host.ask('GET', `${API}/events?topics=clients`);
    }
    expect(await fault(await host.ask('GET', STREAM))).toEqual([503, 'too_many_readers']);
    expect(await fault(await host.ask('GET', `${API}/events`))).toEqual([503, 'too_many_readers']);
    host.readers.close();
    expect([host.readers.size, host.ticks.size]).toEqual([0, 0]);
  });

  test('HEAD opens none', async () => {
    await using server = await apiServer();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const answer = await server.fetch(STREAM, { method: 'HEAD', headers });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    await until(() => server.host.readers.size === 0);
  });
});

describe('a viewer that comes back', () => {
  test('goes on where it was, by header or query, and misses nothing', async () => {
    const host = fakeApi();
    const reader = await viewing(host);
    host.recordings.say(sample(1, 1000));
    const last = (await reader.next())?.id ?? '';
    await reader.cancel();
    for (let i = 2; i < 100; i += 1) host.recordings.say(sample(1, i * 1000));
    for (const again of [
      await open(host, '', { headers: { 'last-event-id': last } }),
      await open(host, `?last_event_id=${last}`),
    ]) {
      const events = await again.take(98);
      expect(events.map(({ data }) => data)).toEqual(
        Array.from({ length: 98 }, (_, i) => sample(1, (i + 2) * 1000)),
      );
    }
  });

  test('at once after the start, before anything happened, misses nothing either', async () => {
    const host = fakeApi();
    const reader = await open(host);
    const last = (await reader.next())?.id ?? '';
    await reader.cancel();
    host.recordings.say(sample(1, 1000));
    const again = await open(host, `?last_event_id=${last}`);
    expect((await again.next())?.data).toEqual(sample(1, 1000));
  });

  test('after two minutes of sixteen sessions still does; much later it is told to load again', async () => {
    const host = fakeApi();
    host.recordings.say(marker);
    for (let second = 0; second < 121; second += 1) {
      for (let id = 0; id < 16; id += 1) host.recordings.say(sample(id, second * 1000));
      await host.second();
      host.recordings.say(marker);
    }
    const back = await open(host, `?last_event_id=${BOOT}-1`);
    expect((await back.next())?.data).toEqual(sample(0, 0));
    for (let i = 0; i < 20_000; i += 1) host.recordings.say(sample(1, i));
    expect(host.live.kept.bytes).toBeLessThanOrEqual(1_000_000);
    const late = await open(host, `?last_event_id=${BOOT}-1`);
    expect(await late.next()).toMatchObject({ event: 'reset', data: { reason: 'too_old' } });
    host.recordings.say(sample(7, 7));
    expect((await late.next())?.data).toEqual(sample(7, 7));
  });

  test('with an id of another run or of nowhere is told to load again', async () => {
    const host = fakeApi();
    host.recordings.say(marker);
    for (const id of ['other-1', `${BOOT}-2`, `${BOOT}-`, `${BOOT}--1`, 'x', '1', '__proto__']) {
      const reader = await open(host, '', { headers: { 'last-event-id': id } });
      expect([id, (await reader.next())?.data]).toEqual([
        id,
        { kind: 'reset', reason: 'another_run' },
      ]);
      await reader.cancel();
    }
  });

  test('what is old is forgotten by the clock too', async () => {
    const host = fakeApi();
    for (let i = 0; i < 10; i += 1) host.recordings.say(marker);
    expect(host.live.kept.events).toBe(10);
    await viewing(host);
    for (let i = 0; i < 181; i += 1) await host.second();
    host.recordings.say(marker);
    expect(host.live.kept.events).toBe(1);
  });
});

describe('a slow viewer', () => {
  test('is sent away at 64 KB with the reason, and no other with it', async () => {
    const host = fakeApi();
    const slow = await viewing(host);
    const quick = await viewing(host);
    for (let i = 0; i < 200; i += 1) {
      host.recordings.say(sample(1, i));
      expect((await quick.next())?.data).toEqual(sample(1, i));
    }
    expect(host.readers.size).toBe(2);
    for (let i = 200; i < 400; i += 1) {
      host.recordings.say(sample(1, i));
      await quick.next();
    }
    // It may read what it holds; then comes the reason, and then nothing.
    const rest: string[] = [];
    for (let event = await slow.next(); event !== undefined; event = await slow.next()) {
      rest.push(event.event);
    }
    expect(rest.at(-1)).toBe('slow_viewer');
    expect(rest.filter((name) => name === 'slow_viewer')).toHaveLength(1);
    expect(host.readers.size).toBe(1);
    host.recordings.say(sample(1, 400));
    expect((await quick.next())?.data).toEqual(sample(1, 400));
  });

  test('that never reads its reason gives its place back within ten seconds', async () => {
    const host = fakeApi();
    const response = await host.ask('GET', STREAM);
    await settled();
    for (let i = 0; i < 1000; i += 1) host.recordings.say(sample(1, i));
    await host.second();
    expect(host.readers.size).toBe(1);
    for (let i = 0; i < 10; i += 1) await host.second();
    expect([host.readers.size, response.status]).toEqual([0, 200]);
  });

  test('that came back with much to catch up on may, as long as it does', async () => {
    const host = fakeApi();
    host.recordings.say(marker);
    for (let i = 0; i < 1500; i += 1) host.recordings.say(sample(1, i));
    const reader = await open(host, `?last_event_id=${BOOT}-1`);
    for (let i = 0; i < 1500; i += 1) {
      expect((await reader.next())?.data).toEqual(sample(1, i));
      if (i % 10 === 0) host.recordings.say(sample(2, i));
    }
    expect((await reader.next())?.data).toEqual(sample(2, 0));
  });

  test('over a socket costs bounded memory, and its place is free again', async () => {
    await using server = await apiServer();
    const { host, listener } = server;
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `GET ${STREAM} HTTP/1.1\r\nHost: 127.0.0.1:${listener.port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
    );
    await until(() => host.readers.size === 1);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 200_000 && host.readers.size > 0; i += 1) {
      host.recordings.say(sample(1, i));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 12; i += 1) await host.second();
    expect(host.readers.size).toBe(0);
    expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
    socket.destroy();
  }, 30_000);
});

/** Waits for what a socket brings about; at most five seconds. */
async function until(happened: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !happened(); ) {
    if (performance.now() > end) throw new Error('it did not happen within 5 s');
    await Bun.sleep(5);
  }
}
