// The page's address: `#token=…` is taken out of it before anything is drawn, `#r=<id>` names what is looked at.
// Pure: strings in, strings out.

export interface Address {
  readonly token: string | undefined;
  readonly recordingId: string | undefined;
}

export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return { token: filled(fields.get('token')), recordingId: filled(fields.get('r')) };
}

/** The fragment for what is looked at; never holds a token. Empty for "whatever comes first". */
export function writeAddress(recordingId: string | undefined): string {
  return recordingId === undefined ? '' : `#r=${encodeURIComponent(recordingId)}`;
}

const filled = (text: string | null): string | undefined =>
  text === null || text.trim() === '' ? undefined : text.trim();
