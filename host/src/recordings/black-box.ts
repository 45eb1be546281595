// The last two minutes in memory: records of frames as they came in one ring, all else as text beside it, and what was
// known of the sessions before the oldest of it. Knows no file, no clock and no recording; live-black-box.ts does.

import { grabbedNsAt, RECORD_BYTES, sessionAt } from '../../../recording/src/frames.ts';
import {
  type CapturedSession,
  type CaptureInput,
  decodeInput,
  encodeInput,
  type SmallInput,
} from '../../../recording/src/inputs.ts';
import { bytesOf, KnownSessions } from './known-sessions.ts';

export interface BlackBoxLimits {
  /** Of everything that is held: records, inputs and announcements. */
  readonly bytes: number;
  readonly ns: bigint;
}

/** Where a reader is that comes back for what is new: how many of each were taken by then. */
export interface BlackBoxMark {
  readonly records: number;
  readonly small: number;
}

export interface BlackBoxNews {
  /** What was known of sessions at the mark: announcements, each followed by its receiver's totals. */
  readonly known: readonly SmallInput[];
  /** What came since, in order. */
  readonly inputs: readonly CaptureInput[];
  /** For the next time. */
  readonly mark: BlackBoxMark;
}

export class BlackBoxRing {
  readonly #limits: BlackBoxLimits;
  readonly #recordSlots: number;
  /** Undefined while no session lived for two minutes. */
  #records: Uint8Array | undefined;
  #view: DataView | undefined;
  /** Records taken since the start; the newest lies before it, at `% #recordSlots`. */
  #recordsTaken = 0;
  #recordsHeld = 0;
  readonly #small = new SmallInputs();
  readonly #past = new KnownSessions();
  readonly #living = new Set<number>();

  constructor(limits: BlackBoxLimits = BLACK_BOX_LIMITS) {
    this.#limits = limits;
    const forRecords = limits.bytes * (1 - SMALL_SHARE - SESSIONS_SHARE);
    this.#recordSlots = Math.max(1, Math.floor(forRecords / RECORD_BYTES));
  }

  /** A session was announced that is not over. */
  get wanted(): boolean {
    return this.#living.size > 0;
  }

  get frames(): number {
    return this.#recordsHeld;
  }

  /** Held now, everything told; never above the limit. */
  get bytes(): number {
    return this.#recordsHeld * RECORD_BYTES + this.#small.bytes + this.#past.bytes;
  }

  /** Memory is set aside for it. */
  get allocated(): boolean {
    return this.#records !== undefined;
  }

  /** When its oldest frame was grabbed, on the engine's clock; undefined while it holds none. */
  get beginsNs(): bigint | undefined {
    const ring = this.#records;
    if (ring === undefined || this.#recordsHeld === 0) return undefined;
    return grabbedNsAt(ring, this.#slotAt(0) * RECORD_BYTES);
  }

  /** Takes what came; nothing is kept of the array that the records lie in. Throws RangeError on half a record. */
  take(input: CaptureInput): void {
    if (input.kind === 'records') {
      this.#takeRecords(input.bytes);
      return;
    }
    if (input.kind === 'session') this.#living.add(input.session.sessionId);
    else if (input.kind === 'session_ended') this.#living.delete(input.sessionId);
    this.#small.push(bounded(input), this.#recordsTaken);
    while (this.#small.bytes > this.#limits.bytes * SMALL_SHARE) this.#forgetOldestInput();
  }

  /** Forgets what is too old; the memory too when nothing is left and nobody streams. */
  tick(nowNs: bigint): void {
    const fromNs = nowNs - this.#limits.ns;
    const view = this.#view;
    if (view !== undefined) {
      const from = Number(fromNs);
      while (this.#recordsHeld > 0) {
        if (grabbedAt(view, this.#slotAt(0) * RECORD_BYTES) >= from) break;
        this.#recordsHeld -= 1;
      }
    }
    while (this.#small.length > 0 && this.#small.atNs(0) < fromNs) this.#forgetOldestInput();
    if (this.#past.hasEnded) this.#past.dropEnded(this.beginsNs ?? fromNs);
    if (!this.wanted && this.#recordsHeld === 0 && this.#small.length === 0) this.clear();
  }

  /**
   * What a recording that begins at `sinceNs` is made of: first the sessions concerned, as they were known then, then
   * frames and all else from that moment on, in the order in which they came. Copies: it may be kept.
   */
  inputs(sinceNs: bigint): CaptureInput[] {
    const known = this.#past.copy();
    const later: PlacedInput[] = [];
    for (const placed of this.#small.from(0)) {
      if (placed.input.atNs < sinceNs) known.learn(placed.input);
      else later.push(placed);
    }
    const concerned = this.#sessionsWithFrames(sinceNs);
    const { before, after } = known.asInputs((id) => concerned.has(id));
    return [...before, ...this.#merged(this.#recordsHeld, later, sinceNs), ...after];
  }

  /** What came after a mark, and what was known at it. What is no longer held is left out. */
  news(mark: BlackBoxMark): BlackBoxNews {
    const known = this.#past.copy();
    const firstSmall = Math.max(0, this.#small.length - (this.#small.taken - mark.small));
    const small = this.#small.from(0);
    for (const { input } of small.slice(0, firstSmall)) known.learn(input);
    const records = Math.min(this.#recordsHeld, this.#recordsTaken - mark.records);
    const { before } = known.asInputs(() => false);
    return {
      known: before,
      inputs: this.#merged(records, small.slice(firstSmall)),
      mark: this.mark(),
    };
  }

  mark(): BlackBoxMark {
    return { records: this.#recordsTaken, small: this.#small.taken };
  }

  /** Forgets everything but which sessions live, and gives the memory back. */
  clear(): void {
    this.#records = undefined;
    this.#view = undefined;
    this.#recordsHeld = 0;
    while (this.#small.length > 0) this.#forgetOldestInput();
    this.#past.dropEnded(undefined);
  }

  #takeRecords(bytes: Uint8Array): void {
    if (bytes.byteLength % RECORD_BYTES !== 0) {
      throw new RangeError(
        `frame records come in ${RECORD_BYTES} bytes each, got ${bytes.byteLength} bytes`,
      );
    }
    if (bytes.byteLength === 0) return;
    this.#records ??= new Uint8Array(this.#recordSlots * RECORD_BYTES);
    this.#view ??= new DataView(this.#records.buffer);
    const ring = this.#records;
    const count = bytes.byteLength / RECORD_BYTES;
    // Of more than there is room for, the newest.
    let from = Math.max(0, count - this.#recordSlots);
    this.#recordsTaken += from;
    while (from < count) {
      const slot = this.#recordsTaken % this.#recordSlots;
      const some = Math.min(count - from, this.#recordSlots - slot);
      ring.set(
        bytes.subarray(from * RECORD_BYTES, (from + some) * RECORD_BYTES),
        slot * RECORD_BYTES,
      );
      this.#recordsTaken += some;
      from += some;
    }
    this.#recordsHeld = Math.min(this.#recordSlots, this.#recordsHeld + count);
  }

  #slotAt(index: number): number {
    return (this.#recordsTaken - this.#recordsHeld + index) % this.#recordSlots;
  }

  #forgetOldestInput(): void {
    const oldest = this.#small.shift();
    if (oldest !== undefined) this.#past.learn(oldest);
    this.#past.shrink(this.#limits.bytes * SESSIONS_SHARE, (id) => this.#living.has(id));
  }

  #sessionsWithFrames(sinceNs: bigint): Set<number> {
    const sessions = new Set<number>();
    const ring = this.#records;
    const view = this.#view;
    if (ring === undefined || view === undefined) return sessions;
    const since = Number(sinceNs);
    for (let i = 0; i < this.#recordsHeld; i += 1) {
      const at = this.#slotAt(i) * RECORD_BYTES;
      if (grabbedAt(view, at) >= since) sessions.add(sessionAt(ring, at));
    }
    return sessions;
  }

  /** The newest `records` that were grabbed since, with `small` where they came between them. */
  #merged(records: number, small: readonly PlacedInput[], sinceNs = 0n): CaptureInput[] {
    const merged: CaptureInput[] = [];
    let index = this.#recordsHeld - records;
    const firstTaken = this.#recordsTaken - this.#recordsHeld;
    for (const { input, afterRecords } of small) {
      const upTo = Math.min(this.#recordsHeld, afterRecords - firstTaken);
      this.#copyRecords(index, upTo, sinceNs, merged);
      index = Math.max(index, upTo);
      merged.push(input);
    }
    this.#copyRecords(index, this.#recordsHeld, sinceNs, merged);
    return merged;
  }

  #copyRecords(from: number, to: number, sinceNs: bigint, into: CaptureInput[]): void {
    const ring = this.#records;
    const view = this.#view;
    if (ring === undefined || view === undefined || to <= from) return;
    const since = Number(sinceNs);
    const bytes = new Uint8Array((to - from) * RECORD_BYTES);
    let length = 0;
    for (let i = from; i < to; i += 1) {
      const at = this.#slotAt(i) * RECORD_BYTES;
      if (grabbedAt(view, at) < since) continue;
      bytes.set(ring.subarray(at, at + RECORD_BYTES), length);
      length += RECORD_BYTES;
    }
    if (length > 0) into.push({ kind: 'records', bytes: bytes.subarray(0, length) });
  }
}

/**
 * When the record at `at` was grabbed, ns, as a number: without an allocation a frame. Exact for the first 104 days of a
 * machine and off by some ns later, which decides nothing here.
 */
function grabbedAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
}

/** An input, and how many records had come before it. */
interface PlacedInput {
  readonly input: SmallInput;
  readonly afterRecords: number;
}

/** Inputs as text, oldest first: what lies there for minutes shall be small and count honestly. */
class SmallInputs {
  #entries: { readonly text: string; readonly atNs: bigint; readonly afterRecords: number }[] = [];
  /** Entries before it were taken out. */
  #first = 0;
  bytes = 0;
  taken = 0;

  get length(): number {
    return this.#entries.length - this.#first;
  }

  push(input: SmallInput, afterRecords: number): void {
    const text = encodeInput(input);
    this.#entries.push({ text, atNs: input.atNs, afterRecords });
    this.bytes += bytesOf(text);
    this.taken += 1;
  }

  atNs(index: number): bigint {
    return this.#entries[this.#first + index]?.atNs ?? 0n;
  }

  from(index: number): PlacedInput[] {
    return this.#entries
      .slice(this.#first + index)
      .map(({ text, afterRecords }) => ({ input: decodeInput(text), afterRecords }));
  }

  shift(): SmallInput | undefined {
    const oldest = this.#entries[this.#first];
    if (oldest === undefined) return undefined;
    this.#first += 1;
    this.bytes -= bytesOf(oldest.text);
    if (this.#first >= COMPACT_AFTER || this.#first === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return decodeInput(oldest.text);
  }
}

/** No single input may fill the share of all: what is too long loses what can be missed. */
function bounded(input: SmallInput): SmallInput {
  if (input.kind !== 'session' && input.kind !== 'event' && input.kind !== 'session_ended') {
    return input;
  }
  if (encodeInput(input).length <= MAX_INPUT_CHARS) return input;
  switch (input.kind) {
    case 'session':
      return { ...input, session: plainSession(input.session) };
    case 'event': {
      const { detail: _detail, ...event } = input.event;
      return { ...input, event: { ...event, kind: cut(event.kind) } };
    }
    case 'session_ended':
      return { ...input, reason: cut(input.reason) };
  }
}

function plainSession(session: CapturedSession): CapturedSession {
  const { negotiated: _negotiated, app, ...rest } = session;
  return {
    ...rest,
    client: cut(rest.client),
    source: cut(rest.source),
    encoder: cut(rest.encoder),
    ...(app === undefined ? {} : { app: cut(app) }),
  };
}

function cut(text: string): string {
  return text.slice(0, MAX_TEXT_CHARS);
}

/** 120 s of 450 frames a second, all sessions together; with more frames it reaches less far back. */
export const BLACK_BOX_LIMITS: BlackBoxLimits = { bytes: 4_000_000, ns: 120_000_000_000n };
/** Two reports and some events a second and session come to 60 kB in two minutes. */
const SMALL_SHARE = 0.1;
const SESSIONS_SHARE = 0.025;
/** An announcement with everything that was refused is 2 kB. */
const MAX_INPUT_CHARS = 8192;
const MAX_TEXT_CHARS = 200;
const COMPACT_AFTER = 1024;
