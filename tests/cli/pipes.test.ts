// Exports and imports through real pipes of a real process.
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvText } from '../../recording/src/export/csv.ts';
import { CAPTURE_ID, captureOf, steadyFrames } from '../support/exported-frames.ts';
import { FakeStatsApi, fileOf } from '../support/fake-stats-api.ts';

const MAIN = join(import.meta.dir, '../../host/src/main.ts');
const FRAMES = [...steadyFrames(60)];

function hostOfOne(): FakeStatsApi {
  const api = new FakeStatsApi();
  api.hold(captureOf(), { frames: FRAMES });
  return api;
}

/** `$HOST` stands for the program. */
function shell(api: FakeStatsApi, line: string) {
  const host = `'${process.execPath}' '${MAIN}'`;
  return Bun.spawn(['bash', '-c', line.replaceAll('$HOST', host)], {
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...api.env, PATH: '/usr/bin:/bin' },
  });
}

test('an export without a name for it lies where one stands, called as the recording', async () => {
  using api = hostOfOne();
  const folder = mkdtempSync(join(tmpdir(), 'pf-cli-cwd-'));
  const formats = 'json csv parquet hdr trace';
  const child = shell(
    api,
    `cd ${folder} && for f in ${formats}; do $HOST stats export latest --format $f || exit; done`,
  );
  expect(await new Response(child.stderr).text()).toBe('');
  expect(readdirSync(folder).toSorted()).toEqual(
    ['csv', 'frames.parquet', 'hlog', 'json', 'trace.json'].map((end) => `${CAPTURE_ID}.${end}`),
  );
}, 30_000);

describe('a pipe', () => {
  test('gets every byte once, however slowly it is read', async () => {
    using api = hostOfOne();
    const child = shell(
      api,
      `$HOST stats export ${CAPTURE_ID} --format csv -o - | (sleep 0.3; dd bs=777 status=none)`,
    );
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(text === [...csvText(FRAMES, captureOf())].join('')).toBe(true);
  }, 20_000);

  test('gets a long list whole', async () => {
    using api = hostOfOne();
    const { meta } = captureOf();
    for (let i = 0; i < 900; i += 1) api.hold(captureOf({ meta: { ...meta, id: `r${i}` } }));
    const child = shell(api, '$HOST stats list --all --json | (sleep 0.3; dd bs=777 status=none)');
    const list: unknown = JSON.parse(await new Response(child.stdout).text());
    expect(list).toBeArrayOfSize(901);
  }, 20_000);

  test('that is closed early ends the export without a word', async () => {
    using api = hostOfOne();
    const child = shell(
      api,
      `$HOST stats export ${CAPTURE_ID} --format csv -o - | head -c 11; echo " \${PIPESTATUS[0]}"`,
    );
    expect(await new Response(child.stdout).text()).toBe('Application 1\n');
    expect(await new Response(child.stderr).text()).toBe('');
  }, 20_000);

  test('is read by import, so that recordings go from one host to another', async () => {
    using api = hostOfOne();
    using other = new FakeStatsApi();
    const { PUNKTFUNK_API_PORT: port = '' } = other.env;
    const child = shell(
      api,
      `$HOST stats export latest -o - | gzip | $HOST stats import - --api-port ${port}`,
    );
    expect(await new Response(child.stderr).text()).toBe('');
    expect(await child.exited).toBe(0);
    expect(other.recordings.get(CAPTURE_ID)?.capture).toEqual(fileOf(captureOf()));
    expect(other.bodies).toEqual(['application/gzip']);
  }, 20_000);
});

test('Ctrl-C in the middle of an export leaves no half of a file', async () => {
  using api = hostOfOne();
  using stuck = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => new Response(new ReadableStream({ start: (to) => to.enqueue('{"meta":') })),
  });
  const folder = mkdtempSync(join(tmpdir(), 'pf-cli-stop-'));
  const child = Bun.spawn(
    [process.execPath, MAIN, 'stats', 'export', CAPTURE_ID, '-o', join(folder, 'a.json')],
    { env: { ...api.env, PUNKTFUNK_API_PORT: String(stuck.port), PATH: '/usr/bin:/bin' } },
  );
  while (readdirSync(folder).length === 0 && child.exitCode === null) await Bun.sleep(20);
  expect(readdirSync(folder)).toEqual([`a.json.partial-${child.pid}`]);
  child.kill('SIGINT');
  await child.exited;
  expect([child.signalCode, readdirSync(folder)]).toEqual(['SIGINT', []]);
}, 20_000);

describe('a question at a terminal', () => {
  for (const [answer, what, end] of [
    ['yes\n', 'yes', 'is gone.'],
    ['\n', 'nothing', '[not_confirmed]'],
    ['\x04', 'the end of input', '[not_confirmed]'],
  ] as const) {
    test(`is answered by ${what}`, async () => {
      using api = hostOfOne();
      let said = '';
      const child = Bun.spawn([process.execPath, MAIN, 'stats', 'delete', 'latest', '--forever'], {
        env: { ...api.env, PATH: '/usr/bin:/bin' },
        terminal: {
          cols: 80,
          rows: 24,
          data: (terminal, bytes) => {
            const asked = said.includes('[y/N]');
            said += Buffer.from(bytes).toString();
            if (!asked && said.includes('[y/N]')) terminal.write(answer);
          },
        },
      });
      await child.exited;
      expect(said).toContain(`Delete ${CAPTURE_ID} for ever? [y/N] `);
      expect([said.includes(end), api.recordings.size]).toEqual([true, what === 'yes' ? 0 : 1]);
    }, 20_000);
  }
});

test('whoever has read enough of anything ends it without a word', async () => {
  using api = hostOfOne();
  for (const words of ['stats show latest', 'stats list', 'stats --help', '--help', 'openapi']) {
    const child = shell(api, `{ sleep 0.3; $HOST ${words}; echo $? >&2; } | true`);
    expect([words, await new Response(child.stderr).text()]).toEqual([words, '1\n']);
  }
}, 60_000);

test('stdout that takes nothing more is a problem that is named', async () => {
  using api = hostOfOne();
  const list = shell(api, '$HOST stats > /dev/full');
  expect(await new Response(list.stderr).text()).toMatch(/^punktfunk-host stats: ENOSPC.*\n$/);
  expect(await list.exited).toBe(1);
  const child = shell(api, `$HOST stats export ${CAPTURE_ID} --format csv -o - > /dev/full`);
  expect(await new Response(child.stderr).text()).toEndWith('[unwritable]\n');
  expect(await child.exited).toBe(1);
}, 20_000);
