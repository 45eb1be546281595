// The page's address: `#token=…` is taken out of it before anything is drawn, `#room=<name>` names the room, and in the
// first one `#r=<id>` what is looked at.
// Pure: strings in, strings out.

export interface Address {
  readonly token: string | undefined;
  readonly recordingId: string | undefined;
  /** Undefined: the first room. */
  readonly room: string | undefined;
}

/** What is looked at. */
export type View = Pick<Address, 'recordingId' | 'room'>;

export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    token: filled(fields.get('token')),
    recordingId: filled(fields.get('r')),
    room: filled(fields.get('room')),
  };
}

/** The fragment for what is looked at; never holds a token. Empty for "whatever comes first". */
export function writeAddress({ recordingId, room }: View): string {
  const fields = [
    ...(room === undefined ? [] : [`room=${encodeURIComponent(room)}`]),
    ...(recordingId === undefined ? [] : [`r=${encodeURIComponent(recordingId)}`]),
  ];
  return fields.length === 0 ? '' : `#${fields.join('&')}`;
}

const filled = (text: string | null): string | undefined =>
  text === null || text.trim() === '' ? undefined : text.trim();
