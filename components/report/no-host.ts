// The StatsApi of a report: there is no host, and nothing is ever asked.
import type { ControlApi, StatsApi } from '../base/stats-api.ts';
import { ApiFailure } from '../base/stats-api.ts';

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

/** Nothing is live in a report, and nothing is asked again. */
export class NoFeed {
  start(): void {}
  stop(): void {}
  reset(): void {}
  again(): void {}
}
