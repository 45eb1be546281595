// What the architecture tests read the tree with: file lists, TypeScript imports, Rust without its tests.
// Works on the files as they lie there, so it needs neither git nor a build.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dir, '../..');

const GENERATED = /(^|\/)(node_modules|target|dist|\.cache|\.venv)\//;

/** Paths relative to the project of all files that match one of the globs, sorted. */
export function files(...globs: readonly string[]): string[] {
  const found = globs.flatMap((glob) => [...new Bun.Glob(glob).scanSync({ cwd: ROOT, dot: true })]);
  return [...new Set(found)].filter((path) => !GENERATED.test(path)).sort();
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** A module that a file names: a path inside the project, or a package or built-in as written. */
export type Import =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'module'; readonly name: string };

/** Everything that a TypeScript file imports, types included; also what it starts as a Worker. */
export function importsOf(path: string, source: string = read(path)): Import[] {
  const code = withoutComments(source);
  const patterns = [
    /^\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+)['"]\s*,\s*import\.meta\.url/g,
  ];
  const names = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((m) => m[1] ?? ''));
  return names.map((name) =>
    name.startsWith('.')
      ? { kind: 'file', path: relative(ROOT, resolve(ROOT, dirname(path), name)) }
      : { kind: 'module', name: packageOf(name) },
  );
}

/** A Rust file up to its tests, which stand at the end, and without comments. */
export function productionRust(source: string): string {
  const tests = source.search(/^#\[cfg\((?:all\()?test\b/m);
  return withoutComments(tests < 0 ? source : source.slice(0, tests));
}

/** Blanks comments, keeps line numbers. A `//` inside a string, as in an address, stays. */
export function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[^:'"`\w])\/\/[^\n]*/gm, '$1');
}

/** `lit/decorators.js` belongs to `lit`, `@a/b/c` to `@a/b`; `node:fs` and `bun:ffi` stay whole. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
