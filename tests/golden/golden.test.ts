// One set of figures a recording, whoever computes it: recording/ in Bun, the host over REST, the viewer in real Chromium
// (what its review answers and the digits that it draws), and DuckDB out of the files alone. UPDATE_EXPECT=1 writes the
// golden files anew, with what recording/ says.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { Value } from 'typebox/value';
import { Format } from '../../components/base/format.ts';
import type { PfQuantileTable } from '../../components/pf-quantile-table/pf-quantile-table.ts';
import { Capture, RangeQuantiles } from '../../contract/stats.ts';
import { type Figures, Review } from '../../recording/src/review/review.ts';
import { RECORDINGS } from '../support/api.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import {
  type GoldenRange,
  type GoldenRecording,
  goldenRecordings,
  rangesOf,
  sessionsOf,
} from '../support/golden-recordings.ts';
import { type Host, missingExecutable, startHost, temporaryFolder } from '../support/host.ts';
import { PYTHON } from '../support/moonlight.ts';
import { TIMEOUT_MS } from '../support/page.ts';
import {
  detailTold,
  type GoldenFigures,
  goldenOf,
  outliersTold,
  PERCENTS,
  quantilesTold,
  windowsTold,
} from './figures.ts';

const recordings = goldenRecordings();
const each = recordings.map((one) => [one.name, one] as const);
const golden = new Map(
  recordings.map((one) => [one.name, goldenOf(one.name, () => inBun(one))] as const),
);
const withoutPython = existsSync(PYTHON)
  ? ''
  : ' (skipped: no .cache/python; scripts/test makes it)';

describe('recording/ in Bun', () => {
  test.each(each)('%s', (name, recording) => {
    expect(inBun(recording)).toEqual(expected(name));
  });

  test('the golden files hold figures, and what is absent in them', () => {
    const told = (name: string) =>
      expected(name).ranges.filter(({ counters }) => counters['count'] !== 0);
    expect(told('several-sessions').map(({ session }) => session)).toEqual([
      1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3,
    ]);
    const [blind] = told('absent-stages');
    expect(blind?.counters['skipped']).toBeUndefined();
    expect(blind?.stages['other']?.max).toBeGreaterThan(0);
    expect(blind?.stages['total']?.count).toBeLessThan((blind?.counters['count'] ?? 0) * 0.8);
    const [all, fresh] = told('repeats');
    expect(fresh?.stages['total']?.count).toBeLessThan((all?.stages['total']?.count ?? 0) / 2);
    expect(expected('real-faults').outliers[0]?.found.length).toBeGreaterThanOrEqual(4);
    expect(expected('seed')).toMatchObject({
      ranges: [],
      windows: [{ late: null, total_max: null }],
    });
  });
});

describe.skipIf(withoutPython !== '')(`DuckDB, out of the files${withoutPython}`, () => {
  test.each(each)(
    '%s',
    (name, recording) => {
      expect(inDuckDb(recording)).toEqual(expected(name));
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(missingExecutable !== '')(`the host over REST${missingExecutable}`, () => {
  let host: Host;
  beforeAll(async () => {
    const configDir = temporaryFolder();
    const folder = join(configDir, 'captures');
    mkdirSync(folder, { recursive: true });
    for (const { capture, text, frames } of recordings) {
      writeFileSync(join(folder, `${capture.meta.id}.json`), text);
      if (frames !== undefined) {
        writeFileSync(join(folder, `${capture.meta.id}.frames.parquet`), frames);
      }
    }
    host = await startHost({ configDir });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await host.end();
  });

  test.each(each)(
    '%s',
    async (name, recording) => {
      const one = `${RECORDINGS}/${recording.capture.meta.id}`;
      const capture = Value.Parse(Capture, await host.json('GET', one));
      expect(windowsTold(capture)).toEqual([...expected(name).windows]);
      if (recording.frames === undefined) {
        const refused = await host.ask('GET', `${one}/quantiles`);
        expect([refused.status, await refused.json()]).toMatchObject([404, { code: 'no_frames' }]);
        return;
      }
      for (const { counters, stages, detail, ...range } of expected(name).ranges) {
        const { session, fromMs, toMs, frames } = range;
        const query = `session=${session}&from_ms=${fromMs}&to_ms=${toMs}&frames=${frames}&percents=${PERCENTS}`;
        const told = Value.Parse(
          RangeQuantiles,
          await host.json('GET', `${one}/quantiles?${query}`),
        );
        expect({ ...range, ...quantilesTold(told) }).toEqual({ ...range, counters, stages });
        expect(detail.count).toBe(told.stages.find((stage) => stage.name === 'total')?.count ?? 0);
      }
    },
    TIMEOUT_MS,
  );
});

describe('the viewer in Chromium', () => {
  let bench: BrowserBench;
  beforeAll(async () => {
    bench = await BrowserBench.open();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await bench[Symbol.asyncDispose]();
  });

  test.each(each)(
    '%s',
    async (name, recording) => {
      const { page, trouble } = await bench.page();
      await page.goto(`file://${bench.dist}/web/viewer.html`);
      await page.locator('pf-viewer input[type=file]').setInputFiles(filesOf(recording));
      const detail = page.locator('pf-recording-detail');
      await detail.waitFor();
      const capture = await detail.evaluate((el) => JSON.stringify(Reflect.get(el, 'recording')));
      expect(windowsTold(JSON.parse(capture))).toEqual([...expected(name).windows]);
      if (recording.frames === undefined) {
        await page.locator('pf-latency-chart').first().waitFor();
        expect(await page.locator('pf-quantile-table').count()).toBe(0);
      } else {
        expect(await inChromium(page, recording)).toEqual(expected(name));
        await drawsTheGoldenDigits(page, name);
      }
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

function expected(name: string): GoldenFigures {
  const found = golden.get(name);
  if (found === undefined) throw new Error(`no golden figures of ${name}`);
  return found;
}

function inBun(recording: GoldenRecording): GoldenFigures {
  const { capture, frames } = recording;
  const opening = Review.open(capture, frames);
  let step = opening.next();
  while (step.done !== true) step = opening.next();
  const review = step.value;
  return {
    windows: windowsTold(capture),
    ranges:
      frames === undefined
        ? []
        : rangesOf(recording).map((range) => told(range, review.figures(range))),
    outliers:
      frames === undefined
        ? []
        : sessionsOf(capture).map(({ session_id: id }) => outliersTold(id, review.outliers(id))),
  };
}

function told(range: GoldenRange, figures: Figures | undefined): GoldenFigures['ranges'][number] {
  if (figures === undefined) throw new Error(`no figures of session ${range.session}`);
  return { ...range, ...quantilesTold(figures.quantiles), detail: detailTold(figures.detail) };
}

function inDuckDb(recording: GoldenRecording): unknown {
  const folder = temporaryFolder();
  const { capture, text, frames } = recording;
  const ranges = frames === undefined ? [] : rangesOf(recording);
  writeFileSync(join(folder, 'recording.json'), text);
  writeFileSync(
    join(folder, 'questions.json'),
    JSON.stringify({ sessions: sessionsOf(capture), ranges }),
  );
  if (frames !== undefined) writeFileSync(join(folder, 'frames.parquet'), frames);
  const files = ['recording.json', frames === undefined ? '-' : 'frames.parquet', 'questions.json'];
  const child = Bun.spawnSync([PYTHON, join(import.meta.dir, 'judge.py'), ...files], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (child.exitCode !== 0) throw new Error(child.stderr.toString());
  return JSON.parse(child.stdout.toString());
}

/** What the review behind the page's elements answers. */
async function inChromium(page: Page, recording: GoldenRecording): Promise<GoldenFigures> {
  const table = page.locator('pf-quantile-table');
  await table.waitFor();
  const ranges = rangesOf(recording);
  const sessions = sessionsOf(recording.capture).map(({ session_id: id }) => id);
  const { figures, outliers } = await table.evaluate(
    async (el: PfQuantileTable, asked) => {
      const { review } = el;
      if (review === undefined) throw new Error('no review');
      return {
        figures: await Promise.all(asked.ranges.map((range) => review.ask('figures', range))),
        outliers: await Promise.all(asked.sessions.map((id) => review.ask('outliers', id))),
      };
    },
    { ranges, sessions },
  );
  return {
    windows: windowsTold(recording.capture),
    ranges: ranges.map((range, i) => told(range, figures[i])),
    outliers: sessions.map((id, i) => outliersTold(id, outliers[i] ?? [])),
  };
}

/** The digits on the screen, of every range: they are the golden ones in ms, and a dash where there is none. */
async function drawsTheGoldenDigits(page: Page, name: string): Promise<void> {
  const format = new Format('en');
  const ms = (us: number | null | undefined): string =>
    us === undefined || us === null ? '–' : format.ms(us / 1000);
  const table = page.locator('pf-quantile-table');
  for (const { session, fromMs, toMs, frames, stages, counters } of expected(name).ranges) {
    await table.evaluate((el: PfQuantileTable, wish) => Object.assign(el, wish), {
      session,
      frames,
      range: { fromMs, toMs },
    });
    const total = stages['total'];
    const wanted = [total?.p50, total?.p90, total?.p99, total?.['p99.9'], total?.max].map(ms);
    const drawn = (): Promise<string[][]> =>
      table.evaluate((el) =>
        [...(el.shadowRoot?.querySelectorAll('.quantiles tbody tr') ?? [])].map((row) =>
          [...row.querySelectorAll('td')].map((cell) => {
            const copy = cell.cloneNode(true);
            if (copy instanceof Element)
              for (const aside of copy.querySelectorAll('.vh, .few')) aside.remove();
            return copy.textContent?.trim() ?? '';
          }),
        ),
      );
    await eventually(drawn, ([first]) => first?.slice(0, wanted.length).join() === wanted.join());
    const count = await table.locator('.head').textContent();
    expect(count).toContain(format.count(counters['count']));
  }
}

function filesOf({ capture, text, frames }: GoldenRecording) {
  const { id } = capture.meta;
  const json = { name: `${id}.json`, mimeType: 'application/json', buffer: Buffer.from(text) };
  if (frames === undefined) return [json];
  const mimeType = 'application/vnd.apache.parquet';
  return [json, { name: `${id}.frames.parquet`, mimeType, buffer: Buffer.from(frames) }];
}
