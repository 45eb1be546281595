// Recordings that nobody should make, shown by the page, the viewer and every element that takes a recording: something
// stands there, what cannot be shown is refused in words, nothing fails unheard, and no foreign text becomes markup.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { parseCapture } from '../../components/base/parse.ts';
import { unpacked } from '../../components/base/unpack.ts';
import { reportOf } from '../../components/report/report-file.ts';
import { elementManifest } from '../../scripts/build-package.ts';
import { BrowserBench, type Watched } from '../support/browser.ts';
import {
  FOREIGN,
  type HostileRecording,
  hostileRecordings,
  MARKUP,
} from '../support/hostile-recordings.ts';
import { TIMEOUT_MS } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { longRecording } from '../support/seeded-recordings.ts';

const recordings = hostileRecordings();
const each = recordings.map((one) => [one.name, one] as const);
const declarations = (await elementManifest()).modules[0]?.declarations ?? [];
const tags = declarations
  .filter(({ members }) => members.some(({ name }) => name === 'recording'))
  .map(({ tagName }) => tagName);

let bench: BrowserBench;
let host: PageHost;
/** What the host answers with now. */
let shown: HostileRecording;

beforeAll(async () => {
  bench = await BrowserBench.open();
  host = new PageHost({ web: `${bench.dist}/web`, recordings: [longRecording()] });
}, TIMEOUT_MS);

afterAll(async () => {
  host[Symbol.dispose]();
  await bench[Symbol.asyncDispose]();
});

describe('the page', () => {
  const open = opened(() => Promise.resolve());

  test.each(each)(
    '%s',
    async (_name, recording) => {
      shown = recording;
      const { page, trouble } = open();
      await page.goto('about:blank');
      await page.goto(`${host.url}/#token=${host.token}&r=${recording.id}`);
      const said = await settled(page);
      expect(said.length).toBeGreaterThan(200);
      if (recording.isRefused === true) {
        expect(said).toMatch(/could not be read|cannot be read/);
        expect(said).not.toContain('Reading');
      }
      expect(await foreign(page)).toEqual([]);
      expect(trouble.splice(0)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('the viewer', () => {
  const open = opened(() => Promise.resolve());

  test.each(each)(
    '%s',
    async (_name, recording) => {
      const { page, trouble } = open();
      await page.goto('about:blank');
      await page.goto(`file://${bench.dist}/web/viewer.html`);
      const input = page.locator('pf-viewer input[type=file]');
      await input.waitFor({ state: 'attached' });
      const given = await page.evaluate(wordsIn);
      const file = (name: string, bytes: string | Uint8Array) => ({
        ...{ name, mimeType: 'application/octet-stream' },
        buffer: Buffer.from(bytes),
      });
      await input.setInputFiles([
        file(`${MARKUP.replaceAll('/', '')}.json`, recording.text),
        ...(recording.frames === undefined ? [] : [file('a.parquet', recording.frames)]),
      ]);
      await page.waitForFunction(
        () =>
          document
            .querySelector('pf-viewer')
            ?.shadowRoot?.querySelector('.bad, pf-recording-detail') != null,
      );
      const said = await settled(page);
      expect(said).not.toBe(given);
      expect(said.length).toBeGreaterThan(100);
      expect(await page.locator('pf-recording-detail').count()).toBe(recording.isRefused ? 0 : 1);
      if (recording.isRefused === true) expect(said).toContain('is no recording');
      expect(await foreign(page)).toEqual([]);
      expect(trouble.splice(0)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('a report', () => {
  const open = opened(() => Promise.resolve());
  const [markup] = recordings;

  test(
    'of markup for names has it as words, opened and dropped on the viewer',
    async () => {
      const { page, trouble } = open();
      const template = await Bun.file(`${bench.dist}/web/viewer.html`).text();
      const capture = parseCapture(JSON.parse(markup?.text ?? 'null'));
      const report = await reportOf(template, { capture, frames: markup?.frames?.buffer });
      const path = `${bench.dist}/report.html`;
      await Bun.write(path, report);
      for (const dropped of [false, true]) {
        await page.goto('about:blank');
        await page.goto(dropped ? `file://${bench.dist}/web/viewer.html` : `file://${path}`);
        const input = page.locator('pf-viewer input[type=file]');
        if (dropped) await input.setInputFiles([path]);
        await page.locator('pf-recording-detail').waitFor();
        expect(await settled(page)).toContain('<pf-pwned></pf-pwned>');
        expect(await foreign(page)).toEqual([]);
        expect(trouble.splice(0)).toEqual([]);
      }
    },
    TIMEOUT_MS,
  );

  test(
    'that was cut off, or holds no gzip, is refused in words',
    async () => {
      const { page, trouble } = open();
      await page.goto(`file://${bench.dist}/web/viewer.html`);
      for (const body of ['AAAA', '!!', 'H4sIAAAAAAAAA6tWSs4vKlGyMjCo']) {
        const html = `<html><script type="application/octet-stream" id="pf-capture">${body}</script>`;
        await page
          .locator('pf-viewer input[type=file]')
          .setInputFiles([
            { name: `${body}.html`, mimeType: 'text/html', buffer: Buffer.from(html) },
          ]);
        await page.getByText(`${body}.html is no recording`).waitFor();
      }
      expect(trouble.splice(0)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

test('what unpacks to more than any recording is given up on the way', async () => {
  const bomb = Bun.gzipSync(new Uint8Array(5_000_000));
  expect(bomb.length).toBeLessThan(10_000);
  expect(await refusal(unpacked(bomb, 100_000))).toBeInstanceOf(RangeError);
  expect((await unpacked(bomb)).length).toBe(5_000_000);
});

describe(`${tags.length} elements, asked of a host`, () => {
  const open = opened(withElements);

  test.each(each)(
    '%s',
    async (_name, recording) => {
      shown = recording;
      const { page, trouble } = open();
      await page.evaluate(
        ([names, id, token]) => {
          document.body.replaceChildren(
            ...names.map((name) => {
              const one = document.createElement(name);
              one.setAttribute('recording-id', id);
              one.setAttribute('token', token);
              return one;
            }),
          );
        },
        [tags, recording.id, host.token] as const,
      );
      await settled(page);
      expect(await silent(page)).toEqual([]);
      expect(await foreign(page)).toEqual([]);
      expect(trouble.splice(0)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe(`${tags.length} elements, given it`, () => {
  const open = opened(withElements);

  test.each(
    each.filter(([, { isRefused, text }]) => isRefused !== true && !text.includes('"NaN"')),
  )(
    '%s',
    async (_name, recording) => {
      const { page, trouble } = open();
      await page.evaluate(
        ([names, text]) => {
          // What the types allow and JSON cannot say.
          const odd = (_key: string, value: unknown) => (value === null ? Number.NaN : value);
          const given: unknown = JSON.parse(text, odd);
          document.body.replaceChildren(
            ...names.map((name) =>
              Object.assign(document.createElement(name), { recording: given }),
            ),
          );
        },
        [tags, recording.text] as const,
      );
      await settled(page);
      expect(await silent(page)).toEqual([]);
      expect(await foreign(page)).toEqual([]);
      expect(trouble.splice(0)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** One page for the tests of a surface; its host answers with what is shown. */
function opened(made: (page: Page) => Promise<unknown>): () => Watched {
  let watched: Watched | undefined;
  const json = { contentType: 'application/json' };
  beforeAll(async () => {
    watched = await bench.page();
    const { page } = watched;
    await page.route(/\/stats\/recordings\/[^/]+$/, (route) =>
      route.fulfill({ ...json, body: shown.text }),
    );
    await page.route(/\/stats\/recordings(\?|$)/, (route) =>
      route.fulfill({ ...json, body: JSON.stringify(metasOf(shown)) }),
    );
    await page.route(/\/stats\/recordings\/[^/]+\/frames/, (route) =>
      route.fulfill({ body: Buffer.from(shown.frames ?? new Uint8Array()) }),
    );
    await made(page);
  }, TIMEOUT_MS);
  afterAll(() => watched?.page.context().close());
  return () => {
    if (watched === undefined) throw new Error('no page');
    return watched;
  };
}

async function withElements(page: Page): Promise<void> {
  await page.route('**/elements/**', (route) =>
    route.fulfill({
      path: `${bench.dist}/components/${new URL(route.request().url()).pathname.split('/').at(-1)}`,
      contentType: 'text/javascript',
    }),
  );
  await page.route('**/empty.html', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><html lang="en"><title>Mine</title><script type="module" src="/elements/punktfunk.js"></script><body>',
    }),
  );
  await page.goto(`${host.url}/empty.html`);
  await page.waitForFunction(() => customElements.get('pf-dashboard') !== undefined);
}

/** What the list tells of it: as it says itself, under the id by which it is asked for. */
function metasOf({ text, id }: HostileRecording): unknown[] {
  const { meta: usual } = longRecording();
  try {
    const own: unknown = JSON.parse(text);
    const meta: unknown = typeof own === 'object' && own !== null && 'meta' in own ? own.meta : {};
    return [{ ...usual, ...Object(meta), id }];
  } catch {
    return [usual];
  }
}

/** The words of the page and of all its elements, once they no longer change. */
async function settled(page: Page): Promise<string> {
  let [said, same] = ['', 0];
  for (let i = 0; i < 200; i += 1) {
    await Bun.sleep(60);
    const now = await page.evaluate(wordsIn);
    same = now === said ? same + 1 : 0;
    said = now;
    // What is on its way takes longer than what stands there; an element that was given no frames waits for ever.
    if (same >= (now.includes('Reading') ? 12 : 3)) break;
  }
  return said;
}

function wordsIn(): string {
  const words = (node: Node): string => {
    if (node instanceof HTMLStyleElement || node instanceof HTMLScriptElement) return '';
    if (node instanceof Text) return node.data;
    const inner = [...node.childNodes].map(words).join(' ');
    return node instanceof Element && node.shadowRoot !== null
      ? `${inner} ${words(node.shadowRoot)}`
      : inner;
  };
  return words(document.body).replaceAll(/\s+/g, ' ').trim();
}

/** Elements that say nothing at all. */
async function silent(page: Page): Promise<string[]> {
  const all = await page.evaluate(
    (names) =>
      names.map((name) => {
        const root = document.querySelector(name)?.shadowRoot;
        const text = [...(root?.children ?? [])]
          .filter((child) => !(child instanceof HTMLStyleElement))
          .map((child) => child.textContent ?? '')
          .join('');
        return [
          name,
          text.trim().length + (root?.querySelectorAll('pf-recording-detail, canvas').length ?? 0),
        ] as const;
      }),
    tags,
  );
  return all.filter(([, length]) => length === 0).map(([name]) => name);
}

/** Elements and attributes that only foreign text could have made, through all shadow roots; and whether it ran. */
function foreign(page: Page): Promise<string[]> {
  return page.evaluate((selector) => {
    const found = 'pwned' in window ? ['it ran'] : [];
    const look = (root: Document | ShadowRoot): void => {
      for (const one of root.querySelectorAll('*')) {
        const isOwn = one instanceof HTMLScriptElement && root === document;
        if (one.matches(selector) && !isOwn) found.push(one.outerHTML.slice(0, 200));
        if (one.shadowRoot !== null) look(one.shadowRoot);
      }
    };
    look(document);
    return found;
  }, FOREIGN);
}
