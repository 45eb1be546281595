// Every tag of the manifest, one by one, in a page of another origin under a strict policy: with attributes alone, with an
// API handed in, with data handed in, twice, moved; and put in and taken out 50 times it leaves nothing behind.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { elementManifest } from '../../scripts/build-package.ts';
import { BrowserBench, eventually, type Watched } from '../support/browser.ts';
import { PageHost } from '../support/page-host.ts';
import { everyRecording, longRecording } from '../support/seeded-recordings.ts';
import { Site } from './site.ts';

const TIMEOUT_MS = 60_000;
const TIMES = 50;
const declarations = (await elementManifest()).modules[0]?.declarations ?? [];
const tags = declarations.map(({ tagName }) => tagName);
const takes = (tag: string, member: string): boolean =>
  declarations.some((d) => d.tagName === tag && d.members.some(({ name }) => name === member));
/** Shows what the page around it knows; alone there is nothing to say. */
const SILENT_ALONE = ['pf-first-run', 'pf-black-box', 'pf-keys'];
/** Shows what it is given, and asks for nothing by itself. */
const ASKS_NOTHING = [...SILENT_ALONE, 'pf-report', 'pf-viewer'];

let bench: BrowserBench;
let site: Site;

beforeAll(async () => {
  bench = await BrowserBench.open();
  const page = (scripts: string): string =>
    `<!doctype html><html lang="en"><title>Somebody’s page</title>${scripts}<body><main></main><aside></aside>`;
  site = new Site({
    folders: [`${bench.dist}/components`],
    pages: {
      '/index.html': page('<script type="module" src="/punktfunk.js"></script>'),
      '/watched.html': page(
        '<script src="/watch.js"></script><script type="module" src="/punktfunk.js"></script>',
      ),
      '/watch.js': `(${watchLeaks})()`,
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
});

async function at(host: PageHost, path = '/'): Promise<Watched> {
  site.connect = host.url;
  // What is out of view sleeps: here everything is in view.
  const watched = await bench.page({ viewport: { width: 1440, height: 6000 } });
  await watched.page.goto(`${site.origin}${path}`);
  return watched;
}

const open = (): PageHost => new PageHost({ recordings: everyRecording(), origins: [site.origin] });
const id = longRecording().meta.id;
/** What is compared. */
const ids = everyRecording()
  .slice(0, 3)
  .map(({ meta }) => meta.id);

interface Made {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function withAttributes(tag: string, host: PageHost): Made {
  const recording = takes(tag, 'recordingId')
    ? { 'recording-id': id }
    : takes(tag, 'recordingIds')
      ? { 'recording-ids': ids.join(' ') }
      : {};
  return { tag, attributes: { host: host.url, token: host.token, ...recording } };
}

describe.each(tags)('<%s>', (tag) => {
  test(
    'works with attributes alone, twice, moved, and shows the same with an API in place of a token',
    async () => {
      using host = open();
      const { page, trouble } = await at(host);
      const made = withAttributes(tag, host);
      await page.evaluate(add, made);
      await page.evaluate(add, made);
      const both = await eventually(
        () => Promise.all([settled(page, tag, 0), settled(page, tag, 1)]),
        ([one, two]) => one === two,
      );
      const first = both[0];
      if (!SILENT_ALONE.includes(tag)) expect(first.length).toBeGreaterThan(10);
      if (!ASKS_NOTHING.includes(tag)) expect(host.requests.length).toBeGreaterThan(0);
      // Moved behind the other, it comes second in the document.
      await page.evaluate((name) => {
        document.querySelector('aside')?.append(document.querySelector(name) ?? '');
      }, tag);
      expect(await settled(page, tag, 1)).toBe(first);

      await page.evaluate(addWithApi, { ...made, url: host.url, token: host.token });
      const hostless = (text: string): string => text.replace(new URL(host.url).host, '');
      await eventually(
        async () => hostless(await settled(page, tag, 0)),
        (text) => text === hostless(first),
      );
      const html = await page.locator('body').evaluate((el) => el.outerHTML);
      expect(html).not.toContain(host.token);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test.each(tags.filter((tag) => takes(tag, 'recording') || takes(tag, 'recordingIds')))(
  '<%s> draws a recording handed in without a single request',
  async (tag) => {
    using host = open();
    const { page, trouble } = await at(host);
    await page.evaluate(
      ([name, given]) => {
        const el = Object.assign(document.createElement(name), given);
        document.querySelector('main')?.append(el);
      },
      [
        tag,
        takes(tag, 'recording')
          ? { recording: longRecording() }
          : { recordings: everyRecording().slice(0, 2) },
      ] as const,
    );
    expect((await settled(page, tag, 0)).length).toBeGreaterThan(10);
    expect(host.requests).toEqual([]);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

describe(`put in and taken out ${TIMES} times`, () => {
  let host: PageHost;
  let watched: Watched;

  beforeAll(async () => {
    host = open();
    watched = await at(host, '/watched.html');
  });

  afterAll(async () => {
    await watched.page.context().close();
    host[Symbol.dispose]();
  });

  test.each(tags)(
    '<%s> leaves no chart, Worker, listener, observer or element',
    async (tag) => {
      const { page, trouble } = watched;
      await cycle(page, withAttributes(tag, host), TIMES);
      const collector = await page.context().newCDPSession(page);
      await eventually(
        async () => {
          await collector.send('HeapProfiler.collectGarbage');
          return page.evaluate(alive);
        },
        // The browser itself may hold the last one a while.
        ({ elements, ...rest }) => elements <= 2 && Object.values(rest).every((n) => n === 0),
      );
      await collector.detach();
      expect(trouble).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test('they ask nothing any more', async () => {
    const asked = host.requests.length;
    expect(asked).toBeGreaterThan(TIMES);
    await Bun.sleep(2500);
    expect(host.requests.length).toBe(asked);
  });
});

test(
  'a comparison taken out between its recordings starts no Worker any more, and put back it reads on',
  async () => {
    using host = open();
    const { page, trouble } = await at(host, '/watched.html');
    const held = Promise.withResolvers<void>();
    await page.route(`**/recordings/${ids[1]}`, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.evaluate(add, withAttributes('pf-compare', host));
    const workers = async (): Promise<number> => (await page.evaluate(alive)).workers;
    await eventually(workers, (n) => n === 2);
    // What was asked for is refused then, and told to an element that is not there.
    await page.evaluate(() => {
      const el = document.querySelector('pf-compare');
      Object.assign(window, { el });
      el?.remove();
    });
    await eventually(workers, (n) => n === 0);
    held.resolve();
    await page.evaluate(() => document.querySelector('main')?.append(Reflect.get(window, 'el')));
    await eventually(workers, (n) => n === 3);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

/** Runs in the page. */
function add({ tag, attributes }: Made): void {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  document.querySelector('main')?.append(el);
}

/** Runs in the page: in place of all others, and without any attribute. */
async function addWithApi(made: Made & { url: string; token: string }): Promise<void> {
  for (const el of document.querySelectorAll(made.tag)) el.remove();
  const module = '/punktfunk.js';
  const { HttpStatsApi } = await import(module);
  const api = new HttpStatsApi({ host: made.url, token: made.token });
  const recordingId = made.attributes['recording-id'];
  const recordingIds = made.attributes['recording-ids']?.split(' ');
  const given = {
    ...(recordingId === undefined ? {} : { recordingId }),
    ...(recordingIds === undefined ? {} : { recordingIds }),
  };
  const el = Object.assign(document.createElement(made.tag), { api, ...given });
  document.querySelector('main')?.append(el);
}

/** What an element says once it says the same several times. */
async function settled(page: Page, tag: string, n: number): Promise<string> {
  let last = '';
  const same = { n: 0 };
  return eventually(
    async () => {
      const now = await page.locator(`:is(main, aside) > ${tag}`).nth(n).evaluate(textOf);
      same.n = now === last ? same.n + 1 : 0;
      last = now;
      return now;
    },
    (now) => same.n >= 4 && !/Reading …/.test(now),
  );
}

/** Runs in the page: words through shadow roots, without times, which pass. */
function textOf(el: Element): string {
  const parts: string[] = [];
  const look = (root: ParentNode): void => {
    for (const child of root.childNodes) {
      if (child instanceof Text) parts.push(child.data);
      if (!(child instanceof Element) || child.localName === 'style') continue;
      if (child.shadowRoot !== null) look(child.shadowRoot);
      look(child);
    }
  };
  if (el.shadowRoot !== null) look(el.shadowRoot);
  return parts
    .join(' ')
    .replace(/\d+:\d\d(:\d\d)?/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** In, drawn, asked, out: with time enough in between for questions and Workers to be under way. */
async function cycle(page: Page, made: Made, times: number): Promise<void> {
  await page.evaluate(
    async ([{ tag, attributes }, rounds]) => {
      const { leaks } = window as unknown as { leaks: { refs: WeakRef<Element>[] } };
      leaks.refs.length = 0;
      for (let i = 0; i < rounds; i++) {
        const el = document.createElement(tag);
        for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
        leaks.refs.push(new WeakRef(el));
        document.querySelector('main')?.append(el);
        // Some are taken out before anything came, others after.
        await new Promise((done) => setTimeout(done, i % 10 === 0 ? 120 : 16));
        el.remove();
      }
      await new Promise((done) => setTimeout(done, 100));
    },
    [made, times] as const,
  );
}

interface Alive {
  readonly charts: number;
  readonly workers: number;
  readonly listeners: number;
  readonly observers: number;
  readonly elements: number;
}

/** Runs in the page. */
async function alive(): Promise<Alive> {
  const module = '/punktfunk.js';
  const { liveCharts }: { liveCharts(): number } = await import(module);
  const { leaks } = window as unknown as {
    leaks: Omit<Alive, 'charts' | 'elements'> & { refs: WeakRef<Element>[] };
  };
  const { workers, listeners, observers, refs } = leaks;
  const elements = refs.filter((ref) => ref.deref() !== undefined).length;
  return { charts: liveCharts(), workers, listeners, observers, elements };
}

/** Runs in the page before anything else: counts what lives longer than an element does. */
function watchLeaks(): void {
  const leaks = { workers: 0, listeners: 0, observers: 0, refs: [] };
  Object.assign(window, { leaks });
  const held = new Map<EventTarget, Set<string>>();
  const names = new WeakMap<object, number>();
  let count = 0;
  const keyOf = (type: string, listener: object): string => {
    if (!names.has(listener)) names.set(listener, ++count);
    return `${type} ${names.get(listener)}`;
  };
  const outlives = (target: unknown): target is EventTarget =>
    target === window ||
    target === document ||
    target === document.documentElement ||
    target instanceof MediaQueryList;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (outlives(this ?? window) && listener !== null) {
      const target = this ?? window;
      const keys = held.get(target) ?? new Set();
      const key = keyOf(type, listener);
      if (!keys.has(key)) leaks.listeners++;
      held.set(target, keys.add(key));
    }
    addEventListener.call(this ?? window, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (listener !== null && held.get(target)?.delete(keyOf(type, listener))) leaks.listeners--;
    removeEventListener.call(target, type, listener, options);
  };
  const Real = window.Worker;
  window.Worker = class extends Real {
    #ended = false;
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      leaks.workers++;
    }
    override terminate(): void {
      if (!this.#ended) leaks.workers--;
      this.#ended = true;
      super.terminate();
    }
  };
  for (const Observer of [MutationObserver, ResizeObserver, IntersectionObserver]) {
    const { observe, disconnect } = Observer.prototype;
    const on = new WeakSet();
    Observer.prototype.observe = function (...args: [never]) {
      if (!on.has(this)) leaks.observers++;
      on.add(this);
      observe.apply(this, args);
    };
    Observer.prototype.disconnect = function () {
      if (on.delete(this)) leaks.observers--;
      disconnect.call(this);
    };
  }
}
