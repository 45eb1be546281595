// The routes over a fake engine on virtual time; executable.test.ts proves the built program.
import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '../../contract/errors.ts';
import { HostInfo } from '../../contract/host.ts';
import { Capture, CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import {
  API,
  anyArray,
  body,
  fault,
  LIVE,
  RECORDINGS,
  START,
  STATUS,
  STOP,
  TEST_STREAMS,
} from '../support/api.ts';
import { fakeHost, settled, temporaryFolder } from '../support/fake-host.ts';

describe('captures', () => {
  test('idle: stop answers 204, live 404, status zeros', async () => {
    const host = fakeHost();
    const stopped = await host.ask('POST', STOP);
    expect([stopped.status, await stopped.text()]).toEqual([204, '']);
    expect(await fault(await host.ask('GET', LIVE))).toEqual([404, 'not_recording']);
    expect(await body<StatsStatus>(await host.ask('GET', STATUS), StatsStatus)).toMatchObject({
      armed: false,
      sample_count: 0,
      started_unix_ms: 0,
      kind: '',
    });
  });

  test('two starts are one capture', async () => {
    const host = fakeHost();
    const first = await body<StatsStatus>(await host.ask('POST', START), StatsStatus);
    await host.pass(1500);
    const second = await body<StatsStatus>(await host.ask('POST', START), StatsStatus);
    expect(second.started_unix_ms).toBe(first.started_unix_ms);
    expect([first.armed, second.armed]).toEqual([true, true]);
  });

  test('start and stop without a session is an idle recording', async () => {
    const host = fakeHost();
    await host.ask('POST', START);
    await host.pass(2000);
    const meta = await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta);
    expect(meta).toMatchObject({
      id: '2026-06-26T20-14-03Z_idle',
      kind: '',
      sample_count: 0,
      duration_ms: 2000,
      client: '',
    });
    expect(await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray)).toEqual([
      { ...meta, bytes: expect.any(Number) },
    ]);
  });

  test('a test stream during a capture is a session of client "test" with four stages', async () => {
    const host = fakeHost();
    await host.ask('POST', START);
    await host.ask('POST', TEST_STREAMS, {
      body: '{"seconds":3,"width":1280,"height":720,"fps":60,"source":"synthetic"}',
      headers: { 'content-type': 'application/json' },
    });
    await settled();
    await host.pass(2400);
    const live = await body<Capture>(await host.ask('GET', LIVE), Capture);
    expect(live.samples.map((s) => [s.fps, s.stages.map((stage) => stage.name).join()])).toEqual([
      [60, 'capture,encode,packetize,send'],
      [60, 'capture,encode,packetize,send'],
    ]);
    await host.pass(1000);
    const meta = await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta);
    expect(meta).toMatchObject({
      id: '2026-06-26T20-14-03Z_1280x720',
      kind: 'gamestream',
      codec: 'h264',
      client: 'test',
    });
    const saved = await body<Capture>(await host.ask('GET', `${RECORDINGS}/${meta.id}`), Capture);
    expect(saved.meta).toEqual(meta);
    expect(saved.version).toBe(2);
    expect(saved.samples).toHaveLength(meta.sample_count);
    expect(saved.sessions?.[0]).toMatchObject({ client: 'test', end_reason: 'test_stream_over' });
    // Reported by the receiver, so measured zeros and not made-up ones.
    expect(saved.samples[0]).toMatchObject({ packets_dropped: 0, fec_recovered: 0 });
  });

  test('arming in the middle of a stream takes only frames from then on', async () => {
    const host = fakeHost();
    host.testStreams.start({ seconds: 5, source: 'synthetic', fps: 60 });
    await host.pass(2100);
    await host.ask('POST', START);
    await host.pass(1000);
    await host.ask('POST', STOP);
    const [meta] = await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray);
    const saved = await body<Capture>(await host.ask('GET', `${RECORDINGS}/${meta?.id}`), Capture);
    const frames = saved.samples.reduce((sum, s) => sum + (s.frames ?? 0), 0);
    expect(frames).toBeGreaterThan(57);
    expect(frames).toBeLessThanOrEqual(60);
  });

  test('two in one second get two ids, newest first in the list', async () => {
    const host = fakeHost();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      await host.ask('POST', START);
      ids.push((await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta)).id);
    }
    expect(new Set(ids).size).toBe(3);
    await host.pass(1000);
    await host.ask('POST', START);
    const last = await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta);
    const list = await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray);
    expect(list.map((meta) => meta.id)).toEqual([last.id, ...ids.toReversed()]);
  });

  test('records lost in the ring are told in the recording', async () => {
    const host = fakeHost({ recordLimit: 10 });
    await host.ask('POST', START);
    host.testStreams.start({ seconds: 1, source: 'synthetic', fps: 60 });
    await settled();
    host.fake.tick(1000);
    await settled();
    await host.pass(1500);
    await host.ask('POST', STOP);
    const [meta] = await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray);
    const saved = await body<Capture>(await host.ask('GET', `${RECORDINGS}/${meta?.id}`), Capture);
    expect(saved.records_lost).toBeGreaterThan(30);
  });
});

describe('recordings', () => {
  async function recorded() {
    const host = fakeHost();
    await host.ask('POST', START);
    const { id } = await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta);
    await host.files.compressed;
    return { host, id, folder: join(host.configDir, 'captures') };
  }

  test('are answered as the file lies there, gzipped when asked, named when downloaded', async () => {
    const { host, id, folder } = await recorded();
    const file = readFileSync(join(folder, `${id}.json`), 'utf8');
    const plain = await host.ask('GET', `${RECORDINGS}/${id}`, {
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.headers.get('content-type')).toBe('application/json');
    expect(await plain.text()).toBe(file);
    const zipped = await host.ask('GET', `${RECORDINGS}/${id}`, {
      headers: { 'accept-encoding': 'br, gzip' },
    });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(new TextDecoder().decode(Bun.gunzipSync(await zipped.bytes()))).toBe(file);
    const download = await host.ask('GET', `${RECORDINGS}/${id}?download=1`);
    expect(download.headers.get('content-disposition')).toBe(`attachment; filename="${id}.json"`);
  });

  test('are private files in a private folder', async () => {
    const { id, folder } = await recorded();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, `${id}.json`)).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual([`${id}.json`, `${id}.json.gz`]);
  });

  test('are gone with everything that belongs to them when deleted, to the trash', async () => {
    const { host, id, folder } = await recorded();
    const deleted = await host.ask('DELETE', `${RECORDINGS}/${id}`);
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    expect(readdirSync(folder)).toEqual(['.trash']);
    expect(await fault(await host.ask('DELETE', `${RECORDINGS}/${id}`))).toEqual([
      404,
      'recording_not_found',
    ]);
    expect(await fault(await host.ask('GET', `${RECORDINGS}/${id}`))).toEqual([
      404,
      'recording_not_found',
    ]);
  });

  test('wrong ids and every spelling of a way out answer like a missing recording', async () => {
    const { host } = await recorded();
    writeFileSync(join(host.configDir, 'secret.json'), '{"meta":{},"samples":[]}');
    for (const id of [
      'nothing',
      '%2e%2e%2fsecret',
      '..%2fsecret',
      '%2e%2e%5csecret',
      '..%5c..%5csecret',
      '%252e%252e%252fsecret',
      '..%00',
      'a%3ab',
      '.%2e',
      '%c0%ae%c0%ae%2fsecret',
      '%zz',
      `${'a'.repeat(5000)}`,
      'secret%2ejson%00',
      '%2fetc%2fpasswd',
    ]) {
      for (const method of ['GET', 'DELETE']) {
        const response = await host.ask(method, `${RECORDINGS}/${id}`);
        expect([id.slice(0, 30), response.status]).toEqual([id.slice(0, 30), 404]);
        await body(response, ApiError);
      }
    }
    expect(existsSync(join(host.configDir, 'secret.json'))).toBe(true);
  });

  test('corrupt and foreign files are named at the end of the list and when asked for', async () => {
    const { host, id, folder } = await recorded();
    const good = readFileSync(join(folder, `${id}.json`), 'utf8');
    writeFileSync(join(folder, 'empty.json'), '');
    writeFileSync(join(folder, 'cut.json'), good.slice(0, -20));
    writeFileSync(join(folder, 'noise.json'), Buffer.from([0xff, 0xfe, 0, 1, 2, 3]));
    writeFileSync(join(folder, 'foreign.json'), '{"hello":"world"}');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    mkdirSync(join(folder, 'folder.json'));
    const list = await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray);
    expect(list.map(({ damaged }) => damaged?.file)).toEqual([
      undefined,
      'cut.json',
      'empty.json',
      'foreign.json',
      'noise.json',
      'notes.txt',
    ]);
    expect(list[0]?.id).toBe(id);
    for (const name of ['empty', 'cut', 'noise', 'foreign']) {
      expect([name, ...(await fault(await host.ask('GET', `${RECORDINGS}/${name}`)))]).toEqual([
        name,
        404,
        'recording_damaged',
      ]);
    }
    expect((await host.ask('GET', `${RECORDINGS}/folder`)).status).toBe(404);
  });

  test('of the seed are listed and upgraded on their way out; a renamed file has its name as id', async () => {
    const { host, folder } = await recorded();
    const seed = readFileSync(join(import.meta.dir, '../fixtures/recordings/seed.json'), 'utf8');
    writeFileSync(join(folder, 'old-run.json'), seed);
    const list = await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray);
    expect(list.map((meta) => meta.id)).toContain('old-run');
    const old = await body<Capture>(await host.ask('GET', `${RECORDINGS}/old-run`), Capture);
    expect([old.version, old.meta.id, old.samples[0]?.fec_recovered]).toEqual([2, 'old-run', 0]);
  });

  test('a half-written file of a killed host is swept away and never listed', async () => {
    const configDir = temporaryFolder();
    const folder = join(configDir, 'captures');
    mkdirSync(folder);
    // The pid of a process that has ended.
    const dead = Bun.spawnSync(['true']).pid;
    writeFileSync(
      join(folder, `.2026-01-01T00-00-00Z_idle.json.${dead}.tmp`),
      '{"version":1,"meta":',
    );
    const host = fakeHost({ configDir });
    expect(await body<unknown[]>(await host.ask('GET', RECORDINGS), anyArray)).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a save that fails', () => {
  /** A folder that even root cannot write into: its place is taken by a file. */
  function blocked() {
    const host = fakeHost();
    const folder = join(host.configDir, 'captures');
    writeFileSync(folder, 'in the way');
    return { host, mend: () => rmSync(folder) };
  }

  test('keeps the capture, says so, and the next stop saves it', async () => {
    const { host, mend } = blocked();
    await host.ask('POST', START);
    host.testStreams.start({ seconds: 1, source: 'synthetic' });
    await settled();
    await host.pass(1600);
    const failed = await host.ask('POST', STOP);
    const { error, code } = await body<ApiError>(failed, ApiError);
    expect([failed.status, code]).toEqual([500, 'save_failed']);
    expect(error).toContain(host.configDir);
    const status = await body<StatsStatus>(await host.ask('GET', STATUS), StatsStatus);
    expect([status.armed, status.unsaved, status.sample_count]).toEqual([false, true, 1]);
    expect((await body<Capture>(await host.ask('GET', LIVE), Capture)).samples).toHaveLength(1);
    expect(await fault(await host.ask('POST', STOP))).toEqual([500, 'save_failed']);
    mend();
    const meta = await body<CaptureMeta>(await host.ask('POST', STOP), CaptureMeta);
    expect(meta.sample_count).toBe(1);
    expect(await body<CaptureMeta[]>(await host.ask('GET', RECORDINGS), anyArray)).toEqual([
      { ...meta, bytes: expect.any(Number) },
    ]);
    expect((await host.ask('POST', STOP)).status).toBe(204);
  });

  test('is not overwritten by a new start: that saves it first or refuses', async () => {
    const { host, mend } = blocked();
    await host.ask('POST', START);
    await host.ask('POST', STOP);
    expect(await fault(await host.ask('POST', START))).toEqual([409, 'unsaved_capture']);
    mend();
    const started = await body<StatsStatus>(await host.ask('POST', START), StatsStatus);
    expect([started.armed, started.unsaved]).toEqual([true, undefined]);
    expect(await body<unknown[]>(await host.ask('GET', RECORDINGS), anyArray)).toHaveLength(1);
  });

  test.skipIf(process.getuid?.() === 0)(
    'leaves no temporary file (not as root, who writes everywhere)',
    async () => {
      const host = fakeHost();
      const folder = join(host.configDir, 'captures');
      mkdirSync(folder, { mode: 0o500 });
      await host.ask('POST', START);
      expect(await fault(await host.ask('POST', STOP))).toEqual([500, 'save_failed']);
      expect(readdirSync(folder)).toEqual([]);
      chmodSync(folder, 0o700);
    },
  );
});

describe('test streams', () => {
  const start = (host: ReturnType<typeof fakeHost>, request: object) =>
    host.ask('POST', TEST_STREAMS, {
      body: JSON.stringify(request),
      headers: { 'content-type': 'application/json' },
    });

  test('answer 202, then their state, then the report', async () => {
    const host = fakeHost();
    expect(
      await body<TestStreamState>(await host.ask('GET', TEST_STREAMS), TestStreamState),
    ).toEqual({ state: 'idle' });
    const accepted = await start(host, { seconds: 2, source: 'synthetic', fps: 30 });
    expect(accepted.status).toBe(202);
    expect((await body<TestStreamState>(accepted, TestStreamState)).state).toBe('starting');
    await host.pass(1000);
    const running = await body<TestStreamState>(
      await host.ask('GET', TEST_STREAMS),
      TestStreamState,
    );
    expect(running).toMatchObject({ state: 'running', seconds: 2 });
    const info = await body<HostInfo>(await host.ask('GET', `${API}/host`), HostInfo);
    expect(info.sessions).toMatchObject([
      { state: 'streaming', client: 'test', encoder: 'openh264' },
    ]);
    await host.pass(1500);
    const done = await body<TestStreamState>(await host.ask('GET', TEST_STREAMS), TestStreamState);
    expect(done.state).toBe('done');
    expect(done.report).toMatchObject({
      source: 'synthetic',
      mode: '1920x1080@30',
      codec: 'h264',
      seconds: 2,
      frames_received: 60,
      frames_sent: 60,
      packets_sent: 60 * 36,
      ok: true,
      stages: { encode: { p50_us: 4000, p99_us: 4000 } },
    });
    expect(done.report).not.toHaveProperty('problems');
    expect((await body<HostInfo>(await host.ask('GET', `${API}/host`), HostInfo)).sessions).toEqual(
      [],
    );
    expect(host.engine.call('snapshot', {})).toMatchObject({
      sessions: [],
      listeners: [],
      probes: [],
      measuring: false,
    });
  });

  test('need no body', async () => {
    const host = fakeHost();
    expect((await host.ask('POST', TEST_STREAMS)).status).toBe(202);
  });

  test('run one at a time', async () => {
    const host = fakeHost();
    await start(host, { seconds: 1 });
    expect(await fault(await start(host, { seconds: 1 }))).toEqual([409, 'test_stream_running']);
    await host.pass(1500);
    expect((await start(host, { seconds: 1 })).status).toBe(202);
  });

  test('can be stopped, and then report what there was', async () => {
    const host = fakeHost();
    await start(host, { seconds: 60, source: 'synthetic' });
    await host.pass(1000);
    const stopped = await body<TestStreamState>(
      await host.ask('DELETE', TEST_STREAMS),
      TestStreamState,
    );
    expect(stopped.state).toBe('done');
    expect(stopped.report?.ok).toBe(true);
    expect(stopped.report?.seconds).toBeCloseTo(1, 1);
    expect((await host.ask('DELETE', TEST_STREAMS)).status).toBe(200);
  });

  test('with an impossible mode are refused with the engine’s code and leave nothing behind', async () => {
    const host = fakeHost();
    for (const mode of [
      { width: 0, height: 0 },
      { width: 16, height: 16 },
      { width: 20_000, height: 20_000 },
      { fps: 0 },
      { fps: 100_000 },
    ]) {
      expect(await fault(await start(host, mode))).toEqual([422, 'mode_invalid']);
    }
    expect(host.engine.call('snapshot', {}).listeners).toEqual([]);
    expect((await start(host, { seconds: 1 })).status).toBe(202);
  });

  test('whose source does not open fail with the reason', async () => {
    const host = fakeHost({ brokenSources: { x11: 'DISPLAY is not set.' } });
    await start(host, { source: 'x11' });
    await host.pass(400);
    const state = await body<TestStreamState>(await host.ask('GET', TEST_STREAMS), TestStreamState);
    expect(state).toMatchObject({
      state: 'failed',
      code: 'source_unavailable',
      error: 'DISPLAY is not set.',
    });
    expect(host.engine.call('snapshot', {}).listeners).toEqual([]);
  });

  test('are not ok when frames were lost without being dropped on purpose', async () => {
    const host = fakeHost({
      report: (report) => ({ ...report, frames_lost: 3, problems: ['The padding was wrong.'] }),
    });
    await start(host, { seconds: 1, source: 'synthetic' });
    await host.pass(1500);
    const { report } = await body<TestStreamState>(
      await host.ask('GET', TEST_STREAMS),
      TestStreamState,
    );
    expect(report?.ok).toBe(false);
    expect(report?.problems).toEqual([
      'The padding was wrong.',
      '3 frames were lost, though none were dropped on purpose.',
    ]);
  });
});
