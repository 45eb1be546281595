// What the fuzz runner makes of the output of cargo, proptest, bun and fast-check.
import { expect, test } from 'bun:test';
import {
  listedTests,
  nextInputs,
  testBinaries,
  typescriptFailures,
  typescriptInputs,
} from '../../scripts/lib/fuzz-output.ts';

test('only property tests are listed, wherever they lie', () => {
  const output = [
    'fuzz_random_bytes_never_open: test',
    'gamestream::ping::tests::fuzz_random_datagrams: test',
    'gamestream::ping::tests::a_ping_is_known: test',
    'a_refuzz_of_nothing: test',
    'fuzz_speed: benchmark',
    '',
    '3 tests, 1 benchmark',
  ].join('\n');
  expect(listedTests(output)).toEqual([
    'fuzz_random_bytes_never_open',
    'gamestream::ping::tests::fuzz_random_datagrams',
  ]);
});

test('test binaries are told from libraries', () => {
  const message = (crate: string, executable: string): string =>
    `{"reason":"compiler-artifact","package_id":"path+file:///p/engine/crates/${crate}#0.1.0","executable":${executable},"fresh":true}`;
  const output = [
    message('pf-proto', 'null'),
    message('pf-proto', '"/t/debug/deps/pf_proto-1"'),
    'not JSON',
    message('pf-seal', '"/t/debug/deps/media_vectors-2"'),
  ].join('\n');
  expect(testBinaries(output)).toEqual([
    { crate: 'pf-proto', path: '/t/debug/deps/pf_proto-1' },
    { crate: 'pf-seal', path: '/t/debug/deps/media_vectors-2' },
  ]);
});

test('what held and what failed in TypeScript is told with its seed', () => {
  const output = [
    'fuzz: 4711 inputs: any head is answered: twice',
    '(pass) any head is answered: twice [2001.20ms]',
    'error: Property failed after 3 tests\n{ seed: -1819918769, path: "2:0", endOnFailure: true }',
    'Counterexample: [[]]\n{ seed: -1819918769, path: "2:0", endOnFailure: true }',
    '(fail) HTTP > any query is parsed [12.00ms]',
  ].join('\n');
  expect(typescriptInputs(output)).toEqual([{ name: 'any head is answered: twice', inputs: 4711 }]);
  expect(typescriptFailures(output)).toEqual({
    names: ['HTTP > any query is parsed'],
    seeds: ['{ seed: -1819918769, path: "2:0", endOnFailure: true }'],
  });
});

test('a piece lasts as long as wanted and never holds no input', () => {
  expect(nextInputs(12.5, 1000)).toBe(12_500);
  expect(nextInputs(0.0001, 50)).toBe(1);
  expect(nextInputs(1e9, 1e6)).toBeLessThan(2 ** 32);
});
