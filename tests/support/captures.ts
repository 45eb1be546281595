// A capture for tests: armed ten seconds into the engine's clock, with one session, and its text read back.
import type { Capture } from '../../contract/stats.ts';
import { CaptureBuilder, type CaptureStart } from '../../recording/src/capture.ts';
import { parseCapture } from '../../recording/src/format.ts';
import type { CapturedSession, CaptureInput, SessionEvent } from '../../recording/src/inputs.ts';
import { recordingStem } from '../../recording/src/recording-id.ts';

export const SECOND = 1_000_000_000n;
export const ARMED_NS = 10n * SECOND;
export const START_MS = Date.UTC(2026, 5, 26, 20, 14, 3);

export const session: CapturedSession = {
  sessionId: 1,
  kind: 'gamestream',
  width: 5120,
  height: 1440,
  fps: 60,
  codec: 'h264',
  client: 'test',
  source: 'synthetic',
  encoder: 'openh264',
  bitrateKbps: 20_000,
};

export function builder(start: Partial<CaptureStart> = {}): CaptureBuilder {
  return new CaptureBuilder({
    stem: recordingStem(START_MS, () => false),
    startedUnixMs: START_MS,
    armedNs: ARMED_NS,
    ...start,
  });
}

/** Announces a session, by default when the capture is armed. */
export function announced(
  overrides: Partial<CapturedSession> = {},
  atNs: bigint = ARMED_NS,
): CaptureInput {
  return { kind: 'session', atNs, session: { ...session, ...overrides } };
}

export function happened(atNs: bigint, event: SessionEvent, sessionId: number | undefined = 1) {
  return { kind: 'event', atNs, sessionId, event } as const;
}

/** The whole recording as its file reads back. */
export function finished(capture: CaptureBuilder, nowNs: bigint): Capture {
  return parseCapture(capture.finish(nowNs).text);
}
