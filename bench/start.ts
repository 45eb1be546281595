// How fast dist/punktfunk-host serves, what it holds while idle, and what a browser loads for the page.
// Start: spawn → first answer of /health, median with a warm page cache. Page: everything that its HTML and its modules
// name, gzipped. Rows are shares of the allowed amount (target 1); `--json` prints them as scripts/run-bench.ts reads them.
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { footprint } from '../scripts/lib/footprint.ts';
import {
  cleanEnv,
  EXECUTABLE,
  freeGamestreamPort,
  temporaryFolder,
} from '../tests/support/host.ts';

const STARTS = 15;
const WARM_UPS = 3;
const START_LIMIT_MS = 100;
const START_GIVE_UP_MS = 15_000;
const IDLE_LIMIT_MB = 80;
const PAGE_LIMIT_KB = 130;
/** Long enough for start-up garbage to be collected. */
const IDLE_AFTER_MS = 3000;

const rows: Row[] = [await measureStart(), ...(await measureIdleAndPage())];
console.log(
  process.argv.includes('--json') ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows),
);

async function measureStart(): Promise<Row> {
  const times: number[] = [];
  // The very first start makes the host's key, which takes 25 to 100 ms more, once.
  const configDir = temporaryFolder();
  for (let round = 0; round < WARM_UPS + STARTS; round += 1) {
    const host = await start(configDir);
    if (round >= WARM_UPS) times.push(host.startMs);
    await host.end();
  }
  times.sort((a, b) => a - b);
  const [least = 0, median = 0, most = 0] = [times[0], times[STARTS >> 1], times.at(-1)];
  const spread = `${least.toFixed(0)}–${most.toFixed(0)}`;
  return share('start to serving', median, START_LIMIT_MS, `ms, ${STARTS} starts within ${spread}`);
}

async function measureIdleAndPage(): Promise<Row[]> {
  const host = await start();
  try {
    await Bun.sleep(IDLE_AFTER_MS);
    const idleMb = footprint(host.pid).rss_kb / 1024;
    const page = await weigh(`${host.address}/`);
    return [
      share('idle memory', idleMb, IDLE_LIMIT_MB, `MB RSS after ${IDLE_AFTER_MS / 1000} s`),
      share('page, gzipped', page.bytes / 1000, PAGE_LIMIT_KB, `kB in ${page.files} files`),
    ];
  } finally {
    await host.end();
  }
}

/** A host on free ports. Asks /health from the first millisecond on, as nobody else does: so without startHost(). */
async function start(configDir = temporaryFolder()): Promise<{
  startMs: number;
  address: string;
  pid: number;
  end(): Promise<number>;
}> {
  const gamestreamPort = await freeGamestreamPort();
  const apiPort = await freeGamestreamPort();
  const env = { ...cleanEnv(), PUNKTFUNK_CONFIG_DIR: configDir };
  const address = `http://127.0.0.1:${apiPort}`;
  const started = performance.now();
  const child = Bun.spawn(
    [
      ...[EXECUTABLE, 'serve', '--api-port', String(apiPort)],
      ...['--gamestream-port', String(gamestreamPort)],
    ],
    { cwd: temporaryFolder(), env, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  while (!(await answers(address))) {
    if (child.exitCode !== null || performance.now() - started > START_GIVE_UP_MS) {
      child.kill('SIGKILL');
      throw new Error(`${EXECUTABLE} does not serve at ${address}; status ${child.exitCode}`);
    }
    await Bun.sleep(1);
  }
  const startMs = performance.now() - started;
  return {
    ...{ startMs, address, pid: child.pid },
    end() {
      child.kill('SIGTERM');
      return child.exited;
    },
  };
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/api/v1/health`)).ok;
  } catch {
    return false;
  }
}

/** A page and all that it names: scripts, styles, icons, and what its modules import. */
async function weigh(address: string): Promise<{ bytes: number; files: number }> {
  const seen = new Set<string>();
  const waiting = [address];
  let bytes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const answer = await fetch(next);
    if (!answer.ok) throw new Error(`${next}: ${answer.status}`);
    const body = await answer.bytes();
    bytes += Bun.gzipSync(body).length;
    waiting.push(
      ...named(next, answer.headers.get('content-type') ?? '', new TextDecoder().decode(body)),
    );
  }
  return { bytes, files: seen.size };
}

function named(address: string, type: string, body: string): string[] {
  const pattern = type.includes('html')
    ? /<(?:script|link|img)\b[^>]*?\b(?:src|href)="([^"#]+)"/g
    : type.includes('javascript')
      ? /(?:\bfrom|\bimport)\s*\(?\s*"(\.{0,2}\/[^"]+)"/g
      : undefined;
  if (pattern === undefined) return [];
  const found = [...body.matchAll(pattern)].map((match) => new URL(match[1] ?? '', address));
  return found.filter(({ origin }) => origin === new URL(address).origin).map(({ href }) => href);
}

function share(name: string, measured: number, allowed: number, unit: string): Row {
  const ratio = Math.round((measured / allowed) * 1000) / 1000;
  const detail = `${measured.toFixed(1)} of ${allowed} ${unit}`;
  return { name, ratio, target: 1, ok: ratio <= 1, detail };
}
