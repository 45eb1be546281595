// DuckDB and pyarrow read a frames file as we do: every column's sum, nulls and bounds, what the footer says, and the
// exact quantiles of ranges.
import { describe, expect, test } from 'bun:test';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import {
  ABSENT,
  boundaryColumns,
  FrameBatch,
  frameFlags,
  frameOutcomes,
} from '../../recording/src/frames.ts';
import { fileColumns, NO_STEP, stepOf, stepsTo } from '../../recording/src/frames-columns.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { ABOUT, frameBytes, openBytes } from '../support/frames-files.ts';
import { temporaryFolder } from '../support/host.ts';
import { PYTHON } from '../support/moonlight.ts';
import { randomFrom, slice, syntheticFrames } from '../support/synthetic-frames.ts';

const missing = existsSync(PYTHON) ? '' : ' (skipped: no .cache/python; scripts/test makes it)';

/** Count, sum, least and most of a column; the sum as text, because it may go beyond 2^53. */
const Figures = Type.Record(
  Type.String(),
  Type.Tuple([Type.Integer(), Type.String(), Nullable(), Nullable()]),
);
const Answer = Type.Object({
  duckdb: Figures,
  pyarrow: Figures,
  described: Type.Object({
    groups: Type.Array(
      Type.Object({
        rows: Type.Integer(),
        columns: Type.Record(Type.String(), Type.Tuple([Type.Integer(), Nullable(), Nullable()])),
      }),
    ),
    texts: Type.Record(Type.String(), Type.String()),
  }),
  ranges: Type.Array(Type.Record(Type.String(), Type.Array(Nullable()))),
});
type Answer = Static<typeof Answer>;

describe.skipIf(missing !== '')(`other readers${missing}`, () => {
  const first = syntheticFrames({ session: 1, fps: 120, seconds: 40, seed: 1, dropped: 0.05 });
  // Counts that wrap, and times beyond 2^31 µs.
  first.columns.source_sequence.set([-3, -2, ABSENT, 0, 1]);
  const later = { session: 2, fps: 120, seconds: 20, seed: 2, startUs: 5e9 } as const;
  const blind = syntheticFrames({ ...later, blindSource: true });
  const groups = [slice(first, 0, 2000), slice(first, 2000, 4800), blind];
  const bytes = frameBytes(...groups);
  const random = randomFrom(4);
  const questions = Array.from({ length: 20 }, (_, i) => {
    const [a, b] = [Math.floor(random() * 40e6), Math.floor(random() * 40e6)];
    return {
      from_us: Math.min(a, b),
      to_us: i % 4 === 0 ? 6e9 : Math.max(a, b) + 1,
      new: i % 2 === 0,
      ...(i % 4 === 0 ? {} : { session: 1 }),
      percents: [1, 50, 90, 99, 99.9, 100],
    };
  });
  const answer = ask(bytes, questions);

  for (const reader of ['duckdb', 'pyarrow'] as const) {
    test(`${reader} finds the same in every column`, () => {
      const ours = Object.fromEntries(
        fileColumns.map(({ name }) => {
          const values = groups.flatMap((group) => valuesIn(group, name));
          const sum = values.reduce((all, value) => all + BigInt(value), 0n);
          const [least, most] = [Math.min(...values), Math.max(...values)];
          const bounds = values.length === 0 ? [null, null] : [least, most];
          return [name, [values.length, String(sum), ...bounds]];
        }),
      );
      expect<unknown>(answer[reader]).toEqual(ours);
    });
  }

  test('the footer says of every group what is in it', () => {
    expect(answer.described.groups.map(({ rows }) => rows)).toEqual([2000, 2800, 2400]);
    answer.described.groups.forEach(({ columns }, i) => {
      const group = groups[i] ?? new FrameBatch(0);
      for (const { name } of fileColumns) {
        const values = valuesIn(group, name);
        const bounds =
          values.length === 0 ? [null, null] : [Math.min(...values), Math.max(...values)];
        expect<unknown>([i, name, columns[name]]).toEqual([
          ...[i, name],
          [group.length - values.length, ...bounds],
        ]);
      }
    });
  });

  test('the footer says what codes and bits mean, and whose frames they are', () => {
    const { texts } = answer.described;
    expect(texts['punktfunk.recording']).toBe(ABOUT.recordingId);
    expect(texts['punktfunk.started_unix_ms']).toBe(String(ABOUT.startedUnixMs));
    expect(texts['punktfunk.frames.version']).toBe('1');
    expect(JSON.parse(texts['punktfunk.outcomes'] ?? '')).toEqual({ ...frameOutcomes });
    expect(JSON.parse(texts['punktfunk.flags'] ?? '')).toEqual(frameFlags);
  });

  test('DuckDB’s exact quantiles of a range are ours', () => {
    const figures = new RangeFigures(openBytes(bytes), [
      { sessionId: 1, kind: 'gamestream', fps: 120 },
      { sessionId: 2, kind: 'gamestream', fps: 120 },
    ]);
    questions.forEach((question, i) => {
      const { stages } = figures.quantiles({
        from_ms: question.from_us / 1000,
        to_ms: question.to_us / 1000,
        frames: question.new ? 'new' : 'all',
        percents: question.percents,
        ...(question.session === undefined ? {} : { session: question.session }),
      });
      for (const [name, [count, ...theirs]] of Object.entries(answer.ranges[i] ?? {})) {
        const ours = stages.find((stage) => stage.name === name);
        const quantiles = question.percents.map((p) => ours?.quantiles_us[`p${p}`] ?? null);
        expect([i, name, ours?.count ?? 0, quantiles]).toEqual([i, name, count ?? -1, theirs]);
      }
      expect(Object.keys(answer.ranges[i] ?? {}).length).toBe(6);
    });
  });
});

/** What is not null, of a column of the file. */
function valuesIn(batch: FrameBatch, name: string): number[] {
  const described = fileColumns.find((one) => one.name === name);
  if (described === undefined) throw new Error(`no column ${name}`);
  const { column, unsigned } = described;
  if (column === 'grabbed_us') return [...batch.grabbed_us];
  const boundary = boundaryColumns[stepOf(column)];
  if (boundary !== undefined) return [...stepsTo(boundary, batch)].filter((us) => us !== NO_STEP);
  const values = [...batch.columns[column]].filter((value) => value !== ABSENT);
  return unsigned ? values.map((value) => value >>> 0) : values;
}

function ask(bytes: Uint8Array, questions: readonly object[]): Answer {
  if (missing !== '')
    return { duckdb: {}, pyarrow: {}, described: { groups: [], texts: {} }, ranges: [] };
  const folder = temporaryFolder();
  const [path, asked] = [join(folder, 'frames.parquet'), join(folder, 'questions.json')];
  writeFileSync(path, bytes);
  writeFileSync(asked, JSON.stringify(questions));
  const child = Bun.spawnSync([PYTHON, join(import.meta.dir, 'frames-peers.py'), path, asked], {
    env: { PATH: '/usr/bin:/bin', HOME: folder, PYTHONDONTWRITEBYTECODE: '1' },
    timeout: 120_000,
  });
  if (child.exitCode !== 0) throw new Error(child.stderr.toString());
  return Value.Parse(Answer, JSON.parse(child.stdout.toString()));
}

function Nullable() {
  return Type.Union([Type.Integer(), Type.Null()]);
}
