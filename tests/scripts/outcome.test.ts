// The numbers of scripts/test come from text that tools print. These are their own words, as captured.
import { describe, expect, test } from 'bun:test';
import { readBunTest, readCargoTest, readCheck, total } from '../../scripts/lib/outcome.ts';

const BUN_RUN = `bun test v1.4.5 (a7733435c)

a.test.ts:
(pass) outer > good one [0.03ms]
error: expect(received).toBe(expected)

(fail) outer > bad [x] one [1.17ms]
(skip) outer > later

b.test.ts:

# Unhandled error between tests
-------------------------------
error: Cannot find module './nope.ts' from '/tmp/b.test.ts'
-------------------------------


 1 pass
 1 skip
 2 fail
 1 error
 2 expect() calls
Ran 4 tests across 2 files. [12.00ms]
`;

const CARGO_RUN = `
running 3 tests
test gate::tests::opens ... ok
test ring::tests::wraps ... FAILED
test ring::tests::slow ... ignored, needs an hour

failures:

---- ring::tests::wraps stdout ----
failures:
    ring::tests::wraps

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

error: test failed, to rerun pass \`-p pf-stats --lib\`
     Running unittests src/lib.rs (target/debug/deps/pf_fec-1)

running 4 tests
test result: ok. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.00s
`;

describe('bun test', () => {
  test('counts passes and failures, and names what failed, also a file that does not load', () => {
    expect(readBunTest(BUN_RUN, 1)).toEqual({
      passed: 1,
      failed: 2,
      failures: ['outer > bad [x] one', 'b.test.ts (error)'],
      skipped: ['outer > later'],
    });
  });

  test('takes a run without a summary for a failure, whatever its status', () => {
    const outcome = readBunTest('bun test v1.4.5 (a7733435c)\n\nc.test.ts:\n', 0);
    expect(outcome.failed).toBe(1);
    expect(outcome.failures).toEqual(['bun test did not finish (status -1)']);
  });

  test('takes a bad status for a failure although every test passed', () => {
    expect(readBunTest(' 5 pass\n 0 fail\n', 137)).toMatchObject({ passed: 5, failed: 1 });
  });
});

describe('cargo test', () => {
  test('adds up the result lines of all binaries', () => {
    expect(readCargoTest(CARGO_RUN, 101)).toEqual({
      passed: 5,
      failed: 1,
      failures: ['ring::tests::wraps'],
      skipped: ['ring::tests::slow'],
    });
  });

  test('counts a binary that died without a result line', () => {
    const died = `${CARGO_RUN}
error: test failed, to rerun pass \`-p pf-net --test gso\`

Caused by:
  process didn't exit successfully: \`gso-1\` (signal: 11, SIGSEGV: invalid memory reference)
`;
    const outcome = readCargoTest(died, 101);
    expect(outcome.failed).toBe(2);
    expect(outcome.failures).toContain(
      'died without a result: one of -p pf-stats --lib, -p pf-net --test gso',
    );
  });

  test('counts the inner run of a test that starts its own binary only once', () => {
    const inner =
      'test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 15 filtered out; finished in 0.34s\n';
    expect(readCargoTest(inner + CARGO_RUN, 101)).toMatchObject({ passed: 5, failed: 1 });
  });

  test('counts code that does not compile as one failure', () => {
    const outcome = readCargoTest('error[E0308]: mismatched types\n', 101);
    expect(outcome).toMatchObject({ passed: 0, failed: 1 });
  });
});

test('a check passes or fails by its status', () => {
  const reader = readCheck('Types');
  expect(reader('', 0)).toMatchObject({ passed: 1, failed: 0 });
  expect(reader('error TS1', 2)).toMatchObject({ passed: 0, failed: 1, failures: ['Types'] });
});

test('outcomes add up', () => {
  const sum = total([
    readBunTest(BUN_RUN, 1),
    readCargoTest(CARGO_RUN, 101),
    readCheck('x')('', 0),
  ]);
  expect(sum).toMatchObject({ passed: 7, failed: 3 });
  expect(sum.failures).toHaveLength(3);
});
