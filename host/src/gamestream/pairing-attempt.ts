// One attempt to pair: five steps in one order, each once, and any deviation ends it (gamestream-control-plane.md §4.4).
// Holds the secrets and wipes them; knows no clock, no store and no other attempt.
import type { KeyObject } from 'node:crypto';
import {
  type Challenges,
  type ClientCertificate,
  challengeResponse,
  clientSecretHolds,
  decrypt,
  pairingKey,
  pairingSecret,
  SECRET_BYTES,
} from './pairing-crypto.ts';

/** What the host brings to every attempt. */
export interface HostSide {
  readonly key: KeyObject;
  /** The signature bytes inside the host's certificate. */
  readonly signature: Uint8Array;
  readonly random: (bytes: number) => Uint8Array;
}

type Step =
  | { readonly name: 'wait_pin' }
  | { readonly name: 'got_cert'; readonly key: Uint8Array }
  | { readonly name: 'challenged'; readonly challenges: Challenges }
  | { readonly name: 'responded'; readonly challenges: Challenges; readonly clientHash: Uint8Array }
  | { readonly name: 'proven' }
  | { readonly name: 'over' };

export class PairingAttemptSteps {
  readonly certificate: ClientCertificate;
  readonly #host: HostSide;
  readonly #salt: Uint8Array;
  #step: Step = { name: 'wait_pin' };

  constructor(host: HostSide, salt: Uint8Array, certificate: ClientCertificate) {
    this.#host = host;
    this.#salt = salt;
    this.certificate = certificate;
  }

  get step(): Step['name'] {
    return this.#step.name;
  }

  /** The operator's PIN, four digits. False when it is not the time for it. */
  enterPin(pin: string): boolean {
    if (this.#step.name !== 'wait_pin') return false;
    this.#step = { name: 'got_cert', key: pairingKey(this.#salt, pin) };
    return true;
  }

  /** Phase 2, 16 bytes → 48 bytes. Undefined: a deviation. */
  clientChallenge(encrypted: Uint8Array): Uint8Array | undefined {
    if (this.#step.name !== 'got_cert' || encrypted.length !== 16) return undefined;
    const challenges = {
      key: this.#step.key,
      serverSecret: this.#host.random(SECRET_BYTES),
      serverChallenge: this.#host.random(16),
    };
    this.#step = { name: 'challenged', challenges };
    return challengeResponse(challenges, encrypted, this.#host.signature);
  }

  /** Phase 3, 32 bytes → the host's secret and signature. Undefined: a deviation. */
  serverChallengeResponse(encrypted: Uint8Array): Uint8Array | undefined {
    if (this.#step.name !== 'challenged' || encrypted.length !== 32) return undefined;
    const { challenges } = this.#step;
    const clientHash = decrypt(challenges.key, encrypted);
    this.#step = { name: 'responded', challenges, clientHash };
    return pairingSecret(challenges.serverSecret, this.#host.key);
  }

  /** Phase 4: true when the peer knew the PIN and holds its certificate's key. Undefined: a deviation. */
  clientPairingSecret(secret: Uint8Array): boolean | undefined {
    if (this.#step.name !== 'responded') return undefined;
    if (secret.length <= SECRET_BYTES || secret.length > SECRET_BYTES + MOST_SIGNATURE_BYTES) {
      return undefined;
    }
    const { challenges, clientHash } = this.#step;
    const holds = clientSecretHolds(
      secret,
      clientHash,
      challenges.serverChallenge,
      this.certificate,
    );
    this.#wipe();
    this.#step = holds ? { name: 'proven' } : { name: 'over' };
    return holds;
  }

  /** Nothing of it can be used any more. */
  end(): void {
    this.#wipe();
    this.#step = { name: 'over' };
  }

  #wipe(): void {
    const step = this.#step;
    this.#salt.fill(0);
    if (step.name === 'got_cert') step.key.fill(0);
    if (step.name === 'challenged' || step.name === 'responded') {
      step.challenges.key.fill(0);
      step.challenges.serverSecret.fill(0);
      step.challenges.serverChallenge.fill(0);
    }
    if (step.name === 'responded') step.clientHash.fill(0);
  }
}

/** RSA-8192 signs with 1024 bytes. */
const MOST_SIGNATURE_BYTES = 1024;
