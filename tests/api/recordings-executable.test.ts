// The routes of captures and recordings on dist/punktfunk-host itself: a stream is recorded, watched, marked, asked for
// exact figures, and all of it survives. Details of each route stand in recordings.test.ts, over a recorder by hand.
import { afterAll, describe, expect, test } from 'bun:test';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import {
  Capture,
  CaptureEvent,
  CaptureMeta,
  RangeQuantiles,
  StatsStatus,
} from '../../contract/stats.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import {
  API,
  fault,
  jsonBody,
  MARKERS,
  RECORDINGS,
  START,
  STATUS,
  STOP,
  STREAM,
  TRASH,
} from '../support/api.ts';
import { EventReader } from '../support/event-reader.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TEST_STREAM = {
  source: 'synthetic',
  seconds: 2.5,
  ...{ width: 320, height: 180, fps: 60, bitrate_kbps: 1000 },
};
const metas = Type.Array(CaptureMeta);
const started: Host[] = [];

afterAll(async () => {
  for (const host of started) await host.end('SIGKILL');
});

async function host(options: Parameters<typeof startHost>[0] = {}): Promise<Host> {
  const made = await startHost(options);
  started.push(made);
  return made;
}

describe.skipIf(missingExecutable !== '')(`dist/punktfunk-host${missingExecutable}`, () => {
  test('a marker stands where it was so long ago, and is refused before the recording and out of bounds', async () => {
    const on = await host();
    await on.json('POST', START);
    await Bun.sleep(1200);
    const askedMs = performance.now();
    const now = await asked(on, CaptureEvent, 'POST', MARKERS, { text: 'now' });
    const then = await asked(on, CaptureEvent, 'POST', MARKERS, { text: 'then', ago_ms: 1000 });
    // Later by what the two questions took together, and a second earlier.
    const tookMs = performance.now() - askedMs;
    expect(then.t_ms - now.t_ms).toBeWithin(-1001, tookMs - 999);
    const refused = async (body: object): Promise<string> => {
      const answer = await on.ask('POST', MARKERS, {
        body: JSON.stringify({ text: 'x', ...body }),
        headers: { 'content-type': 'application/json' },
      });
      return `${answer.status} ${await answer.text()}`;
    };
    expect(await refused({ ago_ms: 599_000 })).toMatch(
      /^400 .*ago_ms is 599000, it began \d+ ms ago\..*marker_invalid/,
    );
    expect(await refused({ ago_ms: 600_001 })).toMatch(/^422 .*ago_ms.*600000/);
    expect(await refused({ ago_ms: 1, unix_ms: 2 })).toMatch(/^400 .*unix_ms 2 and ago_ms 1/);
    const meta = await asked(on, CaptureMeta, 'POST', STOP);
    const kept = await on.json('GET', `${RECORDINGS}/${meta.id}/events?kinds=marker`);
    expect(kept).toEqual([now, then].toSorted((a, b) => a.t_ms - b.t_ms));
  }, 60_000);

  test('frames, figures and events of a recording agree with each other', async () => {
    const on = await host();
    await on.json('POST', START, { name: 'Boss' });
    const streaming = streamed(on);
    await Bun.sleep(1000);
    const marker = await asked(on, CaptureEvent, 'POST', MARKERS, { text: 'here' });
    expect(marker).toMatchObject({ kind: 'marker', detail: { text: 'here' } });
    const arrived = await streaming;
    const meta = await asked(on, CaptureMeta, 'POST', STOP);
    expect(arrived).toBeGreaterThan(0);
    expect(meta.frame_count).toBeGreaterThanOrEqual(arrived);
    expect(meta.name).toBe('Boss');
    const one = `${RECORDINGS}/${meta.id}`;

    const rows = await rowsOf(on, `${one}/frames?format=jsonl`);
    expect(rows).toHaveLength(meta.frame_count ?? 0);
    // Boundaries are µs after `grabbed_us`.
    const sent = rows.flatMap(({ last_sent_us }) => last_sent_us ?? []);
    const all = await asked(on, RangeQuantiles, 'GET', `${one}/quantiles?percents=50,99,100`);
    const total = all.stages.find(({ name }) => name === 'total');
    expect(total?.count).toBe(sent.length);
    expect(total?.quantiles_us).toEqual({
      p50: nearestRank(sent, 50),
      p99: nearestRank(sent, 99),
      p100: nearestRank(sent, 100),
    });

    // A second in the middle, by both routes.
    const [from, to] = [marker.t_ms - 500, marker.t_ms + 500];
    const range = `from_ms=${from}&to_ms=${to}`;
    const middle = await asked(on, RangeQuantiles, 'GET', `${one}/quantiles?${range}`);
    const inside = rows.filter(({ grabbed_us: us }) => us >= from * 1000 && us < to * 1000);
    expect(middle.count).toBe(inside.length);
    expect(await rowsOf(on, `${one}/frames?format=jsonl&${range}`)).toEqual(inside);
    const few = await on.ask('GET', `${one}/frames?format=jsonl&${range}&columns=bytes`);
    expect((await few.text()).split('\n')[0]).toBe(`{"bytes":${inside[0]?.bytes}}`);

    const events = await asked(on, Type.Array(CaptureEvent), 'GET', `${one}/events`);
    expect(events.map(({ kind }) => kind)).toContain('session_start');
    expect(await on.json('GET', `${one}/events?kinds=marker`)).toEqual([marker]);

    // The whole file, in one and in two pieces.
    const whole = await on.ask('GET', `${one}/frames?download=1`);
    expect(whole.headers.get('content-disposition')).toContain(`${meta.id}.frames.parquet`);
    const bytes = await whole.bytes();
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('PAR1');
    const half = Math.floor(bytes.length / 2);
    const pieces = [`bytes=0-${half - 1}`, `bytes=${half}-`].map(async (part) => {
      const answer = await on.ask('GET', `${one}/frames`, { headers: { range: part } });
      expect(answer.status).toBe(206);
      return answer.bytes();
    });
    expect(Buffer.compare(Buffer.concat(await Promise.all(pieces)), bytes)).toBe(0);
    const unknown = await on.ask('GET', `${one}/frames?columns=colour`);
    expect(await fault(unknown)).toEqual([400, 'unknown_column']);
    expect(await on.end()).toBe(0);
  }, 60_000);

  test('what people add stays, the trash gives back, and an export can be taken in again', async () => {
    const on = await host();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      await on.json('POST', START);
      ids.unshift((await asked(on, CaptureMeta, 'POST', STOP)).id);
    }
    const [newest = '', middle = ''] = ids;
    // Three pages of one, by the addresses that the answers give.
    const paged: string[] = [];
    let next: string | undefined = `${RECORDINGS}?limit=1`;
    while (next !== undefined && paged.length < 10) {
      const page: Response = await on.ask('GET', next);
      paged.push(...parsed(metas, await page.json()).map(({ id }) => id));
      next = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(paged).toEqual(ids);

    const change = { name: 'Boss', tags: ['4k'], starred: true };
    expect(await on.json('PATCH', `${RECORDINGS}/${middle}`, change)).toMatchObject(change);
    expect(await on.end()).toBe(0);
    const again = await host({ configDir: on.configDir });
    const starred = await asked(again, metas, 'GET', `${RECORDINGS}?starred=true&text=boss&tag=4k`);
    expect(starred.map(({ id }) => id)).toEqual([middle]);

    const text = await (await again.ask('GET', `${RECORDINGS}/${newest}`)).text();
    expect((await again.ask('DELETE', `${RECORDINGS}/${newest}`)).status).toBe(204);
    const trash = await asked(again, metas, 'GET', TRASH);
    expect(trash.map(({ id }) => id)).toEqual([newest]);
    await again.json('POST', `${RECORDINGS}/${newest}/restore`);
    const twice = await again.ask('POST', RECORDINGS, {
      body: text,
      headers: { 'content-type': 'application/json' },
    });
    expect(await fault(twice)).toEqual([409, 'recording_exists']);
    await again.json('DELETE', `${RECORDINGS}/${newest}?forever=true`);
    expect(await again.json('GET', TRASH)).toEqual([]);
    const zipped = await again.ask('POST', RECORDINGS, {
      body: Bun.gzipSync(text),
      headers: { 'content-type': 'application/gzip' },
    });
    expect(zipped.status).toBe(201);
    const imported = parsed(Capture, await again.json('GET', `${RECORDINGS}/${newest}`));
    expect(imported.samples).toEqual(parsed(Capture, JSON.parse(text)).samples);
    const odd = await again.ask('POST', RECORDINGS, jsonBody({ hello: 'world' }));
    expect(await fault(odd)).toEqual([400, 'import_invalid']);
    expect(await again.end()).toBe(0);
  }, 60_000);

  test('a capture is watched as it goes, and a viewer that breaks off misses nothing', async () => {
    const on = await host();
    const reader = new EventReader(await on.ask('GET', STREAM));
    expect(await reader.next()).toMatchObject({ event: 'reset', data: { reason: 'start' } });
    await on.json('POST', START);
    expect((await reader.next())?.event).toBe('started');
    const streaming = streamed(on);
    let last = '';
    const seen: string[] = [];
    while (!seen.includes('sample')) {
      const event = await reader.next();
      if (event === undefined) throw new Error('the stream ended');
      seen.push(event.event);
      last = event.id;
    }
    await reader.cancel();
    await streaming;
    const { id } = await asked(on, CaptureMeta, 'POST', STOP);
    const back = new EventReader(
      await on.ask('GET', STREAM, { headers: { 'last-event-id': last } }),
    );
    const missed: unknown[] = [];
    for (let event = await back.next(); event !== undefined; event = await back.next()) {
      missed.push(event.data);
      seen.push(event.event);
      if (event.event === 'stopped') break;
    }
    await back.cancel();
    expect(missed.at(-1)).toEqual({ kind: 'stopped', id });
    const { samples, events } = parsed(Capture, await on.json('GET', `${RECORDINGS}/${id}`));
    expect(seen.filter((kind) => kind === 'sample')).toHaveLength(samples.length);
    expect(seen.filter((kind) => kind === 'event')).toHaveLength(events?.length ?? 0);
    expect(await on.end()).toBe(0);
  }, 60_000);

  test('the black box is saved without anybody having armed, and what a kill left is offered', async () => {
    const first = await host();
    const arrived = await streamed(first);
    const saved = await asked(first, CaptureMeta, 'POST', `${API}/stats/black-box/save`);
    expect(arrived).toBeGreaterThan(0);
    expect([saved.trigger, (saved.frame_count ?? 0) >= arrived]).toEqual(['request', true]);
    await first.json('POST', START, { pre_roll_s: 60 });
    const withPast = await asked(first, CaptureMeta, 'POST', STOP);
    expect(withPast.frame_count).toBe(saved.frame_count ?? 0);
    await Bun.sleep(1500);
    expect(await first.end('SIGKILL')).toBe(137);

    const second = await host({ configDir: first.configDir });
    const { last_run: lastRun } = await asked(second, StatsStatus, 'GET', STATUS);
    expect(lastRun?.seconds).toBeGreaterThan(1);
    const offered = await asked(second, CaptureMeta, 'POST', `${API}/stats/last-run/save`);
    expect([offered.trigger, offered.client]).toEqual(['bad_end', 'client 1']);
    expect((await second.ask('DELETE', `${API}/stats/last-run`)).status).toBe(204);
    const after = await asked(second, StatsStatus, 'GET', STATUS);
    expect(after.last_run).toBeUndefined();
    expect(await fault(await second.ask('POST', `${API}/stats/last-run/save`))).toEqual([
      404,
      'no_last_run',
    ]);
    expect(await second.end()).toBe(0);
  }, 60_000);

  test('settings reach the recorder: no black box, no metrics, two recordings at most', async () => {
    const on = await host({ args: ['--black-box', 'off', '--recordings-keep', '2'] });
    const off = await on.ask('POST', `${API}/stats/black-box/save`);
    expect(await fault(off)).toEqual([409, 'black_box_off']);
    expect(await fault(await on.ask('GET', '/metrics'))).toEqual([404, 'metrics_off']);
    for (let i = 0; i < 4; i += 1) {
      await on.json('POST', START);
      await on.json('POST', STOP);
    }
    await until(async () => (await asked(on, metas, 'GET', RECORDINGS)).length === 2);
    expect(await on.end()).toBe(0);
  }, 60_000);
});

const Row = Type.Object({
  grabbed_us: Type.Integer(),
  last_sent_us: Type.Optional(Type.Integer()),
  bytes: Type.Optional(Type.Integer()),
});

async function rowsOf(on: Host, path: string): Promise<Static<typeof Row>[]> {
  const answer = await on.ask('GET', path);
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => parsed(Row, JSON.parse(line)));
}

function nearestRank(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? -1;
}

async function asked<S extends TSchema>(
  on: Host,
  schema: S,
  method: string,
  path: string,
  request?: unknown,
): Promise<Static<S>> {
  return parsed(schema, await on.json(method, path, request));
}

function parsed<S extends TSchema>(schema: S, data: unknown): Static<S> {
  return Value.Parse(schema, data);
}

/** Streams from beginning to end; answers how many frames the receiver saw. */
async function streamed(on: Host): Promise<number> {
  await on.json('POST', `${API}/test-streams`, TEST_STREAM);
  let report: TestStreamState['report'];
  await until(async () => {
    ({ report } = await asked(on, TestStreamState, 'GET', `${API}/test-streams`));
    return report !== undefined;
  });
  return report?.frames_received ?? 0;
}

/** Waits for what the host is busy with; at most twenty seconds. */
async function until(happened: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; !(await happened()); ) {
    if (performance.now() > end) throw new Error('it did not happen within 20 s');
    await Bun.sleep(50);
  }
}
