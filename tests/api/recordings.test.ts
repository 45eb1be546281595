// The routes of captures and recordings over a recorder that the test drives: what they ask of it, what they answer, how
// they refuse. What the real recorder makes of it stands in api.test.ts and recordings-executable.test.ts.
import { describe, expect, test } from 'bun:test';
import Type from 'typebox';
import { ApiError } from '../../contract/errors.ts';
import { CaptureEvent, CaptureMeta, RangeQuantiles, StatsStatus } from '../../contract/stats.ts';
import { AppError } from '../../host/src/errors.ts';
import {
  API,
  anyArray,
  body,
  fault,
  jsonBody,
  MARKERS,
  RECORDINGS,
  START,
  TRASH,
} from '../support/api.ts';
import { fakeApi } from '../support/fake-api.ts';
import { metaOf } from '../support/fake-recordings.ts';

const metas = Type.Array(CaptureMeta);
const BLACK_BOX = `${API}/stats/black-box/save`;
const LAST_RUN = `${API}/stats/last-run`;
/** Spellings of no recording at all. */
const NO_IDS = [
  ...[
    '..%2fsecret',
    '%2e%2e',
    '..%00',
    'a%3ab',
    '%c0%ae',
    '%zz',
    '%2fetc%2fpasswd',
    '__proto__%20',
  ],
  'a'.repeat(5000),
];

describe('a capture', () => {
  test('starts without a body, and takes along what a body asks for', async () => {
    const host = fakeApi();
    const plain = await host.ask('POST', START);
    expect((await body<StatsStatus>(plain, StatsStatus)).armed).toBe(true);
    await host.ask('POST', START, jsonBody({ pre_roll_s: 30, name: 'stutter at the boss' }));
    expect(host.recordings.asked).toEqual([
      ['start', {}],
      ['start', { pre_roll_s: 30, name: 'stutter at the boss' }],
    ]);
  });

  test('refuses what a start cannot be, and asks the recorder nothing', async () => {
    const host = fakeApi();
    for (const wrong of [
      { pre_roll_s: -1 },
      { pre_roll_s: 121 },
      { pre_roll_s: '5' },
      { name: 'x'.repeat(121) },
      { seconds: 5 },
      [],
      null,
    ]) {
      const answer = await host.ask('POST', START, jsonBody(wrong));
      expect([wrong, ...(await fault(answer))]).toEqual([wrong, 422, 'invalid']);
    }
    expect(host.recordings.asked).toEqual([]);
  });

  test('is marked, and says what was put where', async () => {
    const host = fakeApi();
    expect(await fault(await host.ask('POST', MARKERS, jsonBody({ text: 'now' })))).toEqual([
      409,
      'not_recording',
    ]);
    await host.ask('POST', START);
    const answer = await host.ask('POST', MARKERS, jsonBody({ text: 'now', unix_ms: 1234 }));
    expect(answer.status).toBe(201);
    expect(await body<CaptureEvent>(answer, CaptureEvent)).toMatchObject({
      kind: 'marker',
      detail: { text: 'now' },
    });
    expect(host.recordings.asked.at(-1)).toEqual(['mark', { text: 'now', unix_ms: 1234 }]);
    await host.ask('POST', MARKERS, jsonBody({ text: 'then', ago_ms: 600_000 }));
    expect(host.recordings.asked.at(-1)).toEqual(['mark', { text: 'then', ago_ms: 600_000 }]);
    for (const wrong of [
      ...[{}, { text: '' }, { text: 'x'.repeat(201) }, { text: 'x', unix_ms: -1 }],
      ...[-1, 600_001, 0.5, '5'].map((ago_ms) => ({ text: 'x', ago_ms })),
    ]) {
      const refused = await host.ask('POST', MARKERS, jsonBody(wrong));
      expect(await fault(refused)).toEqual([422, 'invalid']);
    }
    expect(await fault(await host.ask('POST', MARKERS))).toEqual([422, 'invalid']);
  });
});

describe('the black box and the last run', () => {
  test('become recordings, which readers of the event stream hear of', async () => {
    const host = fakeApi();
    const saved = await host.ask('POST', BLACK_BOX);
    expect([saved.status, (await body<CaptureMeta>(saved, CaptureMeta)).trigger]).toEqual([
      201,
      'request',
    ]);
    expect(await fault(await host.ask('POST', `${LAST_RUN}/save`))).toEqual([404, 'no_last_run']);
    host.recordings.lastRun = metaOf('last');
    const last = await host.ask('POST', `${LAST_RUN}/save`);
    expect([last.status, (await body<CaptureMeta>(last, CaptureMeta)).id]).toEqual([201, 'last']);
    const dismissed = await host.ask('DELETE', LAST_RUN);
    expect([dismissed.status, await dismissed.text()]).toEqual([204, '']);
  });

  test('say why there is nothing to save', async () => {
    const host = fakeApi();
    for (const code of ['black_box_off', 'black_box_empty']) {
      host.recordings.fault = new AppError(409, code, 'There is nothing.');
      expect(await fault(await host.ask('POST', BLACK_BOX))).toEqual([409, code]);
    }
    host.recordings.fault = new AppError(507, 'save_failed', 'The disk is full.');
    expect(await fault(await host.ask('POST', BLACK_BOX))).toEqual([507, 'save_failed']);
  });
});

describe('the list', () => {
  test('asks for everything when nothing is said, and is a plain array', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    const answer = await host.ask('GET', RECORDINGS);
    expect(answer.headers.get('link')).toBeNull();
    expect(await body<CaptureMeta[]>(answer, metas)).toEqual([metaOf('one')]);
    expect(host.recordings.asked).toEqual([['list', {}]]);
  });

  test('hands every filter on as it was meant', async () => {
    const host = fakeApi();
    const query =
      'limit=10&after=one&kind=native&tag=boss&starred=false&from_unix_ms=5&to_unix_ms=7&text=a,b [x] {"y":1}';
    expect((await host.ask('GET', `${RECORDINGS}?${query}`)).status).toBe(200);
    expect(host.recordings.asked).toEqual([
      [
        'list',
        {
          limit: 10,
          after: 'one',
          kind: 'native',
          tag: 'boss',
          starred: false,
          fromUnixMs: 5,
          toUnixMs: 7,
          text: 'a,b [x] {"y":1}',
        },
      ],
    ]);
  });

  test('names its next page in two ways, and a page of another origin may read both', async () => {
    const host = fakeApi();
    host.recordings.page = { metas: [metaOf('one')], next: 'one' };
    const answer = await host.ask('GET', `${RECORDINGS}?limit=1&tag=a%26b`, {
      headers: { origin: 'https://steamloopback.host' },
    });
    expect(answer.headers.get('x-next-after')).toBe('one');
    expect(answer.headers.get('link')).toBe(
      `<${RECORDINGS}?limit=1&tag=a%26b&after=one>; rel="next"`,
    );
    const exposed = answer.headers.get('access-control-expose-headers') ?? '';
    expect(exposed).toContain('link');
    expect(exposed).toContain('x-next-after');
    // Following it asks for the same from there on.
    const [, address = ''] = /<(.*)>/.exec(answer.headers.get('link') ?? '') ?? [];
    await host.ask('GET', address);
    expect(host.recordings.asked.at(-1)).toEqual(['list', { limit: 1, tag: 'a&b', after: 'one' }]);
  });

  test('refuses what is no such value, and names it', async () => {
    const host = fakeApi();
    for (const [query, name] of [
      ['limit=0', 'limit'],
      ['limit=1001', 'limit'],
      ['limit=1.5', 'limit'],
      ['limit=0x10', 'limit'],
      ['limit=', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['kind=both', 'kind'],
      ['starred=1', 'starred'],
      ['starred=', 'starred'],
      ['tag=', 'tag'],
      [`tag=${'x'.repeat(41)}`, 'tag'],
      ['from_unix_ms=-1', 'from_unix_ms'],
      ['to_unix_ms=now', 'to_unix_ms'],
      [`text=${'x'.repeat(201)}`, 'text'],
    ] as const) {
      const answer = await host.ask('GET', `${RECORDINGS}?${query}`);
      const { error, code } = await body<ApiError>(answer, ApiError);
      expect([query, answer.status, code, error.includes(name)]).toEqual([
        query,
        422,
        'invalid',
        true,
      ]);
    }
    expect(host.recordings.asked).toEqual([]);
  });
});

describe('one recording', () => {
  test('is named, noted, tagged and starred', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    const change = { name: 'Boss', note: '', tags: ['a', 'b'], starred: true };
    const answer = await host.ask('PATCH', `${RECORDINGS}/one`, jsonBody(change));
    expect(await body<CaptureMeta>(answer, CaptureMeta)).toMatchObject(change);
    for (const wrong of [
      { id: 'two' },
      { tags: ['a', 'a'] },
      { tags: [''] },
      { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) },
      { starred: 'yes' },
      { name: 'x'.repeat(121) },
      { note: 'x'.repeat(4001) },
    ]) {
      const refused = await host.ask('PATCH', `${RECORDINGS}/one`, jsonBody(wrong));
      expect(await fault(refused)).toEqual([422, 'invalid']);
    }
  });

  test('goes to the trash, out of it again, and away for ever when asked', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    const inTrash = async () => body<CaptureMeta[]>(await host.ask('GET', TRASH), anyArray);
    expect((await host.ask('DELETE', `${RECORDINGS}/one`)).status).toBe(204);
    expect((await inTrash()).map(({ id }) => id)).toEqual(['one']);
    const restored = await host.ask('POST', `${RECORDINGS}/one/restore`);
    expect([restored.status, (await body<CaptureMeta>(restored, CaptureMeta)).id]).toEqual([
      200,
      'one',
    ]);
    expect((await host.ask('DELETE', `${RECORDINGS}/one?forever=true`)).status).toBe(204);
    expect([await inTrash(), host.recordings.metas.size]).toEqual([[], 0]);
    expect(host.recordings.asked.filter(([method]) => method === 'remove')).toEqual([
      ['remove', 'one', 'trash'],
      ['remove', 'one', 'forever'],
    ]);
    const odd = await host.ask('DELETE', `${RECORDINGS}/one?forever=perhaps`);
    expect(await fault(odd)).toEqual([422, 'invalid']);
  });

  test('that is not there, or whose id is none, is not found by any route', async () => {
    const host = fakeApi();
    const routes = [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/restore'],
      ['GET', '/frames'],
      ['GET', '/quantiles'],
      ['GET', '/events'],
    ] as const;
    for (const id of ['nothing', ...NO_IDS]) {
      for (const [method, suffix] of routes) {
        const answer = await host.ask(
          method,
          `${RECORDINGS}/${id}${suffix}`,
          method === 'PATCH' ? jsonBody({ starred: true }) : {},
        );
        expect([id.slice(0, 30), method, suffix, answer.status]).toEqual([
          id.slice(0, 30),
          method,
          suffix,
          404,
        ]);
        await body<ApiError>(answer, ApiError);
      }
    }
  });

  test('tells the recorder’s own refusals as they are', async () => {
    const host = fakeApi();
    host.recordings.fault = new AppError(409, 'recording_exists', 'There is one already.');
    expect(await fault(await host.ask('POST', `${RECORDINGS}/one/restore`))).toEqual([
      409,
      'recording_exists',
    ]);
    host.recordings.fault = new AppError(404, 'no_frames', 'It has windows alone.');
    expect(await fault(await host.ask('GET', `${RECORDINGS}/one/quantiles`))).toEqual([
      404,
      'no_frames',
    ]);
    host.recordings.fault = new AppError(503, 'recorder_unavailable', 'The recorder failed.');
    expect(await fault(await host.ask('GET', RECORDINGS))).toEqual([503, 'recorder_unavailable']);
    host.recordings.fault = new Error('/root/secret: EIO');
    const hidden = await host.ask('GET', TRASH);
    expect([hidden.status, await hidden.json()]).toEqual([200, []]);
    const failed = await host.ask('GET', RECORDINGS);
    const { error, code } = await body<ApiError>(failed, ApiError);
    expect([failed.status, code, error.includes('secret')]).toEqual([500, 'internal', false]);
  });
});

describe('a range', () => {
  test('has exact figures for the percents that are asked for', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    const query = 'session=2&from_ms=0.5&to_ms=1e3&percents=50,99,99.9,100&frames=new';
    const answer = await host.ask('GET', `${RECORDINGS}/one/quantiles?${query}`);
    const figures = await body<RangeQuantiles>(answer, RangeQuantiles);
    expect(Object.keys(figures.stages[0]?.quantiles_us ?? {})).toEqual([
      'p50',
      'p99',
      'p99.9',
      'p100',
    ]);
    expect(host.recordings.asked).toEqual([
      [
        'quantiles',
        'one',
        { session: 2, from_ms: 0.5, to_ms: 1000, percents: [50, 99, 99.9, 100], frames: 'new' },
      ],
    ]);
    await host.ask('GET', `${RECORDINGS}/one/quantiles`);
    expect(host.recordings.asked.at(-1)).toEqual(['quantiles', 'one', {}]);
  });

  test('has events of the kinds that are asked for', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    const answer = await host.ask('GET', `${RECORDINGS}/one/events?session=1&kinds=marker,freeze`);
    expect(await body<CaptureEvent[]>(answer, Type.Array(CaptureEvent))).toHaveLength(1);
    await host.ask('GET', `${RECORDINGS}/one/events?kinds=marker`);
    expect(host.recordings.asked).toEqual([
      ['events', 'one', { session: 1, kinds: ['marker', 'freeze'] }],
      ['events', 'one', { kinds: ['marker'] }],
    ]);
  });

  test('that cannot be is refused with the reason', async () => {
    const host = fakeApi();
    host.recordings.add('one');
    for (const [route, query, part] of [
      ['quantiles', 'from_ms=2&to_ms=1', 'from_ms 2 lies after to_ms 1'],
      ['frames', 'from_ms=2&to_ms=1', 'from_ms 2 lies after to_ms 1'],
      ['events', 'from_ms=2&to_ms=1', 'from_ms 2 lies after to_ms 1'],
      ['quantiles', 'percents=99.9999', 'at most three decimals'],
      ['quantiles', 'percents=1e-9', 'at most three decimals'],
      ['quantiles', 'percents=101', 'percents'],
      ['quantiles', 'percents=-1', 'percents'],
      ['quantiles', 'percents=', 'percents'],
      ['quantiles', 'percents=50,,99', 'percents'],
      ['quantiles', `percents=${Array.from({ length: 21 }, () => 50).join()}`, 'percents'],
      ['quantiles', 'frames=old', 'frames'],
      ['quantiles', 'session=-1', 'session'],
      ['quantiles', 'session=1.5', 'session'],
      ['events', 'kinds=', 'kinds'],
      ['events', `kinds=${'x'.repeat(41)}`, 'kinds'],
      ['frames', 'format=csv', 'format'],
      ['frames', 'from_ms=NaN', 'from_ms'],
      ['frames', 'from_ms=Infinity', 'from_ms'],
    ] as const) {
      const answer = await host.ask('GET', `${RECORDINGS}/one/${route}?${query}`);
      const { error, code } = await body<ApiError>(answer, ApiError);
      expect([route, query, answer.status, code, error.includes(part)]).toEqual([
        route,
        query,
        422,
        'invalid',
        true,
      ]);
    }
    expect(host.recordings.asked).toEqual([]);
  });
});

describe('metrics', () => {
  const TEXT =
    '# TYPE frames counter\n# HELP frames Frames.\nframes_total 5\n' +
    '# TYPE held_bytes gauge\n# UNIT held_bytes bytes\n# HELP held_bytes Bytes.\nheld_bytes 7\n# EOF\n';
  const PLAIN =
    '# TYPE frames_total counter\n# HELP frames_total Frames.\nframes_total 5\n' +
    '# TYPE held_bytes gauge\n# HELP held_bytes Bytes.\nheld_bytes 7\n';

  test('are off unless they are on, and say how', async () => {
    const host = fakeApi();
    const answer = await host.ask('GET', '/metrics');
    const { error, code } = await body<ApiError>(answer, ApiError);
    expect([answer.status, code, error.includes('--metrics on')]).toEqual([
      404,
      'metrics_off',
      true,
    ]);
  });

  test('come as what the scraper likes best', async () => {
    const host = fakeApi();
    host.recordings.metricsText = TEXT;
    const open = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
    const plain = 'text/plain; version=0.0.4; charset=utf-8';
    for (const [accept, type] of [
      [
        'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
        open,
      ],
      ['*/*', open],
      ['', open],
      ['text/plain;version=0.0.4', plain],
      ['text/plain, application/openmetrics-text;q=0.2', plain],
      ['text/html', plain],
    ] as const) {
      const answer = await host.ask('GET', '/metrics', { headers: { accept } });
      expect([accept, answer.headers.get('content-type')]).toEqual([accept, type]);
      expect(await answer.text()).toBe(type === open ? TEXT : PLAIN);
    }
  });

  test('are for tokens with the scope stats, and no page finds them open', async () => {
    const host = fakeApi();
    host.recordings.metricsText = TEXT;
    expect(await fault(await host.raw('/metrics'))).toEqual([401, 'unauthorized']);
    const { token: stats } = host.tokens.create({ name: 's', scope: 'stats' });
    const { token: read } = host.tokens.create({ name: 'r', scope: 'host:read' });
    expect((await host.ask('GET', '/metrics', {}, stats)).status).toBe(200);
    expect(await fault(await host.ask('GET', '/metrics', {}, read))).toEqual([
      403,
      'scope_missing',
    ]);
  });
});
