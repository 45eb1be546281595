// StatsApi over fetch with a bearer token. Every answer is checked before it is believed (parse.ts); every question has
// a time limit and can be given up. Never puts the token anywhere but into the Authorization header.
import type { HostInfo } from '../../contract/host.ts';
import type { Capture, CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import type { TestStreamRequest, TestStreamState } from '../../contract/test-streams.ts';
import {
  parseCapture,
  parseHostInfo,
  parseMeta,
  parseMetas,
  parseStatus,
  parseTestStream,
} from './parse.ts';
import { ApiFailure, type StatsApi } from './stats-api.ts';

/** What of `fetch` is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpStatsApiOptions {
  /** `http://127.0.0.1:47990`; empty for the page's own origin. */
  readonly host: string;
  readonly token: string;
  readonly fetch?: Fetch;
  readonly nowUnixMs?: () => number;
  readonly timeoutMs?: number;
}

interface Question {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal | undefined;
}

export class HttpStatsApi implements StatsApi {
  readonly #base: string;
  readonly #token: string;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  #lastAnswerUnixMs: number | undefined;

  constructor(options: HttpStatsApiOptions) {
    this.#base = `${options.host.replace(/\/+$/, '')}/api/v1`;
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#now = options.nowUnixMs ?? Date.now;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  async status(signal?: AbortSignal): Promise<StatsStatus> {
    return parseStatus(await this.#json({ path: '/stats/capture/status', signal }));
  }

  async start(signal?: AbortSignal): Promise<StatsStatus> {
    return parseStatus(
      await this.#json({ method: 'POST', path: '/stats/capture/start', signal }),
    );
  }

  async stop(signal?: AbortSignal): Promise<CaptureMeta | undefined> {
    // Saving writes the whole file: it may take longer than an ordinary answer.
    const question: Question = {
      method: 'POST',
      path: '/stats/capture/stop',
      timeoutMs: LONG_TIMEOUT_MS,
      signal,
    };
    const response = await this.#ask(question);
    return response.status === 204 ? undefined : parseMeta(await this.#read(response));
  }

  async live(signal?: AbortSignal): Promise<Capture | undefined> {
    try {
      return parseCapture(await this.#json({ path: '/stats/capture/live', signal }));
    } catch (thrown) {
      if (thrown instanceof ApiFailure && thrown.kind === 'not-found') return undefined;
      throw thrown;
    }
  }

  async recordings(signal?: AbortSignal): Promise<readonly CaptureMeta[]> {
    return parseMetas(await this.#json({ path: '/stats/recordings', signal }));
  }

  async recording(id: string, signal?: AbortSignal): Promise<Capture> {
    const question: Question = { path: recordingPath(id), timeoutMs: LONG_TIMEOUT_MS, signal };
    return parseCapture(await this.#json(question));
  }

  async recordingFile(id: string, signal?: AbortSignal): Promise<Blob> {
    const question: Question = { path: recordingPath(id), timeoutMs: LONG_TIMEOUT_MS, signal };
    const response = await this.#ask(question);
    return this.#whole(() => response.blob());
  }

  async deleteRecording(id: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ method: 'DELETE', path: recordingPath(id), signal });
  }

  async hostInfo(signal?: AbortSignal): Promise<HostInfo | undefined> {
    try {
      return parseHostInfo(await this.#json({ path: '/host', signal }));
    } catch (thrown) {
      if (thrown instanceof ApiFailure && thrown.kind === 'not-found') return undefined;
      throw thrown;
    }
  }

  async testStream(signal?: AbortSignal): Promise<TestStreamState> {
    return parseTestStream(await this.#json({ path: '/test-streams', signal }));
  }

  async startTestStream(
    request: TestStreamRequest,
    signal?: AbortSignal,
  ): Promise<TestStreamState> {
    const question: Question = { method: 'POST', path: '/test-streams', body: request, signal };
    return parseTestStream(await this.#json(question));
  }

  async stopTestStream(signal?: AbortSignal): Promise<void> {
    await this.#ask({ method: 'DELETE', path: '/test-streams', signal });
  }

  async #json(question: Question): Promise<unknown> {
    return this.#read(await this.#ask(question));
  }

  async #read(response: Response): Promise<unknown> {
    const text = await this.#whole(() => response.text());
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiFailure('unreadable', `The answer is not JSON (${text.length} characters).`);
    }
  }

  async #ask(question: Question): Promise<Response> {
    if (this.#token === '') throw new ApiFailure('token-missing', 'No token was given.');
    const limit = AbortSignal.timeout(question.timeoutMs ?? this.#timeoutMs);
    const { signal } = question;
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (question.body !== undefined) headers['content-type'] = 'application/json';
    const response = await this.#whole(
      () =>
        this.#fetch(`${this.#base}${question.path}`, {
          method: question.method ?? 'GET',
          headers,
          cache: 'no-store',
          credentials: 'omit',
          signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
          ...(question.body === undefined ? {} : { body: JSON.stringify(question.body) }),
        }),
      signal,
    );
    this.#lastAnswerUnixMs = this.#now();
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** Network trouble on the way becomes `offline`; a question given up by the caller stays an AbortError. */
  async #whole<T>(step: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await step();
    } catch (thrown) {
      if (signal?.aborted === true) throw thrown;
      const lastAnswerUnixMs = this.#lastAnswerUnixMs;
      throw new ApiFailure('offline', 'The host does not answer.', { lastAnswerUnixMs });
    }
  }
}

async function refusal(response: Response): Promise<ApiFailure> {
  const text = await response.text().catch(() => '');
  let message = `The host answered ${response.status}.`;
  let code = `http_${response.status}`;
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      if ('error' in body && typeof body.error === 'string') message = body.error;
      if ('code' in body && typeof body.code === 'string') code = body.code;
    }
  } catch {
    // A proxy's own page: the status has to say it.
  }
  const kind =
    response.status === 401 ? 'token-wrong' : response.status === 404 ? 'not-found' : 'refused';
  return new ApiFailure(kind, message, { code });
}

const recordingPath = (id: string): string => `/stats/recordings/${encodeURIComponent(id)}`;

const TIMEOUT_MS = 8000;
const LONG_TIMEOUT_MS = 60_000;
