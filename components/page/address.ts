// The page's address: `#token=…` is taken out of it before anything is drawn, `#room=<name>` names the room, and in the
// first one `#r=<id>` what is looked at, or `#c=<id>,<id>` what is compared, with `&t=<from>-<to>` the chosen part of it in
// ms.
// Pure: strings in, strings out.

export interface Address {
  readonly token: string | undefined;
  readonly recordingId: string | undefined;
  /** Ids of two recordings or more, laid over each other. */
  readonly compared: readonly string[] | undefined;
  /** Chosen part of the recording, ms on its own clock. */
  readonly range: AddressRange | undefined;
  /** Undefined: the first room. */
  readonly room: string | undefined;
}

export interface AddressRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is looked at. */
export type View = Pick<Address, 'recordingId' | 'room' | 'range' | 'compared'>;

export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return {
    token: filled(fields.get('token')),
    recordingId: filled(fields.get('r')),
    compared: listIn(fields.get('c')),
    range: rangeIn(fields.get('t')),
    room: filled(fields.get('room')),
  };
}

/** The fragment for what is looked at; never holds a token. Empty for "whatever comes first". */
export function writeAddress({ recordingId, room, range, compared }: View): string {
  const what =
    compared !== undefined
      ? [`c=${compared.map(encodeURIComponent).join(',')}`]
      : recordingId === undefined
        ? []
        : [`r=${encodeURIComponent(recordingId)}`];
  const fields = [
    ...(room === undefined ? [] : [`room=${encodeURIComponent(room)}`]),
    ...what,
    // A part of "whatever comes first" would be another one tomorrow.
    ...(what.length === 0 || range === undefined ? [] : [`t=${range.fromMs}-${range.toMs}`]),
  ];
  return fields.length === 0 ? '' : `#${fields.join('&')}`;
}

/** Undefined for what is no range, so that an address typed wrong shows the whole. */
function rangeIn(text: string | null): AddressRange | undefined {
  const [, from, to] = /^(\d{1,9}(?:\.\d{1,3})?)-(\d{1,9}(?:\.\d{1,3})?)$/.exec(text ?? '') ?? [];
  const [fromMs, toMs] = [Number(from), Number(to)];
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

/** Undefined for fewer than two: nothing can be compared then. */
function listIn(text: string | null): readonly string[] | undefined {
  const ids = (text ?? '').split(',').flatMap((id) => filled(id) ?? []);
  return ids.length > 1 ? ids : undefined;
}

const filled = (text: string | null): string | undefined =>
  text === null || text.trim() === '' ? undefined : text.trim();
