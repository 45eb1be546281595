// Runs every benchmark and prints one table. Each prints JSON lines {"name","ratio","target","ok"[,"detail"]} for
// `--json`: cargo examples named *bench* and cargo bench targets, and the files of bench/. `--check` fails on a missed
// target; without it only a benchmark that fails to run does. `--only TEXT` picks by name, `--json` prints the lines.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Row, readRows, table } from './lib/bench-rows.ts';

type Bench = {
  readonly name: string;
  readonly command: readonly string[];
  readonly folder: string;
};

const ROOT = resolve(import.meta.dir, '..');
const ENGINE = join(ROOT, 'engine');

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { check: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string' } },
  });
  const benches = [...(await cargoBenches()), ...ownBenches()].filter(
    ({ name }) => values.only === undefined || name.includes(values.only),
  );
  const rows: Row[] = [];
  const broken: string[] = [];
  for (const bench of benches) {
    console.error(`  … ${bench.name}`);
    const { found, status } = await run(bench);
    rows.push(...found);
    if (found.length === 0 && status !== 0) broken.push(bench.name);
    if (found.length === 0 && status === 0) console.error(`    (${bench.name} has no goals)`);
  }
  console.log(values.json ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows));
  if (broken.length > 0) console.error(`without a result: ${broken.join(', ')}`);
  const missed = rows.filter(({ ok }) => !ok).length;
  if (missed > 0) console.error(`${missed} of ${rows.length} targets missed`);
  return broken.length > 0 || benches.length === 0 || (values.check && missed > 0) ? 1 : 0;
}

/** Its rows and its status, which may also say that a target was missed. */
async function run(bench: Bench): Promise<{ found: Row[]; status: number }> {
  const child = Bun.spawn([...bench.command], {
    cwd: bench.folder,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [output, complaints, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const found = readRows(output);
  if (found.length === 0 && status !== 0)
    console.error(complaints.split('\n').slice(-20).join('\n'));
  return { found, status };
}

async function cargoBenches(): Promise<Bench[]> {
  const child = Bun.spawn(['cargo', 'metadata', '--format-version=1', '--no-deps', '--locked'], {
    cwd: ENGINE,
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const metadata: unknown = JSON.parse(await new Response(child.stdout).text());
  return list(metadata, 'packages').flatMap((entry) =>
    list(entry, 'targets').flatMap((target): Bench[] => {
      const [crate, name] = [string(entry, 'name'), string(target, 'name')];
      const kind = list(target, 'kind');
      const common = ['--locked', '-p', crate];
      if (kind.includes('bench')) {
        const command = ['cargo', 'bench', ...common, '--bench', name, '--', '--json'];
        return [{ name: `${crate} ${name}`, command, folder: ENGINE }];
      }
      if (!kind.includes('example') || !name.includes('bench')) return [];
      const command = ['cargo', 'run', '--release', ...common, '--example', name, '--', '--json'];
      return [{ name: `${crate} ${name}`, command, folder: ENGINE }];
    }),
  );
}

function ownBenches(): Bench[] {
  return [...new Bun.Glob('bench/*.ts').scanSync({ cwd: ROOT })]
    .sort()
    .map((path) => ({ name: path, command: [process.execPath, path, '--json'], folder: ROOT }));
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = property(value, name);
  return Array.isArray(found) ? found : [];
}

function string(value: unknown, name: string): string {
  return String(property(value, name));
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map(Object.entries(value)).get(name)
    : undefined;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
