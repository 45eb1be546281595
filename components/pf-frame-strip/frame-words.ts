// What is known of one frame, in words: kind, size, how it ended, what was refused. What nobody measured is left out.
import { frameFlags } from '../../recording/src/frames.ts';
import type { FrameFacts } from '../../recording/src/review/review.ts';
import type { Format } from '../base/format.ts';
import { endings, words } from './strings.ts';

/** How it ended, when it was not sent whole. */
export function endingOf({ outcome }: FrameFacts, format: Format): string | undefined {
  return outcome === 'sent' ? undefined : endings[format.language][outcome];
}

/** "New frame · 41.2 KB · 36 packets · queue 1", then what is told of few frames. */
export function factsOf(frame: FrameFacts, format: Format): string[] {
  const t = words[format.language];
  const { columns } = frame;
  const count = (value: number): string => format.count(value);
  const packets = sumOf(columns.data_packets, columns.parity_packets);
  const told = <V>(value: V | undefined, say: (value: V) => string): string[] =>
    value === undefined ? [] : [say(value)];
  return [
    kindOf(frame.flags, format),
    ...told(columns.bytes, (bytes) => t.bytes(format.tenth(bytes / 1000))),
    ...told(packets, (n) => t.packets(count(n), n === 1)),
    ...told(positive(columns.parity_packets), (n) => t.parity(count(n))),
    ...told(columns.queue_depth, (n) => t.queue(count(n))),
    ...told(columns.source_age_us, (us) => t.age(format.ms(us / 1000))),
    ...told(columns.qp, (qp) => t.qp(count(qp))),
    ...told(columns.frame_index, (n) => t.wire(count(n))),
    ...told(positive(columns.send_refused), (n) => t.refused(count(n), n === 1)),
    ...marksOf(frame.flags, format),
  ];
}

/** Of the strip's flags alone. */
export function kindOf(flags: number, format: Format): string {
  const t = words[format.language];
  const isKey = (flags & frameFlags.key) !== 0;
  if ((flags & frameFlags.repeat) !== 0) return isKey ? t.repeatedKey : t.repeated;
  return isKey ? t.newKey : t.newFrame;
}

function marksOf(flags: number, format: Format): string[] {
  const t = words[format.language];
  const marks: readonly (readonly [number, string])[] = [
    [frameFlags.afterInvalidation, t.afterInvalidation],
    [frameFlags.longTermReference, t.longTerm],
    [frameFlags.unprotected, t.unprotected],
    [frameFlags.clockRestarted, t.clockRestarted],
    [frameFlags.refusedNoRoom, t.noRoom],
    [frameFlags.refusedNoBuffer, t.noBuffer],
    [frameFlags.refusedByPeer, t.byPeer],
  ];
  return marks.flatMap(([bit, text]) => ((flags & bit) === 0 ? [] : [text]));
}

function sumOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
}

function positive(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value;
}
