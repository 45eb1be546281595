import { beforeAll, describe, expect, test } from 'bun:test';
import { loadHostIdentity } from '../../host/src/identity/host-identity.ts';
import { type Device, device } from '../support/certificates.ts';
import {
  elementOf,
  type NvRig,
  nvRig,
  PairingClient,
  temporaryFolder,
} from '../support/gamestream.ts';

type Letter = '1' | '2' | '3' | '4' | '5' | 'P' | 'U';

const EAGER: readonly Letter[] = ['1', '2', '3', '4', '5', 'U'];
const SLOW: readonly Letter[] = ['1', 'P', '2', '3', '4', '5'];

describe('CVE-2024-51738: the order of pairing', () => {
  let phone: Device;
  /** One for all walks: what it learned in an earlier one is what an attacker would try. */
  let client: PairingClient;
  const configDir = temporaryFolder();
  const identity = loadHostIdentity(undefined);
  beforeAll(() => {
    phone = device();
    client = new PairingClient(phone, '1234');
  });

  test('leads to trust when it is kept', async () => {
    const whole = new Walk(nvRig(), phone, new PairingClient(phone, '1234'), true);
    expect(await whole.walk(['1', '2', '3', '4', '5'])).toBe(true);
  });

  test('allows no permutation, repetition or omission up to five messages, nor an unpair in between', async () => {
    let walks = 0;
    for (const letters of sequences(EAGER, 5)) {
      if (letters.join('') === '12345') continue;
      await expectNoTrust(letters, true);
      walks += 1;
    }
    expect(walks).toBe(6 + 36 + 216 + 1296 + 7776 - 1);
  }, 120_000);

  test('leads nowhere while the PIN is not entered, whatever else comes', async () => {
    for (const letters of sequences(SLOW, 5)) await expectNoTrust(letters, false);
  }, 120_000);

  async function expectNoTrust(letters: readonly Letter[], eager: boolean): Promise<void> {
    const rig = nvRig({ configDir, identity });
    const before = rig.store();
    const said = await new Walk(rig, phone, client, eager).walk(letters);
    const trusted = rig.clients.get(phone.fingerprint) !== undefined;
    rig.clock.ms += 200_000;
    rig.pairing.tick();
    const after = { said, trusted, running: running(rig), same: rig.store() === before };
    if (said || trusted || after.running > 0 || !after.same) {
      throw new Error(`${letters.join('')}: ${JSON.stringify(after)}`);
    }
  }
});

/** One client with the right PIN, sending what it is told to. */
class Walk {
  readonly #rig: NvRig;
  readonly #device: Device;
  readonly #client: PairingClient;
  readonly #eager: boolean;
  #first: Promise<unknown> | undefined;

  /** `eager`: the operator types the PIN the moment it is asked for. */
  constructor(rig: NvRig, who: Device, client: PairingClient, eager: boolean) {
    this.#rig = rig;
    this.#device = who;
    this.#client = client;
    this.#eager = eager;
  }

  /** True when the host said that the last message was right. */
  async walk(letters: readonly Letter[]): Promise<boolean> {
    let last = false;
    for (const letter of letters) {
      // Phase 1 is accepted every two seconds at most.
      this.#rig.clock.ms += 2_000;
      last = await this.#send(letter);
    }
    return last;
  }

  async #send(letter: Letter): Promise<boolean> {
    const { clear, secure } = this.#rig;
    const client = this.#client;
    switch (letter) {
      case '1':
        this.#first = clear(client.phase1()).then((answer) => {
          const cert = elementOf(answer, 'plaincert');
          if (cert !== undefined) client.takeServerCert(cert);
        });
        if (this.#eager) await this.#typePin();
        return false;
      case 'P':
        await this.#typePin();
        return false;
      case '2': {
        const hex = elementOf(await clear(client.phase2()), 'challengeresponse');
        if (hex !== undefined) client.takeChallengeResponse(hex);
        return false;
      }
      case '3':
        await clear(client.phase3());
        return false;
      case '4':
        await clear(client.phase4());
        return false;
      case '5': {
        const answer = await secure(client.phase5(), this.#device);
        return answer.code === '200' || elementOf(answer, 'paired') === '1';
      }
      case 'U':
        await clear(client.unpair());
        return false;
    }
  }

  async #typePin(): Promise<void> {
    if (this.#rig.pairing.waiting === 0) return;
    // Not awaited: it ends with the attempt.
    void this.#rig.pairing.enterPin({ pin: '1234' });
    await this.#first;
  }
}

function running(rig: NvRig): number {
  return rig.pairing.state().attempts.filter((attempt) => attempt.phase === 'verifying').length;
}

function* sequences(letters: readonly Letter[], longest: number): Generator<readonly Letter[]> {
  let shorter: (readonly Letter[])[] = [[]];
  for (let length = 1; length <= longest; length += 1) {
    shorter = shorter.flatMap((start) => letters.map((letter) => [...start, letter]));
    yield* shorter;
  }
}
