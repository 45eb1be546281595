// The review of the recording that an element shows: its frames are asked for once the recording is there, read in a
// Worker, and let go with the element or the recording. A recording without frames has none, and that is no fault.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { Capture } from '../../contract/stats.ts';
import { ApiFailure, asFailure, type StatsApi } from '../base/stats-api.ts';
import { openReview, type ReviewClient } from './review-client.ts';

export interface ReviewWish {
  readonly api: StatsApi;
  /** Undefined: nothing to review yet, or a live capture. */
  readonly capture: Capture | undefined;
  /** Of the recording, where they are at hand already; given away. */
  readonly frames: ArrayBuffer | undefined;
  /** The recording was handed in: its frames are the ones handed in, and nothing is asked for. */
  readonly isGiven?: boolean;
  readonly workerUrl: string | URL | undefined;
}

type ReviewHost = ReactiveControllerHost & { readonly isConnected: boolean };

export class ReviewSource implements ReactiveController {
  readonly #host: ReviewHost;
  readonly #wish: () => ReviewWish;
  #reviewed: { readonly api: StatsApi; readonly capture: Capture } | undefined;
  #abort: AbortController | undefined;
  #client: ReviewClient | undefined;
  #share: number | undefined;
  #failure: ApiFailure | undefined;

  constructor(host: ReviewHost, wish: () => ReviewWish) {
    this.#host = host;
    this.#wish = wish;
    host.addController(this);
  }

  get client(): ReviewClient | undefined {
    return this.#client;
  }

  /** How much of the frames is read, 0 to 1; undefined while nothing is. */
  get share(): number | undefined {
    return this.#share;
  }

  /** Why there are windows alone although the recording has frames. */
  get failure(): ApiFailure | undefined {
    return this.#failure;
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostUpdate(): void {
    // An element may be told something after it was taken out: nobody would end what began then.
    if (!this.#host.isConnected) return;
    const { api, capture } = this.#wish();
    if (this.#reviewed?.capture === capture && this.#reviewed?.api === api) return;
    this.#close();
    if (capture === undefined) return;
    this.#reviewed = { api, capture };
    void this.#open(capture);
  }

  hostDisconnected(): void {
    this.#close();
  }

  #close(): void {
    this.#abort?.abort();
    this.#client?.close();
    this.#reviewed = undefined;
    this.#client = undefined;
    this.#share = undefined;
    this.#failure = undefined;
  }

  async #open(capture: Capture): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const { workerUrl } = this.#wish();
    try {
      const frames = this.#framesOf(capture, abort.signal);
      const client = await openReview({
        ...{ capture, frames, workerUrl, signal: abort.signal },
        onProgress: (share) => {
          this.#share = share;
          this.#host.requestUpdate();
        },
      });
      if (abort.signal.aborted) {
        client.close();
        return;
      }
      this.#client = client;
    } catch (thrown) {
      if (abort.signal.aborted) return;
      this.#failure =
        thrown instanceof ApiFailure
          ? thrown
          : new ApiFailure('unreadable', asFailure(thrown).message);
    }
    this.#share = undefined;
    this.#host.requestUpdate();
  }

  async #framesOf({ meta }: Capture, signal: AbortSignal): Promise<ArrayBuffer | undefined> {
    const { api, frames, isGiven } = this.#wish();
    if (frames !== undefined || isGiven === true) return frames;
    if ((meta.frame_count ?? 0) === 0 || api.recordingFrames === undefined) return undefined;
    this.#share = 0;
    this.#host.requestUpdate();
    try {
      return await api.recordingFrames(meta.id, signal);
    } catch (thrown) {
      // The file of frames may be gone while the recording is there.
      if (thrown instanceof ApiFailure && thrown.code === 'no_frames') return undefined;
      throw thrown;
    }
  }
}
