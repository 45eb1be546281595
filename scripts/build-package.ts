// Builds the npm package @punktfunk/components into dist/package: bundles, types, custom-elements manifest, licences.
// `npm pack dist/package` then makes the file to publish or to install. Depends on no other package: what the elements run
// is in their bundles, and what their types name is declared beside them.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { buildComponents } from './build-components.ts';
import { elementClasses, type Manifest, manifestOf, Sources } from './lib/manifest.ts';
import { bundledPackages, notices } from './notices.ts';

const ROOT = resolve(import.meta.dir, '..');
const BUNDLES = ['punktfunk.js', 'capture-control.js', 'review-worker.js'];

/** Modules that declarations name and that are declared here, in components/package/types. */
const STAND_INS = ['lit', 'typebox', 'chart.js'];

export async function buildPackage(out: string): Promise<Manifest> {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const built = join(out, '.built');
  await buildComponents(built);
  for (const name of BUNDLES) copyFileSync(join(built, 'components', name), join(out, name));
  rmSync(built, { recursive: true });
  await writeTypes(join(out, 'types'));
  const manifest = await elementManifest();
  writeJson(join(out, 'custom-elements.json'), manifest);
  writeJson(join(out, 'package.json'), packageManifest());
  copyFileSync(join(ROOT, 'components/package/README.md'), join(out, 'README.md'));
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
    copyFileSync(join(ROOT, name), join(out, name));
  }
  const carried = bundledPackages(CARRIED);
  writeFileSync(join(out, 'THIRD-PARTY-NOTICES.md'), notices(carried, PREAMBLE));
  return manifest;
}

/** What every tag takes and tells, from the classes and their comments. */
export async function elementManifest(): Promise<Manifest> {
  const classes = await elementClasses(join(ROOT, 'components/index.ts'));
  const sources = new Sources(ROOT, [
    ...filesBelow(join(ROOT, 'components')).map((file) => relative(ROOT, file)),
  ]);
  return manifestOf(classes, sources, {
    'punktfunk.js': () => true,
    'capture-control.js': (tag) => tag === 'pf-capture-control',
  });
}

function packageManifest(): object {
  const own: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const version = typeof own === 'object' && own !== null && 'version' in own ? own.version : '';
  return {
    name: '@punktfunk/components',
    version,
    description: 'Custom elements of punktfunk-host: why a game stream stuttered, in any page',
    keywords: ['custom-elements', 'web-components', 'game-streaming', 'latency'],
    license: 'MIT OR Apache-2.0',
    type: 'module',
    // Loading one defines its tags.
    sideEffects: true,
    main: './punktfunk.js',
    types: './types/components/index.d.ts',
    customElements: 'custom-elements.json',
    exports: {
      '.': { types: './types/components/index.d.ts', default: './punktfunk.js' },
      './control': { types: './types/components/control.d.ts', default: './capture-control.js' },
      './review-worker.js': './review-worker.js',
      './custom-elements.json': './custom-elements.json',
      './package.json': './package.json',
    },
    files: [...BUNDLES, 'types', 'custom-elements.json', 'LICENSE-*', 'THIRD-PARTY-NOTICES.md'],
    publishConfig: { access: 'public' },
  };
}

/** Declarations of the two entry points and of what they reach. */
async function writeTypes(out: string): Promise<void> {
  const work = `${out}.all`;
  await declare(work);
  const standIns = join(ROOT, 'components/package/types');
  const entries = ['components/index.d.ts', 'components/control.d.ts'];
  const waiting = [...entries];
  const reached = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const text = readFileSync(join(work, path), 'utf8');
    const written = text.replace(SPECIFIER, (whole, before: string, name: string, end: string) => {
      if (STAND_INS.includes(name)) return `${before}${standInOf(path, name)}${end}`;
      if (!name.startsWith('.')) throw new Error(`${path} needs the package ${name}`);
      const target = join(dirname(path), name).replace(/\.ts$/, '.d.ts');
      if (!reached.has(target)) {
        reached.add(target);
        waiting.push(target);
      }
      return whole.replace(/\.ts(['"])/, '.js$1');
    });
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), written);
  }
  for (const name of STAND_INS) {
    copyFileSync(join(standIns, `${name}.d.ts`), join(out, `${name}.d.ts`));
  }
  rmSync(work, { recursive: true });
}

function standInOf(path: string, name: string): string {
  return `${'../'.repeat(path.split('/').length - 1)}${name}.js`;
}

/** Declarations of everything that the entry points reach, as the compiler writes them. */
async function declare(out: string): Promise<void> {
  const compiler = Bun.spawn(
    [
      ...[process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc')],
      ...['-p', join(ROOT, 'components/package'), '--outDir', out],
    ],
    { cwd: ROOT, stdout: 'pipe', stderr: 'inherit' },
  );
  const complaints = await new Response(compiler.stdout).text();
  if ((await compiler.exited) !== 0) throw new Error(`no types: ${complaints.slice(0, 2000)}`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** `from 'x'`, `import('x')`. */
const SPECIFIER = /((?:from|import) ?\(?['"])([^'"]+)(['"])/g;

/** Packages whose code is in the bundles. */
const CARRIED = ['lit', '@lit-labs/task', 'chart.js'];
const PREAMBLE = `# Third-party notices

What the bundles of \`@punktfunk/components\` carry of others. The package itself is MIT OR Apache-2.0.
`;

if (import.meta.main) {
  const out = resolve(process.argv[2] ?? join(ROOT, 'dist/package'));
  const manifest = await buildPackage(out);
  const elements = manifest.modules[0]?.declarations.length ?? 0;
  console.log(`${relative(ROOT, out)}: @punktfunk/components, ${elements} elements`);
}
