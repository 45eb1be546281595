// What the live view costs the page’s main thread: four sessions, an hour of windows behind them, every session telling a
// window a second; in the span that is shown first, whose axis moves with every window, and in all of it. CPU time of all
// tasks of the renderer’s main thread, by its own count, layout and painting included, less what the asking takes.
import type { Page } from 'playwright-core';
import type { CaptureNews, Following, StatsApi } from '../components/base/stats-api.ts';
import type { Capture } from '../contract/stats.ts';

export type LiveSpan = '2 min' | 'all';

export interface LiveCost {
  readonly span: LiveSpan;
  /** Of one tick, ms: all of the time divided by the ticks. */
  readonly meanMs: number;
  readonly p90Ms: number;
  readonly maxMs: number;
  readonly ticks: number;
}

export interface LiveLoad {
  readonly sessions: number;
  readonly windows: number;
  readonly ticks: number;
}

export const HOUR: LiveLoad = { sessions: 4, windows: 3600, ticks: 48 };

/** In both spans: what a user sees first, and the whole hour. */
export async function liveCosts(page: Page, load: LiveLoad = HOUR): Promise<readonly LiveCost[]> {
  return [await liveCost(page, '2 min', load), await liveCost(page, 'all', load)];
}

/** The span that costs more decides. */
export const dearest = (costs: readonly LiveCost[]): LiveCost =>
  costs.reduce((a, b) => (b.meanMs > a.meanMs ? b : a));

/** `page` has the elements loaded. The capture is handed in: what the network costs is the same for every page. */
async function liveCost(page: Page, span: LiveSpan, load: LiveLoad): Promise<LiveCost> {
  await page.evaluate(show, load);
  await page.getByRole('button', { name: BUTTONS[span] }).click();
  await page.waitForTimeout(SETTLE_MS);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskMs = async (): Promise<number> => {
    const { metrics } = await cdp.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
  };
  const costsOf = async (event: string, ticks: number): Promise<number[]> => {
    const costs: number[] = [];
    let before = await taskMs();
    for (let tick = 0; tick < ticks; tick += 1) {
      await page.evaluate(([type, n]) => dispatchEvent(new CustomEvent(type, { detail: n })), [
        event,
        tick,
      ] as const);
      await page.waitForTimeout(1000 / load.sessions);
      const now = await taskMs();
      costs.push(now - before);
      before = now;
    }
    return costs;
  };
  // To ask costs something too: as much as for ticks that nobody hears.
  const asked = (await costsOf('pf-bench-nothing', IDLE_ROUNDS)).toSorted((a, b) => a - b);
  const idleMs = asked[IDLE_ROUNDS >> 1] ?? 0;
  await costsOf('pf-bench-tick', load.sessions);
  const costs = (await costsOf('pf-bench-tick', load.ticks)).map((ms) => Math.max(0, ms - idleMs));
  await cdp.detach();
  const rising = costs.toSorted((a, b) => a - b);
  return {
    span,
    meanMs: costs.reduce((sum, ms) => sum + ms, 0) / costs.length,
    p90Ms: rising[Math.ceil(rising.length * 0.9) - 1] ?? Number.NaN,
    maxMs: rising.at(-1) ?? Number.NaN,
    ticks: costs.length,
  };
}

/** Runs in the page: a live view of a capture that a tick adds one window of one session to. */
function show({ sessions, windows }: LiveLoad): void {
  const window = (session: number, t_ms: number) => {
    const jitter = Math.abs(Math.sin(t_ms * 12.9898 + session) * 43_758.5453) % 1;
    const stage = (name: 'capture' | 'encode' | 'packetize' | 'send', us: number) => ({
      ...{ name, p50_us: us * (0.9 + jitter / 5), p99_us: us * (1.2 + jitter) },
    });
    return {
      ...{ t_ms, session_id: session, fps: 120, repeat_fps: 0, mbps: 38 + jitter },
      stages: [
        ...[stage('capture', 800), stage('encode', 3200)],
        ...[stage('packetize', 360), stage('send', 1100)],
      ],
      ...{ bitrate_kbps: 40_000, window_ms: 1000, frames: 120, frames_dropped: 0 },
      ...{
        packets_dropped: 0,
        send_dropped: 0,
        fec_recovered: 0,
        frames_late: jitter > 0.99 ? 2 : 0,
      },
      ...{
        total_p50_us: 5600,
        total_p99_us: 7000 + jitter * 2000,
        total_max_us: 8000 + jitter * 9000,
      },
    };
  };
  const startedUnixMs = Date.now() - windows * 1000;
  const ids = Array.from({ length: sessions }, (_, i) => i + 1);
  const entries = ids.map((session_id) => ({
    ...{ session_id, kind: 'gamestream' as const, width: 1920, height: 1080, fps: 120 },
    ...{ codec: 'hevc' as const, client: `Deck ${session_id}`, source: 'x11', encoder: 'nvenc' },
    started_t_ms: 0,
  }));
  const capture: Capture = {
    meta: {
      ...{ id: 'bench', started_unix_ms: startedUnixMs, kind: 'gamestream' },
      ...{ duration_ms: windows * 1000, width: 1920, height: 1080, fps: 120, codec: 'hevc' },
      ...{ client: 'Deck 1', sample_count: windows * sessions },
    },
    sessions: entries,
    events: [],
    samples: Array.from({ length: windows * sessions }, (_, i) =>
      window((i % sessions) + 1, (Math.floor(i / sessions) + 1) * 1000),
    ),
  };
  let tell: ((news: CaptureNews) => void) | undefined;
  const api: Partial<StatsApi> = {
    live: async () => capture,
    status: async () => ({ armed: true, sample_count: 0, started_unix_ms: 1, kind: 'gamestream' }),
    followCapture: ({ onOpen, onNews }: Following, signal: AbortSignal) => {
      onOpen();
      onNews({ kind: 'reset' }, '0');
      tell = (news) => onNews(news, '1');
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    },
    mark: async (text) => ({ t_ms: 0, kind: 'marker', detail: { text } }),
  };
  let told = 0;
  const live = document.createElement('pf-live');
  addEventListener('pf-bench-tick', () => {
    if (!live.isConnected) return;
    const n = told;
    told += 1;
    // Told when it ended, as a host does: one that told them long after would be shown by the clock instead.
    const t_ms = Date.now() - startedUnixMs;
    tell?.({ kind: 'sample', sample: window((n % sessions) + 1, t_ms) });
  });
  // The view asks what is here, and nothing else.
  live.api = api as StatsApi;
  document.body.replaceChildren(live);
}

const BUTTONS: Readonly<Record<LiveSpan, RegExp>> = { '2 min': /^Last 2\smin$/, all: /^All$/ };
const IDLE_ROUNDS = 9;
/** The first drawing is over. */
const SETTLE_MS = 1500;

/** `bun bench/page-live.ts` alone; bench/page.ts prints it as a row. */
if (import.meta.main) {
  const { BrowserBench } = await import('../tests/support/browser.ts');
  await using bench = await BrowserBench.open();
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) =>
      url.endsWith('.js')
        ? new Response(Bun.file(`${bench.dist}/components/punktfunk.js`))
        : new Response('<!doctype html><script type="module" src="/punktfunk.js"></script>', {
            headers: { 'content-type': 'text/html' },
          }),
  });
  const { page, trouble } = await bench.page({ viewport: { width: 1600, height: 900 } });
  await page.goto(server.url.href);
  await page.waitForFunction(() => customElements.get('pf-live') !== undefined);
  for (const { span, meanMs, p90Ms, maxMs, ticks } of await liveCosts(page)) {
    console.log(
      `live view, 4 sessions, 1 h recorded, ${span} shown: ${meanMs.toFixed(2)} ms of main thread a tick (p90 ${p90Ms.toFixed(2)}, most ${maxMs.toFixed(2)}, ${ticks} ticks)`,
    );
  }
  for (const one of trouble) console.log(one);
  await server.stop(true);
}
