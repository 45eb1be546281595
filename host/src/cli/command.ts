// What a subcommand is, and how its arguments are read. Exit codes are stable: 0 fine, 1 a problem found, 2 misuse.
import { parseArgs } from 'node:util';

export const exitCode = { ok: 0, problem: 1, usage: 2 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export interface Option {
  /** What stands for the value in the help; undefined = a switch. */
  readonly value?: string;
  readonly doc: string;
}

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string | undefined;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Somebody looks at stdout / at stderr: colours and progress are for people. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

/** Given flags: a string, or true for a switch. */
export type Flags = Readonly<Record<string, string | true | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Left out of the help: for other commands, not for people. */
  readonly hidden?: boolean;
  readonly run: (flags: Flags, context: CliContext) => Promise<ExitCode>;
}

/** Misuse: printed with a hint to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads a command's arguments. Throws UsageError naming what is unknown or incomplete. */
export function parseFlags(command: Command, args: readonly string[]): Flags {
  const options = Object.fromEntries(
    [...Object.entries(command.options), HELP].map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: Record<string, string | true> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new UsageError(`unexpected argument "${token.value}"`);
    }
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) throw new UsageError(`unknown option ${token.rawName}`);
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      flags[token.name] = true;
    } else if (token.value === undefined) {
      throw new UsageError(`${token.rawName} needs a value`);
    } else flags[token.name] = token.value;
  }
  return flags;
}

/** The value of a flag that takes one. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return value === true ? undefined : value;
}

/** Flags that take a value, for the configuration. */
export function textFlags(flags: Flags): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.keys(flags).map((name) => [name, textFlag(flags, name)]));
}

/** A number flag within limits; the default when it is not given. */
export function numberFlag(
  flags: Flags,
  name: string,
  limits: { readonly least: number; readonly most: number; readonly otherwise: number },
): number {
  const text = textFlag(flags, name);
  if (text === undefined) return limits.otherwise;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= limits.least && value <= limits.most)) {
    throw new UsageError(`--${name} is "${text}"; it must be ${limits.least} to ${limits.most}`);
  }
  return value;
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const rows = [...Object.entries(command.options), HELP].map(([name, { value, doc }]) => [
    `  --${name}${value === undefined ? '' : ` ${value}`}`,
    doc,
  ]);
  const width = Math.max(...rows.map(([left]) => left?.length ?? 0));
  return [
    `punktfunk-host ${command.name}: ${command.summary}`,
    '',
    ...rows.map(([left, doc]) => `${left?.padEnd(width)}  ${doc}`),
    '',
  ].join('\n');
}

const HELP: [string, Option] = ['help', { doc: 'Show this help.' }];
