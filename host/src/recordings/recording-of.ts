// A recording made at one go from inputs that are all there already: what the black box holds, or what a run left.
// The growing capture of an operator is the recorder's.
import type { HostFacts } from '../../../contract/stats.ts';
import { CaptureBuilder } from '../../../recording/src/capture.ts';
import { FrameBatch, grabbedNsAt, RECORD_BYTES } from '../../../recording/src/frames.ts';
import {
  encodeFooter,
  encodeGroup,
  FILE_HEAD,
  type SavedGroup,
} from '../../../recording/src/frames-writer.ts';
import type { CaptureInput } from '../../../recording/src/inputs.ts';
import type { FinishedRecording } from './parts.ts';

export interface PastInputs {
  readonly inputs: readonly CaptureInput[];
  /** Now, or when the run ended, by both clocks. */
  readonly endsNs: bigint;
  readonly endsUnixMs: number;
}

export interface PastAbout {
  readonly trigger: string;
  readonly host?: HostFacts;
  /** A free stem for a recording that began then. */
  readonly stem: (startedUnixMs: number) => string;
}

/** Undefined when no frame is among the inputs. Its axis begins where its oldest frame was grabbed. */
export function recordingOf(past: PastInputs, about: PastAbout): FinishedRecording | undefined {
  const armedNs = oldestGrabbedNs(past.inputs);
  if (armedNs === undefined) return undefined;
  const startedUnixMs = Math.round(past.endsUnixMs - Number(past.endsNs - armedNs) / 1e6);
  const builder = new CaptureBuilder({
    stem: about.stem(startedUnixMs),
    startedUnixMs,
    armedNs,
    trigger: about.trigger,
    ...(about.host === undefined ? {} : { host: about.host }),
  });
  const accepted = past.inputs.flatMap((input) => builder.take(input) ?? []);
  const frames = FrameBatch.concat(accepted);
  const { meta, text } = builder.finish(past.endsNs, { frameCount: frames.length });
  const file =
    frames.length === 0 ? undefined : framesFile(frames, { recordingId: meta.id, startedUnixMs });
  return { meta, text, frames: file };
}

function oldestGrabbedNs(inputs: readonly CaptureInput[]): bigint | undefined {
  let oldest: bigint | undefined;
  for (const input of inputs) {
    if (input.kind !== 'records') continue;
    for (let at = 0; at < input.bytes.byteLength; at += RECORD_BYTES) {
      const grabbedNs = grabbedNsAt(input.bytes, at);
      if (oldest === undefined || grabbedNs < oldest) oldest = grabbedNs;
    }
  }
  return oldest;
}

/** A whole file, a group a minute as the recorder writes them. */
function framesFile(
  frames: FrameBatch,
  about: { readonly recordingId: string; readonly startedUnixMs: number },
): Uint8Array {
  const parts: Uint8Array[] = [FILE_HEAD];
  const groups: SavedGroup[] = [];
  let offset = FILE_HEAD.byteLength;
  for (const rows of rowsByMinute(frames)) {
    const { bytes, group } = encodeGroup(frames.pick(rows), offset);
    parts.push(bytes);
    groups.push(group);
    offset += bytes.byteLength;
  }
  parts.push(encodeFooter(groups, about, offset));
  return new Uint8Array(Buffer.concat(parts));
}

function rowsByMinute({ grabbed_us }: FrameBatch): number[][] {
  const minutes = new Map<number, number[]>();
  grabbed_us.forEach((us, row) => {
    const minute = Math.floor(us / MINUTE_US);
    const rows = minutes.get(minute);
    if (rows === undefined) minutes.set(minute, [row]);
    else rows.push(row);
  });
  return [...minutes].sort(([a], [b]) => a - b).map(([, rows]) => rows);
}

const MINUTE_US = 60_000_000;
