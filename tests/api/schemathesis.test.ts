// The built host against its own specification: no answer of status 500, none that the specification does not know,
// every body as its schema says, every wrong token and wrong request refused. Fixed seed; about forty seconds.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { CaptureMeta } from '../../contract/stats.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import { RECORDINGS, START, STOP, TEST_STREAMS } from '../support/api.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import { missingSchemathesis, type Schemathesis, schemathesis } from '../support/schemathesis.ts';

const STREAM = { source: 'synthetic', seconds: 1, width: 320, height: 180, fps: 30 };
/** Answers without an end, which a tool that waits for the whole body cannot take. */
const ENDLESS = ['events', 'stats_capture_stream'];
/** Any mode that is right would stream for up to an hour on the cores that the rest is tested on. */
const STREAMS = 'test_stream_start';
/** What is asked of one recording, and leaves it there. */
const OF_ONE = ['get', 'change', 'frames', 'quantiles', 'events'].map(
  (name) => `stats_recording_${name}`,
);
const missing = missingExecutable === '' ? missingSchemathesis : missingExecutable;

describe.skipIf(missing !== '')(`the specification and dist/punktfunk-host${missing}`, () => {
  let host: Host | undefined;

  beforeAll(async () => {
    host = await startHost({ args: ['--metrics', 'on'] });
  }, 30_000);

  afterAll(async () => {
    await host?.end('SIGKILL');
  });

  test('agree on everything that can be asked of a recording', async () => {
    const id = await recorded(host);
    const result = await checked(
      host,
      [...only(...OF_ONE), '--max-examples', '8', '--phases', 'coverage,fuzzing'],
      {
        'path.id': id,
      },
    );
    expect([result.tested, result.cases > 200]).toEqual([OF_ONE.length, true]);
    await host?.json('DELETE', `${RECORDINGS}/${id}?forever=true`);
  }, 90_000);

  test('agree on how a test stream is refused', async () => {
    const result = await checked(host, [
      ...only(STREAMS),
      ...['--mode', 'negative', '--max-examples', '8', '--phases', 'coverage,fuzzing'],
    ]);
    expect([result.tested, result.cases > 50]).toEqual([1, true]);
  }, 90_000);

  test('agree on every other operation, alone and one after another', async () => {
    const result = await checked(host, [
      ...[...ENDLESS, STREAMS].flatMap((name) => ['--exclude-operation-id', name]),
      ...['--max-examples', '4', '--phases', 'coverage,fuzzing,stateful'],
    ]);
    expect([result.tested > 35, result.cases > 1000]).toEqual([true, true]);
  }, 120_000);
});

/** A run that finds nothing; the host's log then has no fault of its own either. */
async function checked(
  host: Host | undefined,
  args: readonly string[],
  parameters: Readonly<Record<string, string>> = {},
): Promise<Schemathesis> {
  if (host === undefined) throw new Error('the host did not start');
  const result = await schemathesis(host, args, parameters);
  if (result.code !== 0) throw new Error(result.output);
  const faults = host
    .stderr()
    .split('\n')
    .filter((line) => line.includes('"level":"error"'));
  expect(faults).toEqual([]);
  return result;
}

function only(...names: readonly string[]): string[] {
  return names.flatMap((name) => ['--include-operation-id', name]);
}

async function recorded(host: Host | undefined): Promise<string> {
  if (host === undefined) throw new Error('the host did not start');
  await host.json('POST', START);
  await host.json('POST', TEST_STREAMS, STREAM);
  for (let waited = 0; waited < 20_000; waited += 100) {
    const state = Value.Parse(TestStreamState, await host.json('GET', TEST_STREAMS));
    if (state.report !== undefined) break;
    await Bun.sleep(100);
  }
  const meta = Value.Parse(CaptureMeta, await host.json('POST', STOP));
  expect(meta.frame_count).toBeGreaterThan(20);
  return meta.id;
}
