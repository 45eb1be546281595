// A real X screen, through the compiled executable, decoded by ffmpeg: the picture is right and every frame is told.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestStreamReport } from '../../contract/test-streams.ts';
import { Painter, Xvfb } from '../support/desktop.ts';
import { decode, type Marker, psnr, readMarker, type Size } from '../support/video.ts';

const HOST = join(import.meta.dir, '../../dist/punktfunk-host');
const SIZE: Size = { width: 1280, height: 720 };
const SECONDS = 8;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pf-e2e-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

type Seen = {
  readonly markers: readonly Marker[];
  readonly unreadable: number;
  readonly worstPsnr: number;
};

/** Every marker of a recorded file, and the worst PSNR of every 20th picture. */
async function look(file: string, size: Size): Promise<Seen> {
  const markers: Marker[] = [];
  let unreadable = 0;
  let worstPsnr = Number.POSITIVE_INFINITY;
  let index = 0;
  for await (const picture of decode(file, size)) {
    const marker = readMarker(picture);
    if (marker === undefined) unreadable++;
    else {
      markers.push(marker);
      if (index % 20 === 10) worstPsnr = Math.min(worstPsnr, psnr(picture, marker.counter));
    }
    index++;
  }
  return { markers, unreadable, worstPsnr };
}

const distinct = (markers: readonly Marker[]) => new Set(markers.map((marker) => marker.counter));

function expectCountingUp(markers: readonly Marker[]): void {
  let before = 0;
  for (const { counter } of markers) {
    expect(counter).toBeGreaterThanOrEqual(before);
    before = counter;
  }
}

describe('an X11 screen at 1280x720', () => {
  test('painted at 54 fps: at least 98 % of the pictures arrive, in order and sharp', async () => {
    await using xvfb = await Xvfb.start(SIZE);
    await using _painter = new Painter(xvfb.display, { fps: 54 });
    const { report, code, file } = await testStream(xvfb.display, 'fps54', '--mode', '1280x720@60');
    expect(report.problems ?? []).toEqual([]);
    expect(code).toBe(0);
    const seen = await look(file, SIZE);
    expect(seen.unreadable).toBe(0);
    expectCountingUp(seen.markers);
    const first = seen.markers[0]?.counter ?? 0;
    const last = seen.markers.at(-1)?.counter ?? 0;
    const painted = last - first + 1;
    expect(painted).toBeGreaterThan(54 * (SECONDS - 1.5));
    expect(distinct(seen.markers).size / painted).toBeGreaterThanOrEqual(0.98);
    expect(seen.worstPsnr).toBeGreaterThan(30);
    expect(report.stages).toContainAllKeys(['capture', 'encode', 'packetize', 'send']);
  }, 60_000);

  test('painted at 60 fps: at least 95 % arrive, and every missing one is counted as skipped', async () => {
    await using xvfb = await Xvfb.start(SIZE);
    await using _painter = new Painter(xvfb.display, { fps: 60 });
    const { report, code, file } = await testStream(xvfb.display, 'fps60', '--mode', '1280x720@60');
    expect(code).toBe(0);
    const seen = await look(file, SIZE);
    expect(seen.unreadable).toBe(0);
    expectCountingUp(seen.markers);
    const first = seen.markers[0]?.counter ?? 0;
    const last = seen.markers.at(-1)?.counter ?? 0;
    const painted = last - first + 1;
    const arrived = distinct(seen.markers).size;
    expect(arrived / painted).toBeGreaterThanOrEqual(0.95);
    // The receiver joins and leaves in the middle of pictures: one at either end is not ours to tell.
    expect(Math.abs((report.source_skipped ?? -1000) - (painted - arrived))).toBeLessThanOrEqual(2);
  }, 60_000);

  test('with 5 % of the packets dropped the picture is never corrupt', async () => {
    await using xvfb = await Xvfb.start(SIZE);
    await using _painter = new Painter(xvfb.display, { fps: 54 });
    const mode = ['--mode', '1280x720@60', '--drop', '5'];
    const { report, code, file } = await testStream(xvfb.display, 'drop5', ...mode);
    expect(report.packets_lost).toBeGreaterThan(50);
    expect(report.packets_recovered).toBeGreaterThan(20);
    expect(report.problems ?? []).toEqual([]);
    expect(code).toBe(0);
    const seen = await look(file, SIZE);
    expect(seen.unreadable).toBe(0);
    expectCountingUp(seen.markers);
    expect(seen.worstPsnr).toBeGreaterThan(30);
    expect(seen.markers.length).toBeGreaterThan(report.frames_received * 0.8);
  }, 60_000);
});
