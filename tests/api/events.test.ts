// The event stream on virtual time: what comes, in which order, after a break, and when it ends.
import { describe, expect, test } from 'bun:test';
import { HostEvent } from '../../contract/events.ts';
import type { Scope } from '../../contract/tokens.ts';
import { API, fault, isOf, START } from '../support/api.ts';
import { EventReader } from '../support/event-reader.ts';
import { BOOT, fakeApi, settled } from '../support/fake-api.ts';
import { sessionOf } from '../support/fake-collaborators.ts';

const EVENTS = `${API}/events`;
type FakeHost = ReturnType<typeof fakeApi>;

async function open(host: FakeHost, query = '', init: RequestInit = {}): Promise<EventReader> {
  return new EventReader(await host.ask('GET', `${EVENTS}${query}`, init));
}

describe('the event stream', () => {
  test('begins with the state of every topic, each as the contract says', async () => {
    const host = fakeApi();
    host.clients.add('01'.repeat(32), 'Deck');
    host.pairing.knock('a1', 'Phone');
    const events = await (await open(host)).take(4);
    expect(events.map(({ event }) => event).toSorted()).toEqual([
      'captures',
      'clients',
      'pairing',
      'sessions',
    ]);
    for (const { event, data } of events)
      expect([event, isOf(HostEvent, data)]).toEqual([event, true]);
    expect(JSON.stringify(events)).toContain('"name":"Deck"');
    expect(JSON.stringify(events)).toContain('"name":"Phone"');
  });

  test('is named and uncached, and says at once when to come back', async () => {
    const host = fakeApi();
    const response = await host.ask('GET', EVENTS);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await new EventReader(response).frame()).toBe('retry: 2000');
  });

  test('tells changes in their order, with ids that count up', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=sessions,clients');
    await reader.take(2);
    host.clients.add('01'.repeat(32), 'Deck');
    host.events.changed('clients');
    const [first] = await reader.take(1);
    host.streams.extra.push(sessionOf(7, 'Deck'));
    host.events.changed('sessions');
    const [second] = await reader.take(1);
    expect([first?.event, second?.event]).toEqual(['clients', 'sessions']);
    const number = (id: string | undefined) => Number(id?.replace(`${BOOT}-`, ''));
    expect(number(second?.id)).toBe(number(first?.id) + 1);
    expect(second?.data).toEqual({ topic: 'sessions', sessions: [sessionOf(7, 'Deck')] });
  });

  test('finds within a second what nobody announced, and repeats nothing', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=clients,pairing');
    await reader.take(2);
    // The clock inside the state of pairing moves on; that alone is no change.
    await host.second();
    await host.second();
    host.clients.add('01'.repeat(32), 'Deck');
    await host.second();
    expect((await reader.next())?.event).toBe('clients');
    host.events.changed('clients');
    host.pairing.knock('a1', 'Phone');
    host.events.changed('pairing');
    expect((await reader.next())?.event).toBe('pairing');
  });

  test('tells of captures as they start', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=captures');
    await reader.take(1);
    await host.ask('POST', START);
    expect((await reader.next())?.data).toMatchObject({
      topic: 'captures',
      status: { armed: true },
    });
  });

  test('sends a comment when it was quiet for ten seconds', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=clients');
    await reader.take(1);
    const next = reader.frame();
    for (let i = 0; i < 9; i += 1) await host.second();
    expect(await Promise.race([next, settled()])).toBeUndefined();
    await host.second();
    expect(await next).toBe(':');
    const later = reader.frame();
    for (let i = 0; i < 10; i += 1) await host.second();
    expect(await later).toBe(':');
  });
});

describe('a reader that comes back', () => {
  test('gets what changed since, as it is now, and nothing else', async () => {
    const host = fakeApi();
    const topics = '?topics=sessions,clients,captures';
    const reader = await open(host, topics);
    const last = (await reader.take(3)).at(-1)?.id ?? '';
    await reader.cancel();
    expect(host.events.readers).toBe(0);
    host.clients.add('01'.repeat(32), 'Deck');
    host.events.changed('clients');
    host.clients.add('02'.repeat(32), 'Phone');
    const again = await open(host, topics, { headers: { 'last-event-id': last } });
    const event = await again.next();
    expect(event?.event).toBe('clients');
    expect(JSON.stringify(event?.data)).toContain('Phone');
    // Nothing more waits: the next thing is what happens next.
    host.streams.extra.push(sessionOf(7, 'Deck'));
    host.events.changed('sessions');
    expect((await again.next())?.event).toBe('sessions');
  });

  test('may name the id in the query, because some cannot set headers', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=clients');
    const [event] = await reader.take(1);
    const again = await open(host, `?topics=clients&last_event_id=${event?.id}`);
    host.clients.add('01'.repeat(32), 'Deck');
    host.events.changed('clients');
    expect(JSON.stringify((await again.next())?.data)).toContain('Deck');
  });

  test('after a restart, or with an id of nowhere, gets everything', async () => {
    const host = fakeApi();
    await (await open(host)).take(4);
    for (const id of ['another-1', `${BOOT}-99`, `${BOOT}-`, 'x', `${BOOT}--1`, '__proto__']) {
      const reader = await open(host, '', { headers: { 'last-event-id': id } });
      expect([id, (await reader.take(4)).length]).toEqual([id, 4]);
    }
  });
});

describe('topics', () => {
  test('are those that the token may see', async () => {
    const host = fakeApi();
    const seen = async (scope: Scope): Promise<string[]> => {
      const { token } = host.tokens.create({ name: scope, scope });
      const reader = new EventReader(await host.ask('GET', EVENTS, {}, token));
      const count = { stats: 1, 'host:read': 2, admin: 4 }[scope];
      return (await reader.take(count)).map(({ event }) => event).toSorted();
    };
    expect(await seen('stats')).toEqual(['captures']);
    expect(await seen('host:read')).toEqual(['clients', 'sessions']);
    expect(await seen('admin')).toEqual(['captures', 'clients', 'pairing', 'sessions']);
  });

  test('that the token may not see are refused, and open no stream', async () => {
    const host = fakeApi();
    const { token: stats } = host.tokens.create({ name: 's', scope: 'stats' });
    const { token: read } = host.tokens.create({ name: 'r', scope: 'host:read' });
    for (const [token, topics] of [
      [stats, 'sessions'],
      [stats, 'captures,pairing'],
      [read, 'pairing'],
      [read, 'captures'],
    ] as const) {
      const response = await host.ask('GET', `${EVENTS}?topics=${topics}`, {}, token);
      expect(await fault(response)).toEqual([403, 'scope_missing']);
    }
    expect(host.events.readers).toBe(0);
  });

  test('that do not exist are refused', async () => {
    const host = fakeApi();
    for (const topics of ['', 'x', 'sessions,', 'Sessions', '__proto__']) {
      const response = await host.ask('GET', `${EVENTS}?topics=${topics}`);
      expect([topics, ...(await fault(response))]).toEqual([topics, 422, 'invalid']);
    }
  });

  test('of which one cannot be read leave the others alone', async () => {
    const host = fakeApi();
    host.clients.list = () => {
      throw new Error('the list is broken');
    };
    const reader = await open(host, '?topics=clients,sessions');
    expect((await reader.next())?.event).toBe('sessions');
    expect(host.lines.join('')).toContain('could not be read');
  });
});

describe('a stream ends', () => {
  test('with its token, at once, and no other with it', async () => {
    const host = fakeApi();
    const { token, info } = host.tokens.create({ name: 'widget', scope: 'host:read' });
    const reader = new EventReader(await host.ask('GET', EVENTS, {}, token));
    const other = await open(host, '?topics=clients');
    await reader.take(2);
    await other.take(1);
    const next = reader.next();
    expect((await host.ask('DELETE', `${API}/tokens/${info.token_id}`)).status).toBe(204);
    expect(await next).toBeUndefined();
    expect(host.events.readers).toBe(1);
    host.clients.add('01'.repeat(32), 'Deck');
    host.events.changed('clients');
    expect((await other.next())?.event).toBe('clients');
  });

  test('for everybody when the host closes, and the looking ends with the last', async () => {
    const host = fakeApi();
    const readers = [await open(host, '?topics=clients'), await open(host, '?topics=clients')];
    for (const reader of readers) await reader.take(1);
    expect(host.ticks.size).toBe(1);
    const ends = readers.map((reader) => reader.next());
    host.readers.close();
    expect(await Promise.all(ends)).toEqual([undefined, undefined]);
    expect([host.events.readers, host.ticks.size]).toEqual([0, 0]);
  });

  test('when its peer took nothing for a minute', async () => {
    const host = fakeApi();
    const response = await host.ask('GET', `${EVENTS}?topics=clients`);
    await settled();
    for (let i = 0; i < 59; i += 1) await host.second();
    expect(host.events.readers).toBe(1);
    await host.second();
    expect(host.events.readers).toBe(0);
    expect(response.status).toBe(200);
  });
});

describe('many readers', () => {
  test('are 32 at most; the next one is told so, and has a place when one leaves', async () => {
    const host = fakeApi();
    const readers: EventReader[] = [];
    for (let i = 0; i < 32; i += 1) readers.push(await open(host, '?topics=clients'));
    expect(await fault(await host.ask('GET', EVENTS))).toEqual([503, 'too_many_readers']);
    await readers[0]?.cancel();
    const next = await open(host, '?topics=clients');
    expect((await next.take(1)).length).toBe(1);
  });

  test('a slow one gets the newest state once, however much happened', async () => {
    const host = fakeApi();
    const reader = await open(host, '?topics=clients,sessions');
    await reader.take(2);
    for (let i = 0; i < 5000; i += 1) {
      host.clients.add('01'.repeat(32), `name ${i}`);
      host.events.changed('clients');
      await Promise.resolve();
    }
    host.streams.extra.push(sessionOf(7, 'Deck'));
    host.events.changed('sessions');
    await settled();
    const events = await reader.take(2);
    expect(events.map(({ event }) => event)).toEqual(['clients', 'sessions']);
    expect(JSON.stringify(events[0]?.data)).toContain('name 4999');
  });
});
