// Worker: a capture of hours in simulated time, as the recordings Worker of a host has it, that is stopped when its parent
// says so. Told { minutes, fps }; answers 'ready' with what a minute of polls costs, early and late; then 'stopped'; then
// 'compressed'. For benchmarks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecordings } from '../../host/src/recordings/assembly.ts';
import { SimulatedEngine, STARTED_UNIX_MS, sessionOf } from './simulated-engine.ts';

declare const self: Worker;

export type Told =
  /** CPU of a minute's polls, ms: the least of some. */
  | { readonly kind: 'ready'; readonly earlyMs: number; readonly lateMs: number }
  | { readonly kind: 'stopped'; readonly wallMs: number; readonly cpuMs: number }
  | { readonly kind: 'compressed' };

const POLL_MS = 200;
/** Those before are of a process that still warms up. */
const EARLY = 15;
const MINUTES_EACH = 5;

self.onmessage = ({ data }: MessageEvent<{ minutes: number; fps: number }>) => {
  const configDir = mkdtempSync(join(tmpdir(), 'punktfunk-bench-'));
  const engine = new SimulatedEngine();
  const openedNs = engine.nowNs();
  const quiet = () => undefined;
  const { recorder, files } = openRecordings({
    ...{ engine, configDir },
    log: { debug: quiet, info: quiet, warn: console.error, error: console.error },
    nowUnixMs: () => STARTED_UNIX_MS + Math.round(Number(engine.nowNs() - openedNs) / 1e6),
    bootMs: () => Number(engine.nowNs() / 1_000_000n),
    clockMs: () => performance.now(),
    onActive: quiet,
  });
  engine.stream(1, data.fps);
  recorder.session(sessionOf(1, { fps: data.fps }));
  recorder.onDeltas(quiet);
  recorder.start();
  const minutes: number[] = [];
  for (let minute = 0; minute < data.minutes; minute += 1) {
    let cpuMs = 0;
    for (let poll = 0; poll < 60_000 / POLL_MS; poll += 1) {
      engine.pass(POLL_MS);
      cpuMs += cpuOf(() => recorder.poll());
    }
    minutes.push(cpuMs);
  }
  const least = (of: readonly number[]): number => Math.min(...of);
  const earlyMs = least(minutes.slice(EARLY, EARLY + MINUTES_EACH));
  tell({ kind: 'ready', earlyMs, lateMs: least(minutes.slice(-MINUTES_EACH)) });
  self.onmessage = async () => {
    const began = performance.now();
    const cpuMs = cpuOf(() => recorder.stop());
    tell({ kind: 'stopped', wallMs: performance.now() - began, cpuMs });
    await files.compressed;
    rmSync(configDir, { recursive: true, force: true });
    tell({ kind: 'compressed' });
  };
};

function cpuOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function tell(told: Told): void {
  self.postMessage(told);
}
