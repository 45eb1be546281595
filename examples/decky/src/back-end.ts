// The way from the elements to the host: StatsApi over the plugin's Python back end, which alone knows host and token.
import { HttpStatsApi, type StatsApi } from '@punktfunk/components';

/** What main.py offers. */
export interface BackEnd {
  /** One question; `body` is base64 unless the answer is JSON. */
  ask(method: string, path: string, body: string | undefined): Promise<Answer>;
  /** The host that is asked; empty while none is named. */
  configured(): Promise<string>;
  /** Empty, or why not. */
  configure(host: string, token: string, fingerprint: string): Promise<string>;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export function throughBackEnd(backEnd: BackEnd): StatsApi {
  return new HttpStatsApi({
    // Same paths, and no token: the back end puts its own in.
    host: '',
    token: 'held by the back end',
    fetch: async (path, { method = 'GET', body, signal }) => {
      const text = typeof body === 'string' ? body : undefined;
      const answer = await Promise.race([backEnd.ask(method, path, text), given(signal)]);
      const headers = { 'content-type': answer.type };
      const bodyless = answer.status === 204 || answer.status === 304;
      const { status } = answer;
      return new Response(bodyless ? null : decoded(answer), { status, headers });
    },
  });
}

function decoded({ type, body }: Answer): BodyInit {
  if (type.startsWith('application/json')) return body;
  return Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
}

/** Rejects when the question is given up; the back end ends it by its own limit. */
function given(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(signal?.reason);
    if (signal?.aborted === true) end();
    signal?.addEventListener('abort', end, { once: true });
  });
}
