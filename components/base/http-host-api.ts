// HostApi over HTTP: devices, pairing, streams, tokens, and the event stream.
import type {
  ClientChange,
  PairedClient,
  PairingAttempt,
  PairingState,
  PinEntry,
} from '../../contract/clients.ts';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { CreatedToken, TokenInfo, TokenRequest } from '../../contract/tokens.ts';
import { followEvents } from './event-stream.ts';
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

  watch({ topics, after, onEvent }: Watching, signal: AbortSignal): Promise<void> {
    const onMessage = (data: unknown, id: string | undefined): void => {
      const event = parseEvent(data);
      if (event !== undefined) onEvent(event, id);
    };
    const path = `/events?topics=${topics.join(',')}`;
    return followEvents(this.http, { path, after, onMessage }, signal);
  }
}

const one = (list: string, id: string): string => `${list}/${encodeURIComponent(id)}`;
