// Pairing: who waits for a PIN, and the way from there to a trusted certificate. Strict in order, bounded in number and
// time, a success only after the client's last message (gamestream-control-plane.md §4.3–4.5). Knows neither HTTP nor
// XML; has no timers: whoever owns it calls `tick` about once a second.
import { createPrivateKey } from 'node:crypto';
import type { PairingAttempt, PairingState, PinEntry } from '../../../contract/clients.ts';
import { cleanName, type PairedClients } from '../clients/paired-clients.ts';
import { AppError, reasonOf } from '../errors.ts';
import { certSignature } from '../identity/certificate.ts';
import type { HostIdentity } from '../identity/host-identity.ts';
import type { Log } from '../log.ts';
import { type HostSide, PairingAttemptSteps } from './pairing-attempt.ts';
import type { ClientCertificate } from './pairing-crypto.ts';
import { PairingLimits } from './pairing-limits.ts';

export interface PairingOptions {
  readonly identity: HostIdentity;
  readonly clients: PairedClients;
  readonly log: Log;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly nowUnixMs: () => number;
  /** From the system's generator; tests give known bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** Whose attempt it is: the two things that all four clear phases carry. */
export interface PairingPeer {
  readonly address: string;
  readonly uniqueId: string;
}

/** What the client gets; `hex` is the one element beside `paired`. */
export interface PairingReply {
  readonly status: 200 | 400 | 403 | 503;
  readonly paired: boolean;
  readonly hex?: { readonly name: string; readonly bytes: Uint8Array };
  readonly message?: string;
}

interface Attempt {
  readonly id: string;
  readonly peer: PairingPeer;
  readonly steps: PairingAttemptSteps;
  readonly startedUnixMs: number;
  name: string;
  /** Given by the operator for this device. */
  newName: string | undefined;
  deadlineMs: number;
  /** Answers the parked request of phase 1. */
  answer: ((reply: PairingReply) => void) | undefined;
  /** Tells the operator who entered the PIN. */
  tell: ((ended: PairingAttempt) => void) | undefined;
}

interface Ended {
  readonly atMs: number;
  readonly view: PairingAttempt;
}

type FailureCode =
  | 'wrong_pin'
  | 'timed_out'
  | 'gave_up'
  | 'out_of_order'
  | 'replaced'
  | 'turned_away'
  | 'switched_off'
  | 'not_saved';

export class Pairing {
  readonly #options: PairingOptions;
  readonly #host: HostSide;
  readonly #limits = new PairingLimits();
  readonly #running = new Map<string, Attempt>();
  readonly #changed = new Set<() => void>();
  #ended: Ended[] = [];
  #disabledBecause: string | undefined;

  constructor(options: PairingOptions) {
    this.#options = options;
    this.#host = {
      key: createPrivateKey(options.identity.keyPem),
      signature: certSignature(options.identity.certDer),
      random: options.random,
    };
  }

  // --- for the operator ---

  /** Everything there is to see. */
  state(): PairingState {
    this.tick();
    return {
      enabled: this.#disabledBecause === undefined,
      ...(this.#disabledBecause === undefined ? {} : { disabled_because: this.#disabledBecause }),
      host_fingerprint: this.#options.identity.fingerprint,
      now_unix_ms: this.#options.nowUnixMs(),
      attempts: [
        ...[...this.#running.values()].map((attempt) => this.#view(attempt)),
        ...this.#ended.map(({ view }) => view).reverse(),
      ],
    };
  }

  /** Devices that wait for their PIN now. */
  get waiting(): number {
    return [...this.#running.values()].filter(({ steps }) => steps.step === 'wait_pin').length;
  }

  /**
   * Gives one waiting device its PIN. Resolves when the attempt ended, well or not. Throws AppError `invalid_pin`,
   * `no_attempt`, `several_attempts`; then every attempt is as it was.
   */
  async enterPin({ pin, attempt_id, name }: PinEntry): Promise<PairingAttempt> {
    if (!/^[0-9]{4}$/.test(pin)) {
      throw new AppError(422, 'invalid_pin', 'A PIN is four digits, as the device shows them.');
    }
    this.tick();
    const attempt = this.#waitingAttempt(attempt_id);
    attempt.newName = name === undefined ? undefined : cleanName(name);
    attempt.name = attempt.newName ?? attempt.name;
    attempt.steps.enterPin(pin);
    attempt.deadlineMs = this.#options.nowMs() + PHASE_MS;
    const ended = new Promise<PairingAttempt>((resolve) => {
      attempt.tell = resolve;
    });
    attempt.answer?.({
      status: 200,
      paired: true,
      hex: {
        name: 'plaincert',
        bytes: new TextEncoder().encode(this.#options.identity.certPem),
      },
    });
    attempt.answer = undefined;
    this.#tellChanged();
    return ended;
  }

  /** Turns a device away; false when no running attempt has this id. */
  cancel(attemptId: string): boolean {
    const attempt = [...this.#running.values()].find(({ id }) => id === attemptId);
    if (attempt === undefined) return false;
    this.#fail(attempt, 'turned_away');
    return true;
  }

  /** Off ends every attempt; on forgives all failures. */
  setEnabled(enabled: boolean): PairingState {
    if (enabled) {
      this.#disabledBecause = undefined;
      this.#limits.forgive();
    } else {
      this.#switchOff('Pairing was switched off.');
    }
    this.#tellChanged();
    return this.state();
  }

  /** Calls back after each change of `state()`; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#changed.add(listener);
    return () => this.#changed.delete(listener);
  }

  /** Ends what took too long. */
  tick(): void {
    const now = this.#options.nowMs();
    for (const attempt of [...this.#running.values()]) {
      if (now >= attempt.deadlineMs) this.#fail(attempt, 'timed_out');
    }
    const before = this.#ended.length;
    this.#ended = this.#ended.filter(({ atMs }) => now - atMs < ENDED_SHOWN_MS);
    if (this.#ended.length !== before) this.#tellChanged();
  }

  // --- for the device ---

  /** Phase 1: waits for the operator's PIN, or for the end of the attempt. */
  getServerCert(
    peer: PairingPeer,
    salt: Uint8Array,
    certificate: ClientCertificate,
    gone: AbortSignal,
  ): Promise<PairingReply> {
    this.tick();
    const refusal = this.#refusalToBegin(peer);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const attempt: Attempt = {
      id: Buffer.from(this.#options.random(8)).toString('hex'),
      peer,
      steps: new PairingAttemptSteps(this.#host, salt, certificate),
      startedUnixMs: this.#options.nowUnixMs(),
      name:
        this.#options.clients.get(certificate.fingerprint)?.name ?? `Moonlight at ${peer.address}`,
      newName: undefined,
      deadlineMs: this.#options.nowMs() + WAIT_PIN_MS,
      answer: undefined,
      tell: undefined,
    };
    this.#running.set(keyOf(peer), attempt);
    const reply = new Promise<PairingReply>((resolve) => {
      attempt.answer = resolve;
    });
    this.#options.log.info('a device wants to be paired', this.#fields(attempt));
    this.#tellChanged();
    const peerLeft = (): void => {
      if (attempt.answer !== undefined) this.#fail(attempt, 'gave_up');
    };
    if (gone.aborted) peerLeft();
    else gone.addEventListener('abort', peerLeft, { once: true });
    return reply;
  }

  /** Phase 2. */
  clientChallenge(peer: PairingPeer, encrypted: Uint8Array): PairingReply {
    return this.#next(peer, 'challengeresponse', (steps) => steps.clientChallenge(encrypted));
  }

  /** Phase 3. */
  serverChallengeResponse(peer: PairingPeer, encrypted: Uint8Array): PairingReply {
    return this.#next(peer, 'pairingsecret', (steps) => steps.serverChallengeResponse(encrypted));
  }

  /** Phase 4: on the disk before the answer, since phase 5 comes at once; trusted only then. */
  clientPairingSecret(peer: PairingPeer, secret: Uint8Array): PairingReply {
    this.tick();
    const attempt = this.#running.get(keyOf(peer));
    const holds = attempt?.steps.clientPairingSecret(secret);
    if (attempt === undefined || holds === undefined) return this.deviated(peer);
    if (!holds) {
      this.#fail(attempt, 'wrong_pin');
      return { status: 200, paired: false };
    }
    try {
      this.#options.clients.addProvisional(this.#client(attempt));
    } catch (error) {
      this.#options.log.error('a device could not be stored', { reason: reasonOf(error) });
      this.#fail(attempt, 'not_saved');
      return { status: 503, paired: false, message: 'The host cannot store the device.' };
    }
    attempt.deadlineMs = this.#options.nowMs() + PHASE_MS;
    return { status: 200, paired: true };
  }

  /** Phase 5, over TLS with this certificate: true when it is trusted from now on. */
  pairChallenge(fingerprint: string): boolean {
    this.tick();
    const attempt = [...this.#running.values()].find(
      ({ steps }) => steps.step === 'proven' && steps.certificate.fingerprint === fingerprint,
    );
    if (attempt !== undefined) this.#complete(attempt);
    return this.#options.clients.get(fingerprint) !== undefined;
  }

  /** Something came that is no phase of pairing, or a malformed one. */
  deviated(peer: PairingPeer): PairingReply {
    const attempt = this.#running.get(keyOf(peer));
    if (attempt !== undefined) this.#fail(attempt, 'out_of_order');
    return {
      status: 400,
      paired: false,
      message: 'Pairing did not go as it must; start it again.',
    };
  }

  /** The client gave up. What is trusted stays so: this message proves nothing. */
  unpair(peer: PairingPeer): void {
    const attempt = this.#running.get(keyOf(peer));
    // After phase 3 a client knows whether the PIN was right, and leaves with this when it was not.
    if (attempt !== undefined) {
      this.#fail(attempt, attempt.steps.step === 'responded' ? 'wrong_pin' : 'gave_up');
    }
  }

  #refusalToBegin(peer: PairingPeer): PairingReply | undefined {
    const { clients, nowMs } = this.#options;
    if (this.#disabledBecause !== undefined) return SWITCHED_OFF;
    if (clients.fault !== undefined) {
      return {
        status: 503,
        paired: false,
        message: 'The host cannot read its list of paired devices.',
      };
    }
    if (this.#limits.isBlocked(peer.address, nowMs())) {
      return {
        status: 403,
        paired: false,
        message: 'Pairing failed too often from this address; try again in ten minutes.',
      };
    }
    const own = this.#running.get(keyOf(peer));
    if (own !== undefined && own.steps.step !== 'wait_pin') return this.deviated(peer);
    if (own === undefined && this.#running.size >= MOST_RUNNING) return IN_PROGRESS;
    if (!this.#limits.begin(peer.address, nowMs())) return IN_PROGRESS;
    if (own !== undefined) this.#fail(own, 'replaced');
    return undefined;
  }

  #waitingAttempt(attemptId: string | undefined): Attempt {
    const waiting = [...this.#running.values()].filter(({ steps }) => steps.step === 'wait_pin');
    const fitting =
      attemptId === undefined ? waiting : waiting.filter(({ id }) => id === attemptId);
    const [first, second] = fitting;
    if (first === undefined) {
      throw new AppError(
        404,
        'no_attempt',
        attemptId === undefined
          ? 'No device waits for a PIN. Start pairing on the device first.'
          : 'This device no longer waits for a PIN. Start pairing on it again.',
      );
    }
    if (second !== undefined) {
      throw new AppError(
        409,
        'several_attempts',
        `${fitting.length} devices wait for a PIN; say which one is meant.`,
      );
    }
    return first;
  }

  #next(
    peer: PairingPeer,
    name: string,
    advance: (steps: PairingAttemptSteps) => Uint8Array | undefined,
  ): PairingReply {
    this.tick();
    const attempt = this.#running.get(keyOf(peer));
    const bytes = attempt && advance(attempt.steps);
    if (attempt === undefined || bytes === undefined) return this.deviated(peer);
    attempt.deadlineMs = this.#options.nowMs() + PHASE_MS;
    return { status: 200, paired: true, hex: { name, bytes } };
  }

  #complete(attempt: Attempt): void {
    try {
      this.#options.clients.confirm(this.#client(attempt), attempt.newName);
    } catch (error) {
      this.#options.log.error('a device could not be stored', { reason: reasonOf(error) });
      this.#fail(attempt, 'not_saved');
      return;
    }
    this.#options.log.info('a device was paired', this.#fields(attempt));
    this.#end(attempt, { ...this.#view(attempt), phase: 'paired' });
  }

  #fail(attempt: Attempt, code: FailureCode): void {
    // A listener that looked in between may have ended it already.
    if (this.#running.get(keyOf(attempt.peer)) !== attempt) return;
    const { step } = attempt.steps;
    const message = step === 'proven' && code === 'timed_out' ? NO_LAST_MESSAGE : MESSAGES[code];
    if (step === 'proven') {
      this.#options.clients.dropProvisional(attempt.steps.certificate.fingerprint);
    }
    this.#options.log.info('a device was not paired', { ...this.#fields(attempt), code });
    const view = this.#view(attempt);
    attempt.answer?.(code === 'switched_off' ? SWITCHED_OFF : NOT_CONFIRMED);
    this.#end(attempt, { ...view, phase: 'failed', code, message });
    // From phase 2 on the peer has something to guess by; the operator's own doing is no guess.
    const guessed =
      step === 'challenged' || step === 'responded' || (step === 'over' && code === 'wrong_pin');
    if (!guessed || code === 'turned_away' || code === 'switched_off') return;
    if (this.#limits.failed(attempt.peer.address, this.#options.nowMs())) {
      this.#switchOff('Pairing failed ten times within an hour.');
    }
  }

  #end(attempt: Attempt, view: PairingAttempt): void {
    attempt.steps.end();
    attempt.answer = undefined;
    this.#running.delete(keyOf(attempt.peer));
    const { expires_unix_ms, ...ended } = view;
    this.#ended = [...this.#ended, { atMs: this.#options.nowMs(), view: ended }].slice(-MOST_ENDED);
    attempt.tell?.(ended);
    this.#tellChanged();
  }

  #switchOff(because: string): void {
    this.#disabledBecause = because;
    this.#options.log.warn('pairing is off', { reason: because });
    for (const attempt of [...this.#running.values()]) this.#fail(attempt, 'switched_off');
  }

  #client(attempt: Attempt) {
    const { fingerprint, pem } = attempt.steps.certificate;
    return {
      fingerprint,
      certificatePem: pem,
      name: attempt.name,
      pairedUnixMs: this.#options.nowUnixMs(),
      address: attempt.peer.address,
    };
  }

  #view(attempt: Attempt): PairingAttempt {
    const leftMs = Math.max(0, attempt.deadlineMs - this.#options.nowMs());
    return {
      attempt_id: attempt.id,
      name: attempt.name,
      address: attempt.peer.address,
      fingerprint: attempt.steps.certificate.fingerprint,
      started_unix_ms: attempt.startedUnixMs,
      expires_unix_ms: Math.round(this.#options.nowUnixMs() + leftMs),
      phase: attempt.steps.step === 'wait_pin' ? 'waiting_for_pin' : 'verifying',
    };
  }

  #fields(attempt: Attempt) {
    return {
      address: attempt.peer.address,
      fingerprint: attempt.steps.certificate.fingerprint.slice(0, 16),
    };
  }

  #tellChanged(): void {
    for (const listener of [...this.#changed]) {
      try {
        listener();
      } catch (error) {
        this.#options.log.error('a listener of pairing failed', { reason: reasonOf(error) });
      }
    }
  }
}

/** An address holds no blank, so that no two peers have the same text. */
function keyOf({ address, uniqueId }: PairingPeer): string {
  return `${address} ${uniqueId}`;
}

const SWITCHED_OFF: PairingReply = {
  status: 403,
  paired: false,
  message: 'Pairing is switched off on the host.',
};
/** Without `plaincert` clients read it as "pairing already in progress". */
const IN_PROGRESS: PairingReply = { status: 200, paired: true };
const NOT_CONFIRMED: PairingReply = {
  status: 400,
  paired: false,
  message: 'Pairing was not confirmed on the host.',
};
const NO_LAST_MESSAGE =
  'The device knew the PIN, but its last message over TLS never came. Pair it again.';
const MESSAGES: Readonly<Record<FailureCode, string>> = {
  wrong_pin: 'The PIN was wrong. Start pairing on the device again.',
  timed_out: 'It took too long. Start pairing on the device again.',
  gave_up: 'The device ended the attempt.',
  out_of_order: 'The device did not keep to the order of pairing.',
  replaced: 'The device started pairing again.',
  turned_away: 'You turned the device away.',
  switched_off: 'Pairing was switched off.',
  not_saved: 'The device could not be stored; the log says why.',
};
const MOST_RUNNING = 4;
const MOST_ENDED = 16;
const WAIT_PIN_MS = 180_000;
const PHASE_MS = 10_000;
const ENDED_SHOWN_MS = 300_000;
