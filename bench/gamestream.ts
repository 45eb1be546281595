// How long a stock client waits: to be paired, for its first picture; and what its control stream costs the host.
// The client is its own core in a process of its own (tests/support/moonlight.ts). Rows are shares of the allowed amount
// (target 1); `--json` prints them as scripts/run-bench.ts reads them.
import { readdirSync, readFileSync } from 'node:fs';
import type { PairingState } from '../contract/clients.ts';
import type { Capture } from '../contract/stats.ts';
import { type Row, table } from '../scripts/lib/bench-rows.ts';
import { type Host, startHost } from '../tests/support/host.ts';
import { Moonlight, missingMoonlight, until } from '../tests/support/moonlight.ts';

const PAIRINGS = 3;
const STARTS = 5;
const PAIRING_LIMIT_S = 0.5;
const FIRST_FRAME_LIMIT_S = 1.5;
const CONTROL_LIMIT_PCT = 1;
const FIRST_PACKET_LIMIT_MS = 150;
const CONTROL_SECONDS = 8;
const MODE = { width: 1280, height: 720, fps: 60 };

if (missingMoonlight !== '') {
  console.error(`bench: no rows of stock clients${missingMoonlight}`);
} else {
  const rows = await measure();
  console.log(
    process.argv.includes('--json')
      ? rows.map((row) => JSON.stringify(row)).join('\n')
      : table(rows),
  );
}

async function measure(): Promise<Row[]> {
  const host = await startHost({ args: ['--source', 'synthetic', '--discovery', 'off'] });
  try {
    const pairings: number[] = [];
    let client = new Moonlight();
    for (let round = 0; round < PAIRINGS; round += 1) {
      await client[Symbol.asyncDispose]();
      client = new Moonlight();
      // One attempt from an address in two seconds.
      await Bun.sleep(2100);
      pairings.push(await pairingSeconds(host, client));
    }
    await using device = client;
    const first: number[] = [];
    await host.json('POST', '/api/v1/stats/capture/start');
    for (let round = 0; round < STARTS; round += 1) {
      await device.launch({ ...MODE, resume: round > 0 });
      const state = await until('a frame', async () => {
        const now = await device.state();
        return now.frames > 0 ? now : undefined;
      });
      first.push(state.first_frame_s ?? Number.POSITIVE_INFINITY);
      if (round < STARTS - 1) await device.stop();
    }
    const capture = (await host.json('GET', '/api/v1/stats/capture/live')) as Capture;
    const control = await threadShare(host.pid, 'pf-control', CONTROL_SECONDS);
    await device.stop();
    return [
      share(
        'pairing, machine time',
        median(pairings),
        PAIRING_LIMIT_S,
        `s, PIN sent → client done, ${PAIRINGS} rounds`,
      ),
      share(
        'launch → first frame',
        median(first),
        FIRST_FRAME_LIMIT_S,
        `s at ${MODE.width}x${MODE.height}@${MODE.fps}, ${STARTS} rounds`,
      ),
      share(
        'control stream up → first frame',
        median(firstFrames(capture)),
        FIRST_PACKET_LIMIT_MS,
        `ms, ${STARTS} rounds`,
      ),
      share(
        'control thread',
        control,
        CONTROL_LIMIT_PCT,
        `% of a core for one client, over ${CONTROL_SECONDS} s`,
      ),
    ];
  } finally {
    await host.end();
  }
}

/** From the PIN's arrival at the host to the client's last message. */
async function pairingSeconds(host: Host, client: Moonlight): Promise<number> {
  await client.connect(host.gamestreamPort);
  const pairing = client.pair('0815');
  const attempt = await until('an attempt', async () => {
    const { attempts } = (await host.json('GET', '/api/v1/pairing')) as PairingState;
    return attempts.find(({ phase }) => phase === 'waiting_for_pin');
  });
  const before = performance.now();
  await host.json('POST', '/api/v1/clients/pin', { pin: '0815', attempt_id: attempt.attempt_id });
  await pairing;
  return (performance.now() - before) / 1000;
}

/** ms from a client's control connection to its first encoded frame, a session each. */
function firstFrames({ sessions = [], events = [] }: Capture): number[] {
  return sessions.map(({ session_id }) => {
    const of = (kind: string) =>
      events.find((event) => event.session_id === session_id && event.kind === kind)?.t_ms;
    return (of('key_frame') ?? Number.POSITIVE_INFINITY) - (of('control_connected') ?? 0);
  });
}

/** CPU time of the threads whose name begins so, as a percentage of one core. */
async function threadShare(pid: number, name: string, seconds: number): Promise<number> {
  const before = threadTicks(pid, name);
  await Bun.sleep(seconds * 1000);
  return (threadTicks(pid, name) - before) / seconds;
}

/** Clock ticks are hundredths of a second on Linux. */
function threadTicks(pid: number, name: string): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, id) => {
    const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8');
    if (!stat.includes(`(${name}`)) return sum;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.POSITIVE_INFINITY;
}

function share(name: string, value: number, limit: number, unit: string): Row {
  const ratio = value / limit;
  return {
    name,
    ratio,
    target: 1,
    ok: ratio <= 1,
    detail: `${value.toFixed(2)} of ${limit} ${unit}`,
  };
}
