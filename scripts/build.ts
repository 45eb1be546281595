// Builds dist/punktfunk-host: main and its Workers, the engine, the page and the API documentation in one executable.
// Works without dist/web: the host then shows a shell page. Never minifies: Elysia reads its handlers' source text.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, extname, join, relative, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { contentHash } from '../host/src/assets/assets.ts';
import type { EmbeddedAsset } from '../host/src/assets/embedded.ts';

const ROOT = resolve(import.meta.dir, '..');
const OUT = join(ROOT, 'dist/punktfunk-host');
const STAGING = join(ROOT, 'dist/embed');

/** main.ts lies at the common root of all entry points; one from elsewhere would move the Workers' addresses. */
const ENTRY_POINTS = ['main.ts', 'engine/drain-worker.ts', 'recordings/worker.ts'].map((path) =>
  join(ROOT, 'host/src', path),
);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

const engine = engineLibrary();
const assets = stageAssets();
const result = await Bun.build({
  entrypoints: ENTRY_POINTS,
  target: 'bun',
  format: 'esm',
  bytecode: true,
  sourcemap: 'linked',
  compile: { outfile: OUT, autoloadDotenv: false, autoloadBunfig: false },
  plugins: [
    {
      name: 'embedded files',
      setup(build) {
        build.onLoad({ filter: /host\/src\/assets\/embedded\.ts$/ }, () => ({
          loader: 'ts',
          contents: embeddedModule(assets, engine),
        }));
      },
    },
  ],
});
for (const message of result.logs) console.error(String(message));
if (!result.success) process.exit(1);
copyLicences();
const size = Bun.file(OUT).size;
console.log(
  `dist/punktfunk-host: ${(size / 1e6).toFixed(1)} MB, ${assets.length} files of the page`,
);

/** What whoever passes the executable on must pass on too. */
function copyLicences(): void {
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE', 'THIRD-PARTY-NOTICES.md']) {
    copyFileSync(join(ROOT, name), join(ROOT, 'dist', name));
  }
}

/** The engine to embed: $PUNKTFUNK_ENGINE, else the release build. */
function engineLibrary(): string {
  const { PUNKTFUNK_ENGINE } = process.env;
  const file = resolve(ROOT, PUNKTFUNK_ENGINE || 'engine/target/release/libpf_ffi.so');
  if (existsSync(file)) return file;
  console.error(
    `There is no engine at ${file}; build it with cargo build --release -p pf-ffi in engine/.`,
  );
  process.exit(1);
}

/** Gzips every file of the page, of the element bundles and of swagger-ui into dist/embed. */
function stageAssets(): EmbeddedAsset[] {
  rmSync(STAGING, { recursive: true, force: true });
  mkdirSync(STAGING, { recursive: true });
  const web = join(ROOT, 'dist/web');
  const page = filesBelow(web).map((file) => ({ file, address: addressOf(relative(web, file)) }));
  // For pages of other origins that embed the elements straight from this host.
  const elements = join(ROOT, 'dist/components');
  const embeddable = filesBelow(elements).map((file) => ({
    file,
    address: `/assets/components/${relative(elements, file)}`,
  }));
  const swagger = join(ROOT, 'node_modules/swagger-ui-dist');
  const docs = ['swagger-ui-bundle.js', 'swagger-ui.css'].map((name) => ({
    file: join(swagger, name),
    address: `/assets/${name}`,
  }));
  const all = [...page, ...embeddable, ...docs].map(({ file, address }) => ({
    address,
    content: readFileSync(file),
  }));
  const hashes = new Map(all.map(({ address, content }) => [address, contentHash(content)]));
  return all.map(({ address, content }) => {
    const final = address === '/' ? withVersions(content, hashes) : content;
    const name = address === '/' ? 'index.html' : basename(address);
    const file = join(STAGING, `${contentHash(address)}-${name}.gz`);
    writeFileSync(file, gzipSync(final, { level: 9 }));
    return {
      path: address,
      contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
      hash: contentHash(final),
      file,
    };
  });
}

/** References of the page carry the content's hash, so that browsers may keep the files for ever. */
function withVersions(html: Uint8Array, hashes: ReadonlyMap<string, string>): Uint8Array {
  const text = new TextDecoder()
    .decode(html)
    .replace(/(src|href)="((?:\.?\/)?[^"?#:]+)"/g, (whole, attribute: string, target: string) => {
      const address = addressOf(target.replace(/^\.?\//, ''));
      const hash = hashes.get(address);
      return hash === undefined || address === '/' ? whole : `${attribute}="${address}?v=${hash}"`;
    });
  return new TextEncoder().encode(text);
}

/** `index.html` is the page itself; everything else lies under /assets/. */
function addressOf(path: string): string {
  return path === 'index.html' ? '/' : `/assets/${path.replace(/^assets\//, '')}`;
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The source that takes the place of host/src/assets/embedded.ts. */
function embeddedModule(files: readonly EmbeddedAsset[], library: string): string {
  const importOf = (name: string, file: string): string =>
    `import ${name} from ${JSON.stringify(file)} with { type: 'file' };`;
  const imports = files.map(({ file }, i) => importOf(`file${i}`, file));
  const entries = files.map(({ path, contentType, hash }, i) => {
    const fields = JSON.stringify({ path, contentType, hash });
    return `  { ...${fields}, file: file${i} },`;
  });
  return [
    ...imports,
    importOf('engine', library),
    'export const embeddedAssets = [',
    ...entries,
    '];',
    'export const embeddedEngine = engine;',
    '',
  ].join('\n');
}
