// What the Engine class stands on: the six functions as methods. Implemented by the library (native-transport.ts) and
// in memory (fake-engine.ts); tests/ffi/conformance.test.ts holds both to the same behaviour.
import type { OpenReply } from './messages.ts';

/** A refused or failed call: the status of docs/ffi-abi.md and the engine's own code and sentence. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Contract version that this host speaks. */
export const ABI_VERSION = 1;

/** Statuses of docs/ffi-abi.md; never reused. */
export const engineStatus = {
  bad_argument: -1,
  stale_handle: -2,
  buffer_too_small: -3,
  panic: -4,
  refused: -5,
  closed: -6,
} as const;

export interface EngineTransport {
  readonly opened: OpenReply;
  /** One request, one reply, within a millisecond. Throws EngineError. */
  call(request: string): string;
  /** Parsed events of lane 0, in order, unchecked. One listener. */
  listen(listener: (events: readonly unknown[]) => void): void;
  /** Whole records of lane 1, without waiting; answers bytes written. */
  drainRecords(into: Uint8Array): number;
  /** The engine's clock, ns. */
  nowNs(): bigint;
  /** Closes the engine; resolves when the last event was delivered. Twice is harmless. */
  close(): Promise<void>;
}
