// Attempts to pair against the paths without sockets, as far as a test wants them to go.
import type { Device } from './certificates.ts';
import { type Answer, elementOf, type NvRig, PairingClient } from './gamestream.ts';

export interface Started {
  readonly client: PairingClient;
  readonly answer: Promise<Answer>;
}

export function start(
  rig: NvRig,
  who: Device,
  from: {
    readonly address?: string;
    readonly pin?: string;
    readonly uniqueId?: string;
    readonly signal?: AbortSignal;
  } = {},
): Started {
  const client = new PairingClient(who, from.pin ?? '1234', from.uniqueId);
  const answer = rig.clear(client.phase1(), {
    ...(from.address === undefined ? {} : { peerAddress: from.address }),
    ...(from.signal === undefined ? {} : { signal: from.signal }),
  });
  return { client, answer };
}

export async function threePhases(
  rig: NvRig,
  client: PairingClient,
  first: Promise<Answer>,
  peerAddress = '192.168.1.20',
): Promise<Answer> {
  client.takeServerCert(elementOf(await first, 'plaincert') ?? '');
  const second = await rig.clear(client.phase2(), { peerAddress });
  client.takeChallengeResponse(elementOf(second, 'challengeresponse') ?? '');
  return await rig.clear(client.phase3(), { peerAddress });
}

export async function fourPhases(
  rig: NvRig,
  client: PairingClient,
  first: Promise<Answer>,
): Promise<Answer> {
  await threePhases(rig, client, first);
  return await rig.clear(client.phase4());
}

export async function somePhases(
  rig: NvRig,
  client: PairingClient,
  first: Promise<Answer>,
  phases: number,
  peerAddress = '192.168.1.20',
): Promise<void> {
  if (phases < 1) return;
  client.takeServerCert(elementOf(await first, 'plaincert') ?? '');
  if (phases < 2) return;
  const second = await rig.clear(client.phase2(), { peerAddress });
  client.takeChallengeResponse(elementOf(second, 'challengeresponse') ?? '');
  if (phases < 3) return;
  await rig.clear(client.phase3(), { peerAddress });
  if (phases < 4) return;
  await rig.clear(client.phase4(), { peerAddress });
}

export async function failAfterPhase3(rig: NvRig, who: Device, address: string): Promise<void> {
  const { client, answer } = start(rig, who, { address });
  const ended = rig.pairing.enterPin({ pin: '0000' });
  await threePhases(rig, client, answer, address);
  await rig.clear(client.unpair(), { peerAddress: address });
  const { code } = await ended;
  if (code !== 'wrong_pin') throw new Error(`it failed with ${code}`);
}

export async function pairWhole(rig: NvRig, who: Device): Promise<boolean> {
  const { client, answer } = start(rig, who);
  const ended = rig.pairing.enterPin({ pin: '1234' });
  await fourPhases(rig, client, answer);
  await rig.secure(client.phase5(), who);
  return (await ended).phase === 'paired';
}

export function attemptOf(rig: NvRig, who: Device): string {
  const { attempts } = rig.pairing.state();
  return attempts.find(({ fingerprint }) => fingerprint === who.fingerprint)?.attempt_id ?? '';
}
