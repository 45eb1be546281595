// The recorder's client against a thread that a test plays: what happens when it does not answer, answers late, or falls
// behind; and the sign that a run leaves before its recorder has begun.
import { describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatsStatus } from '../../contract/stats.ts';
import {
  type RecordingsOptions,
  type RecordingsThread,
  RecordingsWorker,
} from '../../host/src/recordings/client.ts';
import { realDisk } from '../../host/src/recordings/disk.ts';
import { LastRuns } from '../../host/src/recordings/last-run.ts';
import { PATIENCE, type Patience } from '../../host/src/recordings/patience.ts';
import { systemProcesses } from '../../host/src/recordings/processes.ts';
import type { CallRequest, Method, RecordingsReply } from '../../host/src/recordings/protocol.ts';
import { decodeHeader } from '../../host/src/recordings/run-file.ts';
import { runFolder } from '../support/recorder.ts';
import { refusal } from '../support/refusal.ts';
import { idOf } from '../support/stored-recordings.ts';

const STATUS: StatsStatus = { armed: true, sample_count: 7, started_unix_ms: 1, kind: 'native' };
const SHORT_MS = 20;

describe('a recorder that does not answer', () => {
  test('is told of by every call within its limit', async () => {
    const thread = new PlayedThread();
    const worker = clientOf(thread);
    const id = idOf('2026-11-01T12-00-00Z_1280x720');
    const calls = [
      ...[worker.live(), worker.metrics(), worker.blackBox(), worker.observed(1)],
      ...[worker.list(), worker.open(id), worker.trash(), worker.start(), worker.stop()],
      ...[worker.mark({ text: 'm' }), worker.import(new Uint8Array(3)), worker.shutdown()],
    ];
    expect(new Set(await Promise.all(calls.map(refusal)))).toEqual(new Set(['503 recorder_busy']));
    expect(thread.calls.length).toBe(calls.length);
  });

  test('has the limits that the page and the listener need', () => {
    for (const method of ['status', 'live', 'blackBox', 'metrics'] as const) {
      expect(PATIENCE[method]).toBe(2000);
    }
    // The listener gives up a silent answer after ten seconds, unless a route asks for more.
    for (const method of ['list', 'open', 'quantiles', 'openFrames', 'nextFrames'] as const) {
      expect(PATIENCE[method]).toBeLessThan(10_000);
    }
  });

  test('leaves its last state, with a fault that stays the same, and goes on from there', async () => {
    const thread = new PlayedThread();
    const worker = clientOf(thread);
    const before = await worker.status();
    expect(before).toMatchObject({ armed: false, sample_count: 0 });
    expect(before.fault).toContain('has not answered since');
    thread.answer('status', STATUS);
    thread.plays = (call) => thread.reply(call, STATUS);
    expect(await worker.status()).toEqual(STATUS);
    thread.plays = () => undefined;
    const [silent, still] = [await worker.status(), await worker.status()];
    expect(silent).toMatchObject({ armed: true, sample_count: 7 });
    expect(silent.fault).toContain('has not answered since');
    expect(still.fault).toBe(silent.fault ?? '');
    expect(still.now_unix_ms).toBeGreaterThan(STATUS.started_unix_ms);
    thread.answer('status', STATUS);
    thread.plays = (call) => thread.reply(call, STATUS);
    expect((await worker.status()).fault).toBeUndefined();
  });

  test('is not asked the same again while one question waits, and answers at once then', async () => {
    const thread = new PlayedThread();
    const worker = clientOf(thread, { ...atOnce(SHORT_MS), status: SHORT_MS });
    await worker.status();
    const began = performance.now();
    for (let i = 0; i < 1000; i += 1) await worker.status();
    expect(performance.now() - began).toBeLessThan(SHORT_MS * 100);
    expect(thread.calls.length).toBe(1);
  });

  test('may answer late: nobody hears of it, and a download that was opened is closed again', async () => {
    const thread = new PlayedThread();
    const worker = clientOf(thread);
    const id = idOf('2026-11-01T12-00-00Z_1280x720');
    expect(await refusal(worker.openFrames(id, { format: 'jsonl' }))).toBe('503 recorder_busy');
    expect(await refusal(worker.stop())).toBe('503 recorder_busy');
    thread.answer('stop', undefined);
    thread.answer('openFrames', { handle: 5, path: undefined });
    expect(thread.calls.at(-1)).toMatchObject({ method: 'closeFrames', args: [5] });
  });

  test('is told what makes a recording, and not without bound what only adorns it', async () => {
    const thread = new PlayedThread();
    const worker = clientOf(thread);
    const totals = { packetsLost: 0, packetsRecovered: 0 };
    for (let i = 0; i < 60_000; i += 1) worker.receiver(1, BigInt(i), totals);
    worker.sessionEnded(1, 60_000n, 'over');
    expect(thread.calls.length).toBe(50_001);
    expect(thread.calls.at(-1)?.method).toBe('sessionEnded');
    expect(thread.lines.filter((line) => line.includes('left out')).length).toBe(1);
  });
});

describe('a run whose recorder has not begun', () => {
  test('leaves a sign that the next start tells of, as private as all else', async () => {
    const thread = new PlayedThread();
    const configDir = runFolder();
    await clientOf(thread, PATIENCE, configDir).attend();
    const folder = join(configDir, 'captures');
    expect(readdirSync(folder)).toEqual([`.black-box.${process.pid}`]);
    expect(statSync(join(folder, `.black-box.${process.pid}`)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(thread.begun).toBe(0);
    // Of a process that lives it is left alone; of one that does not it is told.
    const other = { pid: 1, startTicks: '1', bootId: systemProcesses().self.bootId };
    const living = { self: other, find: systemProcesses().find };
    expect(lastRuns(folder, 1, living).status()).toBeUndefined();
    const dead = { self: other, find: () => undefined };
    expect(lastRuns(folder, 1, dead).status()).toMatchObject({ version: '1.2.3', seconds: 0 });
  });

  test('does not take its own sign for that of a run before it', async () => {
    const configDir = runFolder();
    const thread = new PlayedThread();
    const worker = clientOf(thread, PATIENCE, configDir);
    await worker.attend();
    const folder = join(configDir, 'captures');
    void worker.status();
    const nonce = thread.startedWith?.runNonce ?? -1;
    expect(lastRuns(folder, nonce).status()).toBeUndefined();
    // The same number with another nonce: a container began again.
    expect(lastRuns(folder, nonce + 1).status()).toBeDefined();
  });

  test('takes it along when it ends well', async () => {
    const configDir = runFolder();
    const worker = clientOf(new PlayedThread(), PATIENCE, configDir);
    await worker.attend();
    await worker.shutdown();
    expect(readdirSync(join(configDir, 'captures'))).toEqual([]);
  });

  test('leaves one of a dead process with its number to its recorder, which begins at once', async () => {
    const configDir = runFolder();
    const path = join(configDir, 'captures', `.black-box.${process.pid}`);
    mkdirSync(join(configDir, 'captures'));
    writeFileSync(path, 'of another');
    const thread = new PlayedThread();
    await clientOf(thread, PATIENCE, configDir).attend();
    expect(readFileSync(path, 'utf8')).toBe('of another');
    expect(thread.begun).toBe(1);
  });

  test('begins it for metrics and for what an earlier run left, with its sign there already', async () => {
    for (const [metrics, left] of [
      [true, undefined],
      [false, '.2026-11-01T12-00-00Z.journal'],
    ] as const) {
      const configDir = runFolder();
      const folder = join(configDir, 'captures');
      mkdirSync(folder);
      if (left !== undefined) writeFileSync(join(folder, left), '');
      const thread = new PlayedThread();
      await clientOf(thread, PATIENCE, configDir, { metrics }).attend();
      expect(thread.begun).toBe(1);
      const header = decodeHeader(readFileSync(join(folder, `.black-box.${process.pid}`)));
      expect(header?.nonce).toBe(thread.startedWith?.runNonce ?? -1);
    }
  });

  test('leaves none without a black box, and lives where nothing can be written', async () => {
    const configDir = runFolder();
    await clientOf(new PlayedThread(), PATIENCE, configDir, { blackBox: false }).attend();
    expect(readdirSync(configDir)).toEqual([]);
    writeFileSync(join(configDir, 'captures'), 'a file');
    const thread = new PlayedThread();
    await clientOf(thread, PATIENCE, configDir).attend();
    expect(thread.lines.filter((line) => line.includes('cannot be written')).length).toBe(1);
    rmSync(configDir, { recursive: true });
  });
});

/** A thread of which a test decides what it answers. */
class PlayedThread implements RecordingsThread {
  onmessage: RecordingsThread['onmessage'] = null;
  onerror: RecordingsThread['onerror'] = null;
  readonly calls: CallRequest[] = [];
  readonly lines: string[] = [];
  begun = 0;
  startedWith: { readonly runNonce: number } | undefined;
  plays: (call: CallRequest) => void = () => undefined;

  postMessage(message: unknown): void {
    if (isStart(message)) this.startedWith = message.start;
    if (!isCall(message)) return;
    this.calls.push(message);
    this.plays(message);
  }

  terminate(): void {
    this.onmessage = null;
  }

  /** Answers all that wait for this. */
  answer(method: Method, value: unknown): void {
    for (const call of [...this.calls]) if (call.method === method) this.reply(call, value);
  }

  reply({ id, method }: CallRequest, value: unknown): void {
    const data: unknown = { kind: 'value', id, method, value };
    if (isReply(data)) this.onmessage?.(new MessageEvent('message', { data }));
  }
}

function clientOf(
  thread: PlayedThread,
  patience: Patience = atOnce(SHORT_MS),
  configDir: string | undefined = undefined,
  options: Partial<RecordingsOptions> = {},
): RecordingsWorker {
  const line = (message: string): void => void thread.lines.push(message);
  return new RecordingsWorker(
    {
      ...{ libraryPath: '', engine: 0, configDir, perf: false, blackBox: true, metrics: false },
      ...{ keep: { count: 0, days: 0, bytes: 0 }, host: { version: '1.2.3' }, ...options },
    },
    { debug: line, info: line, warn: line, error: line },
    {
      patience,
      startThread: () => {
        thread.begun += 1;
        return thread;
      },
    },
  );
}

function atOnce(ms: number): Patience {
  const limits = { ...PATIENCE };
  for (const method of Object.keys(limits)) if (isMethod(method)) limits[method] = ms;
  return limits;
}

function lastRuns(folder: string, ownNonce: number, processes = systemProcesses()): LastRuns {
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  return new LastRuns({ folder, disk: realDisk, processes, ownNonce, log });
}

function isMethod(name: string): name is Method {
  return name in PATIENCE;
}

function isReply(data: unknown): data is RecordingsReply {
  return typeof data === 'object' && data !== null && 'kind' in data;
}

function isCall(data: unknown): data is CallRequest {
  return isReply(data) && 'method' in data;
}

function isStart(data: unknown): data is { readonly start: { readonly runNonce: number } } {
  return typeof data === 'object' && data !== null && 'start' in data;
}
