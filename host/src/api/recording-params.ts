// What all routes of one recording share: its id, and how they say that there is none.
import Type from 'typebox';
import { parseRecordingId, type RecordingId } from '../../../recording/src/recording-id.ts';
import { AppError } from '../errors.ts';

export const RecordingParams = Type.Object({ id: Type.String() });

/** Anything that is no safe id answers like a missing recording. */
export function recordingId(text: string): RecordingId {
  const id = parseRecordingId(text);
  if (id === undefined) throw recordingNotFound(text);
  return id;
}

export function recordingNotFound(id: string): AppError {
  const shown = JSON.stringify(id.length > 64 ? `${id.slice(0, 64)}…` : id);
  return new AppError(404, 'recording_not_found', `There is no recording ${shown}.`);
}

/** Names the file that a download is saved as. */
export function savedAs(name: string): Readonly<Record<string, string>> {
  return { 'content-disposition': `attachment; filename="${name}"` };
}

export const DownloadParam = Type.Optional(
  Type.String({ description: 'Any value: answer as a file to be saved under its id' }),
);
export const JSON_HEADERS = { 'content-type': 'application/json' } as const;
/** Longer than the recorder may take to save something (recordings/patience.ts). */
export const SAVE_QUIET_S = 70;
