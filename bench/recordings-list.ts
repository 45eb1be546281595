// What a list of 1,000 recordings costs against reading the first 512 bytes of each: readdir, then open, read and close, in
// the same run and by CPU time, because others use the machine as well. Recordings have a file of frames and a compressed
// copy beside them. Twice: by a host that knows them (it looked when it started), and by one that never saw them.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { recordingNo, StoreFolder } from '../tests/support/stored-recordings.ts';

const RECORDINGS = 1000;
const SAMPLES = 120;
const ROUNDS = 40;
const WARM_UPS = 5;
/** A folder that changed a moment ago is read again. */
const SETTLES_MS = 3200;

const folder = new StoreFolder();
const rows: Row[] = [];
try {
  for (let n = 0; n < RECORDINGS; n += 1) {
    const capture = recordingNo(n);
    const samples = Array.from({ length: SAMPLES }, () => capture.samples).flat();
    folder.put({ ...capture, samples });
  }
  await Bun.sleep(SETTLES_MS);
  rows.push(...measure());
} finally {
  folder[Symbol.dispose]();
}
console.log(
  process.argv.includes('--json') ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows),
);

function measure(): Row[] {
  const heads: number[] = [];
  const unknown: number[] = [];
  const known: number[] = [];
  for (let round = 0; round < WARM_UPS + ROUNDS; round += 1) {
    const store = folder.store();
    const first = cpuMs(() => listed(store.list().metas.length));
    const second = cpuMs(() => listed(store.list().metas.length));
    const anchor = cpuMs(readHeads);
    if (round < WARM_UPS) continue;
    heads.push(anchor);
    unknown.push(first);
    known.push(second);
  }
  const anchor = sum(heads);
  const ms = `heads ${(anchor / ROUNDS).toFixed(1)} ms`;
  return [
    row('list of 1,000 recordings', sum(known) / anchor, 2, ms),
    row('the same, never seen before', sum(unknown) / anchor, 4, ms),
  ];
}

function readHeads(): void {
  const head = Buffer.alloc(512);
  for (const name of readdirSync(folder.captures)) {
    if (!name.endsWith('.json')) continue;
    const file = openSync(`${folder.captures}/${name}`, 'r');
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
  }
}

function listed(count: number): void {
  if (count !== RECORDINGS) throw new Error(`${count} recordings listed`);
}

function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function row(name: string, ratio: number, target: number, detail: string): Row {
  return { name, ratio, target, ok: ratio <= target, detail };
}
