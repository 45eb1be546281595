// A capture of hours in simulated time, in a process of its own: memory, files and the stop stay within their bounds.
// Twenty minutes in CI; `PF_LONG=3h` plays three hours.
import { expect, test } from 'bun:test';
import { join } from 'node:path';

const LONG = process.env['PF_LONG'] === '3h';
const MINUTES = LONG ? 180 : 20;

test(`${MINUTES} minutes at 240 fps take little memory, small files and a quick stop`, async () => {
  const run = await simulated(MINUTES, 240, 1);
  expect(run.meta).toMatchObject({
    duration_ms: MINUTES * 60_000,
    sample_count: MINUTES * 60,
    frame_count: MINUTES * 60 * 240,
  });
  expect(run.figures.shed_frames).toBe(0);
  expect(run.mostMb - run.idleMb).toBeLessThan(60);
  // 36 MB for three hours.
  expect(run.bytes['.frames.parquet'] ?? 0).toBeLessThan((36e6 * MINUTES) / 180);
  expect(run.stopMs).toBeLessThan(2000);
}, 1_200_000);

interface Run {
  readonly idleMb: number;
  readonly mostMb: number;
  readonly stopMs: number;
  readonly bytes: Readonly<Record<string, number>>;
  readonly figures: { readonly shed_frames: number };
  readonly meta: object;
}

async function simulated(minutes: number, fps: number, sessions: number): Promise<Run> {
  const script = join(import.meta.dir, '../support/simulated-run.ts');
  const child = Bun.spawn(
    [process.execPath, '--smol', script, ...[minutes, fps, sessions].map(String)],
    { stdout: 'pipe', stderr: 'inherit' },
  );
  const text = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return JSON.parse(text);
}
