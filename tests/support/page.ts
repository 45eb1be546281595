// The whole page in real Chromium, on a host of the tests' own: how it is visited and looked at.
import type { AxeResults } from 'axe-core';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import type { Capture } from '../../contract/stats.ts';
import { BrowserBench, countPixels, eventually, type Watched } from './browser.ts';
import type { Renderer } from './browser-process.ts';
import { PageHost } from './page-host.ts';
import { everyRecording } from './seeded-recordings.ts';

/** A page may take this long on a busy machine. */
export const TIMEOUT_MS = 60_000;

export class PageBench implements AsyncDisposable {
  readonly #bench: BrowserBench;

  private constructor(bench: BrowserBench) {
    this.#bench = bench;
  }

  static async open(): Promise<PageBench> {
    return new PageBench(await BrowserBench.open());
  }

  host(recordings: readonly Capture[] = everyRecording()): PageHost {
    return new PageHost({ web: `${this.#bench.dist}/web`, recordings });
  }

  /** A fresh browser profile at the page; `hash` names what is in the address, by default the right token. */
  async visit(
    host: PageHost,
    options: Parameters<BrowserBench['page']>[0] = {},
    hash = `#token=${host.token}`,
  ): Promise<Watched> {
    const watched = await this.#bench.page(options);
    await watched.page.goto(`${host.url}/${hash}`);
    return watched;
  }

  blank(options: Parameters<BrowserBench['page']>[0] = {}): Promise<Watched> {
    return this.#bench.page(options);
  }

  /** The process of the page that was opened last and holds most. */
  renderer(): Promise<Renderer> {
    return this.#bench.renderer();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#bench[Symbol.asyncDispose]();
  }
}

/** The latency chart has drawn something. */
export async function drawn(page: Page): Promise<void> {
  await page.locator('pf-latency-chart').waitFor();
  await page.waitForFunction(() => {
    const page = document.querySelector('pf-dashboard')?.shadowRoot;
    const root = page?.querySelector('pf-recording-detail, pf-live')?.shadowRoot;
    const chart = root?.querySelector('pf-latency-chart');
    const canvas = chart?.shadowRoot?.querySelector('canvas');
    return (chart?.model?.grid.buckets.length ?? 0) > 0 && (canvas?.width ?? 0) > 0;
  });
}

/** An undisturbed stream, begun in its own room, long enough for a busy machine to look at; back in the first one. */
export async function startTestStream(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Test stream', exact: true }).click();
  await page.getByRole('button', { name: 'Plain', exact: true }).click();
  await page.getByText('Settings', { exact: true }).click();
  await page.getByLabel('Seconds').fill('30');
  await page.getByRole('button', { name: 'Start test stream' }).click();
  await page.getByRole('button', { name: 'Stop test stream' }).waitFor();
  await page.getByRole('button', { name: 'Performance', exact: true }).click();
}

export const latency = (page: Page) => page.locator('pf-latency-chart');

/** Pixels of a lane's canvas in this `#rrggbb`. A lane is drawn where it can be seen. */
export async function pixels(page: Page, lane: string, hex: string): Promise<number> {
  const canvas = page.locator(`canvas#c-${lane}`);
  await canvas.scrollIntoViewIfNeeded();
  await twoFrames(page);
  return canvas.evaluate(countPixels, hex);
}

/** What came into view is told in one frame and drawn by the next. */
export const twoFrames = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
      }),
  );

/** Waits for more than `least` of them: what a chart was told is drawn by a later frame. */
export const painted = (page: Page, lane: string, hex: string, least: number): Promise<number> =>
  eventually(
    () => pixels(page, lane, hex),
    (n) => n > least,
  );

/** The element that has the focus, through shadow roots: its name, and how its focus is drawn. */
export const focused = (page: Page): Promise<{ name: string; ring: string }> =>
  page.evaluate(() => {
    let el = document.activeElement;
    while (el?.shadowRoot?.activeElement != null) el = el.shadowRoot.activeElement;
    if (el === null || el === document.body) return { name: '', ring: '' };
    const label = el instanceof HTMLInputElement ? el.labels?.[0]?.textContent : el.textContent;
    const name = el.getAttribute('aria-label') ?? (label?.trim() || el.tagName);
    return { name, ring: getComputedStyle(el).outlineStyle };
  });

/** The focus comes to the element of this name: what moves it is often on its way when a test asks. */
export async function focusOn(page: Page, name: string): Promise<void> {
  await eventually(
    () => focused(page),
    (at) => at.name === name,
  );
}

/** What axe finds, one line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const results = await page.evaluate(async (): Promise<AxeResults> => {
    // Put there by the line above.
    const { axe: inPage } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    return inPage.run();
  });
  return results.violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.failureSummary ?? ''}`),
  );
}

/** Runs in the page: what reaches beyond its right edge. */
export function sticksOut(): string[] {
  const out: string[] = [];
  const look = (root: Document | ShadowRoot): void => {
    for (const el of root.querySelectorAll<HTMLElement>('*')) {
      if (el.shadowRoot !== null) look(el.shadowRoot);
      const box = el.getBoundingClientRect();
      const beyond = box.width > 0 && box.right > innerWidth + 0.5;
      if (beyond && el.closest('.vh, .skip, svg, .twin') === null) {
        out.push(`${el.tagName}.${el.className} ${box.right}`);
      }
    }
  };
  look(document);
  if (document.documentElement.scrollWidth > innerWidth) out.push('the page scrolls sideways');
  return out.slice(0, 5);
}
