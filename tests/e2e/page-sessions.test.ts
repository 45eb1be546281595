// Three real sessions of one recording in the page of the compiled executable: rows whose worst frames are the API's, what
// was negotiated as the host wrote it, a report out of the list that shows the same without any host, and paper.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Value } from 'typebox/value';
import { Format } from '../../components/base/format.ts';
import { Capture, RangeQuantiles } from '../../contract/stats.ts';
import { BrowserBench, eventually } from '../support/browser.ts';
import { type Host, missingExecutable, startHost } from '../support/host.ts';

const TIMEOUT_MS = 120_000;
const f = new Format('en');
const MODE = { width: 320, height: 240, fps: 30, bitrate_kbps: 2000 } as const;
/** The second one comes later, is lowered, and holds one frame up in its encoder. */
const SCRIPT = {
  version: 1,
  sessions: [
    { ...MODE, start_ms: 0, seconds: 7 },
    {
      ...{ ...MODE, start_ms: 1500, seconds: 4 },
      actions: [
        { at_s: 1, what: 'bitrate', kbps: 1000 },
        { at_s: 2, what: 'stall', place: 'encoded', us: 400_000 },
      ],
    },
    { ...MODE, start_ms: 3000, seconds: 3 },
  ],
} as const;

describe.skipIf(missingExecutable !== '')(`three sessions in the page${missingExecutable}`, () => {
  let bench: BrowserBench;
  let host: Host;
  let id = '';
  let capture: Capture;

  beforeAll(async () => {
    bench = await BrowserBench.open();
    host = await startHost();
    await host.json('POST', '/api/v1/stats/capture/start', { name: 'Three at once' });
    const started = await host.ask('POST', '/api/v1/test-streams', {
      body: JSON.stringify({ script: SCRIPT }),
      headers: { 'content-type': 'application/json' },
    });
    expect([started.status, await started.text()]).toEqual([202, expect.any(String)]);
    await Bun.sleep(3500);
    await host.json('POST', '/api/v1/stats/capture/markers', { text: 'Here' });
    await eventually(
      () => host.json('GET', '/api/v1/test-streams'),
      (state) => /"state":"(done|failed)"/.test(JSON.stringify(state)),
    );
    const saved = await host.json('POST', '/api/v1/stats/capture/stop');
    id = Value.Parse(Capture.properties.meta, saved).id;
    capture = Value.Parse(Capture, await host.json('GET', `/api/v1/stats/recordings/${id}`));
  }, TIMEOUT_MS);

  afterAll(async () => {
    await host.end();
    await bench[Symbol.asyncDispose]();
  });

  /** The worst frame of a session, as the host answers and the page writes it. */
  async function worstOf(session: number): Promise<string> {
    const path = `/api/v1/stats/recordings/${id}/quantiles?percents=50&session=${session}`;
    const { stages } = Value.Parse(RangeQuantiles, await host.json('GET', path));
    const us = stages.find(({ name }) => name === 'total')?.max_us ?? Number.NaN;
    return f.unit(f.ms(us / 1000), 'ms');
  }

  test(
    'every row tells the worst frame that the API tells; the stalled session is chosen, explained and printed',
    async () => {
      const { page, trouble } = await bench.page();
      await page.goto(`${host.address}/#token=${host.token}&r=${id}`);
      const sessions = capture.sessions ?? [];
      expect(sessions).toHaveLength(3);
      const rows = page.locator('pf-session-lanes .row');
      await eventually(
        () => rows.count(),
        (n) => n === 3,
      );
      for (const { session_id } of sessions) {
        const row = page.locator(`pf-session-lanes .row[data-id="${session_id}"]`);
        await row.getByText(`worst ${await worstOf(session_id)} · `).waitFor();
      }
      const stalled = sessions.toSorted((a, b) => a.started_t_ms - b.started_t_ms)[1];
      if (stalled === undefined) throw new Error('no second session');
      await page
        .getByRole('button', { name: new RegExp(`^Session ${stalled.session_id}, `) })
        .click();
      await page.getByText(/^(It stuttered|Frames were late)/).waitFor();
      await page.keyboard.press('1');
      await page.getByRole('heading', { name: /^Range/ }).waitFor();
      await page.getByText('What was negotiated, and why').click();
      const facts = page.locator('details.facts');
      await facts.getByText(stalled.encoder).first().waitFor();
      // A test stream need not say each of them: what it left out is a dash.
      const told = await facts.locator('.groups dl > div').allTextContents();
      const { colour, packet_size } = stalled.negotiated ?? {};
      expect(told).toContain(`Colour${colour ?? '–not measured'}`);
      const size = packet_size === undefined ? '–not measured' : `${f.count(packet_size)} bytes`;
      expect(told).toContain(`Packet size${size}`);
      await facts
        .getByText(capture.host?.kernel ?? 'the host says none', { exact: true })
        .waitFor();
      const pdf = await page.pdf({ preferCSSPageSize: true });
      expect(pdf.length).toBeGreaterThan(20_000);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a report out of the list shows the same rows from a disk, without any host',
    async () => {
      const { page } = await bench.page();
      await page.goto(`${host.address}/#token=${host.token}`);
      const row = page.locator(`li[data-id="${id}"]`);
      await row.getByRole('button', { name: /^More/ }).click();
      await row.getByRole('button', { name: 'Report (HTML)' }).click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('dialog').getByRole('button', { name: 'Save report' }).click(),
      ]);
      const path = await download.path();
      const report = `${host.configDir}/report.html`;
      await Bun.write(report, Bun.file(path));
      await page.goto(`file://${report}`);
      const ids = (capture.sessions ?? []).map(({ session_id }) => session_id);
      for (const session of ids) {
        const own = page.locator(`pf-session-lanes .row[data-id="${session}"]`);
        await own.getByText(`worst ${await worstOf(session)} · `).waitFor();
      }
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'All keys' }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
