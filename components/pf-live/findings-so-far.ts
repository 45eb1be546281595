// Findings of a session that grows, out of windows: looked for again when there are new ones, and not with each of them.
import type { CaptureEvent } from '../../contract/stats.ts';
import type { Finding, Findings } from '../../recording/src/review/findings.ts';
import { MOST_FINDINGS } from './findings-view.ts';
import type { SessionSoFar } from './so-far.ts';

/** Findings of a session when it had so much. */
interface Found {
  readonly session: SessionSoFar;
  readonly samples: number;
  readonly events: number;
  readonly atMs: number;
  readonly found: Findings;
}

export class FindingsSoFar {
  #known: Found | undefined;
  #shown: readonly Finding[] = [];

  /** As numbered, on the page and on the lane of events; the same list until they are looked for again. */
  get shown(): readonly Finding[] {
    return this.#shown;
  }

  clear(): void {
    this.#known = undefined;
    this.#shown = [];
  }

  of(session: SessionSoFar, events: readonly CaptureEvent[]): Findings {
    const known = this.#known;
    const atMs = performance.now();
    const now = { session, samples: session.samples.length, events: events.length };
    if (known?.session === session) {
      const isSame = known.samples === now.samples && known.events === now.events;
      if (isSame || atMs - known.atMs < AGAIN_MS) return known.found;
    }
    const found = session.findings(events);
    this.#known = { ...now, atMs, found };
    this.#shown = found.findings.slice(0, MOST_FINDINGS);
    return found;
  }
}

const AGAIN_MS = 2000;
