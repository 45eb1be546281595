// `completion`: what a shell needs to complete this program’s command line, made from the commands themselves. The
// scripts are in completion-scripts.ts; here is what may follow what.
import { type Command, type Completion, exitCode, type Option } from './command.ts';
import { scripts, shells } from './completion-scripts.ts';

/** What may come at one place. */
export interface Place {
  /** The command and the words before, ` `-separated; `*` stands for any one word. */
  readonly path: string;
  readonly words: readonly string[];
  readonly kinds: readonly Completion[];
}

export interface OfferedOption {
  readonly name: string;
  readonly short: string | undefined;
  readonly doc: string;
  readonly takesValue: boolean;
  /** Of its value. */
  readonly choices: readonly string[];
  readonly kinds: readonly Completion[];
}

export interface OfferedCommand {
  readonly name: string;
  readonly doc: string;
  readonly places: readonly Place[];
  readonly options: readonly OfferedOption[];
  /** Options that go with some words alone: by the words’ path. */
  readonly optionsAt: Readonly<Record<string, readonly string[]>>;
}

/** `commands` answers the table that this command stands in itself. */
export function completion(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print a script that completes this program’s words in a shell',
    forms: shells.map((shell) => ({ words: shell, doc: INSTALL[shell] })),
    options: {},
    async run(_flags, context, [word]) {
      const shell = shells.find((name) => name === word);
      if (shell !== undefined) context.out(scripts[shell](offered(commands())));
      return exitCode.ok;
    },
  };
}

/** What a person may type, without what is for other commands. */
export function offered(commands: readonly Command[]): readonly OfferedCommand[] {
  return commands.filter(({ hidden }) => hidden !== true).map(offeredCommand);
}

function offeredCommand(command: Command): OfferedCommand {
  const { name, summary, forms = [] } = command;
  const places = new Map<string, { words: Set<string>; kinds: Set<Completion> }>();
  const optionsAt: Record<string, readonly string[]> = {};
  const owned = new Set(forms.flatMap(({ options = [] }) => options));
  const common = [...Object.keys(command.options), 'help'].filter((option) => !owned.has(option));
  for (const form of forms) {
    let path = name;
    const [verb = ''] = form.words.split(' ');
    optionsAt[verb === '' ? name : `${name} ${verb}`] = [...common, ...(form.options ?? [])];
    for (const word of form.words.split(' ').filter((part) => part !== '')) {
      const place = places.get(path) ?? { words: new Set<string>(), kinds: new Set<Completion>() };
      places.set(path, place);
      const isValue = word === word.toUpperCase();
      const kind = form.complete?.[word];
      if (!isValue) place.words.add(word);
      else if (kind !== undefined) {
        place.kinds.add(kind);
        if (kind !== 'file') place.words.add('latest');
      }
      path = `${path} ${isValue ? '*' : word}`;
    }
  }
  return {
    name,
    doc: summary,
    places: [...places]
      .map(([path, { words, kinds }]) => ({ path, words: [...words], kinds: [...kinds] }))
      .filter(({ words, kinds }) => words.length + kinds.length > 0),
    options: [
      ...Object.entries(command.options).map(([option, facts]) => offeredOption(option, facts)),
      offeredOption('help', { doc: 'Show this help.' }),
    ],
    optionsAt,
  };
}

function offeredOption(name: string, { value, doc, short, choices }: Option): OfferedOption {
  const named = value?.includes('|') === true ? value.split('|') : [];
  return {
    name,
    short,
    doc,
    takesValue: value !== undefined,
    choices: choices ?? named,
    kinds: value === 'FILE' ? ['file'] : [],
  };
}

const INSTALL: Readonly<Record<(typeof shells)[number], string>> = {
  bash: 'For ~/.local/share/bash-completion/completions/punktfunk-host.',
  zsh: 'For a file _punktfunk-host in a folder of $fpath.',
  fish: 'For ~/.config/fish/completions/punktfunk-host.fish.',
};
