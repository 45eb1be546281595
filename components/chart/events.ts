// Events of a recording as marks on its axis: which belong to a session, what each looks like and how much it matters
// where there is no room for all. Plain values, no words, no DOM.
import type { CaptureEvent } from '../../contract/stats.ts';
import type { Token } from '../base/series-tokens.ts';
import type { Range } from './grid.ts';

/** What is drawn for an event; every kind has its own, so that none is told by colour alone. */
export type Shape =
  | 'join'
  | 'leave'
  | 'flag'
  | 'diamond'
  | 'diamond-open'
  | 'triangle'
  | 'triangle-down'
  | 'step-up'
  | 'step-down'
  | 'chevron-up'
  | 'chevron-down'
  | 'bar'
  | 'bar-open'
  | 'bar-broken'
  | 'dots'
  | 'cross'
  | 'frame'
  | 'frame-dashed'
  | 'ring'
  | 'ring-crossed'
  | 'disc'
  | 'clock'
  | 'arrow'
  | 'strokes'
  | 'square';

/** One event where it stands. */
export interface Mark {
  readonly event: CaptureEvent;
  readonly kind: string;
  readonly atMs: number;
  readonly shape: Shape;
  readonly token: Token;
  /** Where not all can be shown, those of the higher rank are. */
  readonly rank: number;
  /** Kinds that last: over which time. */
  readonly span: Range | undefined;
}

interface Look {
  readonly shape: Shape;
  readonly token: Token;
  readonly rank: number;
}

/** Every kind of docs/recording-format.md and docs/ffi-abi.md. */
export const KINDS = {
  marker: { shape: 'flag', token: 'accent', rank: 10 },
  session_start: { shape: 'join', token: 'text2', rank: 9 },
  session_end: { shape: 'leave', token: 'text2', rank: 9 },
  suspended: { shape: 'bar-broken', token: 'text2', rank: 8 },
  records_lost: { shape: 'dots', token: 'text2', rank: 8 },
  events_lost: { shape: 'dots', token: 'text2', rank: 8 },
  freeze: { shape: 'bar-open', token: 'bad', rank: 7 },
  loss_burst: { shape: 'bar', token: 'bad', rank: 7 },
  source_lost: { shape: 'ring-crossed', token: 'text2', rank: 7 },
  frame_dropped: { shape: 'cross', token: 'bad', rank: 6 },
  mode: { shape: 'frame', token: 'text2', rank: 6 },
  bitrate: { shape: 'step-down', token: 'text2', rank: 5 },
  request_flood: { shape: 'strokes', token: 'text2', rank: 5 },
  invalidation: { shape: 'triangle', token: 'text2', rank: 4 },
  key_frame: { shape: 'diamond', token: 'text2', rank: 4 },
  source_back: { shape: 'disc', token: 'text2', rank: 4 },
  source_resized: { shape: 'frame-dashed', token: 'text2', rank: 4 },
  client_moved: { shape: 'arrow', token: 'text2', rank: 4 },
  bitrate_advice: { shape: 'chevron-down', token: 'text2', rank: 3 },
  invalidation_requested: { shape: 'triangle-down', token: 'text2', rank: 2 },
  idr_requested: { shape: 'diamond-open', token: 'text2', rank: 2 },
  control_connected: { shape: 'ring', token: 'text2', rank: 1 },
  control_ready: { shape: 'disc', token: 'text2', rank: 1 },
  clock_restarted: { shape: 'clock', token: 'text2', rank: 1 },
} as const satisfies Record<string, Look>;

export type EventKind = keyof typeof KINDS;

/** A kind that this version does not know is `undefined` here; it is shown all the same. */
export function knownKind(kind: string): EventKind | undefined {
  // A own key of KINDS is one of its keys.
  return Object.hasOwn(KINDS, kind) ? (kind as EventKind) : undefined;
}

/** Of one session and of the host as a whole, in order of time. What lies behind the end stands at the end. */
export function marksOf(
  events: readonly CaptureEvent[],
  session: number | undefined,
  full: Range,
): Mark[] {
  const marks = events
    .filter(({ t_ms, session_id }) => {
      const own = session_id === undefined || session === undefined || session_id === session;
      return own && Number.isFinite(t_ms);
    })
    .map((event) => markOf(event, full));
  return marks.sort((a, b) => a.atMs - b.atMs);
}

function markOf(event: CaptureEvent, full: Range): Mark {
  const { kind } = event;
  const known = knownKind(kind);
  const look: Look = known === undefined ? UNKNOWN : KINDS[known];
  const atMs = Math.min(full.toMs, Math.max(full.fromMs, event.t_ms));
  const shape = shapeOf(look.shape, event);
  return {
    event,
    kind,
    atMs,
    shape,
    token: look.token,
    rank: look.rank,
    span: spanOf(event, atMs),
  };
}

/** Steps say which way they go. */
function shapeOf(shape: Shape, { detail }: CaptureEvent): Shape {
  const from = numberIn(detail, 'from_kbps');
  const to = numberIn(detail, 'to_kbps');
  const isUp = from !== undefined && to !== undefined && to > from;
  if (!isUp) return shape;
  return shape === 'step-down' ? 'step-up' : shape === 'chevron-down' ? 'chevron-up' : shape;
}

/** A freeze stands where it began, a burst and a silence where they were noticed. Sleep takes no time of this axis. */
function spanOf({ kind, detail }: CaptureEvent, atMs: number): Range | undefined {
  const back = numberIn(detail, kind === 'loss_burst' ? 'interval_ms' : 'silent_ms');
  if (kind === 'loss_burst' || kind === 'source_lost') {
    return back === undefined ? undefined : { fromMs: Math.max(0, atMs - back), toMs: atMs };
  }
  const ahead = numberIn(detail, 'ms');
  return kind === 'freeze' && ahead !== undefined
    ? { fromMs: atMs, toMs: atMs + ahead }
    : undefined;
}

/** A detail that is a number; undefined where there is none. */
export function numberIn(detail: CaptureEvent['detail'], key: string): number | undefined {
  const value = detail?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

const UNKNOWN: Look = { shape: 'square', token: 'text2', rank: 3 };
