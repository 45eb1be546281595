// The recorder over a simulated engine, on virtual time and a real folder: sessions make frames while time passes.
import { afterAll } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capture } from '../../contract/stats.ts';
import { Logger } from '../../host/src/log.ts';
import { openRecordings, type RecordingsOptions } from '../../host/src/recordings/assembly.ts';
import { parseCapture } from '../../recording/src/format.ts';
import type { CapturedSession } from '../../recording/src/inputs.ts';
import { parseRecordingId, type RecordingId } from '../../recording/src/recording-id.ts';
import { SimulatedEngine, STARTED_UNIX_MS, sessionOf } from './simulated-engine.ts';

export { STARTED_UNIX_MS, sessionOf } from './simulated-engine.ts';

export interface WorldOptions extends Partial<RecordingsOptions> {
  readonly unixMs?: () => number;
}

/** One run of a host: everything but the process. */
export function recorderWorld(options: WorldOptions = {}) {
  const configDir =
    'configDir' in options ? options.configDir : mkdtempSync(join(tmpdir(), 'punktfunk-recorder-'));
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => 0,
  });
  const engine = new SimulatedEngine();
  const openedNs = engine.nowNs();
  const clock = { unixMs: STARTED_UNIX_MS, asleepMs: 0 };
  const elapsedMs = (): number => Number(engine.nowNs() - openedNs) / 1e6;
  const opened = openRecordings({
    engine,
    configDir,
    log,
    nowUnixMs: () => Math.round(clock.unixMs + elapsedMs()),
    bootMs: () => Number(engine.nowNs() / 1_000_000n) + clock.asleepMs,
    clockMs: () => performance.now(),
    onActive: () => undefined,
    ...options,
  });
  const { recorder } = opened;
  return {
    ...opened,
    engine,
    clock,
    lines,
    configDir: configDir ?? '',
    folder: join(configDir ?? '', 'captures'),
    /** Announces a session that makes frames. */
    stream(sessionId: number, fps: number, changes: Partial<CapturedSession> = {}): void {
      engine.stream(sessionId, fps);
      recorder.session(sessionOf(sessionId, { fps, ...changes }));
    },
    endStream(sessionId: number): void {
      engine.end(sessionId);
      recorder.sessionEnded(sessionId, engine.nowNs(), 'client_left');
    },
    /** Lets time pass, with the recorder polling as it would. */
    pass(ms: number): void {
      for (let left = ms; left > 0; left -= POLL_MS) {
        engine.pass(Math.min(POLL_MS, left));
        recorder.poll();
      }
    },
    /** A saved recording as its file reads. */
    async saved(id: string): Promise<Capture> {
      const opened = await this.recordings.open(asId(id));
      if (opened === undefined) throw new Error(`there is no recording ${id}`);
      return parseCapture(
        opened.kind === 'text' ? opened.text : await Bun.file(opened.path).text(),
      );
    },
  };
}

export type World = ReturnType<typeof recorderWorld>;

export function asId(id: string): RecordingId {
  const parsed = parseRecordingId(id);
  if (parsed === undefined) throw new Error(`no recording id: ${id}`);
  return parsed;
}

/** In memory where there is some: a capture waits for its disk twice a second. Gone with the tests. */
export function runFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'punktfunk-run-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const POLL_MS = 200;
const MEMORY = '/dev/shm';
