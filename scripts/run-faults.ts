// Kills dist/punktfunk-host at random moments, some while it saves, and holds what the next start makes of it against what
// was streamed. Prints a table; fails when anything but the last window is lost, or anything does not load.
import { parseArgs } from 'node:util';
import { type KillReport, killRounds } from '../tests/support/kill-rounds.ts';
import { seeded } from '../tests/support/seeded-recordings.ts';

const USAGE = `usage: scripts/faults [--kills N] [--lanes N] [--seed N]
  --kills  how many (1000)
  --lanes  hosts at a time (3)
  --seed   what the moments are made of (1)`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { kills: text, lanes: text, seed: text, help: { type: 'boolean' } },
  });
  const [kills, lanes, seed] = [values.kills ?? 1000, values.lanes ?? 3, values.seed ?? 1].map(
    Number,
  );
  if (values.help || !isCount(kills) || !isCount(lanes) || !isCount(seed)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const each = Math.ceil(kills / lanes);
  const reports = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => killRounds(each, seeded(seed * 1000 + lane))),
  );
  const sum = (read: (report: KillReport) => number): number =>
    reports.reduce((total, report) => total + read(report), 0);
  const faults = reports.flatMap((report) => report.faults);
  console.log(
    [
      '| kill -9 | while saving | recovered | saved before | most lost at the end | faults |',
      '|---:|---:|---:|---:|---:|---:|',
      `| ${sum((r) => r.rounds)} | ${sum((r) => r.whileSaving)} | ${sum((r) => r.recovered)} | ${sum((r) => r.otherwise)} | ${Math.round(Math.max(...reports.map((r) => r.mostLostMs)))} ms | ${faults.length} |`,
    ].join('\n'),
  );
  for (const fault of faults) console.log(`  ✗ ${fault}`);
  return faults.length > 0 ? 1 : 0;
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0;
}
