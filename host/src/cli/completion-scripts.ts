// Completion in three shells, from one description. All three walk the words before the cursor alike: a word is part of
// the path, or an option, or the value of one. Ids of recordings are asked of the running host when they are needed.
import type { Completion } from './command.ts';
import type { OfferedCommand, OfferedOption } from './completion.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const scripts: Readonly<Record<Shell, (commands: readonly OfferedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** What is offered for one place, in the words of the shell. */
interface Offer {
  readonly words: readonly (readonly [word: string, doc: string])[];
  readonly kinds: readonly Completion[];
}

type Cases = readonly (readonly [pattern: string, offer: Offer])[];

/** By the path: what may come next. */
function nextCases(commands: readonly OfferedCommand[]): Cases {
  const overview: Offer = { words: commands.map(({ name, doc }) => [name, doc]), kinds: [] };
  const places = commands.flatMap(({ places }) =>
    places.map(({ path, words, kinds }): readonly [string, Offer] => [
      path,
      { words: words.map((word) => [word, '']), kinds },
    ]),
  );
  return [['', overview], ...places];
}

/** By the path: which options; the longer path first, because the first that fits is taken. */
function optionCases(commands: readonly OfferedCommand[]): Cases {
  return commands.flatMap((command) => {
    const known = new Map(command.options.map((option) => [option.name, option]));
    const offer = (names: readonly string[]): Offer => ({
      words: names.flatMap((name) => wordsOf(known.get(name))),
      kinds: [],
    });
    const at = Object.entries(command.optionsAt).filter(([path]) => path !== command.name);
    const own = command.optionsAt[command.name] ?? command.options.map(({ name }) => name);
    return [
      ...at.flatMap(
        ([path, names]): Cases => [
          [path, offer(names)],
          [`${path} *`, offer(names)],
        ],
      ),
      [command.name, offer(own)],
      [`${command.name} *`, offer(own)],
    ];
  });
}

function wordsOf(option: OfferedOption | undefined): readonly (readonly [string, string])[] {
  if (option === undefined) return [];
  const short = option.short === undefined ? [] : [[`-${option.short}`, option.doc] as const];
  return [...short, [`--${option.name}`, option.doc]];
}

/** By command and option: which values. */
function valueCases(commands: readonly OfferedCommand[]): Cases {
  return commands.flatMap(({ name, options }) =>
    options
      .filter(({ choices, kinds }) => choices.length + kinds.length > 0)
      .flatMap((option): Cases => {
        const offer: Offer = {
          words: option.choices.map((word) => [word, '']),
          kinds: option.kinds,
        };
        return keysOf(name, option).map((key) => [key, offer] as const);
      }),
  );
}

/** Command and option of everything that takes a value. */
function withValues(commands: readonly OfferedCommand[]): readonly string[] {
  return commands.flatMap(({ name, options }) =>
    options.filter(({ takesValue }) => takesValue).flatMap((option) => keysOf(name, option)),
  );
}

/** How an option is looked up; without a command it is one of `serve`. */
function keysOf(command: string, option: OfferedOption): readonly string[] {
  const commands = command === 'serve' ? ['', command] : [command];
  return commands.flatMap((name) => wordsOf(option).map(([word]) => `${name} ${word}`));
}

/** Quoted for bash and zsh patterns; a `*` that stands for any word stays one. */
function pattern(path: string): string {
  if (path === '') return "''";
  return path
    .split('*')
    .map((part) => (part === '' ? '' : `'${part}'`))
    .join('*');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function bashScript(commands: readonly OfferedCommand[]): string {
  const cases = (list: Cases): string =>
    list
      .map(([path, { words, kinds }]) => {
        const names = words.map(([word]) => word).join(' ');
        return `      ${pattern(path)}) offers=${quoted(names)} kinds=${quoted(kinds.join(' '))} ;;`;
      })
      .join('\n');
  return `# Completion of punktfunk-host in bash; made by: punktfunk-host completion bash
_punktfunk_host_ids() {
  timeout 3 "\${1/#\\~/$HOME}" stats "\${@:2}" --json --quiet 2>/dev/null | grep -o '"id":"[^"]*"' | cut -d '"' -f 4
}

_punktfunk_host() {
  local program=$1 current=\${COMP_WORDS[COMP_CWORD]} path='' option='' offers='' kinds='' kind word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $option ]]; then
      # bash takes --option=value apart.
      [[ $word == '=' ]] || option=''
      continue
    fi
    if [[ $word != -?* ]]; then
      path="\${path:+$path }$word"
      continue
    fi
    case "\${path%% *} $word" in
      ${alternatives(withValues(commands))}) option=$word ;;
    esac
  done
  [[ -n $option && $current == '=' ]] && current=''
  if [[ -n $option ]]; then
    case "\${path%% *} $option" in
${cases(valueCases(commands))}
    esac
  elif [[ $current == -* ]]; then
    case "$path" in
      '') offers=${quoted(`--help --version ${serveOptions(commands).join(' ')}`)} ;;
${cases(optionCases(commands))}
    esac
  else
    case "$path" in
${cases(nextCases(commands))}
    esac
  fi
  [[ $kinds == *'deleted recording'* ]] && offers+=" $(_punktfunk_host_ids "$program" trash --all)" && kinds=\${kinds/deleted recording/}
  for kind in $kinds; do
    case $kind in
      recording) offers+=" $(_punktfunk_host_ids "$program" list --limit 1000)" ;;
      file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
    esac
  done
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$offers" -- "$current")
}

complete -F _punktfunk_host punktfunk-host
`;
}

function zshScript(commands: readonly OfferedCommand[]): string {
  const cases = (list: Cases): string =>
    list
      .map(([path, { words, kinds }]) => {
        const entries = words.map(([word, doc]) => quoted(doc === '' ? word : `${word}:${doc}`));
        return `      ${pattern(path)}) offers=(${entries.join(' ')}) kinds=(${kinds.map(quoted).join(' ')}) ;;`;
      })
      .join('\n');
  const serve = commands.find(({ name }) => name === 'serve');
  return `#compdef punktfunk-host
# Completion of punktfunk-host in zsh; made by: punktfunk-host completion zsh
_punktfunk_host_ids() {
  timeout 3 "\${(e)words[1]/#\\~/$HOME}" stats "$@" --json --quiet 2>/dev/null | grep -o '"id":"[^"]*"' | cut -d '"' -f 4
}

_punktfunk_host() {
  local current=$words[CURRENT] place='' option='' kind word i
  local -a offers kinds ids
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $option ]]; then
      option=''
      continue
    fi
    if [[ $word != -?* ]]; then
      place="\${place:+$place }$word"
      continue
    fi
    case "\${place%% *} $word" in
      (${alternatives(withValues(commands))}) option=$word ;;
    esac
  done
  if [[ -z $option && $current == --*=* ]]; then
    option=\${current%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    case "\${place%% *} $option" in
${cases(valueCases(commands))}
    esac
  elif [[ $current == -* ]]; then
    case "$place" in
      '') offers=('--help:Show this help.' '--version:Print the version.' ${(serve?.options ?? [])
        .filter(({ name }) => name !== 'help')
        .map(({ name, doc }) => quoted(`--${name}:${doc}`))
        .join(' ')}) ;;
${cases(optionCases(commands))}
    esac
  else
    case "$place" in
${cases(nextCases(commands))}
    esac
  fi
  for kind in $kinds; do
    case $kind in
      recording)
        ids=(\${(f)"$(_punktfunk_host_ids list --limit 1000)"})
        offers+=($ids)
        ;;
      'deleted recording')
        ids=(\${(f)"$(_punktfunk_host_ids trash --all)"})
        offers+=($ids)
        ;;
      file) _files ;;
    esac
  done
  (( $#offers )) && _describe -V 'punktfunk-host' offers
}

if [[ $funcstack[1] == _punktfunk-host ]]; then
  _punktfunk_host "$@"
else
  compdef _punktfunk_host punktfunk-host
fi
`;
}

function fishScript(commands: readonly OfferedCommand[]): string {
  const cases = (list: Cases): string =>
    list
      .map(([path, { words, kinds }]) => {
        const lines = [
          ...words.map(([word, doc]) => `printf '%s\\t%s\\n' ${fishText(word)} ${fishText(doc)}`),
          ...kinds.map((kind) => fishKinds[kind]),
        ];
        return `        case ${fishText(path)}\n${lines.map((line) => `            ${line}`).join('\n')}`;
      })
      .join('\n');
  const serve = commands.find(({ name }) => name === 'serve');
  return `# Completion of punktfunk-host in fish; made by: punktfunk-host completion fish
function __punktfunk_host_ids
    set -l program (commandline -opc)[1]
    timeout 3 $program stats $argv --json --quiet 2>/dev/null | string match -ar '"id":"[^"]*"' | string replace -r '"id":"(.*)"' '$1'
end

function __punktfunk_host
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l place
    set -l option
    for word in $before[2..]
        if test -n "$option"
            set option
            continue
        end
        if not string match -qr -- '^-.' $word
            set -a place $word
            continue
        end
        switch "$place[1] $word"
            case ${withValues(commands).map(fishText).join(' ')}
                set option $word
        end
    end
    set -l prefix
    if test -z "$option"; and string match -qr -- '^--[^=]+=' $current
        set option (string replace -r '=.*' '' -- $current)
        set prefix "$option="
    end
    if test -n "$option"
        for line in (__punktfunk_host_values "$place[1] $option")
            printf '%s%s\\n' $prefix $line
        end
    else if string match -q -- '-*' $current
        __punktfunk_host_options "$place"
    else
        __punktfunk_host_words "$place"
    end
end

function __punktfunk_host_values
    switch $argv[1]
${cases(valueCases(commands))}
    end
end

function __punktfunk_host_options
    switch $argv[1]
        case ''
${[
  ['--help', 'Show this help.'],
  ['--version', 'Print the version.'],
  ...(serve?.options ?? [])
    .filter(({ name }) => name !== 'help')
    .map(({ name, doc }) => [`--${name}`, doc]),
]
  .map(
    ([word = '', doc = '']) => `            printf '%s\\t%s\\n' ${fishText(word)} ${fishText(doc)}`,
  )
  .join('\n')}
${cases(optionCases(commands))}
    end
end

function __punktfunk_host_words
    switch $argv[1]
${cases(nextCases(commands))}
    end
end

complete -c punktfunk-host -f -a '(__punktfunk_host)'
`;
}

const fishKinds: Readonly<Record<Completion, string>> = {
  recording: '__punktfunk_host_ids list --limit 1000',
  'deleted recording': '__punktfunk_host_ids trash --all',
  file: '__fish_complete_path (string replace -r "^--[^=]+=" "" -- (commandline -ct))',
};

/** fish knows two escapes inside single quotes. */
function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function alternatives(words: readonly string[]): string {
  return words.map(quoted).join(' | ');
}

/** Without a command word the options are those of `serve`. */
function serveOptions(commands: readonly OfferedCommand[]): readonly string[] {
  const serve = commands.find(({ name }) => name === 'serve');
  return (serve?.options ?? []).map(({ name }) => `--${name}`).filter((name) => name !== '--help');
}
