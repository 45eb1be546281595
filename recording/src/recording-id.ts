// Recording ids: safe file stems by construction. Only `parseRecordingId` makes the branded type, so a path that
// leaves captures/ cannot be expressed.

declare const brand: unique symbol;
export type RecordingId = string & { readonly [brand]: 'RecordingId' };

/**
 * The id, or undefined for anything that is not a safe file name on every system, or would name files of another: `x.user`
 * those of `x`’s user data, and CON is a device of Windows.
 */
export function parseRecordingId(text: string): RecordingId | undefined {
  return isRecordingId(text) ? text : undefined;
}

/** The part that is fixed at Start, UTC: `2026-06-26T20-14-03Z`, with `-2`, `-3` … when `taken` says so. */
export function recordingStem(startedUnixMs: number, taken: (stem: string) => boolean): string {
  const second = `${new Date(startedUnixMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  if (!taken(second)) return second;
  let n = 2;
  while (taken(`${second}-${n}`)) n += 1;
  return `${second}-${n}`;
}

/** Stem and mode; `_idle` when no session came. */
export function recordingIdOf(
  stem: string,
  mode: { readonly width: number; readonly height: number } | undefined,
): RecordingId {
  const text = `${stem}_${mode === undefined ? 'idle' : `${mode.width}x${mode.height}`}`;
  const id = parseRecordingId(text);
  if (id === undefined) throw new RangeError(`not a recording id: ${text}`);
  return id;
}

/** The stem of an id: what two recordings of one second must not share. */
export function stemOf(id: string): string {
  const end = id.indexOf('_');
  return end < 0 ? id : id.slice(0, end);
}

function isRecordingId(text: string): text is RecordingId {
  return (
    text.length <= MAX_LENGTH &&
    /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(text) &&
    !text.includes('..') &&
    !SUFFIX.test(text) &&
    !DEVICE.test(text)
  );
}

/** Leaves room for suffixes under the 255 bytes of common file systems. */
const MAX_LENGTH = 128;
/** Of what lies beside a recording as JSON. */
const SUFFIX = /\.(user|deleted)$/i;
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;
