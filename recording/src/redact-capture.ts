// A finished recording without what tells who somebody is or what they play, for whoever it is shown to. What goes is
// chosen; figures, modes and code words always stay. Inputs of a running host have their own (host/src/recordings).
import type {
  Capture,
  CaptureEvent,
  CaptureMeta,
  HostFacts,
  Negotiated,
  SessionEntry,
} from '../../contract/stats.ts';

export interface Redaction {
  /** Addresses and fingerprints of devices: `client 1`, `client 2` … instead. */
  readonly clients: boolean;
  /** Name, note and tags of the recording, applications, texts of markers. */
  readonly names: boolean;
  /** Machine and its programs: kernel, CPU, reasons that name devices and folders. */
  readonly host: boolean;
}

export function redactCapture(capture: Capture, what: Redaction): Capture {
  const labels = new Labels();
  // Sessions first: the header names the first of them.
  const sessions = capture.sessions?.map((session) => redactSession(session, what, labels));
  const events = capture.events?.map((event) => redactEvent(event, what));
  const { host, ...rest } = capture;
  return {
    ...rest,
    meta: redactMeta(capture.meta, what, labels),
    ...(host === undefined ? {} : { host: what.host ? withoutMachine(host) : host }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(events === undefined ? {} : { events }),
  };
}

/** Names of the fields that something was taken out of, with those of before. */
export function redactedIn(
  before: { readonly redacted?: readonly string[] },
  gone: readonly string[],
): { redacted?: string[] } {
  const all = [...new Set([...(before.redacted ?? []), ...gone])];
  return all.length === 0 ? {} : { redacted: all };
}

class Labels {
  readonly #known = new Map<string, string>();

  of(client: string): string {
    // Nobody is nobody.
    if (client === '') return '';
    const label = this.#known.get(client) ?? `client ${this.#known.size + 1}`;
    this.#known.set(client, label);
    return label;
  }
}

function redactMeta(meta: CaptureMeta, what: Redaction, labels: Labels): CaptureMeta {
  const named = what.clients ? { ...meta, client: labels.of(meta.client) } : meta;
  if (!what.names) return named;
  const { name, note, tags = [], ...plain } = named;
  const gone = [
    ...(isSaid(name) ? ['name'] : []),
    ...(isSaid(note) ? ['note'] : []),
    ...(tags.length > 0 ? ['tags'] : []),
  ];
  return { ...plain, ...redactedIn(meta, gone) };
}

/** The version stays: a report without it says nothing to who mends things. */
function withoutMachine(host: HostFacts): HostFacts {
  const { version, redacted, ...rest } = host;
  return { version, ...redactedIn(redacted === undefined ? {} : { redacted }, Object.keys(rest)) };
}

function redactSession(session: SessionEntry, what: Redaction, labels: Labels): SessionEntry {
  const { app, negotiated, end_reason, ...rest } = session;
  const noApp = what.names && app !== undefined;
  const noReason = what.host && end_reason !== undefined && !isWord(end_reason);
  const gone = [
    ...(noApp && app !== '' ? ['app'] : []),
    ...(noReason && end_reason !== '' ? ['end_reason'] : []),
    ...(what.host && negotiated !== undefined ? reasonsIn(negotiated) : []),
  ];
  return {
    ...rest,
    client: what.clients ? labels.of(session.client) : session.client,
    ...(app === undefined || noApp ? {} : { app }),
    ...(end_reason === undefined || noReason ? {} : { end_reason }),
    ...(negotiated === undefined
      ? {}
      : { negotiated: what.host ? withoutReasons(negotiated) : negotiated }),
    ...redactedIn(session, gone),
  };
}

/** Which of what was negotiated says why in a sentence. */
export function reasonsIn(negotiated: Negotiated): string[] {
  const { source_refused = [], encoder_refused = [], encoder_detail, encryption } = negotiated;
  const hasReason = (refused: readonly { readonly reason: string }[]): boolean =>
    refused.some(({ reason }) => reason !== '');
  return [
    ...(hasReason(source_refused) ? ['source_refused'] : []),
    ...(hasReason(encoder_refused) ? ['encoder_refused'] : []),
    ...(isSaid(encoder_detail) ? ['encoder_detail'] : []),
    ...(isSaid(encryption?.why) ? ['encryption'] : []),
  ];
}

/** Reasons are sentences: they name displays, devices and folders. */
function withoutReasons(negotiated: Negotiated): Negotiated {
  const {
    source_refused,
    encoder_refused,
    encoder_detail: _detail,
    encryption,
    ...rest
  } = negotiated;
  const named = (refused: readonly { readonly name: string }[]) =>
    refused.map(({ name }) => ({ name, reason: '' }));
  return {
    ...rest,
    ...(source_refused === undefined ? {} : { source_refused: named(source_refused) }),
    ...(encoder_refused === undefined ? {} : { encoder_refused: named(encoder_refused) }),
    ...(encryption === undefined
      ? {}
      : {
          encryption: {
            control: encryption.control,
            video: encryption.video,
            audio: encryption.audio,
          },
        }),
  };
}

/** A text in an event is a word of ours, or it says something about somebody. */
function redactEvent(event: CaptureEvent, what: Redaction): CaptureEvent {
  const { detail, ...rest } = event;
  if (detail === undefined) return event;
  const isHidden = (value: unknown): boolean => {
    if (typeof value !== 'string' || isWord(value)) return false;
    return event.kind === 'marker' ? what.names : what.host || what.clients;
  };
  // A marker without its text is still a moment that somebody marked; its one-word text may be a name.
  const isBare = event.kind === 'marker' && what.names;
  const all = Object.entries(detail);
  const texts = all.filter(([, value]) => !isBare && !isHidden(value));
  const gone = all.filter(([, value]) => value !== '' && (isBare || isHidden(value)));
  return {
    ...rest,
    ...(texts.length === 0 ? {} : { detail: Object.fromEntries(texts) }),
    ...redactedIn(
      event,
      gone.map(([key]) => key),
    ),
  };
}

/** There is something to take out. */
export const isSaid = (text: string | undefined): boolean => text !== undefined && text !== '';

function isWord(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,39}$/.test(text);
}
