// Comparing in the real page, in real Chromium: chosen in the list, kept in the address, drawn on one axis, aligned by
// hand, and figures that are those of the recordings.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { Format } from '../../components/base/format.ts';
import { percentOf } from '../../components/base/format-shares.ts';
import { RUN_COLOURS } from '../../components/pf-compare/look.ts';
import type { PfCompare } from '../../components/pf-compare/pf-compare.ts';
import { signed } from '../../components/pf-compare/table-view.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { countPixels, eventually, type Watched } from '../support/browser.ts';
import { LATER_SPIKE_ROW, MARKER, MARKERS_MS, twoRuns } from '../support/compare-captures.ts';
import { openBytes } from '../support/frames-files.ts';
import { PageBench, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { SPIKE_ROW } from '../support/review-captures.ts';
import { everyRecording } from '../support/seeded-recordings.ts';

const runs = twoRuns();
const ids = runs.map(({ capture }) => capture.meta.id);
const [first = '', second = ''] = ids;
const exact = runs.map(
  ({ bytes }) =>
    new RangeFigures(openBytes(bytes), [{ sessionId: 1, kind: 'gamestream', fps: 120 }]),
);
/** Where both begin together: first frame to first frame. */
const startMs = (run: number): number => (runs[run]?.batch.grabbed_us[0] ?? 0) / 1000;
const spikeMs = (run: 0 | 1): number =>
  (runs[run].batch.grabbed_us[run === 0 ? SPIKE_ROW : LATER_SPIKE_ROW] ?? 0) / 1000;

let bench: PageBench;
let host: PageHost;

beforeAll(async () => {
  bench = await PageBench.open();
  host = bench.host([...runs.map(({ capture }) => capture), ...everyRecording()]);
  for (const { capture, bytes } of runs) host.frames.set(capture.meta.id, bytes);
}, TIMEOUT_MS);

afterAll(async () => {
  host[Symbol.dispose]();
  await bench[Symbol.asyncDispose]();
});

const compare = (page: Page): Locator => page.locator('pf-compare');
const cell = (page: Page, row: number, at: number): Locator =>
  compare(page).locator('.wide tbody tr').nth(row).locator('td').nth(at);
const told = async (at: Locator): Promise<string> => ((await at.textContent()) ?? '').trim();

/** Every one of them has figures and lines. */
async function ready(page: Page): Promise<void> {
  await compare(page).locator('.wide tbody').waitFor();
  await eventually(
    () =>
      compare(page).evaluate((el: PfCompare) =>
        el.model.map((run, i) => run.columns !== undefined && el.figures[i] !== undefined),
      ),
    (known) => known.length > 1 && known.every(Boolean),
  );
}

async function open(
  options: Parameters<PageBench['visit']>[1] = {},
  hash = `c=${ids.join(',')}`,
): Promise<Watched> {
  const watched = await bench.visit(host, options, `#token=${host.token}&${hash}`);
  await ready(watched.page);
  return watched;
}

interface Look {
  readonly offsets: readonly number[];
  readonly shifts: readonly number[];
  readonly shown: { readonly fromMs: number; readonly toMs: number };
}
const look = (page: Page): Promise<Look> =>
  compare(page).evaluate((el: PfCompare) => ({
    offsets: el.model.map(({ offsetMs }) => offsetMs),
    ...{ shifts: el.shifts, shown: el.shown },
  }));

test(
  'two chosen in the list lie over each other; the address names them, back and forward go between',
  async () => {
    const { page, trouble } = await bench.visit(host);
    await page.locator('pf-recording-detail').waitFor();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    for (const id of ids) await page.locator(`li[data-id="${id}"]`).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Compare 2' }).click();
    await ready(page);
    expect(new URL(page.url()).hash).toBe(`#c=${ids.join(',')}`);
    await page.getByRole('heading', { name: '2 recordings compared' }).waitFor();
    await compare(page).getByText('Before').first().waitFor();
    await page.goBack();
    await page.locator('pf-recording-detail').waitFor();
    expect(await compare(page).count()).toBe(0);
    await page.goForward();
    await ready(page);

    await page.getByRole('button', { name: 'Close comparison' }).click();
    await page.locator('pf-recording-detail').waitFor();
    expect(new URL(page.url()).hash).not.toContain('c=');
    await page.goBack();
    await ready(page);
    await page.locator(`li[data-id="${second}"]`).getByRole('button', { name: /^View/ }).click();
    await page.locator('pf-recording-detail').waitFor();
    expect(new URL(page.url()).hash).toBe(`#r=${second}`);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

describe('figures', () => {
  const f = new Format('en');

  test.each([
    ['of whole recordings, of all frames', undefined, 'all'],
    ['of a range, of the new frames alone', { fromMs: 4000, toMs: 11_000 }, 'new'],
  ] as const)(
    '%s, are those of each recording, with what differs from the base',
    async (_, range, frames) => {
      const hash = range === undefined ? '' : `&t=${range.fromMs}-${range.toMs}`;
      const { page, trouble } = await open({}, `c=${ids.join(',')}${hash}`);
      if (frames === 'new') await compare(page).getByRole('button', { name: 'New only' }).click();
      const own = exact.map((figures, run) => {
        const by = startMs(0) - startMs(run);
        const part =
          range === undefined
            ? { from_ms: 0, to_ms: 20_000 }
            : { from_ms: range.fromMs - by, to_ms: range.toMs - by };
        const total = figures
          .quantiles({ session: 1, ...part, frames })
          .stages.find(({ name }) => name === 'total');
        if (total === undefined) throw new Error('every recording has totals');
        return [
          ...['p50', 'p90', 'p95', 'p99', 'p99.9'].map((name) => total.quantiles_us[name] ?? -1),
          ...[total.max_us, total.count],
        ];
      });
      const [base = [], other = []] = own;
      await eventually(
        () => told(cell(page, 6, 0)),
        (text) => text === f.count(base[6]),
      );
      for (let row = 0; row < 6; row += 1) {
        const [a = 0, b = 0] = [base[row], other[row]].map((us = 0) => us / 1000);
        expect(await told(cell(page, row, 0)), `A ${row}`).toStartWith(f.ms(a));
        expect(await told(cell(page, row, 1)), `B ${row}`).toStartWith(f.ms(b));
        const by = signed(b - a, (ms) => f.ms(ms));
        const share = signed((b - a) / a, (size) => percentOf(f, size));
        const change = (await told(cell(page, row, 2))).replace(/, no difference beyond.*/, '');
        expect(change.split(/\s+/), `B − A ${row}`).toEqual([by, share]);
      }
      expect(await told(cell(page, 6, 1))).toBe(f.count(other[6]));
      await compare(page)
        .getByText(/encoder \(A vaapi, B openh264\); bitrate \(A 30\.0\sMb\/s, B 20\.0\sMb\/s\)\./)
        .waitFor();

      await compare(page)
        .getByText(/^.*No difference beyond the runs’ own spread: p50 \(B\)/)
        .waitFor();
      const before = await told(cell(page, 3, 2));
      await compare(page).getByLabel('B is what the others are compared with').check();
      const swapped = before.startsWith('+') ? '−' : '+';
      await eventually(
        () => told(cell(page, 3, 1)),
        (text) => text.startsWith(swapped),
      );
      await compare(page).getByText('A − B').waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'of one stage are told where the path has it, and a dash where nothing was measured',
    async () => {
      const { page } = await open();
      await compare(page).getByLabel('Which time').selectOption('encode');
      const encode = exact[1]
        ?.quantiles({ session: 1, from_ms: 0, to_ms: 20_000 })
        .stages.find(({ name }) => name === 'encode');
      await eventually(
        () => told(cell(page, 3, 1)),
        (text) => text.startsWith(f.ms((encode?.quantiles_us['p99'] ?? 0) / 1000)),
      );
      // Nobody told of lost packets.
      expect(await cell(page, 10, 0).textContent()).toContain('not measured');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a recording that cannot be read says so in its column; the others stay',
    async () => {
      const { page } = await bench.visit(
        host,
        {},
        `#token=${host.token}&c=${first},gone,${second}`,
      );
      await compare(page)
        .locator('td.why')
        .getByText('This recording is not there any more.')
        .waitFor();
      await eventually(
        () => compare(page).evaluate((el: PfCompare) => el.figures.map((one) => one !== undefined)),
        (known) => known.join() === 'true,false,true',
      );
      expect(await told(cell(page, 0, 0))).toMatch(/^\d/);
      expect(await told(cell(page, 1, 1))).toMatch(/^\d/);
      expect(await compare(page).getByText('C − A').count()).toBe(1);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('drawn', () => {
  test(
    'each run has its colour, and its spike stands in its own row at its time',
    async () => {
      const { page } = await open();
      for (const token of ['run1', 'run2'] as const) {
        const hex = RUN_COLOURS[token].dark;
        for (const lane of ['places', 'latency', 'worst']) {
          const count = await compare(page).locator(`#c-${lane}`).evaluate(countPixels, hex);
          expect(count, `${token} in ${lane}`).toBeGreaterThan(20);
        }
      }
      const { shown, offsets } = await look(page);
      for (const run of [0, 1] as const) {
        const share = await compare(page)
          .locator('#c-worst')
          .evaluate(highest, [run, RUN_COLOURS[run === 0 ? 'run1' : 'run2'].dark] as const);
        const wanted =
          (spikeMs(run) + (offsets[run] ?? 0) - shown.fromMs) / (shown.toMs - shown.fromMs);
        expect(Math.abs(share - wanted), `run ${run}`).toBeLessThan(0.01);
      }
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'the readout at the cursor is what is drawn there, and the table has every column',
    async () => {
      const { page } = await open();
      const f = new Format('en');
      await compare(page).evaluate((el: PfCompare, ms) => {
        el.cursorMs = ms;
        el.quantile = 'p99';
      }, spikeMs(0));
      const worst = await compare(page).evaluate((el: PfCompare) => {
        const { worstMs } = el.model[0]?.columns ?? {};
        return Math.max(...(worstMs ?? []));
      });
      const read = compare(page).locator('.rows .read dd').first();
      await eventually(
        () => told(read),
        (text) => text === f.ms(worst),
      );
      await compare(page).getByRole('button', { name: 'As table' }).click();
      const twin = compare(page).locator('.twin tbody tr');
      const count = await compare(page).evaluate(
        (el: PfCompare) => el.model[0]?.columns?.fromMs.length ?? 0,
      );
      expect(Math.abs((await twin.count()) - count)).toBeLessThanOrEqual(3);
      expect(await compare(page).locator('.twin').textContent()).toContain(f.ms(worst));
      const summary = await compare(page).locator('#summary').textContent();
      expect(summary).toContain('Latency of 2 recordings on one axis, Total. A Before: median');
      expect(summary).toContain(`worst ${f.ms(worst)} milliseconds.`);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('aligned', () => {
  test(
    'by start, by a marker that all have, and typed',
    async () => {
      const { page } = await open();
      const start = await look(page);
      expect(start.offsets[1]).toBeCloseTo(startMs(0) - startMs(1), 2);
      expect(start.shifts).toEqual([0, 0]);
      await compare(page)
        .getByLabel('Aligned by')
        .selectOption({ label: `Marker: ${MARKER}` });
      await eventually(
        () => look(page),
        ({ offsets }) => offsets[1] === MARKERS_MS[0] - MARKERS_MS[1],
      );
      const field = compare(page).getByLabel('Shift of B, s');
      const shift = MARKERS_MS[0] - MARKERS_MS[1] - (startMs(0) - startMs(1));
      expect(await field.inputValue()).toBe(`−${(Math.round(-shift) / 1000).toFixed(3)}`);
      await field.fill('1.234');
      await field.press('Enter');
      await eventually(
        () => look(page),
        ({ shifts }) => shifts[1] === 1234,
      );
      expect(await field.inputValue()).toBe('+1.234');
      expect(await compare(page).getByLabel('Aligned by').inputValue()).toBe('hand');
      await field.fill('nonsense');
      await field.press('Enter');
      expect(await field.inputValue()).toBe('+1.234');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'by hand: the handle is dragged, keys move it, and the line goes along',
    async () => {
      const { page, trouble } = await open();
      const grip = compare(page).getByRole('slider', { name: 'Shift of B' });
      const box = await grip.boundingBox();
      const { shown } = await look(page);
      const plot = await compare(page).locator('#c-places').boundingBox();
      if (box === null || plot === null) throw new Error('the handle is seen');
      const drawnAt = (): Promise<number> =>
        compare(page)
          .locator('#c-worst')
          .evaluate(highest, [1, RUN_COLOURS.run2.dark] as const);
      const before = await drawnAt();
      await page.mouse.move(box.x + 10, box.y + 8);
      await page.mouse.down();
      await page.mouse.move(box.x + 60, box.y + 8, { steps: 4 });
      await page.mouse.move(box.x + 110, box.y + 30, { steps: 4 });
      await page.mouse.up();
      const moved = (100 / (plot.width - 44)) * (shown.toMs - shown.fromMs);
      const after = await look(page);
      expect(Math.abs((after.shifts[1] ?? 0) - moved)).toBeLessThanOrEqual(2);
      expect(after.offsets[0]).toBe(0);
      // Dragging a handle chooses no range.
      expect(await compare(page).evaluate((el: PfCompare) => el.brush)).toBeUndefined();
      await eventually(drawnAt, (share) => share - before > 0.08);

      await grip.focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Control+ArrowRight');
      await page.keyboard.press('PageUp');
      const keyed = (await look(page)).shifts[1] ?? 0;
      expect(keyed - (after.shifts[1] ?? 0)).toBeCloseTo(1110, 2);
      expect(await grip.getAttribute('aria-valuetext')).toBe(
        `+${(keyed / 1000).toFixed(3)} seconds`,
      );
      await page.keyboard.press('Home');
      expect((await look(page)).shifts).toEqual([0, 0]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a finger drags it too, and the page does not scroll under it',
    async () => {
      const { page } = await open({ viewport: { width: 390, height: 800 }, hasTouch: true });
      const grip = compare(page).getByRole('slider', { name: 'Shift of B' });
      await grip.scrollIntoViewIfNeeded();
      const box = await grip.boundingBox();
      if (box === null) throw new Error('the handle is seen');
      expect(box.width).toBeGreaterThanOrEqual(44);
      const client = await page.context().newCDPSession(page);
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number): Promise<unknown> =>
        client.send('Input.dispatchTouchEvent', {
          type,
          touchPoints: type === 'touchEnd' ? [] : [{ x, y: box.y + 12 }],
        });
      await touch('touchStart', box.x + 20);
      for (const x of [30, 50, 80]) await touch('touchMove', box.x + x);
      await touch('touchEnd', 0);
      await eventually(
        () => look(page),
        ({ shifts }) => (shifts[1] ?? 0) > 1000,
      );
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'cursor, range and zoom are common: by keys, by pointer, and in the address',
  async () => {
    const { page, trouble } = await open();
    const group = compare(page).getByRole('group', { name: 'Timeline of the comparison' });
    await group.focus();
    await page.keyboard.press('q');
    expect(await compare(page).evaluate((el: PfCompare) => el.quantile)).toBe('p99');
    await page.keyboard.press('Home');
    await page.keyboard.press('Control+ArrowRight');
    const { shown } = await look(page);
    const cursor = (await compare(page).evaluate((el: PfCompare) => el.cursorMs)) ?? -1;
    expect(cursor).toBeGreaterThan(shown.fromMs);
    await compare(page)
      .getByText(/^00:0\d: A [\d.]+, B [\d.]+ milliseconds$/)
      .waitFor({ state: 'attached' });

    const plot = await compare(page).locator('#c-latency').boundingBox();
    if (plot === null) throw new Error('the lane is seen');
    const x = (share: number): number => plot.x + 44 + share * (plot.width - 44);
    await page.mouse.move(x(0.2), plot.y + 50);
    await page.mouse.down();
    await page.mouse.move(x(0.5), plot.y + 50, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/#c=.*&t=/);
    const [, from = '', to = ''] = /t=([\d.]+)-([\d.]+)/.exec(page.url()) ?? [];
    const span = shown.toMs - shown.fromMs;
    expect(Math.abs(Number(from) - shown.fromMs - 0.2 * span)).toBeLessThan(span / 100);
    expect(Math.abs(Number(to) - shown.fromMs - 0.5 * span)).toBeLessThan(span / 100);
    await compare(page)
      .getByRole('heading', { name: /^Range 00:0\d–00:\d\d$/ })
      .waitFor();
    await page.keyboard.press('Enter');
    const zoomed = (await look(page)).shown;
    expect(zoomed.toMs - zoomed.fromMs).toBeLessThan(0.4 * span);
    await page.goBack();
    await compare(page).getByRole('heading', { name: 'Whole recordings' }).waitFor();
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);

test(
  'of each recording one session is compared, which is chosen',
  async () => {
    const several = everyRecording().find(({ sessions }) => (sessions?.length ?? 0) > 1);
    const { page } = await open({}, `c=${first},${several?.meta.id}`);
    const choice = compare(page).getByLabel('Session of B');
    const options = await choice.locator('option').count();
    expect(options).toBeGreaterThan(1);
    const before = await compare(page).locator('.say').textContent();
    await choice.selectOption({ index: 1 });
    await eventually(
      () => compare(page).locator('.say').textContent(),
      (text) => text !== before,
    );
    await compare(page).getByText('No single frames').waitFor();
    // The other one is native: encoding is another span there.
    const told = await compare(page).getByLabel('Which time').locator('option').allTextContents();
    expect(told).toEqual(['Total', 'Capture', 'Other']);
    await page.context().close();
  },
  TIMEOUT_MS,
);

describe('for everybody', () => {
  test.each([
    ['dark', { colorScheme: 'dark' }],
    ['light', { colorScheme: 'light' }],
    ['high contrast', { contrast: 'more' }],
    ['forced colours', { forcedColors: 'active' }],
    ['German, 390 px', { locale: 'de-DE', viewport: { width: 390, height: 800 } }],
    ['320 px', { viewport: { width: 320, height: 700 } }],
  ] as const)(
    '%s: axe finds nothing, nothing sticks out',
    async (name, options) => {
      const { page, trouble } = await open(options);
      // Hundreds of rows of the same kind, in which axe takes long to find nothing: once wide, once narrow.
      await compare(page).evaluate(
        (el: PfCompare, isOn) => {
          el.table = isOn;
        },
        name === 'dark' || name === '320 px',
      );
      expect(await violations(page)).toEqual([]);
      expect(
        (await page.evaluate(sticksOut)).filter(
          (one) => !/^T[DHR]|^TABLE|^TBODY|^THEAD|SPAN/.test(one),
        ),
      ).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'nothing moves when data come: lanes stand at their heights before',
    async () => {
      const { page } = await bench.visit(host, {}, `#token=${host.token}&c=${ids.join(',')}`);
      const canvas = compare(page).locator('#c-worst');
      await canvas.waitFor();
      const heights = (): Promise<number[]> =>
        compare(page)
          .locator('.plot')
          .evaluateAll((plots) => plots.map((plot) => plot.clientHeight));
      const early = await heights();
      await ready(page);
      expect(await heights()).toEqual(early);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** Runs in the page: where in its row the highest bar of a colour stands, as a share of the plot. */
function highest(canvas: HTMLCanvasElement, [run, hex]: readonly [number, string]): number {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const g = copy.getContext('2d', { willReadFrequently: true });
  if (g === null) return -1;
  g.drawImage(canvas, 0, 0);
  const scale = canvas.width / canvas.clientWidth;
  const left = Math.round(44 * scale);
  const height = Math.floor(canvas.height / 2);
  const { data, width } = g.getImageData(left, run * height, canvas.width - left, height);
  const wanted = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  let [best, most] = [-1, 0];
  for (let x = 0; x < width; x += 1) {
    let n = 0;
    for (let y = 0; y < height; y += 1) {
      const at = (y * width + x) * 4;
      if (wanted.every((c, k) => Math.abs((data[at + k] ?? 0) - c) <= 2)) n += 1;
    }
    if (n > most) [best, most] = [x, n];
  }
  return best / width;
}
