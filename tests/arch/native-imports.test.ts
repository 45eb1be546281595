// What the engine library asks of a machine: no optional library, and no newer libc than Debian 12's.
// Needs the build; says so and skips where there is none.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { exists, ROOT } from './repo.ts';

const LIBRARY = 'engine/target/release/libpf_ffi.so';
/** libgcc_s unwinds panics up to the boundary. libstdc++ is linked in; desktop and codec libraries are opened at run time. */
const MAY_NEED = ['ld-linux-x86-64.so.2', 'libc.so.6', 'libgcc_s.so.1', 'libm.so.6'];
/** Debian 12 has 2.36; 2.34 is what the linker there binds pthread and dlopen to. */
const NEWEST_GLIBC = [2, 34];
const EXPORTS = [
  ...['pf_abi_version', 'pf_engine_call', 'pf_engine_close', 'pf_engine_drain', 'pf_engine_open'],
  'pf_last_error',
];
/** wayland-backend declares its two log callbacks with C names, whether they are used or not. */
const WAYLAND_LOGGERS = /^wl_log_rust_logger_(client|server)$/;

describe.skipIf(!exists(LIBRARY))(`the built library (${LIBRARY})`, () => {
  test('needs libc and its companions only', async () => {
    const dynamic = await run('readelf', '--dynamic', '--wide');
    const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1] ?? '');
    expect(needed.filter((name) => !MAY_NEED.includes(name))).toEqual([]);
    expect(needed).toContain('libc.so.6');
  });

  test(`runs with glibc ${NEWEST_GLIBC.join('.')}`, async () => {
    const symbols = await run('readelf', '--dyn-syms', '--wide');
    const versions = [...symbols.matchAll(/@GLIBC_(\d+)\.(\d+)/g)].map((match) => [
      Number(match[1]),
      Number(match[2]),
    ]);
    const newest = versions.sort(([a = 0, b = 0], [c = 0, d = 0]) => c - a || d - b)[0] ?? [];
    expect(versions.length).toBeGreaterThan(0);
    expect(newest[0]).toBe(NEWEST_GLIBC[0] ?? 0);
    expect(newest[1] ?? 0).toBeLessThanOrEqual(NEWEST_GLIBC[1] ?? 0);
  });

  test('exports the six functions and nothing else', async () => {
    const symbols = await run('readelf', '--dyn-syms', '--wide');
    const exported = [...symbols.matchAll(/\b(?:GLOBAL|WEAK)\s+DEFAULT\s+\d+\s+(\S+)$/gm)]
      .map((match) => (match[1] ?? '').replace(/@.*/, ''))
      .sort();
    expect(exported.filter((name) => !WAYLAND_LOGGERS.test(name))).toEqual(EXPORTS);
  });
});

async function run(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command, join(ROOT, LIBRARY)], { stdout: 'pipe', stderr: 'inherit' });
  const output = await new Response(child.stdout).text();
  expect(await child.exited).toBe(0);
  return output;
}
