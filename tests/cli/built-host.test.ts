// `stats` against dist/punktfunk-host: what is done to recordings from a shell is what the host then keeps.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ran, ranCli } from '../support/cli.ts';
import { captureOf } from '../support/exported-frames.ts';
import { fileOf } from '../support/fake-stats-api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { metaOf } from '../support/stats-cli.ts';

const NEWER = '2026-06-26T20-14-03Z_1920x1080';
const OLDER = '2026-06-25T20-14-03Z_1920x1080';
const DAY_MS = 86_400_000;

describe.skipIf(missingExecutable !== '')(`stats and the built host${missingExecutable}`, () => {
  const configDir = temporaryFolder();
  let host: Host;

  beforeAll(async () => {
    host = await startHost({ configDir });
    for (const [id, daysAgo] of [
      [OLDER, 2],
      [NEWER, 1],
    ] as const) {
      const { started_unix_ms } = captureOf().meta;
      const meta = metaOf({ id, started_unix_ms: started_unix_ms - daysAgo * DAY_MS });
      const file = join(configDir, `${id}.json`);
      writeFileSync(file, JSON.stringify(fileOf(captureOf({ meta }))));
      expect((await stats('import', file)).err).toBe('');
    }
  }, 30_000);

  afterAll(async () => {
    await host.end();
    rmSync(configDir, { recursive: true, force: true });
  }, 30_000);

  function stats(...words: readonly string[]): Promise<Ran> {
    const { port } = new URL(host.address);
    return ranCli(['stats', ...words], {
      PUNKTFUNK_CONFIG_DIR: configDir,
      PUNKTFUNK_API_PORT: port,
    });
  }

  async function ids(...words: readonly string[]): Promise<readonly string[]> {
    const { out, err } = await stats(...words, '--json');
    expect(err).toBe('');
    return JSON.parse(out).map(({ id }: { readonly id: string }) => id);
  }

  test('keeps names, notes, tags and stars, and takes them away', async () => {
    const words = ['--name', 'Lobby', '--note', 'wet', '--tag', 'a', '--tag', 'b', '--star'];
    expect((await stats('edit', 'latest', ...words)).out).toBe(`${NEWER}: ★ Lobby #a #b\n`);
    expect(await ids('list', '--starred', '--tag', 'b', '--text', 'WET')).toEqual([NEWER]);
    expect((await stats('show', 'latest')).out).toStartWith(`${NEWER}  ★  Lobby #a #b\n`);
    const bare = await stats(
      ...['edit', NEWER, '--name', '', '--note', '', '--untag', 'a', '--unstar'],
    );
    expect(bare.out).toBe(`${NEWER}: #b\n`);
    expect(await ids('list', '--starred')).toEqual([]);
  }, 30_000);

  test('lists those of a time and a kind', async () => {
    const day = new Date(captureOf().meta.started_unix_ms - DAY_MS).toISOString().slice(0, 10);
    expect(await ids('list', '--since', day)).toEqual([NEWER]);
    expect(await ids('list', '--until', day)).toEqual([OLDER]);
    expect(await ids('list', '--kind', captureOf().meta.kind)).toEqual([NEWER, OLDER]);
    expect(await ids('list', '--kind', 'native')).toEqual([]);
  }, 30_000);

  test('moves the latest to the trash, back, and away for ever', async () => {
    expect((await stats('delete', 'latest')).out).toStartWith(`${NEWER} is in the trash`);
    expect((await stats('delete', 'latest')).out).toStartWith(`${OLDER} is in the trash`);
    expect((await ids('trash')).toSorted()).toEqual([OLDER, NEWER]);
    expect((await stats('restore', 'latest')).out).toBe(`${OLDER} is back.\n`);
    expect((await stats('restore', 'latest')).out).toBe(`${NEWER} is back.\n`);
    expect((await stats('delete', 'latest', '--forever')).out).toBe(`${NEWER} is gone.\n`);
    expect([await ids('list'), await ids('trash')]).toEqual([[OLDER], []]);
    const { code, err } = await stats('restore', NEWER);
    expect([code, err.includes('[recording_not_found]')]).toEqual([4, true]);
  }, 30_000);
});
