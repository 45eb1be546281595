// An engine that is nothing but its clock and its ring of records, and sessions that fill it as real ones would.
import type { MeasuredEngine } from '../../host/src/recordings/parts.ts';
import { RECORD_BYTES } from '../../recording/src/frames.ts';
import type { CapturedSession } from '../../recording/src/inputs.ts';
import { seeded } from './seeded-recordings.ts';

export const STARTED_UNIX_MS = Date.UTC(2026, 5, 26, 20, 14, 3);

interface Stream {
  readonly sessionId: number;
  readonly fps: number;
  nextNs: bigint;
  frames: number;
}

/** An engine that is nothing but its clock and its ring of records. */
export class SimulatedEngine implements MeasuredEngine {
  measuring = false;
  lost = 0;
  #nowNs = 1_000_000_000_000n;
  readonly #streams = new Map<number, Stream>();
  readonly #random = seeded(6);
  #ring: Uint8Array[] = [];

  nowNs(): bigint {
    return this.#nowNs;
  }

  measure(on: boolean): void {
    this.measuring = on;
  }

  drainRecords(into: Uint8Array): number {
    let length = 0;
    for (let next = this.#ring[0]; next !== undefined; next = this.#ring[0]) {
      if (length + next.byteLength > into.byteLength) break;
      into.set(next, length);
      length += next.byteLength;
      this.#ring.shift();
    }
    return length;
  }

  recordsLost(): number {
    return this.lost;
  }

  /** A session makes frames from now on. */
  stream(sessionId: number, fps: number): void {
    this.#streams.set(sessionId, { sessionId, fps, nextNs: this.#nowNs, frames: 0 });
  }

  end(sessionId: number): void {
    this.#streams.delete(sessionId);
  }

  pass(ms: number): void {
    this.#nowNs += BigInt(Math.round(ms * 1e6));
    for (const stream of this.#streams.values()) this.#makeFrames(stream);
  }

  #makeFrames(stream: Stream): void {
    const count = Math.max(0, Math.ceil((Number(this.#nowNs - stream.nextNs) * stream.fps) / 1e9));
    const bytes = new Uint8Array(count * RECORD_BYTES);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < count; i += 1) {
      this.#write(view, i * RECORD_BYTES, stream);
      stream.frames += 1;
      stream.nextNs += BigInt(Math.round(1e9 / stream.fps));
    }
    if (count > 0 && this.measuring) this.#ring.push(bytes);
  }

  /** A frame with the noise of a real one: every boundary jitters. */
  #write(view: DataView, at: number, stream: Stream): void {
    const random = this.#random;
    let offset = 0;
    // The first is on time: a window counts from it.
    const lateNs = stream.frames === 0 ? 0 : Math.round(random() * 300_000);
    view.setBigUint64(at, stream.nextNs + BigInt(lateNs), true);
    [400_000, 60_000, 2_100_000, 90_000, 8_000, 5_000, 900_000].forEach((typical, i) => {
      offset += Math.round(typical * (0.7 + random() * 0.6));
      view.setUint32(at + 8 + 4 * i, offset, true);
    });
    view.setUint32(at + 36, stream.frames + 1, true);
    view.setUint32(at + 40, stream.frames, true);
    view.setUint32(at + 44, 200_000 + Math.round(random() * 100_000), true);
    view.setUint32(at + 48, 20_000 + Math.round(random() * 8_000), true);
    view.setUint16(at + 52, stream.sessionId, true);
    view.setUint16(at + 54, stream.frames === 0 ? 1 : 0, true);
    view.setUint16(at + 56, 16 + Math.round(random() * 5), true);
    view.setUint16(at + 58, 4, true);
    view.setUint8(at + 63, 22 + Math.round(random() * 6));
  }
}

export function sessionOf(
  sessionId: number,
  changes: Partial<CapturedSession> = {},
): CapturedSession {
  return {
    sessionId,
    kind: 'gamestream',
    width: 1920,
    height: 1080,
    fps: 60,
    codec: 'h264',
    client: `client ${sessionId}`,
    source: 'x11',
    encoder: 'openh264',
    bitrateKbps: 20_000,
    ...changes,
  };
}
