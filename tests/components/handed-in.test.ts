// Elements that were handed a recording, in real Chromium on a page without any host: they ask nothing, say what they lack
// instead of waiting for it, and the example of docs/embedding.md gives it to them.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { Capture } from '../../contract/stats.ts';
import { BrowserBench, countPixels, eventually, type Watched } from '../support/browser.ts';
import { sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { stutteringRun } from '../support/review-captures.ts';
import { longRecording } from '../support/seeded-recordings.ts';

const TAGS = ['pf-quantile-table', 'pf-frame-strip'] as const;
/** Everything that takes a recording. */
const EVERY = [
  ...TAGS,
  'pf-latency-chart',
  'pf-throughput-chart',
  'pf-health-chart',
  'pf-event-lanes',
  'pf-session-lanes',
  'pf-recording-detail',
  'pf-live',
  'pf-report',
] as const;
const run = stutteringRun();

let bench: BrowserBench;
let site: Bun.Server<undefined>;
let example = '';
/** What was asked for, but pages and scripts. */
const asked: string[] = [];

beforeAll(async () => {
  bench = await BrowserBench.open();
  const docs = readFileSync(join(import.meta.dir, '../../docs/embedding.md'), 'utf8');
  const blocks = [...docs.matchAll(/```html\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  example = blocks.find((block) => block.includes('openReview')) ?? '';
  const script = /<script type="module">([\s\S]*?)<\/script>/.exec(example)?.[1] ?? '';
  const answers: Record<string, () => BodyInit> = {
    '/recording.json': () => JSON.stringify(run.capture),
    '/recording.frames.parquet': () => run.bytes,
  };
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === '/example.js') return scriptOf(script);
      if (pathname.endsWith('.js'))
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      if (pathname === '/' || pathname === '/example') return pageOf(pathname === '/example');
      asked.push(pathname);
      const answer = answers[pathname];
      return answer === undefined ? new Response('', { status: 404 }) : new Response(answer());
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const scriptOf = (text: string): Response =>
  new Response(text, { headers: { 'content-type': 'text/javascript' } });

/** A strict policy: what the example says between its tags lies in a file of its own. */
function pageOf(isExample: boolean): Response {
  const tags = isExample ? example.replace(/<script[\s\S]*<\/script>/, '') : '';
  const name = isExample ? 'example' : 'punktfunk';
  return new Response(
    `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Somebody’s page</title>
    <script type="module" src="/${name}.js"></script><body><main><h1>Somebody’s page</h1>${tags}</main>`,
    {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
      },
    },
  );
}

async function open(
  path = '/',
  options: Parameters<BrowserBench['page']>[0] = {},
): Promise<Watched> {
  asked.length = 0;
  const watched = await bench.page(options);
  await watched.page.goto(`http://127.0.0.1:${site.port}${path}`);
  return watched;
}

/** Puts one of each tag into the page, with this recording and nothing else. */
const handIn = (page: Page, tags: readonly string[], recording: Capture, lang = 'en') =>
  page.evaluate(
    ([names, capture, language]) => {
      document.documentElement.lang = language;
      for (const name of names) {
        const el = Object.assign(document.createElement(name), { recording: capture });
        document.querySelector('main')?.append(el);
      }
    },
    [tags, recording, lang] as const,
  );

/** What stands in an element, those inside of it included. */
const textOf = (page: Page, tag: string): Promise<string> =>
  page.locator(`main > ${tag}`).evaluate((el) => {
    const all = (node: Node): string => {
      if (node instanceof HTMLStyleElement) return '';
      const inside = node instanceof Element && node.shadowRoot ? all(node.shadowRoot) : '';
      const own = node.nodeType === Node.TEXT_NODE ? (node.textContent ?? '') : '';
      return `${own}${inside}${[...node.childNodes].map(all).join('')}`;
    };
    return all(el).replace(/\s+/g, ' ').trim();
  });

const note = (page: Page, tag: string): Promise<string> =>
  page
    .locator(`${tag} .state`)
    .evaluate((el) => [...el.children].map((part) => (part.textContent ?? '').trim()).join(' '));

const KEPT_NOTHING = {
  en: 'This recording holds windows only: single frames were not kept.',
  de: 'Diese Aufzeichnung enthält nur Fenster: Einzelne Bilder wurden nicht aufbewahrt.',
};
const LACKS = {
  en: 'This needs the 2,400 single frames of the recording, and they are not here. The page around hands them in as review, or names the recording for a host that has them: recording-id.',
  de: 'Dazu braucht es die 2.400 Einzelbilder der Aufzeichnung, und die sind nicht hier. Die Seite ringsum gibt sie herein als review, oder nennt die Aufzeichnung für einen Host, der sie hat: recording-id.',
};

describe('a recording handed in without its frames', () => {
  test.each(['en', 'de'] as const)(
    'is said to lack them, or to have kept none: %s',
    async (language) => {
      const { page, trouble } = await open();
      await handIn(page, TAGS, run.capture, language);
      for (const tag of TAGS) expect(await note(page, tag)).toBe(LACKS[language]);
      expect(await violations(page)).toEqual([]);
      await page.evaluate(
        ([names, capture]) => {
          for (const name of names)
            Object.assign(document.querySelector(name) ?? {}, { recording: capture });
        },
        [TAGS, longRecording()] as const,
      );
      for (const tag of TAGS) {
        await eventually(
          () => note(page, tag),
          (text) => text === KEPT_NOTHING[language],
        );
      }
      expect(asked).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'makes no element ask or wait for ever',
    async () => {
      const { page, trouble } = await open('/', { viewport: { width: 1440, height: 6000 } });
      await handIn(page, EVERY, run.capture);
      for (const tag of EVERY) {
        await eventually(
          () => textOf(page, tag),
          (text) => text.length > 10 && !/\bReading\b/.test(text),
        );
      }
      expect(asked).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each([390, 320])(
    'says it in its place at %i px: nothing sticks out',
    async (width) => {
      const { page } = await open('/', { viewport: { width, height: 900 } });
      await handIn(page, TAGS, run.capture, 'de');
      for (const tag of TAGS) await page.locator(`${tag} .state`).waitFor();
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'a session of which no frame was kept is told apart from a recording that has none',
  async () => {
    const { page } = await open('/example');
    await page.waitForFunction(
      () => document.querySelector('pf-quantile-table')?.figures !== undefined,
    );
    await page.evaluate((names) => {
      for (const name of names) Object.assign(document.querySelector(name) ?? {}, { session: 7 });
    }, TAGS);
    for (const tag of TAGS) {
      await eventually(
        () => note(page, tag),
        (text) => text === 'No single frame of this session was kept.',
      );
    }
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'the example of docs/embedding.md runs under a strict policy, in a Worker, and draws every frame',
  async () => {
    const { page, trouble } = await open('/example');
    await page.waitForFunction(() => {
      const [figures, strip] = [
        document.querySelector('pf-quantile-table')?.figures,
        document.querySelector('pf-frame-strip')?.model,
      ];
      return figures?.quantiles.count === 2400 && strip !== undefined;
    });
    const canvas = page.locator('pf-frame-strip #c-strip');
    await eventually(
      () => canvas.evaluate(countPixels, COLOURS.encode.light),
      (n) => n > 500,
    );
    expect(page.workers().length).toBe(1);
    expect(asked).toEqual(['/recording.json', '/recording.frames.parquet']);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);
