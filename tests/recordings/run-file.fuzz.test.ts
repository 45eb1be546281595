// The black box's file of a run that ended badly, with any bytes changed: what is whole is found, nothing else, and no start
// is the worse for it.
import { expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { BlackBoxRing } from '../../host/src/recordings/black-box.ts';
import { BLOCKS_AT, decodeBlocks, decodeHeader } from '../../host/src/recordings/run-file.ts';
import { announced, START_NS, stream } from '../support/black-box.ts';
import { fuzz } from '../support/fuzz.ts';
import { RunFolder } from '../support/run-folder.ts';

const SECONDS = 6;
const whole = runOf(SECONDS);
const blocks = decodeBlocks(whole.subarray(BLOCKS_AT), 1).length;

/** Bytes of a run of so many seconds. */
function runOf(seconds: number): Buffer {
  using folder = new RunFolder();
  const ring = new BlackBoxRing();
  const writer = folder.writer();
  ring.take(announced());
  for (const { nowNs, input } of stream(START_NS, seconds)) {
    ring.take(input);
    writer.tick(ring, nowNs);
  }
  return readFileSync(folder.pathOf(100));
}

const changed = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }),
    fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
    fc.uint8Array({ maxLength: 200 }),
  )
  .map(([changes, length, tail]) => {
    const copy = Buffer.from(whole);
    for (const [at, value] of changes) copy[at] = value;
    return Buffer.concat([copy.subarray(0, length), tail]);
  });
const bytes = fc.oneof(changed, fc.uint8Array({ maxLength: 6000 }).map(Buffer.from));

fuzz(
  'a changed file of a run holds whole blocks in order, or none',
  fc.property(bytes, (file) => {
    const header = decodeHeader(file);
    if (header !== undefined) expect(header.pid).toBeGreaterThan(0);
    const found = decodeBlocks(file.subarray(Math.min(BLOCKS_AT, file.length)), 1);
    expect(found.length).toBeLessThanOrEqual(blocks);
    const sequences = found.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  }),
);

fuzz(
  'a start that finds a changed file of a run offers what is whole of it, or nothing',
  fc.property(bytes, (file) => {
    using folder = new RunFolder();
    writeFileSync(folder.pathOf(100), file);
    const lastRuns = folder.lastRuns();
    const status = lastRuns.status();
    expect(status?.seconds ?? 0).toBeLessThanOrEqual(SECONDS + 2);
    const frames = (lastRuns.left()?.inputs ?? []).reduce(
      (sum, input) => sum + (input.kind === 'records' ? input.bytes.length / 64 : 0),
      0,
    );
    expect(frames).toBeLessThanOrEqual(SECONDS * 60);
    lastRuns.dismiss();
    expect(folder.lastRuns().status()).toBeUndefined();
  }),
);
