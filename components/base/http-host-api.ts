// HostApi over HTTP: devices, pairing, streams, tokens, and the event stream over fetch, because an EventSource cannot
// carry the token as a header.
import type {
  ClientChange,
  PairedClient,
  PairingAttempt,
  PairingState,
  PinEntry,
} from '../../contract/clients.ts';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { CreatedToken, TokenInfo, TokenRequest } from '../../contract/tokens.ts';
import type { HostApi, Watching } from './host-api.ts';
import { HttpControlApi, LONG_TIMEOUT_MS } from './http-control-api.ts';
import {
  parseAttempt,
  parseClient,
  parseClients,
  parseCreatedToken,
  parseEvent,
  parseHostStatus,
  parsePairing,
  parseSessions,
  parseTokens,
} from './parse-host.ts';
import { SseParser } from './sse.ts';
import { ApiFailure } from './stats-api.ts';

export class HttpHostApi extends HttpControlApi implements HostApi {
  async hostStatus(signal?: AbortSignal): Promise<HostStatus> {
    return parseHostStatus(await this.http.json({ path: '/status', signal }));
  }

  async endApp(signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: '/app', signal });
  }

  async sessions(signal?: AbortSignal): Promise<readonly SessionInfo[]> {
    return parseSessions(await this.http.json({ path: '/sessions', signal }));
  }

  async endSession(sessionId: number, signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: `/sessions/${sessionId}`, signal });
  }

  async clients(signal?: AbortSignal): Promise<readonly PairedClient[]> {
    return parseClients(await this.http.json({ path: '/clients', signal }));
  }

  async changeClient(
    clientId: string,
    body: ClientChange,
    signal?: AbortSignal,
  ): Promise<PairedClient | undefined> {
    const path = one('/clients', clientId);
    const answer = await this.http.json({ method: 'PATCH', path, body, signal });
    return answer === undefined ? undefined : parseClient(answer);
  }

  async revokeClient(clientId: string, signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: one('/clients', clientId), signal });
  }

  async pairing(signal?: AbortSignal): Promise<PairingState> {
    return parsePairing(await this.http.json({ path: '/pairing', signal }));
  }

  async switchPairing(enabled: boolean, signal?: AbortSignal): Promise<PairingState | undefined> {
    const body = { enabled };
    const answer = await this.http.json({ method: 'PUT', path: '/pairing', body, signal });
    return answer === undefined ? undefined : parsePairing(answer);
  }

  async enterPin(body: PinEntry, signal?: AbortSignal): Promise<PairingAttempt> {
    const path = '/clients/pin';
    // The device walks four more steps first, and may take ten seconds for each.
    const timeoutMs = LONG_TIMEOUT_MS;
    return parseAttempt(await this.http.json({ method: 'POST', path, body, timeoutMs, signal }));
  }

  async dismissPairing(attemptId: string, signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: one('/pairing', attemptId), signal });
  }

  async tokens(signal?: AbortSignal): Promise<readonly TokenInfo[]> {
    return parseTokens(await this.http.json({ path: '/tokens', signal }));
  }

  async createToken(body: TokenRequest, signal?: AbortSignal): Promise<CreatedToken> {
    const path = '/tokens';
    return parseCreatedToken(await this.http.json({ method: 'POST', path, body, signal }));
  }

  async revokeToken(tokenId: string, signal?: AbortSignal): Promise<void> {
    await this.http.ask({ method: 'DELETE', path: one('/tokens', tokenId), signal });
  }

  async watch(watching: Watching, signal: AbortSignal): Promise<void> {
    const silence = new AbortController();
    let heard: ReturnType<typeof setTimeout> | undefined;
    const listen = (): void => {
      clearTimeout(heard);
      heard = setTimeout(() => silence.abort(), MOST_SILENCE_MS);
    };
    listen();
    try {
      await this.#read(watching, AbortSignal.any([signal, silence.signal]), listen);
    } catch (thrown) {
      if (signal.aborted || thrown instanceof ApiFailure) throw thrown;
      if (thrown instanceof RangeError) {
        throw new ApiFailure('unreadable', `The event stream cannot be read: ${thrown.message}.`);
      }
      throw new ApiFailure('offline', 'The event stream broke off.');
    } finally {
      clearTimeout(heard);
    }
  }

  async #read(watching: Watching, signal: AbortSignal, heard: () => void): Promise<void> {
    const { topics, after, onEvent } = watching;
    const response = await this.http.ask({
      path: `/events?topics=${topics.join(',')}`,
      headers: {
        accept: 'text/event-stream',
        ...(after === undefined ? {} : { 'last-event-id': after }),
      },
      timeoutMs: Number.POSITIVE_INFINITY,
      signal,
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream(), { signal }).getReader();
    if (reader === undefined) return;
    const parser = new SseParser();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        heard();
        if (done) return;
        for (const message of parser.push(value)) {
          const event = parseEvent(jsonOf(message.data));
          if (event !== undefined) onEvent(event, message.id);
        }
      }
    } finally {
      // What cannot be read is not left open. A stream that broke has nothing to cancel.
      void reader.cancel().catch(() => undefined);
    }
  }
}

function jsonOf(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new ApiFailure('unreadable', `An event is not JSON (${data.length} characters).`);
  }
}

const one = (list: string, id: string): string => `${list}/${encodeURIComponent(id)}`;

/** Heartbeats come far more often: without any for so long the connection is dead, whatever TCP believes. */
const MOST_SILENCE_MS = 45_000;
