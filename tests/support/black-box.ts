// What black boxes are fed in tests: announced sessions and frames on virtual time.
import type { CapturedSession, CaptureInput, SmallInput } from '../../recording/src/inputs.ts';
import { type RawFrame, rawRecords } from './raw-records.ts';

export const SECOND = 1_000_000_000n;
/** Where virtual time begins: a machine that was up for a while. */
export const START_NS = 1000n * SECOND;

export function announced(
  session: Partial<CapturedSession> = {},
  atNs = START_NS,
): Extract<SmallInput, { kind: 'session' }> {
  return {
    kind: 'session',
    atNs,
    session: {
      ...{ sessionId: 1, kind: 'gamestream', width: 1280, height: 720, fps: 60, codec: 'h264' },
      ...{ client: 'ann', source: 'x11', encoder: 'openh264', bitrateKbps: 5000 },
      ...session,
    },
  };
}

export function ended(sessionId: number, atNs: bigint): SmallInput {
  return { kind: 'session_ended', atNs, sessionId, reason: 'client_gone' };
}

export function lossReport(sessionId: number, atNs: bigint, packetsLost: number): SmallInput {
  return { kind: 'receiver', atNs, sessionId, totals: { packetsLost } };
}

export function happened(
  kind: string,
  atNs: bigint,
  sessionId: number | undefined = 1,
): SmallInput {
  return { kind: 'event', atNs, sessionId, event: { kind } };
}

export function records(...frames: RawFrame[]): CaptureInput {
  return { kind: 'records', bytes: rawRecords(frames) };
}

/** Frames at 60 fps from `fromNs` on, in polls of 200 ms. */
export function* stream(
  fromNs: bigint,
  seconds: number,
  options: { readonly session?: number; readonly firstIndex?: number; readonly fps?: number } = {},
): Generator<{ readonly nowNs: bigint; readonly input: CaptureInput }> {
  const { session = 1, firstIndex = 1, fps = 60 } = options;
  const count = Math.round(seconds * fps);
  const perPoll = Math.max(1, Math.round(fps / 5));
  for (let first = 0; first < count; first += perPoll) {
    const frames = Array.from({ length: Math.min(perPoll, count - first) }, (_, i) => ({
      session,
      grabbedNs: fromNs + BigInt(Math.round(((first + i) * 1e9) / fps)),
      frameIndex: firstIndex + first + i,
    }));
    const nowNs = fromNs + BigInt(Math.round(((first + frames.length) * 1e9) / fps));
    yield { nowNs, input: records(...frames) };
  }
}
