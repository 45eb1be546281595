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
