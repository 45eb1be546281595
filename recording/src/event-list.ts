// The events of one recording in order of time, within a bound. What a client or an encoder may cause without end gives
// way to what is rare: starts, ends, gaps and markers.
import type { CaptureEvent } from '../../contract/stats.ts';
import type { SessionEvent } from './inputs.ts';

interface Held {
  readonly atUs: number;
  readonly event: CaptureEvent;
}

export class EventList {
  readonly #held: Held[] = [];
  #lost = 0;

  /** Events beyond the bound. */
  get lost(): number {
    return this.#lost;
  }

  /** Puts an event where it belongs; undefined when there was no room. */
  add(atUs: number, sessionId: number | undefined, event: SessionEvent): CaptureEvent | undefined {
    if (this.#held.length >= MAX_EVENTS && !this.#makeRoomFor(event)) {
      this.#lost += 1;
      return undefined;
    }
    const made: CaptureEvent = {
      t_ms: Math.max(0, Math.round(atUs / 1000)),
      ...(sessionId === undefined ? {} : { session_id: sessionId }),
      kind: event.kind,
      ...(event.frame === undefined ? {} : { frame: event.frame }),
      ...(event.detail === undefined ? {} : { detail: { ...event.detail } }),
      ...(event.redacted === undefined ? {} : { redacted: [...event.redacted] }),
    };
    const held = { atUs, event: made };
    let at = this.#held.length;
    while (at > 0 && isBefore(held, this.#held[at - 1])) at -= 1;
    this.#held.splice(at, 0, held);
    return made;
  }

  all(): CaptureEvent[] {
    return this.#held.map(({ event }) => event);
  }

  /** Takes the latest of the common events away for a rare one. */
  #makeRoomFor(event: SessionEvent): boolean {
    if (!RARE.has(event.kind)) return false;
    const common = this.#held.findLastIndex((held) => !RARE.has(held.event.kind));
    if (common < 0) return false;
    this.#held.splice(common, 1);
    this.#lost += 1;
    return true;
  }
}

/** By time; of one µs a session begins first and ends last, and the order of arrival decides nothing. */
function isBefore(a: Held, b: Held | undefined): boolean {
  if (b === undefined) return false;
  const order =
    a.atUs - b.atUs ||
    rankOf(a.event.kind) - rankOf(b.event.kind) ||
    (a.event.session_id ?? -1) - (b.event.session_id ?? -1);
  return order < 0 || (order === 0 && a.event.kind < b.event.kind);
}

function rankOf(kind: string): number {
  return kind === 'session_start' ? 0 : kind === 'session_end' ? 2 : 1;
}

const RARE: ReadonlySet<string> = new Set([
  'session_start',
  'session_end',
  'mode',
  'records_lost',
  'suspended',
  'marker',
]);
/** About four megabytes of them; a stream in trouble makes a few a second. */
const MAX_EVENTS = 20_000;
