// The recording file: one JSON object, meta before samples so that a listing reads only the head. Every older
// version loads: the shape is upgraded here and nowhere else. docs/recording-format.md is the contract for people.
import { Value } from 'typebox/value';
import { Capture } from '../../contract/stats.ts';
import { FormatError } from './format-error.ts';
import { FORMAT_VERSION } from './format-version.ts';
import { upgraded } from './upgrade.ts';

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
  return upgraded(data);
}
