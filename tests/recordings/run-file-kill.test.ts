// A process that is killed for real at moments that nobody chose, and the next start.
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemProcesses } from '../../host/src/recordings/processes.ts';
import { RunFolder } from '../support/run-folder.ts';

const CHILD = join(import.meta.dir, '../support/black-box-child.ts');
const KILLS = 10;

test(`a host killed ${KILLS} times leaves each time what it held, but for the last second`, async () => {
  for (let i = 0; i < KILLS; i += 1) {
    using folder = new RunFolder();
    const child = Bun.spawn([process.execPath, CHILD, folder.path], { stdout: 'pipe' });
    const told = await streamedSeconds(child.stdout, 1 + (i % 3));
    const living = folder.lastRuns(systemProcesses());
    expect(living.status()).toBeUndefined();
    child.kill('SIGKILL');
    await child.exited;
    const lastRuns = folder.lastRuns(systemProcesses());
    const left = lastRuns.left();
    expect(left?.version).toBe('1.2.3');
    const frames = (left?.inputs ?? []).reduce(
      (sum, input) => sum + (input.kind === 'records' ? input.bytes.byteLength / 64 : 0),
      0,
    );
    expect(frames).toBeGreaterThanOrEqual((told - 1) * 60);
    expect(readdirSync(folder.path)).toEqual(['.black-box.last']);
  }
}, 60_000);

/** How long it had streamed by its own clock when it said so for the `times`th time. */
async function streamedSeconds(stdout: ReadableStream<Uint8Array>, times: number): Promise<number> {
  let text = '';
  for await (const bytes of stdout) {
    text += new TextDecoder().decode(bytes);
    const lines = text.split('\n').slice(0, -1);
    if (lines.length >= times) return Number(lines[times - 1]);
  }
  throw new Error(`it ended by itself: ${text}`);
}
