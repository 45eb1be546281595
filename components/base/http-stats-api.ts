// StatsApi over HTTP. Every answer is checked before it is believed (parse.ts).
import type { HostInfo } from '../../contract/host.ts';
import type {
  Capture,
  CaptureEvent,
  CaptureMeta,
  RecordingChange,
  StatsStatus,
} from '../../contract/stats.ts';
import type { TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';
import { followEvents } from './event-stream.ts';
import { LONG_TIMEOUT_MS } from './http-control-api.ts';
import { HttpHostApi } from './http-host-api.ts';
import { nextTask } from './next-task.ts';
import { parseCapture, parseHostInfo, parseMetas, parseNews, parseTestStream } from './parse.ts';
import { parseEvent, parseFullMeta, parseFullStatus } from './parse-recorder.ts';
import { ApiFailure, type Following, type StatsApi } from './stats-api.ts';

export class HttpStatsApi extends HttpHostApi implements StatsApi {
  override async status(signal?: AbortSignal): Promise<StatsStatus> {
    return parseFullStatus(await this.http.json({ path: '/stats/capture/status', signal }));
  }

  live(signal?: AbortSignal): Promise<Capture | undefined> {
    const path = '/stats/capture/live';
    const timeoutMs = LONG_TIMEOUT_MS;
    return unlessMissing(async () => {
      const answer = await this.http.json({ path, timeoutMs, signal });
      // What recording cost so far is told once, and by no news after: nobody may show it as if it were of now.
      const { recorder: _cost, ...capture } = parseCapture(answer);
      return capture;
    });
  }

  followCapture({ after, onOpen, onNews }: Following, signal: AbortSignal): Promise<void> {
    const onMessage = (data: unknown, id: string | undefined): void => {
      const news = parseNews(data);
      if (news !== undefined) onNews(news, id);
    };
    const path = '/stats/capture/stream';
    return followEvents(this.http, { path, after, onOpen, onMessage }, signal);
  }

  async recordings(signal?: AbortSignal): Promise<readonly CaptureMeta[]> {
    return parseMetas(await this.http.json({ path: '/stats/recordings', signal }));
  }

  async recording(id: string, signal?: AbortSignal): Promise<Capture> {
    const found = await this.http.json(file(id, signal));
    // Of hours, each of it takes long: to read it, to check it, to show it.
    await nextTask();
    signal?.throwIfAborted();
    const capture = parseCapture(found);
    await nextTask();
    signal?.throwIfAborted();
    return capture;
  }

  recordingFile(id: string, signal?: AbortSignal): Promise<Blob> {
    return this.http.blob(file(id, signal));
  }

  async recordingFrames(id: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const path = `${recordingPath(id)}/frames`;
    const headers = { accept: 'application/vnd.apache.parquet' };
    const timeoutMs = FRAMES_TIMEOUT_MS;
    return (await this.http.blob({ path, headers, timeoutMs, signal })).arrayBuffer();
  }

  /** A file that anybody may have: no token goes along. */
  async viewerPage(signal?: AbortSignal): Promise<string> {
    const init = { credentials: 'omit', ...(signal === undefined ? {} : { signal }) } as const;
    const response = await fetch(`${this.http.origin}/assets/viewer.html`, init);
    if (!response.ok) throw new ApiFailure('refused', `The host answered ${response.status}.`);
    return response.text();
  }

  async changeRecording(
    id: string,
    body: RecordingChange,
    signal?: AbortSignal,
  ): Promise<CaptureMeta> {
    const path = recordingPath(id);
    return parseFullMeta(await this.http.json({ method: 'PATCH', path, body, signal }));
  }

  async deleteRecording(id: string, signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: recordingPath(id), signal });
  }

  async restoreRecording(id: string, signal?: AbortSignal): Promise<CaptureMeta> {
    const path = `${recordingPath(id)}/restore`;
    return parseFullMeta(await this.http.json({ method: 'POST', path, signal }));
  }

  async trash(signal?: AbortSignal): Promise<readonly CaptureMeta[]> {
    return parseMetas(await this.http.json({ path: '/stats/trash', signal }));
  }

  async deleteForever(id: string, signal?: AbortSignal): Promise<void> {
    const path = `${recordingPath(id)}?forever=true`;
    await this.http.ask({ method: 'DELETE', path, signal });
  }

  async mark(text: string, signal?: AbortSignal, agoMs?: number): Promise<CaptureEvent> {
    const path = '/stats/capture/markers';
    const body = { text, ...(agoMs === undefined ? {} : { ago_ms: Math.round(agoMs) }) };
    return parseEvent(await this.http.json({ method: 'POST', path, body, signal }));
  }

  saveBlackBox(signal?: AbortSignal): Promise<CaptureMeta> {
    return this.#saved('/stats/black-box/save', signal);
  }

  saveLastRun(signal?: AbortSignal): Promise<CaptureMeta> {
    return this.#saved('/stats/last-run/save', signal);
  }

  async dismissLastRun(signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: '/stats/last-run', signal });
  }

  hostInfo(signal?: AbortSignal): Promise<HostInfo | undefined> {
    return unlessMissing(async () =>
      parseHostInfo(await this.http.json({ path: '/host', signal })),
    );
  }

  async testStream(signal?: AbortSignal): Promise<TestStreamState> {
    return parseTestStream(await this.http.json({ path: TEST_STREAMS, signal }));
  }

  async startTestStream(body: TestStreamRequest, signal?: AbortSignal): Promise<TestStreamState> {
    const answer = await this.http.json({ method: 'POST', path: TEST_STREAMS, body, signal });
    return parseTestStream(answer);
  }

  async stopTestStream(signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: TEST_STREAMS, signal });
  }

  async testStreamTruth(signal?: AbortSignal): Promise<string> {
    const timeoutMs = LONG_TIMEOUT_MS;
    return (await this.http.blob({ path: `${TEST_STREAMS}/truth`, timeoutMs, signal })).text();
  }

  async #saved(path: string, signal: AbortSignal | undefined): Promise<CaptureMeta> {
    const timeoutMs = LONG_TIMEOUT_MS;
    return parseFullMeta(await this.http.json({ method: 'POST', path, timeoutMs, signal }));
  }
}

async function unlessMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof ApiFailure && thrown.kind === 'not-found') return undefined;
    throw thrown;
  }
}

const recordingPath = (id: string): string => `/stats/recordings/${encodeURIComponent(id)}`;
const file = (id: string, signal: AbortSignal | undefined) =>
  ({ path: recordingPath(id), timeoutMs: LONG_TIMEOUT_MS, signal }) as const;

/** 36 MB over a slow wireless network. */
const FRAMES_TIMEOUT_MS = 120_000;
const TEST_STREAMS = '/test-streams';
