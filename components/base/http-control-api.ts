// ControlApi over HTTP: state, start and stop of a capture. Alone, because a page with nothing but the control should not
// load what reads recordings.
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { type HttpOptions, HttpTransport } from './http.ts';
import { parseMeta, parseStatus } from './parse-status.ts';
import type { ControlApi } from './stats-api.ts';

export class HttpControlApi implements ControlApi {
  protected readonly http: HttpTransport;

  constructor(options: HttpOptions) {
    this.http = new HttpTransport(options);
  }

  async status(signal?: AbortSignal): Promise<StatsStatus> {
    return parseStatus(await this.http.json({ path: '/stats/capture/status', signal }));
  }

  async start(signal?: AbortSignal): Promise<StatsStatus> {
    const path = '/stats/capture/start';
    return parseStatus(await this.http.json({ method: 'POST', path, signal }));
  }

  async stop(signal?: AbortSignal): Promise<CaptureMeta | undefined> {
    const path = '/stats/capture/stop';
    // Saving writes the whole file: it may take longer than an ordinary answer.
    const timeoutMs = LONG_TIMEOUT_MS;
    const saved = await this.http.json({ method: 'POST', path, timeoutMs, signal });
    return saved === undefined ? undefined : parseMeta(saved);
  }
}

export const LONG_TIMEOUT_MS = 60_000;
