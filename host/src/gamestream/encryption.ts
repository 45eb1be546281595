// What the host offers and demands of a client's encryption (gamestream-control-plane.md §6, gamestream-control-stream.md
// §4.5), by setting and by where the client is.
import { isLocalAddress } from '../addresses.ts';
import type { EncryptionPolicy, OldClients } from '../config.ts';
import { AppError } from '../errors.ts';

/** Bits of `encryptionSupported`, `encryptionRequested` and `encryptionEnabled`. */
export const CONTROL_V2 = 1;
export const VIDEO = 2;
export const AUDIO = 4;

export interface EncryptionOffer {
  /** Bits that the client may take. */
  readonly supported: number;
  /** Bits that it is asked to take. */
  readonly requested: number;
  /** Video and audio must be sealed. */
  readonly required: boolean;
}

/** What a client at this address is offered. */
export function encryptionOffer(policy: EncryptionPolicy, address: string): EncryptionOffer {
  const local = isLocalAddress(address);
  if (policy === 'required' || (policy === 'lan-optional' && !local)) {
    return {
      supported: CONTROL_V2 | VIDEO | AUDIO,
      requested: CONTROL_V2 | VIDEO | AUDIO,
      required: true,
    };
  }
  const video = policy === 'off' ? 0 : VIDEO;
  return { supported: CONTROL_V2 | video | AUDIO, requested: CONTROL_V2, required: false };
}

/** Whether a client with the old encryption may come from this address. */
export function admitsOldClient(policy: OldClients, address: string): boolean {
  return policy === 'allow' || (policy === 'lan' && isLocalAddress(address));
}

/** For the client that may not come, and the log. */
export function tooOld(policy: OldClients): AppError {
  const where = policy === 'lan' ? ' from outside the local network' : '';
  return new AppError(
    403,
    'client_too_old',
    `This client is too old for the encryption of today's control stream and is refused${where}; ` +
      'update it, or change --old-clients.',
  );
}
