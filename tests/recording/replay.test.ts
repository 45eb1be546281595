// The same inputs make the same text, however they were split, polled and handed over.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { FrameRecord } from '../../host/src/engine/fake-records.ts';
import { parseCapture } from '../../recording/src/format.ts';
import { decodeRecords, type FrameBatch } from '../../recording/src/frames.ts';
import { type CaptureInput, decodeInput, encodeInput } from '../../recording/src/inputs.ts';
import { ARMED_NS, announced, builder, happened } from '../support/captures.ts';
import { bytesOf, frame } from '../support/records.ts';

const END_MS = 9_000;
/** More by hand: `REPLAY_RUNS=5000`. */
const RUNS = Number(process.env['REPLAY_RUNS'] ?? 100);
const at = (ms: number) => ARMED_NS + BigInt(ms) * 1_000_000n;
const ms = fc.integer({ min: 0, max: 7_900 });

/** A frame, and how long after its grabbing its record was there. */
const arriving = fc
  .record({
    atMs: ms,
    delayMs: fc.integer({ min: 0, max: 240 }),
    session: fc.integer({ min: 1, max: 3 }),
    sequence: fc.integer({ min: 0, max: 300 }),
    sentUs: fc.option(fc.integer({ min: 8_000, max: 200_000 }), { nil: undefined }),
    outcome: fc.constantFrom('sent', 'sent', 'sent', 'queue_full', 'send_deadline'),
    repeat: fc.boolean(),
  })
  .map(({ atMs, delayMs, session, sequence, sentUs, outcome, repeat }) => ({
    thereMs: atMs + delayMs,
    record: frame({
      session,
      // No two of a session in one µs, as in life.
      grabbedNs: at(atMs) + BigInt(sequence) * 1000n,
      frameIndex: sequence + 1,
      sourceSequence: sequence,
      outcome: sentUs === undefined ? 'queue_full' : outcome,
      offsetsNs: { last_sent: sentUs === undefined ? undefined : sentUs * 1000 },
      flags: { repeat },
    }),
  }));

/** What is told beside frames is there at once. */
const told: fc.Arbitrary<{ thereMs: number; input: CaptureInput }> = fc.oneof(
  fc.tuple(ms, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 60 })).map((t) => ({
    thereMs: t[0],
    input: {
      kind: 'receiver' as const,
      atNs: at(t[0]),
      sessionId: t[1],
      // Totals never shrink.
      totals: { packetsLost: Math.floor(t[0] / 100) + t[2], rttUs: 100 + t[2] },
    },
  })),
  fc.tuple(ms, fc.integer({ min: 1, max: 3 })).map(([atMs, sessionId]) => ({
    thereMs: atMs,
    input: happened(at(atMs), { kind: 'key_frame', frame: atMs }, sessionId),
  })),
  fc.tuple(ms, fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 9 })).map((t) => ({
    thereMs: t[0],
    input: announced({ sessionId: t[1], bitrateKbps: t[2] * 1000 }, at(t[0])),
  })),
  ms.map((atMs) => ({
    thereMs: atMs,
    input: { kind: 'records_lost' as const, atNs: at(atMs), count: 1 + (atMs % 7) },
  })),
);

interface Story {
  readonly arrivals: readonly { readonly thereMs: number; readonly record: FrameRecord }[];
  readonly told: readonly { readonly thereMs: number; readonly input: CaptureInput }[];
}
const story: fc.Arbitrary<Story> = fc
  .record({
    arrivals: fc.uniqueArray(arriving, {
      maxLength: 80,
      selector: ({ record }) => `${record.session} ${record.grabbedNs}`,
    }),
    told: fc.array(told, { maxLength: 20 }),
  })
  .map(({ arrivals, told }) => ({
    arrivals: arrivals.toSorted((a, b) => a.thereMs - b.thereMs),
    told: [
      ...[1, 2, 3].map((sessionId) => ({ thereMs: 0, input: announced({ sessionId }) })),
      ...told.toSorted((a, b) => a.thereMs - b.thereMs),
      {
        thereMs: 8_000,
        input: {
          kind: 'session_ended' as const,
          atNs: at(8_000),
          sessionId: 1,
          reason: 'client_left',
        },
      },
    ],
  }));

interface Way {
  readonly polls: readonly number[];
  /** Records a take. */
  readonly piece: number;
  readonly how: 'records' | 'frames' | 'text';
}
const way: fc.Arbitrary<Way> = fc.record({
  polls: fc.array(fc.integer({ min: 0, max: END_MS }), { maxLength: 12 }),
  piece: fc.integer({ min: 1, max: 40 }),
  how: fc.constantFrom('records', 'frames', 'text'),
});

/** Plays a story: at each poll what is told by then, then the frames that are there by then. */
function play({ arrivals, told }: Story, { polls, piece, how }: Way) {
  const capture = builder();
  const accepted: FrameBatch[] = [];
  let [frames, inputs] = [0, 0];
  const take = (batch: FrameBatch | undefined) => {
    if (batch !== undefined) accepted.push(batch);
  };
  for (const now of [0, ...polls.toSorted((a, b) => a - b), END_MS]) {
    for (; (told[inputs]?.thereMs ?? Number.POSITIVE_INFINITY) <= now; inputs += 1) {
      const input = told[inputs]?.input;
      if (input === undefined || input.kind === 'records') continue;
      take(capture.take(how === 'text' ? decodeInput(encodeInput(input)) : input));
    }
    const from = frames;
    while ((arrivals[frames]?.thereMs ?? Number.POSITIVE_INFINITY) <= now) frames += 1;
    for (let i = from; i < frames; i += piece) {
      const records = arrivals.slice(i, Math.min(frames, i + piece)).map(({ record }) => record);
      const bytes = bytesOf(records);
      if (how === 'frames') take(capture.frames(decodeRecords(bytes, ARMED_NS)));
      else take(capture.take({ kind: 'records', bytes }));
    }
    capture.advance(at(now));
  }
  const frameCount = accepted.reduce((sum, { length }) => sum + length, 0);
  const { text } = capture.finish(at(END_MS));
  return { text, frameCount };
}

describe('a replay', () => {
  test('makes the same text, however it is split', () => {
    fc.assert(
      fc.property(story, way, way, (told, one, other) => {
        expect(play(told, other).text).toBe(play(told, one).text);
      }),
      { numRuns: RUNS },
    );
  }, 30_000);

  test('makes a file that loads, whose windows hold every accepted frame once', () => {
    fc.assert(
      fc.property(story, way, (told, one) => {
        const { text, frameCount } = play(told, one);
        const { samples, sessions, events, meta } = parseCapture(text);
        expect(frameCount).toBe(told.arrivals.length);
        expect(samples.reduce((sum, s) => sum + (s.frames ?? 0), 0)).toBe(frameCount);
        const seen = new Set(told.arrivals.map(({ record }) => record.session));
        expect(new Set(sessions?.map((s) => s.session_id))).toEqual(seen);
        expect(meta.session_count).toBe(seen.size);
        const times = events?.map((e) => e.t_ms) ?? [];
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        const ends = samples.map((s) => s.t_ms);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
      }),
      { numRuns: RUNS },
    );
  }, 30_000);
});
