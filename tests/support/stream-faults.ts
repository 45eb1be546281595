// What tests of faults do with a running host: stream in the background, record, and hold what comes out against what was
// streamed. Everything through the API, as anybody could.
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { ApiError } from '../../contract/errors.ts';
import { Capture, CaptureMeta, StatsStatus } from '../../contract/stats.ts';
import { type TestStreamReport, TestStreamState } from '../../contract/test-streams.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { RECORDINGS, STATUS, STOP, TEST_STREAMS } from './api.ts';
import type { Host } from './host.ts';

export const SMALL_STREAM = {
  source: 'synthetic',
  ...{ width: 320, height: 180, fps: 60, bitrate_kbps: 1000 },
} as const;

/** Streams until `endStream`, a minute at most. */
export async function beginStream(host: Host): Promise<void> {
  await host.json('POST', TEST_STREAMS, { ...SMALL_STREAM, seconds: 60 });
  await until('the stream runs', async () => {
    const { state, error } = await asked(host, TestStreamState, 'GET', TEST_STREAMS);
    if (state === 'failed') throw new Error(error);
    return state === 'running' ? true : undefined;
  });
}

export async function endStream(host: Host): Promise<TestStreamReport> {
  const { report } = await asked(host, TestStreamState, 'DELETE', TEST_STREAMS);
  if (report === undefined) throw new Error('a stream without a report');
  return report;
}

/**
 * What is wrong with a stream beyond what any machine does that tests share: there a frame in thirty may come too late to
 * be sent.
 */
export function disturbances(report: TestStreamReport): string[] {
  const others = (report.problems ?? []).filter((problem) => !LATE_FRAMES.test(problem));
  const allowed = Math.ceil(report.frames_received / 30);
  return report.frames_lost <= allowed && report.frames_received > 0
    ? others
    : [...others, `${report.frames_lost} of ${report.frames_received} frames were lost`];
}

export function status(host: Host): Promise<StatsStatus> {
  return asked(host, StatsStatus, 'GET', STATUS);
}

/** Saved, or why not. */
export async function stop(
  host: Host,
): Promise<{ readonly meta: CaptureMeta } | { readonly status: number; readonly code: string }> {
  const answer = await host.ask('POST', STOP);
  const body: unknown = await answer.json();
  if (answer.ok) return { meta: Value.Parse(CaptureMeta, body) };
  return { status: answer.status, code: Value.Parse(ApiError, body).code };
}

export function list(host: Host): Promise<CaptureMeta[]> {
  return asked(host, Type.Array(CaptureMeta), 'GET', RECORDINGS);
}

/** Everything in the list loads, with frames where it says so; answers what does not. */
export async function unsound(host: Host): Promise<string[]> {
  const faults: string[] = [];
  for (const { id, damaged } of await list(host)) {
    if (damaged !== undefined) faults.push(`${damaged.file}: ${damaged.reason}`);
    else {
      const { frames, counted, shed } = await loaded(host, id);
      if (frames + shed !== counted) {
        faults.push(`${id}: ${frames} frames and ${shed} shed, but ${counted} in its windows`);
      }
    }
  }
  return faults;
}

export interface Loaded {
  readonly capture: Capture;
  /** Rows of its frames file. */
  readonly frames: number;
  /** Frames that its windows count. */
  readonly counted: number;
  readonly shed: number;
}

/** A recording and its frames. Throws when either does not load. */
export async function loaded(host: Host, id: string): Promise<Loaded> {
  const capture = await asked(host, Capture, 'GET', `${RECORDINGS}/${id}`);
  const counted = capture.samples.reduce((sum, { frames = 0 }) => sum + frames, 0);
  const shed = capture.recorder?.shed_frames ?? 0;
  if (capture.meta.frame_count === 0) return { capture, frames: 0, counted, shed };
  const answer = await host.ask('GET', `${RECORDINGS}/${id}/frames?format=parquet`);
  if (!answer.ok) throw new Error(`the frames of ${id}: ${answer.status} ${await answer.text()}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const file = FramesFile.open({
    byteLength: bytes.byteLength,
    read: (from, to) => bytes.subarray(from, to),
  });
  const frames = file.groups.reduce((sum, _, group) => sum + file.read(group).length, 0);
  return { capture, frames, counted, shed };
}

export async function asked<S extends TSchema>(
  host: Host,
  schema: S,
  method: string,
  path: string,
  body?: unknown,
): Promise<Static<S>> {
  return Value.Parse(schema, await host.json(method, path, body));
}

/** Asks until there is something; at most so many seconds. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  seconds = 10,
): Promise<T> {
  for (const end = performance.now() + seconds * 1000; ; ) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await Bun.sleep(20);
  }
}

const LATE_FRAMES =
  /^\d+ frames were (lost, though none were dropped on purpose|dropped before they were sent)\.$/;
