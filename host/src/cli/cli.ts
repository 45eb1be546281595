// The command line: finds the subcommand, shows help, turns errors into sentences and exit codes.
import { writeSync } from 'node:fs';
import { userInfo } from 'node:os';
import { ConfigError } from '../config.ts';
import { AppError, reasonOf, systemCode } from '../errors.ts';
import { VERSION } from '../version.ts';
import { clients } from './clients.ts';
import {
  type CliContext,
  type Command,
  commandHelp,
  type ExitCode,
  exitCode,
  parseArguments,
  UsageError,
} from './command.ts';
import { completion } from './completion.ts';
import { doctor } from './doctor.ts';
import { openapi } from './openapi.ts';
import { pair } from './pair.ts';
import { serve } from './serve.ts';
import { sessions } from './sessions.ts';
import { stats } from './stats.ts';
import { testStream } from './test-stream.ts';
import { token } from './token.ts';
import { trial } from './trial.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  serve,
  pair,
  clients,
  sessions,
  stats,
  token,
  testStream,
  doctor,
  openapi,
  completion(() => commands),
  trial,
];

/** What the exit codes mean, for help and docs/cli.md. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'fine',
  1: 'a problem: refused, failed, or found by a check',
  2: 'misuse: an unknown command, option, word or value',
  3: 'no host answers where the configuration says it listens',
  4: 'there is no such recording, device, session or token, or nothing waits',
};

/** Runs one invocation and answers the exit code. */
export async function runCli(
  args: readonly string[],
  context: CliContext = processContext(),
): Promise<ExitCode> {
  try {
    return await runNamed(args, context);
  } catch (error) {
    // Whoever read our output had enough: nothing to say, and nobody to say it to.
    if (systemCode(error) === 'EPIPE') return exitCode.problem;
    context.err(`punktfunk-host: ${reasonOf(error)}\n`);
    return exitCode.problem;
  }
}

async function runNamed(args: readonly string[], context: CliContext): Promise<ExitCode> {
  const [first = '', ...rest] = args;
  if (first === '--version') {
    context.out(`punktfunk-host ${VERSION}\n`);
    return exitCode.ok;
  }
  if (first === '--help' || first === 'help') {
    context.out(overview());
    return exitCode.ok;
  }
  const named = commands.find(({ name }) => name === first);
  if (named === undefined && first !== '' && !first.startsWith('-')) {
    context.err(`punktfunk-host: unknown command "${first}"; --help lists them\n`);
    return exitCode.usage;
  }
  const command = named ?? serve;
  try {
    const { flags, words } = parseArguments(command, named === undefined ? args : rest);
    if (flags['help'] === true) {
      context.out(commandHelp(command, words));
      return exitCode.ok;
    }
    return await command.run(flags, context, words);
  } catch (error) {
    if (error instanceof UsageError) {
      context.err(
        `punktfunk-host ${command.name}: ${error.message}; --help shows what is possible\n`,
      );
      return exitCode.usage;
    }
    if (error instanceof ConfigError) {
      context.err(`punktfunk-host: ${error.message}\n`);
      return exitCode.usage;
    }
    if (systemCode(error) === 'EPIPE') throw error;
    const code = error instanceof AppError ? ` [${error.code}]` : '';
    context.err(`punktfunk-host ${command.name}: ${reasonOf(error)}${code}\n`);
    return error instanceof AppError ? codeOf(error) : exitCode.problem;
  }
}

function codeOf({ status, code }: AppError): ExitCode {
  if (code === 'host_not_running' || code === 'host_unreachable') return exitCode.noHost;
  return status === 404 ? exitCode.notFound : exitCode.problem;
}

function overview(): string {
  const visible = commands.filter(({ hidden }) => hidden !== true);
  const width = Math.max(...visible.map(({ name }) => name.length));
  return [
    'punktfunk-host: streams this screen and records where the time goes',
    '',
    'punktfunk-host [command] [options]     without a command: serve',
    '',
    ...visible.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'punktfunk-host <command> --help shows its options; --version prints the version.',
    'Exit codes:',
    ...Object.entries(exitMeanings).map(([code, meaning]) => `  ${code}  ${meaning}`),
    '',
  ].join('\n');
}

function processContext(): CliContext {
  return {
    env: process.env,
    homeDir: homeOfAccount(),
    out: writeStdoutNow,
    outPiece: writeStdout,
    err: (text) => {
      process.stderr.write(text);
    },
    outIsTerminal: process.stdout.isTTY === true,
    errIsTerminal: process.stderr.isTTY === true,
    ...(process.stdout.isTTY === true ? { columns: process.stdout.columns } : {}),
    ...(process.stdin.isTTY === true && process.stderr.isTTY === true ? { confirm } : {}),
  };
}

/** Asked on stderr, so that stdout holds the answer of the host alone; the end of input is no yes. */
async function confirm(question: string): Promise<boolean> {
  const { createInterface } = await import('node:readline');
  // The terminal edits the line itself, and Ctrl-C ends the program as everywhere.
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    process.stderr.write(`${question} [y/N] `);
    const answer = await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
    });
    if (answer === undefined) process.stderr.write('\n');
    return /^y(es)?$/i.test(answer?.trim() ?? '');
  } finally {
    lines.close();
  }
}

/** By hand: what fails afterwards, in a stream of its own, would end the program with a stack. */
function writeStdoutNow(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    const taken = takenByStdout(bytes, at);
    if (taken === 0) Bun.sleepSync(FULL_PIPE_MS);
    at += taken;
  }
}

/** By hand: `Bun.write` repeats part of what it writes when a pipe takes less than all at once. */
async function writeStdout(piece: string | Uint8Array): Promise<void> {
  const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
  for (let at = 0; at < bytes.length; ) {
    const taken = takenByStdout(bytes, at);
    if (taken === 0) await Bun.sleep(FULL_PIPE_MS);
    at += taken;
  }
}

/** How many of the bytes from `at` on; 0 while it is full. Throws system errors. */
function takenByStdout(bytes: Uint8Array, at: number): number {
  try {
    return writeSync(STDOUT, bytes, at);
  } catch (error) {
    // Whoever shares the pipe made it non-blocking.
    if (systemCode(error) === 'EAGAIN') return 0;
    throw error;
  }
}

/** From the user database: HOME may be unset, and an account may have no entry. */
function homeOfAccount(): string | undefined {
  try {
    return userInfo().homedir || undefined;
  } catch {
    return undefined;
  }
}

const STDOUT = 1;
const FULL_PIPE_MS = 5;
