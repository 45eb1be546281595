// Elements by themselves on somebody's page, where no page of ours limits or colours them: on a 4K screen a figure stays
// beside its name, and with more contrast or forced colours every button has an edge.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { BrowserBench } from '../support/browser.ts';
import { TIMEOUT_MS } from '../support/page.ts';
import { PageHost } from '../support/page-host.ts';
import { furnish } from '../support/seeded-devices.ts';
import { everyRecording } from '../support/seeded-recordings.ts';

const TAGS = ['pf-retention', 'pf-tokens', 'pf-clients', 'pf-recordings-list'] as const;
let bench: BrowserBench;
let site: Bun.Server<undefined>;

beforeAll(async () => {
  bench = await BrowserBench.open();
  site = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => {
      const { pathname } = new URL(url);
      return pathname.endsWith('.js')
        ? new Response(Bun.file(`${bench.dist}/components${pathname}`))
        : new Response(
            '<!doctype html><html lang="en"><title>Somebody’s page</title><script type="module" src="/punktfunk.js"></script><body><main></main>',
            { headers: { 'content-type': 'text/html; charset=utf-8' } },
          );
    },
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await site.stop(true);
  await bench[Symbol.asyncDispose]();
});

async function open(options: Parameters<BrowserBench['page']>[0]) {
  const origin = `http://127.0.0.1:${site.port}`;
  const host = new PageHost({ recordings: everyRecording(), origins: [origin] });
  furnish(host.devices);
  const { page } = await bench.page(options);
  await page.goto(origin);
  await page.evaluate(
    ([tags, url, token]) => {
      for (const tag of tags) {
        const el = Object.assign(document.createElement(tag), { host: url, token });
        document.querySelector('main')?.append(el);
      }
    },
    [TAGS, host.url, host.token] as const,
  );
  await page.locator('pf-tokens').getByRole('button', { name: 'Revoke' }).first().waitFor();
  await page.locator('pf-retention dl').waitFor();
  await page.locator('pf-recordings-list').getByRole('button', { name: 'Trash' }).waitFor();
  return { page, host };
}

test(
  'on a 4K screen figures and fields keep to what an eye can follow',
  async () => {
    const { page, host } = await open({ viewport: { width: 3840, height: 2000 } });
    const widths = await page.evaluate(() => {
      const of = (tag: string, inside: string): number[] => {
        const root = document.querySelector(tag)?.shadowRoot;
        return [...(root?.querySelectorAll(inside) ?? [])].map(
          (el) => el.getBoundingClientRect().width,
        );
      };
      return { rows: of('pf-retention', 'dl .row'), fields: of('pf-tokens', '.make .field') };
    });
    expect(widths.rows.length).toBeGreaterThan(2);
    expect(Math.max(...widths.rows)).toBeLessThanOrEqual(640);
    expect(widths.fields.length).toBe(2);
    expect(Math.max(...widths.fields)).toBeLessThanOrEqual(480);
    await page.context().close();
    host[Symbol.dispose]();
  },
  TIMEOUT_MS,
);

test.each([
  ['more contrast, light', { contrast: 'more', colorScheme: 'light' }],
  ['more contrast, dark', { contrast: 'more' }],
  ['forced colours', { forcedColors: 'active' }],
] as const)(
  'every button has an edge: %s',
  async (_name, options) => {
    const { page, host } = await open(options);
    const edges = await page.evaluate(
      (tags) =>
        tags.flatMap((tag) =>
          [...(document.querySelector(tag)?.shadowRoot?.querySelectorAll('.btn') ?? [])].map(
            (el) => {
              const { borderTopColor, borderTopWidth } = getComputedStyle(el);
              return `${borderTopWidth} ${borderTopColor}`;
            },
          ),
        ),
      TAGS,
    );
    expect(edges.length).toBeGreaterThan(6);
    expect(edges.filter((edge) => /^0px|rgba\(.*, 0\)|transparent/.test(edge))).toEqual([]);
    await page.context().close();
    host[Symbol.dispose]();
  },
  TIMEOUT_MS,
);
