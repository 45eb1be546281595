// A row of the list says of a recording what the review of all its frames says, although it reads windows alone.
import { describe, expect, test } from 'bun:test';
import { glanceOf } from '../../components/pf-recordings-list/glance.ts';
import { worstPath } from '../../components/pf-recordings-list/row.ts';
import { verdictOfFindings } from '../../components/pf-recordings-list/row-verdict.ts';
import type { Capture } from '../../contract/stats.ts';
import { parseCapture } from '../../recording/src/format.ts';
import type { FrameBatch } from '../../recording/src/frames.ts';
import { ABSENT, boundaryColumns } from '../../recording/src/frames.ts';
import { findingsOf } from '../../recording/src/review/findings.ts';
import { readTables } from '../../recording/src/review/frame-table.ts';
import { ARMED_NS, announced, builder } from '../support/captures.ts';
import { frameBytes, openBytes } from '../support/frames-files.ts';
import { syntheticFrames } from '../support/synthetic-frames.ts';

type Change = (batch: FrameBatch) => void;

const [CONVERTED, ENCODED, LAST_SENT] = [0, 2, 6];

/** Delays a boundary and all after it. */
function delay(batch: FrameBatch, row: number, from: number, us: number): void {
  for (const name of boundaryColumns.slice(from)) {
    const at = batch.columns[name][row] ?? ABSENT;
    if (at !== ABSENT) batch.columns[name][row] = at + us;
  }
}

function drop(batch: FrameBatch, row: number): void {
  for (const name of boundaryColumns.slice(4)) batch.columns[name][row] = ABSENT;
  batch.columns.outcome[row] = 1;
}

/** A minute at 120 fps: as its windows tell it, and as its frames do. */
function recorded(change: Change): { readonly capture: Capture; readonly reviewed: unknown } {
  const batch = syntheticFrames({ session: 1, fps: 120, seed: 5, seconds: 60 });
  change(batch);
  const making = builder();
  making.take(announced({ sessionId: 1, kind: 'gamestream', fps: 120 }));
  making.frames(batch);
  const capture = parseCapture(making.finish(ARMED_NS + 60_000_000_000n).text);
  const session = { sessionId: 1, kind: 'gamestream', fps: 120 } as const;
  const [table] = readTables(openBytes(frameBytes(batch)), [session]);
  const { samples, events = [] } = capture;
  const found = findingsOf({ table, samples, events, sessionId: 1, fps: 120 });
  return { capture, reviewed: verdictOfFindings(found) };
}

const nothing: Change = () => undefined;
const burst: Change = (batch) => {
  for (let row = 3000; row < 3400; row += 40) delay(batch, row, ENCODED, 70_000);
};

describe('a row and the review of the same recording agree', () => {
  test.each([
    ['a clean run', nothing, { kind: 'clean' }],
    [
      'one spike of 80 ms in the encoder',
      (batch) => delay(batch, 3000, ENCODED, 80_000),
      { kind: 'slow', part: 'encode' },
    ],
    [
      'one spike of 80 ms in taking the picture',
      (batch) => delay(batch, 3000, CONVERTED, 80_000),
      { kind: 'slow', part: 'capture' },
    ],
    ['a burst of slow frames', burst, { kind: 'slow', part: 'encode' }],
    [
      'a slow socket all along',
      (batch) => {
        for (let row = 0; row < batch.length; row += 3) delay(batch, row, LAST_SENT, 12_000);
      },
      { kind: 'slow', part: 'send' },
    ],
    [
      'dropped frames',
      (batch) => {
        for (let row = 700; row < 706; row += 1) drop(batch, row);
      },
      { kind: 'dropped' },
    ],
    ['one frame a little late', (batch) => delay(batch, 3000, ENCODED, 6000), { kind: 'clean' }],
  ] satisfies [string, Change, object][])('%s', (_name, change, verdict) => {
    const { capture, reviewed } = recorded(change);
    expect(reviewed).toEqual(verdict);
    expect<unknown>(glanceOf(capture).verdict).toEqual(verdict);
  });

  test('of recordings that tell no worst frame nothing is claimed that a spike would belie', () => {
    const { capture } = recorded((batch) => delay(batch, 3000, ENCODED, 80_000));
    const samples = capture.samples.map(({ total_max_us, frames_late, ...one }) => one);
    const glance = glanceOf({ ...capture, samples });
    expect(glance.verdict).toEqual({ kind: 'steady' });
    expect(glance.worst.every(Number.isNaN)).toBe(true);
    expect(worstPath(glance)).toBe('');
  });
});

describe('the line of a row', () => {
  test('shows one spike among thousands of frames, where it was', () => {
    const { capture } = recorded((batch) => delay(batch, 3000, ENCODED, 80_000));
    const glance = glanceOf(capture);
    const at = Math.floor((25 / 60) * 48);
    expect(glance.worst[at]).toBeGreaterThan(9);
    expect(glance.line[at]).toBeLessThan(1);
    expect(worstPath(glance)).toBe(`M${at + 0.5} 13V1`);
    expect(worstPath(glanceOf(recorded(nothing).capture))).toBe('');
  });
});
