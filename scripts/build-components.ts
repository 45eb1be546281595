// Builds the page and the element bundles: dist/web (index.html, page.js, page.css) and dist/components (every element,
// and the capture control alone). Prints the sizes; fails when one is larger than its limit.
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BunPlugin } from 'bun';
import { shortPackages } from './lib/short-packages.ts';

const ROOT = join(import.meta.dir, '..');

export interface Built {
  readonly file: string;
  readonly bytes: number;
  readonly gzipped: number;
  readonly limit: Limit | undefined;
}

/** What crosses a wire is limited as it crosses it; what lies on a disk and is sent on, as it lies there. */
interface Limit {
  readonly of: 'bytes' | 'gzipped';
  readonly most: number;
}

export async function buildComponents(dist: string): Promise<readonly Built[]> {
  const web = join(dist, 'web');
  const components = join(dist, 'components');
  for (const directory of [web, components]) {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
  }
  const page = join(ROOT, 'components/page');
  const { first: script, later } = await bundlePage(join(page, 'page.ts'), web);
  const style = await copy(join(page, 'page.css'), join(web, 'page.css'));
  const shell = await copy(join(page, 'index.html'), join(web, 'index.html'));
  const all = await bundle(join(ROOT, 'components/index.ts'), join(components, 'punktfunk.js'));
  const control = await bundle(
    join(ROOT, 'components/control.ts'),
    join(components, 'capture-control.js'),
  );
  const worker = join(ROOT, 'components/review/review-worker.ts');
  const review = await bundle(worker, join(web, 'review-worker.js'));
  await copy(review.file, join(components, 'review-worker.js'));
  const viewer = await buildViewer(web, style.file);
  const whole = {
    file: 'page in total',
    bytes: script.bytes + style.bytes + shell.bytes,
    gzipped: script.gzipped + style.gzipped + shell.gzipped,
    limit: PAGE_LIMIT,
  };
  return [
    script,
    style,
    shell,
    whole,
    later,
    review,
    { ...viewer, limit: VIEWER_LIMIT },
    all,
    { ...control, limit: CONTROL_LIMIT },
  ];
}

/** One file that holds everything: what a foreign page, a plugin or a report takes along. */
async function bundle(entry: string, file: string): Promise<Built> {
  const [output] = await build({ entrypoints: [entry] });
  if (output === undefined) throw new Error(`${entry} makes nothing`);
  return write(file, await output.text());
}

/** The page in pieces: what the first view needs, and what comes with the view that shows it. */
async function bundlePage(
  entry: string,
  web: string,
): Promise<{ readonly first: Built; readonly later: Built }> {
  const outputs = await build({ entrypoints: [entry], splitting: true });
  const texts = new Map<string, string>();
  for (const output of outputs) {
    const name = output.kind === 'entry-point' ? ENTRY : basename(output.path);
    texts.set(name, await output.text());
  }
  const needed = new Set([ENTRY]);
  for (const name of needed) {
    for (const [, piece = ''] of (texts.get(name) ?? '').matchAll(STATIC_IMPORT)) needed.add(piece);
  }
  const sum = (file: string, names: readonly string[], built: readonly Built[]): Built => ({
    file: `${join(web, file)} (${names.length} ${names.length === 1 ? 'piece' : 'pieces'})`,
    bytes: built.reduce((all, { bytes }) => all + bytes, 0),
    gzipped: built.reduce((all, { gzipped }) => all + gzipped, 0),
    limit: undefined,
  });
  const later = [...texts.keys()].filter((name) => !needed.has(name));
  const writeAll = (names: readonly string[]): Promise<Built[]> =>
    Promise.all(names.map((name) => write(join(web, name), texts.get(name) ?? '')));
  return {
    first: sum(ENTRY, [...needed], await writeAll([...needed])),
    later: sum('later', later, await writeAll(later)),
  };
}

/** The viewer in one file: nothing beside it is asked for. */
async function buildViewer(web: string, style: string): Promise<Built> {
  const folder = join(ROOT, 'components/report');
  const [output] = await build({
    entrypoints: [join(folder, 'viewer-page.ts')],
    plugins: [withoutHost, shortStyles, shortPackages],
  });
  const script = await output?.text();
  if (script === undefined) throw new Error('the viewer makes nothing');
  // Neither may end the element that it stands in, nor hold the place for data.
  const inline = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const html = (await Bun.file(join(folder, 'viewer.html')).text())
    .replace('/* page.css */', () => '')
    .replace('/* viewer-page.ts */', () => inline)
    .replace('<style>', `<style>\n${await Bun.file(style).text()}`);
  return write(join(web, 'viewer.html'), html);
}

async function build(
  options: Pick<Bun.BuildConfig, 'entrypoints' | 'splitting' | 'plugins'>,
): Promise<readonly Bun.BuildArtifact[]> {
  const result = await Bun.build({
    plugins: [shortStyles, shortPackages],
    ...options,
    target: 'browser',
    format: 'esm',
    minify: true,
    // Without this Bun resolves Lit's development build: 15 kB more, and a warning in every console.
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  if (!result.success) {
    throw new AggregateError(result.logs, `${options.entrypoints.join()} cannot be built`);
  }
  return result.outputs;
}

/** Bun leaves template literals as they are; the white space of the elements' styles is a tenth of the bundle. */
const shortStyles: BunPlugin = {
  name: 'short-styles',
  setup(build) {
    build.onLoad({ filter: /\/components\/.*\.ts$/ }, async ({ path }) => ({
      contents: (await Bun.file(path).text())
        .replace(/\bcss`[^`]*`/g, shorten)
        // The end of a tag on a line of its own: neither in markup nor in code does the space before it say anything.
        .replace(/\n\s+(?=>)/g, ''),
      loader: 'ts',
    }));
  },
};

/** A report shows what it holds: what asks a host, or makes a further report, is a fifth of the bundle. */
const withoutHost: BunPlugin = {
  name: 'without-host',
  setup(build) {
    build.onLoad({ filter: /\/base\/http-stats-api\.ts$/ }, () => ({
      contents: "export { NoHostApi as HttpStatsApi } from '../report/no-host.ts';",
      loader: 'ts',
    }));
    build.onLoad({ filter: /\/base\/(capture|recording)-source\.ts$/ }, () => ({
      contents:
        "export { Given as CaptureSource, Given as RecordingSource } from '../report/no-host.ts';",
      loader: 'ts',
    }));
    build.onLoad({ filter: /\/pf-recording-detail\/acts\.ts$/ }, () => ({
      contents: "export { NoActs as Acts } from '../report/no-host.ts';",
      loader: 'ts',
    }));
    build.onLoad({ filter: /\/review\/worker-url\.ts$/ }, () => ({
      contents: 'export const workerUrl = undefined;',
      loader: 'ts',
    }));
  },
};

function shorten(style: string): string {
  return style
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .replace(/` /g, '`');
}

async function copy(from: string, to: string): Promise<Built> {
  return write(to, await Bun.file(from).text());
}

async function write(file: string, text: string): Promise<Built> {
  await Bun.write(file, text);
  const bytes = Buffer.from(text);
  return {
    file,
    bytes: bytes.length,
    gzipped: gzipSync(bytes, { level: 9 }).length,
    limit: undefined,
  };
}

const ENTRY = 'page.js';
/** `import {a} from "./chunk.js"`, and no `import("./chunk.js")`. */
const STATIC_IMPORT = /(?:from|import)\s*"\.\/([^"]+\.js)"/g;

const PAGE_LIMIT: Limit = { of: 'gzipped', most: 130_000 };
const CONTROL_LIMIT: Limit = { of: 'gzipped', most: 12_000 };
/** And a report is this and its data. */
const VIEWER_LIMIT: Limit = { of: 'bytes', most: 400_000 };

if (import.meta.main) {
  const built = await buildComponents(process.argv[2] ?? join(ROOT, 'dist'));
  for (const { file, bytes, gzipped, limit } of built) {
    const name = file.replace(`${ROOT}/`, '');
    const most = limit === undefined ? '' : `  (${limit.of}: at most ${kB(limit.most).trim()})`;
    console.log(`${name.padEnd(36)} ${kB(bytes)}  gzipped ${kB(gzipped)}${most}`);
  }
  const over = built.flatMap(tooLarge);
  for (const sentence of over) console.error(sentence);
  if (over.length > 0) process.exit(1);
}

/** A sentence when it is. */
export function tooLarge({ limit, ...built }: Built): string[] {
  if (limit === undefined || built[limit.of] <= limit.most) return [];
  const size = `${built[limit.of]} bytes${limit.of === 'gzipped' ? ' gzipped' : ''}`;
  return [`${built.file} is ${size}, the limit is ${limit.most}`];
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(6)} kB`;
}
