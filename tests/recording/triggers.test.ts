import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ReceiverTotals } from '../../recording/src/inputs.ts';
import {
  type DetectedEvent,
  type Trigger,
  TriggerDetector,
  triggerLimits,
} from '../../recording/src/triggers.ts';
import { announced } from '../support/captures.ts';
import { batchOf, type FrameOptions, frame, frames } from '../support/records.ts';

const ORIGIN = 5_000_000_000n;
const at = (ms: number) => ORIGIN + BigInt(Math.round(ms * 1e6));
const dropped = { dequeued: undefined, first_sent: undefined, last_sent: undefined };
/** A frame is in the kernel so long after it was grabbed. */
const SENT_MS = 7.5;

/** A detector that watches session 1 at 60 fps, and what it says. */
function watching(fps = 60) {
  const events: DetectedEvent[] = [];
  const detector = new TriggerDetector(ORIGIN, (event) => events.push(event));
  const input = announced({ fps }, ORIGIN);
  if (input.kind !== 'records') detector.input(input);
  const triggers: Trigger[] = [];
  return {
    detector,
    events,
    triggers,
    /** Frames every 1/60 s of a time in ms. */
    frames: (fromMs: number, toMs: number, options: FrameOptions = {}) => {
      const count = Math.round(((toMs - fromMs) * 60) / 1000);
      const made = frames(count, 60, at(fromMs), (i) => ({ frameIndex: 100 + i, ...options }));
      detector.frames(batchOf(made, ORIGIN));
    },
    report: (ms: number, totals: ReceiverTotals) =>
      detector.input({ kind: 'receiver', atNs: at(ms), sessionId: 1, totals }),
    end: (ms: number) =>
      detector.input({ kind: 'session_ended', atNs: at(ms), sessionId: 1, reason: 'client_left' }),
    advance: (ms: number) => triggers.push(...detector.advance(at(ms))),
    finish: (ms: number) => triggers.push(...detector.finish(at(ms))),
    told: () => triggers.map(({ reason, atNs }) => [reason, Number(atNs - ORIGIN) / 1e6]),
  };
}

describe('a freeze', () => {
  test('is seen half a second after the last frame was sent, and told once', () => {
    const watch = watching();
    watch.frames(0, 1000);
    watch.advance(1_700);
    expect(watch.told()).toEqual([]);
    watch.advance(1_800);
    watch.advance(5_000);
    const lastMs = (59 * 1000) / 60 + SENT_MS;
    expect(watch.triggers).toHaveLength(1);
    expect(watch.told()[0]?.[1]).toBeCloseTo(lastMs + 500, 2);
    expect(watch.triggers[0]).toMatchObject({ reason: 'freeze', sessionId: 1 });
    expect(watch.events).toEqual([]);
    watch.frames(6_000, 6_100);
    watch.advance(7_000);
    expect(watch.triggers.map((t) => t.reason)).toEqual(['freeze', 'freeze']);
    expect(watch.events).toEqual([
      { kind: 'freeze', sessionId: 1, atUs: 990_833, detail: { ms: 5017 } },
    ]);
  });

  test('is none while frames come, however long they wait', () => {
    const watch = watching();
    watch.frames(0, 3000, { offsetsNs: { last_sent: 499_000_000 } });
    watch.advance(3_200);
    watch.end(3_300);
    watch.finish(3_300);
    expect([watch.told(), watch.events]).toEqual([[], []]);
  });

  test('is there although frames are made, when none is sent', () => {
    const watch = watching();
    watch.frames(0, 500);
    watch.frames(500, 1500, { outcome: 'encoder_skipped', offsetsNs: dropped });
    watch.frames(1500, 2000);
    watch.finish(2000);
    expect(watch.triggers.map((t) => t.reason)).toEqual(['drops', 'freeze']);
    expect(watch.events.map((e) => e.detail)).toEqual([{ ms: 1017 }]);
  });

  test('is over with its session, or with the recording', () => {
    const ended = watching();
    ended.frames(0, 500);
    ended.end(1500);
    ended.advance(9_000);
    expect(ended.events).toEqual([
      { kind: 'freeze', sessionId: 1, atUs: 490_833, detail: { ms: 1009 } },
    ]);
    ended.advance(20_000);
    expect(ended.told()).toHaveLength(1);
    const stopped = watching();
    stopped.frames(0, 500);
    stopped.finish(2500);
    expect(stopped.events.map((e) => e.detail)).toEqual([{ ms: 2009 }]);
  });

  test('is none before the first frame, nor at two frames a second', () => {
    const waiting = watching();
    waiting.advance(60_000);
    expect(waiting.told()).toEqual([]);
    const slow = watching(2);
    slow.detector.frames(batchOf(frames(20, 2, at(0)), ORIGIN));
    slow.advance(10_000);
    expect(slow.told()).toEqual([]);
  });
});

describe('drops', () => {
  test('are told at the fifth in a row, once a row', () => {
    const watch = watching();
    watch.frames(0, 1000);
    watch.frames(1000, 1200, { outcome: 'queue_full', offsetsNs: dropped });
    watch.frames(1200, 1300);
    watch.frames(1300, 1366, { outcome: 'send_deadline' });
    watch.frames(1366, 1500);
    watch.advance(1700);
    expect(watch.triggers.map((t) => t.reason)).toEqual(['drops']);
    expect(watch.told()[0]?.[1]).toBeCloseTo(1000 + (4 * 1000) / 60, 2);
  });

  test('are none at a session’s end', () => {
    const watch = watching();
    watch.frames(0, 400);
    watch.frames(400, 500, { outcome: 'session_ended', offsetsNs: dropped });
    watch.end(500);
    watch.advance(1000);
    expect(watch.told()).toEqual([]);
  });
});

describe('a burst of losses', () => {
  test('is twenty packets since the last report', () => {
    const watch = watching();
    watch.frames(0, 2000, { dataPackets: 40 });
    watch.report(500, { packetsLost: 1000 });
    watch.report(1000, { packetsLost: 1019 });
    watch.report(1500, { packetsLost: 1019 + triggerLimits.lossPackets });
    watch.advance(2000);
    expect(watch.told()).toEqual([['loss_burst', 1500]]);
    expect(watch.events).toEqual([
      {
        kind: 'loss_burst',
        sessionId: 1,
        atUs: 1_500_000,
        detail: { packets_lost: 20, interval_ms: 500 },
      },
    ]);
  });

  test('is five percent of what was sent since, of few packets', () => {
    const watch = watching();
    // 12 datagrams a frame; 30 frames a report: 360, of which 18 are five percent.
    watch.frames(0, 2000);
    watch.report(500, { packetsLost: 0 });
    watch.report(1000, { packetsLost: 17 });
    watch.report(1500, { packetsLost: 17 + 18 });
    watch.advance(2000);
    expect(watch.told()).toEqual([['loss_burst', 1500]]);
  });

  test('is none when nothing was sent and little is lost, nor without a figure', () => {
    const watch = watching();
    watch.report(500, { packetsLost: 0 });
    watch.report(1000, { packetsLost: 19 });
    watch.report(1500, { rttUs: 900 });
    watch.advance(2000);
    expect(watch.told()).toEqual([]);
  });

  test('counts from the first report on, or from zero when the session was seen from its first frame', () => {
    const seen = watching();
    seen.detector.frames(batchOf([frame({ grabbedNs: at(0), frameIndex: 1 })], ORIGIN));
    seen.report(400, { packetsLost: 30 });
    seen.advance(700);
    expect(seen.told()).toEqual([['loss_burst', 400]]);
    expect(seen.events[0]?.detail).toEqual({ packets_lost: 30 });
    const joined = watching();
    joined.frames(0, 400);
    joined.report(400, { packetsLost: 30 });
    joined.advance(700);
    expect(joined.told()).toEqual([]);
  });
});

test('sessions that were not announced say nothing, and each announced one for itself', () => {
  const { detector } = watching();
  const second = announced({ sessionId: 2 }, ORIGIN);
  if (second.kind !== 'records') detector.input(second);
  const of = (session: number) => frames(30, 60, at(0), () => ({ session }));
  detector.frames(batchOf([...of(1), ...of(2), ...of(3)], ORIGIN));
  const steady = frames(90, 60, at(500), () => ({ session: 1 }));
  detector.frames(batchOf(steady, ORIGIN));
  expect(detector.advance(at(1900)).map((t) => t.sessionId)).toEqual([2]);
});

test('the order of arrival and the moments of looking change nothing', () => {
  const arriving = fc.record({
    grabbedMs: fc.integer({ min: 0, max: 4000 }),
    delayMs: fc.integer({ min: 0, max: 240 }),
    isDropped: fc.boolean(),
  });
  const reports = fc.array(
    fc.record({ atMs: fc.integer({ min: 0, max: 4000 }), lost: fc.integer({ min: 0, max: 40 }) }),
    { maxLength: 8 },
  );
  const polls = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 10 });
  type Arriving = { grabbedMs: number; delayMs: number; isDropped: boolean };
  const look = (
    arrivals: readonly Arriving[],
    told: readonly { atMs: number; lost: number }[],
    nows: readonly number[],
  ) => {
    const watch = watching();
    const rows = arrivals.toSorted((a, b) => a.grabbedMs + a.delayMs - (b.grabbedMs + b.delayMs));
    const inputs = told.toSorted((a, b) => a.atMs - b.atMs);
    for (const now of [...nows.toSorted((a, b) => a - b), 5000]) {
      const due = inputs.splice(0, inputs.filter(({ atMs }) => atMs <= now).length);
      for (const { atMs, lost } of due) watch.report(atMs, { packetsLost: lost + atMs });
      const there = rows.filter((r) => r.grabbedMs + r.delayMs <= now).length;
      const made = rows.splice(0, there).map(({ grabbedMs, isDropped }) =>
        frame({
          grabbedNs: at(grabbedMs),
          frameIndex: grabbedMs + 1,
          ...(isDropped ? { outcome: 'queue_full' as const, offsetsNs: dropped } : {}),
        }),
      );
      watch.detector.frames(batchOf(made, ORIGIN));
      watch.advance(now);
    }
    watch.finish(5000);
    const byTime = (a: DetectedEvent, b: DetectedEvent) =>
      a.atUs - b.atUs || a.kind.localeCompare(b.kind);
    const told2 = watch.told().map(([reason, ms]) => `${ms} ${reason}`);
    return { triggers: told2.toSorted(), events: watch.events.toSorted(byTime) };
  };
  fc.assert(
    fc.property(
      fc.uniqueArray(arriving, { maxLength: 40, selector: (a) => a.grabbedMs }),
      reports,
      polls,
      polls,
      (arrivals, told, some, others) => {
        expect(look(arrivals, told, others)).toEqual(look(arrivals, told, some));
      },
    ),
  );
}, 30_000);
