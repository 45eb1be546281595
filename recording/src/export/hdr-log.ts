// Stages as an HdrHistogram interval log (version 1.3, tagged): one interval a window, session and stage, for the tools
// of that family. Windows are cut as in recording/src/windows.ts: from the session's first frame on, by `grabbed`.
import type { Capture } from '../../../contract/stats.ts';
import { ABSENT, type FrameBatch } from '../frames.ts';
import { windowUs } from '../windows.ts';
import { type Deflate, encodeHistogram } from './hdr-histogram.ts';
import { SessionTable } from './spans.ts';

interface OpenWindow {
  readonly fromUs: number;
  readonly lengthUs: number;
  readonly session: number;
  /** Values by stage, in pipeline order. */
  readonly stages: Map<string, number[]>;
}

/**
 * The log in pieces. Values are µs; `Interval_Max` is ms. A tag is `<session>.<stage>`, `total` being a stage. A window
 * in which no frame finished a stage has no interval of it.
 */
export function* hdrLogText(
  frames: Iterable<FrameBatch>,
  capture: Pick<Capture, 'sessions' | 'meta'>,
  deflate: Deflate,
): Generator<string> {
  const sessions = new SessionTable(capture);
  const started = capture.meta.started_unix_ms;
  yield [
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${(started / 1000).toFixed(3)} (seconds since epoch), ${new Date(started).toISOString()}]`,
    `#[BaseTime: ${(started / 1000).toFixed(3)} (seconds since epoch)]`,
    '#[Values are microseconds; Interval_Max is milliseconds; Tag is session.stage]',
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    '',
  ].join('\n');

  const firstUs = new Map<number, number>();
  const open = new Map<string, OpenWindow>();
  for (const batch of frames) {
    let latestUs = 0;
    for (let row = 0; row < batch.length; row += 1) {
      const session = batch.columns.session[row] ?? 0;
      const grabbedUs = batch.grabbed_us[row] ?? 0;
      latestUs = Math.max(latestUs, grabbedUs);
      const origin = firstUs.get(session) ?? grabbedUs;
      firstUs.set(session, origin);
      const kind = sessions.kind(session);
      const lengthUs = windowUs[kind];
      const index = Math.floor((grabbedUs - origin) / lengthUs);
      const key = `${session}/${index}`;
      let window = open.get(key);
      if (window === undefined) {
        window = { fromUs: origin + index * lengthUs, lengthUs, session, stages: new Map() };
        open.set(key, window);
      }
      const { names, values, stageCount } = sessions.spans(batch, row);
      for (let i = 0; i <= stageCount; i += 1) {
        const name = names[i] ?? '';
        const us = values[i] ?? ABSENT;
        if (us === ABSENT) continue;
        const known = window.stages.get(name);
        if (known === undefined) window.stages.set(name, [us]);
        else known.push(us);
      }
    }
    yield* closed(latestUs - LATE_US);
  }
  yield* closed(Number.POSITIVE_INFINITY);

  /** Intervals of windows that no frame can come into any more, in order of time. */
  function* closed(untilUs: number): Generator<string> {
    const over = [...open].filter(([, { fromUs, lengthUs }]) => fromUs + lengthUs <= untilUs);
    over.sort(([, left], [, right]) => left.fromUs - right.fromUs);
    for (const [key, window] of over) {
      open.delete(key);
      yield [...window.stages].map(([stage, values]) => line(window, stage, values)).join('');
    }
  }

  function line(window: OpenWindow, stage: string, values: readonly number[]): string {
    const seconds = (us: number): string => (us / 1_000_000).toFixed(6);
    const maxMs = (values.reduce((most, us) => Math.max(most, us), 0) / 1000).toFixed(3);
    return `Tag=${window.session}.${stage},${seconds(Math.max(0, window.fromUs))},${seconds(window.lengthUs)},${maxMs},${encodeHistogram(values, deflate)}\n`;
  }
}

/** So much later than the newest frame of a batch may frames of the same time still come in the next one. */
const LATE_US = 5_000_000;
