// Bytes that want to be a frames file: read, or refused with a reason; never a crash, never without an end.
import { describe, expect } from 'bun:test';
import fc from 'fast-check';
import { FormatError } from '../../recording/src/format-error.ts';
import type { FramesFile } from '../../recording/src/frames-file.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { frameBytes, openBytes, readAll } from '../support/frames-files.ts';
import { fuzz } from '../support/fuzz.ts';
import { slice, syntheticFrames } from '../support/synthetic-frames.ts';

const frames = syntheticFrames({ session: 1, fps: 60, seconds: 3, seed: 1, dropped: 0.2 });
const bytes = frameBytes(slice(frames, 0, 140), slice(frames, 140, 180));

/** Reads all that there is. Anything but a FormatError goes through. */
function reads(file: Uint8Array): void {
  try {
    const opened = openBytes(file);
    readAll(opened);
    counts(opened);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
  }
}

function counts(opened: FramesFile): void {
  new RangeFigures(opened, [{ sessionId: 1, kind: 'native', fps: 60 }]).quantiles();
}

describe('a frames file', () => {
  fuzz(
    'with any bytes changed is read or refused',
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      (changes) => {
        const changed = bytes.slice();
        for (const [at, value] of changes) changed[at] = value;
        reads(changed);
      },
    ),
  );

  fuzz(
    'with any footer is refused or read',
    fc.property(fc.uint8Array({ maxLength: 400 }), (footer) => {
      const file = new Uint8Array(4 + 64 + footer.length + 8);
      file.set([0x50, 0x41, 0x52, 0x31]);
      file.set(footer, 68);
      new DataView(file.buffer).setUint32(file.length - 8, footer.length, true);
      file.set([0x50, 0x41, 0x52, 0x31], file.length - 4);
      reads(file);
    }),
  );
});
