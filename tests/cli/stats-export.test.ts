// `stats export` against the API of a fake host: what is asked, where it goes, and what is left behind.
import { describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { csvText } from '../../recording/src/export/csv.ts';
import { traceText } from '../../recording/src/export/trace.ts';
import { ranCliBytes } from '../support/cli.ts';
import { CAPTURE_ID, captureOf, steadyFrames } from '../support/exported-frames.ts';
import { FakeStatsApi, fileOf, framesFile } from '../support/fake-stats-api.ts';
import { hostOfOne, SECONDS, stats, temporaryFolder } from '../support/stats-cli.ts';

describe('export', () => {
  const capture = captureOf();
  const frames = [...steadyFrames(SECONDS)];

  async function exported(api: FakeStatsApi, ...words: readonly string[]): Promise<string> {
    const args = ['stats', 'export', CAPTURE_ID, '--output', '-', ...words];
    const { code, err, out, bytes } = await ranCliBytes(args, api.env);
    expect([code, err, out]).toEqual([0, '', '']);
    return bytes.toString();
  }

  test('writes each format, the frames’ ones from the frames of the host', async () => {
    using api = hostOfOne();
    expect(JSON.parse(await exported(api))).toEqual(fileOf(capture));
    const parquet = await ranCliBytes(
      ['stats', 'export', CAPTURE_ID, '--format', 'parquet', '-o', '-'],
      api.env,
    );
    expect(parquet.bytes.equals(framesFile(frames, CAPTURE_ID))).toBe(true);
    expect(await exported(api, '--format', 'csv')).toBe([...csvText(frames, capture)].join(''));
    expect(await exported(api, '--format', 'trace')).toBe([...traceText(frames, capture)].join(''));
    const log = await exported(api, '--format', 'hdr');
    // Twelve windows of five stages, six of five.
    expect(log.match(/^Tag=/gm)).toHaveLength(12 * 5 + 6 * 5);
  });

  test('asks for the part that is wanted, and leaves the rest out of what it adds itself', async () => {
    using api = hostOfOne();
    const text = await exported(
      api,
      ...['--format', 'trace', '--session', '1', '--from', '5500', '--to', '0:12'],
    );
    expect(api.asked.at(-1)).toBe(
      `GET /stats/recordings/${CAPTURE_ID}/frames?format=parquet&session=1&from_ms=5500&to_ms=12000`,
    );
    expect(text).toContain('here, \\"it\\" stuttered');
    expect(text).not.toContain('freeze');
    expect(text).not.toContain('"fps"');
  });

  test('goes to a file of its own name, which appears whole and is not written over', async () => {
    using api = hostOfOne();
    const folder = temporaryFolder();
    const file = join(folder, 'a.csv');
    const args = ['export', CAPTURE_ID, '--format', 'csv', '-o', file];
    const first = await stats(api, ...args);
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toStartWith(`${file}: `);
    expect(readdirSync(folder)).toEqual(['a.csv']);
    const text = readFileSync(file, 'utf8');
    const asked = api.asked.length;
    const again = await stats(api, ...args);
    expect([again.code, again.err]).toEqual([
      1,
      `punktfunk-host stats: ${file} is there already; --force writes over it. [file_exists]\n`,
    ]);
    expect(api.asked).toHaveLength(asked);
    writeFileSync(file, 'old');
    const forced = await stats(api, ...args, '--force', '--json');
    expect(JSON.parse(forced.out)).toEqual({
      id: CAPTURE_ID,
      format: 'csv',
      file,
      bytes: Buffer.byteLength(text),
    });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('leaves nothing behind when it fails', async () => {
    using api = hostOfOne();
    const folder = temporaryFolder();
    const missing = await stats(api, 'export', 'nothing', '-o', join(folder, 'a.json'));
    expect([missing.code, missing.err.includes('[recording_not_found]')]).toEqual([4, true]);
    const nowhere = await stats(api, 'export', CAPTURE_ID, '-o', join(folder, 'no/a.json'));
    expect([nowhere.code, nowhere.err.includes('[unwritable]')]).toEqual([1, true]);
    api.breakAfterBytes = 100;
    const broken = await stats(api, 'export', CAPTURE_ID, '-o', join(folder, 'a.json'));
    expect([broken.code, broken.err.includes('[host_unreachable]')]).toEqual([3, true]);
    expect(readdirSync(folder)).toEqual([]);
    const inTmp = readdirSync(tmpdir()).filter((name) => name.startsWith('punktfunk-export-'));
    expect(inTmp).toEqual([]);
  });

  test('of a recording without frames fails, but for its trace of events and counters', async () => {
    using api = new FakeStatsApi();
    api.hold(captureOf());
    const csv = await stats(api, 'export', CAPTURE_ID, '--format', 'csv', '-o', '-');
    expect([csv.code, csv.err.includes('[no_frames]')]).toEqual([4, true]);
    const { code, err, bytes } = await ranCliBytes(
      ['stats', 'export', CAPTURE_ID, '--format', 'trace', '-o', '-'],
      api.env,
    );
    expect([code, err]).toEqual([
      0,
      'It has no frames: the trace holds its events and counters alone.\n',
    ]);
    expect(bytes.toString()).toBe([...traceText([], captureOf())].join(''));
  });

  test('writes what the file’s ending says, unless another format is asked for', async () => {
    using api = hostOfOne();
    const folder = temporaryFolder();
    const first = async (name: string, ...words: readonly string[]): Promise<string> => {
      expect((await stats(api, 'export', 'latest', '-o', join(folder, name), ...words)).err).toBe(
        '',
      );
      return readFileSync(join(folder, name), 'latin1').slice(0, 11);
    };
    expect(await first('a.csv')).toBe('Application');
    expect(await first('a.parquet')).toStartWith('PAR1');
    expect(await first('a.HLOG')).toBe('#[Histogram');
    expect(await first('a.trace.json')).toBe('{"displayTi');
    expect(await first('a.json')).toStartWith('{"meta":');
    expect(await first('a')).toStartWith('{"meta":');
    expect(await first('b.json', '--format', 'csv')).toBe('Application');
  });

  test('puts it into a folder that was named, called as the recording', async () => {
    using api = hostOfOne();
    const folder = temporaryFolder();
    const args = ['export', 'latest', '--format', 'csv', '-o', folder];
    const { out } = await stats(api, ...args);
    expect(out).toStartWith(`${join(folder, `${CAPTURE_ID}.csv`)}: `);
    expect(readdirSync(folder)).toEqual([`${CAPTURE_ID}.csv`]);
    expect((await stats(api, ...args)).err).toContain('[file_exists]');
    mkdirSync(join(folder, `${CAPTURE_ID}.json`));
    const { code, err } = await stats(api, 'export', 'latest', '-o', folder, '--force');
    expect([code, err.includes('.json is a folder. [file_exists]')]).toEqual([1, true]);
  });

  test('leaves links, pipes and devices what they are', async () => {
    using api = hostOfOne();
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'old.json'), 'old');
    symlinkSync('old.json', join(folder, 'link.json'));
    expect((await stats(api, 'export', 'latest', '-o', join(folder, 'link.json'))).code).toBe(1);
    await stats(api, 'export', 'latest', '-o', join(folder, 'link.json'), '--force');
    expect(readlinkSync(join(folder, 'link.json'))).toBe('old.json');
    expect(JSON.parse(readFileSync(join(folder, 'old.json'), 'utf8'))).toEqual(fileOf(capture));
    expect(readdirSync(folder).toSorted()).toEqual(['link.json', 'old.json']);

    // A device of our own would need privileges; a pipe takes the same way.
    const pipe = join(folder, 'pipe');
    expect(Bun.spawnSync(['mkfifo', pipe]).exitCode).toBe(0);
    const reader = Bun.spawn(['cat', pipe], { stdout: 'pipe' });
    const { code, out } = await stats(api, 'export', 'latest', '-o', pipe, '--force');
    expect([code, out.startsWith(`${pipe}: `)]).toEqual([0, true]);
    expect(JSON.parse(await new Response(reader.stdout).text())).toEqual(fileOf(capture));
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  test('sends no Parquet to a terminal', async () => {
    using api = hostOfOne();
    const args = ['stats', 'export', 'latest', '--format', 'parquet', '-o', '-'];
    const { code, err, bytes } = await ranCliBytes(args, api.env, { terminal: true });
    expect([code, bytes.length, err.includes('parquet is nothing to read at a terminal')]).toEqual([
      2,
      0,
      true,
    ]);
    expect(api.asked).toEqual([]);
  });
});
