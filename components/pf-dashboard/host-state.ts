// Everything the page knows about its host: asked on one beat, followed by events. Keeps what was last known through
// failures, and does not ask again for what the token may not see or the API does not have.
import { Task, TaskStatus } from '@lit-labs/task';
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { PairedClient, PairingState } from '../../contract/clients.ts';
import type { EventTopic, HostEvent } from '../../contract/events.ts';
import type { HostInfo, HostStatus, SessionInfo } from '../../contract/host.ts';
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { Feed } from '../base/feed.ts';
import { impatient } from '../base/impatient.ts';
import { Poller, realTimers } from '../base/poller.ts';
import { isForbidden, isLacking } from '../base/rights.ts';
import { type ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';

type StateHost = ReactiveControllerHost & { readonly isConnected: boolean };
type Question = 'status' | 'info' | 'hostStatus';

export class HostState implements ReactiveController {
  /** Of the recorder. */
  status: StatsStatus | undefined;
  info: HostInfo | undefined;
  hostStatus: HostStatus | undefined;
  recordings: readonly CaptureMeta[] | undefined;
  sessions: readonly SessionInfo[] | undefined;
  clients: readonly PairedClient[] | undefined;
  pairing: PairingState | undefined;
  /** What stands between the page and its host as a whole. */
  failure: ApiFailure | undefined;
  /** The host ended while something was recorded, and came back without: the live view tells what became of that. */
  wasCut = false;

  readonly #host: StateHost;
  readonly #api: () => StatsApi;
  readonly #poller: Poller;
  readonly #feed: Feed;
  readonly #list: Task<readonly [StatsApi], readonly CaptureMeta[]>;
  readonly #refused = new Map<Question | EventTopic, ApiFailure>();
  #asked: StatsApi | undefined;
  #answered = false;
  /** The list may be another one than what is shown. */
  #listStale = true;

  constructor(host: StateHost, api: () => StatsApi) {
    this.#host = host;
    this.#api = api;
    this.#poller = new Poller({
      ask: (signal) => this.#ask(signal),
      timers: impatient(realTimers, () => this.failure?.kind === 'offline'),
    });
    this.#feed = new Feed({
      api,
      topics: ['pairing', 'clients', 'sessions', 'captures'],
      onEvent: (event) => this.#settle(event),
      onFailure: (topic, failure) => this.#refuse(topic, failure),
    });
    host.addController(this);
    this.#list = new Task(host, {
      task: ([asked], { signal }) => asked.recordings(signal),
      args: () => [api()] as const,
      autoRun: false,
      onComplete: (list) => {
        this.recordings = list;
      },
      onError: (thrown) => this.#fail(thrown),
    });
  }

  /** Status and who the host is were asked for together, and what of it there is came. */
  get hasAnswered(): boolean {
    return this.#answered;
  }

  /** Why a question will never be answered here; undefined: it may be. */
  refusal(question: Question | EventTopic): ApiFailure | undefined {
    return this.#refused.get(question);
  }

  /** The user did something: the recordings, and where things stand, are asked for at once. */
  refresh(): void {
    this.#listStale = true;
    this.#poller.now();
  }

  /** The user changed a list of the host. */
  refreshLists(): void {
    void this.#feed.refresh();
    this.#poller.now();
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const api = this.#api();
    if (this.#asked !== api) {
      this.#asked = api;
      this.#forget();
    }
    if (!this.#host.isConnected) return;
    this.#poller.start();
    // A token that is not accepted is asked for first, and by one question at a time.
    if (this.#answered) this.#feed.start();
  }

  hostDisconnected(): void {
    this.#poller.stop();
    this.#feed.stop();
    this.#list.abort();
  }

  #forget(): void {
    this.status = undefined;
    this.info = undefined;
    this.hostStatus = undefined;
    this.recordings = undefined;
    this.sessions = undefined;
    this.clients = undefined;
    this.pairing = undefined;
    this.failure = undefined;
    this.wasCut = false;
    this.#refused.clear();
    this.#answered = false;
    this.#listStale = true;
    this.#poller.stop();
    this.#feed.reset();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const api = this.#api();
    try {
      const [status, info, hostStatus] = await Promise.all([
        this.#unlessRefused('status', () => api.status(signal)),
        this.#unlessRefused('info', () => api.hostInfo(signal)),
        this.#unlessRefused('hostStatus', async () => api.hostStatus?.(signal)),
      ]);
      if (signal.aborted) return;
      this.#answered = true;
      if (status?.armed === true) this.wasCut = false;
      else if (this.status?.armed === true) {
        this.wasCut = (info?.started_unix_ms ?? 0) > this.status.started_unix_ms;
        // Somebody else may have stopped the capture: then the list has grown, and the newest one is what will be shown.
        await this.#readList();
        if (signal.aborted) return;
      }
      this.#hearOfSaved(status);
      this.status = status;
      this.info = info;
      this.hostStatus = hostStatus;
      if (info !== undefined) this.sessions = info.sessions;
      this.failure = undefined;
      this.#host.requestUpdate();
      if (this.#listStale && !this.#refused.has('status')) await this.#readList();
    } catch (thrown) {
      if (signal.aborted) return;
      this.#fail(thrown);
      throw thrown;
    }
  }

  async #unlessRefused<T>(question: Question, ask: () => Promise<T>): Promise<T | undefined> {
    if (this.#refused.has(question)) return undefined;
    try {
      return await ask();
    } catch (thrown) {
      const failure = asFailure(thrown);
      if (!isForbidden(failure) && !(isLacking(failure) && question === 'hostStatus')) throw thrown;
      this.#refused.set(question, failure);
      return undefined;
    }
  }

  async #readList(): Promise<void> {
    await this.#list.run();
    this.#listStale = this.#list.status === TaskStatus.ERROR;
  }

  #settle(event: HostEvent): void {
    switch (event.topic) {
      case 'pairing':
        this.pairing = event.pairing;
        break;
      case 'clients':
        this.clients = event.clients;
        break;
      case 'sessions':
        this.sessions = event.sessions;
        break;
      case 'captures':
        this.#heard(event.status);
        break;
    }
    this.#host.requestUpdate();
  }

  /** Of the recorder. That somebody started or stopped it is more than its status: everything is asked at once. */
  #heard(status: StatsStatus): void {
    if (this.status !== undefined && this.status.armed !== status.armed) {
      this.#poller.now();
      return;
    }
    this.#hearOfSaved(status);
    this.status = status;
    if (this.#listStale) this.#poller.now();
  }

  /** What the black box saved by itself stands in the list too. */
  #hearOfSaved(status: StatsStatus | undefined): void {
    const [before, now] = [this.status?.black_box?.saved ?? 0, status?.black_box?.saved ?? 0];
    if (this.status !== undefined && now > before) this.#listStale = true;
  }

  /** Passing trouble shows with the next question on the beat. */
  #refuse(topic: EventTopic, failure: ApiFailure | undefined): void {
    if (failure === undefined || !(isForbidden(failure) || isLacking(failure))) return;
    this.#refused.set(topic, failure);
    this.#host.requestUpdate();
  }

  #fail(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    this.failure = asFailure(thrown);
    this.#host.requestUpdate();
  }
}
