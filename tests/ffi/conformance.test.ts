// What every engine does, whoever plays it: the fake on virtual time always, the real library when it is built.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { FakeEngine } from '../../host/src/engine/fake-engine.ts';
import {
  EngineEvent,
  OpenReply,
  ProbeReport,
  Snapshot,
  TrialResult,
} from '../../host/src/engine/messages.ts';
import { openNativeEngine } from '../../host/src/engine/native-transport.ts';
import {
  EngineError,
  type EngineTransport,
  engineStatus,
} from '../../host/src/engine/transport.ts';
import {
  ABSENT,
  decodeRecords,
  type FrameBatch,
  frameFlags,
  frameOutcomes,
  outcomeOf,
  RECORD_BYTES,
  type SmallColumn,
} from '../../recording/src/frames.ts';
import { FrameSpans } from '../../recording/src/stages.ts';

interface Subject {
  readonly transport: EngineTransport;
  /** Lets time pass: virtual or real. */
  readonly pass: (ms: number) => Promise<void>;
}

const { PUNKTFUNK_ENGINE } = process.env;
const library =
  PUNKTFUNK_ENGINE || join(import.meta.dir, '../../engine/target/release/libpf_ffi.so');
const missing = existsSync(library) ? '' : ` (skipped: there is no ${library})`;

conformance('fake engine', async () => {
  const transport = new FakeEngine();
  return {
    transport,
    pass: async (ms) => {
      transport.tick(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
});

if (missing === '') {
  conformance('real engine', async () => ({
    transport: await openNativeEngine(library),
    pass: (ms) => Bun.sleep(ms),
  }));
} else test.skip(`real engine${missing}`, () => undefined);

function conformance(name: string, open: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject;
    const events: EngineEvent[] = [];
    const call = (request: object): unknown =>
      JSON.parse(subject.transport.call(JSON.stringify(request)));

    beforeAll(async () => {
      subject = await open();
      subject.transport.listen((batch) => {
        for (const event of batch) {
          const faults = Value.Errors(EngineEvent, event);
          if (!Value.Check(EngineEvent, event)) {
            throw new Error(`${JSON.stringify(event)}: ${JSON.stringify(faults)}`);
          }
          events.push(event);
        }
      });
    });

    afterAll(() => subject.transport.close());

    /** Lets time pass until an event comes. */
    async function until<E extends EngineEvent>(
      what: string,
      is: (event: EngineEvent) => event is E,
    ): Promise<E> {
      for (let waited = 0; waited < 15_000; waited += 50) {
        const found = events.find(is);
        if (found !== undefined) return found;
        await subject.pass(50);
      }
      throw new Error(
        `${what} did not come; seen: ${events.map((e) => JSON.stringify(e)).join('\n')}`,
      );
    }

    const done = (op: number) =>
      until(
        `op.done of ${op}`,
        (e): e is Extract<EngineEvent, { ev: 'op.done' }> => e.ev === 'op.done' && e.op === op,
      );
    const state = (session: number, name: string) =>
      until(
        `${name} of session ${session}`,
        (e): e is Extract<EngineEvent, { ev: 'session.state' }> =>
          e.ev === 'session.state' && e.session === session && e.state === name,
      );

    function refused(request: object | string): EngineError {
      try {
        subject.transport.call(typeof request === 'string' ? request : JSON.stringify(request));
      } catch (error) {
        if (error instanceof EngineError) return error;
        throw error;
      }
      throw new Error(`${JSON.stringify(request)} was not refused`);
    }

    const openListener = (medium = 'video'): { listener: number; port: number } => {
      const reply = call(listenerOf(medium));
      return { listener: number(reply, 'listener'), port: number(reply, 'port') };
    };
    const session = (listener: number, overrides: object = {}) => ({
      cmd: 'session.start',
      session: {
        kind: 'gamestream',
        client: 'conformance',
        listener,
        ping_payload: '0123456789abcdef',
        packet_size: 1392,
        fec_pct: 20,
        min_parity: 2,
        source: 'synthetic',
        width: 640,
        height: 360,
        fps: 30,
        bitrate_kbps: 3000,
        codec: 'h264',
        encoder: 'auto',
        slices: 1,
        max_reference_frames: 0,
        drop_pct: 0,
        client_timeout_ms: 10_000,
        invalidation: true,
        ...overrides,
      },
    });

    function drain(): FrameBatch {
      const buffer = new Uint8Array(1024 * RECORD_BYTES);
      return decodeRecords(buffer.subarray(0, subject.transport.drainRecords(buffer)), 0n);
    }

    test('answers open with its contract', () => {
      expect(Value.Check(OpenReply, subject.transport.opened)).toBe(true);
      expect(subject.transport.opened.record_bytes).toBe(RECORD_BYTES);
      const since = subject.transport.nowNs() - BigInt(subject.transport.opened.clock.monotonic_ns);
      expect(since).toBeGreaterThanOrEqual(0n);
      expect(since).toBeLessThan(60_000_000_000n);
    });

    test('refuses what it does not know and stays usable', () => {
      const bad = [
        '',
        '{',
        'null',
        '[]',
        '{}',
        '{"cmd":"nothing"}',
        '{"cmd":"measure","on":1,"perf":false}',
        '{"cmd":"measure"}',
        '{"cmd":"snapshot","more":1}',
        '{"cmd":"session.stop","session":-1,"reason":""}',
      ];
      for (const request of bad) {
        expect([request, refused(request).status]).toEqual([request, engineStatus.bad_argument]);
      }
      expect(Value.Check(Snapshot, call({ cmd: 'snapshot' }))).toBe(true);
    });

    test('names what does not exist', () => {
      const codes = [
        { cmd: 'session.stop', session: 999, reason: 'x' },
        { cmd: 'session.request_idr', session: 999 },
        { cmd: 'session.set_bitrate', session: 999, bitrate_kbps: 5000 },
        { cmd: 'listener.close', listener: 999 },
        { cmd: 'probe.stop', probe: 999 },
        session(999),
      ].map((request) => {
        const error = refused(request);
        expect(error.status).toBe(engineStatus.refused);
        expect(error.message.length).toBeGreaterThan(5);
        return error.code;
      });
      expect(codes).toEqual([
        'unknown_session',
        'unknown_session',
        'unknown_session',
        'unknown_listener',
        'unknown_probe',
        'unknown_listener',
      ]);
    });

    test('refuses an impossible session before anything is opened', () => {
      const { listener } = openListener();
      const codes = [
        { width: 0, height: 0 },
        { width: 16, height: 16 },
        { width: 20_000, height: 20_000 },
        { fps: 0 },
        { fps: 100_000 },
        { packet_size: 0 },
        { packet_size: 100 },
        { packet_size: 70_000 },
        { fec_pct: 256 },
        { bitrate_kbps: 0 },
        { source: 'nothing' },
      ].map((overrides) => refused(session(listener, overrides)).code);
      expect(codes.map((code) => code.replace('mode_unsupported', 'mode_invalid'))).toEqual([
        ...Array.from({ length: 5 }, () => 'mode_invalid'),
        ...Array.from({ length: 3 }, () => 'packet_size_invalid'),
        'fec_invalid',
        'bitrate_invalid',
        'unknown_source',
      ]);
      expect(call({ cmd: 'snapshot' })).toMatchObject({ sessions: [] });
      call({ cmd: 'listener.close', listener });
    });

    test('refuses a script that cannot be played, with the action and the reason', () => {
      const { listener } = openListener();
      const cases: [object, string][] = [
        [{ at_frame: 0, what: 'stall', us: 5 }, 'Action 0 (stall): it needs place.'],
        [{ at_frame: 0, what: 'drop' }, 'Action 0 (drop): it needs why.'],
        [{ at_frame: 0, what: 'key_frame', us: 5 }, 'Action 0 (key_frame): it has no us.'],
        [
          { at_frame: 0, what: 'loss', pct: 5, every_packet: 5 },
          'Action 0 (loss): it needs either pct or every_packet.',
        ],
        [
          { at_frame: 9, what: 'invalidate', first_back: 1, last_back: 2 },
          'Action 0 (invalidate): last_back is 2; 1 to 1 is possible.',
        ],
      ];
      for (const [action, message] of cases) {
        const script = { actions: [action] };
        const check = { cmd: 'script.check', script, source: 'synthetic' };
        for (const request of [session(listener, { script }), check]) {
          const { status, code, message: told } = refused(request);
          expect([status, code, told]).toEqual([engineStatus.refused, 'script_invalid', message]);
        }
      }
      const withhold = { actions: [{ at_frame: 1, what: 'withhold' }] };
      expect(refused({ cmd: 'script.check', script: withhold, source: 'x11' }).message).toBe(
        'Action 0 (withhold): only the synthetic source obeys; this one is x11.',
      );
      expect(call({ cmd: 'script.check', script: withhold, source: 'synthetic' })).toEqual({});
      for (const action of [{ at_frame: 0, what: 'explode' }, { what: 'withhold' }]) {
        const request = session(listener, { script: { actions: [action] } });
        expect(refused(request).status).toBe(engineStatus.bad_argument);
      }
      expect(call({ cmd: 'snapshot' })).toMatchObject({ sessions: [] });
      call({ cmd: 'listener.close', listener });
    });

    test('plays a script: each fault in its frames, in the records', async () => {
      const { listener, port } = openListener();
      call({ cmd: 'measure', on: true, perf: false });
      const actions = [
        { at_frame: 5, count: 2, what: 'withhold' },
        { at_frame: 10, what: 'skip', pictures: 3 },
        { at_frame: 12, what: 'late', us: 50_000 },
        { at_frame: 14, what: 'drop', why: 'queue_full' },
        { at_frame: 18, what: 'stall', place: 'encoded', us: 15_000 },
      ];
      const started = call(session(listener, { script: { actions } }));
      const id = number(started, 'session');
      expect((await done(number(started, 'op'))).ok).toBe(true);
      const probe = call({
        cmd: 'probe.start',
        session: id,
        server: `127.0.0.1:${port}`,
        ping_payload: '0123456789abcdef',
        packet_size: 1392,
        seconds: 1.5,
      });
      expect((await done(number(probe, 'op'))).ok).toBe(true);
      const stopped = call({ cmd: 'session.stop', session: id, reason: 'enough' });
      expect((await done(number(stopped, 'op'))).ok).toBe(true);
      const records = drain();
      const { columns } = records.pick(
        Array.from({ length: records.length }, (_, row) => row).sort(
          (a, b) => (records.grabbed_us[a] ?? 0) - (records.grabbed_us[b] ?? 0),
        ),
      );
      const at = (nth: number, name: SmallColumn): number => columns[name][nth] ?? ABSENT;
      for (const nth of [5, 6]) {
        expect(at(nth, 'flags') & frameFlags.repeat).toBe(frameFlags.repeat);
        expect(at(nth, 'source_sequence')).toBe(at(4, 'source_sequence'));
      }
      expect(at(7, 'source_sequence') - at(4, 'source_sequence')).toBe(1);
      expect(at(10, 'source_sequence') - at(9, 'source_sequence')).toBe(4);
      expect(at(12, 'source_age_us')).toBeGreaterThanOrEqual(50_000);
      expect(frameOutcomes[at(14, 'outcome')]).toBe('queue_full');
      expect(at(14, 'packetized_us')).toBe(ABSENT);
      expect(at(18, 'encoded_us') - at(18, 'submitted_us')).toBeGreaterThanOrEqual(15_000);
      call({ cmd: 'measure', on: false, perf: false });
      call({ cmd: 'listener.close', listener });
    }, 30_000);

    test('takes each listener for its own medium only, and a client only with its key', () => {
      const video = openListener().listener;
      const control = openListener('control').listener;
      const audio = openListener('audio').listener;
      const stream = (overrides: object = {}) => ({
        control: {
          listener: control,
          connect_data: 7,
          address: '127.0.0.1',
          sealing: 'v2',
          reports: true,
          connect_timeout_ms: 5000,
          ...overrides,
        },
        encryption: KEY,
      });
      const sound = (overrides: object = {}) => ({
        audio: {
          listener: audio,
          ping_payload: 'fedcba9876543210',
          channels: 2,
          high_quality: false,
          packet_ms: 5,
          ...overrides,
        },
      });
      const cases: [object, string][] = [
        [{ listener: control }, 'wrong_medium'],
        [stream({ listener: video }), 'wrong_medium'],
        [stream({ listener: audio }), 'wrong_medium'],
        [stream({ listener: 999 }), 'unknown_listener'],
        [sound({ listener: video }), 'wrong_medium'],
        [sound({ listener: 999 }), 'unknown_listener'],
        [stream({ connect_data: 0 }), 'control_invalid'],
        [stream({ address: 'localhost' }), 'control_invalid'],
        [stream({ connect_timeout_ms: 10 }), 'control_invalid'],
        [{ ...stream(), encryption: undefined }, 'encryption_invalid'],
        [{ encryption: { ...KEY, audio: true } }, 'encryption_invalid'],
        [{ legacy_ping_address: 'here' }, 'address_invalid'],
        [stream({ sealing: 'none' }), 'bad_argument'],
        [stream({ connect_data: 2 ** 32 }), 'bad_argument'],
        [{ encryption: { ...KEY, key: '00' } }, 'bad_argument'],
        [{ encryption: { ...KEY, key_id: 2 ** 32 } }, 'bad_argument'],
        [{ colour: { matrix: 'bt2020', full_range: false } }, 'bad_argument'],
      ];
      for (const [overrides, code] of cases) {
        const refusal = refused(session(video, overrides));
        expect([overrides, refusal.code]).toEqual([overrides, code]);
        expect(refusal.message).not.toContain(KEY.key);
      }
      expect(refused(listenerOf('sound')).code).toBe('unknown_medium');
      expect(call({ cmd: 'snapshot' })).toMatchObject({ sessions: [] });
      for (const listener of [video, control, audio]) call({ cmd: 'listener.close', listener });
    });

    test('ends a session whose control stream never comes, and tells nobody its key', async () => {
      const video = openListener().listener;
      const control = openListener('control').listener;
      const request = session(video, {
        control: {
          listener: control,
          connect_data: 8,
          address: '127.0.0.1',
          sealing: 'v2',
          reports: false,
          connect_timeout_ms: 200,
        },
        encryption: { ...KEY, video: true },
      });
      const id = number(call(request), 'session');
      expect(refused(request).code).toBe('control_invalid');
      expect(JSON.stringify(call({ cmd: 'snapshot' }))).not.toContain(KEY.key);
      expect((await state(id, 'ended')).reason).toBe('no_control');
      expect(JSON.stringify(events)).not.toContain(KEY.key);
      call({ cmd: 'listener.close', listener: video });
      call({ cmd: 'listener.close', listener: control });
    }, 30_000);

    test('ends a session with its control listener', async () => {
      const video = openListener().listener;
      const control = openListener('control').listener;
      const started = call(
        session(video, {
          control: {
            listener: control,
            address: '::1',
            sealing: 'legacy',
            reports: false,
            connect_timeout_ms: 60_000,
          },
          encryption: KEY,
        }),
      );
      call({ cmd: 'listener.close', listener: control });
      expect((await state(number(started, 'session'), 'ended')).reason).toBe('listener_closed');
      call({ cmd: 'listener.close', listener: video });
    }, 30_000);

    test('carries a stream from start to end, with a record for every measured frame', async () => {
      const { listener, port } = openListener();
      expect(port).toBeGreaterThan(0);
      call({ cmd: 'measure', on: true, perf: false });
      const started = call(session(listener));
      const id = number(started, 'session');
      expect((await done(number(started, 'op'))).ok).toBe(true);
      const waiting = await state(id, 'waiting_for_client');
      expect(waiting).toMatchObject({
        client: 'conformance',
        source: 'synthetic',
        width: 640,
        height: 360,
        fps: 30,
      });
      const probe = call({
        cmd: 'probe.start',
        session: id,
        server: `127.0.0.1:${port}`,
        ping_payload: '0123456789abcdef',
        packet_size: 1392,
        seconds: 1.2,
      });
      await state(id, 'streaming');
      expect(call({ cmd: 'snapshot' })).toMatchObject({
        measuring: true,
        sessions: [{ session: id, state: 'streaming' }],
        probes: [{ probe: number(probe, 'probe') }],
      });
      await until(
        'progress',
        (e): e is Extract<EngineEvent, { ev: 'probe.progress' }> => e.ev === 'probe.progress',
      );
      const report: unknown = (await done(number(probe, 'op'))).result;
      if (!Value.Check(ProbeReport, report)) throw new Error(JSON.stringify(report));
      expect(report.frames_received).toBeGreaterThan(20);
      expect(report).toMatchObject({ packets_lost: 0, problems: [] });
      const stopped = call({ cmd: 'session.stop', session: id, reason: 'enough' });
      const ended = await state(id, 'ended');
      expect(ended.reason).toBe('enough');
      expect((await done(number(stopped, 'op'))).ok).toBe(true);
      const records = drain();
      expect(records.length).toBeGreaterThanOrEqual(report.frames_received);
      // On a machine that is too busy frames are dropped before sending; nothing else may be lost on loopback.
      const rows = Array.from({ length: records.length }, (_, row) => row);
      const sent = rows.filter((row) => outcomeOf(records, row) === 'sent');
      expect(report.frames_lost).toBeLessThanOrEqual(rows.length - sent.length);
      expect(new Set(records.columns.session)).toEqual(new Set([id]));
      const spans = new FrameSpans('gamestream');
      for (const row of sent) {
        spans.read(records, row);
        expect(spans.values.includes(ABSENT)).toBe(false);
      }
      expect(records.columns.frame_index[0]).toBe(1);
      expect((records.columns.flags[0] ?? 0) & frameFlags.key).toBe(frameFlags.key);
      call({ cmd: 'measure', on: false, perf: false });
      call({ cmd: 'listener.close', listener });
      expect(call({ cmd: 'snapshot' })).toMatchObject({
        sessions: [],
        listeners: [],
        probes: [],
        measuring: false,
      });
    }, 30_000);

    test('records nothing while nobody measures', async () => {
      const { listener, port } = openListener();
      const started = call(session(listener));
      const id = number(started, 'session');
      await done(number(started, 'op'));
      const probe = call({
        cmd: 'probe.start',
        session: id,
        server: `127.0.0.1:${port}`,
        ping_payload: '0123456789abcdef',
        packet_size: 1392,
        seconds: 0.5,
      });
      expect((await done(number(probe, 'op'))).ok).toBe(true);
      expect(drain().length).toBe(0);
      call({ cmd: 'listener.close', listener });
      expect((await state(id, 'ended')).reason).toBe('listener_closed');
    }, 30_000);

    test('ends a probe early when asked', async () => {
      const { listener, port } = openListener();
      const started = call(session(listener));
      await done(number(started, 'op'));
      const probe = call({
        cmd: 'probe.start',
        session: number(started, 'session'),
        server: `127.0.0.1:${port}`,
        ping_payload: '0123456789abcdef',
        packet_size: 1392,
        seconds: 600,
      });
      await state(number(started, 'session'), 'streaming');
      call({ cmd: 'probe.stop', probe: number(probe, 'probe') });
      expect((await done(number(probe, 'op'))).ok).toBe(true);
      call({ cmd: 'listener.close', listener });
    }, 30_000);

    test('tries an encoder and a source', async () => {
      for (const [kind, name] of [
        ['encoder', 'openh264'],
        ['source', 'synthetic'],
      ]) {
        const { ok, result, error } = await done(
          number(
            call({ cmd: 'trial', kind, name, width: 320, height: 240, fps: 30, frames: 5 }),
            'op',
          ),
        );
        expect([kind, ok, error]).toEqual([kind, true, undefined]);
        expect(Value.Check(TrialResult, result)).toBe(true);
      }
    }, 30_000);

    test('once closed answers with a stale handle, and closing again is harmless', async () => {
      const closing = await open();
      closing.transport.listen(() => undefined);
      await closing.transport.close();
      expect(() => closing.transport.call('{"cmd":"snapshot"}')).toThrow(EngineError);
      await closing.transport.close();
    });
  });
}

const KEY = {
  key: 'a0112233445566778899aabbccddeeff',
  key_id: 1,
  video: false,
  audio: false,
};

const listenerOf = (medium: string) => ({
  cmd: 'listener.open',
  medium,
  address: '127.0.0.1',
  port: 0,
  dscp: false,
});

function number(value: unknown, key: string): number {
  const found =
    typeof value === 'object' && value !== null
      ? Object.entries(value).find(([name]) => name === key)?.[1]
      : undefined;
  if (typeof found !== 'number') throw new Error(`${JSON.stringify(value)} has no number ${key}`);
  return found;
}
