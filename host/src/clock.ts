// Time as a collaborator: what waits or stamps takes a Clock, so that tests run on virtual time.

export interface Clock {
  /** ms, monotonic. */
  nowMs(): number;
  /** ms since 1970. */
  unixMs(): number;
  /** Runs once, later; answers how to prevent it. */
  after(ms: number, run: () => void): () => void;
}

/** The real one. Its timers keep no process alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  unixMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
