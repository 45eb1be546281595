// Recordings from elsewhere against the reader of today, and arbitrary bytes.
import { expect } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Capture } from '../../contract/stats.ts';
import { AppError } from '../../host/src/errors.ts';
import { CaptureReader } from '../../host/src/recordings/capture-reader.ts';
import { readImport } from '../../host/src/recordings/import.ts';
import { parseCapture, serializeCapture } from '../../recording/src/format.ts';
import { FormatError } from '../../recording/src/format-error.ts';
import { fuzz } from '../support/fuzz.ts';
import { everyRecording } from '../support/seeded-recordings.ts';
import { recordingNo } from '../support/stored-recordings.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = serializeCapture({
  ...recordingNo(1, { client: 'Grüße "\\ 🎮' }),
  sessions: [],
  events: [{ t_ms: 1, kind: 'marker', detail: { text: ']}' } }],
});

// Prototypes are taken away; import.test.ts looks at that.
const key = fc.string().filter((name) => name !== '__proto__');
const leaf = fc.oneof(
  fc.constantFrom(null, true, -1, 0, 1, 1e21, 1e-7, '', 'x', 'h264', 'native', '"]}\\'),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('value')), fc.dictionary(key, tie('value'))),
})).value;

fuzz(
  'an import is taken when, and only when, today’s reader takes it, and is then the same',
  fc.property(
    fc.constantFrom(...[...everyRecording().map(shortened), recordingNo(1)]),
    fc.array(
      fc.tuple(
        fc.constantFrom(
          ...['meta', 'samples', 'sessions', 'events', 'host', 'version', 'truncated', 'extra'],
          ...[
            'meta.client',
            'meta.fps',
            'meta.id',
            'samples.0',
            'samples.0.fps',
            'samples.0.stages',
          ],
        ),
        anything,
      ),
      { maxLength: 2 },
    ),
    fc.nat(3),
    (capture, changes, indent) => {
      const data = structuredClone(capture) as unknown;
      for (const [path, value] of changes) put(data, path.split('.'), value);
      const json = JSON.stringify(data, undefined, indent);
      const expected = outcome(() => parseCapture(json));
      const found = outcome(() => {
        const reader = new CaptureReader('keep');
        reader.push(bytesOf(json));
        const { capture: read, text: write } = reader.end();
        return parseCapture(Buffer.concat([...write(read.meta)]).toString());
      });
      expect(found === undefined).toBe(expected === undefined);
      if (expected !== undefined) expect(found).toEqual(expected);
    },
  ),
);

fuzz(
  'an import of any bytes is refused in words, or taken',
  fc.asyncProperty(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\ntu0-1.e '), maxLength: 60 }).map(bytesOf),
      fc
        .tuple(fc.nat(text.length), fc.uint8Array({ minLength: 1, maxLength: 4 }))
        .map(([at, noise]) => {
          const bytes = Buffer.from(text);
          bytes.set(
            noise.subarray(0, Math.max(0, bytes.length - at)),
            Math.min(at, bytes.length - 4),
          );
          return bytes;
        }),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => gzipSync(bytes)),
    ),
    async (bytes) => {
      try {
        await readImport(bytes);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('import_invalid');
      }
    },
  ),
);

function outcome(run: () => Capture): Capture | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function shortened(capture: Capture): Capture {
  return { ...capture, samples: capture.samples.slice(0, 3) };
}

function put(data: unknown, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (typeof data !== 'object' || data === null) return;
  if (rest.length === 0)
    Object.defineProperty(data, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  else put(new Map(Object.entries(data)).get(key), rest, value);
}
