// What the fake engine plays of a client that the real one needs a network for.
import { beforeEach, describe, expect, test } from 'bun:test';
import { FakeEngine } from '../../host/src/engine/fake-engine.ts';

let fake: FakeEngine;
let events: Record<string, unknown>[];

beforeEach(() => {
  fake = new FakeEngine();
  events = [];
  fake.listen((batch) => {
    for (const event of batch) if (typeof event === 'object') events.push({ ...event });
  });
});

const call = (request: object): Record<string, number> =>
  JSON.parse(fake.call(JSON.stringify(request)));

function start(): number {
  const open = (medium: string) =>
    call({ cmd: 'listener.open', medium, address: '::', port: 0, dscp: false })['listener'];
  const started = call({
    cmd: 'session.start',
    session: {
      kind: 'gamestream',
      client: 'deck',
      listener: open('video'),
      ping_payload: '0123456789abcdef',
      packet_size: 1392,
      fec_pct: 20,
      min_parity: 2,
      source: 'synthetic',
      width: 1280,
      height: 720,
      fps: 60,
      bitrate_kbps: 10_000,
      codec: 'h264',
      encoder: 'auto',
      slices: 1,
      max_reference_frames: 0,
      drop_pct: 0,
      client_timeout_ms: 10_000,
      invalidation: true,
      control: {
        listener: open('control'),
        connect_data: 5,
        address: '192.0.2.1',
        sealing: 'v2',
        reports: true,
        connect_timeout_ms: 15_000,
      },
      encryption: { key: '0'.repeat(32), key_id: 0, video: false, audio: false },
    },
  });
  return started['session'] ?? Number.NaN;
}

const kinds = () => events.map(({ ev, kind, state, reason }) => reason ?? state ?? kind ?? ev);

describe('a client of the fake engine', () => {
  test('connects, is ready, sees pictures, reports and leaves', () => {
    const session = start();
    fake.connectControl(session, 'connected');
    fake.connectControl(session, 'ready');
    fake.connectControl(session);
    fake.report(session, { packets_lost: 3, rtt_us: { min: 900, median: 1200 } });
    fake.leave(session);
    expect(kinds()).toEqual([
      'op.done',
      'waiting_for_client',
      'control_connected',
      'control_ready',
      'streaming',
      'session.report',
      'client_left',
    ]);
    expect(events[5]).toMatchObject({ session, packets_lost: 3 });
  });

  test('is not waited for longer than was said', () => {
    const session = start();
    fake.tick(14_900);
    expect(fake.request(session)?.control?.connect_data).toBe(5);
    fake.tick(200);
    expect(kinds().at(-1)).toBe('no_control');
    expect(fake.request(session)).toBeUndefined();
  });

  test('stays when it has connected, until it is lost or something fails', () => {
    const lost = start();
    fake.connectControl(lost);
    fake.tick(60_000);
    fake.lose(lost);
    expect(kinds().at(-1)).toBe('client_lost');
    const failed = start();
    fake.connectControl(failed);
    fake.fail(failed, 'source_lost', 'The display is gone.');
    expect(events.at(-1)).toMatchObject({ reason: 'source_lost', state: 'ended' });
  });
});
