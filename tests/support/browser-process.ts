// The process of a page in Chromium, as the kernel sees it: its memory, and how long its threads waited for a core.
import { readdirSync, readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';

export class Renderer {
  readonly pid: number;

  private constructor(pid: number) {
    this.pid = pid;
  }

  /** The largest there is: of one page among spare ones that is the page's, once it has loaded something. */
  static async of(browser: Browser): Promise<Renderer> {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    const renderers = processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) => new Renderer(id));
    const [largest] = renderers.toSorted((a, b) => b.ownMb() - a.ownMb());
    if (largest === undefined) throw new Error('the browser has no page');
    return largest;
  }

  /** Memory that no other process has: anonymous and shared, not the browser's own files. */
  ownMb(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kB = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return (kB('RssAnon') + kB('RssShmem')) / 1000;
  }

  /** Of the page's own thread, since it began. */
  thread(): Thread {
    return threadAt(`/proc/${this.pid}/task/${this.pid}`);
  }

  /** CPU of the page's thread and of its Workers so far, ms: what of a question they work on one after the other. */
  workMs(): number {
    const tasks = readdirSync(`/proc/${this.pid}/task`).map((id) => `/proc/${this.pid}/task/${id}`);
    return tasks.reduce((sum, folder) => {
      try {
        const isOurs =
          folder.endsWith(`/${this.pid}`) ||
          readFileSync(`${folder}/comm`, 'utf8').startsWith('DedicatedWorker');
        return isOurs ? sum + threadAt(folder).ranMs : sum;
      } catch {
        // The thread ended while we read.
        return sum;
      }
    }, 0);
  }
}

export interface Thread {
  readonly ranMs: number;
  /** It wanted a core and got none. */
  readonly waitedMs: number;
}

/** "running waiting slices", ns. */
function threadAt(folder: string): Thread {
  const [ran = 0, waited = 0] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ').map(Number);
  return { ranMs: ran / 1e6, waitedMs: waited / 1e6 };
}
