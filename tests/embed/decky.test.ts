// The Decky example: built by Decky's own toolchain into one module; mounted at the width of the quick access menu under
// both Reacts, with a stand-in for Steam's modules and the plugin's real Python back end; its pin held to a TLS host.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { BrowserBench } from '../support/browser.ts';
import { type Device, device } from '../support/certificates.ts';
import { temporaryFolder } from '../support/host.ts';
import { focused, sticksOut, violations } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { cleanRecording } from '../support/seeded-recordings.ts';
import { Site } from './site.ts';
import { command, deckyPlugin, tool } from './tools.ts';

const TIMEOUT_MS = 120_000;
const HERE = import.meta.dir;
const BACK_END = join(HERE, '../../examples/decky/main.py');
/** What Tab comes to, from the top. */
const ORDER = ['Start capture', 'p50', 'p99', 'As table', 'Latency by stage', 'Another host'];
/** What `callable` reaches. */
const ROUTES = ['ask', 'configured', 'configure'];

let plugin: string;
let bench: BrowserBench;
let work: string;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'pf-decky-'));
  plugin = await deckyPlugin();
  const told = await command(
    ['node', 'node_modules/rollup/dist/bin/rollup', '-c', '--silent'],
    plugin,
  );
  expect(told).toBe('');
  bench = await BrowserBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench?.[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

test('the build is one module that imports nothing', () => {
  const code = readFileSync(join(plugin, 'dist/index.js'), 'utf8');
  const script = new Bun.Transpiler({ loader: 'js' }).scan(code);
  expect(script).toEqual({ exports: ['default'], imports: [] });
});

describe.each(['react-18', 'react-19'] as const)('in the quick access menu under %s', (react) => {
  test(
    'names its host once, then shows, records, and comes back with the menu',
    async () => {
      await using back = new BackEnd();
      await using site = new Site({
        folders: [join(plugin, 'dist')],
        pages: { '/index.html': HTML, '/steam.js': await steam(react) },
        policy: "style-src-attr 'none'",
      });
      using host = new PageHost({ recordings: [cleanRecording()] });
      const { page, trouble } = await bench.page({ viewport: { width: 320, height: 740 } });
      await page.exposeFunction('callBackEnd', (route: string, args: unknown[]) =>
        back.call(route, args),
      );
      const asked = new Set<string>();
      page.on('request', (request) => asked.add(new URL(request.url()).origin));
      await page.goto(site.origin);
      await page.getByLabel('Host').fill(host.url);
      await page.getByLabel('Token').fill(host.token);
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Start capture' }).waitFor();
      await page.locator('.over-plot').getByText('Nothing is being recorded.').waitFor();
      expect(await order(page)).toEqual(ORDER);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      expect(await violations(page)).toEqual([]);

      // By keys alone, from the top.
      await page.locator('body').press('Tab');
      expect((await focused(page)).name).toBe('Start capture');
      expect((await focused(page)).ring).not.toBe('none');
      await page.keyboard.press('Enter');
      await page.getByText('Recording', { exact: true }).waitFor();

      // The menu is closed and opened: React takes the panel's place away and makes it anew.
      await page.evaluate(() => window.dispatchEvent(new Event('close-menu')));
      await page.locator('pf-capture-control').waitFor({ state: 'detached' });
      const before = host.requests.length;
      await Bun.sleep(2500);
      expect(host.requests.length).toBe(before);
      await page.evaluate(() => window.dispatchEvent(new Event('open-menu')));
      await page.getByRole('button', { name: 'Stop and save' }).click();
      await page.getByText('Recording saved.').waitFor();
      expect(host.ids.length).toBe(2);

      expect(await page.content()).not.toContain(host.token);
      expect(statSync(join(back.settings, 'host.json')).mode & 0o777).toBe(0o600);
      // The page itself talked to nobody but the loader’s stand-in.
      expect([...asked]).toEqual([site.origin]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'speaks German on a Deck that does, and fits',
  async () => {
    await using back = new BackEnd();
    await using site = new Site({
      folders: [join(plugin, 'dist')],
      pages: { '/index.html': HTML, '/steam.js': await steam('react-19') },
      policy: "style-src-attr 'none'",
    });
    using host = new PageHost({ recordings: [cleanRecording()] });
    const { page, trouble } = await bench.page({
      viewport: { width: 320, height: 740 },
      locale: 'de-DE',
    });
    await page.exposeFunction('callBackEnd', (route: string, args: unknown[]) =>
      back.call(route, args),
    );
    await page.goto(site.origin);
    await page.getByLabel('Fingerabdruck').waitFor();
    await page.getByLabel('Host').fill(host.url);
    await page.getByLabel('Token').fill(host.token);
    await page.getByRole('button', { name: 'Sichern' }).click();
    await page.getByRole('button', { name: 'Aufzeichnung starten' }).click();
    await page.getByText('Aufzeichnung läuft', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Anderer Host' }).waitFor();
    expect(await page.evaluate(sticksOut)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

describe('the back end', () => {
  const own = device();
  const other = device();

  test('asks a host that shows the pinned certificate, and no byte goes to one that shows another', async () => {
    await using back = new BackEnd();
    const heard: string[] = [];
    await using host = tlsHost(own, heard);
    const colons = own.fingerprint.replace(/(..)(?=.)/g, '$1:');
    expect(await back.call('configure', [host.url, 'secret', colons])).toBe('');
    const answer = await back.call('ask', ['GET', '/api/v1/stats/capture/status', null]);
    expect(answer).toEqual({ status: 200, type: 'application/json', body: '{"ok":true}' });
    expect(heard).toEqual(['GET /api/v1/stats/capture/status Bearer secret']);

    expect(await back.call('configure', [host.url, 'secret', other.fingerprint])).toBe('');
    const refused = await back.call('ask', ['GET', '/api/v1/stats/capture/status', null]);
    expect(JSON.stringify(refused)).toContain('another certificate than the one that was pinned');
    expect(heard).toHaveLength(1);
  });

  test('takes no host beyond this machine without a pin, and carries nothing but what the panel asks', async () => {
    await using back = new BackEnd();
    expect(await back.call('configure', ['https://tv.local:47990', 't', ''])).toContain(
      'fingerprint',
    );
    expect(await back.call('configure', ['http://tv.local:47990', 't', ''])).toContain('HTTPS');
    expect(await back.call('configured', [])).toBe('');
    const locked = await back.call('ask', ['GET', '/api/v1/stats/capture/status', null]);
    expect(JSON.stringify(locked)).toContain('"status":401');

    expect(await back.call('configure', ['http://127.0.0.1:9', 't', ''])).toBe('');
    for (const path of [
      '/api/v1/tokens',
      '/api/v1/stats/capture/stream',
      '/',
      'http://x/api/v1/host',
    ]) {
      expect(JSON.stringify(await back.call('ask', ['GET', path, null]))).toContain('"status":404');
    }
    // Nobody listens there: the call fails, and the elements say so in their own words.
    expect(back.call('ask', ['GET', '/api/v1/host', null])).rejects.toThrow('does not answer');
  });
});

/** The plugin's Python, as the loader runs it. */
class BackEnd implements AsyncDisposable {
  readonly settings = temporaryFolder();
  readonly #child = Bun.spawn(
    ['python3', join(HERE, 'decky_stand_in.py'), BACK_END, this.settings],
    { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' },
  );
  readonly #waiting = new Map<number, ReturnType<typeof Promise.withResolvers<unknown>>>();
  #last = 0;

  constructor() {
    void this.#read();
  }

  call(route: string, args: readonly unknown[]): Promise<unknown> {
    if (!ROUTES.includes(route)) throw new Error(`no route ${route}`);
    const id = ++this.#last;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#child.stdin.write(`${JSON.stringify({ id, route, args })}\n`);
    this.#child.stdin.flush();
    return waiting.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#child.exited;
  }

  async #read(): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const reply: { id: number; result?: unknown; error?: string } = JSON.parse(line);
        const waiting = this.#waiting.get(reply.id);
        if (reply.error === undefined) waiting?.resolve(reply.result);
        else waiting?.reject(new Error(reply.error));
      }
    }
  }
}

/** What Steam and the loader put into the window, made of a real React, and a menu that opens and closes. */
async function steam(react: 'react-18' | 'react-19'): Promise<string> {
  const folder = await tool(react);
  const entry = join(folder, 'steam.ts');
  writeFileSync(entry, STEAM);
  const built = await Bun.build({
    entrypoints: [entry],
    target: 'browser',
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  return built.outputs[0]?.text() ?? '';
}

const HTML = `<!doctype html><html lang="en"><title>Quick access</title><script type="module" src="/steam.js"></script>
<body><main></main></body></html>`;

const STEAM = `import * as React from 'react';
import { createRoot } from 'react-dom/client';
const callable = (route) => (...args) => window.callBackEnd(route, args);
Object.assign(window, {
  SP_REACT: React,
  __DECKY_SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED_deckyLoaderAPIInit: {
    connect: (version, name) => ({ _version: version, name, callable }),
  },
});
document.documentElement.style.colorScheme = 'dark';
document.body.style.margin = '0';
const plugin = (await import(new URL('/index.js', location.href).href)).default();
function Menu() {
  const [open, setOpen] = React.useState(true);
  React.useEffect(() => {
    window.addEventListener('close-menu', () => setOpen(false));
    window.addEventListener('open-menu', () => setOpen(true));
  }, []);
  return React.createElement('div', null, React.createElement('h1', null, plugin.titleView), open && plugin.content);
}
createRoot(document.querySelector('main')).render(
  React.createElement(React.StrictMode, null, React.createElement(Menu)),
);
`;

/** Names of what Tab comes to, from the top to the end. */
async function order(page: Page): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const { name } = await focused(page);
    if (name === '' || names.includes(name)) break;
    names.push(name);
  }
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  return names;
}

/** A host that remembers what it was asked. */
function tlsHost(shows: Device, heard: string[]): AsyncDisposable & { url: string } {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    tls: { cert: shows.certificatePem, key: shows.keyPem },
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      heard.push(`${request.method} ${pathname} ${request.headers.get('authorization')}`);
      return new Response('{"ok":true}', { headers: { 'content-type': 'application/json' } });
    },
  });
  return {
    url: `https://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
