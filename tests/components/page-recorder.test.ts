// The page and the recorder's own matters: the black box, a run that ended badly, markers, deleted recordings taken back,
// files that cannot be read.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { BlackBoxStatus, LastRun } from '../../contract/stats.ts';
import { eventually } from '../support/browser.ts';
import { drawn, focusOn, PageBench, sticksOut, TIMEOUT_MS, violations } from '../support/page.ts';
import { longRecording } from '../support/seeded-recordings.ts';

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const BOX: BlackBoxStatus = {
  on: true,
  seconds: 118.4,
  frames: 7_104,
  bytes: 460_000,
  limit_bytes: 4_194_304,
  limit_s: 120,
  saved: 0,
  held_back: 0,
};
const LAST_RUN: LastRun = {
  started_unix_ms: Date.UTC(2026, 7, 21, 18, 0),
  last_seen_unix_ms: Date.UTC(2026, 7, 21, 19, 12),
  seconds: 84,
  recovered_ids: ['2026-08-21T19-02-11Z_1280x720'],
};

describe('the black box', () => {
  test(
    'says how far it reaches back, is saved on request, and shows what came of it',
    async () => {
      using host = bench.host();
      host.blackBox = BOX;
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      const box = page.locator('pf-black-box');
      await box.getByText('Holds the last 1 min 58 s of what was streamed.').waitFor();
      await box.getByRole('button', { name: 'Save it' }).click();
      const id = await eventually(
        async () => host.blackBox?.last_id,
        (saved) => saved !== undefined,
      );
      await page.waitForURL(`${host.url}/#r=${id}`);
      const row = page.locator(`li[data-id="${id}"]`);
      await row.getByText('Black box', { exact: true }).waitFor();
      expect(await row.getAttribute('aria-current')).toBe('true');
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'a host without one shows nothing of it; one that is off says so; an empty one has nothing to save',
    async () => {
      using host = bench.host();
      const { page } = await bench.visit(host);
      await drawn(page);
      expect(await page.getByText('Black box').count()).toBe(0);
      host.blackBox = { ...BOX, on: false };
      await page.getByText('The black box is off on this host.').waitFor();
      host.blackBox = { ...BOX, fault: 'the last save failed: no space left.' };
      await page
        .getByText('Trouble with the black box: the last save failed: no space left.')
        .waitFor();
      host.blackBox = { ...BOX, seconds: 0, frames: 0, bytes: 0 };
      await page.getByText(/^Holds the last two minutes of every stream/).waitFor();
      expect(await page.getByRole('button', { name: 'Save it' }).count()).toBe(0);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'why it was saved by itself is said, in the page’s language',
    async () => {
      using host = bench.host();
      const last_id = longRecording().meta.id;
      host.blackBox = { ...BOX, saved: 1, last_trigger: 'freeze', last_id };
      host.blackBox = { ...host.blackBox, last_saved_unix_ms: Date.UTC(2026, 7, 21, 19, 3) };
      const { page } = await bench.visit(host, { locale: 'de-DE' });
      await drawn(page);
      await page.getByText(/^Gesichert nach einem Standbild, \d\d:\d\d:\d\d$/).waitFor();
      await page.locator('pf-black-box').getByRole('button', { name: 'Ansehen' }).click();
      await page.waitForURL(`${host.url}/#r=${last_id}`);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('a run that ended badly', () => {
  test(
    'is told with what is left of it, saved without names, and put away',
    async () => {
      using host = bench.host();
      host.blackBox = { ...BOX, seconds: 0 };
      host.lastRun = LAST_RUN;
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      const told = page.getByRole('group', { name: 'The last run of this host ended badly.' });
      await told
        .getByText(/^The last run of this host ended badly, last seen \w+ 21 Aug/)
        .waitFor();
      await told.getByText('One recording was finished from its journal.').waitFor();
      await told.getByText(/^1\smin 24\ss of its stream are still here\. Names/).waitFor();
      expect(await violations(page)).toEqual([]);
      // What was not saved would be gone: the word says so.
      await told.getByRole('button', { name: 'Discard' }).waitFor();
      await told.getByRole('button', { name: 'Save as recording' }).click();
      await eventually(
        async () => host.lastRun?.saved_id,
        (saved) => saved !== undefined,
      );
      await told.getByRole('button', { name: 'Look at it' }).waitFor();
      await told.getByRole('button', { name: 'Dismiss' }).click();
      await told.waitFor({ state: 'detached' });
      await focusOn(page, 'Black box');
      expect(host.lastRun).toBeUndefined();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('markers', () => {
  test(
    'are put while a capture runs and found again by a click',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      expect(await page.getByRole('button', { name: 'Mark this moment' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Start capture' }).click();
      const field = page.getByLabel('What happened?');
      await field.fill('  stutter in the tunnel ');
      await page.keyboard.press('Enter');
      const chip = page.getByRole('list', { name: 'Markers' }).getByRole('button');
      await chip.getByText('stutter in the tunnel').waitFor();
      expect(await field.inputValue()).toBe('');
      expect(host.markers.map(({ detail }) => detail)).toEqual([{ text: 'stutter in the tunnel' }]);
      await page.getByRole('button', { name: 'Mark this moment' }).click();
      await eventually(
        async () => host.markers.length,
        (n) => n === 2,
      );
      expect(host.markers[1]?.detail).toEqual({ text: 'marker' });
      await chip.first().click();
      await page.getByText(/^Held/).waitFor();
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('a disk that takes nothing', () => {
  test(
    'is told while something is recorded, until it takes something again',
    async () => {
      using host = bench.host();
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      await page.getByRole('button', { name: 'Start capture' }).click();
      host.fault = 'The disk is full (ENOSPC).';
      const told = page.getByText(`Recordings cannot be written. ${host.fault}`);
      await told.waitFor();
      expect(await violations(page)).toEqual([]);
      host.fault = undefined;
      await told.waitFor({ state: 'detached' });
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

describe('the list of recordings', () => {
  test(
    'a deleted recording is taken back',
    async () => {
      using host = bench.host();
      const id = longRecording().meta.id;
      const { page, trouble } = await bench.visit(host);
      await drawn(page);
      const row = page.locator(`li[data-id="${id}"]`);
      await row.getByRole('button', { name: /^More/ }).click();
      await row.getByRole('button', { name: /^Delete/ }).click();
      await row.getByText('It stays in the host’s trash for 7 days.').waitFor();
      await row.getByRole('button', { name: 'Delete recording' }).click();
      await row.waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await row.waitFor();
      expect(host.ids).toContain(id);
      expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    'names, stars and tags are shown; a file that cannot be read is named with the reason, narrow too',
    async () => {
      using host = bench.host();
      const recording = host.recording(longRecording().meta.id);
      Object.assign(recording.meta, { name: 'Elden Ring, rain', starred: true, tags: ['wifi'] });
      host.damaged.push({
        ...{ id: 'holiday', started_unix_ms: 0, duration_ms: 0, kind: '', width: 0, height: 0 },
        ...{ fps: 0, codec: '', client: '', sample_count: 0 },
        damaged: { file: 'holiday.json', reason: 'not JSON: unexpected end after 212 bytes' },
      });
      const { page, trouble } = await bench.visit(host, { viewport: { width: 360, height: 800 } });
      await drawn(page);
      const row = page.locator(`li[data-id="${recording.meta.id}"]`);
      await row.getByText('Elden Ring, rain').waitFor();
      await row.getByText('starred', { exact: true }).waitFor();
      await row.getByText('wifi', { exact: true }).waitFor();
      // So narrow an element shows three to begin with.
      await page.getByRole('button', { name: 'All 6 recordings' }).click();
      const damaged = page.locator('li[data-id="holiday"]');
      await damaged.getByText('holiday.json').waitFor();
      await damaged.getByText('not JSON: unexpected end after 212 bytes').waitFor();
      expect(await damaged.getByRole('button', { name: /^View/ }).count()).toBe(0);
      expect(await page.evaluate(sticksOut)).toEqual([]);
      expect(await violations(page)).toEqual([]);
      expect(trouble).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
