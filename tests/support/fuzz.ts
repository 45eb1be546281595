// Property tests by the clock: $FUZZ_SECONDS each, 2 without it. Says how many inputs were tried; scripts/fuzz adds up.
import { expect, test } from 'bun:test';
import fc from 'fast-check';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 2);

/** A test that holds for every input found in the given time. */
export function fuzz<T>(name: string, property: fc.IRawProperty<T>): void {
  test(
    name,
    async () => {
      const run = await fc.check(property, {
        numRuns: MOST_INPUTS,
        interruptAfterTimeLimit: SECONDS * 1000,
        markInterruptAsFailure: false,
      });
      if (run.failed) throw new Error(await fc.asyncDefaultReportMessage(run));
      console.error(`fuzz: ${run.numRuns} inputs: ${name}`);
      expect(run.numRuns).toBeGreaterThan(0);
    },
    (SECONDS + 20) * 1000,
  );
}

const MOST_INPUTS = 1_000_000_000;
