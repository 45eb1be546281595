// The recordings that the pictures show: made by the built host, with faults on purpose and the same ones every time.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { type Host, startHost, temporaryFolder } from '../tests/support/host.ts';

/** A script of a test stream: docs/test-scripts.md. */
interface Script {
  readonly version: 1;
  readonly name: string;
  readonly sessions: readonly Readonly<Record<string, unknown>>[];
}

interface Run {
  /** Of the recording. */
  readonly name: string;
  readonly seconds: number;
  readonly actions: readonly Readonly<Record<string, unknown>>[];
  readonly marker?: { readonly atMs: number; readonly text: string };
}

/** Small enough that two cores without a graphics card keep up with it: what is late, is late on purpose. */
const MODE = { start_ms: 0, width: 960, height: 540, fps: 60, bitrate_kbps: 8000 };

const SPIKES = { what: 'stall', place: 'encoded', us: 80_000, count: 8, every: 20 };

/** The last is the newest, and what the page opens with. */
const RUNS: readonly Run[] = [
  { name: 'Desktop', seconds: 10, actions: [] },
  {
    name: 'Xonotic',
    seconds: 12,
    actions: [{ at_s: 5, what: 'withhold', count: 120, every: 2 }],
  },
  {
    name: 'Veloren',
    seconds: 10,
    actions: [{ at_s: 4, what: 'loss', pct: 30, count: 60 }],
  },
  {
    name: 'SuperTuxKart',
    seconds: 50,
    actions: [
      { at_s: 14, ...SPIKES },
      { at_s: 27, what: 'loss', pct: 30, count: 60 },
      { at_s: 36, what: 'withhold', count: 150, every: 2 },
      { at_s: 46, what: 'drop', why: 'queue_full', count: 3 },
    ],
    marker: { atMs: 15_000, text: 'Boss fight' },
  },
];

/** What a capture shows while it runs: a spike some seconds old. */
const LIVE: Run = { name: 'Live', seconds: 30, actions: [{ at_s: 12, ...SPIKES, count: 3 }] };

/**
 * A host of its own with every run recorded, which takes as long as they do and a machine that has nothing else to do;
 * or with a copy of the recordings in a folder: those of an earlier time.
 */
export async function hostWithRuns(folder?: string): Promise<Host> {
  const configDir = temporaryFolder();
  if (folder !== undefined) {
    await cp(folder, join(configDir, 'captures'), { recursive: true });
    return startHost({ configDir, args: NAMED });
  }
  const host = await startHost({ configDir, args: NAMED });
  for (const run of RUNS) {
    await host.json('POST', '/api/v1/stats/capture/start', { name: run.name });
    await stream(host, run);
    const marker = run.marker;
    const ended = Bun.sleep(run.seconds * 1000 + SLACK_MS);
    if (marker !== undefined) {
      await Bun.sleep(marker.atMs);
      await host.json('POST', '/api/v1/stats/capture/markers', { text: marker.text });
    }
    await ended;
    await host.json('POST', '/api/v1/stats/capture/stop');
  }
  return host;
}

/** Begins a capture and what it records, and waits until the spike was seen. */
export async function beginLive(host: Host): Promise<void> {
  await host.json('POST', '/api/v1/stats/capture/start', { name: LIVE.name });
  await stream(host, LIVE);
  await Bun.sleep(20_000);
}

export async function endLive(host: Host): Promise<void> {
  await Bun.sleep(LIVE.seconds * 1000 - 20_000 + SLACK_MS);
  await host.json('POST', '/api/v1/stats/capture/stop');
}

async function stream(host: Host, { name, seconds, actions }: Run): Promise<void> {
  const script: Script = { version: 1, name, sessions: [{ ...MODE, seconds, actions }] };
  await host.json('POST', '/api/v1/test-streams', { script });
}

const NAMED = ['--host-name', 'wohnzimmer'];
/** From the last frame until the stream is closed and written. */
const SLACK_MS = 2500;
