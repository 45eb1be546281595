// One question to a host over fetch: bearer token, time limit, and every way it can fail as an ApiFailure. Knows no
// routes. Never puts the token anywhere but into the Authorization header.
import { asFields } from './fields.ts';
import { ApiFailure } from './stats-api.ts';

/** What of `fetch` is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface HttpOptions {
  /** `http://127.0.0.1:47990`; empty for the page's own origin. */
  readonly host: string;
  readonly token: string;
  readonly fetch?: Fetch;
  readonly nowUnixMs?: () => number;
  readonly timeoutMs?: number;
}

export interface Question {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Infinity: only `signal` ends it. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal | undefined;
}

export class HttpTransport {
  /** Where the host's pages lie. */
  readonly origin: string;
  readonly #base: string;
  readonly #token: string;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  #lastAnswerUnixMs: number | undefined;

  constructor(options: HttpOptions) {
    this.origin = options.host.replace(/\/+$/, '');
    this.#base = `${this.origin}/api/v1`;
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#now = options.nowUnixMs ?? Date.now;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /** The answer's JSON, not yet believed; undefined for an answer without a body. */
  async json(question: Question): Promise<unknown> {
    const response = await this.ask(question);
    if (response.status === 204) return undefined;
    const text = await this.#whole(() => response.text(), question.signal);
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiFailure('unreadable', `The answer is not JSON (${text.length} characters).`);
    }
  }

  /** The answer's bytes. */
  async blob(question: Question): Promise<Blob> {
    const response = await this.ask(question);
    return this.#whole(() => response.blob(), question.signal);
  }

  /** The answer of a host that did what was asked. */
  async ask(question: Question): Promise<Response> {
    if (this.#token === '') throw new ApiFailure('token-missing', 'No token was given.');
    const { signal, timeoutMs = this.#timeoutMs } = question;
    const ends = signal === undefined ? [] : [signal];
    if (timeoutMs < Number.POSITIVE_INFINITY) ends.push(AbortSignal.timeout(timeoutMs));
    const headers: Record<string, string> = {
      ...question.headers,
      authorization: `Bearer ${this.#token}`,
    };
    if (question.body !== undefined) headers['content-type'] = 'application/json';
    const response = await this.#whole(
      () =>
        this.#fetch(`${this.#base}${question.path}`, {
          method: question.method ?? 'GET',
          headers,
          cache: 'no-store',
          credentials: 'omit',
          signal: AbortSignal.any(ends),
          ...(question.body === undefined ? {} : { body: JSON.stringify(question.body) }),
        }),
      signal,
    );
    this.heard();
    if (!response.ok) throw await refusal(response);
    return response;
  }

  /** The host has given a sign of life. */
  heard(): void {
    this.#lastAnswerUnixMs = this.#now();
  }

  /** Network trouble on the way becomes `offline`; a question given up by the caller stays an AbortError. */
  async #whole<T>(step: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
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
    const body = asFields(JSON.parse(text));
    if (typeof body?.['error'] === 'string') message = body['error'];
    if (typeof body?.['code'] === 'string') code = body['code'];
  } catch {
    // A proxy's own page: the status has to say it.
  }
  const kind =
    response.status === 401 ? 'token-wrong' : response.status === 404 ? 'not-found' : 'refused';
  return new ApiFailure(kind, message, { code, status: response.status });
}

const TIMEOUT_MS = 8000;
