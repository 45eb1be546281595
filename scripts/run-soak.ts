// Starts and stops test streams for ten minutes (`--short`: 20 s; `--seconds N`) and holds the host's memory, open
// handles and threads against those after the warm-up. Started by scripts/soak, and in its short form by scripts/test.
import { parseArgs } from 'node:util';
import { Value } from 'typebox/value';
import { TestStreamState } from '../contract/test-streams.ts';
import { type Host, startHost } from '../tests/support/host.ts';
import { type Footprint, footprint } from './lib/footprint.ts';

const LONG_S = 600;
const SHORT_S = 20;
/** Part of the run in which caches may still grow. */
const WARM_UP = 0.3;
/** A median that moves less is noise of the allocators. */
const RSS_ROOM_KB = 8 * 1024;
const RSS_ROOM = 0.08;
const CYCLE = {
  source: 'synthetic',
  seconds: 30,
  width: 640,
  height: 360,
  fps: 60,
  bitrate_kbps: 4000,
};
/** How long a stream runs before it is stopped; every third ends on its own. */
const STOP_AFTER_MS = 400;
const OWN_END_S = 0.4;
const IDLE_LIMIT_MS = 10_000;

export type Verdict = { readonly ok: boolean; readonly lines: readonly string[] };

/** Compares the medians of the first and the last third after the warm-up. */
export function judge(samples: readonly Footprint[]): Verdict {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.floor(settled.length / 3);
  if (third < 1) return { ok: false, lines: [`only ${samples.length} streams: too few to judge`] };
  const early = medians(settled.slice(0, third));
  const late = medians(settled.slice(-third));
  const rssRoom = Math.max(RSS_ROOM_KB, early.rss_kb * RSS_ROOM);
  const rows = [
    row('memory, kB', early.rss_kb, late.rss_kb, rssRoom),
    row('handles', early.handles, late.handles, 0),
    row('threads', early.threads, late.threads, 0),
  ];
  return { ok: rows.every(({ ok }) => ok), lines: rows.map(({ line }) => line) };
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { short: { type: 'boolean' }, seconds: { type: 'string' } },
  });
  const seconds =
    values.seconds === undefined ? (values.short ? SHORT_S : LONG_S) : Number(values.seconds);
  if (!(seconds > 0)) {
    console.error(`--seconds is ${values.seconds}; it must be a number above 0`);
    return 2;
  }
  const host = await startHost();
  const samples: Footprint[] = [];
  let status: number;
  try {
    const end = performance.now() + seconds * 1000;
    for (let cycle = 0; performance.now() < end; cycle += 1) {
      await stream(host, cycle % 3 === 2);
      samples.push(footprint(host.pid));
    }
  } finally {
    status = await host.end();
  }
  const verdict = judge(samples);
  console.log(`${samples.length} streams in ${seconds} s; the host ended with status ${status}`);
  for (const line of verdict.lines) console.log(line);
  return verdict.ok && status === 0 ? 0 : 1;
}

async function stream(host: Host, untilItsEnd: boolean): Promise<void> {
  const path = '/api/v1/test-streams';
  await host.json('POST', path, untilItsEnd ? { ...CYCLE, seconds: OWN_END_S } : CYCLE);
  if (!untilItsEnd) {
    await Bun.sleep(STOP_AFTER_MS);
    await host.json('DELETE', path);
  }
  const limit = performance.now() + IDLE_LIMIT_MS;
  for (;;) {
    const state = Value.Parse(TestStreamState, await host.json('GET', path));
    // Stopped before its first frame: no report, and no fault.
    const early = state.state === 'failed' && state.code === 'stopped';
    if (state.state === 'failed' && !early) throw new Error(`failed: ${state.error}`);
    if (state.state === 'idle' || state.state === 'done' || early) return;
    if (performance.now() > limit) throw new Error(`no end: ${JSON.stringify(state)}`);
    await Bun.sleep(20);
  }
}

function medians(samples: readonly Footprint[]): Footprint {
  const middle = (read: (sample: Footprint) => number): number =>
    samples.map(read).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
  return {
    rss_kb: middle((sample) => sample.rss_kb),
    threads: middle((sample) => sample.threads),
    handles: middle((sample) => sample.handles),
  };
}

function row(
  name: string,
  early: number,
  late: number,
  room: number,
): { ok: boolean; line: string } {
  const ok = late - early <= room;
  const line = `${ok ? '✓' : '✗'} ${name}: ${early} → ${late} (${Math.round(room)} allowed)`;
  return { ok, line };
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
