// Test streams by script: what may be posted, that every session has its faults and its report, and what a seed draws.
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import {
  TestScript,
  type TestSessionReport,
  TestStreamReport,
} from '../../contract/test-streams.ts';
import { refuseBadScript } from '../../host/src/engine/fake-script.ts';
import type { ProbeReport } from '../../host/src/engine/messages.ts';
import { AppError } from '../../host/src/errors.ts';
import { randomScript } from '../../host/src/sessions/random-script.ts';
import { plansOf, type TestStreamOptions } from '../../host/src/sessions/test-plan.ts';
import { problemsOf, scriptReport } from '../../host/src/sessions/test-report.ts';
import { fakeHost, settled } from '../support/fake-host.ts';

const EXAMPLES = join(import.meta.dir, '../../examples/scripts');
const SMALL = { width: 320, height: 180, fps: 30, bitrate_kbps: 2000 };

describe('plans', () => {
  const plans = (options: TestStreamOptions) => plansOf(options, { videoDropPct: 3 }, {});

  test('of a request fill in what was left out', () => {
    expect(plans({})).toMatchObject([
      { startMs: 0, source: 'synthetic', seconds: 10, width: 1920, fps: 60, dropPct: 3 },
    ]);
    expect(plans({ seconds: 1, drop_pct: 0 })[0]).toMatchObject({ seconds: 1, dropPct: 0 });
  });

  test('say which desktops `auto` did not find, and nothing of a source that was named', () => {
    const missed = (options: TestStreamOptions, env = {}) =>
      plansOf(options, { videoDropPct: 0 }, env).map(({ source, sourceRefused }) => [
        source,
        ...sourceRefused.map(({ name }) => name),
      ]);
    expect(missed({})).toEqual([['synthetic', 'x11', 'wlroots']]);
    expect(missed({ source: 'auto' }, { WAYLAND_DISPLAY: 'w' })).toEqual([['wlroots', 'x11']]);
    expect(missed({ source: 'synthetic' })).toEqual([['synthetic']]);
    const sessions = [{ seconds: 1 }, { seconds: 1, source: 'auto' as const }];
    expect(missed({ script: { version: 1, sessions } }, { DISPLAY: ':0' })).toEqual([
      ['synthetic'],
      ['x11'],
    ]);
  });

  test('of a script put every action at its frame, and lose nothing but what it says', () => {
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 5, ...SMALL, actions: [{ at_s: 1.5, count: 2, what: 'withhold' }] },
        { start_ms: 500, seconds: 2, actions: [{ at_frame: 7, what: 'key_frame' }] },
      ],
    };
    const [first, second] = plans({ script, truthFd: 9, outputFd: 4 });
    expect(first).toMatchObject({ startMs: 0, dropPct: 0, outputFd: 4 });
    expect(first?.script).toEqual({
      actions: [{ at_frame: 45, count: 2, what: 'withhold' }],
      truth_fd: 9,
    });
    expect(second).toMatchObject({ startMs: 500, fps: 60, outputFd: undefined });
    expect(second?.script?.actions).toEqual([{ at_frame: 7, what: 'key_frame' }]);
  });

  test('are refused when a script stands beside other wishes, or an action at two times or at none', () => {
    const script: TestScript = { version: 1, sessions: [{ seconds: 1 }] };
    const withAction = (action: object): TestScript =>
      Value.Parse(TestScript, { version: 1, sessions: [{ seconds: 1, actions: [action] }] });
    const cases: [TestStreamOptions, string, string][] = [
      [{ script, fps: 30 }, 'script_alone', 'leave fps out'],
      [{ truth: true }, 'truth_needs_script', 'script'],
      [{ script: withAction({ what: 'withhold' }) }, 'script_invalid', 'Session 0, action 0'],
      [
        { script: withAction({ what: 'withhold', at_frame: 1, at_s: 1 }) },
        'script_invalid',
        'either at_frame or at_s',
      ],
    ];
    for (const [options, code, text] of cases) {
      const error = thrown(() => plans(options));
      expect([error.status, error.code]).toEqual([422, code]);
      expect(error.message).toContain(text);
    }
  });
});

describe('drawn scripts', () => {
  test('are the same for the same seed, differ by seed, and can all be played', () => {
    expect(randomScript(7)).toEqual(randomScript(7));
    expect(randomScript(7)).not.toEqual(randomScript(8));
    const seen = new Set<string>();
    for (let seed = 0; seed < 300; seed += 1) {
      const script = randomScript(seed);
      expect([seed, [...Value.Errors(TestScript, script)]]).toEqual([seed, []]);
      for (const { script: played, source } of plansOf({ script }, { videoDropPct: 0 }, {})) {
        refuseBadScript(played, source);
        for (const { what } of played?.actions ?? []) seen.add(what);
      }
    }
    expect(seen.size).toBe(9);
  });

  test('and examples are scripts that can be played', () => {
    const names = readdirSync(EXAMPLES);
    expect(names.length).toBeGreaterThanOrEqual(4);
    for (const name of names) {
      const data: unknown = JSON.parse(readFileSync(join(EXAMPLES, name), 'utf8'));
      expect([name, [...Value.Errors(TestScript, data)]]).toEqual([name, []]);
      for (const plan of plansOf({ script: Value.Parse(TestScript, data) }, NO_DROPS, {})) {
        refuseBadScript(plan.script, plan.source);
      }
    }
  });
});

describe('a script', () => {
  test('plays sessions that overlap, each with its faults and its report', async () => {
    const host = fakeHost();
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 3, ...SMALL, actions: [{ at_frame: 10, count: 5, what: 'withhold' }] },
        {
          start_ms: 1000,
          seconds: 2,
          ...SMALL,
          actions: [
            { at_frame: 4, what: 'skip', pictures: 6 },
            { at_frame: 8, count: 2, what: 'drop', why: 'send_deadline' },
          ],
        },
      ],
    };
    expect(host.testStreams.start({ script })).toMatchObject({ seconds: 3, state: 'starting' });
    await host.pass(600);
    expect(host.sessions.list()).toHaveLength(1);
    expect(host.testStreams.state()).toMatchObject({
      state: 'running',
      session_ids: [expect.anything()],
    });
    await host.pass(1400);
    expect(host.sessions.list()).toHaveLength(2);
    await host.pass(1600);
    const { state, report, session_ids } = host.testStreams.state();
    expect(state).toBe('done');
    expect(Value.Errors(TestStreamReport, report)).toEqual([]);
    expect(report?.sessions?.map(({ session_id }) => session_id)).toEqual(session_ids ?? []);
    expect(report?.sessions).toMatchObject([
      { start_ms: 0, frames_repeated: 5, source_skipped: 0, ok: true },
      { start_ms: 1000, frames_repeated: 0, source_skipped: 6, ok: true },
    ]);
    const [first, second] = report?.sessions ?? [];
    expect(first?.frames_sent).toBe(90);
    expect(second?.frames_sent).toBe(58);
    expect(report).toMatchObject({ ok: true, frames_sent: 148, seconds: 3, stages: {} });
    expect(host.engine.call('snapshot', {})).toMatchObject({ sessions: [], listeners: [] });
  });

  test('that cannot be played is refused as a whole, with the session, and leaves nothing behind', () => {
    const host = fakeHost();
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 1, ...SMALL },
        { start_ms: 900, seconds: 1, ...SMALL, actions: [{ at_frame: 1, what: 'stall' }] },
      ],
    };
    const error = thrown(() => host.testStreams.start({ script }));
    expect([error.status, error.code, error.message]).toEqual([
      422,
      'script_invalid',
      'Session 1: Action 0 (stall): it needs place.',
    ]);
    expect(host.testStreams.state()).toEqual({ state: 'idle' });
    expect(host.engine.call('snapshot', {})).toMatchObject({ sessions: [], listeners: [] });
  });

  test('whose second session is refused ends the first too, and leaves nothing behind', async () => {
    const host = fakeHost();
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 1, ...SMALL },
        { seconds: 1, ...SMALL, fps: 100_000 },
      ],
    };
    expect(thrown(() => host.testStreams.start({ script })).code).toBe('mode_invalid');
    await host.pass(400);
    expect(host.engine.call('snapshot', {})).toMatchObject({ sessions: [], listeners: [] });
  });

  test('whose later session fails ends with its reason', async () => {
    const host = fakeHost({ brokenSources: { x11: 'DISPLAY is not set.' } });
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 9, ...SMALL },
        { start_ms: 400, seconds: 1, ...SMALL, source: 'x11' },
      ],
    };
    host.testStreams.start({ script });
    await host.pass(1200);
    expect(host.testStreams.state()).toMatchObject({
      state: 'failed',
      code: 'source_unavailable',
      error: 'DISPLAY is not set.',
    });
    expect(host.engine.call('snapshot', {})).toMatchObject({ sessions: [], listeners: [] });
  });

  test('that is stopped reports the sessions that had begun', async () => {
    const host = fakeHost();
    const script: TestScript = {
      version: 1,
      sessions: [
        { seconds: 60, ...SMALL },
        { start_ms: 30_000, seconds: 60, ...SMALL },
      ],
    };
    host.testStreams.start({ script });
    await host.pass(1000);
    const stopping = host.testStreams.stop();
    await settled();
    const { state, report } = await stopping;
    expect([state, report?.sessions?.length, report?.ok]).toEqual(['done', 1, true]);
    expect(report?.seconds).toBeWithin(0.7, 1.01);
  });

  test('has a truth only when it was asked for, is over, and is not endless', () => {
    const host = fakeHost();
    const script = (seconds: number): TestScript => ({
      version: 1,
      sessions: [{ seconds, width: 320, height: 180, fps: 240 }],
    });
    expect(thrown(() => host.testStreams.truthPath()).code).toBe('no_truth');
    const long = thrown(() => host.testStreams.start({ script: script(3600), truth: true }));
    expect([long.status, long.code]).toEqual([422, 'truth_too_long']);
    host.testStreams.start({ script: script(1) });
    expect(thrown(() => host.testStreams.truthPath()).code).toBe('no_truth');
  });
});

describe('reports', () => {
  test('of several sessions add up what every one of them knows, and name whose problem it is', () => {
    const one: TestSessionReport = {
      session_id: 1,
      start_ms: 0,
      source: 'synthetic',
      mode: '320x180@30',
      codec: 'h264',
      seconds: 2,
      frames_sent: 10,
      frames_received: 9,
      frames_recovered: 1,
      frames_lost: 1,
      packets_sent: 100,
      packets_lost: 3,
      packets_recovered: 2,
      bytes: 1000,
      stages: { encode: { p50_us: 1, p99_us: 2 } },
      ok: true,
      frames_new: 10,
      source_skipped: 2,
    };
    const { source_skipped: _, ...without } = one;
    const report = scriptReport([
      one,
      { ...without, start_ms: 1500, ok: false, problems: ['No frame arrived.'] },
    ]);
    expect(report).toMatchObject({
      mode: '320x180@30',
      frames_sent: 20,
      frames_new: 20,
      seconds: 3.5,
      stages: {},
      ok: false,
      problems: ['Session 1: No frame arrived.'],
    });
    expect(report).not.toHaveProperty('source_skipped');
    expect(scriptReport([one])).toMatchObject({ stages: one.stages, sessions: [one] });
  });

  test('call nothing a problem that a script does on purpose, and everything else still one', () => {
    const seen: ProbeReport = {
      frames_received: 5,
      frames_recovered: 0,
      frames_lost: 50,
      packets_lost: 500,
      packets_recovered: 0,
      bytes: 1,
      key_frames: 1,
      invalidations_answered: 0,
      problems: [],
    };
    const plan = { dropPct: 0, fps: 60, scripted: true };
    const sent = { framesSent: 10, framesDropped: 5 };
    const totals = {
      packetsSent: 0,
      framesNew: 15,
      framesRepeated: 0,
      keyFrames: 1,
      bytesSent: 1,
      sourcePictures: undefined,
      sourceSkipped: undefined,
      stages: {},
      ...sent,
    };
    expect(problemsOf(plan, 1, seen, totals)).toEqual([]);
    expect(problemsOf({ ...plan, scripted: false }, 1, seen, totals)).toHaveLength(3);
    const broken = { ...seen, frames_received: 0, problems: ['A datagram has no header.'] };
    expect(problemsOf(plan, 1, broken, undefined)).toHaveLength(3);
  });
});

function thrown(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const NO_DROPS = { videoDropPct: 0 };
