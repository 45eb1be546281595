// Every `unsafe` says why it is sound, and crates that need none forbid it. Clippy denies undocumented blocks too; this
// test also reads `unsafe fn`, functions that clippy leaves out, and the list of crates that may.
import { describe, expect, test } from 'bun:test';
import { exists, files, productionRust, read, withoutComments } from './repo.ts';

/** Crates that touch the kernel, foreign code or vector registers. Everybody else forbids `unsafe`. */
const MAY_BE_UNSAFE = ['pf-codec', 'pf-desktop', 'pf-fec', 'pf-ffi', 'pf-net', 'pf-session'];
const BLOCK = /\bunsafe\s*(\{|impl\b)/;
const FUNCTION = /\bunsafe\s+(?:extern\s+"[^"]*"\s+)?fn\s+\w/;
const CALLER_OWES = /# Safety|SAFETY:/;
/** How far above its `unsafe` a reason may start. */
const REACH_LINES = 14;

const sources = files(
  'engine/crates/*/{src,examples,benches,tests}/**/*.rs',
  'engine/crates/*/build.rs',
);

describe('unsafe', () => {
  test('every block and impl has a SAFETY comment above it', () => {
    expect(sources.flatMap((path) => undocumented(path, BLOCK, /SAFETY:/))).toEqual([]);
  });

  test('every unsafe fn states what its caller owes', () => {
    expect(sources.flatMap((path) => undocumented(path, FUNCTION, CALLER_OWES))).toEqual([]);
  });

  test('crates without unsafe forbid it, and only the listed ones have any', () => {
    const wrong = files('engine/crates/*/src/lib.rs').flatMap((path) => {
      const crate = path.split('/')[2] ?? '';
      const forbids = /#!\[forbid\([^)]*\bunsafe_code\b/.test(read(path));
      const uses = files(`engine/crates/${crate}/src/**/*.rs`).some((file) =>
        /\bunsafe\b/.test(withoutComments(read(file)).replace(/\bunsafe_\w+/g, '')),
      );
      if (uses && !MAY_BE_UNSAFE.includes(crate)) return [`${crate}: has unsafe and is not listed`];
      return !uses && !forbids ? [`${crate}: has no unsafe and does not forbid it`] : [];
    });
    expect(wrong).toEqual([]);
  });
});

describe('the engine', () => {
  test('never prints and never writes files', () => {
    const pattern = /\b(e?println!|e?print!|dbg!|File::create|fs::write|OpenOptions)/;
    expect(offending('engine/crates/!(pf-testkit)/src/**/*.rs', pattern)).toEqual([]);
  });

  test('keeps protocol, parity and statistics free of clocks, sockets, threads and files', () => {
    const pattern =
      /\b(Instant::now|SystemTime::now|std::(thread|fs)\b|thread::(spawn|sleep)|UdpSocket|TcpStream|TcpListener)/;
    expect(offending('engine/crates/{pf-proto,pf-fec,pf-stats}/src/**/*.rs', pattern)).toEqual([]);
  });
});

function undocumented(path: string, pattern: RegExp, reason: RegExp): string[] {
  const lines = read(path).split('\n');
  const code = withoutComments(read(path)).split('\n');
  return code.flatMap((line, index) => {
    if (!pattern.test(line)) return [];
    const known =
      hasReason(lines, index, reason) ||
      (pattern === FUNCTION && hasReason(lines, enclosingItem(lines, index), reason));
    return known ? [] : [`${path}:${index + 1} ${line.trim()}`];
  });
}

/** The reason stands on the line, or in the comment right above the statement that the line belongs to. */
function hasReason(lines: readonly string[], index: number, reason: RegExp): boolean {
  if (reason.test(lines[index] ?? '')) return true;
  for (let above = index - 1; above >= Math.max(0, index - REACH_LINES); above -= 1) {
    const line = (lines[above] ?? '').trim();
    if (line.startsWith('//') && reason.test(line)) return true;
    const statementEnded = /[;{}]$/.test(line) && !line.startsWith('//');
    if (line === '' || statementEnded) return false;
  }
  return false;
}

/** A method's trait or impl may speak for all of its methods: the nearest line above that starts in column 0. */
function enclosingItem(lines: readonly string[], index: number): number {
  const above = lines.slice(0, index);
  return above.findLastIndex((line) => /^\w/.test(line));
}

function offending(glob: string, pattern: RegExp): string[] {
  expect(exists('engine/crates')).toBe(true);
  const production = files(glob).filter((path) => !/(\/tests?\/|(^|\/|_)tests?\.rs$)/.test(path));
  return production.flatMap((path) =>
    productionRust(read(path))
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
      ),
  );
}
