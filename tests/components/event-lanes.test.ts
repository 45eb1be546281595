// <pf-event-lanes> in real Chromium on somebody else's page under a strict policy: what is drawn, chosen, said and listed.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfEventLanes } from '../../components/pf-event-lanes/pf-event-lanes.ts';
import type { Capture, CaptureEvent } from '../../contract/stats.ts';
import type { Finding } from '../../recording/src/review/findings.ts';
import { BrowserBench, countPixels, eventually, type Watched } from '../support/browser.ts';
import { sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { longRecording } from '../support/seeded-recordings.ts';

let bench: BrowserBench;
let site: Bun.Server<undefined>;
let body = '';
let connect = '';

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('.js')) {
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      }
      const page = `<!doctype html><html lang="en"><title>Somebody’s page</title><meta name="viewport" content="width=device-width"><script type="module" src="/punktfunk.js"></script><body><main><h1>Somebody’s page</h1>${body}</main>`;
      return new Response(page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${connect}`,
        },
      });
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const origin = (): string => `http://127.0.0.1:${site.port}`;

const happened = (t_ms: number, kind: string, detail?: CaptureEvent['detail']): CaptureEvent => ({
  ...{ t_ms, session_id: 1, kind },
  ...(detail === undefined ? {} : { detail }),
});

/** 20 minutes with what may happen in them. */
function eventful(more: readonly CaptureEvent[] = []): Capture {
  const events = [
    happened(0, 'session_start'),
    happened(12, 'key_frame', { why: 'first' }),
    { t_ms: 570_000, kind: 'marker', detail: { text: '<b>Boss</b> fight' } },
    ...Array.from({ length: 9 }, (_, i) => happened(800_000 + i * 400, 'invalidation')),
    happened(801_000, 'loss_burst', { packets_lost: 498, interval_ms: 6000 }),
    happened(850_000, 'bitrate', { from_kbps: 14_000, to_kbps: 20_000 }),
    happened(1_000_000, 'warp_drive', { speed: 9 }),
    happened(1_200_000, 'session_end', { reason: 'client_left' }),
    ...more,
  ];
  return { ...longRecording(), events };
}

const where = { sessionId: 1, late: 0, harmUs: 1, certainty: 'certain' } as const;
const FINDINGS: readonly Finding[] = [
  {
    ...{ ...where, kind: 'slow', part: 'encode', share: 0.94, fromMs: 582_000, toMs: 618_000.5 },
    ...{ partWorstUs: 1, partUsualUs: 1, worstUs: 1, worstRow: 1, dropped: 0 },
  },
  {
    ...{ ...where, kind: 'loss', fromMs: 800_000, toMs: 806_000, packetsLost: 498 },
    sendRefused: 0,
  },
  {
    ...{ ...where, kind: 'starved', fromMs: 965_000, toMs: 1_010_000 },
    ...{ repeated: 1, newFps: 1, targetFps: 1 },
  },
];

async function shown(
  recording: Capture,
  given: Partial<PfEventLanes>,
  options: Parameters<BrowserBench['page']>[0] = {},
): Promise<Watched> {
  body = '<pf-event-lanes></pf-event-lanes>';
  const watched = await bench.page({ colorScheme: 'light', ...options });
  const { page } = watched;
  await page.goto(origin());
  await page.locator('pf-event-lanes').evaluate(
    async (el, [capture, more]) => {
      await customElements.whenDefined('pf-event-lanes');
      Object.assign(el, { recording: capture }, more);
      const told: unknown[] = [];
      Object.assign(window, { told });
      document.addEventListener('pf-finding', ({ index }) => told.push(['finding', index]));
      document.addEventListener('pf-brush', ({ range, done }) =>
        told.push(['brush', range ?? null, done]),
      );
      document.addEventListener('pf-cursor', ({ ms }) => told.push(['cursor', ms]));
      document.addEventListener('pf-zoom', ({ range }) => told.push(['zoom', range]));
    },
    [recording, given] as const,
  );
  await eventually(
    () => model(page),
    (m) => m !== undefined,
  );
  return watched;
}

const lanes = (page: Page) => page.locator('pf-event-lanes');
const model = (page: Page) => lanes(page).evaluate((el: PfEventLanes) => el.model);
const ink = (page: Page, hex: string): Promise<number> =>
  page.locator('canvas#c-events').evaluate(countPixels, hex);
const told = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => {
    const { told } = window as unknown as { told: unknown[] };
    return told.splice(0);
  });
const here = (page: Page): Promise<string> =>
  page
    .locator('.here')
    .textContent()
    .then((text) => (text ?? '').replace(/\s+/g, ' ').trim());

/** Clicks the middle of something in the canvas. */
async function click(page: Page, box: { from: number; to: number }, y: number): Promise<void> {
  const canvas = await page.locator('canvas#c-events').boundingBox();
  if (canvas === null) throw new Error('no canvas');
  await page.mouse.click(canvas.x + (box.from + box.to) / 2, canvas.y + y);
}

describe('what is drawn', () => {
  test(
    'findings in the colour of their part with their numbers, events with their shapes',
    async () => {
      const { page, trouble } = await shown(eventful(), { findings: FINDINGS });
      const drawn = await model(page);
      expect(drawn?.findings.map(({ index, label }) => [index, label?.text])).toEqual([
        [0, 'Encoder'],
        [1, 'Network'],
        [2, 'Source'],
      ]);
      expect(
        drawn?.events.glyphs.map(({ shape, count, label }) =>
          [shape, count, label?.text].filter((part) => part !== undefined && part !== '').join(' '),
        ),
      ).toEqual([
        'join 192.168.1.42 joined',
        'diamond',
        'flag <b>Boss</b> fight',
        'triangle ×9',
        'bar',
        'step-up 20.0\u00a0Mb/s',
        'square warp_drive',
        'leave 192.168.1.42 left',
      ]);
      const bar = drawn?.findings[0]?.bar;
      const area = Math.round((bar?.to ?? 0) - (bar?.from ?? 0)) * 10;
      expect(await ink(page, COLOURS.encode.light)).toBe(area);
      expect(await ink(page, COLOURS.accent.light)).toBeGreaterThan(30);
      expect(await ink(page, COLOURS.bad.light)).toBeGreaterThan(60);
      expect(await ink(page, COLOURS.repeat.light)).toBeGreaterThan(60);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'with attributes alone; findings are then the review’s own',
    async () => {
      const recording = eventful();
      using host = new PageHost({ recordings: [recording], origins: [origin()] });
      body = `<pf-event-lanes host="${host.url}" token="${host.token}" recording-id="${recording.meta.id}"></pf-event-lanes>`;
      connect = host.url;
      const { page, trouble } = await bench.page({ colorScheme: 'light' });
      await page.goto(origin());
      await eventually(
        () => lanes(page).evaluate((el: PfEventLanes) => el.shown?.map(({ kind }) => kind) ?? []),
        (kinds) => kinds.includes('starved'),
      );
      await eventually(
        () => ink(page, COLOURS.repeat.light),
        (n) => n > 60,
      );
      expect((await model(page))?.events.glyphs.length).toBe(8);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a review handed in is asked for the findings of the session shown',
    async () => {
      const { page } = await shown(eventful(), {});
      const asked = await lanes(page).evaluate(async (el: PfEventLanes, findings) => {
        const asked: unknown[] = [];
        const ask = async (...question: unknown[]): Promise<unknown> => {
          asked.push(question);
          return { findings };
        };
        Object.assign(el, { review: { sessions: [], ask, close: () => {} } });
        await el.updateComplete;
        return asked;
      }, FINDINGS);
      expect(asked).toEqual([['findings', 1]]);
      await eventually(
        () => model(page),
        (m) => m?.findings.length === 3,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'follows the theme; under contrast a stage has its pattern, in forced colours the system’s',
    async () => {
      const { page } = await shown(eventful(), { findings: FINDINGS });
      const plain = await ink(page, COLOURS.encode.light);
      const scheme = (value: string): Promise<string> =>
        page.evaluate((to) => (document.documentElement.style.colorScheme = to), value);
      await scheme('dark');
      await eventually(
        () => ink(page, COLOURS.encode.dark),
        (n) => n === plain,
      );
      await scheme('light');
      await page.emulateMedia({ contrast: 'more' });
      const patterned = await eventually(
        () => ink(page, COLOURS.encode.contrastLight),
        (n) => n > 0,
      );
      expect(patterned).toBeLessThan(plain * 0.9);
      await page.emulateMedia({ contrast: null, forcedColors: 'active' });
      await eventually(
        () => ink(page, COLOURS.bad.contrastLight),
        (n) => n === 0,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording without events says so, and one with 10,000 draws no more marks than there is room for',
    async () => {
      const empty = await shown(longRecording(), {});
      await empty.page.getByText('No events', { exact: true }).waitFor();
      await empty.page.context().close();
      const kinds = ['key_frame', 'invalidation', 'clock_restarted', 'frame_dropped', 'loss_burst'];
      const many = Array.from({ length: 10_000 }, (_, i) =>
        happened((i * 7919) % 1_200_000, kinds[i % kinds.length] ?? ''),
      );
      const { page, trouble } = await shown(eventful(many), { findings: FINDINGS });
      const drawn = await model(page);
      const counted = drawn?.events.glyphs.reduce((n, { members }) => n + members.length, 0);
      expect(counted).toBe(10_016);
      // What a frame costs goes with the marks, however many events there are.
      const marks = await lanes(page).evaluate(async (el: PfEventLanes) => {
        const drawn: number[] = [];
        for (let i = 0; i < 20; i++) {
          el.range = { fromMs: i * 5000, toMs: i * 5000 + 600_000 };
          await el.updateComplete;
          drawn.push(el.model?.events.glyphs.length ?? 0);
        }
        return { drawn, room: el.getBoundingClientRect().width };
      });
      expect(Math.min(...marks.drawn)).toBeGreaterThan(20);
      expect(Math.max(...marks.drawn)).toBeLessThan(marks.room / 2);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('choosing', () => {
  test(
    'a click on a number chooses its finding and exactly its range',
    async () => {
      const { page } = await shown(eventful(), { findings: FINDINGS });
      const drawn = await model(page);
      const before = await ink(page, COLOURS.text.light);
      await click(page, drawn?.findings[0]?.box ?? { from: 0, to: 0 }, 11);
      const said = (await told(page)).filter((one) => !JSON.stringify(one).includes('cursor'));
      expect(said).toEqual([
        ['brush', { fromMs: 582_000, toMs: 618_000.5 }, true],
        ['finding', 0],
      ]);
      // Its box is filled.
      await eventually(
        () => ink(page, COLOURS.text.light),
        (n) => n > before + 100,
      );
      await eventually(
        () => page.locator('.lane .brush').last().isVisible(),
        (on) => on,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a click on an event moves the cursor to its time; a drag over it is a brush',
    async () => {
      const { page } = await shown(eventful(), { findings: FINDINGS });
      const drawn = await model(page);
      const flag = drawn?.events.glyphs.find(({ shape }) => shape === 'flag');
      const box = flag?.box ?? { from: 0, to: 0 };
      await click(page, box, 31);
      expect((await told(page)).at(-1)).toEqual(['cursor', 570_000]);
      await eventually(
        () => here(page),
        (text) => text === 'Marker <b>Boss</b> fight',
      );
      const canvas = await page.locator('canvas#c-events').boundingBox();
      const x = (canvas?.x ?? 0) + box.from + 3;
      const y = (canvas?.y ?? 0) + 31;
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 60, y, { steps: 4 });
      await page.mouse.up();
      const said = await told(page);
      expect(said.some((one) => JSON.stringify(one).startsWith('["brush"'))).toBe(true);
      expect(said).not.toContainEqual(['cursor', 570_000]);
      expect(await lanes(page).evaluate((el: PfEventLanes) => el.selected)).toBeUndefined();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'without a pointer: numbers choose, comma and full stop go from event to event, Escape lets go',
    async () => {
      const { page } = await shown(eventful(), { findings: FINDINGS, cursorMs: 300_000 });
      await page.getByRole('group', { name: 'Events' }).focus();
      await page.keyboard.press('.');
      expect((await told(page)).at(-1)).toEqual(['cursor', 570_000]);
      await eventually(
        () => lanes(page).locator('[aria-live]').textContent(),
        (said) => said === '09:30: Marker, <b>Boss</b> fight',
      );
      await page.keyboard.press('.');
      expect((await told(page)).at(-1)).toEqual(['cursor', 800_000]);
      await page.keyboard.press(',');
      await page.keyboard.press('[');
      expect((await told(page)).at(-1)).toEqual(['cursor', 12]);
      await page.keyboard.press('2');
      expect(await told(page)).toEqual([
        ['brush', { fromMs: 800_000, toMs: 806_000 }, true],
        ['finding', 1],
        ['cursor', 800_000],
      ]);
      await eventually(
        () => lanes(page).locator('[aria-live]').textContent(),
        (said) => said === 'finding 2, Network, 13:20 to 13:26',
      );
      await page.keyboard.press('2');
      expect(await told(page)).toEqual([['brush', null, true]]);
      await page.keyboard.press('2');
      await told(page);
      await page.keyboard.press('7');
      expect(await told(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await eventually(
        () => lanes(page).evaluate((el: PfEventLanes) => [el.brush, el.selected]),
        ([brush, selected]) => brush === undefined && selected === undefined,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a range that is a finding’s chooses it, whoever chose the range',
    async () => {
      const { page } = await shown(eventful(), { findings: FINDINGS });
      const chosen = (brush: { fromMs: number; toMs: number }): Promise<number | undefined> =>
        lanes(page).evaluate(async (el: PfEventLanes, range) => {
          el.brush = range;
          await el.updateComplete;
          return el.selected;
        }, brush);
      expect(await chosen({ fromMs: 800_000, toMs: 806_000 })).toBe(1);
      expect(await chosen({ fromMs: 582_000, toMs: 618_000.3 })).toBeUndefined();
      expect(await chosen({ fromMs: 582_000, toMs: 618_000.45 })).toBe(0);
      expect(await told(page)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a finding outside of the part shown is brought into it',
    async () => {
      const range = { fromMs: 0, toMs: 120_000 };
      const { page } = await shown(eventful(), { findings: FINDINGS, range });
      await page.getByRole('group', { name: 'Events' }).focus();
      await page.keyboard.press('3');
      expect((await told(page))[0]).toEqual(['zoom', { fromMs: 927_500, toMs: 1_047_500 }]);
      await eventually(
        () => model(page),
        (m) => m?.findings[0]?.index === 2,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('words', () => {
  test(
    'the table lists findings and every event; the summary counts their kinds',
    async () => {
      const { page, trouble } = await shown(eventful(), { findings: FINDINGS });
      await page.getByRole('button', { name: 'As table' }).click();
      const rows = await page
        .locator('tbody tr')
        .evaluateAll((all) =>
          all.map((row) => [...row.children].map((cell) => cell.textContent).join(' | ')),
        );
      expect(rows.length).toBe(3 + 16);
      expect(rows.slice(0, 6)).toEqual([
        '09:42–10:18 | Finding 1 | Encoder | 1',
        '13:20–13:26 | Finding 2 | Network | 1',
        '16:05–16:50 | Finding 3 | Source | 1',
        '00:00.000 | Session began | 192.168.1.42 | 1',
        '00:00.012 | Key frame | the first of the stream | 1',
        '09:30.000 | Marker | <b>Boss</b> fight | host',
      ]);
      expect(rows).toContain('16:40.000 | warp_drive | speed 9 | 1');
      expect(await page.locator('#summary').textContent()).toBe(
        'Events, 20\u00a0min. 3 findings: finding 1, Encoder, 09:42 to 10:18; finding 2, Network, 13:20 to 13:26; finding 3, Source, 16:05 to 16:50. ' +
          '16 events: Reference invalidated 9, Session began 1, Key frame 1, Marker 1, Packets lost 1, Bitrate 1, warp_drive 1, Session ended 1.',
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a long table comes in pieces',
    async () => {
      const many = Array.from({ length: 1200 }, (_, i) => happened(i * 900, 'key_frame'));
      const { page } = await shown({ ...eventful(), events: many }, { table: true });
      expect(await page.locator('tbody tr').count()).toBe(500);
      await page.getByRole('button', { name: 'Show more · 500 of 1,200' }).click();
      await page.getByRole('button', { name: 'Show more · 1,000 of 1,200' }).click();
      await eventually(
        () => page.locator('tbody tr').count(),
        (n) => n === 1200,
      );
      expect(await page.getByRole('button', { name: /Show more/ }).count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each([
    ['dark', { colorScheme: 'dark' }, 'en', 'Encoder'],
    ['German', {}, 'de', 'Befund 2'],
    ['narrow', { viewport: { width: 390, height: 800 } }, 'de', 'Befund 2'],
    ['panel', { viewport: { width: 320, height: 700 } }, 'de', 'Befund 2'],
    ['contrast', { contrast: 'more' }, 'en', 'Finding 2'],
  ] as const)(
    'axe finds nothing and nothing sticks out: %s',
    async (_name, options, lang, words) => {
      const { page } = await shown(
        eventful(),
        { findings: FINDINGS, table: true, selected: 1, lang },
        options,
      );
      await page.getByText(words).first().waitFor();
      await eventually(
        () => page.locator('.plot.h-events').evaluate((plot) => plot.clientHeight),
        (px) => px === 44,
      );
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'put in and taken out, it draws again, and nothing moves when data arrive',
    async () => {
      const { page, trouble } = await shown(eventful(), { findings: FINDINGS });
      const empty = { ...longRecording(), samples: [], events: [] };
      const heights = await lanes(page).evaluate(async (el: PfEventLanes, nothing) => {
        const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
        const { recording } = el;
        const before = el.offsetHeight;
        const parent = el.parentElement;
        for (let i = 0; i < 20; i++) {
          el.remove();
          parent?.append(el);
          await frame();
        }
        el.recording = nothing;
        await frame();
        const without = el.offsetHeight;
        el.recording = recording;
        await frame();
        return [before, without, el.offsetHeight];
      }, empty);
      expect(new Set(heights).size).toBe(1);
      await eventually(
        () => ink(page, COLOURS.encode.light),
        (n) => n > 100,
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
