// The stages of each path as projections of the frame's boundaries. Stages tile the frame: each begins where the one
// before it ended, so nothing is timed twice. docs/recording-format.md shows the same table to people.
import type { StageName, StreamKind } from '../../contract/stats.ts';
import type { BoundaryName, FrameRecord } from './record.ts';

export interface StageSpan {
  readonly name: StageName;
  readonly from: 'grabbed' | BoundaryName;
  readonly to: BoundaryName;
}

/** In pipeline order. */
export const stageProjection: Readonly<Record<StreamKind, readonly StageSpan[]>> = {
  // `encode` is submit and wait; `send` holds the wait in the queue of two, pacing and the socket.
  gamestream: [
    { name: 'capture', from: 'grabbed', to: 'converted' },
    { name: 'encode', from: 'converted', to: 'encoded' },
    { name: 'packetize', from: 'encoded', to: 'packetized' },
    { name: 'send', from: 'packetized', to: 'last_sent' },
  ],
  // `encode` is the wait only; `send` holds parity and sealing too.
  native: [
    { name: 'capture', from: 'grabbed', to: 'converted' },
    { name: 'submit', from: 'converted', to: 'submitted' },
    { name: 'encode', from: 'submitted', to: 'encoded' },
    { name: 'send', from: 'encoded', to: 'last_sent' },
  ],
};

/** How long one stage of one frame took, ns; undefined when an end of it was never reached. */
export function stageNs(record: FrameRecord, span: StageSpan): number | undefined {
  const from = span.from === 'grabbed' ? 0 : record.offsetsNs[span.from];
  const to = record.offsetsNs[span.to];
  // A boundary before its predecessor is an engine fault: a gap, not a negative time.
  return from === undefined || to === undefined || to < from ? undefined : to - from;
}

/** Grabbed → last datagram in the kernel, ns; undefined for a frame that was not sent whole. */
export function totalNs(record: FrameRecord): number | undefined {
  return record.offsetsNs.last_sent;
}

/** What of the total belongs to no stage, ns; undefined without a total. */
export function otherNs(record: FrameRecord, kind: StreamKind): number | undefined {
  const total = totalNs(record);
  if (total === undefined) return undefined;
  return stageProjection[kind].reduce((rest, span) => rest - (stageNs(record, span) ?? 0), total);
}
