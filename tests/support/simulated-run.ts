// A long capture in simulated time, in a process of its own: `bun --smol simulated-run.ts <minutes> <fps> <sessions>`.
// Prints what it took as one line of JSON.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '../../host/src/log.ts';
import { openRecordings } from '../../host/src/recordings/assembly.ts';
import { SimulatedEngine, STARTED_UNIX_MS, sessionOf } from './simulated-engine.ts';

const [minutes = 20, fps = 240, sessions = 1] = process.argv.slice(2).map(Number);
const configDir = mkdtempSync(join(tmpdir(), 'punktfunk-long-'));
try {
  const engine = new SimulatedEngine();
  const openedNs = engine.nowNs();
  const log = new Logger({
    format: 'json',
    level: 'warn',
    write: (line) => process.stderr.write(line),
    now: () => 0,
  });
  const { recorder, files } = openRecordings({
    engine,
    configDir,
    log,
    nowUnixMs: () => STARTED_UNIX_MS + Math.round(Number(engine.nowNs() - openedNs) / 1e6),
    bootMs: () => Number(engine.nowNs() / 1_000_000n),
    clockMs: () => performance.now(),
    onActive: () => undefined,
  });
  const idleMb = await rssMb();
  for (let id = 1; id <= sessions; id += 1) {
    engine.stream(id, fps);
    recorder.session(sessionOf(id, { fps }));
  }
  recorder.start();
  let mostMb = idleMb;
  let longestPollMs = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let poll = 0; poll < 300; poll += 1) {
      engine.pass(200);
      const before = performance.now();
      recorder.poll();
      longestPollMs = Math.max(longestPollMs, performance.now() - before);
    }
    // What a real minute would give the collector time for.
    mostMb = Math.max(mostMb, await rssMb());
  }
  const { recorder: figures } = recorder.status();
  const before = performance.now();
  const meta = recorder.stop();
  const stopMs = performance.now() - before;
  const afterStopMb = await rssMb();
  await files.compressed;
  const folder = join(configDir, 'captures');
  const bytes = Object.fromEntries(
    readdirSync(folder).map((name) => [
      name.slice(name.indexOf('.')),
      statSync(join(folder, name)).size,
    ]),
  );
  console.log(
    JSON.stringify({ idleMb, mostMb, afterStopMb, longestPollMs, stopMs, bytes, figures, meta }),
  );
} finally {
  rmSync(configDir, { recursive: true, force: true });
}

async function rssMb(): Promise<number> {
  Bun.gc(true);
  await Bun.sleep(1);
  return process.memoryUsage().rss / 1e6;
}
