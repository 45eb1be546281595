// One list of the host for one element: handed in by a page that follows the host itself, else followed here. Keeps the
// last good list through failures and says what is wrong beside it.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { EventTopic, HostEvent } from '../../contract/events.ts';
import { Feed } from './feed.ts';
import type { ApiFailure, StatsApi } from './stats-api.ts';

export interface HostListOptions<T> {
  readonly topic: EventTopic;
  readonly api: () => StatsApi;
  /** Undefined: nobody hands it in. */
  readonly given: () => T | undefined;
  /** Why there is none, known to whoever would hand it in: then nothing is asked here. */
  readonly refusal: () => ApiFailure | undefined;
  readonly read: (event: HostEvent) => T | undefined;
}

type ListHost = ReactiveControllerHost & { readonly isConnected: boolean };

export class HostList<T> implements ReactiveController {
  readonly #host: ListHost;
  readonly #options: HostListOptions<T>;
  readonly #feed: Feed;
  #api: StatsApi | undefined;
  #held: T | undefined;
  #failure: ApiFailure | undefined;

  constructor(host: ListHost, options: HostListOptions<T>) {
    this.#host = host;
    this.#options = options;
    this.#feed = new Feed({
      api: options.api,
      topics: [options.topic],
      onEvent: (event) => this.#settle(options.read(event)),
      onFailure: (_topic, failure) => this.#fail(failure),
    });
    host.addController(this);
  }

  /** Undefined while loading. */
  get value(): T | undefined {
    return this.#options.given() ?? this.#held;
  }

  get failure(): ApiFailure | undefined {
    if (this.#options.given() !== undefined) return undefined;
    return this.#options.refusal() ?? this.#failure;
  }

  /** What the host answered to a change: shown until the next list comes. */
  put(value: T): void {
    this.#held = value;
    this.#host.requestUpdate();
  }

  /** The user changed something. */
  refresh(): void {
    // Who follows the host for us was told by an event.
    if (this.#follows) void this.#feed.refresh();
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const api = this.#options.api();
    if (this.#api !== api) {
      this.#api = api;
      this.#held = undefined;
      this.#failure = undefined;
      this.#feed.reset();
    }
    if (this.#host.isConnected && this.#follows) this.#feed.start();
    else this.#feed.stop();
  }

  hostDisconnected(): void {
    this.#feed.stop();
  }

  get #follows(): boolean {
    return this.#options.given() === undefined && this.#options.refusal() === undefined;
  }

  #settle(value: T | undefined): void {
    if (value !== undefined) this.put(value);
  }

  #fail(failure: ApiFailure | undefined): void {
    if (this.#failure === failure) return;
    this.#failure = failure;
    this.#host.requestUpdate();
  }
}
