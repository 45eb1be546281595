// Real Chromium for tests of the page: one build of the bundles, one browser, pages that remember what went wrong.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { buildComponents } from '../../scripts/build-components.ts';
import { Renderer } from './browser-process.ts';

export interface Watched {
  readonly page: Page;
  /** Console errors, uncaught exceptions and violations of the content security policy. */
  readonly trouble: string[];
}

export class BrowserBench implements AsyncDisposable {
  readonly dist: string;
  readonly #browser: Browser;

  private constructor(dist: string, browser: Browser) {
    this.dist = dist;
    this.#browser = browser;
  }

  static async open(): Promise<BrowserBench> {
    const dist = await mkdtemp(join(tmpdir(), 'pf-page-'));
    await buildComponents(dist);
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--disable-dev-shm-usage'],
    });
    return new BrowserBench(dist, browser);
  }

  async page(options: BrowserContextOptions = {}): Promise<Watched> {
    const context = await this.#browser.newContext({
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      colorScheme: 'dark',
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const trouble: string[] = [];
    page.on('pageerror', (error) => trouble.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') trouble.push(message.text());
    });
    return { page, trouble };
  }

  /** The process of a page. */
  renderer(): Promise<Renderer> {
    return Renderer.of(this.#browser);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await rm(this.dist, { recursive: true, force: true });
  }
}

/** How many pixels of a canvas have (nearly) this `#rrggbb`. */
export function countPixels(canvas: HTMLCanvasElement, hex: string): number {
  // A copy: reading from the canvas itself would change how the browser keeps it.
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const g = copy.getContext('2d', { willReadFrequently: true });
  if (g === null || canvas.width === 0) return 0;
  g.drawImage(canvas, 0, 0);
  const { data } = g.getImageData(0, 0, canvas.width, canvas.height);
  const wanted = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  let n = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = wanted.every((c, k) => Math.abs((data[i + k] ?? 0) - c) <= 2);
    if (near && (data[i + 3] ?? 0) > 250) n++;
  }
  return n;
}

/** Asks until the answer is the wanted one; says the last answer when it never is. */
export async function eventually<T>(
  ask: () => Promise<T>,
  wanted: (value: T) => boolean,
): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (wanted(value)) return value;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(value)}`);
    await Bun.sleep(50);
  }
}

const PATIENCE_MS = 10_000;
