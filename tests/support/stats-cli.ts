// `punktfunk-host stats …` in this process against a fake host with one recording of two sessions.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureMeta, RangeQuantiles } from '../../contract/stats.ts';
import { type Ran, ranCli } from './cli.ts';
import { captureOf, steadyFrames } from './exported-frames.ts';
import { FakeStatsApi } from './fake-stats-api.ts';

export const SECONDS = 12;

export function hostOfOne(): FakeStatsApi {
  const api = new FakeStatsApi();
  api.hold(captureOf(), { frames: [...steadyFrames(SECONDS)], quantiles });
  return api;
}

export function stats(api: FakeStatsApi, ...words: readonly string[]): Promise<Ran> {
  return ranCli(['stats', ...words], api.env);
}

export function metaOf(changes: Partial<CaptureMeta>): CaptureMeta {
  return { ...captureOf().meta, ...changes };
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pf-cli-export-'));
}

export function quantiles(session: number): RangeQuantiles {
  return {
    session,
    from_ms: 0,
    to_ms: 30_000,
    frames: 'all',
    count: 1800,
    new: 1700,
    repeated: 100,
    dropped: 12,
    key_frames: 1,
    bytes: 34_500_000,
    ...(session === 1 ? { skipped: 3 } : {}),
    stages: [
      {
        name: 'capture',
        count: 1800,
        min_us: 1,
        max_us: 4321,
        mean_us: 210.5,
        quantiles_us: { p50: 200, p90: 300, p99: 390, 'p99.9': 1200 },
      },
      { name: 'send', count: 0, min_us: 0, max_us: 0, mean_us: 0, quantiles_us: {} },
    ],
  };
}
