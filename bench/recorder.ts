// What recording costs while it goes on and when it stops. Hours are simulated in a Worker of this process, which holds
// what the recordings Worker of a host holds; this process's own thread stands for the host's. The share of a core is that of
// dist/punktfunk-host itself: four streams with everything recorded, and the same four with nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { type Host, startHost } from '../tests/support/host.ts';
import type { Told } from '../tests/support/long-capture-worker.ts';

const HOURS = 3;
const STOP_LIMIT_MS = 2000;
const STALL_LIMIT_MS = 10;
const BEAT_MS = 1;
const TICK_LIMIT = 1.5;
const SESSIONS = 4;
const FPS = 240;
const CORE_LIMIT_PERCENT = 2;
const ROUNDS = 2;
const MEASURED_MS = 10_000;
/** Until streams run evenly. */
const SETTLES_MS = 8000;
/** Until JavaScriptCore has compiled what an armed capture runs: once in a host's life, at most this long after. */
const COMPILED_WITHIN_MS = 15_000;

const rows: Row[] = [...(await stopOf(120)), ...(await stopOf(240)), ...(await shareOfACore())];
console.log(
  process.argv.includes('--json') ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows),
);

async function stopOf(fps: number): Promise<Row[]> {
  const worker = new Worker(join(import.meta.dir, '../tests/support/long-capture-worker.ts'));
  const heard: Told[] = [];
  let wake = (): void => undefined;
  worker.onmessage = ({ data }: MessageEvent<Told>) => {
    heard.push(data);
    wake();
  };
  const next = async (): Promise<Told> => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const [told] = heard.splice(0, 1);
    if (told === undefined) throw new Error('nothing was told');
    return told;
  };
  try {
    worker.postMessage({ minutes: HOURS * 60, fps });
    const ready = await next();
    const idle = new Beat();
    await Bun.sleep(STOP_LIMIT_MS);
    const noise = idle.end();
    const beat = new Beat();
    worker.postMessage('stop');
    const stopped = await next();
    await next();
    const stall = beat.end();
    if (ready.kind !== 'ready' || stopped.kind !== 'stopped') throw new Error('another order');
    const name = `${HOURS} h at ${fps} fps`;
    const { wallMs, cpuMs } = stopped;
    const wall = `${wallMs.toFixed(0)} ms by the clock, the rest is the machine's other work`;
    const { earlyMs, lateMs } = ready;
    return [
      share(`stop and save of ${name}`, cpuMs, STOP_LIMIT_MS, `ms of CPU; ${wall}`),
      share(
        `the other thread's longest stall while ${name} are saved`,
        stall.ms,
        STALL_LIMIT_MS,
        `ms; ${noise.ms.toFixed(1)} while nothing is; waits for a core not counted, ${stall.waitedMs.toFixed(0)} ms`,
      ),
      {
        name: `a minute's ticks after ${name}, by those after a quarter of an hour`,
        ratio: round(lateMs / earlyMs),
        target: TICK_LIMIT,
        ok: lateMs / earlyMs <= TICK_LIMIT,
        detail: `${lateMs.toFixed(0)} and ${earlyMs.toFixed(0)} ms of CPU, the least of five minutes each`,
      },
    ];
  } finally {
    worker.terminate();
  }
}

/** How long this thread did not come to its timer though it had a core, as the kernel counts its waiting. */
class Beat {
  #last = performance.now();
  #waited = waitedMs();
  readonly #begun = this.#waited;
  #most = 0;
  readonly #timer = setInterval(() => {
    const [now, waited] = [performance.now(), waitedMs()];
    this.#most = Math.max(this.#most, now - this.#last - (waited - this.#waited) - BEAT_MS);
    this.#last = now;
    this.#waited = waited;
  }, BEAT_MS);

  end(): { readonly ms: number; readonly waitedMs: number } {
    clearInterval(this.#timer);
    return { ms: this.#most, waitedMs: waitedMs() - this.#begun };
  }
}

async function shareOfACore(): Promise<Row[]> {
  const off: Shares[] = [];
  const boxed: Shares[] = [];
  const armed: Shares[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    off.push(...(await measured(['--black-box', 'off'], 'idle')));
    const [box, capture] = await measured(['--black-box', 'on'], 'then armed');
    if (box === undefined || capture === undefined) throw new Error('not measured');
    boxed.push(box);
    armed.push(capture);
  }
  const noise = spread(off.map(({ others }) => others));
  const least = (of: readonly Shares[], what: 'workers' | 'others'): number =>
    Math.min(...of.map((shares) => shares[what]));
  const whole = (of: readonly Shares[]): number =>
    least(of, 'workers') + Math.max(0, least(of, 'others') - least(off, 'others'));
  const compiledMs = Math.max(...armed.map((shares) => shares.compiledMs ?? 0));
  const detail = `threads of the recorder whole, the others above those of a host that records nothing; that one's own polls ${least(off, 'workers').toFixed(2)} %, rounds differ by ${noise.toFixed(2)} %; compiling took ${compiledMs.toFixed(0)} ms, once`;
  const streams = `${SESSIONS} sessions at ${FPS} fps`;
  return [
    share(`recording ${streams}`, whole(armed), CORE_LIMIT_PERCENT, `% of a core; ${detail}`),
    share(`the black box alone, ${streams}`, whole(boxed), CORE_LIMIT_PERCENT, '% of a core'),
  ];
}

/** Percent of a core. */
interface Shares {
  readonly workers: number;
  readonly others: number;
  /** CPU that compiling took before, once. */
  readonly compiledMs?: number;
}

async function measured(args: readonly string[], how: 'idle' | 'then armed'): Promise<Shares[]> {
  const host = await startHost({ args });
  try {
    const session = { source: 'synthetic', width: 320, height: 180, fps: FPS, bitrate_kbps: 1000 };
    const sessions = Array(SESSIONS).fill({ ...session, seconds: 120 });
    await host.json('POST', '/api/v1/test-streams', { script: { version: 1, sessions } });
    await Bun.sleep(SETTLES_MS);
    const shares = [await during(host)];
    if (how === 'idle') return shares;
    await host.json('POST', '/api/v1/stats/capture/start');
    const compiling = compilingMs(host.pid);
    await Bun.sleep(COMPILED_WITHIN_MS);
    const compiledMs = compilingMs(host.pid) - compiling;
    return [...shares, { ...(await during(host)), compiledMs }];
  } finally {
    await host.end('SIGKILL');
  }
}

/** CPU of the host's threads but for those of the streams themselves. */
async function during(host: Host): Promise<Shares> {
  const before = threadsOf(host.pid);
  const began = performance.now();
  await Bun.sleep(MEASURED_MS);
  const after = threadsOf(host.pid);
  const elapsedMs = performance.now() - began;
  let [workers, others] = [0, 0];
  for (const [id, { name, ms }] of after) {
    const spent = ms - (before.get(id)?.ms ?? 0);
    if (name.startsWith('pf-')) continue;
    if (name === 'Worker') workers += spent;
    else others += spent;
  }
  return { workers: (100 * workers) / elapsedMs, others: (100 * others) / elapsedMs };
}

/** CPU so far of the threads that compile JavaScript. */
function compilingMs(pid: number): number {
  const compilers = [...threadsOf(pid).values()].filter(({ name }) => name === 'JITWorker');
  return compilers.reduce((sum, { ms }) => sum + ms, 0);
}

function threadsOf(pid: number): Map<string, { readonly name: string; readonly ms: number }> {
  const found = new Map<string, { name: string; ms: number }>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${id}`;
    try {
      const name = readFileSync(`${folder}/comm`, 'utf8').trim();
      found.set(id, { name, ms: schedule(`${folder}/schedstat`, 0) });
    } catch {
      // It ended while we read.
    }
  }
  return found;
}

/** Time that this thread wanted a core and got none. */
function waitedMs(): number {
  return schedule(`/proc/self/task/${process.pid}/schedstat`, 1);
}

/** Of "running waiting slices", ns. */
function schedule(path: string, column: number): number {
  return Number(readFileSync(path, 'utf8').split(' ')[column] ?? 0) / 1e6;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

function share(name: string, measured: number, allowed: number, unit: string): Row {
  const ratio = round(measured / allowed);
  const detail = `${measured.toFixed(2)} of ${allowed} ${unit}`;
  return { name, ratio, target: 1, ok: ratio <= 1, detail };
}

function round(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}
