// A script with the real engine: what it says really happened agrees with the recording of it, and the truth can be had.
// Skipped where the library is not built.
import { afterAll, describe, expect, test } from 'bun:test';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { TestScript, TestStreamState } from '../../contract/test-streams.ts';
import { openLocalStreams } from '../../host/src/cli/setup.ts';
import { loadConfig } from '../../host/src/config.ts';
import { fakeLog } from '../support/fake-api.ts';

const { PUNKTFUNK_ENGINE } = process.env;
const library =
  PUNKTFUNK_ENGINE || join(import.meta.dir, '../../engine/target/release/libpf_ffi.so');
const missing = existsSync(library) ? '' : ` (skipped: there is no ${library})`;

const Line = Type.Object({
  truth: Type.Union([Type.Literal('session'), Type.Literal('frame'), Type.Literal('end')]),
  session: Type.Integer(),
  outcome: Type.Optional(Type.String()),
  frames: Type.Optional(Type.Integer()),
  lost: Type.Optional(Type.Integer()),
  source: Type.Optional(Type.Object({ given: Type.Boolean(), sequence: Type.Integer() })),
});

const script: TestScript = {
  version: 1,
  sessions: [
    {
      seconds: 2,
      width: 320,
      height: 180,
      fps: 30,
      bitrate_kbps: 1000,
      actions: [
        { at_frame: 10, count: 4, what: 'withhold' },
        { at_frame: 20, what: 'drop', why: 'send_error' },
        { at_frame: 25, what: 'loss', every_packet: 1 },
      ],
    },
    {
      start_ms: 500,
      seconds: 1,
      width: 320,
      height: 180,
      fps: 30,
      bitrate_kbps: 1000,
      actions: [{ at_s: 0.3, what: 'skip', pictures: 5 }],
    },
  ],
};

describe.skipIf(missing !== '')(`a script with the real engine${missing}`, () => {
  const folder = join(tmpdir(), `pf-scripts-${process.pid}`);
  const truthFile = `${folder}.jsonl`;
  afterAll(() => rmSync(truthFile, { force: true }));

  test('is played, reported, and its truth agrees with the report', async () => {
    const context = {
      env: { PUNKTFUNK_ENGINE: library },
      homeDir: tmpdir(),
      out: () => undefined,
      outPiece: async () => undefined,
      err: () => undefined,
      outIsTerminal: false,
      errIsTerminal: false,
    };
    const config = loadConfig({ flags: {}, env: context.env, homeDir: tmpdir() });
    const streams = await openLocalStreams(config, context, fakeLog().log);
    const fd = openSync(truthFile, 'a', 0o600);
    try {
      const { testStreams } = streams;
      testStreams.start({ script, truthFd: fd });
      const given = await testStreams.finished();
      checkReport(given, readFileSync(truthFile, 'utf8'));

      testStreams.start({ script, truth: true });
      expect(() => testStreams.truthPath()).toThrow('not over');
      const kept = await testStreams.finished();
      checkReport(kept, await Bun.file(testStreams.truthPath()).text());
    } finally {
      closeSync(fd);
      await streams.close();
    }
  }, 60_000);
});

function checkReport({ state, report, error }: TestStreamState, text: string): void {
  expect([state, error]).toEqual(['done', undefined]);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => Value.Parse(Line, JSON.parse(line)));
  expect(report?.sessions).toHaveLength(2);
  for (const one of report?.sessions ?? []) {
    const own = lines.filter(({ session }) => session === one.session_id);
    const frames = own.filter(({ truth }) => truth === 'frame');
    expect(own[0]?.truth).toBe('session');
    expect(own.at(-1)).toMatchObject({ truth: 'end', frames: frames.length, lost: 0 });
    const repeated = frames.filter(({ source }) => source?.given === false).length;
    expect(frames.filter(({ outcome }) => outcome === 'sent')).toHaveLength(one.frames_sent);
    expect([one.frames_repeated, one.frames_new]).toEqual([repeated, frames.length - repeated]);
    const sequences = frames.map(({ source }) => source?.sequence ?? 0);
    expect(one.source_pictures).toBe(Math.max(...sequences));
    expect(one.source_skipped).toBe(Math.max(...sequences) - (one.frames_new ?? 0));
  }
  const [first, second] = report?.sessions ?? [];
  expect(first?.frames_repeated).toBe(4);
  expect(second?.source_skipped).toBe(5);
  expect(lines.filter(({ outcome }) => outcome === 'send_error')).toHaveLength(1);
}
