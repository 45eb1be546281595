// Ready-made faults, and the script of a test stream that a plan of them makes (docs/test-scripts.md). Pure; whether a
// script can be played says the host.
import type {
  ScriptAction,
  ScriptSession,
  ScriptWhat,
  TestScript,
} from '../../contract/test-streams.ts';

export const FAULT_KINDS = [
  'encoder',
  'capture',
  'send',
  'repeats',
  'drops',
  'loss',
  'key_frames',
  'session',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What of an own script no ready-made fault is. */
export type OtherWhat = Extract<
  ScriptWhat,
  'skip' | 'late' | 'encoder_error' | 'invalidate' | 'bitrate'
>;

export interface Fault {
  readonly kind: FaultKind;
  readonly atS: number;
  /** How strong, in the unit of its kind. */
  readonly amount: number;
  /** For how long; what hits single frames has none. */
  readonly lengthS: number;
  /** From one to the next; undefined: once. */
  readonly everyS: number | undefined;
}

export type Unit = 'ms' | 'percent' | 'frames' | 'per_second' | 'mbps';

export interface FaultSpec {
  readonly unit: Unit;
  readonly amount: number;
  readonly most: number;
  /** Undefined: it hits single frames. */
  readonly lengthS: number | undefined;
  readonly repeats: boolean;
}

export const FAULTS: Readonly<Record<FaultKind, FaultSpec>> = {
  encoder: { unit: 'ms', amount: 80, most: 2000, lengthS: undefined, repeats: true },
  capture: { unit: 'ms', amount: 80, most: 2000, lengthS: undefined, repeats: true },
  send: { unit: 'ms', amount: 80, most: 2000, lengthS: undefined, repeats: true },
  repeats: { unit: 'percent', amount: 50, most: 90, lengthS: 4, repeats: false },
  drops: { unit: 'frames', amount: 6, most: 600, lengthS: undefined, repeats: true },
  loss: { unit: 'percent', amount: 30, most: 100, lengthS: 1, repeats: true },
  key_frames: { unit: 'per_second', amount: 10, most: 60, lengthS: 2, repeats: false },
  session: { unit: 'mbps', amount: 4, most: 100, lengthS: 4, repeats: false },
};

export interface StreamSettings {
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateKbps: number;
}

export function faultOf(kind: FaultKind, atS: number): Fault {
  const { amount, lengthS = 0 } = FAULTS[kind];
  return { kind, atS, amount, lengthS, everyS: undefined };
}

/** When it happens, s: as often as it fits into the stream. */
export function timesOf({ atS, everyS, kind }: Fault, seconds: number): number[] {
  if (everyS === undefined || !(everyS > 0) || !FAULTS[kind].repeats) {
    return atS < seconds ? [atS] : [];
  }
  const times: number[] = [];
  for (let s = atS; s < seconds && times.length < MOST_TIMES; s += everyS) times.push(s);
  return times;
}

/** How long one of it lasts, s. */
export function lastsS({ kind, amount, lengthS }: Fault, fps: number): number {
  switch (kind) {
    case 'encoder':
    case 'capture':
    case 'send':
      return amount / 1000;
    case 'drops':
      return amount / Math.max(1, fps);
    default:
      return lengthS;
  }
}

/** One line of what is to happen: a fault of the plan, or an action of an own script. */
export interface Planned {
  readonly kind: FaultKind | OtherWhat;
  /** Which of the script's sessions. */
  readonly session: number;
  /** Of the script; empty for a session that joins. */
  readonly actions: readonly ScriptAction[];
  /** µs of a stall, where it is one. */
  readonly us: number | undefined;
}

export interface Plan {
  readonly script: TestScript;
  readonly planned: readonly Planned[];
}

export function planOf(faults: readonly Fault[], settings: StreamSettings, name: string): Plan {
  const joins = faults.filter(({ kind, atS }) => kind === 'session' && atS < settings.seconds);
  const sorted = joins.toSorted((a, b) => a.atS - b.atS);
  const planned = faults.flatMap((fault): Planned[] => {
    const join = sorted.indexOf(fault);
    if (fault.kind === 'session') {
      return join < 0 ? [] : [{ kind: 'session', session: join + 1, actions: [], us: undefined }];
    }
    const actions = actionsOf(fault, settings);
    return [{ kind: fault.kind, session: 0, actions, us: actions[0]?.us }];
  });
  const main: ScriptSession = {
    ...{ seconds: settings.seconds, ...modeOf(settings) },
    ...{ bitrate_kbps: settings.bitrateKbps },
    actions: planned.flatMap(({ actions }) => actions),
  };
  const others = sorted.map(
    (fault): ScriptSession => ({
      start_ms: Math.round(fault.atS * 1000),
      seconds: Math.max(0.5, Math.min(fault.lengthS, settings.seconds - fault.atS)),
      ...modeOf(settings),
      bitrate_kbps: Math.round(fault.amount * 1000),
    }),
  );
  return { script: { version: 1, name, sessions: [main, ...others] }, planned };
}

function actionsOf(fault: Fault, { seconds, fps }: StreamSettings): ScriptAction[] {
  return timesOf(fault, seconds).flatMap((atS) => actionsAt(fault, atS, fps));
}

function actionsAt(fault: Fault, atS: number, fps: number): ScriptAction[] {
  const { kind, amount, lengthS } = fault;
  const at_s = Math.round(atS * 1000) / 1000;
  const us = Math.round(amount * 1000);
  const frames = Math.max(1, Math.round(lengthS * fps));
  switch (kind) {
    case 'encoder':
      return [{ at_s, what: 'stall', place: 'encoded', us }];
    case 'capture':
      return [{ at_s, what: 'stall', place: 'converted', us }];
    case 'send':
      return [{ at_s, what: 'stall', place: 'first_sent', us }];
    case 'repeats':
      return repeatsAt(Math.round(at_s * fps), frames, amount);
    case 'drops':
      return [{ at_s, what: 'drop', why: 'queue_full', count: Math.max(1, Math.round(amount)) }];
    case 'loss':
      return [{ at_s, what: 'loss', pct: amount, count: frames }];
    case 'key_frames': {
      const count = Math.max(1, Math.round(lengthS * amount));
      return [{ at_s, what: 'key_frame', count, every: Math.max(1, Math.round(fps / amount)) }];
    }
    case 'session':
      return [];
  }
}

/** So that of a handful of frames as many are repeats as comes closest to the share. */
function repeatsAt(from: number, frames: number, percent: number): ScriptAction[] {
  const share = Math.min(0.9, Math.max(0.1, percent / 100));
  const isMost = share > 0.5;
  const every = Math.max(2, Math.round(1 / (isMost ? 1 - share : share)));
  const offsets = isMost ? Array.from({ length: every - 1 }, (_, i) => i) : [0];
  return offsets.map((offset) => ({
    at_frame: from + offset,
    what: 'withhold',
    every,
    count: Math.max(1, Math.floor((frames - offset + every - 1) / every)),
  }));
}

function modeOf({
  width,
  height,
  fps,
}: StreamSettings): Pick<ScriptSession, 'width' | 'height' | 'fps'> {
  return { width, height, fps };
}

/** An own script, line by line: as the host has taken it. */
export function plannedOf(script: TestScript): Planned[] {
  return script.sessions
    .map((session, index) => ({ session, index }))
    .flatMap(({ session, index }) => [
      ...(index > 0
        ? [{ kind: 'session', session: index, actions: [], us: undefined } as const]
        : []),
      ...(session.actions ?? []).slice(0, MOST_LINES).map((action) => ({
        kind: kindOf(action),
        session: index,
        actions: [action],
        us: action.us,
      })),
    ])
    .slice(0, MOST_LINES);
}

function kindOf({ what, place }: ScriptAction): Planned['kind'] {
  switch (what) {
    case 'stall':
      if (place === 'grabbed' || place === 'converted') return 'capture';
      return place === 'submitted' || place === 'encoded' ? 'encoder' : 'send';
    case 'withhold':
      return 'repeats';
    case 'drop':
      return 'drops';
    case 'loss':
      return 'loss';
    case 'key_frame':
      return 'key_frames';
    default:
      return what;
  }
}

/** Which turns of a session an action is due in. */
export function isDue(
  { at_frame, at_s, count, every }: ScriptAction,
  nth: number,
  fps: number,
): boolean {
  const first = at_frame ?? Math.round((at_s ?? 0) * fps);
  const step = every ?? 1;
  const most = count ?? (every === undefined ? 1 : Number.POSITIVE_INFINITY);
  const since = nth - first;
  return since >= 0 && since % step === 0 && since / step < most;
}

/** What a text says, as far as it can be told without the host; a sentence of the parser when it is no JSON. */
export function readScript(text: string): TestScript | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
  return isScript(value) ? value : '';
}

/** Every field is the host's to check; a script that it took is one. */
function isScript(value: unknown): value is TestScript {
  if (typeof value !== 'object' || value === null || !('sessions' in value)) return false;
  const { sessions } = value;
  return Array.isArray(sessions) && sessions.length > 0 && sessions.every(isObject);
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** A stream of an hour with a spike every second would be no plan any more. */
const MOST_TIMES = 500;
const MOST_LINES = 100;
