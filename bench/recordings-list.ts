// What a list of 1,000 recordings costs against reading the first 512 bytes of each: readdir, then open, read and close, in
// the same run and by CPU time, because others use the machine as well. Recordings have a file of frames and a compressed
// copy beside them. By a host that knows them, by one that just started and finds the index of the one before, and by one
// that finds none, which is so once. Each of the last two has a store of its own every round; files are in the page cache
// for all of them, and the code is compiled.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { recordingNo, StoreFolder } from '../tests/support/stored-recordings.ts';

const RECORDINGS = 1000;
const INDEX = '.index.json';
const SAMPLES = 120;
const ROUNDS = 40;
const WARM_UPS = 5;
/** A folder that changed a moment ago is read again. */
const SETTLES_MS = 3200;

const rows = await measured();
console.log(
  process.argv.includes('--json') ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows),
);

async function measured(): Promise<Row[]> {
  using folder = filled();
  using unseen = filled();
  writeIndex(folder);
  await Bun.sleep(SETTLES_MS);
  const ms = { heads: 0, known: 0, started: 0, first: 0 };
  for (let round = 0; round < WARM_UPS + ROUNDS; round += 1) {
    const [store, other] = [folder.store(), unseen.store()];
    const took = {
      started: cpuMs(() => listed(store.list().metas.length)),
      known: cpuMs(() => listed(store.list().metas.length)),
      heads: cpuMs(() => readHeads(folder)),
      first: cpuMs(() => listed(other.list().metas.length)),
    };
    if (round < WARM_UPS) continue;
    for (const what of ['heads', 'known', 'started', 'first'] as const) ms[what] += took[what];
  }
  const detail = `heads ${(ms.heads / ROUNDS).toFixed(1)} ms`;
  return [
    row('list of 1,000 recordings', ms.known / ms.heads, 2, detail),
    row('the same, just started', ms.started / ms.heads, 2, detail),
    row('the same, without an index', ms.first / ms.heads, 4, detail),
  ];
}

function filled(): StoreFolder {
  const folder = new StoreFolder();
  for (let n = 0; n < RECORDINGS; n += 1) {
    const capture = recordingNo(n);
    const samples = Array.from({ length: SAMPLES }, () => capture.samples).flat();
    folder.put({ ...capture, samples });
  }
  return folder;
}

/** As the Worker does some time after it looked. */
function writeIndex(folder: StoreFolder): void {
  const waiting: (() => void)[] = [];
  folder.store({ later: (run) => waiting.push(run) }).list();
  for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) run();
  if (!folder.has(INDEX)) throw new Error('there is no index');
}

function readHeads(folder: StoreFolder): void {
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

function row(name: string, ratio: number, target: number, detail: string): Row {
  return { name, ratio, target, ok: ratio <= target, detail };
}
