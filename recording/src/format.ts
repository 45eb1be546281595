// The recording file: one JSON object, meta before samples so that a listing reads only the head. Every older
// version loads: the shape is upgraded here and nowhere else. docs/recording-format.md is the contract for people.
import { Value } from 'typebox/value';
import { Capture } from '../../contract/stats.ts';
import { FormatError } from './format-error.ts';
import { FORMAT_VERSION } from './format-version.ts';

/** The file's text, meta before samples: a list reads the first bytes alone. */
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
