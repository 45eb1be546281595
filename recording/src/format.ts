// The recording file: one JSON object, meta before samples so that a listing reads only the head. Every older
// version loads: the shape is upgraded here and nowhere else. docs/recording-format.md is the contract for people.
import { Value } from 'typebox/value';
import { Capture, CaptureMeta } from '../../contract/stats.ts';
import { FORMAT_VERSION } from './format-version.ts';

export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** The file's text, keys in the order that `readMeta` relies on. */
export function serializeCapture(capture: Capture): string {
  const { version, meta, samples, ...rest } = capture;
  return `${JSON.stringify({ version: version ?? FORMAT_VERSION, meta, ...rest, samples })}\n`;
}

/** Parses a file of any version and answers today's shape. Throws FormatError with the reason. */
export function parseCapture(text: string): Capture {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return upgradeCapture(data);
}

/** Checks a parsed file of any version and answers today's shape. A newer version loads when its known fields do. */
export function upgradeCapture(data: unknown): Capture {
  if (!Value.Check(Capture, data)) {
    const first = Value.Errors(Capture, data)[0];
    throw new FormatError(
      `not a recording: ${first === undefined ? 'unknown shape' : `${first.instancePath || '/'} ${first.message}`}`,
    );
  }
  const fromSeed = data.version === undefined ? { ...data, version: 1 } : data;
  return fromSeed.version === 1 ? fromVersion1(fromSeed) : fromSeed;
}

/** What the seed did not know stays absent: no session is made up from its header. */
function fromVersion1(capture: Capture): Capture {
  const { meta, sessions, events } = capture;
  return {
    ...capture,
    version: 2,
    meta: sessions === undefined ? meta : { ...meta, session_count: sessions.length },
    ...(events === undefined ? {} : { events: events.toSorted((a, b) => a.t_ms - b.t_ms) }),
  };
}

/**
 * Reads the meta out of a file's first bytes; undefined when they do not hold all of it or it is not a recording.
 * Looks only for `"meta": {…}` as the first or second key, which is how every version was written.
 */
export function readMeta(
  head: string,
): { readonly version: number | undefined; readonly meta: CaptureMeta } | undefined {
  const start = /^\s*\{\s*(?:"version"\s*:\s*(\d+)\s*,\s*)?"meta"\s*:\s*(?=\{)/.exec(head);
  if (start === null) return undefined;
  const end = endOfObject(head, start[0].length);
  if (end === undefined) return undefined;
  let meta: unknown;
  try {
    meta = JSON.parse(head.slice(start[0].length, end));
  } catch {
    return undefined;
  }
  if (!Value.Check(CaptureMeta, meta)) return undefined;
  return { version: start[1] === undefined ? undefined : Number(start[1]), meta };
}

/** Index after the brace that closes the object at `from`; undefined when the text ends before. */
function endOfObject(text: string, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let i = from; i < text.length; i += 1) {
    const c = text[i];
    if (inString) {
      if (c === '\\') i += 1;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === '{') depth += 1;
    else if (c === '}') {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
  }
  return undefined;
}
