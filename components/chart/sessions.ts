// One capture may hold several sessions: which there are, their mode, and where a reader should look first.
import type { Capture, StatsSample } from '../../contract/stats.ts';

/** Session ids in order of their first window, then those that never had one. */
export function sessionIds(capture: Capture): readonly number[] {
  return [...windowsOf(capture).keys()];
}

/** The windows of a session: the same list for every lane that shows it. */
export function samplesOf(capture: Capture, session: number | undefined): readonly StatsSample[] {
  return (session === undefined ? undefined : windowsOf(capture).get(session)) ?? NONE;
}

/** Captures never change: one that grows is a new one. */
const bySession = new WeakMap<Capture, ReadonlyMap<number, readonly StatsSample[]>>();

function windowsOf(capture: Capture): ReadonlyMap<number, readonly StatsSample[]> {
  const known = bySession.get(capture);
  if (known !== undefined) return known;
  const found = new Map<number, StatsSample[]>();
  for (const sample of capture.samples) {
    const own = found.get(sample.session_id);
    if (own === undefined) found.set(sample.session_id, [sample]);
    else own.push(sample);
  }
  for (const { session_id } of capture.sessions ?? []) {
    if (!found.has(session_id)) found.set(session_id, []);
  }
  bySession.set(capture, found);
  return found;
}

/** Frames per second negotiated for a session; the header's where the file names no sessions; undefined if unknown. */
export function sessionFps(capture: Capture, session: number | undefined): number | undefined {
  const own = capture.sessions?.find((s) => s.session_id === session)?.fps;
  const fps = own ?? capture.meta.fps;
  return fps > 0 ? fps : undefined;
}

/** The worst window's end: largest total at p99, else the largest sum of its stages. */
export function startCursorMs(samples: readonly StatsSample[]): number | undefined {
  const known = starts.get(samples);
  if (known !== undefined) return known.ms;
  const ms = worstEndMs(samples);
  starts.set(samples, { ms });
  return ms;
}

const starts = new WeakMap<readonly StatsSample[], { readonly ms: number | undefined }>();

function worstEndMs(samples: readonly StatsSample[]): number | undefined {
  let best: StatsSample | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const sample of samples) {
    const weight = sample.total_p99_us ?? sample.stages.reduce((sum, s) => sum + s.p99_us, 0);
    if (weight > most) {
      best = sample;
      most = weight;
    }
  }
  return best?.t_ms;
}

const NONE: readonly StatsSample[] = [];
