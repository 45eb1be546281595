// Everything that a capture is made of, in the order in which it came. One list of inputs makes one recording, whoever
// feeds it: the live recorder, the journal after a crash, the black box, a simulation. As text they lie in the journal.
import type { Codec, Negotiated, StreamKind } from '../../contract/stats.ts';

/** What the host knows about a session when its first frame is measured. */
export interface CapturedSession {
  readonly sessionId: number;
  readonly kind: StreamKind;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly codec: Codec;
  readonly client: string;
  readonly source: string;
  readonly encoder: string;
  readonly bitrateKbps: number;
  readonly app?: string;
  readonly negotiated?: Negotiated;
  /** What of it was taken out before it was shown to others. */
  readonly redacted?: readonly string[];
}

/** What a receiver reports: totals since its session began. */
export interface ReceiverTotals {
  readonly packetsLost?: number;
  readonly packetsRecovered?: number;
  /** Frames that the receiver gave up. */
  readonly framesNotShown?: number;
  /** Median round trip since the last report, µs; no total. */
  readonly rttUs?: number;
}

/** What happened, without the when and the where. */
export interface SessionEvent {
  readonly kind: string;
  readonly frame?: number;
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
  /** Details that were taken out before it was shown to others. */
  readonly redacted?: readonly string[];
}

/** Whole 64-byte records. */
export interface RecordsInput {
  readonly kind: 'records';
  readonly bytes: Uint8Array;
}

/** All else. `atNs` is the engine's clock. */
export type SmallInput =
  | { readonly kind: 'session'; readonly atNs: bigint; readonly session: CapturedSession }
  | {
      readonly kind: 'session_ended';
      readonly atNs: bigint;
      readonly sessionId: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'receiver';
      readonly atNs: bigint;
      readonly sessionId: number;
      readonly totals: ReceiverTotals;
    }
  | {
      readonly kind: 'event';
      readonly atNs: bigint;
      /** Undefined: of the host as a whole. */
      readonly sessionId: number | undefined;
      readonly event: SessionEvent;
    }
  | { readonly kind: 'records_lost'; readonly atNs: bigint; readonly count: number }
  /** The machine slept: the engine's clock stood still for so long. */
  | { readonly kind: 'suspended'; readonly atNs: bigint; readonly ms: number };

export type CaptureInput = RecordsInput | SmallInput;

/** One line of JSON; `decodeInput` is the inverse. */
export function encodeInput(input: SmallInput): string {
  return JSON.stringify({ ...input, atNs: String(input.atNs) });
}

/** Reads what `encodeInput` wrote. Throws SyntaxError or TypeError on anything else: a journal is ours alone. */
export function decodeInput(text: string): SmallInput {
  const data: unknown = JSON.parse(text);
  if (typeof data !== 'object' || data === null || !('kind' in data) || !('atNs' in data)) {
    throw new TypeError('no input of a capture');
  }
  // Written by encodeInput of this version or an older one, whose fields all are still known.
  return { ...data, atNs: BigInt(String(data.atNs)) } as SmallInput;
}
