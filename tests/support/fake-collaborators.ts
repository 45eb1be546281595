// Paired devices, pairing and sessions in memory, for tests of the API and of the commands that call it. What they do
// is what the routes promise; how the real ones do it is tested with them.
import type {
  ClientChange,
  PairedClient,
  PairingAttempt,
  PairingState,
  PinEntry,
} from '../../contract/clients.ts';
import type { SessionInfo } from '../../contract/host.ts';
import type { ApiClients, ApiPairing, ApiSessions } from '../../host/src/api/api.ts';
import { AppError } from '../../host/src/errors.ts';

export class FakeClients implements ApiClients {
  readonly known = new Map<string, PairedClient>();
  /** Called with the id of each device that is revoked. */
  onRevoked: (clientId: string) => void = () => undefined;

  add(clientId: string, name: string): PairedClient {
    const client: PairedClient = {
      client_id: clientId,
      name,
      paired_unix_ms: 1000,
      address: '192.168.1.20',
      may_end: false,
      connected: false,
    };
    this.known.set(clientId, client);
    return client;
  }

  list(): PairedClient[] {
    return [...this.known.values()];
  }

  async change(clientId: string, change: ClientChange): Promise<PairedClient | undefined> {
    const client = this.known.get(clientId);
    if (client === undefined) return undefined;
    const { name = client.name, may_end = client.may_end } = change;
    this.known.set(clientId, { ...client, name, may_end });
    return this.known.get(clientId);
  }

  async revoke(clientId: string): Promise<boolean> {
    this.onRevoked(clientId);
    return this.known.delete(clientId);
  }
}

export class FakePairing implements ApiPairing {
  readonly waiting: PairingAttempt[] = [];
  /** The PIN that the devices show. */
  pin = '1234';
  /** Answers a PIN later, as a device does. */
  answerAfter: Promise<void> = Promise.resolve();
  #enabled = true;
  readonly #nowUnixMs: () => number;

  constructor(nowUnixMs: () => number) {
    this.#nowUnixMs = nowUnixMs;
  }

  /** A device that shows a PIN. */
  knock(attemptId: string, name: string): PairingAttempt {
    const attempt: PairingAttempt = {
      attempt_id: attemptId,
      name,
      address: '192.168.1.21',
      fingerprint: 'ab'.repeat(32),
      started_unix_ms: this.#nowUnixMs(),
      phase: 'waiting_for_pin',
    };
    this.waiting.push(attempt);
    return attempt;
  }

  state(): PairingState {
    return {
      enabled: this.#enabled,
      host_fingerprint: 'cd'.repeat(32),
      now_unix_ms: this.#nowUnixMs(),
      attempts: [...this.waiting],
    };
  }

  setEnabled(enabled: boolean): PairingState {
    this.#enabled = enabled;
    return this.state();
  }

  async enterPin(entry: PinEntry): Promise<PairingAttempt> {
    const fitting = this.waiting.filter(
      ({ attempt_id }) => entry.attempt_id === undefined || entry.attempt_id === attempt_id,
    );
    const [attempt] = fitting;
    if (attempt === undefined) throw new AppError(404, 'no_attempt', 'No device waits.');
    if (fitting.length > 1) {
      throw new AppError(409, 'several_attempts', 'Several devices wait; say which.');
    }
    await this.answerAfter;
    this.cancel(attempt.attempt_id);
    return entry.pin === this.pin
      ? { ...attempt, name: entry.name ?? attempt.name, phase: 'paired' }
      : { ...attempt, phase: 'failed', code: 'wrong_pin', message: 'The PIN was wrong.' };
  }

  cancel(attemptId: string): boolean {
    const index = this.waiting.findIndex(({ attempt_id }) => attempt_id === attemptId);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }
}

export class FakeSessions implements ApiSessions {
  readonly extra: SessionInfo[] = [];
  appRuns = false;
  readonly #real: { list(): SessionInfo[]; stop(id: number, reason: string): Promise<void> };

  constructor(real: { list(): SessionInfo[]; stop(id: number, reason: string): Promise<void> }) {
    this.#real = real;
  }

  list(): SessionInfo[] {
    return [...this.#real.list(), ...this.extra];
  }

  async end(sessionId: number): Promise<boolean> {
    const index = this.extra.findIndex(({ session_id }) => session_id === sessionId);
    if (index < 0) return false;
    this.extra.splice(index, 1);
    return true;
  }

  async endApp(): Promise<void> {
    this.extra.splice(0);
    this.appRuns = false;
  }
}

export function sessionOf(sessionId: number, client: string): SessionInfo {
  return {
    session_id: sessionId,
    kind: 'gamestream',
    state: 'streaming',
    client,
    client_id: 'ef'.repeat(32),
    address: '192.168.1.22',
    app: 'Desktop',
    started_unix_ms: 1000,
    source: 'x11',
    encoder: 'openh264',
    codec: 'h264',
    width: 1280,
    height: 720,
    fps: 60,
    bitrate_kbps: 10_000,
  };
}
