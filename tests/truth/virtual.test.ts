// Plans in virtual time: what the recorder makes of a stream, from its records to windows, frames file and figures of any
// range, equals what DuckDB computes from the plan alone. Not close: equal.
import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { boundaryColumns, type FrameBatch } from '../../recording/src/frames.ts';
import { PYTHON } from '../support/moonlight.ts';
import { askJudge } from './duckdb.ts';
import { recordOf } from './recorded.ts';
import { type PlannedFrame, type Simulation, simulate } from './simulation.ts';

const missing = existsSync(PYTHON) ? '' : ' (skipped: no .cache/python; scripts/test makes it)';
const SEEDS = Number(process.env['PF_TRUTH_SEEDS'] ?? 6);
const SECONDS = 25;
const RANGES = 24;
const PERCENTS = [1, 50, 90, 95, 99, 99.9, 100];

describe.skipIf(missing !== '')(`a plan and its recording${missing}`, () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    test(`seed ${seed}: every window, every range, every stage, every counter, every event`, () => {
      const plan = simulate(seed, SECONDS);
      const recorded = recordOf(plan);

      const sessions = plan.sessions.map(({ sessionId, kind }) => ({
        ...{ session: sessionId, kind },
        windows: recorded.capture.samples.filter(({ session_id }) => session_id === sessionId)
          .length,
      }));
      const ranges = rangesOf(plan, seed);
      const answers = judge(plan, { sessions, ranges });

      sessions.forEach((session, i) => {
        const windows = answers.windows[i] ?? [];
        const samples = recorded.capture.samples.filter((s) => s.session_id === session.session);
        expect(samples.length).toBeGreaterThan(3);
        samples.forEach((sample, nth) => {
          const truth = windows.find(({ window }) => window === nth) ?? NOTHING;
          const at = `session ${session.session}, window ${nth}`;
          const seconds = (sample.window_ms ?? 0) / 1000;
          expect([at, sample.frames]).toEqual([at, truth.frames]);
          expect([at, sample.frames_dropped]).toEqual([at, truth.dropped]);
          expect([at, sample.send_dropped]).toEqual([at, truth.refused]);
          expect<unknown>([at, sample.source_skipped]).toEqual([at, truth.skipped ?? undefined]);
          expect(sample.fps * seconds).toBeCloseTo(truth.new, 6);
          expect(sample.repeat_fps * seconds).toBeCloseTo(truth.frames - truth.new, 6);
          expect((sample.mbps * seconds * 1e6) / 8).toBeCloseTo(truth.bytes, 3);
          const found = Object.fromEntries(
            sample.stages.map(({ name, p50_us, p99_us }) => [name, [p50_us, p99_us]]),
          );
          if (sample.total_p50_us !== undefined && sample.total_p99_us !== undefined) {
            found['total'] = [sample.total_p50_us, sample.total_p99_us];
          }
          expect<unknown>([at, found]).toEqual([at, truth.stages]);
        });
      });

      ranges.forEach((range, i) => {
        const truth = answers.ranges[i];
        if (truth === undefined) throw new Error('the judge left a range out');
        const told = recorded.figures.quantiles({
          ...(range.session === undefined ? {} : { session: range.session }),
          ...{ from_ms: range.from_us / 1000, to_ms: range.to_us / 1000 },
          ...{ frames: range.frames, percents: range.percents },
        });
        const { stages, late, stamped, ...counters } = truth;
        expect(told).toMatchObject(counters);
        expect(told.late).toBe(stamped === 0 ? undefined : late);
        const found = Object.fromEntries(
          told.stages
            .filter(({ name, count }) => name !== 'other' && count > 0)
            .map(({ name, count, min_us, max_us, quantiles_us }) => [
              name,
              {
                ...{ count, min: min_us, max: max_us },
                quantiles: Object.fromEntries(
                  Object.entries(quantiles_us).map(([p, us]) => [p.slice(1), us]),
                ),
              },
            ]),
        );
        expect<unknown>(found).toEqual(stages);
      });

      expect(rowsOf(recorded.frames)).toEqual(plan.frames.map(rowOf).toSorted(bySessionAndTime));
      const events = (recorded.capture.events ?? []).filter(({ kind }) => kind === 'key_frame');
      const told = events.map(({ session_id, t_ms, frame }) => [session_id, t_ms, frame]);
      // The recording's axis has whole µs, for events too; milliseconds are of these.
      const truth = plan.events.map(({ session, atNs, frame }) => [
        session,
        Math.round(Math.round(atNs / 1000) / 1000),
        frame,
      ]);
      const order = (a: readonly unknown[], b: readonly unknown[]): number =>
        Number(a[1]) - Number(b[1]) || Number(a[0]) - Number(b[0]);
      expect(told.toSorted(order)).toEqual(truth.toSorted(order));
      expect(events.map(({ t_ms }) => t_ms)).toEqual(
        events.map(({ t_ms }) => t_ms).toSorted((a, b) => a - b),
      );
    }, 60_000);
  }
});

interface Range {
  readonly session: number | undefined;
  readonly from_us: number;
  readonly to_us: number;
  readonly frames: 'all' | 'new';
  readonly percents: readonly number[];
}

interface WindowTruth {
  readonly window: number;
  readonly frames: number;
  readonly new: number;
  readonly bytes: number;
  readonly dropped: number;
  readonly refused: number;
  /** null: no picture of the window was counted by its source. */
  readonly skipped: number | null;
  readonly stages: Readonly<Record<string, readonly number[]>>;
}

interface RangeTruth {
  readonly late: number;
  readonly stamped: number;
  readonly stages: Readonly<Record<string, unknown>>;
}

const NOTHING: WindowTruth = {
  ...{ window: -1, frames: 0, new: 0, bytes: 0, dropped: 0, refused: 0, skipped: null },
  stages: {},
};

/** Whole runs, single frames, nothing at all, and anything in between; borders fall on frames too. */
function rangesOf(plan: Simulation, seed: number): Range[] {
  const endUs = Math.ceil(plan.endNs / 1000);
  return Array.from({ length: RANGES }, (_, i) => {
    const a = (seed * 7919 + i * 104_729) % endUs;
    const b = (seed * 15_485_863 + i * 32_452_843) % endUs;
    const on = plan.frames[(seed * 31 + i * 977) % plan.frames.length];
    const onFrame = Math.round((on?.grabbedNs ?? 0) / 1000);
    const [from, to] = i === 0 ? [0, endUs] : i % 5 === 1 ? [onFrame, onFrame + 1] : [a, b];
    const session = i % 3 === 0 ? undefined : plan.sessions[i % plan.sessions.length]?.sessionId;
    return {
      session,
      ...{ from_us: Math.min(from, to), to_us: Math.max(from, to) },
      frames: i % 2 === 0 ? 'all' : 'new',
      percents: PERCENTS,
    };
  });
}

interface Answers {
  readonly windows: readonly (readonly WindowTruth[])[];
  readonly ranges: readonly RangeTruth[];
}

function judge(plan: Simulation, questions: object): Answers {
  const interval = new Map(plan.sessions.map(({ sessionId, fps }) => [sessionId, 1e6 / fps]));
  const rows = plan.frames.map((frame) => {
    const [converted, submitted, encoded, packetized, dequeued, first, last] = frame.boundaries;
    return {
      ...{ session: frame.session, grabbed_ns: frame.grabbedNs, converted_ns: converted },
      ...{ submitted_ns: submitted, encoded_ns: encoded, packetized_ns: packetized },
      ...{ dequeued_ns: dequeued, first_sent_ns: first, last_sent_ns: last },
      ...{ seq: frame.sourceSequence, age_ns: frame.sourceAgeNs, bytes: frame.bytes },
      ...{ flags: frame.flags, outcome: frame.outcome, refused: frame.sendRefused },
      interval_us: interval.get(frame.session),
    };
  });
  return askJudge('judge.py', rows, questions);
}

type Row = readonly (number | undefined)[];

/** A planned frame as the columns must hold it. */
function rowOf(frame: PlannedFrame): Row {
  const grabbedUs = Math.round(frame.grabbedNs / 1000);
  const boundaries = frame.boundaries.map((ns) =>
    ns === undefined ? undefined : Math.round(ns / 1000) - grabbedUs,
  );
  const { sourceAgeNs } = frame;
  return [
    ...[frame.session, grabbedUs, ...boundaries, frame.frameIndex],
    frame.sourceSequence === undefined ? undefined : frame.sourceSequence | 0,
    sourceAgeNs === undefined ? undefined : Math.round(sourceAgeNs / 1000),
    ...[frame.bytes, frame.dataPackets, frame.parityPackets, frame.queueDepth],
    ...[frame.outcome, frame.flags, frame.sendRefused, frame.qp],
  ];
}

function rowsOf(batch: FrameBatch): Row[] {
  const known = (value: number | undefined): number | undefined =>
    value === -1 ? undefined : value;
  const { columns } = batch;
  return Array.from({ length: batch.length }, (_, i) => [
    ...[columns.session[i], batch.grabbed_us[i]],
    ...boundaryColumns.map((name) => known(columns[name][i])),
    ...[known(columns.frame_index[i]), known(columns.source_sequence[i])],
    ...[known(columns.source_age_us[i]), columns.bytes[i], columns.data_packets[i]],
    ...[columns.parity_packets[i], columns.queue_depth[i], columns.outcome[i], columns.flags[i]],
    ...[columns.send_refused[i], known(columns.qp[i])],
  ]).toSorted(bySessionAndTime);
}

const bySessionAndTime = (a: Row, b: Row): number =>
  Number(a[0]) - Number(b[0]) || Number(a[1]) - Number(b[1]);
