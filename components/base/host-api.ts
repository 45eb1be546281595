// What the rooms of the host ask: devices, pairing, streams, tokens. Part of StatsApi with every question optional: a
// plugin's own back end may lack any of them, and the element that needs it says so. Types only.
import type {
  ClientChange,
  PairedClient,
  PairingAttempt,
  PairingState,
  PinEntry,
} from '../../contract/clients.ts';
import type { EventTopic, HostEvent } from '../../contract/events.ts';
import type { HostStatus, SessionInfo } from '../../contract/host.ts';
import type { CreatedToken, TokenInfo, TokenRequest } from '../../contract/tokens.ts';

export interface HostApi {
  /** What the host does right now: its app and how many watch. */
  hostStatus(signal?: AbortSignal): Promise<HostStatus>;
  /** Ends the app and with it every stream of it. */
  endApp(signal?: AbortSignal): Promise<void>;

  sessions(signal?: AbortSignal): Promise<readonly SessionInfo[]>;
  endSession(sessionId: number, signal?: AbortSignal): Promise<void>;

  clients(signal?: AbortSignal): Promise<readonly PairedClient[]>;
  changeClient(
    clientId: string,
    change: ClientChange,
    signal?: AbortSignal,
  ): Promise<PairedClient | undefined>;
  /** Its stream, if it has one, ends at once. */
  revokeClient(clientId: string, signal?: AbortSignal): Promise<void>;

  pairing(signal?: AbortSignal): Promise<PairingState>;
  switchPairing(enabled: boolean, signal?: AbortSignal): Promise<PairingState | undefined>;
  /** Answers when the attempt has ended: `paired` only after the device's last message. */
  enterPin(entry: PinEntry, signal?: AbortSignal): Promise<PairingAttempt>;
  dismissPairing(attemptId: string, signal?: AbortSignal): Promise<void>;

  tokens(signal?: AbortSignal): Promise<readonly TokenInfo[]>;
  /** The only answer that ever holds the token's value. */
  createToken(request: TokenRequest, signal?: AbortSignal): Promise<CreatedToken>;
  revokeToken(tokenId: string, signal?: AbortSignal): Promise<void>;

  /**
   * One connection: first the state of every topic, then each change; behind `after` only what changed since. Resolves when
   * the host ends it, rejects when there was none or it broke.
   */
  watch(watching: Watching, signal: AbortSignal): Promise<void>;
}

export interface Watching {
  readonly topics: readonly EventTopic[];
  /** Id of the last event seen before, of the same topics: the host goes on behind it. */
  readonly after: string | undefined;
  readonly onEvent: (event: HostEvent, id: string | undefined) => void;
}
