// The recorder’s state as the event stream tells it: every reader gets it at each change, so what may be long is cut.
// GET /stats/capture/status has all of it.
import type { StatsStatus } from '../../../contract/stats.ts';

/** At most 2 KB of JSON, whatever a fault says and however many recordings were recovered. */
export function briefStatus(status: StatsStatus): StatsStatus {
  const { fault, last_run: lastRun } = status;
  return {
    ...status,
    ...(fault === undefined ? {} : { fault: cut(fault) }),
    ...(lastRun === undefined
      ? {}
      : {
          last_run: { ...lastRun, recovered_ids: lastRun.recovered_ids.slice(0, MOST_IDS) },
        }),
  };
}

function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`;
}

/** Of at most 128 bytes each. */
const MOST_IDS = 4;
/** Three bytes a character at worst. */
const MOST_TEXT = 200;
