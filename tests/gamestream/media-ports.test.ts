// The sockets that all clients share: where they lie, on which family, and what happens when one cannot be had.
import { describe, expect, test } from 'bun:test';
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine } from '../../host/src/engine/fake-engine.ts';
import { EngineError, engineStatus } from '../../host/src/engine/transport.ts';
import { Logger } from '../../host/src/log.ts';
import { MediaPorts } from '../../host/src/sessions/media-ports.ts';

const log = new Logger({ format: 'json', level: 'error', write: () => undefined, now: () => 0 });

/** An engine whose listeners on some addresses or ports cannot be bound. */
function engineWithout(taken: readonly (string | number)[]) {
  const fake = new FakeEngine();
  const engine = new Engine(
    {
      opened: fake.opened,
      nowNs: () => fake.nowNs(),
      listen: (listener) => fake.listen(listener),
      drainRecords: (into) => fake.drainRecords(into),
      close: () => fake.close(),
      call(request) {
        const { cmd, address, port } = JSON.parse(request);
        if (cmd === 'listener.open' && (taken.includes(address) || taken.includes(port))) {
          throw new EngineError(engineStatus.refused, 'bind_failed', `no ${address}:${port}`);
        }
        return fake.call(request);
      },
    },
    log,
  );
  return { engine, listeners: () => engine.call('snapshot', {}).listeners };
}

const options = { log, gamestreamPort: 50_000, dscp: false };

describe('the media ports', () => {
  test('lie 9, 10 and 11 above the base port, on both families', () => {
    const { engine, listeners } = engineWithout([]);
    const { video, control, audio } = new MediaPorts({ ...options, engine });
    expect([video.port, control.port, audio.port]).toEqual([50_009, 50_010, 50_011]);
    expect(listeners().map(({ address }) => address)).toEqual(['::', '::', '::']);
  });

  test('are IPv4 alone on a machine without IPv6, and one address when told', () => {
    const without = engineWithout(['::']);
    new MediaPorts({ ...options, engine: without.engine });
    expect(without.listeners().map(({ address }) => address)).toEqual(Array(3).fill('0.0.0.0'));
    const one = engineWithout([]);
    new MediaPorts({ ...options, engine: one.engine, address: '192.168.1.5' });
    expect(one.listeners().map(({ address }) => address)).toEqual(Array(3).fill('192.168.1.5'));
  });

  test('name the one that cannot be had, and leave none open', () => {
    const { engine, listeners } = engineWithout([50_011]);
    expect(() => new MediaPorts({ ...options, engine })).toThrow(
      'UDP port 50011 (GameStream audio) cannot be used: no 0.0.0.0:50011',
    );
    expect(listeners()).toEqual([]);
  });

  test('close together, and twice is fine', () => {
    const { engine, listeners } = engineWithout([]);
    const ports = new MediaPorts({ ...options, engine });
    ports.close();
    ports.close();
    expect(listeners()).toEqual([]);
  });
});
