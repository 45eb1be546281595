// Any small input of a capture, for property tests.
import fc from 'fast-check';
import type { CapturedSession, SessionEvent, SmallInput } from '../../recording/src/inputs.ts';

const u31 = fc.integer({ min: 0, max: 0x7fff_ffff });
const sessionId = fc.integer({ min: 0, max: 0xffff });
const atNs = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const size = fc.integer({ min: 1, max: 16_384 });

const anySession: fc.Arbitrary<CapturedSession> = fc.record(
  {
    sessionId,
    kind: fc.constantFrom('native' as const, 'gamestream' as const),
    width: size,
    height: size,
    fps: fc.integer({ min: 1, max: 480 }),
    codec: fc.constantFrom('h264' as const, 'hevc' as const, 'av1' as const),
    client: fc.string(),
    source: fc.string(),
    encoder: fc.string(),
    bitrateKbps: u31,
    app: fc.string(),
    negotiated: fc.record(
      { encoder_detail: fc.string(), packet_size: u31, can_invalidate: fc.boolean() },
      { requiredKeys: [] },
    ),
  },
  {
    requiredKeys: [
      'sessionId',
      'kind',
      'width',
      'height',
      'fps',
      'codec',
      'client',
      'source',
      'encoder',
      'bitrateKbps',
    ],
  },
);

const anyEvent: fc.Arbitrary<SessionEvent> = fc.record(
  {
    kind: fc.string({ minLength: 1 }),
    frame: u31,
    detail: fc.dictionary(
      fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
      fc.oneof(fc.string(), fc.boolean(), u31),
    ),
  },
  { requiredKeys: ['kind'] },
);

/** An event without a session has its key left out, as text has it. */
export const anySmallInput: fc.Arbitrary<SmallInput> = fc.oneof(
  fc.record({ kind: fc.constant('session' as const), atNs, session: anySession }),
  fc.record({
    kind: fc.constant('session_ended' as const),
    atNs,
    sessionId,
    reason: fc.string(),
  }),
  fc.record({
    kind: fc.constant('receiver' as const),
    atNs,
    sessionId,
    totals: fc.record(
      { packetsLost: u31, packetsRecovered: u31, framesNotShown: u31, rttUs: u31 },
      { requiredKeys: [] },
    ),
  }),
  fc.record({ kind: fc.constant('event' as const), atNs, sessionId, event: anyEvent }),
  fc.record({ kind: fc.constant('records_lost' as const), atNs, count: u31 }),
  fc.record({ kind: fc.constant('suspended' as const), atNs, ms: u31 }),
);
