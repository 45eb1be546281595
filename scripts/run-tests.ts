// Runs every check and test to the end, fast ones first, and prints `N passed, N failed` as the last line.
// Started by scripts/test and scripts/check, which see to it that the tools are there; `--help` lists the options.
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Outcome,
  type Reader,
  readBunTest,
  readCargoTest,
  readCheck,
  total,
} from './lib/outcome.ts';

type Step = {
  readonly name: string;
  readonly title: string;
  readonly command: readonly string[];
  readonly folder?: string;
  readonly read: Reader;
  /** Part of scripts/check: needs no build. */
  readonly check: boolean;
  /** Runs beside the steps after it, in what they leave of the machine. */
  readonly aside?: boolean;
};

const ROOT = resolve(import.meta.dir, '..');
const LOGS = join(ROOT, '.cache/log');
const ENGINE = join(ROOT, 'engine');
const SHOWN_LINES = 200;
/** Cargo as the tests want it: third parties are those of the build that ships. */
const CARGO = ['cargo', '--config', '.cargo/tests.toml'];
const QUIET_TESTS = [
  ...'api arch cli components contract ffi gamestream golden host recording recordings scripts'.split(
    ' ',
  ),
  'truth/virtual.test.ts',
];
/** Of their folders, what streams or listens in real time, and has no good word for who takes its core. */
const LIVE_TESTS = [
  ...['executable', 'prometheus', 'recordings-executable'].map((name) => `api/${name}`),
  ...['cli/built-host', 'ffi/scripts', 'gamestream/discovery'],
].map((name) => `${name}.test.ts`);
/** What streams in real time: one after the other. */
const STREAMING_TESTS = ['e2e', 'security', 'truth/real.test.ts', 'faults', ...LIVE_TESTS];
/** What hangs is told soon, and a busy machine is waited for; tests that know better name a limit of their own. */
const TEST_LIMIT = '--timeout=20000';
/** A step that hangs is a failure, not a CI job that never ends. */
const LIMIT_MS = 20 * 60_000;

const usage = `usage: scripts/test [--only NAME[,NAME…]] [--checks]
  --only    these steps alone: ${steps()
    .map((step) => step.name)
    .join(', ')}
  --checks  what scripts/check runs: ${steps()
    .filter((step) => step.check)
    .map((step) => step.name)
    .join(', ')}`;

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, checks: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const only = values.only?.split(',');
  const chosen = steps().filter((step) =>
    only === undefined ? isDefault(step, values.checks ?? false) : only.includes(step.name),
  );
  if (chosen.length === 0) {
    console.error(usage);
    return 2;
  }
  mkdirSync(LOGS, { recursive: true });
  const outcomes: Outcome[] = [];
  const aside: Promise<Outcome>[] = [];
  for (const step of chosen) {
    if (step.aside) aside.push(run(step));
    else outcomes.push(await run(step));
  }
  return summarise(total([...outcomes, ...(await Promise.all(aside))]));
}

function steps(): readonly Step[] {
  const check = (
    name: string,
    title: string,
    command: readonly string[],
    folder?: string,
  ): Step => ({
    ...{ name, title, command, read: readCheck(title), check: true },
    ...(folder === undefined ? {} : { folder }),
  });
  const bun = process.execPath;
  return [
    check('lint', 'Format and lint of TypeScript', [
      'node_modules/.bin/biome',
      'ci',
      '--colors=off',
      '.',
    ]),
    check('types', 'Types', ['node_modules/.bin/tsc', '-p', '.']),
    check('shell', 'Shell scripts', ['bash', 'scripts/lib/check-shell.sh']),
    check('rustfmt', 'Format of Rust', ['cargo', 'fmt', '--all', '--check'], ENGINE),
    {
      ...check('arch', 'Imports, hygiene, licences', [
        bun,
        'test',
        './tests/arch',
        './tests/scripts',
      ]),
      read: readBunTest,
    },
    check(
      'clippy',
      'Lint of Rust',
      [
        ...[...CARGO, 'clippy', '--release', '--workspace', '--all-targets', '--locked'],
        ...['--', '-D', 'warnings'],
      ],
      ENGINE,
    ),
    {
      ...{
        name: 'engine',
        title: 'Engine tests',
        check: false,
        read: readCargoTest,
        folder: ENGINE,
      },
      command: [...CARGO, 'test', '--release', '--workspace', '--locked', '--no-fail-fast'],
    },
    { ...check('build', 'Build of dist/punktfunk-host', ['scripts/build']), check: false },
    {
      // `cargo test` builds no programs of a crate without tests of its own folder.
      ...check(
        'painters',
        'Build of the painters',
        [...CARGO, 'build', '--release', '--workspace', '--locked', '--bins'],
        ENGINE,
      ),
      check: false,
    },
    {
      // By the clock: it takes what the others leave of the machine, and no time of its own.
      ...check('fuzz', 'Parsers, ten seconds each', [
        ...(Bun.which('chrt') === null ? [] : ['chrt', '--idle', '0']),
        ...[bun, 'scripts/run-fuzz.ts', '--short'],
      ]),
      ...{ check: false, aside: true },
    },
    {
      ...{ name: 'bun', title: 'Host and page tests', check: false, read: readBunTest },
      // They wait more than they compute. What streams in real time comes alone, below.
      command: [
        ...[bun, 'test', TEST_LIMIT, '--parallel=2'],
        ...['*.fuzz.test.ts', ...LIVE_TESTS].flatMap((name) => [
          '--path-ignore-patterns',
          `**/${name}`,
        ]),
        ...QUIET_TESTS.map((name) => `./tests/${name}`),
      ],
    },
    {
      // Bundlers and browsers of others: they take both cores.
      ...{ name: 'embed', title: 'Elements in foreign pages', check: false, read: readBunTest },
      command: [bun, 'test', '--timeout=60000', './tests/embed'],
    },
    {
      ...{ name: 'e2e', title: 'Streams to real clients, faults and abuse', check: false },
      ...{
        read: readBunTest,
        command: [
          ...[bun, 'test', TEST_LIMIT],
          ...STREAMING_TESTS.map((name) => `./tests/${name}`),
        ],
      },
    },
    { ...check('soak', 'Short soak', [bun, 'scripts/run-soak.ts', '--short']), check: false },
  ];
}

/** The whole run leaves `arch` out: `bun test` holds the same files. */
function isDefault(step: Step, checks: boolean): boolean {
  return checks ? step.check : step.name !== 'arch';
}

async function run(step: Step): Promise<Outcome> {
  const log = join(LOGS, `test-${step.name}.log`);
  const file = openSync(log, 'w');
  const started = performance.now();
  const stopTicking = step.aside ? () => {} : announce(step.title, started);
  const child = Bun.spawn([...step.command], {
    cwd: step.folder ?? ROOT,
    stdin: 'ignore',
    stdout: file,
    stderr: file,
    env: {
      ...process.env,
      ...{ NO_COLOR: '1', CARGO_TERM_COLOR: 'never' },
      // What is built once gains nothing from being prepared for a second time.
      ...(process.env['CI'] === 'true' ? { CARGO_INCREMENTAL: '0' } : {}),
    },
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const exitCode = await child.exited;
  closeSync(file);
  stopTicking();
  const output = Bun.stripANSI(readFileSync(log, 'utf8'));
  const outcome = step.read(output, exitCode);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = `${outcome.failed} failed, ${outcome.passed} passed (${seconds} s)`;
  if (outcome.failed > 0) {
    console.log(`  ✗ ${step.title}: ${counts}. From ${log}:\n${withoutPasses(output)}`);
  } else {
    console.log(`  ✓ ${step.title}: ${outcome.passed} passed (${seconds} s)`);
  }
  return outcome;
}

/** The end of a log, less the lines of tests that passed and of crates that compiled. */
function withoutPasses(output: string): string {
  const lines = output.trimEnd().split('\n');
  return lines
    .filter(
      (line) => !/^(\(pass\) |test .* \.\.\. ok$| +(Compiling|Checking|Downloaded) )/.test(line),
    )
    .slice(-SHOWN_LINES)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** At a terminal one line that counts seconds and is then wiped; in a log one line, once. */
function announce(title: string, started: number): () => void {
  if (!process.stdout.isTTY) {
    console.log(`  … ${title}`);
    return () => {};
  }
  const draw = (): void => {
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(`\r\x1b[K  … ${title}, ${seconds} s`);
  };
  draw();
  const timer = setInterval(draw, 1000);
  return () => {
    clearInterval(timer);
    process.stdout.write('\r\x1b[K');
  };
}

function summarise(outcome: Outcome): number {
  if (outcome.skipped.length > 0) console.log(`\nSkipped:\n${list(outcome.skipped)}`);
  if (outcome.failures.length > 0) console.log(`\nFailed:\n${list(outcome.failures)}`);
  const failed = outcome.failed + (outcome.passed === 0 && outcome.failed === 0 ? 1 : 0);
  console.log(`\n${outcome.passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function list(names: readonly string[]): string {
  return names.map((name) => `  - ${name}`).join('\n');
}
