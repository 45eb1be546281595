// What `stats edit`, `delete` and `restore` ask of a fake host, and which recording a word means.
import { describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { RecordingUser } from '../../contract/stats.ts';
import {
  LONGEST_NAME,
  LONGEST_NOTE,
  LONGEST_TAG,
  MOST_TAGS,
} from '../../host/src/cli/stats-change.ts';
import { ranCli } from '../support/cli.ts';
import { CAPTURE_ID, captureOf } from '../support/exported-frames.ts';
import { FakeStatsApi } from '../support/fake-stats-api.ts';
import { hostOfOne, metaOf, stats } from '../support/stats-cli.ts';

describe('edit', () => {
  test('puts name, note and star, and takes them away', async () => {
    using api = hostOfOne();
    const named = await stats(api, 'edit', CAPTURE_ID, '--name', 'Lobby', '--note', 'ä', '--star');
    expect(named).toEqual({ code: 0, out: `${CAPTURE_ID}: ★ Lobby\n`, err: '' });
    expect((await stats(api, 'show', CAPTURE_ID)).out).toStartWith(`${CAPTURE_ID}  ★  Lobby\n`);
    const bare = await stats(api, 'edit', CAPTURE_ID, '--name', '', '--note', '', '--unstar');
    expect(bare.out).toBe(`${CAPTURE_ID}: no name, no tags\n`);
    expect(api.bodies).toEqual([
      { name: 'Lobby', note: 'ä', starred: true },
      { name: '', note: '', starred: false },
    ]);
  });

  test('adds tags to those that are there, and takes some off', async () => {
    using api = new FakeStatsApi();
    api.hold(captureOf({ meta: metaOf({ tags: ['wifi', 'menu'] }) }));
    const words = ['--tag', 'lobby', '--tag=wifi', '--untag', 'menu', '--untag', 'never there'];
    const { out } = await stats(api, 'edit', CAPTURE_ID, ...words, '--json');
    expect(JSON.parse(out).tags).toEqual(['wifi', 'lobby']);
    expect(api.bodies).toEqual([{ tags: ['wifi', 'lobby'] }]);
    await stats(api, 'edit', CAPTURE_ID, '--untag', 'wifi', '--untag', 'lobby');
    expect(api.bodies.at(-1)).toEqual({ tags: [] });
  });

  test('of what is not there says so with exit code 4', async () => {
    using api = hostOfOne();
    for (const option of ['--star', '--tag=x']) {
      const { code, err } = await stats(api, 'edit', 'nothing', option);
      expect([code, err]).toEqual([
        4,
        'punktfunk-host stats: There is no recording "nothing". [recording_not_found]\n',
      ]);
    }
  });

  test('refuses more than the host keeps, and no less', async () => {
    const most = {
      name: 'x'.repeat(LONGEST_NAME),
      note: 'x'.repeat(LONGEST_NOTE),
      tags: Array.from({ length: MOST_TAGS }, (_, i) => `${i}`.padEnd(LONGEST_TAG, 'x')),
    };
    const options = [
      ...['--name', most.name, '--note', most.note],
      ...most.tags.map((tag) => `--tag=${tag}`),
    ];
    using api = hostOfOne();
    expect((await stats(api, 'edit', CAPTURE_ID, ...options)).code).toBe(0);
    expect(api.bodies).toEqual([most]);
    expect(Value.Check(RecordingUser, most)).toBe(true);
    for (const beyond of [
      { name: `${most.name}x` },
      { note: `${most.note}x` },
      { tags: [`${most.tags[0]}x`] },
      { tags: [...most.tags, 'x'] },
    ]) {
      expect(Value.Check(RecordingUser, beyond)).toBe(false);
    }
    for (const [option, sentence] of [
      [`--name=${most.name}x`, '--name has 121 characters; at most 120 are kept'],
      [`--note=${most.note}x`, '--note has 4001 characters; at most 4000 are kept'],
      [`--tag=${most.tags[0]}x`, 'a tag has 1 to 40 characters'],
      ['--tag=', 'a tag has 1 to 40 characters'],
      ['--tag=x', 'it would have 21 tags; at most 20 are kept'],
    ] as const) {
      const { code, err } = await stats(api, 'edit', CAPTURE_ID, option);
      expect([option.slice(0, 9), code, err.includes(sentence)]).toEqual([
        option.slice(0, 9),
        2,
        true,
      ]);
    }
    expect(api.bodies).toHaveLength(1);
  });
});

describe('latest', () => {
  /** The newest first, as a host lists them. */
  function hostOfTwo(): FakeStatsApi {
    const api = new FakeStatsApi();
    for (const id of ['newer', 'older']) api.hold(captureOf({ meta: metaOf({ id }) }));
    return api;
  }

  test('is the newest recording for every command that takes one', async () => {
    using api = hostOfTwo();
    expect((await stats(api, 'show', 'latest')).out).toStartWith('newer ');
    const file = await stats(api, 'export', 'latest', '-o', '/dev/null', '--json');
    expect(JSON.parse(file.out).id).toBe('newer');
    expect((await stats(api, 'edit', 'latest', '--tag', 'x')).out).toStartWith('newer: ');
    expect((await stats(api, 'delete', 'latest')).out).toStartWith('newer is in the trash');
    expect((await stats(api, 'delete', 'latest', '--json')).out).toBe(
      '{"id":"older","forever":false}\n',
    );
    for (const words of [['show'], ['export'], ['edit', '--star'], ['delete']]) {
      const [verb = '', ...options] = words;
      const { code, err } = await stats(api, verb, 'latest', ...options);
      expect([verb, code, err]).toEqual([
        verb,
        4,
        'punktfunk-host stats: There is no recording yet. [recording_not_found]\n',
      ]);
    }
  });

  test('of the trash is what was put there last', async () => {
    using api = new FakeStatsApi();
    for (const [id, deleted_unix_ms] of [
      ['first', 1000],
      ['last', 3000],
      ['second', 2000],
    ] as const) {
      api.trash.set(id, { capture: captureOf({ meta: metaOf({ id, deleted_unix_ms }) }) });
    }
    for (const id of ['last', 'second', 'first']) {
      expect((await stats(api, 'restore', 'latest')).out).toBe(`${id} is back.\n`);
    }
    const { code, err } = await stats(api, 'restore', 'latest');
    expect([code, err]).toEqual([
      4,
      'punktfunk-host stats: The trash is empty. [recording_not_found]\n',
    ]);
  });

  test('passes over what cannot be read', async () => {
    using api = new FakeStatsApi();
    api.damaged.push(metaOf({ id: 'x', damaged: { file: 'x.json', reason: 'cut off' } }));
    expect((await stats(api, 'delete', 'latest')).err).toContain('There is no recording yet.');
  });
});

describe('delete and restore', () => {
  test('put away and take out again', async () => {
    using api = hostOfOne();
    expect((await stats(api, 'delete', CAPTURE_ID)).out).toBe(
      `${CAPTURE_ID} is in the trash; restore takes it out within seven days.\n`,
    );
    expect((await stats(api, 'delete', CAPTURE_ID)).code).toBe(4);
    expect((await stats(api, 'restore', CAPTURE_ID)).out).toBe(`${CAPTURE_ID} is back.\n`);
    expect(JSON.parse((await stats(api, 'delete', CAPTURE_ID, '--forever', '--json')).out)).toEqual(
      {
        id: CAPTURE_ID,
        forever: true,
      },
    );
    expect(await stats(api, 'restore', CAPTURE_ID)).toEqual({
      code: 4,
      out: '',
      err: `punktfunk-host stats: There is no recording "${CAPTURE_ID}". [recording_not_found]\n`,
    });
  });

  test('for ever asks at a terminal, unless it was told not to', async () => {
    using api = hostOfOne();
    const questions: string[] = [];
    const confirm = async (question: string): Promise<boolean> => {
      questions.push(question);
      return false;
    };
    const args = ['stats', 'delete', 'latest', '--forever'];
    expect(await ranCli(args, api.env, { confirm })).toEqual({
      code: 1,
      out: '',
      err: 'punktfunk-host stats: Nothing was deleted. [not_confirmed]\n',
    });
    expect(questions).toEqual([`Delete ${CAPTURE_ID} for ever?`]);
    expect(api.recordings.size).toBe(1);
    expect((await ranCli([...args, '-y'], api.env, { confirm })).out).toBe(
      `${CAPTURE_ID} is gone.\n`,
    );
    expect(questions).toHaveLength(1);
    api.hold(captureOf());
    const agreed = await ranCli(args, api.env, { confirm: async () => true });
    expect([agreed.code, api.recordings.size, api.trash.size]).toEqual([0, 0, 0]);
    // Into the trash goes without a question: restore takes it out.
    api.hold(captureOf());
    expect((await ranCli(['stats', 'delete', 'latest'], api.env, { confirm })).code).toBe(0);
    expect(questions).toHaveLength(1);
  });
});
