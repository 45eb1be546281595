// `stats` against the API of a fake host: what each form asks, prints and ends with.
import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CaptureEvent, CaptureMeta } from '../../contract/stats.ts';
import { ranCli } from '../support/cli.ts';
import { CAPTURE_ID, captureOf } from '../support/exported-frames.ts';
import { FakeStatsApi } from '../support/fake-stats-api.ts';
import { hostOfOne, metaOf, quantiles, stats, temporaryFolder } from '../support/stats-cli.ts';

function expectNarrow(text: string): void {
  expect(text.split('\n').filter((line) => Bun.stringWidth(line) > 80)).toEqual([]);
}

describe('list', () => {
  test('is a table within 80 columns, newest first, with length, frames, size and name', async () => {
    using api = hostOfOne();
    const meta = metaOf({
      id: '2026-06-25T20-14-03Z-2_3840x2160',
      duration_ms: 3 * 3600_000,
      bytes: 34_567_890,
      starred: true,
      tags: ['menu', 'wifi'],
      name: 'A name that is longer than there is room for',
    });
    api.hold(captureOf({ meta }));
    const { code, out, err } = await stats(api);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      'ID                                LENGTH   FRAMES  SIZE     NAME',
      '2026-06-26T20-14-03Z_1920x1080    0:30.0   3600    –        Stutter in the menu',
      '2026-06-25T20-14-03Z-2_3840x2160  3:00:00  3600    34.6 MB  ★ A name… #menu #wi…',
      '',
    ]);
    expectNarrow(out);
    expect((await stats(api, 'list')).out).toBe(out);
    expect(api.asked).toEqual(['GET /stats/recordings?limit=20', 'GET /stats/recordings?limit=20']);
  });

  test('passes on what is asked for, and says when there is more', async () => {
    using api = hostOfOne();
    for (let i = 0; i < 4; i += 1)
      api.hold(captureOf({ meta: metaOf({ id: `r${i}`, tags: ['a'] }) }));
    const some = await stats(api, 'list', '--limit', '2', '--tag', 'a', '--json');
    expect(JSON.parse(some.out).map(({ id }: CaptureMeta) => id)).toEqual(['r0', 'r1']);
    expect(some.err).toBe('There are more; --all lists them, --limit so many.\n');
    expect((await stats(api, 'list', '--limit', '2', '--quiet')).err).toBe('');
    expect((await stats(api, 'list', '--limit', '5')).err).toBe('');
    await stats(api, 'list', '--starred', '--text', 'a b');
    expect(api.asked.at(-1)).toBe('GET /stats/recordings?limit=20&text=a+b&starred=true');
  });

  test('follows the pages with --all', async () => {
    using api = new FakeStatsApi();
    for (let i = 0; i < 1203; i += 1) api.hold(captureOf({ meta: metaOf({ id: `r${i}` }) }));
    const { out, err } = await stats(api, 'list', '--all', '--json');
    expect([JSON.parse(out).length, err]).toEqual([1203, '']);
    expect(api.asked).toEqual([
      'GET /stats/recordings?limit=500',
      'GET /stats/recordings?limit=500&after=r499',
      'GET /stats/recordings?limit=500&after=r999',
    ]);
  });

  test('gives the name what a terminal has left, counted in its columns', async () => {
    using api = new FakeStatsApi();
    const long = { id: 'wide', name: '遊戲主機的畫面停頓了一下', tags: ['大廳'], starred: true };
    api.hold(captureOf({ meta: metaOf(long) }));
    api.hold(captureOf({ meta: metaOf({ id: 'plain', name: 'x' }) }));
    const listed = async (columns: number): Promise<readonly string[]> => {
      const { out } = await ranCli(['stats'], api.env, { terminal: true, columns });
      return out.split('\n').slice(1, 3);
    };
    expect(await listed(60)).toEqual([
      'wide   0:30.0  3600    –     ★ 遊戲主機的畫面停頓了一… #大廳',
      'plain  0:30.0  3600    –     x',
    ]);
    expect((await listed(60)).map((line) => Bun.stringWidth(line))).toEqual([60, 30]);
    expect((await listed(120))[0]).toEndWith('★ 遊戲主機的畫面停頓了一下 #大廳');
  });

  test('says of a nameless one how it came to be', async () => {
    using api = new FakeStatsApi();
    const { name: _, ...nameless } = captureOf().meta;
    api.hold(captureOf({ meta: { ...nameless, id: 'a', trigger: 'freeze' } }));
    api.hold(captureOf({ meta: { ...nameless, id: 'b', recovered: true, tags: ['x'] } }));
    const { out } = await stats(api);
    expect(out).toMatch(/^a .*\(black box: freeze\)$/m);
    expect(out).toMatch(/^b .*\(recovered\) #x$/m);
  });

  test('asks for those of a kind and a time, a date or so long ago', async () => {
    using api = hostOfOne();
    await stats(
      api,
      ...['list', '--kind', 'native', '--since', '2026-06-26', '--until', '2026-06-26T20:14'],
    );
    const [since, until] = [Date.UTC(2026, 5, 26), Date.UTC(2026, 5, 26, 20, 14)];
    expect(api.asked).toEqual([
      `GET /stats/recordings?limit=20&kind=native&from_unix_ms=${since}&to_unix_ms=${until}`,
    ]);
    const before = Date.now();
    expect((await stats(api, 'list', '--since', '12h')).out).toBe('No recording is like that.\n');
    const asked = Number(/from_unix_ms=(\d+)/.exec(api.asked.at(-1) ?? '')?.[1]);
    expect(asked - (before - 12 * 3_600_000)).toBeWithin(0, 15_000);
  });

  test('names files that cannot be read, and why', async () => {
    using api = new FakeStatsApi();
    const damaged = { file: 'x.json', reason: 'cut off at byte 70\x1b[2J' };
    api.damaged.push(metaOf({ id: 'x', damaged }));
    expect((await stats(api)).out).toBe('Cannot be read: x.json: cut off at byte 70?[2J\n');
  });

  test('lists the trash', async () => {
    using api = hostOfOne();
    expect((await stats(api, 'trash')).out).toBe('The trash is empty.\n');
    api.deletedAgoMs = 2 * 3_600_000;
    await stats(api, 'delete', CAPTURE_ID);
    const { out } = await stats(api, 'trash');
    expect(out.split('\n')).toEqual([
      'ID                              LENGTH  SIZE  DELETED  NAME',
      `${CAPTURE_ID}  0:30.0  –     2 h ago  Stutter in the menu`,
      '',
    ]);
    expect(JSON.parse((await stats(api, 'trash', '--json')).out)[0].id).toBe(CAPTURE_ID);
    expect((await stats(api, 'list')).out).toBe('No recordings.\n');
  });
});

describe('show', () => {
  test('prints header, sessions with what was negotiated, figures and events', async () => {
    using api = hostOfOne();
    const { code, out, err } = await stats(api, 'show', CAPTURE_ID);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `${CAPTURE_ID}  Stutter in the menu`,
      '2026-06-26 20:14:03 UTC, 0:30.0 long',
      '',
      'Session 1: gamestream 1920x1080@60 h264, Deck, Desktop, 20000 kb/s',
      '  from 0:00.0 to 0:30.0 (client)',
      '  source x11; refused: wlroots (no Wayland display)',
      '  encoder openh264',
      '  colour bt709 limited',
      '  encrypted: control (local network)',
      '  sound 2 channels, 5 ms a packet',
      '  packets: 1392 bytes, 20 % parity',
      '  frames 1800: 1700 new, 100 repeated, 12 dropped, 1 key, 34.5 MB',
      '  source: 3 skipped, – late',
      '  packets: – lost on the way, – refused by the socket',
      '  client: – rebuilt, – frames not shown',
      '  STAGE, µs  FRAMES  P50  P90  P99  P99.9  MAX',
      '  capture    1800    200  300  390  1200   4321',
      '  send       0       –    –    –    –      –',
      '',
      'Session 2: native 1280x720@60 hevc, Phone',
      '  from 0:00.0 to the end',
      '  source x11',
      '  encoder openh264',
      '  frames 1800: 1700 new, 100 repeated, 12 dropped, 1 key, 34.5 MB',
      '  source: – skipped, – late',
      '  packets: – lost on the way, – refused by the socket',
      '  client: – rebuilt, – frames not shown',
      '  STAGE, µs  FRAMES  P50  P90  P99  P99.9  MAX',
      '  capture    1800    200  300  390  1200   4321',
      '  send       0       –    –    –    –      –',
      '',
      'Events: 1 session_start, 1 freeze, 1 marker, 1 session_end',
      '  0:05.0  session 1: freeze: frame 300, ms 720',
      '  0:06.0  marker: here, "it" stuttered',
      '',
    ]);
    expectNarrow(out);
  });

  test('takes a range and a session, in ms or as a clock shows them', async () => {
    using api = hostOfOne();
    const { out } = await stats(
      api,
      ...['show', 'latest', '--session', '1', '--from', '0:04.5', '--to', '1:00:06'],
    );
    expect(api.asked).toEqual([
      'GET /stats/recordings?limit=1',
      `GET /stats/recordings/${CAPTURE_ID}`,
      `GET /stats/recordings/${CAPTURE_ID}/quantiles?percents=50,90,99,99.9&session=1&from_ms=4500&to_ms=3606000`,
    ]);
    expect(out).not.toContain('Session 2');
    expect(out).toContain('\nfigures and events from 0:04.5 to 1:00:06 alone\n');
    expect(out).toContain('Events: 1 freeze, 1 marker, 1 session_end\n');
    expect((await stats(api, 'show', CAPTURE_ID, '--from', '5500', '--to', '6001')).out).toContain(
      'Events: 1 marker\n',
    );
    const none = await stats(api, 'show', CAPTURE_ID, '--session', '9');
    expect([none.code, none.err]).toEqual([
      4,
      'punktfunk-host stats: It has no session 9. [session_not_found]\n',
    ]);
  });

  test('puts finer spans below the stage that they are part of', async () => {
    using api = new FakeStatsApi();
    const names = 'capture encode packetize send total other convert submit wait queue pace odd';
    const stage = { count: 1, min_us: 1, max_us: 1, mean_us: 1, quantiles_us: {} };
    const stages = names.split(' ').map((name) => ({ ...stage, name }));
    api.hold(captureOf(), { quantiles: (id) => ({ ...quantiles(id), stages }) });
    const { out } = await stats(api, 'show', CAPTURE_ID, '--session', '1');
    const [, table = ''] = out.split(/.*STAGE.*\n/);
    expect(
      table
        .split('\n\n')[0]
        ?.split('\n')
        .map((line) => line.slice(0, 12).trimEnd()),
    ).toEqual([
      '  capture',
      '    convert',
      '  encode',
      '    submit',
      '    wait',
      '  packetize',
      '  send',
      '    queue',
      '    pace',
      '  total',
      '  other',
      '  odd',
    ]);
  });

  test('tells every marker and the first of what is no routine, within 80 columns', async () => {
    using api = new FakeStatsApi();
    const event = (kind: string, i: number): CaptureEvent => ({ t_ms: i * 1000, kind });
    const text = 'somebody had a great deal to say of this moment, and did say it at some length';
    api.hold(
      captureOf({
        events: [
          ...Array.from({ length: 40 }, (_, i) => event('key_frame', i)),
          ...Array.from({ length: 33 }, (_, i) => event('loss_burst', i + 40)),
          { ...event('marker', 80), detail: { text } },
          { ...event('something_that_a_newer_host_calls_by_a_name', 81), session_id: 2 },
        ],
      }),
    );
    const { out } = await stats(api, 'show', CAPTURE_ID);
    const [, events = ''] = out.split('\nEvents: ');
    const lines = events.split('\n');
    expect(lines.slice(0, 2)).toEqual([
      '40 key_frame, 33 loss_burst, 1 marker,',
      '  1 something_that_a_newer_host_calls_by_a_name',
    ]);
    expect(lines.filter((line) => line.endsWith('  loss_burst'))).toHaveLength(30);
    expect(lines.slice(-4)).toEqual([
      '  1:20    marker: somebody had a great deal to say of this moment, and did say',
      '          it at some length',
      '  … and 4 more; --from and --to look closer, --json has all',
      '',
    ]);
    expectNarrow(out);
  });

  test('of a recording without frames says so, and sums what its windows know', async () => {
    using api = new FakeStatsApi();
    const [first, second] = captureOf().samples;
    if (first === undefined || second === undefined) throw new Error('two samples');
    const samples = [
      { ...first, packets_dropped: 3, fec_recovered: 2 },
      { ...first, t_ms: 2000, packets_dropped: 4, send_dropped: 0 },
    ];
    const { sessions: _, ...seed } = captureOf({ samples, events: [] });
    api.hold(seed);
    const { out } = await stats(api, 'show', CAPTURE_ID);
    expect(out).toContain('no frames were kept');
    expect(out).toContain('packets: 7 lost on the way, 0 refused by the socket');
    expect(out).toContain('client: 2 rebuilt, – frames not shown');
    expect(out).toContain('No events.');
    expect(out).not.toContain('STAGE');
  });

  test('prints one JSON object without the windows', async () => {
    using api = hostOfOne();
    const shown = JSON.parse((await stats(api, 'show', CAPTURE_ID, '--json')).out);
    expect(shown.meta.id).toBe(CAPTURE_ID);
    expect(shown.samples).toBeUndefined();
    expect(shown.sessions[0].figures.stages[0].quantiles_us.p99).toBe(390);
    expect(shown.sessions[0].counters).toEqual({});
    expect(shown.events).toEqual({ session_start: 1, freeze: 1, marker: 1, session_end: 1 });
    expect(shown.markers[0].detail.text).toBe('here, "it" stuttered');
    expect(shown.timeline).toEqual(captureOf().events);
  });
});

describe('start, mark, stop and save', () => {
  test('record from one to the other', async () => {
    using api = hostOfOne();
    expect(await stats(api, 'start', '--pre-roll', '30', '--name', 'Menu')).toEqual({
      code: 0,
      out: 'Recording, begun 0:30.0 ago.\n',
      err: '',
    });
    expect((await stats(api, 'mark', 'it stuttered')).out).toBe('Marked at 1:01.\n');
    expect(api.bodies).toEqual([{ pre_roll_s: 30, name: 'Menu' }, { text: 'it stuttered' }]);
    expect((await stats(api, 'stop')).out).toBe(`${CAPTURE_ID}: 0:30.0 long, 3600 frames.\n`);
    expect(await stats(api, 'stop')).toEqual({
      code: 1,
      out: '',
      err: 'punktfunk-host stats: Nothing is being recorded. [not_recording]\n',
    });
    expect((await stats(api, 'mark', 'x')).code).toBe(1);
    await stats(api, 'start');
    expect(api.bodies.at(-1)).toEqual({});
    expect(JSON.parse((await stats(api, 'stop', '--json')).out)).toEqual(captureOf().meta);
  });

  test('status says what is recorded, held, wrong and left over', async () => {
    using api = hostOfOne();
    expect((await stats(api, 'status')).out).toBe('Nothing is being recorded.\n');
    api.status = {
      armed: true,
      sample_count: 61,
      started_unix_ms: 1_000_000,
      now_unix_ms: 1_061_000,
      kind: 'gamestream',
      fault: 'No space is left in captures/.',
      black_box: {
        ...{ on: true, seconds: 118.2, frames: 7000, bytes: 1, limit_bytes: 2, limit_s: 120 },
        ...{ saved: 0, held_back: 0 },
      },
      last_run: {
        ...{ started_unix_ms: 1, last_seen_unix_ms: 2, seconds: 3 },
        ...{ recovered_ids: ['a'], saved_id: 'b' },
      },
    };
    expect((await stats(api, 'status')).out).toBe(
      [
        'Recording, begun 1:01 ago: 61 windows so far.',
        'No space is left in captures/.',
        'The black box holds 7000 frames of 1:58.',
        'The run before this one ended badly; kept of it: a, b.',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await stats(api, 'status', '--json')).out)).toEqual(api.status);
    api.status = { ...api.status, armed: false, unsaved: true };
    expect((await stats(api, 'status')).out).toStartWith('A stopped recording waits to be saved');
  });

  test('the black box is saved when it holds something', async () => {
    using api = hostOfOne();
    expect((await stats(api, 'save')).err).toContain('[black_box_empty]');
    api.blackBox = metaOf({ trigger: 'request' });
    expect((await stats(api, 'save')).out).toStartWith(`${CAPTURE_ID}: `);
    expect(JSON.parse((await stats(api, 'save', '--json')).out).trigger).toBe('request');
  });
});

describe('import', () => {
  test('takes JSON and gzip, told apart by their bytes', async () => {
    using api = new FakeStatsApi();
    const folder = temporaryFolder();
    const text = JSON.stringify(captureOf());
    writeFileSync(join(folder, 'a.json'), text);
    expect((await stats(api, 'import', join(folder, 'a.json'))).out).toStartWith(CAPTURE_ID);
    expect((await stats(api, 'import', join(folder, 'a.json'))).err).toContain(
      '[recording_exists]',
    );
    api.recordings.clear();
    writeFileSync(join(folder, 'a.bin'), gzipSync(text));
    expect((await stats(api, 'import', join(folder, 'a.bin'))).code).toBe(0);
    expect(api.bodies).toEqual(['application/json', 'application/json', 'application/gzip']);
    writeFileSync(join(folder, 'b.json'), '{}');
    expect((await stats(api, 'import', join(folder, 'b.json'))).err).toContain('[import_invalid]');
    const missing = await stats(api, 'import', join(folder, 'none'));
    expect([missing.code, missing.err.includes('[unreadable]')]).toEqual([1, true]);
  });
});

describe('any form', () => {
  test('refuses misuse with exit code 2 before anything is asked', async () => {
    using api = hostOfOne();
    for (const [line, sentence] of [
      ['show', '"show" fits none of'],
      ['show a/b', '"a/b" is no id of a recording'],
      ['delete ../x', 'is no id of a recording'],
      ['show x --session one', '--session is "one"; a session is a number'],
      ['show x --from 1:99', '--from is "1:99"; a time is 90000 (ms), 1:30 or 0:01:30.5'],
      ['show x --from 2:00 --to 1:00', '--to must lie after --from'],
      ['show x --to 0', '--to must lie after --from'],
      ['list --limit 0', '--limit is "0"; it must be 1 to 1000'],
      ['list --limit 1.5', '--limit is a whole number'],
      ['list --all --limit 5', '--all and --limit exclude each other'],
      ['list --tag a --tag b', 'list takes one --tag'],
      ['list --kind rtsp', '--kind is "rtsp"; it must be native or gamestream'],
      ['list --since yesterday', '--since is "yesterday"; it is 30m, 12h or 3d ago'],
      ['list --until 2026-13-01', '--until is "2026-13-01"'],
      ['trash --tag a', '--tag is for "list" and "edit ID" alone'],
      ['restore a/b', '"a/b" is no id of a recording'],
      ['edit x', 'nothing to change: --name'],
      ['edit ../x --star', 'is no id of a recording'],
      ['edit x --star --unstar', '--star and --unstar exclude each other'],
      ['edit x --tag a --untag a', '"a" cannot be put on and taken off'],
      ['delete x --star', '--star is for "edit ID" alone'],
      ['start --pre-roll 121', '--pre-roll is "121"; it must be 0 to 120'],
      [`start --name ${'x'.repeat(121)}`, '--name must have 1 to 120 characters'],
      [`mark ${'x'.repeat(201)}`, 'a marker has 1 to 200 characters'],
      ['export x --format xml', '--format is "xml"; it must be json, csv, parquet, hdr, trace'],
      ['export x --from 5', 'json is the recording as it is'],
      ['start --format csv', '--format is for "export ID" alone'],
      ['list --from 5', '--from is for "show ID" and "export ID" alone'],
    ] as const) {
      const { code, err } = await stats(api, ...line.split(' '));
      expect([line, code, err.includes(sentence)]).toEqual([line, 2, true]);
    }
    expect(api.asked).toEqual([]);
  });

  test('has a help of its own, with its options and no other', async () => {
    using api = hostOfOne();
    const one = await stats(api, 'edit', '--help');
    expect([...(one.out.match(/--[a-z-]+(?= )/g) ?? [])]).toEqual([
      ...['--tag', '--name', '--note', '--untag', '--star', '--unstar'],
      ...['--api-host', '--api-port', '--json', '--help'],
    ]);
    expect(one.out).toContain('\n  stats edit ID');
    expect(one.out).not.toContain('stats show');
    const all = await stats(api, '--help');
    expect(all.out).toContain('\n  stats show ID');
    expect(all.out).toEndWith(
      '\npunktfunk-host stats WORD --help shows what goes with one of them.\n',
    );
    for (const { out } of [one, all]) expectNarrow(out);
  });

  test('ends with 3 when no host answers, and with 1 when what answers is none', async () => {
    let env: Readonly<Record<string, string>>;
    {
      using api = new FakeStatsApi();
      env = api.env;
    }
    const none = await ranCli(['stats'], env);
    expect([none.code, none.err.includes('[host_not_running]')]).toEqual([3, true]);
    using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
    const strange = await ranCli(['stats'], { ...env, PUNKTFUNK_API_PORT: String(other.port) });
    expect([strange.code, strange.err.includes('[strange_answer]')]).toEqual([1, true]);
  });

  test('styles nothing but a heading at a terminal, and nothing with NO_COLOR', async () => {
    using api = hostOfOne();
    expect((await stats(api, 'show', CAPTURE_ID)).out).not.toContain('\x1b');
    const bold = await ranCli(['stats'], api.env, { terminal: true });
    expect(bold.out).toStartWith('\x1b[1mID');
    const dull = await ranCli(['stats'], { ...api.env, NO_COLOR: '1' }, { terminal: true });
    expect(dull.out).not.toContain('\x1b');
  });
});
