// Frames files whose bytes somebody changed: read, or refused with a reason; never a crash, never without an end.
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frameColumns } from '../../contract/stats.ts';
import { FormatError } from '../../recording/src/format.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { RangeFigures } from '../../recording/src/range-figures.ts';
import { frameBytes, openBytes, readAll } from '../support/frames-files.ts';
import { fuzz } from '../support/fuzz.ts';
import { slice, syntheticFrames } from '../support/synthetic-frames.ts';

const frames = syntheticFrames({ session: 1, fps: 60, seconds: 3, seed: 1, dropped: 0.2 });
const bytes = frameBytes(slice(frames, 0, 140), slice(frames, 140, 180));
const footerAt = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true);

/** Reads all that there is. True when it could be read; anything but a FormatError goes through. */
function reads(file: Uint8Array, andMore: (opened: FramesFile) => void = () => undefined): boolean {
  try {
    const opened = openBytes(file);
    readAll(opened);
    andMore(opened);
    return true;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
    return false;
  }
}

function counts(opened: FramesFile): void {
  new RangeFigures(opened, [{ sessionId: 1, kind: 'native', fps: 60 }]).quantiles();
}

describe('a frames file', () => {
  test('whose every byte is turned around once is read or refused', () => {
    const changed = bytes.slice();
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      changed[at] = (bytes[at] ?? 0) ^ 0xff;
      if (!reads(changed)) refused += 1;
      changed[at] = bytes[at] ?? 0;
    }
    expect(refused).toBeGreaterThan(1000);
    expect(reads(changed)).toBe(true);
  }, 60_000);

  test('that becomes shorter while it is read is refused', () => {
    for (let length = 0; length < footerAt; length += 7) {
      const file = {
        byteLength: bytes.length,
        read: (from: number, to: number) =>
          // The footer was there when it was opened.
          bytes.subarray(from, from >= footerAt ? to : Math.min(to, Math.max(length, 4))),
      };
      expect(() => {
        const opened = FramesFile.open(file);
        for (const [i] of opened.groups.entries()) opened.read(i, frameColumns);
      }).toThrow(FormatError);
    }
  });

  fuzz(
    'with any bytes changed is read or refused',
    fc.property(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 }),
      (changes) => {
        const changed = bytes.slice();
        for (const [at, value] of changes) changed[at] = value;
        reads(changed, counts);
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
      reads(file, counts);
    }),
  );
});
