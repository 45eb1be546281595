// Where an element's recording comes from: handed in, or read once by id. Keeps it through failures, says what is wrong
// beside it, and goes on asking a host that does not answer. Without either nothing is asked.
import { Task, TaskStatus } from '@lit-labs/task';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { Poller } from './poller.ts';
import { type ApiFailure, asFailure, type StatsApi } from './stats-api.ts';

export interface RecordingWish {
  readonly api: StatsApi;
  /** Data handed in: nothing is asked. */
  readonly given: Capture | undefined;
  readonly id: string | undefined;
}

export type SourceHost = ReactiveControllerHost & { readonly isConnected: boolean };

export class RecordingSource implements ReactiveController {
  readonly #host: SourceHost;
  readonly #wish: () => RecordingWish;
  readonly #poller: Poller;
  readonly #task: Task<readonly [StatsApi, string], Capture>;
  #asked: { readonly api: StatsApi; readonly id: string | undefined } | undefined;
  #held: Capture | undefined;
  #failure: ApiFailure | undefined;

  constructor(host: SourceHost, wish: () => RecordingWish) {
    this.#host = host;
    this.#wish = wish;
    this.#poller = new Poller({ ask: (signal) => this.#ask(signal) });
    host.addController(this);
    this.#task = new Task(host, {
      task: ([api, id], { signal }) => api.recording(id, signal),
      autoRun: false,
      onComplete: (capture) => this.#settle(capture, undefined),
      onError: (thrown) => this.#fail(thrown),
    });
  }

  get capture(): Capture | undefined {
    return this.#wish().given ?? this.#held;
  }

  /** Nothing has been answered yet. */
  get loading(): boolean {
    return this.#isWanted && this.#held === undefined && this.#failure === undefined;
  }

  get failure(): ApiFailure | undefined {
    return this.#wish().given === undefined ? this.#failure : undefined;
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const { api, id } = this.#wish();
    if (this.#asked?.api !== api || this.#asked?.id !== id) {
      this.#asked = { api, id };
      this.#held = undefined;
      this.#failure = undefined;
      this.#poller.stop();
    }
    if (this.#host.isConnected && this.#isDue) this.#poller.start();
    else this.#poller.stop();
  }

  hostDisconnected(): void {
    this.#poller.stop();
    this.#task.abort();
  }

  get #isWanted(): boolean {
    const { given, id } = this.#wish();
    return given === undefined && id !== undefined;
  }

  /** There is a recording to ask for, and a refusal is an answer. */
  get #isDue(): boolean {
    if (!this.#isWanted || this.#held !== undefined) return false;
    return this.#failure === undefined || this.#failure.kind === 'offline';
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

  #settle(capture: Capture | undefined, failure: ApiFailure | undefined): void {
    this.#held = capture;
    this.#failure = failure;
    this.#host.requestUpdate();
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    this.#settle(this.#held, asFailure(thrown));
  }
}
