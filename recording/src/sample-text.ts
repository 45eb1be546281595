// Samples of a recording as the JSON text that its file holds, in order of their windows' ends: three hours of objects
// would take several times the memory.
import type { StatsSample } from '../../contract/stats.ts';

interface Piece {
  readonly endUs: number;
  readonly sessionId: number;
  readonly text: string;
}

export class SampleText {
  /** What can no longer be overtaken, many samples a piece. */
  readonly #settled: string[] = [];
  readonly #recent: Piece[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(endUs: number, sample: StatsSample): void {
    const piece = { endUs, sessionId: sample.session_id, text: JSON.stringify(sample) };
    let at = this.#recent.length;
    while (at > 0 && isBefore(piece, this.#recent[at - 1])) at -= 1;
    this.#recent.splice(at, 0, piece);
    this.#count += 1;
    if (this.#recent.length < RECENT * 2) return;
    this.#settled.push(textOf(this.#recent.splice(0, RECENT)));
  }

  /** All of them, separated by commas. */
  joined(): string {
    return [...this.#settled, ...(this.#recent.length > 0 ? [textOf(this.#recent)] : [])].join(',');
  }
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text }) => text).join(',');
}

function isBefore(a: Piece, b: Piece | undefined): boolean {
  return b !== undefined && (a.endUs - b.endUs || a.sessionId - b.sessionId) < 0;
}

/** More windows than 16 sessions can have open at once. */
const RECENT = 256;
