// The truth lab in full: seeded scripts on the real host, each recording compared with the log of what truly happened, and
// plans in virtual time judged by DuckDB. Writes docs/truth.md and fails on the first disagreement it has told.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { TestScript } from '../contract/test-streams.ts';
import { startHost } from '../tests/support/host.ts';
import type { Comparison } from '../tests/truth/compare.ts';
import { playAndCompare } from '../tests/truth/run.ts';
import { everyKind, many, overlapping, random } from '../tests/truth/scripts.ts';

const ROOT = resolve(import.meta.dir, '..');
const USAGE = `usage: scripts/truth [--scripts N] [--seconds N] [--plans N] [--no-write]
  --scripts   random scripts on the real host (10), beside the three fixed ones
  --seconds   how long each may be (20)
  --plans     plans in virtual time (60)
  --no-write  leave docs/truth.md as it is`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { scripts: text, seconds: text, plans: text, 'no-write': flag, help: flag },
  });
  const scripts = Number(values.scripts ?? 10);
  const seconds = Number(values.seconds ?? 20);
  const plans = Number(values.plans ?? 60);
  if (values.help || ![scripts, seconds, plans].every((n) => n >= 0)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const rows = await playAll([
    ['every kind of fault', everyKind(7)],
    ['three sessions that overlap', overlapping(8)],
    ['sixteen sessions at once', many(16, 9)],
    ...Array.from({ length: scripts }, (_, i): [string, TestScript] => [
      `random script, seed ${i + 1}`,
      random(i + 1, seconds),
    ]),
  ]);
  const virtual = await judgePlans(plans);
  const report = written(rows, virtual);
  console.log(report);
  if (!values['no-write']) writeFileSync(join(ROOT, 'docs/truth.md'), report);
  const faults = rows.flatMap(({ name, result }) =>
    result.faults.map((fault) => `${name}: ${fault}`),
  );
  for (const fault of faults) console.error(`  ✗ ${fault}`);
  if (virtual.failed > 0) console.error(virtual.output);
  return faults.length > 0 || virtual.failed > 0 ? 1 : 0;
}

interface Row {
  readonly name: string;
  readonly script: TestScript;
  readonly result: Comparison;
}

async function playAll(scripts: readonly (readonly [string, TestScript])[]): Promise<Row[]> {
  const host = await startHost();
  const rows: Row[] = [];
  try {
    for (const [name, script] of scripts) {
      console.error(`  … ${name}`);
      rows.push({ name, script, result: await playAndCompare(host, script) });
    }
  } finally {
    await host.end();
  }
  return rows;
}

interface Virtual {
  readonly plans: number;
  readonly failed: number;
  readonly checks: number;
  readonly output: string;
}

async function judgePlans(plans: number): Promise<Virtual> {
  if (plans === 0) return { plans, failed: 0, checks: 0, output: '' };
  console.error(`  … ${plans} plans in virtual time`);
  const child = Bun.spawn([process.execPath, 'test', './tests/truth/virtual.test.ts'], {
    cwd: ROOT,
    env: { ...process.env, PF_TRUTH_SEEDS: String(plans), NO_COLOR: '1' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const output = await new Response(child.stderr).text();
  const count = (what: RegExp): number => Number(what.exec(output)?.[1] ?? 0);
  const status = await child.exited;
  const passed = count(/^ *(\d+) pass$/m);
  const failed = Math.max(count(/^ *(\d+) fail$/m), status === 0 && passed === plans ? 0 : 1);
  return { plans: passed, failed, checks: count(/^ *(\d+) expect\(\) calls$/m), output };
}

function written(rows: readonly Row[], virtual: Virtual): string {
  const total = (read: (result: Comparison) => number): number =>
    rows.reduce((sum, { result }) => sum + read(result), 0);
  const sharp =
    total((r) => r.sharpBoundaries) /
    Math.max(
      1,
      total((r) => r.boundaries),
    );
  const line = ({ name, script, result: r }: Row): string => {
    const actions = script.sessions.reduce((sum, { actions = [] }) => sum + actions.length, 0);
    const cells = [
      script.sessions.length,
      actions,
      r.frames,
      r.boundaries,
      r.worstErrorUs.toFixed(1),
    ];
    return `| ${[name, ...cells, r.quantiles, r.counters, r.events, r.faults.length].join(' | ')} |`;
  };
  return `# Is it true?

Written by \`scripts/truth\`; nothing here is typed by hand. A script injects faults into a real stream (docs/test-scripts.md). The
parts that it is played by log what they saw, on the engine's clock, right before and right after each boundary: that log is
the truth. The recording comes out of the compiled host's API, and is compared with it: every boundary of every frame, every
counter, every event, and quantiles of random ranges, whose bounds DuckDB computes from the log alone.

| script | sessions | faults injected | frames | boundaries | worst error, µs | quantiles | counters | events | disagreements |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
${rows.map(line).join('\n')}

"Worst error" is how far a recorded boundary lies outside the two moments that the log allows. ${(sharp * 100).toFixed(1)} % of the boundaries are
known to 2 µs or less; between the others' two moments the machine did something else. A quantile must lie within the
bounds that follow from these moments.

In virtual time, where the plan itself is known to the nanosecond, nothing may differ at all: ${virtual.plans} seeded plans (stalls, spikes,
repeats, skips, drops, losses, up to four sessions of both kinds) went through recorder, row groups and file; every window,
every column of every frame and 24 ranges each were compared with what DuckDB computes from the plan: ${virtual.checks} comparisons,
${virtual.failed === 0 ? 'all equal' : `${virtual.failed} plans disagree`}.
`;
}
