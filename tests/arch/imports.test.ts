// Who may import whom, as data (docs/ARCHITECTURE.md shows the same table). A forbidden import fails here.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { files, importsOf, ROOT, read } from './repo.ts';

type Zone = {
  /** Other zones, by path prefix. Its own files are always allowed. */
  readonly may: readonly string[];
  readonly packages: readonly string[];
  /** `bun`, `bun:*`, `node:*`. */
  readonly runtime: boolean;
};

const HOST_PACKAGES = ['typebox', 'elysia', '@elysiajs/swagger', 'multicast-dns'];

/** The longest prefix that fits a file is its zone. */
const ZONES: Readonly<Record<string, Zone>> = {
  'contract/': { may: [], packages: ['typebox'], runtime: false },
  'recording/': {
    may: ['contract/'],
    packages: ['typebox', 'hyparquet', 'hyparquet-writer'],
    runtime: false,
  },
  'components/': {
    may: ['contract/', 'recording/'],
    packages: ['lit', '@lit-labs/task', 'chart.js'],
    runtime: false,
  },
  'host/src/': {
    may: ['contract/', 'recording/', 'host/'],
    packages: HOST_PACKAGES,
    runtime: true,
  },
};

/** Inside the host: features do not know each other; only the root and the CLI know them all. */
const NEVER: readonly (readonly [from: string, to: string])[] = [
  ['host/src/api/', 'host/src/gamestream/'],
  ['host/src/api/', 'host/src/native/'],
  ['host/src/gamestream/', 'host/src/api/'],
  ['host/src/gamestream/', 'host/src/recordings/'],
  ['host/src/native/', 'host/src/api/'],
  ['host/src/native/', 'host/src/recordings/'],
  ['host/src/engine/', 'host/src/api/'],
  ['host/src/engine/', 'host/src/recordings/'],
  ['host/src/engine/', 'host/src/cli/'],
  ['host/src/recordings/', 'host/src/api/'],
  ['host/src/recordings/', 'host/src/cli/'],
  ['host/src/api/', 'host/src/cli/'],
];

const CRATES: Readonly<Record<string, readonly string[]>> = {
  'pf-proto': [],
  'pf-fec': [],
  'pf-stats': [],
  'pf-desktop': [],
  'pf-codec': [],
  'pf-net': [],
  'pf-seal': [],
  'pf-session': ['pf-codec', 'pf-desktop', 'pf-fec', 'pf-net', 'pf-proto', 'pf-seal', 'pf-stats'],
  // Shares no code with the sender that it judges.
  'pf-probe': [],
  'pf-ffi': ['pf-probe', 'pf-session', 'pf-stats'],
  // Never shipped: a dev-dependency at most. Paints the marker that pf-desktop reads.
  'pf-testkit': ['pf-desktop'],
};

/** Exceptions, `from -> to`. Stays empty; whoever adds a line writes here when it goes. */
const DEBT: readonly string[] = [];

describe('TypeScript', () => {
  const sources = files('{contract,recording,components,host}/**/*.ts');

  test('every file lies in a zone', () => {
    expect(sources.filter((path) => zoneOf(path) === undefined)).toEqual([]);
    expect(sources.length).toBeGreaterThan(0);
  });

  test('imports only what its zone may', () => {
    expect(sources.flatMap(violations).filter((line) => !DEBT.includes(line))).toEqual([]);
  });

  test('only host/src/engine/ffi.ts knows bun:ffi', () => {
    const users = sources.filter((path) =>
      importsOf(path).some((entry) => entry.kind === 'module' && entry.name === 'bun:ffi'),
    );
    expect(users.filter((path) => path !== 'host/src/engine/ffi.ts')).toEqual([]);
  });

  test('contract and recording compile without Bun, Node and the DOM', async () => {
    const pure = files('{contract,recording}/**/*.ts').filter((path) => !path.endsWith('.test.ts'));
    const compiler = Bun.spawn(
      [
        ...[process.execPath, 'node_modules/typescript/bin/tsc', '--ignoreConfig', '--noEmit'],
        ...[
          '--strict',
          '--skipLibCheck',
          '--allowImportingTsExtensions',
          '--noUncheckedIndexedAccess',
        ],
        ...['--target', 'ES2023', '--lib', 'ES2023', '--module', 'Preserve', '--types', ''],
        ...pure,
      ],
      { cwd: ROOT, stdout: 'pipe', stderr: 'inherit' },
    );
    const complaints = await new Response(compiler.stdout).text();
    expect(complaints).toBe('');
    expect(await compiler.exited).toBe(0);
  }, 30_000);
});

describe('Rust', () => {
  const manifests = files('engine/crates/*/Cargo.toml');

  test('every crate stands in the table', () => {
    const names = manifests.map((path) => path.split('/')[2] ?? '');
    expect(names).toEqual(Object.keys(CRATES).sort());
  });

  test('crates depend only on the crates that the table gives them', () => {
    const wrong = manifests.flatMap((path) => {
      const crate = path.split('/')[2] ?? '';
      const allowed = CRATES[crate] ?? [];
      return ownDependencies(path, 'dependencies')
        .filter((name) => !allowed.includes(name))
        .map((name) => `${crate} -> ${name}`);
    });
    expect(wrong.filter((line) => !DEBT.includes(line))).toEqual([]);
  });

  test('nothing that ships depends on the test kit', () => {
    const shipped = manifests.filter((path) => !path.includes('/pf-testkit/'));
    const users = shipped.filter((path) =>
      ownDependencies(path, 'dependencies').includes('pf-testkit'),
    );
    expect(users).toEqual([]);
  });

  test('the probe has none of our crates even in its tests, save the test kit', () => {
    const names = ownDependencies('engine/crates/pf-probe/Cargo.toml', 'dev-dependencies');
    expect(names.filter((name) => name !== 'pf-testkit')).toEqual([]);
  });
});

test('no exception is left over', () => {
  expect(DEBT).toEqual([]);
});

function zoneOf(path: string): string | undefined {
  const fitting = Object.keys(ZONES).filter((prefix) => path.startsWith(prefix));
  return fitting.sort((left, right) => right.length - left.length)[0];
}

function violations(path: string): string[] {
  if (path.endsWith('.test.ts')) return [];
  const prefix = zoneOf(path);
  const zone = prefix === undefined ? undefined : ZONES[prefix];
  if (prefix === undefined || zone === undefined) return [`${path}: in no zone`];
  return importsOf(path).flatMap((entry) => {
    const target = entry.kind === 'file' ? entry.path : entry.name;
    const allowed =
      entry.kind === 'module'
        ? zone.packages.includes(target) || (zone.runtime && /^(bun$|bun:|node:)/.test(target))
        : isAsset(target) || mayImportFile(path, prefix, zone, target);
    return allowed ? [] : [`${path} -> ${target}`];
  });
}

function mayImportFile(from: string, prefix: string, zone: Zone, target: string): boolean {
  if (NEVER.some(([a, b]) => from.startsWith(a) && target.startsWith(b))) return false;
  return target.startsWith(prefix) || zone.may.some((other) => target.startsWith(other));
}

/** What the executable embeds comes from the build, not from a zone. */
function isAsset(target: string): boolean {
  return /^(dist|engine\/target|node_modules)\//.test(target) || target === 'package.json';
}

function ownDependencies(manifest: string, table: string): string[] {
  const parsed: unknown = Bun.TOML.parse(read(manifest));
  const entries = typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [];
  const dependencies: unknown = entries.find(([name]) => name === table)?.[1] ?? {};
  if (typeof dependencies !== 'object' || dependencies === null) {
    throw new Error(`${join(ROOT, manifest)}: ${table} is no table`);
  }
  return Object.keys(dependencies).filter((name) => name.startsWith('pf-'));
}
