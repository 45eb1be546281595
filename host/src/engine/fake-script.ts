// Scripts as the fake engine plays them: the same refusals and the same effects on records as the real one, on virtual
// time. What needs a wire, an encoder or a clock of its own it does not have: loss touches no receiver, a stall moves the
// boundaries and nothing after the frame, and no truth is written.

import { boundaryNames, type FrameRecord } from './fake-records.ts';
import type { SessionRequest, SessionScript } from './messages.ts';
import { EngineError, engineStatus } from './transport.ts';

type Action = SessionScript['actions'][number];

/** What a script has brought about in its session so far. */
export interface ScriptState {
  /** Pictures that the source has made. */
  pictures: number;
}

/** Throws EngineError `script_invalid` with which action it is, and why. */
export function refuseBadScript(
  script: SessionScript | undefined,
  source: SessionRequest['source'],
): void {
  if (script === undefined) return;
  if (script.truth_fd !== undefined) throw invalid('The fake engine writes no truth.');
  if (script.actions.length > MAX_ACTIONS) {
    throw invalid(`The script has ${script.actions.length} actions; ${MAX_ACTIONS} is the most.`);
  }
  script.actions.forEach((action, index) => {
    const why = faultOf(action, source);
    if (why !== undefined) throw invalid(`Action ${index} (${action.what}): ${why}.`);
  });
}

/** The frame as the script has it, `nth` from 0; undefined when no record comes of it. */
export function scripted(
  frame: FrameRecord,
  nth: number,
  script: SessionScript | undefined,
  state: ScriptState,
): FrameRecord | undefined {
  if (script === undefined) return frame;
  const due = script.actions.filter((action) => isDue(action, nth));
  const withheld = due.some(({ what }) => what === 'withhold');
  if (withheld && state.pictures === 0) return undefined;
  let made = frame;
  if (withheld) made = { ...made, sourceAgeNs: undefined, flags: { ...made.flags, repeat: true } };
  else state.pictures += 1 + total(due, 'skip', ({ pictures }) => pictures);
  made = { ...made, sourceSequence: state.pictures };
  for (const action of due) made = suffered(made, action);
  return made;
}

/** The target that the script sets in frame `nth`. */
export function scriptedKbps(script: SessionScript | undefined, nth: number): number | undefined {
  return script?.actions.filter((one) => one.what === 'bitrate' && isDue(one, nth)).at(-1)?.kbps;
}

function suffered(frame: FrameRecord, action: Action): FrameRecord {
  switch (action.what) {
    case 'stall':
      return stalled(frame, action);
    case 'late':
      return frame.flags.repeat ? frame : { ...frame, sourceAgeNs: (action.us ?? 0) * 1000 };
    case 'drop':
      return dropped(frame, action);
    case 'key_frame':
    case 'encoder_error':
      return { ...frame, flags: { ...frame.flags, key: true } };
    case 'invalidate':
      return { ...frame, flags: { ...frame.flags, afterInvalidation: !frame.flags.key } };
    case 'withhold':
    case 'skip':
    case 'bitrate':
    case 'loss':
      return frame;
  }
}

/** Every boundary from the place on comes later by the stall; before `grabbed` that is the frame as a whole. */
function stalled(frame: FrameRecord, { place, us = 0 }: Action): FrameRecord {
  const ns = us * 1000;
  if (place === 'grabbed') return { ...frame, grabbedNs: frame.grabbedNs + BigInt(ns) };
  const from = place === undefined ? 0 : boundaryNames.indexOf(place);
  const offsetsNs = { ...frame.offsetsNs };
  for (const name of boundaryNames.slice(from)) {
    const before = offsetsNs[name];
    offsetsNs[name] = before === undefined ? undefined : before + ns;
  }
  return { ...frame, offsetsNs };
}

function dropped(frame: FrameRecord, { why = 'send_error' }: Action): FrameRecord {
  const unsent = { ...frame.offsetsNs, first_sent: undefined, last_sent: undefined };
  if (why !== 'queue_full') {
    const sendRefused = why === 'send_deadline' ? frame.dataPackets + frame.parityPackets : 0;
    return { ...frame, outcome: why, offsetsNs: unsent, sendRefused };
  }
  const offsetsNs = { ...unsent, packetized: undefined, dequeued: undefined };
  return { ...frame, outcome: why, offsetsNs, dataPackets: 0, parityPackets: 0 };
}

function isDue({ at_frame, every, count }: Action, nth: number): boolean {
  const since = nth - at_frame;
  const step = every ?? 1;
  const times = count ?? (every === undefined ? 1 : Number.POSITIVE_INFINITY);
  return since >= 0 && since % step === 0 && since / step < times;
}

function total(due: readonly Action[], what: string, of: (action: Action) => number | undefined) {
  return due.reduce((sum, action) => sum + (action.what === what ? (of(action) ?? 0) : 0), 0);
}

function faultOf(action: Action, source: string): string | undefined {
  const { what } = action;
  const own = FIELDS[what];
  const foreign = ALL_FIELDS.find((name) => action[name] !== undefined && !own.includes(name));
  if (foreign !== undefined) return `it has no ${foreign}`;
  if (source !== 'synthetic' && OF_THE_SOURCE.has(what)) {
    return `only the synthetic source obeys; this one is ${source}`;
  }
  if (what === 'loss') {
    return (action.pct === undefined) === (action.every_packet === undefined)
      ? 'it needs either pct or every_packet'
      : undefined;
  }
  const missing = own.find((name) => action[name] === undefined);
  if (missing !== undefined) return `it needs ${missing}`;
  const { first_back = 1, last_back = 1 } = action;
  return last_back > first_back
    ? `last_back is ${last_back}; 1 to ${first_back} is possible`
    : undefined;
}

function invalid(message: string): EngineError {
  return new EngineError(engineStatus.refused, 'script_invalid', message);
}

const MAX_ACTIONS = 10_000;
const ALL_FIELDS = [
  'place',
  'us',
  'pictures',
  'why',
  'first_back',
  'last_back',
  'kbps',
  'pct',
  'every_packet',
] as const;
const FIELDS: Readonly<Record<Action['what'], readonly (typeof ALL_FIELDS)[number][]>> = {
  stall: ['place', 'us'],
  withhold: [],
  skip: ['pictures'],
  late: ['us'],
  drop: ['why'],
  key_frame: [],
  encoder_error: [],
  invalidate: ['first_back', 'last_back'],
  bitrate: ['kbps'],
  loss: ['pct', 'every_packet'],
};
const OF_THE_SOURCE: ReadonlySet<string> = new Set(['withhold', 'skip', 'late']);
