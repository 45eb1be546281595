// What became of a live capture that is no more: the recording that it was saved as, or that the host's next start made of
// its journal. Asked for until it is there, or until it is clear that there is none.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { CaptureMeta } from '../../contract/stats.ts';
import type { EndedCapture } from '../base/capture-source.ts';
import { Poller } from '../base/poller.ts';
import type { StatsApi } from '../base/stats-api.ts';

export class Ended implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly isConnected: boolean };
  readonly #wish: () => { readonly api: StatsApi; readonly ended: EndedCapture | undefined };
  readonly #poller = new Poller({ ask: (signal) => this.#ask(signal) });
  #ended: EndedCapture | undefined;
  #found: CaptureMeta | undefined;
  #tries = 0;

  constructor(
    host: ReactiveControllerHost & { readonly isConnected: boolean },
    wish: () => { readonly api: StatsApi; readonly ended: EndedCapture | undefined },
  ) {
    this.#host = host;
    this.#wish = wish;
    host.addController(this);
  }

  /** What it is now; undefined while it is looked for, and when it is not there. */
  get recording(): CaptureMeta | undefined {
    return this.#found;
  }

  /** It may still come. */
  get isLooking(): boolean {
    return this.#found === undefined && this.#tries < MOST_TRIES;
  }

  hostUpdate(): void {
    const { ended } = this.#wish();
    if (this.#ended !== ended) {
      this.#ended = ended;
      this.#found = undefined;
      this.#tries = 0;
    }
    if (this.#host.isConnected && ended !== undefined && this.isLooking) this.#poller.start();
    else this.#poller.stop();
  }

  hostDisconnected(): void {
    this.#poller.stop();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { api, ended } = this.#wish();
    if (ended === undefined) return;
    const list = await api.recordings(signal);
    if (signal.aborted) return;
    const { started_unix_ms } = ended.capture.meta;
    const isIt = (meta: CaptureMeta): boolean =>
      meta.started_unix_ms === started_unix_ms || meta.id === ended.stopped?.id;
    this.#found = list.find((meta) => meta.damaged === undefined && isIt(meta));
    this.#tries += 1;
    this.#host.requestUpdate();
  }
}

/** A journal of three hours is finished in seconds; half a minute after the start there is nothing more to come. */
const MOST_TRIES = 15;
