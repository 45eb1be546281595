// docs/cli.md holds what the commands say of themselves.
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, exitMeanings } from '../../host/src/cli/cli.ts';
import { type Command, optionText } from '../../host/src/cli/command.ts';

const DOC = join(import.meta.dir, '../../docs/cli.md');

test('docs/cli.md holds commands and exit codes as they are (UPDATE_EXPECT=1 rewrites it)', () => {
  const text = readFileSync(DOC, 'utf8');
  const codes = Object.entries(exitMeanings).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const visible = commands.filter(({ hidden }) => hidden !== true);
  const expected = filled(
    filled(text, 'exit codes', ['| Code | Meaning |', '|---|---|', ...codes].join('\n')),
    'commands',
    visible.map(section).join('\n\n'),
  );
  const { UPDATE_EXPECT } = process.env;
  if (UPDATE_EXPECT === '1') writeFileSync(DOC, expected);
  expect(text).toBe(expected);
  for (const { name } of visible) expect(expected).toContain(`### ${name}\n`);
});

function filled(text: string, marker: string, content: string): string {
  const [before, , after] = text.split(`<!-- ${marker} -->`);
  if (before === undefined || after === undefined) throw new Error(`no place for ${marker}`);
  return `${before}<!-- ${marker} -->\n${content}\n<!-- ${marker} -->${after}`;
}

function section({ name, summary, forms = [], options }: Command): string {
  const words = forms.map(
    ({ words: form, doc, options: own = [] }) =>
      `| \`${name}${form === '' ? '' : ` ${form}`}\` | ${cell(doc)} | ${own.map((option) => `\`--${option}\``).join(' ')} |`,
  );
  const rows = Object.entries(options).map(
    ([option, facts]) => `| \`${cell(optionText(option, facts))}\` | ${cell(facts.doc)} |`,
  );
  return [
    `### ${name}`,
    '',
    `${summary}.`,
    ...(words.length === 0
      ? []
      : ['', '| Words | What | Options of its own |', '|---|---|---|', ...words]),
    ...(rows.length === 0 ? [] : ['', '| Option | What |', '|---|---|', ...rows]),
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
