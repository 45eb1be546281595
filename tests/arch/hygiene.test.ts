// House rules that a machine can see: file length, nothing left for later, exact pins, a reason for every dependency.
import { describe, expect, test } from 'bun:test';
import { exists, files, read } from './repo.ts';

const MOST_LINES = 600;
/** A longer file says why within its first lines, in a comment with these words. */
const JUSTIFIED = /\bone file because\b/i;
const CODE = [
  '{contract,recording,components,host,scripts,bench,examples}/**/*.{ts,html}',
  'tests/**/*.ts',
  'engine/crates/**/*.rs',
  'scripts/**',
];

describe('files', () => {
  const sources = files(...CODE);

  test('have at most 600 lines, or say why they are one', () => {
    const long = sources.filter((path) => {
      const lines = read(path).split('\n');
      return lines.length > MOST_LINES + 1 && !JUSTIFIED.test(lines.slice(0, 15).join('\n'));
    });
    expect(long).toEqual([]);
  });

  test('leave nothing for later', () => {
    // Spelt in parts, so that this file does not find itself.
    const marks = new RegExp(
      `\\b(${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|${['X', 'XX'].join('')})\\b`,
    );
    expect(matching(sources, marks)).toEqual([]);
  });

  test('switch no check off', () => {
    const marks = new RegExp(
      `@ts-(${['ig', 'nore'].join('')}|nocheck)|test\\.(only|todo)\\(|todo!\\(|unimplemented!\\(`,
    );
    expect(
      matching(
        sources.filter((path) => !path.startsWith('tests/arch/')),
        marks,
      ),
    ).toEqual([]);
  });

  test('open with a comment that says what they are', () => {
    const silent = sources
      .filter((path) => /\.(ts|rs)$/.test(path) && !path.endsWith('.test.ts'))
      .filter(
        (path) =>
          !/^\s*\/[/*]|^#!\[doc = include_str!/m.test(
            read(path).split('\n').slice(0, 4).join('\n'),
          ),
      );
    expect(silent).toEqual([]);
  });
});

describe('dependencies', () => {
  const npm = npmDependencies();
  const crates = Object.entries(
    table(Bun.TOML.parse(read('engine/Cargo.toml')), 'workspace', 'dependencies'),
  ).filter(([name]) => !name.startsWith('pf-'));

  test('are pinned to one version', () => {
    const loose = [
      ...npm.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version))),
      ...crates.filter(([, entry]) => !/^=\d+\.\d+\.\d+$/.test(crateVersion(entry))),
    ];
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  test('are pinned in one place: crates take the version of the workspace', () => {
    const own = files('engine/crates/*/Cargo.toml').flatMap((path) => {
      const manifest: unknown = Bun.TOML.parse(read(path));
      return ['dependencies', 'dev-dependencies', 'build-dependencies']
        .flatMap((name) => Object.entries(table(manifest, name)))
        .filter(([, entry]) => crateVersion(entry) !== '')
        .map(([name]) => `${path}: ${name}`);
    });
    expect(own).toEqual([]);
  });

  test('each have a line in docs/ARCHITECTURE.md that says what for and what was passed over', () => {
    const section =
      read('docs/ARCHITECTURE.md')
        .split(/^## /m)
        .find((part) => part.startsWith('Dependencies')) ?? '';
    const missing = [...npm, ...crates]
      .map(([name]) => name)
      .filter((name) => !section.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  test('that left the manifests left docs/ARCHITECTURE.md too', () => {
    const section =
      read('docs/ARCHITECTURE.md')
        .split(/^## /m)
        .find((part) => part.startsWith('Dependencies')) ?? '';
    const pins = read('tests/support/requirements.txt').matchAll(/^([\w-]+)==/gm);
    const judges = [...pins].map((match) => match[1] ?? '');
    const known = new Set([
      ...npm.map(([name]) => name),
      ...crates.map(([name]) => name),
      ...judges,
    ]);
    const listed = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '');
    expect(listed.filter((name) => !known.has(name))).toEqual([]);
    expect(listed.length).toBeGreaterThan(10);
  });
});

describe('documents', () => {
  test('link only to files that exist', () => {
    const broken = files('*.md', 'docs/**/*.md', 'examples/**/*.md').flatMap((path) => {
      const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
      return [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => new URL(match[1] ?? '', `file:///${folder}`).pathname.slice(1))
        .filter((target) => !exists(decodeURIComponent(target)))
        .map((target) => `${path} -> ${target}`);
    });
    expect(broken).toEqual([]);
  });
});

function matching(paths: readonly string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [],
      ),
  );
}

function npmDependencies(): [string, unknown][] {
  const manifest: unknown = JSON.parse(read('package.json'));
  return [
    ...Object.entries(table(manifest, 'dependencies')),
    ...Object.entries(table(manifest, 'devDependencies')),
  ];
}

function crateVersion(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  return typeof entry === 'object' && entry !== null && 'version' in entry
    ? String(entry.version)
    : '';
}

/** The object at a path of keys; empty when any of them is missing. */
function table(value: unknown, ...keys: readonly string[]): Record<string, unknown> {
  const found = keys.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null ? new Map(Object.entries(at)).get(key) : undefined,
    value,
  );
  return typeof found === 'object' && found !== null
    ? Object.fromEntries(Object.entries(found))
    : {};
}
