// A finished recording without what tells who somebody is or what they play, for whoever it is shown to. What goes is
// chosen; figures, modes and code words always stay. Inputs of a running host have their own (host/src/recordings).
import type { Capture, CaptureEvent, CaptureMeta, SessionEntry } from '../../contract/stats.ts';

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
    ...(host === undefined || what.host ? {} : { host }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(events === undefined ? {} : { events }),
  };
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
  const { name: _name, note: _note, tags: _tags, ...plain } = meta;
  const kept = what.names ? plain : meta;
  return what.clients ? { ...kept, client: labels.of(meta.client) } : kept;
}

function redactSession(session: SessionEntry, what: Redaction, labels: Labels): SessionEntry {
  const { app, negotiated, end_reason, ...rest } = session;
  return {
    ...rest,
    client: what.clients ? labels.of(session.client) : session.client,
    ...(app === undefined || what.names ? {} : { app }),
    ...(end_reason === undefined || (what.host && !isWord(end_reason)) ? {} : { end_reason }),
    ...(negotiated === undefined
      ? {}
      : { negotiated: what.host ? withoutReasons(negotiated) : negotiated }),
  };
}

/** Reasons are sentences: they name displays, devices and folders. */
function withoutReasons(
  negotiated: NonNullable<SessionEntry['negotiated']>,
): NonNullable<SessionEntry['negotiated']> {
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
  const kept = Object.entries(detail).filter(([, value]) => !isHidden(value));
  // A marker without its text is still a moment that somebody marked; its one-word text may be a name.
  const texts = event.kind === 'marker' && what.names ? [] : kept;
  return { ...rest, ...(texts.length === 0 ? {} : { detail: Object.fromEntries(texts) }) };
}

function isWord(text: string): boolean {
  return /^[a-z][a-z0-9_]{0,39}$/.test(text);
}
