// docs/gamestream.md shows the host's own table of ANNOUNCE.
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { announceTable } from '../../host/src/gamestream/announce.ts';

const DOC = join(import.meta.dir, '../../docs/gamestream.md');

test('docs/gamestream.md holds the table of ANNOUNCE as it is (UPDATE_EXPECT=1 rewrites it)', () => {
  const mark = '<!-- announce -->\n';
  const [before = '', , after = ''] = readFileSync(DOC, 'utf8').split(mark);
  const rows = announceTable.map(({ name, use, what, least, most, absent }) => {
    const limits = least === undefined ? '–' : least === most ? `${least}` : `${least} – ${most}`;
    return `| \`${name}\` | ${use} | ${limits} | ${absent ?? '–'} | ${what} |`;
  });
  const table = [
    '| attribute | | values | if absent | |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  const expected = [before, table, after].join(mark);
  if (process.env['UPDATE_EXPECT'] === '1') writeFileSync(DOC, expected);
  expect(readFileSync(DOC, 'utf8')).toBe(expected);
});
