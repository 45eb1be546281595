// docs/cli.md holds what the commands say of themselves, and what they really print.
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RangeQuantiles } from '../../contract/stats.ts';
import { commands, exitMeanings } from '../../host/src/cli/cli.ts';
import { type Command, optionText } from '../../host/src/cli/command.ts';
import { ranCli } from '../support/cli.ts';
import { captureOf, steadyFrames } from '../support/exported-frames.ts';
import { FakeStatsApi } from '../support/fake-stats-api.ts';
import { metaOf, SECONDS, temporaryFolder } from '../support/stats-cli.ts';

const DOC = join(import.meta.dir, '../../docs/cli.md');

test('docs/cli.md holds commands, exit codes and examples as they are (UPDATE_EXPECT=1 rewrites it)', async () => {
  const text = readFileSync(DOC, 'utf8');
  const codes = Object.entries(exitMeanings).map(([code, meaning]) => `| ${code} | ${meaning} |`);
  const visible = commands.filter(({ hidden }) => hidden !== true);
  let expected = filled(
    text,
    'exit codes',
    ['| Code | Meaning |', '|---|---|', ...codes].join('\n'),
  );
  expected = filled(expected, 'commands', visible.map(section).join('\n\n'));
  using api = hostOfExamples();
  for (const [name, lines] of Object.entries(examples)) {
    expected = filled(expected, name, await transcript(api, lines));
  }
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

/** In the order of the page: what one does, the next finds. */
const examples: Readonly<Record<string, readonly string[]>> = {
  'example of recording': [
    'stats start --pre-roll 30 --name "Stutter in the menu"',
    'stats mark "it stuttered"',
    'stats status',
    'stats stop',
  ],
  'example of looking': ['stats list', 'stats show latest --session 1 --from 0:02 --to 0:30'],
  'example of keeping': [
    'stats edit latest --star --tag wifi --note "second run, after the driver update"',
    'stats list --starred --since 2026-06-01',
  ],
  'example of exports': [
    'stats export latest -o run.csv',
    'stats export latest --session 1 --format trace',
  ],
  'example of the trash': [
    'stats delete latest',
    'stats trash',
    'stats restore latest',
    'stats delete latest --forever --json',
    'stats import run.json',
  ],
  'example of the black box': ['stats save'],
};

function hostOfExamples(): FakeStatsApi {
  const api = new FakeStatsApi();
  api.deletedAgoMs = 3 * 60_000;
  api.hold(captureOf({ meta: metaOf({ bytes: 78_414 }) }), {
    frames: [...steadyFrames(SECONDS)],
    quantiles: figures,
  });
  const id = '2026-06-25T18-02-40Z_2560x1440';
  const { name: _, ...older } = metaOf({ id, trigger: 'freeze', bytes: 1_204_511 });
  api.hold(captureOf({ meta: older }));
  api.blackBox = { ...older, id: '2026-06-26T21-00-02Z_1920x1080', trigger: 'request' };
  api.status = {
    ...{ armed: true, sample_count: 61, kind: 'gamestream' },
    ...{ started_unix_ms: 1_000_000, now_unix_ms: 1_061_000 },
    black_box: {
      ...{ on: true, seconds: 118.2, frames: 7092, bytes: 1, limit_bytes: 2, limit_s: 120 },
      ...{ saved: 0, held_back: 0 },
    },
  };
  return api;
}

function figures(session: number): RangeQuantiles {
  const stages = [
    ['capture', 477, 749, 1442, 3923, 3923],
    ['encode', 6834, 9209, 31_125, 104_599, 104_599],
    ['packetize', 8, 11, 128, 748, 748],
    ['send', 98, 322, 1540, 53_988, 53_988],
    ['total', 8141, 10_667, 54_450, 111_014, 111_014],
    ['other', 0, 0, 0, 0, 0],
    ['submit', 14, 118, 378, 897, 897],
    ['wait', 6692, 8981, 31_112, 99_681, 99_681],
    ['queue', 22, 93, 1482, 53_935, 53_935],
    ['first_send', 61, 151, 294, 464, 464],
    ['pace', 0, 1, 1, 1, 1],
  ] as const;
  return {
    ...{ session, from_ms: 2000, to_ms: 30_000, frames: 'all', bytes: 3_104_551 },
    ...{ count: 672, new: 652, repeated: 20, dropped: 4, key_frames: 2, skipped: 0, late: 0 },
    stages: stages.map(([name, p50, p90, p99, p999, max_us]) => ({
      ...{ name, count: 672, min_us: 0, max_us, mean_us: p50 },
      quantiles_us: { p50, p90, p99, 'p99.9': p999 },
    })),
  };
}

/** What somebody sees who types these lines, in a folder of their own. */
async function transcript(api: FakeStatsApi, lines: readonly string[]): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'run.json'), JSON.stringify(captureOf()));
  const shown: string[] = [];
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (const line of lines) {
      const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
      const { out, err } = await ranCli(words, api.env);
      shown.push(`$ punktfunk-host ${line}`, `${out}${err}`.trimEnd());
    }
  } finally {
    process.chdir(before);
  }
  return ['```console', ...shown, '```'].join('\n');
}
