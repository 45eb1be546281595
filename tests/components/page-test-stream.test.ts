// The room of the test stream in real Chromium: what is planned is drawn where it will happen, what is posted is what was
// planned, and the way from there to what was recorded and back.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import { COLOURS } from '../../components/base/series-tokens.ts';
import { eventually } from '../support/browser.ts';
import { drawn, focused, PageBench, TIMEOUT_MS } from '../support/page.ts';

let bench: PageBench;
beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);
afterAll(() => bench[Symbol.asyncDispose]());

async function enter(page: Page): Promise<void> {
  await drawn(page);
  await page.getByRole('button', { name: 'Test stream', exact: true }).click();
  await page.getByRole('img', { name: /^Plan of/ }).waitFor();
}

interface Mark {
  readonly fill: string;
  /** Of the picture's width, 0 to 1. */
  readonly from: number;
  readonly width: number;
}

/** As they are laid out and coloured. */
const marks = (page: Page): Promise<Mark[]> =>
  page.getByRole('img', { name: /^Plan of/ }).evaluate((svg) => {
    const all = svg.getBoundingClientRect();
    return [...svg.querySelectorAll<SVGRectElement>('.mark')].map((mark) => ({
      fill: getComputedStyle(mark).fill,
      from: (mark.getBoundingClientRect().x - all.x) / all.width,
      width: mark.getBBox().width / all.width,
    }));
  });

const rgb = (hex: string): string =>
  `rgb(${[1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)).join(', ')})`;

const add = async (page: Page, fault: string): Promise<void> => {
  await page.getByRole('button', { name: 'Add a fault' }).click();
  await page.getByRole('combobox', { name: 'Fault' }).last().selectOption({ label: fault });
};

describe('a plan of faults', () => {
  test(
    'is drawn where each will happen, in the colour of what it disturbs, and said aloud',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await enter(page);
      await add(page, 'Packet loss');
      expect((await focused(page)).name).toContain('Encoder spike');
      const [spike, loss] = await marks(page);
      expect([spike?.fill, loss?.fill]).toEqual([rgb(COLOURS.encode.dark), rgb(COLOURS.bad.dark)]);
      // Ten seconds: room behind the last fault was made.
      expect(spike?.from).toBeCloseTo(0.3, 1);
      expect(loss?.from).toBeCloseTo(0.7, 1);
      expect(loss?.width).toBeCloseTo(0.1, 2);
      const group = page.getByRole('group', { name: 'Fault 1: Encoder spike' });
      await group.getByLabel('Every, s').fill('2');
      await page.keyboard.press('Tab');
      await page
        .getByRole('img', {
          name: /^Plan of 10\.0\ss: Encoder spike at 3\.0\ss, 4 times; Packet loss at 7\.0\ss$/,
        })
        .waitFor();
      expect((await marks(page)).length).toBe(5);
      await page.getByRole('button', { name: 'Remove fault 2' }).click();
      await eventually(
        () => marks(page),
        (list) => list.length === 4,
      );
      expect((await focused(page)).name).toBe('Add a fault');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'is posted as a script, recorded by itself, and looked at in the first room; back leads back',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await enter(page);
      await page.getByText('Settings', { exact: true }).click();
      await page.getByLabel('Seconds').fill('4');
      const go = page.getByRole('button', { name: 'Start test stream' });
      await go.click();
      await page.getByText(/^(Next|Now): Encoder spike/).waitFor();
      await page.getByText(/s left$/).waitFor();
      expect((await focused(page)).name).toBe('Stop test stream');
      expect(host.testStreamBodies).toEqual([
        {
          truth: true,
          script: {
            ...{ version: 1, name: 'Test: Encoder spike' },
            sessions: [
              {
                ...{ seconds: 4, width: 640, height: 360, fps: 60, bitrate_kbps: 8000 },
                actions: [{ at_s: 3, what: 'stall', place: 'encoded', us: 80_000 }],
              },
            ],
          },
        },
      ]);
      const look = page.getByRole('button', { name: 'Look at what was recorded' });
      await look.waitFor();
      // This host keeps no truth: then nothing is said of what was injected.
      await page.getByText(/^What was really done to the frames this host does not tell/).waitFor();
      const [id = ''] = host.ids;
      await look.click();
      await page.waitForURL(`${host.url}/#r=${id}`);
      await drawn(page);
      await page.goBack();
      await page.getByRole('button', { name: 'Look at what was recorded' }).waitFor();
      expect(page.url()).toContain('room=test');
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'of one’s own is checked by the host, whose sentence names the place; what is no JSON never leaves',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await enter(page);
      await page.getByRole('button', { name: 'Script', exact: true }).click();
      const text = page.getByRole('textbox', { name: 'Script' });
      const go = page.getByRole('button', { name: 'Start test stream' });
      await text.fill('{ "version": 1,');
      await go.click();
      await page.getByText(/^This is no JSON\./).waitFor();
      await text.fill('{"version":1}');
      await go.click();
      await page.getByText(/^A script has a list/).waitFor();
      expect(host.testStreamBodies).toEqual([]);
      await page.getByRole('button', { name: 'Take the plan over' }).click();
      expect(JSON.parse(await text.inputValue())).toMatchObject({
        sessions: [{ actions: [{ what: 'stall', place: 'encoded' }] }],
      });
      const error = 'Session 0: Action 0 (stall): it needs place.';
      await page.route('**/api/v1/test-streams', (route) =>
        route.request().method() === 'POST'
          ? route.fulfill({ status: 422, json: { error, code: 'script_invalid' } })
          : route.continue(),
      );
      await go.click();
      await page.getByText(`The host refused: ${error}`).waitFor();
      expect(host.requests).not.toContain('POST /api/v1/stats/capture/start');
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
