// The last two minutes in memory: what is held, in which order it comes out, how much it may take.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { BLACK_BOX_LIMITS, BlackBoxRing } from '../../host/src/recordings/black-box.ts';
import { grabbedNsAt, RECORD_BYTES, sessionAt } from '../../recording/src/frames.ts';
import type { CaptureInput, SmallInput } from '../../recording/src/inputs.ts';
import {
  announced,
  ended,
  happened,
  lossReport,
  records,
  SECOND,
  START_NS,
  stream,
} from '../support/black-box.ts';

describe('what it holds', () => {
  test('is nothing, and no memory, before the first session', () => {
    const ring = new BlackBoxRing();
    ring.tick(START_NS);
    expect(ring).toMatchObject({ frames: 0, bytes: 0, allocated: false, wanted: false });
    expect(ring.beginsNs).toBeUndefined();
    expect(ring.inputs(0n)).toEqual([]);
  });

  test('is the last 120 s of frames and events', () => {
    const ring = new BlackBoxRing();
    ring.take(announced());
    for (const { nowNs, input } of stream(START_NS, 200)) {
      ring.take(input);
      ring.take(happened('key_frame', nowNs));
      ring.tick(nowNs);
    }
    const endNs = START_NS + 200n * SECOND;
    expect(ring.beginsNs).toBe(endNs - 120n * SECOND);
    expect(ring.frames).toBe(120 * 60);
    const events = ring.inputs(0n).filter(({ kind }) => kind === 'event');
    expect(events).toHaveLength(601);
  });

  test('never is more than 4 MB: with more frames it reaches less far back', () => {
    const ring = new BlackBoxRing();
    for (let sessionId = 1; sessionId <= 16; sessionId += 1) ring.take(announced({ sessionId }));
    let most = 0;
    for (const { nowNs, input } of stream(START_NS, 30, { fps: 16 * 240 })) {
      ring.take(input);
      // Far more of everything else than ever comes.
      for (let i = 0; i < 20; i += 1) ring.take(happened('x'.repeat(1000), nowNs));
      ring.tick(nowNs);
      most = Math.max(most, ring.bytes);
    }
    expect(most).toBeLessThanOrEqual(BLACK_BOX_LIMITS.bytes);
    expect(most).toBeGreaterThan(0.9 * BLACK_BOX_LIMITS.bytes);
    const reaches = Number(START_NS + 30n * SECOND - (ring.beginsNs ?? 0n)) / 1e9;
    expect(reaches).toBeGreaterThan(13);
    expect(reaches).toBeLessThan(16);
  });

  test('no announcement or event fills it, however long its words are', () => {
    const ring = new BlackBoxRing();
    const endless = 'y'.repeat(20_000);
    const refused = Array.from({ length: 20 }, () => ({ name: endless, reason: endless }));
    for (let sessionId = 1; sessionId <= 200; sessionId += 1) {
      ring.take(announced({ sessionId, client: endless, negotiated: { source_refused: refused } }));
      ring.take({
        ...happened('a', START_NS),
        event: { kind: endless, detail: { endless } },
      } as SmallInput);
      ring.take({ kind: 'session_ended', atNs: START_NS, sessionId, reason: endless });
    }
    expect(ring.bytes).toBeLessThan(BLACK_BOX_LIMITS.bytes / 4);
    ring.tick(START_NS + 60n * SECOND);
    expect(ring.inputs(0n).length).toBeGreaterThan(10);
  });

  test('is given back two minutes after the last session, and taken again with the next', () => {
    const ring = new BlackBoxRing();
    ring.take(announced());
    for (const { nowNs, input } of stream(START_NS, 10)) {
      ring.take(input);
      ring.tick(nowNs);
    }
    const endNs = START_NS + 10n * SECOND;
    ring.take(ended(1, endNs));
    expect(ring.wanted).toBe(false);
    ring.tick(endNs + 119n * SECOND);
    expect(ring.allocated).toBe(true);
    ring.tick(endNs + 121n * SECOND);
    expect(ring).toMatchObject({ allocated: false, frames: 0, bytes: 0 });
    ring.take(announced({ sessionId: 2 }));
    ring.take(records({ session: 2, grabbedNs: endNs + 130n * SECOND }));
    expect(ring).toMatchObject({ allocated: true, frames: 1, wanted: true });
  });

  test('says how far half a record is off', () => {
    const half = { kind: 'records', bytes: new Uint8Array(96) } as const;
    expect(() => new BlackBoxRing().take(half)).toThrow('64 bytes each, got 96 bytes');
  });
});

describe('what a recording is made of', () => {
  test('begins with the sessions concerned as they were then', () => {
    const ring = new BlackBoxRing();
    ring.take(announced({ bitrateKbps: 5000 }));
    ring.take(announced({ sessionId: 2, client: 'gone before' }));
    ring.take(announced({ sessionId: 3, client: 'no frame yet' }));
    ring.take(records({ session: 2, grabbedNs: START_NS }));
    ring.take(ended(2, START_NS + SECOND));
    ring.take(lossReport(1, START_NS + SECOND, 7));
    ring.take(announced({ bitrateKbps: 4000 }, START_NS + 2n * SECOND));
    ring.take(records({ grabbedNs: START_NS + 10n * SECOND }));
    ring.take(announced({ bitrateKbps: 3000 }, START_NS + 11n * SECOND));
    const inputs = ring.inputs(START_NS + 5n * SECOND);
    expect(inputs.map(labelOf)).toEqual([
      'session 1 at 4000',
      'receiver 1',
      'session 3 at 5000',
      'records 1',
      'session 1 at 3000',
    ]);
  });

  test('knows sessions that were announced longer ago than it reaches', () => {
    const ring = new BlackBoxRing();
    ring.take(announced({ app: 'Desktop' }));
    ring.take(lossReport(1, START_NS, 7));
    for (const { nowNs, input } of stream(START_NS, 300)) {
      ring.take(input);
      ring.tick(nowNs);
    }
    const [first, second] = ring.inputs(ring.beginsNs ?? 0n);
    expect(first).toMatchObject({ kind: 'session', atNs: START_NS, session: { app: 'Desktop' } });
    expect(second).toMatchObject({ kind: 'receiver', totals: { packetsLost: 7 } });
  });

  test('a session that is over keeps its name as long as there are frames of it', () => {
    const ring = new BlackBoxRing();
    ring.take(announced());
    for (const { nowNs, input } of stream(START_NS, 10)) {
      ring.take(input);
      ring.tick(nowNs);
    }
    ring.take(ended(1, START_NS + 10n * SECOND));
    ring.tick(START_NS + 125n * SECOND);
    const labels = ring.inputs(0n).map(labelOf);
    expect(labels[0]).toBe('session 1 at 5000');
    expect(labels.at(-1)).toBe('ended 1');
    ring.tick(START_NS + 131n * SECOND);
    expect(ring.inputs(0n)).toEqual([]);
  });

  test('is a copy: what comes later changes nothing of it', () => {
    const ring = new BlackBoxRing();
    const bytes = new Uint8Array(RECORD_BYTES).fill(1);
    ring.take({ kind: 'records', bytes });
    const before = ring.inputs(0n);
    bytes.fill(2);
    ring.clear();
    ring.take({ kind: 'records', bytes });
    expect(before).toEqual([{ kind: 'records', bytes: new Uint8Array(RECORD_BYTES).fill(1) }]);
  });
});

describe('whatever comes', () => {
  test('comes out in the same order, as far as it is held', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.nat(60), (steps, sinceStep) => {
        const ring = new BlackBoxRing(SMALL);
        const model: CaptureInput[] = [];
        steps.forEach((make, i) => {
          const input = make(START_NS + BigInt(i) * SECOND);
          ring.take(input);
          model.push(input);
        });
        const sinceNs = START_NS + BigInt(sinceStep) * SECOND;
        const expected = flat(model).filter(({ atNs }) => atNs >= sinceNs);
        const found = flat(ring.inputs(sinceNs)).filter(({ atNs }) => atNs >= sinceNs);
        // Of frames the newest, of all else the newest; both in the order in which they came.
        const held = (kind: 'frame' | 'else') => {
          const of = (entries: Entry[]) => entries.filter((entry) => entry.kind === kind);
          const ours = of(found).map(({ id }) => id);
          expect(ours).toEqual(
            of(expected)
              .map(({ id }) => id)
              .slice(of(expected).length - ours.length),
          );
          return ours.length;
        };
        const frames = held('frame');
        held('else');
        expect(frames).toBe(
          Math.min(expected.filter(({ kind }) => kind === 'frame').length, ring.frames),
        );
        const inModel = expected.map(({ id }) => id);
        const order = found.map(({ id }) => inModel.indexOf(id));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(ring.bytes).toBeLessThanOrEqual(SMALL.bytes);
      }),
    );
  });

  test('every frame has its session announced before it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.nat(150), (steps, sinceStep) => {
        const ring = new BlackBoxRing();
        const announcedOnce = new Set<number>();
        steps.forEach((make, i) => {
          const input = make(START_NS + BigInt(i) * SECOND);
          if (input.kind === 'session') announcedOnce.add(input.session.sessionId);
          // The recorder announces before it lets frames in.
          if (input.kind === 'records' && !announcedOnce.has(sessionAt(input.bytes, 0))) return;
          ring.take(input);
          ring.tick(START_NS + BigInt(i) * SECOND);
        });
        const known = new Set<number>();
        for (const input of ring.inputs(START_NS + BigInt(sinceStep) * SECOND)) {
          if (input.kind === 'session') known.add(input.session.sessionId);
          if (input.kind !== 'records') continue;
          for (let at = 0; at < input.bytes.byteLength; at += RECORD_BYTES) {
            expect(known.has(sessionAt(input.bytes, at))).toBe(true);
          }
        }
      }),
    );
  });

  test('news told piece by piece are all that came, once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.nat(20), (steps, every) => {
        const ring = new BlackBoxRing();
        const told: CaptureInput[] = [];
        const model: CaptureInput[] = [];
        let mark = ring.mark();
        steps.forEach((make, i) => {
          const input = make(START_NS + BigInt(i) * SECOND);
          ring.take(input);
          model.push(input);
          if (i % (every + 1) !== 0) return;
          const news = ring.news(mark);
          told.push(...news.inputs);
          mark = news.mark;
        });
        told.push(...ring.news(mark).inputs);
        expect(flat(told).map(({ id }) => id)).toEqual(flat(model).map(({ id }) => id));
      }),
    );
  });
});

interface Entry {
  readonly kind: 'frame' | 'else';
  readonly id: string;
  readonly atNs: bigint;
}

/** One entry a frame and input, told apart by what they hold. */
function flat(inputs: readonly CaptureInput[]): Entry[] {
  return inputs.flatMap((input): Entry[] => {
    if (input.kind !== 'records') {
      return [{ kind: 'else', id: `${labelOf(input)} ${input.atNs}`, atNs: input.atNs }];
    }
    return Array.from({ length: input.bytes.byteLength / RECORD_BYTES }, (_, i) => {
      const atNs = grabbedNsAt(input.bytes, i * RECORD_BYTES);
      return {
        kind: 'frame',
        id: `frame ${sessionAt(input.bytes, i * RECORD_BYTES)} ${atNs}`,
        atNs,
      };
    });
  });
}

function labelOf(input: CaptureInput): string {
  switch (input.kind) {
    case 'records':
      return `records ${input.bytes.byteLength / RECORD_BYTES}`;
    case 'session':
      return `session ${input.session.sessionId} at ${input.session.bitrateKbps}`;
    case 'session_ended':
      return `ended ${input.sessionId}`;
    case 'receiver':
      return `receiver ${input.sessionId}`;
    default:
      return input.kind;
  }
}

/** Room for 27 frames and some inputs. */
const SMALL = { bytes: 2000, ns: 120n * SECOND };

/** What may come at a moment; frames of one poll lie 1 ms apart. */
const step: fc.Arbitrary<(atNs: bigint) => CaptureInput> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3 })).map(
    ([count, session]) =>
      (atNs: bigint) =>
        records(
          ...Array.from({ length: count }, (_, i) => ({
            session,
            grabbedNs: atNs + BigInt(i) * 1_000_000n,
          })),
        ),
  ),
  fc
    .integer({ min: 1, max: 3 })
    .map((sessionId) => (atNs: bigint) => announced({ sessionId }, atNs)),
  fc.integer({ min: 1, max: 3 }).map((sessionId) => (atNs: bigint) => ended(sessionId, atNs)),
  fc
    .integer({ min: 1, max: 3 })
    .map((sessionId) => (atNs: bigint) => lossReport(sessionId, atNs, 1)),
  fc.constant((atNs: bigint) => happened('key_frame', atNs)),
);
