// Exports of whatever columns may hold: every form stays of its format, and none throws.
import { expect, test } from 'bun:test';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { csvColumns, csvText } from '../../recording/src/export/csv.ts';
import { hdrLogText } from '../../recording/src/export/hdr-log.ts';
import { traceText } from '../../recording/src/export/trace.ts';
import { FrameBatch, smallColumns } from '../../recording/src/frames.ts';
import { captureOf } from '../support/exported-frames.ts';

/** Values as a file may hold them, sensible or not; times of a session may go back. */
const batches = fc.array(
  fc
    .array(
      fc.record({
        grabbed: fc.oneof(fc.nat(5_000_000), fc.nat(10_800_000_000)),
        session: fc.nat(3),
        small: fc.array(fc.oneof(fc.constant(-1), fc.nat(9000), fc.nat(2 ** 31 - 1)), {
          minLength: smallColumns.length,
          maxLength: smallColumns.length,
        }),
      }),
      { maxLength: 20 },
    )
    .map((rows) => {
      const batch = new FrameBatch(rows.length);
      rows.forEach(({ grabbed, session, small }, row) => {
        batch.grabbed_us[row] = grabbed;
        smallColumns.forEach((name, i) => {
          batch.columns[name][row] = small[i] ?? -1;
        });
        batch.columns.session[row] = session;
      });
      return batch;
    }),
  { maxLength: 3 },
);

test('CSV has as many cells in every line as in its head', () => {
  fc.assert(
    fc.property(batches, (frames) => {
      const rows = frames.reduce((sum, { length }) => sum + length, 0);
      const lines = [...csvText(frames, captureOf())].join('').split('\r\n');
      expect(lines.pop()).toBe('');
      expect(lines).toHaveLength(rows + 1);
      for (const line of lines) expect(line.split(',')).toHaveLength(csvColumns.length);
    }),
    { numRuns: 60 },
  );
});

test('a trace is JSON whose slices have a length and lie inside or beside each other', () => {
  fc.assert(
    fc.property(batches, (frames) => {
      const { traceEvents } = JSON.parse([...traceText(frames, captureOf())].join(''));
      const ends = new Map<string, number[]>();
      for (const { ph, pid, tid, ts, dur } of traceEvents) {
        if (ph !== 'X') continue;
        const lane = `${pid}/${tid}`;
        const open = (ends.get(lane) ?? []).filter((end) => end > ts);
        expect(dur).toBeGreaterThan(0);
        expect(ts + dur).toBeLessThanOrEqual(open.at(-1) ?? Number.POSITIVE_INFINITY);
        ends.set(lane, [...open, ts + dur]);
      }
    }),
    { numRuns: 60 },
  );
});

test('a log has a line for each interval, and nothing else after its head', () => {
  fc.assert(
    fc.property(batches, (frames) => {
      const text = [...hdrLogText(frames, captureOf(), deflateSync)].join('');
      const lines = text.split('\n').slice(5, -1);
      const form = /^Tag=\d+\.[a-z]+,\d+\.\d{6},[12]\.000000,\d+\.\d{3},HISTFAAA[\w+/]+=*$/;
      expect(lines.filter((line) => !form.test(line))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
