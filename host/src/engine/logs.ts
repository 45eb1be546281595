// The engine's own log and perf events as lines of the host's log.
import type { Logger } from '../log.ts';
import type { Engine } from './engine.ts';

/** Forwards them until the returned function is called. */
export function forwardEngineLogs(engine: Engine, log: Logger): () => void {
  const perf = log.child('perf');
  return engine.on((event) => {
    if (event.ev === 'log') {
      const session = event.session === undefined ? {} : { session: event.session };
      log.child(event.target).log(event.level, event.message, session);
    } else if (event.ev === 'perf') {
      const { ev: _ev, t: _t, max_us, ...rest } = event;
      perf.info('frames', { ...rest, max_us });
    } else if (event.ev === 'session.event') {
      const { ev: _ev, t: _t, kind, ...rest } = event;
      log.child('session').debug(kind, rest);
    }
  });
}
