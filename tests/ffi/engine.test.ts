import { describe, expect, test } from 'bun:test';
import { Engine } from '../../host/src/engine/engine.ts';
import { FakeEngine } from '../../host/src/engine/fake-engine.ts';
import type { EngineEvent, SessionRequest } from '../../host/src/engine/messages.ts';
import { AppError } from '../../host/src/errors.ts';
import { Logger } from '../../host/src/log.ts';
import { settled } from '../support/fake-host.ts';

function engine() {
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    now: () => 0,
    write: (l) => lines.push(l),
  });
  const fake = new FakeEngine();
  return { fake, lines, engine: new Engine(fake, log) };
}

const request = (listener: number): SessionRequest => ({
  kind: 'gamestream',
  client: 'test',
  listener,
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
});
const video = { medium: 'video', address: '127.0.0.1', port: 0, dscp: false } as const;

async function failure(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('operations', () => {
  test('that completed before anybody asked still answer', async () => {
    const { engine: e } = engine();
    const { listener } = e.call('listener.open', video);
    const { op } = e.call('session.start', { session: request(listener) });
    await settled();
    await e.done(op);
  });

  test('fail with the engine’s code and sentence', async () => {
    const fake = new FakeEngine({ brokenSources: { x11: 'The X server does not answer.' } });
    const log = new Logger({
      format: 'json',
      level: 'error',
      now: () => 0,
      write: () => undefined,
    });
    const e = new Engine(fake, log);
    const { listener } = e.call('listener.open', video);
    const { op } = e.call('session.start', { session: { ...request(listener), source: 'x11' } });
    const error = await failure(e.done(op));
    expect([error.code, error.message]).toEqual([
      'source_unavailable',
      'The X server does not answer.',
    ]);
  });

  test('refused at once are 422 when wrong and 409 when not possible now', () => {
    const { engine: e } = engine();
    const { listener } = e.call('listener.open', video);
    const bad = { ...request(listener), width: 0 };
    expect(() => e.call('session.start', { session: bad })).toThrow(
      expect.objectContaining({ status: 422, code: 'mode_invalid' }),
    );
  });

  test('whose end was lost fail after the overflow instead of waiting for ever', async () => {
    const { engine: e, fake } = engine();
    const { listener } = e.call('listener.open', video);
    const { session } = e.call('session.start', { session: request(listener) });
    const gone = e.done(99_999, { session });
    const other = e.done(99_998);
    const resynced: number[] = [];
    e.onResync(({ sessions }) => resynced.push(sessions.length));
    fake.vanish(session);
    fake.overflow(12);
    expect((await failure(gone)).code).toBe('event_lost');
    expect(resynced).toEqual([0]);
    const closing = failure(other);
    await e.close();
    expect((await closing).code).toBe('engine_closed');
  });
});

describe('questions', () => {
  test('that nobody answers are refused at once', async () => {
    const { fake } = engine();
    fake.ask(5, { kind: 'screen_cast' });
    await settled();
    expect(fake.answers.get(5)).toEqual({ refused: true });
  });

  test('are answered by whoever took them on; a failing answer is a refusal', async () => {
    const { engine: e, fake } = engine();
    e.answerWith(async ({ id }) => {
      if (id === 1) return { allowed: true };
      throw new Error('the dialog was closed');
    });
    fake.ask(1, {});
    fake.ask(2, {});
    await settled();
    expect([fake.answers.get(1), fake.answers.get(2)]).toEqual([
      { allowed: true },
      { refused: true },
    ]);
  });
});

test('an event of a newer engine is logged and does not stop the others', async () => {
  const lines: string[] = [];
  const log = new Logger({
    format: 'json',
    level: 'debug',
    now: () => 0,
    write: (l) => lines.push(l),
  });
  const fake = new FakeEngine();
  let deliver: ((events: readonly unknown[]) => void) | undefined;
  const e = new Engine(
    {
      opened: fake.opened,
      call: (text) => fake.call(text),
      listen: (listener) => {
        deliver = listener;
      },
      drainRecords: () => 0,
      nowNs: () => 0n,
      close: () => fake.close(),
    },
    log,
  );
  const seen: EngineEvent[] = [];
  e.on((event) => seen.push(event));
  deliver?.([
    { ev: 'weather', t: '1' },
    'garbage',
    null,
    { ev: 'log', t: '2', level: 'info', target: 'x', message: 'still here' },
  ]);
  expect(seen.map((event) => event.ev)).toEqual(['log']);
  expect(lines.filter((line) => line.includes('does not understand'))).toHaveLength(3);
});
