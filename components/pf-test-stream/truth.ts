// What the scripted parts of a test stream really did, out of its truth log (docs/test-scripts.md), held against what was
// planned. Pure. What the log does not say was done counts as not done.
import { asFields, type Fields, number, text } from '../base/fields.ts';
import { isDue, type Planned } from './faults.ts';

export interface TruthFrame {
  readonly session: number;
  readonly nth: number;
  /** Number on the wire; undefined when it got none. */
  readonly frame: number | undefined;
  /** ns of the engine's clock. */
  readonly grabbedNs: number;
  /** The longest wait that was put into it, µs, and before which boundary. */
  readonly spun: readonly { readonly place: string; readonly us: number }[];
  readonly given: boolean | undefined;
  readonly outcome: string;
  readonly made: string;
  readonly packetsDropped: number;
  readonly reopened: boolean;
  readonly invalidated: boolean;
  readonly kbps: number | undefined;
}

export interface Truth {
  /** In the order in which they began. */
  readonly sessions: readonly { readonly id: number; readonly fps: number }[];
  readonly frames: readonly TruthFrame[];
}

/** What a line of the plan came to. */
export interface Happened {
  readonly planned: Planned;
  /** Undefined: the session never began. */
  readonly sessionId: number | undefined;
  /** In how many frames. */
  readonly frames: number;
  /** The longest wait, µs. */
  readonly longestUs: number | undefined;
  /** Packets thrown away. */
  readonly packets: number | undefined;
  readonly fromNs: number;
  readonly toNs: number;
}

/** A frame by which the two clocks are tied together. */
export interface Anchor {
  readonly frame: number;
  /** On the recording's own clock. */
  readonly atMs: number;
}

/** Lines that are none are passed over. */
export function parseTruth(log: string): Truth {
  const sessions: { id: number; fps: number }[] = [];
  const frames: TruthFrame[] = [];
  for (const line of log.split('\n')) {
    const f = fieldsOf(line);
    const id = number(f?.['session']);
    if (f === undefined || id === undefined) continue;
    if (f['truth'] === 'session') sessions.push({ id, fps: number(f['fps']) ?? 0 });
    else if (f['truth'] === 'frame') frames.push(...frameOf(f, id));
  }
  return { sessions: sessions.toSorted((a, b) => a.id - b.id), frames };
}

export function happenedOf(planned: readonly Planned[], truth: Truth): Happened[] {
  return planned.map((one) => {
    const session = truth.sessions[one.session];
    const own = truth.frames.filter(({ session: id }) => id === session?.id);
    const hit = hitOf(one, own, session?.fps ?? 0);
    const waits = hit.flatMap(({ spun }) => spun.map(({ us }) => us));
    const isStall = one.us !== undefined && one.kind !== 'late';
    const times = hit.map(({ grabbedNs }) => grabbedNs);
    return {
      planned: one,
      sessionId: session?.id,
      frames: hit.length,
      longestUs: isStall && waits.length > 0 ? Math.max(...waits) : undefined,
      packets:
        one.kind === 'loss' ? hit.reduce((sum, { packetsDropped: n }) => sum + n, 0) : undefined,
      fromNs: times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      toNs: times.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    };
  });
}

/** From the engine's clock to the recording's own; undefined when the frame is not in the log. */
export function clockOf(
  truth: Truth,
  sessionId: number,
  anchor: Anchor,
): ((ns: number) => number) | undefined {
  const tied = truth.frames.find(
    ({ session, frame }) => session === sessionId && frame === anchor.frame,
  );
  if (tied === undefined) return undefined;
  return (ns) => anchor.atMs + (ns - tied.grabbedNs) / 1e6;
}

function hitOf(one: Planned, own: readonly TruthFrame[], fps: number): readonly TruthFrame[] {
  if (one.kind === 'session') return own;
  if (one.kind !== 'key_frames') return own.filter((frame) => wasHit(one, frame, fps));
  // Asked for in one frame, made in a later one: what was made in the time counts.
  const due = own.filter(({ nth }) => one.actions.some((action) => isDue(action, nth, fps)));
  const [from, to] = [due[0]?.nth ?? Number.POSITIVE_INFINITY, (due.at(-1)?.nth ?? 0) + fps];
  return own.filter(({ made, nth }) => made === 'key' && nth >= from && nth <= to);
}

/** Due in this frame, and the log says that it was done. */
function wasHit({ kind, actions }: Planned, frame: TruthFrame, fps: number): boolean {
  const due = actions.filter((action) => isDue(action, frame.nth, fps));
  if (due.length === 0) return false;
  switch (kind) {
    case 'encoder':
    case 'capture':
    case 'send':
      return due.some(({ place }) => frame.spun.some((wait) => wait.place === place));
    case 'repeats':
      return frame.given === false;
    case 'drops':
      return due.some(({ why }) => why === frame.outcome);
    case 'loss':
      return frame.packetsDropped > 0;
    case 'encoder_error':
      return frame.reopened;
    case 'invalidate':
      return frame.invalidated;
    case 'bitrate':
      return due.some(({ kbps }) => kbps === frame.kbps);
    case 'skip':
    case 'late':
      return frame.given === true;
    case 'key_frames':
    case 'session':
      return true;
  }
}

function fieldsOf(line: string): Fields | undefined {
  if (line === '') return undefined;
  try {
    return asFields(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function frameOf(f: Fields, session: number): TruthFrame[] {
  const nth = number(f['nth']);
  const grabbedNs = nsOf(asFields(f['at'])?.['grabbed'], 0);
  if (nth === undefined || grabbedNs === undefined) return [];
  const spun = Object.entries(asFields(f['spun']) ?? {}).flatMap(([place, span]) => {
    const [from, to] = [nsOf(span, 0), nsOf(span, 1)];
    return from === undefined || to === undefined ? [] : [{ place, us: (to - from) / 1000 }];
  });
  const given = asFields(f['source'])?.['given'];
  return [
    {
      ...{ session, nth, grabbedNs, spun },
      frame: number(f['frame']),
      given: typeof given === 'boolean' ? given : undefined,
      outcome: text(f['outcome']),
      made: text(f['made']),
      packetsDropped: number(asFields(f['datagrams'])?.['dropped']) ?? 0,
      reopened: f['reopened'] === true,
      invalidated: f['invalidation'] !== undefined,
      kbps: number(f['bitrate_kbps']),
    },
  ];
}

/** Decimal text; ns since the machine started fit a double for a hundred days. */
function nsOf(span: unknown, at: 0 | 1): number | undefined {
  if (!Array.isArray(span)) return undefined;
  const one: unknown = span[at];
  const value = typeof one === 'string' && /^\d{1,19}$/.test(one) ? Number(one) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}
