// Kills the host at random moments, also while it saves, and looks at what the next start makes of it: the list answers,
// every recording in it loads with its frames, and of the killed one no more than the last window is gone.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { Capture, CaptureMeta } from '../../contract/stats.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { type Host, startHost, temporaryFolder } from './host.ts';

/** Length of a window of the path that test streams take, and the grace in which it is closed. */
const WINDOW_MS = 1000;
/** A poll, a commit and the kill itself on a machine that is shared. */
const SLACK_MS = 400;
const STREAM = { source: 'synthetic', width: 320, height: 180, fps: 60, bitrate_kbps: 1000 };
const LONGEST_MS = 2600;
const SAVE_WITHIN_MS = 60;
/** Recordings that the folder may hold before it is emptied: a list of hundreds slows the rounds down. */
const KEEP = 12;

export interface KillReport {
  rounds: number;
  whileSaving: number;
  recovered: number;
  /** A capture that had nothing yet, or whose save was over. */
  otherwise: number;
  /** Between the last frame in the recording and the kill, ms; the largest. */
  mostLostMs: number;
  readonly faults: string[];
}

/** Plays `rounds` rounds with moments made of `random`. */
export async function killRounds(rounds: number, random: () => number): Promise<KillReport> {
  const report: KillReport = {
    ...{ rounds: 0, whileSaving: 0, recovered: 0, otherwise: 0, mostLostMs: 0 },
    faults: [],
  };
  const configDir = temporaryFolder();
  let host = await startHost({ configDir });
  try {
    for (let round = 0; round < rounds; round += 1) {
      const killed = await playAndKill(host, random);
      host = await startHost({ configDir });
      await judge(host, killed, report);
      report.rounds += 1;
      if (readdirSync(join(configDir, 'captures')).length > KEEP * 3) await empty(host);
    }
  } finally {
    await host.end();
    rmSync(configDir, { recursive: true, force: true });
  }
  return report;
}

interface Killed {
  readonly round: string;
  /** Ids that were there before. */
  readonly before: ReadonlySet<string>;
  readonly startedUnixMs: number;
  readonly streamedMs: number;
  readonly killedUnixMs: number;
  readonly saving: boolean;
}

async function playAndKill(host: Host, random: () => number): Promise<Killed> {
  const before = new Set((await list(host)).map(({ id }) => id));
  await host.json('POST', '/api/v1/stats/capture/start');
  const startedUnixMs = Date.now();
  await host.json('POST', '/api/v1/test-streams', { ...STREAM, seconds: 30 });
  const runMs = Math.floor(random() * LONGEST_MS);
  const saving = random() < 0.35;
  await Bun.sleep(runMs);
  if (saving) {
    // Nobody waits for the answer: the kill comes somewhere on its way.
    void host.json('POST', '/api/v1/stats/capture/stop').catch(() => undefined);
    await Bun.sleep(Math.floor(random() * SAVE_WITHIN_MS));
  }
  const killedUnixMs = Date.now();
  await host.end('SIGKILL');
  const round = `${runMs} ms${saving ? ', while saving' : ''}`;
  return { round, before, startedUnixMs, streamedMs: runMs, killedUnixMs, saving };
}

async function judge(host: Host, killed: Killed, report: KillReport): Promise<void> {
  const { faults } = report;
  const fault = (text: string): number => faults.push(`after ${killed.round}: ${text}`);
  const metas = await list(host);
  for (const { id, damaged } of metas) {
    if (damaged !== undefined) fault(`${damaged.file} is damaged: ${damaged.reason}`);
    else if (!killed.before.has(id)) await load(host, id, killed, report, fault);
  }
  const fresh = metas.filter(({ id }) => !killed.before.has(id));
  if (killed.saving) report.whileSaving += 1;
  if (fresh.length > 1) fault(`${fresh.length} recordings came of one: ${ids(fresh)}`);
  if (fresh.length === 0 && killed.streamedMs > WINDOW_MS + SLACK_MS)
    fault('the recording is gone');
  const files = readdirSync(join(host.configDir, 'captures'));
  // The host that runs may be writing a compressed copy: its own half file is none that was left.
  const own = `.${host.pid}.tmp`;
  const left = files.filter(
    (name) => !name.endsWith(own) && /\.(journal|frames|tmp)/.test(name) && name.startsWith('.'),
  );
  if (left.length > 0) fault(`left lying: ${left.join(', ')}`);
}

async function load(
  host: Host,
  id: string,
  killed: Killed,
  report: KillReport,
  fault: (text: string) => number,
): Promise<void> {
  const capture = await host.json('GET', `/api/v1/stats/recordings/${id}`);
  if (!Value.Check(Capture, capture)) {
    fault(`${id} does not load`);
    return;
  }
  if (capture.meta.recovered === true) report.recovered += 1;
  else report.otherwise += 1;
  if ((capture.sessions ?? []).length === 0) {
    if (killed.streamedMs > WINDOW_MS + SLACK_MS) fault(`${id} holds no session`);
    return;
  }
  const answer = await host.ask('GET', `/api/v1/stats/recordings/${id}/frames?format=parquet`);
  if (!answer.ok) {
    fault(`the frames of ${id}: ${answer.status} ${await answer.text()}`);
    return;
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const file = FramesFile.open({
    byteLength: bytes.byteLength,
    read: (from: number, to: number) => bytes.subarray(from, to),
  });
  const lastUs = Math.max(...file.groups.map(({ toUs }) => toUs));
  const counted = capture.samples.reduce((sum, { frames = 0 }) => sum + frames, 0);
  if (file.rows !== counted) fault(`${id}: ${file.rows} frames, but ${counted} in its windows`);
  const lostMs = killed.killedUnixMs - (capture.meta.started_unix_ms + lastUs / 1000);
  if (!killed.saving || capture.meta.recovered === true) {
    report.mostLostMs = Math.max(report.mostLostMs, lostMs);
    if (lostMs > WINDOW_MS + SLACK_MS) fault(`${id}: the last ${Math.round(lostMs)} ms are gone`);
  }
}

async function list(host: Host): Promise<CaptureMeta[]> {
  return Value.Parse(Type.Array(CaptureMeta), await host.json('GET', '/api/v1/stats/recordings'));
}

async function empty(host: Host): Promise<void> {
  for (const { id } of await list(host)) {
    await host.json('DELETE', `/api/v1/stats/recordings/${id}?forever=true`);
  }
}

const ids = (metas: readonly CaptureMeta[]): string => metas.map(({ id }) => id).join(', ');
