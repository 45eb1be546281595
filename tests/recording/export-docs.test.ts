// docs/exports.md holds the columns of the CSV as they are.
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvColumns } from '../../recording/src/export/csv.ts';

const DOC = join(import.meta.dir, '../../docs/exports.md');

test('docs/exports.md holds the columns as they are (UPDATE_EXPECT=1 rewrites it)', () => {
  const text = readFileSync(DOC, 'utf8');
  const [before, , after] = text.split('<!-- columns -->\n');
  const rows = csvColumns.map(({ name, doc }) => `| \`${name}\` | ${doc} |`);
  const table = ['| column | meaning |', '|---|---|', ...rows].join('\n');
  const expected = `${before}<!-- columns -->\n${table}\n<!-- columns -->\n${after}`;
  const { UPDATE_EXPECT } = process.env;
  if (UPDATE_EXPECT === '1') writeFileSync(DOC, expected);
  expect(text).toBe(expected);
});
