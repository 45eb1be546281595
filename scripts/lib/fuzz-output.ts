// Reads what property tests print: how many inputs they took, and what brings a failure back.
// Pure: text in, numbers and names out; tests/scripts/fuzz.test.ts holds output of each tool.

/** Names of the property tests that a Rust test binary lists. */
export function listedTests(output: string): readonly string[] {
  const names = [...output.matchAll(/^(\S*\bfuzz_\S+): test$/gm)].map(([, name]) => name);
  return names.filter((name) => name !== undefined);
}

/** Test binaries among the messages of `cargo test --no-run --message-format=json`. */
export function testBinaries(output: string): readonly { crate: string; path: string }[] {
  return output.split('\n').flatMap((line) => {
    const match = /"package_id":"[^"]*\/([^"/#]+)#.*"executable":"([^"]+)"/.exec(line);
    const [, crate, path] = match ?? [];
    return crate === undefined || path === undefined ? [] : [{ crate, path }];
  });
}

/** Inputs of each TypeScript property test that held. */
export function typescriptInputs(output: string): readonly { name: string; inputs: number }[] {
  return [...output.matchAll(/^fuzz: (\d+) inputs: (.+)$/gm)].map(([, inputs, name]) => ({
    name: name ?? '',
    inputs: Number(inputs),
  }));
}

/** Names of the TypeScript tests that failed, and the seeds that fast-check printed, in order. */
export function typescriptFailures(output: string): {
  names: readonly string[];
  seeds: readonly string[];
} {
  const names = [...output.matchAll(/^\(fail\) (.+?)(?: \[[\d.]+ ?m?s\])?$/gm)].map(
    ([, name]) => name ?? '',
  );
  const seeds = [...output.matchAll(/\{ seed: -?\d+[^}]*\}/g)].map(([seed]) => seed);
  return { names, seeds: [...new Set(seeds)] };
}

/** How many inputs the next run of a test should take to last about `wanted_ms`. */
export function nextInputs(rate_per_ms: number, wanted_ms: number): number {
  return Math.min(MOST_INPUTS, Math.max(1, Math.floor(rate_per_ms * wanted_ms)));
}

/** proptest counts inputs in 32 bits. */
const MOST_INPUTS = 1_000_000_000;
