// Where a chart's capture comes from: one recording, or, where none is wanted, the live capture followed. Keeps the last
// good data through failures, and says what is wrong beside it.
import type { ReactiveController } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { CaptureFeed } from './capture-feed.ts';
import { RecordingSource, type RecordingWish, type SourceHost } from './recording-source.ts';
import type { ApiFailure, StatsApi } from './stats-api.ts';
import type { Slept } from './wake.ts';

/** A live capture that is no more: what was held of it last. */
export interface EndedCapture {
  readonly capture: Capture;
  /** The host said that it stopped, and what it was saved as; undefined: it said nothing. */
  readonly stopped: { readonly id: string | undefined } | undefined;
}

export class CaptureSource implements ReactiveController {
  readonly #host: SourceHost;
  readonly #wish: () => RecordingWish;
  readonly #recording: RecordingSource;
  readonly #feed: CaptureFeed;
  /** Whose live capture is followed; undefined while a recording is wanted. */
  #followed: StatsApi | undefined;
  #held: Capture | undefined;
  #answered = false;
  #failure: ApiFailure | undefined;
  #ended: EndedCapture | undefined;
  #stopped: EndedCapture['stopped'];
  #slept: Slept | undefined;

  constructor(host: SourceHost, wish: () => RecordingWish) {
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
    this.#recording = new RecordingSource(host, wish);
    host.addController(this);
  }

  /** Undefined while loading, and when there is no live capture. */
  get capture(): Capture | undefined {
    return this.live ? this.#held : this.#recording.capture;
  }

  get live(): boolean {
    const { given, id } = this.#wish();
    return given === undefined && id === undefined;
  }

  /** Nothing has been answered yet. */
  get loading(): boolean {
    return this.live ? !this.#answered : this.#recording.loading;
  }

  get failure(): ApiFailure | undefined {
    return this.live ? this.#failure : this.#recording.failure;
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

  hostUpdate(): void {
    const followed = this.live ? this.#wish().api : undefined;
    if (this.#followed !== followed) {
      this.#followed = followed;
      this.#held = undefined;
      this.#answered = false;
      this.#failure = undefined;
      this.#ended = undefined;
      this.#slept = undefined;
      this.#feed.reset();
    }
    if (this.#host.isConnected && followed !== undefined) this.#feed.start();
    else this.#feed.stop();
  }

  hostDisconnected(): void {
    this.#feed.stop();
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
}
