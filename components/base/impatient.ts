// Timers of a page that somebody looks at while its host is silent: it is asked again every few seconds, however long that
// lasts, because who waits for it to come back sees nothing else.
import type { Timers } from './poller.ts';

export function impatient(timers: Timers, isOffline: () => boolean): Timers {
  return {
    set: (callback, ms) => timers.set(callback, isOffline() ? Math.min(ms, RETRY_MS) : ms),
    clear: (handle) => timers.clear(handle),
    now: () => timers.now(),
  };
}

/** One refused connection costs neither side anything. */
const RETRY_MS = 4000;
