// <pf-quantile-table> and <pf-frame-strip> in real Chromium, on a page of somebody else under a strict policy: what they
// draw and say is what the recording's own figures are.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { Format } from '../../components/base/format.ts';
import { COLOURS } from '../../components/base/series-tokens.ts';
import type { PfFrameStrip } from '../../components/pf-frame-strip/pf-frame-strip.ts';
import type { PfQuantileTable } from '../../components/pf-quantile-table/pf-quantile-table.ts';
import type { Capture } from '../../contract/stats.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { BrowserBench, countPixels, eventually, type Watched } from '../support/browser.ts';
import { openBytes } from '../support/frames-files.ts';
import { sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { DROPPED_ROWS, SECOND_ROW, SPIKE_ROW, stutteringRun } from '../support/review-captures.ts';

const RANGE = { fromMs: 9000, toMs: 17_000 };
const TAGS = ['pf-quantile-table', 'pf-frame-strip'] as const;
const run = stutteringRun();
const { id } = run.capture.meta;

let bench: BrowserBench;
let site: Bun.Server<undefined>;
let capture: Capture = run.capture;
/** Holds back the frames, as a slow network does. */
let gate: Promise<void> = Promise.resolve();

const page0 = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Somebody’s page</title>
  <script type="module" src="/punktfunk.js"></script><body><main><h1>Somebody’s page</h1>${TAGS.map(
    (tag) => `<${tag} token="t" recording-id="${id}"></${tag}>`,
  ).join('')}</main>`;

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('.js')) {
        return new Response(Bun.file(`${bench.dist}/components${pathname}`));
      }
      if (pathname.endsWith('/frames')) {
        await gate;
        return new Response(run.bytes);
      }
      if (pathname.startsWith('/api/')) return Response.json(capture);
      return new Response(page0, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy':
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
        },
      });
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const table = (page: Page) => page.locator('pf-quantile-table');
const strip = (page: Page) => page.locator('pf-frame-strip');

async function open(
  options: Parameters<BrowserBench['page']>[0] = {},
  range: typeof RANGE | undefined = RANGE,
): Promise<Watched> {
  const watched = await bench.page(options);
  const { page } = watched;
  await page.goto(`http://127.0.0.1:${site.port}/`);
  await page.evaluate(
    ([tags, part]) => {
      const told: unknown[] = [];
      Object.assign(window, { told });
      document.addEventListener('pf-frame', (e) => told.push([e.row, e.atMs]));
      document.addEventListener('pf-frames', (e) => told.push(e.frames));
      for (const tag of tags) Object.assign(document.querySelector(tag) ?? {}, { range: part });
    },
    [TAGS, range] as const,
  );
  return watched;
}

const told = (page: Page): Promise<unknown[]> =>
  page.evaluate(() => (window as unknown as { told: unknown[] }).told);

async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const figures = document.querySelector('pf-quantile-table')?.figures;
    const frames = document.querySelector('pf-frame-strip');
    return figures !== undefined && frames?.model !== undefined && frames.selected !== undefined;
  });
}

const selected = (page: Page): Promise<number | undefined> =>
  strip(page).evaluate((el: PfFrameStrip) => el.selected);

const shown = (page: Page): Promise<readonly [number, number]> =>
  strip(page).evaluate((el: PfFrameStrip) => {
    const frames = el.model?.frames ?? [];
    return [frames[0]?.row ?? -1, frames.length] as const;
  });

const selects = (page: Page, row: number): Promise<number | undefined> =>
  eventually(
    () => selected(page),
    (at) => at === row,
  );

/** The rows of the table as they are written. */
const cells = (page: Page): Promise<string[][]> =>
  table(page).evaluate((el) =>
    [...(el.shadowRoot?.querySelectorAll('.quantiles tbody tr') ?? [])].map((tr) =>
      [...tr.children].map((cell) => (cell.textContent ?? '').trim()),
    ),
  );

/** Everything an element says, with single spaces. */
const textOf = async (part: Locator): Promise<string> =>
  ((await part.textContent()) ?? '').replace(/\s+/g, ' ').trim();

const atMsOf = (row: number): number => (run.batch.grabbed_us[row] ?? 0) / 1000;

describe('the figures of a range', () => {
  test(
    'are the digits that the recording itself tells, of all frames and of new ones',
    async () => {
      const { page, trouble } = await open();
      await drawn(page);
      const session = { sessionId: 1, kind: 'gamestream', fps: 120 } as const;
      const exact = new RangeFigures(openBytes(run.bytes), [session]);
      const f = new Format('en');
      const wanted = (frames: 'all' | 'new'): (readonly string[])[] => {
        const { stages } = exact.quantiles({
          ...{ session: 1, from_ms: RANGE.fromMs, to_ms: RANGE.toMs, frames },
        });
        return ['total', 'capture', 'encode', 'packetize', 'send', 'other'].map((name) => {
          const stage = stages.find((one) => one.name === name);
          const ranks = ['p50', 'p90', 'p99', 'p99.9'].map((q) => stage?.quantiles_us[q]);
          return [...ranks, stage?.max_us].map((us = Number.NaN) => f.ms(us / 1000));
        });
      };
      const written = async (): Promise<string[][]> =>
        (await cells(page)).map((row) => row.slice(1, 6).map((c) => c.replace(/ .*$/, '')));
      expect(await written()).toEqual(wanted('all').map((row) => [...row]));
      const over = table(page).locator('tr.total td.over');
      expect((await over.allTextContents()).at(-1)).toMatch(/^8\d\.\d over budget$/);
      await table(page).getByRole('button', { name: 'New only' }).click();
      await eventually(written, (rows) => JSON.stringify(rows) === JSON.stringify(wanted('new')));
      expect(await told(page)).toEqual(['new']);
      expect(wanted('new')).not.toEqual(wanted('all'));
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'are headed and counted as the design words them',
    async () => {
      const { page } = await open();
      await drawn(page);
      const { counts, late } = await table(page).evaluate((el: PfQuantileTable) => ({
        counts: el.figures?.quantiles,
        late: el.figures?.detail.late,
      }));
      const head = await textOf(table(page).locator('.head'));
      expect(head).toStartWith(
        `Range 00:09–00:178.0 s · ${counts?.count} frames · ${late} over budget · 7 dropped`,
      );
      await table(page)
        .getByText(
          'Share of the excess: in the slowest 1% (10 frames), the time each stage spent above its own median.',
        )
        .waitFor();
      // 953 frames cannot have a thousandth.
      expect(await textOf(table(page).locator('thead').first())).toContain('n = 953');
      const counters = await textOf(table(page).locator('.counters'));
      expect(counters).toContain('Dropped7');
      const bar = table(page).locator('.bar.k-encode .full');
      expect(Number.parseFloat((await bar.getAttribute('width')) ?? '')).toBeGreaterThan(90);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'show how the totals are spread: what is over the budget in its colour, the spike too',
    async () => {
      const { page } = await open();
      await drawn(page);
      const canvas = table(page).locator('#c-histogram');
      expect(await canvas.evaluate(countPixels, COLOURS.new.light)).toBeGreaterThan(1000);
      expect(await canvas.evaluate(countPixels, COLOURS.bad.light)).toBeGreaterThan(40);
      const bars = await table(page).evaluate((el: PfQuantileTable) => el.histogram?.bars);
      expect(bars?.at(-1)).toMatchObject({ count: 1, isOver: true });
      await table(page).getByRole('button', { name: 'As table' }).click();
      const twin = table(page).getByRole('region', { name: 'Histogram as a table' });
      expect(await twin.locator('tbody tr').count()).toBe(bars?.length ?? -1);
      expect(await textOf(twin.locator('tbody tr').last())).toMatch(/100%$/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a range without frames says so and shows no figure',
    async () => {
      const { page } = await open({}, { fromMs: 60_000, toMs: 61_000 });
      await table(page).getByText('No frame lies in this range.').waitFor();
      expect((await cells(page)).map((row) => row[1])).toEqual(
        Array.from({ length: 6 }, () => '–not measured'),
      );
      await strip(page).getByText('No frame lies in this range.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the strip', () => {
  test(
    'opens at the worst frame, draws it and what was dropped behind it, and tells its path',
    async () => {
      const { page, trouble } = await open();
      await drawn(page);
      expect(await selected(page)).toBe(SPIKE_ROW);
      const canvas = strip(page).locator('#c-strip');
      const ink = (hex: string): Promise<number> => canvas.evaluate(countPixels, hex);
      expect(await ink(COLOURS.encode.light)).toBeGreaterThan(500);
      expect(await ink(COLOURS.send.light)).toBeGreaterThan(100);
      expect(await ink(COLOURS.accent.light)).toBeGreaterThan(50);
      expect(await ink(COLOURS.bad.light)).toBeGreaterThan(10);
      const model = await strip(page).evaluate((el: PfFrameStrip) => el.model?.frames ?? []);
      expect(model.filter(({ isDropped }) => isDropped).map(({ row }) => row)).toEqual([
        ...DROPPED_ROWS,
      ]);
      await page
        .getByText(`Frame ${new Format('en').count(SPIKE_ROW)}`)
        .first()
        .waitFor();
      const path = await textOf(strip(page).locator('.path'));
      expect(path).toMatch(/8\d\.\d ms (9|10)\.\d × budget/);
      expect(path).toMatch(/New frame · [\d.]+ KB · \d+ packets/);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'n and p go from outlier to outlier, the buttons too, and the page is told',
    async () => {
      const { page } = await open();
      await drawn(page);
      await strip(page).evaluate((el: PfFrameStrip) => {
        el.row = 1000;
      });
      await selects(page, 1000);
      await strip(page).getByRole('group', { name: 'Frame strip' }).focus();
      await page.keyboard.press('n');
      await selects(page, SPIKE_ROW);
      await strip(page).getByRole('button', { name: 'Next outlier' }).click();
      await selects(page, DROPPED_ROWS[0]);
      await strip(page).getByText('Dropped: two frames were waiting for the sender').waitFor();
      await page.keyboard.press('n');
      await selects(page, SECOND_ROW);
      await page.keyboard.press('p');
      await page.keyboard.press('p');
      await selects(page, SPIKE_ROW);
      const visited = [SPIKE_ROW, DROPPED_ROWS[0], SECOND_ROW, DROPPED_ROWS[0], SPIKE_ROW];
      expect(await told(page)).toEqual(visited.map((row) => [row, atMsOf(row)]));
      await eventually(
        () => shown(page),
        ([first, count]) => first <= SPIKE_ROW && first + count > SPIKE_ROW,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'keys move frame by frame, by ten and by a screen; the strip follows only when it must; it is spoken',
    async () => {
      const { page } = await open();
      await drawn(page);
      await strip(page).getByRole('group', { name: 'Frame strip' }).focus();
      const before = await shown(page);
      await page.keyboard.press('ArrowRight');
      await selects(page, SPIKE_ROW + 1);
      await page.keyboard.press('Control+ArrowRight');
      await selects(page, SPIKE_ROW + 11);
      expect(await shown(page)).toEqual(before);
      await eventually(
        () => strip(page).locator('[aria-live]').textContent(),
        (said) => /^Frame 1,211, 00:10\.\d{3}, total [\d.]+, Capture /.test(said ?? ''),
      );
      await page.keyboard.press('PageDown');
      const far = SPIKE_ROW + 11 + before[1];
      await selects(page, far);
      const after = await eventually(
        () => shown(page),
        ([first, count]) => first <= far && first + count > far,
      );
      expect(after[0]).toBeGreaterThan(before[0]);
      // The page hears of it once the frame is known.
      await eventually(
        () => told(page),
        (all) => JSON.stringify(all.at(-1)) === JSON.stringify([far, atMsOf(far)]),
      );
      const rows = [...run.batch.grabbed_us.keys()].filter(
        (row) => atMsOf(row) >= RANGE.fromMs && atMsOf(row) < RANGE.toMs,
      );
      await page.keyboard.press('Home');
      await selects(page, rows[0] ?? -1);
      await page.keyboard.press('End');
      await selects(page, rows.at(-1) ?? -1);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a click selects the frame under it; a time handed in, the frame nearest to it',
    async () => {
      const { page } = await open();
      await drawn(page);
      const [first] = await shown(page);
      const box = await strip(page).locator('.plot').boundingBox();
      if (box === null) throw new Error('no plot');
      await page.mouse.click(box.x + 34 + 6 * 20 + 2, box.y + 60);
      await selects(page, first + 20);
      const path = strip(page).locator('.path');
      await path.getByText(`Frame ${new Format('en').count(first + 20)}`).waitFor();
      for (const row of [first + 30, SECOND_ROW]) {
        await strip(page).evaluate((el: PfFrameStrip, ms) => {
          el.atMs = ms;
        }, atMsOf(row) + 0.4);
        await selects(page, row);
      }
      // Only what the user did is told.
      expect(await told(page)).toEqual([[first + 20, atMsOf(first + 20)]]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'narrower frames show one colour each, the spike among them; the table has every frame shown',
    async () => {
      const { page } = await open();
      await drawn(page);
      await strip(page).getByRole('group', { name: 'Frame strip' }).focus();
      for (let i = 0; i < 4; i += 1) await page.keyboard.press('-');
      const [, count] = await eventually(
        () => shown(page),
        ([, n]) => n > 800,
      );
      const spike = await strip(page).evaluate(
        (el: PfFrameStrip, row) => el.model?.frames.find((frame) => frame.row === row)?.bands,
        SPIKE_ROW,
      );
      expect(spike?.map(({ token }) => token)).toEqual(['encode']);
      const ink = await strip(page).locator('#c-strip').evaluate(countPixels, COLOURS.encode.light);
      expect(ink).toBeGreaterThan(60);
      await page.keyboard.press('t');
      const twin = strip(page).getByRole('region', { name: 'Frames as a table' });
      expect(await twin.locator('tbody tr').count()).toBe(count);
      const row = twin.locator('tr[aria-current]');
      expect(await row.locator('th').textContent()).toBe(new Format('en').count(SPIKE_ROW));
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('both', () => {
  test(
    'take a review and a recording handed in, and ask nothing then',
    async () => {
      const { page } = await open();
      await drawn(page);
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.evaluate(
        ([tags, recording]) => {
          const own = document.querySelector('pf-frame-strip');
          // Protected by type only: the test takes the review that this element has opened.
          const review: unknown = Reflect.get(own ?? {}, 'reviewed');
          for (const tag of tags) {
            const given = Object.assign(document.createElement(tag), { recording, review });
            given.id = `given-${tag}`;
            document.body.append(given);
          }
        },
        [TAGS, run.capture] as const,
      );
      await page.waitForFunction(() => {
        const one = document.querySelector('#given-pf-quantile-table');
        const other = document.querySelector('#given-pf-frame-strip');
        return (
          Reflect.get(one ?? {}, 'figures') !== undefined &&
          Reflect.get(other ?? {}, 'model') !== undefined
        );
      });
      expect(await page.locator('#given-pf-quantile-table h2').textContent()).toBe(
        'Whole recording',
      );
      expect(asked).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'say of a recording without frames that it has none, and show nothing else',
    async () => {
      const { frame_count, ...meta } = run.capture.meta;
      capture = { ...run.capture, meta };
      try {
        const { page, trouble } = await open();
        for (const tag of TAGS) {
          const one = page.locator(tag);
          await one
            .getByText('This recording holds windows only: single frames were not kept.')
            .waitFor();
          expect(await one.locator('canvas, table, dl').count()).toBe(0);
        }
        expect(trouble).toEqual([]);
        await page.context().close();
      } finally {
        capture = run.capture;
      }
    },
    TIMEOUT_MS,
  );

  test(
    'stand at their final height before the frames have come',
    async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      try {
        const { page } = await open();
        for (const tag of TAGS) await page.locator(tag).locator('canvas').first().waitFor();
        const heights = (): Promise<number[]> =>
          page.evaluate(
            (tags) =>
              tags.map((tag) => document.querySelector(tag)?.getBoundingClientRect().height ?? 0),
            TAGS,
          );
        await table(page).getByText('Reading frames …').waitFor();
        const before = await heights();
        resolve();
        await drawn(page);
        await strip(page)
          .locator('.path')
          .getByText(/^Frame /)
          .waitFor();
        expect(await heights()).toEqual(before);
        await page.context().close();
      } finally {
        resolve();
        gate = Promise.resolve();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'taken out and put back elsewhere, they go on',
    async () => {
      const { page, trouble } = await open();
      await drawn(page);
      await page.evaluate((tags) => {
        for (const tag of tags) document.querySelector(tag)?.remove();
      }, TAGS);
      await page.evaluate(
        ([tags, recordingId, range]) => {
          for (let i = 0; i < 20; i += 1) {
            for (const tag of tags) {
              const one = document.createElement(tag);
              Object.assign(one, { token: 't', recordingId, range });
              document.body.append(one);
              if (i < 19) one.remove();
            }
          }
        },
        [TAGS, id, RANGE] as const,
      );
      await drawn(page);
      const ink = await strip(page).locator('#c-strip').evaluate(countPixels, COLOURS.encode.light);
      expect(ink).toBeGreaterThan(500);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each([
    ['dark', {}],
    ['light', { colorScheme: 'light' }],
    ['German', { locale: 'de-DE' }],
    ['narrow', { viewport: { width: 390, height: 800 } }],
    ['panel', { viewport: { width: 320, height: 800 } }],
    ['contrast', { contrast: 'more', colorScheme: 'light' }],
    ['forced colours', { forcedColors: 'active' }],
  ] as const)(
    'axe finds nothing, and nothing sticks out: %s',
    async (name, options) => {
      const { page, trouble } = await open(options);
      if (name === 'German')
        await page.evaluate(() => document.documentElement.setAttribute('lang', 'de'));
      await drawn(page);
      await page.evaluate((tags) => {
        for (const tag of tags) Object.assign(document.querySelector(tag) ?? {}, { table: true });
      }, TAGS);
      await strip(page).locator('.twin').waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'speak German',
    async () => {
      const { page } = await open();
      await page.evaluate(() => document.documentElement.setAttribute('lang', 'de'));
      await drawn(page);
      await table(page)
        .getByText(/^Anteil am Überschuss: Zeit, die jede Stufe/)
        .waitFor();
      await strip(page).getByRole('button', { name: 'Nächster Ausreißer' }).waitFor();
      expect(await textOf(strip(page).locator('.head'))).toMatch(/\d von 960 Bildern des Bereichs/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
