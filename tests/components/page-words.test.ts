// The German page has no English left in it, and no English numbers: every text on it, spoken ones too, is held against
// both dictionaries. And Tab leads through a whole review, once, in the order of its questions.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Glob } from 'bun';
import type { Page } from 'playwright-core';
import { PageBench, TIMEOUT_MS } from '../support/page.ts';
import type { PageHost } from '../support/page-host.ts';
import { stutteringRun } from '../support/review-captures.ts';
import { furnish } from '../support/seeded-devices.ts';
import { everyRecording, longRecording } from '../support/seeded-recordings.ts';

const COMPONENTS = join(import.meta.dir, '../../components');

let bench: PageBench;

beforeAll(async () => {
  bench = await PageBench.open();
}, TIMEOUT_MS);

afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const run = stutteringRun();
const id = '2026-08-21T19-30-00Z_frames';
/** Windows for the lanes, frames for what lies below them. */
const framed = {
  ...run.capture,
  meta: { ...run.capture.meta, id, name: 'SuperTuxKart', started_unix_ms: 1_787_340_600_000 },
  samples: longRecording()
    .samples.slice(0, 20)
    .map((sample) => ({ ...sample, session_id: 1 })),
};

function open(): PageHost {
  const host = bench.host([framed, ...everyRecording()]);
  host.frames.set(id, run.bytes);
  furnish(host.devices);
  return host;
}

async function reviewed(page: Page): Promise<void> {
  await page.locator('pf-recording-detail .finding').first().click();
  await page.waitForFunction(() => {
    const root = document
      .querySelector('pf-dashboard')
      ?.shadowRoot?.querySelector('pf-recording-detail')?.shadowRoot;
    return root?.querySelector('pf-frame-strip')?.selected !== undefined;
  });
}

interface Dictionaries {
  /** Texts of the English dictionaries that are no German ones too. */
  readonly english: ReadonlySet<string>;
  /** Parts of English sentences around their values. */
  readonly parts: readonly string[];
}

async function dictionaries(): Promise<Dictionaries> {
  const english = new Set<string>();
  const german = new Set<string>();
  const parts = new Set<string>();
  for await (const path of new Glob('**/*{strings,words}.ts').scan(COMPONENTS)) {
    const module: Record<string, unknown> = await import(join(COMPONENTS, path));
    for (const exported of Object.values(module)) {
      if (!isDictionary(exported)) continue;
      collect(exported.en, english, parts);
      collect(exported.de, german, german);
    }
  }
  return {
    english: new Set([...english].filter((text) => !german.has(text))),
    parts: [...parts].filter((part) => ![...german].some((text) => text.includes(part))),
  };
}

function isDictionary(value: unknown): value is { readonly en: object; readonly de: object } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'en' in value &&
    'de' in value &&
    typeof value.en === 'object' &&
    typeof value.de === 'object'
  );
}

/** A text that takes values is asked for with a sign in their place. */
function collect(texts: object, whole: Set<string>, parts: Set<string>): void {
  for (const text of Object.values(texts)) {
    if (typeof text === 'string') whole.add(text);
    if (typeof text !== 'function') continue;
    for (const one of [true, false]) {
      const said: unknown = attempt(() => text('§', one, one, one, one));
      const also: unknown = attempt(() => text('§', '§', '§', '§', '§'));
      for (const sentence of [said, also]) {
        if (typeof sentence !== 'string') continue;
        for (const part of sentence.split(/§|true|false/)) {
          if (part.trim().length >= LEAST_PART) parts.add(part.trim());
        }
      }
    }
  }
}

function attempt(make: () => unknown): unknown {
  try {
    return make();
  } catch {
    return undefined;
  }
}

/** Runs in the page: every text and every spoken name, through shadow roots. */
function everyText(): string[] {
  const out: string[] = [];
  const look = (root: ParentNode): void => {
    for (const child of root.childNodes) {
      if (child instanceof Text) out.push(child.data);
      if (!(child instanceof Element) || /^(style|noscript)$/.test(child.localName)) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'aria-roledescription']) {
        out.push(child.getAttribute(name) ?? '');
      }
      if (child.shadowRoot !== null) look(child.shadowRoot);
      look(child);
    }
  };
  look(document.body);
  return out.map((text) => text.replace(/\s+/g, ' ').trim()).filter((text) => text !== '');
}

test(
  'the German page has German words, commas, and a space that does not break before a unit',
  async () => {
    const { english, parts } = await dictionaries();
    expect(english.size).toBeGreaterThan(200);
    expect(parts.length).toBeGreaterThan(100);
    using host = open();
    const { page, trouble } = await bench.visit(host, { locale: 'de-DE' });
    await reviewed(page);
    for (const table of await page.getByRole('button', { name: 'Als Tabelle' }).all()) {
      await table.click();
    }
    await page.waitForFunction(() => document.documentElement.lang === 'de');
    const texts = await page.evaluate(everyText);
    await page.getByRole('button', { name: 'Host', exact: true }).click();
    await page.locator('pf-tokens').waitFor();
    texts.push(...(await page.evaluate(everyText)));
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.filter((text) => english.has(text))).toEqual([]);
    expect(texts.filter((text) => parts.some((part) => text.includes(part)))).toEqual([]);
    const own = texts.filter((text) => !FOREIGN.test(text));
    expect(own.filter((text) => /\d\.\d{1,2}(?!\d)/.test(text))).toEqual([]);
    // Thousandths of a second are no thousands.
    expect(own.filter((text) => /(?<!:\d)\d,\d{3}(?!\d)/.test(text))).toEqual([]);
    const raw = await page.locator('pf-dashboard').evaluate((el) => el.shadowRoot?.innerHTML ?? '');
    expect(raw).not.toMatch(/\d (ms|Mb\/s|MB|KB)\b/);
    expect(trouble).toEqual([]);
    await page.context().close();
  },
  2 * TIMEOUT_MS,
);

test(
  'Tab leads through the whole review once, in the order of its questions, and every stop is seen',
  async () => {
    using host = open();
    const { page } = await bench.visit(host);
    await reviewed(page);
    // Whoever last used the keyboard is shown where the focus is.
    await page.keyboard.press('Tab');
    await page.getByRole('link', { name: 'Skip to the recording' }).focus();
    const stops: string[] = [];
    for (let i = 0; i < MOST_STOPS; i++) {
      const stop = await page.evaluate(stopHere);
      if (stop === undefined) break;
      expect([stop.name, stop.ring]).toEqual([stop.name, 'solid']);
      expect([stop.name, stop.isInView]).toEqual([stop.name, true]);
      expect([stop.name, stop.isSeenBefore]).toEqual([stop.name, false]);
      stops.push(stop.name);
      await page.keyboard.press('Tab');
    }
    expect(stops.length).toBeLessThan(MOST_STOPS);
    const at = (name: string): number => stops.findIndex((stop) => stop.startsWith(name));
    const order = [
      ...['Skip to the recording', 'Performance', 'Start capture', 'Report'],
      ...['1', 'p99', 'Events', 'Latency by stage', 'Throughput', 'Health'],
      ...['New only', 'Histogram of the frame totals', 'Next outlier', 'Frame strip'],
    ].map((name) => [name, at(name)] as const);
    expect(order.filter(([, place]) => place < 0)).toEqual([]);
    expect(order.toSorted(([, a], [, b]) => a - b)).toEqual(order);
    await page.context().close();
  },
  2 * TIMEOUT_MS,
);

interface Stop {
  readonly name: string;
  readonly ring: string;
  readonly isInView: boolean;
  readonly isSeenBefore: boolean;
}

/** Runs in the page. */
function stopHere(): Stop | undefined {
  let el = document.activeElement;
  while (el?.shadowRoot?.activeElement != null) el = el.shadowRoot.activeElement;
  if (!(el instanceof HTMLElement) || el === document.body) return undefined;
  const isSeenBefore = el.dataset['stop'] !== undefined;
  el.dataset['stop'] = '';
  const box = el.getBoundingClientRect();
  return {
    name: (el.getAttribute('aria-label') ?? el.textContent ?? el.tagName).trim(),
    ring: getComputedStyle(el).outlineStyle,
    isInView: box.bottom > 0 && box.top < innerHeight,
    isSeenBefore,
  };
}

/** Shorter pieces of sentences are in other languages' words too. */
const LEAST_PART = 12;
const MOST_STOPS = 150;
/** Addresses, versions, fingerprints, names that people and drivers gave. */
const FOREIGN = /\d+\.\d+\.\d+|:\d{4,}|http/;
