// What a route may know about the request it answers, beside its content: what the token allows, and how to wait long.
import type { Grant } from '../identity/tokens.ts';

/** A request’s way in, as the listener knows it. */
export interface Connection {
  /** The peer’s address. */
  readonly address: string | undefined;
  /** Lets this request be quiet for so long: for answers that wait for people or never end, without any limit. */
  keepOpen(quietS?: number): void;
}

export interface Caller extends Connection {
  readonly grant: Grant;
}

/** For requests that come from within this process. */
export const INSIDE: Connection = { address: undefined, keepOpen: () => undefined };
