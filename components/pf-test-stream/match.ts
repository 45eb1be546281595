// Which findings of a recording answer to what was injected, by time and by kind. Pure. A finding that lies there but names
// something else is told as that, and never as found.
import type { Finding } from '../../recording/src/review/findings.ts';
import type { Happened } from './truth.ts';

export interface Matched {
  /** Undefined where the recording does not hold its place. */
  readonly range: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** Findings that lie there and are of the kind that was injected. */
  readonly found: readonly Finding[];
  /** Findings that lie there and are of another kind. */
  readonly others: readonly Finding[];
}

export function matchOf(
  happened: Happened,
  findings: readonly Finding[],
  toMs: (ns: number) => number,
): Matched {
  if (happened.frames === 0) return { range: undefined, found: [], others: [] };
  const slackMs = (happened.longestUs ?? 0) / 1000;
  const range = { fromMs: toMs(happened.fromNs), toMs: toMs(happened.toNs) + slackMs };
  const there = findings.filter((one) => isThere(one, range));
  return {
    range,
    found: there.filter((one) => isOfKind(one, happened.planned.kind)),
    others: there.filter((one) => !isOfKind(one, happened.planned.kind)),
  };
}

/** Of what is no stutter by itself no finding is expected. */
export function isExpected({ planned: { kind } }: Happened): boolean {
  return kind !== 'key_frames' && kind !== 'session' && kind !== 'bitrate' && kind !== 'late';
}

/** Findings of windows are as coarse as their windows. */
function isThere(finding: Finding, range: { fromMs: number; toMs: number }): boolean {
  const slackMs = finding.kind === 'loss' || finding.kind === 'starved' ? WINDOW_MS : FRAME_MS;
  return finding.fromMs - slackMs <= range.toMs && finding.toMs + slackMs >= range.fromMs;
}

function isOfKind(finding: Finding, kind: Happened['planned']['kind']): boolean {
  const part = finding.kind === 'slow' ? finding.part : undefined;
  switch (kind) {
    case 'encoder':
    case 'encoder_error':
      return part === 'encode' || part === 'submit';
    case 'capture':
      return part === 'capture';
    case 'send':
      return part === 'send';
    case 'repeats':
      return finding.kind === 'starved';
    case 'drops':
      return (finding.kind === 'dropped' || finding.kind === 'slow') && finding.dropped > 0;
    case 'loss':
      return finding.kind === 'loss';
    default:
      return false;
  }
}

const WINDOW_MS = 1000;
const FRAME_MS = 50;
