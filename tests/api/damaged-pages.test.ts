// Pages through a folder of strange files: every page has a next one that can be asked for, until the last.
import { expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { CaptureMeta } from '../../contract/stats.ts';
import { body, RECORDINGS } from '../support/api.ts';
import { fakeHost, temporaryFolder } from '../support/fake-host.ts';

test('files with any name are listed, one a page, by the addresses that the answers give', async () => {
  const configDir = temporaryFolder();
  const folder = join(configDir, 'captures');
  mkdirSync(folder);
  const names = [
    'a\nb',
    'ü',
    '本',
    'a b',
    'a,b',
    '<x>; rel="next"',
    '%0d%0a',
    'x..y',
    'x'.repeat(200),
    '~',
  ];
  for (const name of names) writeFileSync(join(folder, `${name}.json`), '{"hello":"world"}');
  const host = fakeHost({ configDir });
  const pages = new Set<string>();
  const damaged: string[] = [];
  let next: string | undefined = `${RECORDINGS}?limit=1`;
  while (next !== undefined) {
    expect([...pages]).not.toContain(next);
    pages.add(next);
    const page = await host.ask('GET', next);
    expect([next, page.status]).toEqual([next, 200]);
    const metas = await body<CaptureMeta[]>(page, Type.Array(CaptureMeta));
    for (const meta of metas) damaged.push(meta.damaged?.file ?? '');
    next = /<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(damaged).toHaveLength(names.length);
  expect(damaged.every((file) => file !== '')).toBe(true);
});
