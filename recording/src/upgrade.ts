// Today's shape of a recording out of any older version's. Checks nothing: format.ts does for the host, a page by hand.
import type { Capture } from '../../contract/stats.ts';

/** What an older version did not know stays absent: no session is made up from its header. */
export function upgraded(capture: Capture): Capture {
  const { version = 1 } = capture;
  return version === 1 ? fromVersion1(capture) : capture;
}

function fromVersion1(capture: Capture): Capture {
  const { meta, sessions, events } = capture;
  return {
    ...capture,
    version: 2,
    meta: sessions === undefined ? meta : { ...meta, session_count: sessions.length },
    ...(events === undefined ? {} : { events: events.toSorted((a, b) => a.t_ms - b.t_ms) }),
  };
}
