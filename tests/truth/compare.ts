// A recording against the truth log of the same stream: every frame, every boundary, every counter, every event, and the
// quantiles of many ranges. Answers what disagrees, and how close the rest is.
import type { Capture, CaptureEvent, RangeQuantiles } from '../../contract/stats.ts';
import {
  type BoundaryColumn,
  boundaryColumns,
  type FrameBatch,
} from '../../recording/src/frames.ts';
import { askJudge } from './duckdb.ts';
import { type Place, places, type Span, type TrueFrame, type TruthLog } from './log.ts';

/** What came out of the host's API. */
export interface Told {
  readonly capture: Capture;
  readonly frames: FrameBatch;
  /** Figures of a range of one session, as the API answers them. */
  readonly quantiles: (
    session: number,
    fromMs: number,
    toMs: number,
    percents: readonly number[],
  ) => Promise<RangeQuantiles>;
}

export interface Comparison {
  frames: number;
  boundaries: number;
  /** The recorded boundary lay outside what the log allows, by so many µs at most. */
  worstErrorUs: number;
  /** Boundaries that the log knows to 2 µs and less; the others' thread was interrupted between two readings. */
  sharpBoundaries: number;
  ranges: number;
  quantiles: number;
  events: number;
  counters: number;
  readonly faults: string[];
}

const RANGES_A_SESSION = 12;
const PERCENTS = [50, 90, 99, 99.9];

export async function compare(log: TruthLog, told: Told): Promise<Comparison> {
  const result: Comparison = {
    ...{ frames: 0, boundaries: 0, worstErrorUs: 0, sharpBoundaries: 0, ranges: 0 },
    ...{ quantiles: 0, events: 0, counters: 0, faults: [] },
  };
  const { faults } = result;
  if (log.lost > 0) faults.push(`the log itself lost ${log.lost} frames`);
  const pairs = pair(log, told.frames, faults);
  result.frames = pairs.length;
  const originNs = originOf(pairs, told.frames, faults);
  for (const one of pairs) {
    boundariesOf(one, told.frames, originNs, result);
    countersOf(one, told.frames, result);
  }
  eventsOf(pairs, told.capture, result);
  windowsOf(pairs, told.capture, result);
  await rangesOf(pairs, told, originNs, result);
  return result;
}

interface Pair {
  readonly truth: TrueFrame;
  readonly row: number;
}

/** Frames of the log and rows of the recording, in order of time a session. */
function pair(log: TruthLog, frames: FrameBatch, faults: string[]): Pair[] {
  const rows = new Map<number, number[]>();
  for (let row = 0; row < frames.length; row += 1) {
    const session = frames.columns.session[row] ?? 0;
    const known = rows.get(session) ?? [];
    known.push(row);
    rows.set(session, known);
  }
  const pairs: Pair[] = [];
  for (const session of log.sessions.keys()) {
    const true_ = log.frames
      .filter((frame) => frame.session === session)
      .toSorted((a, b) => a.nth - b.nth);
    const own = (rows.get(session) ?? []).toSorted(
      (a, b) => (frames.grabbed_us[a] ?? 0) - (frames.grabbed_us[b] ?? 0),
    );
    if (true_.length !== own.length) {
      faults.push(`session ${session}: ${own.length} frames recorded, ${true_.length} happened`);
    }
    true_.slice(0, own.length).forEach((truth, i) => {
      pairs.push({ truth, row: own[i] ?? 0 });
    });
  }
  const strange = [...rows.keys()].filter((session) => !log.sessions.has(session));
  if (strange.length > 0) faults.push(`sessions that never were: ${strange.join(', ')}`);
  return pairs;
}

/** The engine's clock at the recording's zero: the one moment that every frame's first boundary allows. */
function originOf(pairs: readonly Pair[], frames: FrameBatch, faults: string[]): bigint {
  let [least, most] = [0n, 1n << 62n];
  for (const { truth, row } of pairs) {
    const span = truth.at.grabbed;
    if (span === undefined) continue;
    const us = frames.grabbed_us[row] ?? 0;
    // Rounded to the nearest: half a microsecond either way.
    const earliest = span[0] - BigInt(us) * 1000n - 500n;
    const latest = span[1] - BigInt(us) * 1000n + 500n;
    if (earliest > least) least = earliest;
    if (latest < most) most = latest;
  }
  if (least > most) faults.push(`no zero of the recording fits every frame (${least - most} ns)`);
  return (least + most) / 2n;
}

function boundariesOf(
  { truth, row }: Pair,
  frames: FrameBatch,
  originNs: bigint,
  result: Comparison,
): void {
  const grabbedUs = frames.grabbed_us[row] ?? 0;
  for (const place of places) {
    const span = truth.at[place];
    const recorded = place === 'grabbed' ? 0 : frames.columns[columnOf(place)][row];
    if (span === undefined || recorded === undefined || recorded < 0) {
      if ((span === undefined) !== (recorded === -1)) {
        const what = span === undefined ? 'invented' : 'missing';
        result.faults.push(`session ${truth.session}, frame ${truth.nth}: ${place} is ${what}`);
      }
      continue;
    }
    result.boundaries += 1;
    if (span[1] - span[0] <= 2000n) result.sharpBoundaries += 1;
    const us = grabbedUs + recorded;
    const errorUs = outside(us, span, originNs);
    result.worstErrorUs = Math.max(result.worstErrorUs, errorUs);
    if (errorUs > 2) {
      result.faults.push(
        `session ${truth.session}, frame ${truth.nth}: ${place} is ${errorUs.toFixed(1)} µs off`,
      );
    }
  }
}

function outside(us: number, [before, after]: Span, originNs: bigint): number {
  const low = Number(before - originNs) / 1000;
  const high = Number(after - originNs) / 1000;
  return Math.max(0, low - us, us - high);
}

const columnOf = (place: Exclude<Place, 'grabbed'>): BoundaryColumn => {
  const column = boundaryColumns.find((name) => name === `${place}_us`);
  if (column === undefined) throw new RangeError(`no column of ${place}`);
  return column;
};

const OUTCOMES = [
  'sent',
  'queue_full',
  'send_deadline',
  'send_error',
  'encoder_skipped',
  'oversize',
  'session_ended',
];
const [KEY, REPEAT] = [1, 2];

/** What is recorded of a frame besides its times. */
function countersOf({ truth, row }: Pair, { columns }: FrameBatch, result: Comparison): void {
  const flags = columns.flags[row] ?? 0;
  const index = columns.frame_index[row] ?? -1;
  const facts: readonly (readonly [what: string, told: unknown, truth: unknown])[] = [
    ['outcome', OUTCOMES[columns.outcome[row] ?? -1], truth.outcome],
    ['number', index === -1 ? undefined : index, truth.frame],
    ['bytes', columns.bytes[row], truth.bytes],
    ['repeat', (flags & REPEAT) !== 0, !truth.given],
    ['key', (flags & KEY) !== 0, truth.made === 'key'],
    [
      'packets',
      (columns.data_packets[row] ?? 0) + (columns.parity_packets[row] ?? 0),
      truth.packets,
    ],
    ['refused', columns.send_refused[row], Math.min(255, truth.refused)],
    [
      'sequence',
      columns.source_sequence[row],
      truth.sequence === undefined ? -1 : truth.sequence | 0,
    ],
  ];
  for (const [what, told, happened] of facts) {
    result.counters += 1;
    if (told !== happened) {
      result.faults.push(
        `session ${truth.session}, frame ${truth.nth}: ${what} is ${told}, was ${happened}`,
      );
    }
  }
}

/** What the encoder was made to do are events, each with its frame, in order; sessions begin and end. */
function eventsOf(pairs: readonly Pair[], capture: Capture, result: Comparison): void {
  const { faults } = result;
  const events = capture.events ?? [];
  result.events = events.length;
  if (events.some(({ t_ms }, i) => t_ms < (events[i - 1]?.t_ms ?? 0))) {
    faults.push('events are not in order of time');
  }
  for (const session of new Set(pairs.map(({ truth }) => truth.session))) {
    const own = events.filter(({ session_id }) => session_id === session);
    const frames = pairs.filter(({ truth }) => truth.session === session);
    const happened = happenings(frames.map(({ truth }) => truth));
    const told = own.filter(({ kind }) => ENCODER_EVENTS.includes(kind)).map(essence);
    result.counters += happened.length;
    if (JSON.stringify(told) !== JSON.stringify(happened)) {
      faults.push(`session ${session}: told ${told.join('; ')} – happened ${happened.join('; ')}`);
    }
    const [first, last] = [own[0]?.kind, own.at(-1)?.kind];
    if (first !== 'session_start') faults.push(`session ${session} begins with ${first}`);
    if (last !== 'session_end') faults.push(`session ${session} ends with ${last}`);
  }
}

const ENCODER_EVENTS = ['encoder_reopened', 'key_frame', 'invalidation', 'bitrate'];

/** One line for each, in the order of frames: a new target holds from its frame on. */
function happenings(frames: readonly TrueFrame[]): string[] {
  let kbps = frames[0]?.bitrateKbps;
  return frames.flatMap((frame) => {
    const lines: string[] = [];
    if (frame.bitrateKbps !== kbps) lines.push(`bitrate ${kbps} to ${frame.bitrateKbps}`);
    kbps = frame.bitrateKbps;
    if (frame.reopened) lines.push(`encoder_reopened ${frame.frame}`);
    if (frame.made === 'key') lines.push(`key_frame ${frame.frame}`);
    if (frame.made === 'after_invalidation') {
      lines.push(`invalidation ${frame.frame} of ${frame.askedRange?.join(' to ')}`);
    }
    return lines;
  });
}

function essence({ kind, frame, detail }: CaptureEvent): string {
  if (kind === 'bitrate') return `bitrate ${detail?.['from_kbps']} to ${detail?.['to_kbps']}`;
  if (kind === 'key_frame' || kind === 'encoder_reopened') return `${kind} ${frame}`;
  return `invalidation ${frame} of ${detail?.['first']} to ${detail?.['last']}`;
}

/** Windows hold every frame once. */
function windowsOf(pairs: readonly Pair[], capture: Capture, result: Comparison): void {
  for (const session of new Set(pairs.map(({ truth }) => truth.session))) {
    const samples = capture.samples.filter(({ session_id }) => session_id === session);
    const own = pairs.filter(({ truth }) => truth.session === session);
    const sum = (read: (sample: (typeof samples)[number]) => number | undefined): number =>
      samples.reduce((total, sample) => total + (read(sample) ?? 0), 0);
    const seconds = (sample: (typeof samples)[number]): number => (sample.window_ms ?? 0) / 1000;
    const dropped = own.filter(
      ({ truth }) => !['sent', 'session_ended'].includes(truth.outcome),
    ).length;
    const facts: readonly (readonly [string, number, number])[] = [
      ['frames', sum(({ frames }) => frames), own.length],
      ['new', sum((s) => s.fps * seconds(s)), own.filter(({ truth }) => truth.given).length],
      ['dropped', sum(({ frames_dropped }) => frames_dropped), dropped],
      [
        'refused',
        sum(({ send_dropped }) => send_dropped),
        own.reduce((total, { truth }) => total + Math.min(255, truth.refused), 0),
      ],
    ];
    for (const [what, told, happened] of facts) {
      result.counters += 1;
      if (Math.abs(told - happened) > 1e-6) {
        result.faults.push(
          `session ${session}: windows hold ${told} ${what}, ${happened} happened`,
        );
      }
    }
  }
}

async function rangesOf(
  pairs: readonly Pair[],
  told: Told,
  originNs: bigint,
  result: Comparison,
): Promise<void> {
  const sorted = pairs.toSorted(
    (a, b) => a.truth.session - b.truth.session || a.truth.nth - b.truth.nth,
  );
  const questions: { first: number; last: number; percents: readonly number[] }[] = [];
  const answers: RangeQuantiles[] = [];
  for (const session of new Set(sorted.map(({ truth }) => truth.session))) {
    const start = sorted.findIndex(({ truth }) => truth.session === session);
    const count = sorted.filter(({ truth }) => truth.session === session).length;
    for (let i = 0; i < RANGES_A_SESSION && count > 0; i += 1) {
      const [a, b] = i === 0 ? [0, count - 1] : [(i * 7919) % count, (i * 104_729 + 13) % count];
      const [first, last] = [start + Math.min(a, b), start + Math.max(a, b)];
      const us = (id: number): number => told.frames.grabbed_us[sorted[id]?.row ?? 0] ?? 0;
      questions.push({ first, last, percents: PERCENTS });
      answers.push(
        await told.quantiles(session, us(first) / 1000, (us(last) + 1) / 1000, PERCENTS),
      );
    }
  }
  const bounds = judge(sorted, originNs, questions);
  answers.forEach((answer, i) => {
    result.ranges += 1;
    for (const { name, count, quantiles_us } of answer.stages) {
      const truth = bounds[i]?.[name];
      if (truth === undefined) {
        if (count > 0 && !['other', 'convert'].includes(name)) {
          result.faults.push(`range ${i}: ${name} has ${count} frames and happened in none`);
        }
        continue;
      }
      if (truth.count !== count) {
        result.faults.push(`range ${i}: ${name} of ${count} frames, ${truth.count} happened`);
      }
      for (const [percent, [low, high]] of Object.entries(truth.quantiles)) {
        result.quantiles += 1;
        const us = quantiles_us[`p${percent}`] ?? Number.NaN;
        if (!(us >= low && us <= high)) {
          result.faults.push(`range ${i}: ${name} p${percent} is ${us} µs, not ${low} to ${high}`);
        }
      }
    }
  });
}

type Bounds = Readonly<
  Record<string, { count: number; quantiles: Record<string, readonly [number, number]> }>
>;

function judge(pairs: readonly Pair[], originNs: bigint, ranges: unknown): readonly Bounds[] {
  const rows = pairs.map(({ truth }, id) => {
    const columns: Record<string, number> = { id };
    for (const place of places) {
      const span = truth.at[place];
      if (span === undefined) continue;
      columns[`${place}_lo`] = Number(span[0] - originNs);
      columns[`${place}_hi`] = Number(span[1] - originNs);
    }
    return columns;
  });
  return askJudge('bounds.py', rows, { ranges });
}
