// What stands in a report where elsewhere a host is asked: it has none, and shows what it was given.
import type { Capture } from '../../contract/stats.ts';
import type { CaptureSource } from '../base/capture-source.ts';
import type { RecordingWish } from '../base/recording-source.ts';
import type { ControlApi, StatsApi } from '../base/stats-api.ts';
import { ApiFailure } from '../base/stats-api.ts';
import type { Acts } from '../pf-recording-detail/acts.ts';

export class NoHostApi implements ControlApi, StatsApi {
  status = refused;
  start = refused;
  stop = refused;
  live = refused;
  recordings = refused;
  recording = refused;
  recordingFile = refused;
  deleteRecording = refused;
  hostInfo = refused;
  testStream = refused;
  startTestStream = refused;
  stopTestStream = refused;
}

function refused(): Promise<never> {
  return Promise.reject(new ApiFailure('refused', 'A report has no host to ask.'));
}

/** Nothing is live in a report, and nothing has to be read. */
export class Given implements Pick<CaptureSource, 'capture' | 'live' | 'loading' | 'failure'> {
  readonly live = false;
  readonly loading = false;
  readonly failure = undefined;
  readonly #wish: () => RecordingWish;

  constructor(_host: unknown, wish: () => RecordingWish) {
    this.#wish = wish;
  }

  get capture(): Capture | undefined {
    return this.#wish().given;
  }
}

/** There is no file to save but the one that is open. */
export class NoActs implements Record<keyof Acts, unknown> {
  readonly failure = undefined;
  forget(): void {}
  render(): undefined {}
}
