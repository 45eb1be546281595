// What the recorder makes of a simulation: its inputs in the order and at the beat in which a host would get them, through
// builder, row groups and back out of the file.
import type { Capture } from '../../contract/stats.ts';
import { CaptureBuilder } from '../../recording/src/capture.ts';
import { parseCapture } from '../../recording/src/format.ts';
import { FrameBatch } from '../../recording/src/frames.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  type SavedGroup,
} from '../../recording/src/frames-writer.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import type { Simulation } from './simulation.ts';

const POLL_NS = 200_000_000;
/** Shorter than a host's minute, so that ranges cross groups. */
const GROUP_NS = 5_000_000_000;
const STARTED_UNIX_MS = Date.UTC(2026, 10, 21, 18);

export interface Recorded {
  readonly capture: Capture;
  readonly frames: FrameBatch;
  readonly figures: RangeFigures;
}

export function recordOf({ inputs, originNs, endNs, sessions }: Simulation): Recorded {
  const stem = '2026-11-21T18-00-00Z';
  const builder = new CaptureBuilder({ stem, startedUnixMs: STARTED_UNIX_MS, armedNs: originNs });
  const file = new Written(stem);
  let next = 0;
  let groupEndNs = GROUP_NS;
  for (let pollNs = POLL_NS; pollNs < endNs + POLL_NS; pollNs += POLL_NS) {
    for (; next < inputs.length && (inputs[next]?.atNs ?? 0) <= pollNs; next += 1) {
      const input = inputs[next]?.input;
      const accepted = input === undefined ? undefined : builder.take(input);
      if (accepted !== undefined) file.open.push(accepted);
    }
    builder.advance(originNs + BigInt(pollNs));
    if (pollNs >= groupEndNs) {
      file.close();
      groupEndNs += GROUP_NS;
    }
  }
  const { text } = builder.finish(originNs + BigInt(endNs));
  const frames = file.finish();
  const figures = new RangeFigures(
    frames,
    sessions.map(({ sessionId, kind, fps }) => ({ sessionId, kind, fps })),
  );
  const all = FrameBatch.concat(frames.groups.map((_, group) => frames.read(group)));
  return { capture: parseCapture(text), frames: all, figures };
}

/** A frames file in memory. */
class Written {
  open: FrameBatch[] = [];
  readonly #stem: string;
  readonly #parts: Uint8Array[] = [FILE_HEAD];
  readonly #groups: SavedGroup[] = [];
  #length = FILE_HEAD.byteLength;

  constructor(stem: string) {
    this.#stem = stem;
  }

  close(): void {
    const batch = FrameBatch.concat(this.open);
    this.open = [];
    if (batch.length === 0) return;
    const { bytes, group } = encodeGroup(batch, this.#length);
    this.#groups.push(group);
    this.#append(bytes);
  }

  finish(): FramesFile {
    this.close();
    const about = { recordingId: this.#stem, startedUnixMs: STARTED_UNIX_MS };
    this.#append(encodeFooter(this.#groups, about, this.#length));
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.byteLength;
    }
    const read = (from: number, to: number): Uint8Array => bytes.subarray(from, to);
    return FramesFile.open({ byteLength: bytes.byteLength, read });
  }

  #append(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#length += bytes.byteLength;
  }
}
