// What recordings take of what they may take: sums of the list, and nothing made up where a figure is missing.
import { describe, expect, test } from 'bun:test';
import { useOf } from '../../components/pf-retention/use.ts';
import type { CaptureMeta } from '../../contract/stats.ts';

const meta = (change: Partial<CaptureMeta>): CaptureMeta => ({
  ...{ id: 'x', started_unix_ms: 5000, duration_ms: 1, kind: 'gamestream', width: 1, height: 1 },
  ...{ fps: 60, codec: 'h264', client: '', sample_count: 1, bytes: 1000 },
  ...change,
});

describe('the use of', () => {
  test('a list counts what may go, and the bytes of everything', () => {
    const list = [meta({}), meta({ starred: true, started_unix_ms: 1 }), meta({ bytes: 500 })];
    expect(useOf(list, [meta({ bytes: 70 })])).toEqual({
      ...{ count: 2, starred: 1, bytes: 2570, trashBytes: 70, oldestUnixMs: 5000 },
    });
  });

  test('a file that cannot be read counts by its bytes alone', () => {
    const damaged = meta({
      damaged: { file: 'x.json', reason: 'It ends in the middle.' },
      started_unix_ms: 0,
    });
    expect(useOf([damaged], undefined)).toMatchObject({ count: 0, bytes: 1000 });
  });

  test('files of unknown size have no sum, and an empty list no oldest', () => {
    const { bytes: _, ...unknown } = meta({});
    expect(useOf([unknown, meta({})], []).bytes).toBeUndefined();
    expect(useOf([], [])).toEqual({
      ...{ count: 0, starred: 0, bytes: 0, trashBytes: 0, oldestUnixMs: undefined },
    });
  });
});
