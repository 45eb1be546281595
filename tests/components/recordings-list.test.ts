// <pf-recordings-list> in real Chromium, on a bare page under a strict policy: what its rows draw, that a thousand of them
// stay smooth, and everything that can be done to a recording.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import type { PfRecordingsList } from '../../components/pf-recordings-list/pf-recordings-list.ts';
import type { Capture, CaptureMeta } from '../../contract/stats.ts';
import { csvText } from '../../recording/src/export/csv.ts';
import { traceText } from '../../recording/src/export/trace.ts';
import { BrowserBench, eventually, type Watched } from '../support/browser.ts';
import { steadyFrames } from '../support/exported-frames.ts';
import { frameBytes } from '../support/frames-files.ts';
import { focused, sticksOut, violations } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { everyRecording, longRecording } from '../support/seeded-recordings.ts';

const TIMEOUT_MS = 60_000;
let bench: BrowserBench;
let site: Bun.Server<undefined>;
let connect = '';
let body = '';

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
      const page = `<!doctype html><html lang="en"><title>Somebody’s page</title><script type="module" src="/punktfunk.js"></script><body><main><h1>Here</h1>${body}</main>`;
      return new Response(page, {
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${connect || "'none'"}`,
        },
      });
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

const ID = longRecording().meta.id;

/** Named, tagged and noted recordings, the first with frames. */
function host(): PageHost {
  const origin = `http://127.0.0.1:${site.port}`;
  const recordings = everyRecording().map((one, i): Capture => {
    if (i !== 0) return one;
    const added = { name: 'Elden Ring', note: 'Rain', tags: ['wifi'], bytes: 11_240_000 };
    return { ...one, meta: { ...one.meta, ...added, frame_count: 1200 } };
  });
  const made = new PageHost({ recordings, origins: [origin] });
  made.frames.set(ID, frameBytes(...steadyFrames(10)));
  return made;
}

async function visit(
  at: PageHost | undefined,
  options: Parameters<BrowserBench['page']>[0] = {},
): Promise<Watched> {
  connect = at?.url ?? '';
  const attributes = at === undefined ? '' : `host="${at.url}" token="${at.token}"`;
  body = `<pf-recordings-list ${attributes}></pf-recordings-list>`;
  const watched = await bench.page(options);
  await watched.page.goto(`http://127.0.0.1:${site.port}`);
  return watched;
}

const row = (page: Page, id: string) => page.locator(`li[data-id="${id}"]`);
const open = (page: Page, id: string) =>
  row(page, id)
    .getByRole('button', { name: /^More for/ })
    .click();
const ids = (page: Page): Promise<string[]> =>
  page
    .locator('pf-recordings-list')
    .evaluate((el) =>
      [...(el.shadowRoot?.querySelectorAll('li') ?? [])].map((li) => li.dataset['id'] ?? ''),
    );

/** A thousand heads, and an API in the page that counts what it is asked. */
async function thousand(page: Page, many = 1000, answerMs = 20): Promise<void> {
  const capture = longRecording();
  const metas = Array.from(
    { length: many },
    (_, i): CaptureMeta => ({
      ...{ ...capture.meta, id: `r${i}`, name: `Run ${i}`, bytes: i * 1e6 },
      started_unix_ms: capture.meta.started_unix_ms - i * 60_000,
      ...(i % 7 === 0 ? { tags: ['couch'] } : {}),
    }),
  );
  await page.locator('pf-recordings-list').evaluate(
    (el, { metas: list, capture: one, answerMs: ms }) => {
      const asked: string[] = [];
      const aborted: string[] = [];
      Object.assign(window, { asked, aborted });
      const recording = (id: string, signal: AbortSignal): Promise<unknown> => {
        asked.push(id);
        signal.addEventListener('abort', () => aborted.push(id));
        return new Promise((resolve) => setTimeout(() => resolve(one), ms));
      };
      Object.assign(el, { recordings: list, api: { recording } });
    },
    { metas, capture, answerMs },
  );
  await row(page, 'r0').waitFor();
}

const told = (page: Page, what: 'asked' | 'aborted'): Promise<string[]> =>
  page.evaluate((key) => Reflect.get(window, key), what);

describe('a row', () => {
  test(
    'draws the line of its run, with a gap where nothing was measured, and says how it went',
    async () => {
      using at = host();
      const { page, trouble } = await visit(at);
      const line = row(page, ID).locator('.spark .line');
      await line.waitFor({ state: 'attached' });
      const path = (await line.getAttribute('d')) ?? '';
      // The slow encoder leaves at the top, everything else lies below the budget.
      expect(path).toContain(' 1');
      const box = await row(page, ID).locator('.spark').boundingBox();
      expect(box?.width).toBeGreaterThan(60);
      await row(page, ID).getByText('Encoder slow').waitFor();
      await row(page, ID).getByText('11.2 MB').waitFor();
      await row(page, ID).getByText('1080p60 H.264').waitFor();
      await row(page, '2026-08-19T17-14-00Z_idle').getByText('No stream').waitFor();
      const first = row(page, '2026-06-26T20-14-03Z_5120x1440');
      await first.getByText('Not measured', { exact: true }).waitFor();
      expect(await first.locator('.spark .line').count()).toBe(0);
      // Ink of the line itself, in the colour of secondary text.
      const ink = await row(page, ID)
        .locator('.spark .line')
        .evaluate(
          (el) => [getComputedStyle(el).stroke, el.getBoundingClientRect().height] as const,
        );
      expect(ink[0]).toBe('rgb(71, 80, 96)');
      expect(ink[1]).toBeGreaterThan(10);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'says what a reviewer of all frames found, before what its windows tell',
    async () => {
      using at = host();
      const { page } = await visit(at);
      await row(page, ID).getByText('Encoder slow').waitFor();
      await page.locator('pf-recordings-list').evaluate((el: PfRecordingsList, id) => {
        el.verdicts = new Map([[id, { kind: 'freeze' }]]);
      }, ID);
      await row(page, ID).getByText('Froze').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('a thousand recordings', () => {
  test(
    'only those that are seen are in the page and asked for; scrolled away, they are given up',
    async () => {
      const { page, trouble } = await visit(undefined, { viewport: { width: 400, height: 800 } });
      await thousand(page, 1000, 1000);
      expect((await ids(page)).length).toBeLessThan(40);
      await eventually(
        () => told(page, 'asked'),
        (list) => list.length >= 2,
      );
      await page.locator('ul.rows').evaluate((el) => el.scrollTo({ top: 30_000 }));
      await eventually(
        () => ids(page),
        (list) => !list.includes('r0') && list.length > 5,
      );
      expect((await ids(page)).length).toBeLessThan(40);
      await eventually(
        () => told(page, 'aborted'),
        (list) => list.length > 0,
      );
      const height = await page.locator('ul.rows').evaluate((el) => el.scrollHeight);
      expect(height).toBeGreaterThan(60_000);
      const asked = await told(page, 'asked');
      expect(asked.length).toBeLessThan(80);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'are one stop: keys go to the last and back, and the row that has the focus is seen',
    async () => {
      const { page } = await visit(undefined, { viewport: { width: 400, height: 800 } });
      await thousand(page);
      await page.getByRole('searchbox').focus();
      await page.keyboard.press('ArrowDown');
      await eventually(
        () => focused(page),
        ({ name }) => name === 'View recording of Run 0',
      );
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await eventually(
        () => focused(page),
        ({ name }) => name === 'More for recording of Run 1',
      );
      await page.keyboard.press('End');
      await eventually(
        () => focused(page),
        ({ name }) => name === 'View recording of Run 999',
      );
      expect(await focused(page)).toEqual({ name: 'View recording of Run 999', ring: 'solid' });
      const isSeen = await row(page, 'r999').evaluate((el) => {
        const box = el.parentElement?.getBoundingClientRect();
        const own = el.getBoundingClientRect();
        return box !== undefined && own.bottom <= box.bottom + 1 && own.top >= box.top - 1;
      });
      expect(isSeen).toBe(true);
      await page.keyboard.press('Tab');
      expect((await focused(page)).name).not.toMatch(/^View/);
      await page.keyboard.press('Shift+Tab');
      expect((await focused(page)).name).toBe('View recording of Run 999');
      await page.keyboard.press('/');
      await eventually(
        () => focused(page),
        ({ name }) => name === 'Search recordings',
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'are searched with each key, and no more rows are made than are seen',
    async () => {
      const { page } = await visit(undefined);
      await thousand(page);
      const took = await page
        .locator('pf-recordings-list')
        .evaluate(async (el: PfRecordingsList) => {
          const input = el.shadowRoot?.querySelector<HTMLInputElement>('input[type=search]');
          const times: number[] = [];
          let rows = 0;
          for (const text of ['r', 'ru', 'run 9', 'run 99', 'codec:h264 run 9', '>10m tag:couch']) {
            const from = performance.now();
            if (input != null) input.value = text;
            input?.dispatchEvent(new Event('input', { bubbles: true }));
            await el.updateComplete;
            el.getBoundingClientRect();
            times.push(performance.now() - from);
            rows = Math.max(rows, el.shadowRoot?.querySelectorAll('li[data-id]').length ?? 0);
          }
          return { times, rows };
        });
      const said = took.times.map((ms) => ms.toFixed(1)).join(' ');
      console.info(`typed search of 1,000: ${said} ms, ${took.rows} rows`);
      // What a key costs is what it draws: by the clock it is told above, and judged by nobody.
      expect(took.rows).toBeGreaterThan(5);
      expect(took.rows).toBeLessThan(60);
      expect(
        await page.getByRole('heading', { name: 'Recordings' }).locator('+ span').textContent(),
      ).toBe('143 of 1,000');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'are looked into for a verdict, and what is found stands there as it comes',
    async () => {
      const { page } = await visit(undefined, { viewport: { width: 400, height: 800 } });
      await thousand(page, 60);
      await page.getByRole('searchbox').fill('verdict:encoder');
      await page.getByText(/^Looking into recordings: \d+ of 60/).waitFor();
      await page.getByText('60 of 60', { exact: true }).waitFor();
      await page.getByRole('searchbox').fill('verdict:clean');
      await page.getByText('No recording is like that.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('what people add', () => {
  test(
    'name, note, tags and star are changed in place; a tag finds its recordings',
    async () => {
      using at = host();
      const { page, trouble } = await visit(at);
      await open(page, ID);
      await row(page, ID).getByText('Rain', { exact: true }).waitFor();
      await row(page, ID).getByRole('button', { name: 'Star', exact: true }).click();
      await row(page, ID).getByText('starred', { exact: true }).waitFor();
      await row(page, ID).getByRole('button', { name: 'Rename and tag' }).click();
      await eventually(
        () => focused(page),
        ({ name }) => name === 'Name',
      );
      await row(page, ID).getByLabel('Name').fill('<img src=x onerror=alert(1)>');
      await row(page, ID).getByLabel('Note').fill('');
      await row(page, ID).getByLabel(/^Tags/).fill('couch game, wifi');
      // A beat of the list meanwhile takes nothing of what was typed away.
      await page.locator('pf-recordings-list').evaluate((el: PfRecordingsList) => el.again());
      await Bun.sleep(200);
      await row(page, ID).getByRole('button', { name: 'Save' }).click();
      await row(page, ID).getByText('<img src=x onerror=alert(1)>').waitFor();
      const { meta } = at.recording(ID);
      expect([meta.name, meta.note, meta.tags, meta.starred]).toEqual([
        '<img src=x onerror=alert(1)>',
        undefined,
        ['couch game', 'wifi'],
        true,
      ]);
      await row(page, ID)
        .getByRole('button', { name: 'Show recordings with the tag couch game' })
        .click();
      expect(await page.getByRole('searchbox').inputValue()).toBe('tag:"couch game"');
      expect(await ids(page)).toEqual([ID]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await eventually(
        () => ids(page),
        (list) => list.length === 5,
      );
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a plugin without them has no controls for them',
    async () => {
      const { page } = await visit(undefined);
      await thousand(page, 3);
      await open(page, 'r0');
      const names = await row(page, 'r0').getByRole('button').allTextContents();
      expect(names.filter((name) => name !== '')).toEqual([
        ...['couch', '⋯', 'JSON', 'JSON gz', 'Trace', 'Delete'],
      ]);
      expect(await page.getByRole('button', { name: 'Trash' }).count()).toBe(0);
      await row(page, 'r0')
        .getByRole('button', { name: /^Delete/ })
        .click();
      await row(page, 'r0').getByText('Its file is removed from the host.').waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('downloads', () => {
  test(
    'are the files of the host, and the same exports as its own, made in the page',
    async () => {
      using at = host();
      const { page, trouble } = await visit(at);
      await open(page, ID);
      const get = async (name: string): Promise<[string, Buffer]> => {
        const button = row(page, ID).getByRole('button', { name: `Download ${name}`, exact: true });
        const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
        await row(page, ID)
          .getByText(/^Making/)
          .waitFor({ state: 'detached' });
        return [download.suggestedFilename(), await readFile(await download.path())];
      };
      const [json, jsonBytes] = await get('JSON');
      expect([json, jsonBytes.toString()]).toEqual([`${ID}.json`, at.file(ID)]);
      const [packed, packedBytes] = await get('JSON gz');
      expect([packed, gunzipSync(packedBytes).toString()]).toEqual([`${ID}.json.gz`, at.file(ID)]);
      const [parquet, parquetBytes] = await get('Parquet');
      expect(parquet).toBe(`${ID}.frames.parquet`);
      expect(parquetBytes.equals(Buffer.from(at.frames.get(ID) ?? []))).toBe(true);
      const capture = at.recording(ID);
      const [csv, csvBytes] = await get('CSV');
      expect(csv).toBe(`${ID}.frames.csv`);
      expect(csvBytes.toString()).toBe([...csvText(steadyFrames(10), capture)].join(''));
      const [trace, traceBytes] = await get('Trace');
      expect(trace).toBe(`${ID}.trace.json`);
      const expected: unknown = JSON.parse([...traceText(steadyFrames(10), capture)].join(''));
      expect(JSON.parse(traceBytes.toString())).toEqual(expected);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'formats of the page’s own are offered, and told',
    async () => {
      using at = host();
      const { page } = await visit(at);
      await row(page, ID).waitFor();
      await page.locator('pf-recordings-list').evaluate((el: PfRecordingsList) => {
        el.formats = [{ id: 'report', label: 'Report' }];
        el.addEventListener('pf-recording-export', (event) => {
          document.title = `${event.recordingId} ${event.format}`;
        });
      });
      await open(page, ID);
      await row(page, ID).getByRole('button', { name: 'Report' }).click();
      expect(await page.title()).toBe(`${ID} report`);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the trash', () => {
  test(
    'gives a recording back; what is deleted for good is gone; each is asked about',
    async () => {
      using at = host();
      const { page, trouble } = await visit(at);
      const other = at.ids[1] ?? '';
      for (const id of [ID, other]) {
        await row(page, id).locator('.go').focus();
        await page.keyboard.press('Delete');
        // The safe answer has the focus.
        await eventually(
          () => focused(page),
          ({ name }) => name === 'Keep it',
        );
        await row(page, id).getByRole('button', { name: 'Delete recording' }).click();
        await row(page, id).waitFor({ state: 'detached' });
      }
      // Whoever deletes by keys goes on with the next one.
      await eventually(
        () => focused(page),
        ({ name }) => name.startsWith('View recording of'),
      );
      await page.getByRole('button', { name: 'Trash' }).click();
      await page.getByRole('heading', { name: 'Trash' }).waitFor();
      expect((await ids(page)).toSorted()).toEqual([ID, other].toSorted());
      expect(await violations(page)).toEqual([]);
      await row(page, ID).getByRole('button', { name: 'Restore recording of Elden Ring' }).click();
      await row(page, ID).waitFor({ state: 'detached' });
      await row(page, other)
        .getByRole('button', { name: /^Delete for good: / })
        .click();
      await row(page, other).getByText('Nothing brings it back.').waitFor();
      await row(page, other).getByRole('button', { name: 'Delete for good' }).click();
      await page.getByText('The trash is empty.').waitFor();
      await page.getByRole('button', { name: 'Back to recordings' }).click();
      await row(page, ID).waitFor();
      expect(at.ids).toContain(ID);
      expect(at.ids).not.toContain(other);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('a comparison', () => {
  test(
    'is of two to six, in the order that they were chosen',
    async () => {
      const { page } = await visit(undefined);
      await thousand(page, 8);
      await page.locator('pf-recordings-list').evaluate((el: PfRecordingsList) =>
        el.addEventListener('pf-recordings-compare', (event) => {
          document.title = event.ids.join(' ');
        }),
      );
      expect(await page.getByRole('button', { name: 'Compare' }).count()).toBe(0);
      await page.locator('pf-recordings-list').evaluate((el: PfRecordingsList) => {
        el.comparable = true;
      });
      await page.getByRole('button', { name: 'Compare', exact: true }).click();
      const pick = (id: string) => row(page, id).getByRole('checkbox');
      await pick('r2').check();
      expect(await page.getByRole('button', { name: 'Compare 1' }).isDisabled()).toBe(true);
      await pick('r0').focus();
      await page.keyboard.press('Space');
      await pick('r5').check();
      await pick('r6').check();
      await pick('r3').check();
      await pick('r4').check();
      expect(await pick('r1').isDisabled()).toBe(true);
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Compare 6' }).click();
      expect(await page.title()).toBe('r2 r0 r5 r6 r3 r4');
      expect(await page.getByRole('checkbox').count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('for everybody', () => {
  test.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['German, narrow', { locale: 'de-DE', viewport: { width: 390, height: 800 } }],
    ['panel', { viewport: { width: 320, height: 700 } }],
    ['columns', { viewport: { width: 1000, height: 700 } }],
    ['contrast', { contrast: 'more', colorScheme: 'light' }],
    ['forced colours', { forcedColors: 'active' }],
  ] as const)(
    'axe finds nothing and nothing sticks out: %s',
    async (_name, options) => {
      using at = host();
      const long = at.recording(ID);
      Object.assign(long.meta, { name: 'Wolfenstein'.repeat(10), tags: ['x'.repeat(40), 'wifi'] });
      at.damaged.push({
        ...{ id: '', started_unix_ms: 0, duration_ms: 0, kind: '', width: 0, height: 0 },
        ...{ fps: 0, codec: '', client: '', sample_count: 0 },
        damaged: { file: 'holiday.json', reason: 'not JSON: unexpected end after 212 bytes' },
      });
      const { page, trouble } = await visit(at, options);
      await row(page, ID).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await row(page, ID).locator('.more').click();
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      await row(page, ID)
        .getByRole('button', { name: /^(Rename and tag|Name und Tags)$/ })
        .click();
      expect(await violations(page)).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a panel shows three, and all of them when asked',
    async () => {
      using at = host();
      const { page } = await visit(at, { viewport: { width: 320, height: 700 } });
      await eventually(
        () => ids(page),
        (list) => list.length === 3,
      );
      await page.getByRole('button', { name: 'All 5 recordings' }).click();
      await eventually(
        () => ids(page),
        (list) => list.length === 5,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'taken out, it asks nothing more; put back, it goes on',
    async () => {
      using at = host();
      const { page } = await visit(at);
      await row(page, ID).getByText('Encoder slow').waitFor();
      await page.evaluate(async () => {
        const el = document.querySelector('pf-recordings-list');
        for (let i = 0; i < 50; i++) {
          el?.remove();
          await new Promise(requestAnimationFrame);
          if (el !== null) document.querySelector('main')?.append(el);
          await new Promise(requestAnimationFrame);
        }
      });
      await row(page, ID).getByText('Encoder slow').waitFor();
      await page.evaluate(() => document.querySelector('pf-recordings-list')?.remove());
      await Bun.sleep(300);
      const asked = at.requests.length;
      await Bun.sleep(1000);
      expect(at.requests.length).toBe(asked);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
