// Scripted streams on the real host: the recording that comes out of its API against what the scripted parts saw. The
// long form, which also writes docs/truth.md: scripts/truth.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { type Host, missingExecutable, startHost } from '../support/host.ts';
import { PYTHON } from '../support/moonlight.ts';
import { playAndCompare } from './run.ts';
import { everyKind, overlapping } from './scripts.ts';

const missing =
  missingExecutable ||
  (existsSync(PYTHON) ? '' : ' (skipped: no .cache/python; scripts/test makes it)');
let host: Host;

describe.skipIf(missing !== '')(`a scripted stream and its recording${missing}`, () => {
  beforeAll(async () => {
    host = await startHost();
  }, 30_000);

  afterAll(async () => {
    expect(await host.end()).toBe(0);
  });

  for (const [name, script] of [
    ['every kind of fault', everyKind(7)],
    ['three sessions that overlap', overlapping(8)],
  ] as const) {
    test(`${name}: every frame, boundary, counter, quantile and event as it happened`, async () => {
      const result = await playAndCompare(host, script);
      expect(result.faults).toEqual([]);
      expect(result.frames).toBeGreaterThan(250);
      expect(result.worstErrorUs).toBeLessThanOrEqual(2);
      // Most boundaries are known sharply; the rest were interrupted by the machine's other work.
      expect(result.sharpBoundaries / result.boundaries).toBeGreaterThan(0.9);
      expect(result.quantiles).toBeGreaterThan(300);
    }, 60_000);
  }
});
