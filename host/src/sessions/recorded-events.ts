// What the engine tells of sessions beside frames, on its way into recordings: reports become receivers' totals, rare
// things become events. Nothing is interpreted here.
import type { SessionEvent } from '../../../recording/src/inputs.ts';
import type { RecordedEvent, SessionRecorder } from './sessions.ts';

type Recorded = Pick<SessionRecorder, 'receiver' | 'event'>;

/** Answers a function that hands each event on. */
export function recordInto(recordings: Recorded): (event: RecordedEvent) => void {
  return (event) => {
    const atNs = BigInt(event.t);
    if (event.ev === 'session.event') {
      recordings.event(event.session, atNs, sessionEvent(event));
      return;
    }
    const { packets_lost, packets_recovered, frames_not_shown, rtt_us } = event;
    recordings.receiver(event.session, atNs, {
      ...(packets_lost === undefined ? {} : { packetsLost: packets_lost }),
      ...(packets_recovered === undefined ? {} : { packetsRecovered: packets_recovered }),
      ...(frames_not_shown === undefined ? {} : { framesNotShown: frames_not_shown }),
      ...(rtt_us === undefined ? {} : { rttUs: rtt_us.median }),
    });
  };
}

/** Figures and words of the kind; what is neither stays out. */
function sessionEvent(event: Extract<RecordedEvent, { ev: 'session.event' }>): SessionEvent {
  const { ev: _ev, t: _t, session: _session, kind, frame, ...rest } = event;
  const detail = Object.fromEntries(
    Object.entries<unknown>(rest).filter((entry): entry is [string, string | number | boolean] =>
      ['string', 'number', 'boolean'].includes(typeof entry[1]),
    ),
  );
  return {
    kind,
    ...(frame === undefined ? {} : { frame }),
    ...(Object.keys(detail).length === 0 ? {} : { detail }),
  };
}
