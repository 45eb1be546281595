// What a list of inputs says about sessions up to some moment: how each was announced last, where its receiver's totals
// stand, whether it ended. Whatever comes later is understood only with it.
import {
  encodeInput,
  type ReceiverTotals,
  type SmallInput,
} from '../../../recording/src/inputs.ts';

interface Known {
  readonly announced: Extract<SmallInput, { kind: 'session' }>;
  readonly receiver?: Extract<SmallInput, { kind: 'receiver' }>;
  readonly ended?: Extract<SmallInput, { kind: 'session_ended' }>;
  readonly bytes: number;
}

export class KnownSessions {
  readonly #known: Map<number, Known>;
  #bytes = 0;

  constructor(known: ReadonlyMap<number, Known> = new Map()) {
    this.#known = new Map(known);
    for (const { bytes } of known.values()) this.#bytes += bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasEnded(): boolean {
    for (const { ended } of this.#known.values()) if (ended !== undefined) return true;
    return false;
  }

  copy(): KnownSessions {
    return new KnownSessions(this.#known);
  }

  learn(input: SmallInput): void {
    if (input.kind === 'session') {
      const { receiver } = this.#known.get(input.session.sessionId) ?? {};
      this.#put(input.session.sessionId, { announced: input, ...(receiver && { receiver }) });
    } else if (input.kind === 'receiver') {
      const known = this.#known.get(input.sessionId);
      if (known === undefined) return;
      const totals: ReceiverTotals = { ...known.receiver?.totals, ...input.totals };
      this.#put(input.sessionId, { ...known, receiver: { ...input, totals } });
    } else if (input.kind === 'session_ended') {
      const known = this.#known.get(input.sessionId);
      if (known !== undefined) this.#put(input.sessionId, { ...known, ended: input });
    }
  }

  /** Forgets sessions that ended before; all that ended when undefined. */
  dropEnded(beforeNs: bigint | undefined): void {
    for (const [id, { ended }] of this.#known) {
      if (ended !== undefined && (beforeNs === undefined || ended.atNs < beforeNs)) this.#drop(id);
    }
  }

  /** Forgets sessions until no more bytes are used: those that do not live first, then the oldest. */
  shrink(bytes: number, lives: (sessionId: number) => boolean): void {
    if (this.#bytes <= bytes) return;
    const ids = [...this.#known.keys()];
    for (const id of [...ids.filter((id) => !lives(id)), ...ids.filter(lives)]) {
      if (this.#bytes <= bytes) return;
      this.#drop(id);
    }
  }

  /** The living ones and those that `wanted` names; what ended all the same ends after everything else. */
  asInputs(wanted: (sessionId: number) => boolean): {
    readonly before: SmallInput[];
    readonly after: SmallInput[];
  } {
    const known = [...this.#known].filter(([id, { ended }]) => ended === undefined || wanted(id));
    return {
      before: known.flatMap(([, { announced, receiver }]) => [announced, ...list(receiver)]),
      after: known.flatMap(([, { ended }]) => list(ended)),
    };
  }

  #put(sessionId: number, known: Omit<Known, 'bytes'>): void {
    this.#bytes -= this.#known.get(sessionId)?.bytes ?? 0;
    const parts = [known.announced, ...list(known.receiver), ...list(known.ended)];
    const bytes = parts.reduce((sum, part) => sum + bytesOf(encodeInput(part)), 0);
    // Where it stood before: sessions stay in the order in which they came.
    this.#known.set(sessionId, { ...known, bytes });
    this.#bytes += bytes;
  }

  #drop(sessionId: number): void {
    this.#bytes -= this.#known.get(sessionId)?.bytes ?? 0;
    this.#known.delete(sessionId);
  }
}

/** What a text costs in memory, at most: two bytes a character, and the entry that holds it. */
export function bytesOf(text: string): number {
  return 2 * text.length + ENTRY_BYTES;
}

function list<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** Object, string header and clock of an entry. */
const ENTRY_BYTES = 96;
