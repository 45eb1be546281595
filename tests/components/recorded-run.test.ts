// A run that records itself: what it asks of a host, and that no capture is left behind.
import { describe, expect, test } from 'bun:test';
import type { StatsApi } from '../../components/base/stats-api.ts';
import { ApiFailure } from '../../components/base/stats-api.ts';
import { RecordedRun, type RunOptions } from '../../components/pf-test-stream/recorded-run.ts';
import type { CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import type { TestStreamState } from '../../contract/test-streams.ts';

const IDLE: StatsStatus = { armed: false, sample_count: 0, started_unix_ms: 0, kind: '' };
const META: CaptureMeta = {
  ...{ id: '2026-11-22T00-00-00Z_640x360', started_unix_ms: 1000, duration_ms: 8000 },
  ...{ kind: 'gamestream', width: 640, height: 360, fps: 60, codec: 'h264', client: 'test' },
  sample_count: 8,
};

/** A host whose stream is over after so many questions. */
class FakeHost {
  readonly calls: string[] = [];
  armed = false;
  left = 2;
  fails: ApiFailure | undefined;
  stopFails: ApiFailure | undefined;

  api(): StatsApi {
    const told = <T>(call: string, value: () => T): Promise<T> => {
      this.calls.push(call);
      return this.fails === undefined ? Promise.resolve(value()) : Promise.reject(this.fails);
    };
    const status = (): StatsStatus => ({
      ...IDLE,
      armed: this.armed,
      started_unix_ms: this.armed ? 1000 : 0,
    });
    return {
      status: () => told('status', status),
      start: () =>
        told('start', () => {
          this.armed = true;
          return status();
        }),
      stop: () =>
        told('stop', () => {
          if (this.stopFails !== undefined) throw this.stopFails;
          const was = this.armed;
          this.armed = false;
          return was ? META : undefined;
        }),
      live: () => Promise.resolve(undefined),
      recordings: () => told('recordings', () => [META]),
      recording: () => Promise.reject(new Error('not asked')),
      recordingFile: () => Promise.reject(new Error('not asked')),
      deleteRecording: () => Promise.reject(new Error('not asked')),
      changeRecording: (id, { name = '' }) => told(`name ${name}`, () => ({ ...META, id, name })),
      hostInfo: () => Promise.resolve(undefined),
      testStream: () => told('state', () => this.#state()),
      startTestStream: () => told('stream', () => this.#state()),
      stopTestStream: () => Promise.resolve(),
      testStreamTruth: () => told('truth', () => 'the truth'),
    };
  }

  #state(): TestStreamState {
    this.left -= 1;
    return { state: this.left >= 0 ? 'running' : 'done' };
  }
}

/** Runs to its end without waiting. */
async function runOf(
  host: FakeHost,
  options: Partial<RunOptions> = {},
): Promise<{ run: RecordedRun; saved: CaptureMeta[]; armed: StatsStatus[] }> {
  const [saved, armed]: [CaptureMeta[], StatsStatus[]] = [[], []];
  const over = Promise.withResolvers<void>();
  const run: RecordedRun = new RecordedRun({
    api: host.api(),
    request: { script: { version: 1, sessions: [{ seconds: 8 }] }, truth: true },
    name: 'Test: Encoder spike',
    record: true,
    onState: () => undefined,
    onArmed: (status) => armed.push(status),
    onSaved: (meta) => saved.push(meta),
    onChange: () => {
      if (run.isOver) over.resolve();
    },
    timers: { set: (call) => queueMicrotask(call), now: () => 0 },
    ...options,
  });
  await run.start(new AbortController().signal);
  await over.promise;
  return { run, saved, armed };
}

describe('a run', () => {
  test('begins, arms, is followed to its end, and is saved under a name', async () => {
    const host = new FakeHost();
    const { run, saved, armed } = await runOf(host);
    expect(host.calls).toEqual([
      ...['stream', 'status', 'start', 'state', 'state'],
      ...['truth', 'stop', 'name Test: Encoder spike'],
    ]);
    expect([run.capture, run.truth, host.armed]).toEqual(['saved', 'the truth', false]);
    expect(saved.map(({ name }) => name)).toEqual(['Test: Encoder spike']);
    expect(armed).toHaveLength(1);
  });

  test('leaves somebody else’s capture alone until it is told to save it', async () => {
    const host = new FakeHost();
    host.armed = true;
    const { run, saved } = await runOf(host);
    expect([run.capture, host.armed, saved.length]).toEqual(['joined', true, 0]);
    await run.save();
    expect([run.capture, host.armed, saved.length]).toEqual(['saved', false, 1]);
  });

  test('finds what somebody else stopped meanwhile', async () => {
    const host = new FakeHost();
    const { run } = await runOf(host, {
      onState: () => {
        host.armed = false;
      },
    });
    expect(run.recording?.id).toBe(META.id);
    expect(host.calls).toContain('recordings');
  });

  test('without recording asks for nothing but the stream and its truth', async () => {
    const host = new FakeHost();
    const { run } = await runOf(host, { record: false });
    expect(host.calls).toEqual(['stream', 'state', 'state', 'truth']);
    expect(run.capture).toBe('none');
  });

  test('that cannot be saved says why, and can be asked to save again', async () => {
    const host = new FakeHost();
    host.stopFails = new ApiFailure('refused', 'The disk is full.', { code: 'save_failed' });
    const { run } = await runOf(host);
    expect([run.capture, run.failure?.message]).toEqual(['joined', 'The disk is full.']);
    host.stopFails = undefined;
    await run.save();
    expect([run.capture, run.failure]).toEqual(['saved', undefined]);
  });

  test('ends by itself when the host never answers again', async () => {
    const host = new FakeHost();
    const { run } = await runOf(host, {
      onState: () => {
        host.fails = new ApiFailure('offline', 'The host does not answer.');
      },
    });
    expect(run.isOver).toBe(true);
    expect(run.capture).toBe('armed');
    expect(host.calls.length).toBeLessThan(400);
  });

  test('behind another tab is only asked for its end', async () => {
    const host = new FakeHost();
    let now = 0;
    let states = 0;
    await runOf(host, {
      isHidden: () => true,
      timers: {
        set: (call) => {
          now += 500;
          queueMicrotask(call);
        },
        now: () => now,
      },
      onState: () => {
        states += 1;
      },
    });
    expect(states).toBeLessThanOrEqual(3);
  });
});
