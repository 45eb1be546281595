// The state machine of §7 under any sequence of events: what must hold after every one of them.
import { expect } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../host/src/errors.ts';
import { settled } from '../support/fake-host.ts';
import { fuzz } from '../support/fuzz.ts';
import { client, DESKTOP, GAME, resumeWish, streamsHost, wish } from '../support/streams.ts';

const CLIENTS = ['ann', 'ben', 'cleo', 'dan'].map((name) => client(name));
const MAX_SESSIONS = 3;

const ACTIONS = [
  'launch',
  'launch game',
  'resume',
  'cancel',
  'play',
  'come',
  'leave',
  'lose event',
  'revoke',
  'end session',
  'end app',
  'wait 31 s',
] as const;

fuzz(
  'any sequence of events keeps one app, one stream a client, and no stream without its client',
  fc.asyncProperty(
    fc.array(fc.tuple(fc.constantFrom(...ACTIONS), fc.nat(CLIENTS.length - 1)), { maxLength: 40 }),
    async (steps) => {
      const host = streamsHost({ 'max-sessions': `${MAX_SESSIONS}` });
      for (const [action, i] of steps) {
        const who = CLIENTS[i];
        if (who === undefined) continue;
        try {
          await act(host, action, who);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          expect([400, 403, 404, 455, 503]).toContain(error.status);
        }
        await settled();
        check(host);
      }
      await host.streams.stop();
      expect(host.sessions.list()).toEqual([]);
      expect(host.clock.waiting).toBe(0);
    },
  ),
);

type Host = ReturnType<typeof streamsHost>;

async function act(
  host: Host,
  action: (typeof ACTIONS)[number],
  who: (typeof CLIENTS)[number],
): Promise<void> {
  const { streams, fake, clock } = host;
  const session = host.sessions.list().find(({ client_id }) => client_id === who.fingerprint);
  switch (action) {
    case 'launch':
      await streams.launch(wish(who));
      return;
    case 'launch game':
      await streams.launch(wish(who, { appId: GAME }));
      return;
    case 'resume':
      await streams.resume(resumeWish(who));
      return;
    case 'cancel':
      await streams.cancel(who);
      // Whoever was not refused sees a free host at once.
      expect(streams.appState(who.fingerprint).busy).toBe(false);
      return;
    case 'play':
      if (streams.prepared().some(({ clientName }) => clientName === who.name)) {
        await host.play(who);
      }
      return;
    case 'come':
      if (session !== undefined) fake.connectControl(session.session_id);
      return;
    case 'leave':
      if (session !== undefined) fake.leave(session.session_id);
      return;
    case 'lose event':
      if (session !== undefined) fake.vanish(session.session_id);
      fake.overflow(1);
      return;
    case 'revoke':
      await streams.revoke(who.fingerprint);
      expect(streams.connected(who.fingerprint)).toBe(false);
      return;
    case 'end session':
      await streams.endSession(session?.session_id ?? 999);
      return;
    case 'end app':
      await streams.endApp();
      return;
    case 'wait 31 s':
      clock.pass(31_000);
      return;
  }
}

function check(host: Host): void {
  const { streams, sessions } = host;
  const { state, sessions: living } = streams.status();
  const prepared = streams.prepared();
  const listed = sessions.list();
  const { busy, appId } = streams.appState(undefined);
  expect(state).toBe(busy ? 'busy' : 'free');
  expect([0, DESKTOP, GAME]).toContain(appId);
  if (!busy) expect([living, listed.length]).toEqual([0, 0]);
  expect(living).toBeLessThanOrEqual(MAX_SESSIONS);
  // Every stream is prepared or has an engine session, and no session is nobody's.
  expect(living).toBe(prepared.length + listed.length);
  const owners = [...prepared.map(({ clientName }) => clientName), ...listed.map((s) => s.client)];
  expect(new Set(owners).size).toBe(owners.length);
  for (const stream of prepared) expect(stream.key.some((byte) => byte !== 0)).toBe(true);
}
