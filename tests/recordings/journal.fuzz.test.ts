// What a killed host leaves of a capture, journal and frames, with any bytes changed: the next start finishes it or sets it
// aside and says so, and whatever it lists loads.
import { expect } from 'bun:test';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { decodeInput } from '../../recording/src/inputs.ts';
import { fuzz } from '../support/fuzz.ts';
import { asId, recorderWorld, runFolder } from '../support/recorder.ts';

const killed = killedCapture();
const names = readdirSync(join(killed, 'captures'));
const RECORDED = 75 * 60;

/** A config directory as a host leaves it that is killed after a closed minute. */
function killedCapture(): string {
  const world = recorderWorld({ configDir: runFolder() });
  world.stream(1, 60);
  world.recorder.start({ name: 'Boss' });
  world.pass(75_000);
  const copy = runFolder();
  cpSync(world.configDir, copy, { recursive: true });
  return copy;
}

const change = fc.record({
  name: fc.constantFrom(...names),
  /** Share of the file. */
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  how: fc.constantFrom('over' as const, 'cut' as const, 'flip' as const),
});

fuzz(
  'a changed journal is finished or set aside, and the list loads',
  fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
    const configDir = runFolder();
    try {
      cpSync(killed, configDir, { recursive: true });
      for (const { name, at, bytes, how } of changes) {
        const path = join(configDir, 'captures', name);
        const file = readFileSync(path);
        const from = Math.floor(at * file.length);
        if (how === 'over') file.set(bytes.subarray(0, file.length - from), from);
        if (how === 'flip' && from < file.length) file[from] = (file[from] ?? 0) ^ 0xff;
        writeFileSync(path, how === 'cut' ? file.subarray(0, from) : file);
      }
      const world = recorderWorld({ configDir, recovers: true });
      await world.recovered;
      const { metas } = await world.recordings.list();
      for (const { id, damaged, frame_count: frames = 0 } of metas) {
        if (damaged !== undefined) {
          // Set aside, and told with its reason.
          expect(names).toContain(damaged.file);
          expect(damaged.reason.length).toBeGreaterThan(10);
          continue;
        }
        expect(frames).toBeLessThanOrEqual(RECORDED);
        await world.saved(id);
        if (frames > 0)
          expect(rowsOf(join(world.folder, `${asId(id)}.frames.parquet`))).toBe(frames);
      }
      expect(metas.filter(({ damaged }) => damaged === undefined).length).toBeLessThanOrEqual(1);
      // And it records as if nothing had been.
      world.recorder.start();
      expect(world.recorder.stop()).toMatchObject({ sample_count: 0 });
    } finally {
      rmSync(configDir, { recursive: true, force: true });
    }
  }),
);

fuzz(
  'a line of a journal is an input, or refused',
  fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
    try {
      expect(typeof decodeInput(text).atNs).toBe('bigint');
    } catch (error) {
      expect(error instanceof SyntaxError || error instanceof TypeError).toBe(true);
    }
  }),
);

function rowsOf(path: string): number {
  const bytes = readFileSync(path);
  const read = (from: number, to: number): Uint8Array => bytes.subarray(from, to);
  const file = FramesFile.open({ byteLength: bytes.length, read });
  return file.groups.reduce((sum, _, group) => sum + file.read(group).length, 0);
}
