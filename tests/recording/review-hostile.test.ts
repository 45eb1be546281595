// A review of bytes that nobody should write: refused with a FormatError, or answered; never another error, and never a
// figure that is no number.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseCapture } from '../../components/base/parse.ts';
import { glanceOf } from '../../components/pf-recordings-list/glance.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { Review, type ReviewedCapture } from '../../recording/src/review/review.ts';
import { hostileRecordings } from '../support/hostile-recordings.ts';
import { stutteringRun } from '../support/review-captures.ts';

const run = stutteringRun(8);
const about: ReviewedCapture = run.capture;

describe('a review of hostile files', () => {
  for (const { name, text, frames, isRefused } of hostileRecordings()) {
    if (isRefused === true) continue;
    test(name, () => {
      const capture = parseCapture(JSON.parse(text));
      const glance = glanceOf(capture);
      expect(glance.verdict.kind.length).toBeGreaterThan(0);
      expect(glance.line.every((value) => !(value < 0))).toBe(true);
      const review = reviewed(capture, frames);
      if (review !== undefined) answers(review);
    });
  }
});

describe('a frames file of a recording', () => {
  test('cut anywhere is refused', () => {
    fc.assert(
      fc.property(fc.nat(run.bytes.length - 1), (length) => {
        expect(reviewed(about, run.bytes.subarray(0, length))).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  test('with any bytes changed is refused or answered', () => {
    const changes = fc.array(fc.tuple(fc.nat(run.bytes.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    });
    let answered = 0;
    fc.assert(
      fc.property(changes, (made) => {
        const bytes = new Uint8Array(run.bytes);
        for (const [at, value] of made) bytes[at] = value;
        const review = reviewed(about, bytes);
        if (review === undefined) return;
        answered += 1;
        answers(review);
      }),
      { numRuns: 150 },
    );
    expect(answered).toBeGreaterThan(0);
  });
});

/** Undefined: refused with a FormatError. */
function reviewed(capture: ReviewedCapture, frames: Uint8Array | undefined): Review | undefined {
  return orRefused(() => {
    const opening = Review.open(capture, frames);
    for (;;) {
      const { done, value } = opening.next();
      if (done === true) return value;
    }
  });
}

function answers(review: Review): void {
  for (const { sessionId, rows } of review.sessions().slice(0, 5)) {
    for (const [fromMs, toMs] of [
      [0, 20_000],
      [-5, 0],
      [3000, 3000.5],
      [9e15, 9.1e15],
    ] as const) {
      for (const frames of ['all', 'new'] as const) {
        const range = { session: sessionId, fromMs, toMs, frames };
        const figures = orRefused(() => review.figures(range));
        for (const stage of figures?.quantiles.stages ?? []) {
          if (stage.count > 0) expect(stage.min_us).toBeLessThanOrEqual(stage.max_us);
        }
        const overview = review.overview(range, 200);
        expect(overview?.count ?? 0).toBeLessThanOrEqual(201);
        review.extent(range);
      }
    }
    for (const { row } of review.outliers(sessionId).slice(0, 20)) {
      expect(row).toBeLessThan(rows);
      const frame = orRefused(() => review.frame(sessionId, row));
      if (frame !== undefined) expect(frame.row).toBe(row);
    }
    const { findings } = review.findings(sessionId);
    expect(findings.every(({ fromMs, toMs }) => fromMs <= toMs)).toBe(true);
    expect(review.strip(sessionId, 4000, 100)?.totalUs.length ?? 0).toBeLessThanOrEqual(100);
    orRefused(() => review.frame(sessionId, rows));
  }
}

function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
