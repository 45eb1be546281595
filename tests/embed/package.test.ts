// The npm package as a stranger gets it: packed, installed into an empty Vite page with nothing else, built, and looked at
// in a real Chromium under a strict policy; its types checked whole; its manifest held to the elements.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { COLOURS } from '../../components/base/series-tokens.ts';
import { buildPackage } from '../../scripts/build-package.ts';
import type { Manifest } from '../../scripts/lib/manifest.ts';
import { BrowserBench, countPixels, eventually } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import { everyRecording, longRecording } from '../support/seeded-recordings.ts';
import { Site } from './site.ts';
import { command, tool } from './tools.ts';

const TIMEOUT_MS = 120_000;
const ROOT = join(import.meta.dir, '../..');
const COMPONENTS = join(ROOT, 'components');

let folder: string;
let tarball: string;
let manifest: Manifest;
let page: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pf-package-'));
  const out = join(folder, 'package');
  manifest = await buildPackage(out);
  const packed = await command(['npm', 'pack', out, '--pack-destination', folder], folder);
  tarball = join(folder, packed.trim());
  page = join(folder, 'page');
  mkdirSync(page);
  writeFileSync(join(page, 'package.json'), '{"private":true,"type":"module"}');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await command(['npm', 'install', ...quiet, tarball], page);
}, TIMEOUT_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

const declarations = () => manifest.modules[0]?.declarations ?? [];

describe('the package', () => {
  test('brings itself and nothing else', () => {
    expect(basename(tarball)).toMatch(/^punktfunk-components-\d+\.\d+\.\d+\.tgz$/);
    const installed = readdirSync(join(page, 'node_modules')).filter((n) => !n.startsWith('.'));
    expect(installed).toEqual(['@punktfunk']);
    const files = readdirSync(join(page, 'node_modules/@punktfunk/components')).sort();
    expect(files).toEqual([
      ...['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'THIRD-PARTY-NOTICES.md'],
      ...['capture-control.js', 'custom-elements.json', 'package.json', 'punktfunk.js'],
      ...['review-worker.js', 'types'],
    ]);
  });

  test('names the licence of everything in its bundles', () => {
    const notices = readFileSync(join(folder, 'package/THIRD-PARTY-NOTICES.md'), 'utf8');
    const named = [...notices.matchAll(/^\| (\S+) \| \d/gm)].map(([, name]) => name);
    expect(named).toContain('lit');
    expect(named).toContain('chart.js');
    expect(named).not.toContain('elysia');
  });

  test(
    'types are whole: a page’s own script is checked against them, theirs included',
    async () => {
      writeFileSync(join(page, 'typed.ts'), TYPED);
      const libraries = 'ES2024,DOM,DOM.Iterable,DOM.AsyncIterable';
      const complaints = await command(
        [
          ...[process.execPath, join(ROOT, 'node_modules/typescript/bin/tsc'), '--ignoreConfig'],
          ...['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--types', ''],
          ...['--target', 'ES2023', '--lib', libraries, '--module', 'ESNext'],
          ...['--moduleResolution', 'Bundler', 'typed.ts'],
        ],
        page,
      );
      expect(complaints).toBe('');
    },
    TIMEOUT_MS,
  );
});

describe('the manifest', () => {
  test('has every element of the sources', () => {
    const folders = readdirSync(COMPONENTS).filter((name) => name.startsWith('pf-'));
    expect(
      declarations()
        .map(({ tagName }) => tagName)
        .sort(),
    ).toEqual(folders.sort());
    expect(folders.length).toBeGreaterThan(10);
    const control = manifest.modules[1]?.declarations.map(({ tagName }) => tagName);
    expect(control).toEqual(['pf-capture-control']);
  });

  test('says of each what it is, takes and paints with', () => {
    for (const {
      tagName,
      summary,
      attributes,
      members,
      cssParts,
      cssProperties,
    } of declarations()) {
      const names = (all: readonly { name: string }[]): string[] => all.map(({ name }) => name);
      expect(summary, tagName).toMatch(/\.$/);
      expect(names(attributes), tagName).toEqual(expect.arrayContaining(['host', 'token', 'lang']));
      expect(names(members), tagName).toEqual(expect.arrayContaining(['host', 'token', 'api']));
      expect(members.find(({ name }) => name === 'api')?.type?.text).toMatch(
        /^\w+Api \| undefined$/,
      );
      expect(cssParts.length, tagName).toBeGreaterThan(0);
      expect(names(cssProperties), tagName).toContain('--pf-accent');
      for (const { name, description } of [...members, ...attributes, ...cssParts]) {
        expect(description, `${tagName} ${name}`).toMatch(/\w/);
      }
    }
  });

  test('names no event and no part that the sources do not have', () => {
    const sources = readdirSync(COMPONENTS, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(COMPONENTS, name), 'utf8'))
      .join('\n');
    for (const { tagName, events, cssParts } of declarations()) {
      for (const { name } of events) expect(sources, tagName).toContain(`type = '${name}'`);
      for (const { name } of cssParts) expect(sources, tagName).toMatch(`part="${name}"`);
    }
    const used = new Set([...sources.matchAll(/ part="([\w-]+)"/g)].map(([, name]) => name));
    const said = new Set(declarations().flatMap(({ cssParts }) => cssParts.map((p) => p.name)));
    expect([...used].filter((name) => !said.has(name ?? ''))).toEqual([]);
  });
});

describe('in an empty Vite page', () => {
  let bench: BrowserBench;

  beforeAll(async () => {
    bench = await BrowserBench.open();
    const vite = join(await tool('vite'), 'node_modules/vite/bin/vite.js');
    for (const [name, script] of Object.entries({ all: ALL, control: CONTROL })) {
      const at = join(page, name);
      mkdirSync(at);
      writeFileSync(join(at, 'index.html'), HTML);
      writeFileSync(join(at, 'main.js'), script);
      await command(['node', vite, 'build', '--logLevel', 'warn', at], page);
    }
  }, TIMEOUT_MS);

  afterAll(() => bench[Symbol.asyncDispose]());

  test(
    'the built page draws a recording',
    async () => {
      await using site = new Site({ folders: [join(page, 'all/dist')] });
      using host = new PageHost({ recordings: everyRecording(), origins: [site.origin] });
      site.connect = host.url;
      const { page: tab, trouble } = await bench.page({ colorScheme: 'light' });
      await tab.goto(`${site.origin}/#${host.url} ${host.token} ${longRecording().meta.id}`);
      await tab.getByRole('button', { name: 'Start capture' }).waitFor();
      const canvas = tab.locator('pf-latency-chart canvas').first();
      await eventually(
        () => canvas.evaluate(countPixels, COLOURS.encode.light),
        (n) => n > 1000,
      );
      expect(trouble).toEqual([]);
      await tab.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a page with the control alone loads 12 kB, and the control arms and saves',
    async () => {
      const built = join(page, 'control/dist/assets');
      const scripts = readdirSync(built).filter((name) => name.endsWith('.js'));
      const sizes = scripts.map((name) => gzipSync(readFileSync(join(built, name)), { level: 9 }));
      // The bundler's own preload helper comes on top.
      expect(sizes.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(12_600);
      const alone = readFileSync(join(folder, 'package/capture-control.js'));
      expect(gzipSync(alone, { level: 9 }).length).toBeLessThanOrEqual(12_000);

      await using site = new Site({ folders: [join(page, 'control/dist')] });
      using host = new PageHost({ recordings: [], origins: [site.origin] });
      site.connect = host.url;
      const { page: tab, trouble } = await bench.page();
      await tab.goto(`${site.origin}/#${host.url} ${host.token}`);
      await tab.getByRole('button', { name: 'Start capture' }).click();
      await tab.getByRole('button', { name: 'Stop and save' }).click();
      await tab.getByText('Recording saved.').waitFor();
      expect(host.ids.length).toBe(1);
      expect(trouble).toEqual([]);
      await tab.context().close();
    },
    TIMEOUT_MS,
  );
});

const HTML =
  '<!doctype html><html lang="en"><title>A page</title><script type="module" src="./main.js"></script><body></body>';

const ALL = `import { HttpStatsApi } from '@punktfunk/components';
const [host, token, recordingId] = decodeURIComponent(location.hash.slice(1)).split(' ');
const api = new HttpStatsApi({ host, token });
for (const [tag, given] of [['pf-capture-control', {}], ['pf-recording-detail', { recordingId }]])
  document.body.append(Object.assign(document.createElement(tag), { api, ...given }));
`;

const CONTROL = `import { HttpControlApi, PfCaptureControl } from '@punktfunk/components/control';
const [host, token] = decodeURIComponent(location.hash.slice(1)).split(' ');
document.body.append(Object.assign(new PfCaptureControl(), { api: new HttpControlApi({ host, token }) }));
`;

/** What compiles must, what must not does not. */
const TYPED = `import { ApiFailure, HttpStatsApi, type PfLatencyChart, type StatsApi } from '@punktfunk/components';
import { HttpControlApi, type PfCaptureControl } from '@punktfunk/components/control';
const api: StatsApi = new HttpStatsApi({ host: 'http://127.0.0.1:47990', token: 'token' });
const chart: PfLatencyChart = document.createElement('pf-latency-chart');
chart.api = api;
chart.recordingId = 'id';
chart.style.color = 'red';
chart.addEventListener('pf-cursor', (event) => console.log(event.ms?.toFixed()));
const control: PfCaptureControl = document.createElement('pf-capture-control');
control.api = new HttpControlApi({ host: '', token: '' });
for (const meta of await api.recordings()) {
  const ms: number = meta.duration_ms;
  const codec: 'h264' | 'hevc' | 'av1' | '' = meta.codec;
  const tags: string[] | undefined = meta.tags;
  console.log(ms, codec, tags, ApiFailure);
  // @ts-expect-error
  const wrong: string = meta.duration_ms;
  // @ts-expect-error
  console.log(meta.no_such_field, wrong);
}
// @ts-expect-error
chart.recordingId = 5;
// @ts-expect-error
control.api = {};
export {};
`;
