// Where a chart's capture comes from: handed in, read once by id, or the live capture followed. Keeps the last good data
// through failures; says what is wrong beside it, and goes on asking a host that does not answer.
import { Task, TaskStatus } from '@lit-labs/task';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { CaptureFeed } from './capture-feed.ts';
import { Poller } from './poller.ts';
import { type ApiFailure, asFailure, type StatsApi } from './stats-api.ts';
import type { Slept } from './wake.ts';

export interface CaptureWish {
  readonly api: StatsApi;
  /** Data handed in: nothing is asked. */
  readonly given: Capture | undefined;
  /** Undefined: the live capture. */
  readonly id: string | undefined;
}

/** A live capture that is no more: what was held of it last. */
export interface EndedCapture {
  readonly capture: Capture;
  /** The host said that it stopped, and what it was saved as; undefined: it said nothing. */
  readonly stopped: { readonly id: string | undefined } | undefined;
}

type SourceHost = ReactiveControllerHost & { readonly isConnected: boolean };

export class CaptureSource implements ReactiveController {
  readonly #host: SourceHost;
  readonly #wish: () => CaptureWish;
  readonly #feed: CaptureFeed;
  readonly #poller: Poller;
  readonly #task: Task<readonly [StatsApi, string], Capture>;
  #asked: { readonly api: StatsApi; readonly id: string | undefined } | undefined;
  #held: Capture | undefined;
  #answered = false;
  #failure: ApiFailure | undefined;
  #ended: EndedCapture | undefined;
  #stopped: EndedCapture['stopped'];
  #slept: Slept | undefined;

  constructor(host: SourceHost, wish: () => CaptureWish) {
    this.#host = host;
    this.#wish = wish;
    this.#feed = new CaptureFeed({
      api: () => wish().api,
      onCapture: (capture) => this.#settle(capture),
      onFailure: (failure) => this.#say(failure),
      onStopped: (id) => {
        this.#stopped = { id };
      },
      onSlept: (slept) => {
        this.#slept = slept;
        this.#host.requestUpdate();
      },
    });
    this.#poller = new Poller({ ask: (signal) => this.#ask(signal) });
    host.addController(this);
    this.#task = new Task(host, {
      task: ([api, id], { signal }) => api.recording(id, signal),
      autoRun: false,
      onComplete: (capture) => this.#settle(capture),
      onError: (thrown) => this.#fail(thrown),
    });
  }

  /** Undefined while loading, and when there is no live capture. */
  get capture(): Capture | undefined {
    return this.#wish().given ?? this.#held;
  }

  get live(): boolean {
    const { given, id } = this.#wish();
    return given === undefined && id === undefined;
  }

  /** Nothing has been answered yet. */
  get loading(): boolean {
    return this.#wish().given === undefined && !this.#answered;
  }

  get failure(): ApiFailure | undefined {
    return this.#wish().given === undefined ? this.#failure : undefined;
  }

  /** The live capture that was followed until there was none any more. */
  get ended(): EndedCapture | undefined {
    return this.live ? this.#ended : undefined;
  }

  /** When this machine slept last, while the live capture was followed. */
  get slept(): Slept | undefined {
    return this.#slept;
  }

  /** The user did something that the capture will show. */
  again(): void {
    this.#feed.again();
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const { api, id } = this.#wish();
    if (this.#asked?.api !== api || this.#asked?.id !== id) {
      this.#asked = { api, id };
      this.#held = undefined;
      this.#answered = false;
      this.#failure = undefined;
      this.#ended = undefined;
      this.#slept = undefined;
      this.#feed.reset();
      this.#poller.stop();
    }
    const { isConnected } = this.#host;
    if (isConnected && this.live) this.#feed.start();
    else this.#feed.stop();
    if (isConnected && !this.live && !this.#settled) this.#poller.start();
    else this.#poller.stop();
  }

  hostDisconnected(): void {
    this.#feed.stop();
    this.#poller.stop();
    this.#task.abort();
  }

  /** There is no recording to ask for any more. */
  get #settled(): boolean {
    if (this.#wish().given !== undefined) return true;
    return this.#held !== undefined || (this.#answered && this.#failure?.kind !== 'offline');
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { api, id } = this.#wish();
    if (id === undefined) return;
    const giveUp = (): void => this.#task.abort();
    signal.addEventListener('abort', giveUp, { once: true });
    await this.#task.run([api, id]);
    signal.removeEventListener('abort', giveUp);
    if (this.#task.status === TaskStatus.ERROR) throw this.#task.error;
  }

  #settle(capture: Capture | undefined): void {
    if (capture !== undefined) this.#ended = undefined;
    else if (this.#held !== undefined) {
      this.#ended = { capture: this.#held, stopped: this.#stopped };
    }
    this.#stopped = undefined;
    this.#held = capture;
    this.#answered = true;
    this.#failure = undefined;
    this.#host.requestUpdate();
  }

  #say(failure: ApiFailure | undefined): void {
    if (failure !== undefined) this.#answered = true;
    if (failure === this.#failure) return;
    this.#failure = failure;
    this.#host.requestUpdate();
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    this.#say(asFailure(thrown));
  }
}
