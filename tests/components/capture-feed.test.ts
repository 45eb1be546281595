// The live capture as an element follows it, on virtual time over an API that a test plays: loaded once, then told; what
// happens when the stream breaks, is slow, is not there, or the page is hidden.
import { describe, expect, test } from 'bun:test';
import { CaptureFeed, type CaptureFeedOptions } from '../../components/base/capture-feed.ts';
import { parseNews } from '../../components/base/parse.ts';
import {
  ApiFailure,
  type CaptureNews,
  type Following,
  type StatsApi,
} from '../../components/base/stats-api.ts';
import type { Capture, StatsStatus } from '../../contract/stats.ts';
import { capture, marker, news, RESET, STARTED, session } from '../support/page-news.ts';
import { settled, VirtualTime } from '../support/page-time.ts';

/** One connection, at whose other end the test sits. */
class Wire {
  readonly after: string | undefined;
  readonly signal: AbortSignal;
  readonly #following: Following;
  readonly #ended = Promise.withResolvers<void>();

  constructor(following: Following, signal: AbortSignal) {
    this.#following = following;
    this.after = following.after;
    this.signal = signal;
    signal.addEventListener('abort', () => this.#ended.reject(signal.reason));
    following.onOpen();
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  tell(said: CaptureNews, id?: string): void {
    this.#following.onNews(said, id);
  }

  close(): void {
    this.#ended.resolve();
  }

  break(thrown: unknown = new ApiFailure('offline', 'cut')): void {
    this.#ended.reject(thrown);
  }
}

/** The part of a host that a feed asks. */
class PlayedApi {
  now: Capture | undefined = capture([1000]);
  asked = { status: 0, live: 0, streams: 0 };
  readonly wires: Wire[] = [];
  /** Thrown instead of a stream. */
  refusal: ApiFailure | undefined;
  /** Thrown instead of an answer. */
  down: ApiFailure | undefined;
  /** Answers of `live` wait for it. */
  gate: Promise<void> = Promise.resolve();

  async status(): Promise<StatsStatus> {
    this.asked.status++;
    if (this.down !== undefined) throw this.down;
    return { armed: this.now !== undefined, sample_count: 0, started_unix_ms: 0, kind: '' };
  }

  async live(): Promise<Capture | undefined> {
    this.asked.live++;
    const { now } = this;
    await this.gate;
    if (this.down !== undefined) throw this.down;
    return now;
  }

  async followCapture(following: Following, signal: AbortSignal): Promise<void> {
    this.asked.streams++;
    const refusal = this.down ?? this.refusal;
    if (refusal !== undefined) throw refusal;
    const wire = new Wire(following, signal);
    this.wires.push(wire);
    return wire.ended;
  }

  get wire(): Wire {
    const wire = this.wires.at(-1);
    if (wire === undefined) throw new Error('nobody is connected');
    return wire;
  }
}

function follow(more: Partial<CaptureFeedOptions> & { lacks?: true } = {}) {
  const api = new PlayedApi();
  const time = new VirtualTime();
  const shown: (Capture | undefined)[] = [];
  const failures: (string | undefined)[] = [];
  const { lacks, ...options } = more;
  // Only what a feed asks is there.
  const asked = api as unknown as StatsApi;
  const without = { status: () => api.status(), live: () => api.live() } as unknown as StatsApi;
  const feed = new CaptureFeed({
    api: () => (lacks ? without : asked),
    onCapture: (held) => shown.push(held),
    onFailure: (failure) => failures.push(failure?.kind),
    timers: time,
    places: { most: 3, taken: 0 },
    ...options,
  });
  const times = () => shown.at(-1)?.samples.map((s) => s.t_ms);
  return { api, time, shown, failures, feed, times };
}

/** In step with a capture of one sample. */
async function watching(more: Parameters<typeof follow>[0] = {}) {
  const all = follow(more);
  all.feed.start();
  await settled();
  all.api.wire.tell(RESET, 'r-0');
  await settled();
  return all;
}

describe('a live capture that is followed', () => {
  test('is loaded once, at the first word, and grows by what is told', async () => {
    const { api, time, times, shown, feed } = await watching();
    for (let i = 2; i <= 60; i++) {
      api.wire.tell(news(i * 1000), `r-${i}`);
      await time.run(1000);
    }
    expect(times()?.length).toBe(60);
    expect(shown.at(-1)?.meta.sample_count).toBe(60);
    expect(shown.at(-1)?.meta.duration_ms).toBe(60_000);
    expect(api.asked).toEqual({ status: 1, live: 1, streams: 1 });
    feed.stop();
  });

  test('comes back behind the last news after a break, and loads nothing again', async () => {
    const { api, time, times, failures, feed } = await watching();
    api.wire.tell(news(2000), 'r-1');
    api.wire.break();
    await time.run(1900);
    expect(api.asked.streams).toBe(1);
    await time.run(200);
    expect(api.wire.after).toBe('r-1');
    api.wire.tell(news(3000), 'r-2');
    await time.run(300);
    expect(times()).toEqual([1000, 2000, 3000]);
    expect(api.asked).toEqual({ status: 1, live: 1, streams: 2 });
    expect(failures.some((kind) => kind !== undefined)).toBe(false);
    feed.stop();
  });

  test('a reset in the middle loads the capture again', async () => {
    const { api, time, times, feed } = await watching();
    api.wire.close();
    await time.run(2000);
    api.now = capture([1000, 2000, 3000]);
    api.wire.tell(RESET, 's-9');
    api.wire.tell(news(4000), 's-10');
    await time.run(300);
    expect(times()).toEqual([1000, 2000, 3000, 4000]);
    expect(api.asked.live).toBe(2);
    feed.stop();
  });

  test('what is told while it is loaded waits, and what was loaded already is not told twice', async () => {
    const { api, time, shown, times, feed } = follow();
    const gate = Promise.withResolvers<void>();
    api.gate = gate.promise;
    api.now = capture([1000, 2000], { events: [marker(1500, 'a')] });
    feed.start();
    await settled();
    api.wire.tell(RESET, 'r-0');
    for (const one of [news(1000), news(2000), news(3000), news(3000), news(2000, 2)]) {
      api.wire.tell(one, 'r-1');
    }
    api.wire.tell({ kind: 'event', event: marker(1500, 'a') }, 'r-2');
    api.wire.tell({ kind: 'event', event: marker(1500, 'b') }, 'r-3');
    await settled();
    expect(shown).toEqual([]);
    gate.resolve();
    await time.run(300);
    expect(times()).toEqual([1000, 2000, 3000, 2000]);
    expect(shown.at(-1)?.events?.map((e) => e.detail?.['text'])).toEqual(['a', 'b']);
    feed.stop();
  });

  test('one that is sent away for being slow comes back behind what it got', async () => {
    const { api, time, feed } = await watching();
    api.wire.tell(news(2000), 'r-7');
    const slow = parseNews({ kind: 'slow_viewer', reason: 'More than 64 KB waited to be read.' });
    expect(slow).toBeUndefined();
    api.wire.close();
    await time.run(2000);
    expect(api.wire.after).toBe('r-7');
    expect(api.asked.live).toBe(1);
    feed.stop();
  });

  test('stopped, it is there no more; the next one is loaded when it starts', async () => {
    const { api, time, shown, times, feed } = await watching();
    api.now = undefined;
    api.wire.tell({ kind: 'stopped', id: 'x' }, 'r-1');
    expect(shown.at(-1)).toBeUndefined();
    await time.run(20_000);
    expect(shown.at(-1)).toBeUndefined();
    const next = capture([]);
    api.now = { ...next, meta: { ...next.meta, started_unix_ms: STARTED + 60_000 } };
    api.wire.tell({ kind: 'started', started_unix_ms: STARTED + 60_000 }, 'r-2');
    api.wire.tell({ kind: 'session', session: session() }, 'r-3');
    api.wire.tell(news(1000), 'r-4');
    await time.run(300);
    expect(times()).toEqual([1000]);
    expect(shown.at(-1)?.meta).toMatchObject({ kind: 'native', width: 1280, client: 'Deck' });
    expect(api.asked).toEqual({ status: 1, live: 2, streams: 1 });
    feed.stop();
  });

  test('a start that was loaded already is not loaded again', async () => {
    const { api, feed } = await watching();
    api.wire.tell({ kind: 'started', started_unix_ms: STARTED }, 'r-1');
    await settled();
    expect(api.asked.live).toBe(1);
    feed.stop();
  });

  test('while nothing is recorded it listens, and asks for nothing', async () => {
    const { api, time, shown, feed } = follow();
    api.now = undefined;
    feed.start();
    await settled();
    api.wire.tell(RESET, 'r-0');
    await time.run(60_000);
    expect(shown).toEqual([undefined]);
    expect(api.asked).toEqual({ status: 1, live: 0, streams: 1 });
    feed.stop();
  });

  test('however much is told, it is handed out four times a second; a single word at once', async () => {
    const { api, time, shown, feed } = await watching();
    await time.run(1000);
    const before = shown.length;
    for (let i = 0; i < 100; i++) {
      api.wire.tell(news(2000 + i), `r-${i}`);
      await time.run(10);
    }
    expect(shown.length - before).toBeLessThanOrEqual(5);
    await time.run(1000);
    const quiet = shown.length;
    api.wire.tell({ kind: 'event', event: marker(1, 'now') }, 'r-m');
    expect(shown.length).toBe(quiet + 1);
    feed.stop();
  });

  test('a large one is handed out less often', async () => {
    const large = follow();
    large.api.now = capture(Array.from({ length: 172_800 }, (_, i) => i + 1));
    large.feed.start();
    await settled();
    large.api.wire.tell(RESET, 'r-0');
    await large.time.run(10);
    const before = large.shown.length;
    for (let i = 0; i < 160; i++) {
      large.api.wire.tell(news(200_000 + i), `r-${i}`);
      await large.time.run(63);
    }
    expect(large.shown.length - before).toBeLessThanOrEqual(6);
    expect(large.shown.at(-1)?.samples.length).toBeGreaterThan(172_900);
    large.feed.stop();
  });

  test('time passes in it while nothing is told', async () => {
    const { time, shown, feed } = await watching();
    await time.run(10_000);
    expect(shown.at(-1)?.meta.duration_ms).toBe(11_000);
    expect(shown.length).toBe(6);
    feed.stop();
  });

  test('hidden, it lets go of its connection; seen again, it goes on where it was', async () => {
    let listener = (): void => undefined;
    const page = {
      hidden: false,
      addEventListener: (_type: string, added: () => void) => {
        listener = added;
      },
      removeEventListener: () => undefined,
    };
    const { api, time, times, shown, feed } = await watching({ page });
    api.wire.tell(news(2000), 'r-1');
    page.hidden = true;
    listener();
    expect(api.wire.signal.aborted).toBe(true);
    const before = shown.length;
    await time.run(60_000);
    expect([shown.length, api.asked.streams]).toEqual([before, 1]);
    page.hidden = false;
    listener();
    await settled();
    expect(api.wire.after).toBe('r-1');
    expect(times()).toEqual([1000, 2000]);
    expect(api.asked.live).toBe(1);
    feed.stop();
  });

  test('hidden while it is loaded, it begins again', async () => {
    const { api, shown, feed } = follow();
    const gate = Promise.withResolvers<void>();
    api.gate = gate.promise;
    feed.start();
    await settled();
    api.wire.tell(RESET, 'r-0');
    await settled();
    feed.stop();
    gate.resolve();
    await settled();
    expect(shown).toEqual([]);
    feed.start();
    await settled();
    expect(api.wire.after).toBeUndefined();
    feed.stop();
  });

  test('a host that is away is told of, asked every few seconds, and forgiven when it answers', async () => {
    const { api, time, times, failures, feed } = await watching();
    api.down = new ApiFailure('offline', 'gone');
    api.wire.break();
    await time.run(2000);
    expect(failures.at(-1)).toBe('offline');
    expect(times()).toEqual([1000]);
    const { streams } = api.asked;
    await time.run(60_000);
    expect(api.asked.streams - streams).toBe(15);
    api.down = undefined;
    await time.run(4000);
    expect(api.wire.after).toBe('r-0');
    expect(failures.at(-1)).toBeUndefined();
    expect(api.asked.live).toBe(1);
    feed.stop();
  });

  test('what cannot be loaded is told, and the stream let go', async () => {
    const { api, time, failures, feed } = follow();
    feed.start();
    await settled();
    api.down = new ApiFailure('offline', 'gone');
    api.wire.tell(RESET, 'r-0');
    await settled();
    expect(failures).toEqual(['offline']);
    expect(api.wire.signal.aborted).toBe(true);
    api.down = undefined;
    await time.run(4000);
    expect([api.asked.streams, api.wire.after]).toEqual([2, undefined]);
    feed.stop();
  });

  test('a token that is refused is told as such', async () => {
    const { api, failures, feed } = follow();
    api.down = new ApiFailure('token-wrong', 'No.', { status: 401 });
    feed.start();
    await settled();
    expect(failures).toEqual(['token-wrong']);
    expect(api.asked.status).toBe(0);
    feed.stop();
  });

  test('news that come faster than the capture can be loaded are not kept without end', async () => {
    const { api, failures, feed } = follow();
    api.gate = new Promise(() => undefined);
    feed.start();
    await settled();
    api.wire.tell(RESET, 'r-0');
    for (let i = 0; i < 5001; i++) api.wire.tell(news(i), `r-${i}`);
    expect(api.wire.signal.aborted).toBe(true);
    expect(failures).toEqual([]);
    feed.stop();
  });
});

describe('without a stream the live capture is asked for on the beat', () => {
  test('where the API has none', async () => {
    const { api, time, times, feed } = follow({ lacks: true });
    feed.start();
    await time.run(6000);
    expect(api.asked).toEqual({ status: 4, live: 4, streams: 0 });
    expect(times()).toEqual([1000]);
    feed.stop();
  });

  test('for good where the host does not know the route; for half a minute where it has no place', async () => {
    for (const [kind, code, status, streams] of [
      ['not-found', 'not_found', 404, 1],
      ['refused', 'too_many_readers', 503, 2],
      ['unreadable', 'unreadable', undefined, 2],
    ] as const) {
      const { api, time, failures, feed } = follow();
      const detail = status === undefined ? { code } : { code, status };
      api.refusal = new ApiFailure(kind, code, detail);
      feed.start();
      await time.run(34_500);
      expect(api.asked.streams).toBe(streams);
      expect(api.asked.live).toBe(18);
      expect(failures.every((failure) => failure === undefined)).toBe(true);
      feed.stop();
    }
  });

  test('where somebody in between holds back what is told, or ends it unsaid', async () => {
    for (const end of [undefined, (wire: Wire) => wire.close(), (wire: Wire) => wire.break()]) {
      const { api, time, times, feed } = follow();
      feed.start();
      await settled();
      end?.(api.wire);
      await time.run(5000);
      expect(api.wires[0]?.signal.aborted).toBe(end === undefined);
      expect(times()).toEqual([1000]);
      await time.run(10_000);
      expect(api.asked.streams).toBe(1);
      feed.stop();
    }
  });

  test('and when the stream has a place again, all is loaded once more', async () => {
    const { api, time, times, feed } = await watching();
    api.wire.close();
    api.refusal = new ApiFailure('refused', 'full', { code: 'too_many_readers', status: 503 });
    await time.run(4000);
    api.refusal = undefined;
    await time.run(32_000);
    expect(api.wire.after).toBeUndefined();
    api.now = capture([1000, 2000]);
    api.wire.tell(RESET, 'r-40');
    await time.run(300);
    expect(times()).toEqual([1000, 2000]);
    feed.stop();
  });

  test('where the page has too many connections open already', async () => {
    const places = { most: 1, taken: 0 };
    const first = follow({ places });
    const second = follow({ places });
    first.feed.start();
    second.feed.start();
    await settled();
    expect([first.api.asked.streams, second.api.asked.streams]).toEqual([1, 0]);
    expect(second.times()).toEqual([1000]);
    first.feed.stop();
    await second.time.run(2000);
    expect(second.api.asked.streams).toBe(1);
    second.feed.stop();
    await settled();
    expect(places.taken).toBe(0);
  });

  test('what the user did is asked for at once; with a stream it comes by itself', async () => {
    const beat = follow({ lacks: true });
    beat.feed.start();
    await settled();
    beat.feed.again();
    await settled();
    expect(beat.api.asked.live).toBe(2);
    beat.feed.stop();
    const stream = await watching();
    stream.feed.again();
    await settled();
    expect(stream.api.asked).toEqual({ status: 1, live: 1, streams: 1 });
    stream.feed.stop();
  });
});
