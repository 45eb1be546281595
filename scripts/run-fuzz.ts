// Runs every property test of the wire formats by the clock: the Rust tests named `fuzz_…` (proptest) and the
// `*.fuzz.test.ts` (fast-check), half of the time each, on the stable toolchain. Started by scripts/fuzz. With `--short`,
// as the tests do: the parsers alone, ten seconds each, both languages at the same time.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  listedTests,
  nextInputs,
  testBinaries,
  typescriptFailures,
  typescriptInputs,
} from './lib/fuzz-output.ts';

const ROOT = resolve(import.meta.dir, '..');
const DEFAULT_MINUTES = 10;
const CRATES = ['pf-proto', 'pf-seal'];
const SHORT_MS = 10_000;
/** Rust tests that give foreign bytes to a parser. */
const PARSER =
  /random_(bytes|units|datagrams|commands)|any_(payload|body|datagram)|mutated|well_formed/;
/** Inputs of the first run, which tells how fast a test is. */
const FIRST_INPUTS = 64;
/** A run is cut into pieces of this length, so that the time left steers the next. */
const PIECE_MS = 10_000;
/** Beyond its share a test gets this long before it counts as one that never ends. */
const PATIENCE_MS = 60_000;
/** Lines of a failure that are shown. */
const TAIL_LINES = 60;

type RustTest = { readonly crate: string; readonly path: string; readonly name: string };
type Run = { readonly status: number | 'no end'; readonly output: string; readonly ms: number };
type Outcome = { readonly inputs: number; readonly tests: number; readonly failed: number };

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string' }, short: { type: 'boolean' } },
  });
  const minutes = values.minutes === undefined ? DEFAULT_MINUTES : Number(values.minutes);
  if (!(minutes > 0 && Number.isFinite(minutes))) {
    console.error(`--minutes is ${values.minutes}; it must be a number above 0`);
    return 2;
  }
  const tests = await rustTests();
  const outcomes = values.short === true ? await short(tests) : await long(tests, minutes);
  const sum = (read: (outcome: Outcome) => number): number =>
    outcomes.reduce((total, outcome) => total + read(outcome), 0);
  const failed = sum((outcome) => outcome.failed);
  const inputs = sum((outcome) => outcome.inputs).toLocaleString('en');
  console.log(`${inputs} inputs in ${sum((outcome) => outcome.tests)} tests; ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function long(tests: readonly RustTest[], minutes: number): Promise<Outcome[]> {
  const half_ms = (minutes * 60_000) / 2;
  const outcomes: Outcome[] = [];
  for (const test of tests) outcomes.push(await fuzzRust(test, half_ms / tests.length));
  outcomes.push(await fuzzTypescript(half_ms));
  return outcomes;
}

async function short(tests: readonly RustTest[]): Promise<Outcome[]> {
  const parsers = tests.filter(({ name }) => PARSER.test(name));
  if (parsers.length === 0) throw new Error('no Rust test is one of a parser');
  const rust = async (): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const test of parsers) outcomes.push(await fuzzRust(test, SHORT_MS));
    return outcomes;
  };
  const [ours, typescript] = await Promise.all([
    rust(),
    fuzzTypescript((await typescriptTests()).count * SHORT_MS),
  ]);
  return [...ours, typescript];
}

async function rustTests(): Promise<readonly RustTest[]> {
  const crates = CRATES.flatMap((crate) => ['-p', crate]);
  const cargo = ['cargo', '--config', '.cargo/tests.toml', 'test', '--release', '--locked'];
  const options = ['--no-run', '--message-format=json', ...crates];
  const built = await run(
    [...cargo, ...options],
    {},
    Number.POSITIVE_INFINITY,
    join(ROOT, 'engine'),
  );
  if (built.status !== 0) throw new Error(`the Rust tests do not build:\n${tail(built.output)}`);
  const tests: RustTest[] = [];
  for (const { crate, path } of testBinaries(built.output)) {
    const listed = await run([path, '--list'], {}, PATIENCE_MS);
    for (const name of listedTests(listed.output)) tests.push({ crate, path, name });
  }
  if (tests.length === 0) throw new Error('no Rust test is named fuzz_…');
  return tests;
}

async function fuzzRust(test: RustTest, share_ms: number): Promise<Outcome> {
  const end = performance.now() + share_ms;
  let inputs = 0;
  let next = FIRST_INPUTS;
  for (;;) {
    const piece = await rustRun(test, next);
    if (piece.status !== 0) return rustFailure(test, piece, inputs);
    inputs += next;
    const left_ms = end - performance.now();
    if (left_ms <= 0) break;
    next = nextInputs(next / piece.ms, Math.min(left_ms, PIECE_MS));
  }
  console.log(`✓ ${label(test)}: ${inputs.toLocaleString('en')} inputs`);
  return { inputs, tests: 1, failed: 0 };
}

type SeededRun = Run & { readonly reproduce: string };

async function rustRun(test: RustTest, inputs: number): Promise<SeededRun> {
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  const env = { PROPTEST_CASES: `${inputs}`, PROPTEST_RNG_SEED: `${seed}` };
  const ran = await run(
    [test.path, '--exact', test.name, '--nocapture'],
    // What fails is told with its seed; the source folders stay as they are, and the input stays in sight.
    { ...env, PROPTEST_DISABLE_FAILURE_PERSISTENCE: '1', RUST_BACKTRACE: '0' },
    PATIENCE_MS + PIECE_MS,
    join(ROOT, 'engine', 'crates', test.crate),
  );
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = `cargo test -p ${test.crate} ${test.name}`;
  return { ...ran, reproduce: `${settings.join(' ')} ${command}` };
}

function rustFailure(test: RustTest, ran: SeededRun, inputs: number): Outcome {
  const how = ran.status === 'no end' ? `no end after ${Math.round(ran.ms / 1000)} s` : 'failed';
  console.log(`✗ ${label(test)}: ${how} after ${inputs.toLocaleString('en')} inputs that held`);
  console.log(`  again, in engine/: ${ran.reproduce}`);
  console.log(tail(ran.output));
  return { inputs, tests: 1, failed: 1 };
}

async function fuzzTypescript(share_ms: number): Promise<Outcome> {
  const { files, count } = await typescriptTests();
  const seconds = share_ms / 1000 / count;
  const ran = await run(
    [process.execPath, 'test', ...files.map((file) => `./${file}`)],
    { FUZZ_SECONDS: seconds.toFixed(2) },
    share_ms + count * PATIENCE_MS,
  );
  const held = typescriptInputs(ran.output);
  for (const { name, inputs } of held) {
    console.log(`✓ ${name}: ${inputs.toLocaleString('en')} inputs`);
  }
  const failures = typescriptFailures(ran.output);
  for (const name of failures.names) console.log(`✗ ${name}`);
  for (const seed of failures.seeds) console.log(`  again with fc.check's ${seed}`);
  // A run that broke off has named no test.
  const failed = Math.max(failures.names.length, ran.status === 0 ? 0 : 1);
  if (failed > 0) console.log(tail(ran.output));
  const inputs = held.reduce((sum, test) => sum + test.inputs, 0);
  return { inputs, tests: held.length + failures.names.length, failed };
}

async function typescriptTests(): Promise<{ files: readonly string[]; count: number }> {
  const files = [...new Bun.Glob('tests/**/*.fuzz.test.ts').scanSync(ROOT)].sort();
  let count = 0;
  for (const file of files) {
    const text = await Bun.file(join(ROOT, file)).text();
    count += [...text.matchAll(/^\s*fuzz\($/gm)].length;
  }
  if (count === 0) throw new Error('no TypeScript property test was found');
  return { files, count };
}

async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  limit_ms: number,
  cwd: string = ROOT,
): Promise<Run> {
  const started = performance.now();
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let late = false;
  const timer = Number.isFinite(limit_ms)
    ? setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, limit_ms)
    : undefined;
  const [out, error, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  const status = late ? 'no end' : code;
  return { status, output: `${out}\n${error}`, ms: Math.max(1, performance.now() - started) };
}

function label(test: RustTest): string {
  return `${test.crate} ${test.name}`;
}

function tail(output: string): string {
  const lines = output.trimEnd().split('\n').slice(-TAIL_LINES);
  return lines.map((line) => `  ${line.slice(0, 400)}`).join('\n');
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
