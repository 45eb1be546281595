// Frames files whose bytes somebody changed: read, or refused with a reason; never a crash, never without an end.
import { describe, expect, test } from 'bun:test';
import { frameColumns } from '../../contract/frame-columns.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { FramesFile } from '../../recording/src/frames-file.ts';
import { frameBytes, openBytes, readAll } from '../support/frames-files.ts';
import { slice, syntheticFrames } from '../support/synthetic-frames.ts';

const frames = syntheticFrames({ session: 1, fps: 60, seconds: 3, seed: 1, dropped: 0.2 });
const bytes = frameBytes(slice(frames, 0, 140), slice(frames, 140, 180));
const footerAt = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true);

/** Reads all that there is. True when it could be read; anything but a FormatError goes through. */
function reads(file: Uint8Array): boolean {
  try {
    readAll(openBytes(file));
    return true;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
    return false;
  }
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
});
