// The REST examples against the built host: each arms, streams, stops, lists, asks for figures and takes the files along,
// with a token that may no more than it needs, and what it prints is what the host says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { Capture, RangeQuantiles, StatsStatus } from '../../contract/stats.ts';
import { RECORDINGS, STATUS } from '../support/api.ts';
import {
  cleanEnv,
  type Host,
  missingExecutable,
  startHost,
  temporaryFolder,
} from '../support/host.ts';

const EXAMPLES = join(import.meta.dir, '../../examples/rest');
const SCRIPTS = [
  ['sh', ['bash', join(EXAMPLES, 'capture.sh')]],
  ['Python', ['python3', join(EXAMPLES, 'capture.py')]],
  ['TypeScript', [process.execPath, join(EXAMPLES, 'capture.ts')]],
] as const;
const TIMEOUT_MS = 40_000;

describe.skipIf(missingExecutable !== '')(`examples/rest${missingExecutable}`, () => {
  let host: Host;

  beforeAll(async () => {
    host = await startHost();
  });

  afterAll(async () => {
    await host.end();
  });

  test.each(SCRIPTS)(
    '%s: records a test stream, prints its exact figures, saves its files',
    async (_name, command) => {
      const folder = temporaryFolder();
      const { code, out, err } = await run(host, [...command, '2', folder]);
      expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('saved ') });

      const [frames, recording, ...more] = readdirSync(folder).sort();
      expect(more).toEqual([]);
      const id = recording?.replace(/\.json$/, '') ?? '';
      expect(frames).toBe(`${id}.frames.parquet`);
      expect(err).toContain(`${id}  `);
      const capture = Value.Parse(
        Capture,
        JSON.parse(readFileSync(join(folder, recording ?? ''), 'utf8')),
      );
      expect(capture.meta.id).toBe(id);
      expect(
        readFileSync(join(folder, frames ?? ''))
          .subarray(0, 4)
          .toString(),
      ).toBe('PAR1');

      const half = Math.floor(capture.meta.duration_ms / 2);
      const asked = await host.json(
        'GET',
        `${RECORDINGS}/${id}/quantiles?from_ms=${half}&percents=50,99`,
      );
      const figures = Value.Parse(RangeQuantiles, asked);
      const lines = figures.stages.map(({ name, count, quantiles_us, max_us }) =>
        [name, count, quantiles_us['p50'], quantiles_us['p99'], max_us].join(' '),
      );
      expect(out.trim().split('\n')).toEqual(lines);
      expect(figures.stages.find(({ name }) => name === 'total')?.count).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  test.each(SCRIPTS)(
    '%s: a refusal is the host’s own sentence, and nothing stays armed',
    async (_name, command) => {
      const wrong = await run(host, [...command, '1', temporaryFolder()], { token: 'wrong' });
      expect(wrong.code).not.toBe(0);
      expect(wrong.err).toContain('The token is missing or wrong');

      // Too short a stream is refused after the capture was armed.
      const short = await run(host, [...command, '-1', temporaryFolder()]);
      expect(short.code).not.toBe(0);
      expect(short.err).toContain('POST /test-streams: 4');
      const status = Value.Parse(StatsStatus, await host.json('GET', STATUS));
      expect(status.armed).toBe(false);
    },
    TIMEOUT_MS,
  );
});

async function run(
  host: Host,
  command: readonly string[],
  { token = host.token } = {},
): Promise<{ code: number; out: string; err: string }> {
  const child = Bun.spawn([...command], {
    env: { ...cleanEnv(), PUNKTFUNK_API: host.address, PUNKTFUNK_TOKEN: token },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}
