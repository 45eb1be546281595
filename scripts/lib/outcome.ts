// Reads what test tools print into one shape: how many passed and failed, and the names of those that failed.
// Pure: text without colour codes in, numbers out; tests/scripts/outcome.test.ts holds captured output of each tool.

export type Outcome = {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly skipped: readonly string[];
};

export type Reader = (output: string, exitCode: number) => Outcome;

/** A tool that is either content or not: one passed, or one failed. */
export function readCheck(name: string): Reader {
  return (_output, exitCode) =>
    exitCode === 0
      ? { passed: 1, failed: 0, failures: [], skipped: [] }
      : { passed: 0, failed: 1, failures: [name], skipped: [] };
}

/** The lines of `cargo test` over a workspace: one result line per test binary, none from a binary that died. */
export function readCargoTest(output: string, exitCode: number): Outcome {
  // A test that runs its own binary again for one case prints a second result, of a run with a filter.
  const results = [
    ...output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;.* 0 filtered out;/gm),
  ];
  const passed = sum(results.map((match) => Number(match[1])));
  const failures = names(output, /^test (.+?) \.\.\. FAILED$/gm);
  const skipped = names(output, /^test (.+?) \.\.\. ignored/gm);
  const failed = sum(results.map((match) => Number(match[2])));
  const failedResults = results.filter((match) => Number(match[2]) > 0).length;
  const died = names(output, /^error: (?:test|doctest) failed, to rerun pass `(.+)`$/gm);
  const withoutResult = Math.max(0, died.length - failedResults);
  const more = withoutResult > 0 ? [`died without a result: one of ${died.join(', ')}`] : [];
  return settle('cargo test', exitCode, {
    passed,
    failed: failed + withoutResult,
    failures: [...failures, ...more],
    skipped,
  });
}

/**
 * The console output of `bun test`. Its junit file leaves out files that do not load, and a test file that calls
 * `process.exit(0)` ends the run with status 0 and no summary: so no summary counts as a failure.
 */
export function readBunTest(output: string, exitCode: number): Outcome {
  const passed = last(output, /^\s*(\d+) pass$/gm);
  const failed = last(output, /^\s*(\d+) fail$/gm);
  const duration = String.raw`(?: \[[\d.]+\s?m?s\])?$`;
  const unloadable = names(output, /^(\S+):\n\n# Unhandled error/gm).map(
    (file) => `${file} (error)`,
  );
  const outcome = {
    passed: passed ?? 0,
    failed: failed ?? 0,
    failures: [
      ...names(output, new RegExp(String.raw`^\(fail\) (.+?)${duration}`, 'gm')),
      ...unloadable,
    ],
    skipped: names(output, new RegExp(String.raw`^\(skip\) (.+?)${duration}`, 'gm')),
  };
  return settle('bun test', passed === undefined && exitCode === 0 ? -1 : exitCode, outcome);
}

/** Adds outcomes up. */
export function total(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: sum(outcomes.map((outcome) => outcome.passed)),
    failed: sum(outcomes.map((outcome) => outcome.failed)),
    failures: outcomes.flatMap((outcome) => outcome.failures),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
  };
}

/** A tool that says "failed" by its status alone still counts as one failure. */
function settle(tool: string, exitCode: number, outcome: Outcome): Outcome {
  if (exitCode === 0 || outcome.failed > 0) return outcome;
  const why = `${tool} did not finish (status ${exitCode})`;
  return { ...outcome, failed: 1, failures: [...outcome.failures, why] };
}

function names(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))];
}

function last(text: string, pattern: RegExp): number | undefined {
  const match = [...text.matchAll(pattern)].at(-1);
  return match === undefined ? undefined : Number(match[1]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((left, right) => left + right, 0);
}
