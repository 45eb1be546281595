// Frames as a busy host makes them, by the seed: log-normal stage times, a source with a clock of its own that skips
// and repeats, key frames, drops. For sizes and speeds of recordings and for tests that compare two ways of counting.
import { ABSENT, boundaryColumns, FrameBatch, frameFlags } from '../../recording/src/frames.ts';

export interface SyntheticOptions {
  readonly session: number;
  readonly fps: number;
  readonly seed: number;
  /** Where on the axis it begins. */
  readonly startUs?: number;
  readonly mbps?: number;
  /** Share of frames that end early, in many ways. A healthy stream has next to none. */
  readonly dropped?: number;
  /** The source neither counts nor stamps its pictures. */
  readonly blindSource?: true;
}

/** A whole session in order of grabbing. The same seed makes the same frames. */
export function syntheticFrames(
  options: SyntheticOptions & { readonly seconds: number },
): FrameBatch {
  return new SyntheticStream(options).next(Math.round(options.fps * options.seconds));
}

/** A session piece by piece, however long. */
export class SyntheticStream {
  readonly #options: SyntheticOptions;
  readonly #random: () => number;
  readonly #source: SyntheticSource;
  /** What the scene costs wanders slowly. */
  #load = 0;
  #frame = 0;
  #wireIndex = 0;

  constructor(options: SyntheticOptions) {
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#source = new SyntheticSource(options.fps, options.startUs ?? 0, this.#random);
  }

  next(rows: number): FrameBatch {
    const batch = new FrameBatch(rows);
    for (let row = 0; row < rows; row += 1) this.#write(batch, row);
    return batch;
  }

  #write({ grabbed_us, columns }: FrameBatch, row: number): void {
    const { session, fps, startUs = 0, mbps = 30, dropped = 0, blindSource } = this.#options;
    const random = this.#random;
    const isKey = this.#frame === 0 || random() < 1 / (20 * fps);
    const grabbed = startUs + Math.round((this.#frame * 1e6) / fps + this.#logNormal(60, 0.5));
    const picture = this.#source.newestAt(grabbed);
    this.#frame += 1;
    this.#load = this.#load * 0.98 + gauss(random) * 0.02;
    const noise = Math.exp(this.#load + 0.2 * gauss(random));
    const bytes = Math.round(((mbps * 125_000) / fps) * noise * (isKey ? 6 : 1));
    const ending = random() < dropped ? Math.floor(random() * 6) + 1 : 0;
    let at = 0;
    boundaryColumns.forEach((name, i) => {
      const slow = i === 2 ? Math.exp(this.#load) * (isKey ? 1.7 : 1) : 1;
      // A repeat converts nothing.
      const share = i === 0 && !picture.isNew ? 0 : slow;
      at += this.#logNormal(STAGE_MEDIANS_US[i] ?? 0, STAGE_SIGMAS[i] ?? 0) * share;
      columns[name][row] = reaches(ending, i) ? Math.round(at) : ABSENT;
    });
    const isOnWire = ending !== 4 && ending !== 5;
    this.#wireIndex += isOnWire ? 1 : 0;
    const packets = Math.ceil(bytes / 1392);
    grabbed_us[row] = grabbed;
    columns.session[row] = session;
    columns.frame_index[row] = isOnWire ? this.#wireIndex : ABSENT;
    columns.source_sequence[row] = blindSource ? ABSENT : picture.sequence;
    columns.source_age_us[row] = blindSource ? ABSENT : picture.ageUs;
    columns.bytes[row] = bytes;
    columns.data_packets[row] = packets;
    columns.parity_packets[row] = Math.ceil(packets / 5);
    columns.queue_depth[row] = random() < 0.01 ? 1 : 0;
    columns.outcome[row] = ending;
    columns.flags[row] = (isKey ? frameFlags.key : 0) | (picture.isNew ? 0 : frameFlags.repeat);
    columns.send_refused[row] = ending === 2 ? 1 + Math.floor(random() * 5) : 0;
    columns.qp[row] = Math.round(28 + 4 * this.#load + gauss(random));
  }

  #logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * gauss(this.#random));
  }
}

/** Pictures by a clock of its own, a little faster than the frames; now and then it is late by some of them. */
class SyntheticSource {
  readonly #intervalUs: number;
  readonly #random: () => number;
  #sequence: number;
  #shownUs: number;
  #nextUs: number;
  #taken = -1;

  constructor(fps: number, startUs: number, random: () => number) {
    this.#intervalUs = 1e6 / (fps * 1.0003);
    this.#random = random;
    this.#sequence = Math.floor(random() * 1000);
    this.#shownUs = startUs - random() * this.#intervalUs;
    this.#nextUs = this.#shownUs + this.#intervalUs;
  }

  newestAt(us: number): { isNew: boolean; sequence: number; ageUs: number } {
    while (this.#nextUs <= us) {
      this.#sequence += 1;
      this.#shownUs = this.#nextUs;
      const stall = this.#random() < 0.003 ? 1 + 3 * this.#random() : 1;
      // Stamps are jittered; the clock behind them is not.
      this.#nextUs += this.#intervalUs * stall;
    }
    const isNew = this.#taken !== this.#sequence;
    this.#taken = this.#sequence;
    const ageUs = Math.max(0, Math.round(us - this.#shownUs + 40 * gauss(this.#random)));
    return { isNew, sequence: this.#sequence, ageUs };
  }
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rows `from` to `to`, as they lie. */
export function slice(batch: FrameBatch, from: number, to: number): FrameBatch {
  return batch.pick(Uint32Array.from({ length: to - from }, (_, i) => from + i));
}

/** Encoder skips and oversize frames end after encoding, a full queue after packetizing, the rest while sending. */
function reaches(ending: number, boundary: number): boolean {
  if (ending === 0) return true;
  if (ending === 4 || ending === 5) return boundary <= 2;
  if (ending === 1 || ending === 6) return boundary <= 3;
  return boundary <= 5;
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Of each boundary after the one before: convert, submit, wait, packetize, queue, first send, pace. */
const STAGE_MEDIANS_US = [700, 15, 1800, 110, 12, 25, 900];
const STAGE_SIGMAS = [0.08, 0.2, 0.12, 0.15, 0.4, 0.3, 0.1];
