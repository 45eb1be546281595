// Whatever lies in captures/ besides recordings: damaged, cut, foreign, huge, no file at all. The list answers soon and names
// each with its reason, asking for one of them is a fault with a code, and the recordings among them are there.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';
import { type CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { TestStreamState } from '../../contract/test-streams.ts';
import { serializeCapture } from '../../recording/src/format.ts';
import { footprint } from '../../scripts/lib/footprint.ts';
import { RECORDINGS, START, STATUS, TEST_STREAMS } from '../support/api.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { recordingNo, StoreFolder } from '../support/stored-recordings.ts';
import { asked, list, loaded, SMALL_STREAM, stop, until } from '../support/stream-faults.ts';

const JUNK = 300;
/** For a list of them all, cold, on two shared cores. */
const LIST_MS = 2500;
const GROWN_MB = 150;
const CUTS = 60;
const NEWER = '2026-02-12T10-00-00Z_640x480';
const TORN = '2026-02-13T10-00-00Z_640x480';

describe.skipIf(missingExecutable !== '')(`strange files in captures/${missingExecutable}`, () => {
  const configDir = temporaryFolder();
  const captures = join(configDir, 'captures');
  let host: Host;
  let good: CaptureMeta;

  /** A recording of the host itself, with frames. */
  beforeAll(async () => {
    host = await startHost({ configDir });
    await host.json('POST', START);
    await host.json('POST', TEST_STREAMS, { ...SMALL_STREAM, seconds: 1.5 });
    await until('a report', async () => {
      const { report } = await asked(host, TestStreamState, 'GET', TEST_STREAMS);
      return report;
    });
    const stopped = await stop(host);
    if (!('meta' in stopped)) throw new Error('not saved');
    good = stopped.meta;
  }, 30_000);

  afterAll(async () => {
    expect(await host.end()).toBe(0);
    rmSync(configDir, { recursive: true, force: true });
  });

  test('are each named with a reason and opened by nobody, and the list answers soon', async () => {
    const before = footprint(host.pid).rss_kb;
    const expected = strew(captures, good.id);
    const began = performance.now();
    const metas = await list(host);
    expect(performance.now() - began).toBeLessThan(LIST_MS);
    const damaged = new Map(
      metas.flatMap(({ damaged: d, id }) => (d ? [[d.file, { ...d, id }]] : [])),
    );
    for (const [file, reason] of expected) {
      expect([file, damaged.get(file)?.reason]).toEqual([file, expect.stringMatching(reason)]);
    }
    // Of a newer version, and damaged in the middle: by their ends both are recordings.
    const seeming = metas.filter(({ damaged: d }) => d === undefined).map(({ id }) => id);
    expect(seeming.sort()).toEqual([NEWER, TORN, good.id].sort());
    for (const { id } of metas.filter(({ id }) => id !== good.id && id !== NEWER)) {
      const answer = await host.ask('GET', `${RECORDINGS}/${encodeURIComponent(id)}`);
      const { code } = Value.Parse(ApiError, await answer.json());
      expect([id, answer.status]).toEqual([id, 404]);
      expect(code).toBeOneOf(['recording_not_found', 'recording_damaged']);
    }
    const after = new Map((await list(host)).map(({ id, damaged: d }) => [id, d]));
    expect(after.get(TORN)?.file).toBe(`${TORN}.json`);
    expect(after.get(NEWER)).toBeUndefined();
    expect((await loaded(host, good.id)).frames).toBe(good.frame_count ?? 0);
    expect((footprint(host.pid).rss_kb - before) / 1024).toBeLessThan(GROWN_MB);
  }, 30_000);

  test('a recording cut at many lengths, its frames too: damaged or whole, and the host lives', async () => {
    const text = readFileSync(join(captures, `${good.id}.json`));
    const frames = readFileSync(join(captures, `${good.id}.frames.parquet`));
    const id = '2026-01-01T00-00-00Z_320x180';
    for (let cut = 0; cut < CUTS; cut += 1) {
      const at = Math.floor((text.length * cut) / CUTS);
      writeFileSync(join(captures, `${id}.json`), text.subarray(0, at));
      const answer = await host.ask('GET', `${RECORDINGS}/${id}`);
      expect([at, answer.status]).toEqual([at, 404]);
      expect(Value.Parse(ApiError, await answer.json()).code).toBe('recording_damaged');
    }
    writeFileSync(join(captures, `${id}.json`), text);
    for (let cut = 0; cut < CUTS; cut += 1) {
      const at = Math.floor((frames.length * cut) / CUTS);
      writeFileSync(join(captures, `${id}.frames.parquet`), frames.subarray(0, at));
      for (const path of ['quantiles', 'frames?format=jsonl']) {
        const answer = await host.ask('GET', `${RECORDINGS}/${id}/${path}`);
        const { code } = Value.Parse(ApiError, await answer.json());
        expect([at, answer.status, code]).toEqual([at, 404, 'recording_damaged']);
      }
    }
    rmSync(join(captures, `${id}.json`));
    rmSync(join(captures, `${id}.frames.parquet`));
    await asked(host, StatsStatus, 'GET', STATUS);
  }, 30_000);
});

test('a small recording cut at every byte is never taken for one, in the list or opened', () => {
  using folder = new StoreFolder();
  const store = folder.store();
  const { id } = recordingNo(1).meta;
  const whole = Buffer.from(serializeCapture(recordingNo(1)));
  for (let at = 0; at < whole.length - 1; at += 1) {
    folder.write(`${id}.json`, whole.subarray(0, at));
    const [only, ...others] = store.list().metas;
    expect(others).toEqual([]);
    expect([at, only?.damaged?.file]).toEqual([at, `${id}.json`]);
    expect(only?.damaged?.reason.length).toBeGreaterThan(5);
  }
  folder.write(`${id}.json`, whole);
  expect(store.list().metas[0]?.damaged).toBeUndefined();
});

/** Puts everything there; answers what the list has to say of each file. */
function strew(captures: string, good: string): [file: string, reason: RegExp][] {
  const at = (name: string): string => join(captures, name);
  const id = (n: number): string => `2026-02-${String(n).padStart(2, '0')}T10-00-00Z_640x480`;
  const whole = readFileSync(at(`${good}.json`), 'utf8');
  writeFileSync(at(`${id(1)}.json`), '');
  writeFileSync(at(`${id(2)}.json`), '{"hello":"world"}');
  writeFileSync(at(`${id(3)}.json`), whole.slice(0, whole.length / 2));
  writeFileSync(at(`${id(4)}.json`), Bun.gzipSync(whole));
  writeFileSync(at(`${id(5)}.json`), `${'['.repeat(200_000)}`);
  writeFileSync(at(`${id(6)}.json`), '');
  truncateSync(at(`${id(6)}.json`), 2 ** 31);
  writeFileSync(at(`${id(7)}.json`), whole.slice(0, 100));
  truncateSync(at(`${id(7)}.json`), 40 * 2 ** 20);
  mkdirSync(at(`${id(8)}.json`));
  symlinkSync('/etc/passwd', at(`${id(9)}.json`));
  symlinkSync(at(`${good}.json`), at(`${id(10)}.json`));
  Bun.spawnSync(['mkfifo', at(`${id(11)}.json`)]);
  writeFileSync(at(`${NEWER}.json`), whole.replace(/"version":\d+/, '"version":99'));
  writeFileSync(at(`${TORN}.json`), whole.replace('"samples":[', '"samples":[7,'));
  copyFileSync(at(`${good}.frames.parquet`), at(`${id(14)}.frames.parquet`));
  writeFileSync(at('Notes from my holiday.txt'), 'Dear diary');
  writeFileSync(at('x\u001b[31mred.json'), '{}');
  for (let i = 0; i < JUNK; i += 1) {
    writeFileSync(at(`junk-${i}.json`), Buffer.alloc(1000, i));
  }
  const expected: [string, RegExp][] = [
    [`${id(1)}.json`, /empty/],
    [`${id(2)}.json`, /./],
    [`${id(3)}.json`, /./],
    [`${id(4)}.json`, /./],
    [`${id(5)}.json`, /./],
    [`${id(6)}.json`, /too large/],
    [`${id(7)}.json`, /too large|closed/],
    [`${id(9)}.json`, /not a regular file/],
    [`${id(10)}.json`, /not a regular file/],
    [`${id(11)}.json`, /not a regular file/],
    [`${id(14)}.frames.parquet`, /json is missing/],
    ['Notes from my holiday.txt', /name/],
    ['x\\u{1b}[31mred.json', /name/],
    ['junk-0.json', /./],
    [`junk-${JUNK - 1}.json`, /./],
  ];
  if (process.getuid?.() !== 0) {
    writeFileSync(at(`${id(15)}.json`), whole);
    chmodSync(at(`${id(15)}.json`), 0);
    expected.push([`${id(15)}.json`, /EACCES/]);
  }
  return expected;
}
