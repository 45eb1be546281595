// What is built for browsers: a limit that is passed is said, of the size that it is about; and the viewer holds nothing
// that could ask a host.
import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildComponents, tooLarge } from '../../scripts/build-components.ts';

const built = { file: 'a.js', bytes: 3000, gzipped: 1000 };

test.each([
  [undefined, []],
  [{ of: 'bytes', most: 3000 } as const, []],
  [{ of: 'bytes', most: 2999 } as const, ['a.js is 3000 bytes, the limit is 2999']],
  [{ of: 'gzipped', most: 1000 } as const, []],
  [{ of: 'gzipped', most: 999 } as const, ['a.js is 1000 bytes gzipped, the limit is 999']],
])('of 3000 bytes, 1000 gzipped, a limit of %j says %j', (limit, said) => {
  expect(tooLarge({ ...built, limit })).toEqual(said);
});

test('nothing that is built is too large, and the viewer has no way to a host', async () => {
  const dist = await mkdtemp(join(tmpdir(), 'pf-sizes-'));
  try {
    const all = await buildComponents(dist);
    expect(all.flatMap(tooLarge)).toEqual([]);
    expect(all.flatMap(({ limit }) => limit ?? [])).toEqual([
      { of: 'gzipped', most: 130_000 },
      { of: 'bytes', most: 400_000 },
      { of: 'gzipped', most: 12_000 },
    ]);
    const viewer = await Bun.file(join(dist, 'web/viewer.html')).text();
    const ways = ['fetch(', 'EventSource', 'XMLHttpRequest', 'WebSocket', '/api/', 'import('];
    expect(ways.filter((way) => viewer.includes(way))).toEqual([]);
  } finally {
    await rm(dist, { recursive: true });
  }
}, 60_000);
