// The truth log of a scripted test stream (docs/test-scripts.md): what the scripted parts themselves saw of each frame, on
// the engine's clock. Written by the engine beside the frame records and from other values.

/** Right before and right after a boundary was stamped, ns of the engine's clock. */
export type Span = readonly [beforeNs: bigint, afterNs: bigint];

export const places = [
  'grabbed',
  'converted',
  'submitted',
  'encoded',
  'packetized',
  'dequeued',
  'first_sent',
  'last_sent',
] as const;
export type Place = (typeof places)[number];

export interface TrueFrame {
  readonly session: number;
  readonly nth: number;
  readonly at: Readonly<Partial<Record<Place, Span>>>;
  /** Injected waits that really happened, ns. */
  readonly spun: Readonly<Partial<Record<Place, Span>>>;
  readonly frame: number | undefined;
  readonly outcome: string;
  readonly made: string | undefined;
  /** The encoder failed, and another made it. */
  readonly reopened: boolean;
  readonly bytes: number;
  readonly packets: number;
  readonly dropped: number;
  readonly refused: number;
  readonly given: boolean;
  readonly sequence: number | undefined;
  /** The encoder's target in this frame, kb/s. */
  readonly bitrateKbps: number;
  /** Frames that it was told to do without. */
  readonly askedRange: readonly [first: number, last: number] | undefined;
}

export interface TruthLog {
  readonly frames: readonly TrueFrame[];
  readonly sessions: ReadonlyMap<number, { readonly fps: number }>;
  /** Pages that the log itself could not keep. */
  readonly lost: number;
}

export function parseTruthLog(text: string): TruthLog {
  const frames: TrueFrame[] = [];
  const sessions = new Map<number, { fps: number }>();
  let lost = 0;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const data: Line = JSON.parse(line);
    if (data.truth === 'session') sessions.set(data.session, { fps: data.fps ?? 0 });
    else if (data.truth === 'end') lost += data.lost ?? 0;
    // A turn without any picture yet is no frame, and nobody records it.
    else if (data.at?.converted !== undefined) frames.push(frameOf(data));
  }
  return { frames, sessions, lost };
}

interface Line {
  readonly truth: string;
  readonly session: number;
  readonly fps?: number;
  readonly lost?: number;
  readonly nth?: number;
  readonly at?: Readonly<Partial<Record<Place, readonly [string, string]>>>;
  readonly spun?: Readonly<Partial<Record<Place, readonly [string, string]>>>;
  readonly frame?: number;
  readonly outcome?: string;
  readonly made?: string;
  readonly reopened?: boolean;
  readonly bytes?: number;
  readonly datagrams?: { packets: number; handed: number; dropped: number; refused: number };
  readonly bitrate_kbps?: number;
  readonly asked_range?: readonly [number, number];
  readonly source?: { given: boolean; sequence: number };
}

function frameOf(line: Line): TrueFrame {
  return {
    session: line.session,
    nth: line.nth ?? -1,
    at: spans(line.at),
    spun: spans(line.spun),
    frame: line.frame,
    outcome: line.outcome ?? '',
    made: line.made,
    reopened: line.reopened === true,
    bytes: line.bytes ?? 0,
    packets: line.datagrams?.packets ?? 0,
    dropped: line.datagrams?.dropped ?? 0,
    refused: line.datagrams?.refused ?? 0,
    given: line.source?.given === true,
    sequence: line.source?.sequence,
    bitrateKbps: line.bitrate_kbps ?? 0,
    askedRange: line.asked_range,
  };
}

function spans(from: Line['at']): Partial<Record<Place, Span>> {
  const out: Partial<Record<Place, Span>> = {};
  for (const place of places) {
    const span = from?.[place];
    if (span !== undefined) out[place] = [BigInt(span[0]), BigInt(span[1])];
  }
  return out;
}
