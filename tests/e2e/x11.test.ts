// A real X screen, through the compiled executable, decoded by ffmpeg: the picture is right and every frame is told.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestStreamReport } from '../../contract/test-streams.ts';
import { Painter, Xvfb } from '../support/desktop.ts';
import { distinct, look } from '../support/streaming-host.ts';
import type { Marker, Size } from '../support/video.ts';

const HOST = join(import.meta.dir, '../../dist/punktfunk-host');
const SIZE: Size = { width: 1280, height: 720 };
const SECONDS = 8;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pf-e2e-'));
  prefer(PREFERRED);
});
afterAll(() => {
  prefer(0);
  rmSync(folder, { recursive: true, force: true });
});

/** Before whatever else runs on this machine, as a rate can only be measured: screen, painter and host inherit it. */
function prefer(niceness: number): void {
  try {
    setPriority(niceness);
    // Where the kernel groups processes by session, that orders them within theirs alone.
    if (existsSync(AUTOGROUP)) writeFileSync(AUTOGROUP, String(niceness));
  } catch {
    // Only root may. Then the machine should be left alone, as three runs are enough for.
  }
}

const PREFERRED = -15;
const AUTOGROUP = '/proc/self/autogroup';

type Run = { readonly report: TestStreamReport; readonly code: number; readonly file: string };

async function testStream(display: string, name: string, ...options: string[]): Promise<Run> {
  const file = join(folder, `${name}.h264`);
  const child = Bun.spawn(
    [
      ...[HOST, 'test-stream', '--json', '--source', 'x11', '--seconds', String(SECONDS)],
      ...['--out', file, ...options],
    ],
    {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', DISPLAY: display, PUNKTFUNK_CONFIG_DIR: join(folder, name) },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (out.trim() === '') throw new Error(`no report (exit ${code}): ${err}`);
  return { report: JSON.parse(out), code, file };
}

function expectCountingUp(markers: readonly Marker[]): void {
  let before = 0;
  for (const { counter } of markers) {
    expect(counter).toBeGreaterThanOrEqual(before);
    before = counter;
  }
}

/** One stream of a screen painted at `fps`: what is right in every run is asserted here, rates are answered. */
async function watchPainter(fps: number, name: string, ...options: string[]) {
  await using xvfb = await Xvfb.start(SIZE);
  await using _painter = new Painter(xvfb.display, { fps });
  const run = await testStream(xvfb.display, name, '--mode', '1280x720@60', ...options);
  const seen = await look(run.file, SIZE);
  expect(seen.unreadable).toBe(0);
  expect(seen.worstPsnr).toBeGreaterThan(30);
  expectCountingUp(seen.markers);
  const first = seen.markers[0]?.counter ?? 0;
  const last = seen.markers.at(-1)?.counter ?? 0;
  const painted = last - first + 1;
  const arrived = distinct(seen.markers);
  return { ...run, seen, painted, arrived, arrivedPct: (100 * arrived) / painted };
}

/** The machine is shared: a rate is reached when one of three runs reaches it. */
async function bestOfThree(fps: number, wantedPct: number) {
  const runs = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    const run = await watchPainter(fps, `fps${fps}-${attempt}`);
    if (run.arrivedPct >= wantedPct && run.code === 0) return run;
    runs.push(`${run.arrivedPct.toFixed(1)} %, exit ${run.code} ${run.report.problems ?? ''}`);
  }
  throw new Error(`less than ${wantedPct} % of the pictures arrived: ${runs.join('; ')}`);
}

describe('an X11 screen at 1280x720', () => {
  test('painted at 54 fps: at least 98 % of the pictures arrive, in order and sharp', async () => {
    const { report, painted } = await bestOfThree(54, 98);
    expect(painted).toBeGreaterThan(54 * (SECONDS - 1.5));
    expect(Object.keys(report.stages)).toEqual(['capture', 'encode', 'packetize', 'send']);
  }, 120_000);

  test('painted at 60 fps: at least 95 % arrive, and every missing one is counted as skipped', async () => {
    const { report, painted, arrived } = await bestOfThree(60, 95);
    // The receiver joins and leaves in the middle of pictures: one at either end is not ours to tell.
    const missing = painted - arrived;
    expect(Math.abs((report.source_skipped ?? -1000) - missing)).toBeLessThanOrEqual(2);
  }, 120_000);

  test('with 5 % of the packets dropped the picture is never corrupt', async () => {
    const { report, code, seen } = await watchPainter(54, 'drop5', '--drop', '5');
    expect(report.packets_lost).toBeGreaterThan(50);
    expect(report.packets_recovered).toBeGreaterThan(20);
    expect(report.problems ?? []).toEqual([]);
    expect(code).toBe(0);
    expect(seen.markers.length).toBeGreaterThan(report.frames_received * 0.8);
  }, 120_000);
});
