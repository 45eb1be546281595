// A plan of faults: the script it makes, what of it the truth log says was done, and which findings answer to it.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import {
  FAULT_KINDS,
  type Fault,
  faultOf,
  isDue,
  plannedOf,
  planOf,
  readScript,
  timesOf,
} from '../../components/pf-test-stream/faults.ts';
import { isExpected, matchOf } from '../../components/pf-test-stream/match.ts';
import { clockOf, happenedOf, parseTruth } from '../../components/pf-test-stream/truth.ts';
import { TestScript } from '../../contract/test-streams.ts';
import type { Finding } from '../../recording/src/review/findings.ts';

const SETTINGS = { seconds: 20, width: 640, height: 360, fps: 60, bitrateKbps: 8000 };
const script = (...faults: Fault[]): TestScript => planOf(faults, SETTINGS, 'a plan').script;

const anyFault = fc
  .record({
    kind: fc.constantFrom(...FAULT_KINDS),
    atS: fc.float({ min: 0, max: 30, noNaN: true }),
    everyS: fc.option(fc.float({ min: 0.5, max: 10, noNaN: true }), { nil: undefined }),
    amount: fc.integer({ min: 1, max: 60 }),
    lengthS: fc.float({ min: 0.5, max: 10, noNaN: true }),
  })
  .map((fault): Fault => fault);

describe('the script of a plan', () => {
  test('is one that the contract allows, whatever is planned', () => {
    fc.assert(
      fc.property(fc.array(anyFault, { maxLength: 8 }), (faults) => {
        expect([...Value.Errors(TestScript, script(...faults))]).toEqual([]);
      }),
    );
  });

  test('an encoder spike of 80 ms is a stall before the picture is encoded', () => {
    expect(script(faultOf('encoder', 3)).sessions).toEqual([
      {
        ...{ seconds: 20, width: 640, height: 360, fps: 60, bitrate_kbps: 8000 },
        actions: [{ at_s: 3, what: 'stall', place: 'encoded', us: 80_000 }],
      },
    ]);
  });

  test('every n seconds until the stream ends, and never behind it', () => {
    const fault = { ...faultOf('encoder', 3), everyS: 5 };
    expect(timesOf(fault, 20)).toEqual([3, 8, 13, 18]);
    expect(script(fault).sessions[0]?.actions?.map(({ at_s }) => at_s)).toEqual([3, 8, 13, 18]);
    expect(script(faultOf('encoder', 20)).sessions[0]?.actions).toEqual([]);
  });

  test.each([10, 25, 50, 75, 90])('of %d%% repeats about as many frames are none', (amount) => {
    const [session] = script({ ...faultOf('repeats', 2), amount, lengthS: 5 }).sessions;
    const hit = Array.from({ length: 20 * 60 }, (_, nth) => nth).filter((nth) =>
      session?.actions?.some((action) => isDue(action, nth, 60)),
    );
    expect(hit[0]).toBe(120);
    expect(hit.at(-1)).toBeLessThan(7 * 60);
    expect(Math.abs(hit.length / 300 - amount / 100)).toBeLessThan(0.02);
  });

  test('sessions that join come in the order of time, and end with the first', () => {
    const late = { ...faultOf('session', 18), lengthS: 9 };
    const { script: made, planned } = planOf([late, faultOf('session', 5)], SETTINGS, '');
    expect(made.sessions.map(({ start_ms, seconds }) => [start_ms, seconds])).toEqual([
      [undefined, 20],
      [5000, 4],
      [18_000, 2],
    ]);
    expect(planned.map(({ session }) => session)).toEqual([2, 1]);
  });

  test('an own script is read line by line, and what is none is said', () => {
    const text = JSON.stringify({
      version: 1,
      sessions: [
        { seconds: 4, actions: [{ at_s: 1, what: 'stall', place: 'converted', us: 5 }] },
        { seconds: 2, start_ms: 500, actions: [{ at_frame: 3, what: 'bitrate', kbps: 900 }] },
      ],
    });
    const read = readScript(text);
    if (typeof read === 'string') throw new Error(read);
    expect(plannedOf(read).map(({ kind, session }) => [kind, session])).toEqual([
      ['capture', 0],
      ['session', 1],
      ['bitrate', 1],
    ]);
    expect(readScript('{')).not.toBe('');
    for (const none of ['{}', '[]', 'null', '{"sessions":[]}', '{"sessions":[7]}']) {
      expect(readScript(none), none).toBe('');
    }
  });
});

const ns = (s: number): string => String(BigInt(Math.round(s * 1e9)) + 47_000_000_000_000n);

/** A log of one session at 60 frames a second, with what `change` says of single turns. */
function log(turns: number, change: (nth: number) => object | undefined = () => undefined): string {
  const lines = [JSON.stringify({ truth: 'session', session: 7, fps: 60 })];
  for (let nth = 0; nth < turns; nth += 1) {
    const at = { grabbed: [ns(nth / 60), ns(nth / 60)] };
    const usual = { frame: nth + 1, outcome: 'sent', made: 'predicted', source: { given: true } };
    lines.push(JSON.stringify({ truth: 'frame', session: 7, nth, at, ...usual, ...change(nth) }));
  }
  return `${lines.join('\n')}\n`;
}

describe('what really happened', () => {
  const { planned } = planOf([faultOf('encoder', 3)], SETTINGS, '');

  test('is what the log says was done, with the time it really took', () => {
    const spun = { encoded: [ns(3), ns(3.0815)] };
    const truth = parseTruth(log(600, (nth) => (nth === 180 ? { spun } : undefined)));
    const [one] = happenedOf(planned, truth);
    expect(one).toMatchObject({ sessionId: 7, frames: 1, longestUs: 81_500 });
    const toMs = clockOf(truth, 7, { frame: 1, atMs: 23 });
    expect(toMs?.(one?.fromNs ?? 0)).toBeCloseTo(3023, 3);
    expect(clockOf(truth, 7, { frame: 9999, atMs: 0 })).toBeUndefined();
  });

  test('is nothing where the stream ended first, or the log does not say so', () => {
    for (const text of [log(120), log(600), '', 'no log\n{"truth":"frame"}\nnull\n[1]']) {
      expect(happenedOf(planned, parseTruth(text))[0]?.frames).toBe(0);
    }
  });

  test('a wait of another boundary, and a drop of another kind, do not count', () => {
    const other = parseTruth(
      log(600, (nth) => (nth === 180 ? { spun: { converted: [ns(3), ns(3.08)] } } : undefined)),
    );
    expect(happenedOf(planned, other)[0]?.frames).toBe(0);
    const drops = planOf([faultOf('drops', 1)], SETTINGS, '').planned;
    const refused = (outcome: string) =>
      parseTruth(log(600, (nth) => (nth >= 60 && nth < 66 ? { outcome } : undefined)));
    expect(happenedOf(drops, refused('send_deadline'))[0]?.frames).toBe(0);
    expect(happenedOf(drops, refused('queue_full'))[0]?.frames).toBe(6);
  });

  test('repeats, lost packets and key frames are counted from it', () => {
    const faults = [faultOf('repeats', 1), faultOf('loss', 6), faultOf('key_frames', 8)];
    const all = planOf(faults, SETTINGS, '').planned;
    const truth = parseTruth(
      log(1200, (nth) => {
        if (nth >= 60 && nth < 300 && nth % 2 === 0) return { source: { given: false } };
        if (nth >= 360 && nth < 420 && nth % 3 === 0) return { datagrams: { dropped: 2 } };
        return nth === 0 || nth === 482 || nth === 520 ? { made: 'key' } : undefined;
      }),
    );
    const [repeats, loss, keys] = happenedOf(all, truth);
    expect(repeats?.frames).toBe(120);
    expect([loss?.frames, loss?.packets]).toEqual([20, 40]);
    expect(keys?.frames).toBe(2);
  });

  test('nothing that stands in a log throws', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.json(), fc.string()), { maxLength: 20 }), (lines) => {
        happenedOf(planned, parseTruth(lines.join('\n')));
      }),
    );
  });
});

describe('found is', () => {
  const spike = (part: 'encode' | 'send', fromMs: number): Finding => ({
    ...{ kind: 'slow', sessionId: 7, fromMs, toMs: fromMs + 1, late: 1, harmUs: 60_000 },
    ...{ certainty: 'certain', part, share: 0.98, partWorstUs: 81_000, partUsualUs: 2000 },
    ...{ worstUs: 83_000, worstRow: 180, dropped: 0 },
  });
  const spun = { encoded: [ns(3), ns(3.08)] };
  const truth = parseTruth(log(600, (nth) => (nth === 180 ? { spun } : undefined)));
  const [one] = happenedOf(planOf([faultOf('encoder', 3)], SETTINGS, '').planned, truth);
  if (one === undefined) throw new Error('nothing happened');
  const toMs = (at: number): number => (at - 47_000_000_000_000) / 1e6;

  test('what lies there and is of its kind; what is of another kind is told as that', () => {
    const findings = [spike('send', 3000), spike('encode', 3000), spike('encode', 9000)];
    const { found, others, range } = matchOf(one, findings, toMs);
    expect(found).toEqual([spike('encode', 3000)]);
    expect(others).toEqual([spike('send', 3000)]);
    expect(range?.fromMs).toBeCloseTo(3000, 3);
    expect(range?.toMs).toBeCloseTo(3080, 3);
  });

  test('nothing for what never happened', () => {
    const never = { ...one, frames: 0 };
    expect(matchOf(never, [spike('encode', 3000)], toMs)).toEqual({
      range: undefined,
      found: [],
      others: [],
    });
  });

  test('not expected of what is no stutter by itself', () => {
    const kinds = FAULT_KINDS.filter(
      (kind) => !isExpected({ ...one, planned: { ...one.planned, kind } }),
    );
    expect(kinds).toEqual(['key_frames', 'session']);
  });
});
