// One capture may hold several sessions: which there are, their mode, and where a reader should look first.
import type { Capture, StatsSample } from '../../contract/stats.ts';

/** Session ids in order of their first window, then those that never had one. */
export function sessionIds(capture: Capture): number[] {
  const ids = new Set(capture.samples.map((s) => s.session_id));
  for (const s of capture.sessions ?? []) ids.add(s.session_id);
  return [...ids];
}

/** Frames per second negotiated for a session; the header's where the file names no sessions; undefined if unknown. */
export function sessionFps(capture: Capture, session: number | undefined): number | undefined {
  const own = capture.sessions?.find((s) => s.session_id === session)?.fps;
  const fps = own ?? capture.meta.fps;
  return fps > 0 ? fps : undefined;
}

/** The worst window's end: largest total at p99, else the largest sum of its stages. */
export function startCursorMs(samples: readonly StatsSample[]): number | undefined {
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
