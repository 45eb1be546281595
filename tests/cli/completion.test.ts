// Completion in the real shells: what each offers, and that ids come from the running host.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../host/src/cli/cli.ts';
import { ranCli } from '../support/cli.ts';
import { CAPTURE_ID, captureOf } from '../support/exported-frames.ts';
import { FakeStatsApi } from '../support/fake-stats-api.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

const MAIN = join(import.meta.dir, '../../host/src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pf-complete-'));
let api: FakeStatsApi;

beforeAll(async () => {
  api = new FakeStatsApi();
  api.hold(captureOf());
  api.trash.set('x', { capture: captureOf({ meta: { ...captureOf().meta, id: 'in-the-trash' } }) });
  executable('punktfunk-host', `exec "${process.execPath}" "${MAIN}" "$@"`);
  // Three seconds are enough for a host; not for four shells on a busy machine of tests.
  executable('timeout', 'shift; exec "$@"');
  for (const shell of shells) {
    const { code, out, err } = await ranCli(['completion', shell], {});
    expect([code, err]).toEqual([0, '']);
    writeFileSync(join(folder, shell), out);
  }
});

afterAll(() => {
  api[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

function executable(name: string, line: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** What the shell offers after `line`; the last word is what is being typed. */
async function offered(shell: Shell, line: string): Promise<readonly string[]> {
  const out = join(folder, `out-${crypto.randomUUID()}`);
  // As bash takes a line apart: `=` is a word of its own.
  const words = line.split(' ').flatMap((word) => word.split(/(=)/));
  while (words.at(-1) === '' && words.at(-2) === '=') words.pop();
  const argv = {
    bash: [
      'bash',
      '--norc',
      join(import.meta.dir, 'complete.bash'),
      join(folder, 'bash'),
      ...words,
    ],
    zsh: ['zsh', '-f', join(import.meta.dir, 'complete.zsh'), join(folder, 'zsh'), out, line],
    fish: ['fish', '--no-config', '-c', `source ${folder}/fish; complete -C '${line}'`],
  }[shell];
  const child = Bun.spawn(argv, {
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
    env: { ...api.env, PATH: `${folder}:/usr/bin:/bin`, HOME: folder, TERM: 'dumb' },
  });
  const [text, trouble] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect(trouble).toBe('');
  const lines = (shell === 'zsh' ? readFileSync(out, 'utf8') : text).split('\n');
  return lines
    .map((entry) => entry.split('\t')[0] ?? '')
    .filter((entry) => !['', 'READY', 'END'].includes(entry));
}

for (const shell of shells) {
  const missing = existsSync(`/usr/bin/${shell}`) ? '' : ` (skipped: no ${shell} here)`;
  describe.skipIf(missing !== '')(`${shell}${missing}`, () => {
    test('offers every command that people see', async () => {
      const visible = commands.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
      expect((await offered(shell, 'punktfunk-host ')).toSorted()).toEqual(visible.toSorted());
      expect(await offered(shell, 'punktfunk-host st')).toEqual(['stats']);
    }, 20_000);

    test('offers words of a command, whatever options stand between', async () => {
      expect((await offered(shell, 'punktfunk-host stats --limit 5 s')).toSorted()).toEqual([
        'save',
        'show',
        'start',
        'status',
        'stop',
      ]);
      expect((await offered(shell, 'punktfunk-host completion ')).toSorted()).toEqual(
        [...shells].toSorted(),
      );
    }, 20_000);

    test('offers options that go with the words before, and no other', async () => {
      const options = await offered(shell, 'punktfunk-host stats export x --f');
      expect(options.toSorted()).toEqual(['--force', '--format', '--from']);
      expect(await offered(shell, 'punktfunk-host stats list --form')).toEqual([]);
      expect(await offered(shell, 'punktfunk-host --sou')).toEqual(['--source']);
    }, 20_000);

    test('offers values, also behind =', async () => {
      const formats = ['csv', 'hdr', 'json', 'parquet', 'trace'];
      const spaced = await offered(shell, 'punktfunk-host stats export x --format ');
      expect(spaced.toSorted()).toEqual(formats);
      const joined = await offered(shell, 'punktfunk-host stats export x --format=c');
      expect(joined.map((value) => value.replace('--format=', ''))).toEqual(['csv']);
      const source = await offered(shell, 'punktfunk-host --source ');
      expect(source.toSorted()).toEqual(['auto', 'synthetic', 'wlroots', 'x11']);
    }, 20_000);

    test('asks the host for ids, and for those in the trash where one is restored', async () => {
      for (const [verb, id] of [
        ['show', CAPTURE_ID],
        ['edit', CAPTURE_ID],
        ['restore', 'in-the-trash'],
      ] as const) {
        const ids = await offered(shell, `punktfunk-host stats ${verb} `);
        expect(ids.toSorted()).toEqual([id, 'latest']);
      }
      expect(await offered(shell, 'punktfunk-host stats show nothing-like-')).toEqual([]);
    }, 30_000);

    test('offers files where a file is wanted', async () => {
      writeFileSync(join(folder, 'recording.json'), '{}');
      const files = await offered(shell, `punktfunk-host stats import ${folder}/reco`);
      expect(files.map((file) => file.split('/').at(-1))).toEqual(['recording.json']);
    }, 20_000);
  });
}

test.skipIf(!existsSync('/usr/bin/zsh'))(
  'zsh finds it in a folder of its functions too',
  async () => {
    const functions = join(folder, 'functions');
    mkdirSync(functions);
    renameSync(join(folder, 'zsh'), join(functions, '_punktfunk-host'));
    writeFileSync(join(folder, 'zsh'), `fpath=(${functions} $fpath)\ncompinit -u -D\n`);
    expect(await offered('zsh', 'punktfunk-host stats ex')).toEqual(['export']);
  },
  20_000,
);

test('a shell that is not known is misuse', async () => {
  const { code, err } = await ranCli(['completion', 'tcsh'], {});
  expect([code, err.includes('"tcsh" fits none of "bash", "zsh", "fish"')]).toEqual([2, true]);
});
