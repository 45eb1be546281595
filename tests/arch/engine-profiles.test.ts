// What tests the engine checks every crate of ours, and compiles nothing of others in a way of its own.
import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, read } from './repo.ts';

test('the tests compile our own crates otherwise than what ships, all of them with every check, and nothing else', () => {
  const checked = expect.objectContaining({ 'debug-assertions': true, 'overflow-checks': true });
  const crates = readdirSync(join(ROOT, 'engine/crates'));
  expect(Bun.TOML.parse(read('engine/.cargo/tests.toml'))).toEqual({
    build: { 'target-dir': 'target/tests', 'build-dir': 'target' },
    profile: { release: { package: Object.fromEntries(crates.map((name) => [name, checked])) } },
  });
});
