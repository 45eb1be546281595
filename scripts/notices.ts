// Writes THIRD-PARTY-NOTICES.md: everything of others that dist/punktfunk-host carries, with its licence text.
// Deterministic and offline: reads cargo's metadata and node_modules as the lock files pin them. `--check` compares only.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '..');
const OUTPUT = join(ROOT, 'THIRD-PARTY-NOTICES.md');
const PLATFORM = 'x86_64-unknown-linux-gnu';

/** Assets that the executable embeds although only the build needs the package. */
const EMBEDDED_DEV_PACKAGES = ['swagger-ui-dist'];

export type Component = {
  readonly name: string;
  readonly version: string;
  /** SPDX expression as its authors wrote it. */
  readonly licence: string;
  readonly origin: 'crate' | 'npm';
  readonly texts: readonly string[];
};

async function main(args: readonly string[]): Promise<number> {
  const wanted = notices(await shippedComponents());
  if (!args.includes('--check')) {
    writeFileSync(OUTPUT, wanted);
    console.log(`wrote ${OUTPUT}`);
    return 0;
  }
  const current = existsSync(OUTPUT) ? readFileSync(OUTPUT, 'utf8') : '';
  if (current === wanted) return 0;
  console.error('THIRD-PARTY-NOTICES.md is out of date: run `bun scripts/notices.ts`');
  return 1;
}

/** Crates linked into the engine library, and npm packages bundled or embedded. */
export async function shippedComponents(): Promise<Component[]> {
  const found = [...(await crates()), ...packages()];
  return found.sort((a, b) => compare(`${a.name} ${a.version}`, `${b.name} ${b.version}`));
}

/** The whole document. */
export function notices(components: readonly Component[], preamble = PREAMBLE): string {
  const rows = components.map(
    ({ name, version, licence, origin }) => `| ${name} | ${version} | ${licence} | ${origin} |`,
  );
  const users = new Map<string, string[]>();
  for (const { name, version, texts } of components) {
    for (const text of texts) users.set(text, [...(users.get(text) ?? []), `${name} ${version}`]);
  }
  const sections = [...users].map(
    ([text, names]) => `### ${names.join(', ')}\n\n${fenced(text)}\n`,
  );
  return `${preamble}\n| component | version | licence | from |\n|---|---|---|---|\n${rows.join('\n')}\n
## Licence texts\n\n${sections.join('\n')}`;
}

async function crates(): Promise<Component[]> {
  const metadata = await cargoMetadata();
  const packagesById = new Map(
    list(metadata, 'packages').map((entry) => [text(entry, 'id'), entry]),
  );
  const nodes = new Map(
    list(field(metadata, 'resolve'), 'nodes').map((entry) => [text(entry, 'id'), entry]),
  );
  const root = [...packagesById].find(([, entry]) => text(entry, 'name') === 'pf-ffi')?.[0];
  if (root === undefined) throw new Error('cargo metadata lists no pf-ffi');
  const reached = new Set<string>();
  const waiting = [root];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (reached.has(id) || isProcMacro(packagesById.get(id))) continue;
    reached.add(id);
    for (const dependency of list(nodes.get(id), 'deps')) {
      const linked = list(dependency, 'dep_kinds').some((kind) => field(kind, 'kind') === null);
      if (linked) waiting.push(text(dependency, 'pkg'));
    }
  }
  return [...reached]
    .map((id) => packagesById.get(id))
    .filter((entry) => field(entry, 'source') !== null)
    .map((entry) => {
      const folder = resolve(text(entry, 'manifest_path'), '..');
      const [name, version, licence] = [
        text(entry, 'name'),
        text(entry, 'version'),
        text(entry, 'license'),
      ];
      const texts = licenceTexts(folder, licence);
      return { name, version, licence, origin: 'crate' as const, texts };
    });
}

async function cargoMetadata(): Promise<unknown> {
  const child = Bun.spawn(
    ['cargo', 'metadata', '--format-version=1', '--locked', `--filter-platform=${PLATFORM}`],
    { cwd: join(ROOT, 'engine'), stdout: 'pipe', stderr: 'inherit' },
  );
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error('cargo metadata failed');
  return JSON.parse(output);
}

/** Build scripts' own dependencies and procedural macros run at build time: nothing of them is shipped. */
function isProcMacro(entry: unknown): boolean {
  return list(entry, 'targets').some((target) => list(target, 'kind').includes('proc-macro'));
}

function packages(): Component[] {
  const manifest = json(join(ROOT, 'package.json'));
  const names = Object.keys(object(field(manifest, 'dependencies')));
  return bundledPackages(names, EMBEDDED_DEV_PACKAGES);
}

/** These npm packages, what they need in turn, and others that come alone. */
export function bundledPackages(
  names: readonly string[],
  alone: readonly string[] = [],
): Component[] {
  const locked = field(json(join(ROOT, 'package-lock.json')), 'packages');
  const manifest = json(join(ROOT, 'package.json'));
  const buildOnly = Object.keys(object(field(manifest, 'devDependencies')));
  const reached = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const entry = field(locked, `node_modules/${name}`);
    if (reached.has(name) || buildOnly.includes(name) || entry === undefined) continue;
    reached.add(name);
    waiting.push(...Object.keys(object(field(entry, 'dependencies'))));
    waiting.push(...Object.keys(object(field(entry, 'peerDependencies'))));
  }
  return [...reached, ...alone]
    .filter((name) => !name.startsWith('@types/'))
    .map((name) => {
      const folder = join(ROOT, 'node_modules', name);
      const own = json(join(folder, 'package.json'));
      const licence = text(own, 'license');
      const files = licenceTexts(folder, licence);
      const texts = files.length > 0 ? files : [withoutFile(name, licence, own)];
      return { name, version: text(own, 'version'), licence, origin: 'npm' as const, texts };
    });
}

/** A package's own files; of several licences to choose from, MIT's. */
function licenceTexts(folder: string, licence: string): string[] {
  const places = [folder, join(folder, 'upstream'), join(folder, 'LICENSES')].filter(existsSync);
  const found = places.flatMap((place) =>
    readdirSync(place)
      .filter(
        (name) =>
          /^(licen[cs]e|copying|notice|copyright)/i.test(name) && !/\.(js|html)$/.test(name),
      )
      .sort()
      .map((name) => ({ name, path: join(place, name) })),
  );
  const choice = / OR |\//.test(licence);
  const mit = found.filter(({ name }) => /mit/i.test(name));
  const taken = choice && mit.length > 0 ? mit : found;
  return taken.map(({ path }) => readFileSync(path, 'utf8').replace(/\r/g, '').trim());
}

/** A few packages ship no licence file: MIT's text is its own template, the other names a package of its repository. */
function withoutFile(name: string, licence: string, manifest: unknown): string {
  const sibling = SAME_REPOSITORY[name];
  if (sibling !== undefined) {
    return readFileSync(join(ROOT, 'node_modules', sibling, 'LICENSE'), 'utf8').trim();
  }
  if (licence !== 'MIT')
    throw new Error(`${name} (${licence}) ships no licence file: add it by hand`);
  const author = field(manifest, 'author');
  const holder = typeof author === 'string' ? author : field(author, 'name');
  return `MIT License\n\nCopyright (c) ${typeof holder === 'string' ? holder : `the authors of ${name}`}\n\n${MIT_TERMS}`;
}

function fenced(content: string): string {
  const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${content}\n${fence}`;
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function field(value: unknown, name: string): unknown {
  return object(value)[name];
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  if (typeof found !== 'string')
    throw new Error(`no ${name} in ${JSON.stringify(value)?.slice(0, 200)}`);
  return found;
}

/** By code unit: the same order on every machine, whatever its locale. */
function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

const SAME_REPOSITORY: Readonly<Record<string, string>> = { '@lit-labs/ssr-dom-shim': 'lit' };

const MIT_TERMS = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

const PREAMBLE = `# Third-party notices

Generated by \`scripts/notices.ts\` from the lock files; do not edit. punktfunk-host itself is MIT OR Apache-2.0.

Beside the components listed below, \`dist/punktfunk-host\` carries:

- **Bun** 1.4.5, MIT. Bun links JavaScriptCore and parts of WebKit statically, which are LGPL-2, and further libraries that
  <https://bun.sh/docs/project/licensing> names with their licences. That page also says how to relink Bun against a changed
  WebKit; \`scripts/build\` then makes this executable with it.
- **The Rust standard library**, MIT OR Apache-2.0.
- **libstdc++**, GPL-3.0-or-later with the GCC Runtime Library Exception, linked into the engine library.
- **OpenH264** 2.7.0 by Cisco, BSD-2-Clause, compiled from source within openh264-sys2. Cisco's patent licence covers only the
  binary that Cisco itself distributes, and so not this one.

## Components
`;

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
