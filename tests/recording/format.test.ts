import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseCapture, serializeCapture } from '../../recording/src/format.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { FORMAT_VERSION } from '../../recording/src/format-version.ts';
import {
  parseRecordingId,
  recordingIdOf,
  recordingStem,
  stemOf,
} from '../../recording/src/recording-id.ts';
import { ARMED_NS, announced, builder, SECOND, START_MS } from '../support/captures.ts';
import { bytesOf, frames } from '../support/records.ts';

const fixture = (name: string) =>
  readFileSync(join(import.meta.dir, `../fixtures/recordings/${name}.json`), 'utf8');

describe('recording ids', () => {
  test('are the UTC start and the mode, and two in one second differ', () => {
    const taken = new Set<string>();
    const stems = [1, 2, 3].map(() => {
      const stem = recordingStem(START_MS, (s) => taken.has(s));
      taken.add(stem);
      return stem;
    });
    expect(stems).toEqual([
      '2026-06-26T20-14-03Z',
      '2026-06-26T20-14-03Z-2',
      '2026-06-26T20-14-03Z-3',
    ]);
    const id = recordingIdOf(stems[1] ?? '', { width: 1920, height: 1080 });
    expect(String(id)).toBe('2026-06-26T20-14-03Z-2_1920x1080');
    expect(stemOf(id)).toBe('2026-06-26T20-14-03Z-2');
  });

  test('hold only safe characters', () => {
    for (const bad of [
      '',
      '.',
      '..',
      '../x',
      'a..b',
      'a/b',
      'a\\b',
      'a:b',
      'a b',
      'a\0',
      '%2e',
      '.hidden',
      'x.user',
      'x.Deleted',
      'CON',
      'nul.x',
      'com1',
      'ä',
      `${'x'.repeat(129)}`,
    ]) {
      expect(parseRecordingId(bad)).toBeUndefined();
    }
    for (const good of ['x.user.1', 'user', 'deleted.x', 'contact', 'com10', 'x.con']) {
      expect<string | undefined>(parseRecordingId(good)).toBe(good);
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        const id = parseRecordingId(text);
        if (id !== undefined) expect(id).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
      }),
    );
  });
});

describe('a file of every version', () => {
  const versions = ['seed', 'v1', 'v2'] as const;

  test('loads, gets today’s version and keeps every figure', () => {
    for (const name of versions) {
      const written: unknown = JSON.parse(fixture(name));
      const { version, meta, samples } = parseCapture(fixture(name));
      expect([name, version]).toEqual([name, FORMAT_VERSION]);
      expect(written).toMatchObject({ samples, meta: { id: meta.id, kind: meta.kind } });
      expect(meta.sample_count).toBe(samples.length);
    }
  });

  test('is upgraded once: what was upgraded stays as it is', () => {
    for (const name of versions) {
      const once = parseCapture(fixture(name));
      expect(parseCapture(serializeCapture(once))).toEqual(once);
    }
  });

  test('the seed’s zeros stay zeros, and nothing is made up that it did not know', () => {
    const { samples, meta, ...rest } = parseCapture(fixture('seed'));
    expect(samples.map((s) => [s.packets_dropped, s.fec_recovered, s.stages.length])).toEqual([
      [0, 0, 4],
      [0, 0, 0],
    ]);
    expect(rest).toEqual({ version: FORMAT_VERSION });
    expect(meta).not.toHaveProperty('session_count');
  });

  test('version 1 gets the number of its sessions, and its events come in order of time', () => {
    const { meta, sessions, events, samples } = parseCapture(fixture('v1'));
    expect(meta.session_count).toBe(2);
    expect(sessions?.map((s) => [s.session_id, s.end_reason])).toEqual([
      [1, 'client_gone'],
      [2, undefined],
    ]);
    expect(events?.map((e) => [e.t_ms, e.kind])).toEqual([
      [12, 'control_connected'],
      [640, 'key_frame'],
      [640, 'bitrate'],
      [1200, 'invalidation'],
    ]);
    expect(samples[0]?.stages[0]).toEqual({ name: 'capture', p50_us: 812.345, p99_us: 1204.5 });
    expect(sessions?.[0]).not.toHaveProperty('bitrate_kbps');
  });

  test('version 2 loads as it lies there', () => {
    const written: unknown = JSON.parse(fixture('v2'));
    expect<unknown>(parseCapture(fixture('v2'))).toEqual(written);
    expect(serializeCapture(parseCapture(fixture('v2')))).toBe(fixture('v2'));
  });

  test('newer than this loads when the known fields do', () => {
    const data: unknown = JSON.parse(fixture('v2'));
    const newer = JSON.stringify({ ...Object(data), version: 9, extra: { a: 1 } });
    expect(parseCapture(newer).version).toBe(9);
  });
});

describe('a file', () => {
  const { meta, text } = (() => {
    const capture = builder();
    capture.take(announced());
    capture.take({ kind: 'records', bytes: bytesOf(frames(120, 60, ARMED_NS)) });
    return capture.finish(ARMED_NS + 2n * SECOND);
  })();

  test('carries its meta in the first bytes', () => {
    expect(text.slice(0, 512)).toStartWith(
      `{"version":${FORMAT_VERSION},"meta":${JSON.stringify(meta)},`,
    );
  });

  test('cut at any byte is refused with a reason and never read as whole', () => {
    for (let end = 0; end < text.length - 2; end += 7) {
      expect(() => parseCapture(text.slice(0, end))).toThrow(FormatError);
    }
  });

  test('of other JSON is refused, saying where it is none', () => {
    expect(() => parseCapture('{"meta":{},"samples":[]}')).toThrow('/meta');
    expect(() => parseCapture('[]')).toThrow(FormatError);
  });
});
