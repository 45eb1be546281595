// A stream that never ran: seeded sessions with stalls, spikes, repeats, skips, drops and losses in virtual time. Answers
// the plan (what truly happened, every boundary in whole ns) and the inputs that a recorder would have got of it. Encodes
// records by the engine's table, with no code of the recorder's.
import type { StreamKind } from '../../contract/stats.ts';
import type { CapturedSession, CaptureInput, SmallInput } from '../../recording/src/inputs.ts';
import { type Random, seeded } from '../support/seeded-recordings.ts';

/** ns after the recording's origin; undefined = never reached. */
export type Boundaries = readonly [
  converted: number | undefined,
  submitted: number | undefined,
  encoded: number | undefined,
  packetized: number | undefined,
  dequeued: number | undefined,
  firstSent: number | undefined,
  lastSent: number | undefined,
];

export interface PlannedFrame {
  readonly session: number;
  readonly grabbedNs: number;
  readonly boundaries: Boundaries;
  readonly frameIndex: number | undefined;
  readonly sourceSequence: number | undefined;
  readonly sourceAgeNs: number | undefined;
  readonly bytes: number;
  readonly flags: number;
  readonly outcome: number;
  readonly dataPackets: number;
  readonly parityPackets: number;
  readonly queueDepth: number;
  readonly sendRefused: number;
  readonly qp: number | undefined;
  /** When its record was closed, ns after the origin: the recorder cannot have it earlier. */
  readonly closedNs: number;
}

export interface PlannedEvent {
  readonly session: number;
  readonly atNs: number;
  readonly kind: string;
  readonly frame: number | undefined;
}

export interface Simulation {
  readonly originNs: bigint;
  readonly sessions: readonly CapturedSession[];
  readonly frames: readonly PlannedFrame[];
  readonly events: readonly PlannedEvent[];
  /** Every input with the time at which the recorder gets it, in order. */
  readonly inputs: readonly { readonly atNs: number; readonly input: CaptureInput }[];
  readonly endNs: number;
}

/** A few sessions of up to `seconds` each, overlapping. The same seed makes the same stream. */
export function simulate(seed: number, seconds: number): Simulation {
  const random = seeded(seed);
  const originNs = BigInt(Math.floor(random() * 1e15));
  const count = 1 + Math.floor(random() * 4);
  const lives = Array.from({ length: count }, (_, i) => life(random, i + 1, seconds));
  const endNs = Math.max(...lives.map(({ endNs }) => endNs)) + 400_000_000;
  const timed = lives.flatMap(({ inputs }) => inputs);
  const frames = lives.flatMap((one) => one.frames);
  for (const frame of frames) {
    timed.push({
      atNs: frame.closedNs,
      input: { kind: 'records', bytes: encode(frame, originNs) },
    });
  }
  const inputs = timed.toSorted((a, b) => a.atNs - b.atNs);
  return {
    originNs,
    sessions: lives.map(({ session }) => session),
    frames,
    events: lives.flatMap((one) => one.events),
    inputs: inputs.map(({ atNs, input }) => ({ atNs, input: shifted(input, originNs) })),
    endNs,
  };
}

interface Life {
  readonly session: CapturedSession;
  readonly frames: PlannedFrame[];
  readonly events: PlannedEvent[];
  readonly inputs: { readonly atNs: number; readonly input: CaptureInput }[];
  readonly endNs: number;
}

function life(random: Random, sessionId: number, seconds: number): Life {
  const kind: StreamKind = random() < 0.7 ? 'gamestream' : 'native';
  const fps = pick(random, [30, 60, 90, 120, 240]);
  const startNs = Math.floor(random() * 2e9);
  const length = Math.floor((0.3 + 0.7 * random()) * seconds * 1e9);
  const session: CapturedSession = {
    sessionId,
    kind,
    width: 1280,
    height: 720,
    fps,
    codec: 'h264',
    client: `client ${sessionId}`,
    source: 'synthetic',
    encoder: 'openh264',
    bitrateKbps: 20_000,
  };
  const inputs: Life['inputs'] = [
    { atNs: startNs - 1, input: { kind: 'session', atNs: BigInt(startNs - 1), session } },
  ];
  const frames = streamed(random, sessionId, { fps, startNs, endNs: startNs + length });
  const events: PlannedEvent[] = [];
  for (const frame of frames) {
    if ((frame.flags & KEY) === 0) continue;
    events.push({
      ...{ session: sessionId, atNs: frame.grabbedNs, kind: 'key_frame' },
      frame: frame.frameIndex,
    });
    const event = { kind: 'key_frame', ...some('frame', frame.frameIndex) };
    inputs.push({
      atNs: frame.closedNs,
      input: { kind: 'event', atNs: BigInt(frame.grabbedNs), sessionId, event },
    });
  }
  inputs.push(...reports(random, sessionId, startNs, startNs + length));
  const endNs = Math.max(...frames.map(({ closedNs }) => closedNs), startNs + length) + 1;
  const reason = 'client_left';
  inputs.push({
    atNs: endNs + 300_000_000,
    input: { kind: 'session_ended', atNs: BigInt(endNs), sessionId, reason },
  });
  return { session, frames, events, inputs, endNs };
}

function streamed(
  random: Random,
  session: number,
  { fps, startNs, endNs }: { fps: number; startNs: number; endNs: number },
): PlannedFrame[] {
  const frames: PlannedFrame[] = [];
  const intervalNs = 1e9 / fps;
  const counts = random() < 0.8;
  let sequence = counts ? Math.floor(random() * 2 ** 32) >>> 0 : 0;
  let freeNs = startNs;
  let senderFreeNs = startNs;
  let index = 1;
  for (let nth = 0; ; nth += 1) {
    const tickNs = startNs + Math.round(nth * intervalNs);
    // The video thread is one: a frame begins when the one before it is handed over.
    const grabbedNs = Math.max(tickNs + Math.floor(random() * 200_000), freeNs);
    if (grabbedNs >= endNs) break;
    const stall = random() < 0.02 ? Math.floor(random() * 40e6) : 0;
    const place = Math.floor(random() * 8);
    const span = (i: number, usual: number): number =>
      Math.floor(usual * (0.6 + random() * 0.8)) + (place === i ? stall : 0);
    const repeat = nth > 0 && random() < 0.06;
    let step = 1;
    if (random() < 0.03) step += Math.floor(random() * 4);
    if (!repeat && nth > 0) sequence = (sequence + step) >>> 0;
    const isKey = nth === 0 || random() < 0.01;
    const skippedByEncoder = !isKey && random() < 0.01;
    const convertedNs = grabbedNs + (repeat ? 0 : span(1, 350_000));
    const submittedNs = convertedNs + span(2, 4_000);
    const encodedNs = submittedNs + span(3, isKey ? 6e6 : 3e6);
    const bytes = Math.floor((isKey ? 60_000 : 12_000) * (0.5 + random()));
    const known = {
      session,
      grabbedNs,
      sourceSequence: counts && !repeat ? sequence : undefined,
      sourceAgeNs: counts && !repeat ? Math.floor(random() * 1.3 * intervalNs) : undefined,
      queueDepth: Math.floor(random() * 2),
      sendRefused: 0,
      qp: random() < 0.9 ? 20 + Math.floor(random() * 20) : undefined,
    };
    const base = (isKey ? KEY : 0) | (repeat ? REPEAT : 0);
    if (skippedByEncoder) {
      freeNs = encodedNs;
      const boundaries: Boundaries = [convertedNs, submittedNs, encodedNs, ...NEVER4];
      frames.push({
        ...known,
        ...{ boundaries, frameIndex: undefined, bytes: 0, flags: repeat ? REPEAT : 0 },
        ...{ outcome: ENCODER_SKIPPED, dataPackets: 0, parityPackets: 0, closedNs: encodedNs },
        qp: undefined,
      });
      continue;
    }
    const frameIndex = index;
    index += 1;
    if (random() < 0.015) {
      freeNs = encodedNs;
      const boundaries: Boundaries = [convertedNs, submittedNs, encodedNs, ...NEVER4];
      frames.push({
        ...known,
        ...{ boundaries, frameIndex, bytes, flags: base, outcome: QUEUE_FULL },
        ...{ dataPackets: 0, parityPackets: 0, closedNs: encodedNs },
      });
      continue;
    }
    const packetizedNs = encodedNs + span(4, 60_000);
    freeNs = packetizedNs;
    const dequeuedNs = Math.max(packetizedNs, senderFreeNs) + span(5, 8_000);
    const firstSentNs = dequeuedNs + span(6, 6_000);
    const lastSentNs = firstSentNs + span(7, 900_000);
    senderFreeNs = lastSentNs;
    const dataPackets = Math.ceil(bytes / 1000);
    const parityPackets = Math.ceil(dataPackets / 5);
    const late = random() < 0.01;
    const refused = late ? 1 + Math.floor(random() * 300) : random() < 0.01 ? 2 : 0;
    const flags = base | (refused > 0 ? NO_ROOM : 0) | (random() < 0.05 ? AFTER_INVALIDATION : 0);
    const sent = [
      convertedNs,
      submittedNs,
      encodedNs,
      packetizedNs,
      dequeuedNs,
      firstSentNs,
    ] as const;
    frames.push({
      ...known,
      ...{ boundaries: [...sent, late ? undefined : lastSentNs], frameIndex, bytes, flags },
      ...{ outcome: late ? SEND_DEADLINE : SENT, dataPackets, parityPackets },
      sendRefused: Math.min(255, refused),
      closedNs: lastSentNs,
    });
  }
  return frames;
}

/** A client that reports every half second: totals that only grow. */
function reports(random: Random, sessionId: number, startNs: number, endNs: number) {
  const inputs: { atNs: number; input: SmallInput }[] = [];
  let [packetsLost, packetsRecovered] = [0, 0];
  if (random() < 0.3) return inputs;
  for (let atNs = startNs + 500_000_000; atNs < endNs; atNs += 500_000_000) {
    packetsLost += random() < 0.3 ? Math.floor(random() * 12) : 0;
    packetsRecovered = Math.min(packetsLost, packetsRecovered + Math.floor(random() * 4));
    const totals = { packetsLost, packetsRecovered, rttUs: 400 + Math.floor(random() * 900) };
    inputs.push({ atNs, input: { kind: 'receiver', atNs: BigInt(atNs), sessionId, totals } });
  }
  return inputs;
}

/** Times of the plan become times of the engine's clock. */
function shifted(input: CaptureInput, originNs: bigint): CaptureInput {
  return input.kind === 'records' ? input : { ...input, atNs: input.atNs + originNs };
}

/** The table of engine/crates/pf-stats/src/record.rs. */
function encode(frame: PlannedFrame, originNs: bigint): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, originNs + BigInt(frame.grabbedNs), true);
  frame.boundaries.forEach((atNs, i) => {
    view.setUint32(8 + 4 * i, atNs === undefined ? ALL_ONES : atNs - frame.grabbedNs, true);
  });
  view.setUint32(36, frame.frameIndex ?? 0, true);
  view.setUint32(40, frame.sourceSequence ?? ALL_ONES, true);
  view.setUint32(44, frame.sourceAgeNs ?? ALL_ONES, true);
  view.setUint32(48, frame.bytes, true);
  view.setUint16(52, frame.session, true);
  view.setUint16(54, frame.flags, true);
  view.setUint16(56, frame.dataPackets, true);
  view.setUint16(58, frame.parityPackets, true);
  view.setUint8(60, frame.queueDepth);
  view.setUint8(61, frame.outcome);
  view.setUint8(62, frame.sendRefused);
  view.setUint8(63, frame.qp ?? 255);
  return bytes;
}

function pick<T>(random: Random, from: readonly T[]): T {
  const value = from[Math.floor(random() * from.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}

function some<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  const object: Partial<Record<K, V>> = {};
  if (value !== undefined) object[key] = value;
  return object;
}

const NEVER4 = [undefined, undefined, undefined, undefined] as const;
const ALL_ONES = 0xffff_ffff;
const [SENT, QUEUE_FULL, SEND_DEADLINE, ENCODER_SKIPPED] = [0, 1, 2, 4];
const [KEY, REPEAT, AFTER_INVALIDATION, NO_ROOM] = [1, 2, 4, 64];
