// What a subcommand is, and how its arguments are read. Exit codes are stable; docs/cli.md shows them to people.
import { parseArgs } from 'node:util';
import { wrapped } from './output.ts';

/** `noHost`: no host answers; `notFound`: what was named does not exist. */
export const exitCode = { ok: 0, problem: 1, usage: 2, noHost: 3, notFound: 4 } as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export interface Option {
  /** What stands for the value in the help; undefined = a switch. `a|b` are the values themselves. */
  readonly value?: string;
  readonly doc: string;
  /** The one letter that stands for it too: `-o`. */
  readonly short?: string;
  /** For completion, where `value` does not name them. */
  readonly choices?: readonly string[];
  /** May be given several times, each with its value. */
  readonly many?: true;
}

/** What a shell offers for a word or a value. */
export type Completion = 'file' | 'recording' | 'deleted recording';

export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string | undefined;
  readonly out: (text: string) => void;
  /** Much of it: resolves when there is room for more. */
  readonly outPiece: (piece: string | Uint8Array) => Promise<void>;
  readonly err: (text: string) => void;
  /** Somebody looks at stdout / at stderr: colours and progress are for people. */
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** How wide that terminal is; absent = nobody looks, and lines stay within 80. */
  readonly columns?: number;
  /** Whether somebody says yes to a question; absent = nobody is there to be asked. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

/** Given flags: a string, true for a switch, or a list for what may come several times. */
export type Flags = Readonly<Record<string, string | true | readonly string[] | undefined>>;

/** One way to call a command with words. */
export interface Form {
  /** Lower case stands for itself, upper case for a value: `rename ID NAME`; empty = no words. */
  readonly words: string;
  readonly doc: string;
  /** Options that only this form takes; those that no form names go with every form. */
  readonly options?: readonly string[];
  /** What its upper-case words may be. */
  readonly complete?: Readonly<Record<string, Completion>>;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Without forms no word is allowed. */
  readonly forms?: readonly Form[];
  /** Left out of the help: for other commands, not for people. */
  readonly hidden?: boolean;
  readonly run: (flags: Flags, context: CliContext, words: readonly string[]) => Promise<ExitCode>;
}

export interface Arguments {
  readonly flags: Flags;
  /** What fits one of the command’s forms. */
  readonly words: readonly string[];
}

/** Misuse: printed with a hint to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Reads a command's arguments. Throws UsageError naming what is unknown or incomplete. */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    [...Object.entries(command.options), HELP].map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        ...(short === undefined ? {} : { short }),
      },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const flags: Record<string, string | true | string[]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) throw new UsageError(`unknown option ${token.rawName}`);
    if (option.type === 'boolean') {
      if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
      flags[token.name] = true;
    } else if (token.value === undefined) {
      throw new UsageError(`${token.rawName} needs a value`);
    } else if (command.options[token.name]?.many === true) {
      flags[token.name] = [...textsFlag(flags, token.name), token.value];
    } else flags[token.name] = token.value;
  }
  if (flags['help'] !== true) checkForm(command, flags, words);
  return { flags, words };
}

/** The words must fit one form, and the options must be for that one. */
function checkForm({ forms = [NO_WORDS] }: Command, flags: Flags, words: readonly string[]): void {
  const form = forms.find((candidate) => fits(candidate, words));
  if (form === undefined) {
    if (forms.every((candidate) => candidate.words === '')) {
      throw new UsageError(`unexpected argument "${words[0]}"`);
    }
    const possible = forms.map((candidate) => `"${candidate.words}"`.replace('""', 'nothing'));
    throw new UsageError(
      `${words.length === 0 ? 'nothing' : `"${words.join(' ')}"`} fits none of ${possible.join(', ')}`,
    );
  }
  for (const option of Object.keys(flags)) {
    const owners = forms.filter((candidate) => candidate.options?.includes(option));
    if (owners.length > 0 && !owners.includes(form)) {
      const named = owners.filter((owner) => owner.words !== '');
      const names = named.map((owner) => `"${owner.words}"`);
      throw new UsageError(`--${option} is for ${names.join(' and ')} alone`);
    }
  }
}

function fits(form: Form, words: readonly string[]): boolean {
  const pattern = form.words.split(' ').filter((word) => word !== '');
  return (
    pattern.length === words.length &&
    pattern.every((word, i) => word === word.toUpperCase() || word === words[i])
  );
}

/** The value of a flag that takes one. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** The values of a flag that may come several times. */
export function textsFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value : [];
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

/** Help of one command, within 80 columns; of one form of it alone when `words` begin as that does. */
export function commandHelp(command: Command, words: readonly string[] = []): string {
  const { name, summary, forms = [] } = command;
  const named = forms.filter((form) => form.words !== '' && form.words.split(' ')[0] === words[0]);
  const shown = named.length === 0 ? forms : named;
  const owned = new Set(shown.flatMap(({ options = [] }) => options));
  const others = new Set(forms.flatMap(({ options = [] }) => options));
  const options = [...Object.entries(command.options), HELP]
    .filter(([option]) => owned.has(option) || !others.has(option))
    .map(([option, facts]) => [`  ${optionText(option, facts)}`, facts.doc] as const);
  const ways = shown.map(
    (form) => [`  ${[name, form.words].join(' ').trimEnd()}`, form.doc] as const,
  );
  return [
    `punktfunk-host ${name}: ${summary}`,
    '',
    ...(ways.length === 0 ? [] : [...helpLines(ways), '']),
    ...helpLines(options),
    '',
    ...(forms.length > shown.length || forms.every((form) => form.options === undefined)
      ? []
      : [`punktfunk-host ${name} WORD --help shows what goes with one of them.`, '']),
  ].join('\n');
}

function helpLines(rows: readonly (readonly [left: string, doc: string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, doc]) => {
    const lines = wrapped(doc, HELP_COLUMNS - width, '').split('\n');
    return left.padEnd(width) + lines.join(`\n${' '.repeat(width)}`);
  });
}

/** As in a help: `-o, --output FILE`. */
export function optionText(name: string, { value, short }: Option): string {
  const letter = short === undefined ? '' : `-${short}, `;
  return `${letter}--${name}${value === undefined ? '' : ` ${value}`}`;
}

const HELP: [string, Option] = ['help', { doc: 'Show this help.' }];
const HELP_COLUMNS = 80;
const NO_WORDS: Form = { words: '', doc: '' };
