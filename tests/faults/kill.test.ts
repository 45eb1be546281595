// kill -9 at random moments of a real host, over and over: never more than the last window lost, never a recording that
// does not load, never a dead start. The long form: scripts/faults --kills 1000.
import { describe, expect, test } from 'bun:test';
import { missingExecutable } from '../support/host.ts';
import { killRounds } from '../support/kill-rounds.ts';
import { seeded } from '../support/seeded-recordings.ts';

const LANES = 3;
const ROUNDS = 18;

describe.skipIf(missingExecutable !== '')(`kill -9${missingExecutable}`, () => {
  test(`${LANES * ROUNDS} kills, some while saving: what was recorded is there after the next start`, async () => {
    const lanes = Array.from({ length: LANES }, (_, lane) => killRounds(ROUNDS, seeded(lane + 1)));
    const reports = await Promise.all(lanes);
    expect(reports.flatMap(({ faults }) => faults)).toEqual([]);
    expect(reports.reduce((sum, { rounds }) => sum + rounds, 0)).toBe(LANES * ROUNDS);
    expect(reports.every(({ recovered }) => recovered > 0)).toBe(true);
    expect(reports.reduce((sum, { whileSaving }) => sum + whileSaving, 0)).toBeGreaterThan(5);
  }, 300_000);
});
