// A report as somebody gets it, opened from a disk in real Chromium: what was taken out reads as removed, in the language of
// who looks at it, what was never there does not, and nothing is offered that a report cannot do. And the viewer beside it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { factWords } from '../../components/pf-recording-detail/fact-strings.ts';
import { reportOf } from '../../components/report/report-file.ts';
import type { Capture } from '../../contract/stats.ts';
import { type Redaction, redactCapture } from '../../recording/src/redact-capture.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { stutteringRun } from '../support/review-captures.ts';

const run = stutteringRun();
const ALL: Redaction = { clients: true, names: true, host: true };
const NONE: Redaction = { clients: false, names: false, host: false };

let bench: BrowserBench;

beforeAll(async () => {
  bench = await BrowserBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

/** With texts of every kind, and one marker and one event that never had any. */
const named: Capture = {
  ...run.capture,
  meta: { ...run.capture.meta, client: '192.168.1.63', name: 'Eva plays', note: 'at Eva’s' },
  host: { version: '1.2.3', kernel: '6.1.0-eva', cpu: 'Ryzen of Eva' },
  sessions: (run.capture.sessions ?? []).map((session) => ({
    ...session,
    ...{ client: '192.168.1.63', app: 'SuperTuxKart', ended_t_ms: 20_000 },
    negotiated: {
      encoder_detail: 'of /home/eva',
      encoder_refused: [{ name: 'nvenc', reason: 'no /dev/eva' }],
    },
  })),
  events: [
    { t_ms: 3000, kind: 'marker', detail: { text: 'Eva' } },
    { t_ms: 6000, kind: 'marker' },
    { t_ms: 9000, session_id: 1, kind: 'encoder_reopened', detail: { why: 'no /dev/eva' } },
  ],
};

async function reportAt(name: string, what: Redaction): Promise<string> {
  const template = await Bun.file(`${bench.dist}/web/viewer.html`).text();
  const frames = run.bytes.slice().buffer;
  const path = join(bench.dist, `${name}.html`);
  await Bun.write(path, await reportOf(template, { capture: redactCapture(named, what), frames }));
  return `file://${path}`;
}

async function open(url: string, options: Parameters<BrowserBench['page']>[0] = {}) {
  const watched = await bench.page(options);
  await watched.page.goto(url);
  await watched.page.locator('pf-quantile-table').waitFor();
  return watched;
}

const markers = (page: Page): Promise<string[]> =>
  page
    .locator('pf-recording-detail .markers .btn')
    .evaluateAll((all) => all.map((one) => (one.textContent ?? '').replace(/\s+/g, ' ').trim()));

/** Name and text of what was negotiated. */
async function facts(page: Page): Promise<Map<string, string>> {
  await page.locator('details.facts summary').click();
  const told = page.locator('details.facts .groups dl > div');
  await told.first().waitFor();
  return new Map(
    await told.evaluateAll((all) =>
      all.map((one) => {
        const [name, text] = [...one.children].map((part) => (part.textContent ?? '').trim());
        return [name ?? '', text ?? ''] as const;
      }),
    ),
  );
}

/** What the table twin of the events says beyond time and kind. */
async function events(page: Page): Promise<string[]> {
  const lane = page.locator('pf-event-lanes');
  await lane.getByRole('group').first().focus();
  await page.keyboard.press('t');
  const rows = lane.locator('.twin tbody tr');
  await rows.first().waitFor();
  return rows.evaluateAll((all) =>
    all.map((tr) => [...tr.children].map((td) => (td.textContent ?? '').trim()).join(' | ')),
  );
}

describe('a report', () => {
  test.each([
    ['en', 'removed', 'text removed', 'name and note removed'],
    ['de', 'entfernt', 'Text entfernt', 'Name und Notiz entfernt'],
  ] as const)(
    'says where something was taken out, and stays silent where nothing was: %s',
    async (language, removed, text, fields) => {
      const { page, trouble } = await open(await reportAt(`all-${language}`, ALL), {
        locale: language === 'en' ? 'en-GB' : 'de-DE',
      });
      expect(await markers(page)).toEqual([`00:03 ${removed}`, '00:06']);
      await page.locator('.meta').getByText(fields, { exact: true }).waitFor();
      const told = await facts(page);
      const t = factWords[language];
      for (const name of [t.app, t.kernel, t.cpu]) expect(told.get(name)).toBe(removed);
      expect(told.get(t.encoder)).toBe(`vaapi · ${removed}`);
      expect(told.get(t.memory)).toMatch(/^–/);
      expect([...told.values()]).toContain(`nvenc: ${removed}`);
      const rows = await events(page);
      expect(rows.filter((row) => row.includes(removed)).length).toBe(2);
      expect(rows.some((row) => row.includes(text))).toBe(true);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'with everything left in says nothing of the kind, offers no other recording, and takes no files',
    async () => {
      const { page } = await open(await reportAt('none', NONE));
      expect(await markers(page)).toEqual(['00:03 Eva', '00:06']);
      // It has frames and no windows: what every frame says counts.
      await page.getByText(/^It stuttered/).waitFor();
      expect(await page.getByText('Nothing was streamed').count()).toBe(0);
      expect((await facts(page)).get('App')).toBe('SuperTuxKart');
      expect(await page.getByText('removed').count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Another recording' }).count()).toBe(0);
      // Left to the browser, as on any document.
      const isTaken = await page.locator('pf-viewer').evaluate((el) => {
        const data = new DataTransfer();
        const over = new DragEvent('dragover', { dataTransfer: data, cancelable: true });
        return !el.dispatchEvent(over);
      });
      expect(isTaken).toBe(false);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test.each([390, 320])(
    'fits into %i px, and axe finds nothing',
    async (width) => {
      const { page } = await open(await reportAt(`narrow-${width}`, ALL), {
        viewport: { width, height: 900 },
        locale: 'de-DE',
      });
      expect(await page.evaluate(sticksOut)).toEqual([]);
      expect(await violations(page)).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

test(
  'the viewer says which file it lacks, takes it, and offers another recording',
  async () => {
    const { page, trouble } = await bench.page();
    await page.goto(`file://${bench.dist}/web/viewer.html`);
    const input = page.locator('pf-viewer input[type=file]');
    const json = {
      name: 'one.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(named)),
    };
    await input.setInputFiles(json);
    await page.getByText(/^The 2,400 single frames of this recording were not in what/).waitFor();
    await page.getByRole('heading', { level: 1, name: 'Eva plays' }).waitFor();
    await page.getByRole('button', { name: 'Another recording' }).click();
    await input.setInputFiles([
      json,
      { name: 'one.frames.parquet', mimeType: '', buffer: Buffer.from(run.bytes) },
    ]);
    await page.locator('pf-quantile-table').waitFor();
    await eventually(
      () => page.getByText(/were not in what you dropped/).count(),
      (n) => n === 0,
    );
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  TIMEOUT_MS,
);
