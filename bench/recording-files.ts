// What three hours of frames take on disk and how fast they are written, read and asked. The frames are made up by
// seed: log-normal stage times, a source with a clock of its own (tests/support/synthetic-frames.ts). Rows are shares
// of the allowed amount (target 1); `--json` prints them as scripts/run-bench.ts reads them.
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { frameColumns } from '../contract/stats.ts';
import type { FrameBatch } from '../recording/src/frames.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  FramesFile,
  type SavedGroup,
} from '../recording/src/frames-file.ts';
import { RangeFigures } from '../recording/src/range-figures.ts';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { temporaryFolder } from '../tests/support/host.ts';
import { randomFrom, SyntheticStream } from '../tests/support/synthetic-frames.ts';

const HOURS = 3;
const RANGES = 200;
const ABOUT = { recordingId: 'bench', startedUnixMs: 0 };
const folder = temporaryFolder();
const rows: Row[] = [];

for (const [fps, allowedMb] of [
  [120, 18],
  [240, 36],
] as const) {
  const path = join(folder, `${fps}.parquet`);
  const { bytes, encodeMs } = await write(path, fps);
  rows.push(share(`${HOURS} h at ${fps} fps on disk`, bytes / 1e6, allowedMb, 'MB'));
  if (fps === 240) {
    const median = encodeMs.toSorted((a, b) => a - b)[encodeMs.length >> 1] ?? 0;
    const most = Math.max(...encodeMs).toFixed(0);
    rows.push(share('a minute at 240 fps encoded', median, 60, `ms, the slowest ${most}`));
    rows.push(...ask(path));
  }
}
rmSync(folder, { recursive: true });
console.log(
  process.argv.includes('--json') ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows),
);

/** Minute by minute, as a recorder does. */
async function write(path: string, fps: number): Promise<{ bytes: number; encodeMs: number[] }> {
  const stream = new SyntheticStream({ session: 1, fps, seed: fps });
  const sink = Bun.file(path).writer();
  const groups: SavedGroup[] = [];
  const encodeMs: number[] = [];
  let at = FILE_HEAD.length;
  sink.write(FILE_HEAD);
  for (let minute = 0; minute < HOURS * 60; minute += 1) {
    const batch: FrameBatch = stream.next(fps * 60);
    const started = performance.now();
    const { bytes, group } = encodeGroup(batch, at);
    encodeMs.push(performance.now() - started);
    groups.push(group);
    at += bytes.length;
    sink.write(bytes);
    await sink.flush();
  }
  const footer = encodeFooter(groups, ABOUT, at);
  sink.write(footer);
  await sink.end();
  return { bytes: at + footer.length, encodeMs };
}

function ask(path: string): Row[] {
  const fd = openSync(path, 'r');
  try {
    const file = FramesFile.open({
      byteLength: fstatSync(fd).size,
      read(from, to) {
        const into = new Uint8Array(to - from);
        return into.subarray(0, readSync(fd, into, 0, into.length, from));
      },
    });
    const one = timed(() => file.groups.forEach((_, i) => void file.read(i, ['bytes'])));
    const all = timed(() => file.groups.forEach((_, i) => void file.read(i, frameColumns)));
    const sessions = [{ sessionId: 1, kind: 'gamestream', fps: 240 }] as const;
    let figures: RangeFigures | undefined;
    const build = timed(() => {
      figures = new RangeFigures(file, sessions);
    });
    const times = figures === undefined ? [] : askRanges(figures);
    const worst = Math.max(...times);
    const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    const indexMb = ((figures?.indexBytes ?? 0) / 1e6).toFixed(1);
    return [
      share('one column of 3 h read', one, 50, 'ms'),
      share('all columns of 3 h read', all, 1500, 'ms'),
      share('figures of 3 h made ready', build, 1000, `ms, ${indexMb} MB kept`),
      share(
        'figures of any range',
        worst,
        50,
        `ms, worst of ${times.length}; median ${median.toFixed(1)}`,
      ),
    ];
  } finally {
    closeSync(fd);
  }
}

/** Random ranges of every length, and the whole. */
function askRanges(figures: RangeFigures): number[] {
  const random = randomFrom(11);
  const endMs = HOURS * 3_600_000;
  const ranges = Array.from({ length: RANGES }, () => {
    const [a, b] = [random() * endMs, random() * endMs];
    return { from_ms: Math.min(a, b), to_ms: Math.max(a, b) };
  });
  figures.quantiles();
  return [{ from_ms: 0, to_ms: endMs }, ...ranges].map((range, i) =>
    timed(() => void figures.quantiles({ ...range, frames: i % 2 === 0 ? 'all' : 'new' })),
  );
}

function timed(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function share(name: string, measured: number, allowed: number, unit: string): Row {
  const ratio = Math.round((measured / allowed) * 1000) / 1000;
  const detail = `${measured.toFixed(1)} of ${allowed} ${unit}`;
  return { name, ratio, target: 1, ok: ratio <= 1, detail };
}
