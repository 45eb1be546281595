// The bytes of `.black-box.<pid>`: what is read back, and that nothing else ever is.
import { describe, expect, test } from 'bun:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import {
  decodeBlocks,
  decodeHeader,
  encodeBlock,
  encodeHeader,
  HEADER_BYTES,
  headerOffset,
  type RunBlock,
  type RunHeader,
} from '../../host/src/recordings/run-file.ts';
import { announced, happened, lossReport, records, START_NS } from '../support/black-box.ts';

const NONCE = 0xdecafbad;
const HEADER: RunHeader = {
  pid: 4711,
  start_ticks: '123456',
  boot_id: '8a0c7a3e-6a44-4a51-a1a3-5a4b5c6d7e8f',
  version: '1.2.3',
  started_unix_ms: 1_782_504_843_000,
  last_seen_unix_ms: 1_782_504_903_000,
  nonce: NONCE,
};

describe('the header', () => {
  test('is the newer of its two copies', () => {
    const both = copies(HEADER, { ...HEADER, last_seen_unix_ms: HEADER.last_seen_unix_ms + 1000 });
    expect(decodeHeader(both)?.last_seen_unix_ms).toBe(HEADER.last_seen_unix_ms + 1000);
  });

  test('is the other copy when one was torn, wherever it was torn', () => {
    const newer = { ...HEADER, last_seen_unix_ms: 0 };
    const torn = encodeHeader(newer, 3);
    const whole = 20 + JSON.stringify(newer).length;
    for (let length = 0; length < 300; length += 1) {
      const both = copies(HEADER, HEADER);
      both.set(encodeHeader(HEADER, 1), headerOffset(1));
      both.set(torn.subarray(0, length), headerOffset(3));
      const found = decodeHeader(both)?.last_seen_unix_ms;
      // Whole once all of its text is there.
      expect(found === HEADER.last_seen_unix_ms || (found === 0 && length >= whole)).toBe(true);
    }
  });

  test('is none in a file that is cut anywhere before it is whole, in noise, or of another shape', () => {
    const whole = encodeHeader(HEADER, 0);
    for (let length = 0; length < HEADER_BYTES; length += 1) {
      expect(decodeHeader(whole.subarray(0, length))).toBeUndefined();
    }
    expect(decodeHeader(whole)).toEqual(HEADER);
    expect(decodeHeader(encodeHeader({ ...HEADER, pid: -1 }, 0))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * HEADER_BYTES }), (noise) => {
        expect(decodeHeader(noise)).toBeUndefined();
      }),
    );
  });

  test('has room for what it may hold, and says when not', () => {
    expect(() => encodeHeader({ ...HEADER, version: 'v'.repeat(3000) }, 0)).toThrow(
      'room for 2028',
    );
  });
});

describe('blocks', () => {
  test('are read back as they were written', () => {
    const blocks = [block(0), block(1), block(2)];
    expect(decodeBlocks(joined(blocks), NONCE)).toEqual(blocks);
  });

  test('of a circle come in the order in which they were written', () => {
    const bytes = joined([block(7), block(8), block(5), block(6)]);
    expect(decodeBlocks(bytes, NONCE).map(({ sequence }) => sequence)).toEqual([5, 6, 7, 8]);
  });

  test('cut at every byte: every block before the cut is there, and nothing else', () => {
    const blocks = [block(0), block(1), block(2)];
    const lengths = blocks.map((one) => encodeBlock(one, NONCE).byteLength);
    const bytes = joined(blocks);
    for (let cut = 0; cut <= bytes.byteLength; cut += 1) {
      const found = decodeBlocks(bytes.subarray(0, cut), NONCE);
      expect(blocks.slice(0, found.length)).toEqual(found);
      const whole = lengths.filter((_, i) => sum(lengths.slice(0, i + 1)) <= cut).length;
      // The padding of a block is not needed.
      expect(found.length === whole || found.length === whole + 1).toBe(true);
    }
  });

  test('that are torn by a newer one are gone, the rest stays', () => {
    const blocks = [block(0), block(1), block(2), block(3)];
    const bytes = joined(blocks);
    for (let at = 0; at < bytes.byteLength; at += 1) {
      const damaged = bytes.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      const found = decodeBlocks(damaged, NONCE);
      expect(found.length).toBeGreaterThanOrEqual(blocks.length - 1);
      for (const one of found) expect(blocks).toContainEqual(one);
    }
  });

  test('of an earlier run in the same place are never taken for ours', () => {
    expect(decodeBlocks(joined([block(0)]), NONCE + 1)).toEqual([]);
  });

  test('are never found in noise, and noise between them is passed over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat(20), (noise, gap) => {
        expect(decodeBlocks(noise, NONCE)).toEqual([]);
        const padded = new Uint8Array(64 * gap);
        padded.set(noise.subarray(0, padded.byteLength));
        const bytes = Buffer.concat([
          encodeBlock(block(0), NONCE),
          padded,
          encodeBlock(block(1), NONCE),
        ]);
        expect(decodeBlocks(new Uint8Array(bytes), NONCE)).toEqual([block(0), block(1)]);
      }),
    );
  });

  test('whose payload is whole and no row of parts are left out', () => {
    const good = encodeBlock({ ...block(0), known: [], inputs: [happened('x', 1n)] }, NONCE);
    for (const [at, value] of [
      [40, 9],
      [41, 255],
      [60, 1],
    ] as const) {
      const bad = good.slice();
      bad[at] = value;
      expect(decodeBlocks(withSum(bad), NONCE).length).toBeLessThanOrEqual(1);
    }
  });
});

function block(sequence: number): RunBlock {
  const atNs = START_NS + BigInt(sequence) * 1_000_000_000n;
  return {
    sequence,
    atNs,
    unixMs: 1_782_504_843_000 + sequence * 1000.5,
    known: [announced({ client: 'ännä' }), lossReport(1, START_NS, sequence)],
    inputs: [
      records({ grabbedNs: atNs }, { grabbedNs: atNs + 1n }),
      happened('key_frame', atNs),
      records({ grabbedNs: atNs + 2n }),
    ],
  };
}

function joined(blocks: readonly RunBlock[]): Uint8Array {
  return new Uint8Array(Buffer.concat(blocks.map((one) => encodeBlock(one, NONCE))));
}

function copies(first: RunHeader, second: RunHeader): Uint8Array {
  return new Uint8Array(Buffer.concat([encodeHeader(first, 0), encodeHeader(second, 1)]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The block with a checksum that fits, as a hostile writer would make it. */
function withSum(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer);
  const payload = bytes.subarray(40, 40 + view.getUint32(32, true));
  view.setUint32(36, crc32(payload, crc32(bytes.subarray(0, 36))), true);
  return bytes;
}
