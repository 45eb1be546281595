// What three hours of frames take on disk and how fast they are written, read and asked. The frames are made up by
// seed: log-normal stage times, a source with a clock of its own (tests/support/synthetic-frames.ts). Times are ms of
// CPU: the work alone, whoever else uses the machine. Rows are shares of the allowed amount (target 1); `--json` prints
// them as scripts/run-bench.ts reads them.
import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parquetRead } from 'hyparquet';
import type { FrameBatch } from '../recording/src/frames.ts';
import { FramesFile } from '../recording/src/frames-file.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  type SavedGroup,
} from '../recording/src/frames-writer.ts';
import { RangeFigures } from '../recording/src/range-figures.ts';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { temporaryFolder } from '../tests/support/host.ts';
import { randomFrom, SyntheticStream } from '../tests/support/synthetic-frames.ts';

const HOURS = 3;
const RANGES = 200;
const READS = 3;
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
    rows.push(await readShare(path), ...ask(path));
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
    const before = process.cpuUsage();
    const { bytes, group } = encodeGroup(batch, at);
    encodeMs.push(since(before));
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

/** Against the reader of the library that wrote the pages, in the same run. */
async function readShare(path: string): Promise<Row> {
  const buffer = await Bun.file(path).arrayBuffer();
  const bytes = new Uint8Array(buffer);
  const file = FramesFile.open({
    byteLength: bytes.length,
    read: (from, to) => bytes.subarray(from, to),
  });
  const [ours, theirs, one]: number[][] = [[], [], []];
  for (let round = 0; round < READS; round += 1) {
    ours?.push(timed(() => file.groups.forEach((_, i) => void file.read(i))));
    one?.push(timed(() => file.groups.forEach((_, i) => void file.read(i, ['bytes']))));
    const before = process.cpuUsage();
    await parquetRead({ file: buffer, onChunk: () => undefined });
    theirs?.push(since(before));
  }
  const [our, their] = [Math.min(...(ours ?? [])), Math.min(...(theirs ?? []))];
  const detail = `${our.toFixed(0)} ms, hyparquet ${their.toFixed(0)}; one column ${Math.min(...(one ?? [])).toFixed(0)}`;
  const ratio = Math.round((our / their) * 1000) / 1000;
  return { name: 'all columns of 3 h at 240 fps read', ratio, target: 1, ok: ratio <= 1, detail };
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
    const before = process.cpuUsage();
    const figures = new RangeFigures(file, [{ sessionId: 1, kind: 'gamestream', fps: 240 }]);
    const build = since(before);
    const times = askRanges(figures);
    const worst = Math.max(...times);
    const median = times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
    const kept = (figures.indexBytes / 1e6).toFixed(1);
    return [
      share('figures of 3 h at 240 fps made ready', build, 1000, `ms, ${kept} MB kept`),
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
  return [{ from_ms: 0, to_ms: endMs }, ...ranges].map((range, i) =>
    timed(() => void figures.quantiles({ ...range, frames: i % 2 === 0 ? 'all' : 'new' })),
  );
}

/** ms of CPU time: the work alone, whoever else uses the machine, the collector's threads included. */
function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return since(before);
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function share(name: string, measured: number, allowed: number, unit: string): Row {
  const ratio = Math.round((measured / allowed) * 1000) / 1000;
  const detail = `${measured.toFixed(1)} of ${allowed} ${unit}`;
  return { name, ratio, target: 1, ok: ratio <= 1, detail };
}
